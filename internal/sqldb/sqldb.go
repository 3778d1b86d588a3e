// Package sqldb is the port between a store and the relational engine that keeps its tables. A store says by name which
// statements make up a write and a read, and what their rows mean; an engine (internal/sqlitedb, internal/pgdb) owns
// transactions, the types of columns and the kinds of errors. Each engine has a file of SQL of its own for a store, with
// the same statements, so what a store does means the same on each.
package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/uid"
)

// Engine runs transactions.
type Engine interface {
	// Write commits when fn returns nil. fn may run again, after a conflict with another transaction. What fn returns
	// comes back as it is, or wrapped so that errors.Is finds it.
	Write(ctx context.Context, fn func(Tx) error) error
	// Read shows fn one committed state of the database.
	Read(ctx context.Context, fn func(Tx) error) error
	// Kind tells what an error of Write or Read means.
	Kind(err error) Kind
	Close() error
}

// Holder is an Engine whose writers all live in this process and can be kept out for an instant.
type Holder interface {
	Hold(ctx context.Context) (release func(), err error)
}

// Tx is one transaction. Arguments are uid.ID, []byte, int64, float64, string, bool, civil.Date, time.Time or nil.
type Tx interface {
	// Exec runs a statement and returns how many rows it touched.
	Exec(statement string, args ...any) (int64, error)
	// Queue runs a statement some time before the next call that is none, or before the commit, after what
	// was queued before it. An engine may run many of one statement as one, so no two that follow each other may have one key.
	Queue(statement string, args ...any) error
	// Many runs a statement that writes one row for each of rows, no two of which have one key, and returns how many it
	// touched.
	Many(statement string, rows [][]any) (int64, error)
	// Rows reads the rows of a statement. The Row is good until row returns.
	Rows(statement string, args []any, row func(Row) error) error
	// Each reads the rows that a statement has for some ids, those of an id one after the other.
	Each(statement string, ids []uid.ID, row func(Row) error) error
	// Now is the engine's clock; processes that share a database share it.
	Now() (time.Time, error)
}

// Row gives its columns from left to right, one a call.
type Row interface {
	ID() uid.ID    // the zero ID for NULL
	Bytes() []byte // the caller's to keep
	Int() int64
	OptionalInt() *int32 // nil for NULL
	Float() float64
	Text() string
	Bool() bool
	Date() civil.Date
	Time() time.Time // in UTC, to the microsecond
}

// Kind is what the error of a transaction means to whoever asked for it.
type Kind int

// The kinds of errors.
const (
	Other         Kind = iota + 1 // none of these: what the transaction's function said, or a defect
	UnknownCommit                 // nobody knows whether it was committed
	Unique                        // a key is taken: not committed
	Away                          // the database cannot be used now: not committed
)

// Errors are a store's own words for what can happen to a transaction.
type Errors struct {
	UnknownCommit error   // for a commit whose outcome nobody knows
	Taken         error   // for a key that is there already; nil where that is a defect
	Own           []error // what its functions return besides Taken: it comes out as it is
}

// retryAfter is what a caller is told when the database is away.
const retryAfter = time.Second

// DB is an engine as a store uses it: what goes wrong comes out in the store's words.
type DB struct {
	engine Engine
	errors Errors
}

// New makes a DB of an engine whose tables exist.
func New(e Engine, said Errors) *DB { return &DB{e, said} }

// Write runs a transaction as Engine.Write does. Its errors are those of Errors, fault.Error and those of ctx; what names
// the transaction in the text of a defect.
func (db *DB) Write(ctx context.Context, what string, fn func(Tx) error) error {
	return db.translate(db.engine.Write(ctx, fn), what)
}

// Read runs a transaction as Engine.Read does, with the errors of Write.
func (db *DB) Read(ctx context.Context, what string, fn func(Tx) error) error {
	return db.translate(db.engine.Read(ctx, fn), what)
}

func (db *DB) translate(err error, what string) error {
	if err == nil {
		return nil
	}
	switch db.engine.Kind(err) {
	case UnknownCommit:
		return fmt.Errorf("%w: %w", db.errors.UnknownCommit, err)
	case Unique:
		if db.errors.Taken != nil {
			return fmt.Errorf("%w: %w", db.errors.Taken, err)
		}
	case Away:
		return fault.Overloaded(retryAfter).Because(err)
	case Other:
	}
	if _, known := errors.AsType[*fault.Error](err); known || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, db.errors.Taken) || slices.ContainsFunc(db.errors.Own, func(own error) bool { return errors.Is(err, own) }) {
		return err
	}
	return fault.Wrap(err, what)
}

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a DB on a
// Holder can.
func (db *DB) Hold(ctx context.Context) (release func(), err error) {
	holder, ok := db.engine.(Holder)
	if !ok {
		return nil, errors.New("writers of other processes cannot be kept out of this store")
	}
	return holder.Hold(ctx)
}

// Close closes the engine.
func (db *DB) Close() error { return db.engine.Close() }
