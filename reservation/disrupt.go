package reservation

import (
	"context"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"holdfast/stock"
	"holdfast/uid"
)

// claimantsPage is how many reservations on a pool are looked up at a time.
const claimantsPage = 500

// Disrupt implements Service. Each reservation is told in a command of its own, behind live ones; one that was told is
// known by its notice, which says the same, so that a call that failed half way is simply made again.
func (c *Core) Disrupt(ctx context.Context, d Disruption) (int, error) {
	switch {
	case d.ID.IsZero() || d.From < 0 || d.From > d.To || d.Actor.ID == "":
		return 0, invalid("/", "disruption_invalid", "A change needs an id, an actor and a part of the way.")
	case len(d.Note) > MaxNote:
		return 0, invalid("/note", "note_too_long", "The note has %d bytes; at most %d are possible.", len(d.Note), MaxNote)
	case len(d.Times) > MaxPoolSlots+1:
		return 0, invalid("/times", "disruption_invalid", "%d stops are more than a line can have.", len(d.Times))
	}
	c.Outdate(d) // first: who places from now on is not told afterwards
	var told atomic.Int64
	for _, pool := range d.Pools {
		for after, more := (uid.ID{}), true; more; {
			ids, err := c.store.Claimants(ctx, pool, after, claimantsPage)
			if err != nil {
				return int(told.Load()), err
			}
			g, ctx := errgroup.WithContext(ctx)
			g.SetLimit(bulkAtOnce)
			for _, id := range ids {
				g.Go(func() error {
					var now bool
					if err := c.desk.doBulk(ctx, disruptCommand(id, pool, &d, &now)); err != nil {
						return err
					}
					if now {
						told.Add(1)
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				return int(told.Load()), err
			}
			if more = len(ids) == claimantsPage; more {
				after = ids[len(ids)-1]
			}
		}
	}
	return int(told.Load()), nil
}

func disruptCommand(id uid.ID, pool stock.PoolID, d *Disruption, told *bool) *command {
	return &command{
		name: "disrupt", lane: pool, rows: 4,
		need: func(n *needs) { n.reservation(id) },
		rule: func(w *work) error {
			*told = false
			r := w.Reservations[id]
			if r == nil {
				return nil
			}
			if err := w.lapse(r); err != nil {
				return err
			}
			changed, err := w.disrupt(r, d)
			*told = changed
			return err
		},
	}
}

// disrupt notes the change with the items it concerns; false when there is nothing new to tell.
func (w *work) disrupt(r *Reservation, d *Disruption) (bool, error) {
	if r.Status != Held && r.Status != Confirming && r.Status != Confirmed {
		return false, nil
	}
	var items []int
	for i := range r.Items {
		if n := d.notice(&r.Items[i]); n != nil {
			n.At = w.Now
			r.Items[i].Notice = n
			items = append(items, i)
		}
	}
	if len(items) == 0 {
		return false, nil
	}
	s := step{to: r.Status, cause: SupplierChanged, actor: d.Actor, items: items, note: d.Note}
	if r.Status == Held && slices.ContainsFunc(items, func(i int) bool { return r.Items[i].Notice.Withdrawn }) {
		s.to, s.cause, s.items = Cancelled, SupplierWithdrew, nil
	}
	return true, w.transition(r, s)
}

// notice is what the change means for an item; nil when it means nothing, or is known already.
func (d *Disruption) notice(it *Item) *Notice {
	if it.Ride == nil || it.Status == Cancelled {
		return nil
	}
	var on stock.Claim
	for _, c := range it.Claims {
		if !slices.Contains(d.Pools, c.Pool) || d.From < d.To && (c.To <= d.From || c.From >= d.To) {
			continue
		}
		if on.Pool == 0 {
			on = c
		}
		on.From, on.To = min(on.From, c.From), max(on.To, c.To) // of one with a seat change on the way
	}
	n := &Notice{ID: d.ID, Withdrawn: d.Withdrawn || slices.Contains(d.Skipped, on.From) || slices.Contains(d.Skipped, on.To), Note: d.Note}
	switch {
	case on.Pool == 0:
		return nil
	case n.Withdrawn:
		if it.Notice != nil && it.Notice.Withdrawn {
			return nil
		}
		return n
	case int(on.To) >= len(d.Times):
		return nil
	}
	n.Departs, n.Arrives = d.Times[on.From].Departs.UTC(), d.Times[on.To].Arrives.UTC()
	if it.Notice == nil && n.Departs.Equal(it.Ride.Departs) && n.Arrives.Equal(it.Ride.Arrives) {
		return nil
	}
	if it.Notice != nil && !it.Notice.Withdrawn && n.Departs.Equal(it.Notice.Departs) && n.Arrives.Equal(it.Notice.Arrives) {
		return nil
	}
	return n
}

// returnWithdrawn gives back what was paid for items that did not run, when their time is over and nobody has cancelled
// them; done is false when there are none.
func (w *work) returnWithdrawn(r *Reservation) (done bool, err error) {
	q := &Quote{}
	for i := range r.Items {
		it := &r.Items[i]
		if it.Status == Confirmed && it.Notice != nil && it.Notice.Withdrawn {
			q.Items = append(q.Items, it.ID)
			q.Refund += it.Price.Total()
		}
	}
	if len(q.Items) == 0 {
		return false, nil
	}
	q.Refund = min(q.Refund, r.Paid-r.Refunded-r.Owed)
	return true, w.undo(r, q, SupplierWithdrew, Actor{SystemActor, "sweep"}, &KeyRow{})
}
