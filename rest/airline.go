package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"holdfast/fault"
	"holdfast/flight"
	"holdfast/identity"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

// AirlinePath is the address of a supplier that is an airline.
type AirlinePath struct {
	SupplierID string `path:"supplier_id" maxLength:"64" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"Id of the airline."`
}

type flightConflictsOut struct {
	Body wire.FlightConflictList
}

// AircraftPath is the address of an aircraft type.
type AircraftPath struct {
	AirlinePath
	AircraftID string `path:"aircraft_id" maxLength:"64" example:"act_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the aircraft type."`
}

// AirportPath is the address of an airport.
type AirportPath struct {
	AirportCode string `path:"airport_code" maxLength:"3" example:"LIS" doc:"IATA code."`
}

// CarrierPath is the address of a carrier.
type CarrierPath struct {
	CarrierCode string `path:"carrier_code" maxLength:"3" example:"HF" doc:"IATA code, else ICAO code."`
}

type (
	airlineIn struct {
		AirlinePath
		Raw
	}
	schedulesIn struct {
		AirlinePath
		Page
	}
	aircraftPutIn struct {
		AircraftPath
		IfMatch
		Raw
	}
	airportPutIn struct {
		AirportPath
		Raw
	}
	carrierPutIn struct {
		CarrierPath
		IfMatch
		Raw
	}
)

type (
	airportOut struct {
		Body wire.Airport
	}
	carrierOut struct {
		ETag string `header:"ETag" doc:"Version, for If-Match."`
		Body wire.Carrier
	}
	carrierListOut struct {
		Body wire.CarrierList
	}
	madeAircraftOut struct {
		Location string `header:"Location" doc:"Address of what was made."`
		ETag     string `header:"ETag" doc:"Version, for If-Match."`
		Body     wire.AircraftType
	}
	aircraftOut struct {
		ETag string `header:"ETag" doc:"Version, for If-Match."`
		Body wire.AircraftType
	}
	aircraftListOut struct {
		Body wire.AircraftList
	}
	scheduleListOut struct {
		Body wire.ScheduleList
	}
	flightRevocationOut struct {
		Body wire.FlightRevocation
	}
)

