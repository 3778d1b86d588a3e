package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/uid"
)

const (
	// providerTimeout bounds one call to a provider; past it the outcome is unknown.
	providerTimeout = 30 * time.Second
	// recordTimeout bounds writing down what a provider said, which goes on when the caller has gone.
	recordTimeout = 10 * time.Second
	// maxSteps bounds the calls to a provider in one call to us: look up, authorize, capture or void, and one to spare.
	maxSteps = 4
	// providerRetryAfter and storeRetryAfter are when trying again makes sense.
	providerRetryAfter = 5 * time.Second
	storeRetryAfter    = time.Second
)

// Deps is what the service needs.
type Deps struct {
	Store Store
	// Providers by the prefix of the methods they take ("pm_test_"); of several that fit, the longest counts. Every
	// prefix begins with "pm_". A provider must stay known as long as it has payments that have not ended.
	Providers map[string]Provider
	Clock     clock.Clock  // nil: the machine's
	Logger    *slog.Logger // nil: nothing is logged
}

// Core is the Service on a Store.
type Core struct {
	store    Store
	prefixes []string // longest first
	byPrefix map[string]Provider
	byName   map[string]Provider
	clock    clock.Clock
	log      *slog.Logger
}

var _ Service = (*Core)(nil)

// New makes the service. It starts nothing and asks nobody; wrong wiring panics.
func New(d Deps) *Core {
	c := &Core{
		store: d.Store, byPrefix: maps.Clone(d.Providers), byName: map[string]Provider{},
		clock: d.Clock, log: d.Logger,
	}
	if c.store == nil {
		panic("payment: no store")
	}
	if c.clock == nil {
		c.clock = clock.System{}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	for prefix, p := range d.Providers {
		if other, ok := c.byName[p.Name()]; !strings.HasPrefix(prefix, methodPrefix) || ok && other != p {
			panic(fmt.Sprintf("payment: provider %s for prefix %q", p.Name(), prefix))
		}
		c.byName[p.Name()] = p
		c.prefixes = append(c.prefixes, prefix)
	}
	slices.SortFunc(c.prefixes, func(a, b string) int { return len(b) - len(a) })
	return c
}

// now has the precision that every store keeps.
func (c *Core) now() time.Time { return c.clock.Now().UTC().Truncate(time.Microsecond) }

// Accepts refuses a method that no provider takes, asking nobody; the error does not repeat it.
func (c *Core) Accepts(method string) error {
	_, err := c.provider(method)
	return err
}

// provider finds who takes a method.
func (c *Core) provider(method string) (Provider, error) {
	if err := CheckMethod(method); err != nil {
		return nil, err
	}
	for _, prefix := range c.prefixes {
		if strings.HasPrefix(method, prefix) && len(method) <= maxMethod {
			p := c.byPrefix[prefix]
			return p, p.Accepts(method)
		}
	}
	return nil, MethodUnknown()
}

// named finds the provider that has a payment.
func (c *Core) named(r Record) (Provider, error) {
	if p, ok := c.byName[r.Provider]; ok {
		return p, nil
	}
	return nil, fault.Wrap(fmt.Errorf("payment %s is with provider %q, which is not configured", r.ID.Text(paymentPrefix), r.Provider), "find provider")
}

// settle asks the provider about r, step by step, until r stands where it was to be or nothing more can be had now, and
// writes down each answer before it asks on. again allows to send an authorization that the provider has not heard of.
// r is returned as it is stored, also beside an error.
func (c *Core) settle(ctx context.Context, r Record, again bool) (Record, error) {
	p, err := c.named(r)
	if err != nil {
		return r, err
	}
	for range maxSteps {
		var report Report
		var refusal *Refusal
		switch s := r.next(); s {
		case stepNone:
			return r, nil
		case stepLookup:
			report, refusal, err = c.arrived(ctx, p, r, again)
		case stepCapture, stepVoid:
			report, refusal, err = c.call(ctx, p, r, s)
		}
		if err != nil {
			if errors.Is(err, ErrUnknownOutcome) {
				return r, nil // a state, not an error: the row says what is still to be found out
			}
			return r, err
		}
		before := r
		if r, err = c.learn(ctx, r.ID, report); err != nil {
			return before, err
		}
		if refusal != nil && r.next() != stepNone {
			return c.refused(ctx, r, refusal)
		}
		if r.Status == before.Status { // the provider has no outcome yet
			return r, nil
		}
	}
	return r, nil
}

// arrived looks a pending payment up. What the provider has never heard of is voided where nobody waits for it any more,
// or sent again.
func (c *Core) arrived(ctx context.Context, p Provider, r Record, again bool) (Report, *Refusal, error) {
	report, err := c.lookup(ctx, p, r.ID)
	switch {
	case err != nil || report.Outcome != OutcomeUnheard:
		return report, nil, err
	case r.Goal == GoalVoid || c.now().Sub(r.CreatedAt) > NeverArrived:
		return c.call(ctx, p, r, stepVoid)
	case again:
		return c.authorize(ctx, p, r)
	}
	return report, nil, nil
}

// authorize sends an authorization.
func (c *Core) authorize(ctx context.Context, p Provider, r Record) (Report, *Refusal, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	report, err := p.Authorize(ctx, authorizeKey(r.ID), Request{ID: r.ID, Reservation: r.Reservation, Amount: r.Amount, Method: r.Method})
	report, refusal, err := c.weigh(ctx, p, r, "authorize", report, err)
	if refusal != nil && report.Outcome == OutcomeUnheard { // it will never take it: that is a decline
		report = Report{Outcome: OutcomeDeclined, Reason: refusal.Reason}
	}
	return report, refusal, err
}

// call captures or voids.
func (c *Core) call(ctx context.Context, p Provider, r Record, s step) (Report, *Refusal, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	if s == stepCapture {
		report, err := p.Capture(ctx, captureKey(r.ID), r.ID)
		return c.weigh(ctx, p, r, "capture", report, err)
	}
	report, err := p.Void(ctx, voidKey(r.ID), r.ID)
	return c.weigh(ctx, p, r, "void", report, err)
}

// weigh makes of a provider's answer what is known: a refusal and a lost answer are followed by one look-up, because
// both leave open how things stand. The error is nil, ErrUnknownOutcome or a fault.
func (c *Core) weigh(ctx context.Context, p Provider, r Record, what string, report Report, err error) (Report, *Refusal, error) {
	if err == nil {
		return report, nil, nil
	}
	if errors.Is(err, ErrNotSent) {
		return Report{}, nil, unavailable(err)
	}
	refusal, _ := errors.AsType[*Refusal](err)
	c.log.LogAttrs(ctx, slog.LevelWarn, "payment provider did not do as asked", slog.String("asked", what),
		slog.String("payment", r.ID.Text(paymentPrefix)), slog.String("provider", r.Provider), slog.Any("error", err))
	report, err = c.lookup(ctx, p, r.ID)
	if err != nil {
		return Report{}, nil, ErrUnknownOutcome
	}
	return report, refusal, nil
}

// lookup asks how things stand. The error is ErrUnknownOutcome or payment_provider_unavailable.
func (c *Core) lookup(ctx context.Context, p Provider, id uid.ID) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	report, err := p.Lookup(ctx, id)
	if errors.Is(err, ErrNotSent) {
		return Report{}, unavailable(err)
	}
	if err != nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "payment provider could not be asked", slog.String("payment", id.Text(paymentPrefix)),
			slog.String("provider", p.Name()), slog.Any("error", err))
		return Report{}, ErrUnknownOutcome
	}
	return report, nil
}

