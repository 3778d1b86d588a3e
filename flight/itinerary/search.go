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
	slow     int64     // longest duration, seconds
	allowed  []bool    // by carrier; nil: all
	origin   []uint8   // by airport: which start of the slice it is, from 1; 0: none
	arrival  []uint8   // by airport: which end of the slice it is, from 1; 0: none
	apart    [][]int64 // by start and end, each from 0: the great circle, km
	firsts   []*ends
	finals   [][]*edge // by airport: edges to the ends of the slice
	steps    int
	results  []candidate
	opening  []opening
	frontier frontier
}

// ends are the edges out of an origin, with the ways on from where they lead.
type ends struct {
	edge  *edge
	final []*edge // to the ends of the slice, not too long a detour
	hops  []hop   // to places from where final edges lead on, the quickest first
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
	p := &plan{network: n, filter: f, slow: math.MaxInt64}
	if f.MaxDuration > 0 {
		p.slow = int64(f.MaxDuration / time.Second)
	}
	p.carriers()
	p.finals = make([][]*edge, len(n.airports))
	var origins, arrivals []int32
	p.origin, origins = n.mark(s.From)
	p.arrival, arrivals = n.mark(s.To)
	p.apart = make([][]int64, len(origins))
	for i, a := range origins {
		p.apart[i] = make([]int64, len(arrivals))
		for j, b := range arrivals {
			p.apart[i][j] = distance(&n.airports[a], &n.airports[b])
		}
	}
	for _, b := range arrivals {
		for _, e := range n.nodes[b].in {
			if p.passes(e) {
				p.finals[e.from] = append(p.finals[e.from], e)
			}
		}
	}
	for _, a := range origins {
		for _, e := range n.nodes[a].out {
			if !p.passes(e) || p.origin[e.to] != 0 {
				continue
			}
			if ends := p.ends(e); p.arrival[e.to] != 0 || len(ends.final) > 0 || len(ends.hops) > 0 {
				p.firsts = append(p.firsts, ends)
			}
		}
	}
	return p, nil
}

// mark numbers the airports of a slice's end that the network has, from 1.
func (n *Network) mark(codes []string) (numbers []uint8, airports []int32) {
	numbers = make([]uint8, len(n.airports))
	for _, code := range codes {
		if a, ok := n.airport[code]; ok && numbers[a] == 0 {
			airports = append(airports, a)
			numbers[a] = uint8(len(airports))
		}
	}
	return numbers, airports
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

// ends finds the ways on from where e leads.
func (p *plan) ends(e *edge) *ends {
	out := &ends{edge: e}
	if p.arrival[e.to] != 0 || p.filter.MaxStops == 0 {
		return out
	}
	if p.filter.MaxStops > 1 {
		out.hops = p.hops(e)
	}
	for _, final := range p.finals[e.to] {
		if !p.detour(e.from, final.to, e.kilometres, final.kilometres) {
			out.final = append(out.final, final)
		}
	}
	return out
}

// detour reports whether a way between two ends of the slice is too long.
func (p *plan) detour(from, to int32, kilometres ...int64) bool {
	return p.network.rules.detour(way(kilometres...), p.apart[p.origin[from]-1][p.arrival[to]-1])
}

// hops finds the pairs of edges that lead on from an origin's edge, the quickest first.
func (p *plan) hops(e *edge) (out []hop) {
	c := p.network.compiled
	partners := c.spread(e.sellers)
	for _, middle := range p.network.nodes[e.to].out {
		if middle.sellers&partners == 0 || len(p.finals[middle.to]) == 0 || p.origin[middle.to] != 0 || p.arrival[middle.to] != 0 || !p.passes(middle) {
			continue
		}
		ready, onwards := c.shortest(middle.to), c.spread(middle.sellers)
		for _, final := range p.finals[middle.to] {
			if final.sellers&onwards != 0 && !p.detour(e.from, final.to, e.kilometres, middle.kilometres, final.kilometres) {
				out = append(out, hop{middle: middle, final: final, ready: ready, quickest: middle.quickest + ready + final.quickest})
			}
		}
	}
	slices.SortFunc(out, func(a, b hop) int { return cmp.Compare(a.quickest, b.quickest) })
	return out
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
			if p.arrival[e.edge.to] != 0 {
				p.keep(s)
			} else if p.filter.MaxStops > 0 {
				p.opening = append(p.opening, opening{s, e})
			}
		}
	}
	slices.SortFunc(p.opening, func(a, b opening) int { return cmp.Compare(b.segment.departs, a.segment.departs) })
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
	set := carriersOf(a.carrier)
	limit := p.limit(a.departs, set, 2)
	ready := a.arrives + c.shortest(o.ends.edge.to)
	partners := c.partners(&p.network.rules, a)
	for _, h := range o.ends.hops {
		p.steps++
		if h.quickest > limit-ready || p.steps >= p.network.rules.MaxWork {
			break
		}
		if h.middle.sellers&partners == 0 {
			continue
		}
		for i := from(h.middle.segments, ready); i < len(h.middle.segments); i++ {
			p.steps++
			b := &h.middle.segments[i]
			if b.departs > a.arrives+c.wait || b.departs > limit-h.quickest {
				break
			}
			if b.sellers&partners != 0 && p.connects(a, b, h.middle.from) && p.sellable(b) {
				p.third(a, b, h, limit)
				limit = min(limit, p.limit(a.departs, set, 2))
			}
		}
	}
}

// third goes on from two segments to the end of the slice; limit is that of the first one's carrier.
func (p *plan) third(a, b *segment, h hop, limit int64) {
	if a.carrier != b.carrier {
		limit = min(limit, p.limit(a.departs, carriersOf(a.carrier, b.carrier), 2))
	}
	final := h.final
	for i := from(final.segments, b.arrives+h.ready); i < len(final.segments); i++ {
		p.steps++
		s := &final.segments[i]
		if s.departs > b.arrives+p.network.compiled.wait || s.departs > limit-final.quickest {
			return
		}
		if s.arrives <= limit && p.connects(b, s, final.from) && !crosses(a, s) && p.sellable(s) {
			p.keep(a, b, s)
		}
	}
}

// connects reports whether one may change from a to b at an airport, the bound on waiting aside.
func (p *plan) connects(a, b *segment, airport int32) bool {
	c := p.network.compiled
	return c.combine(&p.network.rules, a, b) && b.departs >= a.arrives+c.connection(airport, a, b) && !crosses(a, b)
}

// crosses reports whether two segments are of one departure, or come to one airport: b follows a at once or with one
// other between them. Ends of segments were told apart when the plan was made, so only stops on the way are
// compared; where b begins at the end of a, that is one visit.
func crosses(a, b *segment) bool {
	if a.departure == b.departure {
		return true
	}
	if !a.through() && !b.through() {
		return false
	}
	last := a.departure.Legs[a.off-1].To
	for j := b.board; j < b.off; j++ {
		to := b.departure.Legs[j].To
		if to == last || visits(a, to) {
			return true
		}
	}
	first := b.departure.Legs[b.board].From
	return first != last && visits(a, first)
}

// visits reports whether a segment leaves an airport, at its start or on the way.
func visits(s *segment, airport string) bool {
	for i := s.board; i < s.off; i++ {
		if s.departure.Legs[i].From == airport {
			return true
		}
	}
	return false
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