func (s *server) airlineCalls() {
	const tag, path = "Airlines", "/v1/suppliers/{supplier_id}"
	known := []string{"supplier_not_found", "supplier_kind"}
	handle(s, operation{
		id: "get-airport", method: http.MethodGet, path: "/v1/airports/{airport_code}", tag: tag, summary: "Read an airport", about: "Public.",
		public: true, status: http.StatusOK, codes: []string{"airport_not_found"},
	}, s.getAirport)
	handleBody(s, operation{
		id: "put-airport", method: http.MethodPut, path: "/v1/airports/{airport_code}", tag: tag, summary: "Make or replace an airport",
		about: "Airports belong to nobody: for staff of the operator.", operator: true, scopes: []identity.Scope{identity.StaffAll}, status: http.StatusOK,
		examples: []example{{"lisbon", "Lisbon", `{"icao": "LPPT", "name": "Lisbon Airport", "city": "Lisbon", "country": "PT", "time_zone": "Europe/Lisbon", "latitude": 38.7742, "longitude": -9.1342, "connect_minutes": 45}`}},
	}, s.putAirport)
	handle(s, operation{
		id: "list-carriers", method: http.MethodGet, path: "/v1/carriers", tag: tag, summary: "List carriers",
		about: "All airlines by their codes. Public.", public: true, status: http.StatusOK,
	}, s.listCarriers)
	handleBody(s, operation{
		id: "put-carrier", method: http.MethodPut, path: "/v1/carriers/{carrier_code}", tag: tag, summary: "Make or replace a carrier",
		about: "For its staff: it belongs to its supplier from then on.", scopes: staff, status: http.StatusOK, ifMatch: true, codes: append(slices.Clone(known), "carrier_foreign"),
		examples: []example{{"own", "With a partner", `{"supplier_id": "sup_01kavwy2x4e8hrn5z3m7q9t6b8", "name": "Holdfast Air", "interline": ["XY"]}`}},
	}, s.putCarrier)
	handle(s, operation{
		id: "list-aircraft-types", method: http.MethodGet, path: path + "/aircraft-types", tag: tag, summary: "List aircraft types",
		about: "For its staff.", scopes: staff, status: http.StatusOK, codes: known,
	}, s.listAircraft)
	const plane = `{"code": "320", "name": "Airbus A320", "sections": [
		{"cabin": "business", "from": 1, "to": 3, "letters": "AC-DF", "bulkhead": true, "power": true},
		{"cabin": "economy", "from": 10, "to": 30, "letters": "ABC-DEF", "skip": [13], "exits": [14], "legroom": [10], "tiers": [{"from": 14, "to": 14, "tier": 2}, {"from": 10, "to": 12, "tier": 1}]}]}`
	handleBody(s, operation{
		id: "create-aircraft-type", method: http.MethodPost, path: path + "/aircraft-types", tag: tag, summary: "Add an aircraft type",
		about:  "For its staff: its seats, cabin by cabin. Departures of that equipment get these seats, as long as nobody has one yet.",
		scopes: staff, status: http.StatusCreated, codes: known, examples: []example{{"a320", "An A320", plane}},
	}, s.createAircraft)
	handleBody(s, operation{
		id: "replace-aircraft-type", method: http.MethodPut, path: path + "/aircraft-types/{aircraft_id}", tag: tag, summary: "Replace an aircraft type",
		about:  "For its staff. Departures of which seats are given out keep theirs.",
		scopes: staff, status: http.StatusOK, ifMatch: true, codes: append(slices.Clone(known), "aircraft_not_found"), examples: []example{{"a320", "An A320", plane}},
	}, s.replaceAircraft)
	handle(s, operation{
		id: "list-flight-schedules", method: http.MethodGet, path: path + "/flight-schedules", tag: tag, summary: "List schedules",
		about: "For its staff: flights as its timetables repeat them. Timetables come by feeds.", scopes: staff, status: http.StatusOK, codes: known,
	}, s.listSchedules)
	handle(s, operation{
		id: "list-flight-conflicts", method: http.MethodGet, path: path + "/flight-conflicts", tag: tag, summary: "List departures that should be otherwise",
		about: "For its staff: departures on sale whose seats or booking classes should be others, but some are taken. They keep what they have, and sell no more than " +
			"the smaller of the two.",
		scopes: staff, status: http.StatusOK, codes: known,
	}, s.flightConflicts)
	handleBody(s, operation{
		id: "revoke-flight-offers", method: http.MethodPost, path: path + "/flight-offer-revocations", tag: tag, summary: "Withdraw offers of flights",
		about: "For its staff: ends every offer made before now, of one fare family or of all. Whoever tries to reserve one gets 410 `offer_revoked`; new searches give " +
			"fresh offers at once.",
		scopes: staff, status: http.StatusCreated, bodyOptional: true, codes: append(slices.Clone(known), "tariff_not_found", "family_not_found"),
		examples: []example{{"all", "All", `{}`}, {"family", "Those of one fare family", `{"fare": "FLEX"}`}},
	}, s.revokeFlightOffers)
	s.tariffCalls()
}

// anyRevision is a revision as services of flights have it: 0 for none.
func anyRevision(revision int64) int64 { return max(revision, flight.AnyRevision) }

func showAirport(a *flight.Airport) wire.Airport {
	return wire.Airport{
		Code: a.IATA, ICAO: a.ICAO, Name: a.Name, City: a.City, Country: a.Country, TimeZone: a.Zone, Metro: a.Metro, Latitude: a.Latitude, Longitude: a.Longitude,
		ConnectMinutes: a.ConnectMinutes,
	}
}

func (s *server) getAirport(ctx context.Context, _ *call, in *AirportPath) (*airportOut, error) {
	a, err := s.Flights.Airport(ctx, in.AirportCode)
	if err != nil {
		return nil, err
	}
	return &airportOut{Body: showAirport(a)}, nil
}

func (s *server) putAirport(ctx context.Context, c *call, in *airportPutIn, b *wire.AirportRequest) (*airportOut, error) {
	a, err := s.Flights.SetAirport(ctx, flight.Editor{Subject: c.who.Subject}, flight.Airport{
		IATA: in.AirportCode, ICAO: b.ICAO, Name: b.Name, City: b.City, Country: b.Country, Zone: b.TimeZone, Metro: b.Metro, Latitude: b.Latitude, Longitude: b.Longitude,
		ConnectMinutes: b.ConnectMinutes,
	})
	if err != nil {
		return nil, rebase(err, "", func(pointer string) string {
			if pointer == "/iata" {
				return "airport_code"
			}
			return pointer
		})
	}
	return &airportOut{Body: showAirport(a)}, nil
}

func showCarrier(x *flight.Carrier) wire.Carrier {
	return wire.Carrier{Code: x.Code, SupplierID: x.Supplier.Text(supplierID), Name: x.Name, Interline: append([]string{}, x.Interline...)}
}

