package sandbox_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/payment/sqlite"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gateway is the sandbox of a test, in a file that can be opened again.
type gateway struct {
	*testing.T
	*sandbox.Provider
	clock *clock.Manual
	path  string
	store *sqlite.Store
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{T: t, clock: clock.Still(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)), path: filepath.Join(t.TempDir(), "payment.db")}
	if err := sqlite.Migrate(t.Context(), g.path); err != nil {
		t.Fatal(err)
	}
	g.open()
	t.Cleanup(func() { _ = g.store.Close() })
	return g
}

func (g *gateway) open() {
	g.Helper()
	var err error
	if g.store, err = sqlite.Open(g.Context(), g.path, sqlitedb.Options{}); err != nil {
		g.Fatal(err)
	}
	g.Provider = sandbox.New(sandbox.Deps{Store: g.store.Sandbox(), Clock: g.clock})
}

func request(token string) payment.Request {
	return payment.Request{ID: uid.New(), Reservation: uid.New(), Amount: money.Of(1_000, "EUR"), Method: sandbox.Prefix + token}
}

func (g *gateway) says(r payment.Report, err error) func(payment.Outcome) {
	g.Helper()
	return func(want payment.Outcome) {
		g.Helper()
		if err != nil || r.Outcome != want {
			g.Fatalf("outcome %d, error %v; want %d", r.Outcome, err, want)
		}
	}
}

func (g *gateway) refuses(err error, reason string) {
	g.Helper()
	refusal, ok := errors.AsType[*payment.Refusal](err)
	if !ok || refusal.Reason != reason {
		g.Fatalf("got error %v, want the refusal %s", err, reason)
	}
}

// begun is an authorization by token, whose first answer does not matter.
func (g *gateway) begun(token string) payment.Request {
	g.Helper()
	q := request(token)
	if _, err := g.Authorize(g.Context(), q.ID.Text("a"), q); err != nil && !errors.Is(err, payment.ErrUnknownOutcome) {
		g.Fatal(err)
	}
	return q
}

// Each token: the first answer, then what a look-up says just before and exactly when it is decided; and all of it
// survives a restart.
func TestTokens(t *testing.T) {
	for token, c := range map[string]struct {
		first payment.Outcome
		lost  bool
		after time.Duration
	}{
		"approved": {first: payment.OutcomeApproved},
		"declined": {first: payment.OutcomeDeclined},
		"slow":     {first: payment.OutcomePending, after: 5 * time.Second},
		"unknown":  {lost: true, after: 3 * time.Second},
		"late":     {first: payment.OutcomePending, after: 12 * time.Minute},
	} {
		t.Run(token, func(t *testing.T) {
			g := newGateway(t)
			q := request(token)
			for range 2 { // a key gives its first answer again
				r, err := g.Authorize(t.Context(), "key", q)
				if c.lost {
					if !errors.Is(err, payment.ErrUnknownOutcome) {
						t.Fatalf("%+v, %v; want a lost answer", r, err)
					}
				} else {
					g.says(r, err)(c.first)
				}
				if (r.Reason == "card_declined") != (token == "declined") {
					t.Errorf("reason %q", r.Reason)
				}
				if err := g.store.Close(); err != nil {
					t.Fatal(err)
				}
				g.open()
			}
			end := payment.OutcomeApproved
			if token == "declined" {
				end = payment.OutcomeDeclined
			}
			if c.after > 0 {
				g.clock.Advance(c.after - time.Microsecond)
				g.says(g.Lookup(t.Context(), q.ID))(payment.OutcomePending)
				g.clock.Advance(time.Microsecond)
			}
			g.says(g.Lookup(t.Context(), q.ID))(end)
		})
	}
}

func TestAccepts(t *testing.T) {
	g := newGateway(t)
	for _, method := range []string{"", "pm_test_", "pm_test_other", "pm_test_approved ", "4242424242424242"} {
		if err := g.Accepts(method); !fault.Is(err, "payment_method_unknown") {
			t.Errorf("%q: %v", method, err)
		}
		if _, err := g.Authorize(t.Context(), "key", payment.Request{ID: uid.New(), Amount: money.Of(1, "EUR"), Method: method}); !fault.Is(err, "payment_method_unknown") {
			t.Errorf("authorize by %q: %v", method, err)
		}
	}
	if err := g.Accepts("pm_test_late"); err != nil {
		t.Error(err)
	}
}

