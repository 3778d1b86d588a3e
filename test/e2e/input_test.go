package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"holdfast/test/e2e/api"
)

// badCall is a request that has to be refused, with what has to be said about it.
type badCall struct {
	name    string
	method  string // POST if left out
	path    string // /v1/reservations if left out
	token   string // ada's if left out
	body    any    // marshalled
	raw     string // or sent as it is
	stream  io.Reader
	media   string
	header  http.Header
	status  int
	code    string
	pointer string // of the first wrong place; "" for any or none
	place   string // its code; "" for any or none
}

// TestBadInput: whatever comes in, the answer is a documented problem and nothing is changed.
func TestBadInput(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		h := w.house(t, 10, 0)
		kept := w.as(t, ada).book(h.stay(10, 12, 1))
		before, nights := w.audit(t), fmt.Sprint(w.nights(t, h, 0, horizon))
		for _, c := range badCalls(h, kept.ID) {
			t.Run(c.name, func(t *testing.T) { c.check(t, w) })
		}
		if after := w.audit(t); fmt.Sprintf("%+v", after) != fmt.Sprintf("%+v", before) {
			t.Errorf("the books have changed:\n%+v\n%+v", before, after)
		}
		if after := fmt.Sprint(w.nights(t, h, 0, horizon)); after != nights {
			t.Errorf("the inventory has changed:\n%s\n%s", nights, after)
		}
		if got := w.as(t, ada).get(kept.ID); got.Status != "confirmed" {
			t.Errorf("what was there has changed: %+v", got)
		}
		w.as(t, ada).reserve(h.stay(10, 12, 1)) // and the server is well
	}, sqlite, postgres)
}

func (c *badCall) check(t *testing.T, w *world) {
	t.Helper()
	r := api.Request{Method: c.method, Path: c.path, Token: c.token, Key: "bad-" + strings.ReplaceAll(c.name, " ", "-"), ContentType: c.media, Header: c.header}
	if r.Method == "" {
		r.Method = "POST"
	}
	if r.Path == "" {
		r.Path = "/v1/reservations"
	}
	if r.Token == "" {
		r.Token = ada
	}
	switch {
	case c.stream != nil:
		r.Raw = c.stream
	case c.raw != "":
		r.Raw = strings.NewReader(c.raw)
	case c.body != nil:
		r.Body = c.body
	}
	if r.Method == http.MethodGet || c.header.Get("Idempotency-Key") != "" {
		r.Key = ""
	}
	a := w.as(t, ada).do(r)
	p := a.Problem()
	if a.Status != c.status || p.Code != c.code {
		t.Errorf("%d %s, want %d %s\n%s", a.Status, p.Code, c.status, c.code, a.Body)
	}
	checkProblem(t, a)
	if c.pointer != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer) {
		t.Errorf("errors %+v, want the first at %s", p.Errors, c.pointer)
	}
	if c.place != "" && (len(p.Errors) == 0 || p.Errors[0].Code != c.place) {
		t.Errorf("errors %+v, want the first with the code %s", p.Errors, c.place)
	}
	codes := []string{p.Code}
	for _, place := range p.Errors {
		codes = append(codes, place.Code)
	}
	for i, code := range codes {
		page, err := w.services[0].Do(t.Context(), api.Request{Method: "GET", Path: "/errors/" + code})
		if err != nil || page.Status != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || !strings.Contains(string(page.Body), code) {
			t.Errorf("no page for the code %s: %v, %+v", code, err, page)
		} else if i == 0 && !strings.Contains(string(page.Body), fmt.Sprintf(">%d<", a.Status)) {
			t.Errorf("%s is documented with another status than %d", code, a.Status)
		}
	}
}