func (s *server) listCarriers(ctx context.Context, _ *call, _ *struct{}) (*carrierListOut, error) {
	all, err := s.Flights.Carriers(ctx)
	if err != nil {
		return nil, err
	}
	out := &carrierListOut{Body: wire.CarrierList{Carriers: make([]wire.Carrier, len(all))}}
	for i, x := range all {
		out.Body.Carriers[i] = showCarrier(x)
	}
	return out, nil
}

func (s *server) putCarrier(ctx context.Context, c *call, in *carrierPutIn, b *wire.CarrierRequest) (*carrierOut, error) {
	text := b.SupplierID
	if text == "" && !c.who.Supplier.IsZero() {
		text = c.who.Supplier.Text(supplierID)
	}
	if text == "" {
		return nil, invalidPlaces([]problem.Place{{Pointer: "/supplier_id", Code: "required", Message: "Name the supplier that sells its flights."}})
	}
	id, err := s.ownSupplier(ctx, c, text, identity.Airline)
	if err != nil {
		return nil, err
	}
	revision, err := in.revision(flight.AnyRevision)
	if err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	done, err := s.Flights.SetCarrier(ctx, e, flight.Carrier{Code: in.CarrierCode, Supplier: id, Name: b.Name, Interline: b.Interline}, anyRevision(revision))
	if err != nil {
		return nil, rebase(err, "", func(pointer string) string {
			if pointer == "/code" {
				return "carrier_code"
			}
			return pointer
		})
	}
	return &carrierOut{ETag: etag(done.Revision, ""), Body: showCarrier(done)}, nil
}

func showAircraft(a *flight.Aircraft) wire.AircraftType {
	out := wire.AircraftType{
		ID: a.ID.Text(aircraftID), SupplierID: a.Supplier.Text(supplierID), Code: a.Code, Name: a.Name, Sections: make([]wire.AircraftSection, len(a.Sections)), Seats: a.Seats(""),
	}
	for i := range a.Sections {
		x := &a.Sections[i]
		out.Sections[i] = wire.AircraftSection{
			Cabin: x.Cabin, Deck: int(x.Deck), From: x.First, To: x.Last, Letters: x.Letters, Skip: x.Skip, Missing: x.Missing, Exits: x.Exits, Legroom: x.Legroom,
			Accessible: x.Accessible, Power: x.Power, Bulkhead: x.Bulkhead,
		}
		for _, t := range x.Tiers {
			out.Sections[i].Tiers = append(out.Sections[i].Tiers, wire.RowTier{From: t.From, To: t.To, Tier: int(t.Tier)})
		}
	}
	return out
}

func aircraft(b *wire.AircraftRequest) flight.Aircraft {
	a := flight.Aircraft{Code: b.Code, Name: b.Name}
	for i := range b.Sections {
		x := &b.Sections[i]
		section := flight.Section{
			Cabin: x.Cabin, Deck: uint16(x.Deck), First: x.From, Last: x.To, Letters: x.Letters, Skip: x.Skip, Missing: x.Missing, Exits: x.Exits, Legroom: x.Legroom,
			Accessible: x.Accessible, Power: x.Power, Bulkhead: x.Bulkhead,
		}
		for _, t := range x.Tiers {
			section.Tiers = append(section.Tiers, flight.RowTier{From: t.From, To: t.To, Tier: uint8(t.Tier)})
		}
		a.Sections = append(a.Sections, section)
	}
	return a
}

// aircraftNames are the API's names for the service's places.
var aircraftNames = strings.NewReplacer("/first", "/from", "/last", "/to").Replace

func (s *server) listAircraft(ctx context.Context, c *call, in *AirlinePath) (*aircraftListOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	all, err := s.Flights.Aircraft(ctx, e, id)
	if err != nil {
		return nil, err
	}
	out := &aircraftListOut{Body: wire.AircraftList{Aircraft: make([]wire.AircraftType, len(all))}}
	for i, a := range all {
		out.Body.Aircraft[i] = showAircraft(a)
	}
	return out, nil
}

func (s *server) createAircraft(ctx context.Context, c *call, in *airlineIn, b *wire.AircraftRequest) (*madeAircraftOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	a := aircraft(b)
	a.Supplier = id
	e, _ := c.flightEditor()
	made, err := s.Flights.SetAircraft(ctx, e, a, flight.AnyRevision)
	if err != nil {
		return nil, rebase(err, "", aircraftNames)
	}
	shown := showAircraft(made)
	return &madeAircraftOut{Location: "/v1/suppliers/" + shown.SupplierID + "/aircraft-types/" + shown.ID, ETag: etag(made.Revision, ""), Body: shown}, nil
}

