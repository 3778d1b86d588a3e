// Package timegraph answers the queries of rail/timetable in the textbook's way: a time-expanded graph, a node for each
// arrival, each departure and each moment at which somebody may board, and Dijkstra on it. It shares no code with what it
// checks, and benchmarks measure themselves against it.
//
// Source: Pyrga, Schulz, Wagner, Zaroliagis: "Efficient Models for Timetable Information in Public Transportation Systems",
// ACM Journal of Experimental Algorithmics 12, 2008.
package timegraph

import (
	"cmp"
	"slices"

	"holdfast/rail/timetable"
)

// Graph of a timetable. It is for one goroutine.
type Graph struct {
	stations []timetable.Station
	out      [][]timetable.Footpath
	in       [][]timetable.Footpath
	calls    []call
	ready    [][]int32 // of each station: calls that may be boarded, by departure

	labels []label // of each node: see node
	search uint32
	heap   []item
}

type call struct {
	timetable.Call
	last  bool  // of its run
	place int32 // in ready
}

// A node is three times the index of a call, and one of these.
const (
	arrival   = 0 // aboard, the run has come
	departure = 1 // aboard, the run is about to leave
	platform  = 2 // on the platform at the time of departure
	kinds     = 3
)

// label is the best way to a node. Its time is the node's own, so what counts is fewer rides, then a later departure.
type label struct {
	rides   int32
	depart  int64
	search  uint32
	settled bool
}

type item struct {
	time   int64
	rides  int32
	depart int64
	node   int32 // -1: there
}

func (a *item) before(b *item) bool {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.rides, b.rides), cmp.Compare(b.depart, a.depart), cmp.Compare(a.node, b.node)) < 0
}

// New makes the graph.
func New(stations []timetable.Station, footpaths []timetable.Footpath, runs []timetable.Run) *Graph {
	g := &Graph{
		stations: stations, out: make([][]timetable.Footpath, len(stations)), in: make([][]timetable.Footpath, len(stations)), ready: make([][]int32, len(stations)),
	}
	for _, p := range footpaths {
		g.out[p.From], g.in[p.To] = append(g.out[p.From], p), append(g.in[p.To], p)
	}
	for _, r := range runs {
		for i, c := range r.Calls {
			if c.Board {
				g.ready[c.Station] = append(g.ready[c.Station], int32(len(g.calls)))
			}
			g.calls = append(g.calls, call{Call: c, last: i == len(r.Calls)-1})
		}
	}
	for _, list := range g.ready {
		slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(g.calls[a].Depart, g.calls[b].Depart) })
		for i, c := range list {
			g.calls[c].place = int32(i)
		}
	}
	g.labels = make([]label, kinds*len(g.calls))
	return g
}

// Answer is what is compared of a journey.
type Answer struct {
	Found          bool
	Depart, Arrive int64
	Changes        int
}

// AnswerOf is what is compared of a journey found.
func AnswerOf(j timetable.Journey, ok bool) Answer {
	if !ok {
		return Answer{}
	}
	return Answer{Found: true, Depart: j.Depart(), Arrive: j.Arrive(), Changes: j.Changes()}
}

// Earliest is the answer to timetable.Timetable.Earliest. Skip is not looked at: a graph of this kind knows no rides.
func (g *Graph) Earliest(q timetable.Query) Answer {
	g.search++
	g.heap = g.heap[:0]
	most := int32(timetable.MostChanges + 1)
	if q.MaxChanges >= 0 && q.MaxChanges < timetable.MostChanges {
		most = int32(q.MaxChanges) + 1
	}
	end := q.Depart + cmp.Or(q.Longest, timetable.DefaultLongest)
	entry, exit := map[timetable.StationID]int64{}, map[timetable.StationID]int64{}
	near(entry, q.From, g.out, func(p timetable.Footpath) timetable.StationID { return p.To })
	near(exit, q.To, g.in, func(p timetable.Footpath) timetable.StationID { return p.From })
	for s, seconds := range entry {
		g.wait(s, item{time: q.Depart + seconds, depart: q.Depart})
	}
	for len(g.heap) > 0 {
		at := g.pop()
		if at.time > end {
			break
		}
		if at.node < 0 {
			return Answer{Found: true, Depart: at.depart, Arrive: at.time, Changes: int(at.rides) - 1}
		}
		l := &g.labels[at.node]
		if l.settled {
			continue
		}
		l.settled = true
		index := at.node / kinds
		c := &g.calls[index]
		switch at.node % kinds {
		case platform:
			if next := c.place + 1; int(next) < len(g.ready[c.Station]) {
				g.push(at, g.ready[c.Station][next], platform)
			}
			aboard := at
			if aboard.rides++; aboard.rides == 1 {
				aboard.depart = c.Depart - entry[c.Station]
			}
			if aboard.rides <= most {
				g.push(aboard, index, departure)
			}
		case departure:
			if !c.last && !c.Cut {
				g.push(at, index+1, arrival)
			}
		case arrival:
			g.push(at, index, departure)
			if !c.Alight {
				continue
			}
			if seconds, ok := exit[c.Station]; ok {
				there := at
				there.time, there.node = c.Arrive+seconds, -1
				g.add(there)
			}
			on := at
			on.time = c.Arrive + int64(max(g.stations[c.Station].Transfer, 1))
			g.wait(c.Station, on)
			for _, p := range g.out[c.Station] {
				on.time = c.Arrive + int64(p.Seconds)
				g.wait(p.To, on)
			}
		}
	}
	return Answer{}
}

// near fills in how far on foot stations are.
func near(seconds map[timetable.StationID]int64, stations []timetable.StationID, paths [][]timetable.Footpath, other func(timetable.Footpath) timetable.StationID) {
	for _, s := range stations {
		for _, p := range paths[s] {
			if old, ok := seconds[other(p)]; !ok || int64(p.Seconds) < old {
				seconds[other(p)] = int64(p.Seconds)
			}
		}
	}
	for _, s := range stations {
		seconds[s] = 0
	}
}

// wait goes to the first moment at which a run may be boarded at a station.
func (g *Graph) wait(s timetable.StationID, at item) {
	first, _ := slices.BinarySearchFunc(g.ready[s], at.time, func(c int32, time int64) int { return cmp.Compare(g.calls[c].Depart, time) })
	if first < len(g.ready[s]) {
		g.push(at, g.ready[s][first], platform)
	}
}

// push goes to a node, if that is a better way to it.
func (g *Graph) push(at item, call int32, kind int32) {
	at.node = call*kinds + kind
	if at.time = g.calls[call].Depart; kind == arrival {
		at.time = g.calls[call].Arrive
	}
	l := &g.labels[at.node]
	if l.search == g.search && (l.settled || l.rides < at.rides || l.rides == at.rides && l.depart >= at.depart) {
		return
	}
	*l = label{rides: at.rides, depart: at.depart, search: g.search}
	g.add(at)
}

func (g *Graph) add(at item) {
	h := append(g.heap, at)
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	g.heap = h
}

func (g *Graph) pop() item {
	h := g.heap
	top, n := h[0], len(h)-1
	h[0] = h[n]
	h = h[:n]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < n; child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	g.heap = h
	return top
}
