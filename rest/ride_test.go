package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"holdfast/rest"
	"holdfast/rest/resttest"
)

const (
	theTrain  = "/v1/trains/HR%20101/2027-06-10"
	theFlight = "/v1/flights/HF201/2027-06-10"
	noWhere   = "/v1/trains/HR%20101/2027-06-11"
)

var (
	theDeparture = "/v1/departures/" + resttest.DepartureID.Text("dep")
	theAirline   = "/v1/suppliers/" + resttest.AirlineID.Text("sup")
	theRailway   = "/v1/suppliers/" + resttest.RailwayID.Text("sup")
)

// TestForeignTrainsAndFlights: who is not their staff can read what is public, and change nothing.
func TestForeignTrainsAndFlights(t *testing.T) {
	for _, call := range []struct{ method, target, body, code string }{
		{"PUT", theTrain, `{}`, "train_not_found"},
		{"GET", theRailway + "/train-fares", "", "supplier_not_found"},
		{"PUT", theRailway + "/train-fares", trainFares, "supplier_not_found"},
		{"PUT", theRailway + "/train-compositions", `{"train": "HR 101", "from": "2027-06-01", "to": "2027-06-02", "coaches": [{"number": "1", "second": 1}]}`, "supplier_not_found"},
		{"GET", theRailway + "/train-conflicts", "", "supplier_not_found"},
		{"PUT", theFlight, `{}`, "flight_not_found"},
		{"PUT", theDeparture + "/control", `{}`, "departure_not_found"},
		{"PUT", "/v1/carriers/HF", `{"supplier_id": "` + resttest.AirlineID.Text("sup") + `", "name": "x"}`, "supplier_not_found"},
		{"GET", theAirline + "/aircraft-types", "", "supplier_not_found"},
		{"POST", theAirline + "/aircraft-types", aircraftType, "supplier_not_found"},
		{"PUT", theAirline + "/aircraft-types/" + resttest.AircraftID.Text("act"), aircraftType, "supplier_not_found"},
		{"GET", theAirline + "/flight-schedules", "", "supplier_not_found"},
		{"GET", theAirline + "/flight-conflicts", "", "supplier_not_found"},
		{"POST", theAirline + "/flight-offer-revocations", `{}`, "supplier_not_found"},
		{"GET", theAirline + "/flight-tariff", "", "supplier_not_found"},
		{"GET", theAirline + "/flight-fares?from=LIS&to=HAM", "", "supplier_not_found"},
		{"PUT", theAirline + "/flight-fares", `{"fares": [{"from": "LIS", "to": "HAM", "booking_class": "Y", "amount": {"amount": "1.00", "currency": "EUR"}}]}`, "supplier_not_found"},
	} {
		t.Run(call.method+" "+call.target, func(t *testing.T) {
			c, _ := newClient(t)
			for _, token := range []string{resttest.StaffToken, resttest.RivalToken, resttest.LooseToken} {
				c.do(call.method, call.target, token, call.body).want(t, http.StatusNotFound, call.code)
			}
			c.do(call.method, call.target, resttest.TravellerToken, call.body).want(t, http.StatusForbidden, "scope_missing")
		})
	}
	c, _ := newClient(t)
	airport := `{"name": "x", "city": "x", "country": "PT", "time_zone": "Europe/Lisbon", "latitude": 1, "longitude": 1}`
	c.do("PUT", "/v1/airports/XXX", resttest.AirlineToken, airport).want(t, http.StatusForbidden, "scope_missing")
	c.do("PUT", "/v1/airports/XXX", resttest.OperatorToken, airport).want(t, http.StatusOK, "")
	c.do("GET", theRailway+"/flight-tariff", resttest.OperatorToken, "").want(t, http.StatusUnprocessableEntity, "supplier_kind")
	c.do("GET", theAirline+"/train-fares", resttest.OperatorToken, "").want(t, http.StatusUnprocessableEntity, "supplier_kind")
	c.do("PUT", "/v1/carriers/HF", resttest.OperatorToken, `{"name": "x"}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	c.do("PUT", theDeparture+"/control", resttest.AirlineToken, `{"closed": true}`).want(t, http.StatusOK, "")
	for token, own := range map[string]bool{"": false, resttest.TravellerToken: false, resttest.RailwayToken: false, resttest.AirlineToken: true, resttest.OperatorToken: true} {
		for _, at := range []string{theDeparture, theFlight} {
			if r := c.do("GET", at, token, "").want(t, http.StatusOK, ""); strings.Contains(r.Body.String(), `"control"`) != own {
				t.Errorf("%q sees how %s is sold: %v, want %v", token, at, !own, own)
			}
		}
	}
}

const (
	trainFares = `{"currency": "EUR", "child_percent": 50, "child_free_below": 6, "fares": [{"name": "Flex", "price_percent": 100, "cancellation_fee_percent": 50}],
		"tariffs": [{"first": {"base": {"amount": "5.00", "currency": "EUR"}, "per_100_km": {"amount": "29.00", "currency": "EUR"}}, "second": {"base": {"amount": "3.00", "currency": "EUR"}, "per_100_km": {"amount": "17.00", "currency": "EUR"}}}]}`
	aircraftType = `{"name": "A320", "sections": [{"cabin": "economy", "from": 1, "to": 2, "letters": "ABC-DEF"}]}`
)

// TestSearchesNeedTheirForm: one kind, one way to say when, orders and filters of that kind; places are named as they were sent.
func TestSearchesNeedTheirForm(t *testing.T) {
	train := func(more string) string { return `{"train": {"from": "Lisbon", "to": "Porto"` + more + `}` }
	fly := func(slices, more string) string { return `{"flight": {"slices": [` + slices + `]` + more + `}` }
	const slice = `{"from": "LIS", "to": "HAM", "date": "2027-06-10"}`
	for name, call := range map[string]struct {
		body   string
		status int
		place  string
		code   string
	}{
		"nothing":             {`{}`, 422, "", "required"},
		"two kinds":           {train(`, "date": "2027-06-10"`) + `, "flight": {"slices": [` + slice + `]}}`, 422, "", "not_together"},
		"no time":             {train("") + "}", 422, "/train", "required"},
		"two times":           {train(`, "date": "2027-06-10", "depart_after": "2027-06-10T08:00:00Z"`) + "}", 422, "/train", "not_together"},
		"a window of a day":   {train(`, "date": "2027-06-10", "window_minutes": 60`) + "}", 422, "/train/window_minutes", "not_together"},
		"an order of hotels":  {train(`, "date": "2027-06-10"`) + `, "sort": "stars"}`, 422, "/sort", "not_a_choice"},
		"an order of trains":  {fly(slice, "") + `, "sort": "changes"}`, 422, "/sort", "not_a_choice"},
		"an order of flights": {`{"stay": {"place": "Lisbon", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 1}]}, "sort": "best"}`, 422, "/sort", "not_a_choice"},
		"stars of a train":    {train(`, "date": "2027-06-10"`) + `, "filters": {"min_stars": 3}}`, 422, "/filters", "not_together"},
		"nobody":              {train(`, "date": "2027-06-10", "travellers": {}`) + "}", 422, "/train/travellers", "out_of_range"},
		"too many infants":    {fly(slice, `, "travellers": {"adults": 1, "infants": 2}`) + "}", 422, "/flight/travellers", "party_invalid"},
		"backwards":           {fly(`{"from": "LIS", "to": "HAM", "date": "2027-06-10"}, {"from": "LIS", "to": "HAM", "date": "2027-06-09"}`, "") + "}", 200, "", ""},
		"a time that is none": {fly(`{"from": "LIS", "to": "HAM", "date": "2027-06-10", "depart_between": {"from": "25:00", "to": "12:00"}}`, "") + "}", 422, "/flight/slices/0/depart_between/from", "wrong_format"},
		"a price of nothing":  {fly(slice, "") + `, "filters": {"max_price": {"amount": "0.00", "currency": "EUR"}}}`, 422, "/filters/max_price/amount", "too_small"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newClient(t)
			r := c.do("POST", "/v1/offers", resttest.TravellerToken, call.body)
			if r.Code != call.status {
				t.Fatalf("answered %d: %s", r.Code, r.Body)
			}
			if call.status != http.StatusOK && r.places()[call.place] != call.code {
				t.Errorf("places %v, want %s at %q", r.places(), call.code, call.place)
			}
		})
	}
	c, _ := newClient(t)
	c.do("POST", "/v1/offers", resttest.TravellerToken, train(`, "date": "2027-06-10"`)[:9]+`{"from": "Atlantis", "to": "Porto", "date": "2027-06-10"}}`).want(t, http.StatusNotFound, "place_unknown")
}

// TestTrainOffers: journeys with their legs and fares, in local time, that can be reserved as they are.
func TestTrainOffers(t *testing.T) {
	c, _ := newClient(t)
	body := `{"train": {"from": "Lisbon", "to": "Porto", "date": "2027-06-10", "travellers": {"adults": 1, "children_ages": [4]}}%s}`
	r := c.do("POST", "/v1/offers", resttest.TravellerToken, fmt.Sprintf(body, "")).want(t, http.StatusOK, "")
	offers := r.at("offers").([]any)
	if len(offers) != 2 || r.text("offers", 0, "fare", "name") != "Saver" || r.text("offers", 1, "fare", "name") != "Flex" || r.at("offers", 1, "journey") != float64(0) {
		t.Fatalf("offers %s", r.Body)
	}
	for field, want := range map[string]string{"kind": "train", "departs": "2027-06-10T06:57:00+01:00", "arrives": "2027-06-10T09:00:00+01:00", "class": "second"} {
		if got := r.text("offers", 0, field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if r.at("offers", 0, "legs", 0, "kind") != "walk" || r.at("offers", 0, "legs", 0, "ride") != nil || r.at("offers", 0, "legs", 1, "ride") != float64(0) || r.text("offers", 0, "legs", 1, "number") != "HR 101" {
		t.Errorf("legs %v", r.at("offers", 0, "legs"))
	}
	if r.at("offers", 0, "conditions", "free_cancellation_until") != nil || r.at("offers", 1, "conditions", "free_cancellation_until") == nil || r.text("offers", 1, "price", "total", "amount") != "67.50" {
		t.Errorf("conditions and price %s", r.Body)
	}
	for _, absent := range []string{"hotel", "room_type", "slices", "check_in", "available", "stops"} {
		if v := r.at("offers", 0, absent); v != nil {
			t.Errorf("a journey has %s: %v", absent, v)
		}
	}
	cheap := c.do("POST", "/v1/offers", resttest.TravellerToken, fmt.Sprintf(body, `, "filters": {"max_price": {"amount": "50.00", "currency": "EUR"}}`)).want(t, http.StatusOK, "")
	if list := cheap.at("offers").([]any); len(list) != 1 || cheap.text("offers", 0, "fare", "name") != "Saver" {
		t.Errorf("up to 50 EUR: %s", cheap.Body)
	}
	held := c.place("k", placing(ride(r.text("offers", 1, "id"), `"seats": ["8-31"]`))).want(t, http.StatusCreated, "")
	if held.text("total", "amount") != "67.50" || held.text("items", 0, "from", "name") != "Lisbon Oriente" || held.text("items", 0, "to", "time_zone") != "Europe/Lisbon" || !strings.HasPrefix(seated(held, 0), "0:8-31(8) 1:") {
		t.Errorf("reserved %s", held.Body)
	}
}

// TestFlightOffers: each direction with its flights, and what travellers of each type pay.
func TestFlightOffers(t *testing.T) {
	c, _ := newClient(t)
	r := c.do("POST", "/v1/offers", resttest.TravellerToken, `{"flight": {"slices": [{"from": "LIS", "to": "Hamburg", "date": "2027-06-10"}, {"from": "HAM", "to": "LIS", "date": "2027-06-17"}],
		"travellers": {"adults": 2, "children": 1, "infants": 1}}}`).want(t, http.StatusOK, "")
	if len(r.at("offers").([]any)) != 1 || r.text("offers", 0, "kind") != "flight" || r.at("offers", 0, "duration_minutes") != float64(360) || r.at("offers", 0, "stops") != float64(0) {
		t.Fatalf("offers %s", r.Body)
	}
	if got := r.text("offers", 0, "slices", 1, "departs") + r.text("offers", 0, "slices", 1, "from", "name"); got != "2027-06-17T14:00:00+02:00Hamburg Airport" {
		t.Errorf("the way back: %s", got)
	}
	if got := fmt.Sprint(r.at("offers", 0, "slices", 1, "segments", 0, "ride"), r.text("offers", 0, "slices", 0, "segments", 0, "booking_class")); got != "1 Y" && got != "1Y" {
		t.Errorf("segments: %s", got)
	}
	if r.text("offers", 0, "price", "total", "amount") != "831.00" || r.text("offers", 0, "price", "taxes", 0, "amount", "amount") != "111.00" {
		t.Errorf("price %v", r.at("offers", 0, "price"))
	}
	var who []string
	for i := range r.at("offers", 0, "price", "travellers").([]any) {
		who = append(who, fmt.Sprintf("%v %v %v", r.at("offers", 0, "price", "travellers", i, "count"), r.text("offers", 0, "price", "travellers", i, "type"), r.text("offers", 0, "price", "travellers", i, "total", "amount")))
	}
	if got := strings.Join(who, ", "); got != "2 adult 554.00, 1 child 277.00, 1 infant 0.00" {
		t.Errorf("travellers pay %s", got)
	}
	held := c.place("k", placing(ride(r.text("offers", 0, "id"), `"rides": [{"ride": 1, "seats": ["16A", "16B", "16C"]}]`))).want(t, http.StatusCreated, "")
	if seated(held, 0) != "" || seated(held, 1) != "0:16A 1:16B 2:16C" || held.text("items", 1, "from", "name") != "Hamburg Airport" {
		t.Errorf("reserved %s", held.Body)
	}
}

// TestPlainRides: the best public offer for a train or a flight that is named.
func TestPlainRides(t *testing.T) {
	train := func(more string) string { return `{"train": "HR 101", "date": "2027-06-10"` + more + `}` }
	fly := func(more string) string { return `{"flight": "HF 201", "date": "2027-06-10"` + more + `}` }
	for name, call := range map[string]struct {
		item        string
		status      int
		code, total string
	}{
		"a train":                 {train(`, "from": "LX", "to": "Porto"`), 201, "", "29.25"},
		"under a fare":            {train(`, "from": "LX", "to": "PO", "fare": "Flex", "adults": 2, "children": 1`), 201, "", "112.50"},
		"ages":                    {train(`, "from": "LX", "to": "PO", "children_ages": [4, 9], "adults": 0`), 422, "validation_failed", ""},
		"another way":             {train(`, "from": "PO", "to": "LX"`), 422, "no_such_ride", ""},
		"no such fare":            {train(`, "from": "LX", "to": "PO", "fare": "Gold"`), 422, "fare_unknown", ""},
		"no such train":           {`{"train": "HR 999", "date": "2027-06-10", "from": "LX", "to": "PO"}`, 404, "train_not_found", ""},
		"too many":                {train(`, "from": "LX", "to": "PO", "adults": 20`), 422, "out_of_range", ""},
		"without stations":        {train(""), 422, "validation_failed", ""},
		"a cabin on a train":      {train(`, "from": "LX", "to": "PO", "cabin": "economy"`), 422, "validation_failed", ""},
		"both ways of children":   {train(`, "from": "LX", "to": "PO", "children": 1, "children_ages": [4]`), 422, "validation_failed", ""},
		"a flight":                {fly(`, "adults": 2, "seats": ["12A", "12B"]`), 201, "", "277.00"},
		"with a child":            {fly(`, "adults": 1, "children": 1, "infants": 1, "cabin": "economy", "booking_class": "Y"`), 201, "", "277.00"},
		"no such cabin":           {fly(`, "cabin": "first"`), 404, "cabin_not_found", ""},
		"no such booking class":   {fly(`, "booking_class": "Q"`), 422, "class_not_found", ""},
		"more infants than laps":  {fly(`, "infants": 2`), 422, "party_invalid", ""},
		"no such flight":          {`{"flight": "HF 999", "date": "2027-06-10"}`, 404, "flight_not_found", ""},
		"without a date":          {`{"flight": "HF 201"}`, 422, "validation_failed", ""},
		"ages on a flight":        {fly(`, "children_ages": [4]`), 422, "validation_failed", ""},
		"a train and a flight":    {`{"flight": "HF 201", "train": "HR 101", "date": "2027-06-10"}`, 422, "validation_failed", ""},
		"a date beside a hotel":   {stayItem(`date: "2027-06-10"`), 422, "validation_failed", ""},
		"a flight beside a hotel": {stayItem(`flight: "HF 201"`), 422, "validation_failed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newClient(t)
			r := c.place("k", placing(call.item)).want(t, call.status, call.code)
			if r.text("total", "amount") != call.total {
				t.Errorf("total %s, want %s", r.text("total", "amount"), call.total)
			}
			for at := range r.places() {
				if !strings.HasPrefix(at, "/items/0") {
					t.Errorf("a wrong place %q outside of the item", at)
				}
			}
		})
	}
}

// TestTrainsAreRead: calls in local time, updates that show, seats on a part of the way.
func TestTrainsAreRead(t *testing.T) {
	c, _ := newClient(t)
	r := c.do("GET", theTrain, "", "").want(t, http.StatusOK, "")
	if r.text("trains", 0, "calls", 0, "departs") != "2027-06-10T07:02:00+01:00" || r.at("trains", 0, "calls", 0, "arrives") != nil || r.at("trains", 0, "calls", 4, "departs") != nil || r.at("trains", 0, "calls", 4, "boarding") != false {
		t.Errorf("calls %v", r.at("trains", 0, "calls"))
	}
	c.do("GET", noWhere, "", "").want(t, http.StatusNotFound, "train_not_found")
	c.do("GET", "/v1/trains/HR%20101/tomorrow", "", "").want(t, http.StatusUnprocessableEntity, "validation_failed")

	update := `{"delays": [{"call": 1, "arrives_minutes": 10, "departs_minutes": 10}], "note": "Works", "version": %d}`
	c.do("PUT", theTrain, resttest.RailwayToken, `{"delays": [{"call": 9, "departs_minutes": 10}]}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	if u := c.do("PUT", theTrain, resttest.RailwayToken, fmt.Sprintf(update, 5)).want(t, http.StatusOK, ""); u.text("outcome") != "applied" || u.at("told") != float64(1) {
		t.Errorf("update %s", u.Body)
	}
	if u := c.do("PUT", theTrain, resttest.RailwayToken, fmt.Sprintf(update, 4)).want(t, http.StatusOK, ""); u.text("outcome") != "older" {
		t.Errorf("an older update: %s", u.Body)
	}
	if u := c.do("PUT", theTrain, resttest.RailwayToken, strings.Replace(fmt.Sprintf(update, 5), `, "version": 5`, "", 1)).want(t, http.StatusOK, ""); u.text("outcome") != "applied" {
		t.Errorf("one without a version: %s", u.Body)
	}
	r = c.do("GET", theTrain, "", "").want(t, http.StatusOK, "")
	if r.text("trains", 0, "state") != "changed" || r.text("trains", 0, "note") != "Works" || r.text("trains", 0, "calls", 1, "arrives") != "2027-06-10T07:40:00+01:00" || r.text("trains", 0, "calls", 1, "scheduled_arrives") != "2027-06-10T07:30:00+01:00" {
		t.Errorf("late: %s", r.Body)
	}
	c.place("k", placing(`{"train": "HR 101", "date": "2027-06-10", "from": "LX", "to": "CO", "seats": ["7-11"]}`)).want(t, http.StatusCreated, "")
	for query, free := range map[string]bool{"": false, "?from=LX&to=SA": false, "?from=CO&to=PO": true, "?from_call=1": false, "?from_call=2": true} {
		m := c.do("GET", theTrain+"/seats"+query, "", "").want(t, http.StatusOK, "")
		if m.text("seats", 0, "seat") != "7-11" || m.at("seats", 0, "free") != free || m.text("seats", 0, "coach") != "7" {
			t.Errorf("with %q the first seat is %v", query, m.at("seats", 0))
		}
	}
	for query, code := range map[string]string{"?from=PO&to=LX": "no_such_ride", "?from=XX": "no_such_ride", "?to=XX": "no_such_ride", "?from_call=99": "no_such_ride", "?class=first": "not_on_sale"} {
		c.do("GET", theTrain+"/seats"+query, "", "").want(t, http.StatusUnprocessableEntity, code)
	}
	c.do("GET", theTrain+"/seats?run_id=run_x", "", "").want(t, http.StatusNotFound, "train_not_found")
	b := c.do("GET", "/v1/stations/CO/departures?from=2027-06-10T00:00:00Z", "", "").want(t, http.StatusOK, "")
	if len(b.at("departures").([]any)) != 2 || b.text("departures", 0, "toward", "name") != "Porto Campanhã" || b.text("station", "name") != "Coimbra" {
		t.Errorf("board %s", b.Body)
	}
	c.do("GET", "/v1/stations/XX", "", "").want(t, http.StatusNotFound, "station_not_found")
	c.do("GET", "/v1/stations/XX/departures", "", "").want(t, http.StatusNotFound, "station_not_found")
}

