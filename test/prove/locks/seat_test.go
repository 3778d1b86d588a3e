package locks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

// The trains whose units are crossed: blocks of two pools are locked in both orders, and after slots of other pools.
const (
	trains   = 2
	seats    = 96 // two blocks of units
	segments = 6
)

// defineTrains makes the trains, or finds those that another process has made.
func (g *ground) defineTrains(t *testing.T, w *rig.World, refs []uid.ID) {
	t.Helper()
	layouts := rig.Must[[]uid.ID](t)(w.Cores[0].DefineLayouts(t.Context(), []*stock.Layout{rig.Layout(seats)}))
	for _, ref := range refs {
		spec := reservation.PoolSpec{Ref: ref, Supplier: w.Supplier, Layout: layouts[0], To: segments}
		g.trains = append(g.trains, rig.Must[[]stock.PoolID](t)(w.Cores[0].DefinePools(t.Context(), []reservation.PoolSpec{spec}))[0])
	}
	g.trainRefs = refs
	for i := range trains {
		for from := range stock.Slot(segments - 2) {
			a := rig.Part{Pool: g.trains[i], From: from, To: from + 2, Travellers: 2}
			b := rig.Part{Pool: g.trains[(i+1)%trains], From: segments - 3 - from%3, To: segments - from%3, Travellers: 1}
			for _, mode := range []offer.Mode{offer.Train, offer.Flight} {
				g.rides = append(g.rides, w.Ride(t, mode, a, b), w.Ride(t, mode, b, a))
			}
		}
	}
}

// ride places over both trains in either order, now and then with a stay beside, or changes the seats of what was placed.
func (g *ground) ride(core *reservation.Core, c *tally, name string, random *rand.Rand) error {
	ctx := context.Background()
	switch n := random.IntN(10); {
	case n < 5:
		q := reservation.PlaceRequest{Caller: rig.As(fmt.Sprint("caller-", random.IntN(callers))), Travellers: rig.Guests, Offers: []string{g.rides[random.IntN(len(g.rides))]}}
		if random.IntN(3) == 0 {
			q.Offers = append(q.Offers, g.offers[random.IntN(len(g.offers))])
		}
		if random.IntN(3) == 0 {
			q.Seats = []reservation.SeatChoice{{Piece: random.IntN(2), Labels: []string{rig.Seat(random.IntN(seats))}}}
		}
		a, err := core.Place(ctx, q)
		if err == nil {
			c.board(a.Reservation)
		}
		return c.rode(err, "place a ride")
	case n < 8: // of both items, the last one first, so that lanes of both pools meet on the reservation
		r := c.boarded(random)
		if r == nil {
			return nil
		}
		item := r.Items[random.IntN(2)]
		choice := reservation.SeatChoice{}
		if random.IntN(3) > 0 {
			choice.Labels = []string{rig.Seat(random.IntN(seats))}
		}
		_, err := core.ChangeSeats(ctx, rig.As(r.Caller), r.ID.Text("res"), item.ID.Text("itm"), choice, rig.Key(fmt.Sprint(name, random.Uint64())))
		return c.rode(err, "change seats")
	case n < 9:
		r := c.boarded(random)
		if r == nil {
			return nil
		}
		return c.rode(core.Release(ctx, rig.As(r.Caller), r.ID.Text("res")), "release a ride")
	default:
		unit, blocked := int32(1+random.IntN(seats)), random.IntN(2) == 0
		var changes []reservation.UnitChange
		for _, i := range random.Perm(trains) {
			changes = append(changes, reservation.UnitChange{Pool: g.trains[i], Unit: unit, From: 0, To: segments, Blocked: blocked})
		}
		return c.rode(core.BlockUnits(ctx, changes), "block")
	}
}

// rideRefusals are those that trains may bring besides: they are small.
var rideRefusals = []string{"sold_out", "no_single_seat", "seat_unavailable", "not_changeable"}

func (c *tally) rode(err error, what string) error {
	if err != nil && slices.Contains(rideRefusals, fault.As(err).Reason) {
		c.refused.Add(1)
		return nil
	}
	return c.came(err, what)
}

func (c *tally) board(r *reservation.Reservation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rides) > 100 {
		c.rides = append(c.rides[:0:0], c.rides[50:]...)
	}
	c.rides = append(c.rides, r)
}

func (c *tally) boarded(random *rand.Rand) *reservation.Reservation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rides) == 0 {
		return nil
	}
	return c.rides[random.IntN(len(c.rides))]
}
