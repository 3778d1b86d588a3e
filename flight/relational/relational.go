// Package relational keeps flights in the tables of a relational engine: which statements make up a write and a read,
// and how rows become departures. The engines (flight/sqlite, flight/postgres) own the SQL and the types of their columns;
// both run the same statements by name (see internal/sqldb), so both mean the same.
package relational

import (
	"context"

	"holdfast/flight"
	"holdfast/internal/sqldb"
)

// Store is the flight.Store over an engine.
type Store struct{ db *sqldb.DB }

var _ flight.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e sqldb.Engine) *Store {
	return &Store{sqldb.New(e, sqldb.Errors{UnknownCommit: flight.ErrUnknownCommit, Own: []error{flight.ErrStale}})}
}

// Close implements flight.Store.
func (s *Store) Close() error { return s.db.Close() }

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a store
// whose writers all live in this process can.
func (s *Store) Hold(ctx context.Context) (release func(), err error) { return s.db.Hold(ctx) }

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"next_change", "lock_counter", "counter", "note_write", "forget_writes", "landed",
	"put_airport", "put_carrier", "put_aircraft", "put_tariff", "put_version", "put_fare", "put_feed", "put_schedule", "drop_schedule",
	"put_departure", "clear_legs", "put_leg",
	"put_command", "drop_command", "free_command", "claim", "postpone", "waiting",
	"airports", "carriers", "aircraft", "tariffs", "fares", "feeds", "schedules", "departures", "legs",
}
