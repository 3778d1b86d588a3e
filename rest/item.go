package rest

import (
	"context"
	"strconv"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/rest/wire"
)

// stayItem is a plain item: what is wanted of the best public offer.
type stayItem struct {
	request  hotel.StayRequest
	rooms    int
	adults   int // 0: not said
	children []uint8
}

// defaultAdults sleep in a room when nobody says how many.
const defaultAdults = 2

// readItems turns the items of a request into offers and plain items; the other one of a place is empty.
func readItems(r *reader, items []wire.ItemRequest) (offers []string, stays []*stayItem) {
	offers, stays = make([]string, len(items)), make([]*stayItem, len(items))
	for i := range items {
		b, at := &items[i], "/items/"+strconv.Itoa(i)
		if b.Offer != "" {
			if !onlyOffer(b) {
				r.at(at, "not_together", "An offer holds everything else already; give nothing beside it but seats, preferences and rides.")
			}
			offers[i] = b.Offer
			continue
		}
		stays[i] = readStay(r, at, b)
	}
	return offers, stays
}

func onlyOffer(b *wire.ItemRequest) bool {
	return b.HotelID == "" && b.RoomTypeID == "" && b.RatePlanID == "" && b.CheckIn == "" && b.CheckOut == "" &&
		b.Rooms == nil && b.Adults == nil && b.ChildrenAges == nil
}

func readStay(r *reader, at string, b *wire.ItemRequest) *stayItem {
	if b.Seats != nil || b.Preferences != nil || b.Rides != nil {
		r.at(at, "not_together", "A stay has no seats.")
	}
	missing := false
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"hotel_id", b.HotelID != ""}, {"room_type_id", b.RoomTypeID != ""}, {"check_in", b.CheckIn != ""}, {"check_out", b.CheckOut != ""}, {"rooms", b.Rooms != nil},
	} {
		if !f.given {
			r.at(at+"/"+f.name, "required", "An item needs an offer, or hotel_id, room_type_id, check_in, check_out and rooms.")
			missing = true
		}
	}
	if missing {
		return nil
	}
	item := &stayItem{rooms: *b.Rooms, children: ages(b.ChildrenAges)}
	item.request = hotel.StayRequest{
		Hotel: r.id(at+"/hotel_id", hotelID, b.HotelID), RoomType: r.id(at+"/room_type_id", roomTypeID, b.RoomTypeID),
		RatePlan: r.id(at+"/rate_plan_id", ratePlanID, b.RatePlanID),
		CheckIn:  r.date(at+"/check_in", b.CheckIn), CheckOut: r.date(at+"/check_out", b.CheckOut),
	}
	if b.Adults != nil {
		item.adults = *b.Adults
		if item.adults < item.rooms {
			r.at(at+"/adults", "adults_too_few", "Every room needs at least one adult.")
		}
	}
	return item
}

// spread puts people into rooms as evenly as possible, the first rooms taking what does not divide.
func (it *stayItem) spread(adultsOfType int) []offer.Party {
	total := it.adults
	if total == 0 {
		total = it.rooms * max(1, min(defaultAdults, adultsOfType))
	}
	rooms := make([]offer.Party, it.rooms)
	for i := range rooms {
		n := total / it.rooms
		if i < total%it.rooms {
			n++
		}
		rooms[i].Adults = uint8(min(n, 255)) // more than a room takes is refused by the hotel
	}
	for i, age := range it.children {
		room := &rooms[i%it.rooms]
		room.ChildAges = append(room.ChildAges, age)
	}
	return rooms
}

// price asks the hotel for the best public offer. Its error names the place in the body.
func (s *server) price(ctx context.Context, i int, it *stayItem) (string, error) {
	at := "/items/" + strconv.Itoa(i)
	house, err := s.Hotels.House(ctx, nil, it.request.Hotel)
	if err != nil {
		return "", err
	}
	t := house.Type(it.request.RoomType)
	if t == nil || !sees(false, t.Status) {
		return "", fault.New(fault.NotFound, "room_type_not_found", "The hotel has no room type %s.", it.request.RoomType.Text(roomTypeID))
	}
	it.request.Rooms = it.spread(t.Occupancy.Adults)
	p, err := s.Hotels.BestOffer(ctx, it.request)
	if err != nil {
		return "", rebase(err, at, nil)
	}
	return p.Sealed, nil
}
