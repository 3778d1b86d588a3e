package sqlitedb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const schema = `
	CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
	CREATE TABLE child (
		id     INTEGER PRIMARY KEY,
		parent INTEGER NOT NULL REFERENCES parent (id),
		late   INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED,
		name   TEXT NOT NULL UNIQUE,
		free   INTEGER NOT NULL CHECK (free >= 0)
	) STRICT;
	INSERT INTO parent (id) VALUES (1);`

// open gives a fresh file with the schema above.
func open(t *testing.T, options Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "a?b #1.db"), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Write(t.Context(), script(schema)); err != nil {
		t.Fatal(err)
	}
	return db
}

func script(text string) func(*sqlite.Conn) error {
	return func(conn *sqlite.Conn) error { return sqlitex.ExecuteScript(conn, text, nil) }
}

func number(conn *sqlite.Conn, query string) (n int64, err error) {
	stmt, _, err := conn.PrepareTransient(query)
	if err != nil {
		return 0, err
	}
	n, err = sqlitex.ResultInt64(stmt)
	return n, errors.Join(err, stmt.Finalize())
}

func parents(t *testing.T, db *DB) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(conn *sqlite.Conn) (err error) {
		n, err = number(conn, "SELECT count(*) FROM parent")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSettings(t *testing.T) {
	db := open(t, Options{})
	check := func(conn *sqlite.Conn) error {
		for query, want := range map[string]int64{
			"PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1, "PRAGMA busy_timeout": 5000,
			"SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'": 1,
		} {
			if got, err := number(conn, query); err != nil || got != want {
				t.Errorf("%s: got %d, error %v; want %d", query, got, err, want)
			}
		}
		return nil
	}
	if err := errors.Join(db.Write(t.Context(), check), db.Read(t.Context(), check)); err != nil {
		t.Fatal(err)
	}
}

func TestKindsOfErrors(t *testing.T) {
	db := open(t, Options{})
	for name, c := range map[string]struct {
		sql  string
		want []error
	}{
		"unique":      {"INSERT INTO child VALUES (1,1,NULL,'a',0), (2,1,NULL,'a',0)", []error{ErrConstraint, ErrUnique}},
		"primary key": {"INSERT INTO parent (id) VALUES (1)", []error{ErrConstraint, ErrUnique}},
		"check":       {"INSERT INTO child VALUES (1,1,NULL,'a',-1)", []error{ErrConstraint, ErrCheck}},
		"foreign key": {"INSERT INTO child VALUES (1,7,NULL,'a',0)", []error{ErrConstraint, ErrForeignKey}},
		"not null":    {"INSERT INTO child VALUES (1,NULL,NULL,'a',0)", []error{ErrConstraint}},
		"type":        {"INSERT INTO child VALUES (1,1,NULL,'a','x')", []error{ErrConstraint}},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.Write(t.Context(), script(c.sql))
			for _, kind := range []error{ErrConstraint, ErrUnique, ErrCheck, ErrForeignKey, ErrBusy, ErrFull, ErrReadOnly, ErrCorrupt} {
				want := slices.Contains(c.want, kind)
				if errors.Is(err, kind) != want {
					t.Errorf("errors.Is(%v, %v) is %t", err, kind, !want)
				}
			}
			if _, atCommit := errors.AsType[*CommitError](err); atCommit {
				t.Errorf("%v: reported as an error of COMMIT", err)
			}
		})
	}
	if n := parents(t, db); n != 1 {
		t.Errorf("%d parents after failed transactions, want 1", n)
	}
}

func TestDiskFull(t *testing.T) {
	db := open(t, Options{})
	err := db.Write(t.Context(), func(conn *sqlite.Conn) error {
		pages, err := number(conn, "PRAGMA page_count")
		if err != nil {
			return err
		}
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA max_page_count = 1", nil); err != nil || pages < 2 {
			t.Errorf("limit of %d pages not set: %v", pages, err)
		}
		return sqlitex.Execute(conn, "INSERT INTO child VALUES (1,1,NULL,?,0)", &sqlitex.ExecOptions{Args: []any{string(make([]byte, 1<<20))}})
	})
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
}

