package timetable

// backward walks the hops against time, from the latest arrival on, and finds the latest departure with at most so many
// rides, the fewest rides for it, and the rides.
type backward struct {
	*scratch
	t     *Timetable
	skip  func(run int32, from, to int) bool
	start int32    // the journey departs no earlier
	end   int32    // and arrives no later
	most  int32    // rides
	after *forward // a pass from start or before, not ended before end; nil for none: what it did not board is passed over

	depart int32 // best so far
	label  uint8 // of its first ride
	begin  step
}

// run returns whether there is a journey; b has its departure and rides then.
func (b *backward) run() bool {
	b.depart, b.label = -far, 0
	span := b.t.span(b.start, b.end, &b.entries, &b.exits)
	if len(span.slices) == 0 {
		return false
	}
	clear(b.back[span.low:span.high])
	for i := range b.places {
		b.places[i].row = row{-far, -far, -far, -far, -far, -far, -far, -far, -far}
	}
	for i := len(span.slices) - 1; i >= 0; i-- {
		hops := span.slices[i].hops
		if len(hops) > 0 && !b.slice(hops[:since(hops, b.end+1)]) {
			break
		}
	}
	return b.label > 0
}

// rides is how many the journey has that run found.
func (b *backward) rides() int32 { return b.most + 1 - int32(b.label) }

// slice walks hops, last first; false when no earlier one can make a better journey.
func (b *backward) slice(hops []hop) bool {
	places, back := b.places, b.back
	limit := max(b.start, b.depart)
	for i := len(hops) - 1; i >= 0; i-- {
		h := &hops[i]
		if h.dep < limit {
			return false
		}
		least := uint8(1) // label that is needed for so few rides in all
		if b.after != nil && !h.has(parted) {
			onward := b.onward[h.run()]
			if onward == 0 {
				continue
			}
			least = uint8(b.after.most) + 1 - onward
		}
		label := back[h.run()]
		if h.has(ends) {
			label, back[h.run()] = 0, 0
		}
		if h.has(alight) {
			if better := b.better(label, int32(h.to), h.arr()); better > label {
				label = better
				back[h.run()], b.leave[h.run()] = label, uint16(h.call()+1)
			}
		}
		if label < least || !h.has(board) {
			continue
		}
		p := &places[h.from]
		at, by := h.dep-p.entry, h.dep-p.change
		later := at >= limit && (at > b.depart || label > b.label)
		if !later && !p.walks && (label == 1 || by <= p.row[label-2]) {
			continue
		}
		s := step{h.run(), uint16(h.call()), b.leave[h.run()]}
		if b.skip != nil {
			if label, s.leave = b.allowed(h); label < least || label == 0 {
				continue
			}
			later = at >= limit && (at > b.depart || label > b.label)
		}
		if later {
			b.depart, b.label, b.begin = at, label, s
			limit = at
		}
		b.settle(int32(h.from), label, by, s)
		if p.walks {
			to, takes := b.t.in.of(int32(h.from))
			for i := range to {
				b.settle(to[i], label, h.dep-takes[i], s)
			}
		}
	}
	return true
}

// better is the label for who alights at a station and time, if that is more than the one given.
func (b *backward) better(label uint8, station, at int32) uint8 {
	p := &b.places[station]
	if at+p.exit <= b.end {
		return uint8(b.most)
	}
	for p.row[label] >= at { // the column after the last is never reached
		label++
	}
	return label
}

// settle lets who arrives by a time board a run of this label.
func (b *backward) settle(station int32, label uint8, by int32, s step) {
	r := &b.places[station].row
	for k := int(label) - 2; k >= 0 && by > r[k]; k-- {
		r[k], b.next[station][k] = by, s
	}
}

// allowed is the best label from the beginning of a hop on its run, by a ride that is not to be skipped, and where that
// alights. The rows tell it still: whatever was found since departs before the run arrives.
func (b *backward) allowed(h *hop) (label uint8, leave uint16) {
	calls := b.t.run(h.run()).calls
	last := h.call() + 1
	for last < len(calls)-1 && calls[last].flags&cut == 0 && calls[last].depart <= b.end {
		last++
	}
	for i := last; i > h.call() && int32(label) < b.most; i-- {
		c := &calls[i]
		if c.flags&alight == 0 {
			continue
		}
		if k := b.better(label, c.station, c.arrive); k > label && !b.skip(h.run(), h.call(), i) {
			label, leave = k, uint16(i)
		}
	}
	return label, leave
}

// legs writes the journey that run found. ok is false where rides that were there are not any more: Skip has changed its
// mind.
func (b *backward) legs() (legs []Leg, ok bool) {
	t, s, places := b.t, b.begin, b.places
	legs = make([]Leg, 0, 2*b.rides()+1)
	if at := t.run(s.run).calls[s.board].station; places[at].entry > 0 {
		from := t.in.other(at, places[at].entry, func(station int32) bool { return places[station].entry == 0 })
		legs = append(legs, t.walk(from, at, places[at].entry, b.depart))
	}
	for column := int(b.label) - 1; ; column++ {
		calls := t.run(s.run).calls
		from, to := &calls[s.board], &calls[s.leave]
		legs = append(legs, Leg{
			Run: s.run, From: int(s.board), To: int(s.leave), FromStation: StationID(from.station), ToStation: StationID(to.station),
			Depart: t.base + int64(from.depart), Arrive: t.base + int64(to.arrive),
		})
		here, at := to.station, to.arrive
		if exit := places[here].exit; at+exit <= b.end {
			if exit > 0 {
				to := t.out.other(here, exit, func(station int32) bool { return places[station].exit == 0 })
				legs = append(legs, t.walk(here, to, exit, at))
			}
			return legs, true
		}
		if places[here].row[column] < at {
			return nil, false
		}
		s = b.next[here][column]
		if boards := t.run(s.run).calls[s.board].station; boards != here {
			legs = append(legs, t.walk(here, boards, t.out.shortest(here, boards), at))
		}
	}
}

func (t *Timetable) walk(from, to, seconds, depart int32) Leg {
	at := t.base + int64(depart)
	return Leg{Run: -1, FromStation: StationID(from), ToStation: StationID(to), Depart: at, Arrive: at + int64(seconds)}
}

// other is the end of a path of so many seconds that is wanted.
func (p *paths) other(station, seconds int32, wanted func(int32) bool) int32 {
	to, takes := p.of(station)
	for i := range to {
		if takes[i] == seconds && wanted(to[i]) {
			return to[i]
		}
	}
	panic("timetable: a walk without a path")
}

// shortest is how long the walk takes.
func (p *paths) shortest(from, to int32) int32 {
	shortest := int32(far)
	there, takes := p.of(from)
	for i := range there {
		if there[i] == to {
			shortest = min(shortest, takes[i])
		}
	}
	return shortest
}
