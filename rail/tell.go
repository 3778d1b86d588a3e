package rail

import (
	"fmt"

	"holdfast/reservation"
	"holdfast/stock"
)

// closing is the stop-sell of a run: closed on the segments where it does not run, open on the others.
func (c *Core) closing(r *Run) (out []reservation.StockChange) {
	c.catalogue.mu.RLock()
	p, t := c.catalogue.patterns[r.Pattern], c.catalogue.trains[r.Train]
	c.catalogue.mu.RUnlock()
	first, last := served(expected(t, p, r.Date, r.Update))
	for _, pool := range r.poolsOf() {
		for _, part := range []struct {
			from, to int
			closed   bool
		}{{0, first, true}, {first, last, false}, {last, p.Segments(), true}} {
			if part.from < part.to {
				closed := part.closed
				out = append(out, reservation.StockChange{Span: reservation.Span{Pool: pool, From: stock.Slot(part.from), To: stock.Slot(part.to)}, Closed: &closed})
			}
		}
	}
	return out
}

// disruptions is what reservations on a run are told. The times come first: who rides on a part that does not run any
// more is told of that last.
func (c *Core) disruptions(r *Run) []reservation.Disruption {
	c.catalogue.mu.RLock()
	p, t := c.catalogue.patterns[r.Pattern], c.catalogue.trains[r.Train]
	c.catalogue.mu.RUnlock()
	times := expected(t, p, r.Date, r.Update)
	first, last := served(times)
	id := r.Key().ID()
	tell := func(what string, from, to int, withdrawn bool) reservation.Disruption {
		d := reservation.Disruption{
			ID:    derive("disruption", string(id[:]), fmt.Sprint(r.Stamp), string(r.Pattern[:]), what),
			Pools: r.poolsOf(), From: stock.Slot(from), To: stock.Slot(to), Withdrawn: withdrawn,
			Actor: reservation.Actor{Kind: reservation.SystemActor, ID: "rail"},
		}
		if r.Update != nil {
			d.Note = r.Update.Note
		}
		return d
	}
	if first == last {
		return []reservation.Disruption{tell("cancelled", 0, 0, true)}
	}
	running := tell("times", first, last, false)
	for _, at := range times {
		running.Times = append(running.Times, reservation.StopTime{Arrives: at.Arrives.UTC(), Departs: at.Departs.UTC()})
	}
	out := []reservation.Disruption{running}
	if first > 0 {
		out = append(out, tell("begins later", 0, first, true))
	}
	if last < p.Segments() {
		out = append(out, tell("ends earlier", last, p.Segments(), true))
	}
	return out
}
