package reservationtest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/uid"
)

var operator = reservation.Caller{Subject: "olga", Staff: true}

// causes are the causes in a reservation's history.
func (w *world) causes(t *testing.T, ref string) (entries []reservation.Entry, words string) {
	t.Helper()
	entries, err := w.core.History(context.Background(), operator, ref)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Cause.String())
	}
	return entries, strings.Join(all, " ")
}

// charged is what the ledger says of a reservation.
func (w *world) charged(t *testing.T, r *reservation.Reservation) (captured, refunded int64) {
	t.Helper()
	balances, err := w.pay.Balances(context.Background(), []uid.ID{r.ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range balances {
		captured, refunded = captured+b.Captured.Minor, refunded+b.Refunded.Minor
	}
	return captured, refunded
}

// attempt is the one payment of a reservation.
func (w *world) attempt(t *testing.T, r *reservation.Reservation) payment.Payment {
	t.Helper()
	p, err := w.pay.Payment(context.Background(), r.Attempt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// refusedRefund pays by a token whose refunds are refused, cancels, and returns what waits for staff.
func (w *world) refusedRefund(t *testing.T, token string) string {
	t.Helper()
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.paid(t, "ada", ref, token)
	q, err := w.core.QuoteCancellation(context.Background(), as("ada"), ref, nil, reservation.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	k := reservation.Idempotency{ID: uid.New(), Request: uid.New()}
	a, err := w.core.ConfirmCancellation(context.Background(), as("ada"), ref, q.Quote.ID.Text("quo"), k)
	if err != nil || a.Outcome != reservation.OutcomeCancelled || a.Reservation.Payment != reservation.RefundFailed || a.Reservation.Status != reservation.Cancelled {
		t.Fatalf("cancelling: %+v, %v", a, err)
	}
	again, err := w.core.ConfirmCancellation(context.Background(), as("ada"), ref, q.Quote.ID.Text("quo"), k)
	if err != nil || !again.Replayed || again.Reservation.Payment != reservation.RefundFailed {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if w.free(t, pool, 0) != 1 {
		t.Error("a refused refund keeps the stock")
	}
	w.audit(t)
	return ref
}

// What is set aside and will never be taken ends the reservation: the stock returns, the traveller is told why.
func testCaptureRefused(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	a, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_capture_refused", key("p"))
	if err != nil || a.Outcome != reservation.OutcomeDeclined || a.Reservation.Status != reservation.Cancelled || a.Reservation.Payment != reservation.PaymentFailed {
		t.Fatalf("%+v, %v", a, err)
	}
	again, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_capture_refused", key("p"))
	if err != nil || again.Outcome != reservation.OutcomeDeclined || !again.Replayed {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	if w.free(t, pool, 0) != 1 {
		t.Error("the stock did not return")
	}
	r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep })
	if p := w.attempt(t, r); p.Status != payment.Voided {
		t.Errorf("what was set aside is %s", p.Status)
	}
	entries, words := w.causes(t, ref)
	if last := entries[len(entries)-1]; words != "placed payment_begun payment_made payment_refused" || !strings.HasSuffix(last.Note, "capture_refused") {
		t.Errorf("history %s, %q", words, last.Note)
	}
	w.placed(t, "bob", nights(pool, 0, 2, 1))

	other := w.placed(t, "ada", nights(pool, 3, 1, 1)) // without a key
	if a := w.paid(t, "ada", other, "pm_test_capture_refused"); a.Outcome != reservation.OutcomeDeclined {
		t.Errorf("without a key: %+v", a)
	}
}

// The refusal can come long after the answer, when the provider could not be reached at first.
func testCaptureRefusedLater(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref, call := w.placed(t, "ada", nights(pool, 0, 2, 1)), "capture"
	w.pay.before.Store(&call)
	w.paid(t, "ada", ref, "pm_test_capture_refused")
	if r := w.read(t, "ada", ref); r.Status != reservation.Confirmed || r.Step != reservation.Capture {
		t.Fatalf("%s at %s", r.Status, r.Step)
	}
	w.pay.before.Store(nil)
	w.clock.Advance(time.Hour)
	w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep })
	if r := w.read(t, "ada", ref); r.Status != reservation.Cancelled || r.Payment != reservation.PaymentFailed {
		t.Errorf("%s, %s", r.Status, r.Payment)
	}
}

// Money that the provider takes by itself, late, for what was sold to somebody else goes back by itself.
func testCapturedLateAndSold(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	if _, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_late_captured", key("late")); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(16 * time.Minute)
	w.paid(t, "bob", w.placed(t, "bob", nights(pool, 1, 1, 1)), "pm_test_approved")
	w.clock.Advance(30 * time.Minute)
	r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep })
	in, out := w.charged(t, r)
	if r.Status != reservation.Expired || r.Payment != reservation.Refunded || r.Paid != 10_000 || r.Refunded != 10_000 || r.Owed != 0 || in != 10_000 || out != 10_000 {
		t.Errorf("%s, %s, %d paid, %d refunded, %d owed; the ledger says %d and %d", r.Status, r.Payment, r.Paid, r.Refunded, r.Owed, in, out)
	}
	if _, words := w.causes(t, ref); words != "placed payment_begun payment_lapsed payment_refused payment_taken money_returned" {
		t.Errorf("history %s", words)
	}
	a, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_late_captured", key("late"))
	if err != nil || a.Outcome != reservation.OutcomeRefundedLate || !a.Replayed {
		t.Errorf("asked again: %+v, %v", a, err)
	}
}

// Money that the provider takes by itself while the stock is still there is a payment as any other.
func testCapturedLate(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.paid(t, "ada", ref, "pm_test_late_captured")
	w.clock.Advance(30 * time.Minute)
	r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Payment == reservation.Paid })
	if r.Status != reservation.Confirmed || r.Paid != 10_000 {
		t.Errorf("%s, %d paid", r.Status, r.Paid)
	}
}

