package itinerary

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// plan is a search made ready: what the places, the filter and the rules fix, whatever day is asked for. A calendar runs one
// plan for each of its days.
type plan struct {
	network  *Network
	filter   *Filter
	slow     int64  // longest duration, seconds
	allowed  []bool // by carrier; nil: all
	origin   []bool // by airport: start of the slice
	arrival  []bool // by airport: end of the slice
	last     int64  // nothing leaves later, connections included
	firsts   []*ends
	finals   [][]*edge // by airport: edges to the ends of the slice
	apart    map[route]int64
	steps    int
	results  []candidate
	opening  []opening
	frontier frontier
}

// ends are the edges out of an origin, with the ways on from where they lead.
type ends struct {
	edge  *edge
	final []*edge // to the ends of the slice, not too long a detour
	hops  []hop   // to places from where final edges lead on; made when needed
	made  bool
}

// hop is a middle segment's edge with the edge after it.
type hop struct {
	middle, final *edge
	quickest      int64 // seconds from leaving on the middle edge to arriving
	ready         int64 // shortest minimum connection time between the two
}

// opening is a first segment to go on from.
type opening struct {
	segment *segment
	ends    *ends
}

func (n *Network) plan(s Slice, f *Filter) (*plan, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	p := &plan{network: n, filter: f, slow: math.MaxInt64, apart: map[route]int64{}}
	if f.MaxDuration > 0 {
		p.slow = int64(f.MaxDuration / time.Second)
	}
	p.carriers()
	p.origin, p.arrival = make([]bool, len(n.airports)), make([]bool, len(n.airports))
	p.finals = make([][]*edge, len(n.airports))
	mark := func(codes []string, in []bool) (numbers []int32) {
		for _, code := range codes {
			if a, ok := n.airport[code]; ok && !in[a] {
				in[a] = true
				numbers = append(numbers, a)
			}
		}
		return numbers
	}
	origins, arrivals := mark(s.From, p.origin), mark(s.To, p.arrival)
	for _, b := range arrivals {
		for _, e := range n.nodes[b].in {
			if p.passes(e) {
				p.finals[e.from] = append(p.finals[e.from], e)
			}
		}
	}
	for _, a := range origins {
		for _, e := range n.nodes[a].out {
			if p.passes(e) && !p.origin[e.to] {
				p.firsts = append(p.firsts, p.ends(e))
			}
		}
	}
	return p, nil
}

// carriers reads which carriers the filter lets pass.
func (p *plan) carriers() {
	f, n := p.filter, p.network
	if len(f.Include) == 0 && len(f.Exclude) == 0 {
		return
	}
	p.allowed = make([]bool, len(n.carrier))
	for code, c := range n.carrier {
		p.allowed[c] = (len(f.Include) == 0 || slices.Contains(f.Include, code)) && !slices.Contains(f.Exclude, code)
	}
}

// passes reports whether any segment of an edge could pass the filter.
func (p *plan) passes(e *edge) bool {
	if p.allowed == nil {
		return true
	}
	for c, ok := range p.allowed {
		if ok && e.sellers&(1<<(c%64)) != 0 {
			return true
		}
	}
	return false
}

// ends finds the final edges from where e leads.
func (p *plan) ends(e *edge) *ends {
	out := &ends{edge: e}
	if p.arrival[e.to] || p.filter.MaxStops == 0 {
		return out
	}
	for _, final := range p.finals[e.to] {
		if !p.network.rules.detour(way(e.kilometres, final.kilometres), p.direct(e.from, final.to)) {
			out.final = append(out.final, final)
		}
	}
	return out
}

// direct is the great circle between two airports.
func (p *plan) direct(from, to int32) int64 {
	r := route{from, to}
	d, ok := p.apart[r]
	if !ok {
		d = distance(&p.network.airports[from], &p.network.airports[to])
		p.apart[r] = d
	}
	return d
}

