package rest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/hotel"
	"holdfast/reservation"
	"holdfast/rest"
	"holdfast/rest/resttest"
)

// stuckHotels and stuckDesk answer when they are let go.
type stuckHotels struct {
	hotel.Service
	entered chan<- struct{}
	free    <-chan struct{}
}

func (s stuckHotels) Search(ctx context.Context, q hotel.StayQuery) ([]hotel.Proposal, error) {
	s.entered <- struct{}{}
	<-s.free
	return s.Service.Search(ctx, q)
}

type stuckDesk struct {
	reservation.Service
	entered chan<- struct{}
	free    <-chan struct{}
}

func (s stuckDesk) Place(ctx context.Context, r reservation.PlaceRequest) (reservation.Answer, error) {
	s.entered <- struct{}{}
	<-s.free
	return s.Service.Place(ctx, r)
}

// TestTurnedAway: when all places of a class are taken, the next call is refused before its body is read, with the time
// to come back; the other classes, staff and probes are served; and a place given back is taken again.
func TestTurnedAway(t *testing.T) {
	const search = `{"stay": {"place": "Lisbon", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 2}]}}`
	w := resttest.Seed()
	d := w.Deps()
	entered, free := make(chan struct{}, 8), make(chan struct{})
	d.Hotels, d.Reservations = stuckHotels{w.Hotels(), entered, free}, stuckDesk{w.Reservations(), entered, free}
	d.Limits = rest.Limits{Reads: 2, Writes: 1, Staff: 1}
	c := &client{t: t, h: rest.New(d)}
	var calls sync.WaitGroup
	ask := func(f func() reply, status int) {
		calls.Go(func() {
			if r := f(); r.Code != status {
				t.Errorf("a call that was let in got %d: %s", r.Code, r.Body)
			}
		})
		<-entered
	}
	for range 2 {
		ask(func() reply { return c.do("POST", "/v1/offers", resttest.TravellerToken, search) }, http.StatusOK)
	}
	refused := func(method, target string, headers ...string) {
		t.Helper()
		r := httptest.NewRequest(method, target, readerFunc(func([]byte) (int, error) {
			t.Error("the body of a call that is turned away was read")
			return 0, io.EOF
		}))
		for _, h := range append(headers, "Authorization: Bearer "+resttest.TravellerToken, "Content-Type: application/json") {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		got := c.send(r).want(t, http.StatusServiceUnavailable, "overloaded")
		if s, err := strconv.Atoi(got.Header().Get("Retry-After")); err != nil || s < 1 || s > 3 {
			t.Errorf("Retry-After %q", got.Header().Get("Retry-After"))
		}
	}
	refused("POST", "/v1/offers")
	refused("GET", theHotel)
	ask(func() reply { return c.place("k1", placing(stayItem())) }, http.StatusCreated)
	refused("POST", "/v1/reservations", "Idempotency-Key: k2")
	c.do("GET", theHotel, resttest.StaffToken, "").want(t, http.StatusOK, "")
	for _, path := range []string{"/healthz", "/readyz", "/docs", "/openapi.json"} {
		if r := c.do("GET", path, "", ""); r.Code != http.StatusOK {
			t.Errorf("%s: %d", path, r.Code)
		}
	}
	m := c.do("GET", "/metrics", "", "").Body.String()
	for _, line := range []string{
		`holdfast_http_turned_away_total{class="read"} 2`, `holdfast_http_turned_away_total{class="write"} 1`, `holdfast_http_turned_away_total{class="staff"} 0`,
		`holdfast_http_under_way{class="read"} 2`, `holdfast_http_limit{class="read"} 2`, `holdfast_http_admitted_total{class="staff"} 1`,
	} {
		if !strings.Contains(m, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	close(free)
	calls.Wait()
	c.do("GET", theHotel, resttest.TravellerToken, "").want(t, http.StatusOK, "")
	c.place("k2", placing(stayItem())).want(t, http.StatusCreated, "")
}

// dialled is a connection with its reader.
type dialled struct {
	net.Conn
	r *bufio.Reader
}

// get is the status of an answer, whether the connection closes after it, and its header.
func (d dialled) get(t *testing.T, path string) (status int, closes bool, h http.Header) {
	t.Helper()
	_ = d.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(d, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(d.r, nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return r.StatusCode, r.Close, r.Header
}

// TestConnectionsAreBounded: when clients have taken all connections, others are turned away and probes are answered; a
// connection that is closed can be taken again.
func TestConnectionsAreBounded(t *testing.T) {
	plain, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := resttest.Seed().Deps()
	listener := rest.Bound(plain, 2, d.Registry)
	server, served := rest.NewServer("", rest.New(d), nil), make(chan error, 1)
	var serving sync.WaitGroup
	serving.Go(func() { served <- server.Serve(listener) })
	dial := func() dialled {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", plain.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return dialled{c, bufio.NewReader(c)}
	}
	one, two := dial(), dial()
	for _, c := range []dialled{one, two, one} {
		if status, closes, _ := c.get(t, theHotel); status != http.StatusOK || closes {
			t.Fatalf("within the bound: %d, close %v", status, closes)
		}
	}
	if status, closes, h := dial().get(t, theHotel); status != http.StatusServiceUnavailable || !closes || h.Get("Retry-After") == "" {
		t.Errorf("beyond the bound: %d, close %v", status, closes)
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if status, closes, _ := dial().get(t, path); status != http.StatusOK || !closes {
			t.Errorf("%s beyond the bound: %d, close %v", path, status, closes)
		}
	}
	_ = one.Close()
	deadline := time.Now().Add(10 * time.Second)
	for again := 0; again != http.StatusOK; again, _, _ = dial().get(t, theHotel) {
		if time.Now().After(deadline) {
			t.Fatal("the place of a closed connection is not given out again")
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	serving.Wait()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// TestAcceptEnds: a listener that waits for a place can be closed.
func TestAcceptEnds(t *testing.T) {
	plain, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := rest.Bound(plain, 1, prometheus.NewRegistry())
	for range 33 { // all and the spare ones
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", plain.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := l.Accept(); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		_, err := l.Accept()
		ended <- err
	})
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	waiting.Wait()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
}