// A method that is not taken any more when it is asked again: what an earlier try has set aside is let go.
func testRetiredMethod(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.pay.retired.Store(true)
	a, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_approved", key("p"))
	if err != nil || a.Outcome != reservation.OutcomeDeclined || a.Reservation.Status != reservation.Rejected {
		t.Fatalf("%+v, %v", a, err)
	}
	r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep })
	if p := w.attempt(t, r); p.Status != payment.Voided {
		t.Errorf("what was set aside is %s", p.Status)
	}
	if w.free(t, pool, 0) != 1 {
		t.Error("the stock did not return")
	}
	w.pay.retired.Store(false)

	// It may never have come so far: then there is nothing to let go.
	call := "authorize"
	w.pay.before.Store(&call)
	w.pay.retired.Store(true)
	ref = w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.paid(t, "ada", ref, "pm_test_approved")
	if r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep }); r.Status != reservation.Rejected {
		t.Errorf("%s", r.Status)
	}
}

// A refund that is refused for good waits for staff, who may have it tried again as often as they like.
func testRefundRetried(t *testing.T, w *world) {
	ctx := context.Background()
	ref := w.refusedRefund(t, "pm_test_refund_refused_1h")
	r, err := w.core.RetryRefund(ctx, operator, ref)
	if err != nil || r.Payment != reservation.RefundFailed {
		t.Fatalf("too early: %+v, %v", r, err)
	}
	w.clock.Advance(time.Hour)
	r, err = w.core.RetryRefund(ctx, operator, ref)
	if err != nil || r.Payment != reservation.Refunded || r.Refunded != 10_000 || r.Owed != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if in, out := w.charged(t, r); in != 10_000 || out != 10_000 {
		t.Errorf("the ledger says %d and %d", in, out)
	}
	entries, words := w.causes(t, ref)
	if want := "cancelled refund_refused refund_retried refund_refused refund_retried money_returned"; !strings.HasSuffix(words, want) {
		t.Errorf("history %s", words)
	}
	if by := entries[len(entries)-2].Actor; by.Kind != reservation.StaffActor || by.ID != "olga" {
		t.Errorf("retried by %+v", by)
	}
	_, err = w.core.RetryRefund(ctx, operator, ref)
	denied(t, err, "refund_not_refused")
	_, err = w.core.SettleOutside(ctx, operator, ref, "too late")
	denied(t, err, "refund_not_refused")
}

// Staff may pay a refused refund by other means; the books stay balanced, and history says who and how.
func testSettledOutside(t *testing.T, w *world) {
	ctx := context.Background()
	ref := w.refusedRefund(t, "pm_test_refund_refused")
	_, err := w.core.SettleOutside(ctx, operator, ref, " ")
	denied(t, err, "reference_invalid")
	const reference = "SEPA 4711"
	for range 2 {
		r, err := w.core.SettleOutside(ctx, operator, ref, reference)
		if err != nil || r.Payment != reservation.Refunded || r.Refunded != 10_000 || r.Owed != 0 || r.Step != reservation.NoStep {
			t.Fatalf("%+v, %v", r, err)
		}
		if in, out := w.charged(t, r); in != 10_000 || out != 10_000 {
			t.Errorf("the ledger says %d and %d", in, out)
		}
	}
	_, err = w.core.SettleOutside(ctx, operator, ref, "another")
	denied(t, err, "refund_not_refused")
	entries, words := w.causes(t, ref)
	said := entries[len(entries)-2]
	if !strings.HasSuffix(words, "refund_refused settled_outside money_returned") || said.Actor.ID != "olga" || said.Actor.Kind != reservation.StaffActor || said.Note != reference {
		t.Errorf("history %s, %+v", words, said)
	}
	_, refunds, err := w.pay.Payments(ctx, entries[0].Reservation)
	if err != nil || len(refunds) != 1 || refunds[0].Reference != reference {
		t.Errorf("refunds %+v, %v", refunds, err)
	}
}

