package hotel

import (
	"context"

	"holdfast/fault"
	"holdfast/stock"
)

// SetInventory implements Service. Capacity, overbooking, target and stop-sell go to the stock; min and max stay and
// closed to arrival or departure are kept here.
func (c *Core) SetInventory(ctx context.Context, e Editor, i InventoryChange) (*House, error) {
	return c.edit(ctx, e, i.Hotel, AnyRevision, func(d *draft) error {
		t, err := d.sellable(i.RoomType)
		if err != nil {
			return err
		}
		var v verdicts
		v.nights(i.From, i.To, d.today, d.horizon)
		v.inventory(&i)
		if err := v.err(); err != nil {
			return err
		}
		d.remember(t)
		restrictions, err := i.restrict(t.Restrictions)
		if err != nil {
			return err
		}
		undo := &d.command.Undo[0]
		undo.From, undo.To, undo.Restrictions = i.From, i.To, cutOut(t.Restrictions, i.From, i.To)
		t.Restrictions = restrictions
		if i.Capacity != nil || i.OverbookingBP != nil || i.Target != nil || i.Closed != nil {
			d.command.Set = append(d.command.Set, StockWant{
				Ref: t.ID, From: i.From, To: i.To, Physical: i.Capacity, OverbookingBP: i.OverbookingBP, Target: i.Target, Closed: i.Closed,
			})
		}
		return nil
	})
}

func (v *verdicts) inventory(i *InventoryChange) {
	if i.Capacity != nil {
		v.number(int64(*i.Capacity), 0, MaxCapacity, "/capacity")
	}
	if i.OverbookingBP != nil {
		v.overbooking(*i.OverbookingBP)
	}
	if i.Target != nil {
		v.number(int64(*i.Target), 0, stock.MaxUnits, "/target")
	}
	v.check(i.OverbookingBP == nil || i.Target == nil, "/target", "not_with_overbooking",
		"The target follows from capacity and overbooking, or is set by hand; not both at once.")
	v.stay(i)
	v.check(i.Capacity != nil || i.OverbookingBP != nil || i.Target != nil || i.Closed != nil ||
		i.MinStay != nil || i.MaxStay != nil || i.ClosedToArrival != nil || i.ClosedToDeparture != nil,
		"", "nothing_to_set", "Name at least one thing to set.")
}

// restrict is the line with what the change sets on its nights.
func (i *InventoryChange) restrict(l Line[Restriction]) (Line[Restriction], error) {
	if i.MinStay == nil && i.MaxStay == nil && i.ClosedToArrival == nil && i.ClosedToDeparture == nil {
		return l, nil
	}
	possible := true
	out := l.Map(i.From, i.To, func(r Restriction, _ bool) (Restriction, bool) {
		if i.MinStay != nil {
			r = r.WithMinStay(*i.MinStay)
		}
		if i.MaxStay != nil {
			r = r.WithMaxStay(*i.MaxStay)
		}
		r = r.withFlag(ClosedToArrival, i.ClosedToArrival).withFlag(ClosedToDeparture, i.ClosedToDeparture)
		possible = possible && (r.MaxStay() == 0 || r.MinStay() <= r.MaxStay())
		return r, r != 0
	})
	if !possible {
		return nil, invalidFields(fault.Field{
			Pointer: "/min_stay", Code: "above_max_stay", Message: "On some of these nights the shortest stay would be longer than the longest.",
		})
	}
	return out, nil
}

func (r Restriction) withFlag(flag Restriction, on *bool) Restriction {
	switch {
	case on == nil:
		return r
	case *on:
		return r | flag
	default:
		return r &^ flag
	}
}
