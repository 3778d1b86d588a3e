package flight

import (
	"context"
	"errors"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// pen is who may write: one use case of this process at a time. Between processes the number of the last write decides
// (Write.After): who did not know of it reads it and works its write out again.
type pen struct {
	turn chan struct{} // holds one token while nobody has the pen
	seen int64         // the last write that is in memory; whoever has the pen reads and moves it
}

// writeTries bounds how often a write is worked out again because other processes wrote meanwhile.
const writeTries = 20

func newPen() *pen {
	p := &pen{turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

func (p *pen) take(ctx context.Context) error {
	select {
	case <-p.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pen) give() { p.turn <- struct{}{} }

// write commits what plan makes of the state of things, and shows it. plan fills in the rows; it may run again, and
// returns false when there is nothing to write. The rows it hands over belong to the catalogue from then on.
func (c *Core) write(ctx context.Context, plan func(w *Write) (bool, error)) error {
	if err := c.pen.take(ctx); err != nil {
		return err
	}
	defer c.pen.give()
	for range writeTries {
		if err := c.catchUp(ctx); err != nil {
			return err
		}
		w := Write{ID: uid.New(), After: c.pen.seen, Wait: writerWait}
		some, err := plan(&w)
		if err != nil || !some {
			return err
		}
		change, err := c.store.Write(ctx, w)
		if errors.Is(err, ErrUnknownCommit) {
			// The caller hears what became of it, whatever became of the connection.
			change, err = c.landed(context.WithoutCancel(ctx), w.ID, err)
		}
		if errors.Is(err, ErrStale) {
			continue
		}
		if err != nil {
			return err
		}
		c.show(&w.Rows, change)
		return nil
	}
	return fault.Overloaded(time.Second)
}

func (c *Core) landed(ctx context.Context, write uid.ID, cause error) (int64, error) {
	change, err := c.store.Landed(ctx, write)
	if err == nil && change > 0 {
		return change, nil
	}
	return 0, fault.New(fault.Unavailable, "outcome_unknown", "The database did not say whether the change was stored. Read again before you repeat it; repeating it does no harm.").RetryIn(time.Second).Because(errors.Join(cause, err))
}

// show publishes rows that are stored as the change.
func (c *Core) show(r *Rows, change int64) {
	c.publish(r)
	c.pen.seen = change
	c.fill.nudge()
}

// catchUp reads what other processes wrote. Whoever has the pen calls it.
func (c *Core) catchUp(ctx context.Context) error {
	now, err := c.store.Changes(ctx, c.pen.seen, func(r *Rows) error {
		c.publish(r)
		return nil
	})
	if err != nil {
		return err
	}
	if now != c.pen.seen {
		c.pen.seen = now
		c.fill.nudge()
	}
	return nil
}

// poll is catchUp for those who do not write.
func (c *Core) poll(ctx context.Context) error {
	if err := c.pen.take(ctx); err != nil {
		return err
	}
	defer c.pen.give()
	return c.catchUp(ctx)
}