// learn writes down what a provider said. It goes on when the caller has gone: what is known must not be lost.
func (c *Core) learn(ctx context.Context, id uid.ID, report Report) (Record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	now := c.now()
	row, err := c.store.Change(ctx, Key{Payment: id}, func(r Record, _ *Refund) (*Change, error) {
		if change, ok := r.learned(report, now); ok {
			return &change, nil
		}
		return nil, nil
	})
	return row.Record, err
}

// refused ends a step that the provider will not take although the payment still stands as it did. The goal is dropped,
// so that another one may be tried.
func (c *Core) refused(ctx context.Context, r Record, refusal *Refusal) (Record, error) {
	goal, now := r.Goal, c.now()
	if r.Status == Authorized {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
		defer cancel()
		row, err := c.store.Change(ctx, Key{Payment: r.ID}, func(r Record, _ *Refund) (*Change, error) {
			if r.Status != Authorized || r.Goal != goal {
				return nil, nil
			}
			r.Goal, r.UpdatedAt = GoalAuthorize, now
			return &Change{Record: r}, nil
		})
		if err != nil {
			return r, err
		}
		r = row.Record
		return r, fault.New(fault.Conflict, "payment_state", "The payment provider refused to %s the payment.", goal).
			With("status", r.Status.String()).With("reason", cleanReason(refusal.Reason)).Because(refusal)
	}
	return r, nil
}

// aim writes down the goal before the provider is asked.
func (c *Core) aim(ctx context.Context, id uid.ID, goal Goal) (Record, error) {
	now := c.now()
	row, err := c.store.Change(ctx, Key{Payment: id}, func(r Record, _ *Refund) (*Change, error) {
		r, changed, err := r.aimed(goal, now)
		if err != nil || !changed {
			return nil, err
		}
		return &Change{Record: r}, nil
	})
	return row.Record, err
}

// unavailable is payment_provider_unavailable.
func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "payment_provider_unavailable",
		"The payment provider cannot be reached right now. Nothing was done; try again.").RetryIn(providerRetryAfter).Because(cause)
}
