// Package relational keeps flights in the tables of a relational engine: which statements make up a write and a read,
// and how rows become departures. The engines (flight/sqlite, flight/postgres) own the SQL, the transactions and the
// types of their columns; both run the same statements by name, so both mean the same.
package relational

import (
	"context"
	"errors"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight"
	"holdfast/uid"
)

// Engine runs transactions.
type Engine interface {
	// Write commits when fn returns nil. fn may run again, after a conflict with another transaction. Errors are those
	// of flight.Store or fault.Error; what fn returns comes back as it is.
	Write(ctx context.Context, fn func(Tx) error) error
	// Read shows fn one committed state of the database.
	Read(ctx context.Context, fn func(Tx) error) error
	Close() error
}

// Tx is one transaction. Arguments are uid.ID, int64, float64, string, bool, civil.Date or time.Time.
type Tx interface {
	// Exec runs a statement and returns how many rows it touched.
	Exec(statement string, args ...any) (int64, error)
	// Queue runs a statement some time before the next Exec or Rows, or before the commit, after what was queued before.
	Queue(statement string, args ...any) error
	// Rows reads the rows of a statement.
	Rows(statement string, args []any, row func(Row) error) error
	// Now is the engine's clock; processes that share a database share it.
	Now() (time.Time, error)
}

// Row gives its columns from left to right, one a call.
type Row interface {
	ID() uid.ID
	Int() int64
	Float() float64
	Text() string
	Bool() bool
	Date() civil.Date
	Time() time.Time
}

// Store is the flight.Store over an Engine.
type Store struct{ engine Engine }

var _ flight.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e Engine) *Store { return &Store{e} }

// Close implements flight.Store.
func (s *Store) Close() error { return s.engine.Close() }

// write runs a transaction and sees to it that only the errors of flight.Store come out.
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
	case errors.Is(err, flight.ErrStale), errors.Is(err, flight.ErrUnknownCommit),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fault.Wrap(err, what)
}

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"next_change", "lock_counter", "counter", "note_write", "forget_writes", "landed",
	"put_airport", "put_carrier", "put_aircraft", "put_tariff", "put_version", "put_fare", "put_feed", "put_schedule", "drop_schedule",
	"put_departure", "clear_legs", "put_leg",
	"put_command", "drop_command", "free_command", "claim", "postpone", "waiting",
	"airports", "carriers", "aircraft", "tariffs", "fares", "feeds", "schedules", "departures", "legs",
}
