package shop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// Nights that are sold: from the firstNight on, counted from today.
const (
	firstNight = 5
	nights     = 10
)

// deal is one reservation that a client tried to make, and what it was told about it.
type deal struct {
	client int
	key    string
	body   api.Object

	placed   *api.Answer // nil: not heard of
	placedAt time.Time
	is       api.Reservation

	next   string // what the client did then: "", "pay", "slowly" or "release"
	done   *api.Answer
	doneAt time.Time
}

// paths and bodies of the second call.
func (d *deal) second() api.Request {
	path := "/v1/reservations/" + d.is.ID
	switch d.next {
	case "pay":
		return api.Request{Method: "POST", Path: path + "/pay", Body: api.Object{"payment_method": "pm_test_approved"}}
	case "slowly": // the answer of the authorization is lost, and its outcome is there seconds later
		return api.Request{Method: "POST", Path: path + "/pay", Body: api.Object{"payment_method": "pm_test_unknown"}}
	}
	return api.Request{Method: "DELETE", Path: path}
}

// Load is clients at work.
type Load struct {
	shop   *Shop
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu      sync.Mutex
	deals   []*deal
	refused map[string]int // by code
	odd     []error        // answers that should never be given
	tries   int
	acked   int
	lost    int // calls without an answer
}

// Work lets n clients place, pay and cancel until Stop. They go on while the server is away.
func (s *Shop) Work(t testing.TB, n int) *Load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	l := &Load{shop: s, cancel: cancel, refused: map[string]int{}}
	s.next++
	round := s.next
	for c := range min(n, clients) {
		l.group.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				kind := s.hotel.many
				if draw(4) == 0 {
					kind = s.hotel.few
				}
				d := &deal{client: c, key: fmt.Sprintf("deal-%d-%d-%d", round, c, i), body: s.order(kind, firstNight+draw(nights-3), 1+draw(3))}
				l.run(ctx, d)
			}
		})
	}
	t.Cleanup(l.Stop)
	return l
}

// draw picks one of n.
func draw(n int) int { return rand.IntN(n) } //nolint:gosec // what clients happen to want

// pause is between two tries of a client that was told to come later or found nobody.
const pause = 20 * time.Millisecond

func (l *Load) run(ctx context.Context, d *deal) {
	place := api.Request{Method: "POST", Path: "/v1/reservations", Token: client(d.client), Key: d.key, Body: d.body}
	a := l.post(ctx, place)
	l.mu.Lock()
	l.tries++
	l.mu.Unlock()
	if a == nil || a.Status != 201 {
		return
	}
	d.next = []string{"", "release", "pay", "pay", "slowly"}[draw(5)]
	if l.shop.NoPayments {
		d.next = []string{"", "release"}[draw(2)]
	}
	l.mu.Lock()
	d.placed, d.placedAt = a, time.Now()
	err := a.Into(&d.is)
	if err != nil {
		l.odd = append(l.odd, err)
	}
	l.deals = append(l.deals, d)
	l.acked++
	l.mu.Unlock()
	if err != nil || d.next == "" {
		return
	}
	r := d.second()
	r.Token, r.Key = place.Token, d.key+"-then"
	if a := l.post(ctx, r); a != nil && a.OK() {
		l.mu.Lock()
		d.done, d.doneAt = a, time.Now()
		l.mu.Unlock()
	}
}

// post makes a call and judges the answer; nil where none came.
func (l *Load) post(ctx context.Context, r api.Request) *api.Answer {
	a, err := l.shop.service.Do(ctx, r)
	if err != nil {
		l.mu.Lock()
		l.lost++
		l.mu.Unlock()
		wait(ctx)
		return nil
	}
	if a.OK() {
		return a
	}
	code := a.Problem().Code
	l.mu.Lock()
	l.refused[code]++
	switch code {
	case "sold_out", "hold_limit":
	case "overloaded", "store_unavailable", "outcome_unknown", "shutting_down", "gave_up_waiting":
		if a.Status != 503 || a.Header.Get("Retry-After") == "" {
			l.odd = append(l.odd, fmt.Errorf("%s %s: %d %s without Retry-After", r.Method, r.Path, a.Status, a.Body))
		}
	default:
		if len(l.odd) < 10 {
			l.odd = append(l.odd, fmt.Errorf("%s %s: %d %s", r.Method, r.Path, a.Status, a.Body))
		}
	}
	l.mu.Unlock()
	if a.Status == 503 {
		wait(ctx)
	}
	return a
}

func wait(ctx context.Context) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Stop ends the clients and waits for them.
func (l *Load) Stop() {
	l.cancel()
	l.group.Wait()
}

// Acknowledged is how many reservations have been acknowledged so far.
func (l *Load) Acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

// Refused is how often a refusal was given.
func (l *Load) Refused(code string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused[code]
}

// Until waits until n more reservations have been acknowledged than now.
func (l *Load) Until(t testing.TB, n int) {
	t.Helper()
	from := l.Acknowledged()
	process.Eventually(t, fmt.Sprintf("%d more reservations", n), func() bool { return l.Acknowledged() >= from+n })
}

// String sums up what happened.
func (l *Load) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d tries, %d acknowledged, %d without an answer, refused %v", l.tries, l.acked, l.lost, l.refused)
}

