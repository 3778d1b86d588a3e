// Package sqlite keeps railways in one SQLite file: the embedded engine. Instants are stored in microseconds, dates as
// days since 1970-01-01, ids as 16 bytes.
package sqlite

import (
	"context"
	"embed"

	"holdfast/internal/sqldb"
	"holdfast/internal/sqlitedb"
	"holdfast/rail/relational"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var tables = sqlitedb.Tables{
	Migrations: migrations, AtOpen: "free_leases",
	Statements: sqldb.Parse("rail/sqlite/queries.sql", text, relational.Statements, "free_leases"),
}

// Schema is the version of the schema that this binary needs.
func Schema() (int64, error) { return sqlitedb.Latest(migrations) }

// Migrate brings the file at path, created if there is none, to the schema this engine needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Open opens the file at path, which must stand at the schema this engine needs (see Migrate). One process has the
// file at a time, so the leases of a process before this one are gone.
func Open(ctx context.Context, path string) (*relational.Store, error) {
	engine, err := tables.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return relational.New(engine), nil
}
