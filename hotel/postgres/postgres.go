// Package postgres keeps houses in one schema of a PostgreSQL database. Any number of processes may work on it: writes
// take place one after the other, and a process sees what others wrote by asking for what changed.
package postgres

import (
	"context"
	"embed"

	"holdfast/hotel/relational"
	"holdfast/internal/pgdb"
	"holdfast/internal/sqldb"
)

// Schema is where everything is.
const Schema = "hotel"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var tables = pgdb.Tables{
	Schema: Schema, Migrations: migrations,
	Statements: sqldb.Parse("hotel/postgres/queries.sql", text, relational.Statements, "now", "put_rates", "put_restrictions"),
	// The runs of a house's lines are hundreds.
	Wholesale: map[string]string{"put_rate": "put_rates", "put_restriction": "put_restrictions"},
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