// A process that dies while it books what staff paid leaves it to the next one, which books it once.
func testSettlingResumes(t *testing.T, w *world) {
	for _, when := range []string{"before", "after"} {
		ref, call := w.refusedRefund(t, "pm_test_refund_refused"), "outside"
		broken := &w.pay.before
		if when == "after" {
			broken = &w.pay.after
		}
		broken.Store(&call)
		r, err := w.core.SettleOutside(context.Background(), operator, ref, "SEPA 1")
		if err != nil || r.Step != reservation.SettleStep {
			t.Fatalf("%s: %+v, %v", when, r, err)
		}
		_, err = w.core.RetryRefund(context.Background(), operator, ref) // must not be paid twice
		denied(t, err, "refund_not_refused")
		w.stop(t)
		broken.Store(nil)
		w.restart(t)
		w.clock.Advance(time.Minute)
		r = w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep })
		if in, out := w.charged(t, r); r.Payment != reservation.Refunded || in != 10_000 || out != 10_000 {
			t.Errorf("%s: %s, the ledger says %d and %d", when, r.Payment, in, out)
		}
	}
}

// Only staff of the operator see and end what waits for them; it is listed page by page until it is ended.
func testRefusedRefundsList(t *testing.T, w *world) {
	ctx := context.Background()
	var refs []string
	for range 3 {
		refs = append(refs, w.refusedRefund(t, "pm_test_refund_refused"))
	}
	for _, who := range []reservation.Caller{as("ada"), {Subject: "sam", Staff: true, Supplier: supplier}} {
		_, err := w.core.RefusedRefunds(ctx, who, uid.ID{}, 10)
		denied(t, err, "scope_missing")
		_, err = w.core.RetryRefund(ctx, who, refs[0])
		denied(t, err, "scope_missing")
		_, err = w.core.SettleOutside(ctx, who, refs[0], "x")
		denied(t, err, "scope_missing")
	}
	list := func() (found []string) {
		for after := (uid.ID{}); ; {
			page, err := w.core.RefusedRefunds(ctx, operator, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				found, after = append(found, r.ID.Text("res")), r.ID
			}
			if len(page) < 2 {
				return found
			}
		}
	}
	slices.Sort(refs)
	if got := list(); !slices.Equal(got, refs) {
		t.Errorf("listed %v, want %v", got, refs)
	}
	_, err := w.core.RefusedRefunds(ctx, operator, uid.ID{}, 0)
	denied(t, err, "limit_out_of_range")
	if _, err := w.core.SettleOutside(ctx, operator, refs[1], "x"); err != nil {
		t.Fatal(err)
	}
	if got := list(); !slices.Equal(got, []string{refs[0], refs[2]}) {
		t.Errorf("listed %v after one was ended", got)
	}
	w.clock.Advance(1000 * time.Hour) // nothing of it is due by itself
	if due, err := w.store.Due(ctx, reservation.DueSteps, w.clock.Now(), 10); err != nil || len(due) != 0 {
		t.Errorf("due %v, %v", due, err)
	}
}

// While one item's refund waits for staff, the others can be used, cancelled and completed; cancelling asks for all that is owed.
func testRefusedRefundOfAPart(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 2, 0), context.Background()
	ref := w.placed(t, "ada", nights(pool, 0, 1, 1), nights(pool, 1, 1, 1))
	w.paid(t, "ada", ref, "pm_test_refund_refused_1h")
	part := func(items ...string) *reservation.Reservation {
		t.Helper()
		q, err := w.core.QuoteCancellation(ctx, as("ada"), ref, items, reservation.Idempotency{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.core.ConfirmCancellation(ctx, as("ada"), ref, q.Quote.ID.Text("quo"), reservation.Idempotency{})
		if err != nil || a.Outcome != reservation.OutcomeCancelled {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.Reservation
	}
	r := part(w.read(t, "ada", ref).Items[0].ID.Text("itm"))
	if r.Status != reservation.Confirmed || r.Payment != reservation.RefundFailed || r.Owed != 10_000 {
		t.Fatalf("%s, %s, %d owed", r.Status, r.Payment, r.Owed)
	}
	w.audit(t)
	w.clock.Advance(time.Hour)
	if r = part(); r.Status != reservation.Cancelled || r.Payment != reservation.Refunded || r.Refunded != 20_000 || r.Owed != 0 {
		t.Errorf("%s, %s, %d refunded, %d owed", r.Status, r.Payment, r.Refunded, r.Owed)
	}

	other := w.placed(t, "ada", nights(pool, 2, 1, 1), nights(pool, 3, 1, 1))
	ref = other
	w.paid(t, "ada", ref, "pm_test_refund_refused")
	part(w.read(t, "ada", ref).Items[0].ID.Text("itm"))
	w.clock.Advance(11 * 24 * time.Hour)
	if r = w.until(t, ref, func(r *reservation.Reservation) bool { return r.Status == reservation.Completed }); r.Payment != reservation.RefundFailed {
		t.Errorf("completed with payment %s", r.Payment)
	}
	if r, err := w.core.SettleOutside(ctx, operator, ref, "cash"); err != nil || r.Payment != reservation.PartiallyRefunded {
		t.Errorf("%+v, %v", r, err)
	}
}
