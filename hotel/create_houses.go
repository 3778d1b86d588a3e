package hotel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// housesPerWrite is how many houses CreateHouses stores in one transaction.
const housesPerWrite = 50

// CreateHouses makes whole houses: with their room types and the lines of these, rate plans (at least one each) and
// rooms. Ids that are given are kept; a house whose id is there already is passed over, so that a run that was cut off
// can be repeated. What the service decides itself (pools, states, revisions, times, versions) is ignored, and nights
// outside of today and the horizon are cut off the lines. progress hears after each part how many houses are done; what
// is wrong with a house ends the run before the part that it is in.
func (c *Core) CreateHouses(ctx context.Context, e Editor, houses []House, progress func(done int)) error {
	done := 0
	for part := range slices.Chunk(houses, housesPerWrite) {
		var err error
		for range editTries {
			if err = c.createPart(ctx, e, part); !errors.Is(err, ErrStale) {
				break
			}
		}
		if err != nil {
			return err
		}
		done += len(part)
		if progress != nil {
			progress(done)
		}
	}
	return nil
}

func (c *Core) createPart(ctx context.Context, e Editor, houses []House) error {
	var ids []uid.ID
	var drafts []*draft
	for i := range houses {
		if !houses[i].Hotel.ID.IsZero() && c.catalogue.house(houses[i].Hotel.ID) != nil {
			continue
		}
		d, err := c.whole(e, houses[i])
		if err != nil {
			return fmt.Errorf("hotel %q: %w", houses[i].Hotel.Name, err)
		}
		ids, drafts = append(ids, d.Hotel.ID), append(drafts, d)
	}
	if len(drafts) == 0 {
		return nil
	}
	give, err := c.turns.takeAll(ctx, ids)
	if err != nil {
		return err
	}
	defer give()

	w := Write{ID: uid.New(), Wait: writerWait}
	made := make([]*House, len(drafts))
	for i, d := range drafts {
		change, _ := difference(d.before, d.House)
		d.Revision = firstRevision
		made[i] = d.House
		w.Houses, w.Commands = append(w.Houses, change), append(w.Commands, d.command)
	}
	_, err = c.store.Write(ctx, w)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrTaken) {
		// Another process may have made one of them meanwhile; then the rest is tried again.
		there := false
		for _, id := range ids {
			if rerr := c.refresh(ctx, id); rerr != nil {
				return rerr
			}
			there = there || c.catalogue.house(id) != nil
		}
		if there {
			return ErrStale
		}
	}
	switch {
	case errors.Is(err, ErrTaken):
		return fault.New(fault.Conflict, "external_ref_taken", "The supplier has a hotel with one of these external references already.")
	case errors.Is(err, ErrUnknownCommit):
		return fault.New(fault.Unavailable, "outcome_unknown", "The database did not say whether the hotels were stored. Repeat the call.").RetryIn(time.Second).Because(err)
	case err != nil:
		return err
	}
	c.catalogue.publish(made...)
	out, err := c.drain(ctx, ids, nil)
	for _, refusal := range out {
		if refusal != nil {
			return refusal
		}
	}
	return err
}

// whole is the draft of a new house with everything in it.
func (c *Core) whole(e Editor, h House) (*draft, error) {
	if h.Hotel.Supplier.IsZero() {
		h.Hotel.Supplier = e.Supplier
	}
	if !e.Supplier.IsZero() && e.Supplier != h.Hotel.Supplier {
		return nil, fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
	}
	tidy(&h.Hotel)
	var v verdicts
	v.check(!h.Hotel.Supplier.IsZero(), "/supplier_id", "required", "This names the supplier that the hotel belongs to.")
	v.check(len(h.Plans) > 0, "/rate_plans", "required", "A hotel has at least one rate plan.")
	v.number(int64(len(h.Types)), 0, MaxRoomTypesPerHotel, "/room_types")
	v.number(int64(len(h.Plans)), 0, MaxRatePlans, "/rate_plans")
	v.number(int64(len(h.Rooms)), 0, MaxRoomsPerHotel, "/rooms")
	v.hotel(&h.Hotel)
	if err := v.err(); err != nil {
		return nil, err
	}
	given := h.Hotel.ID
	d := c.born(h.Hotel)
	if !given.IsZero() {
		d.Hotel.ID = given
	}
	d.before, d.Plans, d.command = &House{}, nil, Command{Hotel: d.Hotel.ID}
	if h.Hotel.Capacity != nil {
		d.define(d.Hotel.ID, *h.Hotel.Capacity, h.Hotel.OverbookingBP)
	}
	for i := range h.Types {
		t := h.Types[i]
		if t.ID.IsZero() {
			t.ID = uid.New()
		}
		t.Pool = 0
		t.Rates, t.Restrictions = ahead(d, &v, t.Rates), ahead(d, &v, t.Restrictions)
		for _, r := range t.Rates {
			v.price(r.Value, d.Hotel.Currency, "/rates")
		}
		v.roomType(&t, d.Hotel.Currency)
		d.addType(t)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	return d, d.furnish(h.Plans, h.Rooms)
}

// furnish adds rate plans and rooms.
func (d *draft) furnish(plans []RatePlan, rooms []Room) error {
	for _, p := range plans {
		if err := d.checkPlan(&p); err != nil {
			return err
		}
		if p.ID.IsZero() {
			p.ID = uid.New()
		}
		p.Version, p.Overrides, p.Status, p.CreatedAt, p.UpdatedAt = uid.New(), nil, Active, d.now, d.now
		d.Plans = append(d.Plans, p)
	}
	var types []uid.ID
	for _, r := range rooms {
		if err := d.checkRoom(&r); err != nil {
			return err
		}
		if r.ID.IsZero() {
			r.ID = uid.New()
		}
		r.Hotel, r.CreatedAt, r.UpdatedAt = d.Hotel.ID, d.now, d.now
		d.Rooms = append(d.Rooms, r)
		types = append(types, r.RoomType)
	}
	sortRooms(d.Rooms)
	d.outages(types...)
	return nil
}

// ahead checks that the runs of a line are in order and cuts off the nights that do not exist.
func ahead[V comparable](d *draft, v *verdicts, l Line[V]) Line[V] {
	for i, r := range l {
		v.check(r.From < r.To && (i == 0 || l[i-1].To <= r.From), "/room_types", "not_in_order", "The runs of a line are in order and apart from each other.")
	}
	return l.Clear(math.MinInt32, d.today).Clear(d.end, math.MaxInt32)
}
