package sqlite_test

import (
	"path/filepath"
	"testing"

	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
	"holdfast/reservation/sqlite"
)

func TestReplay(t *testing.T) {
	reservationtest.RunReplay(t, func(t *testing.T) reservation.Store {
		path := filepath.Join(t.TempDir(), "reservation.db")
		if err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	})
}
