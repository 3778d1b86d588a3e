package rail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Bounds of the work on stock.
const (
	runsPerCall = 256              // put on sale in one call: some 7,000 segments
	tellAtOnce  = 8                // disruptions that one call keeps on the way
	lease       = 90 * time.Second // of the work on a railway; a call ends at callTimeout, so nobody works on after losing it
	workPasses  = 20               // over what is left, against other writers of the same runs
	busyWait    = 50 * time.Millisecond
)

// workers are the workers of this process: they share its leases, and no two of them have the same run.
type workers struct {
	mu     sync.Mutex
	leases map[uid.ID]int // workers on a railway
	busy   map[RunKey]bool
}

// workTurn is the turn of working on all runs of a railway. Who works on named ones needs none.
func workTurn(supplier uid.ID) uid.ID { return derive("work", string(supplier[:])) }

// sell brings the runs of a railway in step with what is stored, and does what that means for their stock.
func (c *Core) sell(ctx context.Context, supplier uid.ID, report *SaleReport) error {
	if err := c.turns.take(ctx, workTurn(supplier)); err != nil {
		return err
	}
	defer c.turns.give(workTurn(supplier))
	return c.sellNow(ctx, supplier, report)
}

// sellNow is sell for who has the turn.
func (c *Core) sellNow(ctx context.Context, supplier uid.ID, report *SaleReport) error {
	if err := c.reconcile(ctx, supplier); err != nil {
		return err
	}
	return c.workOn(ctx, supplier, nil, report)
}

// work does what is left to be done for the stock of all railways. With all it waits for those who are at it.
func (c *Core) work(ctx context.Context, all bool) error {
	var failed error
	for _, supplier := range c.suppliers() {
		if len(c.todo(supplier, nil)) == 0 {
			continue
		}
		if all {
			if err := c.turns.take(ctx, workTurn(supplier)); err != nil {
				return err
			}
		} else if len(c.turns.try([]uid.ID{workTurn(supplier)})) == 0 {
			continue // somebody is at it
		}
		if err := c.workOn(ctx, supplier, nil, &SaleReport{}); err != nil {
			failed = cmp.Or(failed, err)
		}
		c.turns.give(workTurn(supplier))
		if n := len(c.todo(supplier, nil)); all && failed == nil && n > 0 {
			failed = fmt.Errorf("%d runs are still to be worked on", n)
		}
	}
	return failed
}

