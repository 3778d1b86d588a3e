package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// clockStart is where the test clocks of these worlds start: a Monday, eight in the morning.
const clockStart = "2031-03-03T08:00:00Z"

// advance moves the sandbox clock.
func (w *world) advance(t testing.TB, d time.Duration) {
	t.Helper()
	w.as(t, ada).want(200, "POST", "/v1/sandbox/clock", api.Object{"advance_seconds": int(d.Seconds())}, nil)
}

// TestTime goes through every rule that depends on the clock, by moving it.
func TestTime(t *testing.T) {
	onShapes(t, []string{"--clock=" + clockStart}, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name  string
			proof func(*testing.T, *world)
		}{
			{"a hold lapses", holdLapses},
			{"a running payment has a grace", graceProtects},
			{"late money takes the stock again", lateMoneyReacquires},
			{"late money is let go when the stock is gone", lateMoneyIsVoided},
			{"an offer keeps its price for 20 minutes", offerKeepsPrice},
			{"cancelling is free until, then a percentage", cancellationRule},
			{"a quote lives 15 minutes", quoteExpires},
			{"stays are completed", staysComplete},
			{"the clock goes forward only", clockGoesForward},
			{"nights roll forward", nightsRollForward},
		} {
			t.Run(c.name, func(t *testing.T) { c.proof(t, w) })
		}
	}, sqlite, postgres)
}

func holdLapses(t *testing.T, w *world) {
	h := w.house(t, 1, 0)
	a, b := w.as(t, ada), w.as(t, bob)
	r := a.reserve(h.stay(10, 12, 1))
	if left := instant(t, r.HoldExpiresAt).Sub(a.clock()); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("the hold is kept for %v, want 15 minutes", left)
	}
	w.advance(t, 14*time.Minute)
	b.refused(409, "sold_out", "POST", "/v1/reservations", order(h.stay(11, 12, 1)))
	if got := a.get(r.ID); got.Status != "held" {
		t.Errorf("after 14 minutes: %+v", got)
	}
	w.advance(t, time.Minute+time.Second)
	if got := a.get(r.ID); got.Status != "expired" || len(got.AvailableActions) != 0 { // at once, swept or not
		t.Errorf("after 15 minutes: %+v", got)
	}
	a.refused(409, "hold_expired", "POST", "/v1/reservations/"+r.ID+"/pay", api.Object{"payment_method": "pm_test_approved"})
	b.book(h.stay(11, 12, 1)) // the stock is back at once, swept or not
	process.Eventually(t, "the lapse is written", func() bool { return a.causes(r.ID) == "placed hold_lapsed" })

	// A hold can be made longer, twice.
	long := a.reserve(h.stay(20, 21, 1))
	for range 2 {
		w.advance(t, 10*time.Minute)
		a.want(200, "POST", "/v1/reservations/"+long.ID+"/extend", nil, nil)
	}
	a.refused(409, "hold_limit", "POST", "/v1/reservations/"+long.ID+"/extend", nil)
	w.advance(t, 10*time.Minute)
	if got := a.pay(200, long.ID, "pm_test_approved"); got.Status != "confirmed" {
		t.Errorf("extended and paid: %+v", got)
	}
}

// lateCase reserves the only room and pays late: at 14 of 15 minutes, with money that comes 12 minutes after that.
func lateCase(t *testing.T, w *world) (h house, id string) {
	t.Helper()
	h = w.house(t, 1, 0)
	a := w.as(t, ada)
	r := a.reserve(h.stay(10, 12, 1))
	w.advance(t, 14*time.Minute)
	paying := a.pay(202, r.ID, "pm_test_late")
	if left := instant(t, paying.HoldExpiresAt).Sub(a.clock()); paying.Status != "confirming" || left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("paying: %+v; protected for %v, want 10 minutes", paying, left)
	}
	return h, r.ID
}

