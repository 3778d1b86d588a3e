package timetable

import "sync"

// row has a number for each count of rides.
type row [rides]int32

// step is how a journey goes on: aboard a run from one call to another.
type step struct {
	run          int32
	board, leave uint16
}

// scratch is the memory of a search. Labels of runs are stamped with the search they belong to, so that there is nothing
// to clear but the rows of stations.
type scratch struct {
	stamp uint64 // of the current pass, in the upper 32 bits

	entry, exit []int32 // seconds on foot from a place of From, to a place of To; far for none
	ready       []row   // forward: the earliest that a ride can be boarded here after so many rides
	until       []row   // backward: the latest arrival here from which so many rides are enough
	next        []stepRow
	onward      []uint64 // forward, of a run: the fewest rides it is boarded with, this one included
	back        []uint64 // backward, of a run: the fewest rides from here to the end, and where to alight for it

	profile profile
}

type stepRow [rides]step

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// take gets a scratch that is large enough for t, with entries and exits of q filled in. ok is false where q can have no
// answer; the scratch is to be given back all the same.
func take(t *Timetable, q *Query) (s *scratch, ok bool) {
	s = scratches.Get().(*scratch) //nolint:errcheck,forcetypeassert // nothing else is in the pool
	if n := t.Stations(); len(s.entry) < n {
		s.entry, s.exit, s.ready, s.until, s.next = make([]int32, n), make([]int32, n), make([]row, n), make([]row, n), make([]stepRow, n)
	}
	if len(s.onward) < t.runs {
		n := t.runs + t.runs/8 // runs are added now and then
		s.onward, s.back = make([]uint64, n), make([]uint64, n)
	}
	from := reach(s.entry[:t.Stations()], q.From, &t.out)
	to := reach(s.exit[:t.Stations()], q.To, &t.in)
	return s, from && to && len(t.slices) > 0
}

func (s *scratch) give() { scratches.Put(s) }

// pass begins a pass over the hops: all labels of runs become void.
func (s *scratch) pass() {
	if s.stamp += 1 << 32; s.stamp == 0 { // the stamps begin again: old ones could be taken for new ones
		clear(s.onward)
		clear(s.back)
		s.stamp = 1 << 32
	}
}

// reach fills in how far on foot each station is from the given ones.
func reach(seconds []int32, stations []StationID, p *paths) (any bool) {
	for i := range seconds {
		seconds[i] = far
	}
	for _, s := range stations {
		if s < 0 || int(s) >= len(seconds) {
			continue
		}
		any, seconds[s] = true, 0
		to, takes := p.of(int32(s))
		for i := range to {
			seconds[to[i]] = min(seconds[to[i]], takes[i])
		}
	}
	return any
}

// A label of a run is the stamp, the call where to alight, and the number of rides.
const (
	ridesMask = 1<<8 - 1
	stampMask = ^uint64(1<<32 - 1)
	none      = rides + 1 // more rides than there may be
)

// ridesOf reads a label of the given stamp.
func ridesOf(label, stamp uint64) int32 {
	if label&stampMask != stamp {
		return none
	}
	return int32(label & ridesMask)
}
