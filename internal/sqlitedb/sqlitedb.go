package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/internal/telemetry"
)

// Options of Open; the zero value is what the embedded shape runs with.
type Options struct {
	// Readers is the number of read connections, the bound on reads at once; 4 when zero.
	Readers int
	// BusyTimeout is how long a transaction waits for a foreign process that holds the file; 5 s when zero.
	BusyTimeout time.Duration
	// CacheKiB is the page cache of each connection in KiB; 16,384 (16 MiB) when zero.
	CacheKiB int
}

const (
	defaultReaders     = 4
	defaultBusyTimeout = 5 * time.Second
	defaultCacheKiB    = 16 << 10
	// walKeepBytes is what the WAL file is cut down to after a checkpoint, so that one burst does not keep its size.
	walKeepBytes = 64 << 20
	// checkpointPages is how long the WAL gets before it is folded into the file: 32 MiB of 4 KiB pages. With SQLite's
	// 1,000 every batch of 512 placings would pay for a checkpoint, a third of its time.
	checkpointPages = 8192
)

// DB is one open file. It is safe for use by many goroutines.
type DB struct {
	path    string
	options Options

	// Each channel holds the connections that are free; a nil entry stands for one to be opened again.
	writer  chan *sqlite.Conn
	readers chan *sqlite.Conn

	handover chan *shared // from one writer of a shared transaction to the next; unbuffered

	closing chan struct{} // closed by Close: nobody gets a connection afterwards
	once    sync.Once
}

// Open opens the file at path, creating an empty one where there is none, and returns when every connection works.
func Open(ctx context.Context, path string, options Options) (*DB, error) {
	if options.Readers < 0 || options.BusyTimeout < 0 || options.CacheKiB < 0 {
		return nil, fmt.Errorf("open %s: negative option in %+v", path, options)
	}
	if options.Readers == 0 {
		options.Readers = defaultReaders
	}
	if options.BusyTimeout == 0 {
		options.BusyTimeout = defaultBusyTimeout
	}
	if options.CacheKiB == 0 {
		options.CacheKiB = defaultCacheKiB
	}
	db := &DB{
		path:    path,
		options: options,
		writer:  make(chan *sqlite.Conn, 1),
		readers: make(chan *sqlite.Conn, options.Readers),

		handover: make(chan *shared),
		closing:  make(chan struct{}),
	}
	writer, err := db.connect(ctx, false)
	if err != nil {
		return nil, err
	}
	db.writer <- writer
	for range options.Readers {
		reader, err := db.connect(ctx, true)
		if err != nil {
			for range options.Readers - len(db.readers) {
				db.readers <- nil // Close waits for as many as there should be
			}
			return nil, errors.Join(err, db.Close())
		}
		db.readers <- reader
	}
	return db, nil
}

// connect opens one connection and gives it the settings that last as long as it does.
func (db *DB) connect(ctx context.Context, readOnly bool) (*sqlite.Conn, error) {
	// Readers open the file for writing too: in WAL mode they write the shared index. query_only refuses their writes.
	conn, err := sqlite.OpenConn(db.path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, Classify(fmt.Errorf("open %s: %w", db.path, err))
	}
	conn.SetInterrupt(ctx.Done())
	conn.SetBusyTimeout(db.options.BusyTimeout)
	settings := fmt.Sprintf(`
		PRAGMA journal_mode = WAL;
		PRAGMA synchronous = FULL;
		PRAGMA foreign_keys = ON;
		PRAGMA temp_store = MEMORY;
		PRAGMA cache_size = -%d;
		PRAGMA journal_size_limit = %d;
		PRAGMA wal_autocheckpoint = %d;`, db.options.CacheKiB, walKeepBytes, checkpointPages)
	if readOnly {
		settings += "PRAGMA query_only = ON;"
	}
	// One at a time: a script would run inside a savepoint, where journal_mode and foreign_keys change nothing.
	for len(settings) > 0 {
		stmt, rest, err := conn.PrepareTransient(settings)
		if err == nil && stmt != nil {
			_, err = stmt.Step()
			err = errors.Join(err, stmt.Finalize())
		}
		if err != nil {
			err = finish(ctx, fmt.Errorf("set up %s: %w", db.path, err))
			return nil, errors.Join(err, conn.Close())
		}
		if stmt == nil {
			break
		}
		settings = settings[len(settings)-rest:]
	}
	conn.SetInterrupt(nil)
	return conn, nil
}

