package reservation

import (
	"context"
	"strings"

	"holdfast/fault"
	"holdfast/uid"
)

// MaxPage bounds a list.
const MaxPage = 200

// Reservation implements Service.
func (c *Core) Reservation(ctx context.Context, caller Caller, ref string) (*Reservation, error) {
	if !strings.HasPrefix(ref, "res_") || len(ref) > maxNameBytes {
		return nil, errNotFound
	}
	named := namedID(caller.Subject, ref)
	ids := []uid.ID{named}
	if id, err := uid.Parse("res", ref); err == nil {
		ids = append(ids, id)
	}
	found, err := c.store.Reservations(ctx, ids)
	if err != nil {
		return nil, err
	}
	asked := func(r *Reservation) bool {
		return r.ID == named && r.Caller == caller.Subject && r.Name == ref || r.ID != named && caller.sees(r)
	}
	for _, r := range found {
		if asked(r) {
			return c.shown(caller, r), nil
		}
	}
	archived, err := c.store.Archived(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range archived {
		if asked(a.Reservation) {
			return c.shown(caller, a.Reservation), nil
		}
	}
	return nil, errNotFound
}

// acts refuses what would touch items of other suppliers: their staff, or whoever placed the reservation, may do that.
func (c Caller) acts(r *Reservation) error {
	if r.Caller == c.Subject || c.Staff && c.Supplier.IsZero() {
		return nil
	}
	for i := range r.Items {
		if r.Items[i].Supplier != c.Supplier {
			return fault.New(fault.Forbidden, "not_all_yours", "This reservation has items of other suppliers. Cancel your own ones by a quote that names them.")
		}
	}
	return nil
}

// owns says whether an item is the caller's to cancel.
func (c Caller) owns(r *Reservation, it *Item) bool {
	return r.Caller == c.Subject || c.Staff && (c.Supplier.IsZero() || it.Supplier == c.Supplier)
}

// maxNameBytes bounds the ids callers give their reservations.
const maxNameBytes = 64

// sees reports whether a reservation exists for the caller.
func (c Caller) sees(r *Reservation) bool {
	if r.Caller == c.Subject {
		return true
	}
	if !c.Staff {
		return false
	}
	if c.Supplier.IsZero() {
		return true
	}
	for i := range r.Items {
		if r.Items[i].Supplier == c.Supplier {
			return true
		}
	}
	return false
}

// shown is a reservation as the caller sees it: a hold that has lapsed is expired, before the sweep has written it; and
// a name is its owner's alone, everybody else knows the reservation by its id.
func (c *Core) shown(caller Caller, r *Reservation) *Reservation {
	if r.Caller != caller.Subject {
		r.Name = ""
	}
	if r.Effective(c.clock.Now()) == r.Status {
		return r
	}
	f := factsOf(r)
	f.Status, f.ItemStatus = Expired, nil
	return r.as(f)
}

// Reservations implements Service.
func (c *Core) Reservations(ctx context.Context, caller Caller, f Filter) ([]*Reservation, error) {
	f.Caller, f.Supplier = caller.Subject, uid.ID{}
	if caller.Staff {
		f.Caller, f.Supplier = "", caller.Supplier
	}
	if f.Limit < 1 || f.Limit > MaxPage {
		return nil, invalid("/limit", "limit_out_of_range", "A page has 1 to %d entries.", MaxPage)
	}
	found, err := c.store.Find(ctx, f)
	if err != nil {
		return nil, err
	}
	for i, r := range found {
		found[i] = c.shown(caller, r)
	}
	return found, nil
}

// History implements Service.
func (c *Core) History(ctx context.Context, caller Caller, ref string) ([]Entry, error) {
	r, err := c.Reservation(ctx, caller, ref)
	if err != nil {
		return nil, err
	}
	return c.entries(ctx, r.ID)
}
