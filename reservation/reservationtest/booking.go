package reservationtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func testPlacePayCancel(t *testing.T, w *world) {
	pool := w.pool(t, 10, 1000)
	ref := w.placed(t, "ada", nights(pool, 3, 2, 2))
	r := w.read(t, "ada", ref)
	if r.Status != reservation.Held || r.Payment != reservation.Unpaid || !r.HoldExpiresAt.Equal(start.Add(15*time.Minute)) || len(r.Locator) != 6 {
		t.Fatalf("held: %+v", r)
	}
	if got := w.free(t, pool, 3); got != 9 {
		t.Errorf("%d free of 11 after two were held", got)
	}
	a := w.paid(t, "ada", ref, "pm_test_approved")
	if a.Outcome != reservation.OutcomeConfirmed || a.Reservation.Status != reservation.Confirmed || a.Reservation.Payment != reservation.Paid || a.Reservation.Paid != 10_000 {
		t.Fatalf("paid: %+v", a.Reservation)
	}
	if s := w.slot(t, pool, 4); s.Sold != 2 || s.Held != 0 {
		t.Errorf("slot after payment: %+v", s)
	}
	denied(t, w.core.Release(context.Background(), as("ada"), ref), "quote_required")
	w.clock.Advance(25 * time.Hour) // free cancellation is over
	q, err := w.core.QuoteCancellation(context.Background(), as("ada"), ref, nil, reservation.Idempotency{})
	if err != nil || q.Quote.Refund != 5000 || q.Quote.Fee != 5000 {
		t.Fatalf("quote: %+v, %v", q.Quote, err)
	}
	a, err = w.core.ConfirmCancellation(context.Background(), as("ada"), ref, q.Quote.ID.Text("quo"), key("c1"))
	if err != nil || a.Outcome != reservation.OutcomeCancelled || a.Reservation.Status != reservation.Cancelled || a.Reservation.Payment != reservation.PartiallyRefunded || a.Reservation.Refunded != 5000 {
		t.Fatalf("cancelled: %+v, %v", a.Reservation, err)
	}
	again, err := w.core.ConfirmCancellation(context.Background(), as("ada"), ref, q.Quote.ID.Text("quo"), key("c1"))
	if err != nil || !again.Replayed || again.Reservation.Refunded != 5000 {
		t.Errorf("confirmed again: %+v, %v", again, err)
	}
	if got := w.free(t, pool, 3); got != 11 {
		t.Errorf("%d free after the cancellation, want 11", got)
	}
	entries, err := w.core.History(context.Background(), as("ada"), ref)
	if err != nil || len(entries) != 6 {
		t.Errorf("%d history entries, %v", len(entries), err)
	}
}

func testPartialCancel(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 5, 0), context.Background()
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1), nights(pool, 2, 2, 1), nights(pool, 1, 2, 1))
	w.paid(t, "ada", ref, "pm_test_approved")
	r := w.read(t, "ada", ref)
	q, err := w.core.QuoteCancellation(ctx, as("ada"), ref, []string{r.Items[1].ID.Text("itm")}, reservation.Idempotency{})
	if err != nil || q.Quote.Refund != 10_000 {
		t.Fatalf("quote: %+v, %v", q.Quote, err)
	}
	old, err := w.core.QuoteCancellation(ctx, as("ada"), ref, nil, reservation.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.core.ConfirmCancellation(ctx, as("ada"), ref, q.Quote.ID.Text("quo"), reservation.Idempotency{})
	if err != nil || a.Reservation.Status != reservation.Confirmed || a.Reservation.Payment != reservation.PartiallyRefunded || a.Reservation.Items[1].Status != reservation.Cancelled || a.Reservation.Items[0].Status != reservation.Confirmed {
		t.Fatalf("cancelled one: %+v, %v", a.Reservation, err)
	}
	if _, err = w.core.ConfirmCancellation(ctx, as("ada"), ref, old.Quote.ID.Text("quo"), reservation.Idempotency{}); !fault.Is(err, "quote_outdated") {
		t.Errorf("a quote from before the change: %v", err)
	}
	for at, want := range map[stock.Slot]int32{0: 4, 1: 3, 2: 4, 3: 5} {
		if got := w.free(t, pool, at); got != want {
			t.Errorf("night %d: %d free, want %d", at, got, want)
		}
	}
	q, err = w.core.QuoteCancellation(ctx, as("ada"), ref, nil, reservation.Idempotency{})
	if err != nil || q.Quote.Refund != 20_000 || len(q.Quote.Items) != 2 {
		t.Fatalf("quote for the rest: %+v, %v", q.Quote, err)
	}
	w.clock.Advance(16 * time.Minute)
	if _, err = w.core.ConfirmCancellation(ctx, as("ada"), ref, q.Quote.ID.Text("quo"), reservation.Idempotency{}); !fault.Is(err, "quote_expired") {
		t.Errorf("an expired quote: %v", err)
	}
}

