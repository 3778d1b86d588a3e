package flight

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/flight/itinerary"
	"holdfast/internal/clock"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// view is what search runs on: departures on sale, how many seats they have free, and the network of their flights. It
// is part of the catalogue and guarded by its lock, but for what it says.
type view struct {
	clock    clock.Clock
	ends     time.Duration // before departure its sale ends
	log      *slog.Logger
	listings map[uid.ID]*listing
	served   map[string]int // departures on sale by airport they leave from or land at

	network *itinerary.Network
	pending []itinerary.Change // not in the network yet
	fresh   bool               // airports or carriers changed: the network is to be made anew

	lines *lines
}

// listing is a departure on sale.
type listing struct {
	departure *Departure
	tariff    *Tariff
	legs      []Leg // as flown
	cabins    []listedCabin
	flight    *itinerary.Departure
}

// listedCabin is a cabin of a listing: the free seats of its classes, highest first; the highest has the whole cabin.
type listedCabin struct {
	of    *Cabin // as the departure's pools divide it
	gone  uint32 // bits of its classes that are not sold any more
	nests []*line
}

// list shows a departure as it is now, or takes it away if it is not on sale. Called with the catalogue's lock held.
func (v *view) list(c *catalogue, d *Departure) {
	old, l := v.listings[d.ID], v.listing(c, d)
	if change, some := differs(d.ID, old, l); some {
		v.pending = append(v.pending, change)
	}
	v.place(d.ID, old, l)
}

// differs is what the network has to learn when a listing takes the place of another one; either may be nil. Where that is
// nothing, the new one gets the flight that the network has.
func differs(id uid.ID, old, l *listing) (change itinerary.Change, some bool) {
	switch {
	case l == nil:
		return itinerary.Change{Remove: id}, old != nil
	case old != nil && sameFlight(old.flight, l.flight):
		l.flight = old.flight
		return change, false
	}
	return itinerary.Change{Put: l.flight}, true
}

// place puts a listing in the place of another one; either may be nil. Called with the catalogue's lock held.
func (v *view) place(id uid.ID, old, l *listing) {
	switch {
	case l != nil:
		v.listings[id] = l
		if old == nil || old.flight != l.flight {
			v.serve(old, -1)
			v.serve(l, 1)
		}
	case old != nil:
		v.serve(old, -1)
		delete(v.listings, id)
		v.lines.drop(old)
	}
}

func (v *view) serve(l *listing, n int) {
	if l == nil {
		return
	}
	for i := range l.legs {
		v.served[l.legs[i].From] += n
		v.served[l.legs[i].To] += n
	}
}

// listing is how a departure is sold now; nil if it is not.
func (v *view) listing(c *catalogue, d *Departure) *listing {
	t := c.tariffs[d.Supplier]
	if t == nil || !d.sells() || d.preparing() || !d.departs().After(v.clock.Now().Add(v.ends)) {
		return nil
	}
	l := &listing{departure: d, tariff: t, legs: d.legs()}
	f := &itinerary.Departure{ID: d.ID, Number: itinerary.Number{Carrier: d.Carrier, Number: d.Number + d.Suffix}, Operating: d.Operator}
	for i := range l.legs {
		g := &l.legs[i]
		from, to := c.airports[g.From], c.airports[g.To]
		if from == nil || to == nil || !g.Arrives.After(g.Departs) || i > 0 && g.Departs.Before(l.legs[i-1].Arrives) {
			return nil // an update has left it in no possible order
		}
		f.Legs = append(f.Legs, itinerary.Leg{
			From: g.From, To: g.To, Departs: g.Departs.Unix(), Arrives: g.Arrives.Unix(), DepartOffset: g.DepartOffset, ArriveOffset: g.ArriveOffset,
			Kilometres: int32(math.Round(kilometres(from, to))),
		})
	}
	for _, n := range d.Codeshares {
		parts := splitNumber(n)
		f.Codeshares = append(f.Codeshares, itinerary.Number{Carrier: parts.carrier, Number: parts.number})
	}
	for i := range t.Cabins {
		cabin, gone := d.divided(&t.Cabins[i])
		if cabin == nil {
			continue
		}
		nests := make([]*line, 0, len(cabin.Classes))
		for k := range cabin.Classes {
			class := cabin.Classes[k].Code
			if k == 0 {
				class = ""
			}
			pool := d.pool(cabin.Name, class)
			if pool == 0 {
				nests = nil
				break
			}
			nests = append(nests, v.lines.of(pool, len(d.Legs)))
		}
		if len(nests) > 0 {
			l.cabins = append(l.cabins, listedCabin{cabin, gone, nests})
			f.Cabins = append(f.Cabins, cabin.Name)
		}
	}
	if len(l.cabins) == 0 || f.Check() != nil {
		return nil
	}
	l.flight = f
	return l
}

