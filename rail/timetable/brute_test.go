package timetable_test

import (
	"cmp"
	"fmt"
	"slices"

	"holdfast/rail/timetable"
)

// network is what a timetable is made of. Its methods look at every ride of every run, again and again, in the plainest
// way: they are the oracle.
type network struct {
	stations  []timetable.Station
	footpaths []timetable.Footpath
	runs      []timetable.Run
}

type point struct {
	depart, arrive int64
	changes        int
}

func (p point) noWorse(o point) bool {
	return p.depart >= o.depart && p.arrive <= o.arrive && p.changes <= o.changes
}

const never = int64(1) << 60

// ride is from one call of a run to another.
type ride struct{ a, b *timetable.Call }

// rides is every ride that somebody may take.
func (n *network) rides(q timetable.Query) (rides []ride) {
	for r := range n.runs {
		calls := n.runs[r].Calls
		for i := range calls {
			for k := i + 1; calls[i].Board && k < len(calls); k++ {
				if calls[k-1].Cut {
					break
				}
				if calls[k].Alight && (q.Skip == nil || !q.Skip(int32(r), i, k)) {
					rides = append(rides, ride{&calls[i], &calls[k]})
				}
			}
		}
	}
	return rides
}

// walks is the footpaths from each station.
func (n *network) walks() [][]timetable.Footpath {
	walks := make([][]timetable.Footpath, len(n.stations))
	for _, p := range n.footpaths {
		walks[p.From] = append(walks[p.From], p)
	}
	return walks
}

// arrivals is the earliest arrival with at most 1, 2, ... rides, for who departs at or after a time.
func (n *network) arrivals(q timetable.Query, rides []ride, walks [][]timetable.Footpath, depart int64) []int64 {
	ready := make([]int64, len(n.stations)) // to board, after as many rides as rounds so far
	for s := range ready {
		ready[s] = never
	}
	for _, s := range q.From {
		for _, p := range walks[s] {
			ready[p.To] = min(ready[p.To], depart+int64(p.Seconds))
		}
	}
	for _, s := range q.From {
		ready[s] = depart
	}
	var best []int64
	there := never
	for len(best) <= timetable.MostChanges {
		after := slices.Clone(ready)
		for _, r := range rides {
			a, b := r.a, r.b
			if ready[a.Station] > a.Depart {
				continue
			}
			after[b.Station] = min(after[b.Station], b.Arrive+max(int64(n.stations[b.Station].Transfer), 1))
			if slices.Contains(q.To, b.Station) {
				there = min(there, b.Arrive)
			}
			for _, p := range walks[b.Station] {
				after[p.To] = min(after[p.To], b.Arrive+int64(p.Seconds))
				if slices.Contains(q.To, p.To) {
					there = min(there, b.Arrive+int64(p.Seconds))
				}
			}
		}
		ready = after
		best = append(best, there)
	}
	return best
}

