package resttest

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// horizon is how many nights ahead are on sale.
const horizon = 730

// Hotels is the world's hotel service.
func (w *World) Hotels() hotel.Service { return inns{w: w} }

type inns struct {
	hotel.Service // what the edge never asks
	w             *World
}

func notFound(reason string) error {
	return fault.New(fault.NotFound, reason, "There is no such thing.")
}

// edit changes a copy of a house, as the contract says: a published house never changes.
func (s inns) edit(e hotel.Editor, id uid.ID, revision int64, change func(*hotel.House) error) (*hotel.House, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	h, ok := s.w.houses[id]
	if !ok || !e.Supplier.IsZero() && e.Supplier != h.Hotel.Supplier || h.Hotel.Status == hotel.Retired {
		return nil, notFound("hotel_not_found")
	}
	if revision != hotel.AnyRevision && revision != h.Revision {
		return nil, fault.New(fault.Stale, "changed_meanwhile", "Somebody changed it.")
	}
	c := *h
	c.Types, c.Rooms, c.Plans = slices.Clone(h.Types), slices.Clone(h.Rooms), slices.Clone(h.Plans)
	if err := change(&c); err != nil {
		return nil, err
	}
	c.Revision++
	c.Hotel.UpdatedAt = s.w.Clock.Now()
	s.w.houses[id] = &c
	return &c, nil
}

func (s inns) CreateHotel(_ context.Context, e hotel.Editor, h hotel.Hotel) (*hotel.House, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if _, err := civil.Zone(h.TimeZone); err != nil {
		f := fault.InvalidField("/time_zone", "unknown_time_zone", "This is an IANA time zone.")
		f.Reason = "validation_failed"
		return nil, f
	}
	now := s.w.Clock.Now()
	h.ID, h.Status, h.CreatedAt, h.UpdatedAt = uid.New(), hotel.Active, now, now
	house := &hotel.House{Hotel: h, Revision: 1, Plans: []hotel.RatePlan{{
		ID: uid.New(), Version: uid.New(), Hotel: h.ID, Name: "Flexible", Board: hotel.RoomOnly, PercentBP: 10000, FreeUntilHours: 24, FeeBP: 10000,
		Status: hotel.Active, CreatedAt: now, UpdatedAt: now,
	}}}
	s.w.houses[h.ID] = house
	return house, nil
}

func (s inns) UpdateHotel(_ context.Context, e hotel.Editor, h hotel.Hotel, revision int64) (*hotel.House, error) {
	return s.edit(e, h.ID, revision, func(c *hotel.House) error {
		if h.Currency != c.Hotel.Currency {
			return fault.New(fault.Conflict, "currency_fixed", "The currency stays.")
		}
		c.Hotel = h
		return nil
	})
}

func (s inns) DeleteHotel(_ context.Context, e hotel.Editor, id uid.ID, revision int64) error {
	_, err := s.edit(e, id, revision, func(c *hotel.House) error {
		for i := range c.Types {
			if s.w.anyUsed(c.Types[i].ID) {
				return fault.New(fault.Conflict, "has_reservations", "There are stays to come.")
			}
		}
		c.Hotel.Status = hotel.Retired
		return nil
	})
	return err
}

func (w *World) anyUsed(roomType uid.ID) bool {
	for k, n := range w.used {
		if k.roomType == roomType && n > 0 {
			return true
		}
	}
	return false
}

func (s inns) House(_ context.Context, e *hotel.Editor, id uid.ID) (*hotel.House, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	h, ok := s.w.houses[id]
	if !ok || h.Hotel.Status != hotel.Active && (e == nil || !e.Supplier.IsZero() && e.Supplier != h.Hotel.Supplier) {
		return nil, notFound("hotel_not_found")
	}
	return h, nil
}

