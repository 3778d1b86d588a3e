package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
	"holdfast/test/prove/effort"
)

const (
	killClients = 60
	killNights  = 12 // the busy nights begin at night 10
	scarce      = 11 // what can be sold of the scarce room type: 10 rooms and 10 %
)

// deal is one reservation that a client tried to make, and what it was told about it.
type deal struct {
	client  int
	name    string // makes its keys
	body    api.Object
	placed  *api.Answer // nil: not heard of yet
	refused bool        // told that nothing was reserved
	is      api.Reservation

	next string      // what the client did then: "", "pay" or "release"
	done *api.Answer // the answer to that; nil: not heard

	cancels   bool        // it went on to cancel what it had paid
	cancelled *api.Answer // the answer to that; nil: not heard
}

// post makes a call of the deal's client at some process. The answer is nil when the connection broke.
func (d *deal) post(ctx context.Context, s *api.Service, method, path, step string, body any) *api.Answer {
	a, err := s.Do(ctx, api.Request{Method: method, Path: path, Token: crowd(d.client), Key: d.name + step, Body: body})
	if err != nil {
		return nil
	}
	return a
}

// place makes or repeats the first call.
func (d *deal) place(ctx context.Context, s *api.Service) *api.Answer {
	return d.post(ctx, s, http.MethodPost, "/v1/reservations", "", d.body)
}

// follow makes or repeats the second call.
func (d *deal) follow(ctx context.Context, s *api.Service) *api.Answer {
	path := "/v1/reservations/" + d.is.ID
	if d.next == "pay" {
		return d.post(ctx, s, http.MethodPost, path+"/pay", "-pay", api.Object{"payment_method": "pm_test_approved"})
	}
	return d.post(ctx, s, http.MethodDelete, path, "", nil)
}

// TestKill sells under load, kills processes with SIGKILL at random times and starts them again: what was acknowledged
// is there as it was acknowledged, calls that were not answered come to one end when they are repeated, and the books
// agree with what the clients know.
//
// Seeds choose what the clients want and when the processes are killed; the machine chooses the rest.
func TestKill(t *testing.T) {
	endUnderLoad(t, func(w *world, i int) { w.kill(i) })
}

// TestTerminate is TestKill with SIGTERM: the process finishes what it has begun, ends with code 0, and nothing that was
// acknowledged is lost.
func TestTerminate(t *testing.T) {
	endUnderLoad(t, func(w *world, i int) { w.stop(i) })
}

// endUnderLoad sells on every shape, ends processes under their clients, starts them again and compares.
func endUnderLoad(t *testing.T, end func(*world, int)) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		few, many := w.house(t, 10, 1000), w.house(t, 5000, 0)
		var deals []*deal
		for _, seed := range effort.Seeds(t, 1, form(3, 20)) {
			fresh := w.loadAndEnd(t, seed, end, few, many)
			w.start()
			for i := range w.servers {
				process.Eventually(t, "the restarted process is ready", func() bool { return w.on(t, i, "").call("GET", "/readyz", nil).OK() })
			}
			deals = append(deals, fresh...)
			if err := settle(w, fresh); err != nil {
				t.Fatalf("seed %d: %v; %s", seed, err, effort.Repeat("kill", seed))
			}
			compareBooks(t, w, deals, few, many)
			w.audit(t)
			if t.Failed() {
				t.Fatal(effort.Repeat("kill", seed))
			}
		}
	}, sqlite, postgres, pair)
}

