package hotel

import (
	"reflect"
	"slices"

	"holdfast/uid"
)

// clone is a house whose slices may be changed without touching h. Lines and the lists inside rows are immutable and
// stay shared.
func (h *House) clone() *House {
	c := *h
	c.Types, c.Rooms, c.Plans = slices.Clone(h.Types), slices.Clone(h.Rooms), slices.Clone(h.Plans)
	return &c
}

// difference is the rows in which a house differs from what it was; before is nil for a new one. changed is false when
// nothing that is stored differs.
func difference(before, after *House) (c HouseChange, changed bool) {
	c.House = after
	if before == nil {
		before = &House{}
	} else {
		c.Replaces = before.Revision
	}
	changed = !reflect.DeepEqual(before.Hotel, after.Hotel) || before.NightsTo != after.NightsTo

	for i := range after.Types {
		t := &after.Types[i]
		old := before.Type(t.ID)
		if old == nil {
			old = &RoomType{}
		}
		if !sameRow(old, t) {
			c.Types = append(c.Types, *t)
		}
		if l, ok := lineChange(old.Rates, t.Rates); ok {
			l.RoomType = t.ID
			c.Rates = append(c.Rates, l)
		}
		if l, ok := lineChange(old.Restrictions, t.Restrictions); ok {
			l.RoomType = t.ID
			c.Restrictions = append(c.Restrictions, l)
		}
	}
	c.rooms(before, after)
	c.plans(before, after)
	changed = changed || len(c.Types)+len(c.Rates)+len(c.Restrictions)+len(c.Rooms)+len(c.GoneRooms)+len(c.Plans)+len(c.Overrides) > 0
	return c, changed
}

// sameRow compares room types but for their lines, which have rows of their own.
func sameRow(a, b *RoomType) bool {
	x, y := *a, *b
	x.Rates, x.Restrictions, y.Rates, y.Restrictions = nil, nil, nil, nil
	return reflect.DeepEqual(x, y)
}

func (c *HouseChange) rooms(before, after *House) {
	old := make(map[uid.ID]*Room, len(before.Rooms))
	for i := range before.Rooms {
		old[before.Rooms[i].ID] = &before.Rooms[i]
	}
	for i := range after.Rooms {
		r := &after.Rooms[i]
		if o, ok := old[r.ID]; !ok || !reflect.DeepEqual(o, r) {
			c.Rooms = append(c.Rooms, *r)
		}
		delete(old, r.ID)
	}
	for i := range before.Rooms { // in order, so that the same write is the same rows
		if id := before.Rooms[i].ID; old[id] != nil {
			c.GoneRooms = append(c.GoneRooms, id)
		}
	}
}

func (c *HouseChange) plans(before, after *House) {
	for i := range after.Plans {
		p := &after.Plans[i]
		old := before.Plan(p.ID)
		if old == nil {
			old = &RatePlan{}
		}
		x, y := *old, *p
		x.Overrides, y.Overrides = nil, nil
		if !reflect.DeepEqual(x, y) {
			c.Plans = append(c.Plans, *p)
		}
		if old.Version != p.Version {
			c.Versions = append(c.Versions, p.Version)
		}
		for _, t := range after.Types { // by type, not by map: the same write is the same rows
			if l, ok := lineChange(old.Overrides[t.ID], p.Overrides[t.ID]); ok {
				l.Plan, l.RoomType = p.ID, t.ID
				c.Overrides = append(c.Overrides, l)
			}
		}
	}
}

func lineChange[V comparable](before, after Line[V]) (c LineChange[V], changed bool) {
	i := 0
	for _, r := range after {
		for ; i < len(before) && before[i].From < r.From; i++ {
			c.Gone = append(c.Gone, before[i].From)
		}
		same := false
		if i < len(before) && before[i].From == r.From {
			same = before[i] == r
			i++
		}
		if !same {
			c.Set = append(c.Set, r)
		}
	}
	for ; i < len(before); i++ {
		c.Gone = append(c.Gone, before[i].From)
	}
	return c, len(c.Gone)+len(c.Set) > 0
}
