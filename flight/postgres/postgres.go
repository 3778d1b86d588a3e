// Package postgres keeps flights in one schema of a PostgreSQL database. Any number of processes may work on it: writes
// take place one after the other, and a process sees what others wrote by asking for what changed.
package postgres

import (
	"context"
	"embed"

	"holdfast/flight/relational"
	"holdfast/internal/pgdb"
	"holdfast/internal/sqldb"
)

// Schema is where everything is.
const Schema = "flight"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var tables = pgdb.Tables{
	Schema: Schema, Migrations: migrations,
	Statements: sqldb.Parse("flight/postgres/queries.sql", text, relational.Statements, "now"),
	// A timetable is written as 100,000 departures.
	Wholesale: map[string]string{
		"put_departure": "put_departure", "clear_legs": "clear_legs", "put_leg": "put_leg", "put_fare": "put_fare",
		"put_command": "put_command", "drop_command": "drop_command", "free_command": "free_command",
	},
}

// Migrate creates the schema if there is none and brings it to the version this binary needs.
func Migrate(ctx context.Context, dsn string) error { return tables.Migrate(ctx, dsn) }

// Open opens a migrated schema with at most maxConns connections (0: the default of pgdb); one at another version than
// this binary needs is refused.
func Open(ctx context.Context, dsn string, maxConns int32) (*relational.Store, error) {
	engine, err := tables.Open(ctx, dsn, maxConns)
	if err != nil {
		return nil, err
	}
	return relational.New(engine), nil
}
