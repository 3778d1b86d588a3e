package stock

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/uid"
)

// Bounds of a layout.
const (
	MaxLayoutUnits = 2_048
	MaxUnitLabel   = 12
	MaxAbsences    = 256
)

// ErrLayout is the root of every refusal of a layout.
var ErrLayout = errors.New("layout")

// Traits are what a traveller may ask of a unit, one bit each.
type Traits uint16

// The traits.
const (
	Window Traits = 1 << iota
	Aisle
	Table
	Quiet
	ExitRow
	Legroom
	Accessible
	Power
	Compartment
	Bulkhead
	Family
	Bike
)

// traitText are the words of the API, in the order of the bits.
var traitText = [...]string{"window", "aisle", "table", "quiet", "exit_row", "legroom", "accessible", "power", "compartment", "bulkhead", "family", "bike"}

// Words are the words of the traits, in order.
func (t Traits) Words() []string {
	words := []string{}
	for i, text := range traitText {
		if t&(1<<i) != 0 {
			words = append(words, text)
		}
	}
	return words
}

// Unit is one thing that is given out by name: a seat.
type Unit struct {
	Label  string // "12A", "7-61": unique in its layout
	Group  uint16 // a coach, a deck; who travels together sits in one
	Row    uint16 // seats of one row or bay of the group share it
	Tier   uint8  // index into the prices of an offer's Seating
	Traits Traits
}

// Absence says that the units [FromUnit, ToUnit), counted from 1, are not there in the slots [From, To): a coach that
// joins later.
type Absence struct {
	FromUnit, ToUnit int32
	From, To         Slot
}

// Layout is the units of a pool in the order in which they stand: the unit with number n is Units[n-1], and neighbours
// have neighbouring numbers. It never changes; many pools share one.
type Layout struct {
	Units  []Unit
	Absent []Absence
}

// Check refuses a layout without units, with too many, or with labels that are empty, too long or used twice.
func (l *Layout) Check() error {
	if len(l.Units) == 0 || len(l.Units) > MaxLayoutUnits {
		return fmt.Errorf("%w of %d units; 1 to %d are possible", ErrLayout, len(l.Units), MaxLayoutUnits)
	}
	seen := make(map[string]bool, len(l.Units))
	for i, u := range l.Units {
		if u.Label == "" || len(u.Label) > MaxUnitLabel || seen[u.Label] || !utf8.ValidString(u.Label) || strings.ContainsFunc(u.Label, unicode.IsControl) {
			return fmt.Errorf("%w: unit %d has the label %q, which is empty, too long, used twice or no text", ErrLayout, i+1, u.Label)
		}
		seen[u.Label] = true
	}
	if len(l.Absent) > MaxAbsences {
		return fmt.Errorf("%w with %d absences; at most %d are possible", ErrLayout, len(l.Absent), MaxAbsences)
	}
	for _, a := range l.Absent {
		if a.FromUnit < 1 || a.FromUnit >= a.ToUnit || int(a.ToUnit) > len(l.Units)+1 || a.From < 0 || a.From >= a.To {
			return fmt.Errorf("%w: absence %+v is empty or names units that are not there", ErrLayout, a)
		}
	}
	return nil
}

// ID is the content address of the layout: equal layouts have equal ids.
func (l *Layout) ID() uid.ID {
	h := sha256.New()
	var b []byte
	b = append(b, "layout\x00"...)
	for _, u := range l.Units {
		b = append(b, byte(len(u.Label)))
		b = append(b, u.Label...)
		b = binary.BigEndian.AppendUint16(b, u.Group)
		b = binary.BigEndian.AppendUint16(b, u.Row)
		b = append(b, u.Tier)
		b = binary.BigEndian.AppendUint16(b, uint16(u.Traits))
	}
	b = append(b, 0)
	for _, a := range l.Absent {
		for _, n := range []int32{a.FromUnit, a.ToUnit, int32(a.From), int32(a.To)} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
	}
	h.Write(b)
	var id uid.ID
	copy(id[:], h.Sum(nil))
	return id
}

// Present is how many units are there in a slot.
func (l *Layout) Present(s Slot) int32 {
	n := int32(len(l.Units))
	if len(l.Absent) == 0 {
		return n
	}
	away := make([]bool, len(l.Units)+1) // absences may overlap
	for _, a := range l.Absent {
		if s < a.From || s >= a.To {
			continue
		}
		for u := a.FromUnit; u < a.ToUnit; u++ {
			if !away[u] {
				away[u] = true
				n--
			}
		}
	}
	return n
}

// Number is the number of the unit with a label; 0 if there is none.
func (l *Layout) Number(label string) int32 {
	for i := range l.Units {
		if l.Units[i].Label == label {
			return int32(i + 1)
		}
	}
	return 0
}

// Unit is the unit with a number; the zero Unit if there is none.
func (l *Layout) Unit(number int32) Unit {
	if number < 1 || int(number) > len(l.Units) {
		return Unit{}
	}
	return l.Units[number-1]
}

// Blocks is how many blocks hold the units of the layout.
func (l *Layout) Blocks() int { return (len(l.Units) + UnitsPerBlock - 1) / UnitsPerBlock }
