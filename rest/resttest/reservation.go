package resttest

import (
	"context"
	"slices"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/uid"
)

// holdFor is how long a hold lives.
const holdFor = 15 * time.Minute

// Reservations is the world's reservation service, as far as the edge asks it.
func (w *World) Reservations() reservation.Service { return desk{w: w} }

type desk struct {
	reservation.Service // what the edge never asks
	w                   *World
}

var noReservation = fault.New(fault.NotFound, "reservation_not_found", "There is no such reservation.")

// replay is the stored answer of a key, or what is wrong with using it again.
func (w *World) replay(k reservation.Idempotency) (reservation.Answer, bool, error) {
	there, ok := w.keys[k.ID]
	if k.ID.IsZero() || !ok {
		return reservation.Answer{}, false, nil
	}
	if there.request != k.Request {
		return reservation.Answer{}, false, fault.New(fault.Invalid, "idempotency_key_reused", "The key came before with another body.")
	}
	a := there.answer
	a.Replayed = true
	return a, true, nil
}

// keep stores an answer: the reservation as it is now.
func (w *World) keep(k reservation.Idempotency, a reservation.Answer) reservation.Answer {
	a.Reservation = copyOf(a.Reservation)
	if !k.ID.IsZero() {
		w.keys[k.ID] = keyed{request: k.Request, answer: a}
	}
	return a
}

func copyOf(r *reservation.Reservation) *reservation.Reservation {
	c := *r
	c.Items = slices.Clone(r.Items)
	for i := range c.Items {
		c.Items[i].Seats = slices.Clone(r.Items[i].Seats)
	}
	return &c
}

func (d desk) Place(_ context.Context, q reservation.PlaceRequest) (reservation.Answer, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok, err := w.replay(q.Key); ok || err != nil {
		return a, err
	}
	if q.Refusal != nil {
		return reservation.Answer{}, q.Refusal
	}
	now := w.Clock.Now()
	r := &reservation.Reservation{
		ID: uid.New(), Name: q.Name, Locator: uid.Locator(), Caller: q.Caller.Subject, Status: reservation.Held, Payment: reservation.Unpaid,
		CreatedAt: now, UpdatedAt: now, HoldExpiresAt: now.Add(holdFor), PlacedUntil: now.Add(holdFor), Travellers: q.Travellers, Version: 1,
	}
	for _, other := range w.reserved {
		if q.Name != "" && other.Caller == r.Caller && other.Name == q.Name {
			return reservation.Answer{}, fault.New(fault.Conflict, "reservation_exists", "You used this id before.")
		}
	}
	for i, text := range q.Offers {
		o, ok := w.sealed[text]
		if !ok {
			return reservation.Answer{}, fault.InvalidField("/items", "offer_invalid", "This is not an offer.")
		}
		if !now.Before(o.ExpiresAt) {
			return reservation.Answer{}, fault.New(fault.Gone, "offer_expired", "The offer has ended.")
		}
		for n, p := range o.Pieces {
			for _, rv := range w.revoked {
				if o.IssuedAt.Before(rv.before) && rv.supplier == p.Supplier && (rv.version.IsZero() || rv.version == p.Conditions()) {
					return reservation.Answer{}, fault.New(fault.Gone, "offer_revoked", "The offer was withdrawn.")
				}
			}
			it, err := w.seat(p, choiceOf(q.Seats, i, n))
			if err != nil {
				return reservation.Answer{}, err
			}
			r.Items = append(r.Items, it)
		}
		r.Currency = o.Currency
	}
	if e := q.Expected; e != nil && *e != r.Total() {
		return reservation.Answer{}, fault.New(fault.Conflict, "price_changed", "The total is %s now.", r.Total()).With("total", r.Total().Decimal()).With("currency", string(r.Currency))
	}
	if err := w.take(r.Items); err != nil {
		return reservation.Answer{}, err
	}
	w.reserved[r.ID] = r
	w.order = append(w.order, r.ID)
	w.note(r, reservation.Entry{Cause: reservation.Placed, Actor: actor(q.Caller)})
	return w.keep(q.Key, reservation.Answer{Outcome: reservation.OutcomePlaced, Reservation: r}), nil
}

