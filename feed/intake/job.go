package intake

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/uid"
)

// job is one run under way.
type job struct {
	status *Status // as it was when the run began
	run    Run
	leased bool // nobody else works on the feed
	began  time.Time
	end    conclusion
}

// claim begins a run that has its feed for itself.
func (c *Core) claim(ctx context.Context, partner string, r Run) (*job, error) {
	r.Partner, r.ID, r.Started, r.Outcome = partner, uid.New(), c.now(), Running
	j := &job{run: r, leased: true, began: time.Now()}
	err := c.transact(ctx, partner, func(now time.Time, s *Status) (Change, error) {
		if s == nil {
			return Change{}, feedNotFound()
		}
		if !s.Run.IsZero() && s.LeaseUntil.After(now) {
			return Change{}, feedBusy()
		}
		if r.Trigger == Scheduled && (s.Due.After(r.Started) || !s.Enabled || s.URL == "") {
			return Change{}, feedBusy() // another process has just dealt with it, or it was changed
		}
		ch := Change{Runs: []Run{r}, Lost: s.Run}
		s.Run, s.LeaseUntil = r.ID, now.Add(c.settings.Lease)
		ch.State, j.status = &s.State, s
		return ch, nil
	})
	return j, err
}

// begin begins a run beside others of its feed: of updates, or one that changes nothing.
func (c *Core) begin(ctx context.Context, partner string, r Run) (*job, error) {
	r.Partner, r.ID, r.Started, r.Outcome = partner, uid.New(), c.now(), Running
	j := &job{run: r, began: time.Now()}
	err := c.transact(ctx, partner, func(_ time.Time, s *Status) (Change, error) {
		if s == nil {
			return Change{}, feedNotFound()
		}
		j.status = s
		return Change{Runs: []Run{r}}, nil
	})
	return j, err
}

// hold renews the lease of a job until release is called. The context ends with the cause errLost when it cannot be
// renewed in time: somebody else may work on the feed then.
func (c *Core) hold(ctx context.Context, j *job) (held context.Context, release func()) {
	held, cancel := context.WithCancelCause(ctx)
	if !j.leased {
		return held, func() { cancel(nil) }
	}
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(c.settings.Lease / 3)
		defer tick.Stop()
		renewed := time.Now()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
			}
			err := c.renew(held, j)
			switch {
			case err == nil:
				renewed = time.Now()
			case errors.Is(err, errLost), time.Since(renewed) >= c.settings.Lease*2/3:
				cancel(lostError(j.run.Partner))
				return
			}
		}
	})
	return held, func() {
		cancel(nil)
		group.Wait()
	}
}

func (c *Core) renew(ctx context.Context, j *job) error {
	ctx, cancel := context.WithTimeout(ctx, c.settings.Lease/3)
	defer cancel()
	return c.transact(ctx, j.run.Partner, func(now time.Time, s *Status) (Change, error) {
		if s == nil || s.Run != j.run.ID {
			return Change{}, errLost
		}
		s.LeaseUntil = now.Add(c.settings.Lease)
		return Change{State: &s.State}, nil
	})
}

// intend notes that a delivery is about to be applied: until its outcome is known, nothing older may be.
func (c *Core) intend(ctx context.Context, j *job) error {
	return c.transact(ctx, j.run.Partner, func(_ time.Time, s *Status) (Change, error) {
		if s == nil || s.Run != j.run.ID {
			return Change{}, errLost
		}
		j.end.before, j.end.began = s.Begun, true
		s.Begun = j.run.Stamp
		return Change{State: &s.State, Runs: []Run{j.run}}, nil
	})
}

// Writing down the end of a run is worth some patience: its effect is there.
const (
	endTries = 4
	endWait  = 500 * time.Millisecond
	endTime  = 15 * time.Second
)

// finish writes down what a run has come to. It does so even when the caller has gone or the service stops.
func (c *Core) finish(ctx context.Context, j *job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	j.run.Ended, j.run.Took = c.now(), time.Since(j.began)
	j.end.run, j.end.retryAfter, j.end.keepRuns = j.run, c.settings.RetryAfter, c.settings.KeepRuns
	var err error
	for try := range endTries {
		if try > 0 {
			timer := time.NewTimer(endWait << try)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
		err = c.transact(ctx, j.run.Partner, func(_ time.Time, s *Status) (Change, error) {
			if s == nil || j.leased && s.Run != j.run.ID {
				return Change{}, errLost
			}
			return s.after(&j.end, c.now()), nil
		})
		if err == nil || errors.Is(err, errLost) || ctx.Err() != nil {
			break
		}
	}
	if errors.Is(err, errLost) {
		// Deleted, taken over, or written by a commit whose answer was lost: the run's row tells, for those who ask.
		if there, rerr := c.store.Run(ctx, j.run.Partner, j.run.ID); rerr == nil && there != nil {
			if !there.Ended.IsZero() && there.Outcome == j.run.Outcome {
				err = nil
			}
			j.run = *there
		}
	}
	if err != nil {
		c.log.Error("the end of a feed's run could not be written; the run will count as lost", "feed", j.run.Partner, "run", j.run.ID.Text("run"), "outcome", j.run.Outcome.String(), "error", err)
		return
	}
	if j.run.Outcome == Failed || j.run.Outcome == Refused || j.run.Outcome == Held {
		c.log.Warn("feed", "feed", j.run.Partner, "run", j.run.ID.Text("run"), "outcome", j.run.Outcome.String(), "code", j.run.Code, "why", j.run.Message)
	}
}
