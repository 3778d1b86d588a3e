package sim_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// The train of a run.
const (
	trainSeats    = 3
	trainSegments = 4
)

func trainLayout() *stock.Layout {
	l := &stock.Layout{}
	for i := range trainSeats {
		l.Units = append(l.Units, stock.Unit{Label: fmt.Sprint("1-", i+1)})
	}
	return l
}

// ride is a piece on the train: seats at the hold, or chosen, now or later.
func (c *caller) ride(now time.Time, p *offer.Piece) reservation.SeatChoice {
	from := stock.Slot(c.rng.IntN(trainSegments))
	to := from + 1 + stock.Slot(c.rng.IntN(int(trainSegments-from)))
	travellers := uint8(one(c.rng, 1, 1, 2))
	p.Claims = []stock.Claim{{Pool: c.w.train, From: from, To: to, Count: int32(travellers)}}
	p.Stay = offer.Stay{}
	p.Ride = &offer.Ride{
		Mode: offer.Train, Run: uid.ID{4}, Number: "HF 1", From: "A", To: "B", Departs: now.Add(time.Hour), Arrives: p.Terms.EndsAt, Class: "second", Fare: plan, FareVersion: plan,
		Adults: travellers, Seating: offer.Seating{Pool: c.w.train, AtHold: c.rng.IntN(3) > 0},
	}
	if !p.Ride.Arrives.After(p.Ride.Departs) {
		p.Ride.Arrives = p.Ride.Departs.Add(time.Minute)
	}
	return c.seats(int(travellers))
}

// seats names some, or none.
func (c *caller) seats(travellers int) (s reservation.SeatChoice) {
	s.Wish = stock.Wish{Together: c.rng.IntN(2) == 0, MayChange: c.rng.IntN(3) == 0}
	if c.rng.IntN(3) == 0 {
		for range travellers {
			s.Labels = append(s.Labels, one(c.rng, "", "1-1", "1-2", "1-3"))
		}
	}
	return s
}

// wantSeats changes seats, or checks in.
func (c *caller) wantSeats(i *intent) {
	item := one(c.rng, i.about.rides...)
	choice := c.seats(1)
	i.what = "seats"
	i.ask = func(ctx context.Context) (reservation.Answer, error) {
		return c.w.core.ChangeSeats(ctx, reservation.Caller{Subject: c.name}, i.about.ref, item.Text("itm"), choice, i.key)
	}
}

// shown are the seats of an answer, for what must be the same when it is given again.
func shown(r *reservation.Reservation) (text string) {
	for i := range r.Items {
		for _, s := range r.Items[i].Seats {
			text += fmt.Sprintf(" %d:%s[%d,%d)", s.Traveller, s.Label, s.From, s.To)
		}
	}
	return text
}

// staffTrain puts a seat out of order or back, or tells that the train is late or does not run on a part of its way.
func (c *caller) staffTrain(i *intent) {
	from := stock.Slot(c.rng.IntN(trainSegments))
	to := from + 1 + stock.Slot(c.rng.IntN(int(trainSegments-from)))
	if c.rng.IntN(3) > 0 {
		change := reservation.UnitChange{Pool: c.w.train, Unit: int32(1 + c.rng.IntN(trainSeats)), From: from, To: to, Blocked: c.rng.IntN(3) == 0}
		i.what = "block"
		i.ask = func(ctx context.Context) (reservation.Answer, error) {
			return reservation.Answer{}, c.w.core.BlockUnits(ctx, []reservation.UnitChange{change})
		}
		return
	}
	d := reservation.Disruption{ID: i.key.ID, Pools: []stock.PoolID{c.w.train}, Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "control"}, Note: "signals"}
	if c.rng.IntN(3) == 0 {
		d.Withdrawn, d.From, d.To = true, from, to
	} else {
		at := c.w.Now().Add(time.Duration(c.rng.IntN(90)) * time.Minute).Truncate(time.Second)
		for stop := range trainSegments + 1 {
			t := at.Add(time.Duration(stop) * 10 * time.Minute)
			d.Times = append(d.Times, reservation.StopTime{Arrives: t, Departs: t})
		}
	}
	i.what = "disrupt"
	i.ask = func(ctx context.Context) (reservation.Answer, error) {
		for range 4 { // until all are told; see Claimants
			if _, err := c.w.core.Disrupt(ctx, d); err != nil {
				return reservation.Answer{}, err
			}
		}
		return reservation.Answer{}, nil
	}
}

// Claimants gives one reservation at a time, each time another one: what it gives is put on the desk by as many goroutines,
// in an order that nobody fixes. Who tells of a disruption tells it again, which changes nothing for those who know.
func (d *desk) Claimants(ctx context.Context, pool stock.PoolID, after uid.ID, limit int) ([]uid.ID, error) {
	if err := d.read(ctx, "read claimants", uid.ID{}); err != nil {
		return nil, err
	}
	ids, err := d.Store.Claimants(ctx, pool, after, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	d.w.asked++
	return ids[d.w.asked%len(ids):][:1], nil
}

// seated is I1 for seats, by adding up: nobody has a seat that somebody else has there, and what travellers are shown is
// what is claimed for them. Whoever was given a seat at the hold has one as long as the reservation lives.
func (w *world) seated(all []*reservation.Reservation) {
	type berth struct {
		unit int32
		slot stock.Slot
	}
	has := map[berth]*reservation.Reservation{}
	for _, r := range all {
		for i := range r.Items {
			it := &r.Items[i]
			if it.Ride == nil {
				continue
			}
			claimed := 0
			live := it.Status == reservation.Held || it.Status == reservation.Confirming || it.Status == reservation.Confirmed || it.Status == reservation.Completed
			for _, c := range it.Claims {
				if c.Unit == 0 {
					if live && it.Ride.Seating.AtHold {
						w.find("I1", "%d travellers of %s are without the seat that they were given", c.Count, r.Caller)
					}
					continue
				}
				claimed++
				if !slices.ContainsFunc(it.Seats, func(s reservation.Seat) bool { return s.Unit == c.Unit && s.From == c.From && s.To == c.To }) {
					w.find("I1", "%s has claims %+v and is shown the seats %+v", r.Caller, it.Claims, it.Seats)
				}
				for slot := c.From; live && slot < c.To; slot++ {
					if other := has[berth{c.Unit, slot}]; other != nil {
						w.find("I1", "seat %d is sold to %s and to %s on segment %d", c.Unit, other.Caller, r.Caller, slot)
					}
					has[berth{c.Unit, slot}] = r
				}
			}
			if claimed != len(it.Seats) {
				w.find("I1", "%s has claims %+v and is shown the seats %+v", r.Caller, it.Claims, it.Seats)
			}
		}
	}
}
