// Package sqlite keeps feeds in one SQLite file: the embedded engine. Instants are stored in microseconds, ids as 16
// bytes.
package sqlite

import (
	"context"
	"embed"

	"holdfast/feed/intake/relational"
	"holdfast/internal/sqldb"
	"holdfast/internal/sqlitedb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var tables = sqlitedb.Tables{
	Migrations: migrations, AtOpen: "free_feeds",
	Statements: sqldb.Parse("feed/intake/sqlite/queries.sql", text, relational.Statements, "free_feeds"),
}

// Schema is the version of the schema that this binary needs.
func Schema() (int64, error) { return sqlitedb.Latest(migrations) }

// Migrate brings the file at path, created if there is none, to the schema this engine needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Open opens the file at path, which must stand at the schema this engine needs (see Migrate). One process has the
// file at a time, so feeds that a process before this one was working on are free again.
func Open(ctx context.Context, path string) (*relational.Store, error) {
	engine, err := tables.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return relational.New(engine), nil
}