func (s inns) Houses(_ context.Context, q hotel.ListQuery) ([]*hotel.House, string, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	var all []*hotel.House
	for _, h := range s.w.houses {
		if h.Hotel.Status == hotel.Active && (q.Editor == nil || q.Editor.Supplier.IsZero() || q.Editor.Supplier == h.Hotel.Supplier) &&
			(q.City == "" || strings.EqualFold(q.City, h.Hotel.City)) &&
			strings.Contains(strings.ToLower(h.Hotel.Name+" "+h.Hotel.City+" "+h.Hotel.Address), strings.ToLower(q.Text)) {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *hotel.House) int {
		return strings.Compare(a.Hotel.Name+a.Hotel.ID.Text(""), b.Hotel.Name+b.Hotel.ID.Text(""))
	})
	start := 0
	if q.After != "" {
		n, err := strconv.Atoi(q.After)
		if err != nil || n < 0 || n > len(all) {
			f := fault.InvalidField("after", "not_a_cursor", "This is no cursor.")
			f.Reason = "validation_failed"
			return nil, "", f
		}
		start = n
	}
	end := min(len(all), start+q.Limit)
	next := ""
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next, nil
}

func (s inns) CreateRoomType(_ context.Context, e hotel.Editor, t hotel.RoomType) (*hotel.House, uid.ID, error) {
	id := uid.New()
	h, err := s.edit(e, t.Hotel, hotel.AnyRevision, func(c *hotel.House) error {
		now := s.w.Clock.Now()
		t.ID, t.Status, t.CreatedAt, t.UpdatedAt = id, hotel.Active, now, now
		c.Types = append(c.Types, t)
		return nil
	})
	return h, id, err
}

func (s inns) UpdateRoomType(_ context.Context, e hotel.Editor, t hotel.RoomType, revision int64) (*hotel.House, error) {
	return s.edit(e, t.Hotel, revision, func(c *hotel.House) error {
		t.UpdatedAt = s.w.Clock.Now()
		*c.Type(t.ID) = t
		return nil
	})
}

func (s inns) DeleteRoomType(_ context.Context, e hotel.Editor, house, id uid.ID, revision int64) error {
	_, err := s.edit(e, house, revision, func(c *hotel.House) error {
		if s.w.anyUsed(id) {
			return fault.New(fault.Conflict, "has_reservations", "There are stays to come.")
		}
		c.Type(id).Status = hotel.Retired
		return nil
	})
	return err
}

func (s inns) SetRates(_ context.Context, e hotel.Editor, r hotel.RateChange) (*hotel.House, error) {
	return s.edit(e, r.Hotel, hotel.AnyRevision, func(c *hotel.House) error {
		t := c.Type(r.RoomType)
		if r.Minor == nil {
			t.Rates = t.Rates.Clear(r.From, r.To)
		} else {
			t.Rates = t.Rates.Set(r.From, r.To, *r.Minor)
		}
		return nil
	})
}

func (s inns) SetInventory(_ context.Context, e hotel.Editor, ch hotel.InventoryChange) (*hotel.House, error) {
	return s.edit(e, ch.Hotel, hotel.AnyRevision, func(c *hotel.House) error {
		t := c.Type(ch.RoomType)
		for d := ch.From; d < ch.To; d++ {
			k := nightKey{t.ID, d}
			if ch.Closed != nil {
				s.w.closed[k] = *ch.Closed
			}
			if ch.Capacity != nil {
				s.w.capacity[k] = *ch.Capacity
			}
		}
		t.Restrictions = t.Restrictions.Map(ch.From, ch.To, func(r hotel.Restriction, _ bool) (hotel.Restriction, bool) {
			if ch.MinStay != nil {
				r = r.WithMinStay(*ch.MinStay)
			}
			if ch.MaxStay != nil {
				r = r.WithMaxStay(*ch.MaxStay)
			}
			return r, r != 0
		})
		return nil
	})
}

