package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/hotel"
	"holdfast/internal/telemetry"
	"holdfast/rest"
	"holdfast/rest/resttest"
	"holdfast/uid"
)

// keeping is what an answer must say.
type keeping struct {
	anonymous, known string // Cache-Control; "" where the call needs a token
	vary, etag       bool
}

const (
	never   = "no-store"
	asking  = "private, no-cache"
	briefly = "public, max-age=10, stale-while-revalidate=60"
)

// keepings is the table of docs/api.md, written a second time by hand: a new GET operation needs a line here.
var keepings = map[string]keeping{
	"list-hotels":     {briefly, asking, true, false},
	"get-hotel":       {briefly, asking, true, true},
	"list-room-types": {briefly, asking, true, false},
	"get-room-type":   {briefly, asking, true, true},

	"list-rate-plans":   {"", never, false, false},
	"get-rate-plan":     {"", asking, false, true},
	"list-rooms":        {"", never, false, false},
	"get-room":          {"", asking, false, true},
	"get-inventory":     {"", never, false, false},
	"list-reservations": {"", never, false, false},
	"get-reservation":   {"", asking, false, true},
	"get-history":       {"", never, false, false},
	"list-payments":     {"", never, false, false},
	"get-payment":       {"", never, false, false},
	"list-suppliers":    {"", never, false, false},
	"get-supplier":      {"", never, false, false},
	"get-clock":         {"", never, false, false},
	"get-health":        {never, never, false, false},
	"get-readiness":     {never, never, false, false},

	"list-feeds":     {"", never, false, false},
	"get-feed":       {"", asking, false, true},
	"list-feed-runs": {"", never, false, false},
	"get-feed-run":   {"", never, false, false},

	"get-train":               {briefly, briefly, false, false},
	"get-train-seats":         {never, never, false, false},
	"list-stations":           {briefly, briefly, false, false},
	"get-station":             {briefly, briefly, false, false},
	"list-station-departures": {briefly, briefly, false, false},
	"find-places":             {briefly, briefly, false, false},
	"get-airport":             {briefly, briefly, false, false},
	"list-carriers":           {briefly, briefly, false, false},
	"get-flight":              {briefly, asking, true, false},
	"get-departure":           {briefly, asking, true, false},
	"get-flight-seats":        {never, never, false, false},
	"get-flight-calendar":     {"", never, false, false},
	"get-flight-tariff":       {"", asking, false, true},
	"list-flight-fares":       {"", never, false, false},
	"list-flight-schedules":   {"", never, false, false},
	"list-aircraft-types":     {"", never, false, false},
	"get-train-fares":         {"", never, false, false},
	"list-train-conflicts":    {"", never, false, false},
	"list-flight-conflicts":   {"", never, false, false},

	"list-refused-refunds": {"", never, false, false},
}

