// Package sandbox is a payment provider of our own for trying things out. It moves no money; the token decides what
// happens:
//
//	pm_test_approved   approved at once
//	pm_test_declined   declined at once (card_declined)
//	pm_test_slow       pending; approved 5 s later
//	pm_test_unknown    pending; approved 3 s later, and the answer of the authorization is lost
//	pm_test_late       pending; approved 12 minutes later, past the grace of a hold
//
// and, for what a provider refuses for good or does by itself:
//
//	pm_test_capture_refused    approved at once; it is never captured (capture_refused), and can be voided
//	pm_test_late_captured      pending; 12 minutes later approved and captured by the provider itself
//	pm_test_refund_refused     approved at once; no refund is ever paid (refund_refused)
//	pm_test_refund_refused_1h  approved at once; no refund is paid in the first hour (refund_refused)
//
// Otherwise it behaves as a real gateway does: idempotency keys give the first answer again, nothing is captured after
// a void, nothing refunded beyond what was captured, and a pending authorization cannot be voided. It keeps what it
// knows in a Store, so that a killed process loses nothing, and goes by the clock it is given.
//
// Refusals (payment.Refusal): authorization_unknown, authorization_exists, authorization_pending,
// authorization_declined, authorization_captured, authorization_voided, not_captured, amount_invalid, capture_refused,
// refund_refused, refund_exceeds_capture, refund_exists, idempotency_key_reused. They are not kept under their key: the same call may
// succeed later.
package sandbox

import (
	"context"
	"fmt"
	"time"

	"holdfast/internal/clock"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/uid"
)

const (
	// Name is the provider's name in accounts and rows.
	Name = "sandbox"
	// Prefix begins every token it takes.
	Prefix = "pm_test_"

	slowDelay    = 5 * time.Second
	unknownDelay = 3 * time.Second
	lateDelay    = 12 * time.Minute
	refundsAfter = time.Hour // since the authorization, with pm_test_refund_refused_1h
)

// token is what a token does.
type token struct {
	state State
	delay time.Duration // until the decision
	lost  bool          // the answer of the authorization is lost

	keepsFromUs   bool          // it is never captured
	refuseRefunds time.Duration // how long no refund is paid; forever: never
}

// forever is longer than anybody waits.
const forever = 100 * 365 * 24 * time.Hour

var tokens = map[string]token{
	Prefix + "approved": {state: Approved},
	Prefix + "declined": {state: Declined},
	Prefix + "slow":     {state: Approved, delay: slowDelay},
	Prefix + "unknown":  {state: Approved, delay: unknownDelay, lost: true},
	Prefix + "late":     {state: Approved, delay: lateDelay},

	Prefix + "capture_refused":   {state: Approved, keepsFromUs: true},
	Prefix + "late_captured":     {state: Captured, delay: lateDelay},
	Prefix + "refund_refused":    {state: Approved, refuseRefunds: forever},
	Prefix + "refund_refused_1h": {state: Approved, refuseRefunds: refundsAfter},
}

// reasonDeclined is why pm_test_declined is.
const reasonDeclined = "card_declined"

// Operation is one of the provider's calls.
type Operation uint8

// The operations.
const (
	Authorize Operation = iota + 1
	Capture
	Void
	RefundMoney
	Lookup
)

// Faults breaks calls, for tests and simulations only. Both may block for a while, until ctx ends, to be a delay.
type Faults interface {
	// Before runs before anything is done. Its error is the caller's answer: payment.ErrNotSent, or
	// payment.ErrUnknownOutcome for a request that was lost on its way.
	Before(ctx context.Context, op Operation, id uid.ID) error
	// After runs when the effect is durable. Its error takes the place of the answer: payment.ErrUnknownOutcome.
	After(ctx context.Context, op Operation, id uid.ID) error
}

// Deps is what the sandbox needs.
type Deps struct {
	Store  Store
	Clock  clock.Clock // nil: the machine's
	Faults Faults      // nil: none
}

