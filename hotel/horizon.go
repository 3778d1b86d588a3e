package hotel

import (
	"context"
	"errors"
	"slices"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// rollForward gives every hotel whose local date has advanced the nights that came within the horizon. It is
// idempotent: what has been asked for is remembered as House.NightsTo, and asking again changes nothing.
func (c *Core) rollForward(ctx context.Context) error {
	var due []uid.ID
	for _, h := range c.catalogue.all() {
		if h.Hotel.Status != Retired && h.NightsTo < c.today(&h.Hotel).Add(c.settings.Horizon) {
			due = append(due, h.Hotel.ID)
		}
	}
	slices.SortFunc(due, compareID)
	for part := range slices.Chunk(due, hotelsPerTurn) {
		mine := c.turns.try(part) // the others are written to right now; the next run finds them
		err := c.extend(ctx, mine)
		c.turns.giveAll(mine)
		if err != nil && !errors.Is(err, ErrStale) {
			return err
		}
		if err != nil { // another process writes to one of them: they wait for the next run
			if err := c.poll(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// nightsKept is how many past nights stay where the nights on sale are: long enough for every stay to have been completed
// and for money to have come to rest.
const nightsKept = 7

// archiveNights has reservation put away the nights that are past where the hotel is. What still waits for something stays
// until the next run.
func (c *Core) archiveNights(ctx context.Context) error {
	var spans []reservation.Span
	for _, h := range c.catalogue.all() {
		to := stock.Slot(c.today(&h.Hotel).Add(-nightsKept))
		if h.Hotel.CapPool != 0 {
			spans = append(spans, reservation.Span{Pool: h.Hotel.CapPool, To: to})
		}
		for i := range h.Types {
			if pool := h.Types[i].Pool; pool != 0 {
				spans = append(spans, reservation.Span{Pool: pool, To: to})
			}
		}
	}
	n, err := c.desk.ArchiveSlots(ctx, spans)
	if n > 0 {
		c.log.Info("past nights archived", "slots", n)
	}
	return err
}

// extend queues and sends the commands that extend the pools of some hotels, whose turns the caller has. The commands
// go through the queue like all others, under the guard of the revision: a capacity that changes meanwhile cannot be
// overtaken by an older one.
func (c *Core) extend(ctx context.Context, hotels []uid.ID) error {
	w := Write{ID: uid.New(), Wait: writerWait}
	for _, id := range hotels {
		before := c.catalogue.house(id)
		d := c.draft(before)
		if d.Hotel.Status == Retired || d.NightsTo >= d.end {
			continue
		}
		d.extend()
		if d.command.empty() {
			continue
		}
		guard, _ := difference(before, d.House)
		w.Houses, w.Commands = append(w.Houses, guard), append(w.Commands, d.command)
	}
	if len(w.Houses) == 0 {
		return nil
	}
	if _, err := c.store.Write(ctx, w); err != nil {
		return err
	}
	_, err := c.drain(ctx, hotels, nil)
	return err
}

// extend asks for the nights up to the horizon, and for the rooms that are out of order in them. A house of which some
// pool is still to be made waits until it has been: that pool's own command may end at an earlier night.
func (d *draft) extend() {
	if d.Hotel.Capacity != nil && d.Hotel.CapPool == 0 ||
		slices.ContainsFunc(d.Types, func(t RoomType) bool { return t.Status != Retired && t.Pool == 0 }) {
		return
	}
	if d.Hotel.CapPool != 0 {
		d.define(d.Hotel.ID, *d.Hotel.Capacity, d.Hotel.OverbookingBP)
	}
	from := max(d.today, d.NightsTo)
	for i := range d.Types {
		t := &d.Types[i]
		if t.Status == Retired {
			continue
		}
		d.define(t.ID, t.Capacity, d.overbooking(t))
		counts := outOfOrder(d.Rooms, t.ID, from, d.end)
		for i := 0; i < len(counts); {
			j := i + 1
			for j < len(counts) && counts[j] == counts[i] {
				j++
			}
			if counts[i] != 0 {
				d.setOutOfOrder(t.ID, from.Add(i), from.Add(j), counts[i])
			}
			i = j
		}
	}
	if !d.command.empty() {
		d.command.NightsTo = d.end
	}
}
