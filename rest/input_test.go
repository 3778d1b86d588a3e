package rest_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/rest"
	"holdfast/rest/resttest"
)

// TestBadPlacing: each way of asking wrongly is a documented problem that names the place, and nothing is reserved.
func TestBadPlacing(t *testing.T) {
	unknown := func(prefix string) string { return `"` + prefix + `_01kavwy2x4e8hrn5z3m7q9t6bg"` }
	for name, c := range map[string]struct {
		body         string
		status       int
		code         string
		pointer, why string
	}{
		"zero rooms":                {placing(stayItem("rooms: 0")), 422, "validation_failed", "/items/0/rooms", "too_small"},
		"negative rooms":            {placing(stayItem("rooms: -1")), 422, "validation_failed", "/items/0/rooms", "too_small"},
		"half a room":               {placing(stayItem("rooms: 1.5")), 422, "validation_failed", "/items/0/rooms", "wrong_type"},
		"rooms as text":             {placing(stayItem(`rooms: "1"`)), 422, "validation_failed", "/items/0/rooms", "wrong_type"},
		"rooms missing":             {placing(stayItem("rooms: ")), 422, "validation_failed", "/items/0/rooms", "required"},
		"rooms beyond any number":   {placing(stayItem("rooms: 1e400")), 422, "validation_failed", "/items/0/rooms", "wrong_type"},
		"dates backwards":           {placing(stayItem(`check_out: "2027-06-09"`)), 422, "dates_backwards", "/items/0/check_out", "dates_backwards"},
		"no night":                  {placing(stayItem(`check_out: "2027-06-10"`)), 422, "dates_backwards", "/items/0/check_out", "dates_backwards"},
		"in the past":               {placing(stayItem(`check_in: "2026-11-20"`, `check_out: "2026-11-23"`)), 422, "in_past", "/items/0/check_in", "in_past"},
		"beyond the horizon":        {placing(stayItem(`check_in: "2031-06-10"`, `check_out: "2031-06-12"`)), 422, "beyond_horizon", "/items/0/check_out", "beyond_horizon"},
		"400 nights":                {placing(stayItem(`check_out: "2028-07-14"`)), 422, "stay_too_long", "/items/0/check_out", "stay_too_long"},
		"no such day":               {placing(stayItem(`check_in: "2027-02-30"`)), 422, "validation_failed", "/items/0/check_in", "wrong_format"},
		"date as an instant":        {placing(stayItem(`check_in: "2027-06-10T00:00:00Z"`)), 422, "validation_failed", "/items/0/check_in", "wrong_format"},
		"unknown hotel":             {placing(stayItem("hotel_id: " + unknown("htl"))), 404, "hotel_not_found", "", ""},
		"unknown room type":         {placing(stayItem("room_type_id: " + unknown("rt"))), 404, "room_type_not_found", "", ""},
		"unknown rate plan":         {placing(stayItem("rate_plan_id: " + unknown("rp"))), 404, "rate_plan_not_found", "", ""},
		"id of another kind":        {placing(stayItem(`hotel_id: "rt_01kavwy2x4e8hrn5z3m7q9t6b0"`)), 422, "validation_failed", "/items/0/hotel_id", "wrong_format"},
		"id that none can be":       {placing(stayItem(`hotel_id: "htl_01kavwy2x4e8hrn5z3m7q9t6b1"`)), 422, "validation_failed", "/items/0/hotel_id", "wrong_format"},
		"id with SQL":               {placing(stayItem(`hotel_id: "htl_' OR 1=1"`)), 422, "validation_failed", "/items/0/hotel_id", "wrong_format"},
		"unknown offer":             {placing(`{"offer": "off_nothing"}`), 422, "offer_invalid", "/items", "offer_invalid"},
		"offer and dates":           {placing(`{"offer": "off_4kdq0w3v9x", "check_in": "2027-06-10"}`), 422, "validation_failed", "/items/0", "not_together"},
		"empty item":                {placing(`{}`), 422, "validation_failed", "/items/0/hotel_id", "required"},
		"no items":                  {`{"items": [], "travellers": [{"given_name": "a", "family_name": "b"}]}`, 422, "validation_failed", "/items", "too_short"},
		"items missing":             {`{"travellers": [{"given_name": "a", "family_name": "b"}]}`, 422, "validation_failed", "/items", "required"},
		"21 items":                  {placing(strings.Repeat(stayItem()+",", 20) + stayItem()), 422, "validation_failed", "/items", "too_long"},
		"nobody travels":            {`{"items": [` + stayItem() + `], "travellers": []}`, 422, "validation_failed", "/travellers", "too_short"},
		"traveller without a name":  {`{"items": [` + stayItem() + `], "travellers": [{"given_name": "", "family_name": "b"}]}`, 422, "validation_failed", "/travellers/0/given_name", "too_short"},
		"not an address":            {`{"items": [` + stayItem() + `], "travellers": [{"given_name": "a", "family_name": "b", "email": "nobody"}]}`, 422, "validation_failed", "/travellers/0/email", "wrong_format"},
		"fewer adults than rooms":   {placing(stayItem("rooms: 3", "adults: 2")), 422, "validation_failed", "/items/0/adults", "adults_too_few"},
		"adults null":               {placing(stayItem("adults: null")), 422, "validation_failed", "/items/0/adults", "null_not_allowed"},
		"child of 18":               {placing(stayItem("children_ages: [18]")), 422, "validation_failed", "/items/0/children_ages/0", "too_large"},
		"child before birth":        {placing(stayItem("children_ages: [-1]")), 422, "validation_failed", "/items/0/children_ages/0", "too_small"},
		"too many people":           {placing(stayItem("adults: 7")), 422, "occupancy_exceeded", "/items/0/rooms", "occupancy_exceeded"},
		"currency that is none":     {placing(stayItem(), `"expected_total": {"amount": "540.00", "currency": "XYZ"}`), 422, "validation_failed", "/expected_total/currency", "unknown_currency"},
		"too many digits":           {placing(stayItem(), `"expected_total": {"amount": "540.001", "currency": "EUR"}`), 422, "validation_failed", "/expected_total/amount", "wrong_format"},
		"amount as a number":        {placing(stayItem(), `"expected_total": {"amount": 540.00, "currency": "EUR"}`), 422, "validation_failed", "/expected_total/amount", "wrong_type"},
		"other total":               {placing(stayItem(), `"expected_total": {"amount": "1.00", "currency": "EUR"}`), 409, "price_changed", "", ""},
		"other currency":            {placing(stayItem(), `"expected_total": {"amount": "540.00", "currency": "USD"}`), 409, "price_changed", "", ""},
		"own id without its prefix": {placing(stayItem(), `"id": "4711"`), 422, "validation_failed", "/id", "wrong_format"},
		"own id with a blank":       {placing(stayItem(), `"id": "res_47 11"`), 422, "validation_failed", "/id", "wrong_format"},
		"wrong case":                {placing(stayItem("Adults: 2")), 422, "validation_failed", "/items/0/Adults", "unknown_field"},
		"wrong case of a known one": {strings.Replace(placing(stayItem()), `"items"`, `"Items"`, 1), 422, "validation_failed", "/Items", "unknown_field"},
		"unknown field":             {placing(stayItem(), `"price": "0.01"`), 422, "validation_failed", "/price", "unknown_field"},
		"key given twice":           {placing(stayItem(`rooms": 1, "rooms: 5`)), 400, "duplicate_key", "/items/0/rooms", "duplicate_key"},
		"invalid UTF-8":             {placing(stayItem(), "\"id\": \"res_\xff\""), 400, "invalid_utf8", "/id", "invalid_utf8"},
		"cut off":                   {placing(stayItem())[:60], 400, "malformed_json", "", ""},
		"two bodies":                {placing(stayItem()) + placing(stayItem()), 400, "trailing_data", "", ""},
		"form":                      {"items=1&rooms=2", 400, "malformed_json", "", ""},
		"list":                      {"[" + placing(stayItem()) + "]", 422, "validation_failed", "", "wrong_type"},
		"null":                      {"null", 422, "validation_failed", "", "wrong_type"},
		"nested too deeply":         {strings.Repeat(`{"items": [`, 20), 400, "too_deep", "", ""},
		"NUL character":             {placing(stayItem(), `"id": "res_a\u0000"`), 400, "nul_character", "", ""},
		"huge":                      {placing(stayItem(), `"id": "res_`+strings.Repeat("x", 70_000)+`"`), 413, "body_too_large", "", ""},
		"nothing":                   {"", 400, "body_required", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cl, _ := newClient(t)
			before := cl.do("GET", "/v1/reservations", resttest.TravellerToken, "").Body.String()
			r := cl.do("POST", "/v1/reservations", resttest.TravellerToken, c.body, "Idempotency-Key: k-1", "Content-Type: application/json").want(t, c.status, c.code)
			if c.why != "" && r.places()[c.pointer] != c.why {
				t.Errorf("places %v, want %s at %q", r.places(), c.why, c.pointer)
			}
			if after := cl.do("GET", "/v1/reservations", resttest.TravellerToken, "").Body.String(); after != before {
				t.Errorf("something was changed: %s", after)
			}
			cl.place("k-1", placing(stayItem())).want(t, http.StatusCreated, "") // the key is not used up
		})
	}
}