func graceProtects(t *testing.T, w *world) {
	h, id := lateCase(t, w)
	a, b := w.as(t, ada), w.as(t, bob)
	w.advance(t, 9*time.Minute) // eight minutes past the end of the hold
	if got := a.get(id); got.Status != "confirming" {
		t.Errorf("within the grace: %+v", got)
	}
	b.refused(409, "sold_out", "POST", "/v1/reservations", order(h.stay(10, 11, 1)))
	w.advance(t, 90*time.Second)
	a.becomes(id, "expired", "unpaid")
	b.book(h.stay(10, 11, 1))
	if got := a.causes(id); got != "placed payment_begun payment_lapsed" {
		t.Errorf("history %q", got)
	}
	w.advance(t, 20*time.Minute) // so that the money is known and let go before the audit
	process.Eventually(t, "the money is let go", func() bool { return paymentOf(a, id) == "voided" })
}

// paymentOf is the status of a reservation's one payment.
func paymentOf(c caller, id string) string {
	c.t.Helper()
	var money api.Payments
	c.want(200, "GET", "/v1/payments?reservation="+id, nil, &money)
	if len(money.Payments) != 1 {
		c.t.Fatalf("payments of %s: %+v", id, money)
	}
	return money.Payments[0].Status
}

func lateMoneyReacquires(t *testing.T, w *world) {
	h, id := lateCase(t, w)
	a := w.as(t, ada)
	w.advance(t, 11*time.Minute)
	a.becomes(id, "expired", "unpaid")
	if n := w.nights(t, h, 10, 11)[0]; n.Held+n.Sold != 0 {
		t.Errorf("lapsed: %+v", n)
	}
	process.Eventually(t, "the late money takes the stock again", func() bool {
		w.advance(t, 2*time.Minute) // the provider is asked at growing intervals
		return a.get(id).Status == "confirmed"
	})
	a.becomes(id, "confirmed", "paid")
	if got := a.causes(id); got != "placed payment_begun payment_lapsed paid_late payment_taken" {
		t.Errorf("history %q", got)
	}
	if n := w.nights(t, h, 10, 11)[0]; n.Sold != 1 {
		t.Errorf("taken again: %+v", n)
	}
}

func lateMoneyIsVoided(t *testing.T, w *world) {
	h, id := lateCase(t, w)
	a, b := w.as(t, ada), w.as(t, bob)
	w.advance(t, 11*time.Minute)
	a.becomes(id, "expired", "unpaid")
	b.book(h.stay(11, 12, 1)) // one of the two nights is gone
	process.Eventually(t, "the late money is let go", func() bool {
		w.advance(t, 2*time.Minute)
		return paymentOf(a, id) == "voided"
	})
	if got := a.get(id); got.Status != "expired" || got.Paid.Amount != "0.00" {
		t.Errorf("money let go: %+v", got)
	}
	if n := w.nights(t, h, 10, 12); n[0].Held+n[0].Sold != 0 || n[1].Sold != 1 {
		t.Errorf("nothing half: %+v", n)
	}
}

func offerKeepsPrice(t *testing.T, w *world) {
	h := w.house(t, 5, 0)
	a := w.as(t, ada)
	offer := a.offers(h.search(10, 12)).Offers[0]
	if left := instant(t, offer.ExpiresAt).Sub(a.clock()); left < 19*time.Minute || left > 20*time.Minute {
		t.Errorf("the offer lives %v, want 20 minutes", left)
	}
	rates := "/v1/hotels/" + h.hotel + "/room-types/" + h.roomType + "/rates"
	w.as(t, acmeStaff).want(200, "PUT", rates, api.Object{"from": h.night(0), "to": h.night(30), "amount": "300.00"}, nil)
	if got := a.reserve(h.stay(10, 12, 1)); got.Total.Amount != "600.00" {
		t.Errorf("without an offer: %+v, want the new price", got.Total)
	}
	for range 2 { // again and again while it lives
		w.advance(t, 9*time.Minute+30*time.Second)
		if got := a.reserve(api.Object{"offer": offer.ID}); got.Total != offer.Price.Total || got.Total.Amount != "200.00" {
			t.Errorf("with an offer: %+v, want its price", got.Total)
		}
	}
	w.advance(t, time.Minute)
	a.refused(410, "offer_expired", "POST", "/v1/reservations", order(api.Object{"offer": offer.ID}))

	// Staff can withdraw what they have promised.
	withdrawn := a.offers(h.search(10, 12)).Offers[0]
	w.advance(t, 5*time.Second)
	w.as(t, acmeStaff).want(201, "POST", "/v1/hotels/"+h.hotel+"/offer-revocations", api.Object{}, nil)
	a.refused(410, "offer_revoked", "POST", "/v1/reservations", order(api.Object{"offer": withdrawn.ID}))
	w.advance(t, 5*time.Second)
	a.reserve(api.Object{"offer": a.offers(h.search(10, 12)).Offers[0].ID})
}

