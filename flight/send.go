package flight

import (
	"context"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// Bounds of sending.
const (
	lease          = 45 * time.Second // of a command; a call ends at callTimeout, so nobody sends on after losing it
	writerWait     = 2 * time.Second  // before the jobs look at a command that its writer is about to send
	retryWait      = 3 * time.Second  // until a command is sent again after reservation could not be asked
	departuresEach = 512              // sent in one go
)

// send sends the commands that wait, until there are none or reservation cannot be asked. With all it does not wait for
// their next try. progress hears how many departures have been seen to.
func (c *Core) send(ctx context.Context, all bool, progress func(done int)) error {
	done := 0
	for {
		n, err := c.sendSome(ctx, all)
		done += n
		if progress != nil && n > 0 {
			progress(done)
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// sendSome takes turns with other senders of the process, so that an urgent command does not wait for an import.
func (c *Core) sendSome(ctx context.Context, all bool) (int, error) {
	select {
	case <-c.sending:
		defer func() { c.sending <- struct{}{} }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	commands, err := c.store.Claim(ctx, c.owner, lease, all, departuresEach)
	if err != nil || len(commands) == 0 {
		return 0, err
	}
	if err := c.obeyEach(ctx, commands, false); err != nil {
		ids := make([]uid.ID, len(commands))
		for i := range commands {
			ids[i] = commands[i].Departure
		}
		if perr := c.store.Postpone(context.WithoutCancel(ctx), c.owner, ids, retryWait); perr != nil {
			c.log.Warn("commands stay claimed until their lease ends", "error", perr)
		}
		return 0, err
	}
	return len(commands), c.fill.fill(ctx, c.desk)
}

// obeyEach obeys commands together; when reservation refuses one for good, each alone, and the one that it refuses is
// given up with a word in the log. again says that its pools have been made anew already.
func (c *Core) obeyEach(ctx context.Context, commands []Command, again bool) error {
	err := c.obey(ctx, commands)
	switch {
	case err == nil || !final(err):
		return err
	case len(commands) > 1:
		for i := range commands {
			if err := c.obeyEach(ctx, commands[i:i+1], false); err != nil {
				return err
			}
		}
		return nil
	}
	if fault.Is(err, "pool_not_found") && !again {
		if err := c.renew(ctx, commands[0].Departure); err != nil {
			return err
		}
		return c.obeyEach(ctx, commands, true)
	}
	c.log.Error("reservation refused what a departure needs; it stays as it was", "departure", commands[0].Departure.Text("dep"), "error", err)
	return c.settle(ctx, []outcome{{command: commands[0]}})
}

// final reports a refusal that sending again will not change.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Malformed, fault.Unauthenticated, fault.PaymentFailed, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Gone, fault.Stale, fault.Invalid:
		return true
	case fault.Limited, fault.Unavailable, fault.Internal:
		return false
	default:
		return false
	}
}

// outcome is what has been done for one command.
type outcome struct {
	command Command
	seen    *Departure // as it was when it was done
	wants   []poolWant // nil: no others than it has
	pools   []Pool
	told    bool
}

// obey does what commands ask for, and notes it. The commands stay when anything fails.
func (c *Core) obey(ctx context.Context, commands []Command) error {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := c.poll(call); err != nil { // what other processes wrote with the commands must be in memory
		return err
	}
	out := make([]outcome, 0, len(commands))
	for _, cmd := range commands {
		out = append(out, outcome{command: cmd, seen: c.catalogue.departure(cmd.Departure)})
	}
	if err := c.define(call, out); err != nil {
		return err
	}
	for i := range out {
		o := &out[i]
		if o.seen == nil || !o.command.Disrupt && !slices.ContainsFunc(o.seen.Pools, Pool.withdrawn) {
			continue
		}
		if err := c.tell(call, o); err != nil {
			return err
		}
	}
	return c.settle(ctx, out)
}

// settle notes what has been done; the commands go in the same transaction, but for those that were written again.
func (c *Core) settle(ctx context.Context, out []outcome) error {
	// The calls have had their effect: writing it down does not end with the caller.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	return c.write(ctx, func(w *Write) (bool, error) {
		for i := range out {
			o := &out[i]
			w.Done = append(w.Done, o.command)
			d := c.catalogue.departure(o.command.Departure)
			if d == nil || o.seen == nil {
				continue
			}
			pools := o.pools
			if !slices.Equal(d.Pools, o.seen.Pools) { // marked meanwhile, by a write whose command comes next
				pools = remark(pools, d.Pools)
			}
			if d.way() != o.seen.way() {
				pools = goneAll(pools)
			}
			if slices.Equal(pools, d.Pools) && !o.told {
				continue
			}
			next := *d
			next.Pools = pools
			if o.told {
				next.Told++
			}
			w.Departures = append(w.Departures, &next)
		}
		return true, nil
	})
}

// remark marks pools as gone that were marked while they were being seen to.
func remark(pools, now []Pool) []Pool {
	pools = slices.Clone(pools)
	for i := range pools {
		for _, p := range now {
			if p.ID == pools[i].ID && p.Gone {
				pools[i].Gone = true
			}
		}
	}
	return pools
}
