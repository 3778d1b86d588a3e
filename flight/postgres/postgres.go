// Package postgres keeps flights in one schema of a PostgreSQL database. Any number of processes may work on it: writes
// take place one after the other, and a process sees what others wrote by asking for what changed.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/fault"
	"holdfast/flight"
	"holdfast/flight/relational"
	"holdfast/internal/pgdb"
	"holdfast/internal/sqlfile"
)

// Schema is where everything is.
const Schema = "flight"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var queries = sqlfile.Parse("flight/postgres/queries.sql", text)

var (
	now        = queries.Get("now")
	statements = byName(relational.Statements)
)

func byName(names []string) map[string]string {
	out := make(map[string]string, len(names))
	for _, name := range names {
		out[name] = queries.Get(name)
	}
	return out
}

// Migrate creates the schema if there is none and brings it to the version this binary needs.
func Migrate(ctx context.Context, dsn string) error {
	return pgdb.Migrate(ctx, dsn, Schema, migrations)
}

// Open opens a migrated schema with at most maxConns connections (0: the default of pgdb); one at another version than
// this binary needs is refused.
func Open(ctx context.Context, dsn string, maxConns int32) (*relational.Store, error) {
	if err := pgdb.RequireVersion(ctx, dsn, Schema, migrations); err != nil {
		return nil, err
	}
	pool, err := pgdb.Open(ctx, dsn, pgdb.Options{Schema: Schema, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	return relational.New(&engine{pool}), nil
}

type engine struct{ pool *pgxpool.Pool }

const (
	tries      = 8                    // of a transaction that lost against another one
	firstPause = 2 * time.Millisecond // before the next try; each further pause is twice as long
	retryAfter = time.Second          // what a caller is told when the database is away
)

func (e *engine) Write(ctx context.Context, fn func(relational.Tx) error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		err := pgdb.Tx(ctx, e.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(p pgx.Tx) error {
			t := &tx{ctx: ctx, tx: p}
			if err := fn(t); err != nil {
				return err
			}
			return t.flush()
		})
		if !errors.Is(err, pgdb.ErrConflict) || try == tries {
			return translate(err)
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

func (e *engine) Read(ctx context.Context, fn func(relational.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return translate(pgdb.Tx(ctx, e.pool, options, func(p pgx.Tx) error { return fn(&tx{ctx: ctx, tx: p}) }))
}

func (e *engine) Close() error {
	e.pool.Close()
	return nil
}

func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgdb.ErrUnknownCommit):
		return fmt.Errorf("%w: %w", flight.ErrUnknownCommit, err)
	case errors.Is(err, pgdb.ErrUnavailable), errors.Is(err, pgdb.ErrConflict), errors.Is(err, pgdb.ErrFull), errors.Is(err, pgdb.ErrReadOnly):
		return fault.Overloaded(retryAfter).Because(err)
	}
	return err
}
