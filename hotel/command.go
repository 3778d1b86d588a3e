package hotel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Command is what a write means for the stock of its hotel. It is stored with the write, in one transaction, and sent
// until reservation has taken or refused it; the commands of a hotel are sent one after the other, in the order of
// their changes. It names pools by reference (a room type's id, or the hotel's for the cap pool), since a pool may not
// exist yet when its command is written. All values are absolute, so sending one twice does no harm.
type Command struct {
	Hotel    uid.ID       `json:"-"`
	Change   int64        `json:"-"`                  // given by the store
	Define   []PoolWant   `json:"define,omitempty"`   // sent first
	Set      []StockWant  `json:"set,omitempty"`      // then these
	Retire   *Retirement  `json:"retire,omitempty"`   // then this
	NightsTo civil.Date   `json:"nights_to,omitzero"` // of House, once it is done
	Undo     []TypeBefore `json:"undo,omitempty"`     // what the write replaced, should reservation refuse
}

// CommandID names one command.
type CommandID struct {
	Hotel  uid.ID
	Change int64
}

// PoolWant is a pool that should have the nights [From, To).
type PoolWant struct {
	Ref           uid.ID     `json:"ref"`
	Physical      int32      `json:"physical"`
	OverbookingBP int32      `json:"overbooking_bp"`
	From          civil.Date `json:"from"`
	To            civil.Date `json:"to"`
}

// StockWant sets what is not nil on the nights [From, To) that exist; with Default on later ones too.
type StockWant struct {
	Ref           uid.ID     `json:"ref"`
	From          civil.Date `json:"from"`
	To            civil.Date `json:"to"`
	Physical      *int32     `json:"physical,omitempty"`
	OutOfOrder    *int32     `json:"out_of_order,omitempty"`
	OverbookingBP *int32     `json:"overbooking_bp,omitempty"`
	Target        *int32     `json:"target,omitempty"`
	Closed        *bool      `json:"closed,omitempty"`
	Default       bool       `json:"default,omitempty"`
}

// Retirement ends the sale of pools for good, unless a night from From on is claimed.
type Retirement struct {
	Refs []uid.ID   `json:"refs"`
	From civil.Date `json:"from"`
}

// TypeBefore is a room type's row as it was, and its restrictions on the nights [From, To).
type TypeBefore struct {
	RoomType      uid.ID            `json:"room_type"`
	Capacity      int32             `json:"capacity"`
	OverbookingBP *int32            `json:"overbooking_bp,omitempty"`
	From          civil.Date        `json:"from,omitzero"`
	To            civil.Date        `json:"to,omitzero"`
	Restrictions  Line[Restriction] `json:"restrictions,omitempty"`
}

// firstRevision is that of a hotel that was never changed.
const firstRevision = 1

func (d *Command) empty() bool { return len(d.Define)+len(d.Set) == 0 && d.Retire == nil }

// Bounds of sending.
const (
	lease         = 45 * time.Second // of a queue; a call ends at callTimeout, so nobody sends on after losing it
	writerWait    = 2 * time.Second  // before the jobs look at a command that its writer is about to send
	foreignWait   = 5 * time.Second  // for another process that works on the same queue
	foreignLook   = 50 * time.Millisecond
	retryWait     = 3 * time.Second // until a command is sent again after reservation could not be asked
	poolsPerCall  = 64              // described to DefinePools at once: some 47,000 slots
	hotelsPerTurn = 64              // claimed at once by the job
	settleTries   = 5               // against other writers of the same house
)

// outcome is what became of a command: nil done, a refusal for good, or errPending.
type outcome map[CommandID]error

// errPending says that a command could not be sent yet.
var errPending = errors.New("not sent yet")

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

