package intaketest

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest/partner"
	"holdfast/uid"
)

func serviceBounds(t *testing.T, w *world) {
	w.settings.MaxBody, w.settings.Tries = 1000, 2
	w.begin()
	ctx := t.Context()
	w.feed("db", Whole)
	w.partners.Put("/db", []byte(strings.Repeat("x", 1001)), partner.Version{})
	w.catchUp()
	w.wantLast("db", intake.Refused, "delivery_too_large")
	w.partners.Next("/db", partner.Endless())
	w.due("db")
	w.wantLast("db", intake.Refused, "delivery_too_large")
	w.partners.Put("/db", []byte("a=1\n"+strings.Repeat("x", 996)), partner.Version{})
	w.due("db")
	w.wantLast("db", intake.Applied, "")

	_, err := w.core.Push(ctx, w.staff, "db", intake.Push{Body: endless{}})
	wantReason(t, err, "delivery_too_large")
	w.wantLast("db", intake.Refused, "delivery_too_large")
	_, err = w.core.Push(ctx, w.staff, "db", intake.Push{Body: io.MultiReader(strings.NewReader("a=2\n"), iotest.ErrReader(errors.New("connection reset")))})
	wantReason(t, err, "body_unreadable")
	w.wantLast("db", intake.Refused, "body_unreadable")
	_, err = w.core.Push(ctx, w.staff, "db", intake.Push{Body: iotest.ErrReader(fault.New(fault.Malformed, "body_too_large", "The edge says so."))})
	wantReason(t, err, "body_too_large")
	w.wantValues("db", "a=1")

	// Pushes that find no place are turned away at once.
	w.settings.PushAtOnce = 1
	w.settings.MaxBody = 1 << 20
	core, _ := w.start()
	inside, outside := make(chan struct{}), make(chan struct{})
	w.ledger.Hook(func(context.Context, intake.Delivery) error {
		close(inside)
		<-outside
		return nil
	})
	var group sync.WaitGroup
	group.Go(func() {
		w.clock.Advance(time.Hour)
		if _, err := core.Push(ctx, w.staff, "db", intake.Push{Body: strings.NewReader("a=3\n")}); err != nil {
			t.Error(err)
		}
	})
	<-inside
	_, err = core.Push(ctx, w.staff, "db", intake.Push{Body: strings.NewReader("a=4\n")})
	wantReason(t, err, "overloaded")
	close(outside)
	group.Wait()
	w.wantValues("db", "a=3")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func serviceDryRun(t *testing.T, w *world) {
	w.begin()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	w.push("db", 1, many(0, 10, "1"))
	before := w.read("db").State
	for body, want := range map[string]intake.Outcome{many(0, 10, "2"): intake.Applied, many(0, 1, "1"): intake.Held, many(0, 10, "1"): intake.Unchanged, "fatal\n": intake.Refused} {
		total := int64(0)
		r, err := w.core.Push(t.Context(), w.staff, "db", intake.Push{Stamp: intake.Stamp{Sequence: 2}, Body: strings.NewReader(body), DryRun: true, Progress: func(done, _ int64) { total = done }})
		if err != nil || r.Outcome != want || !r.DryRun || r.Kept || want == intake.Applied && (total != int64(len(body)) || r.Changed != 10) {
			t.Errorf("%s: %+v, %v, progress %d", want, r, err, total)
		}
	}
	if after := w.read("db").State; after != before || len(w.ledger.Values("db")) != 10 || w.ledger.Values("db")["0"] != "1" {
		t.Errorf("a dry run changed %+v to %+v", before, after)
	}
}

func serviceForgets(t *testing.T, w *world) {
	w.settings.KeepRuns = 5
	w.begin()
	f := intake.NewFeed("db", w.supplier, Whole)
	f.MaxRemovedBP = 0
	w.put(f)
	w.push("db", 1, many(0, 10, "1"))
	held := w.push("db", 2, many(0, 9, "2"))
	for n := range 8 {
		w.wantRun(w.push("db", 1, "a="+strconv.Itoa(n)), intake.Stale, "version_reused")
	}
	var seen []uid.ID
	for q := (intake.RunQuery{Limit: 2}); ; {
		runs, next, err := w.core.Runs(t.Context(), w.staff, "db", q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			seen = append(seen, r.ID)
		}
		if q.Before = next; next.IsZero() {
			break
		}
	}
	if len(seen) != 6 || seen[5] != held.ID {
		t.Errorf("%d runs are kept, the oldest %v; want the last 5 and what is held", len(seen), seen)
	}
	if _, err := w.core.Approve(t.Context(), w.staff, "db", held.ID); err != nil {
		t.Error(err)
	}
}

// blocked makes deliveries wait until their context ends, and tells when one has begun.
func (w *world) blocked() (begun chan struct{}) {
	begun = make(chan struct{}, 100)
	w.ledger.Hook(func(ctx context.Context, _ intake.Delivery) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	return begun
}

func serviceStops(t *testing.T, w *world) {
	spool := w.spool
	w.begin()
	w.partners.Put("/db", []byte("a=1\n"), partner.Version{})
	begun := w.blocked()
	w.feed("db", Whole) // is pulled at once
	core, store := w.core, w.store
	<-begun
	// Whoever asked may go: the work goes on.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.put(intake.NewFeed("push", w.supplier, Updates))
	r, err := core.Push(ctx, w.staff, "push", intake.Push{Body: strings.NewReader("a=1\n")})
	if err == nil && r.Outcome != intake.Running || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", r, err)
	}
	if err := core.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantLast("db", intake.Failed, "stopped")
	s, err := store.Feed(t.Context(), "db")
	if err != nil || !s.Due.Equal(noon) || !s.Run.IsZero() || s.Failures != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := core.Push(t.Context(), w.staff, "push", intake.Push{Body: strings.NewReader("a=1\n")}); !fault.Is(err, "overloaded") {
		t.Errorf("a push after the end: %v", err)
	}
	w.ledger.Hook(nil)
	w.begin()
	w.catchUp()
	w.wantLast("db", intake.Applied, "")
	if left, err := os.ReadDir(spool); len(left) > 0 || err != nil {
		t.Errorf("spooled files are left: %v, %v", left, err)
	}
}

func serviceDeletes(t *testing.T, w *world) {
	w.begin()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	inside, outside := make(chan struct{}), make(chan struct{})
	w.ledger.Hook(func(context.Context, intake.Delivery) error {
		close(inside)
		<-outside
		return nil
	})
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := w.core.Push(t.Context(), w.staff, "db", intake.Push{Body: strings.NewReader("a=1\n")}); err != nil {
			t.Error(err)
		}
	})
	<-inside
	if err := w.core.DeleteFeed(t.Context(), w.staff, "db", intake.AnyRevision); err != nil {
		t.Error(err)
	}
	close(outside)
	group.Wait()
	_, err := w.core.Feed(t.Context(), w.staff, "db")
	wantReason(t, err, "feed_not_found")
}