// target is how many of a room type may be sold in a night.
func (w *World) target(h *hotel.House, t *hotel.RoomType, d civil.Date) (capacity, target int32) {
	capacity, ok := w.capacity[nightKey{t.ID, d}]
	if !ok {
		capacity = t.Capacity
	}
	bp := h.Hotel.OverbookingBP
	if t.OverbookingBP != nil {
		bp = *t.OverbookingBP
	}
	return capacity, capacity + capacity*bp/10000
}

func (s inns) Inventory(_ context.Context, house, roomType uid.ID, from, to civil.Date) ([]hotel.Night, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	h := s.w.houses[house]
	t := h.Type(roomType)
	var nights []hotel.Night
	for d := from; d < to; d++ {
		k := nightKey{t.ID, d}
		capacity, target := s.w.target(h, t, d)
		n := hotel.Night{Date: d, Physical: capacity, Capacity: capacity, Target: target, OverbookingBP: 1000, Closed: s.w.closed[k], Held: s.w.used[k], Price: t.BasePrice}
		if !n.Closed {
			n.Available = max(0, target-n.Held)
		}
		if p, ok := t.Rates.At(d); ok {
			n.Price = p
		}
		n.Restriction, _ = t.Restrictions.At(d)
		nights = append(nights, n)
	}
	return nights, nil
}

func (s inns) CreateRoom(_ context.Context, e hotel.Editor, r hotel.Room) (*hotel.House, uid.ID, error) {
	id := uid.New()
	h, err := s.edit(e, r.Hotel, hotel.AnyRevision, func(c *hotel.House) error {
		for _, there := range c.Rooms {
			if there.Number == r.Number {
				return fault.New(fault.Conflict, "number_taken", "The hotel has a room %q already.", r.Number)
			}
		}
		now := s.w.Clock.Now()
		r.ID, r.CreatedAt, r.UpdatedAt = id, now, now
		c.Rooms = append(c.Rooms, r)
		return nil
	})
	return h, id, err
}

func (s inns) UpdateRoom(_ context.Context, e hotel.Editor, r hotel.Room, revision int64) (*hotel.House, error) {
	return s.edit(e, r.Hotel, revision, func(c *hotel.House) error {
		i := slices.IndexFunc(c.Rooms, func(x hotel.Room) bool { return x.ID == r.ID })
		c.Rooms[i] = r
		return nil
	})
}

func (s inns) DeleteRoom(_ context.Context, e hotel.Editor, house, id uid.ID, revision int64) error {
	_, err := s.edit(e, house, revision, func(c *hotel.House) error {
		c.Rooms = slices.DeleteFunc(c.Rooms, func(x hotel.Room) bool { return x.ID == id })
		return nil
	})
	return err
}

func (s inns) CreateRatePlan(_ context.Context, e hotel.Editor, p hotel.RatePlan) (*hotel.House, uid.ID, error) {
	id := uid.New()
	h, err := s.edit(e, p.Hotel, hotel.AnyRevision, func(c *hotel.House) error {
		now := s.w.Clock.Now()
		p.ID, p.Version, p.Status, p.CreatedAt, p.UpdatedAt = id, uid.New(), hotel.Active, now, now
		c.Plans = append(c.Plans, p)
		return nil
	})
	return h, id, err
}

func (s inns) UpdateRatePlan(_ context.Context, e hotel.Editor, p hotel.RatePlan, revision int64) (*hotel.House, error) {
	return s.edit(e, p.Hotel, revision, func(c *hotel.House) error {
		p.Version, p.UpdatedAt = uid.New(), s.w.Clock.Now()
		*c.Plan(p.ID) = p
		return nil
	})
}

func (s inns) DeleteRatePlan(_ context.Context, e hotel.Editor, house, id uid.ID, revision int64) error {
	_, err := s.edit(e, house, revision, func(c *hotel.House) error {
		if len(c.Plans) == 1 {
			return fault.New(fault.Conflict, "last_rate_plan", "This is the hotel's last rate plan.")
		}
		c.Plan(id).Status = hotel.Retired
		return nil
	})
	return err
}

