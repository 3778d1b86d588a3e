package reservation

import (
	"context"
	"fmt"
	"time"

	"holdfast/fault"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/uid"
)

// What becomes of a reservation when the provider refuses for good, or does by itself what nobody asked for. Each of these
// ends: in money that is let go, in money that goes back, or in staff who must act.

// paymentState is payment's word for a step that is not possible any more, now or later.
const paymentState = "payment_state"

// recordCaptureRefused ends what was confirmed with money that cannot be taken: the stock returns, and what is set aside
// is let go. A service that has been delivered stays so, unpaid.
func (c *Core) recordCaptureRefused(ctx context.Context, r *Reservation, refusal error) error {
	note := "the provider will not take the money"
	if reason := fault.As(refusal).Meta["reason"]; reason != "" {
		note += ": " + reason
	}
	return c.desk.do(ctx, c.sagaCommand("capture_refused", r, Capture, func(w *work, r *Reservation) error {
		to := Cancelled
		if r.Status == Completed {
			to = Completed
		}
		if err := w.transition(r, step{to: to, cause: PaymentRefused, actor: bySaga, money: PaymentFailed, note: note}); err != nil {
			return err
		}
		w.next(r, VoidStep)
		w.answerKey(r, OutcomeDeclined)
		return nil
	}))
}

// takenAnyway is a payment that cannot be let go. Where the provider took it by itself, it goes back; where it only
// refuses to let go of it, asking goes on until what is set aside has lapsed.
func (c *Core) takenAnyway(ctx context.Context, r *Reservation, refusal error) (settled bool, err error) {
	p, err := c.payment.Payment(ctx, r.Attempt)
	if err != nil {
		return false, fmt.Errorf("void: %w", err)
	}
	if p.Status != payment.Captured {
		return false, fmt.Errorf("void: %w", refusal)
	}
	return true, c.desk.do(ctx, c.sagaCommand("taken_anyway", r, VoidStep, func(w *work, r *Reservation) error {
		r.Paid = p.Amount.Minor
		s := step{to: r.Status, cause: PaymentTaken, actor: bySaga, money: Paid, note: p.Amount.String() + " taken by the provider itself"}
		if r.Status == Completed { // it was earned
			if err := w.transition(r, s); err != nil {
				return err
			}
			w.next(r, NoStep)
			return nil
		}
		s.note += "; it goes back"
		if err := w.transition(r, s); err != nil {
			return err
		}
		r.Owed, r.RefundID = r.Paid, uid.New()
		w.next(r, RefundStep)
		return nil
	}))
}

// refundAnswered records what became of a refund.
func (c *Core) refundAnswered(ctx context.Context, r *Reservation, f payment.Refund, err error) (settled bool, _ error) {
	switch k := fault.KindOf(err); {
	case err == nil && f.Status == payment.RefundSucceeded:
		return true, c.recordRefund(ctx, r, f)
	case err == nil && f.Status == payment.RefundPending:
		return false, nil
	case err == nil:
		return true, c.recordRefundRefused(ctx, r, "the provider will not pay it back")
	case k == fault.Conflict || k == fault.Invalid || k == fault.NotFound: // it would be the same tomorrow
		return true, c.recordRefundRefused(ctx, r, fault.As(err).Reason)
	}
	return false, fmt.Errorf("refund: %w", err)
}

// recordRefundRefused leaves a refund to staff. Whoever waits for the cancellation is answered: it is cancelled, and the
// money is still owed.
func (c *Core) recordRefundRefused(ctx context.Context, r *Reservation, why string) error {
	asked := r.RefundID
	return c.desk.do(ctx, c.sagaCommand("refund_refused", r, r.Step, func(w *work, r *Reservation) error {
		if r.RefundID != asked {
			return nil
		}
		s := step{to: r.Status, cause: RefundRefused, actor: bySaga, money: RefundFailed, note: money.Of(r.Owed, r.Currency).String() + ": " + why}
		if err := w.transition(r, s); err != nil {
			return err
		}
		w.next(r, StaffStep)
		r.StepDue = time.Time{} // never by itself
		w.answerKey(r, OutcomeCancelled)
		return nil
	}))
}