func actor(c reservation.Caller) reservation.Actor {
	if c.Staff {
		return reservation.Actor{Kind: reservation.StaffActor, ID: c.Subject}
	}
	return reservation.Actor{Kind: reservation.TravellerActor, ID: c.Subject}
}

// take holds the stock of all items or none.
func (w *World) take(items []reservation.Item) error {
	want := map[nightKey]int32{}
	for _, it := range items {
		if it.Ride != nil {
			continue // its seats have been taken
		}
		for d := it.Stay.CheckIn; d < it.Stay.CheckOut; d++ {
			k := nightKey{it.Stay.RoomType, d}
			want[k] += int32(len(it.Stay.Rooms))
			h := w.houses[it.Stay.Hotel]
			_, target := w.target(h, h.Type(it.Stay.RoomType), d)
			switch {
			case w.closed[k]:
				return fault.New(fault.Conflict, "sold_out", "Nothing is sold on %s.", d)
			case w.used[k]+want[k] > target:
				return fault.New(fault.Conflict, "sold_out", "Nothing is left on %s.", d)
			}
		}
	}
	for k, n := range want {
		w.used[k] += n
	}
	return nil
}

func (w *World) give(it *reservation.Item) {
	if it.Ride != nil {
		w.giveSeats(it.Seats)
		return
	}
	for d := it.Stay.CheckIn; d < it.Stay.CheckOut; d++ {
		w.used[nightKey{it.Stay.RoomType, d}] -= int32(len(it.Stay.Rooms))
	}
}

func (w *World) note(r *reservation.Reservation, e reservation.Entry) {
	e.Reservation, e.Version, e.At, e.To, e.Payment = r.ID, r.Version, w.Clock.Now(), r.Status, r.Payment
	w.history[r.ID] = append(w.history[r.ID], e)
}

// step moves a reservation and its live items.
func (w *World) step(r *reservation.Reservation, to reservation.Status, p reservation.PaymentStatus, cause reservation.Cause, a reservation.Actor) {
	from := r.Status
	r.Status, r.Payment, r.UpdatedAt = to, p, w.Clock.Now()
	r.Version++
	for i := range r.Items {
		if r.Items[i].Status != reservation.Cancelled {
			r.Items[i].Status = to
		}
	}
	w.note(r, reservation.Entry{Cause: cause, Actor: a, From: from})
}

// find is the reservation a caller means, with a lapsed hold let go.
func (w *World) find(c reservation.Caller, ref string) (*reservation.Reservation, error) {
	for _, r := range w.reserved {
		mine := r.Caller == c.Subject && (r.Name == ref || r.ID.Text("res") == ref)
		staff := c.Staff && r.ID.Text("res") == ref && (c.Supplier.IsZero() || slices.ContainsFunc(r.Items, func(it reservation.Item) bool { return it.Supplier == c.Supplier }))
		if (mine || staff) && ref != "" {
			w.lapse(r)
			return r, nil
		}
	}
	return nil, noReservation
}

func (w *World) lapse(r *reservation.Reservation) {
	if r.Effective(w.Clock.Now()) == r.Status {
		return
	}
	for i := range r.Items {
		w.give(&r.Items[i])
	}
	w.step(r, reservation.Expired, r.Payment, reservation.HoldLapsed, reservation.Actor{Kind: reservation.SystemActor, ID: "sweep"})
}

