package pgdb

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/civil"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

const (
	maxQueued = 1000 // bounds the statements, and the rows of one of them, that go to the server in one piece
	maxRows   = 5000 // bounds the rows of Many that do
)

// tx is the sqldb.Tx of an Engine. Queued statements travel together: what has many rows is written in a few
// round trips.
type tx struct {
	ctx    context.Context //nolint:containedctx // of this transaction alone, which ends before the call that made it
	tx     pgx.Tx
	tables *Tables
	batch  pgx.Batch

	many string  // the statement that follows those in batch, with one row after the other; "" for none
	rows [][]any // its arguments, by column
}

func (t *tx) Exec(statement string, args ...any) (int64, error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	tag, err := t.tx.Exec(t.ctx, t.tables.Statements[statement], values(args)...)
	return tag.RowsAffected(), Classify(err)
}

func (t *tx) Queue(statement string, args ...any) error {
	if t.many != statement {
		t.gather()
	}
	if t.tables.Wholesale[statement] == "" {
		t.batch.Queue(t.tables.Statements[statement], values(args)...)
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
	t.batch.Queue(t.tables.Statements[t.tables.Wholesale[t.many]], arrays(t.rows)...)
	t.many, t.rows = "", nil
}

func (t *tx) flush() error {
	t.gather()
	if t.batch.Len() == 0 {
		return nil
	}
	batch := t.batch
	t.batch = pgx.Batch{}
	return Classify(t.tx.SendBatch(t.ctx, &batch).Close())
}

// Many sends rows by column: the arguments of its statements are arrays.
func (t *tx) Many(statement string, rows [][]any) (n int64, err error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
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
		tag, err := t.tx.Exec(t.ctx, t.tables.Statements[statement], arrays(columns)...)
		if err != nil {
			return n, Classify(err)
		}
		n += tag.RowsAffected()
	}
	return n, nil
}

func (t *tx) Rows(statement string, args []any, each func(sqldb.Row) error) error {
	return t.query(statement, values(args), each)
}

func (t *tx) Each(statement string, ids []uid.ID, each func(sqldb.Row) error) error {
	array := make([][]byte, len(ids))
	for i := range ids {
		array[i] = ids[i][:]
	}
	return t.query(statement, []any{array}, each)
}

func (t *tx) Now() (at time.Time, err error) {
	err = t.query("now", nil, func(r sqldb.Row) error {
		at = r.Time()
		return nil
	})
	return at, err
}

func (t *tx) query(statement string, args []any, each func(sqldb.Row) error) error {
	if err := t.flush(); err != nil {
		return err
	}
	rows, err := t.tx.Query(t.ctx, t.tables.Statements[statement], args...)
	if err != nil {
		return Classify(err)
	}
	defer rows.Close()
	r := row{statement: statement}
	for rows.Next() {
		r.columns, r.next = rows.RawValues(), 0
		if err := each(&r); err != nil {
			return err
		}
		if r.wrong != nil {
			return r.wrong
		}
	}
	return Classify(rows.Err())
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

// arrays are columns as arguments.
func arrays(columns [][]any) []any {
	args := make([]any, len(columns))
	for i := range args {
		args[i] = columns[i]
	}
	return args
}
