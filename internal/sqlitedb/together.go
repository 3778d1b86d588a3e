package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// maxTogether is how many writers share one commit at most.
	maxTogether = 256
	// longestTogether is how long a shared transaction takes writers in; whoever comes later waits for the next one.
	longestTogether = 20 * time.Millisecond
)

// shared is a transaction that several writers fill one after the other. It goes from hand to hand with the connection:
// whoever has it alone may touch anything but done.
type shared struct {
	conn  *sqlite.Conn
	began time.Time
	taken int // writers that had their turn
	kept  int // those of them whose part is in the transaction

	done chan struct{} // closed when the outcome is there
	err  error         // of the commit
}

// WriteTogether is Write for small transactions that may share their commit: the writers that wait while one commit runs
// take their turns in the next transaction, first come first served, each in a savepoint of its own, and one flush to
// the disk serves them all. A writer whose fn fails or panics is rolled back alone. Nobody is answered, refusals
// included, before the transaction in which its fn ran has ended, since fn may have seen what others wrote in it.
//
// When COMMIT fails, or SQLite itself rolls the transaction back (disk full), everybody in it is told that. The end of
// ctx stops a writer while it waits for its turn; afterwards it gets the outcome, which is at most maxTogether writers or
// longestTogether and one COMMIT away. fn must be short: others wait in the same transaction. It runs in the caller's
// goroutine. Do not call Write, WriteTogether or Read inside fn.
func (db *DB) WriteTogether(ctx context.Context, fn func(*sqlite.Conn) error) error {
	s, err := db.board(ctx)
	if err != nil {
		return fmt.Errorf("write %s: %w", db.path, err)
	}
	shares, own := db.turn(ctx, s, fn)
	if !shares {
		return own
	}
	<-s.done
	if s.err != nil {
		return s.err // what fn saw may never have been
	}
	return own
}

// board waits for a turn: in the transaction that the writer before hands over, or in one of its own.
func (db *DB) board(ctx context.Context) (*shared, error) {
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
	case s := <-db.handover:
		return s, nil
	case conn := <-db.writer:
		if conn == nil {
			var err error
			if conn, err = db.connect(ctx, false); err != nil {
				db.writer <- nil
				return nil, err
			}
		}
		return &shared{conn: conn, began: time.Now(), done: make(chan struct{})}, nil
	}
}

// turn runs fn in the transaction and passes it on, after a panic of fn too. shares is false for a writer that has come
// to nothing by itself: what the others come to is nothing to it.
func (db *DB) turn(ctx context.Context, s *shared, fn func(*sqlite.Conn) error) (shares bool, err error) {
	defer db.pass(s)
	s.taken++
	if s.kept == 0 {
		err = s.alone(ctx, fn)
		return err == nil, err
	}
	return true, s.beside(ctx, fn)
}

// alone runs fn while nobody else is in the transaction: it may be interrupted, and rolling back is rolling back all.
func (s *shared) alone(ctx context.Context, fn func(*sqlite.Conn) error) error {
	defer func() {
		s.conn.SetInterrupt(nil) // also resets statements that fn left in the middle of their rows
		if s.kept == 0 && !s.conn.AutocommitEnabled() {
			if err := sqlitex.Execute(s.conn, "ROLLBACK", nil); err != nil {
				s.lose(err)
			}
		}
	}()
	s.conn.SetInterrupt(ctx.Done())
	if err := sqlitex.Execute(s.conn, "BEGIN IMMEDIATE", nil); err != nil {
		return finish(ctx, fmt.Errorf("begin: %w", err))
	}
	if err := fn(s.conn); err != nil {
		return finish(ctx, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("before commit: %w", err)
	}
	s.kept++
	return nil
}

// beside runs fn in a savepoint. It is not interrupted: SQLite would roll back the whole transaction, and with it what
// belongs to others.
func (s *shared) beside(ctx context.Context, fn func(*sqlite.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := sqlitex.Execute(s.conn, "SAVEPOINT turn", nil); err != nil {
		s.lose(err)
		return s.err
	}
	end := []string{"ROLLBACK TO turn", "RELEASE turn"}
	defer func() {
		s.conn.SetInterrupt(nil)
		for _, sql := range end {
			if err := sqlitex.Execute(s.conn, sql, nil); err != nil {
				s.lose(err)
				return
			}
		}
	}()
	err := fn(s.conn)
	if s.conn.AutocommitEnabled() {
		end = nil
		s.lose(err)
		return s.err
	}
	if err != nil {
		return finish(ctx, err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("before commit: %w", err)
	}
	end = end[1:]
	s.kept++
	return nil
}

// errRolledBack is a shared transaction that ended before its COMMIT.
var errRolledBack = errors.New("the shared transaction was rolled back")

// lose gives the transaction up: everybody in it is told so, and nobody is taken in any more.
func (s *shared) lose(err error) { s.err = errors.Join(errRolledBack, Classify(err)) }

// pass hands the transaction to a writer that waits, or ends it and answers everybody in it.
func (db *DB) pass(s *shared) {
	if s.err == nil && s.taken < maxTogether && time.Since(s.began) < longestTogether {
		select {
		case db.handover <- s:
			return
		default:
		}
	}
	if s.err == nil && s.kept > 0 {
		if err := sqlitex.Execute(s.conn, "COMMIT", nil); err != nil {
			s.err = &CommitError{Unknown: unknownCommit(err), err: Classify(err)}
		}
	}
	db.writer <- clean(s.conn) // rolls back what is open
	close(s.done)
}
