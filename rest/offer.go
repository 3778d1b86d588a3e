package rest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"holdfast/civil"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/money"
	"holdfast/rest/wire"
)

type offerListOut struct {
	Body wire.OfferList
}

// defaultOffers is how many hotels a search shows that does not say.
const defaultOffers = 20

// searchCodes are what can keep a search from being done.
var searchCodes = []string{
	"place_unknown", "hotel_not_found", "in_past", "beyond_horizon", "dates_backwards", "stay_too_long", "rooms_out_of_range", "adults_out_of_range",
	"children_out_of_range", "place_invalid", "radius_out_of_range", "range_backwards", "currency_mismatch", "too_many_amenities", "offer_too_large",
	"same_place", "out_of_range", "child_age_out_of_range", "party_invalid", "slice_invalid", "fare_unknown", "not_served",
}

func (s *server) offerCalls() {
	handleBody(s, operation{
		id: "search-offers", method: http.MethodPost, path: "/v1/offers", tag: "Offers", summary: "Search stays, train journeys and flights",
		about: "Finds what is free and prices it. Each answer carries a sealed offer: whoever has it can reserve at its price until it expires, " +
			"while there is stock. Searching writes nothing.",
		scopes: []identity.Scope{identity.OffersRead}, status: http.StatusOK, codes: searchCodes, reads: true,
		examples: []example{
			{"place", "In a city, with filters", `{"stay": {"place": "Lisbon", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 2}]},
				"filters": {"max_price": {"amount": "900.00", "currency": "EUR"}, "min_stars": 3, "amenities": ["wifi"]}, "sort": "price", "limit": 10}`},
			{"near", "Around a point, nearest first", `{"stay": {"near": {"latitude": 38.72, "longitude": -9.14, "radius_km": 10}, "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 1}]}, "sort": "distance"}`},
			{"train", "By train on a day, with at most one change", `{"train": {"from": "Lisbon", "to": "Porto", "date": "2027-06-10", "travellers": {"adults": 1}, "max_changes": 1}, "sort": "departure", "limit": 5}`},
			{"train_after", "By train after a time, first class, cheapest first", `{"train": {"from": "Lisbon", "to": "Porto", "depart_after": "2027-06-10T08:00:00+01:00", "window_minutes": 240, "travellers": {"adults": 2, "children_ages": [4]}, "class": "first"}, "filters": {"max_price": {"amount": "300.00", "currency": "EUR"}}, "sort": "price"}`},
			{"flight", "Flights there and back", `{"flight": {"slices": [{"from": "LIS", "to": "Hamburg", "date": "2027-06-10", "depart_between": {"from": "06:00", "to": "12:00"}}, {"from": "HAM", "to": "LIS", "date": "2027-06-17"}],
				"travellers": {"adults": 2, "children": 1}, "cabin": "economy", "max_stops": 1, "exclude_carriers": ["XY"]}, "filters": {"max_price": {"amount": "900.00", "currency": "EUR"}}, "sort": "best", "limit": 10}`},
			{"hotel", "In one hotel", `{"stay": {"hotel_id": "htl_01kavwy2x4e8hrn5z3m7q9t6b0", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 2, "children_ages": [4]}]}}`},
		},
	}, s.searchOffers)
}

var sorts = map[string]hotel.Sort{"": hotel.ByPrice, "price": hotel.ByPrice, "distance": hotel.ByDistance, "stars": hotel.ByStars}

func (s *server) searchOffers(ctx context.Context, _ *call, _ *Raw, b *wire.OfferRequest) (*offerListOut, error) {
	given := 0
	for _, set := range []bool{b.Stay != nil, b.Train != nil, b.Flight != nil} {
		if set {
			given++
		}
	}
	var r reader
	switch {
	case given == 0:
		r.at("", "required", "Give one of stay, train and flight.")
	case given > 1:
		r.at("", "not_together", "Give only one of stay, train and flight.")
	case b.Train != nil:
		return s.searchTrains(ctx, b)
	case b.Flight != nil:
		return s.searchFlights(ctx, b)
	default:
		return s.searchStays(ctx, b)
	}
	return nil, r.err()
}

func (s *server) searchStays(ctx context.Context, b *wire.OfferRequest) (*offerListOut, error) {
	var r reader
	q := stayQuery(&r, b)
	if err := r.err(); err != nil {
		return nil, err
	}
	found, err := s.Hotels.Search(ctx, q)
	if err != nil {
		return nil, rebase(err, "", searchNames)
	}
	out := &offerListOut{Body: wire.OfferList{Offers: make([]wire.Offer, len(found))}}
	parts := make([]stayParts, len(found))
	for i := range found {
		out.Body.Offers[i] = showOffer(&found[i], q.Hotel.IsZero(), &parts[i])
	}
	return out, nil
}

// stayParts is what only an offer of a stay has; those of all offers are made at once.
type stayParts struct {
	hotel     wire.OfferHotel
	roomType  wire.OfferRoomType
	ratePlan  wire.OfferRatePlan
	available int32
}

