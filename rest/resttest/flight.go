package resttest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Flights is the world's airline: one flight there, one back a week later.
func (w *World) Flights() flight.Service { return planes{w: w} }

type planes struct {
	flight.Service // what the edge never asks
	w              *World
}

// AircraftID is the seeded aircraft type.
var AircraftID = example("act", '0')

// sky is the seeded airline.
type sky struct {
	airports   []*flight.Airport
	carriers   []*flight.Carrier
	aircraft   []*flight.Aircraft
	departures []*flight.FlightDeparture
	tariff     *flight.Tariff
}

func (w *World) seedFlights() {
	k := &w.sky
	k.airports = []*flight.Airport{
		{IATA: "LIS", ICAO: "LPPT", Name: "Lisbon Airport", City: "Lisbon", Country: "PT", Zone: "Europe/Lisbon", Latitude: 38.7742, Longitude: -9.1342},
		{IATA: "HAM", ICAO: "EDDH", Name: "Hamburg Airport", City: "Hamburg", Country: "DE", Zone: "Europe/Berlin", Latitude: 53.6304, Longitude: 9.9882},
	}
	k.carriers = []*flight.Carrier{{Code: "HF", Supplier: AirlineID, Name: "Holdfast Air", Revision: 1}}
	k.aircraft = []*flight.Aircraft{{
		ID: AircraftID, Supplier: AirlineID, Code: "320", Name: "Airbus A320", Revision: 1,
		Sections: []flight.Section{{Cabin: "economy", First: 10, Last: 19, Letters: "ABC-DEF", Tiers: []flight.RowTier{{From: 10, To: 11, Tier: 1}}}},
	}}
	k.tariff = &flight.Tariff{
		Supplier: AirlineID, Currency: "EUR", WindowSeconds: 86_400, SettleSeconds: 86_400, Revision: 1,
		Cabins:   []flight.Cabin{{Name: "economy", Tiers: []int64{0, 1_500}, Classes: []flight.Class{{Code: "Y", ProtectedBP: 1_000, Base: 7_000, Per100KM: 1_100}}}},
		Families: []flight.Family{{ID: FareID, Version: uid.New(), Family: flight.FareFamily{Code: "FLEX", Name: "Flex", PercentBP: 10_000, CarryOn: 1, Bags: 1, SeatChoice: flight.SeatPaid}}},
		Levies:   []flight.Levy{{Kind: offer.Tax, Code: "airport", Minor: 1_850}},
	}
	k.tariff.Families[0].Change.Allowed = true
	k.departures = []*flight.FlightDeparture{
		w.plane(DepartureID, "201", "LIS", "HAM", RideDate, 7*time.Hour, 60, 120),
		w.plane(example("dep", '4'), "202", "HAM", "LIS", RideDate+7, 12*time.Hour, 120, 60),
	}
}

func (w *World) plane(id uid.ID, number, from, to string, date civil.Date, at time.Duration, departOffset, arriveOffset int16) *flight.FlightDeparture {
	departs := date.In(time.UTC, 0, 0).Add(at)
	leg := flight.Leg{From: from, To: to, Departs: departs, Arrives: departs.Add(3 * time.Hour), DepartOffset: departOffset, ArriveOffset: arriveOffset}
	return &flight.FlightDeparture{
		Departure: &flight.Departure{
			ID: id, Supplier: AirlineID, Key: flight.Key{Carrier: "HF", Number: number, Date: date, From: from, To: to}, Codeshares: []string{"XY2" + number}, Equipment: "320",
			Aircraft: AircraftID, Legs: []flight.Leg{leg},
		},
		State: flight.Scheduled, Aircraft: w.sky.aircraft[0], Legs: []flight.FlightLeg{{Leg: leg, Planned: leg, FromZone: "Europe/Lisbon", ToZone: "Europe/Berlin"}},
	}
}

