package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/civil"
	"holdfast/flight/relational"
	"holdfast/internal/pgdb"
	"holdfast/uid"
)

// maxQueued bounds the statements that go to the server in one piece.
const maxQueued = 1000

// tx is a transaction. Queued statements travel together: a timetable is written in a few round trips.
type tx struct {
	ctx   context.Context //nolint:containedctx // of this transaction alone, which ends before the call that made it
	tx    pgx.Tx
	batch pgx.Batch

	many string  // the statement that follows those in batch, with one row after the other; "" for none
	rows [][]any // its arguments, by column
}

// wholesale names statements whose arguments are arrays, for many rows at once: a timetable is written as 100,000
// departures. No two rows one after the other may have one key.
var wholesale = map[string]bool{
	"put_departure": true, "clear_legs": true, "put_leg": true, "put_fare": true, "put_command": true, "drop_command": true, "free_command": true,
}

func (t *tx) Exec(statement string, args ...any) (int64, error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	tag, err := t.tx.Exec(t.ctx, statements[statement], values(args)...)
	return tag.RowsAffected(), pgdb.Classify(err)
}

func (t *tx) Queue(statement string, args ...any) error {
	if t.many != statement {
		t.gather()
	}
	if !wholesale[statement] {
		t.batch.Queue(statements[statement], values(args)...)
	} else {
		t.many = statement
		if t.rows == nil {
			t.rows = make([][]any, len(args))
		}
		for i, v := range values(args) {
			t.rows[i] = append(t.rows[i], v)
		}
	}
	if t.batch.Len() >= maxQueued || len(t.rows) > 0 && len(t.rows[0]) >= maxQueued {
		return t.flush()
	}
	return nil
}

// gather puts the rows that belong together into the batch, as one statement.
func (t *tx) gather() {
	if t.many == "" {
		return
	}
	args := make([]any, len(t.rows))
	for i := range args {
		args[i] = t.rows[i]
	}
	t.batch.Queue(statements[t.many], args...)
	t.many, t.rows = "", nil
}

func (t *tx) flush() error {
	t.gather()
	if t.batch.Len() == 0 {
		return nil
	}
	batch := t.batch
	t.batch = pgx.Batch{}
	return pgdb.Classify(t.tx.SendBatch(t.ctx, &batch).Close())
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
	if err := t.flush(); err != nil {
		return err
	}
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

// row gives the columns of one row from left to right, from PostgreSQL's binary format, without a detour by way of
// interfaces: a start reads every departure. A column of another width than what is asked for is a defect of a
// statement, which every test of it shows.
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
			r.wrong = fmt.Errorf("flight/postgres: column %d has %d bytes, want %d", r.next, len(b), width)
		}
		return make([]byte, width)
	}
	return b
}

func (r *row) ID() (id uid.ID) {
	copy(id[:], r.fixed(len(id)))
	return id
}

func (r *row) Int() int64 {
	if len(r.columns[r.next]) == 4 { // integer; the others are bigint
		return int64(int32(binary.BigEndian.Uint32(r.fixed(4))))
	}
	return int64(binary.BigEndian.Uint64(r.fixed(8)))
}

// The day and the instant that PostgreSQL counts from: 2000-01-01.
const (
	epochDays   = 10_957
	epochMicros = epochDays * 24 * 60 * 60 * 1_000_000
)

func (r *row) Float() float64 { return math.Float64frombits(binary.BigEndian.Uint64(r.fixed(8))) }
func (r *row) Text() string   { return string(r.raw()) }
func (r *row) Bool() bool     { return r.fixed(1)[0] != 0 }
func (r *row) Date() civil.Date {
	return civil.Date(int32(binary.BigEndian.Uint32(r.fixed(4))) + epochDays)
}

func (r *row) Time() time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(r.fixed(8))) + epochMicros).UTC()
}
