package sqlite

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/identity"
	"holdfast/identity/identitytest"
	"holdfast/internal/sqlitedb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	identitytest.RunStore(t, func(t *testing.T) (identity.Store, func() identity.Store) {
		path := filepath.Join(t.TempDir(), "identity.db")
		if err := Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		open := func() identity.Store {
			store, err := Open(t.Context(), path, sqlitedb.Options{Readers: 1})
			if err != nil {
				t.Fatal(err)
			}
			return store
		}
		return open(), open
	})
}

func TestEveryStatementIsUsed(t *testing.T) {
	if unused := queries.Unused(); len(unused) > 0 {
		t.Errorf("nobody uses %q", unused)
	}
}

func TestUnmigratedFileIsRefused(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "identity.db"), sqlitedb.Options{}); err == nil {
		t.Error("opened a file that was never migrated")
	}
}