func sameFlight(a, b *itinerary.Departure) bool {
	return a.Number == b.Number && a.Operating == b.Operating && slices.Equal(a.Legs, b.Legs) && slices.Equal(a.Codeshares, b.Codeshares) && slices.Equal(a.Cabins, b.Cabins)
}

// content takes in everything but departures.
func (v *view) content(c *catalogue, r *Rows) {
	if len(r.Airports)+len(r.Carriers) > 0 {
		v.fresh = true
	}
	if len(r.Tariffs) == 0 && len(r.Airports) == 0 {
		return
	}
	concerned := map[uid.ID]bool{}
	for _, t := range r.Tariffs {
		concerned[t.Supplier] = true
	}
	for _, d := range c.departures {
		if len(r.Airports) > 0 || concerned[d.Supplier] {
			v.list(c, d)
		}
	}
}

// swap brings the network in line with the listings.
func (v *view) swap(c *catalogue) {
	if !v.fresh && len(v.pending) == 0 {
		return
	}
	if !v.fresh && v.network != nil && len(v.pending) < max(1000, len(v.listings)/2) {
		next, err := v.network.With(v.pending)
		if err == nil {
			v.network, v.pending = next, nil
			return
		}
		v.log.Error("the network is made anew", "error", err)
	}
	v.pending, v.fresh = nil, false
	airports := make([]itinerary.Airport, 0, len(c.airports))
	for _, a := range c.airports {
		airports = append(airports, itinerary.Airport{Code: a.IATA, Area: a.Country, Latitude: a.Latitude, Longitude: a.Longitude})
	}
	flights := make([]*itinerary.Departure, 0, len(v.listings))
	for _, l := range v.listings {
		flights = append(flights, l.flight)
	}
	network, err := itinerary.New(airports, flights, c.rules())
	if err != nil {
		v.log.Error("flights cannot be searched", "error", err)
		return
	}
	v.network = network
}

// rules are which flights connect. Called with the catalogue's lock held.
func (c *catalogue) rules() itinerary.Rules {
	var r itinerary.Rules
	for _, a := range c.airports {
		if a.ConnectMinutes != 0 {
			r.Minimums = append(r.Minimums, itinerary.Minimum{Airport: a.IATA, Minutes: a.ConnectMinutes})
		}
	}
	for _, a := range c.carriers {
		for _, code := range a.Interline {
			if b := c.carriers[code]; b != nil && a.Code < b.Code && slices.Contains(b.Interline, a.Code) {
				r.Agreements = append(r.Agreements, [2]string{a.Code, b.Code})
			}
		}
	}
	return r
}

// expire takes away departures whose sale has ended.
func (c *catalogue) expire() {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := c.view.clock.Now().Add(c.view.ends)
	for id, l := range c.view.listings {
		if !l.legs[0].Departs.After(gone) {
			c.view.list(c, c.departures[id])
		}
	}
	c.view.swap(c)
}

