package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/pgdb"
	"holdfast/uid"
)

// This file speaks PostgreSQL's binary format for the few types this engine uses. pgx would encode an array element by
// element through interfaces, which for a batch of 512 placings (some 30,000 elements) takes longer than the server
// takes to store them.

// Object ids of the element types, fixed in PostgreSQL's catalogue.
const (
	oidBool        = 16
	oidBytes       = 17
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidTimestamptz = 1184
	oidUUID        = 2950
)

// postgresEpoch is what instants are counted from on the wire: 2000-01-01 in microseconds since 1970.
const postgresEpoch = 946_684_800_000_000

// The wire's names for "before and after every instant".
const (
	beforeAll = math.MinInt64
	afterAll  = math.MaxInt64
)

var binaryFormat = []int16{1}

// args are the parameters of one statement, encoded one behind the other in one buffer.
type args struct {
	buf  []byte
	ends []int // where each parameter ends; -1 for NULL
}

func (a *args) reset() *args {
	a.buf, a.ends = a.buf[:0], a.ends[:0]
	return a
}

func (a *args) end() *args {
	a.ends = append(a.ends, len(a.buf))
	return a
}

func (a *args) null() *args {
	a.ends = append(a.ends, -1)
	return a
}

func (a *args) int8(v int64) *args {
	a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(v))
	return a.end()
}

func (a *args) int4(v int32) *args {
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(v))
	return a.end()
}

func (a *args) int2(v int16) *args {
	a.buf = binary.BigEndian.AppendUint16(a.buf, uint16(v))
	return a.end()
}

func (a *args) text(v string) *args {
	a.buf = append(a.buf, v...)
	return a.end()
}

func (a *args) bytes(v []byte) *args {
	a.buf = append(a.buf, v...)
	return a.end()
}

func (a *args) id(v uid.ID) *args { return a.bytes(v[:]) }

// time adds an instant; the zero time is NULL.
func (a *args) time(v time.Time) *args {
	if v.IsZero() {
		return a.null()
	}
	return a.int8(v.UnixMicro() - postgresEpoch)
}

// array adds the head of an array of n elements, which put then appends.
func (a *args) array(oid uint32, n int, put func(buf []byte, i int) []byte) *args {
	if n == 0 {
		a.buf = append(a.buf, 0, 0, 0, 0, 0, 0, 0, 0)
		a.buf = binary.BigEndian.AppendUint32(a.buf, oid)
		return a.end()
	}
	// one dimension, NULLs possible, element type, length, lower bound
	a.buf = append(a.buf, 0, 0, 0, 1, 0, 0, 0, 1)
	a.buf = binary.BigEndian.AppendUint32(a.buf, oid)
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(n))
	a.buf = append(a.buf, 0, 0, 0, 1)
	for i := range n {
		a.buf = put(a.buf, i)
	}
	return a.end()
}

func appendNull(buf []byte) []byte { return append(buf, 255, 255, 255, 255) }

func appendInt8(buf []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(v))
}

func (a *args) int8s(n int, get func(int) int64) *args {
	return a.array(oidInt8, n, func(buf []byte, i int) []byte { return appendInt8(buf, get(i)) })
}

func (a *args) int4s(n int, get func(int) int32) *args {
	return a.array(oidInt4, n, func(buf []byte, i int) []byte {
		return binary.BigEndian.AppendUint32(append(buf, 0, 0, 0, 4), uint32(get(i)))
	})
}

func (a *args) int2s(n int, get func(int) int16) *args {
	return a.array(oidInt2, n, func(buf []byte, i int) []byte {
		return binary.BigEndian.AppendUint16(append(buf, 0, 0, 0, 2), uint16(get(i)))
	})
}

// optionalInt2s adds an array of integers, 0 as NULL.
func (a *args) optionalInt2s(n int, get func(int) int16) *args {
	return a.array(oidInt2, n, func(buf []byte, i int) []byte {
		v := get(i)
		if v == 0 {
			return appendNull(buf)
		}
		return binary.BigEndian.AppendUint16(append(buf, 0, 0, 0, 2), uint16(v))
	})
}

func (a *args) bools(n int, get func(int) bool) *args {
	return a.array(oidBool, n, func(buf []byte, i int) []byte {
		if get(i) {
			return append(buf, 0, 0, 0, 1, 1)
		}
		return append(buf, 0, 0, 0, 1, 0)
	})
}

// ids adds an array of ids, the zero id as it is.
func (a *args) ids(n int, get func(int) uid.ID) *args {
	return a.array(oidUUID, n, func(buf []byte, i int) []byte {
		id := get(i)
		return append(append(buf, 0, 0, 0, 16), id[:]...)
	})
}

