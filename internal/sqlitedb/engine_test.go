package sqlitedb

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"holdfast/internal/migration"
	"holdfast/internal/sqldb"
	"holdfast/test/engine/sqldbtest"
)

const things = `-- +goose Up
	CREATE TABLE things (
		id BLOB PRIMARY KEY, up BLOB, n INTEGER NOT NULL, small INTEGER, ratio REAL NOT NULL, text TEXT NOT NULL,
		yes INTEGER NOT NULL, day INTEGER NOT NULL, at INTEGER NOT NULL, raw BLOB NOT NULL
	) STRICT, WITHOUT ROWID;`

const thingStatements = `
-- name: put
INSERT INTO things (id, up, n, small, ratio, text, yes, day, at, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);
-- name: many
INSERT INTO things (id, up, n, small, ratio, text, yes, day, at, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);
-- name: touch
UPDATE things SET n = n + ?2 WHERE id = ?1;
-- name: all
SELECT id, up, n, small, ratio, text, yes, day, at, raw FROM things ORDER BY n;
-- name: of
SELECT id, up, n, small, ratio, text, yes, day, at, raw FROM things WHERE up = ?1 ORDER BY n;
-- name: count
SELECT count(*) FROM things;
-- name: clear
DELETE FROM things;
-- name: keep
DELETE FROM things WHERE at < ?1;
`

// thingTables are the tables of the suite; atOpen may be "".
func thingTables(atOpen string) *Tables {
	return &Tables{
		Migrations: fstest.MapFS{"migrations/00001_things.sql": {Data: []byte(things)}},
		Statements: sqldb.Parse("things.sql", thingStatements, sqldbtest.Statements, "clear", "keep"),
		AtOpen:     atOpen,
	}
}

func engineAt(t *testing.T, tables *Tables, path string) *Engine {
	t.Helper()
	if err := Migrate(t.Context(), path, tables.Migrations); err != nil {
		t.Fatal(err)
	}
	e, err := tables.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEngine(t *testing.T) {
	sqldbtest.RunEngine(t, func(t *testing.T) sqldb.Engine {
		return engineAt(t, thingTables(""), filepath.Join(t.TempDir(), "things.db"))
	})
}

func TestOpenWantsTheSchema(t *testing.T) {
	if _, err := thingTables("").Open(t.Context(), filepath.Join(t.TempDir(), "none.db")); !errors.Is(err, migration.ErrOld) {
		t.Errorf("got %v, want ErrOld", err)
	}
}

// The statement of opening runs each time, with the time where it takes one.
func TestAtOpen(t *testing.T) {
	for atOpen, want := range map[string]int{"": 2, "clear": 0, "keep": 1} {
		path := filepath.Join(t.TempDir(), "things.db")
		e := engineAt(t, thingTables(""), path)
		err := e.Write(t.Context(), func(tx sqldb.Tx) error {
			for i, at := range []time.Time{time.Now().Add(-time.Hour), time.Now().Add(time.Hour)} {
				if err := tx.Queue("put", []byte{byte(i)}, nil, int64(i), nil, 0.0, "", false, int64(0), at, []byte{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err := errors.Join(err, e.Close()); err != nil {
			t.Fatal(err)
		}
		e = engineAt(t, thingTables(atOpen), path)
		if n := thingsIn(t, e); n != want {
			t.Errorf("opened with %q: %d things, want %d", atOpen, n, want)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func thingsIn(t *testing.T, e *Engine) (n int) {
	t.Helper()
	if err := e.Read(t.Context(), func(tx sqldb.Tx) error {
		return tx.Rows("count", nil, func(r sqldb.Row) error {
			n = int(r.Int())
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// Hold keeps writers out, not readers.
func TestEngineHold(t *testing.T) {
	e := engineAt(t, thingTables(""), filepath.Join(t.TempDir(), "things.db"))
	db := sqldb.New(e, sqldb.Errors{})
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	release, err := db.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := db.Write(ctx, "write", func(sqldb.Tx) error { return errors.New("it writes") }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while writers are held: %v, want the deadline", err)
	}
	if n := thingsIn(t, e); n != 0 {
		t.Errorf("%d things", n)
	}
	release()
	if err := db.Write(t.Context(), "write", func(tx sqldb.Tx) error { return tx.Queue("clear") }); err != nil {
		t.Error(err)
	}
}

func TestEngineKinds(t *testing.T) {
	for err, want := range map[error]sqldb.Kind{
		&CommitError{Unknown: true, err: ErrIO}:  sqldb.UnknownCommit,
		&CommitError{Unknown: false, err: ErrIO}: sqldb.Away,
		ErrUnique:                                sqldb.Unique,
		ErrBusy:                                  sqldb.Away,
		ErrFull:                                  sqldb.Away,
		ErrClosed:                                sqldb.Away,
		ErrCheck:                                 sqldb.Other,
		ErrCorrupt:                               sqldb.Other,
		context.Canceled:                         sqldb.Other,
	} {
		if got := (&Engine{}).Kind(err); got != want {
			t.Errorf("%v is of kind %d, want %d", err, got, want)
		}
	}
}
