package reservation

import (
	"context"
	"errors"

	"holdfast/fault"
	"holdfast/stock"
	"holdfast/uid"
)

// errNotFound is what does not exist, or not for this caller.
var errNotFound = fault.New(fault.NotFound, "reservation_not_found", "There is no such reservation.")

var errMissing = errors.New("row is missing")

// Release implements Service.
func (c *Core) Release(ctx context.Context, caller Caller, ref string) error {
	_, err := c.onOne(ctx, "release", caller, ref, func(w *work, r *Reservation) error {
		switch r.Status {
		case Held:
			return w.transition(r, step{to: Cancelled, cause: ReleasedUnpaid, actor: caller.actor()})
		case Confirming:
			return payable(r)
		case Confirmed, Completed:
			return fault.New(fault.Conflict, "quote_required", "This reservation is paid. Ask for a quote (POST .../cancellations) to see what comes back, then confirm it.")
		case Cancelled:
			if r.Paid > 0 {
				return fault.New(fault.Conflict, "not_cancellable", "This reservation was paid and is cancelled already.")
			}
		case Expired:
			if r.Step == AskPayment { // money that comes late takes the stock again: what runs cannot be called off here
				return errPaymentRunning
			}
		case Rejected:
		}
		return nil // it holds nothing any more
	})
	return err
}

// Extend implements Service.
func (c *Core) Extend(ctx context.Context, caller Caller, ref string) (Answer, error) {
	r, err := c.onOne(ctx, "extend", caller, ref, func(w *work, r *Reservation) error {
		if r.Status == Expired {
			return payable(r)
		}
		if r.Status != Held {
			return fault.New(fault.Conflict, "not_extendable", "This reservation is %s; there is no hold to extend.", r.Status)
		}
		if most := c.capsOf(r.Items[0].Supplier).Extensions; int(r.Extensions) >= most {
			return fault.New(fault.Conflict, "hold_limit", "A hold can be extended %d times; this one has been.", most)
		}
		r.Extensions++
		r.HoldExpiresAt = r.HoldExpiresAt.Add(c.settings.Extension)
		return w.transition(r, step{to: Held, cause: HoldExtended, actor: caller.actor()})
	})
	if err != nil {
		return Answer{}, err
	}
	return Answer{Outcome: OutcomeExtended, Reservation: r}, nil
}

// onOne runs a rule on one reservation of the caller, after what has lapsed was written, and returns a copy of it as
// it is afterwards.
func (c *Core) onOne(ctx context.Context, name string, caller Caller, ref string, rule func(*work, *Reservation) error) (*Reservation, error) {
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return nil, err
	}
	if err := caller.acts(r); err != nil {
		return nil, err
	}
	var after *Reservation
	err = c.desk.do(ctx, &command{
		name: name, lane: stock.LowestPool(r.Claims(nil)), rows: len(r.Items),
		need: func(n *needs) { n.reservation(r.ID) },
		rule: func(w *work) error {
			after = nil
			row := w.reservation(r.ID)
			if row == nil {
				return errNotFound
			}
			if err := w.lapse(row); err != nil {
				return err
			}
			if err := rule(w, row); err != nil {
				return err
			}
			after = row.as(factsOf(row))
			return nil
		},
	})
	return after, err
}

// expire and deliver are what time does to reservations.

// expireCommand gives back what a lapsed hold keeps.
func expireCommand(id uid.ID) *command {
	return &command{
		name: "expire", lane: laneHint(id), rows: 4,
		need: func(n *needs) { n.reservation(id) },
		rule: func(w *work) error {
			if r := w.Reservations[id]; r != nil {
				return w.lapse(r)
			}
			return nil
		},
	}
}

// deliverCommand completes a reservation whose last service is over.
func deliverCommand(id uid.ID) *command {
	return &command{
		name: "deliver", lane: laneHint(id), rows: 4,
		need: func(n *needs) { n.reservation(id) },
		rule: func(w *work) error {
			r := w.Reservations[id]
			if r == nil || r.Status != Confirmed || !r.AtRest() || w.Now.Before(r.EndsAt()) {
				return nil
			}
			if done, err := w.returnWithdrawn(r); done || err != nil {
				return err
			}
			return w.transition(r, step{to: Completed, cause: Delivered, actor: Actor{SystemActor, "sweep"}})
		},
	}
}

// laneHint spreads commands that know only a reservation over the lanes; any lane is right for any command.
func laneHint(id uid.ID) stock.PoolID { return stock.PoolID(id[15]) }
