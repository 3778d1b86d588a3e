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
func TestKill(t *testing.T) {
	onShapes(t, nil, func(t *testing.T, w *world) {
		few, many := w.house(t, 10, 1000), w.house(t, 5000, 0)
		var deals []*deal
		for round := range form(3, 20) {
			fresh := w.loadAndKill(t, round, few, many)
			w.start()
			for i := range w.servers {
				eventually(t, "the restarted process is ready", func() bool { return w.on(t, i, "").call("GET", "/readyz", nil).OK() })
			}
			deals = append(deals, fresh...)
			if err := settle(w, fresh); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			compareBooks(t, w, deals, few, many)
			w.audit(t)
			if t.Failed() {
				return
			}
		}
	}, sqlite, postgres, pair)
}

// loadAndKill lets clients sell until their process is killed under them.
func (w *world) loadAndKill(t *testing.T, round int, few, many house) []*deal {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var all []*deal
	var clients sync.WaitGroup
	for c := range killClients {
		service := w.services[c%len(w.services)]
		clients.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				from := 10 + rand.IntN(killNights-3)
				h := many
				if rand.IntN(2) == 0 {
					h = few
				}
				d := &deal{client: c, name: fmt.Sprintf("kill-%d-%d-%d", round, c, i), body: order(h.stay(from, from+1+rand.IntN(3), 1))}
				mu.Lock()
				all = append(all, d)
				mu.Unlock()
				if !d.run(ctx, service) {
					return
				}
			}
		})
	}
	<-time.After(time.Duration(200+rand.IntN(600)) * time.Millisecond)
	victims := []int{rand.IntN(len(w.servers))}
	if round%2 == 1 {
		victims = nil
		for i := range w.servers {
			victims = append(victims, i)
		}
	}
	for _, i := range victims {
		w.kill(i)
	}
	stop() // those whose process lives on are cut off too, half-way
	clients.Wait()
	t.Logf("round %d: killed %v of %d after %d deals", round, victims, len(w.servers), len(all))
	return all
}

// run places a reservation and goes on with it in one of three ways; false once the process is gone.
func (d *deal) run(ctx context.Context, s *api.Service) bool {
	a := d.place(ctx, s)
	if a == nil {
		return false
	}
	if d.heard(a) != nil || d.placed == nil {
		return true // refused, or something that settle will complain of
	}
	if d.next = []string{"", "pay", "release"}[rand.IntN(3)]; d.next == "" {
		return true
	}
	d.done = d.follow(ctx, s)
	return d.done != nil
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
	return d.converge(ctx, s)
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
		<-time.After(lookEach)
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
			if d.placed == nil || d.next == "release" || d.is.Items[0].HotelID != h.hotel {
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