// badCalls is the list of the issue, word by word, and what is next to it.
func badCalls(h house, kept string) []badCall {
	stay := func(change func(api.Object)) api.Object {
		item := api.Object{"hotel_id": h.hotel, "room_type_id": h.roomType, "check_in": h.night(10), "check_out": h.night(12), "rooms": 1}
		change(item)
		return order(item)
	}
	set := func(field string, value any) api.Object {
		return stay(func(item api.Object) { item[field] = value })
	}
	text := fmt.Sprintf(`{"items": [{"hotel_id": %q, "room_type_id": %q, "check_in": %q, "check_out": %q, "rooms": 1}], "travellers": [{"given_name": "Ada", "family_name": "Example"}]}`,
		h.hotel, h.roomType, h.night(10), h.night(12))
	replaced := func(old, with string) string {
		out := strings.Replace(text, old, with, 1)
		if out == text {
			panic("e2e: " + old + " is not in the body")
		}
		return out
	}
	named := func(field string, value any) api.Object {
		o := order(h.stay(10, 12, 1))
		o[field] = value
		return o
	}
	at := "/v1/hotels/" + h.hotel
	inventory := at + "/room-types/" + h.roomType + "/inventory"
	unknownHotel, unknownType := "htl_01kavwy2x4e8hrn5z3m7q9t6b0", "rt_01kavwy2x4e8hrn5z3m7q9t6b0"
	const item = "/items/0"
	return []badCall{
		{name: "negative rooms", body: set("rooms", -1), status: 422, code: "validation_failed", pointer: item + "/rooms"},
		{name: "zero rooms", body: set("rooms", 0), status: 422, code: "validation_failed", pointer: item + "/rooms"},
		{name: "more rooms than a number holds", raw: replaced(`"rooms": 1`, `"rooms": 99999999999999999999`), status: 422, code: "validation_failed", pointer: item + "/rooms"},
		{name: "half a room", raw: replaced(`"rooms": 1`, `"rooms": 0.5`), status: 422, code: "validation_failed", pointer: item + "/rooms"},
		{name: "rooms as a text", body: set("rooms", "1"), status: 422, code: "validation_failed", pointer: item + "/rooms"},
		{name: "dates backwards", body: stay(func(i api.Object) { i["check_in"], i["check_out"] = h.night(12), h.night(10) }), status: 422, code: "dates_backwards", pointer: item + "/check_out"},
		{name: "no night", body: set("check_out", h.night(10)), status: 422, code: "dates_backwards", pointer: item + "/check_out"},
		{name: "in the past", body: stay(func(i api.Object) { i["check_in"], i["check_out"] = h.night(-3), h.night(-1) }), status: 422, code: "in_past", pointer: item + "/check_in"},
		{name: "beyond the horizon", body: stay(func(i api.Object) { i["check_in"], i["check_out"] = h.night(horizon), h.night(horizon+2) }), status: 422, code: "beyond_horizon", pointer: item + "/check_out"},
		{name: "400 nights", body: set("check_out", h.night(410)), status: 422, code: "stay_too_long", pointer: item + "/check_out"},
		{name: "a date that is none", body: set("check_in", "2027-02-30"), status: 422, code: "validation_failed", pointer: item + "/check_in"},
		{name: "a date with a time", body: set("check_in", h.night(10)+"T00:00:00Z"), status: 422, code: "validation_failed", pointer: item + "/check_in"},
		{name: "unknown hotel", body: set("hotel_id", unknownHotel), status: 404, code: "hotel_not_found"},
		{name: "unknown room type", body: set("room_type_id", unknownType), status: 404, code: "room_type_not_found"},
		{name: "an id that is none", body: set("hotel_id", "1 OR 1=1"), status: 422, code: "validation_failed", pointer: item + "/hotel_id"},
		{name: "unknown reservation", method: "GET", path: "/v1/reservations/res_01kavwy2x4e8hrn5z3m7q9t6b0", status: 404, code: "reservation_not_found"},
		{name: "unknown reservation to pay", path: "/v1/reservations/res_unknown/pay", body: api.Object{"payment_method": "pm_test_approved"}, status: 404, code: "reservation_not_found"},
		{name: "unknown quote", path: "/v1/reservations/" + kept + "/cancellations/quo_01kavwy2x4e8hrn5z3m7q9t6b0/confirm", status: 404, code: "quote_not_found"},
		{name: "unknown hotel to read", method: "GET", path: "/v1/hotels/" + unknownHotel, status: 404, code: "hotel_not_found"},
		{name: "an offer that is none", body: order(api.Object{"offer": "off_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}), status: 422, code: "offer_invalid"},
		{name: "an offer and more", body: order(api.Object{"offer": "off_aaaaaaaaaaaaaaaa", "rooms": 1}), status: 422, code: "validation_failed", pointer: item},
		{name: "wrong currency of the total", body: named("expected_total", api.Money{Amount: "200.00", Currency: "USD"}), status: 409, code: "price_changed"},
		{name: "wrong total", body: named("expected_total", api.Money{Amount: "1.00", Currency: "EUR"}), status: 409, code: "price_changed"},
		{name: "too many digits of a currency", body: named("expected_total", api.Money{Amount: "200.001", Currency: "EUR"}), status: 422, code: "validation_failed", pointer: "/expected_total/amount"},
		{
			name: "wrong currency of a room type", token: acmeStaff, path: at + "/room-types", status: 422, code: "validation_failed", place: "currency_mismatch",
			body: api.Object{"name": "Dollar room", "occupancy": api.Object{"adults": 2, "children": 0}, "base_price": api.Money{Amount: "100.00", Currency: "USD"}, "capacity": 1},
		},
		{
			name: "wrong currency of a rate", token: acmeStaff, method: "PUT", path: at + "/room-types/" + h.roomType + "/rates", status: 422, code: "validation_failed", place: "currency_mismatch",
			body: api.Object{"from": h.night(1), "to": h.night(2), "amount": api.Money{Amount: "100.00", Currency: "USD"}},
		},
		{name: "no item", body: order(), status: 422, code: "validation_failed", pointer: "/items"},
		{name: "nobody travels", body: named("travellers", []any{}), status: 422, code: "validation_failed", pointer: "/travellers"},
		{name: "nobody sleeps there", body: set("adults", 0), status: 422, code: "validation_failed", pointer: item + "/adults"},
		{name: "too many sleep there", body: set("adults", 9), status: 422, code: "occupancy_exceeded"},
		{name: "a huge body", raw: `{"items": [` + strings.Repeat(" ", 1<<20) + `]}`, status: 413, code: "body_too_large"},
		{name: "a huge body without a length", stream: io.LimitReader(endless('a'), 1<<20), status: 413, code: "body_too_large"},
		{name: "invalid UTF-8", raw: replaced("Example", "Ex\xff\xfeample"), status: 400, code: "invalid_utf8"},
		{name: "half a surrogate", raw: replaced("Example", `Ex\ud800ample`), status: 400, code: "invalid_utf8"},
		{name: "a key twice", raw: replaced(`"rooms": 1`, `"rooms": 1, "rooms": 2`), status: 400, code: "duplicate_key", pointer: item + "/rooms"},
		{name: "a key twice at the top", raw: replaced(`"travellers"`, `"items": [], "travellers"`), status: 400, code: "duplicate_key", pointer: "/items"},
		{name: "a field in the wrong case", raw: replaced(`"rooms"`, `"Rooms"`), status: 422, code: "validation_failed", pointer: item + "/Rooms"},
		{name: "an unknown field", raw: replaced(`"rooms": 1`, `"rooms": 1, "discount": 100`), status: 422, code: "validation_failed", pointer: item + "/discount"},
		{name: "null for a number", raw: replaced(`"rooms": 1`, `"rooms": null`), status: 422, code: "validation_failed", pointer: item + "/rooms"},
		{name: "half a body", raw: text[:len(text)/2], status: 400, code: "malformed_json"},
		{name: "two bodies", raw: text + text, status: 400, code: "trailing_data"},
		{name: "a list for an object", raw: `[` + text + `]`, status: 422, code: "validation_failed"},
		{name: "nested too deeply", raw: strings.Repeat("[", 10_000), status: 400, code: "too_deep"},
		{name: "no body", raw: "", status: 415, code: "unsupported_media_type"},
		{name: "wrong content type", raw: text, media: "text/plain", status: 415, code: "unsupported_media_type"},
		{name: "a form", raw: "rooms=1", media: "application/x-www-form-urlencoded", status: 415, code: "unsupported_media_type"},
		{name: "another character set", raw: text, media: "application/json; charset=iso-8859-1", status: 415, code: "unsupported_media_type"},
		{name: "compressed", raw: text, header: http.Header{"Content-Encoding": {"gzip"}}, status: 415, code: "unsupported_media_type"},
		{name: "unknown token", token: "token-nobody-has", raw: text, status: 401, code: "token_unknown"},
		{name: "a token without the scope", token: acmeStaff, raw: text, status: 403, code: "scope_missing"},
		{name: "a key that is none", raw: text, header: http.Header{"Idempotency-Key": {"a", "b"}}, status: 400, code: "idempotency_key_malformed"},
		{name: "unknown path", path: "/v1/rooms", raw: text, status: 404, code: "path_unknown"},
		{name: "wrong method", method: "PATCH", raw: text, status: 405, code: "method_not_allowed"},
		{name: "an unknown parameter", method: "GET", path: "/v1/reservations?sort=price", status: 422, code: "validation_failed"},
		{name: "a cursor that is none", method: "GET", path: "/v1/reservations?after=%20nonsense", status: 422, code: "validation_failed"},
		{name: "too long a page", method: "GET", path: "/v1/reservations?limit=1000", status: 422, code: "validation_failed"},
		{name: "a card number", path: "/v1/reservations/" + kept + "/pay", body: api.Object{"payment_method": "4111 1111 1111 1111"}, status: 422, code: "card_number_refused"},
		{name: "negative capacity", token: acmeStaff, method: "PUT", path: inventory, body: api.Object{"from": h.night(1), "to": h.night(2), "capacity": -1}, status: 422, code: "validation_failed", pointer: "/capacity"},
		{name: "inventory backwards", token: acmeStaff, method: "PUT", path: inventory, body: api.Object{"from": h.night(2), "to": h.night(1), "capacity": 1}, status: 422, code: "validation_failed", pointer: "/to"},
		{name: "inventory of nothing", token: acmeStaff, method: "PUT", path: inventory, body: api.Object{"from": h.night(1), "to": h.night(2)}, status: 422, code: "validation_failed"},
		{name: "inventory of another house's staff", token: rivalStaff, method: "PUT", path: inventory, body: api.Object{"from": h.night(1), "to": h.night(2), "closed": true}, status: 404, code: "hotel_not_found"},
		{name: "a place nobody knows", path: "/v1/offers", body: api.Object{"stay": api.Object{"place": "Xanadu", "check_in": h.night(1), "check_out": h.night(2), "rooms": []api.Party{{Adults: 1}}}}, status: 404, code: "place_unknown"},
		{name: "two places at once", path: "/v1/offers", body: api.Object{"stay": api.Object{"place": "Leipzig", "hotel_id": h.hotel, "check_in": h.night(1), "check_out": h.night(2), "rooms": []api.Party{{Adults: 1}}}}, status: 422, code: "validation_failed"},
		{name: "a zone that is none", token: acmeStaff, path: "/v1/hotels", body: withField(hotelBody("Zoneless", "Nowhere", 0), "time_zone", "Mars/Olympus"), status: 422, code: "validation_failed", pointer: "/time_zone"},
		{name: "off the map", token: acmeStaff, path: "/v1/hotels", body: withField(hotelBody("Placeless", "Nowhere", 0), "latitude", 91), status: 422, code: "validation_failed", pointer: "/latitude"},
	}
}

func withField(o api.Object, field string, value any) api.Object {
	o[field] = value
	return o
}

// endless reads as one letter for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}