// Write runs fn in a write transaction, alone among the writers of this process. It commits when fn returns nil and
// rolls back when fn returns an error or panics; the panic goes on. The connection is fn's only until fn returns.
//
// While waiting for its turn and while fn runs, the end of ctx stops it; COMMIT, once begun, runs to its end. An error
// that is no *CommitError means that the transaction was rolled back for sure. Do not call Write or Read inside fn.
func (db *DB) Write(ctx context.Context, fn func(*sqlite.Conn) error) error {
	conn, err := db.take(ctx, db.writer, false)
	if err != nil {
		return fmt.Errorf("write %s: %w", db.path, err)
	}
	return db.run(ctx, conn, transaction{begin: "BEGIN IMMEDIATE", commit: true, home: db.writer}, fn)
}

// Read runs fn in a read transaction: all its statements see one committed state of the file. The end of ctx stops it
// while it waits for a connection and in the middle of a statement. A statement of fn that writes fails with ErrReadOnly.
func (db *DB) Read(ctx context.Context, fn func(*sqlite.Conn) error) error {
	conn, err := db.take(ctx, db.readers, true)
	if err != nil {
		return fmt.Errorf("read %s: %w", db.path, err)
	}
	return db.run(ctx, conn, transaction{begin: "BEGIN", home: db.readers}, fn)
}

type transaction struct {
	begin  string
	commit bool              // a read has nothing to commit and is rolled back
	home   chan *sqlite.Conn // where the connection belongs
}

func (db *DB) run(ctx context.Context, conn *sqlite.Conn, tx transaction, fn func(*sqlite.Conn) error) error {
	// Whatever is still open is rolled back before the connection goes home, after a panic of fn too.
	defer func() { tx.home <- clean(conn) }()

	conn.SetInterrupt(ctx.Done())
	if err := sqlitex.Execute(conn, tx.begin, nil); err != nil {
		return finish(ctx, fmt.Errorf("begin: %w", err))
	}
	if err := fn(conn); err != nil {
		return finish(ctx, err)
	}
	if !tx.commit {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("before commit: %w", err)
	}
	conn.SetInterrupt(nil) // also resets statements that fn left in the middle of their rows
	if err := sqlitex.Execute(conn, "COMMIT", nil); err != nil {
		return &CommitError{Unknown: unknownCommit(err), err: Classify(err)}
	}
	return nil
}

// unknownCommit tells whether a transaction whose COMMIT failed with err can still be found in the file. A failed write
// or fsync can leave the whole commit record in the WAL, where the next process to open the file would find it. A
// constraint, a lock or a full disk are found before that record is written, and clean rolls back.
func unknownCommit(err error) bool {
	//nolint:exhaustive // what is not listed is treated as unknown, the safe side
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultConstraint, sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultFull, sqlite.ResultReadOnly:
		return false
	}
	return true
}

// clean rolls back what a transaction left open. It returns nil for a connection that cannot be trusted any more; the
// next one to take its place opens a new one.
func clean(conn *sqlite.Conn) *sqlite.Conn {
	conn.SetInterrupt(nil)
	if conn.AutocommitEnabled() {
		return conn
	}
	err := sqlitex.Execute(conn, "ROLLBACK", nil)
	if err == nil && conn.AutocommitEnabled() {
		return conn
	}
	_ = conn.Close() // the ROLLBACK failed already, and closing rolls back as well
	return nil
}

func (db *DB) take(ctx context.Context, home chan *sqlite.Conn, readOnly bool) (*sqlite.Conn, error) {
	telemetry.UseStore(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-db.closing:
		return nil, ErrClosed
	default:
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-db.closing:
		return nil, ErrClosed
	case conn := <-home:
		if conn != nil {
			return conn, nil
		}
		conn, err := db.connect(ctx, readOnly)
		if err != nil {
			home <- nil
			return nil, err
		}
		return conn, nil
	}
}

// Close waits for the transactions that run, refuses new ones with ErrClosed and closes every connection. Calling it
// again does nothing.
func (db *DB) Close() error {
	var errs []error
	db.once.Do(func() {
		close(db.closing)
		for range cap(db.readers) {
			if conn := <-db.readers; conn != nil {
				errs = append(errs, conn.Close())
			}
		}
		// The writer last: the last connection to close folds the WAL into the file.
		if conn := <-db.writer; conn != nil {
			errs = append(errs, conn.Close())
		}
	})
	return errors.Join(errs...)
}
