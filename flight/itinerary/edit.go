package itinerary

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"holdfast/uid"
)

// edit gathers changes of a network that nobody has seen yet. It copies what it writes to: shards, carriers, edges and
// the lists of airports.
type edit struct {
	network *Network
	shards  [shards]bool // copied already
	edges   map[route]*difference
	carrier bool // copied already
}

// route is an edge by its ends.
type route struct{ from, to int32 }

// difference is what changes in one edge.
type difference struct {
	gone  map[*Departure]bool
	added []segment
}

func (e *edit) apply(c Change) error {
	if c.Put == nil {
		e.remove(c.Remove)
		return nil
	}
	if err := c.Put.Check(); err != nil {
		return err
	}
	for i := range c.Put.Legs {
		for _, code := range []string{c.Put.Legs[i].From, c.Put.Legs[i].To} {
			if _, ok := e.network.airport[code]; !ok {
				return fmt.Errorf("departure %s: airport %q is not known", c.Put.Number, code)
			}
		}
	}
	e.remove(c.Put.ID)
	e.shard(c.Put.ID)[c.Put.ID] = c.Put
	e.network.size++
	e.each(c.Put, func(r route, s segment) {
		d := e.difference(r)
		d.added = append(d.added, s)
	})
	return nil
}

func (e *edit) remove(id uid.ID) {
	old, ok := e.network.Departure(id)
	if !ok {
		return
	}
	delete(e.shard(id), id)
	e.network.size--
	e.each(old, func(r route, _ segment) {
		d := e.difference(r)
		if d.gone == nil {
			d.gone = map[*Departure]bool{}
		}
		d.gone[old] = true
		d.added = slices.DeleteFunc(d.added, func(s segment) bool { return s.departure == old }) // put earlier in the same batch
	})
}

// shard is the writable shard of an id.
func (e *edit) shard(id uid.ID) map[uid.ID]*Departure {
	i := shardOf(id)
	if !e.shards[i] {
		e.shards[i] = true
		e.network.shards[i] = maps.Clone(e.network.shards[i])
		if e.network.shards[i] == nil {
			e.network.shards[i] = map[uid.ID]*Departure{}
		}
	}
	return e.network.shards[i]
}

func (e *edit) difference(r route) *difference {
	d := e.edges[r]
	if d == nil {
		d = &difference{}
		e.edges[r] = d
	}
	return d
}

// number is the number of a carrier, a new one where it has none.
func (e *edit) number(code string) int32 {
	n, ok := e.network.carrier[code]
	if ok {
		return n
	}
	if !e.carrier {
		e.carrier = true
		e.network.carrier = maps.Clone(e.network.carrier)
	}
	n = int32(len(e.network.carrier))
	e.network.carrier[code] = n
	return n
}

// each yields the segments of a departure: every board and off point, but for those that come through an airport twice.
func (e *edit) each(d *Departure, yield func(route, segment)) {
	s := segment{departure: d, carrier: e.number(d.Carrier), operator: e.number(d.Operator())}
	s.sellers = 1<<(s.carrier%64) | 1<<(s.operator%64)
	for _, c := range d.Codeshares {
		s.sellers |= 1 << (e.number(c.Carrier) % 64)
	}
	for board := range d.Legs {
		first := &d.Legs[board]
		s.board, s.departs, s.firstAbroad = uint8(board), first.Departs, e.abroad(first)
		for off := board + 1; off <= len(d.Legs); off++ {
			last := &d.Legs[off-1]
			if slices.ContainsFunc(d.Legs[board:off], func(l Leg) bool { return l.From == last.To }) {
				break // every longer one comes through it twice as well
			}
			s.off, s.arrives, s.lastAbroad = uint8(off), last.Arrives, e.abroad(last)
			yield(route{e.network.airport[first.From], e.network.airport[last.To]}, s)
		}
	}
}

func (e *edit) abroad(l *Leg) bool {
	airports, number := e.network.airports, e.network.airport
	return airports[number[l.From]].Area != airports[number[l.To]].Area
}

// finish puts the changed edges in place.
func (e *edit) finish() {
	n := e.network
	if e.carrier {
		n.compiled = compile(&n.rules, n.airport, n.carrier)
	}
	if len(e.edges) == 0 {
		return
	}
	n.nodes = slices.Clone(n.nodes)
	out, in := make([]bool, len(n.nodes)), make([]bool, len(n.nodes)) // lists copied already
	for r, d := range e.edges {
		if !out[r.from] {
			out[r.from] = true
			n.nodes[r.from].out = slices.Clone(n.nodes[r.from].out)
		}
		if !in[r.to] {
			in[r.to] = true
			n.nodes[r.to].in = slices.Clone(n.nodes[r.to].in)
		}
		from, to := &n.nodes[r.from], &n.nodes[r.to]
		i, ok := slices.BinarySearchFunc(from.out, r.to, func(x *edge, to int32) int { return cmp.Compare(x.to, to) })
		j, _ := slices.BinarySearchFunc(to.in, r.from, func(x *edge, from int32) int { return cmp.Compare(x.from, from) })
		var old *edge
		if ok {
			old = from.out[i]
		}
		switch changed := e.edge(r, old, d); {
		case changed == nil && ok:
			from.out, to.in = slices.Delete(from.out, i, i+1), slices.Delete(to.in, j, j+1)
		case changed == nil:
		case ok:
			from.out[i], to.in[j] = changed, changed
		default:
			from.out, to.in = slices.Insert(from.out, i, changed), slices.Insert(to.in, j, changed)
		}
	}
}

// edge is an edge after its difference; nil when nothing is left.
func (e *edit) edge(r route, old *edge, d *difference) *edge {
	next := &edge{from: r.from, to: r.to, quickest: math.MaxInt64}
	if old != nil {
		next.kilometres = old.kilometres
		next.segments = make([]segment, 0, len(old.segments)+len(d.added))
		for i := range old.segments {
			if !d.gone[old.segments[i].departure] {
				next.segments = append(next.segments, old.segments[i])
			}
		}
	} else {
		next.kilometres = distance(&e.network.airports[r.from], &e.network.airports[r.to])
	}
	next.segments = append(next.segments, d.added...)
	if len(next.segments) == 0 {
		return nil
	}
	slices.SortFunc(next.segments, func(a, b segment) int { return a.compare(&b) })
	for i := range next.segments {
		s := &next.segments[i]
		next.quickest = min(next.quickest, s.arrives-s.departs)
		next.sellers |= s.sellers
	}
	return next
}
