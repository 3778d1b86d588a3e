package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/clock"
	"holdfast/rail"
	"holdfast/rail/railtest"
	"holdfast/rail/sqlite"
	"holdfast/reservation"
	reservationsqlite "holdfast/reservation/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open is a fresh file that can be opened several times.
func open(t *testing.T) func() rail.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rail.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return func() rail.Store {
		t.Helper()
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestStore(t *testing.T) { railtest.RunStore(t, open) }

func TestService(t *testing.T) { railtest.RunService(t, railtest.Rig{Open: open, Desk: desk}) }

// desk is the real service reservation on a file of its own.
func desk(t *testing.T, c clock.Clock) reservation.Service {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reservation.db")
	if err := reservationsqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := reservationsqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	core := reservation.New(reservation.Deps{Store: store, Clock: c, Settings: reservation.DefaultSettings()})
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := core.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return core
}
