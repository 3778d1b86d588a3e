package reservationtest

import (
	"context"
	"fmt"
	"slices"
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

// The cases about seats, for RunService.
var seatCases = map[string]func(*testing.T, *world){
	"SeatGivenOutAgain":    testSoldABandCEThenDE,
	"SeatsAtTheHold":       testSeatsAtHold,
	"NoSingleSeat":         testNoSingleSeat,
	"SeatAtSaleStart":      testOneSeatManyTries,
	"ChosenSeats":          testChosenSeats,
	"ChangeOfSeat":         testChangeOfSeat,
	"SeatsSwapped":         testSwap,
	"CheckIn":              testCheckIn,
	"SeatsComeBack":        testSeatsComeBack,
	"LateMoneyAndSeats":    testLateMoneyAndSeats,
	"LapsedSeatIsSold":     testLapsedSeatIsSold,
	"ManyLapsedSeats":      testManyLapsedSeats,
	"UnitsOutOfOrder":      testUnitsOutOfOrder,
	"CoachThatJoinsLater":  testCoachJoins,
	"LayoutsAreFixed":      testLayoutsAreFixed,
	"ProtectedForTheTop":   testProtectedForTheTop,
	"SupplierWithdraws":    testSupplierWithdraws,
	"SupplierRetimes":      testSupplierRetimes,
	"SeatsOfSeveralPieces": testSeatsOfSeveralPieces,
	"OfferOfAChangedRide":  testOutdatedOffer,
	"LateMoneyChangedRide": testLateMoneyForAChangedRide,
	"RiddenIsNotReturned":  testRiddenIsNotReturned,
	"LapsedSeatIsChanged":  testLapsedSeatIsChanged,
}

// train makes a pool of seats on a line of segments; four seats a row, two rows a coach.
func (w *world) train(t testing.TB, seats, segments int, absent ...stock.Absence) stock.PoolID {
	t.Helper()
	l := &stock.Layout{Absent: absent}
	for i := range seats {
		u := stock.Unit{Label: fmt.Sprintf("%d-%d", i/8+1, i%8+1), Group: uint16(i / 8), Row: uint16(i % 8 / 4), Traits: stock.Aisle}
		if i%4 == 0 || i%4 == 3 {
			u.Traits = stock.Window
		}
		if i >= 8 {
			u.Tier = 1
		}
		l.Units = append(l.Units, u)
	}
	layouts, err := w.core.DefineLayouts(t.Context(), []*stock.Layout{l})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := w.core.DefinePools(t.Context(), []reservation.PoolSpec{{Ref: uid.New(), Supplier: supplier, Layout: layouts[0], To: stock.Slot(segments)}})
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}

// ride seals a proposal for travellers on [from, to) of a pool at 100.00 EUR; in a train seats are given at the hold.
func (w *world) ride(t testing.TB, mode offer.Mode, pool stock.PoolID, from, to stock.Slot, travellers uint8, tiers ...int64) string {
	t.Helper()
	return w.rides(t, []offer.Piece{w.piece(mode, pool, from, to, travellers, tiers...)})
}

func (w *world) piece(mode offer.Mode, pool stock.PoolID, from, to stock.Slot, travellers uint8, tiers ...int64) offer.Piece {
	departs := start.Add(48 * time.Hour)
	return offer.Piece{
		Supplier: supplier, Claims: []stock.Claim{{Pool: pool, From: from, To: to, Count: int32(travellers)}}, Price: offer.Price{Base: 10_000},
		Terms: offer.Terms{FeeBP: 5000, EndsAt: departs.Add(4 * time.Hour)},
		Ride: &offer.Ride{
			Mode: mode, Run: uid.New(), Number: "HF 1", From: "AAA", To: "BBB", Departs: departs, Arrives: departs.Add(4 * time.Hour), Class: "second",
			Fare: plan, FareVersion: plan, Adults: travellers, Seating: offer.Seating{Pool: pool, AtHold: mode == offer.Train, Tiers: tiers},
		},
	}
}

func (w *world) rides(t testing.TB, pieces []offer.Piece) string {
	t.Helper()
	now := w.clock.Now()
	text, err := w.sealer.Seal(offer.Offer{IssuedAt: now, ExpiresAt: now.Add(20 * time.Minute), Currency: "EUR", Pieces: pieces})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// board places an offer with what is said about seats.
func (w *world) board(who, sealed string, seats ...reservation.SeatChoice) (*reservation.Reservation, error) {
	a, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(who), Offers: []string{sealed}, Seats: seats, Travellers: guests})
	return a.Reservation, err
}

