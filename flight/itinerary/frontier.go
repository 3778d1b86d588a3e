package itinerary

import (
	"cmp"
	"math"
	"slices"
)

// candidate is an itinerary by the numbers of the network.
type candidate struct {
	departs, arrives int64
	carriers         carriers
	stops            uint8
	segments         [MaxStops + 1]*segment
}

func (c *candidate) compare(o *candidate) int {
	if d := cmp.Or(cmp.Compare(c.departs, o.departs), cmp.Compare(c.arrives, o.arrives), cmp.Compare(c.stops, o.stops)); d != 0 {
		return d
	}
	for i := range int(c.stops) + 1 {
		if d := compareSegments(c.segments[i].public(), o.segments[i].public()); d != 0 {
			return d
		}
	}
	return 0
}

// carriers is a set of one to three carriers, in ascending order, the rest -1.
type carriers [MaxStops + 1]int32

func carriersOf(list ...int32) carriers {
	c, n := carriers{-1, -1, -1}, 0
	for _, one := range list {
		i := 0
		for i < n && c[i] < one {
			i++
		}
		if i < n && c[i] == one {
			continue
		}
		copy(c[i+1:], c[i:n])
		c[i] = one
		n++
	}
	return c
}

// best is the earliest arrival by number of changes.
type best [MaxStops + 1]int64

var never = best{math.MaxInt64, math.MaxInt64, math.MaxInt64}

func (b *best) least(o *best) {
	if o == nil {
		return
	}
	for i := range b {
		b[i] = min(b[i], o[i])
	}
}

// earliest is the earliest arrival with so many changes or fewer.
func (b *best) earliest(stops int) int64 { return slices.Min(b[:stops+1]) }

// latest is the latest arrival that is not dominated by these, for an itinerary with so many changes: before every one
// with fewer changes, and no later than those with as many.
func (b *best) latest(stops int) int64 {
	at := b[stops]
	for _, fewer := range b[:stops] {
		if fewer != math.MaxInt64 {
			at = min(at, fewer-1)
		}
	}
	return at
}

// frontier is what itineraries that leave at some time or later arrive at, by the carriers that sell them. Itineraries
// are added as the time goes back, so everything in it leaves no earlier than what is compared with it.
type frontier struct {
	single []best // by carrier
	used   []int32
	more   map[carriers]*best
}

func (f *frontier) reset(n int) {
	if len(f.single) < n {
		f.single = make([]best, n)
		for i := range f.single {
			f.single[i] = never
		}
		f.used = f.used[:0]
	}
	for _, c := range f.used {
		f.single[c] = never
	}
	f.used = f.used[:0]
	if f.more == nil {
		f.more = map[carriers]*best{}
	}
	clear(f.more)
}

func (f *frontier) add(c *candidate) {
	b := &f.single[c.carriers[0]]
	if c.carriers[1] < 0 && *b == never {
		f.used = append(f.used, c.carriers[0])
	}
	if c.carriers[1] >= 0 {
		b = f.more[c.carriers]
		if b == nil {
			b = &best{never[0], never[1], never[2]}
			f.more[c.carriers] = b
		}
	}
	b[c.stops] = min(b[c.stops], c.arrives)
}

// of is what itineraries sold by these carriers or some of them arrive at.
func (f *frontier) of(set carriers) best {
	b := f.single[set[0]]
	if set[1] < 0 {
		return b
	}
	b.least(&f.single[set[1]])
	b.least(f.more[carriers{set[0], set[1], -1}])
	if set[2] < 0 {
		return b
	}
	b.least(&f.single[set[2]])
	b.least(f.more[carriers{set[0], set[2], -1}])
	b.least(f.more[carriers{set[1], set[2], -1}])
	b.least(f.more[set])
	return b
}

// undominated keeps what no other candidate dominates, in place. The order is lost.
func (f *frontier) undominated(list []candidate, n int) []candidate {
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.departs, a.departs), cmp.Compare(a.arrives, b.arrives), cmp.Compare(a.stops, b.stops))
	})
	f.reset(n)
	kept := list[:0]
	for i := 0; i < len(list); {
		// Equal ones do not dominate each other: all are judged before any is added.
		j := i
		for j < len(list) && list[j].departs == list[i].departs && list[j].arrives == list[i].arrives && list[j].stops == list[i].stops {
			j++
		}
		from := len(kept)
		for k := i; k < j; k++ {
			// Everything in the frontier differs in a time or the changes: what arrives no later dominates.
			c := &list[k]
			if before := f.of(c.carriers); c.stops == 0 || before.earliest(int(c.stops)) > c.arrives {
				kept = append(kept, *c)
			}
		}
		for k := from; k < len(kept); k++ {
			f.add(&kept[k])
		}
		i = j
	}
	return kept
}
