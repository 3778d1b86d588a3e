package reservation

import (
	"context"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/stock"
	"holdfast/uid"
)

// owed is what confirmed cancellations have promised back and the saga has still to return.
func (r *Reservation) owed() money.Amount { return money.Of(r.Owed, r.Currency) }

// refundOf is what cancelling an item at now gives back: all of it while cancelling is free or when the supplier has changed it much, else the total less the
// rate plan's share, rounded half up on the fee.
func refundOf(r *Reservation, item int, now time.Time) (refund, fee int64) {
	it := &r.Items[item]
	total := money.Of(it.Price.Total(), r.Currency)
	if r.upset(item) || now.Before(it.Terms.FreeUntil) { // what the supplier has changed so much is no longer what was sold
		return total.Minor, 0
	}
	fee = total.BasisPoints(int64(it.Terms.FeeBP)).Minor
	return total.Minor - fee, fee
}

// QuoteCancellation implements Service.
func (c *Core) QuoteCancellation(ctx context.Context, caller Caller, ref string, items []string, key Idempotency) (Answer, error) {
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return Answer{}, err
	}
	chosen := make([]uid.ID, 0, len(items))
	for _, text := range items {
		id, err := uid.Parse("itm", text)
		if err != nil || !slices.ContainsFunc(r.Items, func(it Item) bool { return it.ID == id && caller.owns(r, &it) }) {
			return c.refused(ctx, key, invalid("/items", "item_unknown", "%q is not an item of this reservation.", text))
		}
		chosen = append(chosen, id)
	}
	row := &KeyRow{ID: key.ID, Request: key.Request, Reservation: r.ID, State: KeyDone, Answer: OutcomeQuoted}
	var first *KeyRow
	var answer Answer
	err = c.desk.do(ctx, &command{
		name: "quote_cancellation", lane: stock.LowestPool(r.Claims(nil)), rows: 1, key: key.ID,
		need: func(n *needs) {
			if !key.ID.IsZero() {
				n.key(row)
			}
			n.reservation(r.ID)
		},
		rule: func(w *work) error {
			answer = Answer{}
			var err error
			if first, err = w.claim(key); err != nil || first != nil {
				return err
			}
			r := w.reservation(r.ID)
			if r == nil {
				return errNotFound
			}
			if err := cancellable(r, w.Now); err != nil {
				return err
			}
			q := &Quote{ID: uid.New(), Reservation: r.ID, Version: r.Version, ExpiresAt: w.Now.Add(c.settings.QuoteLife)}
			for i := range r.Items {
				it := &r.Items[i]
				if !caller.owns(r, it) || it.Status != Confirmed || len(chosen) > 0 && !slices.Contains(chosen, it.ID) || it.over(w.Now) {
					continue
				}
				refund, fee := refundOf(r, i, w.Now)
				q.Items = append(q.Items, it.ID)
				q.Refund += refund
				q.Fee += fee
			}
			if len(q.Items) == 0 {
				return fault.New(fault.Conflict, "not_cancellable", "What you named is cancelled already, or over.")
			}
			w.quotes = append(w.quotes, q)
			facts := factsOf(r)
			facts.Quote = q.ID
			row.Facts = facts
			w.take(row)
			answer = Answer{Outcome: OutcomeQuoted, Reservation: r.as(facts), Quote: q}
			return nil
		},
	})
	switch {
	case err != nil:
		return Answer{}, err
	case first != nil:
		return c.answer(ctx, first)
	}
	return answer, nil
}

// cancellable says why a quote cannot be made or used now.
func cancellable(r *Reservation, now time.Time) error {
	switch {
	case r.Status == Held:
		return fault.New(fault.Conflict, "not_cancellable", "This reservation is not paid; cancel it with DELETE, without a quote.")
	case r.Status != Confirmed:
		return fault.New(fault.Conflict, "not_cancellable", "This reservation is %s; it cannot be cancelled.", r.Status)
	case !now.Before(r.EndsAt()):
		return fault.New(fault.Conflict, "not_cancellable", "This reservation is over; it cannot be cancelled.")
	case !r.AtRest():
		return fault.New(fault.Conflict, "payment_running", "Money of this reservation is on its way. Try again in a moment.").RetryIn(retryRunning)
	}
	return nil
}

