package sim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/uid"
)

// store is a database that outlives the processes; busy while a transaction of its is open.
type store struct{ busy bool }

// desk is the way of one process to the reservation store.
type desk struct {
	reservation.Store
	w       *world
	process int
}

var errBroken = errors.New("the simulation broke this call")

// broken is the error of a verdict; nil for those that let the call be done.
func broken(v verdict) error {
	switch v {
	case fail:
		return errBroken
	case cut:
		return fault.New(fault.Unavailable, "database_unavailable", "the simulation cut the line")
	case lost:
		return reservation.ErrUnknownCommit
	case full:
		return fault.Overloaded(time.Second)
	case dead:
		return errDead
	case pass, done, twice, conflict, perverse, lastOne:
	}
	return nil
}

var (
	writeFates  = []verdict{fail, cut, lost, conflict}
	insideFates = []verdict{fail}
	afterFates  = []verdict{done}
	readFates   = []verdict{fail, cut}
)

// Transact passes three gates: before anything, inside the transaction when the rules have run, and after the commit.
func (d *desk) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	lane := b.Stream[:strings.LastIndexByte(b.Stream, '-')] // which of its two clerks it is depends on who came first
	id := b.ID[:]
	v := d.w.wait(ctx, &gate{of: d.process, who: "batch of " + lane, id: id, writes: &d.w.stock, fates: writeFates})
	if v == pass && d.w.diskFull {
		v = full
	}
	if err := broken(v); err != nil && v != lost {
		return err
	}
	d.w.stock.busy = true
	if v == conflict || v == lost { // the rules have run, and nothing came of it
		err := d.Store.Transact(ctx, b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
			if _, err := decide(rows); err != nil {
				return nil, err
			}
			return nil, errBroken
		})
		if v == lost || !errors.Is(err, errBroken) {
			d.w.stock.busy = false
			if errors.Is(err, errBroken) {
				err = reservation.ErrUnknownCommit
			}
			return err
		}
	}
	err := d.Store.Transact(ctx, b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if d.w.red == "key not looked for" {
			clear(rows.Keys)
		}
		changes, err := decide(rows)
		if err != nil {
			return nil, err
		}
		if err := broken(d.w.wait(ctx, &gate{of: d.process, who: "commit of " + lane, id: id, fates: insideFates, say: said(changes)})); err != nil {
			return nil, err
		}
		if d.w.red == "key not stored" {
			changes.KeptKeys = nil
		}
		if d.w.red == "answered without commit" && d.w.faulty && d.w.rng.IntN(20) == 0 {
			return nil, errSkip
		}
		return changes, nil
	})
	d.w.stock.busy = false
	if errors.Is(err, errSkip) {
		err = nil
	}
	if err != nil {
		return err
	}
	switch d.w.wait(ctx, &gate{of: d.process, who: "answer to " + lane, id: id, fates: afterFates}) {
	case dead:
		return errDead
	case done, cut:
		return reservation.ErrUnknownCommit
	case pass, fail, lost, twice, conflict, full, perverse, lastOne:
	}
	return nil
}

var errSkip = errors.New("not committed")

// said is what a batch writes, for the trace.
func said(c *reservation.Changes) string {
	var parts []string
	for _, h := range c.NewHistory {
		parts = append(parts, h.Cause.String())
	}
	for _, n := range []struct {
		what string
		n    int
	}{{"slots", len(c.SetSlots) + len(c.NewSlots)}, {"keys", len(c.KeptKeys)}, {"steps", len(c.SetReservations)}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprint(n.n, " ", n.what))
		}
	}
	return strings.Join(parts, ", ")
}

// Committed is asked about a commit whose answer was lost.
func (d *desk) Committed(ctx context.Context, batch uid.ID) (bool, error) {
	v := d.w.wait(ctx, &gate{of: d.process, who: "look up batch", id: batch[:], writes: &d.w.stock, fates: readFates})
	if err := broken(v); err != nil {
		return false, err
	}
	switch d.w.red {
	case "settle guesses committed":
		return true, nil
	case "settle guesses rolled back":
		return false, nil
	}
	return d.Store.Committed(ctx, batch)
}

// read lets a read pass its gate.
func (d *desk) read(ctx context.Context, what string, id uid.ID) error {
	return broken(d.w.wait(ctx, &gate{of: d.process, who: what + actor(ctx), id: id[:], fates: readFates}))
}

