package rail

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"holdfast/stock"
	"holdfast/uid"
)

// Class is a class of a train. Offers and pools name it by its word.
type Class uint8

// The classes.
const (
	First Class = iota + 1
	Second
)

// Classes are all there are.
var Classes = [...]Class{First, Second}

// String is the word of the API.
func (c Class) String() string { return [...]string{"", "first", "second"}[c] }

// ParseClass reads a word; false for one that is none.
func ParseClass(s string) (Class, bool) {
	for _, c := range Classes {
		if c.String() == s {
			return c, true
		}
	}
	return 0, false
}

// Bounds of a formation.
const (
	MaxCoaches     = 40
	MaxCoachNumber = 5   // bytes
	MaxCoachSeats  = 300 // of one class
)

// Coach is one coach of a train with the seats of its kind.
type Coach struct {
	Number       string `json:"number"`
	Type         string `json:"type,omitempty"`
	First        int32  `json:"first,omitempty"`
	Second       int32  `json:"second,omitempty"`
	Compartments int32  `json:"compartments,omitempty"` // of all seats, those in compartments
	From         string `json:"from,omitempty"`         // station where it joins; "" for the whole run
	To           string `json:"to,omitempty"`           // station where it leaves
}

func (c *Coach) seats(class Class) int32 {
	if class == First {
		return c.First
	}
	return c.Second
}

// Formation is the coaches of a train in order: a document that never changes, named by its content. Places are sold
// without seat numbers instead, in the second class: a bus.
type Formation struct {
	ID      uid.ID  `json:"-"`
	Coaches []Coach `json:"coaches,omitempty"`
	Places  int32   `json:"places,omitempty"`
}