// 200 clients at once, 2,000 attempts on ten rooms with 10 % overbooking: eleven are sold, the rest are told so.
func testLastUnits(t *testing.T, w *world) {
	pool := w.pool(t, 10, 1000)
	sealed := w.offer(t, nights(pool, 2, 3, 1))
	var sold, out atomic.Int64
	var wg sync.WaitGroup
	for c := range 200 {
		wg.Go(func() {
			for range 10 {
				_, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(fmt.Sprint("client-", c)), Offers: []string{sealed}, Travellers: guests})
				switch {
				case err == nil:
					sold.Add(1)
				case fault.Is(err, "sold_out"):
					out.Add(1)
				default:
					t.Errorf("unexpected: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if sold.Load() != 11 || out.Load() != 1989 {
		t.Errorf("%d sold, %d refused; want 11 and 1989", sold.Load(), out.Load())
	}
}

// Every call is repeated at random, at once and later: no call has a second effect, and each gets one answer.
func testRetries(t *testing.T, w *world) {
	pool := w.pool(t, 40, 0)
	sealed := w.offer(t, nights(pool, 2, 3, 1))
	var mu sync.Mutex
	answers := map[string]string{}
	var wg sync.WaitGroup
	for c := range 60 {
		wg.Go(func() {
			who, k := fmt.Sprint("client-", c%20), fmt.Sprint("key-", c)
			for range 1 + rand.IntN(5) {
				wg.Go(func() {
					a, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(who), Key: key(k), Offers: []string{sealed}, Travellers: guests})
					if fault.Is(err, "sold_out") {
						return
					}
					if err != nil {
						t.Errorf("place: %v", err)
						return
					}
					got := fmt.Sprintf("%s %s %s %s", a.Reservation.ID.Text("res"), a.Reservation.Status, a.Reservation.HoldExpiresAt, a.Reservation.Locator)
					mu.Lock()
					defer mu.Unlock()
					if before, ok := answers[k]; ok && before != got {
						t.Errorf("key %s: %s, before %s", k, got, before)
					}
					answers[k] = got
					if rand.IntN(2) == 0 {
						wg.Go(func() {
							pay := "pay-" + k
							b, err := w.core.Pay(context.Background(), as(who), a.Reservation.ID.Text("res"), "pm_test_approved", key(pay))
							if err != nil && !fault.Is(err, "idempotency_in_progress") {
								t.Errorf("pay: %v", err)
							}
							if err == nil && b.Outcome != reservation.OutcomeConfirmed {
								t.Errorf("pay came to %d", b.Outcome)
							}
						})
					}
				})
			}
		})
	}
	wg.Wait()
	if s := w.slot(t, pool, 2); s.Held+s.Sold != 40 || len(answers) != 40 {
		t.Errorf("%d held, %d sold for %d keys; want 40", s.Held, s.Sold, len(answers))
	}
	for k := range answers { // long after: sold out, paid, and still the first answer
		i := 0
		if _, err := fmt.Sscanf(k, "key-%d", &i); err != nil {
			t.Fatal(err)
		}
		a, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(fmt.Sprint("client-", i%20)), Key: key(k), Offers: []string{sealed}, Travellers: guests})
		if err != nil || !a.Replayed {
			t.Fatalf("key %s later: %+v, %v", k, a, err)
		}
		if got := fmt.Sprintf("%s %s %s %s", a.Reservation.ID.Text("res"), a.Reservation.Status, a.Reservation.HoldExpiresAt, a.Reservation.Locator); got != answers[k] {
			t.Errorf("key %s later: %s, first %s", k, got, answers[k])
		}
		other := key(k)
		other.Request = uid.New()
		_, err = w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as("x"), Key: other, Offers: []string{sealed}, Travellers: guests})
		denied(t, err, "idempotency_key_reused")
	}
}

