// Package relational keeps houses in the tables of a relational engine: which statements make up a write and a read,
// and how rows become houses. The engines (hotel/sqlite, hotel/postgres) own the SQL and the types of their columns;
// both run the same statements by name (see internal/sqldb), so both mean the same.
package relational

import (
	"context"

	"holdfast/hotel"
	"holdfast/internal/sqldb"
)

// Store is the hotel.Store over an engine.
type Store struct{ db *sqldb.DB }

var _ hotel.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e sqldb.Engine) *Store {
	return &Store{sqldb.New(e, sqldb.Errors{UnknownCommit: hotel.ErrUnknownCommit, Taken: hotel.ErrTaken, Own: []error{hotel.ErrStale}})}
}

// Close implements hotel.Store.
func (s *Store) Close() error { return s.db.Close() }

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a store
// whose writers all live in this process can.
func (s *Store) Hold(ctx context.Context) (release func(), err error) { return s.db.Hold(ctx) }

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"next_change", "lock_counter", "landed", "guard_hotel", "insert_hotel", "update_hotel", "clear_levies", "put_levy",
	"put_room_type", "put_rate", "drop_rate", "put_restriction", "drop_restriction", "put_override", "drop_override",
	"put_room", "drop_room", "put_outage", "clear_outages", "put_rate_plan", "put_version",
	"put_command", "drop_command", "put_queue", "drop_queue", "claim_queue", "postpone_queue", "waiting", "queue_exists", "first_command",
	"hotel", "changed", "versions",
	"levies", "room_types", "rates", "restrictions", "rooms", "outages", "rate_plans", "overrides",
}
