package hotel

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/uid"
)

// CreateRatePlan implements Service.
func (c *Core) CreateRatePlan(ctx context.Context, e Editor, p RatePlan) (*House, uid.ID, error) {
	id := uid.New()
	h, err := c.edit(ctx, e, p.Hotel, AnyRevision, func(d *draft) error {
		p := p
		if err := d.checkPlan(&p); err != nil {
			return err
		}
		if d.livePlans() >= MaxRatePlans {
			return invalidFields(fault.Field{Code: "too_many", Message: "A hotel has at most 100 rate plans."})
		}
		p.ID, p.Version, p.Overrides, p.Status, p.CreatedAt, p.UpdatedAt = id, uid.New(), nil, Active, d.now, d.now
		d.Plans = append(d.Plans, p)
		return nil
	})
	return h, id, err
}

func (d *draft) livePlans() (n int) {
	for i := range d.Plans {
		if d.Plans[i].Status != Retired {
			n++
		}
	}
	return n
}

// checkPlan tidies a rate plan and checks it against the house.
func (d *draft) checkPlan(p *RatePlan) error {
	p.Name, p.Hotel = strings.TrimSpace(p.Name), d.Hotel.ID
	p.ChildBands, p.RoomTypes = slices.Clone(p.ChildBands), slices.Clone(p.RoomTypes)
	if len(p.ChildBands) == 0 {
		p.ChildBands = nil
	}
	if len(p.RoomTypes) == 0 {
		p.RoomTypes = nil
	}
	var v verdicts
	v.ratePlan(p, d.House)
	return v.err()
}

// sold finds a rate plan that is not retired.
func (d *draft) sold(id uid.ID) (*RatePlan, error) {
	if p := d.Plan(id); p != nil && p.Status != Retired {
		return p, nil
	}
	return nil, ratePlanNotFound()
}

// UpdateRatePlan implements Service. Anything that differs makes a new version; offers already made keep theirs.
// Overrides stay as they are.
func (c *Core) UpdateRatePlan(ctx context.Context, e Editor, p RatePlan, revision int64) (*House, error) {
	return c.edit(ctx, e, p.Hotel, revision, func(d *draft) error {
		old, err := d.sold(p.ID)
		if err != nil {
			return err
		}
		p := p
		if err := d.checkPlan(&p); err != nil {
			return err
		}
		p.Version, p.Overrides, p.Status, p.CreatedAt, p.UpdatedAt = old.Version, old.Overrides, old.Status, old.CreatedAt, old.UpdatedAt
		if reflect.DeepEqual(*old, p) {
			return nil
		}
		p.Version, p.UpdatedAt = uid.New(), d.now
		*old = p
		return nil
	})
}

// DeleteRatePlan implements Service. The last rate plan of a hotel stays: without one nothing could be sold.
func (c *Core) DeleteRatePlan(ctx context.Context, e Editor, hotel, id uid.ID, revision int64) error {
	_, err := c.edit(ctx, e, hotel, revision, func(d *draft) error {
		p, err := d.sold(id)
		if err != nil {
			return err
		}
		if d.livePlans() == 1 {
			return fault.New(fault.Conflict, "last_rate_plan", "This is the hotel's last rate plan. Add another one before you delete it.")
		}
		p.Status, p.UpdatedAt = Retired, d.now
		return nil
	})
	return err
}

// offersLive is longer than any offer lives: older versions of a rate plan are in no offer that can still be booked.
const offersLive = 24 * time.Hour

// maxRevoked bounds the versions of a plan that one revocation names.
const maxRevoked = 1000

// RevokeOffers implements Service. Offers name versions of a rate plan, so each version that can be in a live offer is
// revoked.
func (c *Core) RevokeOffers(ctx context.Context, e Editor, hotel, plan uid.ID) error {
	h, err := c.editable(e, hotel)
	if err != nil {
		return err
	}
	now := c.now()
	r := reservation.Revocation{
		Supplier: h.Hotel.Supplier, Before: now, At: now, Actor: reservation.Actor{Kind: reservation.StaffActor, ID: e.Subject},
	}
	if plan.IsZero() {
		return c.desk.RevokeOffers(ctx, r)
	}
	if h.Plan(plan) == nil {
		return ratePlanNotFound()
	}
	versions, err := c.store.Versions(ctx, hotel, plan, maxRevoked)
	if err != nil {
		return err
	}
	for _, v := range versions {
		r.RatePlan = v.ID
		if err := c.desk.RevokeOffers(ctx, r); err != nil {
			return err
		}
		if now.Sub(v.CreatedAt) > offersLive {
			break // the versions before this one were replaced when it was made
		}
	}
	return nil
}
