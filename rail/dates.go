package rail

import (
	"bytes"
	"errors"
	"iter"
	"math/bits"

	"holdfast/civil"
)

// Dates is a set of days: bit i%8 of byte i/8 is the day First+i. The first and the last byte are not zero, so equal
// sets have equal bytes.
type Dates struct {
	First civil.Date
	Bits  []byte
}

var errDates = errors.New("stored dates are not in their plain form")

// DatesOf is the set of some days, in any order.
func DatesOf(days []civil.Date) Dates {
	if len(days) == 0 {
		return Dates{}
	}
	first, last := days[0], days[0]
	for _, d := range days {
		first, last = min(first, d), max(last, d)
	}
	s := Dates{First: first, Bits: make([]byte, (last-first)/8+1)}
	for _, d := range days {
		s.Bits[(d-first)/8] |= 1 << ((d - first) % 8)
	}
	return s
}

// Check refuses bytes that DatesOf does not make.
func (s Dates) Check() error {
	if len(s.Bits) == 0 {
		return nil
	}
	if s.Bits[0]&1 == 0 || s.Bits[len(s.Bits)-1] == 0 || len(s.Bits) > MaxDates/8+1 {
		return errDates
	}
	return nil
}

// Has reports whether the set holds a day.
func (s Dates) Has(d civil.Date) bool {
	i := int(d) - int(s.First)
	return i >= 0 && i/8 < len(s.Bits) && s.Bits[i/8]>>(i%8)&1 == 1
}

// Count is how many days the set holds.
func (s Dates) Count() (n int) {
	for _, b := range s.Bits {
		n += bits.OnesCount8(b)
	}
	return n
}

// Last is the last day; false for an empty set.
func (s Dates) Last() (civil.Date, bool) {
	if len(s.Bits) == 0 {
		return 0, false
	}
	last := len(s.Bits) - 1
	return s.First.Add(8*last + bits.Len8(s.Bits[last]) - 1), true
}

// Equal compares two sets.
func (s Dates) Equal(o Dates) bool {
	return len(s.Bits) == 0 && len(o.Bits) == 0 || s.First == o.First && bytes.Equal(s.Bits, o.Bits)
}

// Between gives the days of [from, to), ascending.
func (s Dates) Between(from, to civil.Date) iter.Seq[civil.Date] {
	return func(yield func(civil.Date) bool) {
		from, to := max(from, s.First), min(to, s.First.Add(8*len(s.Bits)))
		for d := from; d < to; d++ {
			if s.Has(d) && !yield(d) {
				return
			}
		}
	}
}

// All gives all days, ascending.
func (s Dates) All() iter.Seq[civil.Date] { return s.Between(s.First, s.First.Add(8*len(s.Bits))) }