// TestFlightsAreRead: state and times, updates that show, seats with their prices, the calendar.
func TestFlightsAreRead(t *testing.T) {
	c, _ := newClient(t)
	r := c.do("GET", theFlight, "", "").want(t, http.StatusOK, "")
	if r.text("departures", 0, "legs", 0, "departs") != "2027-06-10T08:00:00+01:00" || r.text("departures", 0, "legs", 0, "to", "time_zone") != "Europe/Berlin" || r.text("departures", 0, "cabins", 0, "lowest_fare", "amount") != "120.00" {
		t.Errorf("flight %s", r.Body)
	}
	c.do("GET", "/v1/flights/HF201/2027-06-11", "", "").want(t, http.StatusNotFound, "flight_not_found")
	c.do("GET", "/v1/departures/dep_x", "", "").want(t, http.StatusNotFound, "departure_not_found")
	late := `{"times": [{"departs": "2027-06-10T08:20:00+01:00", "arrives": "2027-06-10T12:20:00+02:00"}], "reason": "Fog"}`
	if u := c.do("PUT", theFlight, resttest.AirlineToken, late).want(t, http.StatusOK, ""); u.text("outcome") != "applied" {
		t.Errorf("update %s", u.Body)
	}
	r = c.do("GET", theDeparture, "", "").want(t, http.StatusOK, "")
	if r.text("state") != "changed" || r.text("reason") != "Fog" || r.text("legs", 0, "departs") != "2027-06-10T08:20:00+01:00" || r.text("legs", 0, "scheduled_departs") != "2027-06-10T08:00:00+01:00" {
		t.Errorf("late: %s", r.Body)
	}
	two := `{"times": [{"departs": "2027-06-10T08:20:00Z", "arrives": "2027-06-10T12:20:00Z"}, {"departs": "2027-06-10T08:20:00Z", "arrives": "2027-06-10T12:20:00Z"}]}`
	if u := c.do("PUT", theFlight, resttest.AirlineToken, two).want(t, http.StatusUnprocessableEntity, "validation_failed"); u.places()["/times"] != "wrong_format" {
		t.Errorf("times of other legs: %v", u.places())
	}
	m := c.do("GET", theFlight+"/seats?from=LIS&to=HAM&cabin=economy", "", "").want(t, http.StatusOK, "")
	if m.text("seats", 0, "seat") != "10A" || m.text("seats", 0, "price", "amount") != "15.00" || m.text("rows", 0, "letters") != "ABC-DEF" || fmt.Sprint(m.at("seats", 0, "traits")) != "[window legroom]" || m.at("free") != float64(59) {
		t.Errorf("seats %s", m.Body)
	}
	c.do("GET", theFlight+"/seats?cabin=first", "", "").want(t, http.StatusNotFound, "cabin_not_found")
	if w := c.do("GET", theFlight+"/seats?from=HAM", "", "").want(t, http.StatusUnprocessableEntity, "airport_not_on_way"); w.places()["from"] != "airport_not_on_way" {
		t.Errorf("places %v", w.places())
	}
	c.do("GET", theFlight+"/seats?departure_id=dep_x", "", "").want(t, http.StatusNotFound, "departure_not_found")
	k := c.do("PUT", theDeparture+"/control", resttest.AirlineToken, `{"closed": true, "protected": [{"booking_class": "Y", "seats": 5}]}`).want(t, http.StatusOK, "")
	if k.at("control", "closed") != true || k.at("control", "protected", 0, "seats") != float64(5) || k.at("cabins", 0, "closed") != true {
		t.Errorf("control %s", k.Body)
	}
	if w := c.do("PUT", theDeparture+"/control", resttest.AirlineToken, `{"protected": [{"booking_class": "Q", "seats": 5}]}`).want(t, http.StatusUnprocessableEntity, "validation_failed"); w.places()["/protected"] != "class_not_found" {
		t.Errorf("places %v", w.places())
	}
	c.do("PUT", theDeparture+"/control", resttest.AirlineToken, `{"protected": [{"booking_class": "Y", "seats": 5}, {"booking_class": "Y", "seats": 6}]}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	for query, days := range map[string]int{"&month=2027-06": 30, "&from_date=2027-06-09&to_date=2027-06-12": 3, "": 31, "&month=2028-02": 29} {
		d := c.do("GET", "/v1/flights/calendar?from=LIS&to=HAM&adults=2"+query, resttest.TravellerToken, "").want(t, http.StatusOK, "")
		if got := len(d.at("days").([]any)); got != days {
			t.Errorf("%q gives %d days, want %d", query, got, days)
		}
		if days == 3 && (d.at("days", 0, "price") != nil || d.text("days", 1, "price", "amount") != "277.00" || d.text("days", 1, "date") != "2027-06-10") {
			t.Errorf("days %s", d.Body)
		}
	}
	for _, query := range []string{"&month=2027-13", "&month=2027-06&from_date=2027-06-01", "&from_date=2027-06-10&to_date=2027-06-10", "&from_date=2027-01-01&to_date=2027-12-31", "&to_date=2027-06-10"} {
		c.do("GET", "/v1/flights/calendar?from=LIS&to=HAM"+query, resttest.TravellerToken, "").want(t, http.StatusUnprocessableEntity, "validation_failed")
	}
}

// TestAirlineVersions: what has a version can be changed on condition of it.
func TestAirlineVersions(t *testing.T) {
	c, _ := newClient(t)
	plane := theAirline + "/aircraft-types/" + resttest.AircraftID.Text("act")
	tariff := theAirline + "/flight-tariff"
	tag := c.do("GET", tariff, resttest.AirlineToken, "").want(t, http.StatusOK, "").Header().Get("ETag")
	c.do("GET", tariff, resttest.AirlineToken, "", "If-None-Match: "+tag).want(t, http.StatusNotModified, "")
	body := operationBody(t, "set-flight-tariff")
	for _, call := range []struct{ target, body string }{{plane, aircraftType}, {tariff, body}, {"/v1/carriers/HF", `{"name": "Holdfast Air"}`}} {
		c.do("PUT", call.target, resttest.AirlineToken, call.body, `If-Match: "1"`).want(t, http.StatusOK, "")
		c.do("PUT", call.target, resttest.AirlineToken, call.body, `If-Match: "1"`).want(t, http.StatusPreconditionFailed, "changed_meanwhile")
		c.do("PUT", call.target, resttest.AirlineToken, call.body).want(t, http.StatusOK, "")
	}
	shown := c.do("GET", tariff, resttest.AirlineToken, "").want(t, http.StatusOK, "")
	if shown.at("cabins", 0, "booking_classes", 0, "protected_percent") != float64(10) || shown.text("fare_families", 1, "seat_choice") != "free" || shown.at("fare_families", 1, "free_cancellation_minutes") != float64(120) || fmt.Sprint(shown.at("levies", 0, "travellers")) != "[adult child]" {
		t.Errorf("tariff %s", shown.Body)
	}
	c.do("PUT", theAirline+"/aircraft-types/act_x", resttest.AirlineToken, aircraftType).want(t, http.StatusNotFound, "aircraft_not_found")
	c.do("POST", theAirline+"/flight-offer-revocations", resttest.AirlineToken, `{"fare": "GOLD"}`).want(t, http.StatusUnprocessableEntity, "family_not_found")
	both := strings.Replace(body, `"code":"departure"`, `"code":"departure","percent":7`, 1)
	if w := c.do("PUT", tariff, resttest.AirlineToken, both).want(t, http.StatusUnprocessableEntity, "validation_failed"); w.places()["/levies/0/amount"] != "one_of" {
		t.Errorf("a levy with a share and an amount: %v", w.places())
	}
	other := strings.Replace(body, `"amount":"70.00","currency":"EUR"`, `"amount":"70.00","currency":"USD"`, 1)
	if w := c.do("PUT", tariff, resttest.AirlineToken, other).want(t, http.StatusUnprocessableEntity, "validation_failed"); w.places()["/cabins/0/booking_classes/0/base/currency"] != "currency_mismatch" {
		t.Errorf("another currency: %v", w.places())
	}
	if s := c.do("GET", theAirline+"/flight-schedules", resttest.AirlineToken, "").want(t, http.StatusOK, ""); s.text("schedules", 0, "legs", 0, "arrives") != "00:05+1" || fmt.Sprint(s.at("schedules", 0, "weekdays")) != "[wednesday friday sunday]" {
		t.Errorf("schedules %s", s.Body)
	}
}

// TestPlaces: places of all kinds in one list, what is called exactly so first.
func TestPlaces(t *testing.T) {
	c, _ := newClient(t)
	kinds := func(query string) string {
		r := c.do("GET", "/v1/places?"+query, "", "").want(t, http.StatusOK, "")
		var out []string
		for _, p := range r.at("places").([]any) {
			m := p.(map[string]any)
			out = append(out, fmt.Sprint(m["kind"], " ", m["name"]))
		}
		return strings.Join(out, ", ")
	}
	for query, want := range map[string]string{
		"q=Lis":                    "airport Lisbon Airport, city Lisbon, station Lisbon Oriente", // it is its code
		"q=LIS&kind=airport":       "airport Lisbon Airport",
		"q=LX":                     "station Lisbon Oriente",
		"q=Lisb":                   "city Lisbon, airport Lisbon Airport, station Lisbon Oriente",
		"q=Lisbon&limit=1":         "city Lisbon",
		"q=Lisbon%20Airport":       "",
		"q=Por&kind=station":       "station Porto Campanhã",
		"q=nowhere":                "",
		"q=Lis&limit=2&kind=metro": "",
	} {
		if got := kinds(query); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	c.do("GET", "/v1/places", "", "").want(t, http.StatusUnprocessableEntity, "validation_failed")
	c.do("GET", "/v1/places?q=x&kind=bakery", "", "").want(t, http.StatusUnprocessableEntity, "validation_failed")
}

// TestWithoutTrainsAndFlights: a server that sells only hotels works, and says what it does not sell.
func TestWithoutTrainsAndFlights(t *testing.T) {
	d := resttest.Seed().Deps()
	d.Rail, d.Flights, d.Feeds = nil, nil, nil
	c := &client{t: t, h: rest.New(d)}
	for _, at := range []string{theTrain, theFlight, theFeed, "/v1/stations", theDeparture} {
		c.do("GET", at, resttest.OperatorToken, "").want(t, http.StatusNotFound, "path_unknown")
	}
	c.do("POST", "/v1/offers", resttest.TravellerToken, `{"train": {"from": "Lisbon", "to": "Porto", "date": "2027-06-10"}}`).want(t, http.StatusNotFound, "not_served")
	c.do("POST", "/v1/offers", resttest.TravellerToken, `{"flight": {"slices": [{"from": "LIS", "to": "HAM", "date": "2027-06-10"}]}}`).want(t, http.StatusNotFound, "not_served")
	c.place("k", placing(`{"flight": "HF 201", "date": "2027-06-10"}`)).want(t, http.StatusNotFound, "not_served")
	if r := c.do("GET", "/v1/places?q=Lis", "", "").want(t, http.StatusOK, ""); r.text("places", 0, "kind") != "city" {
		t.Errorf("places %s", r.Body)
	}
	r := c.do("GET", "/v1/reservations/"+resttest.SeatedID.Text("res"), resttest.TravellerToken, "").want(t, http.StatusOK, "")
	if r.text("items", 0, "from", "code") != "LIS" || r.at("items", 0, "from", "name") != nil {
		t.Errorf("an airport that nobody names: %s", r.Body)
	}
}
