package hotel

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/uid"
)

// draft is a house while a use case changes it, with what the change means for the stock.
type draft struct {
	*House
	before  *House // as it was; nil for a new hotel
	today   civil.Date
	end     civil.Date // the first night beyond the horizon
	horizon int
	now     time.Time
	command Command
}

// editTries bounds how often a write is repeated when other processes write to the same house.
const editTries = 8

// edit changes one house: it finds it for the editor, lets change work on a copy, stores what differs together with
// its command, shows it, and sends the command. The house returned is as it is after that.
func (c *Core) edit(ctx context.Context, e Editor, id uid.ID, revision int64, change func(d *draft) error) (*House, error) {
	if err := c.turns.take(ctx, id); err != nil {
		return nil, err
	}
	defer c.turns.give(id)
	for range editTries {
		before, err := c.current(ctx, e, id, revision)
		if err != nil {
			return nil, err
		}
		d := c.draft(before)
		if err := change(d); err != nil {
			return nil, err
		}
		command, err := c.commit(ctx, d)
		if errors.Is(err, ErrStale) {
			if err := c.refresh(ctx, id); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if command != nil {
			if err := c.perform(ctx, *command); err != nil {
				return nil, err
			}
		}
		return c.catalogue.house(id), nil
	}
	return nil, fault.Overloaded(time.Second)
}

// current is the house that an editor means to change. What another process has written meanwhile counts.
func (c *Core) current(ctx context.Context, e Editor, id uid.ID, revision int64) (*House, error) {
	h, err := c.editable(e, id)
	if err != nil || revision != AnyRevision && h.Revision != revision {
		// Another process may have made the hotel, or shown the caller a newer revision, a moment ago.
		if rerr := c.refresh(ctx, id); rerr != nil {
			return nil, rerr
		}
		h, err = c.editable(e, id)
	}
	if err != nil {
		return nil, err
	}
	if revision != AnyRevision && h.Revision != revision {
		return nil, changedMeanwhile()
	}
	return h, nil
}

func (c *Core) draft(before *House) *draft {
	d := &draft{House: before.clone(), before: before}
	c.date(d)
	return d
}

// date notes what time it is at the hotel of a draft.
func (c *Core) date(d *draft) {
	d.now, d.today, d.horizon = c.now(), c.today(&d.Hotel), c.settings.Horizon
	d.end = d.today.Add(d.horizon)
	d.command.Hotel = d.Hotel.ID
}

// commit stores a draft. It returns the command to be sent, nil when there is none.
func (c *Core) commit(ctx context.Context, d *draft) (*CommandID, error) {
	change, changed := difference(d.before, d.House)
	if !changed && d.command.empty() {
		return nil, nil
	}
	if changed {
		d.Revision++
	}
	w := Write{ID: uid.New(), Houses: []HouseChange{change}, Wait: writerWait}
	if !d.command.empty() {
		w.Commands = []Command{d.command}
	}
	number, err := c.store.Write(ctx, w)
	if errors.Is(err, ErrUnknownCommit) && changed {
		// The caller hears what became of it, whatever became of the connection; its command is sent by the job.
		lookup := context.WithoutCancel(ctx)
		if landed, lerr := c.store.Landed(lookup, d.Hotel.ID, w.ID); lerr == nil && landed {
			c.catalogue.publish(d.House)
			return nil, nil
		}
	}
	if errors.Is(err, ErrUnknownCommit) {
		return nil, fault.New(fault.Unavailable, "outcome_unknown", "The database did not say whether the change was stored. Read the hotel again before you repeat it.").RetryIn(time.Second).Because(err)
	}
	if err != nil {
		return nil, err
	}
	if changed {
		c.catalogue.publish(d.House)
	}
	if d.command.empty() {
		return nil, nil
	}
	return &CommandID{d.Hotel.ID, number}, nil
}

// perform sends the commands of a hotel up to the one just stored and returns reservation's refusal of that one. When
// reservation cannot be asked now, the command stays stored and the job goes on with it: what was written stands, and
// what is to be sold by it is preparing until then. A deletion alone has no such state between: its caller is told.
func (c *Core) perform(ctx context.Context, id CommandID) error {
	out, err := c.drain(ctx, []uid.ID{id.Hotel}, nil)
	if refusal, known := out[id]; known {
		return refusal
	}
	if err != nil {
		c.log.Warn("stock command will be repeated", "hotel", id.Hotel.Text("htl"), "error", err)
		return nil
	}
	// Another process has sent it; what it did is stored.
	return c.refresh(ctx, id.Hotel)
}

// Commands of a draft.

// define asks for a pool with all nights from today on.
func (d *draft) define(ref uid.ID, physical, overbookingBP int32) {
	d.command.Define = append(d.command.Define, PoolWant{Ref: ref, Physical: physical, OverbookingBP: overbookingBP, From: d.today, To: d.nightsEnd()})
}

// nightsEnd is the first night from today's point of view that no pool of the house has, or should have.
func (d *draft) nightsEnd() civil.Date { return max(d.end, d.NightsTo) }

// setFromToday sets values on all nights from today on, and on those still to be made.
func (d *draft) setFromToday(ref uid.ID, physical, overbookingBP *int32) {
	d.command.Set = append(d.command.Set, StockWant{Ref: ref, From: d.today, To: d.nightsEnd(), Physical: physical, OverbookingBP: overbookingBP, Default: true})
}

// retire asks for the end of pools.
func (d *draft) retire(refs ...uid.ID) {
	d.command.Retire = &Retirement{Refs: refs, From: d.today}
}

// remember notes how a room type was before this change, should reservation refuse it.
func (d *draft) remember(t *RoomType) {
	d.command.Undo = append(d.command.Undo, TypeBefore{RoomType: t.ID, Capacity: t.Capacity, OverbookingBP: t.OverbookingBP})
}

// overbooking is what holds for a room type.
func (h *House) overbooking(t *RoomType) int32 {
	if t.OverbookingBP != nil {
		return *t.OverbookingBP
	}
	return h.Hotel.OverbookingBP
}

// sellable finds a room type that is not retired.
func (h *House) sellable(id uid.ID) (*RoomType, error) {
	if t := h.Type(id); t != nil && t.Status != Retired {
		return t, nil
	}
	return nil, roomTypeNotFound()
}

// room finds a room by id; nil if there is none.
func (h *House) room(id uid.ID) *Room {
	if i := slices.IndexFunc(h.Rooms, func(r Room) bool { return r.ID == id }); i >= 0 {
		return &h.Rooms[i]
	}
	return nil
}
