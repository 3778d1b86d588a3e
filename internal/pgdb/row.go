package pgdb

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/uid"
)

// row gives the columns of one row from left to right, from PostgreSQL's binary format, without a detour by way of
// interfaces: a start reads millions of rows, and decoding them that way took most of its time. A column of another
// width than what is asked for is a defect of a statement, which every test of it shows.
type row struct {
	statement string
	columns   [][]byte
	next      int
	wrong     error
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
			r.wrong = fmt.Errorf("%s: column %d has %d bytes, want %d", r.statement, r.next, len(b), width)
		}
		return make([]byte, width)
	}
	return b
}

// null skips the next column if it is NULL.
func (r *row) null() bool {
	if r.columns[r.next] != nil {
		return false
	}
	r.next++
	return true
}

func (r *row) ID() (id uid.ID) {
	if !r.null() {
		copy(id[:], r.fixed(len(id)))
	}
	return id
}

func (r *row) Int() int64 {
	if len(r.columns[r.next]) == 4 { // integer; the others are bigint
		return int64(int32(binary.BigEndian.Uint32(r.fixed(4))))
	}
	return int64(binary.BigEndian.Uint64(r.fixed(8)))
}

func (r *row) OptionalInt() *int32 {
	if r.null() {
		return nil
	}
	n := int32(r.Int())
	return &n
}

// The day and the instant that PostgreSQL counts from: 2000-01-01.
const (
	epochDays   = 10_957
	epochMicros = epochDays * 24 * 60 * 60 * 1_000_000
)

func (r *row) Bytes() []byte  { return slices.Clone(r.raw()) }
func (r *row) Float() float64 { return math.Float64frombits(binary.BigEndian.Uint64(r.fixed(8))) }
func (r *row) Text() string   { return string(r.raw()) }
func (r *row) Bool() bool     { return r.fixed(1)[0] != 0 }

func (r *row) Date() civil.Date {
	return civil.Date(int32(binary.BigEndian.Uint32(r.fixed(4))) + epochDays)
}

func (r *row) Time() time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(r.fixed(8))) + epochMicros).UTC()
}
