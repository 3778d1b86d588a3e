// Package fresh gives the suites of a service empty stores on each engine, and what they run beside. Everything ends with
// its test.
package fresh

import (
	"context"
	"path/filepath"
	"testing"

	"holdfast/internal/clock"
	"holdfast/reservation"
	"holdfast/reservation/sqlite"
	"holdfast/test/engine"
)

// File makes a fresh file, migrated, that can be opened as a store S several times: S is the service's interface, T what
// its engine gives. The caller closes what it opens.
func File[S, T any](migrate func(context.Context, string) error, open func(context.Context, string) (T, error)) func(*testing.T) func() S {
	return func(t *testing.T) func() S {
		t.Helper()
		path := filepath.Join(t.TempDir(), "store.db")
		return opener[S](t, path, migrate, open)
	}
}

// Schema is File with a fresh database of PostgreSQL, each store having so many connections.
func Schema[S, T any](conns int32, migrate func(context.Context, string) error, open func(context.Context, string, int32) (T, error)) func(*testing.T) func() S {
	return func(t *testing.T) func() S {
		t.Helper()
		return opener[S](t, engine.Postgres(t), migrate, func(ctx context.Context, dsn string) (T, error) { return open(ctx, dsn, conns) })
	}
}

func opener[S, T any](t *testing.T, at string, migrate func(context.Context, string) error, open func(context.Context, string) (T, error)) func() S {
	t.Helper()
	if err := migrate(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	return func() S {
		t.Helper()
		opened, err := open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		store, ok := any(opened).(S)
		if !ok {
			t.Fatalf("%T is not the service's store", opened)
		}
		return store
	}
}

// Desk is the real service reservation on a file of its own; its engines have their own suite.
func Desk(t *testing.T, c clock.Clock) reservation.Service {
	t.Helper()
	store := File[*sqlite.Store](sqlite.Migrate, sqlite.Open)(t)()
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
