// Package sqlite keeps flights in one SQLite file: the embedded engine. Instants are stored in microseconds, dates as
// days since 1970-01-01, ids as 16 bytes.
package sqlite

import (
	"context"
	"embed"

	"holdfast/flight/relational"
	"holdfast/internal/sqldb"
	"holdfast/internal/sqlitedb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var tables = sqlitedb.Tables{
	Migrations: migrations, AtOpen: "free_commands",
	Statements: sqldb.Parse("flight/sqlite/queries.sql", text, relational.Statements, "free_commands"),
}

// Schema is the version of the schema that this binary needs.
func Schema() (int64, error) { return sqlitedb.Latest(migrations) }

// Migrate brings the file at path, created if there is none, to the schema this engine needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Open opens the file at path, which must stand at the schema this engine needs (see Migrate). One process has the
// file at a time, so commands that a process before this one was sending are free again.
func Open(ctx context.Context, path string) (*relational.Store, error) {
	engine, err := tables.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return relational.New(engine), nil
}
