package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/reservationtest"
	"holdfast/test/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fresh is the address of a new, migrated database.
func fresh(t testing.TB) string {
	t.Helper()
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return dsn
}

func open(t testing.TB, dsn string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, 0)
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

func TestStore(t *testing.T) {
	reservationtest.RunStore(t, func(t *testing.T) reservation.Store { return open(t, fresh(t)) })
}

func TestShared(t *testing.T) {
	reservationtest.RunShared(t, func(t *testing.T) reservationtest.Shared {
		dsn := fresh(t)
		a, b := open(t, dsn), open(t, dsn)
		return reservationtest.Shared{A: a, B: b, Rounds: 4000, Deadlocks: func() int64 { return a.Stats().Deadlocks + b.Stats().Deadlocks }}
	})
}
