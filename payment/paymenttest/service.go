package paymenttest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

// RunService is the definition of a payment.Service with the sandbox behind it. open makes one on an empty store that
// lives in the given world.
func RunService(t *testing.T, open func(testing.TB, World) payment.Service) {
	for name, f := range map[string]func(check, *clock.Manual){
		"approved": approved, "declined": declined, "slow": slow, "unknown": unknown, "late": late,
		"void": void, "void while pending": voidPending, "idempotent ids": ids, "refused methods": methods, "accepted methods": accepted,
		"refused requests": requests, "refunds": refunds, "lists": lists, "audit totals": totals,
		"capture refused for good": captureRefused, "captured by the provider": lateCaptured, "refund refused for good": refundRefused,
		"refund paid outside": outside, "refunds paid outside that are refused": outsideRefused,
	} {
		t.Run(name, func(t *testing.T) {
			w := World{Clock: clock.Still(Start)}
			c := check{t, open(t, w)}
			f(c, w.Clock)
			c.clean()
		})
	}
	t.Run("race", func(t *testing.T) {
		s := open(t, World{Clock: clock.Still(Start)})
		Race(t, s, s)
	})
}

func approved(c check, clk *clock.Manual) {
	q := request("approved")
	p := c.authorize(q, payment.Authorized)
	want := payment.Payment{
		ID: q.ID, Reservation: q.Reservation, Amount: q.Amount, Method: q.Method, Status: payment.Authorized,
		Refunded: eur(0), CreatedAt: Start, UpdatedAt: Start,
	}
	if p != want {
		c.Fatalf("got %+v, want %+v", p, want)
	}
	c.balance(q.Reservation, 0, 0) // money set aside is not money moved
	clk.Advance(time.Minute)
	if p = c.capture(q.ID); !p.UpdatedAt.Equal(Start.Add(time.Minute)) || !p.CreatedAt.Equal(Start) {
		c.Errorf("begun at %s, captured at %s", p.CreatedAt, p.UpdatedAt)
	}
	c.capture(q.ID)
	c.authorize(q, payment.Captured)
	c.resolve(q.ID, payment.Captured)
	c.balance(q.Reservation, 10_000, 0)
	_, err := c.Void(c.Context(), q.ID)
	c.refuses(err, fault.Conflict, "payment_state")
	if got, err := c.Payment(c.Context(), q.ID); err != nil || got != p {
		c.Errorf("read %+v, %v; want %+v", got, err, p)
	}
}

func declined(c check, _ *clock.Manual) {
	q := request("declined")
	if p := c.authorize(q, payment.Declined); p.Reason != "card_declined" {
		c.Errorf("reason %q", p.Reason)
	}
	c.resolve(q.ID, payment.Declined)
	c.void(q.ID, payment.Declined) // there is nothing to let go
	_, err := c.Capture(c.Context(), q.ID)
	c.refuses(err, fault.Conflict, "payment_state")
	_, err = c.Refund(c.Context(), refundOf(q.ID, 1))
	c.refuses(err, fault.Conflict, "payment_state")
	c.balance(q.Reservation, 0, 0)
}

func slow(c check, clk *clock.Manual) {
	q := request("slow")
	c.authorize(q, payment.Pending)
	_, err := c.Capture(c.Context(), q.ID)
	c.refuses(err, fault.Conflict, "payment_state")
	clk.Advance(5*time.Second - time.Microsecond)
	c.resolve(q.ID, payment.Pending)
	clk.Advance(time.Microsecond)
	c.resolve(q.ID, payment.Authorized)
	c.capture(q.ID)
}

func unknown(c check, clk *clock.Manual) {
	q := request("unknown")
	c.authorize(q, payment.Pending)
	clk.Advance(3*time.Second - time.Microsecond)
	c.authorize(q, payment.Pending)
	c.resolve(q.ID, payment.Pending)
	clk.Advance(time.Microsecond)
	c.resolve(q.ID, payment.Authorized)
	c.capture(q.ID)
}

