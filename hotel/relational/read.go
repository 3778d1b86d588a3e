package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"holdfast/hotel"
	"holdfast/internal/sqldb"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Landed implements hotel.Store. Writes wait for each other on the counter's row, and so does this question.
func (s *Store) Landed(ctx context.Context, id, write uid.ID) (landed bool, err error) {
	err = s.db.Write(ctx, "look for a write", func(tx sqldb.Tx) error {
		landed = false
		if _, err := tx.Exec("lock_counter"); err != nil {
			return err
		}
		return tx.Rows("landed", []any{id, write}, func(sqldb.Row) error {
			landed = true
			return nil
		})
	})
	return landed, err
}

// House implements hotel.Store.
func (s *Store) House(ctx context.Context, id uid.ID) (h *hotel.House, err error) {
	err = s.db.Read(ctx, "read hotel", func(tx sqldb.Tx) error {
		p := page{}
		if err := tx.Rows("hotel", []any{id}, p.hotel); err != nil {
			return err
		}
		if err := p.fill(tx); err != nil || len(p.houses) == 0 {
			return err
		}
		h = p.houses[0]
		return nil
	})
	return h, err
}

// Changed implements hotel.Store.
func (s *Store) Changed(ctx context.Context, after hotel.Point, limit int) (houses []*hotel.House, next hotel.Point, err error) {
	next = after
	err = s.db.Read(ctx, "read hotels", func(tx sqldb.Tx) error {
		p := page{last: after}
		if err := tx.Rows("changed", []any{after.Change, after.Hotel, int64(limit)}, p.hotel); err != nil {
			return err
		}
		if err := p.fill(tx); err != nil {
			return err
		}
		houses, next = p.houses, p.last
		return nil
	})
	return houses, next, err
}

// Versions implements hotel.Store.
func (s *Store) Versions(ctx context.Context, hotelID, plan uid.ID, limit int) (out []hotel.PlanVersion, err error) {
	err = s.db.Read(ctx, "read rate plan versions", func(tx sqldb.Tx) error {
		return tx.Rows("versions", []any{hotelID, plan, int64(limit)}, func(r sqldb.Row) error {
			out = append(out, hotel.PlanVersion{ID: r.ID(), CreatedAt: r.Time()})
			return nil
		})
	})
	return out, err
}

// page is some houses while they are read.
type page struct {
	houses []*hotel.House
	ids    []uid.ID
	byID   map[uid.ID]*hotel.House
	last   hotel.Point

	at      *hotel.House // of the row being read
	roomsOf *hotel.House // whose rooms are in rooms
	rooms   map[uid.ID]*hotel.Room
}

func (p *page) hotel(r sqldb.Row) error {
	h := &hotel.House{}
	o := &h.Hotel
	o.ID, o.Supplier, o.Name, o.Stars, o.Address, o.PostalCode = r.ID(), r.ID(), r.Text(), int(r.Int()), r.Text(), r.Text()
	o.City, o.Country, o.Latitude, o.Longitude, o.TimeZone = r.Text(), r.Text(), r.Float(), r.Float(), r.Text()
	o.Currency = money.Currency(r.Text())
	if words := strings.Fields(r.Text()); len(words) > 0 {
		o.Amenities = words
	}
	o.CheckInFrom, o.CheckOutUntil, o.OverbookingBP, o.Capacity = r.Text(), r.Text(), int32(r.Int()), r.OptionalInt()
	o.CapPool, o.ExternalRef, o.Status = stock.PoolID(r.Int()), r.Text(), hotel.Status(r.Int())
	o.CreatedAt, o.UpdatedAt = r.Time(), r.Time()
	h.NightsTo, h.Revision = r.Date(), r.Int()
	p.last = hotel.Point{Change: r.Int(), Hotel: o.ID}
	p.houses, p.ids = append(p.houses, h), append(p.ids, o.ID)
	return nil
}

// fill reads everything that belongs to the hotels of the page.
func (p *page) fill(tx sqldb.Tx) error {
	p.byID = make(map[uid.ID]*hotel.House, len(p.houses))
	for _, h := range p.houses {
		p.byID[h.Hotel.ID] = h
	}
	for _, part := range []struct {
		statement string
		row       func(sqldb.Row) error
	}{
		{"levies", p.levy},
		{"room_types", p.roomType},
		{"rates", p.rate},
		{"restrictions", p.restriction},
		{"rooms", p.room},
		{"outages", p.outage},
		{"rate_plans", p.ratePlan},
		{"overrides", p.override},
	} {
		p.at = nil
		if err := tx.Each(part.statement, p.ids, func(r sqldb.Row) error {
			if id := r.ID(); p.at == nil || p.at.Hotel.ID != id {
				p.at = p.byID[id]
			}
			return part.row(r)
		}); err != nil {
			return fmt.Errorf("%s: %w", part.statement, err)
		}
	}
	return nil
}

