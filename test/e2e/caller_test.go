package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// caller is somebody with a token who talks to one process. Its calls fail the test when no answer comes.
type caller struct {
	t       testing.TB
	world   *world
	service *api.Service
	token   string
}

// key is a fresh idempotency key; only for calls made one after the other.
func (c caller) key() string {
	c.world.keys++
	return fmt.Sprintf("%s-%d", c.token, c.world.keys)
}

// call makes a call with a fresh idempotency key.
func (c caller) call(method, path string, body any) *api.Answer {
	c.t.Helper()
	r := api.Request{Method: method, Path: path, Body: body}
	if method == "POST" {
		r.Key = c.key()
	}
	return c.do(r)
}

// do makes a call as it is, with the caller's token unless it has one.
func (c caller) do(r api.Request) *api.Answer {
	c.t.Helper()
	if r.Token == "" {
		r.Token = c.token
	}
	a, err := c.service.Do(context.Background(), r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	return a
}

// want makes a call, wants its status, and reads the answer into v unless that is nil.
func (c caller) want(status int, method, path string, body, v any) *api.Answer {
	c.t.Helper()
	a := c.call(method, path, body)
	if a.Status != status {
		c.t.Fatalf("%s %s: %d, want %d\n%s", method, path, a.Status, status, a.Body)
	}
	if v != nil {
		if err := a.Into(v); err != nil {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return a
}

// refused makes a call and wants a problem with a status and a code.
func (c caller) refused(status int, code, method, path string, body any) api.Problem {
	c.t.Helper()
	a := c.call(method, path, body)
	p := a.Problem()
	if a.Status != status || p.Code != code {
		c.t.Fatalf("%s %s: %d %s, want %d %s\n%s", method, path, a.Status, p.Code, status, code, a.Body)
	}
	checkProblem(c.t, a)
	return p
}

// checkProblem wants what every refusal has.
func checkProblem(t testing.TB, a *api.Answer) {
	t.Helper()
	p := a.Problem()
	if p.Code == "" || p.Title == "" || p.RequestID == "" || p.Status != a.Status || p.Type != "/errors/"+p.Code ||
		!strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("not a whole problem document: %d %s %s", a.Status, a.Header.Get("Content-Type"), a.Body)
	}
	if (a.Status == 429 || a.Status == 503) && a.Header.Get("Retry-After") == "" {
		t.Errorf("%d without Retry-After: %s", a.Status, a.Body)
	}
	// No id has an i, l, o or u, so none of these can be part of one.
	for _, leak := range []string{"SQL", "sqlite", "pgconn", "goroutine", ".go:"} {
		if strings.Contains(string(a.Body), leak) {
			t.Errorf("an answer tells of the inside (%s): %s", leak, a.Body)
		}
	}
}

// reserve places a reservation and wants it held.
func (c caller) reserve(items ...any) api.Reservation {
	c.t.Helper()
	var r api.Reservation
	c.want(201, "POST", "/v1/reservations", order(items...), &r)
	if r.Status != "held" || r.PaymentStatus != "unpaid" || !strings.HasPrefix(r.ID, "res_") || len(r.Locator) != 6 {
		c.t.Errorf("placed: %+v", r)
	}
	return r
}

// believed is how long a process may go on refusing what another process has just freed, with time to spare; see
// --times-sold-out.
const believed = time.Second

// reserveOnceFree is reserve for what was freed in another process a moment ago.
func (c caller) reserveOnceFree(items ...any) api.Reservation {
	c.t.Helper()
	for end := time.Now().Add(believed); len(c.world.servers) > 1 && time.Now().Before(end); {
		a := c.call("POST", "/v1/reservations", order(items...))
		if a.Problem().Code == "sold_out" {
			continue
		}
		var r api.Reservation
		if err := a.Into(&r); err != nil || a.Status != 201 {
			c.t.Fatalf("reserve: %d %s", a.Status, a.Body)
		}
		return r
	}
	return c.reserve(items...)
}

// pay pays and wants a status of HTTP.
func (c caller) pay(status int, id, method string) api.Reservation {
	c.t.Helper()
	var r api.Reservation
	c.want(status, "POST", "/v1/reservations/"+id+"/pay", api.Object{"payment_method": method}, &r)
	return r
}

// book places and pays.
func (c caller) book(items ...any) api.Reservation {
	c.t.Helper()
	r := c.pay(200, c.reserve(items...).ID, "pm_test_approved")
	if r.Status != "confirmed" {
		c.t.Fatalf("paid: %+v", r)
	}
	return r
}

// get reads a reservation.
func (c caller) get(id string) api.Reservation {
	c.t.Helper()
	var r api.Reservation
	c.want(200, "GET", "/v1/reservations/"+id, nil, &r)
	return r
}

// becomes waits until a reservation has a status.
func (c caller) becomes(id, status, payment string) api.Reservation {
	c.t.Helper()
	var r api.Reservation
	process.Eventually(c.t, fmt.Sprintf("%s is %s and %s", id, status, payment), func() bool {
		r = c.get(id)
		return r.Status == status && r.PaymentStatus == payment
	})
	return r
}

// cancel cancels a paid reservation by quote, and returns the quote.
func (c caller) cancel(id string) api.Quote {
	c.t.Helper()
	var q api.Quote
	c.want(201, "POST", "/v1/reservations/"+id+"/cancellations", nil, &q)
	c.want(200, "POST", "/v1/reservations/"+id+"/cancellations/"+q.ID+"/confirm", nil, nil)
	return q
}

// offers searches.
func (c caller) offers(search api.Object) api.Offers {
	c.t.Helper()
	var found api.Offers
	c.want(200, "POST", "/v1/offers", search, &found)
	return found
}

// causes are the causes in a reservation's history, oldest first.
func (c caller) causes(id string) string {
	c.t.Helper()
	var h api.History
	c.want(200, "GET", "/v1/reservations/"+id+"/history", nil, &h)
	causes := make([]string, len(h.History))
	for i, e := range h.History {
		causes[i] = e.Cause
	}
	return strings.Join(causes, " ")
}

// clock is what the sandbox clock shows.
func (c caller) clock() time.Time {
	c.t.Helper()
	var shown api.Clock
	c.want(200, "GET", "/v1/sandbox/clock", nil, &shown)
	return instant(c.t, shown.Now)
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
