package intake

import (
	"context"
	"errors"
	"strconv"
	"time"

	"holdfast/fault"
)

// Push implements Service.
func (c *Core) Push(ctx context.Context, e Editor, partner string, p Push) (*Run, error) {
	s, err := c.find(ctx, e, partner)
	if err != nil {
		return nil, err
	}
	if !s.Enabled {
		return nil, feedDisabled()
	}
	now := c.now()
	if p.Stamp.Sequence < 0 || p.Stamp.At.After(now.Add(MaxAhead)) {
		return nil, fault.New(fault.Invalid, "stamp_invalid", "The version lies more than a day in the future, or its number is below 1.")
	}
	if p.Stamp.IsZero() {
		p.Stamp = Stamp{At: now}
	}
	select {
	case c.pushes <- struct{}{}:
	default:
		return nil, fault.Overloaded(time.Second)
	}
	leave := func() { <-c.pushes }
	body, err := c.spool(p.Body)
	if err != nil {
		leave()
		return nil, c.unspooled(ctx, s, e, p, err)
	}
	r := Run{Trigger: Pushed, Actor: e.Subject, Stamp: p.Stamp.Exact(), DryRun: p.DryRun, Bytes: body.size}
	j, err := c.admit(ctx, s, r)
	if err != nil {
		body.close()
		leave()
		return nil, err
	}
	return c.wait(ctx, j, func(ctx context.Context) {
		defer leave()
		defer body.close()
		c.deliver(ctx, j, body, terms{progress: p.Progress})
	})
}

// admit begins the run of a push. Whole files come one after the other; updates, and what changes nothing, at once.
func (c *Core) admit(ctx context.Context, s *Status, r Run) (*job, error) {
	if r.DryRun || c.formats[s.Format].Updates {
		return c.begin(ctx, s.Partner, r)
	}
	const look = 50 * time.Millisecond
	deadline := time.Now().Add(c.settings.PushWait)
	for {
		j, err := c.claim(ctx, s.Partner, r)
		if err == nil || !fault.Is(err, reasonBusy) || !time.Now().Before(deadline) {
			return j, err
		}
		timer := time.NewTimer(look)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
	}
}

// unspooled records a push whose body could not be taken, and says why.
func (c *Core) unspooled(ctx context.Context, s *Status, e Editor, p Push, err error) error {
	var answer *fault.Error
	outcome := Refused
	switch {
	case errors.Is(err, errTooLarge):
		answer = fault.New(fault.Invalid, "delivery_too_large", "The delivery is larger than %s bytes; send it in parts, or have it pulled.", strconv.FormatInt(c.settings.MaxBody, 10))
	case errors.Is(err, errRead):
		if known, ok := errors.AsType[*fault.Error](err); ok {
			answer = known // the edge says what is wrong with it
		} else {
			answer = fault.New(fault.Malformed, "body_unreadable", "The body broke off before its end; send it again.").Because(err)
		}
	default:
		answer, outcome = fault.Overloaded(busyRetry).Because(err), Failed
	}
	ctx = context.WithoutCancel(ctx)
	j, berr := c.begin(ctx, s.Partner, Run{Trigger: Pushed, Actor: e.Subject, Stamp: p.Stamp.Exact(), DryRun: p.DryRun})
	if berr != nil {
		return answer
	}
	j.run.end(outcome, answer.Reason, answer.Public)
	c.finish(ctx, j)
	return answer
}
