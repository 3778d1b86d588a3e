package pgdb

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/migration"
	"holdfast/internal/sqldb"
	"holdfast/test/engine"
	"holdfast/test/engine/sqldbtest"
	"holdfast/uid"
)

const things = `
	CREATE TABLE things (
		id bytea PRIMARY KEY, up bytea, n bigint NOT NULL, small integer, ratio double precision NOT NULL, text text NOT NULL,
		yes boolean NOT NULL, day date NOT NULL, at timestamptz NOT NULL, raw bytea NOT NULL
	);`

const thingStatements = `
-- name: put
INSERT INTO things (id, up, n, small, ratio, text, yes, day, at, raw) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
-- name: many
INSERT INTO things (id, up, n, small, ratio, text, yes, day, at, raw)
SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::integer[], $5::double precision[], $6::text[], $7::boolean[], $8::date[], $9::timestamptz[], $10::bytea[]);
-- name: touch
UPDATE things SET n = n + $2 WHERE id = $1;
-- name: all
SELECT id, up, n, small, ratio, text, yes, day, at, raw FROM things ORDER BY n;
-- name: of
SELECT id, up, n, small, ratio, text, yes, day, at, raw FROM things WHERE up = ANY ($1) ORDER BY up, n;
-- name: count
SELECT count(*) FROM things;
-- name: now
SELECT now();
-- name: clash
SELECT fail($1);
-- name: narrow
SELECT true, 7::bigint;
`

// fail ends a transaction with an error of PostgreSQL.
const fail = `
-- +goose StatementBegin
	CREATE FUNCTION fail(code text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = code; END $$;
-- +goose StatementEnd`

func thingTables(wholesale map[string]string) *Tables {
	return &Tables{
		Schema: schema, Migrations: files(map[string]string{"00001_things.sql": things + fail}), Wholesale: wholesale,
		Statements: sqldb.Parse("things.sql", thingStatements, sqldbtest.Statements, "now", "clash", "narrow"),
	}
}

func engineOn(t *testing.T, tables *Tables) *Engine {
	t.Helper()
	dsn := engine.Postgres(t)
	if err := tables.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	e, err := tables.Open(t.Context(), dsn, 3)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func closed(t *testing.T, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestEngine(t *testing.T) {
	for name, wholesale := range map[string]map[string]string{"one by one": nil, "wholesale": {"put": "many"}} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.RunEngine(t, func(t *testing.T) sqldb.Engine { return engineOn(t, thingTables(wholesale)) })
		})
	}
}

func TestOpenWantsTheSchema(t *testing.T) {
	if _, err := thingTables(nil).Open(t.Context(), engine.Postgres(t), 1); !errors.Is(err, migration.ErrOld) {
		t.Errorf("got %v, want ErrOld", err)
	}
}

// trips counts how often a connection goes to the server, and how many statements it takes there.
type trips struct{ n, statements atomic.Int64 }

