// Package relational keeps railways in the tables of a relational engine: which statements make up a write and a read,
// and how rows become values. The engines (rail/sqlite, rail/postgres) own the SQL, the transactions and the types of
// their columns; both run the same statements by name, so both mean the same.
package relational

import (
	"context"
	"errors"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/rail"
	"holdfast/uid"
)

// Engine runs transactions.
type Engine interface {
	// Write commits when fn returns nil. fn may run again, after a conflict with another transaction. Errors are those
	// of rail.Store or fault.Error; what fn returns comes back as it is.
	Write(ctx context.Context, fn func(Tx) error) error
	// Read shows fn one committed state of the database.
	Read(ctx context.Context, fn func(Tx) error) error
	Close() error
}

// Tx is one transaction. Arguments are uid.ID, []byte, int64, float64, string, bool, civil.Date, time.Time or nil.
type Tx interface {
	// Exec runs a statement and returns how many rows it touched.
	Exec(statement string, args ...any) (int64, error)
	// Many runs a statement that writes one row for each of rows, no two of which have one key, and returns how many it
	// touched.
	Many(statement string, rows [][]any) (int64, error)
	// Rows reads the rows of a statement.
	Rows(statement string, args []any, row func(Row) error) error
	// Now is the engine's clock; processes that share a database share it.
	Now() (time.Time, error)
}

// Row gives its columns from left to right, one a call.
type Row interface {
	ID() uid.ID // the zero ID for NULL
	Bytes() []byte
	Int() int64
	Float() float64
	Text() string
	Bool() bool
	Date() civil.Date
}

// Store is the rail.Store over an Engine.
type Store struct{ engine Engine }

var _ rail.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e Engine) *Store { return &Store{e} }

// Close implements rail.Store.
func (s *Store) Close() error { return s.engine.Close() }

// Holder is an Engine whose writers all live in this process and can be kept out for an instant.
type Holder interface {
	Hold(ctx context.Context) (release func(), err error)
}

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a store on
// a Holder can.
func (s *Store) Hold(ctx context.Context) (release func(), err error) {
	holder, ok := s.engine.(Holder)
	if !ok {
		return nil, errors.New("writers of other processes cannot be kept out of this store")
	}
	return holder.Hold(ctx)
}

// write runs a transaction and sees to it that only the errors of rail.Store come out.
func (s *Store) write(ctx context.Context, what string, fn func(Tx) error) error {
	return translate(s.engine.Write(ctx, fn), what)
}

func (s *Store) read(ctx context.Context, what string, fn func(Tx) error) error {
	return translate(s.engine.Read(ctx, fn), what)
}

func translate(err error, what string) error {
	var known *fault.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, rail.ErrStale), errors.Is(err, rail.ErrUnknownCommit), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fault.Wrap(err, what)
}

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"next_change", "lock_counter", "put_write", "forget_writes", "landed", "purge_runs", "take_lease", "give_lease",
	"put_railways", "put_stations", "put_documents", "put_trains", "put_types", "put_compositions", "put_runs",
	"last_change", "railways", "stations", "documents", "trains", "types", "compositions", "runs",
}
