package hotel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// reasonTooLarge refuses a stay whose offer would exceed offer.MaxStaySealed.
const reasonTooLarge = "offer_too_large"

// maxAmenities bounds the filter.
const maxAmenities = 50

// best is the best public offer for a plain request. It asks prices, occupancy and restrictions; whether there is
// stock is for the desk to say. Pointers of its errors are relative to the request ("/check_in").
func (f *finder) best(ctx context.Context, r StayRequest) (Proposal, error) {
	if err := ctx.Err(); err != nil {
		return Proposal{}, fault.Wrap(err, "price a stay")
	}
	s := stay{r.CheckIn, r.CheckOut}
	if err := checkStay(s, r.Rooms, ""); err != nil {
		return Proposal{}, err
	}
	l, err := f.house(r.Hotel)
	if err != nil {
		return Proposal{}, err
	}
	t := l.house.Type(r.RoomType)
	if t == nil || t.Status != Active || t.Pool == 0 {
		return Proposal{}, roomTypeNotFound()
	}
	now := f.clock.Now()
	if err := f.checkDates(s, l.zone, now, ""); err != nil {
		return Proposal{}, err
	}
	if reason := t.refuses(s); reason != "" {
		return Proposal{}, refusal(reason, t, s)
	}
	p, err := l.cheapest(t, s, r)
	if err != nil {
		return Proposal{}, err
	}
	out, err := f.propose(l, t, p, s, slices.Clone(r.Rooms), "", now)
	out.Available = l.available(t, s)
	return out, err
}

// cheapest is the rate plan of the lowest total that takes the guests: the one asked for, or any.
func (l *listing) cheapest(t *RoomType, s stay, r StayRequest) (*RatePlan, error) {
	var best *RatePlan
	var least int64
	known := false
	for i := range l.plans {
		p := l.plans[i].of
		if !p.sells(t) || !r.RatePlan.IsZero() && p.ID != r.RatePlan {
			continue
		}
		known = true
		d := p.demand(r.Rooms)
		if !t.Occupancy.fits(d) {
			continue
		}
		base := d.supplement * int64(s.nights())
		for n := s.in; n < s.out; n++ {
			base += p.night(t, n) * int64(len(r.Rooms))
		}
		if best == nil || base < least || base == least && compareID(p.ID, best.ID) < 0 {
			best, least = p, base
		}
	}
	switch {
	case best != nil:
		return best, nil
	case known:
		return nil, fault.InvalidField("/rooms", "occupancy_exceeded", "A room of this type takes %d adults, and %d people in all.",
			t.Occupancy.Adults, t.Occupancy.Adults+t.Occupancy.Children)
	}
	return nil, ratePlanNotFound()
}

// refusal tells a caller which restriction stands against a stay.
func refusal(reason string, t *RoomType, s stay) error {
	switch reason {
	case reasonClosedToArrival:
		return fault.InvalidField("/check_in", reason, "No stay in this room type may begin on %s.", s.in)
	case reasonClosedToDeparture:
		return fault.InvalidField("/check_out", reason, "No stay in this room type may end on %s.", s.out)
	case reasonMinStay:
		return fault.InvalidField("/check_out", reason, "A stay that begins on %s must have at least %d nights.", s.in, t.restriction(s.in).MinStay())
	default:
		return fault.InvalidField("/check_out", reason, "A stay that begins on %s may have at most %d nights.", s.in, t.restriction(s.in).MaxStay())
	}
}

// house is the listing of an active hotel.
func (f *finder) house(id uid.ID) (*listing, error) {
	if e := f.places.entry(id); e != nil {
		if l := e.listing.Load(); l.house.Hotel.Status == Active {
			return l, nil
		}
	}
	return nil, hotelNotFound()
}

// propose makes and seals the offer of a stay.
func (f *finder) propose(l *listing, t *RoomType, p *RatePlan, s stay, rooms []offer.Party, audience string, now time.Time) (Proposal, error) {
	sealer := f.sealer.Load()
	if sealer == nil {
		return Proposal{}, fault.Overloaded(time.Second)
	}
	h := &l.house.Hotel
	nights, price := h.price(t, p, s, rooms)
	from, to, n := stock.Slot(s.in), stock.Slot(s.out), int32(len(rooms))
	claims := []stock.Claim{{Pool: t.Pool, From: from, To: to, Count: n}}
	if h.Capacity != nil && h.CapPool != 0 {
		claims = append(claims, stock.Claim{Pool: h.CapPool, From: from, To: to, Count: n})
	}
	issued := now.UTC().Truncate(time.Second)
	o := offer.Offer{
		IssuedAt: issued, ExpiresAt: issued.Add(f.offerLife.Truncate(time.Second)), Audience: audience, Currency: h.Currency,
		Pieces: []offer.Piece{{
			Supplier: h.Supplier, Claims: claims, Price: price, Terms: l.terms(p, s, now),
			Stay: offer.Stay{Hotel: h.ID, RoomType: t.ID, Plan: p.ID, RatePlan: p.Version, Board: uint8(p.Board), CheckIn: s.in, CheckOut: s.out, Rooms: rooms},
		}},
	}
	sealed, err := sealer.Seal(o)
	switch {
	case errors.Is(err, offer.ErrTooLarge):
		return Proposal{}, fault.InvalidField("/rooms", reasonTooLarge, "These rooms differ too much to be sold as one offer. Ask for them in parts.").Because(err)
	case err != nil:
		return Proposal{}, fault.Wrap(err, "seal an offer")
	}
	return Proposal{Sealed: sealed, Offer: o, House: l.house, Type: t, Plan: p, Nights: nights}, nil
}

