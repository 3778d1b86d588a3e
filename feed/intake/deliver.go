package intake

import (
	"context"
	"errors"
	"fmt"

	"holdfast/fault"
	"holdfast/feed"
)

// terms are how a delivery is to be taken.
type terms struct {
	pulled   bool // it is what the partner's server shows now, so of two with one stamp the later is the newer
	again    bool // apply it even if it is the same as what was applied last
	force    bool // a human has approved it
	progress func(done, total int64)
}

// deliver gives a delivery to its format's Applier, unless it is old or known, and notes in the job what came of it.
// The job's run has its stamp.
func (c *Core) deliver(ctx context.Context, j *job, body *spooled, t terms) {
	r, s := &j.run, j.status
	format := c.formats[s.Format]
	r.Bytes, j.end.digest = body.size, body.digest
	if format.Applier == nil {
		r.end(Refused, "unknown_format", fmt.Sprintf("This process has nothing that understands the format %q.", s.Format))
		return
	}
	if !format.Updates {
		known := body.digest == s.Digest
		switch order := r.Stamp.Compare(s.State.Stamp); {
		case order < 0, r.Stamp.Compare(s.Begun) < 0:
			r.end(Stale, "older_version", "Version "+s.Begun.newer(s.State.Stamp).String()+" came before this one, "+r.Stamp.String()+", and is newer.")
			return
		case known && !t.again:
			r.end(Unchanged, "", "")
			return
		case order == 0 && !known && !t.pulled:
			r.end(Stale, "version_reused", "Version "+r.Stamp.String()+" came before with other content; give a new version a new stamp.")
			return
		}
	} else if t.pulled && !t.again && body.digest == s.Digest {
		r.end(Unchanged, "", "")
		return
	}
	if j.leased && !format.Updates {
		if err := c.intend(ctx, j); err != nil {
			j.fail(ctx, err)
			return
		}
	}
	rest := func(context.Context) error { return nil }
	if format.Updates {
		done, err := c.pace.begin(ctx)
		if err != nil {
			j.fail(ctx, err)
			return
		}
		defer done()
		rest = c.pace.rest
	}
	ctx, cancel := context.WithTimeout(ctx, c.settings.ApplyTime)
	defer cancel()
	if t.progress == nil {
		t.progress = func(int64, int64) {}
	}
	report, err := format.Applier.Apply(ctx, Delivery{
		Partner: s.Partner, Supplier: s.Supplier, Format: s.Format, Stamp: r.Stamp, Body: body.file, Size: body.size,
		DryRun: r.DryRun, MaxRemovedBP: s.MaxRemovedBP, ShiftWeeks: s.ShiftWeeks, Force: t.force, Rest: rest,
	}, t.progress)
	r.take(report)
	switch {
	case err != nil:
		j.fail(ctx, err)
	case report.Held:
		many := ""
		if report.Removed > 0 {
			many = fmt.Sprintf(" (%d)", report.Removed)
		}
		r.end(Held, "removes_too_much", "It would remove more of what is there"+many+" than the feed allows; approve or discard it.")
		if !r.DryRun {
			c.keep(ctx, j, body)
		}
	case report.Added+report.Changed+report.Removed == 0:
		r.end(Unchanged, "", "")
	default:
		r.end(Applied, "", "")
	}
}

func (s Stamp) newer(o Stamp) Stamp {
	if s.Compare(o) < 0 {
		return o
	}
	return s
}

// fail notes why a delivery was not applied: refused if trying it again cannot help.
func (j *job) fail(ctx context.Context, err error) {
	r := &j.run
	if bad, ok := errors.AsType[*feed.Error](err); ok {
		r.end(Refused, bad.Code, bad.Error())
		return
	}
	if cause := context.Cause(ctx); cause != nil {
		switch {
		case errors.Is(cause, errLost):
			r.end(Failed, "lost", "Another process works on the feed now.")
		case errors.Is(cause, context.DeadlineExceeded):
			r.end(Failed, "too_slow", "It took too long.")
		default:
			r.end(Failed, "stopped", "The service was stopped; it will be tried again.")
			j.end.pulled = false // due as before
		}
		return
	}
	f := fault.As(err)
	switch f.Kind {
	case fault.Malformed, fault.Conflict, fault.Invalid, fault.NotFound, fault.Gone, fault.Stale, fault.Forbidden, fault.PaymentFailed, fault.Unauthenticated:
		r.end(Refused, f.Reason, f.Public)
	case fault.Limited, fault.Unavailable, fault.Internal:
		r.end(Failed, f.Reason, f.Public)
	default:
		r.end(Failed, f.Reason, f.Public)
	}
}
