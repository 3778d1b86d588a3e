package payment_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/payment/sqlite"
	"holdfast/uid"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// bench is a service whose calls to the provider fail as a test says: each call takes the first fault of its operation
// off the list.
type bench struct {
	*testing.T
	*payment.Core
	store         *sqlite.Store
	clock         *clock.Manual
	before, after map[sandbox.Operation][]error
	log           bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payment.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), path, sqlitedb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{T: t, store: store, clock: clock.Still(start), before: map[sandbox.Operation][]error{}, after: map[sandbox.Operation][]error{}}
	b.Core = payment.New(payment.Deps{
		Store: store, Clock: b.clock, Logger: slog.New(slog.NewTextHandler(&b.log, nil)),
		Providers: map[string]payment.Provider{sandbox.Prefix: sandbox.New(sandbox.Deps{Store: store.Sandbox(), Clock: b.clock, Faults: b})},
	})
	return b
}

func take(faults map[sandbox.Operation][]error, op sandbox.Operation) error {
	if len(faults[op]) == 0 {
		return nil
	}
	err := faults[op][0]
	faults[op] = faults[op][1:]
	return err
}

func (b *bench) Before(_ context.Context, op sandbox.Operation, _ uid.ID) error {
	return take(b.before, op)
}

func (b *bench) After(_ context.Context, op sandbox.Operation, _ uid.ID) error {
	return take(b.after, op)
}

func ask(token string) payment.Request {
	return payment.Request{ID: uid.New(), Reservation: uid.New(), Amount: money.Of(10_000, "EUR"), Method: sandbox.Prefix + token}
}

// want checks what a call answered.
func (b *bench) want(p payment.Payment, err error) func(payment.Status) payment.Payment {
	b.Helper()
	return func(status payment.Status) payment.Payment {
		b.Helper()
		if err != nil || p.Status != status {
			b.Fatalf("payment is %s, error %v; want %s", p.Status, err, status)
		}
		return p
	}
}

func (b *bench) refuses(err error, reason string) {
	b.Helper()
	if !fault.Is(err, reason) {
		b.Fatalf("got error %v, want %s", err, reason)
	}
}

// clean ends a test: ledger in order, every fault used.
func (b *bench) clean() {
	b.Helper()
	a, err := b.Audit(b.Context(), 10, nil)
	if err != nil || len(a.Findings) > 0 {
		b.Fatalf("audit: %v, %q", err, a.Findings)
	}
	for op, faults := range b.before {
		if len(faults)+len(b.after[op]) > 0 {
			b.Fatalf("operation %d was not called often enough", op)
		}
	}
}

// captured begins a test with a captured payment.
func (b *bench) captured() payment.Request {
	b.Helper()
	q := ask("approved")
	b.want(b.Authorize(b.Context(), q))(payment.Authorized)
	b.want(b.Capture(b.Context(), q.ID))(payment.Captured)
	return q
}

func TestNeverArrived(t *testing.T) {
	b := newBench(t)
	lost := func() payment.Request {
		q := ask("approved")
		b.before[sandbox.Authorize] = []error{payment.ErrUnknownOutcome}
		b.want(b.Authorize(b.Context(), q))(payment.Pending)
		return q
	}
	q := lost()
	b.clock.Advance(payment.NeverArrived)
	b.want(b.Resolve(b.Context(), q.ID))(payment.Pending)
	b.clock.Advance(time.Microsecond)
	// The provider must promise first; until its answer is here nothing is decided.
	b.before[sandbox.Void] = []error{payment.ErrUnknownOutcome}
	b.want(b.Resolve(b.Context(), q.ID))(payment.Pending)
	if p := b.want(b.Resolve(b.Context(), q.ID))(payment.Declined); p.Reason != "never_arrived" {
		t.Errorf("reason %q", p.Reason)
	}
	// The request that comes after all finds the door closed.
	provider := sandbox.New(sandbox.Deps{Store: b.store.Sandbox(), Clock: b.clock})
	if r, err := provider.Authorize(t.Context(), "whatever", q); err != nil || r.Outcome != payment.OutcomeVoided {
		t.Errorf("the late request: %+v, %v", r, err)
	}

	// Asked again in time it is sent again; asked again too late it is given up.
	q = lost()
	b.want(b.Authorize(b.Context(), q))(payment.Authorized)
	q = lost()
	b.clock.Advance(payment.NeverArrived + time.Microsecond)
	b.want(b.Authorize(b.Context(), q))(payment.Declined)

	// Nobody waits for one that is to be voided.
	q = lost()
	b.want(b.Void(b.Context(), q.ID))(payment.Voided)
	b.want(b.Authorize(b.Context(), q))(payment.Voided)
	b.clean()
}

