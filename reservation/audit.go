package reservation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/money"
	"holdfast/payment"
	"holdfast/stock"
	"holdfast/uid"
)

// The audit recomputes what the rules keep while they run, from the rows alone: range by range in short snapshots, so
// that it needs little memory and can run beside production.

const (
	auditPools        = 64     // in one snapshot, at most; fewer where they have many slots and claims
	auditPoolRows     = 50_000 // slots and claims that one snapshot should have; one pool may have more
	auditReservations = 500
	auditKeys         = 2000
	auditEvents       = 50_000 // counted in one statement
	auditFindings     = 200    // listed; more are counted
	auditLooks        = 3      // how often money that seems wrong is looked at again: it may just be moving

	// A step of a payment should end. It is wrong when it was tried so often, which takes about a day, or when its
	// reservation has not moved for so long, whether or not a process was there to try.
	auditStepTries = 150
	auditStepAge   = 72 * time.Hour
)

type audit struct {
	*AuditReport
	core     *Core
	share    float64         // of the time that may be spent working
	now      time.Time       // when it began
	heads    map[int32]int64 // what each stream had got to when it began
	subjects int64           // history entries whose event is among those
}

func (a *audit) find(invariant, subject, format string, args ...any) {
	a.Violations[invariant]++
	if len(a.Findings) >= auditFindings {
		a.More = true
		return
	}
	a.Findings = append(a.Findings, Finding{invariant, subject, fmt.Sprintf(format, args...)})
}

// Audit implements Service.
func (c *Core) Audit(ctx context.Context, progress func(float64)) (*AuditReport, error) {
	return c.AuditPaced(ctx, 1, progress)
}

// AuditPaced is Audit that works only a share of the time, more than 0 and at most 1, and rests after each page so that
// it disturbs nobody.
func (c *Core) AuditPaced(ctx context.Context, share float64, progress func(float64)) (*AuditReport, error) {
	if share <= 0 || share > 1 {
		return nil, fmt.Errorf("audit: a share of %v of the time is not possible", share)
	}
	if progress == nil {
		progress = func(float64) {}
	}
	a := &audit{AuditReport: &AuditReport{Findings: []Finding{}, Violations: map[string]int64{}}, core: c, share: share, now: c.clock.Now()}
	for _, part := range []struct {
		run func(context.Context) error
		end float64
	}{{a.ends, 0.01}, {a.stock, 0.45}, {a.reservations, 0.85}, {a.loose, 0.9}, {a.streams, 0.95}, {a.ledger, 1}} {
		if err := part.run(ctx); err != nil {
			return nil, err
		}
		progress(part.end)
	}
	return a.AuditReport, nil
}

// page does a page of work and rests afterwards.
func (a *audit) page(ctx context.Context, work func() error) error {
	begin := time.Now()
	if err := work(); err != nil {
		return err
	}
	return a.rest(ctx, time.Since(begin))
}

// rest waits so long that the work before it took no more than its share of the time.
func (a *audit) rest(ctx context.Context, worked time.Duration) error {
	if a.share == 1 {
		return ctx.Err()
	}
	pause := time.NewTimer(time.Duration(float64(worked) * (1 - a.share) / a.share))
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
		return nil
	}
}