// loadAndEnd lets clients sell until their process is ended under them.
func (w *world) loadAndEnd(t *testing.T, seed uint64, end func(*world, int), few, many house) []*deal {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var all []*deal
	var clients sync.WaitGroup
	for c := range killClients {
		service, random := w.services[c%len(w.services)], rand.New(rand.NewPCG(seed, uint64(c)))
		clients.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				from := 10 + random.IntN(killNights-3)
				h := many
				if random.IntN(2) == 0 {
					h = few
				}
				d := &deal{client: c, name: fmt.Sprintf("kill-%d-%d-%d", seed, c, i), body: order(h.stay(from, from+1+random.IntN(3), 1))}
				mu.Lock()
				all = append(all, d)
				mu.Unlock()
				if !d.run(ctx, service, random) {
					return
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(seed, killClients))
	<-time.After(time.Duration(200+random.IntN(600)) * time.Millisecond)
	victims := []int{random.IntN(len(w.servers))}
	if seed%2 == 0 {
		victims = nil
		for i := range w.servers {
			victims = append(victims, i)
		}
	}
	for _, i := range victims {
		end(w, i)
	}
	stop() // those whose process lives on are cut off too, half-way
	clients.Wait()
	heard, cancelled := 0, 0
	for _, d := range all {
		if d.placed != nil {
			heard++
		}
		if d.cancelled != nil {
			cancelled++
		}
	}
	t.Logf("seed %d: ended %v of %d after %d deals, %d of them acknowledged, %d cancelled again after paying", seed, victims, len(w.servers), len(all), heard, cancelled)
	return all
}

// run places a reservation and goes on with it in one of four ways; false once the process is gone.
func (d *deal) run(ctx context.Context, s *api.Service, random *rand.Rand) bool {
	a := d.place(ctx, s)
	if a == nil {
		return false
	}
	if d.heard(a) != nil || d.placed == nil {
		return true // refused, or something that settle will complain of
	}
	if d.next = []string{"", "pay", "pay", "release"}[random.IntN(4)]; d.next == "" {
		return true
	}
	d.done = d.follow(ctx, s)
	if d.done == nil || d.next != "pay" || d.done.Status != http.StatusOK || random.IntN(2) == 0 {
		return d.done != nil
	}
	d.cancels = true
	d.cancelled = d.cancel(ctx, s)
	return d.cancelled != nil
}

// cancel makes or repeats the two calls that cancel what was paid. The answer is nil when the connection broke, and the
// quote's when there was none.
func (d *deal) cancel(ctx context.Context, s *api.Service) *api.Answer {
	path := "/v1/reservations/" + d.is.ID + "/cancellations"
	a := d.post(ctx, s, http.MethodPost, path, "-quote", nil)
	if a == nil || a.Status != http.StatusCreated {
		return a
	}
	var quote api.Named
	if a.Into(&quote) != nil {
		return a
	}
	return d.post(ctx, s, http.MethodPost, path+"/"+quote.ID+"/confirm", "-cancel", nil)
}

// heard notes an answer to the placing.
func (d *deal) heard(a *api.Answer) error {
	code := a.Problem().Code
	switch {
	case a.Status == 201 && d.placed == nil:
		d.placed = a
		return a.Into(&d.is)
	case a.Status == 201 && !bytes.Equal(a.Body, d.placed.Body):
		return fmt.Errorf("%s was answered twice, not alike:\n%s\n%s", d.name, d.placed.Body, a.Body)
	case a.Status == 201:
	case d.placed == nil && (code == "sold_out" || code == "hold_limit" || code == "overloaded"):
		d.refused = true
	default:
		return fmt.Errorf("%s: %d %s", d.name, a.Status, a.Body)
	}
	return nil
}

// settle reads what was acknowledged and repeats what was not answered, every client for itself.
func settle(w *world, deals []*deal) error {
	failures := make([]error, killClients)
	var clients sync.WaitGroup
	for c := range killClients {
		clients.Go(func() {
			for _, d := range deals {
				if d.client == c && failures[c] == nil {
					failures[c] = d.settle(w.services[rand.IntN(len(w.services))])
				}
			}
		})
	}
	clients.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// tries bounds how often an unfinished answer is asked for again.
const tries = 2000

func (d *deal) settle(s *api.Service) error {
	ctx := context.Background()
	if d.refused {
		return nil
	}
	if d.placed == nil || rand.IntN(4) == 0 { // not answered; some of the others are repeated too
		a := d.place(ctx, s)
		if a == nil {
			return fmt.Errorf("%s: no answer from the restarted process", d.name)
		}
		if err := d.heard(a); err != nil || d.placed == nil {
			return err
		}
	}
	// What was acknowledged is there, whatever else may have happened to it since.
	now, err := d.read(ctx, s)
	if err != nil {
		return err
	}
	may := map[string]bool{"held": true}
	switch {
	case d.cancelled != nil && d.cancelled.Status == http.StatusOK:
		may = map[string]bool{"cancelled": true}
	case d.cancels:
		may = map[string]bool{"confirmed": true, "cancelled": true}
	case d.next == "pay" && d.done != nil && d.done.Status == http.StatusOK:
		may = map[string]bool{"confirmed": true}
	case d.next == "pay" && d.done != nil && d.done.Status == http.StatusAccepted:
		may = map[string]bool{"confirming": true, "confirmed": true}
	case d.next == "pay" && d.done == nil:
		may = map[string]bool{"held": true, "confirming": true, "confirmed": true}
	case d.next == "release" && d.done != nil && d.done.Status == http.StatusNoContent:
		may = map[string]bool{"cancelled": true}
	case d.next == "release" && d.done == nil:
		may = map[string]bool{"held": true, "cancelled": true}
	}
	if !may[now.Status] {
		return fmt.Errorf("%s was acknowledged (%s: %+v) and reads %s after the restart", d.is.ID, d.next, d.done, now.Status)
	}
	if now.Locator != d.is.Locator || now.Total != d.is.Total || fmt.Sprint(now.Items[0].Rooms) != fmt.Sprint(d.is.Items[0].Rooms) {
		return fmt.Errorf("%s was acknowledged as %+v and reads %+v", d.is.ID, d.is, now)
	}
	if d.next == "" {
		return nil
	}
	if err := d.converge(ctx, s); err != nil || !d.cancels {
		return err
	}
	return d.undo(ctx, s)
}

// undo repeats the cancelling until it has come to its end.
func (d *deal) undo(ctx context.Context, s *api.Service) error {
	for range tries {
		a := d.cancel(ctx, s)
		switch {
		case a == nil:
			return fmt.Errorf("%s: no answer to the repeated cancelling", d.is.ID)
		case a.Status == http.StatusOK && d.cancelled != nil && d.cancelled.Status == http.StatusOK && !bytes.Equal(a.Body, d.cancelled.Body):
			return fmt.Errorf("%s: cancelling was answered twice, not alike:\n%s\n%s", d.is.ID, d.cancelled.Body, a.Body)
		case a.Status == http.StatusOK:
			d.cancelled = a
			return nil
		case a.Status != http.StatusAccepted && a.Problem().Code != "idempotency_in_progress" && a.Problem().Code != "payment_running":
			return fmt.Errorf("%s: repeated cancelling: %d %s", d.is.ID, a.Status, a.Body)
		}
		<-time.After(process.LookEach)
	}
	return fmt.Errorf("%s: cancelling does not come to an end", d.is.ID)
}

// converge repeats the second call until it has come to its end.
func (d *deal) converge(ctx context.Context, s *api.Service) error {
	for range tries {
		a := d.follow(ctx, s)
		if a == nil {
			return fmt.Errorf("%s: no answer to the repeated %s", d.is.ID, d.next)
		}
		switch {
		case a.Status == http.StatusNoContent:
			d.done = a
			return nil
		case a.Status == http.StatusOK:
			if d.done != nil && d.done.Status == http.StatusOK && !bytes.Equal(a.Body, d.done.Body) {
				return fmt.Errorf("%s: paying was answered twice, not alike:\n%s\n%s", d.is.ID, d.done.Body, a.Body)
			}
			d.done = a
			return nil
		case a.Status == http.StatusAccepted, a.Problem().Code == "idempotency_in_progress":
		default:
			return fmt.Errorf("%s: repeated %s: %d %s", d.is.ID, d.next, a.Status, a.Body)
		}
		<-time.After(process.LookEach)
	}
	return fmt.Errorf("%s: %s does not come to an end", d.is.ID, d.next)
}

func (d *deal) read(ctx context.Context, s *api.Service) (api.Reservation, error) {
	return api.Get[api.Reservation](ctx, s, api.Request{Method: http.MethodGet, Path: "/v1/reservations/" + d.is.ID, Token: crowd(d.client)})
}

// compareBooks wants the inventory to be what the clients know they have.
func compareBooks(t *testing.T, w *world, deals []*deal, few, many house) {
	t.Helper()
	type count struct{ held, sold int }
	for _, h := range []house{few, many} {
		mine := map[string]count{}
		for _, d := range deals {
			if d.placed == nil || d.next == "release" || d.cancels || d.is.Items[0].HotelID != h.hotel {
				continue
			}
			for date := d.is.Items[0].CheckIn; date < d.is.Items[0].CheckOut; date = nextDay(t, date) {
				c := mine[date]
				if d.next == "pay" {
					c.sold++
				} else {
					c.held++
				}
				mine[date] = c
			}
		}
		for _, n := range w.nights(t, h, 10, 10+killNights) {
			if (count{n.Held, n.Sold}) != mine[n.Date] {
				t.Errorf("%s on %s: the books say %d held and %d sold, the clients %+v", h.city, n.Date, n.Held, n.Sold, mine[n.Date])
			}
			if h == few && n.Held+n.Sold > scarce {
				t.Errorf("%s on %s: %d of %d sold", h.city, n.Date, n.Held+n.Sold, scarce)
			}
		}
	}
}

func nextDay(t *testing.T, date string) string {
	t.Helper()
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return d.AddDate(0, 0, 1).Format(time.DateOnly)
}
