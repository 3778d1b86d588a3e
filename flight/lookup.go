package flight

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/stock"
	"holdfast/uid"
)

// Lookup implements Service.
func (c *Core) Lookup(_ context.Context, number string, date civil.Date) (*Flight, error) {
	if len(number) > 16 || !utf8.ValidString(number) {
		return nil, flightNotFound()
	}
	asked := normal(number)
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	out := &Flight{Number: asked, Date: date}
	for _, id := range c.catalogue.numbers[numberKey{asked, date}] {
		d := c.catalogue.departures[id]
		if s := d.state(c.clock.Now()); s == Removed || s == Awaited {
			continue
		}
		x := c.describe(d)
		if own := d.Carrier + d.Number; asked != own && asked != own+d.Suffix {
			x.Codeshare = asked
		}
		out.Departures = append(out.Departures, *x)
	}
	if len(out.Departures) == 0 {
		return nil, flightNotFound()
	}
	slices.SortFunc(out.Departures, func(a, b FlightDeparture) int {
		return cmp.Or(a.Legs[0].Planned.Departs.Compare(b.Legs[0].Planned.Departs), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out, nil
}

// Departure implements Service.
func (c *Core) Departure(_ context.Context, id uid.ID) (*FlightDeparture, error) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	d := c.catalogue.departures[id]
	if d == nil || len(d.Legs) == 0 {
		return nil, departureNotFound()
	}
	return c.describe(d), nil
}

// describe is a departure as anybody may see it. Called with the catalogue's lock held.
func (c *Core) describe(d *Departure) *FlightDeparture {
	out := &FlightDeparture{Departure: d, State: d.state(c.clock.Now()), Preparing: d.preparing(), Conflict: d.conflict(), Aircraft: c.catalogue.aircraft[d.Aircraft]}
	legs := d.legs()
	for i := range legs {
		l := FlightLeg{Leg: legs[i], Planned: d.Legs[i]}
		if a := c.catalogue.airports[l.From]; a != nil {
			l.FromZone = a.Zone
		}
		if a := c.catalogue.airports[l.To]; a != nil {
			l.ToZone = a.Zone
		}
		out.Legs = append(out.Legs, l)
	}
	l := c.catalogue.view.listings[d.ID]
	if l == nil {
		return out
	}
	now := c.clock.Now().Unix()
	for i := range l.cabins {
		cabin := &l.cabins[i]
		s := CabinState{Name: cabin.of.Name, Currency: string(l.tariff.Currency), Closed: d.Control != nil && d.Control.Closed}
		if out.Aircraft != nil {
			s.Seats = out.Aircraft.Seats(s.Name)
		}
		least := int32(stock.MaxUnits)
		for k, nest := range cabin.nests {
			free := nest.least(0, len(legs))
			if k == 0 {
				s.Free = free
			}
			least = min(least, free)
			if cabin.gone&(1<<k) != 0 {
				continue
			}
			class := ClassState{Code: cabin.of.Classes[k].Code, Free: least}
			class.Minor, _ = c.catalogue.fareNow(l.tariff, legs[0].From, legs[len(legs)-1].To, class.Code, now)
			if least > 0 && (s.From == nil || class.Minor < *s.From) {
				s.From = &class.Minor
			}
			s.Classes = append(s.Classes, class)
		}
		out.Cabins = append(out.Cabins, s)
	}
	return out
}

// SeatMap implements Service.
func (c *Core) SeatMap(ctx context.Context, q SeatQuery) (*SeatMap, error) {
	out, from, to, tiers, err := c.seatMap(q)
	if err != nil {
		return nil, err
	}
	units, err := c.desk.Units(ctx, out.Pool)
	if err != nil {
		return nil, err
	}
	if units == nil {
		return nil, notOnSale()
	}
	// The seats are those that the pool was made with, which an aircraft type that changed since may not have.
	letters := map[string]Seat{}
	for _, s := range out.Aircraft.seats(out.Cabin) {
		letters[s.Label] = s
	}
	for n, u := range units.Layout.Units {
		s, there := letters[u.Label]
		if !there {
			s = Seat{Label: u.Label, Cabin: out.Cabin, Deck: u.Group, Row: int(u.Row), Letter: strings.TrimLeft(u.Label, "0123456789")}
		}
		s.Tier, s.Traits = u.Tier, u.Traits
		x := SeatState{Seat: s, Free: units.Free(int32(n+1), stock.Slot(from), stock.Slot(to))}
		if int(u.Tier) < len(tiers) {
			x.Price = tiers[u.Tier]
		}
		if x.Free {
			out.Free++
		}
		out.Seats = append(out.Seats, x)
	}
	return out, nil
}

// seatMap is a map without its seats, the legs that are asked for, and what seats cost by tier.
func (c *Core) seatMap(q SeatQuery) (out *SeatMap, from, to int, tiers []int64, err error) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	d := c.catalogue.departures[q.Departure]
	if d == nil || len(d.Legs) == 0 {
		return nil, 0, 0, nil, departureNotFound()
	}
	t, a := c.catalogue.tariffs[d.Supplier], c.catalogue.aircraft[d.Aircraft]
	if d.preparing() || t == nil || a == nil {
		return nil, 0, 0, nil, notOnSale()
	}
	from, to, ok := d.span(q.From, q.To)
	if !ok {
		return nil, 0, 0, nil, fault.InvalidField("/from", "airport_not_on_way", "The flight does not go from %q to %q.", clip(q.From), clip(q.To))
	}
	var cabin *Cabin
	for i := range t.Cabins {
		if x := &t.Cabins[i]; d.pool(x.Name, "") != 0 && (q.Cabin == "" || q.Cabin == x.Name) {
			cabin = x
		}
	}
	if cabin == nil {
		return nil, 0, 0, nil, fault.New(fault.NotFound, "cabin_not_found", "This flight has no cabin %q.", clip(q.Cabin))
	}
	family := &t.Families[0]
	if q.Family != "" {
		if family = t.family(q.Family); family == nil {
			return nil, 0, 0, nil, familyNotFound(q.Family)
		}
	}
	out = &SeatMap{Departure: d, Aircraft: a, Cabin: cabin.Name, Pool: d.pool(cabin.Name, ""), Currency: string(t.Currency)}
	for _, s := range a.Sections {
		if s.Cabin == cabin.Name {
			out.Sections = append(out.Sections, s)
		}
	}
	return out, from, to, cabin.tiers(family), nil
}

// tiers is what choosing a seat costs under a family, by tier; nil: nothing.
func (c *Cabin) tiers(f *Family) []int64 {
	if f.SeatChoice == fare.SeatFree {
		return nil
	}
	return c.Tiers
}

// span are the legs [from, to) between two airports; "" is the first or the last.
func (d *Departure) span(from, to string) (i, j int, ok bool) {
	i, j = 0, len(d.Legs)
	if from != "" {
		if i = slices.IndexFunc(d.Legs, func(l Leg) bool { return l.From == from }); i < 0 {
			return 0, 0, false
		}
	}
	if to != "" {
		n := slices.IndexFunc(d.Legs[i:], func(l Leg) bool { return l.To == to })
		if n < 0 {
			return 0, 0, false
		}
		j = i + n + 1
	}
	return i, j, true
}

func notOnSale() *fault.Error {
	return fault.New(fault.Invalid, "not_on_sale", "This flight is not on sale.")
}

func familyNotFound(code string) *fault.Error {
	return fault.InvalidField("/family", "family_not_found", "There is no fare family %q.", clip(code))
}
