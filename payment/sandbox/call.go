package sandbox

import (
	"context"

	"holdfast/payment"
	"holdfast/uid"
)

// Authorize does what the token says.
func (p *Provider) Authorize(ctx context.Context, key string, r payment.Request) (payment.Report, error) {
	t, ok := tokens[r.Method]
	if !ok {
		return payment.Report{}, payment.MethodUnknown()
	}
	call := Call{Key: key, Operation: Authorize, Payment: r.ID, Amount: r.Amount}
	outcome, err := p.do(ctx, call, func(f File) (*Update, error) {
		switch {
		case f.Authorization != nil && f.Authorization.Method == "": // voided before it came
			return &Update{}, nil
		case f.Authorization != nil:
			return nil, &payment.Refusal{Reason: "authorization_exists"}
		case r.Amount.Minor <= 0:
			return nil, &payment.Refusal{Reason: "amount_invalid"}
		}
		now := p.now()
		return &Update{Authorization: &Authorization{
			Payment: r.ID, Amount: r.Amount, Method: r.Method, State: t.state, DecidedAt: now.Add(t.delay), CreatedAt: now,
		}}, nil
	})
	if err == nil && t.lost && outcome != payment.OutcomeVoided {
		err = payment.ErrUnknownOutcome
	}
	if err != nil {
		return payment.Report{}, err
	}
	return report(outcome), nil
}

// Capture takes an approved authorization.
func (p *Provider) Capture(ctx context.Context, key string, id uid.ID) (payment.Report, error) {
	outcome, err := p.do(ctx, Call{Key: key, Operation: Capture, Payment: id}, func(f File) (*Update, error) {
		if o := f.outcome(p.now()); o != payment.OutcomeApproved {
			return nil, refusal(o)
		}
		if tokens[f.Authorization.Method].keepsFromUs {
			return nil, &payment.Refusal{Reason: "capture_refused"}
		}
		a := *f.Authorization
		a.State = Captured
		return &Update{Authorization: &a}, nil
	})
	if err != nil {
		return payment.Report{}, err
	}
	return report(outcome), nil
}

// Void lets an approved authorization go, and keeps one that was never heard of from being approved.
func (p *Provider) Void(ctx context.Context, key string, id uid.ID) (payment.Report, error) {
	outcome, err := p.do(ctx, Call{Key: key, Operation: Void, Payment: id}, func(f File) (*Update, error) {
		now := p.now()
		switch o := f.outcome(now); o {
		case payment.OutcomeUnheard:
			return &Update{Authorization: &Authorization{
				Payment: id, Amount: nothing, State: Voided, DecidedAt: now, CreatedAt: now,
			}}, nil
		case payment.OutcomeApproved:
			a := *f.Authorization
			a.State = Voided
			return &Update{Authorization: &a}, nil
		case payment.OutcomePending, payment.OutcomeDeclined, payment.OutcomeCaptured, payment.OutcomeVoided:
			return nil, refusal(o)
		}
		panic("sandbox: unknown outcome")
	})
	if err != nil {
		return payment.Report{}, err
	}
	return report(outcome), nil
}

// Refund pays back at once, never more than was captured.
func (p *Provider) Refund(ctx context.Context, key string, r payment.RefundRequest) (payment.RefundStatus, error) {
	call := Call{Key: key, Operation: RefundMoney, Payment: r.Payment, Refund: r.ID, Amount: r.Amount}
	_, err := p.do(ctx, call, func(f File) (*Update, error) {
		if o := f.outcome(p.now()); o != payment.OutcomeCaptured {
			return nil, refusal(o)
		}
		if a := f.Authorization; p.now().Before(a.CreatedAt.Add(tokens[a.Method].refuseRefunds)) {
			return nil, &payment.Refusal{Reason: "refund_refused"}
		}
		left := f.Authorization.Amount
		for _, earlier := range f.Refunds {
			if earlier.ID == r.ID {
				return nil, &payment.Refusal{Reason: "refund_exists"}
			}
			left = left.Sub(earlier.Amount)
		}
		switch {
		case r.Amount.Minor <= 0 || r.Amount.Currency != left.Currency:
			return nil, &payment.Refusal{Reason: "amount_invalid"}
		case r.Amount.Minor > left.Minor:
			return nil, &payment.Refusal{Reason: "refund_exceeds_capture"}
		}
		return &Update{Refund: &Refund{ID: r.ID, Payment: r.Payment, Amount: r.Amount, CreatedAt: p.now()}}, nil
	})
	if err != nil {
		return 0, err
	}
	return payment.RefundSucceeded, nil
}

// Lookup tells how things stand now.
func (p *Provider) Lookup(ctx context.Context, id uid.ID) (payment.Report, error) {
	var found payment.Report
	err := p.around(ctx, Lookup, id, func() error {
		f, err := p.store.File(ctx, id)
		if err != nil {
			return err
		}
		found = report(f.outcome(p.now()))
		for _, r := range f.Refunds {
			found.Refunds = append(found.Refunds, payment.RefundReport{ID: r.ID, Status: payment.RefundSucceeded})
		}
		return nil
	})
	if err != nil {
		return payment.Report{}, err
	}
	return found, nil
}
