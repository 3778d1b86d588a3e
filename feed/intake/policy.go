package intake

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// policies are how partners that are ill are treated: a try that failed is repeated after a wait that doubles, and
// after some failed tries in a row the partner is left alone for a while, whoever asks. Each partner has a breaker of
// its own; it is of this process, while the time of the next pull, which takes it into account, is in the store.
type policies struct {
	settings Settings
	mu       sync.Mutex
	breakers map[string]circuitbreaker.CircuitBreaker[*fetched]
}

func newPolicies(s Settings) *policies {
	return &policies{settings: s, breakers: map[string]circuitbreaker.CircuitBreaker[*fetched]{}}
}

const (
	longestWait = time.Minute // between two tries of a pull
	jitter      = 0.25        // share by which a wait differs
)

func ill(_ *fetched, err error) bool {
	f, ok := errors.AsType[*fetchError](err)
	return ok && f.ill
}

func (p *policies) breaker(partner string) circuitbreaker.CircuitBreaker[*fetched] {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.breakers[partner]
	if b == nil {
		b = circuitbreaker.NewBuilder[*fetched]().HandleIf(ill).
			WithFailureThreshold(uint(p.settings.BreakerAfter)).WithSuccessThreshold(1).
			WithDelay(p.settings.BreakerRest).WithJitterFactor(jitter).Build()
		p.breakers[partner] = b
	}
	return b
}

// forget lets go of a partner's breaker.
func (p *policies) forget(partner string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.breakers, partner)
}

// rest is how long a partner is to be left alone.
func (p *policies) rest(partner string) time.Duration {
	p.mu.Lock()
	b := p.breakers[partner]
	p.mu.Unlock()
	if b == nil {
		return 0
	}
	return b.RemainingDelay()
}

// try asks until there is an answer or no sense in asking again.
func (p *policies) try(ctx context.Context, partner string, ask func() (*fetched, error)) (*fetched, error) {
	retry := retrypolicy.NewBuilder[*fetched]().HandleIf(ill).ReturnLastFailure().
		WithMaxAttempts(p.settings.Tries).WithBackoff(p.settings.FirstWait, max(longestWait, 2*p.settings.FirstWait)).WithJitterFactor(jitter).
		AbortIf(func(_ *fetched, err error) bool { // who asks to wait longer than a try does is asked again when the feed is due
			f, ok := errors.AsType[*fetchError](err)
			return ok && f.after > longestWait
		}).Build()
	var last error
	got, err := failsafe.With[*fetched](retry, p.breaker(partner)).WithContext(ctx).Get(func() (*fetched, error) {
		got, err := ask()
		if err != nil {
			last = err
		}
		return got, err
	})
	if errors.Is(err, circuitbreaker.ErrOpen) {
		if last != nil {
			return nil, last // the breaker opened between two tries: why says more
		}
		return nil, &fetchError{code: "resting", message: "The partner's server failed too often; it is left alone for a while.", cause: err}
	}
	return got, err
}
