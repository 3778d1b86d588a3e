package intake

import (
	"context"
	"time"
)

// pace lets one delivery of updates at a time work, and rest between its parts and before the next one begins. Hundreds of
// partners come at the same instant, while live calls go on all the time: an update may wait for a minute, a search may not.
type pace struct {
	share float64
	turn  chan struct{} // holds one token while nobody works
	since time.Time     // when the work began that has not been rested from; whoever has the turn reads and moves it
	owed  time.Duration // rest before the next work
}

// longestRest bounds one rest: work that took long was waiting for something.
const longestRest = 2 * time.Second

func newPace(share float64) *pace {
	p := &pace{share: share, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// begin waits for the turn and takes the rest that is owed. done gives the turn back.
func (p *pace) begin(ctx context.Context) (done func(), err error) {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := p.take(ctx); err != nil {
		p.turn <- struct{}{}
		return nil, err
	}
	return func() {
		p.owe()
		p.turn <- struct{}{}
	}, nil
}

// rest is for whoever has the turn, between two parts of the work.
func (p *pace) rest(ctx context.Context) error {
	p.owe()
	return p.take(ctx)
}

// owe adds what the work since the last rest has earned.
func (p *pace) owe() {
	p.owed = min(longestRest, time.Duration(float64(time.Since(p.since))*(1/p.share-1)))
}

// take rests. A rest that is broken off is still owed, less what there was of it.
func (p *pace) take(ctx context.Context) error {
	defer func() { p.since = time.Now() }()
	if p.owed <= 0 {
		return nil
	}
	began := time.Now()
	timer := time.NewTimer(p.owed)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.owed = 0
		return nil
	case <-ctx.Done():
		p.owed -= time.Since(began)
		return context.Cause(ctx)
	}
}
