package rest

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight"
	"holdfast/identity"
	"holdfast/money"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// FlightPath is the address of a flight on a date.
type FlightPath struct {
	Number string `path:"number" maxLength:"40" example:"HF 201" doc:"Number of the flight, with or without the blank; one it is sold under by a partner counts too."`
	Date   string `path:"date" format:"date" example:"2027-06-10" doc:"Local date of its first take-off."`
}

type flightSeatsIn struct {
	FlightPath
	Cabin       string `query:"cabin" maxLength:"16" example:"economy" doc:"Cabin; its last if left out."`
	From        string `query:"from" maxLength:"3" example:"LIS" doc:"IATA code of the airport where it is boarded; its first if left out."`
	To          string `query:"to" maxLength:"3" example:"HAM" doc:"IATA code of the airport where it is left; its last if left out."`
	Fare        string `query:"fare" maxLength:"24" example:"FLEX" doc:"Fare family whose seat prices are shown; the cheapest if left out."`
	DepartureID string `query:"departure_id" maxLength:"64" doc:"Which one, where the number flies several times that day."`
}

type flightPutIn struct {
	FlightPath
	Raw
}

type calendarIn struct {
	From     string `query:"from" required:"true" minLength:"1" maxLength:"100" example:"LIS" doc:"Where it begins: IATA code of an airport or metropolitan area, or the name of a city."`
	To       string `query:"to" required:"true" minLength:"1" maxLength:"100" example:"HAM" doc:"Where it ends."`
	Month    string `query:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" example:"2027-06" doc:"A whole month; or from_date and to_date. 31 days from today if all are left out."`
	FromDate string `query:"from_date" format:"date" example:"2027-06-01" doc:"First day."`
	ToDate   string `query:"to_date" format:"date" example:"2027-06-15" doc:"First day that is not meant any more."`
	Adults   int    `query:"adults" minimum:"1" maximum:"9" default:"1" example:"1" doc:"Adults."`
	Children int    `query:"children" minimum:"0" maximum:"9" example:"0" doc:"Children with a seat."`
	Infants  int    `query:"infants" minimum:"0" maximum:"9" example:"0" doc:"Infants on a lap."`
	Cabin    string `query:"cabin" maxLength:"16" example:"economy" doc:"Cabin; the cheapest of any if left out."`
	MaxStops int    `query:"max_stops" minimum:"0" maximum:"2" default:"2" example:"1" doc:"Changes of planes at most."`
	Fare     string `query:"fare" maxLength:"24" example:"FLEX" doc:"Only this fare family; all if left out."`
}

// DeparturePath is the address of a departure.
type DeparturePath struct {
	DepartureID string `path:"departure_id" maxLength:"64" example:"dep_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the departure."`
}

type controlIn struct {
	DeparturePath
	Raw
}

type flightOut struct {
	Body wire.Flight
}

type departureOut struct {
	Body wire.Departure
}

type calendarOut struct {
	Body wire.Calendar
}

// maxCalendar is how many days a calendar shows.
const maxCalendar = 62