// todo lists runs of a railway with something left to be done, the earliest first: those that are named, or all.
func (c *Core) todo(supplier uid.ID, only []RunKey) []RunKey {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	w := c.catalogue.railways[supplier]
	if w == nil {
		return nil
	}
	var out []RunKey
	since := civil.Today(c.clock.Now(), time.UTC) - daysUnderWay
	if only != nil {
		for _, key := range only {
			if r := w.runs[key]; r != nil && r.Todo != 0 && r.Date >= since {
				out = append(out, key)
			}
		}
		return out
	}
	for key := range w.open {
		if key.Date >= since {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(a, b RunKey) int { return cmp.Or(cmp.Compare(a.Date, b.Date), compareID(a.Train, b.Train)) })
	return out
}

// workOn does what is left to be done for runs of a railway, unless another process is at it: then that one or a later
// job does. What was done is added to the report.
func (c *Core) workOn(ctx context.Context, supplier uid.ID, only []RunKey, report *SaleReport) error {
	if len(c.todo(supplier, only)) == 0 {
		return nil
	}
	mine, err := c.begin(ctx, supplier)
	if err != nil {
		return err
	}
	if !mine {
		report.Waiting = len(c.todo(supplier, only))
		return nil
	}
	defer c.end(ctx, supplier)
	began := time.Now()
	for pass := range workPasses {
		left := c.todo(supplier, only)
		if len(left) == 0 {
			break
		}
		if pass > 0 && only != nil { // another worker has some of them
			if err := wait(ctx, busyWait); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(left, runsPerCall) {
			if time.Since(began) > lease/3 {
				if mine, err := c.store.Lease(ctx, c.owner, supplier, lease); err != nil || !mine {
					return cmp.Or(err, error(fault.Overloaded(workEvery)))
				}
				began = time.Now()
			}
			if err := c.workOnPart(ctx, supplier, part, report); err != nil {
				report.Waiting = len(c.todo(supplier, only))
				return err
			}
		}
	}
	report.Waiting = len(c.todo(supplier, only))
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin takes the lease of a railway for one more worker of this process.
func (c *Core) begin(ctx context.Context, supplier uid.ID) (bool, error) {
	mine, err := c.store.Lease(ctx, c.owner, supplier, lease)
	if err != nil || !mine {
		return false, err
	}
	c.workers.mu.Lock()
	defer c.workers.mu.Unlock()
	c.workers.leases[supplier]++
	return true, nil
}

// end gives the lease up with the last worker.
func (c *Core) end(ctx context.Context, supplier uid.ID) {
	c.workers.mu.Lock()
	defer c.workers.mu.Unlock()
	if c.workers.leases[supplier]--; c.workers.leases[supplier] > 0 {
		return
	}
	delete(c.workers.leases, supplier)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if _, err := c.store.Lease(ctx, c.owner, supplier, 0); err != nil {
		c.log.Warn("the work on a railway stays leased until its time is over", "error", err)
	}
}

// claim takes runs for one worker and returns them as they are now; those that another one has are left out.
func (c *Core) claim(supplier uid.ID, keys []RunKey) []*Run {
	c.workers.mu.Lock()
	defer c.workers.mu.Unlock()
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	var out []*Run
	for _, key := range keys {
		r := c.catalogue.railways[supplier].runs[key]
		if r == nil || r.Todo == 0 || c.workers.busy[key] {
			continue
		}
		c.workers.busy[key] = true
		out = append(out, r)
	}
	return out
}

func (c *Core) unclaim(runs []*Run) {
	c.workers.mu.Lock()
	defer c.workers.mu.Unlock()
	for _, r := range runs {
		delete(c.workers.busy, r.Key())
	}
}

// workOnPart does the next step of some runs, and writes down that it is done.
func (c *Core) workOnPart(ctx context.Context, supplier uid.ID, keys []RunKey, report *SaleReport) error {
	runs := c.claim(supplier, keys)
	defer c.unclaim(runs)
	var define, change []*Run
	for _, r := range runs {
		if r.Todo&Define != 0 {
			define = append(define, r)
		} else {
			change = append(change, r)
		}
	}
	if err := c.define(ctx, define, report); err != nil {
		return err
	}
	return c.change(ctx, change, report)
}

// settle writes what has become of runs. A run that somebody else wrote meanwhile is left as it is: it still says what
// is to be done, and doing it again does no harm.
func (c *Core) settle(ctx context.Context, runs []*Run) error {
	// The work has had its effect: writing it down must not end with the caller.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	err := c.write(ctx, &Rows{Runs: runs})
	if !errors.Is(err, ErrStale) {
		return err
	}
	if err := c.poll(ctx); err != nil {
		return err
	}
	for _, r := range runs {
		if err := c.write(ctx, &Rows{Runs: []*Run{r}}); err != nil && !errors.Is(err, ErrStale) {
			return err
		}
	}
	return c.poll(ctx)
}

// final reports a refusal that asking again will not change.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Malformed, fault.Unauthenticated, fault.PaymentFailed, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Gone, fault.Stale, fault.Invalid:
		return true
	case fault.Limited, fault.Unavailable, fault.Internal:
		return false
	default:
		return false
	}
}

// define makes the pools of runs.
func (c *Core) define(ctx context.Context, runs []*Run, report *SaleReport) error {
	if len(runs) == 0 {
		return nil
	}
	pools, err := c.makePools(ctx, runs)
	if err != nil && final(err) && len(runs) > 1 { // one of them cannot be: each alone
		for _, r := range runs {
			if err := c.define(ctx, []*Run{r}, report); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil && !final(err) {
		return err
	}
	done := make([]*Run, len(runs))
	for i, r := range runs {
		n := *r
		n.Revision++
		n.Todo &^= Define
		if err != nil {
			c.log.Error("reservation refused the stock of a run; it stays off sale", "run", r.Key().ID().Text("run"), "error", err)
			n.Conflict = true
		} else {
			n.Pools, n.Ready = pools[i], true
			if n.Update != nil && (n.Update.Cancelled || len(n.Update.Skipped) > 0) {
				n.Todo |= Close // nobody has seats yet who would have to be told
			}
			n.Todo &^= Tell
			report.OnSale++
		}
		done[i] = &n
	}
	return c.settle(ctx, done)
}

// layoutKey names the layouts of a formation; those of coaches that join or leave are cut along a pattern.
type layoutKey struct{ formation, pattern uid.ID }

// makePools asks reservation for the layouts and the pools of runs.
func (c *Core) makePools(ctx context.Context, runs []*Run) ([][len(Classes)]stock.PoolID, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	type slot struct {
		run   int
		class Class
	}
	var specs []reservation.PoolSpec
	var at []slot
	var layouts []*stock.Layout
	seen := map[uid.ID]bool{}
	formed := map[layoutKey][len(Classes)]uid.ID{}
	c.catalogue.mu.RLock()
	for i, r := range runs {
		w, p, f := c.catalogue.railways[r.Supplier], c.catalogue.patterns[r.Pattern], c.catalogue.formations[r.Formation]
		if f == nil {
			continue // nothing is sold of it
		}
		key := layoutKey{formation: r.Formation}
		if f.moves() {
			key.pattern = r.Pattern
		}
		ids, known := formed[key]
		if !known {
			roots := w.roots(p)
			for _, class := range Classes {
				if l := f.Layout(class, roots); l != nil {
					id := l.ID()
					ids[class-1] = id
					if !seen[id] {
						seen[id] = true
						layouts = append(layouts, l)
					}
				}
			}
			formed[key] = ids
		}
		for _, class := range Classes {
			if !f.Sells(class) {
				continue
			}
			specs = append(specs, reservation.PoolSpec{
				Ref: r.poolRef(class), Supplier: r.Supplier, Physical: f.Places, Layout: ids[class-1], From: 0, To: stock.Slot(p.Segments()),
			})
			at = append(at, slot{i, class})
		}
	}
	c.catalogue.mu.RUnlock()
	pools := make([][len(Classes)]stock.PoolID, len(runs))
	if len(specs) == 0 {
		return pools, nil
	}
	if len(layouts) > 0 {
		if _, err := c.desk.DefineLayouts(ctx, layouts); err != nil {
			return nil, err
		}
	}
	ids, err := c.desk.DefinePools(ctx, specs)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		pools[at[i].run][at[i].class-1] = id
	}
	return pools, nil
}

// change does what is left for runs whose pools are made.
func (c *Core) change(ctx context.Context, runs []*Run, report *SaleReport) error {
	if len(runs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	done := make([]*Run, 0, len(runs))
	var closing []reservation.StockChange
	for _, r := range runs {
		n := *r
		n.Revision++
		done = append(done, &n)
		if n.Todo&Replace != 0 {
			if err := c.replace(ctx, &n, report); err != nil {
				return err
			}
		}
		if n.Todo&Close != 0 {
			closing = append(closing, c.closing(&n)...)
		}
	}
	if len(closing) > 0 {
		if err := c.desk.ChangeStock(ctx, closing); err != nil {
			return err
		}
	}
	var told atomic.Int64
	g, telling := errgroup.WithContext(ctx)
	g.SetLimit(tellAtOnce)
	for _, n := range done {
		if n.Todo&Tell != 0 && n.Ready {
			g.Go(func() error {
				count, err := c.desk.Disrupt(telling, c.disruption(n))
				told.Add(int64(count))
				return err
			})
		}
		n.Todo &= Define
	}
	err := g.Wait()
	c.told.Add(told.Load())
	if err != nil {
		return err
	}
	return c.settle(ctx, done)
}

// replace retires the stock of a run, which reservation refuses where something of it is sold, and says how the next is
// to be made.
func (c *Core) replace(ctx context.Context, n *Run, report *SaleReport) error {
	if pools := n.poolsOf(); len(pools) > 0 && n.Want != nil {
		err := c.desk.RetirePools(ctx, pools, 0)
		if err != nil && !final(err) {
			return err
		}
		if err != nil && !fault.Is(err, "pool_not_found") { // gone already is what is wanted
			n.Conflict, n.Todo = true, n.Todo&^Replace
			return nil
		}
	}
	if n.Want == nil {
		n.Todo &^= Replace
		return nil
	}
	want := *n.Want
	n.Want, n.Conflict, n.Ready, n.Pools = nil, false, false, [len(Classes)]stock.PoolID{}
	if want.Withdrawn {
		n.State, n.Todo = Withdrawn, 0
		report.Withdrawn++
		return nil
	}
	if n.Update != nil {
		c.catalogue.mu.RLock()
		c.move(c.catalogue.railways[n.Supplier], c.catalogue.trains[n.Train], n, want.Pattern)
		c.catalogue.mu.RUnlock()
	}
	n.Pattern, n.Formation, n.Todo = want.Pattern, want.Formation, Define
	n.Edition++
	report.Replaced++
	return nil
}