// hopsOf finds the pairs of edges that lead on from an origin's edge, the quickest first.
func (p *plan) hopsOf(e *ends) []hop {
	if e.made {
		return e.hops
	}
	e.made = true
	for _, middle := range p.network.nodes[e.edge.to].out {
		p.steps++
		if len(p.finals[middle.to]) == 0 || p.origin[middle.to] || p.arrival[middle.to] || !p.passes(middle) {
			continue
		}
		ready := p.network.compiled.shortest(middle.to)
		for _, final := range p.finals[middle.to] {
			if final.to == e.edge.to || p.network.rules.detour(way(e.edge.kilometres, middle.kilometres, final.kilometres), p.direct(e.edge.from, final.to)) {
				continue
			}
			e.hops = append(e.hops, hop{middle: middle, final: final, ready: ready, quickest: middle.quickest + ready + final.quickest})
		}
	}
	slices.SortStableFunc(e.hops, func(a, b hop) int { return cmp.Compare(a.quickest, b.quickest) })
	return e.hops
}

// sellable is what the filter asks of each segment by itself.
func (p *plan) sellable(s *segment) bool {
	if p.allowed != nil && !p.allowed[s.carrier] {
		return false
	}
	if p.filter.Cabin != "" && !slices.Contains(s.departure.Cabins, p.filter.Cabin) {
		return false
	}
	return p.filter.Sellable == nil || p.filter.Sellable(s.public())
}

// run finds what leaves within [earliest, latest), in three passes: flights without a change, with one, with two. First
// segments are taken in the order of leaving, the last first, so that what was found so far leaves no earlier than
// what comes, and tells from when on it would be dominated: most ways are given up before they are followed.
func (p *plan) run(earliest, latest int64) Found {
	p.steps, p.results, p.opening = 0, p.results[:0], p.opening[:0]
	for _, e := range p.firsts {
		list := e.edge.segments
		for i := from(list, earliest); i < len(list) && list[i].departs < latest; i++ {
			p.steps++
			s := &list[i]
			if !p.filter.DepartLocal.Has(local(s.departs, s.departure.Legs[s.board].DepartOffset)) || !p.sellable(s) {
				continue
			}
			if p.arrival[e.edge.to] {
				p.keep(s)
			} else if p.filter.MaxStops > 0 {
				p.opening = append(p.opening, opening{s, e})
			}
		}
	}
	slices.SortFunc(p.opening, func(a, b opening) int { return b.segment.compare(a.segment) })
	truncated := false
	for stops := 1; stops <= p.filter.MaxStops && !truncated; stops++ {
		truncated = p.pass(stops)
	}
	p.results = p.frontier.undominated(p.results, len(p.network.carrier))
	slices.SortFunc(p.results, func(a, b candidate) int { return a.compare(&b) })
	return Found{Itineraries: public(p.results), Truncated: truncated, Steps: p.steps}
}

// pass finds the connections with so many changes. It reports whether the bound of work ended it.
func (p *plan) pass(stops int) (truncated bool) {
	before := p.results // with fewer changes; what is appended here is not in it
	slices.SortFunc(before, func(a, b candidate) int { return cmp.Compare(b.departs, a.departs) })
	p.frontier.reset(len(p.network.carrier))
	for _, o := range p.opening {
		for len(before) > 0 && before[0].departs >= o.segment.departs {
			p.frontier.add(&before[0])
			before = before[1:]
		}
		if stops == 1 {
			p.one(o)
		} else {
			p.two(o)
		}
		if p.steps >= p.network.rules.MaxWork {
			return true
		}
	}
	return false
}

// limit is the latest arrival that is of use to what leaves then with these carriers.
func (p *plan) limit(departs int64, set carriers, stops int) int64 {
	b := p.frontier.of(set)
	at := b.latest(stops)
	if p.slow < math.MaxInt64 {
		at = min(at, departs+p.slow)
	}
	return at
}

// one goes on from a first segment to the end of the slice.
func (p *plan) one(o opening) {
	a := o.segment
	limit := p.limit(a.departs, carriersOf(a.carrier), 1)
	ready := a.arrives + p.network.compiled.shortest(o.ends.edge.to)
	for _, final := range o.ends.final {
		for i := from(final.segments, ready); i < len(final.segments); i++ {
			p.steps++
			b := &final.segments[i]
			if b.departs > a.arrives+p.network.compiled.wait || b.departs > limit-final.quickest {
				break
			}
			if b.arrives <= limit && p.connects(a, b, final.from) && p.sellable(b) {
				p.keep(a, b)
			}
		}
	}
}

