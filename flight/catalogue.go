package flight

import (
	"slices"
	"sync"

	"holdfast/civil"
	"holdfast/flight/itinerary"
	"holdfast/uid"
)

// catalogue is all that flight knows, in memory. What its maps hold is immutable; mu guards the maps. Who only reads
// takes part of mu for as long as it looks; it is never taken twice, and never held over I/O.
type catalogue struct {
	publishing sync.Mutex // one writer of what is shown at a time; taken before mu
	mu         sync.RWMutex
	airports   map[string]*Airport
	carriers   map[string]*Carrier
	aircraft   map[uid.ID]*Aircraft
	tariffs    map[uid.ID]*Tariff // by supplier
	fares      map[FareKey]*Fare
	feeds      map[feedKey]*Feed
	departures map[uid.ID]*Departure
	numbers    map[numberKey][]uid.ID
	places     *places // nil: to be made again
	view       view
}

type feedKey struct {
	supplier uid.ID
	name     string
}

// numberKey is a number under which a departure is sold on a date.
type numberKey struct {
	number string // normal
	date   civil.Date
}

func newCatalogue() *catalogue {
	return &catalogue{
		airports: map[string]*Airport{}, carriers: map[string]*Carrier{}, aircraft: map[uid.ID]*Aircraft{}, tariffs: map[uid.ID]*Tariff{},
		fares: map[FareKey]*Fare{}, feeds: map[feedKey]*Feed{}, departures: map[uid.ID]*Departure{}, numbers: map[numberKey][]uid.ID{},
	}
}

// How many rows are published before readers get a turn: of a timetable, after which the network is made once, and of
// updates, each part with its network.
const (
	rowsPerTurn = 1000
	rowsPerStep = 1024
	stepsAtMost = 4096 // rows; what has more is a timetable
)

// publish makes rows visible, in the order in which they were written.
func (c *catalogue) publish(r *Rows) {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	c.mu.Lock()
	for _, a := range r.Airports {
		c.airports[a.IATA] = a
	}
	for _, x := range r.Carriers {
		c.carriers[x.Code] = x
	}
	for _, a := range r.Aircraft {
		c.aircraft[a.ID] = a
	}
	for _, t := range r.Tariffs {
		c.tariffs[t.Supplier] = t
	}
	for _, f := range r.Fares {
		c.fares[f.FareKey] = f
	}
	for _, f := range r.Feeds {
		c.feeds[feedKey{f.Supplier, f.Name}] = f
	}
	if len(r.Airports) > 0 {
		c.places = nil
	}
	c.view.content(c, r)
	c.view.swap(c)
	c.mu.Unlock()
	if len(r.Departures) <= stepsAtMost {
		rest := r.Departures
		for len(rest) > 0 && c.step(rest[:min(len(rest), rowsPerStep)]) {
			rest = rest[min(len(rest), rowsPerStep):]
		}
		if len(rest) == 0 {
			return
		}
		r = &Rows{Departures: rest}
	}
	for part := range slices.Chunk(r.Departures, rowsPerTurn) {
		c.mu.Lock()
		for _, d := range part {
			c.put(d)
		}
		c.mu.Unlock()
	}
	c.mu.Lock()
	c.view.swap(c)
	c.mu.Unlock()
}

// step shows some departures together with the network of their flights, which it makes while readers go on; false when
// the network has to be made anew. Called with publishing held.
func (c *catalogue) step(part []*Departure) bool {
	v := &c.view
	made := make(map[uid.ID]*listing, len(part))
	var changes []itinerary.Change
	c.mu.RLock()
	network, anew := v.network, v.fresh || v.network == nil || len(v.pending) > 0
	for _, d := range part {
		old, shown := made[d.ID]
		if !shown {
			old = v.listings[d.ID]
		}
		l := v.listing(c, d)
		if change, some := differs(d.ID, old, l); some {
			changes = append(changes, change)
		}
		made[d.ID] = l
	}
	c.mu.RUnlock()
	if anew {
		return false
	}
	if len(changes) > 0 {
		next, err := network.With(changes)
		if err != nil {
			v.log.Error("the network is made anew", "error", err)
			return false
		}
		network = next
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range part {
		c.keep(d)
		v.place(d.ID, v.listings[d.ID], made[d.ID])
	}
	v.network = network
	return true
}

// put shows a departure. Called with mu held.
func (c *catalogue) put(d *Departure) {
	c.keep(d)
	c.view.list(c, d)
}

// keep takes a departure into the maps. Called with mu held.
func (c *catalogue) keep(d *Departure) {
	old := c.departures[d.ID]
	c.departures[d.ID] = d
	if old == nil || !slices.Equal(old.Codeshares, d.Codeshares) {
		if old != nil {
			for _, n := range old.names() {
				k := numberKey{n, old.Date}
				c.numbers[k] = slices.DeleteFunc(slices.Clone(c.numbers[k]), func(id uid.ID) bool { return id == d.ID })
				if len(c.numbers[k]) == 0 {
					delete(c.numbers, k)
				}
			}
		}
		for _, n := range d.names() {
			k := numberKey{n, d.Date}
			if !slices.Contains(c.numbers[k], d.ID) {
				c.numbers[k] = append(slices.Clip(c.numbers[k]), d.ID)
			}
		}
	}
}

// names are the numbers a departure is found under, as they are compared; with a suffix also without it.
func (d *Departure) names() []string {
	own := d.Carrier + d.Number
	out := []string{own}
	if d.Suffix != "" {
		out = append(out, own+d.Suffix)
	}
	for _, n := range d.Codeshares {
		out = append(out, normal(n))
	}
	return out
}

// departure finds a departure; nil if there is none.
func (c *catalogue) departure(id uid.ID) *Departure {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.departures[id]
}

// tariff is how a supplier sells; nil if it has not said.
func (c *catalogue) tariff(supplier uid.ID) *Tariff {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.tariffs[supplier]
}

// every calls fn for all departures, in no order.
func (c *catalogue) every(fn func(*Departure)) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, d := range c.departures {
		fn(d)
	}
}
