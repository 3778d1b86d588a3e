package check

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"

	"holdfast/uid"
)

// Postgres verifies the schema of reservation in a database.
func Postgres(ctx context.Context, dsn string, want Expect) (*Report, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "SET search_path = reservation"); err != nil {
		return nil, err
	}
	return verify(ctx, postgres{conn}, want)
}

type postgres struct{ conn *pgx.Conn }

func (p postgres) each(ctx context.Context, sql string, fn func(row)) error {
	rows, err := p.conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		fn(wire(rows.RawValues()))
	}
	return rows.Err()
}

// wire is a row in PostgreSQL's binary format.
type wire [][]byte

func (w wire) int(column int) int64 {
	switch b := w[column]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	default:
		panic(fmt.Sprintf("column %d has %d bytes; the queries of this package ask for integers", column, len(b)))
	}
}

func (w wire) id(column int) (id uid.ID) {
	copy(id[:], w[column])
	return id
}

// SQLite verifies the file of reservation.
func SQLite(ctx context.Context, path string, want Expect) (_ *Report, err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetInterrupt(ctx.Done())
	return verify(ctx, file{conn}, want)
}

type file struct{ conn *sqlite.Conn }

func (f file) each(_ context.Context, sql string, fn func(row)) error {
	stmt, err := f.conn.Prepare(sql)
	if err != nil {
		return err
	}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return err
		}
		fn(record{stmt})
	}
}

type record struct{ stmt *sqlite.Stmt }

func (r record) int(column int) int64 { return r.stmt.ColumnInt64(column) }

func (r record) id(column int) (id uid.ID) {
	r.stmt.ColumnBytes(column, id[:])
	return id
}
