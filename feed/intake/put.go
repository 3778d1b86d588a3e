package intake

import (
	"context"
	"net/url"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// PutFeed implements Service.
func (c *Core) PutFeed(ctx context.Context, e Editor, f Feed, revision int64) (*Status, error) {
	if !e.Supplier.IsZero() {
		if f.Supplier.IsZero() {
			f.Supplier = e.Supplier
		}
		if f.Supplier != e.Supplier {
			return nil, fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
		}
	}
	if err := f.check(c.formats, c.settings.AllowPrivate); err != nil {
		return nil, err
	}
	var after Status
	err := c.transact(ctx, f.Partner, func(now time.Time, s *Status) (Change, error) {
		var ch Change
		var err error
		if s == nil {
			ch, err = c.created(f, revision)
		} else {
			ch, err = c.replaced(e, s, f, revision, now)
		}
		if err == nil {
			after = Status{*ch.Feed, *ch.State}
		}
		return ch, err
	})
	if err != nil {
		return nil, err
	}
	c.nudge()
	after.Feed = after.Feed.masked()
	return &after, nil
}

func (c *Core) created(f Feed, revision int64) (Change, error) {
	if revision != AnyRevision {
		return Change{}, feedNotFound()
	}
	if f.Header.Value == Masked {
		return Change{}, unknownHeader()
	}
	f.Revision, f.CreatedAt, f.UpdatedAt = 1, c.now(), c.now()
	return Change{Feed: &f, State: &State{Due: f.CreatedAt}}, nil
}

func (c *Core) replaced(e Editor, s *Status, f Feed, revision int64, storeNow time.Time) (Change, error) {
	switch {
	case !e.sees(s.Supplier):
		return Change{}, fault.New(fault.Conflict, "partner_taken", "The partner's name is in use; choose another.")
	case revision != AnyRevision && revision != s.Revision:
		return Change{}, changedMeanwhile()
	}
	if f.Header.Value == Masked {
		if f.Header.Name != s.Header.Name || !sameHost(f.URL, s.URL) {
			return Change{}, unknownHeader() // credentials of one host are not sent to another
		}
		f.Header.Value = s.Header.Value
	}
	f.Revision, f.CreatedAt, f.UpdatedAt = s.Revision+1, s.CreatedAt, c.now()
	state := s.State
	ch := Change{Feed: &f, State: &state}
	otherSource := f.URL != s.URL || f.Format != s.Format || f.Supplier != s.Supplier
	if otherSource || f.ShiftWeeks != s.ShiftWeeks {
		if !s.Run.IsZero() && s.LeaseUntil.After(storeNow) {
			return Change{}, feedBusy() // its end would be taken for one of the new feed
		}
		state.ETag, state.LastModified, state.Digest = "", "", Digest{}
	}
	if otherSource {
		state.Stamp, state.Begun, state.Failures = Stamp{}, Stamp{}, 0
		if !state.Held.Run.IsZero() {
			ch.Drop, state.Held = []uid.ID{state.Held.Run}, Kept{}
		}
	}
	switch {
	case otherSource || f.Enabled && !s.Enabled || f.ShiftWeeks != s.ShiftWeeks:
		state.Due = c.now()
	case f.Every != s.Every || f.Jitter != s.Jitter:
		state.Due = f.dueAfter(c.now())
	}
	return ch, nil
}

// sameHost reports addresses that lead to one server in one way.
func sameHost(a, b string) bool {
	x, err1 := url.Parse(a)
	y, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

func unknownHeader() *fault.Error {
	e := fault.New(fault.Invalid, "feed_invalid", "Give the value of the header again: it is known for the address as it was, and by its own name, alone.")
	e.Fields = []fault.Field{{Pointer: "/header/value", Code: "required", Message: e.Public}}
	return e
}

func changedMeanwhile() *fault.Error {
	return fault.New(fault.Stale, "changed_meanwhile", "The feed was changed since you read it. Read it again and repeat your change.")
}

// DeleteFeed implements Service.
func (c *Core) DeleteFeed(ctx context.Context, e Editor, partner string, revision int64) error {
	err := c.transact(ctx, partner, func(_ time.Time, s *Status) (Change, error) {
		switch {
		case s == nil, !e.sees(s.Supplier):
			return Change{}, feedNotFound()
		case revision != AnyRevision && revision != s.Revision:
			return Change{}, changedMeanwhile()
		}
		return Change{Delete: true}, nil
	})
	if err == nil {
		c.policies.forget(partner)
	}
	return err
}