// optionalIDs adds an array of ids, the zero id as NULL.
func (a *args) optionalIDs(n int, get func(int) uid.ID) *args {
	return a.array(oidUUID, n, func(buf []byte, i int) []byte {
		id := get(i)
		if id.IsZero() {
			return appendNull(buf)
		}
		return append(append(buf, 0, 0, 0, 16), id[:]...)
	})
}

func (a *args) times(n int, get func(int) time.Time) *args {
	return a.array(oidTimestamptz, n, func(buf []byte, i int) []byte {
		t := get(i)
		if t.IsZero() {
			return appendNull(buf)
		}
		return appendInt8(buf, t.UnixMicro()-postgresEpoch)
	})
}

func (a *args) texts(n int, get func(int) string) *args {
	return a.array(oidText, n, func(buf []byte, i int) []byte {
		s := get(i)
		return append(binary.BigEndian.AppendUint32(buf, uint32(len(s))), s...)
	})
}

// optionalTexts adds an array of texts, the empty one as NULL.
func (a *args) optionalTexts(n int, get func(int) string) *args {
	return a.array(oidText, n, func(buf []byte, i int) []byte {
		s := get(i)
		if s == "" {
			return appendNull(buf)
		}
		return append(binary.BigEndian.AppendUint32(buf, uint32(len(s))), s...)
	})
}

// documents adds an array of texts that put appends itself, without making strings of them.
func (a *args) documents(n int, put func(buf []byte, i int) []byte) *args {
	return a.array(oidText, n, func(buf []byte, i int) []byte { return appendSized(buf, i, put) })
}

// optionalDocuments adds an array of texts that put appends itself, nothing as NULL.
func (a *args) optionalDocuments(n int, put func(buf []byte, i int) []byte) *args {
	return a.array(oidText, n, func(buf []byte, i int) []byte {
		at := len(buf)
		if buf = appendSized(buf, i, put); len(buf) == at+4 {
			return appendNull(buf[:at])
		}
		return buf
	})
}

// blobs adds an array of bytes that put appends itself.
func (a *args) blobs(n int, put func(buf []byte, i int) []byte) *args {
	return a.array(oidBytes, n, func(buf []byte, i int) []byte { return appendSized(buf, i, put) })
}

// appendSized appends what put does, with its size before it.
func appendSized(buf []byte, i int, put func(buf []byte, i int) []byte) []byte {
	at := len(buf)
	buf = put(append(buf, 0, 0, 0, 0), i)
	binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
	return buf
}

func (a *args) byteses(n int, get func(int) []byte) *args {
	return a.array(oidBytes, n, func(buf []byte, i int) []byte {
		b := get(i)
		return append(binary.BigEndian.AppendUint32(buf, uint32(len(b))), b...)
	})
}

// values are the parameters as pgconn wants them; they share the buffer.
func (a *args) values(into [][]byte) [][]byte {
	start := 0
	for _, end := range a.ends {
		if end < 0 {
			into = append(into, nil)
			continue
		}
		into = append(into, a.buf[start:end:end])
		start = end
	}
	return into
}

// row is one row of an answer; its columns are read in order.
type row struct {
	columns [][]byte
	next    int
}

func (r *row) raw() []byte { r.next++; return r.columns[r.next-1] }

// int reads an integer of any width, or a boolean.
func (r *row) int() int64 {
	switch b := r.raw(); len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 1:
		return int64(b[0])
	}
	return 0
}

func (r *row) bool() bool { return r.int() != 0 }

func (r *row) text() string { return string(r.raw()) }

func (r *row) bytes() []byte { return append([]byte(nil), r.raw()...) }

func (r *row) id() (id uid.ID) {
	copy(id[:], r.raw())
	return id
}

func (r *row) time() time.Time {
	b := r.raw()
	if b == nil {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + postgresEpoch).UTC()
}

// query is one statement of queries.sql.
type query struct{ name, sql string }

// link is a connection of the pool with the statements it has prepared.
type link struct {
	pooled   *pgxpool.Conn
	wire     *pgconn.PgConn
	prepared map[string]*pgconn.StatementDescription
	scratch  args
	values   [][]byte
}

// settings of every connection. All statements name their rows by key or read an index in its order, so a plan made once
// serves whatever arrays come, and reading a whole table, or an index out of order, is never right. A process that dies between two statements must not keep its locks for as
// long as the network takes to notice.
var settings = []string{
	"SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off", "SET enable_bitmapscan = off",
	// A join is a look-up for each row of the one side, whatever the tables held when they were last analyzed.
	"SET enable_hashjoin = off", "SET enable_mergejoin = off",
	// Where a statement has no other way than the forbidden one (streams, pruning), its cost is what triggers compiling:
	// a look at a table of four rows took 20 ms.
	"SET jit = off",
	"SET idle_in_transaction_session_timeout = '10s'",
}