// shown is a departure with what its cabin has left.
func (w *World) shown(d *flight.FlightDeparture) *flight.FlightDeparture {
	c := *d
	free, fare := int32(0), int64(12_000)
	for n := range w.seats[flightPool].Layout.Units {
		if w.seats[flightPool].Free(int32(n+1), 0, 1) {
			free++
		}
	}
	c.Cabins = []flight.CabinState{{
		Name: "economy", Seats: 60, Free: free, From: &fare, Currency: "EUR", Closed: d.Control != nil && d.Control.Closed, Classes: []flight.ClassState{{Code: "Y", Free: free, Minor: fare}},
	}}
	return &c
}

func (p planes) Airport(_ context.Context, code string) (*flight.Airport, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, a := range p.w.sky.airports {
		if a.IATA == code {
			return a, nil
		}
	}
	return nil, notFound("airport_not_found")
}

func (p planes) SetAirport(_ context.Context, _ flight.Editor, a flight.Airport) (*flight.Airport, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if len(a.IATA) != 3 {
		f := fault.InvalidField("/iata", "code_invalid", "An IATA code is three capitals.")
		f.Reason = "validation_failed"
		return nil, f
	}
	p.w.sky.airports = append(p.w.sky.airports, &a)
	return &a, nil
}

func (p planes) Places(_ context.Context, text string, limit int) ([]flight.Place, error) {
	var out []flight.Place
	for _, a := range p.w.sky.airports {
		if (strings.EqualFold(a.IATA, text) || strings.HasPrefix(strings.ToLower(a.City), strings.ToLower(text))) && len(out) < limit {
			out = append(out, flight.Place{Code: a.IATA, Name: a.Name, City: a.City, Country: a.Country, Airports: []string{a.IATA}, Served: true})
		}
	}
	return out, nil
}

func (p planes) Carriers(context.Context) ([]*flight.Carrier, error) { return p.w.sky.carriers, nil }

func (p planes) SetCarrier(_ context.Context, _ flight.Editor, c flight.Carrier, revision int64) (*flight.Carrier, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	c.Revision = 1
	for i, there := range p.w.sky.carriers {
		if there.Code != c.Code {
			continue
		}
		switch {
		case there.Supplier != c.Supplier:
			return nil, fault.New(fault.Conflict, "carrier_foreign", "It belongs to another supplier.")
		case revision != flight.AnyRevision && revision != there.Revision:
			return nil, fault.New(fault.Stale, "changed_meanwhile", "Somebody changed it.")
		}
		c.Revision = there.Revision + 1
		p.w.sky.carriers[i] = &c
		return &c, nil
	}
	p.w.sky.carriers = append(p.w.sky.carriers, &c)
	return &c, nil
}

func (p planes) Aircraft(context.Context, flight.Editor, uid.ID) ([]*flight.Aircraft, error) {
	return p.w.sky.aircraft, nil
}

func (p planes) SetAircraft(_ context.Context, _ flight.Editor, a flight.Aircraft, revision int64) (*flight.Aircraft, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for i := range a.Sections {
		if strings.HasPrefix(a.Sections[i].Letters, "-") {
			f := fault.InvalidField("/sections/"+strconv.Itoa(i)+"/first", "out_of_range", "Rows go from 1.")
			f.Reason = "validation_failed"
			return nil, f
		}
	}
	if a.ID.IsZero() {
		a.ID, a.Revision = uid.New(), 1
		p.w.sky.aircraft = append(p.w.sky.aircraft, &a)
		return &a, nil
	}
	i := slices.IndexFunc(p.w.sky.aircraft, func(o *flight.Aircraft) bool { return o.ID == a.ID })
	if i < 0 {
		return nil, notFound("aircraft_not_found")
	}
	if there := p.w.sky.aircraft[i]; revision != flight.AnyRevision && revision != there.Revision {
		return nil, fault.New(fault.Stale, "changed_meanwhile", "Somebody changed it.")
	}
	a.Revision = p.w.sky.aircraft[i].Revision + 1
	p.w.sky.aircraft[i] = &a
	return &a, nil
}

func (p planes) Tariff(context.Context, flight.Editor, uid.ID) (*flight.Tariff, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.w.sky.tariff, nil
}