// drain sends the commands of hotels whose turns the caller has, each hotel's in order, until there are none or
// reservation cannot be asked. progress, if any, hears how many have been sent.
func (c *Core) drain(ctx context.Context, hotels []uid.ID, progress func(done int)) (outcome, error) {
	out, left, deadline := outcome{}, slices.Clone(hotels), time.Time{}
	for len(left) > 0 {
		part := left[:min(len(left), hotelsPerTurn)]
		first, busy, err := c.store.Claim(ctx, c.owner, lease, part)
		if err != nil {
			return out, err
		}
		switch {
		case len(first) > 0:
			// What other processes did with the commands before these must be in memory.
			if err := c.poll(ctx); err != nil {
				return out, err
			}
			if err := c.send(ctx, first, out, progress); err != nil {
				return out, err
			}
		case busy > 0 && deadline.IsZero():
			deadline = time.Now().Add(foreignWait)
			fallthrough
		case busy > 0 && time.Now().Before(deadline):
			if err := wait(ctx, foreignLook); err != nil {
				return out, err
			}
			continue
		case busy > 0:
			return out, errPending
		default: // these have none left
			left = left[len(part):]
		}
	}
	return out, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send sends the first commands of several hotels in as few calls as the bounds allow and notes what became of them.
func (c *Core) send(ctx context.Context, commands []Command, out outcome, progress func(done int)) error {
	for len(commands) > 0 {
		n, pools := 1, len(commands[0].Define)
		for n < len(commands) && pools+len(commands[n].Define) <= poolsPerCall && commands[n].Retire == nil && commands[0].Retire == nil {
			pools += len(commands[n].Define)
			n++
		}
		batch := commands[:n]
		commands = commands[n:]
		pending, err := c.sendBatch(ctx, batch, out)
		if err != nil {
			// What was claimed and not sent is given back, for another try by the job.
			for _, cmd := range commands {
				pending = append(pending, cmd.Hotel)
			}
			if perr := c.store.Postpone(context.WithoutCancel(ctx), c.owner, pending, retryWait); perr != nil {
				c.log.Warn("commands stay claimed until their lease ends", "error", perr)
			}
			c.log.Warn("stock commands wait", "hotels", len(pending), "error", err)
			return fmt.Errorf("%w: %w", errPending, err)
		}
		if progress != nil {
			progress(len(out))
		}
	}
	return nil
}

// sendBatch sends commands in one go; if one of them is refused it sends each alone. On error the hotels whose command
// is still to be sent are returned.
func (c *Core) sendBatch(ctx context.Context, batch []Command, out outcome) (pending []uid.ID, err error) {
	done, err := c.call(ctx, batch)
	if err != nil && final(err) && len(batch) > 1 {
		for i := range batch {
			left, err := c.sendBatch(ctx, batch[i:i+1], out)
			if err != nil {
				for _, cmd := range batch[i+1:] {
					left = append(left, cmd.Hotel)
				}
				return left, err
			}
		}
		return nil, nil
	}
	refused := error(nil)
	if err != nil {
		if !final(err) {
			return hotelsOf(batch), err
		}
		refused = err
	}
	if err := c.settle(ctx, batch, done, refused); err != nil {
		return hotelsOf(batch), err
	}
	for _, cmd := range batch {
		out[CommandID{cmd.Hotel, cmd.Change}] = refused
	}
	return nil, nil
}

func hotelsOf(batch []Command) []uid.ID {
	out := make([]uid.ID, len(batch))
	for i := range batch {
		out[i] = batch[i].Hotel
	}
	return out
}

// call asks reservation for everything in the batch and returns the pools by reference.
func (c *Core) call(ctx context.Context, batch []Command) (map[uid.ID]stock.PoolID, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pools := map[uid.ID]stock.PoolID{}
	var specs []reservation.PoolSpec
	for _, cmd := range batch {
		h, err := c.read(ctx, cmd.Hotel)
		if err != nil {
			return nil, err
		}
		pools[h.Hotel.ID] = h.Hotel.CapPool
		for i := range h.Types {
			if t := &h.Types[i]; t.Status != Retired { // nothing can be done to the stock of those any more
				pools[t.ID] = t.Pool
			}
		}
		for _, w := range cmd.Define {
			specs = append(specs, reservation.PoolSpec{
				Ref: w.Ref, Supplier: h.Hotel.Supplier, Physical: w.Physical, OverbookingBP: w.OverbookingBP,
				From: stock.Slot(w.From), To: stock.Slot(w.To),
			})
		}
	}
	if len(specs) > 0 {
		ids, err := c.desk.DefinePools(ctx, specs)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			pools[specs[i].Ref] = id
		}
	}
	if changes := stockChanges(batch, pools); len(changes) > 0 {
		if err := c.desk.ChangeStock(ctx, changes); err != nil {
			return nil, err
		}
	}
	for _, cmd := range batch {
		if cmd.Retire == nil {
			continue
		}
		var retire []stock.PoolID
		for _, ref := range cmd.Retire.Refs {
			if pool := pools[ref]; pool != 0 {
				retire = append(retire, pool)
			}
		}
		if len(retire) > 0 {
			if err := c.desk.RetirePools(ctx, retire, stock.Slot(cmd.Retire.From)); err != nil {
				return nil, err
			}
		}
	}
	return pools, nil
}

