package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/internal/sqldb"
)

// Tables are the tables of one store in a file of their own, and the statements on them.
type Tables struct {
	Migrations fs.FS
	Statements sqldb.Statements
	// AtOpen names a statement that runs whenever the file is opened. One process has the file at a time, so what a
	// process before this one was working on is free again. Its argument, if it takes one, is the time.
	AtOpen string
}

// Open opens the file at path, which must stand at the schema of the migrations (see Migrate).
func (t *Tables) Open(ctx context.Context, path string) (*Engine, error) {
	if err := RequireVersion(ctx, path, t.Migrations); err != nil {
		return nil, err
	}
	db, err := Open(ctx, path, Options{})
	if err != nil {
		return nil, err
	}
	if t.AtOpen != "" {
		if err := db.Write(ctx, t.atOpen); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", t.AtOpen, err), db.Close())
		}
	}
	return &Engine{db, t.Statements}, nil
}

func (t *Tables) atOpen(conn *sqlite.Conn) error {
	stmt, err := conn.Prepare(t.Statements[t.AtOpen])
	if err != nil {
		return err
	}
	args := []any{time.Now()}[:min(stmt.BindParamCount(), 1)]
	_, err = (&tx{conn, t.Statements}).Exec(t.AtOpen, args...)
	return err
}

// Engine is the sqldb.Engine on a file. Instants are microseconds, dates days since 1970-01-01, ids 16 bytes.
type Engine struct {
	db         *DB
	statements sqldb.Statements
}

var (
	_ sqldb.Engine = (*Engine)(nil)
	_ sqldb.Holder = (*Engine)(nil)
)

// Write implements sqldb.Engine. Writers of a process queue, so fn runs once.
func (e *Engine) Write(ctx context.Context, fn func(sqldb.Tx) error) error {
	return e.db.Write(ctx, func(conn *sqlite.Conn) error { return fn(&tx{conn, e.statements}) })
}

// Read implements sqldb.Engine.
func (e *Engine) Read(ctx context.Context, fn func(sqldb.Tx) error) error {
	return e.db.Read(ctx, func(conn *sqlite.Conn) error { return fn(&tx{conn, e.statements}) })
}

// Kind implements sqldb.Engine.
func (e *Engine) Kind(err error) sqldb.Kind {
	switch {
	case errors.Is(err, ErrUnknownCommit):
		return sqldb.UnknownCommit
	case errors.Is(err, ErrUnique):
		return sqldb.Unique
	case errors.Is(err, ErrBusy), errors.Is(err, ErrFull), errors.Is(err, ErrIO), errors.Is(err, ErrClosed):
		return sqldb.Away
	}
	return sqldb.Other
}

// Hold implements sqldb.Holder.
func (e *Engine) Hold(ctx context.Context) (release func(), err error) { return e.db.Hold(ctx) }

// Close implements sqldb.Engine.
func (e *Engine) Close() error { return e.db.Close() }
