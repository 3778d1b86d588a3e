package traffic_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/test/load/drive"
	"holdfast/test/load/traffic"
	"holdfast/uid"
)

// fake is a server with three hotels that counts what it is asked.
type fake struct {
	mu     sync.Mutex
	counts map[string]int
	keys   map[string]bool
	busy   bool // refuses bookings
	empty  bool // has nothing to sell
	last   map[string]any
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	count := func(what string) { f.counts[what]++ }
	if r.Header.Get("Authorization") != "Bearer secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch path := r.Method + " " + r.URL.Path; {
	case path == "GET /v1/hotels" && r.URL.Query().Get("city") != "":
		count("list")
		_, _ = fmt.Fprint(w, `{"hotels":[]}`)
	case path == "GET /v1/hotels" && r.URL.Query().Get("after") == "":
		_, _ = fmt.Fprint(w, `{"hotels":[{"id":"htl_1","city":"Lisbon"},{"id":"htl_2","city":"New York"}],"next":"a&b"}`)
	case path == "GET /v1/hotels" && r.URL.Query().Get("after") == "a&b":
		_, _ = fmt.Fprint(w, `{"hotels":[{"id":"htl_3","city":"Lisbon"}],"next":null}`)
	case strings.HasPrefix(path, "GET /v1/hotels/htl_"):
		if r.Header.Get("If-None-Match") == `"7"` {
			count("not modified")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		count("page")
		w.Header().Set("ETag", `"7"`)
		_, _ = fmt.Fprint(w, `{}`)
	case path == "POST /v1/offers":
		f.last = nil
		var body struct {
			Stay map[string]any `json:"stay"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		f.last = body.Stay
		if body.Stay["hotel_id"] != nil {
			count("booking page")
		} else {
			count("search")
		}
		if f.empty {
			_, _ = fmt.Fprint(w, `{"offers":[]}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"offers":[{"id":"off_abc","hotel":{}}]}`)
	case path == "POST /v1/reservations":
		if f.busy {
			count("refused")
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		count("placed")
		if key := r.Header.Get("Idempotency-Key"); f.keys[key] || key == "" {
			w.WriteHeader(http.StatusTeapot)
			return
		} else {
			f.keys[key] = true
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"id":"%s","status":"held"}`, uid.New().Text("res"))
	case strings.HasSuffix(path, "/pay"):
		count("paid")
		_, _ = fmt.Fprint(w, `{}`)
	case r.Method == http.MethodDelete:
		count("released")
		w.WriteHeader(http.StatusNoContent)
	case strings.HasPrefix(path, "GET /v1/reservations/res_"):
		_, _ = fmt.Fprint(w, `{"status":"expired"}`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func open(t *testing.T, f *fake) *traffic.Site {
	t.Helper()
	f.counts, f.keys = map[string]int{}, map[string]bool{}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	address, err := traffic.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	site, err := traffic.Open(t.Context(), traffic.Target{Address: address, Tokens: []string{"secret"}, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := site.Close(); err != nil {
			t.Error(err)
		}
	})
	return site
}

func run(t *testing.T, site *traffic.Site, name string, steps int64) (*drive.Result, int64) {
	t.Helper()
	scenario, err := site.Scenario(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return drive.Closed(t.Context(), scenario, drive.Load{Clients: 4, Tries: steps, Targets: 1, Seed: 9}), scenario.Extra.Load()
}

// The funnel has the shares that it says it has.
func TestFunnelShares(t *testing.T) {
	f := &fake{}
	r, extra := run(t, open(t, f), "funnel", 3*333)
	if r.Placed != 3*333 || r.Err != nil {
		t.Fatalf("%d of %d steps done: %v", r.Placed, 3*333, r.Err)
	}
	if len(r.Acks) != 9 || extra != 9 || f.counts["placed"] != 9 || f.counts["paid"] != 9 {
		t.Errorf("%d acknowledged, %d further requests, %d placed, %d paid; want 9 of each", len(r.Acks), extra, f.counts["placed"], f.counts["paid"])
	}
	// A sale before the first booking page looks at one itself.
	if f.counts["search"] != 180 || f.counts["list"] != 120 || f.counts["booking page"] < 90 || f.counts["booking page"] > 99 {
		t.Errorf("%v", f.counts)
	}
	pages, known := f.counts["page"]+f.counts["not modified"], f.counts["not modified"]
	if pages != 600 || known < 250 || known > 310 {
		t.Errorf("%d hotel pages, %d of them not modified", pages, known)
	}
}

func TestHotLetsGo(t *testing.T) {
	f := &fake{}
	site := open(t, f)
	if r, extra := run(t, site, "hot", 50); r.Placed != 50 || extra != 50 || f.counts["placed"] != 50 || f.counts["released"] != 50 || len(r.Acks) != 0 {
		t.Errorf("%+v, %v", r, f.counts)
	}
	f.busy = true
	if r, _ := run(t, site, "hot", 20); r.Shed != 20 || r.Failed != 0 {
		t.Errorf("a busy server: %d shed, %d failed (%v)", r.Shed, r.Failed, r.Err)
	}
	f.empty = true
	if _, err := site.Scenario(t.Context(), "hot"); err == nil || !strings.Contains(err.Error(), "anything to sell") {
		t.Errorf("nothing to sell: %v", err)
	}
	if r, _ := run(t, site, "search", 10); r.Failed != 10 {
		t.Errorf("searches that find nothing: %d of 10 failed", r.Failed)
	}
}

func TestSearchAsksForWhatItSays(t *testing.T) {
	f := &fake{}
	site := open(t, f)
	if r, _ := run(t, site, "search", 1); r.Placed != 1 {
		t.Fatal(r.Err)
	}
	from, err := time.Parse(time.DateOnly, fmt.Sprint(f.last["check_in"]))
	if err != nil || time.Until(from) < 25*24*time.Hour || f.last["place"] == nil {
		t.Errorf("asked for %v (%v)", f.last, err)
	}
	if err := site.Booked(t.Context(), 0, uid.New()); err == nil || !strings.Contains(err.Error(), "it is expired") {
		t.Errorf("a booking that has gone: %v", err)
	}
}

func TestTargets(t *testing.T) {
	for url, want := range map[string]string{"http://h:1": "h:1", "http://h/": "h:80", "https://h": "", "h:1": "", "http://h/x": ""} {
		if got, err := traffic.ParseURL(url); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"hotels":[],"next":null}`) }))
	defer server.Close()
	address := server.Listener.Addr().String()
	if _, err := traffic.Open(t.Context(), traffic.Target{Address: address, Tokens: []string{"x"}}); err == nil || !strings.Contains(err.Error(), "no hotels") {
		t.Errorf("an empty server: %v", err)
	}
	if _, err := traffic.Open(t.Context(), traffic.Target{Address: address}); err == nil {
		t.Error("went on without a token")
	}
}
