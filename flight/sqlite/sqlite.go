// Package sqlite keeps flights in one SQLite file: the embedded engine. Instants are stored in microseconds, dates as
// days since 1970-01-01, ids as 16 bytes.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/fault"
	"holdfast/flight"
	"holdfast/flight/relational"
	"holdfast/internal/sqlfile"
	"holdfast/internal/sqlitedb"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var queries = sqlfile.Parse("flight/sqlite/queries.sql", text)

// freeCommands is run once, when the file is opened; the others are relational's.
var (
	freeCommands = queries.Get("free_commands")
	statements   = byName(relational.Statements)
)

func byName(names []string) map[string]string {
	out := make(map[string]string, len(names))
	for _, name := range names {
		out[name] = queries.Get(name)
	}
	return out
}

// Migrate brings the file at path, created if there is none, to the schema this engine needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Open opens the file at path, which must stand at the schema this engine needs (see Migrate). One process has the
// file at a time, so commands that a process before this one was sending are free again.
func Open(ctx context.Context, path string) (*relational.Store, error) {
	if err := sqlitedb.RequireVersion(ctx, path, migrations); err != nil {
		return nil, err
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{})
	if err != nil {
		return nil, err
	}
	err = db.Write(ctx, func(conn *sqlite.Conn) error {
		_, err := (&tx{conn}).run(freeCommands, []any{time.Now()}, nil)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("free commands: %w", err), db.Close())
	}
	return relational.New(&engine{db}), nil
}

type engine struct{ db *sqlitedb.DB }

// retryAfter is what a caller is told when the file is held by somebody else or full.
const retryAfter = time.Second

func (e *engine) Write(ctx context.Context, fn func(relational.Tx) error) error {
	return translate(e.db.Write(ctx, func(conn *sqlite.Conn) error { return fn(&tx{conn}) }))
}

func (e *engine) Read(ctx context.Context, fn func(relational.Tx) error) error {
	return translate(e.db.Read(ctx, func(conn *sqlite.Conn) error { return fn(&tx{conn}) }))
}

func (e *engine) Close() error { return e.db.Close() }

func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqlitedb.ErrUnknownCommit):
		return fmt.Errorf("%w: %w", flight.ErrUnknownCommit, err)
	case errors.Is(err, sqlitedb.ErrBusy), errors.Is(err, sqlitedb.ErrFull), errors.Is(err, sqlitedb.ErrIO), errors.Is(err, sqlitedb.ErrClosed):
		return fault.Overloaded(retryAfter).Because(err)
	}
	return err
}
