package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest"
	"holdfast/feed/intake/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open is a fresh file that can be opened several times.
func open(t *testing.T) func() intake.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "intake.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return func() intake.Store {
		t.Helper()
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestStore(t *testing.T) { intaketest.RunStore(t, open) }

func TestService(t *testing.T) { intaketest.RunService(t, open) }
