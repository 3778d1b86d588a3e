package payment

import (
	"bytes"
	"context"
	"slices"

	"holdfast/uid"
)

// Resolve asks the provider for the outcome of a Pending payment and records it. It also ends a void or capture that was
// asked for and whose answer was lost. What the provider has never heard of is Declined (never_arrived) once it is
// older than NeverArrived, after the provider promised not to approve it any more.
//
// Reasons: payment_not_found, payment_provider_unavailable.
func (c *Core) Resolve(ctx context.Context, id uid.ID) (Payment, error) {
	r, err := c.store.Payment(ctx, id)
	if err != nil {
		return Payment{}, err
	}
	return answer(c.settle(ctx, r, false))
}

// Payment reads one payment.
func (c *Core) Payment(ctx context.Context, id uid.ID) (Payment, error) {
	return answer(c.store.Payment(ctx, id))
}

// Payments reads all payments and refunds of a reservation, oldest first.
func (c *Core) Payments(ctx context.Context, reservation uid.ID) ([]Payment, []Refund, error) {
	records, refunds, err := c.store.Payments(ctx, reservation)
	if err != nil {
		return nil, nil, err
	}
	payments := make([]Payment, len(records))
	for i, r := range records {
		payments[i] = r.Payment
	}
	return payments, refunds, nil
}

// Balances gives the ledger's word on the reservations, each named once however often it is asked for.
func (c *Core) Balances(ctx context.Context, reservations []uid.ID) ([]Balance, error) {
	once := slices.SortedFunc(slices.Values(reservations), func(a, b uid.ID) int { return bytes.Compare(a[:], b[:]) })
	return c.store.Balances(ctx, slices.Compact(once))
}
