package rest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"holdfast/fault"
	"holdfast/flight"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/rail"
	"holdfast/rest/wire"
)

// plainItem is what is wanted of the best public offer.
type plainItem interface {
	// price asks the vertical for the best public offer. Its error names the place in the body.
	price(ctx context.Context, s *server, at string) (sealed string, err error)
}

// stayItem is a plain stay.
type stayItem struct {
	request  hotel.StayRequest
	rooms    int
	adults   int // 0: not said
	children []uint8
}

// trainItem is a plain ride on a train.
type trainItem struct{ rail.RideRequest }

// flightItem is a plain flight.
type flightItem struct{ flight.FlightRequest }

// readItems turns the items of a request into offers and plain items; the other one of a place is empty.
func readItems(r *reader, items []wire.ItemRequest) (offers []string, plain []plainItem) {
	offers, plain = make([]string, len(items)), make([]plainItem, len(items))
	for i := range items {
		b, at := &items[i], "/items/"+strconv.Itoa(i)
		forms := 0
		for _, set := range []bool{b.Offer != "", b.Train != "", b.Flight != ""} {
			if set {
				forms++
			}
		}
		switch {
		case forms > 1:
			r.at(at, "not_together", "An item is an offer, a train, a flight, or a room type: give one of them.")
		case b.Offer != "":
			if others(b, "offer") {
				r.at(at, "not_together", "An offer holds everything else already; give nothing beside it but seats, preferences and rides.")
			}
			offers[i] = b.Offer
		case b.Train != "":
			plain[i] = readTrain(r, at, b)
		case b.Flight != "":
			plain[i] = readFlight(r, at, b)
		default:
			if it := readStay(r, at, b); it != nil {
				plain[i] = it
			}
		}
	}
	return offers, plain
}

// others reports whether an item says what has no meaning in its form.
func others(b *wire.ItemRequest, form string) bool {
	for _, f := range []struct {
		given bool
		forms string
	}{
		{b.HotelID != "" || b.RoomTypeID != "" || b.RatePlanID != "" || b.CheckIn != "" || b.CheckOut != "" || b.Rooms != nil, "stay"},
		{b.Adults != nil, "stay train flight"},
		{b.ChildrenAges != nil, "stay train"},
		{b.Children != nil || b.Infants != nil, "train flight"},
		{b.Date != "" || b.From != "" || b.To != "" || b.Fare != "", "train flight"},
		{b.Class != "", "train"},
		{b.Cabin != "" || b.BookingClass != "", "flight"},
		{b.Seats != nil || b.Preferences != nil || b.Rides != nil, "offer train flight"},
	} {
		if f.given && !slices.Contains(strings.Fields(f.forms), form) {
			return true
		}
	}
	return false
}

// needs asks for fields that a form needs; false when one is missing.
func needs(r *reader, at, message string, fields ...string) bool {
	ok := true
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] == "" {
			r.at(at+"/"+fields[i], "required", message)
			ok = false
		}
	}
	return ok
}

func readTrain(r *reader, at string, b *wire.ItemRequest) plainItem {
	if others(b, "train") {
		r.at(at, "not_together", "Beside a train there are date, from, to, class, fare, who travels, and seats.")
	}
	if !needs(r, at, "A train needs date, from and to.", "date", b.Date, "from", b.From, "to", b.To) {
		return nil
	}
	if b.Children != nil && b.ChildrenAges != nil {
		r.at(at+"/children", "not_together", "Give children or children_ages.")
	}
	it := trainItem{rail.RideRequest{
		Number: b.Train, Date: r.date(at+"/date", b.Date), From: b.From, To: b.To, Class: trainClass(b.Class), Adults: count(b.Adults, 1),
		ChildAges: b.ChildrenAges, Infants: count(b.Infants, 0), Fare: b.Fare,
	}}
	for range count(b.Children, 0) {
		it.ChildAges = append(it.ChildAges, rail.MaxChildAge)
	}
	return it
}

func readFlight(r *reader, at string, b *wire.ItemRequest) plainItem {
	if others(b, "flight") {
		r.at(at, "not_together", "Beside a flight there are date, from, to, cabin, booking_class, fare, adults, children, infants, and seats.")
	}
	if !needs(r, at, "A flight needs a date.", "date", b.Date) {
		return nil
	}
	return flightItem{flight.FlightRequest{
		Number: b.Flight, Date: r.date(at+"/date", b.Date), From: b.From, To: b.To, Cabin: b.Cabin, Class: b.BookingClass, Family: b.Fare,
		Party: flight.Party{Adults: uint8(min(count(b.Adults, 1), 255)), Children: uint8(count(b.Children, 0)), Infants: uint8(count(b.Infants, 0))}, // more is refused by the airline
	}}
}

func count(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}

func readStay(r *reader, at string, b *wire.ItemRequest) *stayItem {
	if others(b, "stay") {
		r.at(at, "not_together", "A stay has no date, places, class or seats: these are of trains and flights.")
	}
	missing := false
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"hotel_id", b.HotelID != ""}, {"room_type_id", b.RoomTypeID != ""}, {"check_in", b.CheckIn != ""}, {"check_out", b.CheckOut != ""}, {"rooms", b.Rooms != nil},
	} {
		if !f.given {
			r.at(at+"/"+f.name, "required", "An item needs an offer, or a train, or a flight, or hotel_id, room_type_id, check_in, check_out and rooms.")
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

// defaultAdults sleep in a room when nobody says how many.
const defaultAdults = 2

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

func (it *stayItem) price(ctx context.Context, s *server, at string) (string, error) {
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

func (it trainItem) price(ctx context.Context, s *server, at string) (string, error) {
	if s.Rail == nil {
		return "", notHere("trains")
	}
	p, err := s.Rail.BestOffer(ctx, it.RideRequest)
	if err != nil {
		return "", rebase(err, at, plainTrainNames)
	}
	return p.Sealed, nil
}

func (it flightItem) price(ctx context.Context, s *server, at string) (string, error) {
	if s.Flights == nil {
		return "", notHere("flights")
	}
	p, err := s.Flights.BestOffer(ctx, it.FlightRequest)
	if err != nil {
		return "", rebase(err, at, plainFlightNames)
	}
	return p.Option.Sealed, nil
}

// The API's names for the places that services find in plain items.
var (
	plainTrainNames  = strings.NewReplacer("/child_ages", "/children_ages", "/travellers", "/adults", "/number", "/train").Replace
	plainFlightNames = strings.NewReplacer("/class", "/booking_class", "/family", "/fare", "/travellers", "/adults", "/number", "/flight").Replace
)
