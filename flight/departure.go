package flight

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/stock"
	"holdfast/uid"
)

// Key is what tells one departure of a supplier from the others: a number may fly several times a day, each time from
// and to other airports.
type Key struct {
	Carrier string // the code the supplier sells under
	Number  string // without leading zeros
	Suffix  string // operational suffix; "" for none
	Date    civil.Date
	From    string // its first airport
	To      string // its last
}

// ID is the id of the departure: the same key has the same id, wherever and whenever it is met. It begins with the
// date, so that departures of a day lie together in an index.
func (k Key) ID(supplier uid.ID) uid.ID {
	h := sha256.New()
	h.Write(supplier[:])
	h.Write([]byte(k.Carrier + "\x00" + k.Number + "\x00" + k.Suffix + "\x00" + k.From + "\x00" + k.To))
	sum := h.Sum(nil)
	var id uid.ID
	binary.BigEndian.PutUint32(id[:4], uint32(k.Date)^1<<31)
	copy(id[4:], sum)
	return id
}

// Flight is how travellers know it: "HF 101", "HF 101A".
func (k Key) Flight() string { return k.Carrier + " " + k.Number + k.Suffix }

// State is where a departure stands.
type State uint8

// The states.
const (
	Scheduled State = iota + 1 // as planned
	Changed                    // at other times than planned, or diverted
	Cancelled                  // does not take place
	Departed                   // it has left
	Removed                    // no longer in the timetable, and never on sale; shown to nobody
	Awaited                    // word of it has come before its timetable; shown to nobody
)

var stateText = [...]string{Scheduled: "scheduled", Changed: "changed", Cancelled: "cancelled", Departed: "departed", Removed: "removed", Awaited: "awaited"}

// String is the word the API uses.
func (s State) String() string { return stateText[s] }

// Leg is one take-off to one landing. Times are to the second, UTC; offsets are minutes east of UTC there and then.
type Leg struct {
	From, To                   string // IATA
	Departs, Arrives           time.Time
	DepartOffset, ArriveOffset int16
}

// LegTimes are the times of a leg as an update tells them.
type LegTimes struct {
	Departs time.Time `json:"departs"`
	Arrives time.Time `json:"arrives"`
}

// Live is the newest word on a departure beyond its timetable. It holds whole: a later one replaces it.
type Live struct {
	Stamp     int64      `json:"stamp"`            // see DepartureUpdate.Stamp
	Source    string     `json:"source,omitempty"` // whose stamp that is; "" of staff and of senders without a name
	Cancelled bool       `json:"cancelled,omitempty"`
	Diverted  bool       `json:"diverted,omitempty"`
	Departed  bool       `json:"departed,omitempty"` // told, not computed
	Times     []LegTimes `json:"times,omitempty"`    // of every leg; nil: as planned
	Reason    string     `json:"reason,omitempty"`
	// Plan is the stamp of the timetable that last told something of the departure itself: it is new, changed, or its row
	// says more than a plan. A timetable that repeats what was known says nothing of its day.
	Plan int64 `json:"plan,omitempty"`
	// Seen are the stamps of the newest words of other sources: what they told before is not news.
	Seen map[string]int64 `json:"seen,omitempty"`
	At   int64            `json:"at,omitempty"` // when it was taken, microseconds since 1970
}

// Departure is one dated run of a flight. It is immutable once published; a change publishes a new one.
type Departure struct {
	ID       uid.ID // dep_
	Supplier uid.ID
	Key
	Feed       string   // who tells its timetable
	Operator   string   // operating carrier; "" is Carrier
	Codeshares []string // numbers it is also sold under: "YY1234"
	Equipment  string   // IATA aircraft type; "" unknown
	Tail       string   // registration; "" unknown
	Aircraft   uid.ID   // whose seats it has; zero: none fits, so it is not sold
	Legs       []Leg    // as planned, in order; empty while Awaited
	Removed    bool     // its timetable no longer has it
	Live       *Live    // nil: nothing beyond the timetable
	Control    *Control // nil: as the supplier's tariff says
	// Pools are its pools in the order of the tariff's cabins, and within a cabin of its booking classes, as they were
	// when they were made: see stock.go. Empty: it is preparing.
	Pools []Pool
	// Told counts what reservations on it were told of.
	Told int32
}