func (s *server) flightCalls() {
	const tag, path = "Flights", "/v1/flights/{number}/{date}"
	handle(s, operation{
		id: "get-flight", method: http.MethodGet, path: path, tag: tag, summary: "Look up a flight",
		about: "Its state, its legs as planned and as expected now, its aircraft, and what its cabins have left. Public; its staff see how it is sold.", public: true,
		status: http.StatusOK, codes: []string{"flight_not_found"},
	}, s.getFlight)
	handle(s, operation{
		id: "get-flight-seats", method: http.MethodGet, path: path + "/seats", tag: tag, summary: "Read the seats of a flight",
		about:  "Every seat of a cabin, which are free all the way from one airport to another, and what choosing one costs. Public.",
		public: true, status: http.StatusOK, codes: []string{"flight_not_found", "departure_not_found", "cabin_not_found", "airport_not_on_way", "family_not_found", "not_on_sale"},
	}, s.flightSeats)
	handle(s, operation{
		id: "get-flight-calendar", method: http.MethodGet, path: "/v1/flights/calendar", tag: tag, summary: "Read the cheapest price of each day",
		about:  "One way, for up to 62 days. A search of the day gives the offers.",
		scopes: []identity.Scope{identity.OffersRead}, status: http.StatusOK, reads: true, codes: append(slices.Clone(searchCodes), "family_not_found"),
	}, s.calendar)
	handleBody(s, operation{
		id: "update-flight", method: http.MethodPut, path: path, tag: tag, summary: "Tell of a flight",
		about: "For its staff: new times, that it is cancelled, diverted, or has left. It replaces what was told before; an empty object is \"as planned\". Travellers " +
			"concerned are told, and where the change is major (withdrawn, an hour later, a quarter of an hour earlier) can cancel for everything back.",
		scopes: staff, status: http.StatusOK, codes: []string{"flight_not_found"},
		examples: []example{
			{"late", "Twenty minutes late", `{"times": [{"departs": "2027-06-10T08:20:00+01:00", "arrives": "2027-06-10T12:20:00+02:00"}], "reason": "Fog"}`},
			{"cancelled", "It does not take place", `{"cancelled": true, "reason": "Storm"}`},
		},
	}, s.updateFlight)
	handle(s, operation{
		id: "get-departure", method: http.MethodGet, path: "/v1/departures/{departure_id}", tag: tag, summary: "Read a departure",
		about: "One flight on one day. Public; its staff see how it is sold.", public: true, status: http.StatusOK, codes: []string{"departure_not_found"},
	}, s.getDeparture)
	handleBody(s, operation{
		id: "set-departure-control", method: http.MethodPut, path: "/v1/departures/{departure_id}/control", tag: tag, summary: "Say how a departure is sold",
		about:  "For its staff: stop-sell, overbooking, and the seats kept for booking classes, where that differs from the tariff. What is left out is as in the tariff.",
		scopes: staff, status: http.StatusOK, codes: []string{"departure_not_found", "tariff_missing", "cabin_not_found", "class_not_found"},
		examples: []example{
			{"protect", "Ten seats for the highest class", `{"protected": [{"booking_class": "Y", "seats": 10}]}`},
			{"stop_sell", "Stop-sell", `{"closed": true}`},
			{"load", "By its load", `{"load_dependent": true}`},
		},
	}, s.setControl)
}

// flight reads the flight of an address.
func (s *server) flight(ctx context.Context, at FlightPath) (*flight.Flight, error) {
	var r reader
	date := r.date("date", at.Date)
	if err := r.err(); err != nil {
		return nil, err
	}
	return s.Flights.Lookup(ctx, at.Number, date)
}

func (s *server) getFlight(ctx context.Context, c *call, in *FlightPath) (*flightOut, error) {
	f, err := s.flight(ctx, *in)
	if err != nil {
		return nil, err
	}
	seen := s.names(ctx)
	out := &flightOut{Body: wire.Flight{Number: in.Number, Date: in.Date, Departures: make([]wire.Departure, len(f.Departures))}}
	for i := range f.Departures {
		out.Body.Departures[i] = s.showDeparture(seen, c, &f.Departures[i])
	}
	return out, nil
}

func (s *server) getDeparture(ctx context.Context, c *call, in *DeparturePath) (*departureOut, error) {
	d, err := s.departure(ctx, in.DepartureID)
	if err != nil {
		return nil, err
	}
	return &departureOut{Body: s.showDeparture(s.names(ctx), c, d)}, nil
}

func (s *server) departure(ctx context.Context, text string) (*flight.FlightDeparture, error) {
	id, err := uid.Parse(departureID, text)
	if err != nil {
		return nil, unknownDeparture(text)
	}
	return s.Flights.Departure(ctx, id)
}

func unknownDeparture(text string) error {
	return fault.New(fault.NotFound, "departure_not_found", "There is no departure %s.", shown(text))
}