func cancellationRule(t *testing.T, w *world) {
	h := w.house(t, 5, 0)
	a := w.as(t, ada)
	var plan api.Named
	w.as(t, acmeStaff).want(201, "POST", "/v1/hotels/"+h.hotel+"/rate-plans", api.Object{
		"name": "Half kept", "price_percent": 90, "free_cancellation_hours": 48, "cancellation_fee_percent": 33.33,
	}, &plan)
	book := func() string {
		t.Helper()
		r := a.book(api.Object{"hotel_id": h.hotel, "room_type_id": h.roomType, "rate_plan_id": plan.ID, "check_in": h.night(5), "check_out": h.night(7), "rooms": 1})
		if r.Total.Amount != "180.00" {
			t.Errorf("total %+v, want 90 %% of two nights", r.Total)
		}
		return r.ID
	}
	free, feed := book(), book()
	deadline := instant(t, h.night(5)+"T15:00:00Z").Add(-48 * time.Hour)
	w.advance(t, deadline.Sub(a.clock())-time.Minute)
	if q := a.cancel(free); q.Refund.Amount != "180.00" || q.Fee.Amount != "0.00" {
		t.Errorf("a minute before: %+v", q)
	}
	if got := a.becomes(free, "cancelled", "refunded"); got.Refunded.Amount != "180.00" {
		t.Errorf("free: %+v", got)
	}
	w.advance(t, 2*time.Minute)
	if q := a.cancel(feed); q.Refund.Amount != "120.01" || q.Fee.Amount != "59.99" { // 33.33 % of 180.00 are 59.994
		t.Errorf("a minute after: %+v", q)
	}
	if got := a.becomes(feed, "cancelled", "partially_refunded"); got.Refunded.Amount != "120.01" {
		t.Errorf("with a fee: %+v", got)
	}
	if n := w.nights(t, h, 5, 6)[0]; n.Sold != 0 {
		t.Errorf("both cancelled: %+v", n)
	}
}

func quoteExpires(t *testing.T, w *world) {
	h := w.house(t, 5, 0)
	a := w.as(t, ada)
	id := a.book(h.stay(10, 12, 1)).ID
	at := "/v1/reservations/" + id + "/cancellations"
	var q api.Quote
	a.want(201, "POST", at, nil, &q)
	w.advance(t, 15*time.Minute+time.Second)
	a.refused(410, "quote_expired", "POST", at+"/"+q.ID+"/confirm", nil)
	a.want(201, "POST", at, nil, &q)
	a.want(200, "POST", at+"/"+q.ID+"/confirm", nil, nil)
	a.refused(409, "not_cancellable", "POST", at, nil)
}

func staysComplete(t *testing.T, w *world) {
	h := w.house(t, 5, 0)
	a := w.as(t, ada)
	id := a.book(h.stay(1, 3, 1)).ID
	w.advance(t, 48*time.Hour)
	if got := a.get(id); got.Status != "confirmed" {
		t.Errorf("during the stay: %+v", got)
	}
	w.advance(t, 24*time.Hour+4*time.Hour) // check-out is at eleven
	a.becomes(id, "completed", "paid")
	a.refused(409, "not_cancellable", "POST", "/v1/reservations/"+id+"/cancellations", nil)
	a.refused(422, "in_past", "POST", "/v1/reservations", order(h.stay(1, 2, 1)))
	if n := w.nights(t, h, 1, 3); n[0].Sold != 1 || n[1].Sold != 1 {
		t.Errorf("what has been slept in stays in the books: %+v", n)
	}
}

