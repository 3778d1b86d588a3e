package flight

import (
	"slices"
	"sync"

	"holdfast/civil"
	"holdfast/uid"
)

// catalogue is all that flight knows, in memory. What its maps hold is immutable; mu guards the maps. Who only reads
// takes part of mu for as long as it looks; it is never taken twice, and never held over I/O.
type catalogue struct {
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

// rowsPerTurn is how many rows are published before readers get a turn.
const rowsPerTurn = 1000

// publish makes rows visible, in the order in which they were written.
func (c *catalogue) publish(r *Rows) {
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
	c.mu.Unlock()
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

// put shows a departure. Called with mu held.
func (c *catalogue) put(d *Departure) {
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
	c.view.list(c, d)
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