func (w *world) boarded(t testing.TB, who, sealed string, seats ...reservation.SeatChoice) *reservation.Reservation {
	t.Helper()
	r, err := w.board(who, sealed, seats...)
	if err != nil {
		t.Fatalf("place: %v", err)
	}
	return r
}

func ref(r *reservation.Reservation) string { return r.ID.Text("res") }

// labels are the seats of an item in order.
func labels(r *reservation.Reservation, item int) []string {
	var out []string
	for _, s := range r.Items[item].Seats {
		out = append(out, s.Label)
	}
	return out
}

// The counter-example of the best-known benchmark, over the desk: A-B and C-E are sold on one seat, D-E must not get it.
func testSoldABandCEThenDE(t *testing.T, w *world) {
	pool := w.train(t, 1, 4)
	w.boarded(t, "ann", w.ride(t, offer.Train, pool, 0, 1, 1))
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 2, 4, 1))
	_, err := w.board("cyd", w.ride(t, offer.Train, pool, 3, 4, 1))
	denied(t, err, "sold_out")
	if got := labels(w.boarded(t, "dan", w.ride(t, offer.Train, pool, 1, 2, 1)), 0); !slices.Equal(got, []string{"1-1"}) {
		t.Errorf("B-C is free on the seat; got %v", got)
	}
}

func testSeatsAtHold(t *testing.T, w *world) {
	pool := w.train(t, 16, 70)
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 10, 66, 3), reservation.SeatChoice{Wish: stock.Wish{Together: true}})
	if got := labels(r, 0); !slices.Equal(got, []string{"1-1", "1-2", "1-3"}) {
		t.Errorf("three together got %v", got)
	}
	if got := len(r.Items[0].Claims); got != 3 {
		t.Errorf("%d claims for three seats", got)
	}
	stored := w.read(t, "ada", ref(r))
	if !slices.Equal(stored.Items[0].Seats, r.Items[0].Seats) || !slices.Equal(stored.Items[0].Claims, r.Items[0].Claims) {
		t.Errorf("stored %+v %+v, answered %+v %+v", stored.Items[0].Seats, stored.Items[0].Claims, r.Items[0].Seats, r.Items[0].Claims)
	}
	named := w.boarded(t, "bob", w.ride(t, offer.Train, pool, 0, 70, 2), reservation.SeatChoice{Labels: []string{"", "2-4"}, Wish: stock.Wish{Want: stock.Window}})
	if got := labels(named, 0); len(got) != 2 || got[1] != "2-4" || !slices.Contains([]string{"1-4", "1-5", "1-8", "2-1", "2-5", "2-8"}, got[0]) {
		t.Errorf("one named, one at a window: %v", got)
	}
	units, err := w.core.Units(t.Context(), pool)
	if err != nil || units.Free(12, 0, 1) || !units.Free(11, 0, 70) {
		t.Errorf("the seat map does not show it: %v", err)
	}
}

// A free counter without one whole seat is no_single_seat, not sold_out; with a seat change it is sold.
func testNoSingleSeat(t *testing.T, w *world) {
	pool := w.train(t, 2, 4)
	w.boarded(t, "ann", w.ride(t, offer.Train, pool, 0, 2, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 2, 4, 1), reservation.SeatChoice{Labels: []string{"1-2"}})
	_, err := w.board("ada", w.ride(t, offer.Train, pool, 0, 4, 1))
	denied(t, err, "no_single_seat")
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 4, 1), reservation.SeatChoice{Wish: stock.Wish{MayChange: true}})
	if got := labels(r, 0); !slices.Equal(got, []string{"1-2", "1-1"}) || r.Items[0].Seats[0].To != 2 || r.Items[0].Seats[1].From != 2 {
		t.Errorf("with a change: %+v", r.Items[0].Seats)
	}
	if w.paid(t, "ada", ref(r), "pm_test_approved").Outcome != reservation.OutcomeConfirmed {
		t.Error("not confirmed")
	}
	_, err = w.board("cyd", w.ride(t, offer.Train, pool, 1, 2, 1))
	denied(t, err, "sold_out")
}

