package reservation

import (
	"context"
	"sync"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// revocations are kept in memory, where placing checks them. Only the latest instant per supplier and plan counts.
type revocations struct {
	mu     sync.RWMutex
	before map[revoked]time.Time
}

type revoked struct{ supplier, plan uid.ID }

// has reports whether an offer issued at an instant has been withdrawn.
func (r *revocations) has(issued time.Time, supplier, plan uid.ID) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.before) == 0 {
		return false
	}
	return issued.Before(r.before[revoked{supplier, uid.ID{}}]) || issued.Before(r.before[revoked{supplier, plan}])
}

func (r *revocations) add(v Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.before == nil {
		r.before = map[revoked]time.Time{}
	}
	if k := (revoked{v.Supplier, v.RatePlan}); v.Before.After(r.before[k]) {
		r.before[k] = v.Before
	}
}

func (c *Core) loadRevocations(ctx context.Context) error {
	all, err := c.store.Revocations(ctx)
	if err != nil {
		return err
	}
	for _, v := range all {
		c.revoked.add(v)
	}
	return nil
}

// offersRevoked is the type of the event that makes other processes read the revocations again.
const offersRevoked = "offers.revoked"

// RevokeOffers implements Service. Offers are stamped to the second: those of the second in which Before lies are
// ended too.
func (c *Core) RevokeOffers(ctx context.Context, v Revocation) error {
	if v.Supplier.IsZero() {
		return invalid("/supplier", "supplier_missing", "Name the supplier whose offers end.")
	}
	v.Before = v.Before.Truncate(time.Second).Add(time.Second)
	if v.Before.After(c.clock.Now().Add(time.Minute)) {
		return fault.InvalidField("/before", "before_in_future", "Only offers that have been made can be revoked.")
	}
	err := c.desk.do(ctx, &command{
		name: "revoke_offers", rows: 1,
		need: func(*needs) {},
		rule: func(w *work) error {
			v.At = w.Now
			w.revoked = append(w.revoked, v)
			w.events = append(w.events, Event{Type: offersRevoked, At: w.Now, Data: []byte("{}")})
			return nil
		},
	})
	// Whoever gave up waiting may have revoked all the same: better an offer too many refused than one sold that was
	// withdrawn.
	if err == nil || fault.Is(err, "gave_up_waiting") || fault.Is(err, "outcome_unknown") {
		c.revoked.add(v)
	}
	return err
}
