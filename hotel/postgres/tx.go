package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/civil"
	"holdfast/hotel/relational"
	"holdfast/internal/pgdb"
	"holdfast/uid"
)

// maxQueued bounds the statements that go to the server in one piece.
const maxQueued = 1000

// tx is a transaction. Queued statements travel together: a house is written in a few round trips, however many rows
// it has.
type tx struct {
	ctx   context.Context //nolint:containedctx // of this transaction alone, which ends before the call that made it
	tx    pgx.Tx
	batch pgx.Batch

	many string  // the statement that follows those in batch, with one row after the other; "" for none
	rows [][]any // its arguments, by column
}

// wholesale names statements that another one does for many rows at once, its arguments being arrays: the runs of a
// house's lines are hundreds. No two rows in a row may have one key.
var wholesale = map[string]string{"put_rate": "put_rates", "put_restriction": "put_restrictions"}

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
	if wholesale[statement] == "" {
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
	t.batch.Queue(statements[wholesale[t.many]], args...)
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

func (t *tx) Each(statement string, hotels []uid.ID, each func(relational.Row) error) error {
	ids := make([][]byte, len(hotels))
	for i := range hotels {
		ids[i] = hotels[i][:]
	}
	return t.query(statements[statement], []any{ids}, each)
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
	for rows.Next() {
		columns, err := rows.Values()
		if err != nil {
			return err
		}
		if err := each(&row{columns: columns}); err != nil {
			return err
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

// row gives the columns of one row from left to right. A column of another type than asked for is a defect of a
// statement, which every test of it shows.
type row struct {
	columns []any
	next    int
}

func (r *row) value() any {
	r.next++
	return r.columns[r.next-1]
}

// get is the next column, which must be a T.
func get[T any](r *row) T {
	value := r.value()
	v, ok := value.(T)
	if !ok {
		panic(fmt.Sprintf("hotel/postgres: column %d is a %T, want a %T", r.next, value, v))
	}
	return v
}

func (r *row) ID() (id uid.ID) {
	copy(id[:], get[[]byte](r))
	return id
}

func (r *row) Int() int64 {
	if n, ok := r.columns[r.next].(int32); ok { // integer; the others are bigint
		r.next++
		return int64(n)
	}
	return get[int64](r)
}

func (r *row) OptionalInt() *int32 {
	if r.columns[r.next] == nil {
		r.next++
		return nil
	}
	n := int32(r.Int())
	return &n
}

func (r *row) Float() float64   { return get[float64](r) }
func (r *row) Text() string     { return get[string](r) }
func (r *row) Bool() bool       { return get[bool](r) }
func (r *row) Date() civil.Date { return civil.Date(get[time.Time](r).Unix() / 86400) }
func (r *row) Time() time.Time  { return get[time.Time](r).UTC() }