func TestReadsDoNotWrite(t *testing.T) {
	db := open(t, Options{})
	if err := db.Read(t.Context(), script("INSERT INTO parent (id) VALUES (2)")); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("got %v, want ErrReadOnly", err)
	}
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v, want ErrCorrupt", err)
	}
}

func TestBusyForeignWriter(t *testing.T) {
	db := open(t, Options{BusyTimeout: time.Millisecond})
	foreign, err := sqlite.OpenConn(db.path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = foreign.Close() }()
	if err := sqlitex.Execute(foreign, "BEGIN IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), script("SELECT 1")); !errors.Is(err, ErrBusy) {
		t.Fatalf("got %v, want ErrBusy", err)
	}
	if n := parents(t, db); n != 1 {
		t.Fatalf("a reader saw %d parents beside a foreign writer, want 1", n)
	}
}

func TestRefusedAtCommit(t *testing.T) {
	db := open(t, Options{})
	err := db.Write(t.Context(), script("INSERT INTO parent (id) VALUES (2); INSERT INTO child VALUES (1,1,9,'a',0)"))
	refused, ok := errors.AsType[*CommitError](err)
	if !ok || refused.Unknown || errors.Is(err, ErrUnknownCommit) || !errors.Is(err, ErrForeignKey) {
		t.Fatalf("got %v, want a known refusal by COMMIT for the foreign key", err)
	}
	if n := parents(t, db); n != 1 {
		t.Fatalf("%d parents after a refused commit, want 1", n)
	}
	if err := db.Write(t.Context(), script("INSERT INTO parent (id) VALUES (2)")); err != nil {
		t.Fatalf("the writer is unusable after a refused commit: %v", err)
	}
}

func TestUnknownCommit(t *testing.T) {
	for code, want := range map[sqlite.ResultCode]bool{
		sqlite.ResultConstraintForeignKey: false, sqlite.ResultBusy: false, sqlite.ResultFull: false,
		sqlite.ResultIOErrFsync: true, sqlite.ResultIOErrWrite: true, sqlite.ResultNoMem: true, sqlite.ResultCorrupt: true,
	} {
		err := &CommitError{Unknown: unknownCommit(code.ToError()), err: code.ToError()}
		if errors.Is(err, ErrUnknownCommit) != want {
			t.Errorf("%v: unknown is %t, want %t", code, !want, want)
		}
	}
}

func TestPanicRollsBackAndGoesOn(t *testing.T) {
	db := open(t, Options{})
	func() {
		defer func() {
			if got := recover(); got != "broken" {
				t.Errorf("recovered %v, want the panic of fn", got)
			}
		}()
		_ = db.Write(t.Context(), func(conn *sqlite.Conn) error {
			if err := script("INSERT INTO parent (id) VALUES (2)")(conn); err != nil {
				t.Error(err)
			}
			panic("broken")
		})
	}()
	if n := parents(t, db); n != 1 {
		t.Fatalf("%d parents after a panic, want 1", n)
	}
	if err := db.Write(t.Context(), script("INSERT INTO parent (id) VALUES (2)")); err != nil {
		t.Fatalf("the writer is unusable after a panic: %v", err)
	}
}

