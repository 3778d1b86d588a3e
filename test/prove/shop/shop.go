// Package shop is a real server with clients at work, for proofs about what the server stands on: the clients place, pay
// and cancel over HTTP and remember what they were told, so that after whatever was done to the store it can be asked
// whether all of that is true.
package shop

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// Tokens of a shop. Clients are client-000 and so on, each a subject of its own.
const (
	operator = "token-operator"
	supplier = "sup_01kavwy2x4e8hrn5z3m7q9t6b0"
	clients  = 64
)

func client(i int) string { return fmt.Sprintf("token-client-%03d", i) }

// Shop is where the data is and how servers are started on it.
type Shop struct {
	Binary string
	Store  []string // flags that name the store
	Server *process.Server

	// NoPayments lets the clients of Work place and cancel alone, so that one store holds all there is.
	NoPayments bool

	args    []string
	service *api.Service
	hotel   house
	next    int // numbers rounds of clients, whose keys must differ
}

type house struct {
	id, few, many string // the hotel, a room type that sells out and one that does not
	today         time.Time
}

// New makes a shop on a store, which its flags name; args are further flags of serve. No server runs yet.
func New(t testing.TB, binary string, store []string, args ...string) *Shop {
	t.Helper()
	tokens := filepath.Join(t.TempDir(), "tokens.json")
	travels := []string{"offers:read", "reservations:write", "payments:write"}
	all := []api.Object{{"token": operator, "subject": "olga", "scopes": []string{"staff:*"}}}
	for i := range clients {
		all = append(all, api.Object{"token": client(i), "subject": fmt.Sprintf("client-%03d", i), "scopes": travels})
	}
	text, err := json.Marshal(all)
	if err == nil {
		err = os.WriteFile(tokens, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Shop{Binary: binary, Store: store, args: append([]string{
		"--tokens=" + tokens, "--log-level=warn", "--times-notice=0s", "--horizon-nights=60", "--node=shop",
		"--caps-holds-per-pool=100000", "--caps-units-per-pool=100000",
	}, args...)}
	t.Cleanup(func() {
		if s.Server != nil {
			if t.Failed() {
				t.Logf("the server said at the end:\n%s", s.Server.Tail())
			}
			s.Kill()
		}
	})
	return s
}

// On is the same shop on another store: the same clients, hotel and history, no server yet.
func (s *Shop) On(t testing.TB, store ...string) *Shop {
	t.Helper()
	o := *s
	o.Store, o.Server, o.service = store, nil, nil
	t.Cleanup(func() {
		if o.Server != nil {
			if t.Failed() {
				t.Logf("the server on %v said at the end:\n%s", store, o.Server.Tail())
			}
			o.Kill()
		}
	})
	return &o
}

// Start starts the server and returns when it takes requests.
func (s *Shop) Start(t testing.TB) {
	t.Helper()
	if err := s.TryStart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TryStart is Start for a server that may well refuse.
func (s *Shop) TryStart(ctx context.Context) error {
	server, err := process.Start(ctx, s.Binary, append(append([]string{}, s.Store...), s.args...)...)
	if err != nil {
		return err
	}
	s.Server, s.service = server, api.New(server.URL)
	return nil
}

// Kill ends the server with SIGKILL.
func (s *Shop) Kill() {
	s.service.Close()
	s.Server.Kill()
	s.Server = nil
}

// Stop ends the server in good order.
func (s *Shop) Stop(t testing.TB) {
	t.Helper()
	s.service.Close()
	if code, err := s.Server.Stop(); err != nil || code != 0 {
		t.Errorf("the server stopped with code %d, error %v\n%s", code, err, s.Server.Tail())
	}
	s.Server = nil
}

// Furnish makes the hotel that is sold: rooms of a scarce type and 100,000 of another.
func (s *Shop) Furnish(t testing.TB, scarce int) {
	t.Helper()
	s.want(t, 201, "POST", "/v1/suppliers", api.Object{"id": supplier, "name": "Acme Hotels", "kind": "hotel_chain"}, nil)
	var hotel api.Named
	s.want(t, 201, "POST", "/v1/hotels", api.Object{
		"supplier_id": supplier, "name": "House of Proof", "stars": 4, "address": "Testweg 1", "city": "Proofville", "country": "DE", "latitude": 51.34, "longitude": 12.37,
		"time_zone": "UTC", "currency": "EUR", "amenities": []string{"wifi"}, "check_in_from": "15:00", "check_out_until": "11:00", "overbooking_bp": 0,
	}, &hotel)
	kind := func(name string, capacity int) string {
		var made api.Named
		s.want(t, 201, "POST", "/v1/hotels/"+hotel.ID+"/room-types", api.Object{
			"name": name, "occupancy": api.Object{"adults": 2, "children": 1}, "base_price": api.Money{Amount: "100.00", Currency: "EUR"}, "capacity": capacity,
		}, &made)
		return made.ID
	}
	y, m, d := time.Now().UTC().Date()
	s.hotel = house{hotel.ID, kind("Scarce", scarce), kind("Plenty", 100_000), time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	process.Eventually(t, "the hotel is sold", func() bool {
		_, err := s.Try(t.Context(), "furnish")
		return err == nil
	})
}

// order is the body of a reservation of nights from some day on.
func (s *Shop) order(kind string, from, nights int) api.Object {
	date := func(n int) string { return s.hotel.today.AddDate(0, 0, n).Format(time.DateOnly) }
	return api.Object{
		"items":      []any{api.Stay{HotelID: s.hotel.id, RoomTypeID: kind, CheckIn: date(from), CheckOut: date(from + nights), Rooms: 1}},
		"travellers": []api.Object{{"given_name": "Ada", "family_name": "Example", "email": "ada@example.com"}},
	}
}

// Try makes one reservation of what there is plenty of. Its answer may be a refusal.
func (s *Shop) Try(ctx context.Context, key string) (*api.Answer, error) {
	a, err := s.service.Do(ctx, api.Request{Method: "POST", Path: "/v1/reservations", Token: client(0), Key: key, Body: s.order(s.hotel.many, 30, 1)})
	if err == nil && a.Status == 404 {
		err = fmt.Errorf("the hotel is not there: %s", a.Body)
	}
	return a, err
}

// Read reads something as the operator.
func (s *Shop) Read(ctx context.Context, path string) (*api.Answer, error) {
	return s.service.Do(ctx, api.Request{Method: "GET", Path: path, Token: operator})
}

// Hotel is the path of the hotel.
func (s *Shop) Hotel() string { return "/v1/hotels/" + s.hotel.id }

// want makes a call of the operator.
func (s *Shop) want(t testing.TB, status int, method, path string, body, into any) {
	t.Helper()
	s.next++
	a, err := s.service.Do(t.Context(), api.Request{Method: method, Path: path, Token: operator, Key: fmt.Sprintf("operator-%d", s.next), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, a.Status, status, a.Body)
	}
	if into != nil {
		if err := a.Into(into); err != nil {
			t.Fatal(err)
		}
	}
}

// Run runs a command of the binary on the shop's store and wants an exit code.
func (s *Shop) Run(t testing.TB, code int, args ...string) process.Result {
	t.Helper()
	r, err := process.Run(t.Context(), s.Binary, append(append([]string{}, args...), s.Store...)...)
	if err != nil {
		t.Fatal(err)
	}
	if r.Code != code {
		t.Fatalf("holdfast %v: exit code %d, want %d\n%s%s", args, r.Code, code, r.Stdout, r.Stderr)
	}
	return r
}

// Audit wants a clean audit.
func (s *Shop) Audit(t testing.TB) process.AuditReport {
	t.Helper()
	report := s.Findings(t)
	if len(report.Findings) > 0 {
		t.Errorf("the audit has %d findings: %+v", len(report.Findings), report.Findings)
	}
	if report.Reservations > 0 && (report.Pools == 0 || report.Slots == 0 || report.Entries < report.Reservations) {
		t.Errorf("the audit has not looked at everything: %+v", report)
	}
	return report
}

// Findings is an audit that may find something.
func (s *Shop) Findings(t testing.TB) process.AuditReport {
	t.Helper()
	report, err := process.Audit(t.Context(), s.Binary, s.Store...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
