package pgdb

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/sqldb"
)

// Tables are the tables of one store in a schema of their own, and the statements on them: those the store names, those
// of Wholesale, and "now", which reads the clock.
type Tables struct {
	Schema     string
	Migrations fs.FS
	Statements sqldb.Statements
	// Wholesale names, for a statement that is queued many times, the one that does it for many rows at once, its
	// arguments being arrays. It may be the same one.
	Wholesale map[string]string
}

// Migrate creates the schema if there is none and brings it to the version of the migrations.
func (t *Tables) Migrate(ctx context.Context, dsn string) error {
	return Migrate(ctx, dsn, t.Schema, t.Migrations)
}

// Open opens a migrated schema with at most maxConns connections (0: the default of Open); one at another version than
// that of the migrations is refused.
func (t *Tables) Open(ctx context.Context, dsn string, maxConns int32) (*Engine, error) {
	if err := RequireVersion(ctx, dsn, t.Schema, t.Migrations); err != nil {
		return nil, err
	}
	pool, err := Open(ctx, dsn, Options{Schema: t.Schema, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	return &Engine{pool, t}, nil
}

// Engine is the sqldb.Engine on a schema. Any number of processes may have one.
type Engine struct {
	pool   *pgxpool.Pool
	tables *Tables
}

var _ sqldb.Engine = (*Engine)(nil)

const (
	tries      = 8                    // of a transaction that lost against another one
	firstPause = 2 * time.Millisecond // before the next try; each further pause is twice as long
)

// Write implements sqldb.Engine, at READ COMMITTED.
func (e *Engine) Write(ctx context.Context, fn func(sqldb.Tx) error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		err := Tx(ctx, e.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(p pgx.Tx) error {
			t := &tx{ctx: ctx, tx: p, tables: e.tables}
			if err := fn(t); err != nil {
				return err
			}
			return t.flush()
		})
		if !errors.Is(err, ErrConflict) || try == tries {
			return err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // spreads tries, protects nothing
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// Read implements sqldb.Engine: one snapshot, in which nothing can be written.
func (e *Engine) Read(ctx context.Context, fn func(sqldb.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return Tx(ctx, e.pool, options, func(p pgx.Tx) error { return fn(&tx{ctx: ctx, tx: p, tables: e.tables}) })
}

// Kind implements sqldb.Engine.
func (e *Engine) Kind(err error) sqldb.Kind {
	switch {
	case errors.Is(err, ErrUnknownCommit):
		return sqldb.UnknownCommit
	case errors.Is(err, ErrUnique):
		return sqldb.Unique
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrConflict), errors.Is(err, ErrFull), errors.Is(err, ErrReadOnly):
		return sqldb.Away
	}
	return sqldb.Other
}

// Close implements sqldb.Engine.
func (e *Engine) Close() error {
	e.pool.Close()
	return nil
}