func TestContentType(t *testing.T) {
	for value, ok := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, `Application/JSON;charset="UTF-8"`: true,
		"": false, "text/plain": false, "application/json; charset=latin1": false, "application/xml": false, "application/json-patch+json": false,
		"application/x-www-form-urlencoded": false, "application/json, text/plain": false,
	} {
		t.Run(value, func(t *testing.T) {
			cl, _ := newClient(t)
			r := httptest.NewRequest(http.MethodPost, "/v1/reservations", strings.NewReader(placing(stayItem())))
			r.Header.Set("Authorization", "Bearer "+resttest.TravellerToken)
			r.Header.Set("Idempotency-Key", "k")
			if value != "" {
				r.Header.Set("Content-Type", value)
			}
			if ok {
				cl.send(r).want(t, http.StatusCreated, "")
			} else {
				cl.send(r).want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
			}
		})
	}
	t.Run("compressed", func(t *testing.T) {
		cl, _ := newClient(t)
		cl.do("POST", "/v1/offers", resttest.TravellerToken, "{}", "Content-Encoding: gzip").want(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	})
}

// TestChunkedBodyIsBounded: a body that does not tell its length is not read beyond the limit.
func TestChunkedBodyIsBounded(t *testing.T) {
	cl, _ := newClient(t)
	read := 0
	endless := readerFunc(func(b []byte) (int, error) {
		for i := range b {
			b[i] = ' '
		}
		read += len(b)
		return len(b), nil
	})
	r := httptest.NewRequest(http.MethodPost, "/v1/offers", endless)
	r.ContentLength = -1
	r.Header.Set("Authorization", "Bearer "+resttest.TravellerToken)
	r.Header.Set("Content-Type", "application/json")
	cl.send(r).want(t, http.StatusRequestEntityTooLarge, "body_too_large")
	if read > 256<<10 {
		t.Errorf("%d bytes were read", read)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// TestSlowAndBrokenBodies needs a real connection: its deadline is what ends them.
func TestSlowAndBrokenBodies(t *testing.T) {
	d := resttest.Seed().Deps()
	d.Limits.BodyTime = 50 * time.Millisecond
	srv := httptest.NewServer(rest.New(d))
	defer srv.Close()
	head := "POST /v1/offers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + resttest.TravellerToken + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"stay\""
	for name, c := range map[string]struct {
		hangUp bool
		want   string
	}{"slow": {false, "408 "}, "broken off": {true, "400 "}} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, head); err != nil {
				t.Fatal(err)
			}
			if c.hangUp {
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			answer, _ := io.ReadAll(conn)
			if !strings.HasPrefix(string(answer), "HTTP/1.1 "+c.want) || !strings.Contains(string(answer), "application/problem+json") {
				t.Errorf("got %.200s", answer)
			}
		})
	}
}

