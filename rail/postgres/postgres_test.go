package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/rail"
	"holdfast/rail/postgres"
	"holdfast/rail/railtest"
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
