// Package relational keeps houses in the tables of a relational engine: which statements make up a write and a read,
// and how rows become houses. The engines (hotel/sqlite, hotel/postgres) own the SQL, the transactions and the types
// of their columns; both run the same statements by name, so both mean the same.
package relational

import (
	"context"
	"errors"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/uid"
)

// Engine runs transactions.
type Engine interface {
	// Write commits when fn returns nil. fn may run again, after a conflict with another transaction. Errors are those
	// of hotel.Store or fault.Error; what fn returns comes back as it is.
	Write(ctx context.Context, fn func(Tx) error) error
	// Read shows fn one committed state of the database.
	Read(ctx context.Context, fn func(Tx) error) error
	Close() error
}

// Tx is one transaction. Arguments are uid.ID, int64, float64, string, bool, civil.Date, time.Time or nil.
type Tx interface {
	// Exec runs a statement and returns how many rows it touched.
	Exec(statement string, args ...any) (int64, error)
	// Queue runs a statement some time before the next Exec, Rows or Each, or before the commit.
	Queue(statement string, args ...any) error
	// Rows reads the rows of a statement.
	Rows(statement string, args []any, row func(Row) error) error
	// Each reads the rows that a statement has for some hotels, those of a hotel one after the other.
	Each(statement string, hotels []uid.ID, row func(Row) error) error
	// Now is the engine's clock; processes that share a database share it.
	Now() (time.Time, error)
}

// Row gives its columns from left to right, one a call.
type Row interface {
	ID() uid.ID
	Int() int64
	OptionalInt() *int32
	Float() float64
	Text() string
	Bool() bool
	Date() civil.Date
	Time() time.Time
}

// Store is the hotel.Store over an Engine.
type Store struct{ engine Engine }

var _ hotel.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e Engine) *Store { return &Store{e} }

// Close implements hotel.Store.
func (s *Store) Close() error { return s.engine.Close() }

// write runs a transaction and sees to it that only the errors of hotel.Store come out.
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
	case errors.Is(err, hotel.ErrStale), errors.Is(err, hotel.ErrTaken), errors.Is(err, hotel.ErrUnknownCommit),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fault.Wrap(err, what)
}

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"next_change", "lock_counter", "landed", "guard_hotel", "insert_hotel", "update_hotel", "clear_levies", "put_levy",
	"put_room_type", "put_rate", "drop_rate", "put_restriction", "drop_restriction", "put_override", "drop_override",
	"put_room", "drop_room", "put_outage", "clear_outages", "put_rate_plan", "put_version",
	"put_command", "drop_command", "put_queue", "drop_queue", "claim_queue", "postpone_queue", "waiting", "queue_exists", "first_command",
	"hotel", "changed", "versions",
	"levies", "room_types", "rates", "restrictions", "rooms", "outages", "rate_plans", "overrides",
}