func (s *server) showDeparture(seen *names, c *call, d *flight.FlightDeparture) wire.Departure {
	out := wire.Departure{
		DepartureID: d.ID.Text(departureID), SupplierID: d.Supplier.Text(supplierID), Number: d.Flight(), Date: d.Date.String(), Carrier: d.Carrier, Operating: operator(d.Departure),
		Codeshares: append([]string{}, d.Codeshares...), State: d.State.String(), OnSale: len(d.Cabins) > 0, Tail: d.Tail,
		Legs: make([]wire.FlightLeg, len(d.Legs)), Cabins: make([]wire.CabinState, len(d.Cabins)),
	}
	if d.Live != nil {
		out.Diverted, out.Reason = d.Live.Diverted, d.Live.Reason
	}
	if d.Aircraft != nil {
		out.Aircraft = &wire.AircraftName{Code: d.Aircraft.Code, Name: d.Aircraft.Name}
	}
	for i := range d.Legs {
		l := &d.Legs[i]
		out.Legs[i] = wire.FlightLeg{
			From: *seen.airport(s, l.From), To: *seen.airport(s, l.To),
			ScheduledDeparts: local(l.Planned.Departs, l.Planned.DepartOffset), ScheduledArrives: local(l.Planned.Arrives, l.Planned.ArriveOffset),
			Departs: local(l.Departs, l.DepartOffset), Arrives: local(l.Arrives, l.ArriveOffset),
		}
	}
	for i := range d.Cabins {
		out.Cabins[i] = cabinState(&d.Cabins[i])
	}
	if c.editor() != nil && c.actsFor(d.Supplier) {
		out.Control = showControl(d.Control)
	}
	return out
}

func cabinState(k *flight.CabinState) wire.CabinState {
	currency := money.Currency(k.Currency)
	out := wire.CabinState{Cabin: k.Name, Seats: k.Seats, Free: k.Free, Closed: k.Closed, Classes: make([]wire.ClassState, len(k.Classes))}
	if k.From != nil {
		from := wire.Minor(*k.From, currency)
		out.From = &from
	}
	for i, x := range k.Classes {
		out.Classes[i] = wire.ClassState{Class: x.Code, Free: x.Free, Fare: wire.Minor(x.Minor, currency)}
	}
	return out
}

func (s *server) flightSeats(ctx context.Context, _ *call, in *flightSeatsIn) (*seatMapOut, error) {
	f, err := s.flight(ctx, in.FlightPath)
	if err != nil {
		return nil, err
	}
	d := calling(f, in.From, in.To)
	if in.DepartureID != "" {
		if d = departureNamed(f.Departures, in.DepartureID); d == nil {
			return nil, unknownDeparture(in.DepartureID)
		}
	}
	m, err := s.Flights.SeatMap(ctx, flight.SeatQuery{Departure: d.ID, Cabin: in.Cabin, From: in.From, To: in.To, Family: in.Fare})
	if err != nil {
		return nil, rebase(err, "", seatNames)
	}
	seen, currency := s.names(ctx), money.Currency(m.Currency)
	out := &seatMapOut{Body: wire.SeatMap{
		Number: m.Departure.Flight(), Date: m.Departure.Date.String(), DepartureID: m.Departure.ID.Text(departureID), Cabin: m.Cabin,
		From: *seen.airport(s, cmp.Or(in.From, d.Legs[0].From)), To: *seen.airport(s, cmp.Or(in.To, d.Legs[len(d.Legs)-1].To)),
		Free: m.Free, Seats: make([]wire.MapSeat, len(m.Seats)),
	}}
	if m.Aircraft != nil {
		out.Body.Aircraft = m.Aircraft.Name
	}
	for _, x := range m.Sections {
		out.Body.Rows = append(out.Body.Rows, wire.CabinSection{From: x.First, To: x.Last, Deck: int(x.Deck), Letters: x.Letters})
	}
	for i := range m.Seats {
		x := &m.Seats[i]
		deck, price := int(x.Deck), wire.Minor(x.Price, currency)
		out.Body.Seats[i] = wire.MapSeat{Seat: x.Label, Row: x.Row, Deck: &deck, Letter: x.Letter, Traits: x.Traits.Words(), Free: x.Free, Price: &price}
	}
	return out, nil
}

// seatNames are the API's names for the service's places: parameters have no slash.
func seatNames(pointer string) string {
	if pointer == "/family" {
		return "fare"
	}
	return strings.TrimPrefix(pointer, "/")
}

// calling is the first departure that goes from one airport to the other; the first one where none does.
func calling(f *flight.Flight, from, to string) *flight.FlightDeparture {
	for i := range f.Departures {
		d := &f.Departures[i]
		board := slices.IndexFunc(d.Legs, func(l flight.FlightLeg) bool { return from == "" || l.From == from })
		if board >= 0 && slices.ContainsFunc(d.Legs[board:], func(l flight.FlightLeg) bool { return to == "" || l.To == to }) {
			return d
		}
	}
	return &f.Departures[0]
}