// Pool is one pool of a departure: of a cabin, or of the nest of one of its booking classes.
type Pool struct {
	ID    stock.PoolID `json:"id"`
	Cabin string       `json:"cabin"`
	Class string       `json:"class,omitempty"` // "": the cabin's own
	Form  string       `json:"form"`            // seats, way and classes it was made for: see form
	Gone  bool         `json:"gone,omitempty"`  // of a way it no longer takes: to be withdrawn
	// Edition tells pools of one form apart of which some have been given up in between.
	Edition  int32  `json:"edition,omitempty"`
	Top      string `json:"top,omitempty"`      // of a cabin's own: its highest booking class
	Units    int32  `json:"units,omitempty"`    // of a cabin's own: the seats it was made for
	Conflict bool   `json:"conflict,omitempty"` // it should be of another form, but something of it is taken
	// Buried is no pool any more: it remembers the edition of those that have been given up.
	Buried bool `json:"buried,omitempty"`
}

// Control is how one departure is sold where it differs from the tariff.
type Control struct {
	Closed        bool             `json:"closed,omitempty"`         // stop-sell
	OverbookingBP map[string]int32 `json:"overbooking_bp,omitempty"` // by cabin
	// Protected are the seats kept for a booking class and all above it, by class.
	Protected map[string]int32 `json:"protected,omitempty"`
	// LoadDependent has the protection levels computed (EMSR-b) from the demand the tariff expects and what is sold;
	// Protected then holds what came of it.
	LoadDependent bool `json:"load_dependent,omitempty"`
}

// legs are the legs as they are flown: with the times of the newest word.
func (d *Departure) legs() []Leg {
	if d.Live == nil || len(d.Live.Times) != len(d.Legs) || len(d.Legs) == 0 {
		return d.Legs
	}
	out := slices.Clone(d.Legs)
	for i, t := range d.Live.Times {
		out[i].Departs, out[i].Arrives = t.Departs, t.Arrives
	}
	return out
}

// state is where it stands at an instant.
func (d *Departure) state(now time.Time) State {
	switch {
	case len(d.Legs) == 0:
		return Awaited
	case d.Removed && !d.stocked():
		return Removed
	case d.Removed: // somebody may be booked on it
		return Cancelled
	case d.Live != nil && d.Live.Cancelled:
		return Cancelled
	}
	legs := d.legs()
	switch {
	case d.Live != nil && d.Live.Departed, !now.Before(legs[0].Departs):
		return Departed
	case d.Live != nil && (d.Live.Diverted || !sameLegs(legs, d.Legs)):
		return Changed
	}
	return Scheduled
}

// runs says whether it takes place.
func (d *Departure) runs() bool {
	return len(d.Legs) > 0 && !d.Removed && (d.Live == nil || !d.Live.Cancelled)
}

// sells reports whether it runs and has not been told to have left, whatever its times say.
func (d *Departure) sells() bool {
	return d.runs() && (d.Live == nil || !d.Live.Departed)
}

// departs is when it leaves its first airport; zero while Awaited.
func (d *Departure) departs() time.Time {
	if len(d.Legs) == 0 {
		return time.Time{}
	}
	if d.Live != nil && len(d.Live.Times) == len(d.Legs) {
		return d.Live.Times[0].Departs
	}
	return d.Legs[0].Departs
}

// arrives is when it lands at its last airport.
func (d *Departure) arrives() time.Time {
	if d.Live != nil && len(d.Live.Times) == len(d.Legs) {
		return d.Live.Times[len(d.Legs)-1].Arrives
	}
	return d.Legs[len(d.Legs)-1].Arrives
}

