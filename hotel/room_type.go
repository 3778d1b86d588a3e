package hotel

import (
	"context"
	"strings"

	"holdfast/uid"
)

// CreateRoomType implements Service. The room type is preparing until its pool exists for every night up to the
// horizon, which it does when the call returns unless reservation cannot be reached.
func (c *Core) CreateRoomType(ctx context.Context, e Editor, t RoomType) (*House, uid.ID, error) {
	id := uid.New()
	h, err := c.edit(ctx, e, t.Hotel, AnyRevision, func(d *draft) error {
		t := t
		t.Name = strings.TrimSpace(t.Name)
		var v verdicts
		v.roomType(&t, d.Hotel.Currency)
		v.check(d.liveTypes() < MaxRoomTypesPerHotel, "", "too_many", "A hotel has at most %d room types.", MaxRoomTypesPerHotel)
		if err := v.err(); err != nil {
			return err
		}
		t.ID, t.Pool, t.Rates, t.Restrictions = id, 0, nil, nil
		d.addType(t)
		return nil
	})
	return h, id, err
}

func (d *draft) liveTypes() (n int) {
	for i := range d.Types {
		if d.Types[i].Status != Retired {
			n++
		}
	}
	return n
}

// addType adds a valid room type and asks for its pool.
func (d *draft) addType(t RoomType) {
	t.Hotel, t.Status, t.CreatedAt, t.UpdatedAt = d.Hotel.ID, Preparing, d.now, d.now
	d.Types = append(d.Types, t)
	d.define(t.ID, t.Capacity, d.overbooking(&t))
}

// UpdateRoomType implements Service. A new capacity or overbooking holds for all nights from today on; nights that
// were set apart (SetInventory) are overwritten. Rates, restrictions and status stay whatever t says.
func (c *Core) UpdateRoomType(ctx context.Context, e Editor, t RoomType, revision int64) (*House, error) {
	return c.edit(ctx, e, t.Hotel, revision, func(d *draft) error {
		old, err := d.sellable(t.ID)
		if err != nil {
			return err
		}
		t := t
		t.Name = strings.TrimSpace(t.Name)
		var v verdicts
		v.roomType(&t, d.Hotel.Currency)
		if err := v.err(); err != nil {
			return err
		}
		t.Hotel, t.Pool, t.Rates, t.Restrictions, t.Status, t.CreatedAt, t.UpdatedAt = old.Hotel, old.Pool, old.Rates, old.Restrictions, old.Status, old.CreatedAt, old.UpdatedAt
		if sameRow(old, &t) {
			return nil
		}
		t.UpdatedAt = d.now
		before := *old
		*old = t
		d.changed(t.ID, before.Capacity, t.Capacity, d.overbooking(&before), d.overbooking(&t))
		if !d.command.empty() {
			d.remember(&before)
		}
		return nil
	})
}

// DeleteRoomType implements Service. The room type is retired when reservation has ended the sale of its pool; its
// rooms are removed with it.
func (c *Core) DeleteRoomType(ctx context.Context, e Editor, hotel, id uid.ID, revision int64) error {
	h, err := c.edit(ctx, e, hotel, revision, func(d *draft) error {
		if _, err := d.sellable(id); err != nil {
			return err
		}
		d.retire(id)
		return nil
	})
	if err != nil {
		return err
	}
	return retired(h.Type(id).Status) // room types are never taken out of a house
}
