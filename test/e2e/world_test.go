package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
	"holdfast/test/engine"
)

// shape is one way to run the binary.
type shape struct {
	name      string
	postgres  bool
	processes int
}

var (
	sqlite   = shape{"sqlite", false, 1}
	postgres = shape{"postgres", true, 1}
	pair     = shape{"postgres two processes", true, 2}
)

// onShapes runs a scenario on each of the shapes, on a world of its own.
func onShapes(t *testing.T, args []string, scenario func(*testing.T, *world), shapes ...shape) {
	t.Helper()
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			w := open(t, s, args...)
			scenario(t, w)
			if !t.Failed() {
				w.audit(t)
			}
		})
	}
}

// Suppliers that staff tokens name; the tour makes them.
const (
	acme  = "sup_01kavwy2x4e8hrn5z3m7q9t6b0"
	rival = "sup_01kavwy2x4e8hrn5z3m7q9t7b0"
)

// Tokens of the worlds. Further travellers are crowd(i), each a subject of its own, and hoard(i), all one subject.
const (
	operator   = "token-operator"
	acmeStaff  = "token-acme-staff"
	rivalStaff = "token-rival-staff"
	ada        = "token-ada"
	bob        = "token-bob"
)

const (
	crowdSize = 200
	hoardSize = 100
)

func crowd(i int) string { return fmt.Sprintf("token-crowd-%03d", i) }
func hoard(i int) string { return fmt.Sprintf("token-hoard-%03d", i) }