func (s inns) SetOverride(_ context.Context, e hotel.Editor, o hotel.OverrideChange) (*hotel.House, error) {
	return s.edit(e, o.Hotel, hotel.AnyRevision, func(c *hotel.House) error {
		p := c.Plan(o.Plan)
		line := p.Overrides[o.RoomType]
		if o.Minor == nil {
			line = line.Clear(o.From, o.To)
		} else {
			line = line.Set(o.From, o.To, *o.Minor)
		}
		p.Overrides = map[uid.ID]hotel.Line[int64]{o.RoomType: line}
		return nil
	})
}

func (s inns) RevokeOffers(_ context.Context, e hotel.Editor, house, plan uid.ID) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	h := s.w.houses[house]
	r := revocation{supplier: h.Hotel.Supplier, before: s.w.Clock.Now().Add(time.Second)}
	if p := h.Plan(plan); p != nil {
		r.version = p.Version
	}
	s.w.revoked = append(s.w.revoked, r)
	return nil
}

func (s inns) Cities(_ context.Context, text string, limit int) ([]hotel.City, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	hotels := map[hotel.City]int{}
	for _, h := range s.w.houses {
		if strings.HasPrefix(strings.ToLower(h.Hotel.City), strings.ToLower(text)) {
			hotels[hotel.City{Name: h.Hotel.City, Country: h.Hotel.Country}]++
		}
	}
	var out []hotel.City
	for c, n := range hotels {
		c.Hotels = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b hotel.City) int { return strings.Compare(a.Name, b.Name) })
	return out[:min(len(out), limit)], nil
}

func (s inns) Search(_ context.Context, q hotel.StayQuery) ([]hotel.Proposal, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	var found []hotel.Proposal
	known := q.Place == ""
	for _, h := range s.w.houses {
		if h.Hotel.Status != hotel.Active || !q.Hotel.IsZero() && q.Hotel != h.Hotel.ID || q.Place != "" && !strings.EqualFold(q.Place, h.Hotel.City) {
			continue
		}
		known = true
		km := 0.0
		if q.Near != nil {
			km = 111.2 * math.Hypot(q.Near.Latitude-h.Hotel.Latitude, (q.Near.Longitude-h.Hotel.Longitude)*math.Cos(q.Near.Latitude*math.Pi/180))
			if km > q.Near.RadiusKM {
				continue
			}
		}
		for i := range h.Types {
			p, err := s.w.propose(h, &h.Types[i], hotel.StayRequest{CheckIn: q.CheckIn, CheckOut: q.CheckOut, Rooms: q.Rooms})
			if fault.Is(err, "occupancy_exceeded") {
				continue
			}
			if err != nil {
				return nil, err
			}
			if p.Available < int32(len(q.Rooms)) || h.Hotel.Stars < q.MinStars || q.MaxTotal != nil && p.Offer.Total().Minor > q.MaxTotal.Minor {
				continue
			}
			p.DistanceKM = km
			found = append(found, p)
		}
	}
	if !known {
		return nil, fault.New(fault.NotFound, "place_unknown", "No hotels in %q.", q.Place)
	}
	return found[:min(len(found), q.Limit)], nil
}

func (s inns) BestOffer(_ context.Context, r hotel.StayRequest) (hotel.Proposal, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	h, ok := s.w.houses[r.Hotel]
	if !ok {
		return hotel.Proposal{}, notFound("hotel_not_found")
	}
	t := h.Type(r.RoomType)
	if t == nil {
		return hotel.Proposal{}, notFound("room_type_not_found")
	}
	return s.w.propose(h, t, r)
}

