package rail

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Bounds of putting runs on sale.
const (
	runsPerWrite   = 4_000
	reconcileTries = 8 // against other processes that write the same runs
)

// rollForward brings the runs of every railway in step with what is known of them: those that came within the horizon
// are put on sale. It is idempotent, and repairs what a process left behind that died after it had stored a timetable.
func (c *Core) rollForward(ctx context.Context) error {
	var failed error
	for _, supplier := range c.suppliers() {
		if err := c.sell(ctx, supplier, &SaleReport{}); err != nil {
			failed = cmp.Or(failed, err)
		}
	}
	return failed
}

func (c *Core) suppliers() []uid.ID {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	return c.catalogue.sortedSuppliers()
}

// reconcile writes down, run by run, what has to be done for the stock of a railway to be as its timetable and its
// compositions say. Nothing is done yet; see workOn.
func (c *Core) reconcile(ctx context.Context, supplier uid.ID) error {
	if err := c.turns.take(ctx, supplier); err != nil {
		return err
	}
	defer c.turns.give(supplier)
	for range reconcileTries {
		due := c.due(supplier)
		if len(due) == 0 {
			return nil
		}
		var err error
		for part := range slices.Chunk(due, runsPerWrite) {
			if err = c.write(ctx, c.withDocuments(part)); err != nil {
				break
			}
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrStale) {
			return err
		}
		if err := c.poll(ctx); err != nil { // others wrote meanwhile: from what is stored now, what is left follows
			return err
		}
	}
	return fault.Overloaded(workEvery)
}

// withDocuments adds to runs the formations that are stored with them for the first time: those of templates.
func (c *Core) withDocuments(runs []*dueRun) *Rows {
	rows := &Rows{}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	for _, d := range runs {
		rows.Runs = append(rows.Runs, d.run)
		if d.formation == nil || c.catalogue.formations[d.formation.ID] != nil {
			continue
		}
		if body, err := d.formation.Body(); err == nil { // it was made from this very form
			rows.Documents = append(rows.Documents, Document{ID: d.formation.ID, Kind: FormationDocument, Body: string(body)})
		}
	}
	return rows
}

// dueRun is a run to be written, and the formation it names.
type dueRun struct {
	run       *Run
	formation *Formation
}

// due is the runs whose rows should be others, by date.
func (c *Core) due(supplier uid.ID) []*dueRun {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	w := c.catalogue.railways[supplier]
	if w == nil || w.row == nil {
		return nil
	}
	now := c.clock.Now()
	var out []*dueRun
	for _, t := range w.trains {
		p := c.catalogue.patterns[t.Pattern]
		if t.Retired || p == nil {
			continue
		}
		today := civil.Today(now, zone(t.Zone))
		for d := range t.Dates.Between(today-daysUnderWay, today.Add(c.settings.Horizon)) {
			last := p.Calls[len(p.Calls)-1].Arrive
			if d <= today && !instant(d, zone(t.Zone), last).After(now) {
				continue // it has arrived
			}
			f := c.catalogue.formation(w, t, d)
			want := Want{Pattern: t.Pattern}
			if f != nil {
				want.Formation = f.ID
			}
			if r := c.next(w, t, d, w.runs[RunKey{t.ID, d}], want); r != nil {
				out = append(out, &dueRun{r, f})
			}
		}
	}
	for key, r := range w.runs {
		t := w.trains[key.Train]
		if r.Date < civil.Today(now, zone(t.Zone))-1 || !t.Retired && t.Dates.Has(r.Date) || r.State == Withdrawn {
			continue
		}
		if n := c.next(w, t, r.Date, r, Want{Withdrawn: true}); n != nil {
			out = append(out, &dueRun{run: n})
		}
	}
	slices.SortFunc(out, func(a, b *dueRun) int {
		return cmp.Or(cmp.Compare(a.run.Date, b.run.Date), compareID(a.run.Train, b.run.Train))
	})
	return out
}

// next is the row that a run should have; nil when it has it.
func (c *Core) next(w *railway, t *Train, d civil.Date, is *Run, want Want) *Run {
	if is == nil {
		if want.Withdrawn {
			return nil
		}
		return &Run{
			Supplier: t.Supplier, Train: t.ID, Date: d, State: Scheduled, Pattern: want.Pattern, Formation: want.Formation, Edition: 1, Todo: Define, Revision: 1,
		}
	}
	r := *is
	r.Revision++
	same := want == Want{Pattern: is.Pattern, Formation: is.Formation}
	switch {
	case is.State == Withdrawn && want.Withdrawn:
		return nil
	case is.State == Withdrawn: // it is back: its stock is made anew
		r.State, r.Pattern, r.Formation, r.Edition = Scheduled, want.Pattern, want.Formation, is.Edition+1
		r.Todo, r.Want, r.Conflict, r.Update = Define, nil, false, nil
		if is.Update != nil { // what was told before is over, but not forgotten: repeated, it is not new
			r.Update = &Update{}
			r.Update.keep(is.Update)
		}
	case !is.Ready && is.Todo&Define == 0 && !is.Conflict: // told of before it came within the horizon
		if want.Withdrawn {
			r.State = Withdrawn
		} else {
			c.move(w, t, &r, want.Pattern)
			r.Formation, r.Todo = want.Formation, is.Todo|Define
		}
	case same && is.Want == nil:
		return nil
	case is.Want != nil && *is.Want == want:
		return nil // it is known, and being done, or in conflict
	case is.Todo&Replace != 0: // its pools may be retired already, even where all is to be as it was
		r.Want = &want
	case same:
		r.Want, r.Conflict, r.Todo = nil, false, is.Todo&^Replace
	case want.Formation == is.Formation && !want.Withdrawn && c.sameWay(w, is.Pattern, want.Pattern):
		c.move(w, t, &r, want.Pattern)
		r.Want, r.Conflict, r.Todo = nil, false, is.Todo&^Replace|Tell // at other times, nothing else
	default:
		r.Want, r.Conflict, r.Todo = &want, false, is.Todo|Replace
	}
	return &r
}