func testSamePoolTwice(t *testing.T, w *world) {
	pool := w.pool(t, 3, 0)
	if _, err := w.place(t, "ada", nights(pool, 0, 2, 2), nights(pool, 1, 2, 2)); !fault.Is(err, "sold_out") {
		t.Errorf("four units on one night of three: %v", err)
	}
	if got := w.free(t, pool, 0); got != 3 {
		t.Errorf("a refused reservation keeps %d units", 3-got)
	}
	w.placed(t, "ada", nights(pool, 0, 2, 2), nights(pool, 1, 2, 1))
}

func testHalfOpen(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	w.placed(t, "ada", nights(pool, 2, 2, 1))
	w.placed(t, "bob", nights(pool, 4, 1, 1))
	w.placed(t, "bob", nights(pool, 1, 1, 1))
	_, err := w.place(t, "bob", nights(pool, 3, 1, 1))
	denied(t, err, "sold_out")
}

func testHoldLapses(t *testing.T, w *world) {
	pool := w.pool(t, 1, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.clock.Advance(15 * time.Minute)
	if got := w.read(t, "ada", ref).Status; got != reservation.Expired {
		t.Errorf("read at once after the hold: %s", got)
	}
	_, err := w.core.Pay(context.Background(), as("ada"), ref, "pm_test_approved", reservation.Idempotency{})
	denied(t, err, "hold_expired")
	w.until(t, ref, func(*reservation.Reservation) bool { return w.free(t, pool, 0) == 1 })
	if err := w.core.Release(context.Background(), as("ada"), ref); err != nil {
		t.Errorf("cancelling what has expired: %v", err)
	}
}

// A refusal gives lapsed holds back first, in the same batch, before any sweep.
func testLapsedSold(t *testing.T, w *world) {
	pool := w.pool(t, 2, 0)
	for range 50 {
		w.placed(t, "ada", nights(pool, 0, 2, 2))
		w.clock.Advance(15 * time.Minute)
		w.placed(t, "bob", nights(pool, 1, 2, 2))
		w.clock.Advance(2 * time.Hour)
	}
}

func testExtend(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 1, 0), context.Background()
	ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
	for range 2 {
		if _, err := w.core.Extend(ctx, as("ada"), ref); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.core.Extend(ctx, as("ada"), ref)
	denied(t, err, "hold_limit")
	if got := w.read(t, "ada", ref).HoldExpiresAt; !got.Equal(start.Add(45 * time.Minute)) {
		t.Errorf("hold until %s", got)
	}
	w.clock.Advance(44 * time.Minute)
	w.paid(t, "ada", ref, "pm_test_approved")
	_, err = w.core.Extend(ctx, as("ada"), ref)
	denied(t, err, "not_extendable")
}

// A hoarder with a hundred tokens is one caller: it never holds more than the caps, however it asks.
func testHoarder(t *testing.T, w *world) {
	pool := w.pool(t, 1000, 0)
	caps := reservation.DefaultSettings().Caps
	var wg sync.WaitGroup
	var held, limited atomic.Int64
	for i := range 100 {
		wg.Go(func() {
			for j := range 5 {
				_, err := w.place(t, "hoarder", nights(pool, stock.Slot((i+j)%20), 2, int32(1+i%3)))
				switch {
				case err == nil:
					held.Add(1)
				case fault.Is(err, "hold_limit"):
					limited.Add(1)
				default:
					t.Errorf("unexpected: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var units int32
	rows, err := w.core.Slots(context.Background(), reservation.Span{Pool: pool, From: night, To: night + 30})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range rows {
		units += s.Held
	}
	if held.Load() > int64(caps.HoldsPerPool) || units > 2*int32(caps.UnitsPerPool) || limited.Load() == 0 {
		t.Errorf("%d holds of %d unit nights, %d refused", held.Load(), units, limited.Load())
	}
	w.placed(t, "somebody else", nights(pool, 0, 2, 1))
	// letting holds lapse over and over is capped too
	for range 3 {
		w.clock.Advance(16 * time.Minute)
		for {
			if _, err := w.place(t, "hoarder", nights(pool, 0, 2, 1)); err != nil {
				denied(t, err, "hold_limit")
				break
			}
		}
	}
	if _, err := w.place(t, "hoarder", nights(pool, 0, 2, 1)); err == nil {
		t.Error("holds were renewed without end")
	}
	w.clock.Advance(2 * time.Hour)
	w.placed(t, "hoarder", nights(pool, 0, 2, 1))
}

func testRevoke(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 5, 0), context.Background()
	place := func(sealed string) error {
		_, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("ada"), Offers: []string{sealed}, Travellers: guests})
		return err
	}
	before := w.offer(t, nights(pool, 0, 1, 1))
	if err := w.core.RevokeOffers(ctx, reservation.Revocation{Supplier: supplier, RatePlan: uid.New(), Before: w.clock.Now(), Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "s"}}); err != nil {
		t.Fatal(err)
	}
	if err := place(before); err != nil {
		t.Errorf("another plan was revoked: %v", err)
	}
	if err := w.core.RevokeOffers(ctx, reservation.Revocation{Supplier: supplier, RatePlan: plan, Before: w.clock.Now(), Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "s"}}); err != nil {
		t.Fatal(err)
	}
	denied(t, place(before), "offer_revoked")
	w.stop(t)
	w.restart(t)
	denied(t, place(before), "offer_revoked")
	w.clock.Advance(2 * time.Second)
	if err := place(w.offer(t, nights(pool, 0, 1, 1))); err != nil {
		t.Errorf("an offer made after the revocation: %v", err)
	}
}

func testNamed(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 5, 0), context.Background()
	req := func(who string) reservation.PlaceRequest {
		return reservation.PlaceRequest{Caller: as(who), Name: "res_summer-trip", Offers: []string{w.offer(t, nights(pool, 0, 1, 1))}, Travellers: guests}
	}
	a, err := w.core.Place(ctx, req("ada"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.core.Place(ctx, req("ada")); !fault.Is(err, "reservation_exists") {
		t.Errorf("the same name again: %v", err)
	}
	if _, err := w.core.Place(ctx, req("bob")); err != nil {
		t.Errorf("the same name of somebody else: %v", err)
	}
	if got := w.read(t, "ada", "res_summer-trip"); got.ID != a.Reservation.ID {
		t.Error("read by name: another reservation")
	}
	if got := w.read(t, "ada", a.Reservation.ID.Text("res")); got.Name != "res_summer-trip" {
		t.Errorf("read by id: name %q", got.Name)
	}
	staff := reservation.Caller{Subject: "staff", Staff: true}
	if got, err := w.core.Reservation(ctx, staff, a.Reservation.ID.Text("res")); err != nil || got.Name != "" {
		t.Errorf("staff read the name of a caller: %+v, %v", got, err)
	}
}

func testNobodyElse(t *testing.T, w *world) {
	pool, ctx := w.pool(t, 5, 0), context.Background()
	ref := w.placed(t, "ada", nights(pool, 0, 1, 1))
	foreign := []reservation.Caller{as("bob"), {Subject: "staff", Staff: true, Supplier: uid.New()}}
	for _, c := range foreign {
		_, err := w.core.Reservation(ctx, c, ref)
		denied(t, err, "reservation_not_found")
		_, err = w.core.History(ctx, c, ref)
		denied(t, err, "reservation_not_found")
		_, err = w.core.Pay(ctx, c, ref, "pm_test_approved", reservation.Idempotency{})
		denied(t, err, "reservation_not_found")
		_, err = w.core.Extend(ctx, c, ref)
		denied(t, err, "reservation_not_found")
		denied(t, w.core.Release(ctx, c, ref), "reservation_not_found")
		_, err = w.core.QuoteCancellation(ctx, c, ref, nil, reservation.Idempotency{})
		denied(t, err, "reservation_not_found")
		list, err := w.core.Reservations(ctx, c, reservation.Filter{Limit: 10})
		if err != nil || len(list) != 0 {
			t.Errorf("listed %d reservations, %v", len(list), err)
		}
	}
	for _, c := range []reservation.Caller{{Subject: "staff", Staff: true, Supplier: supplier}, {Subject: "operator", Staff: true}} {
		if _, err := w.core.Reservation(ctx, c, ref); err != nil {
			t.Errorf("%s: %v", c.Subject, err)
		}
		list, err := w.core.Reservations(ctx, c, reservation.Filter{Limit: 10})
		if err != nil || len(list) != 1 {
			t.Errorf("%s: listed %d reservations, %v", c.Subject, len(list), err)
		}
	}
}

func testExpectedTotal(t *testing.T, w *world) {
	pool := w.pool(t, 5, 0)
	wrong := eur(9_999)
	_, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as("ada"), Expected: &wrong, Offers: []string{w.offer(t, nights(pool, 0, 1, 1))}, Travellers: guests})
	denied(t, err, "price_changed")
	right := eur(10_000)
	if _, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as("ada"), Expected: &right, Offers: []string{w.offer(t, nights(pool, 0, 1, 1))}, Travellers: guests}); err != nil {
		t.Error(err)
	}
}

