package reservation

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/uid"
)

const (
	sweepEvery = time.Second // a lapsed hold is swept within seconds; reads treat it as expired at once
	sweepBatch = 512
	pruneEvery = 10 * time.Minute
	pruneBatch = 5000
	batchLife  = time.Hour // how long an unknown commit can be looked up
)

// sweep gives lapsed holds back and completes what has been delivered, behind live commands, until ctx ends.
func (c *Core) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var pruned time.Time
	last := map[DueKind]uid.ID{} // what came first the time before: what is still there has not moved, and is not asked for at once
	for {
		more := c.sweepOnce(ctx, DueHolds, expireCommand, last)
		more = c.sweepOnce(ctx, DueEnds, deliverCommand, last) || more
		if now := c.clock.Now(); now.Sub(pruned) >= pruneEvery {
			gone, err := c.store.Prune(ctx, now.Add(-c.settings.KeyLife), now.Add(-batchLife), now.Add(-c.settings.longestWindow()), pruneBatch)
			if err != nil && ctx.Err() == nil {
				c.log.Warn("pruning", "error", err)
			}
			if err != nil || gone < pruneBatch {
				pruned = now // else there may be more: next time round
			}
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweepOnce puts everything that is due on the desk and waits for it; it reports whether there may be more.
func (c *Core) sweepOnce(ctx context.Context, what DueKind, toCommand func(uid.ID) *command, last map[DueKind]uid.ID) (more bool) {
	if ctx.Err() != nil {
		return false
	}
	ids, err := c.store.Due(ctx, what, c.clock.Now(), sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("sweeping", "error", err)
		}
		return false
	}
	failed := c.each(ctx, ids, toCommand)
	if len(ids) == 0 {
		return false
	}
	moved := ids[0] != last[what]
	last[what] = ids[0]
	return len(ids) == sweepBatch && !failed && moved
}

// longestWindow is how long lapses must be remembered.
func (s *Settings) longestWindow() time.Duration {
	longest := s.Caps.LapseWindow
	for _, caps := range s.SupplierCaps {
		longest = max(longest, caps.LapseWindow)
	}
	return longest
}

// each runs one bulk command per id at once, and waits for all.
func (c *Core) each(ctx context.Context, ids []uid.ID, toCommand func(uid.ID) *command) (failed bool) {
	var answers errgroup.Group
	for _, id := range ids {
		answers.Go(func() error { return c.desk.doBulk(ctx, toCommand(id)) })
	}
	if err := answers.Wait(); err != nil {
		if ctx.Err() == nil {
			c.log.Warn("sweeping", "error", err)
		}
		return true
	}
	return false
}