func TestBadQueries(t *testing.T) {
	for target, c := range map[string]struct {
		status             int
		code, pointer, why string
	}{
		"/v1/hotels?limit=0":                              {422, "validation_failed", "limit", "too_small"},
		"/v1/hotels?limit=201":                            {422, "validation_failed", "limit", "too_large"},
		"/v1/hotels?limit=ten":                            {422, "validation_failed", "limit", "wrong_type"},
		"/v1/hotels?limits=10":                            {422, "validation_failed", "limits", "unknown_parameter"},
		"/v1/hotels?after=nonsense":                       {422, "validation_failed", "after", "not_a_cursor"},
		"/v1/reservations?after=nonsense":                 {422, "validation_failed", "after", "cursor_invalid"},
		"/v1/reservations?before=%00":                     {422, "validation_failed", "", "nul_character"},
		"/v1/reservations?locator=%00":                    {422, "validation_failed", "", "nul_character"},
		"/v1/reservations?status=open":                    {422, "validation_failed", "status", "not_a_choice"},
		"/v1/reservations?updated_since=yesterday":        {422, "validation_failed", "updated_since", "wrong_format"},
		"/v1/payments":                                    {422, "validation_failed", "reservation", "required"},
		"/v1/payments?reservation=res_nothing":            {404, "reservation_not_found", "", ""},
		"/v1/payments/pay_01kavwy2x4e8hrn5z3m7q9t6bg":     {404, "payment_not_found", "", ""},
		"/v1/payments/nonsense":                           {404, "payment_not_found", "", ""},
		"/v1/hotels/nonsense":                             {404, "hotel_not_found", "", ""},
		"/v1/hotels/htl_01kavwy2x4e8hrn5z3m7q9t6bg":       {404, "hotel_not_found", "", ""},
		theHotel + "/room-types/rt_x":                     {404, "room_type_not_found", "", ""},
		"/v1/reservations/res_01kavwy2x4e8hrn5z3m7q9t6bg": {404, "reservation_not_found", "", ""},
		"/v1/reservations/%2e%2e%2fetc":                   {404, "reservation_not_found", "", ""},
		"/v1/nothing":                                     {404, "path_unknown", "", ""},
		"/v2/hotels":                                      {404, "path_unknown", "", ""},
		"/v1/hotels/" + strings.Repeat("x", 200):          {422, "validation_failed", "hotel_id", "too_long"},
	} {
		t.Run(target, func(t *testing.T) {
			cl, _ := newClient(t)
			r := cl.do("GET", target, resttest.TravellerToken, "").want(t, c.status, c.code)
			if c.why != "" && r.places()[c.pointer] != c.why {
				t.Errorf("places %v, want %s at %q", r.places(), c.why, c.pointer)
			}
		})
	}
}