// departures is every time at which a journey may begin.
func (n *network) departures(q timetable.Query, rides []ride) (times []int64) {
	for _, r := range rides {
		if slices.Contains(q.From, r.a.Station) {
			times = append(times, r.a.Depart)
		}
		for _, p := range n.footpaths {
			if p.To == r.a.Station && slices.Contains(q.From, p.From) {
				times = append(times, r.a.Depart-int64(p.Seconds))
			}
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// all is a journey for each departure and number of changes, better ones and worse.
func (n *network) all(q timetable.Query) (points []point) {
	longest := cmp.Or(q.Longest, timetable.DefaultLongest)
	most := min(uint(q.MaxChanges), timetable.MostChanges)
	rides, walks := n.rides(q), n.walks()
	for _, at := range n.departures(q, rides) {
		for k, there := range n.arrivals(q, rides, walks, at) {
			if there-at <= longest && uint(k) <= most {
				points = append(points, point{at, there, k})
			}
		}
	}
	return points
}

// earliest is the answer to Timetable.Earliest.
func (n *network) earliest(q timetable.Query) (best point, ok bool) {
	end := q.Depart + cmp.Or(q.Longest, timetable.DefaultLongest)
	for _, p := range n.all(q) {
		if p.depart < q.Depart || p.arrive > end {
			continue
		}
		if !ok || cmp.Or(cmp.Compare(p.arrive, best.arrive), cmp.Compare(p.changes, best.changes), cmp.Compare(best.depart, p.depart)) < 0 {
			best, ok = p, true
		}
	}
	return best, ok
}

// latest is the answer to Timetable.Latest.
func (n *network) latest(q timetable.Query) (best point, ok bool) {
	start := q.ArriveBy - cmp.Or(q.Longest, timetable.DefaultLongest)
	for _, p := range n.all(q) {
		if p.depart < start || p.arrive > q.ArriveBy {
			continue
		}
		if !ok || cmp.Or(cmp.Compare(best.depart, p.depart), cmp.Compare(p.changes, best.changes), cmp.Compare(p.arrive, best.arrive)) < 0 {
			best, ok = p, true
		}
	}
	return best, ok
}

// search is the answer to Timetable.Search.
func (n *network) search(q timetable.Query) (best []point) {
	within := cmp.Or(q.Within, timetable.DefaultWithin)
	points := n.all(q)
	for _, p := range points {
		at, from, to := p.depart, q.Depart, q.Depart+within
		if q.Depart == 0 {
			at, from, to = p.arrive, q.ArriveBy-within, q.ArriveBy
		}
		if at < from || at > to || slices.ContainsFunc(points, func(o point) bool { return o != p && o.noWorse(p) }) {
			continue
		}
		best = append(best, p)
	}
	slices.SortFunc(best, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.depart, b.depart), cmp.Compare(a.arrive, b.arrive))
	})
	return best
}

// wrong says why something is no journey of a query; "" when it is one.
func (n *network) wrong(q timetable.Query, j timetable.Journey) string {
	if len(j.Legs) == 0 {
		return "no legs"
	}
	if !slices.Contains(q.From, j.Legs[0].FromStation) || !slices.Contains(q.To, j.Legs[len(j.Legs)-1].ToStation) {
		return "begins or ends elsewhere"
	}
	rides := 0
	for i := range j.Legs {
		l := &j.Legs[i]
		var last *timetable.Leg
		if i > 0 {
			if last = &j.Legs[i-1]; last.ToStation != l.FromStation {
				return fmt.Sprintf("leg %d begins where the one before does not end", i)
			}
		}
		if l.Walk() {
			if i > 0 && (last.Walk() || l.Depart != last.Arrive) {
				return fmt.Sprintf("leg %d: a walk after a walk or a wait", i)
			}
			if i == 0 && (len(j.Legs) == 1 || j.Legs[1].Depart != l.Arrive) {
				return "begins with a walk too early"
			}
			if !slices.Contains(n.footpaths, timetable.Footpath{From: l.FromStation, To: l.ToStation, Seconds: int32(l.Arrive - l.Depart)}) {
				return fmt.Sprintf("leg %d: no such footpath", i)
			}
			continue
		}
		rides++
		calls := n.runs[l.Run].Calls
		if l.From < 0 || l.From >= l.To || l.To >= len(calls) {
			return fmt.Sprintf("leg %d: no ride", i)
		}
		a, b := calls[l.From], calls[l.To]
		switch {
		case a.Station != l.FromStation || b.Station != l.ToStation || a.Depart != l.Depart || b.Arrive != l.Arrive:
			return fmt.Sprintf("leg %d: not what the run does", i)
		case !a.Board || !b.Alight:
			return fmt.Sprintf("leg %d: may not board or alight", i)
		case slices.ContainsFunc(calls[l.From:l.To], func(c timetable.Call) bool { return c.Cut }):
			return fmt.Sprintf("leg %d: the run does not go through", i)
		case q.Skip != nil && q.Skip(l.Run, l.From, l.To):
			return fmt.Sprintf("leg %d: to be skipped", i)
		case last != nil && last.Walk() && last.Arrive > l.Depart:
			return fmt.Sprintf("leg %d: departs before the walk ends", i)
		case last != nil && !last.Walk() && l.Depart-last.Arrive < max(int64(n.stations[l.FromStation].Transfer), 1):
			return fmt.Sprintf("leg %d: no time to change", i)
		}
	}
	if uint(rides-1) > uint(q.MaxChanges) || rides != j.Changes()+1 {
		return "too many changes"
	}
	return ""
}
