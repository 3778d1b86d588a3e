package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/civil"
	"holdfast/test/e2e/api"
)

const (
	callTries   = 100             // of a call that is told to come again
	callPause   = time.Second     // until it does, where the answer does not say
	progressOf  = 5 * time.Second // a line of progress
	compareDays = 30              // of the replayed time, between two looks at the inventory

	childAge = 8 // of the file's children ...
	babyAge  = 1 // ... and babies

	// Hours of a day, in UTC.
	morning = 9  // cancellations
	noon    = 12 // bookings
	evening = 18 // cancellations of the same day's bookings
)

// step is a kind of call.
type step int

const (
	moving step = iota
	reserving
	paying
	quoting
	cancelling
	reading
)

var stepNames = [...]string{moving: "clock", reserving: "reserve", paying: "pay", quoting: "quote", cancelling: "cancel", reading: "inventory"}

// stepTime adds up what calls of one kind took.
type stepTime struct{ calls, nanoseconds atomic.Int64 }

// runner is a replay under way.
type runner struct {
	*world
	report *report
	done   atomic.Int64 // events
	steps  [len(stepNames)]stepTime

	mu   sync.Mutex
	kept map[*booking]string // reservations that were accepted and not cancelled
	lost map[*booking]bool   // bookings that were refused as sold out
}

// run replays all days.
func (w *world) run(ctx context.Context, days []*day, stderr io.Writer) (*report, error) {
	total := 0
	for _, d := range days {
		total += d.events()
	}
	r := &runner{world: w, report: newReport(w, days), kept: map[*booking]string{}, lost: map[*booking]bool{}}
	say(stderr, "%d events on %d days, from %s to %s; %d callers, %d calls at once", total, len(days), days[0].date, days[len(days)-1].date, len(w.tokens), w.workers)
	begin, shown, compared := time.Now(), time.Now(), days[0].date
	for _, d := range days {
		if err := r.day(ctx, d); err != nil {
			return nil, fmt.Errorf("%s: %w", d.date, err)
		}
		if d.date >= compared.Add(compareDays) {
			compared = d.date
			if err := r.compare(ctx); err != nil {
				return nil, err
			}
		}
		if done := int(r.done.Load()); time.Since(shown) >= progressOf {
			shown = time.Now()
			rate := float64(done) / time.Since(begin).Seconds()
			say(stderr, "%s: %d of %d events (%d %%), %.0f a second, %v to go", d.date, done, total, 100*done/total, rate,
				time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
		}
	}
	took := time.Since(begin)
	if err := r.compare(ctx); err != nil {
		return nil, err
	}
	r.report.finish(w, took, &r.steps)
	return r.report, nil
}

// day replays one day.
func (r *runner) day(ctx context.Context, d *day) error {
	for _, part := range []struct {
		hour     int
		bookings []*booking
		play     func(context.Context, []*booking) error
	}{{morning, d.morning, r.cancelAll}, {noon, d.bookings, r.bookAll}, {evening, d.evening, r.cancelAll}} {
		if len(part.bookings) == 0 {
			continue
		}
		to := d.date.In(time.UTC, part.hour, 0)
		a, err := r.call(ctx, moving, api.Request{Method: "POST", Path: "/v1/sandbox/clock", Token: r.tokens[0], Body: api.Object{"now": to.Format(time.RFC3339)}})
		if err == nil && !a.OK() {
			err = &api.Refusal{Call: "move the clock", Answer: a, Problem: a.Problem()}
		}
		if err != nil {
			return err
		}
		if err := part.play(ctx, part.bookings); err != nil {
			return err
		}
	}
	return nil
}

// bookAll makes the bookings of a day: side by side where the order cannot matter, the others one after the other.
func (r *runner) bookAll(ctx context.Context, bookings []*booking) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(r.workers)
	var queues [len(hotels)][]*booking
	var free []*booking
	for i := range r.houses {
		var here []*booking
		for _, b := range bookings {
			if b.hotel == i {
				here = append(here, b)
			}
		}
		contended := r.houses[i].ledger.contended(here)
		for _, b := range here {
			if contended[b] {
				queues[i] = append(queues[i], b)
			} else {
				free = append(free, b)
			}
		}
	}
	// Two groups: who waits in line must not wait for a free worker that waits for them.
	var lines errgroup.Group
	for _, queue := range queues {
		lines.Go(func() error {
			for _, b := range queue {
				id, err := r.reserve(ctx, b)
				if err != nil {
					return err
				}
				if id != "" {
					work.Go(func() error { return r.pay(ctx, b, id) })
				}
			}
			return nil
		})
	}
	lines.Go(func() error {
		for _, b := range free {
			work.Go(func() error {
				id, err := r.reserve(ctx, b)
				if err != nil || id == "" {
					return err
				}
				return r.pay(ctx, b, id)
			})
		}
		return nil
	})
	err := lines.Wait()
	if werr := work.Wait(); err == nil {
		err = werr
	}
	return err
}

