package reservation

import (
	"context"
	"time"
)

// follower reads the outbox for what other processes have committed and tells the watchers. Streams are read by
// number without gaps, so a commit that comes late is never passed.
type follower struct {
	core *Core
	at   Positions
}

const (
	followEvery = 100 * time.Millisecond
	followBatch = 500
)

// newFollower starts at the streams' present end: whoever watches takes a snapshot after that.
func (c *Core) newFollower(ctx context.Context) (*follower, error) {
	at, err := c.store.Streams(ctx)
	return &follower{core: c, at: at}, err
}

func (f *follower) run(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := f.catchUp(ctx); err != nil && ctx.Err() == nil {
			f.core.log.Warn("following the outbox", "error", err)
		}
	}
}

func (f *follower) catchUp(ctx context.Context) error {
	last, err := f.core.store.Streams(ctx)
	if err != nil {
		return err
	}
	for stream, end := range last {
		for f.at[stream] < end {
			events, err := f.core.store.Events(ctx, stream, f.at[stream], followBatch)
			if err != nil {
				return err
			}
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				if err := f.apply(ctx, e); err != nil {
					return err
				}
				f.at[stream] = e.N
			}
		}
	}
	return nil
}

func (f *follower) apply(ctx context.Context, e Event) error {
	switch e.Type {
	case stockChanged:
		rows, err := DecodeSlots(e.Data)
		if err != nil {
			return err
		}
		f.core.early.freed(rows)
		f.core.watchers.tell(rows)
	case offersRevoked:
		return f.core.loadRevocations(ctx)
	}
	return nil
}