// Two thousand tries for one seat of a departure, one winner.
func testOneSeatManyTries(t *testing.T, w *world) {
	pool := w.train(t, 16, 2)
	sealed := w.ride(t, offer.Flight, pool, 0, 2, 1)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 2000 {
		wg.Go(func() {
			_, err := w.board(fmt.Sprintf("caller-%d", i), sealed, reservation.SeatChoice{Labels: []string{"1-5"}})
			switch {
			case err == nil:
				won.Add(1)
			case !fault.Is(err, "seat_unavailable"):
				t.Errorf("a try was answered %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d won the seat", won.Load())
	}
}

func testChosenSeats(t *testing.T, w *world) {
	pool := w.train(t, 16, 2)
	sealed := w.ride(t, offer.Flight, pool, 0, 2, 2, 0, 1500)
	none := w.boarded(t, "ann", sealed)
	if len(none.Items[0].Seats) != 0 || none.Total() != eur(10_000) {
		t.Errorf("without a choice: %+v, %v", none.Items[0].Seats, none.Total())
	}
	r := w.boarded(t, "ada", sealed, reservation.SeatChoice{Labels: []string{"2-1", "1-1"}})
	if r.Total() != eur(11_500) || r.Items[0].Seats[0].Fee != 1500 || r.Items[0].Seats[1].Fee != 0 {
		t.Errorf("a dear seat and a free one: %v, %+v", r.Total(), r.Items[0].Seats)
	}
	for _, c := range []struct {
		seats  []string
		reason string
	}{{[]string{"1-1"}, "seat_unavailable"}, {[]string{"1-2", "1-2"}, "seat_unavailable"}, {[]string{"9-9"}, "seat_unknown"}, {[]string{"1-2", "1-3", "1-4"}, "too_many_seats"}} {
		_, err := w.board("bob", sealed, reservation.SeatChoice{Labels: c.seats})
		denied(t, err, c.reason)
	}
	_, err := w.board("bob", w.ride(t, offer.Flight, pool, 0, 2, 1, 500), reservation.SeatChoice{Labels: []string{"2-2"}})
	denied(t, err, "seat_unavailable") // a tier that this offer does not sell
	_, err = w.board("bob", sealed, reservation.SeatChoice{Piece: 1, Labels: []string{"1-2"}})
	denied(t, err, "seats_unplaced")
	cheap := eur(10_000)
	_, err = w.core.Place(t.Context(), reservation.PlaceRequest{
		Caller: as("bob"), Offers: []string{sealed}, Seats: []reservation.SeatChoice{{Labels: []string{"2-2"}}}, Travellers: guests, Expected: &cheap,
	})
	denied(t, err, "price_changed")
	if w.paid(t, "ada", ref(r), "pm_test_approved").Reservation.Paid != 11_500 {
		t.Error("the seat was not charged")
	}
}

func testChangeOfSeat(t *testing.T, w *world) {
	pool := w.train(t, 16, 2)
	sealed := w.ride(t, offer.Flight, pool, 0, 2, 1, 0, 1500)
	place := func() reservation.Answer {
		a, err := w.core.Place(t.Context(), reservation.PlaceRequest{
			Caller: as("ada"), Key: key("place"), Offers: []string{sealed}, Seats: []reservation.SeatChoice{{Labels: []string{"1-1"}}}, Travellers: guests,
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	r := place().Reservation
	item := r.Items[0].ID.Text("itm")
	change := func(k string, label string) (reservation.Answer, error) {
		return w.core.ChangeSeats(t.Context(), as("ada"), ref(r), item, reservation.SeatChoice{Labels: []string{label}}, key(k))
	}
	a, err := change("one", "1-4")
	if err != nil || !slices.Equal(labels(a.Reservation, 0), []string{"1-4"}) {
		t.Fatalf("change: %v, %v", a.Reservation, err)
	}
	_, err = change("two", "2-1")
	denied(t, err, "seat_costs_more")
	w.boarded(t, "bob", sealed, reservation.SeatChoice{Labels: []string{"1-1"}}) // the old one is free again
	_, err = change("three", "1-1")
	denied(t, err, "seat_unavailable")
	w.paid(t, "ada", ref(r), "pm_test_approved")
	if a, err = change("four", "1-3"); err != nil || a.Reservation.Status != reservation.Confirmed {
		t.Fatalf("change of a paid one: %v", err)
	}
	if a, err = change("one", "1-4"); err != nil || !a.Replayed || !slices.Equal(labels(a.Reservation, 0), []string{"1-4"}) || a.Reservation.Status != reservation.Held {
		t.Errorf("the first change answers %+v, %v now", a.Reservation, err)
	}
	if again := place(); !again.Replayed || !slices.Equal(labels(again.Reservation, 0), []string{"1-1"}) {
		t.Errorf("the placing answers %v now", labels(again.Reservation, 0))
	}
	if got := labels(w.read(t, "ada", ref(r)), 0); !slices.Equal(got, []string{"1-3"}) {
		t.Errorf("stored %v", got)
	}
	entries, err := w.core.History(t.Context(), as("ada"), ref(r))
	if err != nil || entries[len(entries)-1].Cause != reservation.SeatsChanged || entries[len(entries)-1].Note != "1-3" {
		t.Errorf("history ends with %+v, %v", entries[len(entries)-1], err)
	}
	_, err = w.core.ChangeSeats(t.Context(), as("eve"), ref(r), item, reservation.SeatChoice{}, key("eve"))
	denied(t, err, "reservation_not_found")
	w.clock.Advance(49 * time.Hour)
	_, err = change("late", "1-5")
	denied(t, err, "departed")
}

func testSwap(t *testing.T, w *world) {
	pool := w.train(t, 8, 2)
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 2), reservation.SeatChoice{Labels: []string{"1-1", "1-2"}})
	a, err := w.core.ChangeSeats(t.Context(), as("ada"), ref(r), r.Items[0].ID.Text("itm"), reservation.SeatChoice{Labels: []string{"1-2", "1-1"}}, key("swap"))
	if err != nil || !slices.Equal(labels(a.Reservation, 0), []string{"1-2", "1-1"}) {
		t.Fatalf("swap: %v, %v", a.Reservation, err)
	}
	if err := w.core.Release(t.Context(), as("ada"), ref(r)); err != nil {
		t.Fatal(err)
	}
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 0, 2, 8))
}

// Who has no seat gets one at check-in, a cheap one first; asking again changes nothing.
func testCheckIn(t *testing.T, w *world) {
	pool := w.train(t, 16, 2)
	r := w.boarded(t, "ada", w.ride(t, offer.Flight, pool, 0, 2, 3, 0, 1500), reservation.SeatChoice{Labels: []string{"1-5"}})
	item := r.Items[0].ID.Text("itm")
	w.paid(t, "ada", ref(r), "pm_test_approved")
	before := w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.AtRest() && r.Paid > 0 }).Version
	for i, k := range []string{"in", "again"} {
		a, err := w.core.ChangeSeats(t.Context(), as("ada"), ref(r), item, reservation.SeatChoice{Wish: stock.Wish{Together: true}}, key(k))
		if err != nil || len(a.Reservation.Items[0].Seats) != 3 || a.Reservation.Items[0].Seats[0].Label != "1-5" || a.Reservation.Total() != eur(10_000) {
			t.Fatalf("check-in %d: %+v, %v", i, a.Reservation, err)
		}
		for _, s := range a.Reservation.Items[0].Seats {
			if s.Label[0] != '1' {
				t.Errorf("check-in gave the dear seat %s away", s.Label)
			}
		}
	}
	if v := w.read(t, "ada", ref(r)).Version; v != before+1 {
		t.Errorf("version %d after two check-ins, want %d", v, before+1)
	}
	none := w.boarded(t, "bob", w.offer(t, nights(w.pool(t, 1, 0), 0, 1, 1)))
	_, err := w.core.ChangeSeats(t.Context(), as("bob"), ref(none), none.Items[0].ID.Text("itm"), reservation.SeatChoice{}, key("stay"))
	denied(t, err, "no_seats")
}