// stock is I1: the counters of every slot are in bounds and equal the sum of live claims; so are the hold counts.
func (a *audit) stock(ctx context.Context) error {
	size := 1 // the first page shows how much a pool has
	for after, more := stock.PoolID(0), true; more; {
		err := a.page(ctx, func() error {
			p, err := a.core.store.AuditPools(ctx, after, size)
			if err != nil {
				return err
			}
			a.pools(p)
			after, more = p.Last, p.Last != 0
			switch rows := len(p.Slots) + len(p.Claims); {
			case rows > auditPoolRows:
				size = max(1, size/2)
			case rows < auditPoolRows/2:
				size = min(auditPools, 2*size)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type tally struct{ held, sold int32 }

func (a *audit) pools(p PoolAudit) {
	claimed := map[stock.Key]*tally{}
	from := map[stock.PoolID]stock.Slot{} // what is before it is archived, and claims count there no more
	for i := range p.Pools {
		from[p.Pools[i].ID] = p.Pools[i].From
	}
	type holder struct {
		holds map[uid.ID]bool
		units int32
	}
	holders := map[CountKey]*holder{}
	for _, c := range p.Claims {
		if c.Life == ClaimHeld && c.From < from[c.Pool] {
			a.find("I1", fmt.Sprintf("pool %d slot %d", c.Pool, c.From), "is archived but held")
		}
		for s := max(c.From, from[c.Pool]); s < c.To; s++ {
			key := stock.Key{Pool: c.Pool, Slot: s}
			t := claimed[key]
			if t == nil {
				t = &tally{}
				claimed[key] = t
			}
			if c.Life == ClaimHeld {
				t.held += c.Count
			} else {
				t.sold += c.Count
			}
		}
		if c.Life == ClaimHeld {
			k := CountKey{c.Caller, c.Pool}
			h := holders[k]
			if h == nil {
				h = &holder{holds: map[uid.ID]bool{}}
				holders[k] = h
			}
			h.holds[c.Reservation] = true
			h.units += c.Count
		}
	}
	a.units(p)
	a.Pools += int64(len(p.Pools))
	a.Slots += int64(len(p.Slots))
	a.Claims += int64(len(p.Claims))
	for i := range p.Slots {
		s := &p.Slots[i]
		name := fmt.Sprintf("pool %d slot %d", s.Key.Pool, s.Key.Slot)
		if err := s.Check(); err != nil {
			a.find("I1", name, "%v", err)
		}
		if s.Key.Slot < from[s.Key.Pool] {
			a.find("I1", name, "is there although its pool begins at %d", from[s.Key.Pool])
		}
		t := tally{}
		if c := claimed[s.Key]; c != nil {
			t = *c
			delete(claimed, s.Key)
		}
		if s.Held != t.held || s.Sold != t.sold {
			a.find("I1", name, "counts %d held, %d sold; its live claims add up to %d and %d", s.Held, s.Sold, t.held, t.sold)
		}
		if s.Oversold() > 0 {
			a.Oversold++
		}
	}
	for key := range claimed {
		a.find("I1", fmt.Sprintf("pool %d slot %d", key.Pool, key.Slot), "is claimed but does not exist")
	}
	for _, c := range p.Counts {
		h := holders[c.Key]
		if h == nil {
			h = &holder{}
		}
		delete(holders, c.Key)
		if int(c.Holds) != len(h.holds) || c.Units != h.units {
			a.find("I1", fmt.Sprintf("hold count of a caller in pool %d", c.Key.Pool), "says %d holds, %d units; live claims say %d and %d", c.Holds, c.Units, len(h.holds), h.units)
		}
	}
	for k, h := range holders {
		a.find("I1", fmt.Sprintf("hold count of a caller in pool %d", k.Pool), "is missing for %d holds", len(h.holds))
	}
}

// reservations checks every reservation against its history, events, claims, keys and money.
func (a *audit) reservations(ctx context.Context) error {
	for after, more := (uid.ID{}), true; more; {
		err := a.page(ctx, func() error {
			p, err := a.core.store.AuditReservations(ctx, after, auditReservations)
			if err != nil {
				return err
			}
			var paid []*Reservation
			for _, r := range p.Reservations {
				a.history(r, p.History[r.ID], p.Events[r.ID])
				a.claims(r, p.Claims[r.ID])
				a.keys(r, p.Keys[r.ID])
				a.step(r)
				if !r.Attempt.IsZero() {
					paid = append(paid, r)
				}
			}
			a.Reservations += int64(len(p.Reservations))
			a.archive(p.Archived)
			after, more = p.Last, !p.Last.IsZero()
			return a.money(ctx, paid)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// archive is I2 for what was archived: every document can be read, and nothing of it is left among what lives.
func (a *audit) archive(archived map[uid.ID]ArchiveAudit) {
	a.Archived += int64(len(archived))
	for id, found := range archived {
		if found.Broken != "" {
			a.find("I2", id.Text("res"), "its archived document is broken: %s", found.Broken)
		}
		if found.Left > 0 {
			a.find("I2", id.Text("res"), "is archived, yet %d rows about it are among what lives", found.Left)
		}
	}
}

// history is I11 and I7: every state was reached by an allowed transition with actor and cause, each has its event,
// and I4: the hold ended at most once, and has ended unless it is still held.
func (a *audit) history(r *Reservation, entries []Entry, events []EventAudit) {
	name := r.ID.Text("res")
	a.Entries += int64(len(entries))
	var at Status
	ended, taken := 0, 0
	for i, e := range entries {
		t := find(e.From, e.To, e.Cause)
		switch {
		case e.Version != int64(i+1):
			a.find("I11", name, "history entry %d has version %d", i+1, e.Version)
		case e.From != at:
			a.find("I11", name, "version %d starts from %s, the one before ended in %s", e.Version, statusText[e.From], statusText[at])
		case t == nil:
			a.find("I11", name, "version %d: no transition from %s to %s for %s", e.Version, statusText[e.From], e.To, e.Cause)
		case !slices.Contains(t.Who, e.Actor.Kind) || e.Actor.ID == "":
			a.find("I11", name, "version %d: %s %q may not cause %s", e.Version, e.Actor.Kind, e.Actor.ID, e.Cause)
		}
		if t != nil {
			switch t.Effect {
			case TakeStock, TakeAndSell:
				taken++
			case SellStock, ReleaseStock:
				ended++
			case KeepStock, ReturnStock:
			}
			if t.Effect == TakeAndSell {
				ended++
			}
		}
		if i >= len(events) || events[i].Version != e.Version {
			a.find("I7", name, "version %d has no event of its own", e.Version)
		}
		if i < len(events) && events[i].N <= a.heads[events[i].Stream] {
			a.subjects++
		}
		at = e.To
	}
	if len(entries) == 0 || at != r.Status || int64(len(entries)) != r.Version {
		a.find("I11", name, "is %s at version %d; its history ends with %s after %d entries", r.Status, r.Version, statusText[at], len(entries))
	}
	open := 0
	if r.Status == Held || r.Status == Confirming {
		open = 1
	}
	if taken != ended+open {
		a.find("I4", name, "stock was taken %d times and the hold ended %d times while it is %s", taken, ended, r.Status)
	}
}

// claims says whether each item's claims count as its status demands.
func (a *audit) claims(r *Reservation, lives []ClaimLife) {
	for i := range r.Items {
		want := ClaimFreed
		switch r.Items[i].Status {
		case Held, Confirming:
			want = ClaimHeld
		case Confirmed, Completed:
			want = ClaimSold
		case Expired, Rejected, Cancelled:
		}
		if i >= len(lives) || lives[i] != want {
			a.find("I4", r.ID.Text("res"), "item %d is %s but its claims do not count so", i+1, r.Items[i].Status)
		}
	}
}

// step is I6: what a payment still has to do ends some day.
func (a *audit) step(r *Reservation) {
	switch age := a.now.Sub(r.UpdatedAt); {
	case r.Step == StaffStep:
		a.Refused++
	case r.AtRest():
	case r.StepTries >= auditStepTries:
		a.find("I6", r.ID.Text("res"), "its step %s was tried %d times and does not end", r.Step, r.StepTries)
	case age > auditStepAge:
		a.find("I6", r.ID.Text("res"), "its step %s has not ended for %v", r.Step, age.Round(time.Minute))
	}
}

// keys is I3: at most one key has placed a reservation, and a running one is waited for.
func (a *audit) keys(r *Reservation, keys []KeyRow) {
	placed := 0
	for _, k := range keys {
		switch {
		case k.State == KeyDone && k.Answer == OutcomePlaced:
			placed++
		case k.State == KeyRunning && (k.ID != r.PayKey || r.Step == NoStep):
			a.find("I3", r.ID.Text("res"), "an idempotency key is still running though nothing waits for it")
		}
	}
	if placed > 1 {
		a.find("I3", r.ID.Text("res"), "%d idempotency keys say they placed it", placed)
	}
}

// money is I5: what the reservation says was paid and returned is what the ledger says, and nobody is charged for what
// is not confirmed. What seems wrong is looked at again, since money may move between the two reads.
func (a *audit) money(ctx context.Context, rs []*Reservation) error {
	for look := range auditLooks {
		wrong, err := a.balances(ctx, rs, look == auditLooks-1)
		if err != nil || len(wrong) == 0 {
			return err
		}
		if rs, err = a.core.stored(ctx, wrong); err != nil {
			return err
		}
	}
	return nil
}

func (a *audit) balances(ctx context.Context, rs []*Reservation, report bool) (wrong []uid.ID, err error) {
	ids := make([]uid.ID, len(rs))
	for i, r := range rs {
		ids[i] = r.ID
	}
	balances, err := a.core.payment.Balances(ctx, ids)
	if err != nil {
		return nil, err
	}
	of := make(map[uid.ID]payment.Balance, len(balances))
	for _, b := range balances {
		of[b.Reservation] = b
	}
	for _, r := range rs {
		if f := contradicts(r, of[r.ID]); f != "" {
			wrong = append(wrong, r.ID)
			if report {
				a.find("I5", r.ID.Text("res"), "%s", f)
			}
		}
	}
	return wrong, nil
}

// contradicts compares a reservation with its balance; "" when they agree.
func contradicts(r *Reservation, b payment.Balance) string {
	in, out := b.Captured.Minor, b.Refunded.Minor
	sum := func(n int64) string { return money.Of(n, r.Currency).String() }
	switch {
	case in != out+b.Retained.Minor:
		return fmt.Sprintf("captured %s is not returned %s plus kept %s", b.Captured, b.Refunded, b.Retained)
	case r.Paid != in && (r.Paid != 0 || r.Step != Capture && r.Step != VoidStep || in != r.Total().Minor): // taken, and about to be noted
		return fmt.Sprintf("says %s was paid, the ledger says %s", sum(r.Paid), sum(in))
	case r.Refunded != out && (r.Step != RefundStep && r.Step != SettleStep || out != r.Refunded+r.Owed):
		return fmt.Sprintf("says %s was returned, the ledger says %s", sum(r.Refunded), sum(out))
	case in > 0 && r.Status != Confirmed && r.Status != Completed && r.Status != Cancelled && r.Refunded+r.Owed != r.Paid:
		return fmt.Sprintf("is %s, yet %s was taken and %s went or goes back", r.Status, sum(in), sum(r.Refunded+r.Owed))
	case r.Refunded+r.Owed > r.Paid:
		return fmt.Sprintf("returns %s of %s paid", sum(r.Refunded+r.Owed), sum(r.Paid))
	}
	var live int64
	for i := range r.Items {
		if r.Items[i].Status == Confirmed || r.Items[i].Status == Completed {
			live += r.Items[i].Price.Total()
		}
	}
	if r.Paid > 0 && r.Paid-r.Refunded-r.Owed < live {
		return fmt.Sprintf("keeps %s for items worth %s", sum(r.Paid-r.Refunded-r.Owed), sum(live))
	}
	return ""
}