func writeTokens(t *testing.T, name string) {
	t.Helper()
	travels := []string{"offers:read", "reservations:write", "payments:write"}
	all := []api.Object{
		{"token": operator, "subject": "olga", "scopes": []string{"staff:*"}},
		{"token": acmeStaff, "subject": "acme-desk", "supplier": acme, "scopes": []string{"inventory:write", "refunds:approve"}},
		{"token": rivalStaff, "subject": "rival-desk", "supplier": rival, "scopes": []string{"inventory:write", "refunds:approve"}},
		{"token": ada, "subject": "ada", "scopes": travels},
		{"token": bob, "subject": "bob", "scopes": travels},
	}
	for i := range crowdSize {
		all = append(all, api.Object{"token": crowd(i), "subject": fmt.Sprintf("crowd-%03d", i), "scopes": travels})
	}
	for i := range hoardSize {
		all = append(all, api.Object{"token": hoard(i), "subject": "hoarder", "scopes": travels})
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// horizon is how far ahead the hotels of most worlds can be booked: short, to be quick.
const horizon = 60

// world is a store and the servers on it.
type world struct {
	t        *testing.T // the one the world lives for
	shape    shape
	store    []string // flags that name the store
	folder   string   // "" on PostgreSQL
	args     []string // further flags of serve
	servers  []*process.Server
	services []*api.Service
	keys     int
	hotels   int
}

// open starts a world; args are further flags of serve. It ends with t.
func open(t *testing.T, s shape, args ...string) *world {
	t.Helper()
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens.json")
	writeTokens(t, tokens)
	w := &world{t: t, shape: s, args: append([]string{"--tokens=" + tokens, "--log-level=warn", "--times-notice=0s"}, args...)}
	if s.postgres {
		w.store = []string{"--database-url=" + engine.Postgres(t)}
		w.must("migrate")
	} else {
		w.folder = filepath.Join(dir, "data")
		w.store = []string{"--data=" + w.folder}
	}
	t.Cleanup(w.close)
	if !w.has("--horizon-nights") {
		w.args = append(w.args, fmt.Sprintf("--horizon-nights=%d", horizon))
	}
	w.start()
	return w
}

func (w *world) has(flag string) bool { return strings.Contains(strings.Join(w.args, " "), flag) }

// start starts the processes that do not run.
func (w *world) start(args ...string) {
	w.t.Helper()
	for len(w.servers) < w.shape.processes {
		w.servers, w.services = append(w.servers, nil), append(w.services, nil)
	}
	for i := range w.servers {
		if w.servers[i] != nil {
			continue
		}
		flags := append(append([]string{fmt.Sprintf("--node=e2e-%d", i), "--database-max-conns=6"}, w.store...), w.args...)
		server, err := process.Start(w.t.Context(), binary, append(flags, args...)...)
		if err != nil {
			w.t.Fatal(err)
		}
		w.servers[i], w.services[i] = server, api.New(server.URL)
	}
}

// close ends the processes, and tells what they said if something went wrong.
func (w *world) close() {
	for i, s := range w.servers {
		if s == nil {
			continue
		}
		w.services[i].Close()
		if code, err := s.Stop(); err != nil || code != 0 {
			w.t.Errorf("server %d stopped with code %d, error %v", i, code, err)
		}
		if w.t.Failed() {
			w.t.Logf("server %d said at the end:\n%s", i, s.Tail())
		}
		w.servers[i] = nil
	}
}

// stop ends one process in good order; start starts it again.
func (w *world) stop(i int) {
	w.t.Helper()
	w.services[i].Close()
	if code, err := w.servers[i].Stop(); err != nil || code != 0 {
		w.t.Errorf("server %d stopped with code %d, error %v\n%s", i, code, err, w.servers[i].Tail())
	}
	w.servers[i] = nil
}

// kill ends one process with SIGKILL; start starts it again.
func (w *world) kill(i int) {
	w.services[i].Close()
	w.servers[i].Kill()
	w.servers[i] = nil
}

// command runs a command of the binary on the world's store.
func (w *world) command(args ...string) process.Result {
	w.t.Helper()
	result, err := process.Run(w.t.Context(), binary, append(append([]string{}, args...), w.store...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// must is command, and wants exit code 0.
func (w *world) must(args ...string) process.Result {
	w.t.Helper()
	r := w.command(args...)
	if r.Code != 0 {
		w.t.Fatalf("holdfast %s: exit code %d\n%s%s", strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r
}

// audit wants a clean audit, beside the running servers, and returns what it counted.
func (w *world) audit(t *testing.T) process.AuditReport {
	t.Helper()
	report, err := process.Audit(w.t.Context(), binary, w.store...)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Findings) > 0 {
		t.Errorf("the audit has %d findings: %+v", len(report.Findings), report.Findings)
	}
	if report.Reservations > 0 && (report.Pools == 0 || report.Slots == 0 || report.Entries < report.Reservations) {
		t.Errorf("the audit has not looked at everything: %+v", report)
	}
	return report
}

// on is the caller with a token, talking to process i.
func (w *world) on(t testing.TB, i int, token string) caller {
	return caller{t: t, world: w, service: w.services[i%len(w.services)], token: token}
}

// as is the caller with a token; calls of staff and single travellers go to the first process.
func (w *world) as(t testing.TB, token string) caller { return w.on(t, 0, token) }

// house is a hotel with one room type.
type house struct {
	hotel, roomType string
	city            string
	today           time.Time // in the hotel's zone, as a date
}

// night is the date of a night, counted from today.
func (h house) night(n int) string { return h.today.AddDate(0, 0, n).Format(time.DateOnly) }

// stay is a plain item of nights [from, to), counted from today.
func (h house) stay(from, to, rooms int) api.Stay {
	return api.Stay{HotelID: h.hotel, RoomTypeID: h.roomType, CheckIn: h.night(from), CheckOut: h.night(to), Rooms: rooms}
}

// order is the body of a reservation of plain items.
func order(items ...any) api.Object {
	return api.Object{"items": items, "travellers": []api.Object{{"given_name": "Ada", "family_name": "Example", "email": "ada@example.com"}}}
}

// suppliers makes acme and rival where they are not there yet.
func (w *world) suppliers(t testing.TB) {
	t.Helper()
	for id, name := range map[string]string{acme: "Acme Hotels", rival: "Rival Hotels"} {
		a := w.as(t, operator).call("POST", "/v1/suppliers", api.Object{"id": id, "name": name, "kind": "hotel_chain"})
		if a.Status != 201 && a.Problem().Code != "supplier_exists" {
			t.Fatalf("supplier %s: %d %s", name, a.Status, a.Body)
		}
	}
}

// hotelBody is a hotel in UTC, so that its dates are those of the tests.
func hotelBody(name, city string, bp int) api.Object {
	return api.Object{
		"supplier_id": acme, "name": name, "stars": 4, "address": "Testweg 1", "city": city, "country": "DE", "latitude": 51.34, "longitude": 12.37,
		"time_zone": "UTC", "currency": "EUR", "amenities": []string{"wifi"}, "check_in_from": "15:00", "check_out_until": "11:00", "overbooking_bp": bp,
	}
}

func typeBody(name, price string, capacity int) api.Object {
	return api.Object{
		"name": name, "occupancy": api.Object{"adults": 2, "children": 1}, "base_price": api.Money{Amount: price, Currency: "EUR"}, "capacity": capacity,
	}
}

// house makes a hotel in a city of its own with one room type of so many rooms and so much overbooking. It returns when
// every process sells it.
func (w *world) house(t testing.TB, rooms, overbookingBP int) house {
	t.Helper()
	w.suppliers(t)
	w.hotels++
	city := fmt.Sprintf("Proofville %s", strings.Repeat("x", w.hotels))
	desk := w.as(t, acmeStaff)
	var hotel, kind api.Named
	desk.want(201, "POST", "/v1/hotels", hotelBody("House of "+city, city, overbookingBP), &hotel)
	desk.want(201, "POST", "/v1/hotels/"+hotel.ID+"/room-types", typeBody("Double", "100.00", rooms), &kind)
	h := house{hotel: hotel.ID, roomType: kind.ID, city: city, today: w.today()}
	for i := range w.servers {
		process.Eventually(t, "process "+w.servers[i].URL+" sells the new hotel", func() bool {
			a := w.on(t, i, ada).call("GET", "/v1/hotels/"+hotel.ID+"/room-types/"+kind.ID, nil)
			return a.OK() && len(w.on(t, i, ada).offers(h.search(10, 11)).Offers) > 0
		})
	}
	return h
}

// search is a search for one room in the house.
func (h house) search(from, to int) api.Object {
	return api.Object{"stay": api.Object{"hotel_id": h.hotel, "check_in": h.night(from), "check_out": h.night(to), "rooms": []api.Party{{Adults: 2}}}}
}

// today is the date in UTC as the world's clock shows it.
func (w *world) today() time.Time {
	now := time.Now()
	if w.has("--clock") {
		now = w.as(w.t, ada).clock()
	}
	y, m, d := now.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// nights is the inventory of nights [from, to).
func (w *world) nights(t testing.TB, h house, from, to int) []api.Night {
	t.Helper()
	var found api.Inventory
	path := fmt.Sprintf("/v1/hotels/%s/room-types/%s/inventory?from=%s&to=%s", h.hotel, h.roomType, h.night(from), h.night(to))
	w.as(t, acmeStaff).want(200, "GET", path, nil, &found)
	if len(found.Nights) != to-from {
		t.Fatalf("%d nights, want %d", len(found.Nights), to-from)
	}
	return found.Nights
}
