package sqlitedb

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/civil"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

// tx is the sqldb.Tx of an Engine. There is no wire between it and the file, so it queues nothing.
type tx struct {
	conn       *sqlite.Conn
	statements sqldb.Statements
}

func (t *tx) Exec(statement string, args ...any) (int64, error) {
	return t.run(statement, args, nil)
}

func (t *tx) Queue(statement string, args ...any) error {
	_, err := t.run(statement, args, nil)
	return err
}

func (t *tx) Many(statement string, rows [][]any) (n int64, err error) {
	for _, args := range rows {
		changed, err := t.run(statement, args, nil)
		if err != nil {
			return n, err
		}
		n += changed
	}
	return n, nil
}

func (t *tx) Rows(statement string, args []any, row func(sqldb.Row) error) error {
	_, err := t.run(statement, args, row)
	return err
}

func (t *tx) Each(statement string, ids []uid.ID, row func(sqldb.Row) error) error {
	for _, id := range ids {
		if _, err := t.run(statement, []any{id}, row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Now() (time.Time, error) { return time.Now(), nil }

// run steps through a statement; a connection prepares each once.
func (t *tx) run(statement string, args []any, each func(sqldb.Row) error) (changed int64, err error) {
	stmt, err := t.conn.Prepare(t.statements[statement])
	if err != nil {
		return 0, err
	}
	for i, arg := range args {
		bind(stmt, i+1, arg)
	}
	r := row{stmt: stmt}
	for {
		more, err := stmt.Step()
		if err != nil {
			return 0, Classify(err) // a failed Step has reset the statement
		}
		if !more {
			break
		}
		if each == nil {
			continue
		}
		r.next = 0
		if err := each(&r); err != nil {
			_ = stmt.Reset()
			return 0, err
		}
	}
	changed = int64(t.conn.Changes())
	return changed, stmt.Reset()
}

func bind(stmt *sqlite.Stmt, at int, arg any) {
	switch v := arg.(type) {
	case nil:
		stmt.BindNull(at)
	case uid.ID:
		stmt.BindBytes(at, v[:])
	case []byte:
		stmt.BindBytes(at, v)
	case int64:
		stmt.BindInt64(at, v)
	case float64:
		stmt.BindFloat(at, v)
	case string:
		stmt.BindText(at, v)
	case bool:
		stmt.BindBool(at, v)
	case civil.Date:
		stmt.BindInt64(at, int64(v))
	case time.Time:
		stmt.BindInt64(at, v.UnixMicro())
	default:
		panic(fmt.Sprintf("sqlitedb: argument of type %T", arg))
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

func (r *row) OptionalInt() *int32 {
	at := r.at()
	if r.stmt.ColumnIsNull(at) {
		return nil
	}
	n := int32(r.stmt.ColumnInt64(at))
	return &n
}

func (r *row) Int() int64       { return r.stmt.ColumnInt64(r.at()) }
func (r *row) Float() float64   { return r.stmt.ColumnFloat(r.at()) }
func (r *row) Text() string     { return r.stmt.ColumnText(r.at()) }
func (r *row) Bool() bool       { return r.stmt.ColumnInt64(r.at()) != 0 }
func (r *row) Date() civil.Date { return civil.Date(r.stmt.ColumnInt64(r.at())) }
func (r *row) Time() time.Time  { return time.UnixMicro(r.stmt.ColumnInt64(r.at())).UTC() }