// TestCaching walks every GET operation and holds what it says about keeping its answer against the table, for who says
// who they are and for who does not; an entity tag is strong, and who has it gets 304 with the same headers.
func TestCaching(t *testing.T) {
	h := resttest.Seed().Handler()
	d, seen := readDocument(t, h), 0
	send := func(r *http.Request, token string) *httptest.ResponseRecorder {
		r.Header.Del("Authorization")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	check := func(t *testing.T, rec *httptest.ResponseRecorder, control string, k keeping) {
		t.Helper()
		if got := rec.Header().Get("Cache-Control"); got != control {
			t.Errorf("%d says Cache-Control %q, want %q", rec.Code, got, control)
		}
		if got := rec.Header().Get("Vary") == "Authorization"; got != k.vary {
			t.Errorf("Vary %q", rec.Header().Get("Vary"))
		}
		if tag := rec.Header().Get("ETag"); (tag != "") != k.etag || strings.HasPrefix(tag, "W/") {
			t.Errorf("ETag %q", tag)
		}
	}
	for _, o := range d.operations() {
		if o.method != "get" {
			continue
		}
		t.Run(o.id(), func(t *testing.T) {
			k, ok := keepings[o.id()]
			if !ok {
				t.Fatal("the operation is not in the table of this test")
			}
			seen++
			token := o.token()
			if token == "" {
				token = resttest.OperatorToken
			}
			for token, control := range map[string]string{token: k.known, "": k.anonymous} {
				rec := send(o.request(t, nil), token)
				if control == "" {
					if rec.Code != http.StatusUnauthorized || rec.Header().Get("Cache-Control") != never {
						t.Errorf("without a token: %d, Cache-Control %q", rec.Code, rec.Header().Get("Cache-Control"))
					}
					continue
				}
				if rec.Code != http.StatusOK {
					t.Fatalf("%d %s", rec.Code, rec.Body)
				}
				check(t, rec, control, k)
				if k.etag {
					again := o.request(t, nil)
					again.Header.Set("If-None-Match", rec.Header().Get("ETag"))
					fresh := send(again, token)
					if fresh.Code != http.StatusNotModified || fresh.Body.Len() > 0 || fresh.Header().Get("ETag") != rec.Header().Get("ETag") {
						t.Errorf("who has it gets %d %s", fresh.Code, fresh.Body)
					}
					check(t, fresh, control, k)
				}
			}
		})
	}
	if seen != len(keepings) {
		t.Errorf("%d of the %d operations of the table are served", seen, len(keepings))
	}
}

// TestPagesAreKept: the same for what is no operation.
func TestPagesAreKept(t *testing.T) {
	c, _ := newClient(t)
	for path, control := range map[string]string{
		"/openapi.json": "public, max-age=60, stale-while-revalidate=600", "/docs": "public, no-cache", "/docs/app.js": "public, no-cache", "/docs/style.css": "public, no-cache",
		"/errors": "public, max-age=3600, stale-while-revalidate=86400", "/errors/sold_out": "public, max-age=3600, stale-while-revalidate=86400",
	} {
		r := c.do("GET", path, "", "")
		tag := r.Header().Get("ETag")
		if r.Code != http.StatusOK || r.Header().Get("Cache-Control") != control || !strings.HasPrefix(tag, `"`) {
			t.Errorf("%s: %d, Cache-Control %q, ETag %q", path, r.Code, r.Header().Get("Cache-Control"), tag)
		}
		again := c.do("GET", path, "", "", "If-None-Match: "+tag)
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("Cache-Control") != control {
			t.Errorf("%s: who has it gets %d", path, again.Code)
		}
		if other := c.do("GET", path, "", "", `If-None-Match: "other"`); other.Code != http.StatusOK {
			t.Errorf("%s: who has another one gets %d", path, other.Code)
		}
	}
	if r := c.do("GET", "/metrics", "", ""); r.Header().Get("Cache-Control") != never {
		t.Errorf("/metrics: %q", r.Header().Get("Cache-Control"))
	}
}

// TestNeverKept: offers, what changes something, and every refusal say no-store, also where the answer could be kept.
func TestNeverKept(t *testing.T) {
	c, _ := newClient(t)
	search := `{"stay": {"place": "Lisbon", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 2}]}}`
	for name, r := range map[string]reply{
		"search":        c.do("POST", "/v1/offers", resttest.TravellerToken, search),
		"placing":       c.place("k", placing(stayItem())),
		"change":        c.do("PUT", thePlan, resttest.StaffToken, `{"name": "x"}`),
		"unknown hotel": c.do("GET", "/v1/hotels/htl_01kavwy2x4e8hrn5z3m7q9t6bg", "", ""),
		"bad parameter": c.do("GET", "/v1/hotels?limit=0", "", ""),
		"unknown path":  c.do("GET", "/v1/nothing", "", ""),
		"unknown code":  c.do("GET", "/errors/nothing", "", ""),
	} {
		if got := r.Header().Get("Cache-Control"); got != never {
			t.Errorf("%s: %d says %q", name, r.Code, got)
		}
	}
}

// asking looks something up in a store, or does not.
type askingHotels struct {
	hotel.Service
	store bool
}

func (a askingHotels) House(ctx context.Context, e *hotel.Editor, id uid.ID) (*hotel.House, error) {
	if a.store {
		telemetry.UseStore(ctx)
	}
	return a.Service.House(ctx, e, id)
}

// TestStoreIsCounted: /metrics tells how many requests touched a database: those whose context did, and what was changed.
func TestStoreIsCounted(t *testing.T) {
	for _, store := range []bool{false, true} {
		w := resttest.Seed()
		d := w.Deps()
		d.Hotels = askingHotels{w.Hotels(), store}
		c := &client{t: t, h: rest.New(d)}
		c.do("GET", theHotel, "", "").want(t, http.StatusOK, "")
		c.do("GET", theHotel, "", "").want(t, http.StatusOK, "")
		c.place("k", placing(stayItem())).want(t, http.StatusCreated, "")
		c.place("", placing(stayItem())).want(t, http.StatusBadRequest, "idempotency_key_malformed")
		want := []string{
			`holdfast_http_store_requests_total{route="GET /v1/hotels/{hotel_id}",store="no"} 2`, `holdfast_http_store_requests_total{route="GET /v1/hotels/{hotel_id}",store="yes"} 0`,
			`holdfast_http_store_requests_total{route="POST /v1/reservations",store="yes"} 1`, `holdfast_http_store_requests_total{route="POST /v1/reservations",store="no"} 1`,
		}
		if store {
			want[0], want[1] = strings.Replace(want[0], "} 2", "} 0", 1), strings.Replace(want[1], "} 0", "} 2", 1)
		}
		m := c.do("GET", "/metrics", "", "").Body.String()
		for _, line := range want {
			if !strings.Contains(m, line) {
				t.Errorf("store %v: /metrics lacks %s", store, line)
			}
		}
	}
}
