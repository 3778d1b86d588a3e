package reservation

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/payment"
	"holdfast/stock"
	"holdfast/uid"
)

// firstStepDelay keeps the resume job off a saga that its own process is driving.
const firstStepDelay = 5 * time.Second

// Pay implements Service. Begin (confirming, with a grace) -> authorize outside any transaction -> confirm the stock
// -> capture: each step commits before the next begins, and the saga resumes any of them after a crash.
func (c *Core) Pay(ctx context.Context, caller Caller, ref, method string, key Idempotency) (Answer, error) {
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return Answer{}, err
	}
	if err := caller.acts(r); err != nil {
		return Answer{}, err
	}
	if err := c.payment.Accepts(method); err != nil {
		return c.refused(ctx, key, err)
	}
	var first *KeyRow
	if err := c.desk.do(ctx, c.beginCommand(r, caller, method, key, &first)); err != nil {
		return Answer{}, err
	}
	if first != nil {
		return c.answer(ctx, first)
	}
	return c.await(ctx, r.ID, key)
}

// await drives the saga of a reservation and waits for it a short while.
func (c *Core) await(ctx context.Context, id uid.ID, key Idempotency) (Answer, error) {
	wait, cancel := context.WithTimeout(ctx, c.settings.PayWait)
	defer cancel()
	select {
	case <-c.saga.drive(id):
	case <-wait.Done():
	}
	if !key.ID.IsZero() {
		row, err := c.keys.find(ctx, key.ID)
		if err != nil {
			return Answer{}, err
		}
		if row != nil && row.State == KeyDone {
			a, err := c.answer(ctx, row)
			a.Replayed = false
			return a, err
		}
	}
	found, err := c.stored(ctx, []uid.ID{id})
	if err != nil {
		return Answer{}, err
	}
	if len(found) == 0 {
		return Answer{}, errNotFound
	}
	a := Answer{Reservation: found[0]}
	if found[0].AtRest() {
		a.Outcome = outcomeOf(found[0])
	}
	return a, nil
}

// outcomeOf names what a call without a key came to from the state it led to.
func outcomeOf(r *Reservation) Outcome {
	switch r.Status {
	case Confirmed, Completed:
		return OutcomeConfirmed
	case Rejected:
		return OutcomeDeclined
	case Cancelled:
		if r.Payment == PaymentFailed {
			return OutcomeDeclined
		}
		return OutcomeCancelled
	case Held, Confirming, Expired:
	}
	return 0
}

// beginCommand starts the one payment of a reservation and gives the hold its grace.
func (c *Core) beginCommand(r *Reservation, caller Caller, method string, key Idempotency, first **KeyRow) *command {
	row := &KeyRow{ID: key.ID, Request: key.Request, Reservation: r.ID, State: KeyRunning}
	id := r.ID
	return &command{
		name: "pay", lane: stock.LowestPool(r.Claims(nil)), rows: 1, key: key.ID,
		need: func(n *needs) {
			if !row.ID.IsZero() {
				n.key(row)
			}
			n.reservation(id)
		},
		rule: func(w *work) error {
			*first = nil
			done, err := w.claim(key)
			if err != nil || done != nil {
				*first = done
				return err
			}
			r := w.reservation(id)
			if r == nil {
				return errNotFound
			}
			if err := w.lapse(r); err != nil {
				return err
			}
			if err := payable(r); err != nil {
				return err
			}
			r.Attempt, r.Method, r.PayKey = uid.New(), method, key.ID
			if err := w.transition(r, step{to: Confirming, cause: PaymentBegun, actor: caller.actor()}); err != nil {
				return err
			}
			r.GraceUsed = true
			if grace := w.Now.Add(c.settings.Grace); grace.After(r.HoldExpiresAt) {
				r.HoldExpiresAt = grace
			}
			w.next(r, AskPayment)
			w.take(row)
			if r.Total().IsZero() {
				return w.free(r, row)
			}
			return nil
		},
	}
}

// free confirms a reservation that costs nothing: there is nobody to ask for money.
func (w *work) free(r *Reservation, key *KeyRow) error {
	if err := w.acceptPayment(r, payment.Payment{Amount: r.Total()}, false); err != nil {
		return err
	}
	if err := w.transition(r, step{to: Confirmed, cause: PaymentTaken, actor: bySaga, money: Paid, note: r.Total().String()}); err != nil {
		return err
	}
	r.Attempt = uid.ID{}
	w.next(r, NoStep)
	key.State, key.Answer, key.Facts = KeyDone, OutcomeConfirmed, factsOf(r)
	return nil
}

var errPaymentRunning = fault.New(fault.Conflict, "payment_running", "A payment for this reservation is already running. Read the reservation to learn its outcome.").
	RetryIn(retryRunning)

// payable says why a reservation cannot be paid now.
func payable(r *Reservation) error {
	switch r.Status {
	case Held:
		if slices.ContainsFunc(r.Items, func(it Item) bool { return it.Notice != nil && it.Notice.Withdrawn }) {
			return fault.New(fault.Conflict, "withdrawn", "A part of this reservation does not run any more. Cancel it and search again.")
		}
		return nil
	case Confirming:
		return errPaymentRunning
	case Expired:
		return fault.New(fault.Conflict, "hold_expired", "The hold ran out before it was paid, and the stock was given back. Search again.")
	case Confirmed, Completed, Rejected, Cancelled:
	}
	return fault.New(fault.Conflict, "not_payable", "This reservation is %s; it cannot be paid.", r.Status)
}