func (s *server) replaceAircraft(ctx context.Context, c *call, in *aircraftPutIn, b *wire.AircraftRequest) (*aircraftOut, error) {
	supplier, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	a := aircraft(b)
	a.Supplier = supplier
	if a.ID, err = uid.Parse(aircraftID, in.AircraftID); err != nil {
		return nil, fault.New(fault.NotFound, "aircraft_not_found", "There is no aircraft type %s.", shown(in.AircraftID))
	}
	revision, err := in.revision(flight.AnyRevision)
	if err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	done, err := s.Flights.SetAircraft(ctx, e, a, anyRevision(revision))
	if err != nil {
		return nil, rebase(err, "", aircraftNames)
	}
	return &aircraftOut{ETag: etag(done.Revision, ""), Body: showAircraft(done)}, nil
}

func (s *server) flightConflicts(ctx context.Context, c *call, in *AirlinePath) (*flightConflictsOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	found, err := s.Flights.Conflicts(ctx, e, id)
	if err != nil {
		return nil, err
	}
	out := &flightConflictsOut{Body: wire.FlightConflictList{Conflicts: make([]wire.FlightConflict, len(found))}}
	for i, x := range found {
		out.Body.Conflicts[i] = wire.FlightConflict{
			DepartureID: x.Departure.Text(departureID), Number: x.Flight, Date: x.Date.String(), From: x.From, To: x.To, Cabins: x.Cabins,
		}
	}
	return out, nil
}

func (s *server) listSchedules(ctx context.Context, c *call, in *schedulesIn) (*scheduleListOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	all, err := s.Flights.Schedules(ctx, e, id)
	if err != nil {
		return nil, err
	}
	page, next, err := slice(in.Page, all)
	if err != nil {
		return nil, err
	}
	out := &scheduleListOut{Body: wire.ScheduleList{Schedules: make([]wire.Schedule, len(page)), Next: next}}
	for i, x := range page {
		shown := wire.Schedule{
			Number: x.Carrier + " " + x.Number + x.Suffix, Feed: x.Feed, First: x.First.String(), Last: x.Last.String(), Weekdays: weekdayWords(x.Weekdays),
			Legs: make([]wire.ScheduleLeg, len(x.Legs)),
		}
		for k, l := range x.Legs {
			shown.Legs[k] = wire.ScheduleLeg{
				From: l.From, To: l.To, Departs: scheduleTime(l.Departs), Arrives: scheduleTime(l.Arrives), Equipment: l.Equipment, Operating: l.Operator, Codeshares: l.Codeshares,
			}
		}
		out.Body.Schedules[i] = shown
	}
	return out, nil
}

// scheduleTime shows local minutes after midnight of the flight's date: "23:10", "00:40+1", "23:50-1".
func scheduleTime(minutes int32) string {
	const day = 24 * 60
	days, rest := minutes/day, minutes%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	text := twoDigits(rest/60) + ":" + twoDigits(rest%60)
	switch {
	case days > 0:
		text += "+" + itoa(int(days))
	case days < 0:
		text += itoa(int(days))
	}
	return text
}

func twoDigits(n int32) string {
	if n < 10 {
		return "0" + itoa(int(n))
	}
	return itoa(int(n))
}

func (s *server) revokeFlightOffers(ctx context.Context, c *call, in *airlineIn, b *wire.FlightRevocationRequest) (*flightRevocationOut, error) {
	id, err := s.ownSupplier(ctx, c, in.SupplierID, identity.Airline)
	if err != nil {
		return nil, err
	}
	e, _ := c.flightEditor()
	var version uid.ID
	if b.Fare != "" {
		t, err := s.Flights.Tariff(ctx, e, id)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(t.Families, func(f flight.Family) bool { return f.Code == b.Fare })
		if i < 0 {
			return nil, fault.InvalidField("/fare", "family_not_found", "The tariff has no fare family of this code.")
		}
		version = t.Families[i].Version
	}
	if err := s.Flights.RevokeOffers(ctx, e, id, version); err != nil {
		return nil, err
	}
	return &flightRevocationOut{Body: wire.FlightRevocation{SupplierID: id.Text(supplierID), Fare: b.Fare, Before: instant(s.Clock.Now())}}, nil
}