func TestWritersTakeTurns(t *testing.T) {
	db := open(t, Options{BusyTimeout: time.Millisecond}) // a turn missed would show as ErrBusy
	const writers, each = 8, 25
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				// Reading first, then writing: two at once would lose updates or be refused.
				err := db.Write(t.Context(), func(conn *sqlite.Conn) error {
					n, err := number(conn, "SELECT max(id) FROM parent")
					if err != nil {
						return err
					}
					return sqlitex.Execute(conn, "INSERT INTO parent (id) VALUES (?)", &sqlitex.ExecOptions{Args: []any{n + 1}})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := parents(t, db); n != 1+writers*each {
		t.Fatalf("%d parents, want %d", n, 1+writers*each)
	}
}

func TestReadSeesOneSnapshot(t *testing.T) {
	db := open(t, Options{Readers: 1})
	err := db.Read(t.Context(), func(conn *sqlite.Conn) error {
		before, err := number(conn, "SELECT count(*) FROM parent")
		if err != nil {
			return err
		}
		if err := db.Write(t.Context(), script("INSERT INTO parent (id) VALUES (2)")); err != nil {
			return err
		}
		after, err := number(conn, "SELECT count(*) FROM parent")
		if before != after {
			t.Errorf("one read saw %d and then %d parents", before, after)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := parents(t, db); n != 2 {
		t.Fatalf("the next read on the same connection saw %d parents, want 2", n)
	}
}

const endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

func TestContextStopsStatements(t *testing.T) {
	db := open(t, Options{Readers: 1})
	for name, run := range map[string]func(context.Context, func(*sqlite.Conn) error) error{"read": db.Read, "write": db.Write} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			err := run(ctx, func(conn *sqlite.Conn) error {
				cancel()
				_, err := number(conn, endless)
				return err
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want context.Canceled", err)
			}
			if n := parents(t, db); n != 1 {
				t.Fatalf("the connection is unusable after it was interrupted: %d parents", n)
			}
		})
	}
}

func TestContextEndingInsideWriteRollsBack(t *testing.T) {
	db := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Write(ctx, func(conn *sqlite.Conn) error {
		defer cancel()
		return script("INSERT INTO parent (id) VALUES (2)")(conn)
	})
	if _, atCommit := errors.AsType[*CommitError](err); !errors.Is(err, context.Canceled) || atCommit {
		t.Fatalf("got %v, want context.Canceled from before COMMIT", err)
	}
	if n := parents(t, db); n != 1 {
		t.Fatalf("%d parents, want 1", n)
	}
}

func TestWaitingEndsWithContext(t *testing.T) {
	db := open(t, Options{Readers: 1})
	for name, run := range map[string]func(context.Context, func(*sqlite.Conn) error) error{"read": db.Read, "write": db.Write} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), func(*sqlite.Conn) error {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				return run(ctx, func(*sqlite.Conn) error {
					t.Error("got a connection that is in use")
					return nil
				})
			})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v, want context.DeadlineExceeded", err)
			}
		})
	}
}

func TestStatementLeftOpenHoldsNothing(t *testing.T) {
	db := open(t, Options{Readers: 1})
	leave := func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare("SELECT id FROM parent")
		if err != nil {
			return err
		}
		_, err = stmt.Step()
		return err
	}
	if err := errors.Join(db.Write(t.Context(), leave), db.Read(t.Context(), leave)); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), script("INSERT INTO parent (id) VALUES (2)")); err != nil {
		t.Fatal(err)
	}
	if n := parents(t, db); n != 2 {
		t.Fatalf("%d parents, want 2: the statement kept the old snapshot", n)
	}
}

func TestLostConnectionIsOpenedAgain(t *testing.T) {
	db := open(t, Options{})
	_ = (<-db.writer).Close()
	db.writer <- nil
	if err := db.Write(t.Context(), script("INSERT INTO parent (id) VALUES (2)")); err != nil {
		t.Fatal(err)
	}
}

func TestClose(t *testing.T) {
	db := open(t, Options{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	err := db.Write(t.Context(), script("SELECT 1"))
	if !errors.Is(err, ErrClosed) || !errors.Is(db.Read(t.Context(), script("SELECT 1")), ErrClosed) {
		t.Fatalf("got %v, want ErrClosed", err)
	}
	if _, err := os.Stat(db.path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the WAL was not folded into the file: %v", err)
	}
}