// sortOf is the order that a word means for a kind of search.
func sortOf[S any](r *reader, sorts map[string]S, word string) S {
	sort, ok := sorts[word]
	if !ok {
		words := slices.Sorted(maps.Keys(sorts))
		r.at("/sort", "not_a_choice", "Must be one of "+strings.Join(words[1:], ", ")+" here.") // the first is the empty one
	}
	return sort
}

// onlyPrice refuses what of the filters has no meaning for rides, and reads the largest price; nil for none.
func onlyPrice(r *reader, f *wire.Filters) *money.Amount {
	if f == nil {
		return nil
	}
	if f.MinPrice != nil || f.MinStars != 0 || f.Amenities != nil || f.Board != "" || f.FreeCancellation {
		r.at("/filters", "not_together", "For trains and flights there is max_price alone.")
	}
	return r.money("/filters/max_price", f.MaxPrice)
}

// searchNames are the API's names for the service's places.
var searchNames = strings.NewReplacer("/filters/min_total", "/filters/min_price", "/filters/max_total", "/filters/max_price").Replace

func stayQuery(r *reader, b *wire.OfferRequest) hotel.StayQuery {
	q := hotel.StayQuery{
		Place: b.Stay.Place, Hotel: r.id("/stay/hotel_id", hotelID, b.Stay.HotelID),
		CheckIn: r.date("/stay/check_in", b.Stay.CheckIn), CheckOut: r.date("/stay/check_out", b.Stay.CheckOut),
		Rooms: parties(b.Stay.Rooms), Sort: sortOf(r, sorts, b.Sort), Limit: b.Limit,
	}
	if q.Limit == 0 {
		q.Limit = defaultOffers
	}
	given := 0
	for _, set := range []bool{b.Stay.Place != "", b.Stay.Near != nil, b.Stay.HotelID != ""} {
		if set {
			given++
		}
	}
	switch given {
	case 1:
	case 0:
		r.at("/stay", "required", "Give one of place, near and hotel_id.")
	default:
		r.at("/stay", "not_together", "Give only one of place, near and hotel_id.")
	}
	if n := b.Stay.Near; n != nil {
		q.Near = &hotel.Near{Latitude: n.Latitude, Longitude: n.Longitude, RadiusKM: n.RadiusKM}
	}
	if f := b.Filters; f != nil {
		q.MinTotal, q.MaxTotal = r.money("/filters/min_price", f.MinPrice), r.money("/filters/max_price", f.MaxPrice)
		q.MinStars, q.Amenities, q.Board, q.FreeCancellation = f.MinStars, f.Amenities, boards[f.Board], f.FreeCancellation
	}
	return q
}

func showOffer(p *hotel.Proposal, searched bool, parts *stayParts) wire.Offer {
	h, piece, c := &p.House.Hotel, &p.Offer.Pieces[0], p.Offer.Currency
	*parts = stayParts{
		hotel: wire.OfferHotel{
			ID: h.ID.Text(hotelID), Name: h.Name, Stars: h.Stars, Address: h.Address, City: h.City, Country: h.Country,
			Latitude: h.Latitude, Longitude: h.Longitude, TimeZone: h.TimeZone, Amenities: h.Amenities,
		},
		roomType: wire.OfferRoomType{
			ID: p.Type.ID.Text(roomTypeID), Name: p.Type.Name,
			Occupancy: wire.Occupancy{Adults: p.Type.Occupancy.Adults, Children: p.Type.Occupancy.Children},
		},
		ratePlan:  wire.OfferRatePlan{ID: p.Plan.ID.Text(ratePlanID), Name: p.Plan.Name, Board: p.Plan.Board.String()},
		available: p.Available,
	}
	out := wire.Offer{
		ID: p.Sealed, Kind: "stay", Hotel: &parts.hotel, RoomType: &parts.roomType, RatePlan: &parts.ratePlan,
		CheckIn: piece.Stay.CheckIn.String(), CheckOut: piece.Stay.CheckOut.String(), Rooms: showParties(piece.Stay.Rooms),
		Price: wire.OfferPrice{
			Total: wire.Minor(piece.Price.Total(), c), Base: wire.Minor(piece.Price.Base, c), Nights: make([]wire.NightPrice, len(p.Nights)),
		},
		Conditions: wire.Conditions{
			FreeCancellationUntil: moment(piece.Terms.FreeUntil), CancellationFeePercent: percent(piece.Terms.FeeBP), Board: p.Plan.Board.String(),
		},
		Available: &parts.available, ExpiresAt: instant(p.Offer.ExpiresAt),
	}
	if searched {
		km := float64(int64(p.DistanceKM*1000+0.5)) / 1000
		out.Hotel.DistanceKM = &km
	}
	for i, n := range p.Nights {
		out.Price.Nights[i] = wire.NightPrice{Date: (piece.Stay.CheckIn + civil.Date(i)).String(), Price: wire.Minor(n, c)}
	}
	out.Price.Taxes, out.Price.Fees = taxesAndFees(piece.Price.Parts, c)
	return out
}
