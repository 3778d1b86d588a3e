package intake

import (
	"context"
	"errors"

	"holdfast/fault"
)

// work does the work of a job while its lease is held, and writes down what came of it.
func (c *Core) work(ctx context.Context, j *job, do func(ctx context.Context)) {
	held, release := c.hold(ctx, j)
	do(held)
	release()
	c.finish(ctx, j)
}

// wait does the work of a job beside its caller, who may go before it is done.
func (c *Core) wait(ctx context.Context, j *job, do func(ctx context.Context)) (*Run, error) {
	begun, done := j.run, make(chan struct{})
	err := c.detached(func(ctx context.Context) { //nolint:contextcheck // it outlives its caller
		defer close(done)
		c.work(ctx, j, do)
	})
	if err != nil {
		j.run.end(Failed, "stopped", "The service was stopped; it will be tried again.")
		c.finish(ctx, j)
		return nil, err
	}
	select {
	case <-done:
		return &j.run, nil
	case <-ctx.Done():
		return &begun, nil
	}
}

// pull does the work of a claimed job: it asks the partner's server and delivers what comes.
func (c *Core) pull(ctx context.Context, j *job, again bool) {
	c.work(ctx, j, func(ctx context.Context) { c.receive(ctx, j, again) })
}

func (c *Core) receive(ctx context.Context, j *job, again bool) {
	s := j.status
	j.end.pulled = true
	var known *validators
	if !again {
		known = &validators{s.ETag, s.LastModified}
	}
	got, err := c.policies.try(ctx, s.Partner, func() (*fetched, error) { return c.fetchOnce(ctx, &s.Feed, known) })
	j.end.rest = c.policies.rest(s.Partner)
	if err != nil {
		f, ok := errors.AsType[*fetchError](err)
		switch {
		case !ok:
			j.fail(ctx, err)
		case f.refused:
			j.run.end(Refused, f.code, f.message)
		default:
			j.run.end(Failed, f.code, f.message)
			j.end.rest = max(j.end.rest, f.after)
		}
		return
	}
	if got.body == nil {
		j.run.end(Unchanged, "", "")
		return
	}
	defer got.body.close()
	j.run.Stamp, j.end.seen = got.stamp, &got.seen
	c.deliver(ctx, j, got.body, terms{pulled: true, again: again})
}

// pullAs waits for a place and pulls a feed.
func (c *Core) pullAs(ctx context.Context, partner string, r Run, again bool) (*Run, error) {
	select {
	case c.pulls <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	leave := func() { <-c.pulls; c.nudge() }
	j, err := c.claim(ctx, partner, r)
	if err != nil {
		leave()
		return nil, err
	}
	return c.wait(ctx, j, func(ctx context.Context) {
		defer leave()
		c.receive(ctx, j, again)
	})
}

// PullNow implements Service.
func (c *Core) PullNow(ctx context.Context, e Editor, partner string) (*Run, error) {
	s, err := c.find(ctx, e, partner)
	switch {
	case err != nil:
		return nil, err
	case s.URL == "":
		return nil, fault.New(fault.Conflict, "not_pulled", "The feed has no address; its partner pushes it.")
	case !s.Enabled:
		return nil, feedDisabled()
	}
	return c.pullAs(ctx, partner, Run{Trigger: Asked, Actor: e.Subject}, true)
}
