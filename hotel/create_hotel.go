package hotel

import (
	"context"
	"errors"
	"slices"
	"strings"

	"holdfast/fault"
	"holdfast/uid"
)

// CreateHotel implements Service. The hotel is born with one flexible rate plan, so that a room type is bookable as
// soon as it exists. With a Capacity it is preparing until the cap pool exists.
func (c *Core) CreateHotel(ctx context.Context, e Editor, h Hotel) (*House, error) {
	if h.Supplier.IsZero() {
		h.Supplier = e.Supplier
	}
	if !e.Supplier.IsZero() && e.Supplier != h.Supplier {
		return nil, fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
	}
	tidy(&h)
	var v verdicts
	v.check(!h.Supplier.IsZero(), "/supplier_id", "required", "This names the supplier that the hotel belongs to.")
	v.hotel(&h)
	if err := v.err(); err != nil {
		return nil, err
	}
	d := c.born(h)
	if err := c.turns.take(ctx, d.Hotel.ID); err != nil {
		return nil, err
	}
	defer c.turns.give(d.Hotel.ID)
	command, err := c.commit(ctx, d)
	if errors.Is(err, ErrTaken) {
		return nil, fault.New(fault.Conflict, "external_ref_taken", "The supplier has a hotel with this external reference already.").With("external_ref", h.ExternalRef)
	}
	if err != nil {
		return nil, err
	}
	if command != nil {
		if err := c.perform(ctx, *command); err != nil {
			return nil, err
		}
	}
	return c.catalogue.house(d.Hotel.ID), nil
}

// tidy fills in what a hotel may leave out and takes blanks off its texts.
func tidy(h *Hotel) {
	for _, s := range []*string{&h.Name, &h.Address, &h.PostalCode, &h.City, &h.ExternalRef} {
		*s = strings.TrimSpace(*s)
	}
	if h.CheckInFrom == "" {
		h.CheckInFrom = defaultCheckInFrom
	}
	if h.CheckOutUntil == "" {
		h.CheckOutUntil = defaultCheckOutTill
	}
	h.Amenities, h.Levies = slices.Clone(h.Amenities), slices.Clone(h.Levies)
	if len(h.Amenities) == 0 {
		h.Amenities = nil
	}
	if len(h.Levies) == 0 {
		h.Levies = nil
	}
}

// born is a new hotel with its first rate plan, and the command for its cap pool if it has one.
func (c *Core) born(h Hotel) *draft {
	h.ID, h.CapPool, h.Status = uid.New(), 0, Active
	d := &draft{House: &House{Hotel: h}}
	c.date(d)
	d.Hotel.CreatedAt, d.Hotel.UpdatedAt = d.now, d.now
	d.NightsTo = d.end
	if h.Capacity != nil {
		d.Hotel.Status = Preparing
		d.define(d.Hotel.ID, *h.Capacity, h.OverbookingBP)
	}
	d.Plans = []RatePlan{{
		ID: uid.New(), Version: uid.New(), Hotel: d.Hotel.ID, Name: "Flexible", Board: RoomOnly, PercentBP: 10_000,
		FreeUntilHours: 24, FeeBP: 10_000, Status: Active, CreatedAt: d.now, UpdatedAt: d.now,
	}}
	return d
}