func TestUnreachableProvider(t *testing.T) {
	b := newBench(t)
	gone := []error{payment.ErrNotSent}
	q := ask("approved")
	b.before[sandbox.Authorize] = gone
	_, err := b.Authorize(t.Context(), q)
	b.refuses(err, "payment_provider_unavailable")
	if fault.KindOf(err) != fault.Unavailable || fault.As(err).RetryAfter <= 0 {
		t.Errorf("%v does not say when to try again", err)
	}
	b.want(b.Payment(t.Context(), q.ID))(payment.Pending)
	b.want(b.Authorize(t.Context(), q))(payment.Authorized)

	b.before[sandbox.Capture] = gone
	_, err = b.Capture(t.Context(), q.ID)
	b.refuses(err, "payment_provider_unavailable")
	b.want(b.Capture(t.Context(), q.ID))(payment.Captured)

	f := payment.RefundRequest{ID: uid.New(), Payment: q.ID, Amount: money.Of(10_000, "EUR")}
	b.before[sandbox.RefundMoney] = gone
	_, err = b.Refund(t.Context(), f)
	b.refuses(err, "payment_provider_unavailable")
	other := f
	other.ID, other.Amount.Minor = uid.New(), 1
	_, err = b.Refund(t.Context(), other) // what is pending counts
	b.refuses(err, "refund_exceeds_payment")
	if got, err := b.Refund(t.Context(), f); err != nil || got.Status != payment.RefundSucceeded {
		t.Errorf("refund is %s, %v", got.Status, err)
	}

	q = ask("late")
	b.want(b.Authorize(t.Context(), q))(payment.Pending)
	b.before[sandbox.Lookup] = gone
	_, err = b.Resolve(t.Context(), q.ID)
	b.refuses(err, "payment_provider_unavailable")
	b.clean()
}

func TestLostAnswers(t *testing.T) {
	b := newBench(t)
	gone := func() []error { return []error{payment.ErrUnknownOutcome} }

	// Lost, then found at once by looking it up.
	b.after[sandbox.Authorize], b.after[sandbox.Capture] = gone(), gone()
	b.captured()

	// Lost, and the look-up lost as well.
	q := ask("approved")
	b.after[sandbox.Authorize], b.before[sandbox.Lookup] = gone(), gone()
	b.want(b.Authorize(t.Context(), q))(payment.Pending)
	b.want(b.Resolve(t.Context(), q.ID))(payment.Authorized)
	b.after[sandbox.Capture], b.before[sandbox.Lookup] = gone(), gone()
	b.want(b.Capture(t.Context(), q.ID))(payment.Authorized)
	_, err := b.Void(t.Context(), q.ID) // it may be captured: only finding out helps
	b.refuses(err, "payment_state")
	b.want(b.Resolve(t.Context(), q.ID))(payment.Captured)

	f := payment.RefundRequest{ID: uid.New(), Payment: q.ID, Amount: money.Of(1, "EUR")}
	b.after[sandbox.RefundMoney], b.before[sandbox.Lookup] = gone(), gone()
	if got, err := b.Refund(t.Context(), f); err != nil || got.Status != payment.RefundPending {
		t.Fatalf("refund is %s, %v", got.Status, err)
	}
	if p, err := b.Payment(t.Context(), q.ID); err != nil || p.Refunded.Minor != 0 {
		t.Errorf("%s refunded before it is known, %v", p.Refunded, err)
	}
	b.before[sandbox.RefundMoney] = []error{errors.New("sent a second time")}
	if got, err := b.Refund(t.Context(), f); err != nil || got.Status != payment.RefundSucceeded {
		t.Errorf("refund is %s, %v", got.Status, err)
	}
	if len(b.before[sandbox.RefundMoney]) == 0 {
		t.Error("the refund was sent again although the provider knew it")
	}
	b.before[sandbox.RefundMoney] = nil

	q = ask("approved")
	b.want(b.Authorize(t.Context(), q))(payment.Authorized)
	b.after[sandbox.Void], b.before[sandbox.Lookup] = gone(), gone()
	b.want(b.Void(t.Context(), q.ID))(payment.Authorized)
	_, err = b.Capture(t.Context(), q.ID)
	b.refuses(err, "payment_state")
	b.want(b.Resolve(t.Context(), q.ID))(payment.Voided)

	// An error of no known kind is a lost answer too.
	q = ask("approved")
	b.after[sandbox.Authorize], b.before[sandbox.Lookup] = []error{errors.New("broken pipe")}, gone()
	b.want(b.Authorize(t.Context(), q))(payment.Pending)
	b.want(b.Authorize(t.Context(), q))(payment.Authorized)
	b.clean()
}

