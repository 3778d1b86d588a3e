package reservationtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
)

func testDeclined(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	a, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_declined", key("p"))
	if err != nil || a.Outcome != reservation.OutcomeDeclined || a.Reservation.Status != reservation.Rejected || a.Reservation.Payment != reservation.PaymentFailed {
		t.Fatalf("%+v, %v", a, err)
	}
	if got := w.free(t, pool, 0); got != 1 {
		t.Error("a declined payment keeps the stock")
	}
	again, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_declined", key("p"))
	if err != nil || again.Outcome != reservation.OutcomeDeclined || !again.Replayed {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	_, err = w.core.Pay(context.Background(), as("ada"), ref, "pm_test_approved", key("q"))
	denied(t, err, "not_payable")
	_, err = w.core.Pay(context.Background(), as("ada"), ref, "4111 1111 1111 1111", key("r"))
	denied(t, err, "card_number_refused")
}

// An answer that is lost, or comes slowly, leaves the reservation confirming; it is confirmed when the outcome is known.
func testUnknownOutcome(t *testing.T, w *world) {
	pool := w.pool(t, 2, 0)
	for _, method := range []string{"pm_test_unknown", "pm_test_slow"} {
		ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
		a, err := w.core.Pay(context.Background(), as("ada"), ref, method, key(method))
		if err != nil || a.Outcome != 0 || a.Reservation.Status != reservation.Confirming {
			t.Fatalf("%s: %+v, %v", method, a.Reservation, err)
		}
		_, err = w.core.Pay(context.Background(), as("ada"), ref, method, key(method))
		denied(t, err, "idempotency_in_progress")
		_, err = w.core.Pay(context.Background(), as("ada"), ref, method, key(method+"2"))
		denied(t, err, "payment_running")
		denied(t, w.core.Release(context.Background(), as("ada"), ref), "payment_running")
		w.clock.Advance(time.Minute)
		w.until(t, ref, func(r *reservation.Reservation) bool { return r.Payment == reservation.Paid })
		a, err = w.core.Pay(context.Background(), as("ada"), ref, method, key(method))
		if err != nil || a.Outcome != reservation.OutcomeConfirmed || !a.Replayed || a.Reservation.Paid != 10_000 {
			t.Errorf("%s repeated: %+v, %v", method, a, err)
		}
	}
}

// Money that comes after the grace takes the stock again, if it is still there.
func testLate(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.clock.Advance(14 * time.Minute)
	w.paid(t, "ada", ref, "pm_test_late")
	w.clock.Advance(9 * time.Minute) // within the grace nobody gets the room
	_, err := w.place(t, "bob", nights(pool, 0, 2, 1))
	denied(t, err, "sold_out")
	w.clock.Advance(time.Minute + time.Second)
	w.until(t, ref, func(r *reservation.Reservation) bool { return r.Status == reservation.Expired })
	if got := w.free(t, pool, 0); got != 1 {
		t.Error("the grace is over and the stock is not back")
	}
	w.clock.Advance(30 * time.Minute)
	r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Payment == reservation.Paid })
	if r.Status != reservation.Confirmed || w.free(t, pool, 0) != 0 {
		t.Errorf("late money: %s, %d free", r.Status, w.free(t, pool, 0))
	}
}

// Money that comes after the room was sold to somebody else goes back by itself.
func testLateAndSold(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	if _, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_late", key("late")); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(16 * time.Minute)
	other := w.placed(t, "bob", nights(pool, 1, 1, 1))
	w.paid(t, "bob", other, "pm_test_approved")
	w.clock.Advance(30 * time.Minute)
	r := w.until(t, ref, func(r *reservation.Reservation) bool {
		return r.Payment == reservation.PaymentFailed && r.Step == reservation.NoStep
	})
	if r.Status != reservation.Expired || r.Paid != 0 {
		t.Errorf("%s, %d paid", r.Status, r.Paid)
	}
	a, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_late", key("late"))
	if err != nil || a.Outcome != reservation.OutcomeRefundedLate {
		t.Errorf("asked again: %+v, %v", a, err)
	}
}

