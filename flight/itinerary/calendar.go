package itinerary

import "fmt"

// MaxDays bounds one calendar.
const MaxDays = 62

// Day is a day of a calendar: leaving within [Earliest, Latest), Unix seconds.
type Day struct{ Earliest, Latest int64 }

// Cheapest is the cheapest itinerary of a day.
type Cheapest struct {
	Itinerary Itinerary // nil: nothing leaves, or nothing is sold
	Price     int64
	Truncated bool // see Found
}

// Calendar finds the cheapest itinerary of each day, exactly that which Search and price would give, the quicker and
// then the earlier of equal ones. price is asked once for each itinerary found; false: not for sale. What does not
// depend on the day, which edges lead from where to where and which of them are too long a way, is found once
// for all days; prices of segments are the caller's to remember.
func (n *Network) Calendar(from, to []string, days []Day, f Filter, price func(Itinerary) (int64, bool)) ([]Cheapest, error) {
	if len(days) == 0 || len(days) > MaxDays {
		return nil, fmt.Errorf("a calendar of %d days: want 1 to %d", len(days), MaxDays)
	}
	out := make([]Cheapest, len(days))
	var p *plan
	for i, day := range days {
		slice := Slice{From: from, To: to, Earliest: day.Earliest, Latest: day.Latest}
		if err := slice.check(); err != nil {
			return nil, err
		}
		if p == nil {
			var err error
			if p, err = n.plan(slice, &f); err != nil {
				return nil, err
			}
		}
		found := p.run(day.Earliest, day.Latest)
		best := Priced{}
		for _, it := range found.Itineraries {
			minor, ok := price(it)
			if !ok {
				continue
			}
			if next := (Priced{Itinerary: it, Price: minor}); best.Itinerary == nil || next.compare(&best) < 0 {
				best = next
			}
		}
		out[i] = Cheapest{Itinerary: best.Itinerary, Price: best.Price, Truncated: found.Truncated}
	}
	return out, nil
}
