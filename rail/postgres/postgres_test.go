package postgres_test

import (
	"context"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/clock"
	"holdfast/rail"
	"holdfast/rail/postgres"
	"holdfast/rail/railtest"
	"holdfast/reservation"
	reservationsqlite "holdfast/reservation/sqlite"
	"holdfast/test/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open is a fresh database that can be opened several times.
func open(t *testing.T) func() rail.Store {
	t.Helper()
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return func() rail.Store {
		t.Helper()
		s, err := postgres.Open(t.Context(), dsn, 3)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestStore(t *testing.T) { railtest.RunStore(t, open) }

func TestService(t *testing.T) { railtest.RunService(t, railtest.Rig{Open: open, Desk: desk}) }

// desk is the real service reservation on a file of its own; its engines have their own suite.
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