// token is the caller of a booking.
func (r *runner) token(b *booking) string { return r.tokens[b.line%len(r.tokens)] }

// reserve makes a booking and notes the answer; id is "" when it was refused.
func (r *runner) reserve(ctx context.Context, b *booking) (id string, err error) {
	defer r.done.Add(1)
	h := &r.houses[b.hotel]
	fits := h.ledger.fits(b)
	ages := make([]int, 0, b.children+b.babies)
	for range b.children {
		ages = append(ages, childAge)
	}
	for range b.babies {
		ages = append(ages, babyAge)
	}
	a, err := r.call(ctx, reserving, api.Request{Method: "POST", Path: "/v1/reservations", Token: r.token(b), Key: fmt.Sprintf("replay-%d", b.line), Body: api.Object{
		"items": []api.Stay{{
			HotelID: h.id, RoomTypeID: h.types[b.roomType], CheckIn: b.arrival.String(), CheckOut: b.arrival.Add(b.nights).String(), Rooms: 1,
			Adults: &b.adults, ChildrenAges: ages,
		}},
		"travellers": []api.Traveller{{GivenName: "Guest", FamilyName: "Of line " + strconv.Itoa(b.line)}},
	}})
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.Status == http.StatusCreated {
		var made api.Reservation
		if err := a.Into(&made); err != nil {
			return "", err
		}
		if !fits {
			r.report.wrong("line %d was accepted, and there was no room", b.line)
		}
		r.kept[b] = made.ID
		h.ledger.take(b)
		h.ledger.want(b)
		r.report.accepted(b)
		return made.ID, nil
	}
	p := a.Problem()
	if a.Status >= http.StatusInternalServerError || p.Code == "" {
		return "", &api.Refusal{Call: fmt.Sprintf("line %d", b.line), Answer: a, Problem: p}
	}
	if p.Code == "sold_out" {
		r.lost[b] = true
		h.ledger.want(b)
		if fits {
			r.report.wrong("line %d was refused as sold out, and there was room", b.line)
		}
	}
	r.report.refused(b, p)
	return "", nil
}

// pay pays for a booking, and waits until that has come to its end.
func (r *runner) pay(ctx context.Context, b *booking, id string) error {
	a, err := r.call(ctx, paying, api.Request{
		Method: "POST", Path: "/v1/reservations/" + id + "/pay", Token: r.token(b), Key: fmt.Sprintf("replay-%d-pay", b.line), Body: api.Object{"payment_method": "pm_test_approved"},
	})
	if err == nil && a.Status != http.StatusOK {
		err = &api.Refusal{Call: fmt.Sprintf("pay line %d", b.line), Answer: a, Problem: a.Problem()}
	}
	return err
}

