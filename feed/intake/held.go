package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

const partBytes = 1 << 20 // of a kept delivery's part

// keep stores a held delivery for the human who decides. One that does not fit is not kept: the feed can be pulled or
// pushed again when there is room.
func (c *Core) keep(ctx context.Context, j *job, body *spooled) {
	r := &j.run
	there, err := c.store.KeptBytes(ctx)
	if err == nil && there+body.size > c.settings.MaxKept {
		err = fmt.Errorf("%d bytes wait already", there)
	}
	part := make([]byte, partBytes)
	for n := 0; err == nil && int64(n)*partBytes < body.size; n++ {
		var got int
		if got, err = body.file.ReadAt(part, int64(n)*partBytes); errors.Is(err, io.EOF) {
			err = nil
		}
		if err == nil {
			err = c.store.Keep(ctx, r.Partner, r.ID, n, part[:got])
		}
	}
	if err != nil {
		c.log.Warn("a held delivery could not be kept", "feed", r.Partner, "error", err)
		r.end(Held, "held_not_kept", r.Message+" It could not be kept for that; decide on others that wait, and send it again.")
		return
	}
	r.Kept, j.end.keptBytes = true, body.size
}

// kept reads a held delivery from the store.
type kept struct {
	ctx     context.Context //nolint:containedctx // of one copy, which ends before the call that made it
	store   Store
	partner string
	run     uid.ID
	next    int
	left    []byte
	want    int64 // bytes still to come
}

func (k *kept) Read(p []byte) (int, error) {
	if len(k.left) == 0 {
		if k.want <= 0 {
			return 0, io.EOF
		}
		part, err := k.store.Kept(k.ctx, k.partner, k.run, k.next)
		if err != nil {
			return 0, err
		}
		if len(part) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		k.left, k.next, k.want = part, k.next+1, k.want-int64(len(part))
	}
	n := copy(p, k.left)
	k.left = k.left[n:]
	return n, nil
}

func nothingHeld() *fault.Error {
	return fault.New(fault.Conflict, "nothing_held", "No delivery of this run waits any more: it was decided on, or a newer one came.")
}

// Approve implements Service.
func (c *Core) Approve(ctx context.Context, e Editor, partner string, run uid.ID) (*Run, error) {
	s, err := c.heldBy(ctx, e, partner, run)
	if err != nil {
		return nil, err
	}
	if !s.Enabled {
		return nil, feedDisabled()
	}
	j, err := c.claim(ctx, partner, Run{Trigger: Approved, Actor: e.Subject, Of: run, Stamp: s.Held.Stamp})
	if err != nil {
		return nil, err
	}
	return c.wait(ctx, j, func(ctx context.Context) {
		held := j.status.Held // as it is now that nobody else can change it
		if held.Run != run {
			j.run.end(Refused, "nothing_held", nothingHeld().Public)
			return
		}
		body, err := c.spool(&kept{ctx: ctx, store: c.store, partner: partner, run: run, want: held.Bytes})
		if err != nil {
			j.fail(ctx, fault.Wrap(err, "read the held delivery"))
			return
		}
		defer body.close()
		j.run.Stamp = held.Stamp
		c.deliver(ctx, j, body, terms{again: true, force: true})
	})
}

// Discard implements Service.
func (c *Core) Discard(ctx context.Context, e Editor, partner string, run uid.ID) (*Run, error) {
	if _, err := c.heldBy(ctx, e, partner, run); err != nil {
		return nil, err
	}
	r, err := c.store.Run(ctx, partner, run)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, runNotFound()
	}
	r.Outcome, r.Actor, r.Kept = Discarded, e.Subject, false
	err = c.transact(ctx, partner, func(now time.Time, s *Status) (Change, error) {
		if s == nil || s.Held.Run != run {
			return Change{}, nothingHeld()
		}
		if !s.Run.IsZero() && s.LeaseUntil.After(now) {
			return Change{}, feedBusy() // it may be approved just now
		}
		s.Held = Kept{}
		return Change{State: &s.State, Runs: []Run{*r}, Drop: []uid.ID{run}}, nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// heldBy is the feed whose held delivery is that of a run.
func (c *Core) heldBy(ctx context.Context, e Editor, partner string, run uid.ID) (*Status, error) {
	s, err := c.find(ctx, e, partner)
	if err != nil {
		return nil, err
	}
	if s.Held.Run == run && !run.IsZero() {
		return s, nil
	}
	r, err := c.store.Run(ctx, partner, run)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, runNotFound()
	}
	return nil, nothingHeld()
}
