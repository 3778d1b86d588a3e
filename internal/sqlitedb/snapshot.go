package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/internal/migration"
)

const (
	// copyPages are copied between two looks at ctx and two reports: 1 MiB of 4 KiB pages.
	copyPages = 256
	// copyCacheKiB is the page cache of a connection that reads every page once.
	copyCacheKiB = 2 << 10
)

// Hold keeps the writers of this process out until release is called, which may be more than once. It waits for its
// turn as a writer does. Readers are not kept from anything. It is for an instant, not for work: see Snapshot.
func (db *DB) Hold(ctx context.Context) (release func(), err error) {
	conn, err := db.take(ctx, db.writer, false)
	if err != nil {
		return nil, fmt.Errorf("hold %s: %w", db.path, err)
	}
	return sync.OnceFunc(func() { db.writer <- conn }), nil
}

// Snapshot is one committed state of a file, kept while the file goes on changing so that it can be copied. As long as
// it is kept, the WAL cannot be folded back beyond it and grows by what is written meanwhile. It is for one goroutine.
type Snapshot struct {
	path string
	conn *sqlite.Conn
}

// NewSnapshot opens a connection of its own to the file at path, which must exist. Take then fixes the state.
func NewSnapshot(ctx context.Context, path string) (*Snapshot, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open for a copy: %w", err)
	}
	db := &DB{path: path, options: Options{BusyTimeout: defaultBusyTimeout, CacheKiB: copyCacheKiB}}
	conn, err := db.connect(ctx, true)
	if err != nil {
		return nil, err
	}
	return &Snapshot{path, conn}, nil
}

// Take fixes the state that Copy copies: the last one committed. It takes no longer than a read of one page.
func (s *Snapshot) Take(ctx context.Context) error {
	s.conn.SetInterrupt(ctx.Done())
	defer s.conn.SetInterrupt(nil)
	// BEGIN alone fixes nothing; the first read does.
	err := sqlitex.Execute(s.conn, "BEGIN", nil)
	if err == nil {
		err = sqlitex.Execute(s.conn, "SELECT count(*) FROM sqlite_schema", nil)
	}
	if err != nil {
		return finish(ctx, fmt.Errorf("snapshot of %s: %w", s.path, err))
	}
	return nil
}

// Version is the version of the schema in the snapshot; 0 where nothing was ever applied.
func (s *Snapshot) Version() (version int64, err error) {
	there := false
	err = sqlitex.Execute(s.conn, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'goose_db_version'", &sqlitex.ExecOptions{
		ResultFunc: func(*sqlite.Stmt) error { there = true; return nil },
	})
	if err == nil && there {
		err = sqlitex.Execute(s.conn, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied", &sqlitex.ExecOptions{
			ResultFunc: func(row *sqlite.Stmt) error { version = row.ColumnInt64(0); return nil },
		})
	}
	if err != nil {
		return 0, Classify(fmt.Errorf("schema version of %s: %w", s.path, err))
	}
	return version, nil
}

// Size is the number of bytes that Copy will write.
func (s *Snapshot) Size() (bytes int64, err error) {
	err = sqlitex.Execute(s.conn, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { bytes = row.ColumnInt64(0); return nil },
	})
	if err != nil {
		return 0, Classify(fmt.Errorf("size of %s: %w", s.path, err))
	}
	return bytes, nil
}

// Copy writes the snapshot to a new file with SQLite's online backup, flushed to the disk: one whole file, with nothing
// beside it. progress hears how many bytes of the file have been copied. An error leaves a file that is worth nothing.
func (s *Snapshot) Copy(ctx context.Context, path string, progress func(done int64)) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy %s: %w", path, errors.Join(fs.ErrExist, err))
	}
	dst, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return Classify(fmt.Errorf("copy to %s: %w", path, err))
	}
	err = s.copyTo(ctx, dst, progress)
	if err = errors.Join(err, dst.Close()); err != nil {
		return Classify(fmt.Errorf("copy %s to %s: %w", s.path, path, err))
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Sync(), file.Close())
}

func (s *Snapshot) copyTo(ctx context.Context, dst *sqlite.Conn, progress func(done int64)) error {
	// A copy that was cut off is thrown away, so it needs neither a journal nor a flush of every page.
	for _, setting := range []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF"} {
		if err := sqlitex.Execute(dst, setting, nil); err != nil {
			return err
		}
	}
	size, err := s.Size()
	if err != nil {
		return err
	}
	// Inside the transaction that Take began, so that every page is of that one state, however long it takes.
	run, err := sqlite.NewBackup(dst, "main", s.conn, "main")
	if err != nil {
		return err
	}
	defer func() { _ = run.Close() }() // its error is that of the last Step
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = run.Step(copyPages); err != nil {
			return err
		}
		if all := run.PageCount(); progress != nil && all > 0 {
			progress(size / int64(all) * int64(all-run.Remaining()))
		}
	}
	return nil
}

// Close lets the state go.
func (s *Snapshot) Close() error { return s.conn.Close() }

// Check reads a file that nobody writes to, such as a copy, and tells whether it is whole: every page and every index. It
// leaves nothing beside the file. What is wrong is an ErrCorrupt.
func Check(ctx context.Context, path string) (err error) {
	conn, err := sqlite.OpenConn("file:"+(&url.URL{Path: path}).EscapedPath()+"?immutable=1&mode=ro", sqlite.OpenReadOnly, sqlite.OpenURI)
	if err != nil {
		return Classify(fmt.Errorf("check %s: %w", path, err))
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetInterrupt(ctx.Done())
	found := ""
	err = sqlitex.Execute(conn, "PRAGMA integrity_check(1)", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { found = row.ColumnText(0); return nil },
	})
	if err != nil {
		return finish(ctx, fmt.Errorf("check %s: %w", path, err))
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s: %s", ErrCorrupt, path, found)
	}
	return nil
}

// Latest is the version that the last migration of fsys leads to.
func Latest(fsys fs.FS) (int64, error) {
	_, latest, err := migration.Files(fsys)
	return latest, err
}

// inspectBytes is the largest file that Inspect reads whole: half a second of a slow disk. SQLite finds what is wrong
// with the pages of larger ones when it comes to read them.
const inspectBytes = 128 << 20

// Inspect opens the file at path, if there is one, recovers what a killed process left in its WAL, and tells whether its
// pages are sound: all of them in a file of up to 128 MiB, else the header, the schema and the length. What is wrong is
// an ErrCorrupt. Nobody else may have the file open.
func Inspect(ctx context.Context, path string) (err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // the store is yet to be made
	}
	if err != nil {
		return err
	}
	s, err := NewSnapshot(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Take(ctx); err != nil {
		return err
	}
	if info.Size() > inspectBytes {
		return nil
	}
	s.conn.SetInterrupt(ctx.Done())
	defer s.conn.SetInterrupt(nil)
	found := ""
	err = sqlitex.Execute(s.conn, "PRAGMA quick_check(1)", &sqlitex.ExecOptions{
		ResultFunc: func(row *sqlite.Stmt) error { found = row.ColumnText(0); return nil },
	})
	if err != nil {
		return finish(ctx, fmt.Errorf("inspect %s: %w", path, err))
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s: %s", ErrCorrupt, path, found)
	}
	return nil
}
