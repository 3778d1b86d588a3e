package timetable

// backward walks the hops against time, from the latest arrival on, and finds the latest departure with at most so many
// rides, the fewest rides for it, and the rides.
type backward struct {
	*scratch
	t       *Timetable
	skip    func(run int32, from, to int) bool
	start   int32  // the journey departs no earlier
	end     int32  // and arrives no later
	most    int32  // rides
	reached uint64 // stamp of a forward pass from start or before; 0 for none: runs it did not board are passed over

	depart int32 // best so far
	rides  int32
	begin  step
}

// run returns whether there is a journey; b has its departure and rides then.
func (b *backward) run() bool {
	b.pass()
	until := b.until[:b.t.Stations()]
	for i := range until {
		until[i] = row{-far, -far, -far, -far, -far, -far, -far, -far}
	}
	b.depart, b.rides = -far, none
	for n := min(b.end>>sliceBits-b.t.first, int32(len(b.t.slices))-1); n >= 0; n-- {
		hops := b.t.slices[n]
		if len(hops) == 0 || hops[0].dep > b.end {
			continue
		}
		if hops[len(hops)-1].dep < b.start || !b.slice(until, hops[:since(hops, b.end+1)]) {
			break
		}
	}
	return b.rides < none
}

// slice walks hops, last first; false when no earlier one can make a better journey.
func (b *backward) slice(until []row, hops []hop) bool {
	stamp, back, entry := b.stamp, b.back, b.entry
	most, limit := b.most, max(b.start, b.depart)
	for i := len(hops) - 1; i >= 0; i-- {
		h := &hops[i]
		if h.dep < limit {
			return false
		}
		used := int32(1)
		if b.reached != 0 && h.flags&parted == 0 {
			if used = ridesOf(b.onward[h.run], b.reached); used > most {
				continue
			}
		}
		label := back[h.run]
		rest := ridesOf(label, stamp)
		if h.flags&ends != 0 {
			rest = none
		}
		if h.flags&alight != 0 && rest > 1 {
			if k := b.after(until, h.to, h.arr); k < rest {
				rest = k
				label = stamp | uint64(h.call+1)<<8 | uint64(rest)
				back[h.run] = label
			}
		}
		// used and rest both count this ride.
		if h.flags&board == 0 || used+rest-1 > most {
			continue
		}
		leave := uint16(label >> 8)
		if b.skip != nil {
			if rest, leave = b.allowed(until, h); used+rest-1 > most {
				continue
			}
		}
		if at := h.dep - entry[h.from]; at >= limit && (at > b.depart || rest < b.rides) {
			b.depart, b.rides, b.begin = at, rest, step{h.run, h.call, leave}
			limit = at
		}
		if rest == most {
			continue
		}
		s := step{h.run, h.call, leave}
		b.settle(until, h.from, rest, h.dep-b.t.transfer[h.from], s)
		if b.t.in.start[h.from] != b.t.in.start[h.from+1] {
			to, takes := b.t.in.of(h.from)
			for i := range to {
				b.settle(until, to[i], rest, h.dep-takes[i], s)
			}
		}
	}
	return true
}

// after is the fewest rides with which the journey ends for who alights from one at a station and time, that ride included.
func (b *backward) after(until []row, station, at int32) int32 {
	if at+b.exit[station] <= b.end {
		return 1
	}
	r := &until[station]
	if r[b.most-1] < at {
		return none
	}
	k := int32(1)
	for r[k&(rides-1)] < at {
		k++
	}
	return k + 1
}

// settle lets who arrives by a time go on with so many rides.
func (b *backward) settle(until []row, station, rest, at int32, s step) {
	r := &until[station]
	for k := rest; k < b.most && at > r[k&(rides-1)]; k++ {
		r[k&(rides-1)], b.next[station][k&(rides-1)] = at, s
	}
}

// allowed is the fewest rides from the beginning of a hop on its run, by a ride that is not to be skipped, and where that
// alights. The rows tell it still: whatever was found since departs before the run arrives.
func (b *backward) allowed(until []row, h *hop) (rest int32, leave uint16) {
	calls := b.t.run(h.run).calls
	end := int(h.call) + 1
	for end < len(calls)-1 && calls[end].flags&cut == 0 && calls[end].depart <= b.end {
		end++
	}
	rest = none
	for i := end; i > int(h.call) && rest > 1; i-- {
		c := &calls[i]
		if c.flags&alight == 0 {
			continue
		}
		if k := b.after(until, c.station, c.arrive); k < rest && !b.skip(h.run, int(h.call), i) {
			rest, leave = k, uint16(i)
		}
	}
	return rest, leave
}

// legs writes the journey that run found. ok is false where rides that were there are not any more: Skip has changed its
// mind.
func (b *backward) legs() (legs []Leg, ok bool) {
	legs = make([]Leg, 0, 2*b.rides+1)
	t, s, rest := b.t, b.begin, b.rides
	if at := t.run(s.run).calls[s.board].station; b.entry[at] > 0 {
		legs = append(legs, t.walk(end(at, b.entry, &t.in), at, b.entry[at], b.depart))
	}
	for {
		calls := t.run(s.run).calls
		from, to := &calls[s.board], &calls[s.leave]
		legs = append(legs, Leg{
			Run: s.run, From: int(s.board), To: int(s.leave), FromStation: StationID(from.station), ToStation: StationID(to.station),
			Depart: t.base + int64(from.depart), Arrive: t.base + int64(to.arrive),
		})
		here, at := to.station, to.arrive
		if at+b.exit[here] <= b.end {
			if b.exit[here] > 0 {
				legs = append(legs, t.walk(here, end(here, b.exit, &t.out), b.exit[here], at))
			}
			return legs, true
		}
		if rest--; rest == 0 || b.until[here][rest] < at {
			return nil, false
		}
		s = b.next[here][rest]
		if boards := t.run(s.run).calls[s.board].station; boards != here {
			legs = append(legs, t.walk(here, boards, t.out.shortest(here, boards), at))
		}
	}
}

func (t *Timetable) walk(from, to, seconds, depart int32) Leg {
	at := t.base + int64(depart)
	return Leg{Run: -1, FromStation: StationID(from), ToStation: StationID(to), Depart: at, Arrive: at + int64(seconds)}
}

// end is the place of From or To that a walk of so many seconds is from or to: the other end of that path.
func end(station int32, seconds []int32, p *paths) int32 {
	to, takes := p.of(station)
	for i := range to {
		if seconds[to[i]] == 0 && takes[i] == seconds[station] {
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
