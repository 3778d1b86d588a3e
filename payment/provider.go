package payment

import (
	"context"
	"errors"
	"fmt"

	"holdfast/uid"
)

// Outcome is what a provider says about an authorization.
type Outcome uint8

// What a provider can say.
const (
	OutcomeUnheard  Outcome = iota + 1 // it never got to know of it
	OutcomePending                     // it has not decided yet
	OutcomeApproved                    // the money is set aside
	OutcomeDeclined
	OutcomeCaptured
	OutcomeVoided
)

// Report is a provider's word on one authorization.
type Report struct {
	Outcome Outcome
	Reason  string         // why it was declined, stable snake_case
	Refunds []RefundReport // what it knows of refunds; only Lookup has to fill it
}

// RefundReport is a provider's word on one refund.
type RefundReport struct {
	ID     uid.ID
	Status RefundStatus
}

// Provider is a company that moves money. It knows authorizations and refunds by our ids.
//
// Every call that changes something carries an idempotency key: the same key again has the effect once and gives the
// first answer. Errors: *Refusal when the provider will not do it in the state things are in, ErrNotSent when the call
// certainly did not reach it, ErrUnknownOutcome when the answer was lost. Any other error is taken as the last.
type Provider interface {
	// Name is part of the names of its accounts ("sandbox"); it never changes, because stored payments bear it.
	Name() string
	// Accepts refuses, without asking anybody, a method that this provider does not know: *fault.Error
	// payment_method_unknown. It must not repeat the method in the error.
	Accepts(method string) error
	// Authorize sets the amount aside. After a Void of an id it had not heard of, it answers OutcomeVoided.
	Authorize(ctx context.Context, key string, r Request) (Report, error)
	// Capture takes the whole of an approved authorization. A *Refusal means that it never will.
	Capture(ctx context.Context, key string, payment uid.ID) (Report, error)
	// Void lets an approved authorization go. For an id it has never heard of it makes sure that an Authorize still on its
	// way will not be approved.
	Void(ctx context.Context, key string, payment uid.ID) (Report, error)
	// Refund returns part or all of what was captured. A *Refusal means that it never will.
	Refund(ctx context.Context, key string, r RefundRequest) (RefundStatus, error)
	// Lookup tells how an authorization and its refunds stand; it changes nothing. Of what it has never heard it says
	// OutcomeUnheard, not an error.
	Lookup(ctx context.Context, payment uid.ID) (Report, error)
}

var (
	// ErrUnknownOutcome: the call was sent and its answer lost; it may have taken effect or not.
	ErrUnknownOutcome = errors.New("the provider's answer was lost")
	// ErrNotSent: the call did not reach the provider, so nothing was done.
	ErrNotSent = errors.New("the provider cannot be reached")
)

// Refusal is a provider's refusal of a call because of the state things are in. Nothing was done.
type Refusal struct {
	Reason string // stable snake_case
}

func (r *Refusal) Error() string { return fmt.Sprintf("the provider refused: %s", r.Reason) }

// The idempotency keys of the calls about one payment.
func authorizeKey(id uid.ID) string { return id.Text(paymentPrefix) + ":authorize" }
func captureKey(id uid.ID) string   { return id.Text(paymentPrefix) + ":capture" }
func voidKey(id uid.ID) string      { return id.Text(paymentPrefix) + ":void" }
func refundKey(id uid.ID) string    { return id.Text(refundPrefix) + ":refund" }