func (d desk) Pay(_ context.Context, c reservation.Caller, ref, method string, key reservation.Idempotency) (reservation.Answer, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok, err := w.replay(key); ok || err != nil {
		return a, err
	}
	r, err := w.find(c, ref)
	switch {
	case err != nil:
		return reservation.Answer{}, err
	case r.Status == reservation.Expired:
		return reservation.Answer{}, fault.New(fault.Conflict, "hold_expired", "The hold has ended.")
	case r.Status != reservation.Held:
		return reservation.Answer{}, fault.New(fault.Conflict, "not_payable", "It is %s.", r.Status)
	}
	now, system := w.Clock.Now(), reservation.Actor{Kind: reservation.SystemActor, ID: "saga"}
	p := payment.Payment{ID: uid.New(), Reservation: r.ID, Amount: r.Total(), Method: method, Status: payment.Captured, Refunded: money.Of(0, r.Currency), CreatedAt: now, UpdatedAt: now}
	switch method {
	case "pm_test_approved":
		w.step(r, reservation.Confirming, reservation.Unpaid, reservation.PaymentBegun, actor(c))
		r.Paid = r.Total().Minor
		w.step(r, reservation.Confirmed, reservation.Paid, reservation.PaymentMade, system)
	case "pm_test_declined":
		p.Status, p.Reason = payment.Declined, "insufficient_funds"
		w.payments[p.ID] = p
		for i := range r.Items {
			w.give(&r.Items[i])
		}
		w.step(r, reservation.Rejected, reservation.PaymentFailed, reservation.PaymentRefused, system)
		return w.keep(key, reservation.Answer{Outcome: reservation.OutcomeDeclined, Reservation: r}), nil
	case "pm_test_slow":
		p.Status = payment.Pending
		w.payments[p.ID] = p
		w.step(r, reservation.Confirming, reservation.Unpaid, reservation.PaymentBegun, actor(c))
		return reservation.Answer{Reservation: copyOf(r)}, nil
	default:
		return reservation.Answer{}, fault.InvalidField("/payment_method", "payment_method_unknown", "No provider knows this method.")
	}
	w.payments[p.ID] = p
	return w.keep(key, reservation.Answer{Outcome: reservation.OutcomeConfirmed, Reservation: r}), nil
}

func (d desk) Extend(_ context.Context, c reservation.Caller, ref string) (reservation.Answer, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	r, err := w.find(c, ref)
	switch {
	case err != nil:
		return reservation.Answer{}, err
	case r.Status == reservation.Expired:
		return reservation.Answer{}, fault.New(fault.Conflict, "hold_expired", "The hold has ended.")
	case r.Status != reservation.Held:
		return reservation.Answer{}, fault.New(fault.Conflict, "not_extendable", "It is %s.", r.Status)
	case r.Extensions >= 2:
		return reservation.Answer{}, fault.New(fault.Conflict, "hold_limit", "It was extended twice already.")
	}
	r.Extensions++
	r.HoldExpiresAt = r.HoldExpiresAt.Add(holdFor)
	w.step(r, reservation.Held, r.Payment, reservation.HoldExtended, actor(c))
	return reservation.Answer{Outcome: reservation.OutcomeExtended, Reservation: copyOf(r)}, nil
}

func (d desk) Release(_ context.Context, c reservation.Caller, ref string) error {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	r, err := w.find(c, ref)
	if err != nil {
		return err
	}
	switch r.Status {
	case reservation.Held:
		for i := range r.Items {
			w.give(&r.Items[i])
		}
		w.step(r, reservation.Cancelled, r.Payment, reservation.ReleasedUnpaid, actor(c))
	case reservation.Confirming:
		return fault.New(fault.Conflict, "payment_running", "A payment runs.")
	case reservation.Expired, reservation.Rejected, reservation.Cancelled: // over already
	case reservation.Confirmed, reservation.Completed:
		return fault.New(fault.Conflict, "quote_required", "It is paid.")
	}
	return nil
}

func (d desk) QuoteCancellation(_ context.Context, c reservation.Caller, ref string, items []string, key reservation.Idempotency) (reservation.Answer, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok, err := w.replay(key); ok || err != nil {
		return a, err
	}
	r, err := w.find(c, ref)
	if err != nil {
		return reservation.Answer{}, err
	}
	if r.Status != reservation.Confirmed {
		return reservation.Answer{}, fault.New(fault.Conflict, "not_cancellable", "It is %s.", r.Status)
	}
	q := &reservation.Quote{ID: uid.New(), Reservation: r.ID, Version: r.Version, ExpiresAt: w.Clock.Now().Add(holdFor)}
	for _, it := range r.Items {
		if it.Status != reservation.Confirmed || len(items) > 0 && !slices.Contains(items, it.ID.Text("itm")) {
			continue
		}
		fee := int64(0)
		if !w.Clock.Now().Before(it.Terms.FreeUntil) {
			fee = money.Of(it.Price.Total(), r.Currency).BasisPoints(int64(it.Terms.FeeBP)).Minor
		}
		q.Items = append(q.Items, it.ID)
		q.Fee += fee
		q.Refund += it.Price.Total() - fee
	}
	if len(q.Items) == 0 {
		return reservation.Answer{}, fault.New(fault.Conflict, "not_cancellable", "There is no such item to cancel.")
	}
	w.quotes[q.ID] = q
	return w.keep(key, reservation.Answer{Outcome: reservation.OutcomeQuoted, Reservation: r, Quote: q}), nil
}

