// Package sqlite keeps feeds in one SQLite file: the embedded engine. Instants are stored in microseconds, ids as 16
// bytes.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/feed/intake/relational"
	"holdfast/internal/sqlfile"
	"holdfast/internal/sqlitedb"
	"holdfast/uid"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var text string

var queries = sqlfile.Parse("feed/intake/sqlite/queries.sql", text)

// freeFeeds is run once, when the file is opened; the others are relational's.
var (
	freeFeeds  = queries.Get("free_feeds")
	statements = byName(relational.Statements)
)

func byName(names []string) map[string]string {
	out := make(map[string]string, len(names))
	for _, name := range names {
		out[name] = queries.Get(name)
	}
	return out
}

// Schema is the version of the schema that this binary needs.
func Schema() (int64, error) { return sqlitedb.Latest(migrations) }

// Migrate brings the file at path, created if there is none, to the schema this engine needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Open opens the file at path, which must stand at the schema this engine needs (see Migrate). One process has the
// file at a time, so feeds that a process before this one was working on are free again.
func Open(ctx context.Context, path string) (*relational.Store, error) {
	if err := sqlitedb.RequireVersion(ctx, path, migrations); err != nil {
		return nil, err
	}
	db, err := sqlitedb.Open(ctx, path, sqlitedb.Options{})
	if err != nil {
		return nil, err
	}
	err = db.Write(ctx, func(conn *sqlite.Conn) error {
		_, err := (&tx{conn}).run(freeFeeds, []any{time.Now()}, nil)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("free feeds: %w", err), db.Close())
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

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant.
func (e *engine) Hold(ctx context.Context) (release func(), err error) { return e.db.Hold(ctx) }

func (e *engine) Close() error { return e.db.Close() }

func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqlitedb.ErrUnknownCommit):
		return fmt.Errorf("%w: %w", intake.ErrUnknownCommit, err)
	case errors.Is(err, sqlitedb.ErrUnique):
		return fmt.Errorf("%w: %w", intake.ErrTaken, err)
	case errors.Is(err, sqlitedb.ErrBusy), errors.Is(err, sqlitedb.ErrFull), errors.Is(err, sqlitedb.ErrIO), errors.Is(err, sqlitedb.ErrClosed):
		return fault.Overloaded(retryAfter).Because(err)
	}
	return err
}

// tx is a transaction.
type tx struct{ conn *sqlite.Conn }

func (t *tx) Exec(statement string, args ...any) (int64, error) {
	return t.run(statements[statement], args, nil)
}

func (t *tx) Rows(statement string, args []any, row func(relational.Row) error) error {
	_, err := t.run(statements[statement], args, row)
	return err
}

func (t *tx) Now() (time.Time, error) { return time.Now(), nil }

// run steps through a statement; a connection prepares each once.
func (t *tx) run(query string, args []any, each func(relational.Row) error) (changed int64, err error) {
	stmt, err := t.conn.Prepare(query)
	if err != nil {
		return 0, err
	}
	for i, arg := range args {
		bind(stmt, i+1, arg)
	}
	for {
		more, err := stmt.Step()
		if err != nil {
			return 0, sqlitedb.Classify(err) // a failed Step has reset the statement
		}
		if !more {
			break
		}
		if each == nil {
			continue
		}
		if err := each(&row{stmt: stmt}); err != nil {
			_ = stmt.Reset()
			return 0, err
		}
	}
	changed = int64(t.conn.Changes())
	return changed, stmt.Reset()
}

func bind(stmt *sqlite.Stmt, at int, arg any) {
	switch v := arg.(type) {
	case uid.ID:
		stmt.BindBytes(at, v[:])
	case []byte:
		stmt.BindBytes(at, v)
	case int64:
		stmt.BindInt64(at, v)
	case string:
		stmt.BindText(at, v)
	case bool:
		stmt.BindBool(at, v)
	case time.Time:
		stmt.BindInt64(at, v.UnixMicro())
	default:
		panic(fmt.Sprintf("feed/intake/sqlite: argument of type %T", arg))
	}
}

// row reads the columns of the row a statement stands on.
type row struct {
	stmt *sqlite.Stmt
	next int
}

func (r *row) at() int {
	r.next++
	return r.next - 1
}

func (r *row) ID() (id uid.ID) {
	r.stmt.ColumnBytes(r.at(), id[:])
	return id
}

func (r *row) Bytes() []byte {
	at := r.at()
	b := make([]byte, r.stmt.ColumnLen(at))
	r.stmt.ColumnBytes(at, b)
	return b
}

func (r *row) Int() int64      { return r.stmt.ColumnInt64(r.at()) }
func (r *row) Text() string    { return r.stmt.ColumnText(r.at()) }
func (r *row) Bool() bool      { return r.stmt.ColumnInt64(r.at()) != 0 }
func (r *row) Time() time.Time { return time.UnixMicro(r.stmt.ColumnInt64(r.at())).UTC() }
