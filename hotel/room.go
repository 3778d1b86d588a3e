package hotel

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/uid"
)

// CreateRoom implements Service. Rooms are what guests get a key for; how many of a type can be sold is the type's
// capacity, which adding, moving and deleting rooms does not change. Their outages do take rooms off sale.
func (c *Core) CreateRoom(ctx context.Context, e Editor, r Room) (*House, uid.ID, error) {
	id := uid.New()
	h, err := c.edit(ctx, e, r.Hotel, AnyRevision, func(d *draft) error {
		r := r
		r.ID = id
		if len(d.Rooms) >= MaxRoomsPerHotel {
			return invalidFields(fault.Field{Code: "too_many", Message: "A hotel has at most 10000 rooms."})
		}
		if err := d.checkRoom(&r); err != nil {
			return err
		}
		r.CreatedAt, r.UpdatedAt = d.now, d.now
		d.Rooms = append(d.Rooms, r)
		sortRooms(d.Rooms)
		d.outages(r.RoomType)
		return nil
	})
	return h, id, err
}

// UpdateRoom implements Service. A room that moves to another type takes its outages along.
func (c *Core) UpdateRoom(ctx context.Context, e Editor, r Room, revision int64) (*House, error) {
	return c.edit(ctx, e, r.Hotel, revision, func(d *draft) error {
		old := d.room(r.ID)
		if old == nil {
			return roomNotFound()
		}
		r := r
		if err := d.checkRoom(&r); err != nil {
			return err
		}
		r.CreatedAt, r.UpdatedAt = old.CreatedAt, old.UpdatedAt
		if r.Number == old.Number && r.RoomType == old.RoomType && slices.Equal(r.OutOfOrder, old.OutOfOrder) {
			return nil
		}
		r.UpdatedAt = d.now
		from := old.RoomType
		*old = r
		sortRooms(d.Rooms)
		d.outages(from, r.RoomType)
		return nil
	})
}

// DeleteRoom implements Service. Its outages end with it: they took a room of the type off sale, not this one.
func (c *Core) DeleteRoom(ctx context.Context, e Editor, hotel, id uid.ID, revision int64) error {
	_, err := c.edit(ctx, e, hotel, revision, func(d *draft) error {
		i := slices.IndexFunc(d.Rooms, func(r Room) bool { return r.ID == id })
		if i < 0 {
			return roomNotFound()
		}
		from := d.Rooms[i].RoomType
		d.Rooms = slices.Delete(d.Rooms, i, i+1)
		d.outages(from)
		return nil
	})
	return err
}

// checkRoom tidies a room and checks it against the house.
func (d *draft) checkRoom(r *Room) error {
	r.Number = strings.TrimSpace(r.Number)
	r.OutOfOrder = slices.Clone(r.OutOfOrder)
	slices.SortStableFunc(r.OutOfOrder, func(a, b Outage) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	if len(r.OutOfOrder) == 0 {
		r.OutOfOrder = nil
	}
	var v verdicts
	v.room(r)
	t := d.Type(r.RoomType)
	v.check(t != nil && t.Status != Retired, "/room_type_id", "room_type_not_found", "There is no such room type in this hotel.")
	if err := v.err(); err != nil {
		return err
	}
	if slices.ContainsFunc(d.Rooms, func(o Room) bool { return o.Number == r.Number && o.ID != r.ID }) {
		return numberTaken(r.Number)
	}
	return nil
}

func numberTaken(number string) *fault.Error {
	return fault.New(fault.Conflict, "number_taken", "The hotel has a room %q already.", number).With("number", number)
}

func sortRooms(rooms []Room) {
	slices.SortFunc(rooms, func(a, b Room) int { return cmp.Or(strings.Compare(a.Number, b.Number), compareID(a.ID, b.ID)) })
}

// outages asks for the counts of rooms out of order that the change of rooms brings to the nights of some types.
func (d *draft) outages(types ...uid.ID) {
	slices.SortFunc(types, compareID)
	for _, t := range slices.Compact(types) {
		from, to := d.today, d.nightsEnd()
		before, after := outOfOrder(d.before.Rooms, t, from, to), outOfOrder(d.Rooms, t, from, to)
		for i := 0; i < len(after); {
			j := i + 1
			for j < len(after) && after[j] == after[i] && (after[j] != before[j]) == (after[i] != before[i]) {
				j++
			}
			if after[i] != before[i] {
				d.setOutOfOrder(t, from.Add(i), from.Add(j), after[i])
			}
			i = j
		}
	}
}

func (d *draft) setOutOfOrder(t uid.ID, from, to civil.Date, rooms int32) {
	d.command.Set = append(d.command.Set, StockWant{Ref: t, From: from, To: to, OutOfOrder: &rooms})
}

// outOfOrder counts, for each night of [from, to), the rooms of a type that are out of order. A room counts once a
// night however many of its outages cover it.
func outOfOrder(rooms []Room, roomType uid.ID, from, to civil.Date) []int32 {
	if from >= to {
		return nil
	}
	count := make([]int32, to-from+1) // differences first, their sums then
	for i := range rooms {
		if rooms[i].RoomType != roomType {
			continue
		}
		end := from // nights before it are counted for this room; its outages are sorted
		for _, o := range rooms[i].OutOfOrder {
			if start, stop := max(o.From, end), min(o.To, to); start < stop {
				count[start-from]++
				count[stop-from]--
				end = stop
			}
		}
	}
	for i := 1; i < len(count); i++ {
		count[i] += count[i-1]
	}
	return count[:to-from]
}
