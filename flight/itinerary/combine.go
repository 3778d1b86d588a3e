package itinerary

import (
	"cmp"
	"container/heap"
	"slices"
)

// Priced is an itinerary of one slice with its price for all travellers, minor units of the one currency of the search.
type Priced struct {
	Itinerary Itinerary
	Price     int64
	Tag       int // whatever the caller wants to find it by
}

// compare is by price, then duration, then Itinerary.Compare, then Tag.
func (p *Priced) compare(o *Priced) int {
	if c := cmp.Or(cmp.Compare(p.Price, o.Price), cmp.Compare(p.Itinerary.Duration(), o.Itinerary.Duration())); c != 0 {
		return c
	}
	return cmp.Or(p.Itinerary.Compare(o.Itinerary), cmp.Compare(p.Tag, o.Tag))
}

// Trip is one itinerary for each slice.
type Trip struct {
	Slices []Priced
	Price  int64 // sum
}

// Duration is the time under way in all slices, in seconds.
func (t *Trip) Duration() int64 {
	var sum int64
	for i := range t.Slices {
		sum += t.Slices[i].Itinerary.Duration()
	}
	return sum
}

// Stops is how often one changes in all slices.
func (t *Trip) Stops() int {
	sum := 0
	for i := range t.Slices {
		sum += t.Slices[i].Itinerary.Stops()
	}
	return sum
}

// Bounds of Combine; zeros are the defaults.
type Bounds struct {
	PerSlice int   // how many of each slice are combined: the cheapest, the quicker of equal ones first; 50
	Trips    int   // how many trips come back: the cheapest; 200
	Pause    int64 // seconds from arriving in one slice to leaving in the next; 0 is an hour, negative none
}

const (
	defaultPerSlice = 50
	defaultTrips    = 200
	defaultPause    = 60 * 60

	// maxCombinations bounds the product that Combine goes through, whatever the slices hold.
	maxCombinations = 100_000
)

func (b Bounds) filled() Bounds {
	if b.PerSlice <= 0 {
		b.PerSlice = defaultPerSlice
	}
	if b.Trips <= 0 {
		b.Trips = defaultTrips
	}
	switch {
	case b.Pause == 0:
		b.Pause = defaultPause
	case b.Pause < 0:
		b.Pause = 0
	}
	return b
}

// Combine gives the cheapest trips over all slices, in the order ByPrice. Only the PerSlice cheapest of each slice take
// part, and combinations are tried in the order of their price until there are enough trips or a bound of work is
// reached. The answer is exact as long as no slice has more than PerSlice and the bound is not reached, which needs
// more than 100,000 cheaper combinations whose times exclude each other.
func Combine(asked [][]Priced, b Bounds) []Trip {
	b = b.filled()
	lists := make([][]Priced, len(asked))
	for i, s := range asked {
		if len(s) == 0 {
			return nil
		}
		list := slices.Clone(s)
		slices.SortFunc(list, func(x, y Priced) int { return x.compare(&y) })
		lists[i] = list[:min(len(list), b.PerSlice)]
	}
	if len(lists) == 0 {
		return nil
	}
	// Best first: the cheapest combination is the first of every list; the ones after it move one list on by one. Each is
	// reached exactly once, since only lists from the one moved last onwards move.
	queue := &combinations{lists: lists}
	queue.push(combination{at: make([]int, len(lists))})
	var trips []Trip
	for tried := 0; queue.Len() > 0 && tried < maxCombinations; tried++ {
		c, ok := heap.Pop(queue).(combination)
		if !ok {
			break
		}
		if len(trips) >= b.Trips && c.price > trips[len(trips)-1].Price {
			break // all that cost the same as the last one are in: sorting decides among them
		}
		if t, fits := queue.trip(c, b.Pause); fits {
			trips = append(trips, t)
		}
		for k := c.moved; k < len(lists); k++ {
			if c.at[k]+1 < len(lists[k]) {
				next := combination{at: slices.Clone(c.at), moved: k}
				next.at[k]++
				queue.push(next)
			}
		}
	}
	Sort(trips, ByPrice)
	return trips[:min(len(trips), b.Trips)]
}

// combination is one itinerary of each list, by its place.
type combination struct {
	at    []int
	moved int // the list that moved last
	price int64
}

// combinations are those to be tried, a heap by price.
type combinations struct {
	lists [][]Priced
	heap  []combination
}

func (c *combinations) Len() int           { return len(c.heap) }
func (c *combinations) Less(i, j int) bool { return c.heap[i].price < c.heap[j].price }
func (c *combinations) Swap(i, j int)      { c.heap[i], c.heap[j] = c.heap[j], c.heap[i] }

// Push is for container/heap.
func (c *combinations) Push(x any) {
	if one, ok := x.(combination); ok {
		c.heap = append(c.heap, one)
	}
}

// Pop is for container/heap.
func (c *combinations) Pop() any {
	last := c.heap[len(c.heap)-1]
	c.heap = c.heap[:len(c.heap)-1]
	return last
}

func (c *combinations) push(x combination) {
	for k, i := range x.at {
		x.price += c.lists[k][i].Price
	}
	heap.Push(c, x)
}

// trip makes a trip, unless a slice leaves before there was time to arrive in the one before it.
func (c *combinations) trip(x combination, pause int64) (Trip, bool) {
	t := Trip{Slices: make([]Priced, len(x.at)), Price: x.price}
	for k, i := range x.at {
		t.Slices[k] = c.lists[k][i]
		if k > 0 && t.Slices[k].Itinerary.Departs() < t.Slices[k-1].Itinerary.Arrives()+pause {
			return Trip{}, false
		}
	}
	return t, true
}
