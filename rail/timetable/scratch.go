package timetable

import "sync"

// scratch is the memory of a search.
type scratch struct {
	places []place
	of     *network      // whose places they are
	ends   []int32       // places with an entry or an exit
	next   [][rides]step // backward, of a station: how it goes on, for each column of its row

	// Labels of runs: one more than the column of the row they were boarded by, so that more is better; 0 is not aboard.
	onward []uint8  // forward
	back   []uint8  // backward
	leave  []uint16 // backward: the call where to alight for it

	entries, exits mask // of stations from which a journey may board its first run, at which it may leave its last

	profile profile
}

// place is what a pass knows of a station: a cache line.
type place struct {
	// row: forward, the earliest that a run can be boarded here so that it and column more rides may be taken; backward,
	// the latest arrival by a run from which the journey ends with that many rides unused. Columns from the most rides on
	// are never reached.
	row         row
	entry, exit int32 // seconds on foot from a place of From, to a place of To; far for none
	change      int32 // seconds
	walks       bool  // there are footpaths
	_           [12]byte
}

type row [rides + 1]int32

// step is how a journey goes on: aboard a run from one call to another.
type step struct {
	run          int32
	board, leave uint16
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// take gets a scratch that is large enough for t, with entries and exits of q filled in. ok is false where q can have no
// answer; the scratch is to be given back all the same.
func take(t *Timetable, q *Query) (s *scratch, ok bool) {
	s = scratches.Get().(*scratch) //nolint:errcheck,forcetypeassert // nothing else is in the pool
	s.suit(t)
	s.entries, s.exits = mask{}, mask{}
	from := s.reach(q.From, &t.out, &s.entries, func(p *place) *int32 { return &p.entry })
	to := s.reach(q.To, &t.in, &s.exits, func(p *place) *int32 { return &p.exit })
	return s, from && to && len(t.slices) > 0
}

// suit makes room for t, and clears what the last search left behind.
func (s *scratch) suit(t *Timetable) {
	if len(s.back) < t.runs {
		n := t.runs + t.runs/8 // runs are added now and then
		s.onward, s.back, s.leave = make([]uint8, n), make([]uint8, n), make([]uint16, n)
	}
	if s.of == t.network {
		for _, station := range s.ends {
			s.places[station].entry, s.places[station].exit = far, far
		}
		s.ends = s.ends[:0]
		return
	}
	n := t.Stations()
	s.of, s.ends = t.network, s.ends[:0]
	if cap(s.places) < n {
		s.places, s.next = make([]place, n), make([][rides]step, n)
	}
	s.places = s.places[:n]
	for i := range s.places {
		s.places[i] = place{
			entry: far, exit: far, change: t.transfer[i],
			walks: t.out.start[i] != t.out.start[i+1] || t.in.start[i] != t.in.start[i+1],
		}
	}
}

func (s *scratch) give() { scratches.Put(s) }

// reach fills in how far on foot each station is from the given ones.
func (s *scratch) reach(stations []StationID, p *paths, m *mask, seconds func(*place) *int32) (found bool) {
	near := func(station, takes int32) {
		at := seconds(&s.places[station])
		*at = min(*at, takes)
		s.ends = append(s.ends, station)
		m.add(station)
	}
	for _, station := range stations {
		if station < 0 || int(station) >= len(s.places) {
			continue
		}
		found = true
		near(int32(station), 0)
		to, takes := p.of(int32(station))
		for i := range to {
			near(to[i], takes[i])
		}
	}
	return found
}