// Provider is the sandbox.
type Provider struct {
	store  Store
	clock  clock.Clock
	faults Faults
}

var _ payment.Provider = (*Provider)(nil)

// New makes the sandbox. It starts nothing.
func New(d Deps) *Provider {
	if d.Store == nil {
		panic("sandbox: no store")
	}
	if d.Clock == nil {
		d.Clock = clock.System{}
	}
	return &Provider{store: d.Store, clock: d.Clock, faults: d.Faults}
}

// Name is "sandbox".
func (p *Provider) Name() string { return Name }

// Accepts takes the tokens of the package comment.
func (p *Provider) Accepts(method string) error {
	if _, ok := tokens[method]; !ok {
		return payment.MethodUnknown()
	}
	return nil
}

func (p *Provider) now() time.Time { return p.clock.Now().UTC().Truncate(time.Microsecond) }

// around runs work between the faults.
func (p *Provider) around(ctx context.Context, op Operation, id uid.ID, work func() error) error {
	if p.faults == nil {
		return work()
	}
	if err := p.faults.Before(ctx, op, id); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return p.faults.After(ctx, op, id)
}

// do carries out a call once: a key that was used gives the answer of the first time. rule says what the call does to
// what is known; it leaves the call's own record to do.
func (p *Provider) do(ctx context.Context, call Call, rule func(File) (*Update, error)) (payment.Outcome, error) {
	var outcome payment.Outcome
	err := p.around(ctx, call.Operation, call.Payment, func() error {
		return p.store.Change(ctx, call.Payment, call.Key, func(f File) (*Update, error) {
			if f.Call != nil {
				first := *f.Call
				outcome = first.Outcome
				first.Outcome, first.CreatedAt = 0, time.Time{}
				if first != call {
					return nil, &payment.Refusal{Reason: "idempotency_key_reused"}
				}
				return nil, nil
			}
			u, err := rule(f)
			if err != nil {
				return nil, err
			}
			done := call
			done.CreatedAt = p.now()
			done.Outcome = f.apply(*u).outcome(done.CreatedAt)
			outcome, u.Call = done.Outcome, &done
			return u, nil
		})
	})
	return outcome, err
}

// apply is the file after an update.
func (f File) apply(u Update) File {
	if u.Authorization != nil {
		f.Authorization = u.Authorization
	}
	return f
}

// outcome is how an authorization stands at an instant.
func (f File) outcome(now time.Time) payment.Outcome {
	a := f.Authorization
	if a == nil {
		return payment.OutcomeUnheard
	}
	if now.Before(a.DecidedAt) {
		return payment.OutcomePending
	}
	switch a.State {
	case Approved:
		return payment.OutcomeApproved
	case Declined:
		return payment.OutcomeDeclined
	case Captured:
		return payment.OutcomeCaptured
	case Voided:
		return payment.OutcomeVoided
	}
	panic(fmt.Sprintf("sandbox: authorization in state %d", a.State))
}

func report(outcome payment.Outcome) payment.Report {
	r := payment.Report{Outcome: outcome}
	if outcome == payment.OutcomeDeclined {
		r.Reason = reasonDeclined
	}
	return r
}

// refusal is why nothing but the wanted outcome will do.
func refusal(outcome payment.Outcome) error {
	reason := ""
	switch outcome {
	case payment.OutcomeUnheard:
		reason = "authorization_unknown"
	case payment.OutcomePending:
		reason = "authorization_pending"
	case payment.OutcomeApproved:
		reason = "not_captured"
	case payment.OutcomeDeclined:
		reason = "authorization_declined"
	case payment.OutcomeCaptured:
		reason = "authorization_captured"
	case payment.OutcomeVoided:
		reason = "authorization_voided"
	}
	return &payment.Refusal{Reason: reason}
}

// nothing is the amount of what has none.
var nothing money.Amount