// What a real gateway refuses in which state.
func TestStates(t *testing.T) {
	g := newGateway(t)
	ctx := t.Context()
	states := map[string]uid.ID{"unknown": uid.New(), "pending": g.begun("late").ID, "declined": g.begun("declined").ID}
	voided, captured := g.begun("approved").ID, g.begun("approved").ID
	g.says(g.Void(ctx, "v", voided))(payment.OutcomeVoided)
	g.says(g.Capture(ctx, "c", captured))(payment.OutcomeCaptured)
	states["voided"], states["captured"] = voided, captured

	key := 0
	next := func() string { key++; return string(rune('A' + key)) }
	refund := func(id uid.ID) error {
		_, err := g.Refund(ctx, next(), payment.RefundRequest{ID: uid.New(), Payment: id, Amount: money.Of(1, "EUR")})
		return err
	}
	for state, id := range states {
		_, err := g.Capture(ctx, next(), id)
		g.refuses(err, "authorization_"+state)
		if state != "captured" {
			g.refuses(refund(id), "authorization_"+state)
		}
		if state != "unknown" {
			_, err = g.Void(ctx, next(), id)
			g.refuses(err, "authorization_"+state)
		}
	}
	approved := g.begun("approved")
	g.refuses(refund(approved.ID), "not_captured")
	_, err := g.Authorize(ctx, "another key", approved)
	g.refuses(err, "authorization_exists")
	approved.ID, approved.Amount.Minor = uid.New(), 0
	_, err = g.Authorize(ctx, "no amount", approved)
	g.refuses(err, "amount_invalid")
	g.says(g.Lookup(ctx, states["unknown"]))(payment.OutcomeUnheard)
}

func TestVoidBeforeAuthorize(t *testing.T) {
	g := newGateway(t)
	for _, token := range []string{"approved", "unknown", "declined"} {
		q := request(token)
		g.says(g.Void(t.Context(), q.ID.Text("v"), q.ID))(payment.OutcomeVoided)
		g.says(g.Void(t.Context(), q.ID.Text("v"), q.ID))(payment.OutcomeVoided)
		g.says(g.Authorize(t.Context(), q.ID.Text("a"), q))(payment.OutcomeVoided)
		g.says(g.Authorize(t.Context(), q.ID.Text("a"), q))(payment.OutcomeVoided)
		g.says(g.Lookup(t.Context(), q.ID))(payment.OutcomeVoided)
	}
}

func TestRefunds(t *testing.T) {
	g := newGateway(t)
	ctx := t.Context()
	q := g.begun("approved")
	g.says(g.Capture(ctx, "c", q.ID))(payment.OutcomeCaptured)
	refund := func(key string, f payment.RefundRequest) error {
		status, err := g.Refund(ctx, key, f)
		if (err == nil) != (status == payment.RefundSucceeded) {
			t.Errorf("status %s beside error %v", status, err)
		}
		return err
	}
	f := payment.RefundRequest{ID: uid.New(), Payment: q.ID, Amount: money.Of(600, "EUR")}
	for range 2 {
		if err := refund("1", f); err != nil {
			t.Fatal(err)
		}
	}
	g.refuses(refund("2", f), "refund_exists")
	other := payment.RefundRequest{ID: uid.New(), Payment: q.ID, Amount: money.Of(401, "EUR")}
	g.refuses(refund("3", other), "refund_exceeds_capture")
	other.Amount = money.Of(100, "USD")
	g.refuses(refund("3", other), "amount_invalid")
	other.Amount = money.Of(-1, "EUR")
	g.refuses(refund("3", other), "amount_invalid")
	other.Amount = money.Of(400, "EUR")
	if err := refund("3", other); err != nil { // a refused call leaves its key free
		t.Fatal(err)
	}
	r, err := g.Lookup(ctx, q.ID)
	want := []payment.RefundReport{{ID: f.ID, Status: payment.RefundSucceeded}, {ID: other.ID, Status: payment.RefundSucceeded}}
	if err != nil || r.Outcome != payment.OutcomeCaptured || !reflect.DeepEqual(r.Refunds, want) {
		t.Errorf("looked up %+v, %v; want %+v", r, err, want)
	}
}

// A key belongs to one call.
func TestKeysAreNotReused(t *testing.T) {
	g := newGateway(t)
	ctx := t.Context()
	q := request("approved")
	g.says(g.Authorize(ctx, "key", q))(payment.OutcomeApproved)
	other := q
	other.Amount.Minor++
	_, err := g.Authorize(ctx, "key", other)
	g.refuses(err, "idempotency_key_reused")
	_, err = g.Authorize(ctx, "key", request("approved"))
	g.refuses(err, "idempotency_key_reused")
	_, err = g.Capture(ctx, "key", q.ID)
	g.refuses(err, "idempotency_key_reused")
	g.says(g.Capture(ctx, "c", q.ID))(payment.OutcomeCaptured)
	g.says(g.Authorize(ctx, "key", q))(payment.OutcomeApproved) // the first answer, not how things stand
	g.says(g.Capture(ctx, "c", q.ID))(payment.OutcomeCaptured)
}