func (p *page) levy(r sqldb.Row) error {
	l := hotel.Levy{Kind: offer.PartKind(r.Int()), Code: r.Text(), Rule: hotel.LevyRule(r.Int()), BP: int32(r.Int()), Minor: r.Int(), Included: r.Bool()}
	p.at.Hotel.Levies = append(p.at.Hotel.Levies, l)
	return nil
}

func (p *page) roomType(r sqldb.Row) error {
	t := hotel.RoomType{Hotel: p.at.Hotel.ID, ID: r.ID(), Name: r.Text()}
	t.Occupancy = hotel.Occupancy{Adults: int(r.Int()), Children: int(r.Int())}
	t.BasePrice, t.Capacity, t.OverbookingBP = r.Int(), int32(r.Int()), r.OptionalInt()
	t.Pool, t.Status, t.CreatedAt, t.UpdatedAt = stock.PoolID(r.Int()), hotel.Status(r.Int()), r.Time(), r.Time()
	p.at.Types = append(p.at.Types, t)
	return nil
}

func (p *page) rate(r sqldb.Row) error {
	t := p.at.Type(r.ID())
	t.Rates = append(t.Rates, hotel.Run[int64]{From: r.Date(), To: r.Date(), Value: r.Int()})
	return nil
}

func (p *page) restriction(r sqldb.Row) error {
	t := p.at.Type(r.ID())
	t.Restrictions = append(t.Restrictions, hotel.Run[hotel.Restriction]{From: r.Date(), To: r.Date(), Value: hotel.Restriction(r.Int())})
	return nil
}

func (p *page) room(r sqldb.Row) error {
	p.at.Rooms = append(p.at.Rooms, hotel.Room{Hotel: p.at.Hotel.ID, ID: r.ID(), RoomType: r.ID(), Number: r.Text(), CreatedAt: r.Time(), UpdatedAt: r.Time()})
	return nil
}

// outage comes in the order of the rooms' ids, while rooms are in the order of their numbers.
func (p *page) outage(r sqldb.Row) error {
	if p.roomsOf != p.at {
		p.roomsOf, p.rooms = p.at, make(map[uid.ID]*hotel.Room, len(p.at.Rooms))
		for i := range p.at.Rooms {
			p.rooms[p.at.Rooms[i].ID] = &p.at.Rooms[i]
		}
	}
	room := p.rooms[r.ID()]
	room.OutOfOrder = append(room.OutOfOrder, hotel.Outage{From: r.Date(), To: r.Date(), Reason: r.Text()})
	return nil
}

func (p *page) ratePlan(r sqldb.Row) error {
	l := hotel.RatePlan{
		Hotel: p.at.Hotel.ID, ID: r.ID(), Version: r.ID(), Status: hotel.Status(r.Int()), CreatedAt: r.Time(), UpdatedAt: r.Time(),
		Name: r.Text(), Board: hotel.Board(r.Int()), PercentBP: int32(r.Int()), Amount: r.Int(), IncludedAdults: int(r.Int()), ExtraAdult: r.Int(),
	}
	if err := json.Unmarshal([]byte(r.Text()), &l.ChildBands); err != nil {
		return err
	}
	l.FreeUntilHours, l.FeeBP = int32(r.Int()), int32(r.Int())
	for _, text := range strings.Fields(r.Text()) {
		id, err := uid.Parse(typePrefix, text)
		if err != nil {
			return err
		}
		l.RoomTypes = append(l.RoomTypes, id)
	}
	p.at.Plans = append(p.at.Plans, l)
	return nil
}

func (p *page) override(r sqldb.Row) error {
	plan, roomType := p.at.Plan(r.ID()), r.ID()
	if plan.Overrides == nil {
		plan.Overrides = map[uid.ID]hotel.Line[int64]{}
	}
	plan.Overrides[roomType] = append(plan.Overrides[roomType], hotel.Run[int64]{From: r.Date(), To: r.Date(), Value: r.Int()})
	return nil
}