// move puts a run onto another pattern. Delays hold there as well, where it is the same way; what was told of calls of
// another way means nothing. Called with mu held for reading.
func (c *Core) move(w *railway, t *Train, r *Run, to uid.ID) {
	from := r.Pattern
	if from == to {
		return
	}
	r.Pattern = to
	n := Update{}
	if r.Update != nil {
		n = *r.Update
	}
	n.ChangedAt = max(c.now().UnixMicro(), n.ChangedAt+1)
	if p := c.catalogue.patterns[from]; p == nil || !c.sameWay(w, from, to) {
		n.Skipped, n.Delays, n.Times = nil, nil, nil
		if r.State == Changed {
			r.State = Scheduled
		}
	} else if len(n.Times) > 0 {
		n.Delays, n.Times = delaysOf(t, p, r.Date, &n), nil
	}
	r.Update = &n
}

// delaysOf is what is told as instants, as delays against the timetable that it was told of.
func delaysOf(t *Train, p *Pattern, d civil.Date, u *Update) (out []CallDelay) {
	at := zone(t.Zone)
	for _, x := range u.Times {
		if x.Call < 0 || x.Call >= len(p.Calls) {
			continue
		}
		arrives, _ := lateness(x.Arrives, instant(d, at, p.Calls[x.Call].Arrive), 0)
		departs, _ := lateness(x.Departs, instant(d, at, p.Calls[x.Call].Depart), 0)
		out = append(out, CallDelay{x.Call, arrives, departs})
	}
	return out
}

// sameWay reports whether two patterns call at the same stations: stock that is cut along one fits the other.
func (c *Core) sameWay(w *railway, a, b uid.ID) bool {
	p, q := c.catalogue.patterns[a], c.catalogue.patterns[b]
	return p != nil && q != nil && slices.Equal(w.roots(p), w.roots(q))
}

// Conflicts implements Service.
func (c *Core) Conflicts(_ context.Context, e Editor, supplier uid.ID) ([]Conflict, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	w := c.catalogue.railways[supplier]
	if w == nil {
		return nil, railwayNotFound()
	}
	return c.conflicts(w), nil
}

// conflicts is those of a railway. Called with mu held for reading.
func (c *Core) conflicts(w *railway) []Conflict {
	var out []Conflict
	for _, r := range w.runs {
		if !r.Conflict || r.Want == nil || r.Date < civil.Today(c.clock.Now(), zone(w.trains[r.Train].Zone)) {
			continue
		}
		out = append(out, Conflict{Run: r.Key().ID(), Number: w.trains[r.Train].Number, Date: r.Date, Withdrawn: r.Want.Withdrawn})
	}
	slices.SortFunc(out, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Number, b.Number), compareID(a.Run, b.Run))
	})
	return out
}

// Runs that are past stay where reservation keeps what is on sale for so long, and in rail for longer, for those who look
// up what they rode.
const (
	daysKeptOnSale = 7
	daysKept       = 40
	spansPerCall   = 5_000
)

// archive has reservation put away the segments of runs that are past, and forgets runs that are long past. It also looks
// again at conflicts: what was sold may have been given back.
func (c *Core) archive(ctx context.Context) error {
	today := civil.Today(c.clock.Now(), time.UTC)
	var spans []reservation.Span
	var retry []*Run
	c.catalogue.mu.RLock()
	for _, w := range c.catalogue.railways {
		for _, r := range w.runs {
			if r.Date < today-daysKeptOnSale {
				for _, pool := range r.Pools {
					if pool != 0 {
						spans = append(spans, reservation.Span{Pool: pool, To: maxRideSlot})
					}
				}
			}
			if r.Conflict && r.Want != nil && r.Todo&Replace == 0 && r.Date >= today {
				n := *r
				n.Todo, n.Revision = n.Todo|Replace, n.Revision+1
				retry = append(retry, &n)
			}
		}
	}
	c.catalogue.mu.RUnlock()
	if len(retry) > 0 {
		if err := c.write(ctx, &Rows{Runs: retry}); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	archived := 0
	for part := range slices.Chunk(spans, spansPerCall) {
		n, err := c.desk.ArchiveSlots(ctx, part)
		if err != nil {
			return err
		}
		archived += n
	}
	if archived > 0 {
		c.log.Info("segments of past runs archived", "slots", archived)
	}
	if _, err := c.store.Purge(ctx, today-daysKept); err != nil {
		return err
	}
	c.catalogue.forget(today - daysKept)
	c.rebuild()
	return nil
}

// forget drops the runs of service dates before a day.
func (c *catalogue) forget(before civil.Date) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.railways {
		for key := range w.runs {
			if key.Date < before {
				delete(w.runs, key)
				delete(w.open, key)
				delete(c.runIDs, key.ID())
			}
		}
	}
}

// poolsOf are the pools of a run that exist.
func (r *Run) poolsOf() (out []stock.PoolID) {
	for _, pool := range r.Pools {
		if pool != 0 {
			out = append(out, pool)
		}
	}
	return out
}
