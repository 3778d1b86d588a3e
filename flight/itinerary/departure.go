package itinerary

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"holdfast/uid"
)

// MaxLegs bounds the legs of one departure.
const MaxLegs = 10

// Airport is where legs start and end.
type Airport struct {
	Code string // IATA
	// Area tells domestic from international: a leg within one area is domestic. A country's ISO code does, or one
	// name for countries without border checks between them.
	Area string
	// Latitude and Longitude bound detours. Both zero: unknown, and no detour is judged by this airport.
	Latitude, Longitude float64
}

// Leg is one take-off to one landing.
type Leg struct {
	From, To         string // codes of airports
	Departs, Arrives int64  // Unix seconds
	// DepartOffset and ArriveOffset are minutes east of UTC there and then; local times are shown and filtered by them.
	DepartOffset, ArriveOffset int16
	Kilometres                 int32 // flown; 0 unknown
}

// Number is a flight number of a carrier.
type Number struct {
	Carrier string // IATA or ICAO code
	Number  string // without leading zeros, with its operational suffix
}

func (n Number) String() string { return n.Carrier + " " + n.Number }

// Departure is one dated run of a flight. A network keeps the pointer: nobody may change it afterwards.
type Departure struct {
	ID         uid.ID
	Number            // as marketed by the carrier whose stock it is
	Operating  string // the carrier that flies it; "" is the marketing one
	Codeshares []Number
	Cabins     []string // offered, e.g. "economy"
	Legs       []Leg    // in order
}

// Operator is the carrier that flies it.
func (d *Departure) Operator() string {
	if d.Operating == "" {
		return d.Carrier
	}
	return d.Operating
}

// Check says what is wrong with a departure by itself.
func (d *Departure) Check() error {
	switch {
	case d.ID.IsZero():
		return fmt.Errorf("departure %s has no id", d.Number)
	case d.Carrier == "":
		return fmt.Errorf("departure %s has no carrier", d.ID.Text("dep"))
	case len(d.Legs) == 0 || len(d.Legs) > MaxLegs:
		return fmt.Errorf("departure %s has %d legs: want 1 to %d", d.Number, len(d.Legs), MaxLegs)
	}
	for i := range d.Legs {
		l := &d.Legs[i]
		switch {
		case l.From == "" || l.To == "" || l.From == l.To:
			return fmt.Errorf("departure %s: leg %d goes from %q to %q", d.Number, i+1, l.From, l.To)
		case l.Arrives <= l.Departs:
			return fmt.Errorf("departure %s: leg %d arrives before it leaves", d.Number, i+1)
		case i > 0 && (l.From != d.Legs[i-1].To || l.Departs < d.Legs[i-1].Arrives):
			return fmt.Errorf("departure %s: leg %d does not follow leg %d", d.Number, i+1, i)
		}
	}
	return nil
}

// Segment is a departure from a board to an off point: legs [Board, Off), which are the slots of its stock as well.
type Segment struct {
	Departure  *Departure
	Board, Off int
}

// First and Last are the first and the last leg.
func (s Segment) First() *Leg { return &s.Departure.Legs[s.Board] }

// Last is the last leg.
func (s Segment) Last() *Leg { return &s.Departure.Legs[s.Off-1] }

// From is the board point.
func (s Segment) From() string { return s.First().From }

// To is the off point.
func (s Segment) To() string { return s.Last().To }

// Departs is the instant of leaving, Unix seconds.
func (s Segment) Departs() int64 { return s.First().Departs }

// Arrives is the instant of arriving, Unix seconds.
func (s Segment) Arrives() int64 { return s.Last().Arrives }

// Kilometres is what is flown; 0 when one leg's is unknown.
func (s Segment) Kilometres() int32 {
	var sum int32
	for i := s.Board; i < s.Off; i++ {
		if s.Departure.Legs[i].Kilometres == 0 {
			return 0
		}
		sum += s.Departure.Legs[i].Kilometres
	}
	return sum
}

// Itinerary is how to get from one place to another: one to three segments, in order.
type Itinerary []Segment

// Departs is the instant of leaving, Unix seconds.
func (i Itinerary) Departs() int64 { return i[0].Departs() }

// Arrives is the instant of arriving, Unix seconds.
func (i Itinerary) Arrives() int64 { return i[len(i)-1].Arrives() }

// Duration is from leaving to arriving, in seconds.
func (i Itinerary) Duration() int64 { return i.Arrives() - i.Departs() }

// Stops is how often one changes.
func (i Itinerary) Stops() int { return len(i) - 1 }

// String names flights and times, for logs and tests.
func (i Itinerary) String() string {
	var b strings.Builder
	for k, s := range i {
		if k > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s-%s %d-%d", s.Departure.Number, s.From(), s.To(), s.Departs(), s.Arrives())
	}
	return b.String()
}

// Compare is a total order of itineraries by what they are: departure, arrival, changes, then the segments' ids and
// points. It makes every list of them deterministic.
func (i Itinerary) Compare(o Itinerary) int {
	if c := cmp.Or(cmp.Compare(i.Departs(), o.Departs()), cmp.Compare(i.Arrives(), o.Arrives()), cmp.Compare(len(i), len(o))); c != 0 {
		return c
	}
	return slices.CompareFunc(i, o, compareSegments)
}

func compareSegments(a, b Segment) int {
	return cmp.Or(bytes.Compare(a.Departure.ID[:], b.Departure.ID[:]), cmp.Compare(a.Board, b.Board), cmp.Compare(a.Off, b.Off))
}