// Every way out gives the seats back: release, expiry, refused payment, cancellation.
func testSeatsComeBack(t *testing.T, w *world) {
	pool := w.train(t, 2, 3)
	sealed := func() string { return w.ride(t, offer.Train, pool, 0, 3, 2) }
	r := w.boarded(t, "ada", sealed())
	if err := w.core.Release(t.Context(), as("ada"), ref(r)); err != nil {
		t.Fatal(err)
	}
	r = w.boarded(t, "ada", sealed())
	w.paid(t, "ada", ref(r), "pm_test_declined")
	r = w.boarded(t, "ada", sealed())
	w.paid(t, "ada", ref(r), "pm_test_approved")
	w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.AtRest() && r.Paid > 0 })
	q, err := w.core.QuoteCancellation(t.Context(), as("ada"), ref(r), nil, key("q"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.core.ConfirmCancellation(t.Context(), as("ada"), ref(r), q.Quote.ID.Text("quo"), key("c")); err != nil {
		t.Fatal(err)
	}
	w.boarded(t, "ada", sealed())
	w.clock.Advance(16 * time.Minute)
	w.boarded(t, "bob", sealed()) // what lapsed is given back in the same batch
}

// Money that comes after the hold has gone takes the same seats again, or others, or goes back.
func testLateMoneyAndSeats(t *testing.T, w *world) {
	pool := w.train(t, 2, 3)
	for _, c := range []struct {
		taken string
		want  string
	}{{"", "1-1"}, {"1-1", "1-2"}} {
		r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 3, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
		w.late(t, r)
		var other *reservation.Reservation
		if c.taken != "" {
			other = w.boarded(t, "bob", w.ride(t, offer.Train, pool, 1, 2, 1), reservation.SeatChoice{Labels: []string{c.taken}})
		}
		got := w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.Status == reservation.Confirmed && r.AtRest() })
		if seats := labels(got, 0); !slices.Equal(seats, []string{c.want}) {
			t.Errorf("with %q taken the late money got %v, want %s", c.taken, seats, c.want)
		}
		w.cancel(t, "ada", ref(got))
		if other != nil {
			if err := w.core.Release(t.Context(), as("bob"), ref(other)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 3, 1))
	w.late(t, r)
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 0, 2, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	w.boarded(t, "cyd", w.ride(t, offer.Train, pool, 2, 3, 1), reservation.SeatChoice{Labels: []string{"1-2"}})
	got := w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.Payment == reservation.PaymentFailed && r.AtRest() })
	if got.Status != reservation.Expired {
		t.Errorf("without a whole seat it is %s", got.Status)
	}
}

