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
	for {
		more := c.sweepOnce(ctx, DueHolds, expireCommand)
		more = c.sweepOnce(ctx, DueEnds, deliverCommand) || more
		if now := c.clock.Now(); now.Sub(pruned) >= pruneEvery {
			pruned = now
			if _, err := c.store.Prune(ctx, now.Add(-c.settings.KeyLife), now.Add(-batchLife), pruneBatch); err != nil && ctx.Err() == nil {
				c.log.Warn("pruning", "error", err)
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
func (c *Core) sweepOnce(ctx context.Context, what DueKind, toCommand func(uid.ID) *command) (more bool) {
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
	return len(ids) == sweepBatch && !failed
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
