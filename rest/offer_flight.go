package rest

import (
	"context"
	"strconv"
	"strings"
	"time"

	"holdfast/flight"
	"holdfast/money"
	"holdfast/rest/wire"
)

var flightSorts = map[string]flight.Order{
	"": flight.ByPrice, "price": flight.ByPrice, "duration": flight.ByDuration, "departure": flight.ByDeparture, "best": flight.ByBest,
}

// manyStops asks for as many changes as searches make.
const manyStops = -1

func (s *server) searchFlights(ctx context.Context, b *wire.OfferRequest) (*offerListOut, error) {
	if s.Flights == nil {
		return nil, notHere("flights")
	}
	var r reader
	q := itineraryQuery(&r, b.Flight)
	q.Sort, q.Limit = sortOf(&r, flightSorts, b.Sort), b.Limit
	if q.Limit == 0 {
		q.Limit = defaultOffers
	}
	if most := onlyPrice(&r, b.Filters); most != nil {
		q.MaxPrice, q.Currency = most.Minor, string(most.Currency)
		if most.Minor <= 0 {
			r.at("/filters/max_price/amount", "too_small", "A price is more than nothing.")
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	found, err := s.Flights.Search(ctx, q)
	if err != nil {
		return nil, rebase(err, "", flightNames)
	}
	out := &offerListOut{Body: wire.OfferList{Offers: []wire.Offer{}}}
	seen := s.names(ctx)
	for n := range found.Proposals {
		p := &found.Proposals[n]
		for k := range p.Options {
			out.Body.Offers = append(out.Body.Offers, s.showItinerary(seen, p, &p.Options[k], n))
		}
	}
	return out, nil
}

// flightNames are the API's names for the service's places.
func flightNames(pointer string) string {
	switch {
	case strings.HasPrefix(pointer, "/slices"), pointer == "/cabin", pointer == "/travellers":
		return "/flight" + pointer
	case pointer == "/family":
		return "/flight/fare"
	case pointer == "/filters/max_total":
		return "/filters/max_price"
	case strings.HasPrefix(pointer, "/filters/"):
		return "/flight/" + strings.TrimPrefix(pointer, "/filters/")
	}
	return pointer
}

func itineraryQuery(r *reader, f *wire.FlightRequest) flight.ItineraryQuery {
	q := flight.ItineraryQuery{
		Party: flightParty(f.Travellers), Cabin: f.Cabin, MaxStops: manyStops, Include: f.Carriers, Exclude: f.ExcludeCarriers,
		MaxDuration: time.Duration(f.MaxDurationMinutes) * time.Minute, Family: f.Fare, NoInterline: f.SameCarrier,
	}
	if f.MaxStops != nil {
		q.MaxStops = *f.MaxStops
	}
	for i := range f.Slices {
		sl, at := &f.Slices[i], "/flight/slices/"+strconv.Itoa(i)
		q.Slices = append(q.Slices, flight.SliceQuery{
			From: sl.From, To: sl.To, Date: r.date(at+"/date", sl.Date), Depart: clockOf(sl.DepartBetween), Arrive: clockOf(sl.ArriveBetween),
		})
	}
	return q
}

func flightParty(p *wire.FlightParty) flight.Party {
	if p == nil {
		return flight.Party{Adults: 1}
	}
	return flight.Party{Adults: uint8(p.Adults), Children: uint8(p.Children), Infants: uint8(p.Infants)}
}

// clockOf reads times of the day that the schema has accepted.
func clockOf(t *wire.TimeRange) (c flight.Clock) {
	if t == nil {
		return c
	}
	c.From, c.To = minuteOfDay(t.From), minuteOfDay(t.To)
	return c
}

func minuteOfDay(text string) int16 {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0
	}
	return int16(t.Hour()*60 + t.Minute())
}

// showItinerary shows a way to fly under a fare family.
func (s *server) showItinerary(seen *names, p *flight.Proposal, o *flight.Option, number int) wire.Offer {
	c := o.Offer.Currency
	stops, minutes, left := 0, 0, int32(1<<30)
	out := wire.Offer{
		ID: o.Sealed, Kind: "flight", Journey: &number, Stops: &stops, Minutes: &minutes, SeatsLeft: &left,
		Slices: make([]wire.OfferSlice, len(p.Slices)), Fare: fareFamily(o.Families[0], c),
		Price: tripPrice(&o.Offer), Conditions: tripConditions(&o.Offer), ExpiresAt: instant(o.Offer.ExpiresAt),
	}
	ride := 0
	for i := range p.Slices {
		sl := &p.Slices[i]
		shown := wire.OfferSlice{Minutes: minutesOf(sl.Duration), Stops: len(sl.Segments) - 1, Segments: make([]wire.FlightSegment, len(sl.Segments))}
		for k := range sl.Segments {
			shown.Segments[k] = s.flightSegment(seen, &sl.Segments[k], o, ride)
			left = min(left, sl.Segments[k].Free)
			ride++
		}
		first, last := &shown.Segments[0], &shown.Segments[len(shown.Segments)-1]
		shown.From, shown.To, shown.Departs, shown.Arrives = first.From, last.To, first.Departs, last.Arrives
		stops, minutes = stops+shown.Stops, minutes+shown.Minutes
		out.Slices[i] = shown
	}
	out.From, out.To, out.Departs, out.Arrives = &out.Slices[0].From, &out.Slices[0].To, out.Slices[0].Departs, out.Slices[len(out.Slices)-1].Arrives
	out.Price.Travellers = travellerPrices(o)
	return out
}

func (s *server) flightSegment(seen *names, g *flight.ProposalSegment, o *flight.Option, ride int) wire.FlightSegment {
	d, first, last := g.Departure, &g.Legs[0], &g.Legs[len(g.Legs)-1]
	out := wire.FlightSegment{
		Ride: ride, DepartureID: d.ID.Text(departureID), Number: d.Flight(), Date: d.Date.String(), Carrier: d.Carrier, Operating: operator(d), Aircraft: d.Equipment,
		From: *seen.airport(s, first.From), To: *seen.airport(s, last.To), Departs: local(first.Departs, first.DepartOffset), Arrives: local(last.Arrives, last.ArriveOffset),
		Minutes: minutesOf(last.Arrives.Sub(first.Departs)), Cabin: g.Cabin, BookingClass: g.Class, SeatsLeft: g.Free,
		Fare: wire.RideFare{ID: o.Families[ride].ID.Text(fareID), Name: o.Families[ride].Name},
	}
	for _, l := range g.Legs[1:] {
		out.Via = append(out.Via, *seen.airport(s, l.From))
	}
	piece := &o.Offer.Pieces[ride]
	out.Price, out.Terms = wire.Minor(piece.Price.Total(), o.Offer.Currency), rideTerms(piece.Terms)
	return out
}

// operator is the carrier that flies a departure.
func operator(d *flight.Departure) string {
	if d.Operator == "" {
		return d.Carrier
	}
	return d.Operator
}

func fareFamily(f *flight.Family, c money.Currency) *wire.OfferFare {
	carryOn, bags := int(f.CarryOn), int(f.Bags)
	out := &wire.OfferFare{ID: f.ID.Text(fareID), Name: f.Name, Code: f.Code, CarryOn: &carryOn, Bags: &bags, SeatChoice: "paid"}
	if f.SeatChoice == flight.SeatFree {
		out.SeatChoice = "free"
	}
	if f.Change.Allowed {
		fee := wire.Minor(f.Change.Minor, c)
		out.ChangeFee = &fee
	}
	return out
}

// travellerPrices adds up what travellers of each type pay for all flights.
func travellerPrices(o *flight.Option) []wire.TravellerPrice {
	var count [int(flight.Infant) + 1]int
	var base, total [int(flight.Infant) + 1]int64
	for i := range o.Items {
		for _, t := range o.Items[i].Travellers {
			if i == 0 {
				count[t.Kind]++
			}
			base[t.Kind] += t.Base
			total[t.Kind] += t.Total
		}
	}
	var out []wire.TravellerPrice
	for k := flight.Adult; k <= flight.Infant; k++ {
		if count[k] > 0 {
			out = append(out, wire.TravellerPrice{Type: k.String(), Count: count[k], Base: wire.Minor(base[k], o.Offer.Currency), Total: wire.Minor(total[k], o.Offer.Currency)})
		}
	}
	return out
}