// late begins a payment whose outcome comes after the hold and its grace.
func (w *world) late(t testing.TB, r *reservation.Reservation) {
	t.Helper()
	authorize := "authorize"
	w.pay.after.Store(&authorize)
	if _, err := w.core.Pay(context.Background(), as("ada"), ref(r), "pm_test_approved", reservation.Idempotency{}); err != nil && !fault.Is(err, "crashed") {
		t.Fatal(err)
	}
	w.clock.Advance(30 * time.Minute)
	w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.Status == reservation.Expired })
	w.pay.after.Store(nil)
	w.clock.Advance(15 * time.Minute)
}

// A seat whose hold has lapsed is found although the counters still show stock elsewhere.
func testLapsedSeatIsSold(t *testing.T, w *world) {
	pool := w.train(t, 2, 2)
	w.boarded(t, "ann", w.ride(t, offer.Train, pool, 0, 1, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	w.clock.Advance(10 * time.Minute)
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 1, 2, 1), reservation.SeatChoice{Labels: []string{"1-2"}})
	w.clock.Advance(5*time.Minute + time.Second) // ann's is over, and may not be swept yet
	w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1))
}

// More holds have lapsed than a batch takes along, and the first of them free seats that are taken further on.
func testManyLapsedSeats(t *testing.T, w *world) {
	const dead, live = 70, 5 // a batch takes 64 lapsed holds
	pool := w.train(t, dead+live, 2)
	label := func(i int) reservation.SeatChoice {
		return reservation.SeatChoice{Labels: []string{fmt.Sprintf("%d-%d", i/8+1, i%8+1)}}
	}
	for i := range dead + live {
		if i == dead {
			w.clock.Advance(time.Second)
		}
		w.boarded(t, fmt.Sprintf("first-%d", i), w.ride(t, offer.Train, pool, 0, 1, 1), label(i))
	}
	w.clock.Advance(14 * time.Minute)
	for i := range dead {
		w.boarded(t, fmt.Sprintf("second-%d", i), w.ride(t, offer.Train, pool, 1, 2, 1), label(i))
	}
	w.clock.Advance(2 * time.Minute)
	w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, live))
}

func testUnitsOutOfOrder(t *testing.T, w *world) {
	pool := w.train(t, 2, 4)
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	block := func(unit int32, from, to stock.Slot, blocked bool) error {
		return w.core.BlockUnits(t.Context(), []reservation.UnitChange{{Pool: pool, Unit: unit, From: from, To: to, Blocked: blocked}})
	}
	denied(t, block(1, 1, 3, true), "seat_unavailable")
	denied(t, block(3, 1, 3, true), "seat_unknown")
	for range 2 {
		if err := block(2, 0, 4, true); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.board("bob", w.ride(t, offer.Train, pool, 0, 1, 1))
	denied(t, err, "sold_out")
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 2, 4, 1))
	if err := block(2, 0, 2, false); err != nil {
		t.Fatal(err)
	}
	if got := labels(w.boarded(t, "cyd", w.ride(t, offer.Train, pool, 0, 2, 1)), 0); !slices.Equal(got, []string{"1-2"}) {
		t.Errorf("back in order, yet %v", got)
	}
	w.read(t, "ada", ref(r))
}

// A seat exists only on part of the way: its coach joins later.
func testCoachJoins(t *testing.T, w *world) {
	pool := w.train(t, 4, 3, stock.Absence{FromUnit: 3, ToUnit: 5, From: 0, To: 2})
	w.boarded(t, "ann", w.ride(t, offer.Train, pool, 0, 2, 2))
	_, err := w.board("bob", w.ride(t, offer.Train, pool, 1, 3, 1))
	denied(t, err, "sold_out")
	if got := labels(w.boarded(t, "bob", w.ride(t, offer.Train, pool, 2, 3, 4)), 0); len(got) != 4 {
		t.Errorf("all four are there at the end: %v", got)
	}
}