func (p planes) SetTariff(_ context.Context, _ flight.Editor, t flight.Tariff, revision int64) (*flight.Tariff, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if revision != flight.AnyRevision && revision != p.w.sky.tariff.Revision {
		return nil, fault.New(fault.Stale, "changed_meanwhile", "Somebody changed it.")
	}
	for i := range t.Families {
		t.Families[i].ID, t.Families[i].Version = uid.New(), uid.New()
	}
	t.Revision = p.w.sky.tariff.Revision + 1
	p.w.sky.tariff = &t
	return &t, nil
}

func (p planes) Fares(_ context.Context, _ flight.Editor, supplier uid.ID, from, to string) ([]flight.PublishedFare, error) {
	return []flight.PublishedFare{{FareKey: flight.FareKey{Supplier: supplier, From: from, To: to, Class: "Y"}, Minor: 12_000, Wanted: 14_000, NextAt: Now.Add(24 * time.Hour)}}, nil
}

func (p planes) SetFares(_ context.Context, _ flight.Editor, _ uid.ID, updates []flight.FareUpdate) (*flight.FareReport, error) {
	report := &flight.FareReport{}
	for i, u := range updates {
		if u.Class != "Y" {
			report.Refused = append(report.Refused, flight.LineNote{Line: i + 1, Code: "class_not_found", Message: "The tariff has no such booking class."})
			continue
		}
		report.Published++
	}
	return report, nil
}

func (planes) Conflicts(context.Context, flight.Editor, uid.ID) ([]flight.Conflict, error) {
	return []flight.Conflict{{Departure: DepartureID, Flight: "HF 201", Date: RideDate, From: "LIS", To: "HAM", Cabins: []string{"economy"}}}, nil
}

func (p planes) Schedules(_ context.Context, _ flight.Editor, supplier uid.ID) ([]*flight.Schedule, error) {
	return []*flight.Schedule{{
		ID: uid.New(), Supplier: supplier, Feed: "seaside", Carrier: "HF", Number: "201", First: RideDate - 30, Last: RideDate + 30, Weekdays: 0b1010100,
		Legs: []flight.ScheduleLeg{{From: "LIS", To: "HAM", Departs: 8 * 60, Arrives: 24*60 + 5, Equipment: "320"}},
	}}, nil
}

func (p planes) RevokeOffers(context.Context, flight.Editor, uid.ID, uid.ID) error { return nil }

func (p planes) Lookup(_ context.Context, number string, date civil.Date) (*flight.Flight, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	out := &flight.Flight{Number: number, Date: date}
	for _, d := range p.w.sky.departures {
		if strings.ReplaceAll(number, " ", "") == d.Carrier+d.Number && d.Date == date {
			out.Departures = append(out.Departures, *p.w.shown(d))
		}
	}
	if len(out.Departures) == 0 {
		return nil, notFound("flight_not_found")
	}
	return out, nil
}

func (p planes) find(id uid.ID) *flight.FlightDeparture {
	for _, d := range p.w.sky.departures {
		if d.ID == id {
			return d
		}
	}
	return nil
}

func (p planes) Departure(_ context.Context, id uid.ID) (*flight.FlightDeparture, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if d := p.find(id); d != nil {
		return p.w.shown(d), nil
	}
	return nil, notFound("departure_not_found")
}

func (p planes) SetControl(_ context.Context, _ flight.Editor, id uid.ID, k flight.Control) (*flight.FlightDeparture, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for class := range k.Protected {
		if class != "Y" {
			f := fault.InvalidField("/protected/"+class, "class_not_found", "The tariff has no such booking class.")
			f.Reason = "validation_failed"
			return nil, f
		}
	}
	d := p.find(id)
	c := *d.Departure
	c.Control = &k
	d.Departure = &c
	return p.w.shown(d), nil
}

