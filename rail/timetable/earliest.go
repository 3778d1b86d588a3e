package timetable

// Earliest returns the journey that departs at or after q.Depart and arrives first; of several the one with the fewest
// changes, and of these the one that departs last. ok is false where there is none within q.Longest.
//
// It walks the hops of the time from q.Depart to the arrival twice, at some nanoseconds each, and allocates the legs alone.
func (t *Timetable) Earliest(q Query) (j Journey, ok bool) {
	s, ok := take(t, &q)
	defer s.give()
	if !ok {
		return Journey{}, false
	}
	f := forward{scratch: s, t: t, skip: q.Skip, start: t.inside(q.Depart), end: t.inside(q.Depart + q.longest()), most: q.rides()}
	return f.journey()
}

// Latest returns the journey that arrives at or before q.ArriveBy and departs last; of several the one with the fewest
// changes, and of these the one that arrives first. ok is false where there is none within q.Longest.
func (t *Timetable) Latest(q Query) (j Journey, ok bool) {
	s, ok := take(t, &q)
	defer s.give()
	if !ok {
		return Journey{}, false
	}
	b := backward{scratch: s, t: t, skip: q.Skip, start: t.inside(q.ArriveBy - q.longest()), end: t.inside(q.ArriveBy), most: q.rides()}
	if !b.run() {
		return Journey{}, false
	}
	f := forward{scratch: s, t: t, skip: q.Skip, start: b.depart, end: b.end, most: b.rides()}
	return f.journey()
}

// journey runs forward for the arrival and the rides, then backward for the departure and the way.
func (f *forward) journey() (Journey, bool) {
	if !f.run() {
		return Journey{}, false
	}
	b := backward{scratch: f.scratch, t: f.t, skip: f.skip, start: f.start, end: f.arrive, most: f.rides(), after: f}
	return b.journey()
}

func (b *backward) journey() (j Journey, ok bool) {
	if !b.run() {
		return Journey{}, false
	}
	j.Legs, ok = b.legs()
	return j, ok
}