func testLayoutsAreFixed(t *testing.T, w *world) {
	one, two := &stock.Layout{Units: []stock.Unit{{Label: "1"}}}, &stock.Layout{Units: []stock.Unit{{Label: "2"}}}
	ids, err := w.core.DefineLayouts(t.Context(), []*stock.Layout{one, two, one})
	if err != nil || ids[0] != ids[2] || ids[0] == ids[1] {
		t.Fatalf("%v, %v", ids, err)
	}
	spec := reservation.PoolSpec{Ref: uid.New(), Supplier: supplier, Layout: ids[0], To: 5}
	pools, err := w.core.DefinePools(t.Context(), []reservation.PoolSpec{spec})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.core.DefinePools(t.Context(), []reservation.PoolSpec{spec}); err != nil || again[0] != pools[0] {
		t.Errorf("the same again: %v, %v", again, err)
	}
	spec.Layout = ids[1]
	_, err = w.core.DefinePools(t.Context(), []reservation.PoolSpec{spec})
	denied(t, err, "pool_differs")
	spec.Layout, spec.To = ids[0], 6
	_, err = w.core.DefinePools(t.Context(), []reservation.PoolSpec{spec})
	denied(t, err, "pool_differs")
	_, err = w.core.DefinePools(t.Context(), []reservation.PoolSpec{{Ref: uid.New(), Supplier: supplier, Layout: uid.New(), To: 5}})
	denied(t, err, "pool_invalid")
	ten := int32(10)
	denied(t, w.core.ChangeStock(t.Context(), []reservation.StockChange{{Span: reservation.Span{Pool: pools[0], From: 0, To: 5}, Physical: &ten}}), "pool_has_units")
	_, err = w.core.DefineLayouts(t.Context(), []*stock.Layout{{}})
	denied(t, err, "layout_invalid")
}

// Nested booking classes: ten seats protected for the highest class survive any mix of sales in the lower ones. The
// cabin has 30 seats; class M may sell 20 of them, class Q below it 12.
func testProtectedForTheTop(t *testing.T, w *world) {
	pool := w.train(t, 30, 2)
	nests, err := w.core.DefinePools(t.Context(), []reservation.PoolSpec{
		{Ref: uid.New(), Supplier: supplier, Physical: 20, To: 2}, {Ref: uid.New(), Supplier: supplier, Physical: 12, To: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	class := func(depth int) string { // 0 is the highest
		p := w.piece(offer.Flight, pool, 0, 2, 1)
		for _, nest := range nests[:depth] {
			p.Claims = append(p.Claims, stock.Claim{Pool: nest, From: 0, To: 2, Count: 1})
		}
		return w.rides(t, []offer.Piece{p})
	}
	sold := map[int]int{}
	for i := range 60 {
		depth := 1 + i*7%5%2 // some mix of the lower ones
		_, err := w.board(fmt.Sprintf("low-%d", i), class(depth))
		if err == nil {
			sold[depth]++
		} else {
			denied(t, err, "sold_out")
		}
	}
	if sold[1]+sold[2] != 20 || sold[2] > 12 {
		t.Errorf("the lower classes sold %v, want 20 together, at most 12 in the lowest", sold)
	}
	for i := range 10 {
		w.boarded(t, fmt.Sprintf("high-%d", i), class(0))
	}
	_, err = w.board("one-more", class(0))
	denied(t, err, "sold_out")
}

// A departure that does not run: what is held ends, what is paid gives everything back, by the traveller or by itself.
func testSupplierWithdraws(t *testing.T, w *world) {
	pool := w.train(t, 8, 3)
	held := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 3, 1))
	paid := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 3, 1))
	left := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 1, 3, 1))
	other := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 1, 1))
	for _, r := range []*reservation.Reservation{paid, left, other} {
		w.paid(t, "ada", ref(r), "pm_test_approved")
		w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.AtRest() && r.Paid > 0 })
	}
	d := reservation.Disruption{
		ID: uid.New(), Pools: []stock.PoolID{pool}, From: 1, To: 3, Withdrawn: true, Note: "storm", Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "control"},
	}
	for i, want := range []int{3, 0} {
		if told, err := w.core.Disrupt(t.Context(), d); err != nil || told != want {
			t.Fatalf("call %d told %d, want %d: %v", i+1, told, want, err)
		}
	}
	if r := w.read(t, "ada", ref(held)); r.Status != reservation.Cancelled || r.Items[0].Notice == nil || r.Items[0].Notice.Note != "storm" {
		t.Errorf("the held one is %s, %+v", r.Status, r.Items[0].Notice)
	}
	if r := w.read(t, "ada", ref(other)); r.Items[0].Notice != nil {
		t.Error("who alights before was told")
	}
	q, err := w.core.QuoteCancellation(t.Context(), as("ada"), ref(paid), nil, key("q"))
	if err != nil || q.Quote.Refund != 10_000 || q.Quote.Fee != 0 {
		t.Fatalf("quote %+v, %v", q.Quote, err)
	}
	w.cancel(t, "ada", ref(paid))
	w.clock.Advance(60 * time.Hour)
	w.until(t, ref(left), func(r *reservation.Reservation) bool { return r.Status == reservation.Cancelled })
	w.clock.Advance(time.Minute) // the saga's first step waits a little
	got := w.until(t, ref(left), func(r *reservation.Reservation) bool { return r.Payment == reservation.Refunded && r.AtRest() })
	if got.Status != reservation.Cancelled || got.Refunded != 10_000 {
		t.Errorf("what nobody cancelled is %s, %d back", got.Status, got.Refunded)
	}
	w.until(t, ref(other), func(r *reservation.Reservation) bool { return r.Status == reservation.Completed })
}

