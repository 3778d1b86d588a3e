package flight

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// What reservation is to have of a departure follows from the departure alone. A command says that it has to be looked
// at; sending it twice does no harm, since everything it comes to is absolute.

// Bounds of sending.
const (
	lease          = 45 * time.Second // of a command; a call ends at callTimeout, so nobody sends on after losing it
	writerWait     = 2 * time.Second  // before the jobs look at a command that its writer is about to send
	retryWait      = 3 * time.Second  // until a command is sent again after reservation could not be asked
	departuresEach = 512              // sent in one go
)

// poolWant is a pool that a departure should have.
type poolWant struct {
	pool     Pool // without its id
	ref      uid.ID
	seats    *laidOut // of a cabin's own pool; else nil
	physical int32
	overbook int32
	closed   bool
}

// wants are the pools a departure should have, in the order of the tariff; none when it cannot be sold.
func (c *Core) wants(d *Departure) []poolWant {
	c.catalogue.mu.RLock()
	t, a := c.catalogue.tariffs[d.Supplier], c.catalogue.aircraft[d.Aircraft]
	c.catalogue.mu.RUnlock()
	if t == nil || a == nil || len(d.Legs) == 0 {
		return nil
	}
	var out []poolWant
	for i := range t.Cabins {
		cabin := &t.Cabins[i]
		seats := c.laidOut(a, cabin.Name)
		if seats == nil {
			continue
		}
		capacity := int32(len(seats.layout.Units))
		form := seats.form(d)
		closed := !d.runs() || d.Control != nil && d.Control.Closed
		overbooking := d.overbooking(cabin)
		target := stock.New(capacity, overbooking).Target
		limits := fare.NestLimits(target, d.protected(cabin, capacity))
		for k := range cabin.Classes {
			w := poolWant{pool: Pool{Cabin: cabin.Name, Form: form}, closed: closed}
			if k == 0 {
				w.seats, w.physical, w.overbook = seats, capacity, overbooking
			} else {
				w.pool.Class, w.physical = cabin.Classes[k].Code, limits[k]
			}
			w.ref = derived("pool", d.ID, cabin.Name, w.pool.Class, form)
			out = append(out, w)
		}
	}
	return out
}

// laidOut is the layout of a cabin of an aircraft type, under its name.
type laidOut struct {
	layout *stock.Layout
	id     uid.ID
}

// cabinOfType names one cabin of one revision of an aircraft type.
type cabinOfType struct {
	aircraft *Aircraft
	cabin    string
}

// laidOut remembers layouts: thousands of departures share a few. nil for a cabin without seats.
func (c *Core) laidOut(a *Aircraft, cabin string) *laidOut {
	key := cabinOfType{a, cabin}
	if known, ok := c.cabins.Load(key); ok {
		if l, ok := known.(*laidOut); ok {
			return l
		}
	}
	var l *laidOut
	if layout := a.layout(cabin); layout != nil {
		l = &laidOut{layout, layout.ID()}
	}
	c.cabins.Store(key, l)
	return l
}

// form is what a pool is made for and cannot be changed: its seats, and what its slots mean.
func (l *laidOut) form(d *Departure) string {
	id := derived("form", l.id, d.way())
	return hex.EncodeToString(id[:5])
}

func (d *Departure) overbooking(c *Cabin) int32 {
	if d.Control != nil {
		if bp, ok := d.Control.OverbookingBP[c.Name]; ok {
			return bp
		}
	}
	return c.OverbookingBP
}

// protected are the seats kept for each booking class of a cabin from all lower ones.
func (d *Departure) protected(c *Cabin, capacity int32) []int32 {
	out := make([]int32, len(c.Classes))
	for k := range c.Classes {
		class := &c.Classes[k]
		out[k] = int32(int64(capacity) * int64(class.ProtectedBP) / 10_000)
		if d.Control != nil {
			if n, ok := d.Control.Protected[class.Code]; ok {
				out[k] = n
			}
		}
	}
	return out
}