func (d desk) ConfirmCancellation(_ context.Context, c reservation.Caller, ref, quote string, key reservation.Idempotency) (reservation.Answer, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok, err := w.replay(key); ok || err != nil {
		return a, err
	}
	r, err := w.find(c, ref)
	if err != nil {
		return reservation.Answer{}, err
	}
	id, _ := uid.Parse("quo", quote)
	q := w.quotes[id]
	switch {
	case q == nil || q.Reservation != r.ID:
		return reservation.Answer{}, fault.New(fault.NotFound, "quote_not_found", "There is no such quote.")
	case !w.Clock.Now().Before(q.ExpiresAt):
		return reservation.Answer{}, fault.New(fault.Gone, "quote_expired", "The quote has ended.")
	case q.Version != r.Version:
		return reservation.Answer{}, fault.New(fault.Conflict, "quote_outdated", "The reservation has changed.")
	}
	left := 0
	for i := range r.Items {
		if it := &r.Items[i]; slices.Contains(q.Items, it.ID) {
			w.give(it)
			it.Status = reservation.Cancelled
		} else if it.Status != reservation.Cancelled {
			left++
		}
	}
	r.Refunded += q.Refund
	to, paid := reservation.Cancelled, reservation.Refunded
	if left > 0 {
		to = reservation.Confirmed
	}
	if r.Refunded < r.Paid {
		paid = reservation.PartiallyRefunded
	}
	for _, p := range w.payments {
		if p.Reservation == r.ID && q.Refund > 0 {
			p.Refunded = p.Refunded.Add(money.Of(q.Refund, r.Currency))
			w.payments[p.ID] = p
			f := payment.Refund{ID: uid.New(), Payment: p.ID, Amount: money.Of(q.Refund, r.Currency), Status: payment.RefundSucceeded, CreatedAt: w.Clock.Now()}
			w.refunds[f.ID] = f
		}
	}
	w.step(r, to, paid, reservation.CancelledPaid, actor(c))
	return w.keep(key, reservation.Answer{Outcome: reservation.OutcomeCancelled, Reservation: r}), nil
}

func (d desk) Reservation(_ context.Context, c reservation.Caller, ref string) (*reservation.Reservation, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	r, err := d.w.find(c, ref)
	if err != nil {
		return nil, err
	}
	return copyOf(r), nil
}

func (d desk) Reservations(_ context.Context, c reservation.Caller, f reservation.Filter) ([]*reservation.Reservation, error) {
	w := d.w
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := slices.Clone(w.order)
	slices.SortFunc(ids, func(a, b uid.ID) int { return strings.Compare(string(b[:]), string(a[:])) })
	if !f.Before.IsZero() {
		slices.Reverse(ids)
	}
	var out []*reservation.Reservation
	for _, id := range ids {
		r, err := w.find(c, id.Text("res"))
		if err != nil || f.Status != 0 && r.Status != f.Status || f.Locator != "" && r.Locator != f.Locator || r.UpdatedAt.Before(f.Updated) ||
			!f.After.IsZero() && string(id[:]) >= string(f.After[:]) || !f.Before.IsZero() && string(id[:]) <= string(f.Before[:]) {
			continue
		}
		if out = append(out, copyOf(r)); len(out) == f.Limit {
			break
		}
	}
	if !f.Before.IsZero() {
		slices.Reverse(out)
	}
	return out, nil
}

func (d desk) History(_ context.Context, c reservation.Caller, ref string) ([]reservation.Entry, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	r, err := d.w.find(c, ref)
	if err != nil {
		return nil, err
	}
	return slices.Clone(d.w.history[r.ID]), nil
}
