package flight

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
)

// noteWords bounds what reservations are told in words.
const noteWords = reservation.MaxNote

// tell has the reservations on a departure learn of what has become of it.
func (c *Core) tell(ctx context.Context, o *outcome) error {
	d := o.seen
	live, gone := d.cabinPools()
	if len(gone) > 0 { // its way is another now: nobody can travel as booked
		closed := true
		changes := make([]reservation.StockChange, len(gone))
		for i, pool := range gone {
			changes[i] = reservation.StockChange{Span: reservation.Span{Pool: pool, To: maxSlots}, Closed: &closed}
		}
		if err := c.desk.ChangeStock(ctx, changes); err != nil {
			return err
		}
		if err := c.disrupt(ctx, d, gone, true); err != nil {
			return err
		}
		o.pools = bury(slices.DeleteFunc(o.pools, Pool.withdrawn), edition(d.Pools))
	}
	if !o.command.Disrupt || len(live) == 0 {
		return nil
	}
	o.told = true
	return c.disrupt(ctx, d, live, !d.runs())
}

// maxSlots is beyond the legs of any departure.
const maxSlots = 10

// disruption is what a change of a departure means for those on some of its pools; it has no id yet.
func (d *Departure) disruption(pools []stock.PoolID, withdrawn bool) reservation.Disruption {
	slices.Sort(pools)
	x := reservation.Disruption{
		Pools: pools, Withdrawn: withdrawn, Actor: reservation.Actor{Kind: reservation.SystemActor, ID: "flight"},
		Note: fmt.Sprintf("Flight %s of %s has been changed.", d.Flight(), d.Date),
	}
	if withdrawn {
		x.Note = fmt.Sprintf("Flight %s of %s does not take place.", d.Flight(), d.Date)
	}
	if d.Live != nil && d.Live.Reason != "" && len(x.Note)+1+len(d.Live.Reason) <= noteWords {
		x.Note += " " + d.Live.Reason
	}
	if !withdrawn {
		legs := d.legs()
		x.Times = make([]reservation.StopTime, len(legs)+1)
		for i := range legs {
			x.Times[i].Departs, x.Times[i+1].Arrives = legs[i].Departs, legs[i].Arrives
		}
	}
	return x
}

func (c *Core) disrupt(ctx context.Context, d *Departure, pools []stock.PoolID, withdrawn bool) error {
	x := d.disruption(pools, withdrawn)
	body, err := json.Marshal([]any{pools, withdrawn, x.Times, x.Note})
	if err != nil {
		return err
	}
	// What is told again for want of an answer has the same id; what has been told since makes it another.
	x.ID = derived("disruption", d.ID, strconv.Itoa(int(d.Told)), string(body))
	_, err = c.desk.Disrupt(ctx, x)
	return err
}

// lately is how long ago a change may have been for an offer from before it to be about still.
const lately = time.Hour

// publish shows rows, and has this process refuse the offers that they make untrue: those that it made before, and those
// of other processes. Reservations are told by whoever sends the command.
func (c *Core) publish(r *Rows) {
	var outdated []reservation.Disruption
	since := c.clock.Now().Add(-lately).UnixMicro()
	for _, d := range r.Departures {
		old := c.catalogue.departure(d.ID)
		switch {
		case !d.stocked():
		case old == nil && (d.Live == nil || d.Live.At < since): // it is read at the start, and was so all along
		case old != nil && old.runs() == d.runs() && sameLegs(old.legs(), d.legs()) && old.way() == d.way():
		default:
			outdated = append(outdated, d.outdates()...)
		}
	}
	c.catalogue.publish(r)
	for _, x := range outdated {
		c.desk.Outdate(x)
	}
}

// outdates are the changes that offers of a departure may not know of.
func (d *Departure) outdates() (out []reservation.Disruption) {
	live, gone := d.cabinPools()
	if len(gone) > 0 {
		out = append(out, d.disruption(gone, true))
	}
	if len(live) > 0 {
		out = append(out, d.disruption(live, !d.runs()))
	}
	return out
}

// cabinPools are the pools of its cabins, and those of a way it no longer takes. Who claims a nest claims its cabin.
func (d *Departure) cabinPools() (live, gone []stock.PoolID) {
	for _, p := range d.Pools {
		switch {
		case p.Class != "" || p.Buried:
		case p.Gone:
			gone = append(gone, p.ID)
		default:
			live = append(live, p.ID)
		}
	}
	return live, gone
}
