// Package relational keeps railways in the tables of a relational engine: which statements make up a write and a read,
// and how rows become values. The engines (rail/sqlite, rail/postgres) own the SQL and the types of their columns; both
// run the same statements by name (see internal/sqldb), so both mean the same.
package relational

import (
	"context"

	"holdfast/internal/sqldb"
	"holdfast/rail"
)

// Store is the rail.Store over an engine.
type Store struct{ db *sqldb.DB }

var _ rail.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e sqldb.Engine) *Store {
	return &Store{sqldb.New(e, sqldb.Errors{UnknownCommit: rail.ErrUnknownCommit, Own: []error{rail.ErrStale}})}
}

// Close implements rail.Store.
func (s *Store) Close() error { return s.db.Close() }

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a store
// whose writers all live in this process can.
func (s *Store) Hold(ctx context.Context) (release func(), err error) { return s.db.Hold(ctx) }

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"next_change", "lock_counter", "put_write", "forget_writes", "landed", "purge_runs", "take_lease", "give_lease",
	"put_railways", "put_stations", "put_documents", "put_trains", "put_types", "put_compositions", "put_runs",
	"last_change", "railways", "stations", "documents", "trains", "types", "compositions", "runs",
}