func serviceUnknownCommit(t *testing.T, w *world) {
	w.begin()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	w.ledger.Hook(func(context.Context, intake.Delivery) error {
		w.store.Lose.Store(1) // the next commit is that of the run's end
		return nil
	})
	w.wantRun(w.push("db", 1, "a=1\n"), intake.Applied, "")
	w.ledger.Hook(nil)
	w.wantLast("db", intake.Applied, "")
	if s := w.read("db"); s.Stamp.Sequence != 1 || !s.Run.IsZero() {
		t.Errorf("%+v", s.State)
	}
	// A beginning whose answer was lost begins nothing; its lease ends, and the next one goes on.
	w.store.Lose.Store(1)
	_, err := w.core.Push(t.Context(), w.staff, "db", intake.Push{Stamp: intake.Stamp{Sequence: 2}, Body: strings.NewReader("a=2\n")})
	wantReason(t, err, "overloaded")
	w.wantValues("db", "a=1")
}

func serviceQueues(t *testing.T, w *world) {
	w.begin()
	second, _ := w.start()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	const pushes = 12
	applied := make([]bool, pushes)
	var group sync.WaitGroup
	for n := range pushes {
		group.Go(func() {
			core := []*intake.Core{w.core, second}[n%2]
			r, err := core.Push(t.Context(), w.staff, "db", intake.Push{Stamp: intake.Stamp{Sequence: int64(n + 1)}, Body: strings.NewReader("a=" + strconv.Itoa(n+1))})
			if err != nil || r.Outcome != intake.Applied && r.Outcome != intake.Stale {
				t.Errorf("%+v, %v", r, err)
				return
			}
			applied[n] = r.Outcome == intake.Applied
		})
	}
	group.Wait()
	w.wantValues("db", "a="+strconv.Itoa(pushes))
	if !applied[pushes-1] {
		t.Error("the newest was not applied")
	}
}

// Three hundred partners change a thousand objects each, all on the hour: each is applied once, and never more at the
// same time than there are places.
func serviceStorm(t *testing.T, w *world) {
	const partners, objects = 300, 1000
	w.begin()
	fleet := partner.NewFleet(partners, partner.Lines(objects))
	w.partners = fleet.Server
	base := serve(t, fleet)
	if err := fleet.Enrol(t.Context(), w.core, w.staff, w.supplier, Whole, base, true); err != nil {
		t.Fatal(err)
	}
	w.catchUp()
	fleet.Advance()
	w.clock.Set(noon.Truncate(time.Hour).Add(time.Hour))
	start := time.Now()
	w.catchUp()
	t.Logf("%d partners with %d changes each took %v", partners, objects, time.Since(start))
	for n := range partners {
		name := fleet.Name(n)
		if got := w.ledger.Applied(name); got != 2 {
			t.Errorf("%s was applied %d times, want 2", name, got)
		}
		if r := w.last(name); r.Outcome != intake.Applied || r.Changed != objects {
			t.Errorf("%s: %s, %d changed", name, r.Outcome, r.Changed)
		}
		if asked := len(fleet.Asked(fleet.Path(n))); asked != 2 {
			t.Errorf("%s was asked %d times", name, asked)
		}
	}
	if most := w.ledger.Most(); most > w.settings.AtOnce {
		t.Errorf("%d were applied at once, of %d places", most, w.settings.AtOnce)
	}
	// The same by asking, as the load command does.
	fleet.Advance()
	storm, err := fleet.PullAll(t.Context(), w.core, w.staff)
	if err != nil || storm.Applied != partners || storm.Changed != partners*objects || storm.AtOnce > w.settings.AtOnce {
		t.Errorf("%+v, %v", storm, err)
	}
}