// NewFormation checks and names a formation.
func NewFormation(coaches []Coach, places int32) (*Formation, error) {
	f := &Formation{Coaches: coaches, Places: places}
	if err := f.check(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	f.ID = derive("formation", string(body))
	return f, nil
}

// Body is the formation as it is stored.
func (f *Formation) Body() ([]byte, error) { return json.Marshal(f) }

// ParseFormation reads what Body wrote.
func ParseFormation(id uid.ID, body []byte) (*Formation, error) {
	f := &Formation{ID: id}
	if err := json.Unmarshal(body, f); err != nil {
		return nil, fmt.Errorf("stored formation: %w", err)
	}
	return f, nil
}

func (f *Formation) check() error {
	if len(f.Coaches) > MaxCoaches {
		return fmt.Errorf("%d coaches; at most %d are possible", len(f.Coaches), MaxCoaches)
	}
	numbers := map[string]bool{}
	for i := range f.Coaches {
		c := &f.Coaches[i]
		switch {
		case c.First < 0 || c.First > MaxCoachSeats || c.Second < 0 || c.Second > MaxCoachSeats:
			return fmt.Errorf("coach %s has %d and %d seats; at most %d of a class are possible", c.Number, c.First, c.Second, MaxCoachSeats)
		case c.Compartments < 0 || c.Compartments > c.First+c.Second:
			return fmt.Errorf("coach %s has more seats in compartments than seats", c.Number)
		case c.First+c.Second == 0:
			continue // an engine, a restaurant: nobody needs its number
		case c.Number == "" || len(c.Number) > MaxCoachNumber:
			return fmt.Errorf("a coach with seats has the number %q; 1 to %d characters are possible", c.Number, MaxCoachNumber)
		case numbers[c.Number]:
			return fmt.Errorf("two coaches have the number %s", c.Number)
		}
		numbers[c.Number] = true
	}
	for _, class := range Classes {
		if n := f.Seats(class); n > stock.MaxLayoutUnits {
			return fmt.Errorf("%d seats of the %s class; at most %d are possible", n, class, stock.MaxLayoutUnits)
		}
	}
	if f.Places < 0 || f.Places > stock.MaxLayoutUnits || f.Places > 0 && f.Seats(Second) > 0 {
		return fmt.Errorf("%d places without a number beside %d seats", f.Places, f.Seats(Second))
	}
	return nil
}

// Seats is how many seats of a class the coaches have together, where all of them are there.
func (f *Formation) Seats(class Class) (n int32) {
	for i := range f.Coaches {
		n += f.Coaches[i].seats(class)
	}
	return n
}

// moves reports whether a coach joins or leaves on the way.
func (f *Formation) moves() bool {
	return slices.ContainsFunc(f.Coaches, func(c Coach) bool { return c.From != "" || c.To != "" })
}

// Sells reports whether there is anything of a class to be sold.
func (f *Formation) Sells(class Class) bool {
	return f.Seats(class) > 0 || class == Second && f.Places > 0
}

// The seat plan. Railways publish how many seats a kind of coach has and how many of those are in compartments, seldom
// where each one is; this plan stands in for it, and is the same for the same numbers.
//
// The seats of the first class come first, then those of the second, and of each class the compartments first. A
// compartment has six seats: two at the window, two in the middle, two at the corridor. Open rows have four seats in the
// second class (window, aisle, aisle, window) and three in the first (window, aisle, window). Rows two and three of
// every six face each other over a table. A seat is called by its coach, a hyphen, its row (from 1) and its place in the
// row: 7-61 is the first seat of the sixth row of coach 7. The first row of the first coach of a class is accessible;
// where a class has several coaches the first of them is quiet and the last one's tables are for families; the first
// class has power at every seat, the second at its tables.
const (
	compartmentSeats = 6
	firstRow         = 3
	secondRow        = 4
	tableCycle       = 6
)

// Layout is the seats of a class on a train that calls at some stations, nil when it has none. A coach that joins or
// leaves on the way is absent on the segments without it; one whose station the train does not call at stays all the
// way.
func (f *Formation) Layout(class Class, stations []string) *stock.Layout {
	var of []int // coaches with seats of the class
	for i := range f.Coaches {
		if f.Coaches[i].seats(class) > 0 {
			of = append(of, i)
		}
	}
	if len(of) == 0 {
		return nil
	}
	l := &stock.Layout{}
	segments := stock.Slot(len(stations) - 1)
	for n, i := range of {
		c := &f.Coaches[i]
		from := int32(len(l.Units)) + 1
		var all stock.Traits
		if len(of) > 1 && n == 0 {
			all |= stock.Quiet
		}
		c.plan(class, func(row, place int, t stock.Traits) {
			if n == 0 && row == firstRowOf(c, class) {
				t |= stock.Accessible
			}
			if n == len(of)-1 && n > 0 && t&stock.Table != 0 {
				t |= stock.Family
			}
			if class == First || t&stock.Table != 0 {
				t |= stock.Power
			}
			label := c.Number + "-" + strconv.Itoa(10*row+place)
			l.Units = append(l.Units, stock.Unit{Label: label, Group: uint16(i + 1), Row: uint16(row), Traits: t | all})
		})
		to := int32(len(l.Units)) + 1
		if at := slices.Index(stations, c.From); c.From != "" && at > 0 {
			l.Absent = append(l.Absent, stock.Absence{FromUnit: from, ToUnit: to, From: 0, To: stock.Slot(at)})
		}
		if at := lastIndex(stations, c.To); c.To != "" && at > 0 && stock.Slot(at) < segments {
			l.Absent = append(l.Absent, stock.Absence{FromUnit: from, ToUnit: to, From: stock.Slot(at), To: segments})
		}
	}
	return l
}

func lastIndex(list []string, s string) int {
	for i, v := range slices.Backward(list) {
		if v == s {
			return i
		}
	}
	return -1
}

// firstRowOf is the first row of a class in a coach: the second class follows the first.
func firstRowOf(c *Coach, class Class) (row int) {
	c.plan(class, func(r, _ int, _ stock.Traits) {
		if row == 0 {
			row = r
		}
	})
	return row
}

// plan gives the seats of a class in a coach, row by row.
func (c *Coach) plan(class Class, seat func(row, place int, t stock.Traits)) {
	row := 0
	compartments := c.Compartments
	for _, k := range Classes {
		left := c.seats(k)
		inside := min(compartments, left)
		compartments -= inside
		left -= inside
		for inside > 0 {
			row++
			for place := 1; place <= compartmentSeats && inside > 0; place, inside = place+1, inside-1 {
				t := stock.Compartment
				if place <= 2 {
					t |= stock.Window
				} else if place > 4 {
					t |= stock.Aisle
				}
				if k == class {
					seat(row, place, t)
				}
			}
		}
		width := secondRow
		if k == First {
			width = firstRow
		}
		for open := 1; left > 0; open++ {
			row++
			for place := 1; place <= width && left > 0; place, left = place+1, left-1 {
				t := stock.Aisle
				if place == 1 || place == width {
					t = stock.Window
				}
				if n := open % tableCycle; n == 2 || n == 3 {
					t |= stock.Table
				}
				if k == class {
					seat(row, place, t)
				}
			}
		}
	}
}

// CoachType is what a kind of coach of a railway holds.
type CoachType struct {
	Code         string `json:"code"`
	Name         string `json:"name,omitempty"`
	First        int32  `json:"first,omitempty"`
	Second       int32  `json:"second,omitempty"`
	Compartments int32  `json:"compartments,omitempty"`
}