// customKey is where a connection keeps its link.
const customKey = "holdfast/reservation"

// acquire takes a connection from the pool.
func (s *Store) acquire(ctx context.Context) (*link, error) {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, pgdb.Classify(err)
	}
	wire := pooled.Conn().PgConn()
	if known, ok := wire.CustomData()[customKey].(*link); ok {
		known.pooled = pooled
		return known, nil
	}
	for _, set := range settings {
		// A relative of PostgreSQL may not have a setting (42704), and then does not need it.
		if _, err := wire.Exec(ctx, set).ReadAll(); err != nil {
			if answer, ok := errors.AsType[*pgconn.PgError](err); !ok || answer.Code != "42704" {
				pooled.Release()
				return nil, pgdb.Classify(fmt.Errorf("%s: %w", set, err))
			}
		}
	}
	l := &link{pooled: pooled, wire: wire, prepared: map[string]*pgconn.StatementDescription{}}
	wire.CustomData()[customKey] = l
	return l, nil
}

// scratchKeep bounds the buffers that a connection keeps between batches.
const scratchKeep = 4 << 20

// release gives the connection back; one with an open transaction is closed by the pool.
func (l *link) release() {
	if cap(l.scratch.buf) > scratchKeep {
		l.scratch = args{}
	}
	l.pooled.Release()
}

// pipe collects statements that go to the server together and are answered in order: one round trip.
type pipe struct {
	link  *link
	batch pgconn.Batch
	steps []step
	err   error
}

type step struct {
	name string
	read func(*row) error // nil: rows are not asked for
	// changed receives how many rows the statement changed; nil: nobody asks.
	changed *int
}

func (l *link) pipe() *pipe { return &pipe{link: l} }

// args are the parameters of the next statement.
func (p *pipe) args() *args { return p.link.scratch.reset() }

// get adds a statement whose rows are read one by one; the columns are valid during the call.
func (p *pipe) get(ctx context.Context, q query, a *args, read func(*row) error) {
	p.add(ctx, q, a, step{name: q.name, read: read})
}

// do adds a statement whose answer nobody reads. That it changes just the rows it should is for the server to see to
// (exactly, in queries.sql): an error there keeps the COMMIT behind it from happening.
func (p *pipe) do(ctx context.Context, q query, a *args) {
	p.add(ctx, q, a, step{name: q.name})
}

func (p *pipe) add(ctx context.Context, q query, a *args, s step) {
	if p.err != nil {
		return
	}
	description, ok := p.link.prepared[q.name]
	if !ok {
		if description, p.err = p.link.wire.Prepare(ctx, q.name, q.sql, nil); p.err != nil {
			p.err = fmt.Errorf("prepare %s: %w", q.name, p.err)
			return
		}
		p.link.prepared[q.name] = description
	}
	p.link.values = a.values(p.link.values[:0])
	p.batch.ExecStatement(description, p.link.values, binaryFormat, binaryFormat)
	p.steps = append(p.steps, s)
}

// run sends what was added and reads every answer. After an error the server has skipped the rest.
func (p *pipe) run(ctx context.Context) error {
	if p.err != nil {
		return pgdb.Classify(p.err)
	}
	if len(p.steps) == 0 {
		return nil
	}
	answers := p.link.wire.ExecBatch(ctx, &p.batch)
	var wrong error // ours; the answers that follow are read all the same, to leave the connection clean
	at := 0
	for answers.NextResult() {
		if err := p.steps[at].answer(answers.ResultReader()); err != nil && wrong == nil {
			wrong = err
		}
		at++
	}
	if err := answers.Close(); err != nil {
		return pgdb.Classify(fmt.Errorf("%s: %w", p.steps[min(at, len(p.steps)-1)].name, err))
	}
	return wrong
}

func (s step) answer(reader *pgconn.ResultReader) error {
	var wrong error
	for r := (row{}); reader.NextRow(); {
		if s.read == nil || wrong != nil {
			continue
		}
		r.columns, r.next = reader.Values(), 0
		wrong = s.read(&r)
	}
	tag, err := reader.Close()
	if err != nil {
		return nil //nolint:nilerr // the Close of all answers tells it
	}
	if s.changed != nil {
		*s.changed = int(tag.RowsAffected())
	}
	return wrong
}
