package payment

import (
	"context"

	"holdfast/uid"
)

// Capture takes an Authorized payment. A payment that comes back still Authorized, without an error, is one whose
// outcome is not known: capture it again later, or Resolve it; a Void is refused until it is known.
//
// Reasons: payment_not_found, payment_state, payment_provider_unavailable.
func (c *Core) Capture(ctx context.Context, id uid.ID) (Payment, error) {
	r, err := c.aim(ctx, id, GoalCapture)
	if err != nil {
		return Payment{}, err
	}
	if r, err = c.settle(ctx, r, false); err != nil {
		return Payment{}, err
	}
	if r.Status != Captured && r.Status != Authorized { // the provider let it go by itself
		return Payment{}, stateFault(r, GoalCapture)
	}
	return r.Payment, nil
}

// Void lets an Authorized payment go. A Pending one is marked and let go as soon as its outcome is known, by this call,
// a later one or Resolve; one that the provider has never heard of is Voided at once. A Declined one stays as it is. A
// payment that comes back Pending or Authorized, without an error, has no known outcome yet.
//
// Reasons: payment_not_found, payment_state (it was captured, or a capture is under way), payment_provider_unavailable.
func (c *Core) Void(ctx context.Context, id uid.ID) (Payment, error) {
	r, err := c.aim(ctx, id, GoalVoid)
	if err != nil {
		return Payment{}, err
	}
	if r, err = c.settle(ctx, r, false); err != nil {
		return Payment{}, err
	}
	if r.Status == Captured { // the provider took it although we never knew
		return Payment{}, stateFault(r, GoalVoid)
	}
	return r.Payment, nil
}
