package rest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/rest"
	"holdfast/rest/resttest"
	"holdfast/uid"
)

// broken is a hotel service that fails in a way of its own.
type broken struct {
	hotel.Service
	err error
}

func (b broken) House(context.Context, *hotel.Editor, uid.ID) (*hotel.House, error) {
	if b.err == nil {
		panic("secret of a panic")
	}
	return nil, b.err
}

// TestDefectsShowNothing: a defect is answered without what it is, logged once with the request's id, and the server
// goes on.
func TestDefectsShowNothing(t *testing.T) {
	for name, err := range map[string]error{
		"internal":   fault.Wrap(errors.New("secret SQL"), "read hotel"),
		"other type": errors.New("secret driver error"),
		"panic":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			w, log := resttest.Seed(), &bytes.Buffer{}
			d := w.Deps()
			d.Logger, d.Hotels = slog.New(slog.NewJSONHandler(log, nil)), broken{w.Hotels(), err}
			c := &client{t: t, h: rest.New(d)}
			r := c.do("GET", theHotel, "", "", "X-Request-Id: my-1").want(t, http.StatusInternalServerError, "internal")
			if strings.Contains(r.Body.String(), "secret") || r.text("request_id") != "my-1" {
				t.Errorf("the answer shows %s", r.Body)
			}
			if n := strings.Count(log.String(), `"level":"ERROR"`); n != 1 || !strings.Contains(log.String(), "my-1") || !strings.Contains(log.String(), "secret") {
				t.Errorf("%d errors logged: %s", n, log)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	c, _ := newClient(t)
	for sent, kept := range map[string]bool{"abc-1.2_3:4": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false, "with blank": false, "new\tline": false, "": false} {
		r := c.do("GET", "/healthz", "", "", "X-Request-Id: "+sent)
		got := r.Header().Get("X-Request-Id")
		if (got == sent) != kept || got == "" {
			t.Errorf("sent %q, got %q", sent, got)
		}
	}
	r := c.do("GET", "/v1/nothing", "", "").want(t, http.StatusNotFound, "path_unknown")
	if r.text("request_id") != r.Header().Get("X-Request-Id") {
		t.Errorf("problem says %q, header %q", r.text("request_id"), r.Header().Get("X-Request-Id"))
	}
}

// TestLogHoldsNoSecrets: what a caller sends does not get into the log.
func TestLogHoldsNoSecrets(t *testing.T) {
	w, log := resttest.Seed(), &bytes.Buffer{}
	d := w.Deps()
	d.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := &client{t: t, h: rest.New(d)}
	c.place("key-secret", placing(stayItem())).want(t, http.StatusCreated, "")
	c.do("POST", heldOne+"/pay", resttest.TravellerToken, `{"payment_method": "4111111111111111"}`, "Idempotency-Key: k").want(t, http.StatusUnprocessableEntity, "card_number_refused")
	c.do("GET", "/v1/hotels?q=query-secret", "tok_wrong-secret", "").want(t, http.StatusUnauthorized, "token_unknown")
	for _, secret := range []string{resttest.TravellerToken, "Lindqvist", "key-secret", "query-secret", "tok_wrong-secret", "4111", resttest.HeldID.Text("res")} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
	for _, fact := range []string{`"route":"POST /v1/reservations"`, `"status":201`, `"subject":"traveller-1"`, `"code":"card_number_refused"`} {
		if !strings.Contains(log.String(), fact) {
			t.Errorf("the log lacks %s: %s", fact, log)
		}
	}
}

func TestRateLimit(t *testing.T) {
	w := resttest.Seed()
	d := w.Deps()
	d.Limits = rest.Limits{Rate: 0.001, Burst: 3, Subjects: 4}
	c := &client{t: t, h: rest.New(d)}
	for left := 2; left >= 0; left-- {
		r := c.do("GET", "/v1/reservations", resttest.TravellerToken, "").want(t, http.StatusOK, "")
		if want := `"default";r=` + strconv.Itoa(left) + ";t="; !strings.HasPrefix(r.Header().Get("RateLimit"), want) {
			t.Errorf("RateLimit %q, want %s", r.Header().Get("RateLimit"), want)
		}
		if got := r.Header().Get("RateLimit-Policy"); got != `"default";q=3;w=3000` {
			t.Errorf("RateLimit-Policy %q", got)
		}
	}
	r := c.do("GET", "/v1/reservations", resttest.TravellerToken, "").want(t, http.StatusTooManyRequests, "rate_limited")
	if s, err := strconv.Atoi(r.Header().Get("Retry-After")); err != nil || s < 900 || s > 1000 {
		t.Errorf("Retry-After %q", r.Header().Get("Retry-After"))
	}
	c.do("GET", "/v1/reservations", resttest.OtherToken, "").want(t, http.StatusOK, "")
	for range 3 {
		c.do("GET", "/v1/reservations", "tok_guess", "").want(t, http.StatusUnauthorized, "token_unknown")
	}
	c.do("GET", "/v1/reservations", "tok_guess2", "").want(t, http.StatusTooManyRequests, "rate_limited") // guessing is counted by address
	c.do("GET", "/healthz", "", "").want(t, http.StatusOK, "")
}

func TestProbes(t *testing.T) {
	w := resttest.Seed()
	d := w.Deps()
	ready := errors.New("secret host is down")
	d.Ready = func(context.Context) error { return ready }
	c := &client{t: t, h: rest.New(d)}
	c.do("GET", "/healthz", "", "").want(t, http.StatusOK, "")
	if r := c.do("GET", "/readyz", "", "").want(t, http.StatusServiceUnavailable, "not_ready"); strings.Contains(r.Body.String(), "secret") {
		t.Errorf("got %s", r.Body)
	}
	ready = nil
	c.do("GET", "/readyz", "", "").want(t, http.StatusOK, "")
	c.do("PURGE", "/v1/hotels", "", "")
	m := c.do("GET", "/metrics", "", "")
	for _, line := range []string{
		`holdfast_http_requests_total{method="GET",route="GET /healthz",status="200"} 1`, `holdfast_http_requests_total{method="other",route="unmatched",status="405"} 1`,
		`holdfast_http_request_seconds_count{method="GET",route="GET /readyz"} 2`, `holdfast_http_requests_in_flight 1`,
	} {
		if !strings.Contains(m.Body.String(), line) {
			t.Errorf("/metrics lacks %s:\n%s", line, m.Body)
		}
	}
}

func TestSandboxClock(t *testing.T) {
	c, w := newClient(t)
	c.do("POST", "/v1/sandbox/clock", resttest.ReaderToken, `{"advance_seconds": 901}`).want(t, http.StatusOK, "")
	if r := c.do("GET", heldOne, resttest.TravellerToken, ""); r.text("status") != "expired" {
		t.Errorf("after its hold: %s", r.Body)
	}
	c.do("POST", "/v1/sandbox/clock", resttest.ReaderToken, `{"now": "2026-01-01T00:00:00Z"}`).want(t, http.StatusConflict, "clock_backwards")
	c.do("POST", "/v1/sandbox/clock", resttest.ReaderToken, `{}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	c.do("POST", "/v1/sandbox/clock", resttest.ReaderToken, `{"now": "2027-01-01T00:00:00Z", "advance_seconds": 1}`).want(t, http.StatusUnprocessableEntity, "validation_failed")
	if r := c.do("POST", "/v1/sandbox/clock", resttest.ReaderToken, `{"now": "2027-01-01T01:00:00+01:00"}`).want(t, http.StatusOK, ""); r.text("now") != "2027-01-01T00:00:00Z" {
		t.Errorf("now %s", r.text("now"))
	}
	d := w.Deps()
	d.SandboxClock = nil
	live := &client{t: t, h: rest.New(d)}
	live.do("GET", "/v1/sandbox/clock", resttest.ReaderToken, "").want(t, http.StatusNotFound, "path_unknown")
	if r := live.do("GET", "/openapi.json", "", ""); strings.Contains(r.Body.String(), "sandbox/clock") {
		t.Error("the document names the sandbox clock outside of test mode")
	}
}

func TestConditions(t *testing.T) {
	c, _ := newClient(t)
	for _, target := range []string{theHotel, theType, theRoom, thePlan} {
		r := c.do("GET", target, resttest.StaffToken, "").want(t, http.StatusOK, "")
		tag := r.Header().Get("ETag")
		if tag != `"7"` {
			t.Errorf("%s: ETag %s", target, tag)
		}
		if r := c.do("GET", target, resttest.StaffToken, "", `If-None-Match: "1", W/`+tag); r.Code != http.StatusNotModified || r.Body.Len() != 0 || r.Header().Get("ETag") != tag {
			t.Errorf("%s: %d %s", target, r.Code, r.Body)
		}
		c.do("GET", target, resttest.StaffToken, "", `If-None-Match: "6"`).want(t, http.StatusOK, "")
	}
	if pub := c.do("GET", theHotel, "", "").Header().Get("ETag"); pub != `"7-public"` {
		t.Errorf("the public view has the ETag %s", pub)
	}
	res := c.do("GET", heldOne, resttest.TravellerToken, "").want(t, http.StatusOK, "")
	if r := c.do("GET", heldOne, resttest.TravellerToken, "", "If-None-Match: "+res.Header().Get("ETag")); r.Code != http.StatusNotModified {
		t.Errorf("reservation: %d", r.Code)
	}

	plan := `{"name": "x"}`
	for _, stale := range []string{`"6"`, `W/"7"`, `"nonsense"`, `"6", "5"`} {
		c.do("PUT", thePlan, resttest.StaffToken, plan, "If-Match: "+stale).want(t, http.StatusPreconditionFailed, "changed_meanwhile")
	}
	c.do("PUT", thePlan, resttest.StaffToken, plan, "If-Match: 7").want(t, http.StatusBadRequest, "header_malformed")
	if r := c.do("PUT", thePlan, resttest.StaffToken, plan, `If-Match: "3", "7-public"`).want(t, http.StatusOK, ""); r.Header().Get("ETag") != `"8"` {
		t.Errorf("ETag %s", r.Header().Get("ETag"))
	}
	c.do("DELETE", theRoom, resttest.StaffToken, "", `If-Match: "7"`).want(t, http.StatusPreconditionFailed, "changed_meanwhile")
	if r := c.do("DELETE", theRoom, resttest.StaffToken, "", "If-Match: *"); r.Code != http.StatusNoContent {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestStaffWritesShow(t *testing.T) {
	c, _ := newClient(t)
	made := c.do("POST", "/v1/hotels", resttest.StaffToken, `{"name": "Neu", "city": "Wien", "country": "AT", "latitude": 48.2, "longitude": 16.4, "time_zone": "Europe/Vienna", "currency": "EUR"}`).want(t, http.StatusCreated, "")
	if made.text("supplier_id") != resttest.SupplierID.Text("sup") || made.at("overbooking_bp") != float64(1000) || made.text("check_in_from") != "15:00" || made.text("check_out_until") != "11:00" {
		t.Errorf("defaults: %s", made.Body)
	}
	at := made.Header().Get("Location")
	rt := c.do("POST", at+"/room-types", resttest.StaffToken, `{"name": "Zimmer", "occupancy": {"adults": 2, "children": 0}, "base_price": {"amount": "99.5", "currency": "EUR"}, "capacity": 3}`).want(t, http.StatusCreated, "")
	if rt.text("base_price", "amount") != "99.50" {
		t.Errorf("price %v", rt.at("base_price"))
	}
	c.do("PUT", rt.Header().Get("Location")+"/rates", resttest.StaffToken, `{"from": "2027-06-10", "to": "2027-06-11", "amount": "120.00"}`).want(t, http.StatusOK, "")
	c.do("PUT", rt.Header().Get("Location")+"/inventory", resttest.StaffToken, `{"from": "2027-06-11", "to": "2027-06-12", "closed": true, "min_stay": 2}`).want(t, http.StatusOK, "")
	inv := c.do("GET", rt.Header().Get("Location")+"/inventory?from=2027-06-10&to=2027-06-12", resttest.StaffToken, "").want(t, http.StatusOK, "")
	if inv.text("nights", 0, "price", "amount") != "120.00" || inv.at("nights", 0, "available") != float64(3) || inv.at("nights", 1, "closed") != true || inv.at("nights", 1, "available") != float64(0) || inv.at("nights", 1, "min_stay") != float64(2) {
		t.Errorf("inventory %s", inv.Body)
	}
	if n := len(c.do("GET", rt.Header().Get("Location")+"/inventory", resttest.StaffToken, "").at("nights").([]any)); n != 31 {
		t.Errorf("%d nights without a range", n)
	}
	plan := c.do("POST", at+"/rate-plans", resttest.StaffToken, `{"name": "Plan", "price_percent": 87.5, "cancellation_fee_percent": 33.33}`).want(t, http.StatusCreated, "")
	if plan.at("price_percent") != 87.5 || plan.at("cancellation_fee_percent") != 33.33 || plan.at("free_cancellation_hours") != nil || plan.text("board") != "room_only" {
		t.Errorf("plan %s", plan.Body)
	}
	over := c.do("PUT", plan.Header().Get("Location")+"/overrides", resttest.StaffToken, `{"room_type_id": "`+rt.text("id")+`", "from": "2027-12-30", "to": "2028-01-02", "amount": "390.00"}`).want(t, http.StatusOK, "")
	if over.text("overrides", 0, "price", "amount") != "390.00" || over.text("overrides", 0, "to") != "2028-01-02" {
		t.Errorf("overrides %s", over.Body)
	}
	if l := c.do("GET", "/v1/hotels?city=wien", "", ""); l.text("hotels", 0, "name") != "Neu" {
		t.Errorf("list %s", l.Body)
	}
}

func TestPagesOfTheSite(t *testing.T) {
	c, _ := newClient(t)
	for target, want := range map[string]string{"/docs": "<title>Holdfast API", "/docs/app.js": "openapi.json", "/docs/style.css": "--accent", "/errors": "sold_out", "/errors/sold_out": "Sold out"} {
		r := c.do("GET", target, "", "")
		if r.Code != http.StatusOK || !strings.Contains(r.Body.String(), want) {
			t.Errorf("%s: %d", target, r.Code)
		}
		csp := r.Header().Get("Content-Security-Policy")
		if csp == "" || strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: policy %q", target, csp)
		}
	}
	if r := c.do("GET", "/errors/nothing", "", ""); r.Code != http.StatusNotFound {
		t.Errorf("/errors/nothing: %d", r.Code)
	}
}