func (c *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	c.statements.Add(1)
	return ctx
}
func (c *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	c.statements.Add(1)
}
func (c *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// Many rows go to the server in few pieces: a timetable is written so.
func TestEngineRoundTrips(t *testing.T) {
	dsn := engine.Postgres(t)
	tables := thingTables(map[string]string{"put": "many"})
	if err := tables.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	count := &trips{}
	config.ConnConfig.Tracer = count
	if err := settle(config.ConnConfig, schema); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{pool, tables}
	defer closed(t, e)
	row := func(n int) []any {
		return []any{uid.New(), nil, int64(n), nil, 0.0, "", false, time.Unix(0, 0), time.Unix(0, 0), []byte{}}
	}
	for name, test := range map[string]struct {
		write            func(sqldb.Tx) error
		want, statements int64 // with BEGIN and COMMIT
	}{
		"nothing": {func(sqldb.Tx) error { return nil }, 2, 2},
		"queued": {func(tx sqldb.Tx) error {
			for i := range 2500 {
				if err := tx.Queue("put", row(i)...); err != nil {
					return err
				}
			}
			return nil
		}, 2 + 3, 2 + 3},
		"two statements queued": {func(tx sqldb.Tx) error {
			for i := range 400 {
				if err := errors.Join(tx.Queue("put", row(i)...), tx.Queue("touch", uid.New(), int64(1))); err != nil {
					return err
				}
			}
			return nil
		}, 2 + 1, 2 + 800},
		"many": {func(tx sqldb.Tx) error {
			var rows [][]any
			for i := range 12_000 {
				rows = append(rows, row(i))
			}
			_, err := tx.Many("many", rows)
			return err
		}, 2 + 3, 2 + 3},
	} {
		before, statements := count.n.Load(), count.statements.Load()
		if err := e.Write(t.Context(), test.write); err != nil {
			t.Fatal(err)
		}
		if n, sent := count.n.Load()-before, count.statements.Load()-statements; n != test.want || sent != test.statements {
			t.Errorf("%s: %d round trips with %d statements, want %d with %d", name, n, sent, test.want, test.statements)
		}
	}
}

// clash makes a transaction lose against another one.
func clash(tx sqldb.Tx, code string) error {
	return tx.Rows("clash", []any{code}, func(sqldb.Row) error { return nil })
}

// A transaction that lost runs again, at most so often; every other error ends it.
func TestEngineConflicts(t *testing.T) {
	e := engineOn(t, thingTables(nil))
	defer closed(t, e)
	for _, test := range []struct {
		code  string
		lost  int // tries that fail
		tries int
		kind  sqldb.Kind
	}{
		{"40001", 0, 1, 0},
		{"40001", 3, 4, 0},
		{"40P01", tries - 1, tries, 0},
		{"40001", tries, tries, sqldb.Away},
		{"23505", 1, 1, sqldb.Unique},
		{"57014", 1, 1, sqldb.Away},
		{"23514", 1, 1, sqldb.Other},
	} {
		ran := 0
		err := e.Write(t.Context(), func(tx sqldb.Tx) error {
			if ran++; ran <= test.lost {
				return clash(tx, test.code)
			}
			return nil
		})
		if ran != test.tries || (err == nil) != (test.kind == 0) || err != nil && e.Kind(err) != test.kind {
			t.Errorf("%s %d times: %d tries and %v, want %d and kind %d", test.code, test.lost, ran, err, test.tries, test.kind)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := e.Write(ctx, func(tx sqldb.Tx) error {
		defer cancel()
		return clash(tx, "40001")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before the next try: %v", err)
	}
}

// A statement that gives another type than the store asks for is found out.
func TestWrongColumn(t *testing.T) {
	e := engineOn(t, thingTables(nil))
	defer closed(t, e)
	err := e.Read(t.Context(), func(tx sqldb.Tx) error {
		return tx.Rows("narrow", nil, func(r sqldb.Row) error {
			_, _ = r.ID(), r.Int()
			return nil
		})
	})
	if err == nil || !strings.Contains(err.Error(), "narrow: column 1 has 1 bytes, want 16") {
		t.Errorf("got %v", err)
	}
}

// Writers of other processes cannot be held.
func TestNoHold(t *testing.T) {
	if _, err := sqldb.New(&Engine{}, sqldb.Errors{}).Hold(t.Context()); err == nil {
		t.Error("held")
	}
}

func TestEngineKinds(t *testing.T) {
	for err, want := range map[error]sqldb.Kind{
		&CommitError{Unknown: true, err: ErrUnavailable}: sqldb.UnknownCommit,
		&CommitError{Unknown: false, err: ErrUnique}:     sqldb.Unique,
		ErrUnavailable:           sqldb.Away,
		ErrConflict:              sqldb.Away,
		ErrFull:                  sqldb.Away,
		ErrReadOnly:              sqldb.Away,
		ErrForeignKey:            sqldb.Other,
		context.DeadlineExceeded: sqldb.Other,
	} {
		if got := (&Engine{}).Kind(err); got != want {
			t.Errorf("%v is of kind %d, want %d", err, got, want)
		}
	}
}
