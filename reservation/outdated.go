package reservation

import (
	"sync"
	"time"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/stock"
)

// An offer is a promise of the ride as it was when it was made. When the supplier changes the ride afterwards, whoever has
// reserved is told (disrupt.go); whoever still has an offer must not be sold the old times. What was changed lately is
// remembered in memory, for longer than an offer lives, and placing looks there.

const (
	rememberChanges = time.Hour // longer than offers live; Settings of the verticals say how long that is
	maxChanges      = 200_000   // pools; more within the time than any network has in disorder
)

// outdated remembers the last change of each pool.
type outdated struct {
	mu      sync.RWMutex
	changes map[stock.PoolID]change
}

type change struct {
	at time.Time
	d  *Disruption
}

// add remembers a change. What nobody can have an offer of any more is forgotten when there is too much.
func (o *outdated) add(d *Disruption, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changes == nil {
		o.changes = map[stock.PoolID]change{}
	}
	if len(o.changes)+len(d.Pools) > maxChanges {
		for pool, c := range o.changes {
			if now.Sub(c.at) > rememberChanges || len(o.changes) > maxChanges {
				delete(o.changes, pool)
			}
		}
	}
	for _, pool := range d.Pools {
		o.changes[pool] = change{now, d}
	}
}

// changed reports whether a piece, as it stood at an instant, is no longer what its supplier runs.
func (o *outdated) changed(p *offer.Piece, issued time.Time) bool {
	if p.Ride == nil {
		return false
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	if len(o.changes) == 0 {
		return false
	}
	for _, claim := range p.Claims {
		if c, ok := o.changes[claim.Pool]; ok && !c.at.Before(issued) && c.d.notice(&Item{Piece: *p}) != nil {
			return true
		}
	}
	return false
}

// Outdate implements Service.
func (c *Core) Outdate(d Disruption) { c.outdated.add(&d, c.clock.Now()) }

var errOfferOutdated = fault.New(fault.Gone, "offer_outdated", "The supplier has changed this ride since the offer was made. Nothing was reserved; search again for how it runs now.")
