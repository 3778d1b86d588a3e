package sqlitedb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func rows(t *testing.T, path string) (n int64) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err == nil {
		err = sqlitex.Execute(conn, "SELECT count(*) FROM t", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error { n = s.ColumnInt64(0); return nil }})
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A copy is the state that was taken, whatever is written before and while it is copied.
func TestSnapshotIsOneState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	write := func(sql string) {
		t.Helper()
		if err := db.Write(t.Context(), func(c *sqlite.Conn) error { return sqlitex.ExecuteScript(c, sql, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	const some = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t (x) SELECT randomblob(400) FROM n;`
	write(`CREATE TABLE t (x BLOB); ` + some)
	s, err := NewSnapshot(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(some)
	copied, reports := filepath.Join(t.TempDir(), "b.db"), 0
	if err := s.Copy(t.Context(), copied, func(int64) { reports++; write(`INSERT INTO t (x) VALUES (randomblob(5000))`) }); err != nil {
		t.Fatal(err)
	}
	if reports < 2 {
		t.Errorf("%d reports: the copy was not written to while it was made", reports)
	}
	size, err := s.Size()
	if info, serr := os.Stat(copied); err != nil || serr != nil || info.Size() != size {
		t.Errorf("size %d, %v, %v", size, err, serr)
	}
	if err := Check(t.Context(), copied); err != nil {
		t.Error(err)
	}
	if n := rows(t, copied); n != 3000 {
		t.Errorf("the copy has %d rows, want the 3,000 of its instant", n)
	}
	if err := s.Copy(t.Context(), copied, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("copying over a file: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Copy(ctx, filepath.Join(t.TempDir(), "c.db"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a copy that was cut off: %v", err)
	}
}

// While held, nobody writes, everybody reads, and waiting ends with the context.
func TestHoldKeepsWritersOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	release, err := db.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	nothing := func(*sqlite.Conn) error { return nil }
	if err := db.Write(ctx, nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a writer while it is held: %v", err)
	}
	if _, err := db.Hold(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("held twice: %v", err)
	}
	if err := db.Read(t.Context(), nothing); err != nil {
		t.Errorf("a reader while it is held: %v", err)
	}
	release()
	release()
	if err := db.Write(t.Context(), nothing); err != nil {
		t.Errorf("a writer afterwards: %v", err)
	}
}

func TestInspect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if err := Inspect(t.Context(), path); err != nil {
		t.Errorf("no file: %v", err)
	}
	conn, err := sqlite.OpenConn(path)
	if err == nil {
		err = errors.Join(sqlitex.ExecuteScript(conn, `CREATE TABLE t (x INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);`, nil), conn.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Inspect(t.Context(), path); err != nil {
		t.Errorf("a sound file: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[len(text)-4096:], "garbage garbage garbage")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Inspect(t.Context(), path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged page: %v", err)
	}
	if err := Check(t.Context(), path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a damaged page: %v", err)
	}
}
