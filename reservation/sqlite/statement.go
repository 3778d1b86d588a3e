package sqlite

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/internal/sqlitedb"
	"holdfast/uid"
)

// statement is a prepared statement whose parameters are bound in order and whose columns are read in order.
type statement struct {
	stmt   *sqlite.Stmt
	conn   *sqlite.Conn
	param  int // last bound, from 1
	column int // next read, from 0
}

// prepare gives the connection's statement; a connection prepares each once.
func prepare(conn *sqlite.Conn, query string) (statement, error) {
	stmt, err := conn.Prepare(query)
	return statement{stmt: stmt, conn: conn}, err
}

func (s *statement) int(v int64) { s.param++; s.stmt.BindInt64(s.param, v) }

func (s *statement) bool(v bool) { s.param++; s.stmt.BindBool(s.param, v) }

func (s *statement) text(v string) { s.param++; s.stmt.BindText(s.param, v) }

func (s *statement) null() { s.param++; s.stmt.BindNull(s.param) }

func (s *statement) blob(v []byte) { s.param++; s.stmt.BindBytes(s.param, v) }

// id binds an id; the zero id is stored as NULL.
func (s *statement) id(v uid.ID) {
	if v.IsZero() {
		s.null()
		return
	}
	s.blob(v[:])
}

// time binds an instant in microseconds; the zero time is stored as NULL.
func (s *statement) time(v time.Time) {
	if v.IsZero() {
		s.null()
		return
	}
	s.int(v.UnixMicro())
}

// exec runs a statement that gives no rows and makes it ready for the next parameters.
func (s *statement) exec() error {
	s.param = 0
	if _, err := s.stmt.Step(); err != nil {
		return sqlitedb.Classify(err) // a failed Step has reset the statement
	}
	return s.stmt.Reset()
}

// execRows is exec for a change that must meet just so many rows: anything else means that what was loaded is not what
// is stored, and the batch must fail.
func (s *statement) execRows(rows int, what string) error {
	if err := s.exec(); err != nil {
		return err
	}
	if n := s.conn.Changes(); n != rows {
		return fmt.Errorf("%s: %d rows changed, want %d: %w", what, n, rows, errGuard)
	}
	return nil
}

// next steps to the next row; after the last one the statement is ready for the next parameters.
func (s *statement) next() (bool, error) {
	s.param, s.column = 0, 0
	more, err := s.stmt.Step()
	if err != nil {
		return false, sqlitedb.Classify(err)
	}
	if !more {
		err = s.stmt.Reset()
	}
	return more, err
}

// one reads at most one row: read is called if there is one.
func (s *statement) one(read func()) error {
	more, err := s.next()
	if err != nil || !more {
		return err
	}
	read()
	return s.stmt.Reset()
}

// all reads every row.
func (s *statement) all(read func()) error {
	for {
		more, err := s.next()
		if err != nil || !more {
			return err
		}
		read()
	}
}

func (s *statement) getInt() int64 { s.column++; return s.stmt.ColumnInt64(s.column - 1) }

func (s *statement) getBool() bool { return s.getInt() != 0 }

func (s *statement) getText() string { s.column++; return s.stmt.ColumnText(s.column - 1) }

func (s *statement) getBytes() []byte {
	out := make([]byte, s.stmt.ColumnLen(s.column))
	s.stmt.ColumnBytes(s.column, out)
	s.column++
	return out
}

func (s *statement) getID() (id uid.ID) {
	s.stmt.ColumnBytes(s.column, id[:])
	s.column++
	return id
}

func (s *statement) getTime() time.Time {
	if s.stmt.ColumnIsNull(s.column) {
		s.column++
		return time.Time{}
	}
	return time.UnixMicro(s.getInt()).UTC()
}