func late(c check, clk *clock.Manual) {
	q := request("late")
	c.authorize(q, payment.Pending)
	clk.Advance(12*time.Minute - time.Microsecond)
	c.resolve(q.ID, payment.Pending)
	clk.Advance(time.Microsecond)
	c.resolve(q.ID, payment.Authorized)

	// What the provider knows of is never given up, however old.
	q = request("late")
	c.authorize(q, payment.Pending)
	clk.Advance(2 * payment.NeverArrived)
	c.authorize(q, payment.Authorized)
}

func void(c check, _ *clock.Manual) {
	q := request("approved")
	c.authorize(q, payment.Authorized)
	c.void(q.ID, payment.Voided)
	c.void(q.ID, payment.Voided)
	c.authorize(q, payment.Voided)
	c.resolve(q.ID, payment.Voided)
	_, err := c.Capture(c.Context(), q.ID)
	c.refuses(err, fault.Conflict, "payment_state")
	_, err = c.Refund(c.Context(), refundOf(q.ID, 1))
	c.refuses(err, fault.Conflict, "payment_state")
	c.balance(q.Reservation, 0, 0)
}

func voidPending(c check, clk *clock.Manual) {
	q := request("late")
	c.authorize(q, payment.Pending)
	c.void(q.ID, payment.Pending) // the gateway does not void what it has not decided
	clk.Advance(11 * time.Minute)
	c.resolve(q.ID, payment.Pending)
	clk.Advance(time.Minute)
	c.resolve(q.ID, payment.Voided)

	q = request("slow")
	c.authorize(q, payment.Pending)
	c.void(q.ID, payment.Pending)
	clk.Advance(time.Minute)
	c.authorize(q, payment.Voided) // asking again does not revive it

	q = request("unknown")
	c.authorize(q, payment.Pending)
	clk.Advance(time.Minute)
	c.void(q.ID, payment.Voided)
}

func ids(c check, _ *clock.Manual) {
	q := request("approved")
	c.authorize(q, payment.Authorized)
	for name, change := range map[string]func(*payment.Request){
		"amount":      func(q *payment.Request) { q.Amount.Minor++ },
		"currency":    func(q *payment.Request) { q.Amount.Currency = "USD" },
		"reservation": func(q *payment.Request) { q.Reservation = uid.New() },
		"method":      func(q *payment.Request) { q.Method = "pm_test_slow" },
	} {
		other := q
		change(&other)
		if _, err := c.Authorize(c.Context(), other); !fault.Is(err, "idempotency_key_reused") {
			c.Errorf("other %s: %v", name, err)
		}
	}
	c.capture(q.ID)
	f := refundOf(q.ID, 100)
	c.refund(f)
	c.refund(f)
	f.Amount.Minor++
	_, err := c.Refund(c.Context(), f)
	c.refuses(err, fault.Invalid, "idempotency_key_reused")
	second := request("approved")
	c.authorize(second, payment.Authorized)
	c.capture(second.ID)
	f.Amount.Minor, f.Payment = 100, second.ID
	_, err = c.Refund(c.Context(), f)
	c.refuses(err, fault.Invalid, "idempotency_key_reused")
	c.balance(q.Reservation, 10_000, 100)
	c.balance(second.Reservation, 10_000, 0)
}

func methods(c check, _ *clock.Manual) {
	for method, reason := range map[string]string{
		"4242424242424242":                   "card_number_refused",
		"4242 4242 4242 4242":                "card_number_refused",
		"4242-4242-4242-4242":                "card_number_refused",
		" 3782 822463 10005 ":                "card_number_refused",
		"pm_test_4242424242424242":           "card_number_refused",
		"pm_test_approved 4242424242424":     "card_number_refused",
		"123456789012":                       "card_number_refused",
		"1234567890123456789":                "card_number_refused",
		"4242\u20134242\u20134242\u20134242": "card_number_refused",
		"\uff14242424242424242":              "card_number_refused",
		"12345678901":                        "payment_method_unknown",
		"":                                   "payment_method_unknown",
		"approved":                           "payment_method_unknown",
		"pm_test_":                           "payment_method_unknown",
		"pm_test_APPROVED":                   "payment_method_unknown",
		"pm_live_approved":                   "payment_method_unknown",
		strings.Repeat("pm_test_", 100):      "payment_method_unknown",
	} {
		c.refuses(c.Accepts(method), fault.Invalid, reason)
		q := request("")
		q.Method = method
		_, err := c.Authorize(c.Context(), q)
		c.refuses(err, fault.Invalid, reason)
		if len(method) > len("pm_test_approved") && strings.Contains(err.Error(), method) {
			c.Errorf("the error repeats the method: %v", err)
		}
		_, err = c.Payment(c.Context(), q.ID)
		c.refuses(err, fault.NotFound, "payment_not_found") // nothing was stored
	}
}

