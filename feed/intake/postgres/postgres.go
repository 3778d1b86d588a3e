// Package postgres keeps feeds in one schema of a PostgreSQL database, which any number of processes share.
package postgres

import (
	"context"
	"embed"

	"holdfast/feed/intake/relational"
	"holdfast/internal/pgdb"
	"holdfast/internal/sqldb"
)

// Schema is where everything is.
const Schema = "intake"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var tables = pgdb.Tables{
	Schema: Schema, Migrations: migrations,
	Statements: sqldb.Parse("feed/intake/postgres/queries.sql", text, relational.Statements, "now"),
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
