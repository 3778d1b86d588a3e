package reservationtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// together runs calls so that they are decided in one batch, in this order.
func (w *world) together(t *testing.T, calls ...func()) {
	t.Helper()
	gate := make(chan struct{})
	w.store.mu.Lock()
	w.store.gate = gate
	w.store.mu.Unlock()
	var wg sync.WaitGroup
	for _, call := range calls {
		wg.Go(call)
		synctest.Wait()
	}
	w.store.mu.Lock()
	w.store.gate = nil
	w.store.mu.Unlock()
	close(gate)
	wg.Wait()
}

// Of two tries with one key in a batch the first is refused and the second placed: the key answers for the second.
func testKeyOfSecondTry(t *testing.T, w *world) {
	pool, busy, ctx := w.pool(t, 1, 0), w.pool(t, 5, 0), context.Background()
	held := w.placed(t, "ada", nights(pool, 0, 1, 1))
	sealed := w.offer(t, nights(pool, 0, 1, 1))
	try := func() (reservation.Answer, error) {
		return w.core.Place(ctx, reservation.PlaceRequest{Caller: as("bob"), Key: key("retry"), Offers: []string{sealed}, Travellers: guests})
	}
	var placed reservation.Answer
	w.together(t,
		func() { w.placed(t, "eve", nights(busy, 0, 1, 1)) }, // keeps the lanes at the gate
		func() { w.placed(t, "eve", nights(pool, 5, 1, 1)) },
		func() {
			if a, err := try(); err == nil {
				placed = a
			} else if !fault.Is(err, "sold_out") {
				t.Errorf("first try: %v", err)
			}
		},
		func() {
			if err := w.core.Release(ctx, as("ada"), held); err != nil {
				t.Error(err)
			}
		},
		func() {
			if a, err := try(); err == nil {
				placed = a
			} else if !fault.Is(err, "sold_out") {
				t.Errorf("second try: %v", err)
			}
		},
	)
	if placed.Reservation == nil {
		t.Fatal("neither try was placed")
	}
	again, err := try()
	if err != nil || !again.Replayed || again.Reservation.ID != placed.Reservation.ID {
		t.Errorf("asked again: %+v, %v; placed was %s", again, err, placed.Reservation.ID.Text("res"))
	}
}

// Lapses count for a window from the last one; after it they are forgiven, however long the caller goes on.
func testLapsesForgiven(t *testing.T, w *world) {
	pool := w.pool(t, 100, 0)
	most := reservation.DefaultSettings().Caps
	for range most.LapsesPerPool / most.HoldsPerPool {
		for range most.HoldsPerPool {
			w.placed(t, "ada", nights(pool, 0, 1, 1))
		}
		w.clock.Advance(16 * time.Minute)
	}
	_, err := w.place(t, "ada", nights(pool, 0, 1, 1)) // writes the lapses, and is refused for them
	denied(t, err, "hold_limit")
	w.clock.Advance(most.LapseWindow + time.Minute)
	w.placed(t, "ada", nights(pool, 0, 1, 1))
	w.clock.Advance(16 * time.Minute)
	w.placed(t, "ada", nights(pool, 0, 1, 1)) // one lapse since, not fifty-one
}

// More holds have lapsed than one batch takes along: what they keep is sold all the same.
func testManyLapsedSold(t *testing.T, w *world) {
	pool := w.pool(t, 80, 0)
	for i := range 70 {
		w.placed(t, fmt.Sprint("client-", i), nights(pool, 0, 1, 1))
	}
	w.clock.Advance(time.Second)
	for i, n := range []int32{30, 30, 20} {
		w.placed(t, fmt.Sprint("group-", i), nights(pool, 5, 1, n))
	}
	w.clock.Advance(16 * time.Minute)
	w.placed(t, "bob", nights(pool, 5, 1, 30))
}

// A stay that is over is not cancelled, though its quote still lives and the sweep has not come by.
func testCancelAfterTheEnd(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 1, 0), context.Background()
	ref := w.placed(t, "ada", nights(pool, 0, 1, 1))
	w.paid(t, "ada", ref, "pm_test_approved")
	w.clock.Advance(240*time.Hour - 5*time.Minute)
	q, err := w.core.QuoteCancellation(ctx, as("ada"), ref, nil, reservation.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(10 * time.Minute)
	_, err = w.core.ConfirmCancellation(ctx, as("ada"), ref, q.Quote.ID.Text("quo"), reservation.Idempotency{})
	denied(t, err, "not_cancellable")
}

// Staff of one supplier act on their own items of a reservation, never on another supplier's.
func testStaffOfOneSupplier(t *testing.T, w *world) {
	pool, ctx, other := w.pool(t, 5, 0), context.Background(), uid.New()
	now := w.clock.Now()
	o := offer.Offer{IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: "EUR"}
	for _, s := range []uid.ID{supplier, other} {
		o.Pieces = append(o.Pieces, offer.Piece{
			Supplier: s, Claims: []stock.Claim{nights(pool, 0, 1, 1)}, Price: offer.Price{Base: 10_000},
			Terms: offer.Terms{FreeUntil: now.Add(time.Hour), EndsAt: now.Add(240 * time.Hour)},
		})
	}
	sealed, err := w.sealer.Seal(o)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("ada"), Offers: []string{sealed}, Travellers: guests})
	if err != nil {
		t.Fatal(err)
	}
	ref := a.Reservation.ID.Text("res")
	staff := reservation.Caller{Subject: "staff", Staff: true, Supplier: supplier}
	denied(t, w.core.Release(ctx, staff, ref), "not_all_yours")
	_, err = w.core.Pay(ctx, staff, ref, "pm_test_approved", reservation.Idempotency{})
	denied(t, err, "not_all_yours")
	w.paid(t, "ada", ref, "pm_test_approved")
	all, err := w.core.QuoteCancellation(ctx, as("ada"), ref, nil, reservation.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.core.ConfirmCancellation(ctx, staff, ref, all.Quote.ID.Text("quo"), reservation.Idempotency{})
	denied(t, err, "quote_not_found")
	_, err = w.core.QuoteCancellation(ctx, staff, ref, []string{a.Reservation.Items[1].ID.Text("itm")}, reservation.Idempotency{})
	denied(t, err, "item_unknown")
	q, err := w.core.QuoteCancellation(ctx, staff, ref, nil, reservation.Idempotency{})
	if err != nil || len(q.Quote.Items) != 1 || q.Quote.Items[0] != a.Reservation.Items[0].ID {
		t.Fatalf("%+v, %v", q.Quote, err)
	}
	done, err := w.core.ConfirmCancellation(ctx, staff, ref, q.Quote.ID.Text("quo"), reservation.Idempotency{})
	if err != nil || done.Reservation.Status != reservation.Confirmed || done.Reservation.Items[1].Status != reservation.Confirmed {
		t.Errorf("%+v, %v", done.Reservation, err)
	}
}
