package reservation

import (
	"context"
	"fmt"

	"holdfast/fault"
	"holdfast/stock"
	"holdfast/uid"
)

// MaxLayouts bounds the layouts that one call defines.
const MaxLayouts = 10_000

// blockKey names a block of a pool.
type blockKey struct {
	pool  stock.PoolID
	block int
}

// compare orders blocks for locking and writing.
func (k blockKey) compare(o blockKey) int {
	return stock.Key{Pool: k.pool, Slot: stock.Slot(k.block)}.Compare(stock.Key{Pool: o.pool, Slot: stock.Slot(o.block)})
}

// changed notes that a unit was given out, taken back or blocked: its block is written.
func (w *work) changed(u *PoolUnits, unit int32) {
	n := stock.BlockOf(unit)
	key := blockKey{u.Pool, n}
	if w.blocks[key] == nil {
		u.Versions[n]++
		w.blocks[key] = &BlockRow{Pool: u.Pool, Number: n, Version: u.Versions[n], Block: u.Blocks[n]}
	}
}

// giveUnits takes back the units that claims bear.
func (w *work) giveUnits(claims []stock.Claim) error {
	for _, c := range claims {
		if c.Unit == 0 {
			continue
		}
		u := w.Units[c.Pool]
		if u == nil || !u.Give(c.Unit, c.From, c.To) {
			return fmt.Errorf("pool %d unit %d is not given out on [%d, %d): %w", c.Pool, c.Unit, c.From, c.To, stock.ErrBroken)
		}
		w.changed(u, c.Unit)
	}
	return nil
}

// takeUnits gives out the units that claims bear; false, and nothing changed, when one of them is taken.
func (w *work) takeUnits(claims []stock.Claim) bool {
	for i, c := range claims {
		if c.Unit == 0 {
			continue
		}
		if u := w.Units[c.Pool]; u == nil || !u.Take(c.Unit, c.From, c.To) {
			for _, d := range claims[:i] {
				if d.Unit != 0 {
					w.Units[d.Pool].Give(d.Unit, d.From, d.To)
				}
			}
			return false
		}
	}
	for _, c := range claims {
		if c.Unit != 0 {
			w.changed(w.Units[c.Pool], c.Unit)
		}
	}
	return true
}

// DefineLayouts implements Service. Layouts never change and are named by their content, so they need no lock and no
// command.
func (c *Core) DefineLayouts(ctx context.Context, layouts []*stock.Layout) ([]uid.ID, error) {
	if len(layouts) > MaxLayouts {
		return nil, invalid("/", "layout_invalid", "%d layouts at once; at most %d are possible.", len(layouts), MaxLayouts)
	}
	ids := make([]uid.ID, len(layouts))
	for i, l := range layouts {
		if err := l.Check(); err != nil {
			return nil, invalid("/", "layout_invalid", "Layout %d cannot be used: %v.", i+1, err)
		}
		ids[i] = l.ID()
	}
	if err := c.store.PutLayouts(ctx, layouts); err != nil {
		return nil, err
	}
	return ids, nil
}

// Units implements Service.
func (c *Core) Units(ctx context.Context, pool stock.PoolID) (*PoolUnits, error) {
	return c.store.Units(ctx, pool)
}

// SlotsOf implements Service.
func (c *Core) SlotsOf(ctx context.Context, pools []stock.PoolID, yield func([]SlotRow) error) error {
	return c.store.SlotsOf(ctx, pools, yield)
}

// BlockUnits implements Service. Each change is one transaction of its own; counters and masks change together.
func (c *Core) BlockUnits(ctx context.Context, changes []UnitChange) error {
	for _, ch := range changes {
		if ch.From < 0 || ch.From >= ch.To || int64(ch.To)-int64(ch.From) > MaxPoolSlots {
			return invalid("/from", "span_invalid", "The part of the way to change is empty or too long.")
		}
		if err := c.desk.do(ctx, blockCommand(ch)); err != nil {
			return err
		}
	}
	return nil
}

func blockCommand(ch UnitChange) *command {
	return &command{
		name: "block_unit", lane: ch.Pool, rows: int(ch.To - ch.From),
		need: func(n *needs) {
			n.span(Span{ch.Pool, ch.From, ch.To})
			n.units(ch.Pool)
		},
		rule: func(w *work) error {
			u := w.Units[ch.Pool]
			switch {
			case u == nil:
				return errPoolGone
			case ch.Unit < 1 || int(ch.Unit) > len(u.Layout.Units) || int(ch.To) > u.Slots:
				return errSeatUnknown
			}
			step, change := int32(1), u.Block
			if !ch.Blocked {
				step, change = -1, u.Unblock
			}
			for s := ch.From; s < ch.To; s++ { // a unit that somebody has anywhere on the way stays as it is everywhere
				if ch.Blocked && !u.Free(ch.Unit, s, s+1) && !u.Blocked(ch.Unit, s) {
					return errSeatUnavailable
				}
			}
			for s := ch.From; s < ch.To; s++ {
				n, ok := change(ch.Unit, s, s+1)
				if !ok || n == 0 {
					continue
				}
				w.changed(u, ch.Unit)
				row, err := w.slot(stock.Key{Pool: ch.Pool, Slot: s})
				if err != nil {
					return err
				}
				if err := row.SetOutOfOrder(row.OutOfOrder + step); err != nil {
					return fmt.Errorf("pool %d slot %d: %w", ch.Pool, s, err)
				}
			}
			return nil
		},
	}
}

var (
	errSeatUnknown     = fault.New(fault.Invalid, "seat_unknown", "There is no such seat. The seat map shows which there are.")
	errSeatUnavailable = fault.New(fault.Conflict, "seat_unavailable", "This seat is taken. Nothing was changed; the seat map shows which are free.")
	errNoSingleSeat    = fault.New(fault.Conflict, "no_single_seat", "There are free seats on each part of the way, but none that is free all the way. Nothing was reserved; "+
		"accept a seat change on the way (preferences: seat_change), or search again.")
)
