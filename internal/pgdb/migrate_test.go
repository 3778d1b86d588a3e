package pgdb

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/migration"
	"holdfast/test/engine"
)

func files(texts map[string]string) fs.FS {
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys["migrations/"+name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text + "\n")}
	}
	return fsys
}

func TestMigrate(t *testing.T) {
	dsn := engine.Postgres(t)
	ctx := t.Context()
	one := files(map[string]string{"00001_a.sql": "CREATE TABLE a (id bigint PRIMARY KEY);"})
	two := files(map[string]string{
		"00001_a.sql": "CREATE TABLE a (id bigint PRIMARY KEY);", "00002_b.sql": "ALTER TABLE a ADD COLUMN b text;",
	})
	if err := RequireVersion(ctx, dsn, schema, one); !errors.Is(err, migration.ErrOld) {
		t.Fatalf("nothing there yet: got %v, want ErrOld", err)
	}
	if err := Migrate(ctx, dsn, schema, one); err != nil {
		t.Fatal(err)
	}
	if err := RequireVersion(ctx, dsn, schema, one); err != nil {
		t.Fatal(err)
	}
	if err := RequireVersion(ctx, dsn, schema, two); !errors.Is(err, migration.ErrOld) {
		t.Fatalf("behind: got %v, want ErrOld", err)
	}
	// Another service in the same database counts its own versions and has its own tables.
	if err := Migrate(ctx, dsn, "other", two); err != nil {
		t.Fatal(err)
	}
	if v, err := Version(ctx, dsn, schema); v != 1 || err != nil {
		t.Fatalf("got version %d, error %v; want 1", v, err)
	}
	if err := RequireVersion(ctx, dsn, "other", one); !errors.Is(err, migration.ErrNew) {
		t.Fatalf("ahead: got %v, want ErrNew", err)
	}
	if err := Migrate(ctx, dsn, "other", one); !errors.Is(err, migration.ErrNew) {
		t.Fatalf("migrating backwards: got %v, want ErrNew", err)
	}
}

func TestMigratingAtOnceTakesTurns(t *testing.T) {
	dsn := engine.Postgres(t)
	ctx := t.Context()
	gate, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gate.Close(ctx) }()
	watch, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watch.Close(ctx) }()
	for _, sql := range []string{"CREATE TABLE public.gate ()", "BEGIN", "LOCK TABLE public.gate"} {
		if _, err := gate.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	// Whoever runs this waits at the gate; run by both, the second one fails.
	fsys := files(map[string]string{"00001_a.sql": "INSERT INTO public.gate DEFAULT VALUES; CREATE TABLE a (id bigint);"})
	var group sync.WaitGroup
	var ended atomic.Bool // one of them, though the gate is shut
	for _, name := range []string{"one", "two"} {
		group.Go(func() {
			defer ended.Store(true)
			if err := Migrate(ctx, named(dsn, name), schema, fsys); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for atGate, refused := 0, 0; atGate+refused < 2 && !ended.Load(); {
		// The one that did not get the lock looks for lapsed locks and tries again.
		err := watch.QueryRow(ctx, `
			SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'),
			       count(*) FILTER (WHERE query LIKE 'UPDATE goose_lock%lease_expires_at < now()%')
			FROM pg_stat_activity
			WHERE datname = current_database() AND application_name IN ('one', 'two')`).Scan(&atGate, &refused)
		if err != nil || atGate > 1 {
			t.Errorf("%d are migrating at once, error %v", atGate, err)
			break
		}
	}
	if _, err := gate.Exec(ctx, "COMMIT"); err != nil {
		t.Error(err)
	}
	group.Wait()
	if err := RequireVersion(ctx, dsn, schema, fsys); err != nil {
		t.Error(err)
	}
}

// Several that start at once on an empty database all create the schema and the lock's table.
func TestManyMigrateAtOnce(t *testing.T) {
	dsn := engine.Postgres(t)
	fsys := files(map[string]string{"00001_a.sql": "CREATE TABLE a (id bigint PRIMARY KEY);"})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := Migrate(t.Context(), dsn, schema, fsys); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := RequireVersion(t.Context(), dsn, schema, fsys); err != nil {
		t.Fatal(err)
	}
}

// named makes the sessions of dsn carry an application name.
func named(dsn, name string) string {
	if address, err := url.Parse(dsn); err == nil && strings.HasPrefix(address.Scheme, "postgres") {
		query := address.Query()
		query.Set("application_name", name)
		address.RawQuery = query.Encode()
		return address.String()
	}
	return dsn + " application_name=" + name
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	dsn := engine.Postgres(t)
	bad := files(map[string]string{"00001_bad.sql": "CREATE TABLE a (id bigint);\nCREATE TABLE a (id bigint);"})
	if err := Migrate(t.Context(), dsn, schema, bad); err == nil {
		t.Fatal("a broken migration was applied")
	}
	good := files(map[string]string{"00001_good.sql": "CREATE TABLE a (id bigint);"})
	if err := Migrate(t.Context(), dsn, schema, good); err != nil {
		t.Fatalf("half of the broken migration is still there: %v", err)
	}
}

func TestSchemaMadeByTheOperator(t *testing.T) {
	dsn := engine.Postgres(t)
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	role := "limited_" + conn.Config().Database // roles are the server's, and other tests run beside this one
	quoted := pgx.Identifier{role}.Sanitize()
	for _, sql := range []string{
		"CREATE ROLE " + quoted + " LOGIN PASSWORD 'secret'",
		"CREATE SCHEMA " + schema + " AUTHORIZATION " + quoted,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if _, err := conn.Exec(ctx, "DROP OWNED BY "+quoted+" CASCADE; DROP ROLE "+quoted); err != nil {
			t.Error(err)
		}
	}()
	limited := dsn + " user=" + role + " password=secret"
	if address, err := url.Parse(dsn); err == nil && strings.HasPrefix(address.Scheme, "postgres") {
		address.User = url.UserPassword(role, "secret")
		limited = address.String()
	}
	fsys := files(map[string]string{"00001_a.sql": "CREATE TABLE a (id bigint PRIMARY KEY);"})
	if err := Migrate(ctx, limited, schema, fsys); err != nil {
		t.Fatal(err)
	}
	if err := Migrate(ctx, limited, "elsewhere", fsys); err == nil {
		t.Fatal("the role may create schemas: the test shows nothing")
	}
}
