// Package table reads the tables of reservation from outside, without any code of the engines: what proofs and benchmarks
// verify must not be read by what they verify. All queries of one use see one snapshot, so it does not matter whether a
// sweep or a payment is still writing.
package table

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/uid"
)

// Source gives the rows of a query; a row is valid during the call, and an error of fn ends the reading.
type Source interface {
	Each(ctx context.Context, sql string, fn func(Row) error) error
}

// Row reads columns by place, from 0.
type Row interface {
	Int(column int) int64
	ID(column int) uid.ID
	Text(column int) string
	Bytes(column int) []byte // a copy
}

// Postgres opens the schema of reservation in a database for as long as use takes.
func Postgres(ctx context.Context, dsn string, use func(Source) error) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{"SET search_path = reservation", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return use(database{conn})
}

type database struct{ conn *pgx.Conn }

// Each implements Source.
func (d database) Each(ctx context.Context, sql string, fn func(Row) error) error {
	rows, err := d.conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(wire(rows.RawValues())); err != nil {
			return err
		}
	}
	return rows.Err()
}

// wire is a row in PostgreSQL's binary format.
type wire [][]byte

// Int implements Row.
func (w wire) Int(column int) int64 {
	switch b := w[column]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	default:
		panic(fmt.Sprintf("column %d has %d bytes; ask for integers there", column, len(b)))
	}
}

// ID implements Row.
func (w wire) ID(column int) (id uid.ID) {
	copy(id[:], w[column])
	return id
}

// Text implements Row.
func (w wire) Text(column int) string { return string(w[column]) }

// Bytes implements Row.
func (w wire) Bytes(column int) []byte { return append([]byte(nil), w[column]...) }

// SQLite opens the file of reservation for as long as use takes.
func SQLite(ctx context.Context, path string, use func(Source) error) (err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetInterrupt(ctx.Done())
	if err := sqlitex.ExecuteTransient(conn, "BEGIN", nil); err != nil {
		return err
	}
	return use(file{conn})
}

type file struct{ conn *sqlite.Conn }

// Each implements Source.
func (f file) Each(_ context.Context, sql string, fn func(Row) error) error {
	stmt, err := f.conn.Prepare(sql)
	if err != nil {
		return err
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		if err := fn(record{stmt}); err != nil {
			return errors.Join(err, stmt.Reset())
		}
	}
}

type record struct{ stmt *sqlite.Stmt }

// Int implements Row.
func (r record) Int(column int) int64 { return r.stmt.ColumnInt64(column) }

// ID implements Row.
func (r record) ID(column int) (id uid.ID) {
	r.stmt.ColumnBytes(column, id[:])
	return id
}

// Text implements Row.
func (r record) Text(column int) string { return r.stmt.ColumnText(column) }

// Bytes implements Row.
func (r record) Bytes(column int) []byte {
	b := make([]byte, r.stmt.ColumnLen(column))
	r.stmt.ColumnBytes(column, b)
	return b
}
