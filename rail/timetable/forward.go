package timetable

// forward walks the hops from a departure on and finds the earliest arrival with at most so many rides, and the fewest
// rides for it. It leaves in s.onward the fewest rides with which each run can be boarded, under the stamp it returns.
type forward struct {
	*scratch
	t     *Timetable
	skip  func(run int32, from, to int) bool
	start int32 // the journey departs no earlier
	end   int32 // and arrives no later
	most  int32 // rides

	arrive int32 // best so far; far for none
	rides  int32
}

// run returns whether there is a journey; f has its arrival and rides then.
func (f *forward) run() bool {
	f.pass()
	ready := f.ready[:f.t.Stations()]
	for i, seconds := range f.entry[:len(ready)] {
		at := int32(far)
		if seconds < far {
			at = f.start + seconds
		}
		ready[i] = row{at, at, at, at, at, at, at, at}
	}
	f.arrive, f.rides = far, none
	for n := max(f.start>>sliceBits-f.t.first, 0); int(n) < len(f.t.slices); n++ {
		hops := f.t.slices[n]
		if len(hops) == 0 || hops[len(hops)-1].dep < f.start {
			continue
		}
		if hops[0].dep > f.end || !f.slice(ready, hops[since(hops, f.start):]) {
			break
		}
	}
	return f.rides < none
}

// since is the index of the first hop that departs at or after a time.
func since(hops []hop, at int32) int {
	low, high := 0, len(hops)
	for low < high {
		if m := int(uint(low+high) >> 1); hops[m].dep < at {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}

// slice walks hops; false when no later one can make a better journey.
func (f *forward) slice(ready []row, hops []hop) bool {
	stamp, onward, exit := f.stamp, f.onward, f.exit
	most, limit := f.most, min(f.end, f.arrive)
	for i := range hops {
		h := &hops[i]
		if h.dep > limit {
			return false
		}
		used := ridesOf(onward[h.run], stamp)
		if h.flags&begins != 0 {
			used = none
		}
		if h.flags&board != 0 && used > 1 {
			if r := &ready[h.from]; r[most-1] <= h.dep {
				k := int32(0)
				for r[k&(rides-1)] > h.dep {
					k++
				}
				if k+1 < used {
					used = k + 1
					onward[h.run] = stamp | uint64(used)
				}
			}
		}
		if used > most || h.flags&alight == 0 {
			continue
		}
		there := h.arr + exit[h.to]
		r, change := &ready[h.to], h.arr+f.t.transfer[h.to]
		closer := there <= limit && (there < f.arrive || used < f.rides)
		if f.skip != nil {
			if !closer && (used == most || change >= r[used&(rides-1)] && !f.paths(h.to)) {
				continue
			}
			if used = f.allowed(ready, h); used > most {
				continue
			}
			closer = there <= limit && (there < f.arrive || used < f.rides)
		}
		if closer {
			f.arrive, f.rides = there, used
			limit = there
		}
		if used == most {
			continue
		}
		settle(r, used, most, change)
		if f.paths(h.to) {
			to, takes := f.t.out.of(h.to)
			for i := range to {
				settle(&ready[to[i]], used, most, h.arr+takes[i])
			}
		}
	}
	return true
}

func (f *forward) paths(station int32) bool {
	return f.t.out.start[station] != f.t.out.start[station+1]
}

// settle lets who has used so many rides board from a time on.
func settle(r *row, used, most, at int32) {
	for k := used; k < most && at < r[k&(rides-1)]; k++ {
		r[k&(rides-1)] = at
	}
}

// allowed is the fewest rides with which the end of a hop is reached on its run by a ride that is not to be skipped. What
// is boarded where follows from the rows still: whatever was found since arrives after the run has left.
func (f *forward) allowed(ready []row, h *hop) int32 {
	calls := f.t.run(h.run).calls
	fewest := int32(none)
	for i := int(h.call); i >= 0 && fewest > 1; i-- {
		c := &calls[i]
		if i < int(h.call) && c.flags&cut != 0 {
			break
		}
		if c.flags&board == 0 || c.depart < f.start {
			continue
		}
		r := &ready[c.station]
		for k := range min(f.most, fewest-1) {
			if r[k&(rides-1)] <= c.depart {
				if !f.skip(h.run, i, int(h.call)+1) {
					fewest = k + 1
				}
				break
			}
		}
	}
	return fewest
}
