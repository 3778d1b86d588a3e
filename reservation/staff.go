package reservation

import (
	"context"
	"fmt"

	"holdfast/fault"
	"holdfast/payment"
	"holdfast/stock"
	"holdfast/uid"
)

// What staff of the operator do about refunds that a provider refused for good.

// operates refuses everybody but staff of the operator.
func (c Caller) operates() error {
	if !c.Staff || !c.Supplier.IsZero() {
		return fault.New(fault.Forbidden, "scope_missing", "Only staff of the operator may do this.")
	}
	return nil
}

// RefusedRefunds implements Service.
func (c *Core) RefusedRefunds(ctx context.Context, caller Caller, after uid.ID, limit int) ([]*Reservation, error) {
	if err := caller.operates(); err != nil {
		return nil, err
	}
	if limit < 1 || limit > MaxPage {
		return nil, invalid("/limit", "limit_out_of_range", "A page has 1 to %d entries.", MaxPage)
	}
	ids, err := c.store.WaitingForStaff(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	found, err := c.store.Reservations(ctx, ids)
	for i, r := range found {
		found[i] = c.shown(caller, r)
	}
	return found, err
}

// errNotRefused is what there is nothing to do about.
var errNotRefused = fault.New(fault.Conflict, "refund_not_refused", "No refund of this reservation was refused; there is nothing to do about it.")

// RetryRefund implements Service.
func (c *Core) RetryRefund(ctx context.Context, caller Caller, ref string) (*Reservation, error) {
	return c.aboutRefund(ctx, "retry_refund", caller, ref, func(w *work, r *Reservation) error {
		if r.Step == RefundStep {
			return nil // under way
		}
		if r.Step != StaffStep {
			return errNotRefused
		}
		s := step{to: r.Status, cause: RefundRetried, actor: caller.actor(), money: r.beforeRefund(), note: r.owed().String()}
		if err := w.transition(r, s); err != nil {
			return err
		}
		r.RefundID = uid.New() // the refused one stays refused
		w.next(r, RefundStep)
		return nil
	})
}

// SettleOutside implements Service.
func (c *Core) SettleOutside(ctx context.Context, caller Caller, ref, reference string) (*Reservation, error) {
	if err := payment.CheckReference(reference); err != nil {
		return nil, err
	}
	r, err := c.aboutRefund(ctx, "settle_refund", caller, ref, func(w *work, r *Reservation) error {
		if r.Step != StaffStep {
			return errNotRefused
		}
		s := step{to: r.Status, cause: SettledOutside, actor: caller.actor(), money: r.beforeRefund(), note: reference}
		if err := w.transition(r, s); err != nil {
			return err
		}
		w.next(r, SettleStep)
		return nil
	})
	if !fault.Is(err, errNotRefused.Reason) {
		return r, err
	}
	// Asked again: the same reference is the same settling.
	if r, failed := c.Reservation(ctx, caller, ref); failed == nil {
		if said, failed := c.settledAs(ctx, r); failed == nil && said == reference {
			return r, nil
		}
	}
	return nil, err
}

// aboutRefund runs a rule of staff on one reservation, drives what it began and waits for it a short while.
func (c *Core) aboutRefund(ctx context.Context, name string, caller Caller, ref string, rule func(*work, *Reservation) error) (*Reservation, error) {
	if err := caller.operates(); err != nil {
		return nil, err
	}
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return nil, err
	}
	id := r.ID
	err = c.desk.do(ctx, &command{
		name: name, lane: stock.LowestPool(r.Claims(nil)), rows: 1,
		need: func(n *needs) { n.reservation(id) },
		rule: func(w *work) error {
			r := w.reservation(id)
			if r == nil {
				return errNotFound
			}
			return rule(w, r)
		},
	})
	if err != nil {
		return nil, err
	}
	a, err := c.await(ctx, id, Idempotency{})
	if err != nil {
		return nil, err
	}
	return c.shown(caller, a.Reservation), nil
}

// beforeRefund is where the money stood before a refund was refused.
func (r *Reservation) beforeRefund() PaymentStatus {
	if r.Refunded > 0 {
		return PartiallyRefunded
	}
	return Paid
}

// settleOutside has payment book what staff paid, under the reference they gave.
func (c *Core) settleOutside(ctx context.Context, r *Reservation) (settled bool, err error) {
	reference, err := c.settledAs(ctx, r)
	if err != nil {
		return false, fmt.Errorf("settle: %w", err)
	}
	f, err := c.payment.RefundOutside(ctx, payment.RefundRequest{ID: r.RefundID, Payment: r.Attempt, Amount: r.owed()}, reference)
	return c.refundAnswered(ctx, r, f, err)
}

// settledAs is the reference of the last settling, as history has it; "" for none.
func (c *Core) settledAs(ctx context.Context, r *Reservation) (string, error) {
	entries, err := c.entries(ctx, r.ID)
	if err != nil {
		return "", err
	}
	for i := range entries {
		if e := &entries[len(entries)-1-i]; e.Cause == SettledOutside {
			return e.Note, nil
		}
	}
	return "", nil
}
