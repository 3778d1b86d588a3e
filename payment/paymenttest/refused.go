package paymenttest

import (
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/payment"
	"holdfast/uid"
)

// What a provider refuses for good is said so, and leaves the payment where it can be let go.
func captureRefused(c check, _ *clock.Manual) {
	q := request("capture_refused")
	c.authorize(q, payment.Authorized)
	for range 2 {
		_, err := c.Capture(c.Context(), q.ID)
		c.refuses(err, fault.Conflict, "payment_state")
		if f := fault.As(err); f.Meta["status"] != "authorized" || f.Meta["reason"] != "capture_refused" {
			c.Errorf("the refusal says %v", f.Meta)
		}
	}
	c.balance(q.Reservation, 0, 0)
	c.void(q.ID, payment.Voided)
}

// Money that a provider takes by itself is in the books, cannot be let go any more, and can be returned.
func lateCaptured(c check, clk *clock.Manual) {
	q := request("late_captured")
	c.authorize(q, payment.Pending)
	c.void(q.ID, payment.Pending)
	clk.Advance(12 * time.Minute)
	_, err := c.Void(c.Context(), q.ID)
	c.refuses(err, fault.Conflict, "payment_state")
	c.resolve(q.ID, payment.Captured)
	c.balance(q.Reservation, 10_000, 0)
	c.refund(refundOf(q.ID, 10_000))
	c.balance(q.Reservation, 10_000, 10_000)

	q = request("late_captured")
	c.authorize(q, payment.Pending)
	clk.Advance(12 * time.Minute)
	c.authorize(q, payment.Captured)
	c.capture(q.ID)
}

func refundRefused(c check, clk *clock.Manual) {
	q := request("refund_refused_1h")
	c.authorize(q, payment.Authorized)
	c.capture(q.ID)
	failed := refundOf(q.ID, 6_000)
	for range 2 {
		if f, err := c.Refund(c.Context(), failed); err != nil || f.Status != payment.RefundFailed {
			c.Fatalf("refund is %s, error %v", f.Status, err)
		}
	}
	c.balance(q.Reservation, 10_000, 0)
	clk.Advance(time.Hour)
	if f, err := c.Refund(c.Context(), failed); err != nil || f.Status != payment.RefundFailed {
		c.Errorf("refused for good is for good, got %s, %v", f.Status, err)
	}
	c.refund(refundOf(q.ID, 10_000)) // what failed does not count against what is left
	c.balance(q.Reservation, 10_000, 10_000)
}

func outside(c check, _ *clock.Manual) {
	q := request("refund_refused")
	c.authorize(q, payment.Authorized)
	c.capture(q.ID)
	failed := refundOf(q.ID, 6_000)
	if f, err := c.Refund(c.Context(), failed); err != nil || f.Status != payment.RefundFailed {
		c.Fatalf("refund is %s, error %v", f.Status, err)
	}
	const reference = "SEPA 2026-11-22/4711"
	for range 2 {
		f, err := c.RefundOutside(c.Context(), failed, reference)
		if err != nil || f.Status != payment.RefundSucceeded || f.Reference != reference || f.Amount != eur(6_000) {
			c.Fatalf("refund %+v, error %v", f, err)
		}
		c.balance(q.Reservation, 10_000, 6_000)
	}
	_, err := c.RefundOutside(c.Context(), failed, "another transfer")
	c.refuses(err, fault.Invalid, "idempotency_key_reused")
	if f, err := c.RefundOutside(c.Context(), refundOf(q.ID, 4_000), reference); err != nil || f.Status != payment.RefundSucceeded { // no refund was begun before
		c.Fatalf("refund %+v, error %v", f, err)
	}
	c.balance(q.Reservation, 10_000, 10_000)
	p, refunds, err := c.Payments(c.Context(), q.Reservation)
	if err != nil || len(refunds) != 2 || refunds[0].Reference != reference || p[0].Refunded != eur(10_000) {
		c.Errorf("read %+v, %+v, %v", p, refunds, err)
	}
	if a := c.clean(); len(a.Refunded) != 1 || a.Refunded[0] != eur(10_000) || a.Captured[0] != eur(10_000) {
		c.Errorf("totals %v, %v", a.Captured, a.Refunded)
	}
}

func outsideRefused(c check, _ *clock.Manual) {
	q := request("approved")
	c.authorize(q, payment.Authorized)
	_, err := c.RefundOutside(c.Context(), refundOf(q.ID, 1), "x")
	c.refuses(err, fault.Conflict, "payment_state")
	c.capture(q.ID)
	for reference, reason := range map[string]string{
		"": "reference_invalid", " \t": "reference_invalid", "two\nlines": "reference_invalid", "\xff": "reference_invalid",
		strings.Repeat("x", payment.MaxReference+1): "reference_invalid",
	} {
		_, err = c.RefundOutside(c.Context(), refundOf(q.ID, 1), reference)
		c.refuses(err, fault.Invalid, reason)
	}
	_, err = c.RefundOutside(c.Context(), refundOf(q.ID, 10_001), "x")
	c.refuses(err, fault.Conflict, "refund_exceeds_payment")
	_, err = c.RefundOutside(c.Context(), refundOf(q.ID, 0), "x")
	c.refuses(err, fault.Invalid, "payment_amount_invalid")
	_, err = c.RefundOutside(c.Context(), payment.RefundRequest{Payment: q.ID, Amount: eur(1)}, "x")
	c.refuses(err, fault.Invalid, "payment_id_missing")
	_, err = c.RefundOutside(c.Context(), refundOf(uid.New(), 1), "x")
	c.refuses(err, fault.NotFound, "payment_not_found")
	paid := refundOf(q.ID, 1_000)
	c.refund(paid)
	if f, err := c.RefundOutside(c.Context(), paid, "x"); err != nil || f.Reference != "" { // the provider paid it
		c.Errorf("refund %+v, error %v", f, err)
	}
	c.balance(q.Reservation, 10_000, 1_000)
}