// line is the free units of a pool by slot. Readers take no lock.
type line struct {
	free     []atomic.Int32
	versions []int64 // guarded by lines.mu
}

// least is what is free on all of [from, to).
func (l *line) least(from, to int) int32 {
	if from < 0 || to > len(l.free) || from >= to {
		return 0
	}
	n := int32(math.MaxInt32)
	for i := from; i < to; i++ {
		n = min(n, l.free[i].Load())
	}
	return n
}

// lines are the pools of listings. Its lock is taken while that of the catalogue is held, never the other way.
type lines struct {
	mu    sync.Mutex
	pools map[stock.PoolID]*line
	blank map[stock.PoolID]bool // not read yet
}

func newLines() *lines {
	return &lines{pools: map[stock.PoolID]*line{}, blank: map[stock.PoolID]bool{}}
}

// of is the line of a pool with so many slots. A new one has nothing free until it has been read.
func (s *lines) of(pool stock.PoolID, slots int) *line {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.pools[pool]
	if l == nil {
		l = &line{free: make([]atomic.Int32, slots), versions: make([]int64, slots)}
		s.pools[pool] = l
		s.blank[pool] = true
	}
	return l
}

// drop forgets the lines of a listing that has gone; they are read anew should it come back.
func (s *lines) drop(l *listing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range l.departure.Pools {
		delete(s.pools, l.departure.Pools[i].ID)
		delete(s.blank, l.departure.Pools[i].ID)
	}
}

// take notes new states of slots, in any order: of one slot the higher version wins.
func (s *lines) take(rows []reservation.SlotRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rows {
		r := &rows[i]
		l := s.pools[r.Key.Pool]
		if l == nil || r.Key.Slot < 0 || int(r.Key.Slot) >= len(l.free) || l.versions[r.Key.Slot] >= r.Version {
			continue
		}
		l.versions[r.Key.Slot] = r.Version
		l.free[r.Key.Slot].Store(r.Free())
	}
}

// unread takes some pools that have not been read, and their lines.
func (s *lines) unread(limit int) ([]stock.PoolID, map[stock.PoolID]*line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []stock.PoolID
	of := map[stock.PoolID]*line{}
	for pool := range s.blank {
		if len(out) == limit {
			break
		}
		out, of[pool] = append(out, pool), s.pools[pool]
	}
	slices.Sort(out)
	return out, of
}

// read notes what has been read. A line that was forgotten meanwhile and came back is another one, and still blank.
func (s *lines) read(lines map[stock.PoolID]*line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pool, l := range lines {
		if s.pools[pool] == l {
			delete(s.blank, pool)
		}
	}
}

// filler reads the stock of pools that have come to be listed.
type filler struct {
	lines *lines
	wake  chan struct{}
	turn  chan struct{} // holds one token while nobody fills
}

func newFiller(l *lines) *filler {
	f := &filler{lines: l, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	return f
}

// nudge lets follow look.
func (f *filler) nudge() {
	select {
	case f.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// poolsPerRead is how many pools are read at once.
const poolsPerRead = 2048

// fill reads what has not been read. It returns when everything that was listed before has been.
func (f *filler) fill(ctx context.Context, svc reservation.Service) error {
	select {
	case <-f.turn:
		defer func() { f.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		pools, lines := f.lines.unread(poolsPerRead)
		if len(pools) == 0 {
			return nil
		}
		if err := svc.SlotsOf(ctx, pools, func(rows []reservation.SlotRow) error {
			f.lines.take(rows)
			return ctx.Err()
		}); err != nil {
			return err
		}
		f.lines.read(lines)
	}
}

// follow fills whenever it is nudged, until ctx ends.
func (f *filler) follow(ctx context.Context, svc reservation.Service, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		if err := f.fill(ctx, svc); err != nil && !errors.Is(err, context.Canceled) {
			log.Warn("stock of departures could not be read; it will be tried again", "error", err)
		}
	}
}