// two goes on from a first segment over a middle one.
func (p *plan) two(o opening) {
	c := p.network.compiled
	a := o.segment
	limit := p.limit(a.departs, carriersOf(a.carrier), 2)
	ready := a.arrives + c.shortest(o.ends.edge.to)
	for _, h := range p.hopsOf(o.ends) {
		p.steps++
		if h.quickest > limit-ready || p.steps >= p.network.rules.MaxWork {
			break
		}
		for i := from(h.middle.segments, ready); i < len(h.middle.segments); i++ {
			p.steps++
			b := &h.middle.segments[i]
			if b.departs > a.arrives+c.wait || b.departs > limit-h.quickest {
				break
			}
			if p.connects(a, b, h.middle.from) && p.sellable(b) {
				p.third(a, b, h)
			}
		}
	}
}

// third goes on from two segments to the end of the slice.
func (p *plan) third(a, b *segment, h hop) {
	limit := p.limit(a.departs, carriersOf(a.carrier, b.carrier), 2)
	final := h.final
	for i := from(final.segments, b.arrives+h.ready); i < len(final.segments); i++ {
		p.steps++
		s := &final.segments[i]
		if s.departs > b.arrives+p.network.compiled.wait || s.departs > limit-final.quickest {
			return
		}
		if s.arrives <= limit && p.connects(b, s, final.from) && !meet(a, s) && p.sellable(s) {
			p.keep(a, b, s)
		}
	}
}

// connects reports whether one may change from a to b at an airport, the bound on waiting aside.
func (p *plan) connects(a, b *segment, airport int32) bool {
	c := p.network.compiled
	return c.combine(&p.network.rules, a, b) && b.departs >= a.arrives+c.connection(airport, a, b) && !crosses(a, b)
}

// crosses reports whether b comes to an airport that a has been to, but for the one where they meet, or is the same
// departure.
func crosses(a, b *segment) bool {
	if a.departure == b.departure {
		return true
	}
	for i := a.board; i < a.off; i++ {
		at := a.departure.Legs[i].From
		for j := b.board; j < b.off; j++ {
			if b.departure.Legs[j].To == at {
				return true
			}
		}
	}
	if !b.through() {
		return false
	}
	at := a.departure.Legs[a.off-1].To
	for j := b.board; j < b.off; j++ {
		if b.departure.Legs[j].To == at {
			return true
		}
	}
	return false
}

// meet reports whether two segments with another one between them come to one airport, or are the same departure.
func meet(a, b *segment) bool {
	if a.departure == b.departure {
		return true
	}
	has := func(at string) bool {
		for j := b.board; j < b.off; j++ {
			if b.departure.Legs[j].From == at {
				return true
			}
		}
		return b.departure.Legs[b.off-1].To == at
	}
	for i := a.board; i < a.off; i++ {
		if has(a.departure.Legs[i].From) {
			return true
		}
	}
	return has(a.departure.Legs[a.off-1].To)
}

// keep takes an itinerary that passes the filter as a whole and is not dominated by what is known.
func (p *plan) keep(segments ...*segment) {
	first, last := segments[0], segments[len(segments)-1]
	c := candidate{departs: first.departs, arrives: last.arrives, stops: uint8(len(segments) - 1)}
	copy(c.segments[:], segments)
	switch len(segments) {
	case 1:
		c.carriers = carriersOf(first.carrier)
	case 2:
		c.carriers = carriersOf(first.carrier, last.carrier)
	default:
		c.carriers = carriersOf(first.carrier, segments[1].carrier, last.carrier)
	}
	if c.arrives-c.departs > p.slow || !p.filter.ArriveLocal.Has(local(c.arrives, last.departure.Legs[last.off-1].ArriveOffset)) {
		return
	}
	if c.stops > 0 {
		if c.arrives > p.limit(c.departs, c.carriers, int(c.stops)) {
			return
		}
		p.frontier.add(&c)
	}
	p.results = append(p.results, c)
}

// from is the first segment that leaves at an instant or later.
func from(list []segment, at int64) int {
	low, high := 0, len(list)
	for low < high {
		if mid := int(uint(low+high) >> 1); list[mid].departs < at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// public makes itineraries of candidates, all segments in one piece of memory.
func public(list []candidate) []Itinerary {
	n := 0
	for i := range list {
		n += int(list[i].stops) + 1
	}
	segments := make([]Segment, 0, n)
	out := make([]Itinerary, len(list))
	for i := range list {
		at := len(segments)
		for _, s := range list[i].segments[:list[i].stops+1] {
			segments = append(segments, s.public())
		}
		out[i] = segments[at:len(segments):len(segments)]
	}
	return out
}
