package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/civil"
	"holdfast/internal/pgdb"
	"holdfast/rail/relational"
	"holdfast/uid"
)

// maxRows bounds the rows that go to the server in one piece.
const maxRows = 5000

// tx is a transaction.
type tx struct {
	ctx context.Context //nolint:containedctx // of this transaction alone, which ends before the call that made it
	tx  pgx.Tx
}

func (t *tx) Exec(statement string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(t.ctx, statements[statement], values(args)...)
	return tag.RowsAffected(), pgdb.Classify(err)
}

// Many sends rows by column: the arguments of its statements are arrays.
func (t *tx) Many(statement string, rows [][]any) (n int64, err error) {
	for part := range slices.Chunk(rows, maxRows) {
		columns := make([][]any, len(part[0]))
		for i := range columns {
			columns[i] = make([]any, len(part))
		}
		for at, row := range part {
			for i, v := range values(row) {
				columns[i][at] = v
			}
		}
		args := make([]any, len(columns))
		for i := range args {
			args[i] = columns[i]
		}
		tag, err := t.tx.Exec(t.ctx, statements[statement], args...)
		if err != nil {
			return n, pgdb.Classify(err)
		}
		n += tag.RowsAffected()
	}
	return n, nil
}

func (t *tx) Rows(statement string, args []any, each func(relational.Row) error) error {
	return t.query(statements[statement], values(args), each)
}

func (t *tx) Now() (at time.Time, err error) {
	err = pgdb.Classify(t.tx.QueryRow(t.ctx, now).Scan(&at))
	return at, err
}

func (t *tx) query(query string, args []any, each func(relational.Row) error) error {
	rows, err := t.tx.Query(t.ctx, query, args...)
	if err != nil {
		return pgdb.Classify(err)
	}
	defer rows.Close()
	var r row
	for rows.Next() {
		r.columns, r.next = rows.RawValues(), 0
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
		switch v := arg.(type) {
		case uid.ID:
			out[i] = v[:]
		case civil.Date:
			year, month, day := v.Civil()
			out[i] = time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		default:
			out[i] = arg
		}
	}
	return out
}

// row gives the columns of one row from left to right, from PostgreSQL's binary format: a start reads tens of
// thousands of runs, and decoding them by way of interfaces took most of its time. A column of another width
// than what is asked for is a defect of a statement, which every test of it shows.
type row struct {
	columns [][]byte
	next    int
	wrong   error
}

func (r *row) raw() []byte {
	r.next++
	return r.columns[r.next-1]
}

// fixed is the next column, which must be so many bytes wide.
func (r *row) fixed(width int) []byte {
	b := r.raw()
	if len(b) != width {
		if r.wrong == nil {
			r.wrong = fmt.Errorf("rail/postgres: column %d has %d bytes, want %d", r.next, len(b), width)
		}
		return make([]byte, width)
	}
	return b
}

func (r *row) ID() (id uid.ID) {
	if r.columns[r.next] == nil {
		r.next++
		return id
	}
	copy(id[:], r.fixed(len(id)))
	return id
}

func (r *row) Bytes() []byte { return slices.Clone(r.raw()) }

func (r *row) Int() int64 {
	if len(r.columns[r.next]) == 4 { // integer; the others are bigint
		return int64(int32(binary.BigEndian.Uint32(r.fixed(4))))
	}
	return int64(binary.BigEndian.Uint64(r.fixed(8)))
}

// epochDays is the day that PostgreSQL counts from: 2000-01-01.
const epochDays = 10_957

func (r *row) Float() float64 { return math.Float64frombits(binary.BigEndian.Uint64(r.fixed(8))) }
func (r *row) Text() string   { return string(r.raw()) }
func (r *row) Bool() bool     { return r.fixed(1)[0] != 0 }
func (r *row) Date() civil.Date {
	return civil.Date(int32(binary.BigEndian.Uint32(r.fixed(4))) + epochDays)
}