func testOfferEnds(t *testing.T, w *world) {
	pool := w.pool(t, 5, 0)
	sealed := w.offer(t, nights(pool, 0, 1, 1))
	place := func(k string, sealed ...string) error {
		_, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as("ada"), Key: key(k), Offers: sealed, Travellers: guests})
		return err
	}
	w.clock.Advance(20*time.Minute - time.Second)
	if err := place("one", sealed); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	w.clock.Advance(time.Second)
	denied(t, place("two", sealed), "offer_expired")
	if err := place("one", sealed); err != nil {
		t.Errorf("the first call repeated after the offer's end: %v", err)
	}
	denied(t, place("three", "off_nonsense"), "offer_invalid")
	denied(t, place("four"), "items_missing")
	o := offer.Offer{
		IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour), Audience: "bob", Currency: "EUR",
		Pieces: []offer.Piece{{Supplier: supplier, Claims: []stock.Claim{nights(pool, 0, 1, 1)}}},
	}
	yours, err := w.sealer.Seal(o)
	if err != nil {
		t.Fatal(err)
	}
	denied(t, place("five", yours), "offer_not_yours")
	o.Audience, o.Currency = "", "JPY"
	yen, err := w.sealer.Seal(o)
	if err != nil {
		t.Fatal(err)
	}
	denied(t, place("six", w.offer(t, nights(pool, 0, 1, 1)), yen), "currency_mismatch")
	o.Pieces[0].Claims = []stock.Claim{nights(pool, 29, 2, 1)}
	beyond, err := w.sealer.Seal(o)
	if err != nil {
		t.Fatal(err)
	}
	denied(t, place("seven", beyond), "not_on_sale")
}