func first(ids []uid.ID) (id uid.ID) {
	if len(ids) > 0 {
		id = ids[len(ids)-1]
	}
	return id
}

// Reservations, Keys, Quote and History read.
func (d *desk) Reservations(ctx context.Context, ids []uid.ID) ([]*reservation.Reservation, error) {
	if err := d.read(ctx, "read reservation", first(ids)); err != nil {
		return nil, err
	}
	return d.Store.Reservations(ctx, ids)
}

func (d *desk) Keys(ctx context.Context, ids []uid.ID) ([]*reservation.KeyRow, error) {
	if err := d.read(ctx, "read keys", first(ids)); err != nil {
		return nil, err
	}
	return d.Store.Keys(ctx, ids)
}

func (d *desk) Quote(ctx context.Context, id uid.ID) (*reservation.Quote, error) {
	if err := d.read(ctx, "read quote", id); err != nil {
		return nil, err
	}
	return d.Store.Quote(ctx, id)
}

// Due gives one hold at a time: what it gives is put on the desk by as many goroutines, in an order that nobody fixes.
// Payments may come together, for each waits at a gate of its own before it does anything.
func (d *desk) Due(ctx context.Context, what reservation.DueKind, now time.Time, limit int) ([]uid.ID, error) {
	if err := d.read(ctx, fmt.Sprint("due ", what), uid.ID{}); err != nil {
		return nil, err
	}
	if d.w.red == "no resume" && what == reservation.DueSteps || d.w.red == "no sweep" && what == reservation.DueHolds {
		return nil, nil
	}
	if what != reservation.DueSteps {
		limit = 1
	}
	return d.Store.Due(ctx, what, now, limit)
}

// FreeLocators never comes back: the core draws blindly, which saves thousands of look-ups a run.
func (d *desk) FreeLocators(ctx context.Context, _ []string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// Prune writes as well.
func (d *desk) Prune(ctx context.Context, keys, batches, counts time.Time, limit int) (int, error) {
	if err := broken(d.w.wait(ctx, &gate{of: d.process, who: "prune", writes: &d.w.stock, fates: readFates})); err != nil {
		return 0, err
	}
	return d.Store.Prune(ctx, keys, batches, counts, limit)
}

// purse is the way of one process to the payment store.
type purse struct {
	payment.Store
	w       *world
	process int
}

var errPurse = fault.New(fault.Unavailable, "store_unavailable", "the simulation broke the payment store")

// around passes the gates before and after a write.
func (p *purse) around(ctx context.Context, what string, id uid.ID, write func() error) error {
	v := p.w.wait(ctx, &gate{of: p.process, who: what, id: id[:], writes: &p.w.money, fates: []verdict{fail, cut}})
	if v == pass && p.w.diskFull {
		v = full
	}
	if v == dead {
		return errDead
	}
	if v != pass {
		return errPurse
	}
	if err := write(); err != nil {
		return err
	}
	switch p.w.wait(ctx, &gate{of: p.process, who: what + ": answer", id: id[:], fates: afterFates}) {
	case dead:
		return errDead
	case done, cut:
		return errPurse
	case pass, fail, lost, twice, conflict, full, perverse, lastOne:
	}
	return nil
}

// Begin and Change write.
func (p *purse) Begin(ctx context.Context, r payment.Record) (now payment.Record, fresh bool, err error) {
	err = p.around(ctx, "money: begin", r.ID, func() error {
		now, fresh, err = p.Store.Begin(ctx, r)
		return err
	})
	if err != nil {
		return payment.Record{}, false, err
	}
	return now, fresh, nil
}

func (p *purse) Change(ctx context.Context, key payment.Key, decide func(payment.Record, *payment.Refund) (*payment.Change, error)) (row payment.Row, err error) {
	err = p.around(ctx, "money: change", key.Payment, func() error {
		row, err = p.Store.Change(ctx, key, decide)
		return err
	})
	if err != nil {
		return payment.Row{}, err
	}
	return row, nil
}

// Payment reads.
func (p *purse) Payment(ctx context.Context, id uid.ID) (payment.Record, error) {
	switch p.w.wait(ctx, &gate{of: p.process, who: "money: read", id: id[:], fates: readFates}) {
	case pass:
		return p.Store.Payment(ctx, id)
	case dead:
		return payment.Record{}, errDead
	case fail, cut, lost, done, twice, conflict, full, perverse, lastOne:
	}
	return payment.Record{}, errPurse
}