func stockChanges(batch []Command, pools map[uid.ID]stock.PoolID) []reservation.StockChange {
	var out []reservation.StockChange
	for _, cmd := range batch {
		for _, w := range cmd.Set {
			pool := pools[w.Ref]
			if pool == 0 {
				continue // the room type was retired meanwhile, or refused its stock
			}
			out = append(out, reservation.StockChange{
				Span:     reservation.Span{Pool: pool, From: stock.Slot(w.From), To: stock.Slot(w.To)},
				Physical: w.Physical, OutOfOrder: w.OutOfOrder, OverbookingBP: w.OverbookingBP, Target: w.Target, Closed: w.Closed, Default: w.Default,
			})
		}
	}
	return out
}

// read is a house from memory, or from the store when another process has just made it.
func (c *Core) read(ctx context.Context, id uid.ID) (*House, error) {
	if h := c.catalogue.house(id); h != nil {
		return h, nil
	}
	if err := c.refresh(ctx, id); err != nil {
		return nil, err
	}
	if h := c.catalogue.house(id); h != nil {
		return h, nil
	}
	return nil, fault.Wrap(errors.New("a stored command names no hotel"), "read house")
}

// settle writes what has come of a batch: pools and states, or what a refusal undoes. The commands leave the queue in
// the same transaction.
func (c *Core) settle(ctx context.Context, batch []Command, pools map[uid.ID]stock.PoolID, refused error) error {
	// The call has had its effect: writing it down must not end with the caller.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	var err error
	for range settleTries {
		w := Write{ID: uid.New()}
		var after []*House
		for i := range batch {
			cmd := &batch[i]
			w.Done = append(w.Done, CommandID{cmd.Hotel, cmd.Change})
			before, rerr := c.read(ctx, cmd.Hotel)
			if rerr != nil {
				return rerr
			}
			h := before.clone()
			if refused != nil {
				undo(h, cmd, c.now())
			} else {
				take(h, cmd, pools, c.now())
			}
			if change, changed := difference(before, h); changed {
				h.Revision++
				w.Houses = append(w.Houses, change)
				after = append(after, h)
			}
		}
		if _, err = c.store.Write(ctx, w); err == nil {
			c.catalogue.publish(after...)
			break
		}
		if !errors.Is(err, ErrStale) && !errors.Is(err, ErrUnknownCommit) {
			return err
		}
		// Others wrote meanwhile, or the answer was lost: from what is stored now, what is left to do follows.
		for _, cmd := range batch {
			if rerr := c.refresh(ctx, cmd.Hotel); rerr != nil {
				return rerr
			}
		}
	}
	if err != nil {
		return err
	}
	if refused != nil {
		for _, cmd := range batch {
			if cmd.Retire == nil {
				c.log.Error("reservation refused a stock command; the write was undone", "hotel", cmd.Hotel.Text("htl"), "error", refused)
			}
		}
	}
	return nil
}