func testFree(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	free := w.freeOffer(t, nights(pool, 0, 1, 1))
	a, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as("ada"), Offers: []string{free}, Travellers: guests})
	if err != nil {
		t.Fatal(err)
	}
	ref := a.Reservation.ID.Text("res")
	for range 2 {
		a, err = w.core.Pay(context.Background(), as("ada"), ref, "pm_test_approved", key("free"))
		if err != nil || a.Outcome != reservation.OutcomeConfirmed || a.Reservation.Payment != reservation.Paid {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	q, err := w.core.QuoteCancellation(context.Background(), as("ada"), ref, nil, key("q"))
	if err != nil || q.Quote.Refund != 0 {
		t.Fatalf("%+v, %v", q, err)
	}
	a, err = w.core.ConfirmCancellation(context.Background(), as("ada"), ref, q.Quote.ID.Text("quo"), key("qc"))
	if err != nil || a.Reservation.Status != reservation.Cancelled {
		t.Errorf("%+v, %v", a, err)
	}
}

// A process that dies before or after any call of the saga leaves it to the next one, which ends it once.
func testResume(t *testing.T, w *world) {
	pool := w.pool(t, 100, 0)
	ctx := context.Background()
	for _, call := range []string{"authorize", "capture", "refund"} {
		for _, when := range []string{"before", "after"} {
			ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
			broken := &w.pay.before
			if when == "after" {
				broken = &w.pay.after
			}
			quote := ""
			if call == "refund" {
				w.paid(t, "ada", ref, "pm_test_approved")
				q, err := w.core.QuoteCancellation(ctx, as("ada"), ref, nil, reservation.Idempotency{})
				if err != nil {
					t.Fatal(err)
				}
				quote = q.Quote.ID.Text("quo")
			}
			broken.Store(&call)
			k := key(call + when)
			var err error
			if call == "refund" {
				_, err = w.core.ConfirmCancellation(ctx, as("ada"), ref, quote, k)
			} else {
				_, err = w.core.Pay(ctx, as("ada"), ref, "pm_test_approved", k)
			}
			if err != nil {
				t.Fatalf("%s %s: %v", when, call, err)
			}
			w.stop(t)
			broken.Store(nil)
			w.restart(t)
			w.clock.Advance(time.Minute)
			r := w.until(t, ref, func(r *reservation.Reservation) bool { return r.Step == reservation.NoStep })
			want := reservation.Paid
			if call == "refund" {
				want = reservation.Refunded
			}
			if r.Payment != want || r.Paid != 10_000 {
				t.Errorf("%s %s: %s, %s, %d paid", when, call, r.Status, r.Payment, r.Paid)
			}
		}
	}
}

func testDelivered(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.paid(t, "ada", ref, "pm_test_approved")
	w.clock.Advance(10 * 24 * time.Hour)
	w.until(t, ref, func(r *reservation.Reservation) bool { return r.Status == reservation.Completed })
	_, err := w.core.QuoteCancellation(context.Background(), as("ada"), ref, nil, reservation.Idempotency{})
	denied(t, err, "not_cancellable")
}

func ptr[T any](v T) *T { return &v }

func (w *world) change(t testing.TB, ch reservation.StockChange) {
	t.Helper()
	if err := w.core.ChangeStock(context.Background(), []reservation.StockChange{ch}); err != nil {
		t.Fatal(err)
	}
}

// cancel gives a reservation back, paid or not.
func (w *world) cancel(t testing.TB, who, ref string) {
	t.Helper()
	ctx := context.Background()
	if w.read(t, who, ref).Status == reservation.Held {
		if err := w.core.Release(ctx, as(who), ref); err != nil {
			t.Fatal(err)
		}
		return
	}
	q, err := w.core.QuoteCancellation(ctx, as(who), ref, nil, reservation.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.core.ConfirmCancellation(ctx, as(who), ref, q.Quote.ID.Text("quo"), reservation.Idempotency{}); err != nil {
		t.Fatal(err)
	}
}

// Ten rooms sold out, then one out of order: the first cancellation frees nothing, the next one does.
func testOutOfOrder(t *testing.T, w *world) {
	pool := w.pool(t, 10, 0)
	var refs []string
	for i := range 10 {
		refs = append(refs, w.placed(t, "ada", nights(pool, 0, 1, 1)))
		if i%2 == 0 {
			w.paid(t, "ada", refs[i], "pm_test_approved")
		}
	}
	w.change(t, reservation.StockChange{Span: reservation.Span{Pool: pool, From: night, To: night + 1}, OutOfOrder: ptr[int32](1)})
	if s := w.slot(t, pool, 0); s.Capacity() != 9 || s.Oversold() != 1 {
		t.Fatalf("out of order: %+v", s)
	}
	w.cancel(t, "ada", refs[0])
	_, err := w.place(t, "bob", nights(pool, 0, 1, 1))
	denied(t, err, "sold_out")
	w.cancel(t, "ada", refs[1])
	w.placed(t, "bob", nights(pool, 0, 1, 1))
	_, err = w.place(t, "bob", nights(pool, 0, 1, 1))
	denied(t, err, "sold_out")
}

// Stop-sell beats a live offer; opening restores exactly what was.
func testStopSell(t *testing.T, w *world) {
	pool := w.pool(t, 10, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 1, 3))
	before := w.slot(t, pool, 0)
	span := reservation.Span{Pool: pool, From: night, To: night + 1}
	w.change(t, reservation.StockChange{Span: span, Closed: ptr(true)})
	_, err := w.place(t, "bob", nights(pool, 0, 1, 1))
	denied(t, err, "sold_out")
	w.paid(t, "ada", ref, "pm_test_approved")
	w.cancel(t, "ada", ref)
	_, err = w.place(t, "bob", nights(pool, 0, 1, 1))
	denied(t, err, "sold_out")
	w.change(t, reservation.StockChange{Span: span, Closed: ptr(false)})
	after := w.slot(t, pool, 0)
	if after.Target != before.Target || after.Limit != before.Limit || after.Free() != 10 {
		t.Errorf("opened: %+v, was %+v", after, before)
	}
	w.placed(t, "bob", nights(pool, 0, 1, 10))
}

func testRetire(t *testing.T, w *world) {
	a, b, ctx := w.pool(t, 3, 0), w.pool(t, 3, 0), context.Background()
	ref := w.placed(t, "ada", nights(b, 5, 1, 1))
	denied(t, w.core.RetirePools(ctx, []stock.PoolID{a, b}, night), "has_reservations")
	w.placed(t, "bob", nights(a, 0, 1, 1)) // all or none: a still sells
	if err := w.core.RetirePools(ctx, []stock.PoolID{b}, night+6); err != nil {
		t.Errorf("with reservations in the past only: %v", err)
	}
	_, err := w.place(t, "bob", nights(b, 7, 1, 1))
	denied(t, err, "sold_out")
	// What is closed for good is not opened again by a change that was on its way.
	open := reservation.StockChange{Span: reservation.Span{Pool: b, From: night, To: night + 10}, Closed: ptr(false)}
	denied(t, w.core.ChangeStock(ctx, []reservation.StockChange{open}), "pool_not_found")
	_, err = w.place(t, "bob", nights(b, 7, 1, 1))
	denied(t, err, "sold_out")
	w.cancel(t, "ada", ref)
}

func testDefineTwice(t *testing.T, w *world) {
	ctx := context.Background()
	spec := reservation.PoolSpec{Ref: supplier, Supplier: supplier, Physical: 4, OverbookingBP: 1000, From: night, To: night + 10}
	first, err := w.core.DefinePools(ctx, []reservation.PoolSpec{spec})
	if err != nil {
		t.Fatal(err)
	}
	w.placed(t, "ada", nights(first[0], 0, 10, 4))
	spec.To += 5
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ids, err := w.core.DefinePools(ctx, []reservation.PoolSpec{spec})
			if err != nil || ids[0] != first[0] {
				t.Errorf("again: %v, %v; want pool %d", ids, err, first[0])
			}
		})
	}
	wg.Wait()
	rows, err := w.core.Slots(ctx, reservation.Span{Pool: first[0], From: night, To: night + 100})
	if err != nil || len(rows) != 15 {
		t.Fatalf("%d slots, %v; want 15", len(rows), err)
	}
	for _, s := range rows {
		if want := int32(4); s.Key.Slot < night+10 && s.Held != want || s.Key.Slot >= night+10 && s.Free() != want {
			t.Errorf("slot %d: %+v", s.Key.Slot-night, s)
		}
	}
}

