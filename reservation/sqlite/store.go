// Package sqlite keeps the rows of reservation in one SQLite file: the embedded engine. One transaction writes at a
// time, so locking is BEGIN IMMEDIATE and nothing else; reads see one snapshot and wait for nobody.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/fault"
	"holdfast/internal/sqlitedb"
	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/uid"
)

// Store is a reservation.Store on one file.
type Store struct {
	db        *sqlitedb.DB
	layouts   record.LayoutCache
	collision atomic.Int64
}

var _ reservation.Store = (*Store)(nil)

// Stats counts what the store did again since it was opened.
type Stats struct {
	LocatorCollisions int64 // batches decided again because a new locator was taken already
}

// Stats are the counts so far.
func (s *Store) Stats() Stats { return Stats{LocatorCollisions: s.collision.Load()} }

const (
	// batchTries bounds how often a batch is decided anew because its new locators were taken.
	batchTries = 8
	// retryAfter is what a caller is told when the file is held by somebody else or full.
	retryAfter = time.Second
)

var (
	errGuard   = errors.New("guard tripped")    // the rows are not what the batch had loaded: a defect, never the caller's
	errLocator = errors.New("locator is taken") // the rules draw a new one
)

// Migrate brings the file at path, created if there is none, to the schema this engine needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Open opens the file at path, which must stand at the schema this engine needs (see Migrate).
func Open(ctx context.Context, path string) (*Store, error) {
	if err := sqlitedb.RequireVersion(ctx, path, migrations); err != nil {
		return nil, err
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{CacheKiB: cacheKiB})
	if err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// cacheKiB is the page cache of each connection: the writer touches the ends of a dozen trees with every reservation.
const cacheKiB = 64 << 10

// Close waits for what runs and closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Transact runs one batch in one write transaction.
func (s *Store) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	for try := 1; ; try++ {
		var refused error // what decide said; passed on as it is
		err := s.db.Write(ctx, func(conn *sqlite.Conn) error {
			rows, loaded, err := load(conn, &s.layouts, b, need)
			if err != nil {
				return err
			}
			changes, err := decide(rows)
			if err != nil {
				refused = err
				return err
			}
			return write(conn, b, need, rows, loaded, changes)
		})
		switch {
		case err == nil:
			return nil
		case refused != nil:
			return refused
		case errors.Is(err, errLocator) && try < batchTries:
			s.collision.Add(1)
		default:
			return door(err, "batch")
		}
	}
}

// Committed reports whether a batch took effect. It takes its turn as a writer, so no transaction is open meanwhile.
func (s *Store) Committed(ctx context.Context, batch uid.ID) (bool, error) {
	found := false
	err := s.db.Write(ctx, func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qBatch)
		if err != nil {
			return err
		}
		st.id(batch)
		return st.one(func() { found = true })
	})
	return found, door(err, "look up batch")
}

// read runs fn on one snapshot.
func (s *Store) read(ctx context.Context, what string, fn func(*sqlite.Conn) error) error {
	return door(s.db.Read(ctx, fn), what)
}

// door translates what the engine says into the errors that reservation knows.
func door(err error, what string) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, sqlitedb.ErrUnknownCommit):
		return fmt.Errorf("%s: %w: %w", what, reservation.ErrUnknownCommit, err)
	case errors.Is(err, sqlitedb.ErrBusy), errors.Is(err, sqlitedb.ErrFull), errors.Is(err, sqlitedb.ErrIO), errors.Is(err, sqlitedb.ErrClosed),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errLocator):
		return fault.Overloaded(retryAfter).Because(fmt.Errorf("%s: %w", what, err))
	case errors.Is(err, sqlitedb.ErrConstraint):
		return fault.Wrap(fmt.Errorf("%w: %w", errGuard, err), what)
	}
	return fault.Wrap(err, what)
}