func clockGoesForward(t *testing.T, w *world) {
	a := w.as(t, ada)
	a.refused(409, "clock_backwards", "POST", "/v1/sandbox/clock", api.Object{"now": clockStart})
	a.refused(422, "validation_failed", "POST", "/v1/sandbox/clock", api.Object{})
	w.as(t, "").refused(401, "token_missing", "POST", "/v1/sandbox/clock", api.Object{"advance_seconds": 1})
}

func nightsRollForward(t *testing.T, w *world) {
	h := w.house(t, 5, 0)
	a := w.as(t, ada)
	a.book(h.stay(horizon-1, horizon, 1))
	a.refused(422, "beyond_horizon", "POST", "/v1/reservations", order(h.stay(horizon-1, horizon+1, 1)))
	w.advance(t, 5*24*time.Hour)
	a.reserve(h.stay(horizon-1, horizon+5, 1)) // five more nights when the call that moved the clock has been answered
	a.refused(422, "beyond_horizon", "POST", "/v1/reservations", order(h.stay(horizon+5, horizon+6, 1)))
	rolled := func() {
		t.Helper()
		if n := w.nights(t, h, horizon-1, horizon+5); n[0].Sold != 1 || n[5].Sold != 0 || n[0].Held+n[5].Held != 2 || n[5].Capacity != 5 {
			t.Errorf("rolled forward: %+v", n)
		}
	}
	rolled()
	// A process that starts rolls forward by itself, and changes nothing of what there is.
	now := a.clock()
	w.stop(0)
	for i, arg := range w.args {
		if strings.HasPrefix(arg, "--clock=") {
			w.args[i] = "--clock=" + now.AddDate(0, 0, 2).Format(time.RFC3339)
		}
	}
	w.start()
	a = w.as(t, ada)
	process.Eventually(t, "the nights that came within the horizon are on sale", func() bool {
		return a.call("POST", "/v1/reservations", order(h.stay(horizon+6, horizon+7, 1))).Status == http.StatusCreated
	})
	process.Eventually(t, "the holds of two days ago are swept", func() bool { return w.nights(t, h, horizon, horizon+1)[0].Held == 0 })
}

// refuses wants a further server on the world's store not to start, and to say why.
func (w *world) refuses(t *testing.T, want string, args ...string) {
	t.Helper()
	s, err := process.Start(t.Context(), binary, append(args, w.store...)...)
	if err == nil {
		s.Kill()
		t.Fatalf("a server started with %v", args)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("refused with %v, want %q in it", err, want)
	}
}

// TestLiveDatabase: a test clock is refused on live data, and live times on the data of a test clock.
func TestLiveDatabase(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		w.refuses(t, "live", "--clock="+clockStart)
		w.refuses(t, "live", "--test-mode")
	}, postgres)
	onShapes(t, []string{"--clock=" + clockStart}, func(t *testing.T, w *world) { w.refuses(t, "test") }, postgres)
}

// TestDataFolder: a second server is refused, and so is a test clock on live data.
func TestDataFolder(t *testing.T) {
	w := open(t, sqlite)
	h := w.house(t, 1, 0)
	w.as(t, ada).book(h.stay(10, 11, 1))
	w.refuses(t, fmt.Sprintf("in use by process %d", w.servers[0].PID))
	w.audit(t) // which the server does, and not a second process
	w.stop(0)
	w.refuses(t, "live", "--clock="+clockStart)
	w.refuses(t, "live", "--test-mode")
	w.audit(t) // which takes the folder
	w.start()
	if got := w.as(t, ada); got.do(api.Request{Method: "GET", Path: "/v1/sandbox/clock"}).Status != http.StatusNotFound {
		t.Error("a live server has a sandbox clock")
	}
}