func testSupplierRetimes(t *testing.T, w *world) {
	pool := w.train(t, 8, 2)
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1))
	at := start.Add(50 * time.Hour)
	times := []reservation.StopTime{{Departs: at}, {Arrives: at.Add(time.Hour), Departs: at.Add(time.Hour)}, {Arrives: at.Add(2 * time.Hour)}}
	d := reservation.Disruption{ID: uid.New(), Pools: []stock.PoolID{pool}, Times: times, Actor: reservation.Actor{Kind: reservation.SystemActor, ID: "feed"}}
	if told, err := w.core.Disrupt(t.Context(), d); err != nil || told != 1 {
		t.Fatalf("told %d, %v", told, err)
	}
	d.ID = uid.New()
	if told, err := w.core.Disrupt(t.Context(), d); err != nil || told != 0 {
		t.Errorf("the same times again were told to %d, %v", told, err)
	}
	got := w.read(t, "ada", ref(r))
	if n := got.Items[0].Notice; n == nil || !n.Departs.Equal(at) || !n.Arrives.Equal(at.Add(2*time.Hour)) || got.Status != reservation.Held {
		t.Fatalf("notice %+v, %s", n, got.Status)
	}
	w.clock.Advance(time.Minute)
	through := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1))
	ends := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 1, 1))
	d.ID, d.Skipped = uid.New(), []stock.Slot{1}
	for range 2 {
		if _, err := w.core.Disrupt(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := w.read(t, "ada", ref(through)), w.read(t, "ada", ref(ends)); a.Status != reservation.Held || a.Version != 2 || b.Status != reservation.Cancelled {
		t.Errorf("with a stop left out, who rides past it is %s at version %d, who alights there %s", a.Status, a.Version, b.Status)
	}
	w.paid(t, "ada", ref(r), "pm_test_approved")
	w.clock.Advance(49 * time.Hour) // past the old departure, before the new one
	if _, err := w.core.ChangeSeats(t.Context(), as("ada"), ref(r), r.Items[0].ID.Text("itm"), reservation.SeatChoice{Labels: []string{"1-8"}}, key("k")); err != nil {
		t.Error(err)
	}
}

// All pieces get their seats, or none does.
func testSeatsOfSeveralPieces(t *testing.T, w *world) {
	one, two := w.train(t, 4, 2), w.train(t, 2, 2)
	w.boarded(t, "bob", w.ride(t, offer.Train, two, 0, 1, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	w.boarded(t, "bob", w.ride(t, offer.Train, two, 1, 2, 1), reservation.SeatChoice{Labels: []string{"1-2"}})
	trip := func() string {
		return w.rides(t, []offer.Piece{w.piece(offer.Train, one, 0, 2, 4), w.piece(offer.Train, two, 0, 2, 1)})
	}
	_, err := w.board("ada", trip())
	denied(t, err, "no_single_seat")
	r := w.boarded(t, "ada", trip(), reservation.SeatChoice{Piece: 1, Wish: stock.Wish{MayChange: true}})
	if len(r.Items[0].Seats) != 4 || len(r.Items[1].Seats) != 2 {
		t.Errorf("%+v, %+v", r.Items[0].Seats, r.Items[1].Seats)
	}
	// What was sold as one is given back as one: the train that does not run is not the only one the traveller cannot use.
	w.paid(t, "ada", ref(r), "pm_test_approved")
	w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.AtRest() && r.Paid > 0 })
	gone := changed(one, 0)
	gone.Withdrawn, gone.Times = true, nil
	if _, err := w.core.Disrupt(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	q, err := w.core.QuoteCancellation(t.Context(), as("ada"), ref(r), nil, key("q"))
	if err != nil || q.Quote.Refund != 20_000 {
		t.Errorf("with the first of two trains withdrawn, %+v, %v come back of 200.00", q.Quote, err)
	}
}

// changed is a disruption that moves a train of two segments by some minutes.
func changed(pool stock.PoolID, by time.Duration) reservation.Disruption {
	at := start.Add(48*time.Hour + by)
	return reservation.Disruption{
		ID: uid.New(), Pools: []stock.PoolID{pool}, Actor: reservation.Actor{Kind: reservation.SystemActor, ID: "feed"},
		Times: []reservation.StopTime{{Departs: at}, {Arrives: at.Add(2 * time.Hour), Departs: at.Add(2 * time.Hour)}, {Arrives: at.Add(4 * time.Hour)}},
	}
}

// Whoever still has an offer of the ride as it was is not sold it: the old times are true no more.
func testOutdatedOffer(t *testing.T, w *world) {
	pool := w.train(t, 8, 2)
	sealed := w.ride(t, offer.Train, pool, 0, 2, 1)
	through := w.ride(t, offer.Train, pool, 0, 1, 1)
	w.clock.Advance(time.Minute)
	if _, err := w.core.Disrupt(t.Context(), changed(pool, -30*time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, err := w.board("ada", sealed)
	denied(t, err, "offer_outdated")
	_, err = w.board("ada", through)
	denied(t, err, "offer_outdated")
	w.clock.Advance(time.Minute)
	w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1)) // a new one knows
	other := w.train(t, 8, 2)
	old := w.ride(t, offer.Train, other, 0, 2, 1)
	w.core.Outdate(changed(other, time.Hour)) // as another process told it
	_, err = w.board("ada", old)
	denied(t, err, "offer_outdated")
}

// Money that comes after the hold has gone does not buy a ride that runs otherwise now.
func testLateMoneyForAChangedRide(t *testing.T, w *world) {
	pool := w.train(t, 8, 2)
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1))
	w.late(t, r)
	if _, err := w.core.Disrupt(t.Context(), changed(pool, 2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	got := w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.Payment == reservation.PaymentFailed && r.AtRest() })
	if got.Status != reservation.Expired {
		t.Errorf("it is %s", got.Status)
	}
}