func (p planes) Updates(_ context.Context, _ flight.Editor, _ uid.ID, updates []flight.DepartureUpdate) (*flight.UpdateReport, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	report := &flight.UpdateReport{}
	for _, u := range updates {
		i := slices.IndexFunc(p.w.sky.departures, func(d *flight.FlightDeparture) bool { return d.Number == u.Number && d.Date == u.Date })
		d := p.w.sky.departures[i]
		if u.Stamp != 0 && d.Live != nil && u.Stamp < d.Live.Stamp {
			report.Old++
			continue
		}
		c, dep := *d, *d.Departure
		dep.Live = &flight.Live{Stamp: u.Stamp, Cancelled: u.Cancelled, Times: u.Times, Reason: u.Reason}
		c.Departure, c.State, c.Legs = &dep, flight.Scheduled, slices.Clone(d.Legs)
		if u.Cancelled {
			c.State = flight.Cancelled
		}
		for k, t := range u.Times {
			c.State = flight.Changed
			c.Legs[k].Departs, c.Legs[k].Arrives = t.Departs, t.Arrives
		}
		p.w.sky.departures[i] = &c
		report.Applied++
	}
	return report, nil
}

func (p planes) SeatMap(_ context.Context, q flight.SeatQuery) (*flight.SeatMap, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	d := p.find(q.Departure)
	switch {
	case d == nil:
		return nil, notFound("departure_not_found")
	case q.Cabin != "" && q.Cabin != "economy":
		return nil, notFound("cabin_not_found")
	case q.From != "" && q.From != d.From || q.To != "" && q.To != d.To:
		return nil, fault.InvalidField("/from", "airport_not_on_way", "The flight does not go there.")
	}
	u := p.w.seats[flightPool]
	m := &flight.SeatMap{Departure: d.Departure, Aircraft: d.Aircraft, Cabin: "economy", Pool: flightPool, Currency: "EUR", Sections: d.Aircraft.Sections}
	for n, x := range u.Layout.Units {
		s := flight.SeatState{Seat: flight.Seat{Label: x.Label, Cabin: "economy", Row: int(x.Row), Letter: x.Label[2:], Tier: x.Tier, Traits: x.Traits}, Free: u.Free(int32(n+1), 0, 1)}
		if x.Tier == 1 {
			s.Price = 1_500
		}
		if s.Free {
			m.Free++
		}
		m.Seats = append(m.Seats, s)
	}
	return m, nil
}

// airportOf is the airport that a text means: its code, or the beginning of its city.
func (w *World) airportOf(text string) *flight.Airport {
	for _, a := range w.sky.airports {
		if a.IATA == text || strings.HasPrefix(strings.ToLower(a.City), strings.ToLower(text)) {
			return a
		}
	}
	return nil
}

func (p planes) Search(_ context.Context, q flight.ItineraryQuery) (*flight.Found, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if q.Party.Infants > q.Party.Adults {
		return nil, fault.InvalidField("/travellers", "party_invalid", "More infants than laps.")
	}
	proposal := flight.Proposal{}
	var pieces []offer.Piece
	for i, sl := range q.Slices {
		from, to := p.w.airportOf(sl.From), p.w.airportOf(sl.To)
		if from == nil || to == nil {
			return nil, fault.New(fault.NotFound, "place_unknown", "No airport of this name.")
		}
		at := slices.IndexFunc(p.w.sky.departures, func(d *flight.FlightDeparture) bool {
			return d.From == from.IATA && d.To == to.IATA && d.Date == sl.Date
		})
		if at < 0 || q.Cabin != "" && q.Cabin != "economy" || slices.Contains(q.Exclude, "HF") {
			return &flight.Found{}, nil
		}
		d := p.w.sky.departures[at]
		piece, segment := p.w.fly(d, q.Party)
		pieces = append(pieces, piece)
		proposal.Slices = append(proposal.Slices, flight.ProposalSlice{Segments: []flight.ProposalSegment{segment}, Departs: d.Legs[0].Departs, Arrives: d.Legs[0].Arrives, Duration: 3 * time.Hour})
		if i > 0 && sl.Date < q.Slices[i-1].Date {
			return nil, fault.InvalidField("/slices/"+strconv.Itoa(i)+"/date", "dates_backwards", "Slices are in the order in which they are travelled.")
		}
	}
	option := p.w.option(pieces, q.Party)
	if q.MaxPrice != 0 && option.Total() > q.MaxPrice {
		return &flight.Found{}, nil
	}
	proposal.Options = []flight.Option{option}
	return &flight.Found{Proposals: []flight.Proposal{proposal}}, nil
}