func TestRefusals(t *testing.T) {
	b := newBench(t)
	no := []error{&payment.Refusal{Reason: "do_not_honour"}}

	// It never got the authorization and will not take it: a decline.
	q := ask("approved")
	b.before[sandbox.Authorize] = no
	if p := b.want(b.Authorize(t.Context(), q))(payment.Declined); p.Reason != "do_not_honour" {
		t.Errorf("reason %q", p.Reason)
	}

	// It will not capture; the money can still be let go.
	q = ask("approved")
	b.want(b.Authorize(t.Context(), q))(payment.Authorized)
	b.before[sandbox.Capture] = no
	_, err := b.Capture(t.Context(), q.ID)
	b.refuses(err, "payment_state")
	b.want(b.Void(t.Context(), q.ID))(payment.Voided)

	// It let the money go by itself.
	q = ask("approved")
	b.want(b.Authorize(t.Context(), q))(payment.Authorized)
	provider := sandbox.New(sandbox.Deps{Store: b.store.Sandbox(), Clock: b.clock})
	if _, err := provider.Void(t.Context(), "behind our back", q.ID); err != nil {
		t.Fatal(err)
	}
	_, err = b.Capture(t.Context(), q.ID)
	b.refuses(err, "payment_state")
	b.want(b.Payment(t.Context(), q.ID))(payment.Voided)

	// It will never pay back: the refund fails, and what was to be refunded is there to be refunded again.
	q = b.captured()
	f := payment.RefundRequest{ID: uid.New(), Payment: q.ID, Amount: money.Of(10_000, "EUR")}
	b.before[sandbox.RefundMoney] = no
	for range 2 {
		if got, err := b.Refund(t.Context(), f); err != nil || got.Status != payment.RefundFailed {
			t.Fatalf("refund is %s, %v", got.Status, err)
		}
	}
	f.ID = uid.New()
	if got, err := b.Refund(t.Context(), f); err != nil || got.Status != payment.RefundSucceeded {
		t.Errorf("refund is %s, %v", got.Status, err)
	}
	b.clean()
}

// The caller may go while the provider is asked: what the provider said is kept all the same.
func TestCallerGoes(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	service := payment.New(payment.Deps{Store: b.store, Clock: b.clock, Providers: map[string]payment.Provider{
		sandbox.Prefix: leaving{sandbox.New(sandbox.Deps{Store: b.store.Sandbox(), Clock: b.clock}), cancel},
	}})
	q := ask("approved")
	b.want(service.Authorize(ctx, q))(payment.Authorized)
	b.want(b.Payment(t.Context(), q.ID))(payment.Authorized)
}

// leaving is a provider whose caller goes as soon as it has decided.
type leaving struct {
	*sandbox.Provider
	cancel func()
}

func (l leaving) Authorize(ctx context.Context, key string, r payment.Request) (payment.Report, error) {
	defer l.cancel()
	return l.Provider.Authorize(ctx, key, r)
}

// Neither a card number nor a token is ever logged or repeated.
func TestNothingSecretIsLogged(t *testing.T) {
	b := newBench(t)
	q := ask("approved")
	q.Method = "4242 4242 4242 4242"
	_, err := b.Authorize(t.Context(), q)
	b.refuses(err, "card_number_refused")
	if b.log.Len() > 0 || strings.Contains(err.Error(), "4242") {
		t.Errorf("error %v, log %s", err, b.log.String())
	}
	q = ask("approved")
	b.after[sandbox.Authorize] = []error{errors.New("broken pipe")}
	b.want(b.Authorize(t.Context(), q))(payment.Authorized)
	if text := b.log.String(); !strings.Contains(text, q.ID.Text("pay")) || strings.Contains(text, q.Method) {
		t.Errorf("log %q: want the payment's id and not the method", text)
	}
}

func TestAuditIsBounded(t *testing.T) {
	b := newBench(t)
	for range 3 {
		q := b.captured()
		// Behind the rules' back: a payment that says it was not captured although its entry is there.
		_, err := b.store.Change(t.Context(), payment.Key{Payment: q.ID}, func(r payment.Record, _ *payment.Refund) (*payment.Change, error) {
			r.Status = payment.Authorized
			return &payment.Change{Record: r}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{-1, 0, 2, 100} {
		a, err := b.Audit(t.Context(), limit, nil)
		if err != nil || len(a.Findings) != max(0, min(limit, 3)) || a.Payments != 3 ||
			!slices.Equal(a.Captured, []money.Amount{money.Of(30_000, "EUR")}) {
			t.Errorf("limit %d: %+v, %v", limit, a, err)
		}
	}
}

func TestWrongWiringPanics(t *testing.T) {
	b := newBench(t)
	for name, deps := range map[string]payment.Deps{
		"no store": {},
		"prefix":   {Store: b.store, Providers: map[string]payment.Provider{"card_": sandbox.New(sandbox.Deps{Store: b.store.Sandbox()})}},
		"two of a name": {Store: b.store, Providers: map[string]payment.Provider{
			"pm_a_": sandbox.New(sandbox.Deps{Store: b.store.Sandbox()}), "pm_b_": sandbox.New(sandbox.Deps{Store: b.store.Sandbox()}),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			payment.New(deps)
		})
	}
}