// Sold out, asked thousands of times a second, then one unit comes back: the very next request gets it.
func testNoHiddenStock(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	sealed := w.offer(t, nights(pool, 0, 1, 1))
	ctx := context.Background()
	for range 30 {
		ref := w.placed(t, "ada", nights(pool, 0, 1, 1))
		for range 50 {
			_, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("bob"), Offers: []string{sealed}, Travellers: guests})
			if !fault.Is(err, "sold_out") {
				t.Fatalf("got %v", err)
			}
		}
		w.cancel(t, "ada", ref)
		a, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("bob"), Offers: []string{sealed}, Travellers: guests})
		if err != nil {
			t.Fatalf("the unit that came back is hidden: %v", err)
		}
		w.cancel(t, "bob", a.Reservation.ID.Text("res"))
	}
}

func testWatch(t *testing.T, w *world) {
	pool := w.pool(t, 5, 0)
	var mu sync.Mutex
	seen := map[stock.Key]reservation.SlotRow{}
	stop := w.core.Watch(func(rows []reservation.SlotRow) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range rows {
			if r.Version > seen[r.Key].Version {
				seen[r.Key] = r
			}
		}
	})
	w.placed(t, "ada", nights(pool, 2, 2, 3))
	mu.Lock()
	got := seen[stock.Key{Pool: pool, Slot: night + 3}]
	mu.Unlock()
	if got.Free() != 2 { // told before the answer
		t.Errorf("watchers saw %+v", got)
	}
	stop()
	w.placed(t, "ada", nights(pool, 2, 2, 1))
	mu.Lock()
	defer mu.Unlock()
	if seen[stock.Key{Pool: pool, Slot: night + 3}].Version != got.Version {
		t.Error("told after stop")
	}
	rows := 0
	if _, err := w.core.Snapshot(context.Background(), night, func(r []reservation.SlotRow) error { rows += len(r); return nil }); err != nil || rows != 30 {
		t.Errorf("snapshot of %d slots, %v", rows, err)
	}
}
