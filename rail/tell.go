package rail

import (
	"fmt"
	"sync"
	"time"

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

// rememberOffers is longer than offers live.
const rememberOffers = time.Hour

// changedRuns are those of some rows that run otherwise than this process knows, since a time for which there may be
// offers of them: whichever process was told, and whether or not those who have seats know already. Called with mu held.
func (c *Core) changedRuns(rows []*Run) (out []*Run) {
	since := c.now().Add(-rememberOffers).UnixMicro()
	for _, r := range rows {
		var known *Run
		if w := c.catalogue.railways[r.Supplier]; w != nil {
			known = w.runs[r.Key()]
		}
		if r.Ready && r.changedAt() >= since && r.changedAt() > known.changedAt() {
			out = append(out, r)
		}
	}
	return out
}

// lag is for how long other processes may still make offers of a train as it was: they look every pollEvery for what is
// written, and show it soon after.
const lag = 5 * pollEvery

// lately are the runs that changed within lag.
type lately struct {
	mu   sync.Mutex
	runs map[RunKey]changedRun
}

type changedRun struct {
	run   *Run
	since time.Time // by the clock of this machine, which moves even where the service's stands
}

// outdate has reservation refuse offers made of runs as they were. Who is overtaken by a newer change says nothing.
func (c *Core) outdate(runs []*Run) {
	now := time.Now()
	c.lately.mu.Lock() // held while reservation is told, which is done in memory: so the newest is told last
	defer c.lately.mu.Unlock()
	for _, r := range runs {
		if known, ok := c.lately.runs[r.Key()]; !ok || known.run.Revision < r.Revision {
			c.lately.runs[r.Key()] = changedRun{r, now}
			c.desk.Outdate(c.disruption(r))
		}
	}
}

// outdateAgain has it refuse those too that other processes made meanwhile.
func (c *Core) outdateAgain() {
	c.lately.mu.Lock()
	defer c.lately.mu.Unlock()
	for key, x := range c.lately.runs {
		c.desk.Outdate(c.disruption(x.run))
		if time.Since(x.since) > lag {
			delete(c.lately.runs, key)
		}
	}
}

// disruption is what reservations on a run are told: that it does not run, or its times and where it does not call.
func (c *Core) disruption(r *Run) reservation.Disruption {
	c.catalogue.mu.RLock()
	p, t := c.catalogue.patterns[r.Pattern], c.catalogue.trains[r.Train]
	c.catalogue.mu.RUnlock()
	times := expected(t, p, r.Date, r.Update)
	first, last := served(times)
	id := r.Key().ID()
	d := reservation.Disruption{
		ID: derive("disruption", string(id[:]), fmt.Sprint(r.Stamp, r.changedAt()), string(r.Pattern[:])), Pools: r.poolsOf(), Withdrawn: first == last,
		Actor: reservation.Actor{Kind: reservation.SystemActor, ID: "rail"},
	}
	if r.Update != nil {
		d.Note = r.Update.Note
	}
	for i, at := range times {
		d.Times = append(d.Times, reservation.StopTime{Arrives: at.Arrives.UTC(), Departs: at.Departs.UTC()})
		if at.Skipped {
			d.Skipped = append(d.Skipped, stock.Slot(i))
		}
	}
	return d
}
