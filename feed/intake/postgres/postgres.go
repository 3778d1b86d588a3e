// Package postgres keeps feeds in one schema of a PostgreSQL database, which any number of processes share.
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
	"holdfast/feed/intake"
	"holdfast/feed/intake/relational"
	"holdfast/internal/pgdb"
	"holdfast/internal/sqlfile"
	"holdfast/uid"
)

// Schema is where everything is.
const Schema = "intake"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var queries = sqlfile.Parse("feed/intake/postgres/queries.sql", text)

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
		err := pgdb.Tx(ctx, e.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(p pgx.Tx) error { return fn(&tx{ctx, p}) })
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
	return translate(pgdb.Tx(ctx, e.pool, options, func(p pgx.Tx) error { return fn(&tx{ctx, p}) }))
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
		return fmt.Errorf("%w: %w", intake.ErrUnknownCommit, err)
	case errors.Is(err, pgdb.ErrUnique):
		return fmt.Errorf("%w: %w", intake.ErrTaken, err)
	case errors.Is(err, pgdb.ErrUnavailable), errors.Is(err, pgdb.ErrConflict), errors.Is(err, pgdb.ErrFull), errors.Is(err, pgdb.ErrReadOnly):
		return fault.Overloaded(retryAfter).Because(err)
	}
	return err
}

// tx is a transaction.
type tx struct {
	ctx context.Context //nolint:containedctx // of this transaction alone, which ends before the call that made it
	tx  pgx.Tx
}

func (t *tx) Exec(statement string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(t.ctx, statements[statement], values(args)...)
	return tag.RowsAffected(), pgdb.Classify(err)
}

func (t *tx) Rows(statement string, args []any, each func(relational.Row) error) error {
	return t.query(statements[statement], values(args), each)
}

func (t *tx) Now() (at time.Time, err error) {
	err = t.query(now, nil, func(r relational.Row) error {
		at = r.Time()
		return nil
	})
	return at, err
}

func (t *tx) query(query string, args []any, each func(relational.Row) error) error {
	rows, err := t.tx.Query(t.ctx, query, args...)
	if err != nil {
		return pgdb.Classify(err)
	}
	defer rows.Close()
	for rows.Next() {
		columns, err := rows.Values()
		if err != nil {
			return err
		}
		r := row{columns: columns}
		if err := each(&r); err != nil {
			return err
		}
		if r.wrong != nil {
			return r.wrong
		}
	}
	return pgdb.Classify(rows.Err())
}

// values are arguments as pgx takes them.
func values(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		if id, ok := arg.(uid.ID); ok {
			out[i] = id[:]
		} else {
			out[i] = arg
		}
	}
	return out
}

// row gives the columns of one row from left to right. A column of another type than what is asked for is a defect of a
// statement, which every test of it shows.
type row struct {
	columns []any
	next    int
	wrong   error
}

// take is the next column as a type.
func take[T any](r *row) (v T) {
	r.next++
	v, ok := r.columns[r.next-1].(T)
	if !ok && r.wrong == nil {
		r.wrong = fmt.Errorf("feed/intake/postgres: column %d is a %T", r.next, r.columns[r.next-1])
	}
	return v
}

func (r *row) ID() (id uid.ID) {
	copy(id[:], take[[]byte](r))
	return id
}

func (r *row) Bytes() []byte   { return take[[]byte](r) }
func (r *row) Int() int64      { return take[int64](r) }
func (r *row) Text() string    { return take[string](r) }
func (r *row) Bool() bool      { return take[bool](r) }
func (r *row) Time() time.Time { return take[time.Time](r).UTC() }