// take puts into the house what a command has brought about.
func take(h *House, cmd *Command, pools map[uid.ID]stock.PoolID, now time.Time) {
	for _, w := range cmd.Define {
		if w.Ref == h.Hotel.ID {
			if h.Hotel.CapPool == 0 {
				h.Hotel.CapPool, h.Hotel.UpdatedAt = pools[w.Ref], now
			}
			if h.Hotel.Status == Preparing {
				h.Hotel.Status = Active
			}
		} else if t := h.Type(w.Ref); t != nil && t.Pool == 0 {
			t.Pool, t.UpdatedAt = pools[w.Ref], now
			if t.Status == Preparing {
				t.Status = Active
			}
		}
	}
	h.NightsTo = max(h.NightsTo, cmd.NightsTo)
	if cmd.Retire != nil {
		retire(h, cmd.Retire.Refs, now)
	}
}

// retire ends what was deleted. The rooms of a room type go with it; everything else is kept for the reservations
// that name it.
func retire(h *House, refs []uid.ID, now time.Time) {
	for _, ref := range refs {
		if ref == h.Hotel.ID {
			h.Hotel.Status, h.Hotel.UpdatedAt = Retired, now
		} else if t := h.Type(ref); t != nil && t.Status != Retired {
			t.Status, t.UpdatedAt = Retired, now
			h.Rooms = slices.DeleteFunc(h.Rooms, func(r Room) bool { return r.RoomType == ref })
		}
	}
}

// undo takes back what a write did that reservation refused: a room type that never had stock is retired, a changed
// one is as before. A refused deletion has done nothing yet.
func undo(h *House, cmd *Command, now time.Time) {
	for _, w := range cmd.Define {
		if t := h.Type(w.Ref); t != nil && t.Pool == 0 {
			t.Status, t.UpdatedAt = Retired, now
		}
		if w.Ref == h.Hotel.ID && h.Hotel.CapPool == 0 {
			if h.Hotel.UpdatedAt = now; h.Revision == firstRevision {
				h.Hotel.Status = Retired // it was just born with the cap
			} else {
				h.Hotel.Status, h.Hotel.Capacity = Active, nil
			}
		}
	}
	for _, b := range cmd.Undo {
		t := h.Type(b.RoomType)
		if t == nil || t.Status == Retired {
			continue
		}
		t.Capacity, t.OverbookingBP, t.UpdatedAt = b.Capacity, b.OverbookingBP, now
		if b.From < b.To {
			t.Restrictions = t.Restrictions.Clear(b.From, b.To)
			for _, r := range b.Restrictions {
				t.Restrictions = t.Restrictions.Set(max(r.From, b.From), min(r.To, b.To), r.Value)
			}
		}
	}
}

// repeat sends the commands that wait: those left behind by a crash or by a time without reservation. With all it does
// not wait for their next try, but for writers of this process that are sending theirs.
func (c *Core) repeat(ctx context.Context, all bool) error {
	for {
		hotels, err := c.store.Waiting(ctx, all, hotelsPerTurn)
		if err != nil || len(hotels) == 0 {
			return err
		}
		if err := c.repeatOf(ctx, hotels, all); err != nil {
			return err
		}
		if !all && len(hotels) < hotelsPerTurn {
			return nil
		}
	}
}

func (c *Core) repeatOf(ctx context.Context, hotels []uid.ID, all bool) error {
	if all {
		give, err := c.turns.takeAll(ctx, hotels)
		if err != nil {
			return err
		}
		defer give()
	} else {
		hotels = c.turns.try(hotels) // the others have a writer who sends them
		defer c.turns.giveAll(hotels)
	}
	_, err := c.drain(ctx, hotels, nil)
	return err
}
