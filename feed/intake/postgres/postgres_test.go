package postgres_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest"
	"holdfast/feed/intake/postgres"
	"holdfast/test/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open is a fresh database that can be opened several times.
func open(t *testing.T) func() intake.Store {
	t.Helper()
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return func() intake.Store {
		t.Helper()
		s, err := postgres.Open(t.Context(), dsn, 4)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestStore(t *testing.T) { intaketest.RunStore(t, open) }

func TestService(t *testing.T) { intaketest.RunService(t, open) }