// ConfirmCancellation implements Service.
func (c *Core) ConfirmCancellation(ctx context.Context, caller Caller, ref, quote string, key Idempotency) (Answer, error) {
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return Answer{}, err
	}
	unknown := fault.New(fault.NotFound, "quote_not_found", "There is no such quote for this reservation.")
	qid, err := uid.Parse("quo", quote)
	if err != nil {
		return Answer{}, unknown
	}
	row := &KeyRow{ID: key.ID, Request: key.Request, Reservation: r.ID, State: KeyRunning}
	var first *KeyRow
	var done *Reservation
	err = c.desk.do(ctx, &command{
		name: "cancel", lane: stock.LowestPool(r.Claims(nil)), rows: len(r.Items), key: key.ID,
		need: func(n *needs) {
			if !key.ID.IsZero() {
				n.key(row)
			}
			n.reservation(r.ID)
			n.quote(qid)
		},
		rule: func(w *work) error {
			done = nil
			var err error
			if first, err = w.claim(key); err != nil || first != nil {
				return err
			}
			r, q := w.reservation(r.ID), w.Quotes[qid]
			switch {
			case r == nil:
				return errNotFound
			case q == nil || q.Reservation != r.ID || slices.ContainsFunc(r.Items, func(it Item) bool { return slices.Contains(q.Items, it.ID) && !caller.owns(r, &it) }):
				return unknown
			case slices.Equal(q.Items, cancelledBy(r, q)):
				done = r.as(factsOf(r)) // confirmed before: the same again
				return nil
			case !w.Now.Before(q.ExpiresAt):
				return fault.New(fault.Gone, "quote_expired", "This quote ended at %s. Ask for a new one.", q.ExpiresAt.Format(time.RFC3339))
			case q.Version != r.Version:
				return fault.New(fault.Conflict, "quote_outdated", "The reservation has changed since this quote. Ask for a new one.")
			}
			if err := cancellable(r, w.Now); err != nil {
				return err
			}
			if slices.ContainsFunc(r.Items, func(it Item) bool { return slices.Contains(q.Items, it.ID) && it.over(w.Now) }) {
				return fault.New(fault.Conflict, "not_cancellable", "A part of what the quote names is over meanwhile. Ask for a new one.")
			}
			if err := w.cancel(r, q, caller.actor(), row); err != nil {
				return err
			}
			w.take(row)
			if r.AtRest() {
				done = r.as(factsOf(r))
			}
			return nil
		},
	})
	switch {
	case err != nil:
		return Answer{}, err
	case first != nil:
		return c.answer(ctx, first)
	case done != nil:
		return Answer{Outcome: OutcomeCancelled, Reservation: done}, nil
	}
	a, err := c.await(ctx, r.ID, key)
	if err == nil && a.Reservation.AtRest() {
		a.Outcome = OutcomeCancelled
	}
	return a, err
}

// cancelledBy are the items of the quote if it is what cancelled them.
func cancelledBy(r *Reservation, q *Quote) []uid.ID {
	if r.Version == q.Version {
		return nil
	}
	var out []uid.ID
	for i := range r.Items {
		if r.Items[i].Status == Cancelled && slices.Contains(q.Items, r.Items[i].ID) {
			out = append(out, r.Items[i].ID)
		}
	}
	return out
}

// cancel gives the items of a quote back to the stock and owes its refund.
func (w *work) cancel(r *Reservation, q *Quote, by Actor, key *KeyRow) error {
	return w.undo(r, q, CancelledPaid, by, key)
}

// undo is cancel for a cause.
func (w *work) undo(r *Reservation, q *Quote, cause Cause, by Actor, key *KeyRow) error {
	s := step{to: Cancelled, cause: cause, actor: by, note: money.Of(q.Refund, r.Currency).String() + " back"}
	for i := range r.Items {
		switch {
		case slices.Contains(q.Items, r.Items[i].ID):
			s.items = append(s.items, i)
		case r.Items[i].Status != Cancelled:
			s.to = Confirmed // some stay
		}
	}
	if err := w.transition(r, s); err != nil {
		return err
	}
	r.PayKey = key.ID
	if q.Refund == 0 {
		key.State, key.Answer, key.Facts = KeyDone, OutcomeCancelled, factsOf(r)
		return nil
	}
	r.Owed, r.RefundID = r.Owed+q.Refund, uid.New()
	w.next(r, RefundStep)
	key.State = KeyRunning
	return nil
}

// recordRefund notes that promised money went back.
func (c *Core) recordRefund(ctx context.Context, r *Reservation, f payment.Refund) error {
	return c.desk.do(ctx, c.sagaCommand("refunded", r, r.Step, func(w *work, r *Reservation) error {
		if r.RefundID != f.ID {
			return nil
		}
		r.Refunded += f.Amount.Minor
		r.Owed -= f.Amount.Minor
		s := step{to: r.Status, cause: MoneyReturned, actor: bySaga, money: PartiallyRefunded, note: f.Amount.String()}
		if r.Refunded == r.Paid {
			s.money = Refunded
		}
		if err := w.transition(r, s); err != nil {
			return err
		}
		w.next(r, NoStep)
		w.answerKey(r, OutcomeCancelled)
		return nil
	}))
}