func accepted(c check, _ *clock.Manual) {
	for _, token := range []string{"approved", "declined", "slow", "unknown", "late", "capture_refused", "late_captured", "refund_refused", "refund_refused_1h"} {
		if err := c.Accepts(sandbox.Prefix + token); err != nil {
			c.Errorf("%s: %v", token, err)
		}
	}
}

func requests(c check, _ *clock.Manual) {
	for _, amount := range []money.Amount{eur(0), eur(-1), money.Of(1, ""), money.Of(1, "eur"), money.Of(1, "QQQ")} {
		q := request("approved")
		q.Amount = amount
		_, err := c.Authorize(c.Context(), q)
		c.refuses(err, fault.Invalid, "payment_amount_invalid")
	}
	q := request("approved")
	q.ID = uid.ID{}
	_, err := c.Authorize(c.Context(), q)
	c.refuses(err, fault.Invalid, "payment_id_missing")
	nobody := uid.New()
	_, err = c.Resolve(c.Context(), nobody)
	c.refuses(err, fault.NotFound, "payment_not_found")
	_, err = c.Capture(c.Context(), nobody)
	c.refuses(err, fault.NotFound, "payment_not_found")
	_, err = c.Void(c.Context(), nobody)
	c.refuses(err, fault.NotFound, "payment_not_found")
	_, err = c.Refund(c.Context(), refundOf(nobody, 1))
	c.refuses(err, fault.NotFound, "payment_not_found")
	if payments, found, err := c.Payments(c.Context(), nobody); err != nil || len(payments)+len(found) != 0 {
		c.Errorf("a reservation without payments: %v, %v, %v", payments, found, err)
	}
}

func refunds(c check, _ *clock.Manual) {
	q := request("approved")
	c.authorize(q, payment.Authorized)
	_, err := c.Refund(c.Context(), refundOf(q.ID, 1))
	c.refuses(err, fault.Conflict, "payment_state")
	c.capture(q.ID)
	c.refund(refundOf(q.ID, 2_500))
	c.refund(refundOf(q.ID, 7_499))
	for _, minor := range []int64{2, 1 << 62} {
		_, err = c.Refund(c.Context(), refundOf(q.ID, minor))
		c.refuses(err, fault.Conflict, "refund_exceeds_payment")
	}
	dollar := refundOf(q.ID, 1)
	dollar.Amount.Currency = "USD"
	_, err = c.Refund(c.Context(), dollar)
	c.refuses(err, fault.Invalid, "payment_amount_invalid")
	for _, minor := range []int64{0, -1} {
		_, err = c.Refund(c.Context(), refundOf(q.ID, minor))
		c.refuses(err, fault.Invalid, "payment_amount_invalid")
	}
	c.balance(q.Reservation, 10_000, 9_999)
	c.refund(refundOf(q.ID, 1))
	_, err = c.Refund(c.Context(), refundOf(q.ID, 1))
	c.refuses(err, fault.Conflict, "refund_exceeds_payment")
	c.balance(q.Reservation, 10_000, 10_000)
	if p, err := c.Payment(c.Context(), q.ID); err != nil || p.Refunded != eur(10_000) {
		c.Errorf("payment says %s refunded, error %v", p.Refunded, err)
	}
}

