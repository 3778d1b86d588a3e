package engine

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPostgresIsFreshAndDropped(t *testing.T) {
	var first, second string
	t.Run("two at once", func(t *testing.T) {
		first, second = Postgres(t), Postgres(t)
		for _, dsn := range []string{first, second} {
			// A name taken in one of them is free in the other.
			if err := execute(dsn, `CREATE TABLE mine (id int)`); err != nil {
				t.Fatal(err)
			}
		}
		// A test that leaves a connection behind must not keep its database.
		if _, err := pgx.Connect(context.Background(), first); err != nil {
			t.Fatal(err)
		}
	})
	for _, dsn := range []string{first, second} {
		if dsn != "" && execute(dsn, `SELECT 1`) == nil {
			t.Errorf("%s is still there after its test", dsn)
		}
	}
}

func TestWithDatabase(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:p@h:5433/postgres?sslmode=disable": "postgres://u:p@h:5433/x?sslmode=disable",
		"postgresql://h":                 "postgresql://h/x",
		"host=h port=1 dbname=postgres":  "host=h port=1 dbname=postgres dbname=x",
		"host=/run/postgresql user=root": "host=/run/postgresql user=root dbname=x",
	} {
		if got := withDatabase(dsn, "x"); got != want {
			t.Errorf("withDatabase(%q) = %q, want %q", dsn, got, want)
		}
		if config, err := pgx.ParseConfig(withDatabase(dsn, "x")); err != nil || config.Database != "x" {
			t.Errorf("%q leads to database %v, error %v; want x", dsn, config, err)
		}
	}
}

// verdict records how missing ends a test without ending this one.
type verdict struct {
	testing.TB
	failed, skipped bool
}

func (v *verdict) Helper()               {}
func (v *verdict) Fatalf(string, ...any) { v.failed = true; panic(v) }
func (v *verdict) Skipf(string, ...any)  { v.skipped = true; panic(v) }

func TestMissingEngineFailsInCI(t *testing.T) {
	t.Setenv(PostgresEnv, "")
	for ci, fails := range map[string]bool{"true": true, "": false} {
		t.Setenv("CI", ci)
		v := &verdict{TB: t}
		func() {
			defer func() { _ = recover() }()
			Postgres(v)
		}()
		if v.failed != fails || v.skipped == fails {
			t.Errorf("CI=%q without a server: failed is %t, skipped is %t", ci, v.failed, v.skipped)
		}
	}
}