// settlePayment is the desk's answer to the outcome of an authorization. afterRefusal is what is left to do when it was
// refused.
func (c *Core) settlePayment(ctx context.Context, r *Reservation, p payment.Payment, afterRefusal Step) error {
	id, attempt, key := r.ID, r.Attempt, r.PayKey
	return c.desk.do(ctx, &command{
		name: "settle_" + paymentWord(p.Status), lane: stock.LowestPool(r.Claims(nil)), rows: len(r.Items),
		need: func(n *needs) {
			if !key.IsZero() {
				n.key(&KeyRow{ID: key})
			}
			n.reservation(id)
			if p.Status == payment.Authorized {
				n.claims(r.Claims(nil)) // money that came late takes the stock again
			}
		},
		rule: func(w *work) error {
			r := w.Reservations[id]
			if r == nil || r.Attempt != attempt || r.Step != AskPayment {
				return nil // another process has settled it
			}
			if p.Status == payment.Declined {
				return w.refusePayment(r, p.Reason, afterRefusal)
			}
			outdated := slices.ContainsFunc(r.Items, func(it Item) bool { return it.Status != Cancelled && c.outdated.changed(&it.Piece, r.CreatedAt) })
			return w.acceptPayment(r, p, outdated)
		},
	})
}

func paymentWord(s payment.Status) string {
	if s == payment.Declined {
		return "declined"
	}
	return "authorized"
}

// bySaga is who acts when a payment's outcome does.
var bySaga = Actor{SystemActor, "payment"}

// acceptPayment turns the hold into a sale. When the hold had gone before the money came, the stock is taken again if
// it is there and still what was sold; if not, the money is let go.
func (w *work) acceptPayment(r *Reservation, p payment.Payment, outdated bool) error {
	s := step{to: Confirmed, cause: PaymentMade, actor: bySaga, money: Authorized, note: p.Amount.String()}
	if r.Status == Expired {
		demands, err := stock.Demands(r.Claims(nil))
		if err != nil {
			return errors.Join(stock.ErrBroken, err)
		}
		why := "sold meanwhile; the money goes back"
		if outdated {
			why = "changed by the supplier meanwhile; the money goes back"
		}
		if outdated || w.lacks(demands) != nil || !w.reseat(r) {
			if err := w.transition(r, step{to: Expired, cause: PaymentRefused, actor: bySaga, money: PaymentFailed, note: why}); err != nil {
				return err
			}
			w.next(r, VoidStep)
			w.answerKey(r, OutcomeRefundedLate)
			return nil
		}
		s.cause = PaidLate
	}
	if err := w.transition(r, s); err != nil {
		return err
	}
	w.next(r, Capture)
	return nil
}

// refusePayment ends a reservation whose payment was declined.
func (w *work) refusePayment(r *Reservation, why string, next Step) error {
	to := Rejected
	if r.Status == Expired {
		to = Expired
	}
	if err := w.transition(r, step{to: to, cause: PaymentRefused, actor: bySaga, money: PaymentFailed, note: why}); err != nil {
		return err
	}
	w.next(r, next)
	w.answerKey(r, OutcomeDeclined)
	return nil
}

// answerKey gives the call that waits for the saga its answer; one that was given stays.
func (w *work) answerKey(r *Reservation, o Outcome) {
	if row := w.Keys[r.PayKey]; row != nil && row.State == KeyRunning {
		w.finishKey(r.PayKey, o, r)
	}
}

// next sets what the saga does next, at once.
func (w *work) next(r *Reservation, s Step) {
	r.Step, r.StepTries, r.StepDue = s, 0, w.Now.Add(firstStepDelay)
	w.touch(r)
}

// recordCapture notes that the money is ours.
func (c *Core) recordCapture(ctx context.Context, r *Reservation, p payment.Payment) error {
	return c.desk.do(ctx, c.sagaCommand("captured", r, Capture, func(w *work, r *Reservation) error {
		r.Paid = p.Amount.Minor
		if err := w.transition(r, step{to: r.Status, cause: PaymentTaken, actor: bySaga, money: Paid, note: p.Amount.String()}); err != nil {
			return err
		}
		w.next(r, NoStep)
		w.answerKey(r, OutcomeConfirmed)
		return nil
	}))
}

// recordVoid notes that money was let go.
func (c *Core) recordVoid(ctx context.Context, r *Reservation) error {
	return c.desk.do(ctx, c.sagaCommand("voided", r, VoidStep, func(w *work, r *Reservation) error {
		w.next(r, NoStep)
		return nil
	}))
}

// sagaCommand changes a reservation whose saga stands at a step; one that stands elsewhere has been moved on by
// somebody else.
func (c *Core) sagaCommand(name string, r *Reservation, at Step, rule func(*work, *Reservation) error) *command {
	id, attempt, key := r.ID, r.Attempt, r.PayKey
	return &command{
		name: name, lane: stock.LowestPool(r.Claims(nil)), rows: 1,
		need: func(n *needs) {
			if !key.IsZero() {
				n.key(&KeyRow{ID: key})
			}
			n.reservation(id)
		},
		rule: func(w *work) error {
			r := w.Reservations[id]
			if r == nil || r.Step != at || r.Attempt != attempt {
				return nil
			}
			return rule(w, r)
		},
	}
}
