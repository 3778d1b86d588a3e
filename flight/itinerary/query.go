package itinerary

import (
	"fmt"
	"slices"
	"time"
)

// MaxStops is the most changes of one itinerary.
const MaxStops = 2

// Bounds of what is asked.
const (
	MaxPlaces = 32                 // airports at either end of a slice
	maxSpan   = 100 * 24 * 60 * 60 // seconds of one slice
	minuteDay = 24 * 60
)

// Slice is one direction as asked: from any of some airports (those of a metropolitan area) to any of others, leaving within
// [Earliest, Latest), Unix seconds: a local date, resolved by the caller in the zone of From.
type Slice struct {
	From, To         []string
	Earliest, Latest int64
}

func (s Slice) check() error {
	switch {
	case len(s.From) == 0 || len(s.To) == 0 || len(s.From) > MaxPlaces || len(s.To) > MaxPlaces:
		return fmt.Errorf("from %d to %d airports: want 1 to %d each", len(s.From), len(s.To), MaxPlaces)
	case s.Earliest >= s.Latest || s.Latest-s.Earliest > maxSpan:
		return fmt.Errorf("leaving within [%d, %d): want at least a second and at most %d", s.Earliest, s.Latest, maxSpan)
	}
	for _, code := range s.From {
		if slices.Contains(s.To, code) {
			return fmt.Errorf("%s is both where the slice starts and where it ends", code)
		}
	}
	return nil
}

// Clock is a range of local times of day in minutes, both inclusive; From > To passes midnight. The zero value is any time.
type Clock struct{ From, To int16 }

// Has reports whether the local minute of the day is in the range.
func (c Clock) Has(minute int16) bool {
	switch {
	case c == Clock{}:
		return true
	case c.From <= c.To:
		return c.From <= minute && minute <= c.To
	default:
		return minute >= c.From || minute <= c.To
	}
}

// local is the minute of the day at an instant, minutes east of UTC.
func local(at int64, offset int16) int16 {
	minutes := (at/60 + int64(offset)) % minuteDay
	if minutes < 0 {
		minutes += minuteDay
	}
	return int16(minutes)
}

// Filter is what an itinerary must be like. Every field narrows; those at zero do not, but for MaxStops. It is applied
// before dominated connections are left out, so a flight that does not pass hides nothing.
type Filter struct {
	MaxStops    int      // changes, 0..2
	Include     []string // only these marketing carriers
	Exclude     []string // none of these marketing carriers
	Cabin       string   // every departure offers it
	DepartLocal Clock    // when the first segment leaves
	ArriveLocal Clock    // when the last one arrives
	MaxDuration time.Duration
	// Sellable says whether a segment can be had at all: seats for all travellers, a fare. It is asked often, so it
	// must be quick, and must give one answer throughout a search. nil: all can.
	Sellable func(Segment) bool
}

func (f *Filter) check() error {
	if f.MaxStops < 0 || f.MaxStops > MaxStops || f.MaxDuration < 0 {
		return fmt.Errorf("at most %d changes, %v: want 0 to %d and no negative time", f.MaxStops, f.MaxDuration, MaxStops)
	}
	for _, c := range []Clock{f.DepartLocal, f.ArriveLocal} {
		if min(c.From, c.To) < 0 || max(c.From, c.To) >= minuteDay {
			return fmt.Errorf("local times from %d to %d: want minutes of a day", c.From, c.To)
		}
	}
	return nil
}

// Found is what a search found, in the order of Itinerary.Compare.
type Found struct {
	Itineraries []Itinerary
	// Truncated: the search reached Rules.MaxWork and may have missed connections with two changes, or then with one.
	// Flights without a change are always all there.
	Truncated bool
	Steps     int // of work done, in the unit of Rules.MaxWork
}

// Search finds the itineraries of a slice. It fails on a filter or a slice that means nothing; airports that the network
// does not have are places nobody flies to.
func (n *Network) Search(s Slice, f Filter) (Found, error) {
	p, err := n.plan(s, &f)
	if err != nil {
		return Found{}, err
	}
	return p.run(s.Earliest, s.Latest), nil
}
