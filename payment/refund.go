package payment

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// Refund returns part or all of a Captured payment. A refund that comes back RefundPending has no known outcome yet:
// asking again with its id finds it out. What is pending counts against what is left.
//
// Reasons: payment_not_found, payment_id_missing, payment_amount_invalid, idempotency_key_reused, payment_state,
// refund_exceeds_payment, payment_provider_unavailable (the refund is RefundPending, and asking again goes on with it).
func (c *Core) Refund(ctx context.Context, q RefundRequest) (Refund, error) {
	if q.ID.IsZero() || q.Payment.IsZero() {
		return Refund{}, idMissing()
	}
	if err := checkAmount(q.Amount); err != nil {
		return Refund{}, err
	}
	now := c.now()
	var fresh bool
	row, err := c.store.Change(ctx, Key{q.Payment, q.ID}, func(r Record, f *Refund) (*Change, error) {
		if f != nil {
			if f.Payment != q.Payment || f.Amount != q.Amount {
				return nil, reused()
			}
			fresh = false // when this is a second try, somebody else may have begun it: ask first
			return nil, nil
		}
		fresh = true
		return r.refunding(q, now)
	})
	if err != nil {
		return Refund{}, err
	}
	if row.Refund.Status != RefundPending {
		return *row.Refund, nil
	}
	p, err := c.named(row.Record)
	if err != nil {
		return Refund{}, err
	}
	status, err := c.payBack(ctx, p, q, fresh)
	if err != nil {
		if errors.Is(err, ErrUnknownOutcome) {
			return *row.Refund, nil // RefundPending says it
		}
		return Refund{}, err
	}
	return c.endRefund(ctx, q, status)
}

// refunding is the payment with a refund begun, or why it cannot have it.
func (r Record) refunding(q RefundRequest, now time.Time) (*Change, error) {
	if r.Status != Captured {
		return nil, fault.New(fault.Conflict, "payment_state", "The payment is %s; only what was captured can be refunded.", r.Status).
			With("status", r.Status.String())
	}
	if q.Amount.Currency != r.Amount.Currency {
		return nil, fault.InvalidField("/amount", "payment_amount_invalid", "The payment was made in %s.", r.Amount.Currency)
	}
	// What is left never overflows, whereas a sum with a hostile amount could.
	if left := r.Amount.Sub(r.Refunded).Sub(r.Refunding); q.Amount.Minor > left.Minor {
		return nil, fault.New(fault.Conflict, "refund_exceeds_payment", "Only %s of the payment are left to be refunded.", left).
			With("left", left.Decimal()).With("currency", string(left.Currency))
	}
	c := Change{Record: r, Refund: &Refund{ID: q.ID, Payment: r.ID, Amount: q.Amount, Status: RefundPending, CreatedAt: now}}
	c.Record.Refunding = r.Refunding.Add(q.Amount)
	c.Record.UpdatedAt = now
	return &c, nil
}

// refunded is the payment after the outcome of a refund; nil when there is nothing new.
func (r Record) refunded(f Refund, status RefundStatus, now time.Time) *Change {
	if f.Status != RefundPending || status == RefundPending {
		return nil
	}
	f.Status = status
	c := Change{Record: r, Refund: &f}
	c.Record.Refunding = r.Refunding.Sub(f.Amount)
	if status == RefundSucceeded {
		c.Record.Refunded = r.Refunded.Add(f.Amount)
		c.Entries = []Entry{returned(r, f, now)}
	}
	c.Record.UpdatedAt = now
	return &c
}

// payBack asks the provider, which is asked first what became of a refund that did not begin just now. The error is
// ErrUnknownOutcome or a fault.
func (c *Core) payBack(ctx context.Context, p Provider, q RefundRequest, fresh bool) (RefundStatus, error) {
	if !fresh {
		report, err := c.lookup(ctx, p, q.Payment)
		if err != nil {
			return 0, err
		}
		if status := report.refund(q.ID); status != 0 {
			return status, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	status, err := p.Refund(ctx, refundKey(q.ID), q)
	if err == nil {
		return status, nil
	}
	if errors.Is(err, ErrNotSent) {
		return 0, unavailable(err)
	}
	c.log.LogAttrs(ctx, slog.LevelWarn, "payment provider did not do as asked", slog.String("asked", "refund"),
		slog.String("payment", q.Payment.Text(paymentPrefix)), slog.String("refund", q.ID.Text(refundPrefix)), slog.Any("error", err))
	report, lookupErr := c.lookup(ctx, p, q.Payment)
	if lookupErr != nil {
		return 0, ErrUnknownOutcome
	}
	if status := report.refund(q.ID); status != 0 {
		return status, nil
	}
	if _, ok := errors.AsType[*Refusal](err); ok {
		return RefundFailed, nil
	}
	return 0, ErrUnknownOutcome
}

// refund is what the report says of one refund; 0: nothing.
func (r Report) refund(id uid.ID) RefundStatus {
	if i := slices.IndexFunc(r.Refunds, func(f RefundReport) bool { return f.ID == id }); i >= 0 {
		return r.Refunds[i].Status
	}
	return 0
}

// endRefund writes down what the provider said, also when the caller has gone.
func (c *Core) endRefund(ctx context.Context, q RefundRequest, status RefundStatus) (Refund, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	now := c.now()
	row, err := c.store.Change(ctx, Key{q.Payment, q.ID}, func(r Record, f *Refund) (*Change, error) {
		return r.refunded(*f, status, now), nil
	})
	if err != nil {
		return Refund{}, err
	}
	return *row.Refund, nil
}

// String is the status in texts and on wires.
func (s RefundStatus) String() string {
	switch s {
	case RefundPending:
		return "pending"
	case RefundSucceeded:
		return "succeeded"
	case RefundFailed:
		return "failed"
	}
	return "invalid"
}
