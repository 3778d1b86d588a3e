package payment

import (
	"context"
	"errors"

	"holdfast/fault"
	"holdfast/money"
)

// Authorize sets the amount aside. The row is written first; a call that finds it there already asks the provider what
// became of it before it sends anything, so that one payment never has two authorizations.
//
// Reasons: payment_method_unknown, card_number_refused, payment_amount_invalid, payment_id_missing (422),
// idempotency_key_reused (422) for an id that was used for another payment, payment_provider_unavailable (503; the
// payment is Pending, and asking again with the same id goes on with it).
func (c *Core) Authorize(ctx context.Context, q Request) (Payment, error) {
	if err := q.check(); err != nil {
		return Payment{}, err
	}
	p, err := c.provider(q.Method)
	if err != nil {
		return Payment{}, err
	}
	now := c.now()
	nothing := money.Of(0, q.Amount.Currency)
	r, fresh, err := c.store.Begin(ctx, Record{
		Payment: Payment{
			ID: q.ID, Reservation: q.Reservation, Amount: q.Amount, Method: q.Method, Status: Pending,
			Refunded: nothing, CreatedAt: now, UpdatedAt: now,
		},
		Provider: p.Name(), Goal: GoalAuthorize, Refunding: nothing,
	})
	if err != nil {
		return Payment{}, err
	}
	if !fresh {
		if r.Reservation != q.Reservation || r.Amount != q.Amount || r.Method != q.Method {
			return Payment{}, reused()
		}
		return answer(c.settle(ctx, r, true))
	}
	report, _, err := c.authorize(ctx, p, r)
	if errors.Is(err, ErrUnknownOutcome) {
		return r.Payment, nil // Pending says it
	}
	if err != nil {
		return Payment{}, err
	}
	if r, err = c.learn(ctx, r.ID, report); err != nil {
		return Payment{}, err
	}
	if r.Goal != GoalAuthorize { // somebody asked to void it meanwhile, and may be waiting for this
		return answer(c.settle(ctx, r, false))
	}
	return r.Payment, nil
}

func (q Request) check() error {
	if q.ID.IsZero() || q.Reservation.IsZero() {
		return idMissing()
	}
	return checkAmount(q.Amount)
}

func checkAmount(a money.Amount) error {
	if _, err := money.ParseCurrency(string(a.Currency)); err != nil || a.Minor <= 0 {
		return fault.InvalidField("/amount", "payment_amount_invalid", "The amount must be more than nothing, in a currency of ISO 4217.")
	}
	return nil
}

func idMissing() error {
	return fault.InvalidField("/id", "payment_id_missing", "The ids of the payment and of what it is for must be given.")
}

func reused() error {
	return fault.New(fault.Invalid, "idempotency_key_reused", "This id was used before, with other contents.")
}

// answer is what the caller is given of a record: nothing beside an error.
func answer(r Record, err error) (Payment, error) {
	if err != nil {
		return Payment{}, err
	}
	return r.Payment, nil
}