func departureNamed(all []flight.FlightDeparture, text string) *flight.FlightDeparture {
	id, err := uid.Parse(departureID, text)
	if err != nil {
		return nil
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}

func (s *server) calendar(ctx context.Context, _ *call, in *calendarIn) (*calendarOut, error) {
	var r reader
	first, end := calendarDays(&r, in, s.Clock.Now())
	if err := r.err(); err != nil {
		return nil, err
	}
	q := flight.CalendarQuery{First: first, Last: end.Add(-1)}
	q.Slices = []flight.SliceQuery{{From: in.From, To: in.To}}
	q.Party = flight.Party{Adults: uint8(in.Adults), Children: uint8(in.Children), Infants: uint8(in.Infants)}
	q.Cabin, q.MaxStops, q.Family = in.Cabin, in.MaxStops, in.Fare
	days, err := s.Flights.Calendar(ctx, q)
	if err != nil {
		return nil, rebase(err, "", calendarNames)
	}
	out := &calendarOut{Body: wire.Calendar{Days: make([]wire.DayPrice, len(days))}}
	for i, d := range days {
		out.Body.Days[i].Date = d.Date.String()
		if d.Sold {
			price := wire.Minor(d.Minor, money.Currency(d.Currency))
			out.Body.Days[i].Price = &price
		}
	}
	return out, nil
}

// calendarNames are the API's names for the service's places: parameters have no slash.
func calendarNames(pointer string) string {
	pointer = strings.TrimPrefix(strings.TrimPrefix(pointer, "/slices/0"), "/")
	switch pointer {
	case "last":
		return "to_date"
	case "travellers":
		return "adults"
	case "family":
		return "fare"
	}
	return pointer
}

// calendarDays are the days [first, end) that a calendar is asked for.
func calendarDays(r *reader, in *calendarIn, now time.Time) (first, end civil.Date) {
	switch {
	case in.Month != "" && (in.FromDate != "" || in.ToDate != ""):
		r.at("month", "not_together", "Give month, or from_date and to_date.")
	case in.Month != "":
		month, err := time.Parse("2006-01", in.Month)
		if err != nil {
			r.at("month", "wrong_format", "Expected a month such as 2027-06.")
			return 0, 0
		}
		return civil.Today(month, time.UTC), civil.Today(month.AddDate(0, 1, 0), time.UTC)
	case in.FromDate == "" && in.ToDate == "":
		first = civil.Today(now, time.UTC)
		return first, first.Add(defaultNights)
	case in.FromDate == "":
		r.at("from_date", "required", "Give from_date with to_date.")
	case in.ToDate == "":
		r.at("to_date", "required", "Give to_date with from_date.")
	default:
		first, end = r.date("from_date", in.FromDate), r.date("to_date", in.ToDate)
		if len(r.wrong) == 0 && first >= end {
			r.at("to_date", "empty_range", "to_date is the day after the last one, so it comes after from_date.")
		} else if len(r.wrong) == 0 && end-first > maxCalendar {
			r.at("to_date", "too_large", "A calendar has at most "+itoa(maxCalendar)+" days.")
		}
	}
	return first, end
}

// flightEditor is who calls, as airlines see them; false for everybody who may not write to any.
func (c *call) flightEditor() (flight.Editor, bool) {
	e := c.editor()
	if e == nil {
		return flight.Editor{}, false
	}
	return flight.Editor{Subject: e.Subject, Supplier: e.Supplier}, true
}

func (s *server) updateFlight(ctx context.Context, c *call, in *flightPutIn, b *wire.FlightUpdateRequest) (*updateOut, error) {
	unknown := fault.New(fault.NotFound, "flight_not_found", "There is no flight %s on %s.", shown(in.Number), shown(in.Date))
	e, ok := c.flightEditor()
	if !ok {
		return nil, unknown
	}
	f, err := s.flight(ctx, in.FlightPath)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(f.Departures, func(d flight.FlightDeparture) bool { return !c.actsFor(d.Supplier) })
	var r reader
	var d *flight.FlightDeparture
	switch {
	case len(own) == 0:
		return nil, unknown
	case b.DepartureID != "":
		if d = departureNamed(own, b.DepartureID); d == nil {
			return nil, unknown
		}
	case len(own) > 1:
		r.at("/departure_id", "required", "The flight flies several times that day; say which one.")
	default:
		d = &own[0]
	}
	var times []flight.LegTimes
	for i, t := range b.Times {
		at := "/times/" + itoa(i)
		times = append(times, flight.LegTimes{Departs: r.instant(at+"/departs", t.Departs).UTC(), Arrives: r.instant(at+"/arrives", t.Arrives).UTC()})
	}
	if d != nil && len(times) != 0 && len(times) != len(d.Legs) {
		r.at("/times", "wrong_format", "Name the times of all its legs: "+itoa(len(d.Legs))+".")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	report, err := s.Flights.Updates(ctx, e, d.Supplier, []flight.DepartureUpdate{{
		Carrier: d.Carrier, Number: d.Departure.Number, Suffix: d.Suffix, Date: d.Date, From: d.From, To: d.To, Stamp: b.Version, Cancelled: b.Cancelled, Diverted: b.Diverted,
		Departed: b.Departed, Times: times, Reason: b.Reason,
	}})
	switch {
	case err != nil:
		return nil, err
	case len(report.Refused) > 0:
		return nil, fault.New(fault.Invalid, "validation_failed", "%s", report.Refused[0].Message)
	}
	out := &updateOut{Body: wire.UpdateReport{Outcome: "applied"}}
	switch {
	case report.Old > 0:
		out.Body.Outcome = "older"
	case report.Same > 0:
		out.Body.Outcome = "unchanged"
	case report.Awaiting > 0 && report.Applied == 0:
		out.Body.Outcome = "awaiting"
	}
	return out, nil
}

func showControl(k *flight.Control) *wire.Control {
	out := &wire.Control{}
	if k == nil {
		return out
	}
	out.Closed, out.LoadDependent = k.Closed, k.LoadDependent
	for cabin, bp := range k.OverbookingBP {
		out.Overbooking = append(out.Overbooking, wire.CabinOverbooking{Cabin: cabin, OverbookingBP: bp})
	}
	for class, n := range k.Protected {
		out.Protected = append(out.Protected, wire.ProtectedSeats{Class: class, Seats: n})
	}
	slices.SortFunc(out.Overbooking, func(a, b wire.CabinOverbooking) int { return cmp.Compare(a.Cabin, b.Cabin) })
	slices.SortFunc(out.Protected, func(a, b wire.ProtectedSeats) int { return cmp.Compare(a.Class, b.Class) })
	return out
}

func (s *server) setControl(ctx context.Context, c *call, in *controlIn, b *wire.Control) (*departureOut, error) {
	e, ok := c.flightEditor()
	d, err := s.departure(ctx, in.DepartureID)
	switch {
	case err != nil:
		return nil, err
	case !ok || !c.actsFor(d.Supplier):
		return nil, unknownDeparture(in.DepartureID)
	}
	var r reader
	k := flight.Control{Closed: b.Closed, LoadDependent: b.LoadDependent}
	if len(b.Overbooking) > 0 {
		k.OverbookingBP = map[string]int32{}
	}
	for i, o := range b.Overbooking {
		if _, twice := k.OverbookingBP[o.Cabin]; twice {
			r.at("/overbooking/"+itoa(i)+"/cabin", "repeated", "A cabin is named twice.")
		}
		k.OverbookingBP[o.Cabin] = o.OverbookingBP
	}
	if len(b.Protected) > 0 {
		k.Protected = map[string]int32{}
	}
	for i, p := range b.Protected {
		if _, twice := k.Protected[p.Class]; twice {
			r.at("/protected/"+itoa(i)+"/booking_class", "repeated", "A booking class is named twice.")
		}
		k.Protected[p.Class] = p.Seats
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	done, err := s.Flights.SetControl(ctx, e, d.ID, k)
	if err != nil {
		return nil, rebase(err, "", func(pointer string) string { // names of cabins and classes, which stand in lists here
			return "/" + strings.TrimSuffix(strings.Split(pointer, "/")[1], "_bp")
		})
	}
	return &departureOut{Body: s.showDeparture(s.names(ctx), c, done)}, nil
}
