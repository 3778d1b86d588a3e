package timetable

import (
	"cmp"
	"fmt"
	"slices"
)

// connect checks and keeps stations and footpaths.
func (n *network) connect(stations []Station, footpaths []Footpath) error {
	if len(stations) > MaxStations {
		return fmt.Errorf("%d stations: at most %d", len(stations), MaxStations)
	}
	if len(footpaths) > MaxFootpaths {
		return fmt.Errorf("%d footpaths: at most %d", len(footpaths), MaxFootpaths)
	}
	n.transfer = make([]int32, len(stations))
	for i, s := range stations {
		if s.Transfer < 0 || s.Transfer > MaxSeconds {
			return fmt.Errorf("station %d: a transfer of %d s: want 0 to %d", i, s.Transfer, MaxSeconds)
		}
		n.transfer[i] = max(s.Transfer, 1)
	}
	known := func(s StationID) bool { return s >= 0 && int(s) < len(stations) }
	for i, p := range footpaths {
		switch {
		case !known(p.From) || !known(p.To):
			return fmt.Errorf("footpath %d: from %d to %d: there are %d stations", i, p.From, p.To, len(stations))
		case p.From == p.To:
			return fmt.Errorf("footpath %d: from %d to itself: that is the station's transfer", i, p.From)
		case p.Seconds < 1 || p.Seconds > MaxSeconds:
			return fmt.Errorf("footpath %d: %d s: want 1 to %d", i, p.Seconds, MaxSeconds)
		}
	}
	n.out = pathsOf(len(stations), footpaths, func(p Footpath) (at, to StationID) { return p.From, p.To })
	n.in = pathsOf(len(stations), footpaths, func(p Footpath) (at, to StationID) { return p.To, p.From })
	return nil
}

func pathsOf(stations int, footpaths []Footpath, ends func(Footpath) (at, to StationID)) paths {
	p := paths{start: make([]int32, stations+1), to: make([]int32, len(footpaths)), takes: make([]int32, len(footpaths))}
	for _, f := range footpaths {
		at, _ := ends(f)
		p.start[at+1]++
	}
	for i := range stations {
		p.start[i+1] += p.start[i]
	}
	next := append([]int32(nil), p.start...)
	for _, f := range footpaths {
		at, to := ends(f)
		p.to[next[at]], p.takes[next[at]] = int32(to), f.Seconds
		next[at]++
	}
	return p
}

// mostUnix bounds times, so that they can be added up.
const mostUnix = 1 << 40

// baseOf is the median of when runs begin, so that of many runs the broken one is told, and not those it is far from.
func baseOf(runs int, calls func(int) []Call) (base int64, known bool) {
	const sample = 1024
	for _, stride := range []int{runs/sample + 1, 1} {
		var departs []int64
		for i := 0; i < runs; i += stride {
			if c := calls(i); len(c) > 0 && c[0].Depart >= -mostUnix && c[0].Depart <= mostUnix {
				departs = append(departs, c[0].Depart)
			}
		}
		if len(departs) > 0 {
			slices.Sort(departs)
			return departs[len(departs)/2], true
		}
	}
	return 0, false
}

// keep checks the calls of a run and turns them into what is kept.
func (t *Timetable) keep(index int, calls []Call) (run, error) {
	bad := func(at int, format string, args ...any) (run, error) {
		return run{}, &RunError{Run: index, Call: at, Problem: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(calls) == 0:
		return run{}, nil
	case len(calls) == 1:
		return bad(-1, "one call only: a run has two or more, or none when it does not run")
	case len(calls) > MaxCalls:
		return bad(-1, "%d calls: at most %d", len(calls), MaxCalls)
	}
	r := run{calls: make([]call, len(calls))}
	for i := range calls {
		c := &calls[i]
		switch {
		case c.Station < 0 || int(c.Station) >= len(t.transfer):
			return bad(i, "station %d is unknown: there are %d", c.Station, len(t.transfer))
		case min(c.Arrive, c.Depart) < -mostUnix || max(c.Arrive, c.Depart) > mostUnix:
			return bad(i, "arrives at %d, departs at %d: these are no Unix seconds", c.Arrive, c.Depart)
		case c.Arrive > c.Depart:
			return bad(i, "departs %d s before it arrives", c.Arrive-c.Depart)
		case i > 0 && c.Arrive < calls[i-1].Depart:
			return bad(i, "arrives %d s before it leaves the call before", calls[i-1].Depart-c.Arrive)
		case i > 0 && c.Arrive-calls[i-1].Depart > MaxHop:
			return bad(i, "arrives %d s after it leaves the call before: at most %d", c.Arrive-calls[i-1].Depart, MaxHop)
		case c.Arrive < t.base-MaxDays*day || c.Depart > t.base+MaxDays*day:
			return bad(i, "arrives at %d, departs at %d: more than %d days from %d", c.Arrive, c.Depart, MaxDays, t.base)
		}
		k := call{station: int32(c.Station), arrive: int32(c.Arrive - t.base), depart: int32(c.Depart - t.base)}
		if c.Board {
			k.flags |= board
		}
		if c.Alight {
			k.flags |= alight
		}
		if c.Cut {
			k.flags |= cut
			r.parts = true
		}
		r.calls[i] = k
	}
	return r, nil
}

// hops yields what a search walks.
func (r *run) hops(index int32, yield func(hop)) {
	for i := 1; i < len(r.calls); i++ {
		a, b := &r.calls[i-1], &r.calls[i]
		if a.flags&cut != 0 {
			continue
		}
		f := a.flags&board | b.flags&alight
		if r.parts {
			f |= parted
			if i > 1 && r.calls[i-2].flags&cut != 0 {
				f |= begins
			}
			if b.flags&cut != 0 {
				f |= ends
			}
		}
		yield(hopOf(a.depart, b.arrive, a.station, b.station, index, i-1, f))
	}
}

// byDeparture is the order of a slice. Hops of no duration need none among runs: a change takes a second at least.
func byDeparture(a, b hop) int {
	return cmp.Or(cmp.Compare(a.dep, b.dep), cmp.Compare(a.run(), b.run()), cmp.Compare(a.call(), b.call()))
}