// Odd wants that no answer was of a kind that is never to be given.
func (l *Load) Odd(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, err := range l.odd {
		t.Errorf("an answer that should not be: %v", err)
	}
}

// Before is what had been acknowledged at an instant: a copy that the clients do not change any more.
func (l *Load) Before(at time.Time) []deal {
	l.mu.Lock()
	defer l.mu.Unlock()
	var known []deal
	for _, d := range l.deals {
		if d.placedAt.After(at) {
			continue
		}
		c := *d
		if c.done != nil && c.doneAt.After(at) {
			c.done = nil
		}
		known = append(known, c)
	}
	return known
}

// Fact is what a client knows about a reservation.
type Fact struct {
	ID       string
	Released bool // was told that it is cancelled
}

// Facts are what the clients of a shop without payments know.
func Facts(deals []deal) []Fact {
	facts := make([]Fact, len(deals))
	for i, d := range deals {
		facts[i] = Fact{d.is.ID, d.next == "release" && d.done != nil}
	}
	return facts
}

// All is Before for everything.
func (l *Load) All() []deal { return l.Before(time.Now()) }

// Holds wants every one of the deals at the shop's server, as it was acknowledged, and everything under way to come to
// an end.
func (s *Shop) Holds(t testing.TB, deals []deal) {
	t.Helper()
	if len(deals) == 0 {
		t.Error("nothing was acknowledged, so nothing is shown")
	}
	const workers = 16
	failures := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(deals); i += workers {
				if err := s.holds(t.Context(), &deals[i]); err != nil {
					failures[w] = errors.Join(failures[w], err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Errorf("of %d acknowledged reservations: %v", len(deals), err)
	}
}

func (s *Shop) holds(ctx context.Context, d *deal) error {
	read := api.Request{Method: "GET", Path: "/v1/reservations/" + d.is.ID, Token: client(d.client)}
	for end := time.Now().Add(process.Patience); ; {
		now, err := api.Get[api.Reservation](ctx, s.service, read)
		if later(err) && time.Now().Before(end) {
			wait(ctx)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s was acknowledged at %v: %w", d.is.ID, d.placedAt.Format(time.TimeOnly), err)
		}
		if now.Locator != d.is.Locator || now.Total != d.is.Total || fmt.Sprint(now.Items[0].Rooms) != fmt.Sprint(d.is.Items[0].Rooms) {
			return fmt.Errorf("%s was acknowledged as %+v and reads %+v", d.is.ID, d.is, now)
		}
		if !d.may(now.Status) {
			return fmt.Errorf("%s was acknowledged (%q, answer %t) and reads %s", d.is.ID, d.next, d.done != nil, now.Status)
		}
		if now.Status != "confirming" {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s does not come out of confirming", d.is.ID)
		}
		wait(ctx)
	}
	// The same call with the same key has the same answer, byte for byte.
	again := api.Request{Method: "POST", Path: "/v1/reservations", Token: client(d.client), Key: d.key, Body: d.body}
	a, err := s.service.Do(ctx, again)
	for end := time.Now().Add(process.Patience); err == nil && a.Status == 503 && time.Now().Before(end); wait(ctx) {
		a, err = s.service.Do(ctx, again)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(a.Body, d.placed.Body) {
		return fmt.Errorf("%s: the repeated call was answered %d %s, the first one %s", d.is.ID, a.Status, a.Body, d.placed.Body)
	}
	return nil
}

// Missing counts the deals that the shop's server knows nothing of.
func (s *Shop) Missing(t testing.TB, deals []deal) (n int) {
	t.Helper()
	for i := range deals {
		read := api.Request{Method: "GET", Path: "/v1/reservations/" + deals[i].is.ID, Token: client(deals[i].client)}
		_, err := api.Get[api.Reservation](t.Context(), s.service, read)
		for end := time.Now().Add(process.Patience); later(err) && time.Now().Before(end); {
			wait(t.Context())
			_, err = api.Get[api.Reservation](t.Context(), s.service, read)
		}
		refusal, ok := errors.AsType[*api.Refusal](err)
		switch {
		case ok && refusal.Answer.Status == 404:
			n++
		case err != nil:
			t.Fatal(err)
		}
	}
	return n
}

// later tells whether a call was told to come again.
func later(err error) bool {
	refusal, ok := errors.AsType[*api.Refusal](err)
	return ok && refusal.Answer.Status == 503
}

// may tells whether a reservation may have a status, after what its client did and heard.
func (d *deal) may(status string) bool {
	paying := d.next == "pay" || d.next == "slowly"
	switch status {
	case "held":
		return d.done == nil
	case "confirming":
		return paying && (d.done == nil || d.done.Status == 202)
	case "confirmed":
		return paying
	case "cancelled":
		return d.next == "release"
	}
	return false
}

// Reads wants the last acknowledged reservations to be readable, whatever else the server can do just now.
func (l *Load) Reads(t testing.TB) {
	t.Helper()
	known := l.All()
	for _, d := range known[max(0, len(known)-20):] {
		read := api.Request{Method: "GET", Path: "/v1/reservations/" + d.is.ID, Token: client(d.client)}
		if now, err := api.Get[api.Reservation](t.Context(), l.shop.service, read); err != nil || now.Locator != d.is.Locator {
			t.Errorf("%s was acknowledged and reads %+v, %v", d.is.ID, now, err)
		}
	}
}
