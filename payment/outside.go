package payment

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/fault"
)

// MaxReference bounds the reference of a refund paid outside, in bytes.
const MaxReference = 200

// CheckReference refuses with reference_invalid (422) what cannot be the reference of a refund paid outside: nothing,
// too much, or what does not fit on a line.
func CheckReference(reference string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if strings.TrimSpace(reference) == "" || len(reference) > MaxReference || !utf8.ValidString(reference) || strings.ContainsFunc(reference, control) {
		return fault.InvalidField("/reference", "reference_invalid",
			"Say where the payment can be found, e.g. the number of the bank transfer, in one line of 1 to %d bytes.", MaxReference)
	}
	return nil
}

// RefundOutside records a refund that staff paid by other means, under the id of the refund that the provider refused, or
// a new one. Nobody is asked; the ledger takes it from OutsideAccount. One that the provider has paid in truth comes back
// as it is.
//
// Reasons: payment_not_found, payment_id_missing, payment_amount_invalid, reference_invalid,
// idempotency_key_reused (the id was used for another refund, or with another reference), payment_state (not captured, or
// that refund is still under way), refund_exceeds_payment.
func (c *Core) RefundOutside(ctx context.Context, q RefundRequest, reference string) (Refund, error) {
	if q.ID.IsZero() || q.Payment.IsZero() {
		return Refund{}, idMissing()
	}
	if err := checkAmount(q.Amount); err != nil {
		return Refund{}, err
	}
	if err := CheckReference(reference); err != nil {
		return Refund{}, err
	}
	now := c.now()
	row, err := c.store.Change(ctx, Key{q.Payment, q.ID}, func(r Record, f *Refund) (*Change, error) {
		return r.refundedOutside(q, f, reference, now)
	})
	if err != nil {
		return Refund{}, err
	}
	return *row.Refund, nil
}

// refundedOutside is the payment with a refund that was paid outside, or why it cannot be; nil: it is recorded already.
func (r Record) refundedOutside(q RefundRequest, f *Refund, reference string, now time.Time) (*Change, error) {
	if f != nil {
		switch {
		case f.Payment != q.Payment || f.Amount != q.Amount, f.Status == RefundSucceeded && f.Reference != "" && f.Reference != reference:
			return nil, reused()
		case f.Status == RefundSucceeded:
			return nil, nil
		case f.Status == RefundPending:
			return nil, fault.New(fault.Conflict, "payment_state", "The provider has not said yet whether it pays this refund.").
				With("status", f.Status.String())
		}
	}
	begun, err := r.refunding(q, now) // the same limits as for any refund
	if err != nil {
		return nil, err
	}
	done := *begun.Refund
	if f != nil {
		done.CreatedAt = f.CreatedAt
	}
	done.Reference = reference
	change := begun.Record.refunded(done, RefundSucceeded, now)
	return change, nil
}