func TestMethodsAndPaths(t *testing.T) {
	cl, _ := newClient(t)
	r := cl.do("PATCH", "/v1/hotels", resttest.OperatorToken, "{}").want(t, http.StatusMethodNotAllowed, "method_not_allowed")
	if r.Header().Get("Allow") == "" {
		t.Error("no Allow header")
	}
	cl.do("POST", heldOne, resttest.TravellerToken, "{}").want(t, http.StatusMethodNotAllowed, "method_not_allowed")
	if r := cl.do("HEAD", theHotel, "", ""); r.Code != http.StatusOK {
		t.Errorf("HEAD: %d", r.Code)
	}
	if r := cl.do("GET", "/", "", ""); r.Code != http.StatusFound || r.Header().Get("Location") != "/docs" {
		t.Errorf("GET /: %d to %s", r.Code, r.Header().Get("Location"))
	}
}

// TestBadStaffWrites: the same for what staff send.
func TestBadStaffWrites(t *testing.T) {
	hotel := `{"name": "N", "city": "C", "country": "DE", "latitude": 1, "longitude": 2, "time_zone": "Europe/Berlin", "currency": "EUR"`
	for name, c := range map[string]struct {
		method, target, body string
		status               int
		code, pointer, why   string
	}{
		"unknown currency":       {"POST", "/v1/hotels", strings.Replace(hotel, "EUR", "XXQ", 1) + "}", 422, "validation_failed", "/currency", "unknown_currency"},
		"unknown zone":           {"POST", "/v1/hotels", strings.Replace(hotel, "Europe/Berlin", "Mars/Dome", 1) + "}", 422, "validation_failed", "/time_zone", "unknown_time_zone"},
		"latitude":               {"POST", "/v1/hotels", strings.Replace(hotel, `"latitude": 1`, `"latitude": 91`, 1) + "}", 422, "validation_failed", "/latitude", "too_large"},
		"levy without amount":    {"POST", "/v1/hotels", hotel + `, "levies": [{"kind": "fee", "code": "x", "rule": "per_stay"}]}`, 422, "validation_failed", "/levies/0/amount", "required"},
		"levy in other currency": {"POST", "/v1/hotels", hotel + `, "levies": [{"kind": "fee", "code": "x", "rule": "per_stay", "amount": {"amount": "1", "currency": "JPY"}}]}`, 422, "validation_failed", "/levies/0/amount/currency", "currency_mismatch"},
		"other supplier":         {"POST", "/v1/hotels", hotel + `, "supplier_id": "` + resttest.RivalID.Text("sup") + `"}`, 404, "supplier_not_found", "", ""},
		"move to other supplier": {"PUT", theHotel, hotel + `, "supplier_id": "` + resttest.RivalID.Text("sup") + `"}`, 422, "supplier_fixed", "/supplier_id", "supplier_fixed"},
		"change currency":        {"PUT", theHotel, strings.Replace(hotel, "EUR", "USD", 1) + "}", 409, "currency_fixed", "", ""},
		"price in other money":   {"POST", theHotel + "/room-types", `{"name": "x", "occupancy": {"adults": 1, "children": 0}, "base_price": {"amount": "1", "currency": "USD"}, "capacity": 1}`, 422, "validation_failed", "/base_price/currency", "currency_mismatch"},
		"negative price":         {"POST", theHotel + "/room-types", `{"name": "x", "occupancy": {"adults": 1, "children": 0}, "base_price": {"amount": "-1", "currency": "EUR"}, "capacity": 1}`, 422, "validation_failed", "/base_price/amount", "too_small"},
		"no capacity":            {"POST", theHotel + "/room-types", `{"name": "x", "occupancy": {"adults": 1, "children": 0}, "base_price": {"amount": "1", "currency": "EUR"}, "capacity": 0}`, 422, "validation_failed", "/capacity", "too_small"},
		"rates backwards":        {"PUT", theType + "/rates", `{"from": "2027-06-02", "to": "2027-06-01", "amount": "1.00"}`, 422, "validation_failed", "/to", "empty_range"},
		"rate as a number":       {"PUT", theType + "/rates", `{"from": "2027-06-01", "to": "2027-06-02", "amount": 1}`, 422, "validation_failed", "/amount", "wrong_type"},
		"rate in other currency": {"PUT", theType + "/rates", `{"from": "2027-06-01", "to": "2027-06-02", "amount": {"amount": "1", "currency": "USD"}}`, 422, "validation_failed", "/amount/amount", "currency_mismatch"},
		"rate with odd digits":   {"PUT", theType + "/rates", `{"from": "2027-06-01", "to": "2027-06-02", "amount": "1.005"}`, 422, "validation_failed", "/amount", "wrong_format"},
		"rate missing":           {"PUT", theType + "/rates", `{"from": "2027-06-01", "to": "2027-06-02"}`, 422, "validation_failed", "/amount", "required"},
		"nothing to change":      {"PUT", theType + "/inventory", `{"from": "2027-06-01", "to": "2027-06-02"}`, 422, "validation_failed", "", "required"},
		"target and overbooking": {"PUT", theType + "/inventory", `{"from": "2027-06-01", "to": "2027-06-02", "target": 1, "overbooking_bp": 1}`, 422, "validation_failed", "/target", "not_together"},
		"negative capacity":      {"PUT", theType + "/inventory", `{"from": "2027-06-01", "to": "2027-06-02", "capacity": -1}`, 422, "validation_failed", "/capacity", "too_small"},
		"room number twice":      {"POST", theHotel + "/rooms", `{"number": "204", "room_type_id": "` + resttest.RoomTypeID.Text("rt") + `"}`, 409, "number_taken", "", ""},
		"hotel with stays":       {"DELETE", theHotel, "", 409, "has_reservations", "", ""},
		"room type with stays":   {"DELETE", theType, "", 409, "has_reservations", "", ""},
		"override of nothing":    {"PUT", thePlan + "/overrides", `{"room_type_id": "rt_01kavwy2x4e8hrn5z3m7q9t6bg", "from": "2027-06-01", "to": "2027-06-02", "amount": "1"}`, 404, "room_type_not_found", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cl, _ := newClient(t)
			r := cl.do(c.method, c.target, resttest.StaffToken, c.body).want(t, c.status, c.code)
			if c.why != "" && r.places()[c.pointer] != c.why {
				t.Errorf("places %v, want %s at %q", r.places(), c.why, c.pointer)
			}
		})
	}
}
