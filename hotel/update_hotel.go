package hotel

import (
	"context"
	"errors"
	"reflect"

	"holdfast/fault"
	"holdfast/uid"
)

// UpdateHotel implements Service. It replaces what staff may change. What stays whatever h says: supplier, external
// reference, status, and the capacity when h has none. The currency is fixed once the hotel exists (prices are in it).
// A cap on the whole house cannot be put on once there are room types: reservations made without it would not count.
func (c *Core) UpdateHotel(ctx context.Context, e Editor, h Hotel, revision int64) (*House, error) {
	return c.edit(ctx, e, h.ID, revision, func(d *draft) error {
		old := d.before.Hotel
		h := h
		h.Supplier, h.ExternalRef, h.CapPool, h.Status, h.CreatedAt, h.UpdatedAt = old.Supplier, old.ExternalRef, old.CapPool, old.Status, old.CreatedAt, old.UpdatedAt
		if h.Capacity == nil || old.Capacity != nil && *h.Capacity == *old.Capacity {
			h.Capacity = old.Capacity
		}
		tidy(&h)
		var v verdicts
		v.hotel(&h)
		if err := v.err(); err != nil {
			return err
		}
		if h.Currency != old.Currency {
			return fault.New(fault.Conflict, "currency_fixed", "The prices of this hotel are in %s; a hotel in another currency is a new one.", old.Currency)
		}
		if old.Capacity == nil && h.Capacity != nil && len(d.Types) > 0 {
			return fault.New(fault.Conflict, "capacity_fixed", "The capacity of a whole house is set before its first room type is added.")
		}
		d.Hotel = h
		c.date(d) // the time zone may be another one
		d.capacity(&old)
		d.touch(&old)
		return nil
	})
}

// capacity asks for the stock that follows from the hotel's own capacity and overbooking.
func (d *draft) capacity(old *Hotel) {
	h := &d.Hotel
	switch {
	case h.Capacity == nil:
	case old.Capacity == nil:
		d.Hotel.Status = Preparing
		d.define(h.ID, *h.Capacity, h.OverbookingBP)
	default:
		d.changed(h.ID, *old.Capacity, *h.Capacity, old.OverbookingBP, h.OverbookingBP)
	}
	if h.OverbookingBP == old.OverbookingBP {
		return
	}
	for i := range d.Types {
		if t := &d.Types[i]; t.OverbookingBP == nil && t.Status != Retired {
			d.setFromToday(t.ID, nil, &h.OverbookingBP)
		}
	}
}

// changed asks for what differs of a pool's capacity and overbooking.
func (d *draft) changed(ref uid.ID, oldCapacity, capacity, oldBP, bp int32) {
	var physical, overbooking *int32
	if capacity != oldCapacity {
		physical = &capacity
	}
	if bp != oldBP {
		overbooking = &bp
	}
	if physical != nil || overbooking != nil {
		d.setFromToday(ref, physical, overbooking)
	}
}

// touch notes the time of a change of the hotel itself.
func (d *draft) touch(old *Hotel) {
	if !reflect.DeepEqual(*old, d.Hotel) {
		d.Hotel.UpdatedAt = d.now
	}
}

// DeleteHotel implements Service. The hotel is retired when reservation has ended the sale of all its pools.
func (c *Core) DeleteHotel(ctx context.Context, e Editor, id uid.ID, revision int64) error {
	h, err := c.edit(ctx, e, id, revision, func(d *draft) error {
		refs := []uid.ID{d.Hotel.ID} // the cap pool's, if there is one
		for _, t := range d.Types {
			if t.Status != Retired {
				refs = append(refs, t.ID)
			}
		}
		d.retire(refs...)
		return nil
	})
	if err != nil {
		return err
	}
	return retired(h.Hotel.Status)
}

// retired tells the caller of a deletion how it went when nobody else did.
func retired(s Status) error {
	if s == Retired {
		return nil
	}
	return fault.New(fault.Unavailable, "deletion_pending", "The stock could not be asked yet whether anything is reserved. The deletion is kept and goes on by itself; ask again to hear how it went.").
		RetryIn(retryWait).Because(errors.New("the retirement is still queued"))
}