// A ride that was ridden is not given back, and a minute's delay is no reason to.
func testRiddenIsNotReturned(t *testing.T, w *world) {
	pool, back := w.train(t, 8, 2), w.train(t, 8, 2)
	later := w.piece(offer.Train, back, 0, 2, 1)
	later.Ride.Departs, later.Ride.Arrives, later.Terms.EndsAt = later.Ride.Departs.AddDate(0, 0, 7), later.Ride.Arrives.AddDate(0, 0, 7), later.Terms.EndsAt.AddDate(0, 0, 7)
	r := w.boarded(t, "ada", w.rides(t, []offer.Piece{w.piece(offer.Train, pool, 0, 2, 1), later}))
	w.paid(t, "ada", ref(r), "pm_test_approved")
	w.until(t, ref(r), func(r *reservation.Reservation) bool { return r.AtRest() && r.Paid > 0 })
	quote := func(k string) *reservation.Quote {
		t.Helper()
		a, err := w.core.QuoteCancellation(t.Context(), as("ada"), ref(r), nil, key(k))
		if err != nil {
			t.Fatal(err)
		}
		return a.Quote
	}
	for _, c := range []struct {
		by     time.Duration
		refund int64
	}{{time.Minute, 10_000}, {time.Hour, 20_000}, {-15 * time.Minute, 20_000}} { // half of each is kept, or nothing: they were sold as one
		if _, err := w.core.Disrupt(t.Context(), changed(pool, c.by)); err != nil {
			t.Fatal(err)
		}
		if q := quote(c.by.String()); q.Refund != c.refund {
			t.Errorf("moved by %v, %d come back, want %d", c.by, q.Refund, c.refund)
		}
	}
	w.clock.Advance(52 * time.Hour)
	if q := quote("over"); len(q.Items) != 1 || q.Refund != 10_000 {
		t.Errorf("after the first ride %d items, %d back", len(q.Items), q.Refund)
	}
}

// A seat whose hold has lapsed can be changed to before the sweep has come by.
func testLapsedSeatIsChanged(t *testing.T, w *world) {
	pool := w.train(t, 8, 2)
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 0, 2, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	w.clock.Advance(time.Minute)
	r := w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 2, 1), reservation.SeatChoice{Labels: []string{"1-2"}})
	w.clock.Advance(14*time.Minute + time.Second)
	if _, err := w.core.ChangeSeats(t.Context(), as("ada"), ref(r), r.Items[0].ID.Text("itm"), reservation.SeatChoice{Labels: []string{"1-1"}}, key("k")); err != nil {
		t.Error(err)
	}
}