// preparing says that it cannot be sold yet, because reservation has no stock of it.
func (d *Departure) preparing() bool {
	return !slices.ContainsFunc(d.Pools, func(p Pool) bool { return !p.Gone })
}

// stocked says that reservation has pools of it, of whatever way.
func (d *Departure) stocked() bool {
	return slices.ContainsFunc(d.Pools, func(p Pool) bool { return !p.Buried })
}

// way is the airports it calls at, in order: what the slots of its pools mean.
func (d *Departure) way() string {
	if len(d.Legs) == 0 {
		return ""
	}
	b := []byte(d.Legs[0].From)
	for i := range d.Legs {
		b = append(append(b, ' '), d.Legs[i].To...)
	}
	return string(b)
}

// pool finds the pool of a cabin, or of a class's nest; 0 if there is none.
func (d *Departure) pool(cabin, class string) stock.PoolID {
	for i := range d.Pools {
		if p := &d.Pools[i]; p.Cabin == cabin && p.Class == class && !p.Gone {
			return d.Pools[i].ID
		}
	}
	return 0
}

func sameLegs(a, b []Leg) bool { return slices.Equal(a, b) }

func (l *Live) equal(o *Live) bool {
	if l == nil || o == nil {
		return l == o
	}
	return l.says(o) && l.Stamp == o.Stamp && l.Source == o.Source
}

// says compares what two words tell, whenever they were told.
func (l *Live) says(o *Live) bool {
	return l.Cancelled == o.Cancelled && l.Diverted == o.Diverted && l.Departed == o.Departed && l.Reason == o.Reason && slices.Equal(l.Times, o.Times)
}

// samePlan compares what a timetable tells of two departures.
func samePlan(a, b *Departure) bool {
	return a.Feed == b.Feed && a.Operator == b.Operator && a.Equipment == b.Equipment && a.Tail == b.Tail && a.Aircraft == b.Aircraft &&
		a.Removed == b.Removed && slices.Equal(a.Codeshares, b.Codeshares) && sameLegs(a.Legs, b.Legs)
}

// Schedule is a flight as its timetable repeats it: kept for staff to read; departures are made of it at once.
type Schedule struct {
	ID       uid.ID // of its content
	Supplier uid.ID
	Feed     string
	Carrier  string
	Number   string
	Suffix   string
	First    civil.Date // both inclusive
	Last     civil.Date
	Weekdays uint8         // bit 0 is Monday
	Legs     []ScheduleLeg // in order
}

// ScheduleLeg is one leg of a schedule. Times are local minutes after midnight of the flight's own date.
type ScheduleLeg struct {
	From       string   `json:"from"`
	To         string   `json:"to"`
	Departs    int32    `json:"departs"`
	Arrives    int32    `json:"arrives"`
	Equipment  string   `json:"equipment,omitempty"`
	Operator   string   `json:"operator,omitempty"`
	Codeshares []string `json:"codeshares,omitempty"`
}

// normal is a flight number as it is compared: "HF 0101 a" is "HF101A".
func normal(number string) string {
	s := strings.ToUpper(strings.Join(strings.Fields(number), ""))
	if len(s) < 3 {
		return s
	}
	carrier, rest := s[:2], s[2:]
	if len(rest) > 1 && rest[0] >= 'A' && rest[0] <= 'Z' { // an ICAO code
		carrier, rest = s[:3], s[3:]
	}
	trimmed := strings.TrimLeft(rest, "0")
	if trimmed != rest && (trimmed == "" || trimmed[0] > '9') { // a number begins with a digit
		trimmed = "0" + trimmed
	}
	return carrier + trimmed
}

// localDate is the date of leaving, there.
func localDate(l *Leg) civil.Date {
	return civil.Date(floorDiv(l.Departs.Unix()+int64(l.DepartOffset)*60, 86400))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