// fly is a seat for everybody on a departure.
func (w *World) fly(d *flight.FlightDeparture, who flight.Party) (offer.Piece, flight.ProposalSegment) {
	l := &d.Legs[0]
	piece := w.flight(who.Adults)
	r := piece.Ride
	r.Run, r.Number, r.Date, r.From, r.To, r.Departs, r.Arrives = d.ID, d.Flight(), d.Date, l.From, l.To, l.Departs, l.Arrives
	r.DepartOffset, r.ArriveOffset, r.Children, r.Infants = l.DepartOffset, l.ArriveOffset, who.Children, who.Infants
	f := &w.sky.tariff.Families[0]
	r.Fare, r.FareVersion = f.ID, f.Version
	seats := int64(who.Adults) + int64(who.Children)
	piece.Claims = []stock.Claim{{Pool: flightPool, From: 0, To: 1, Count: int32(seats)}}
	piece.Price = offer.Price{Base: 12_000 * seats, Parts: []offer.Part{{Kind: offer.Tax, Code: "airport", Minor: 1_850 * seats}}}
	piece.Terms = offer.Terms{FreeUntil: l.Departs.Add(-24 * time.Hour), FeeBP: 5_000, EndsAt: l.Arrives}
	return piece, flight.ProposalSegment{Departure: d.Departure, From: l.From, To: l.To, Legs: []flight.Leg{l.Leg}, Cabin: "economy", Class: "Y", Free: 9}
}

func (w *World) option(pieces []offer.Piece, who flight.Party) flight.Option {
	o := flight.Option{Sealed: "off_" + uid.New().Text("x")[2:], Offer: w.rides(pieces...)}
	for _, p := range pieces {
		o.Families = append(o.Families, &w.sky.tariff.Families[0])
		o.Items = slices.Grow(o.Items, 1)[:len(o.Items)+1]
		item := &o.Items[len(o.Items)-1]
		item.Price = p.Price
		for _, k := range who.Kinds() {
			item.Travellers = slices.Grow(item.Travellers, 1)[:len(item.Travellers)+1]
			one := &item.Travellers[len(item.Travellers)-1]
			one.Kind = k
			if k != flight.Infant {
				one.Base, one.Parts, one.Total = 12_000, []int64{1_850}, 13_850
			}
		}
	}
	w.sealed[o.Sealed] = o.Offer
	return o
}

func (p planes) BestOffer(_ context.Context, q flight.FlightRequest) (*flight.BestFlight, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, d := range p.w.sky.departures {
		if strings.ReplaceAll(q.Number, " ", "") != d.Carrier+d.Number || d.Date != q.Date {
			continue
		}
		switch {
		case d.State == flight.Cancelled:
			return nil, fault.New(fault.Conflict, "flight_cancelled", "The flight does not take place.")
		case q.Cabin != "" && q.Cabin != "economy":
			return nil, notFound("cabin_not_found")
		case q.Class != "" && q.Class != "Y":
			return nil, fault.InvalidField("/class", "class_not_found", "This flight has no such booking class.")
		case q.Party.Infants > q.Party.Adults:
			return nil, fault.InvalidField("/travellers", "party_invalid", "More infants than laps.")
		}
		piece, segment := p.w.fly(d, q.Party)
		return &flight.BestFlight{Segment: segment, Option: p.w.option([]offer.Piece{piece}, q.Party)}, nil
	}
	return nil, notFound("flight_not_found")
}

func (p planes) Calendar(_ context.Context, q flight.CalendarQuery) ([]flight.DayPrice, error) {
	var out []flight.DayPrice
	for d := q.First; d <= q.Last; d++ {
		out = append(out, flight.DayPrice{Date: d, Minor: 13_850 * int64(q.Party.Adults), Currency: "EUR", Sold: d == RideDate})
	}
	return out, nil
}