func lists(c check, clk *clock.Manual) {
	reservation := uid.New()
	var want []uid.ID
	for _, token := range []string{"declined", "approved", "late"} {
		q := request(token)
		q.Reservation = reservation
		want = append(want, q.ID)
		if _, err := c.Authorize(c.Context(), q); err != nil {
			c.Fatal(err)
		}
		clk.Advance(time.Second)
	}
	c.capture(want[1])
	first := c.refund(refundOf(want[1], 100))
	clk.Advance(time.Second)
	second := c.refund(refundOf(want[1], 50))
	c.authorize(request("approved"), payment.Authorized) // somebody else's
	payments, refunds, err := c.Payments(c.Context(), reservation)
	if err != nil || len(payments) != 3 || len(refunds) != 2 {
		c.Fatalf("%d payments, %d refunds, error %v", len(payments), len(refunds), err)
	}
	for i, p := range payments {
		if p.ID != want[i] {
			c.Errorf("payment %d is not the %d. oldest", i, i+1)
		}
	}
	if refunds[0] != first || refunds[1] != second {
		c.Errorf("refunds %+v, want %+v and %+v", refunds, first, second)
	}
}

func totals(c check, _ *clock.Manual) {
	for _, currency := range []money.Currency{"USD", "EUR", "EUR"} {
		q := request("approved")
		q.Amount.Currency = currency
		c.authorize(q, payment.Authorized)
		c.capture(q.ID)
		f := refundOf(q.ID, 100)
		f.Amount.Currency = currency
		c.refund(f)
	}
	c.authorize(request("approved"), payment.Authorized)
	a := c.clean()
	if a.Payments != 4 || a.Entries != 6 ||
		len(a.Captured) != 2 || a.Captured[0] != eur(20_000) || a.Captured[1] != money.Of(10_000, "USD") ||
		len(a.Refunded) != 2 || a.Refunded[0] != eur(200) || a.Refunded[1] != money.Of(100, "USD") {
		c.Errorf("audit %+v", a)
	}
}

// Race drives services that share one store, several goroutines each, against each other on the same ids: every effect
// must happen once. Several processes are services on stores of their own over one database.
func Race(t *testing.T, services ...payment.Service) {
	t.Helper()
	const each = 5
	all := func(f func(c check, n int)) {
		var group sync.WaitGroup
		for i, s := range services {
			for j := range each {
				group.Go(func() { f(check{t, s}, i*each+j) })
			}
		}
		group.Wait()
	}
	c := check{t, services[0]}
	for range 5 {
		q := request("approved")
		all(func(c check, _ int) {
			if p, err := c.Authorize(c.Context(), q); err != nil || p.Status != payment.Authorized && p.Status != payment.Pending {
				t.Errorf("authorize: %s, %v", p.Status, err)
			}
		})
		c.resolve(q.ID, payment.Authorized)

		// Capture and void at once: whoever is first decides, and nobody is told otherwise.
		var mu sync.Mutex
		ended := map[payment.Status]int{}
		all(func(c check, n int) {
			p, err := c.Capture(c.Context(), q.ID)
			if n%2 == 0 {
				p, err = c.Void(c.Context(), q.ID)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ended[p.Status]++
			} else if !fault.Is(err, "payment_state") {
				t.Errorf("capture against void: %v", err)
			}
		})
		if ended[payment.Captured] > 0 == (ended[payment.Voided] > 0) {
			t.Errorf("answers %v", ended)
		}

		q = request("approved")
		c.authorize(q, payment.Authorized)
		c.capture(q.ID)
		paid := 0
		shared := refundOf(q.ID, 4_000)
		all(func(c check, n int) {
			f := refundOf(q.ID, 1_000)
			if n%2 == 0 {
				f = shared
			}
			got, err := c.Refund(c.Context(), f)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && got.Status != payment.RefundFailed && f.ID != shared.ID:
				paid++
			case err == nil && got.Status == payment.RefundFailed, err != nil && !fault.Is(err, "refund_exceeds_payment"):
				t.Errorf("refund: %s, %v", got.Status, err)
			}
		})
		got, err := c.Payment(c.Context(), q.ID)
		if err != nil || got.Refunded != eur(int64(paid)*1_000+4_000) {
			t.Errorf("%s refunded in %d refunds besides the shared one, error %v", got.Refunded, paid, err)
		}
		c.balance(q.Reservation, 10_000, got.Refunded.Minor)
	}
	c.clean()
}
