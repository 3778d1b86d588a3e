package hotel

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"holdfast/place"
	"holdfast/uid"
)

// publisher learns of houses as they become visible; the finder is one.
type publisher interface {
	publish(h *House)
	withdraw(id uid.ID)
}

// catalogue holds every house in memory, so that reading never asks the store. Houses in it are immutable.
type catalogue struct {
	next publisher

	mu     sync.RWMutex
	houses map[uid.ID]*card
	sorted []*card // by name, then id; nil: to be made again
	refs   map[reference]uid.ID
}

// card is a house with what listing compares.
type card struct {
	house *House
	name  string // folded
	city  string // folded
	text  string // folded name, address and city
}

// reference is what an imported hotel is known by.
type reference struct {
	supplier uid.ID
	ref      string
}

func newCatalogue(next publisher) *catalogue {
	return &catalogue{next: next, houses: map[uid.ID]*card{}, refs: map[reference]uid.ID{}}
}

// publish makes houses visible unless a newer state of them is already. The finder learns of them under the same lock:
// it sees the states of a house in their order.
func (c *catalogue) publish(houses ...*House) {
	for _, h := range houses {
		e := &card{house: h, name: place.Name(h.Hotel.Name), city: place.Name(h.Hotel.City)}
		e.text = e.name + " " + place.Name(h.Hotel.Address) + " " + e.city
		c.put(e)
	}
}

func (c *catalogue) put(e *card) {
	h := e.house
	ref := reference{h.Hotel.Supplier, h.Hotel.ExternalRef}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.houses[h.Hotel.ID]
	if ok && old.house.Revision >= h.Revision {
		return
	}
	c.houses[h.Hotel.ID] = e
	if !ok || old.name != e.name {
		c.sorted = nil
	} else if c.sorted != nil {
		// Readers may still walk the old slice; a changed card of the same name goes into a copy.
		i, _ := slices.BinarySearchFunc(c.sorted, e, compareCards)
		c.sorted = slices.Clone(c.sorted)
		c.sorted[i] = e
	}
	if ref.ref != "" && h.Hotel.Status != Retired {
		c.refs[ref] = h.Hotel.ID
	} else if c.refs[ref] == h.Hotel.ID {
		delete(c.refs, ref)
	}
	if h.Hotel.Status == Retired {
		c.next.withdraw(h.Hotel.ID)
		return
	}
	c.next.publish(h)
}

// house finds a house; nil if there is none.
func (c *catalogue) house(id uid.ID) *House {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if e, ok := c.houses[id]; ok {
		return e.house
	}
	return nil
}

// imported finds the hotel of a supplier by its external reference; nil if there is none.
func (c *catalogue) imported(supplier uid.ID, ref string) *House {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if id, ok := c.refs[reference{supplier, ref}]; ok {
		return c.houses[id].house
	}
	return nil
}

func compareCards(a, b *card) int {
	return cmp.Or(strings.Compare(a.name, b.name), compareID(a.house.Hotel.ID, b.house.Hotel.ID))
}

// byName is all cards in order. The slice is not changed afterwards.
func (c *catalogue) byName() []*card {
	c.mu.RLock()
	sorted := c.sorted
	c.mu.RUnlock()
	if sorted != nil {
		return sorted
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sorted == nil {
		c.sorted = make([]*card, 0, len(c.houses))
		for _, e := range c.houses {
			c.sorted = append(c.sorted, e)
		}
		slices.SortFunc(c.sorted, compareCards)
	}
	return c.sorted
}

// all is every house, in no order.
func (c *catalogue) all() []*House {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := make([]*House, 0, len(c.houses))
	for _, e := range c.houses {
		out = append(out, e.house)
	}
	return out
}