// propose prices a stay: nights times rooms by the first rate plan asked for, plus the city tax of the seeded hotel.
func (w *World) propose(h *hotel.House, t *hotel.RoomType, r hotel.StayRequest) (hotel.Proposal, error) {
	now := w.Clock.Now()
	today := civil.Today(now, time.UTC)
	switch {
	case r.CheckIn >= r.CheckOut:
		return hotel.Proposal{}, fault.InvalidField("/check_out", "dates_backwards", "check_out must be after check_in.")
	case int(r.CheckOut-r.CheckIn) > hotel.MaxStayNights:
		return hotel.Proposal{}, fault.InvalidField("/check_out", "stay_too_long", "A stay may have at most 180 nights.")
	case r.CheckIn < today:
		return hotel.Proposal{}, fault.InvalidField("/check_in", "in_past", "check_in must not be before today.")
	case r.CheckOut > today+horizon:
		return hotel.Proposal{}, fault.InvalidField("/check_out", "beyond_horizon", "Not on sale yet.")
	}
	var plan *hotel.RatePlan
	for i := range h.Plans {
		if p := &h.Plans[i]; p.Status == hotel.Active && (r.RatePlan.IsZero() || p.ID == r.RatePlan) {
			plan = p
			break
		}
	}
	if plan == nil {
		return hotel.Proposal{}, notFound("rate_plan_not_found")
	}
	rooms, adults := int64(len(r.Rooms)), int64(0)
	for _, p := range r.Rooms {
		if int(p.Adults) > t.Occupancy.Adults || len(p.ChildAges) > t.Occupancy.Children {
			return hotel.Proposal{}, fault.InvalidField("/rooms", "occupancy_exceeded", "The room takes fewer people.")
		}
		adults += int64(p.Adults)
	}
	p := hotel.Proposal{House: h, Type: t, Plan: plan, Available: math.MaxInt32}
	price := offer.Price{}
	for d := r.CheckIn; d < r.CheckOut; d++ {
		night := t.BasePrice
		if v, ok := t.Rates.At(d); ok {
			night = v
		}
		night = eur(night).BasisPoints(int64(plan.PercentBP)).Minor * rooms
		p.Nights = append(p.Nights, night)
		price.Base += night
		_, target := w.target(h, t, d)
		free := target - w.used[nightKey{t.ID, d}]
		if w.closed[nightKey{t.ID, d}] {
			free = 0
		}
		p.Available = min(p.Available, max(0, free))
	}
	for _, l := range h.Hotel.Levies {
		part := offer.Part{Kind: l.Kind, Code: l.Code, Included: l.Included}
		if l.Rule == hotel.PercentOfBase {
			part.Minor = eur(price.Base).BasisPoints(int64(l.BP)).Minor
		} else {
			part.Minor = l.Minor * adults * int64(r.CheckOut-r.CheckIn)
		}
		price.Parts = append(price.Parts, part)
	}
	checkIn := r.CheckIn.In(time.UTC, 14, 0)
	terms := offer.Terms{FeeBP: plan.FeeBP, EndsAt: r.CheckOut.In(time.UTC, 10, 0)}
	if plan.FreeUntilHours >= 0 {
		terms.FreeUntil = checkIn.Add(-time.Duration(plan.FreeUntilHours) * time.Hour)
	}
	p.Offer = offer.Offer{IssuedAt: now, ExpiresAt: now.Add(20 * time.Minute), Currency: h.Hotel.Currency, Pieces: []offer.Piece{{
		Supplier: h.Hotel.Supplier, Claims: []stock.Claim{{Pool: 1, From: stock.Slot(r.CheckIn), To: stock.Slot(r.CheckOut), Count: int32(rooms)}},
		Price: price, Terms: terms,
		Stay: offer.Stay{Hotel: h.Hotel.ID, RoomType: t.ID, Plan: plan.ID, RatePlan: plan.Version, Board: uint8(plan.Board), CheckIn: r.CheckIn, CheckOut: r.CheckOut, Rooms: r.Rooms},
	}}}
	p.Sealed = "off_" + uid.New().Text("x")[2:]
	w.sealed[p.Sealed] = p.Offer
	return p, nil
}