// terms are the conditions of undoing a stay. A time of free cancelling that has gone by already never was.
func (l *listing) terms(p *RatePlan, s stay, now time.Time) offer.Terms {
	out := offer.Terms{FeeBP: p.FeeBP, EndsAt: s.out.In(l.zone, l.checkOut.hour, l.checkOut.minute).UTC()}
	if p.FreeUntilHours >= 0 {
		until := s.in.In(l.zone, l.checkIn.hour, l.checkIn.minute).Add(-time.Duration(p.FreeUntilHours) * time.Hour).UTC()
		if until.After(now) {
			out.FreeUntil = until
		}
	}
	return out
}

// checkDates refuses stays that begin before today in the hotel's zone, or end beyond what is on sale.
func (f *finder) checkDates(s stay, zone *time.Location, now time.Time, at string) error {
	today := civil.Today(now, zone)
	if s.in < today {
		return fault.InvalidField(at+"/check_in", "in_past", "check_in must not be before today, which is %s at the hotel.", today)
	}
	if last := today.Add(f.horizon); s.out > last {
		return fault.InvalidField(at+"/check_out", "beyond_horizon", "Stays are sold up to %s.", last)
	}
	return nil
}

// checkStay refuses stays that no hotel could take.
func checkStay(s stay, rooms []offer.Party, at string) error {
	switch {
	case s.in >= s.out:
		return fault.InvalidField(at+"/check_out", "dates_backwards", "check_out must be after check_in.")
	case int64(s.out)-int64(s.in) > MaxStayNights:
		return fault.InvalidField(at+"/check_out", "stay_too_long", "A stay may have at most %d nights.", MaxStayNights)
	case len(rooms) < 1 || len(rooms) > MaxRooms:
		return fault.InvalidField(at+"/rooms", "rooms_out_of_range", "A stay takes 1 to %d rooms.", MaxRooms)
	}
	for i, r := range rooms {
		if r.Adults < 1 || r.Adults > MaxAdults {
			return fault.InvalidField(fmt.Sprintf("%s/rooms/%d/adults", at, i), "adults_out_of_range", "A room takes 1 to %d adults.", MaxAdults)
		}
		if len(r.ChildAges) > offer.MaxChildren {
			return fault.InvalidField(fmt.Sprintf("%s/rooms/%d/children_ages", at, i), "children_out_of_range", "A room takes at most %d children.", offer.MaxChildren)
		}
		for j, age := range r.ChildAges {
			if age > MaxChildAge {
				return fault.InvalidField(fmt.Sprintf("%s/rooms/%d/children_ages/%d", at, i, j), "child_age_out_of_range", "A child is 0 to %d years old.", MaxChildAge)
			}
		}
	}
	return nil
}

// checkQuery refuses searches that make no sense, and puts defaults in. Pointers are those of the search document:
// "/stay/...", "/filters/...", "/sort", "/limit".
func (f *finder) checkQuery(q *StayQuery, now time.Time) error {
	if err := checkStay(stay{q.CheckIn, q.CheckOut}, q.Rooms, "/stay"); err != nil {
		return err
	}
	asked := 0
	for _, set := range [...]bool{q.Place != "", q.Near != nil, !q.Hotel.IsZero()} {
		if set {
			asked++
		}
	}
	if asked != 1 {
		return fault.InvalidField("/stay", "place_required", "Give exactly one of place, near and hotel_id.")
	}
	if q.Sort == 0 {
		q.Sort = ByPrice
	}
	switch {
	case q.Place != "":
		if err := checkPlace(q.Place, "/stay/place"); err != nil {
			return err
		}
	case q.Near != nil:
		if err := q.Near.check("/stay/near"); err != nil {
			return err
		}
	}
	// Wherever the hotels are, today is within a day of the date in UTC.
	today := civil.Today(now, time.UTC)
	switch {
	case q.CheckIn < today-1:
		return fault.InvalidField("/stay/check_in", "in_past", "check_in must not be before today.")
	case q.CheckOut > today.Add(1+f.horizon):
		return fault.InvalidField("/stay/check_out", "beyond_horizon", "Stays are sold %d nights ahead.", f.horizon)
	case q.Limit < 1 || q.Limit > maxFound:
		return fault.InvalidField("/limit", "limit_out_of_range", "limit must be from 1 to %d.", maxFound)
	case q.Sort > ByStars:
		return fault.InvalidField("/sort", "sort_unknown", "sort must be price, distance or stars.")
	case len(q.Amenities) > maxAmenities:
		return fault.InvalidField("/filters/amenities", "too_many_amenities", "At most %d amenities can be asked for.", maxAmenities)
	case q.MinTotal != nil && q.MaxTotal != nil && q.MinTotal.Currency != q.MaxTotal.Currency:
		return fault.InvalidField("/filters/max_total", "currency_mismatch", "min_total and max_total must be of one currency.")
	case q.MinTotal != nil && q.MaxTotal != nil && q.MinTotal.Minor > q.MaxTotal.Minor:
		return fault.InvalidField("/filters/max_total", "range_backwards", "max_total must not be less than min_total.")
	}
	return nil
}
