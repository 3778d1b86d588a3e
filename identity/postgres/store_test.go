package postgres

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/identity"
	"holdfast/identity/identitytest"
	"holdfast/test/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	identitytest.RunStore(t, func(t *testing.T) (identity.Store, func() identity.Store) {
		dsn := engine.Postgres(t)
		if err := Migrate(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
		open := func() identity.Store {
			store, err := Open(t.Context(), dsn, 4)
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

func TestUnmigratedSchemaIsRefused(t *testing.T) {
	if _, err := Open(t.Context(), engine.Postgres(t), 4); err == nil {
		t.Error("opened a schema that was never migrated")
	}
}
