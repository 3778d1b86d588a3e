package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
	"holdfast/reservation/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
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
}

// fresh is the path of a new, migrated file.
func fresh(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reservation.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStore(t *testing.T) {
	reservationtest.RunStore(t, func(t *testing.T) reservation.Store { return open(t, fresh(t)) })
}

// One process owns a file; that two are correct all the same costs waiting, so the races are short here.
func TestShared(t *testing.T) {
	reservationtest.RunShared(t, func(t *testing.T) reservationtest.Shared {
		path := fresh(t)
		return reservationtest.Shared{A: open(t, path), B: open(t, path), Rounds: 400, Deadlocks: func() int64 { return 0 }}
	})
}
