package flight

import (
	"context"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/reservation"
	"holdfast/stock"
)

// Bounds of the jobs.
const (
	openedEach   = 2_000              // departures opened in one write
	slotsKept    = 7 * 24 * time.Hour // after landing, until the stock of a departure is put away
	slotsLooked  = 45 * 24 * time.Hour
	spansPerCall = 5_000
)

// rollForward opens the departures that came within the horizon, and takes those that have left out of the search. It is
// idempotent: what has its pools, or waits for them, is left alone.
func (c *Core) rollForward(ctx context.Context) error {
	c.catalogue.expire()
	now := c.clock.Now()
	due := c.due(now)
	for part := range slices.Chunk(due, openedEach) {
		if err := c.write(ctx, func(w *Write) (bool, error) {
			for _, d := range part {
				if d := c.catalogue.departure(d.ID); d.preparing() && c.onSale(d, now) {
					w.Commands = append(w.Commands, Command{Departure: d.ID, Stock: true})
				}
			}
			return len(w.Commands) > 0, nil
		}); err != nil {
			return err
		}
		if err := c.send(ctx, true, nil); err != nil {
			return err
		}
	}
	return nil
}

// due are the departures that should have pools and have none, the earliest first.
func (c *Core) due(now time.Time) []*Departure {
	var out []*Departure
	c.catalogue.mu.RLock()
	for _, d := range c.catalogue.departures {
		if d.preparing() && c.onSale(d, now) && c.catalogue.fits(d) {
			out = append(out, d)
		}
	}
	c.catalogue.mu.RUnlock()
	slices.SortFunc(out, func(a, b *Departure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out
}

// fits says whether a departure's aircraft has a cabin that is sold. Called with the lock held.
func (c *catalogue) fits(d *Departure) bool {
	t, a := c.tariffs[d.Supplier], c.aircraft[d.Aircraft]
	return t != nil && a != nil && slices.ContainsFunc(t.Cabins, func(x Cabin) bool { return a.Seats(x.Name) > 0 })
}

// archive has reservation put away the stock of departures that are over. What still waits for something stays until the
// next run.
func (c *Core) archive(ctx context.Context) error {
	now := c.clock.Now()
	var spans []reservation.Span
	c.catalogue.every(func(d *Departure) {
		if len(d.Legs) == 0 {
			return
		}
		if over := now.Sub(d.arrives()); over < slotsKept || over > slotsLooked {
			return
		}
		for _, p := range d.Pools {
			if p.Buried {
				continue
			}
			spans = append(spans, reservation.Span{Pool: p.ID, To: stock.Slot(len(d.Legs))})
		}
	})
	for part := range slices.Chunk(spans, spansPerCall) {
		if _, err := c.desk.ArchiveSlots(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// today is the date in UTC; wherever an airport is, its date is within a day of it.
func (c *Core) today() civil.Date { return civil.Today(c.clock.Now(), time.UTC) }