// cancelAll cancels what was accepted of these bookings, side by side.
func (r *runner) cancelAll(ctx context.Context, bookings []*booking) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(r.workers)
	for _, b := range bookings {
		work.Go(func() error { return r.cancel(ctx, b) })
	}
	return work.Wait()
}

// cancel asks for a quote and confirms it.
func (r *runner) cancel(ctx context.Context, b *booking) error {
	defer r.done.Add(1)
	r.mu.Lock()
	id, lost := r.kept[b], r.lost[b]
	r.mu.Unlock()
	ledger := r.houses[b.hotel].ledger
	if id == "" {
		if lost {
			ledger.unwant(b)
		}
		return nil
	}
	at := "/v1/reservations/" + id + "/cancellations"
	quoted, err := r.call(ctx, quoting, api.Request{Method: "POST", Path: at, Token: r.token(b), Key: fmt.Sprintf("replay-%d-quote", b.line)})
	if err != nil {
		return err
	}
	if quoted.Status == http.StatusConflict && quoted.Problem().Code == "not_cancellable" { // the stay was over
		r.mu.Lock()
		defer r.mu.Unlock()
		r.report.TooLate++
		return nil
	}
	var q api.Quote
	if quoted.Status != http.StatusCreated {
		return &api.Refusal{Call: fmt.Sprintf("quote for line %d", b.line), Answer: quoted, Problem: quoted.Problem()}
	}
	if err := quoted.Into(&q); err != nil {
		return err
	}
	a, err := r.call(ctx, cancelling, api.Request{Method: "POST", Path: at + "/" + q.ID + "/confirm", Token: r.token(b), Key: fmt.Sprintf("replay-%d-cancel", b.line)})
	if err != nil {
		return err
	}
	if !a.OK() {
		return &api.Refusal{Call: fmt.Sprintf("cancel line %d", b.line), Answer: a, Problem: a.Problem()}
	}
	ledger.give(b)
	ledger.unwant(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, b)
	r.report.Cancelled++
	return nil
}

// call makes a call, again when it is told to come again: 202 and 409 idempotency_in_progress while something runs, 429
// and 503 when there is too much to do.
func (r *runner) call(ctx context.Context, s step, request api.Request) (*api.Answer, error) {
	for range callTries {
		begin := time.Now()
		a, err := r.service.Do(ctx, request)
		r.steps[s].calls.Add(1)
		r.steps[s].nanoseconds.Add(int64(time.Since(begin)))
		if err != nil {
			return nil, err
		}
		running := a.Status == http.StatusAccepted && request.Key != "" || a.Problem().Code == "idempotency_in_progress"
		if !running && a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
			return a, nil
		}
		pause := callPause
		if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil {
			pause = time.Duration(seconds) * time.Second
		}
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil, ctx.Err()
		}
	}
	return nil, fmt.Errorf("%s %s: told to come again %d times", request.Method, request.Path, callTries)
}

// compare reads the inventory of all room types and holds it against our books, night by night.
func (r *runner) compare(ctx context.Context) error {
	for i := range r.houses {
		h := &r.houses[i]
		sold := make([]int, len(h.ledger.taken))
		for _, id := range h.types {
			path := fmt.Sprintf("/v1/hotels/%s/room-types/%s/inventory?from=%s&to=%s", h.id, id, r.first, r.end)
			a, err := r.call(ctx, reading, api.Request{Method: "GET", Path: path, Token: r.tokens[0]})
			if err != nil {
				return err
			}
			var found api.Inventory
			if !a.OK() {
				return &api.Refusal{Call: "read the inventory", Answer: a, Problem: a.Problem()}
			}
			if err := a.Into(&found); err != nil {
				return err
			}
			for _, n := range found.Nights {
				at, err := civil.Parse(n.Date)
				if err != nil {
					return err
				}
				sold[at-r.first] += n.Held + n.Sold
			}
		}
		r.report.compare(i, h.ledger, sold)
	}
	return nil
}
