package sqlite_test

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/rail"
	"holdfast/rail/railtest"
	"holdfast/rail/sqlite"
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
