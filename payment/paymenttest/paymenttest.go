// Package paymenttest defines what an engine and a shape of payments must be: RunStore and RunSandboxStore for engines,
// RunService for anything that is a payment.Service, RunCrash and RunModel for the service under faults.
package paymenttest

import (
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

// Start is when the clock of every test starts.
var Start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// Engine is one engine's pair of stores on one database.
type Engine struct {
	Payments payment.Store
	Sandbox  sandbox.Store
}

// World is what a service under test lives in.
type World struct {
	Clock  *clock.Manual
	Faults sandbox.Faults // nil: none
}

// NewService makes the service on an engine, with the sandbox as its only provider.
func NewService(e Engine, w World) payment.Service {
	return payment.New(payment.Deps{
		Store:     e.Payments,
		Providers: map[string]payment.Provider{sandbox.Prefix: sandbox.New(sandbox.Deps{Store: e.Sandbox, Clock: w.Clock, Faults: w.Faults})},
		Clock:     w.Clock,
	})
}

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

// request asks for 100.00 EUR by a token.
func request(token string) payment.Request {
	return payment.Request{ID: uid.New(), Reservation: uid.New(), Amount: eur(10_000), Method: sandbox.Prefix + token}
}

func refundOf(p uid.ID, minor int64) payment.RefundRequest {
	return payment.RefundRequest{ID: uid.New(), Payment: p, Amount: eur(minor)}
}

// check is a service whose calls a test wants to succeed or to fail for a known reason.
type check struct {
	testing.TB
	payment.Service
}

func (c check) status(p payment.Payment, err error) func(payment.Status) payment.Payment {
	c.Helper()
	return func(want payment.Status) payment.Payment {
		c.Helper()
		if err != nil || p.Status != want {
			c.Fatalf("payment is %s (%q), error %v; want %s", p.Status, p.Reason, err, want)
		}
		return p
	}
}

func (c check) authorize(q payment.Request, want payment.Status) payment.Payment {
	c.Helper()
	return c.status(c.Authorize(c.Context(), q))(want)
}

func (c check) resolve(id uid.ID, want payment.Status) {
	c.Helper()
	c.status(c.Resolve(c.Context(), id))(want)
}

func (c check) capture(id uid.ID) payment.Payment {
	c.Helper()
	return c.status(c.Capture(c.Context(), id))(payment.Captured)
}

func (c check) void(id uid.ID, want payment.Status) {
	c.Helper()
	c.status(c.Void(c.Context(), id))(want)
}

func (c check) refund(q payment.RefundRequest) payment.Refund {
	c.Helper()
	f, err := c.Refund(c.Context(), q)
	if err != nil || f.Status != payment.RefundSucceeded {
		c.Fatalf("refund is %s, error %v", f.Status, err)
	}
	return f
}

// refuses wants an error of a reason and kind, and nothing beside it.
func (c check) refuses(err error, kind fault.Kind, reason string) {
	c.Helper()
	if !fault.Is(err, reason) || fault.KindOf(err) != kind {
		c.Fatalf("got error %v, want %s of kind %d", err, reason, kind)
	}
}

// clean wants an audit without findings and returns it.
func (c check) clean() payment.Audit {
	c.Helper()
	a, err := c.Audit(c.Context(), 20, nil)
	if err != nil || len(a.Findings) > 0 {
		c.Fatalf("audit: error %v, findings %q", err, a.Findings)
	}
	return a
}

// balance wants one balance of a reservation; zero amounts in all three want none at all.
func (c check) balance(reservation uid.ID, captured, refunded int64) {
	c.Helper()
	got, err := c.Balances(c.Context(), []uid.ID{reservation, uid.New(), reservation})
	if err != nil {
		c.Fatal(err)
	}
	if captured == 0 {
		if len(got) != 0 {
			c.Fatalf("balances %v, want none", got)
		}
		return
	}
	want := payment.Balance{Reservation: reservation, Captured: eur(captured), Refunded: eur(refunded), Retained: eur(captured - refunded)}
	if len(got) != 1 || got[0] != want {
		c.Fatalf("balances %v, want %v", got, want)
	}
}
