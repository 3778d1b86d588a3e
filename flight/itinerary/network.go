package itinerary

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"holdfast/uid"
)

// Network is departures ready to be searched. It is immutable and safe for any number of readers.
//
// Departures are taken apart into segments, every board and off point of each; segments between the same two airports are
// one edge, in the order of leaving. An airport's edges are lists of pointers, so a changed network shares all edges
// that no change touched.
type Network struct {
	rules    Rules
	compiled *compiled
	airports []Airport
	airport  map[string]int32 // number of an airport, by code
	carrier  map[string]int32
	nodes    []node // by airport
	shards   [shards]map[uid.ID]*Departure
	size     int
}

// shards is how the index by id is cut, so that a change copies little of it.
const shards = 1024

var shardSeed = maphash.MakeSeed()

func shardOf(id uid.ID) uint64 { return maphash.Bytes(shardSeed, id[:]) % shards }

// node is one airport.
type node struct{ out, in []*edge } // out by destination, in by origin

// edge is all segments from one airport to another.
type edge struct {
	from, to   int32
	kilometres int64 // great circle; -1 unknown
	quickest   int64 // seconds of the quickest segment
	sellers    uint64
	segments   []segment // by departs, arrives, then id
}

// segment is a Segment by the numbers of the network.
type segment struct {
	departs, arrives        int64
	departure               *Departure
	sellers                 uint64 // a bit for each carrier that sells it or flies it; carriers share bits
	carrier, operator       int32  // marketing, operating
	board, off              uint8
	firstAbroad, lastAbroad bool // its first and last leg are international
}

func (s *segment) through() bool { return s.off-s.board > 1 }

func (s *segment) public() Segment {
	return Segment{Departure: s.departure, Board: int(s.board), Off: int(s.off)}
}

func (s *segment) compare(o *segment) int {
	if c := cmp.Or(cmp.Compare(s.departs, o.departs), cmp.Compare(s.arrives, o.arrives)); c != 0 {
		return c
	}
	return cmp.Or(bytes.Compare(s.departure.ID[:], o.departure.ID[:]), cmp.Compare(s.board, o.board))
}

// Change adds or replaces a departure (Put), or takes one away (Remove): cancelled, or flown.
type Change struct {
	Put    *Departure
	Remove uid.ID // when Put is nil
}

// New builds a network. It refuses departures that are wrong by themselves, that name an airport which is not there, and
// ids or airports that are given twice.
func New(airports []Airport, departures []*Departure, rules Rules) (*Network, error) {
	rules, err := rules.filled()
	if err != nil {
		return nil, err
	}
	n := &Network{rules: rules, airport: make(map[string]int32, len(airports)), carrier: map[string]int32{}}
	n.airports = slices.Clone(airports)
	n.nodes = make([]node, len(airports))
	for i, a := range airports {
		if _, twice := n.airport[a.Code]; twice || a.Code == "" {
			return nil, fmt.Errorf("airport %q is given twice, or has no code", a.Code)
		}
		n.airport[a.Code] = int32(i)
	}
	changes := make([]Change, len(departures))
	seen := make(map[uid.ID]bool, len(departures))
	for i, d := range departures {
		if seen[d.ID] {
			return nil, fmt.Errorf("departure %s is given twice", d.ID.Text("dep"))
		}
		seen[d.ID] = true
		changes[i].Put = d
	}
	n.compiled = compile(&n.rules, n.airport, n.carrier)
	return n.With(changes)
}

// With is the network after the changes, in order. It costs what they touch, not what the network holds. To remove what
// is not there is no error: a cancellation may be repeated. After an error nothing has changed.
func (n *Network) With(changes []Change) (*Network, error) {
	next := *n
	edit := edit{network: &next, edges: map[route]*difference{}}
	for _, c := range changes {
		if err := edit.apply(c); err != nil {
			return nil, err
		}
	}
	edit.finish()
	return &next, nil
}

// WithAirports is the network with other airports: added ones, others' coordinates and areas changed. It builds everything
// anew.
func (n *Network) WithAirports(airports []Airport) (*Network, error) {
	return New(airports, n.departures(), n.rules)
}

// WithRules is the network under other rules.
func (n *Network) WithRules(rules Rules) (*Network, error) {
	rules, err := rules.filled()
	if err != nil {
		return nil, err
	}
	next := *n
	next.rules = rules
	next.compiled = compile(&next.rules, next.airport, next.carrier)
	return &next, nil
}

// Departure finds a departure.
func (n *Network) Departure(id uid.ID) (*Departure, bool) {
	d, ok := n.shards[shardOf(id)][id]
	return d, ok
}

// Len is how many departures there are.
func (n *Network) Len() int { return n.size }

func (n *Network) departures() []*Departure {
	out := make([]*Departure, 0, n.size)
	for _, shard := range n.shards {
		out = slices.AppendSeq(out, maps.Values(shard))
	}
	return out
}
