package hotel

import (
	"context"
	"maps"
	"slices"

	"holdfast/civil"
	"holdfast/uid"
)

// SetRates implements Service.
func (c *Core) SetRates(ctx context.Context, e Editor, r RateChange) (*House, error) {
	return c.edit(ctx, e, r.Hotel, AnyRevision, func(d *draft) error {
		t, err := d.sellable(r.RoomType)
		if err != nil {
			return err
		}
		var v verdicts
		v.nights(r.From, r.To, d.today, d.horizon)
		if r.Minor != nil {
			v.price(*r.Minor, d.Hotel.Currency, "/amount")
		}
		if err := v.err(); err != nil {
			return err
		}
		t.Rates = setNights(t.Rates, r.From, r.To, r.Minor)
		return nil
	})
}

// SetOverride implements Service.
func (c *Core) SetOverride(ctx context.Context, e Editor, o OverrideChange) (*House, error) {
	return c.edit(ctx, e, o.Hotel, AnyRevision, func(d *draft) error {
		p, err := d.sold(o.Plan)
		if err != nil {
			return err
		}
		t, err := d.sellable(o.RoomType)
		if err != nil {
			return err
		}
		var v verdicts
		v.nights(o.From, o.To, d.today, d.horizon)
		if o.Minor != nil {
			v.price(*o.Minor, d.Hotel.Currency, "/amount")
		}
		v.check(len(p.RoomTypes) == 0 || slices.Contains(p.RoomTypes, t.ID), "/room_type_id", "not_sold_with_plan", "The rate plan is not sold with this room type.")
		if err := v.err(); err != nil {
			return err
		}
		line := setNights(p.Overrides[t.ID], o.From, o.To, o.Minor)
		p.Overrides = maps.Clone(p.Overrides)
		if p.Overrides == nil {
			p.Overrides = map[uid.ID]Line[int64]{}
		}
		if p.Overrides[t.ID] = line; len(line) == 0 {
			delete(p.Overrides, t.ID)
		}
		return nil
	})
}

// setNights gives nights a price, or takes theirs away.
func setNights(l Line[int64], from, to civil.Date, minor *int64) Line[int64] {
	if minor == nil {
		return l.Clear(from, to)
	}
	return l.Set(from, to, *minor)
}
