package flight

import (
	"context"
	"maps"
	"math"
	"slices"

	"holdfast/flight/fare"
)

// Load-dependent booking classes: the seats kept for the higher classes follow from the demand that the tariff expects
// and the fares of the market (EMSR-b, see fare.JointLevels), and are worked out anew as the departure comes nearer.

// protect is the control of a departure with protection levels by EMSR-b, for the demand that is still to come: of what
// the tariff expects, the share of the time on sale that is left; its variance shrinks alike. Called without the
// catalogue's lock.
func (c *Core) protect(d *Departure) *Control {
	k := *d.Control
	k.Protected = maps.Clone(k.Protected)
	if k.Protected == nil {
		k.Protected = map[string]int32{}
	}
	now := c.clock.Now()
	left := d.departs().Sub(now).Hours() / 24 / float64(c.settings.Horizon)
	left = math.Round(100*max(0, min(1, left))) / 100 // a day's steps, so that nothing changes from hour to hour
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	t, a := c.catalogue.tariffs[d.Supplier], c.catalogue.aircraft[d.Aircraft]
	if t == nil || a == nil {
		return &k
	}
	from, to := d.Legs[0].From, d.Legs[len(d.Legs)-1].To
	for i := range t.Cabins {
		cabin := &t.Cabins[i]
		capacity := int32(a.Seats(cabin.Name))
		if capacity == 0 {
			continue
		}
		demand := make([]fare.Forecast, len(cabin.Classes))
		for n := range cabin.Classes {
			class := &cabin.Classes[n]
			minor, _ := c.catalogue.fareNow(t, from, to, class.Code, now.Unix())
			seats := float64(capacity) / 10_000
			demand[n] = fare.Forecast{Fare: minor, Mean: float64(class.DemandBP) * seats * left, Deviation: float64(class.DeviationBP) * seats * math.Sqrt(left)}
		}
		protected, err := fare.Protect(capacity, demand)
		if err != nil {
			c.log.Error("seats cannot be protected", "departure", d.ID.Text("dep"), "error", err)
			continue
		}
		for n := range cabin.Classes {
			k.Protected[cabin.Classes[n].Code] = protected[n]
		}
	}
	return &k
}

// reprotect works out the protection levels of all departures that want it, and has reservation set those that differ.
func (c *Core) reprotect(ctx context.Context) error {
	now := c.clock.Now()
	var due []*Departure
	c.catalogue.every(func(d *Departure) {
		if d.Control != nil && d.Control.LoadDependent && c.onSale(d, now) {
			due = append(due, d)
		}
	})
	slices.SortFunc(due, func(a, b *Departure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for part := range slices.Chunk(due, openedEach) {
		wrote := false
		if err := c.write(ctx, func(w *Write) (bool, error) {
			for _, d := range part {
				d := c.catalogue.departure(d.ID)
				if d.Control == nil || !d.Control.LoadDependent || !c.onSale(d, now) {
					continue
				}
				k := c.protect(d)
				if maps.Equal(k.Protected, d.Control.Protected) {
					continue
				}
				next := *d
				next.Control = k
				w.Departures = append(w.Departures, &next)
				w.Commands = append(w.Commands, Command{Departure: d.ID, Stock: true})
			}
			wrote = len(w.Departures) > 0
			return wrote, nil
		}); err != nil {
			return err
		}
		if wrote {
			if err := c.send(ctx, true, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