// onSale says whether a departure should have pools by now.
func (c *Core) onSale(d *Departure, now time.Time) bool {
	return d.runs() && d.departs().After(now) && d.departs().Before(now.AddDate(0, 0, c.settings.Horizon))
}

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
	if err := c.obeyEach(ctx, commands); err != nil {
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
// given up with a word in the log.
func (c *Core) obeyEach(ctx context.Context, commands []Command) error {
	err := c.obey(ctx, commands)
	switch {
	case err == nil || !final(err):
		return err
	case len(commands) > 1:
		for i := range commands {
			if err := c.obeyEach(ctx, commands[i:i+1]); err != nil {
				return err
			}
		}
		return nil
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
		if o.seen == nil || !o.command.Disrupt && !slices.ContainsFunc(o.seen.Pools, func(p Pool) bool { return p.Gone }) {
			continue
		}
		if err := c.tell(call, o); err != nil {
			return err
		}
	}
	return c.settle(ctx, out)
}

// define makes the pools that are lacking and sets what differs in those that are there.
func (c *Core) define(ctx context.Context, out []outcome) error {
	now := c.clock.Now()
	var specs []reservation.PoolSpec
	var layouts []*stock.Layout
	type place struct{ outcome, pool int }
	var places []place
	var changes []reservation.StockChange
	for i := range out {
		o := &out[i]
		if o.seen == nil {
			continue
		}
		o.pools = slices.Clone(o.seen.Pools)
		if !o.command.Stock || o.seen.preparing() && !c.onSale(o.seen, now) {
			continue
		}
		wants, err := c.reform(ctx, o.seen, c.wants(o.seen))
		if err != nil {
			return err
		}
		changes = append(changes, closing(o.seen, wants)...)
		if wants == nil {
			continue
		}
		o.pools = slices.DeleteFunc(o.pools, func(p Pool) bool { return !p.Gone })
		for _, w := range wants {
			spec := reservation.PoolSpec{Ref: w.ref, Supplier: o.seen.Supplier, Physical: w.physical, OverbookingBP: w.overbook, From: 0, To: stock.Slot(len(o.seen.Legs))}
			if w.seats != nil {
				spec.Layout = w.seats.id
				if _, known := c.layouts.LoadOrStore(spec.Layout, true); !known {
					layouts = append(layouts, w.seats.layout)
				}
			}
			specs = append(specs, spec)
			places = append(places, place{i, len(o.pools)})
			o.pools = append(o.pools, w.pool)
			if id := o.seen.formed(&w.pool); id != 0 || w.closed {
				changes = append(changes, reservation.StockChange{Span: reservation.Span{Pool: id, To: stock.Slot(len(o.seen.Legs))}, Closed: &w.closed})
				change := &changes[len(changes)-1]
				if w.seats != nil {
					change.OverbookingBP = &w.overbook
				} else {
					change.Physical = &w.physical
				}
				if id == 0 { // it is numbered below
					change.Pool = -stock.PoolID(len(specs))
				}
			}
		}
	}
	if len(layouts) > 0 {
		if _, err := c.desk.DefineLayouts(ctx, layouts); err != nil {
			for _, l := range layouts {
				c.layouts.Delete(l.ID())
			}
			return err
		}
	}
	if len(specs) > 0 {
		ids, err := c.desk.DefinePools(ctx, specs)
		if err != nil {
			return err
		}
		for i, id := range ids {
			out[places[i].outcome].pools[places[i].pool].ID = id
		}
		for i := range changes {
			if n := changes[i].Pool; n < 0 {
				changes[i].Pool = ids[-n-1]
			}
		}
	}
	if len(changes) > 0 {
		return c.desk.ChangeStock(ctx, changes)
	}
	return nil
}

// reform sees to a departure whose seats are to be others than those its pools were made for. Pools nobody has claimed
// anything of are given up for new ones; else those who are there keep their seats: the old form stays.
func (c *Core) reform(ctx context.Context, d *Departure, wants []poolWant) ([]poolWant, error) {
	var old []stock.PoolID
	for _, p := range d.Pools {
		same := func(w poolWant) bool { return w.pool.Cabin == p.Cabin && w.pool.Form == p.Form }
		if !p.Gone && !slices.ContainsFunc(wants, same) {
			old = append(old, p.ID)
		}
	}
	if len(old) == 0 || len(wants) == 0 {
		return wants, nil
	}
	err := c.desk.RetirePools(ctx, old, 0)
	if err == nil {
		return wants, nil
	}
	if !fault.Is(err, "has_reservations") {
		return nil, err
	}
	c.log.Warn("the departure keeps its seats: some are taken", "departure", d.ID.Text("dep"), "flight", d.Flight())
	return nil, nil
}

// formed is the pool that is there of one that is wanted; 0 for none of that form.
func (d *Departure) formed(want *Pool) stock.PoolID {
	for i := range d.Pools {
		if p := &d.Pools[i]; p.Cabin == want.Cabin && p.Class == want.Class && p.Form == want.Form && !p.Gone {
			return p.ID
		}
	}
	return 0
}

// closing are the changes of a departure that keeps the pools it has although others are wanted, or cannot be sold any
// more: open or closed is all that is set.
func closing(d *Departure, wants []poolWant) []reservation.StockChange {
	if wants != nil {
		return nil
	}
	closed := !d.runs() || d.Control != nil && d.Control.Closed
	var out []reservation.StockChange
	for _, p := range d.Pools {
		if !p.Gone {
			out = append(out, reservation.StockChange{Span: reservation.Span{Pool: p.ID, To: stock.Slot(len(d.Legs))}, Closed: &closed})
		}
	}
	return out
}

// noteWords bounds what reservations are told in words.
const noteWords = reservation.MaxNote

// tell has the reservations on a departure learn of what has become of it.
func (c *Core) tell(ctx context.Context, o *outcome) error {
	d := o.seen
	var live, gone []stock.PoolID
	for _, p := range d.Pools {
		switch {
		case p.Class != "": // who claims a nest claims its cabin
		case p.Gone:
			gone = append(gone, p.ID)
		default:
			live = append(live, p.ID)
		}
	}
	if len(gone) > 0 { // its way is another now: nobody can travel as booked
		closed := true
		changes := make([]reservation.StockChange, len(gone))
		for i, pool := range gone {
			changes[i] = reservation.StockChange{Span: reservation.Span{Pool: pool, To: maxSlots}, Closed: &closed}
		}
		if err := c.desk.ChangeStock(ctx, changes); err != nil {
			return err
		}
		if err := c.disrupt(ctx, d, gone, true); err != nil {
			return err
		}
		o.pools = slices.DeleteFunc(o.pools, func(p Pool) bool { return p.Gone })
	}
	if !o.command.Disrupt || len(live) == 0 {
		return nil
	}
	o.told = true
	return c.disrupt(ctx, d, live, !d.runs())
}

// maxSlots is beyond the legs of any departure.
const maxSlots = 10

func (c *Core) disrupt(ctx context.Context, d *Departure, pools []stock.PoolID, withdrawn bool) error {
	slices.Sort(pools)
	x := reservation.Disruption{
		Pools: pools, Withdrawn: withdrawn, Actor: reservation.Actor{Kind: reservation.SystemActor, ID: "flight"},
		Note: fmt.Sprintf("Flight %s of %s has been changed.", d.Flight(), d.Date),
	}
	if withdrawn {
		x.Note = fmt.Sprintf("Flight %s of %s does not take place.", d.Flight(), d.Date)
	}
	if d.Live != nil && d.Live.Reason != "" && len(x.Note)+1+len(d.Live.Reason) <= noteWords {
		x.Note += " " + d.Live.Reason
	}
	if !withdrawn {
		legs := d.legs()
		x.Times = make([]reservation.StopTime, len(legs)+1)
		for i := range legs {
			x.Times[i].Departs, x.Times[i+1].Arrives = legs[i].Departs, legs[i].Arrives
		}
	}
	body, err := json.Marshal([]any{pools, withdrawn, x.Times, x.Note})
	if err != nil {
		return err
	}
	// What is told again for want of an answer has the same id; what has been told since makes it another.
	x.ID = derived("disruption", d.ID, strconv.Itoa(int(d.Told)), string(body))
	_, err = c.desk.Disrupt(ctx, x)
	return err
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
