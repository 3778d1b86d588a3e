package intaketest

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest/partner"
	"holdfast/uid"
)

// many is a file of so many objects.
func many(from, to int, value string) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(strconv.Itoa(n) + "=" + value + "\n")
	}
	return b.String()
}

func serviceHolds(t *testing.T, w *world) {
	w.settings.MaxBody, w.settings.MaxKept = 8<<20, 5<<20
	w.begin()
	ctx := t.Context()
	w.partners.Put("/db", []byte(many(0, 10, "1")), partner.Version{Modified: noon.Add(-3 * time.Hour)})
	w.feed("db", Whole)
	w.catchUp()
	long := strings.Repeat("x", 1<<20) // of several parts
	w.partners.Put("/db", []byte(many(0, 3, long)), partner.Version{Modified: noon.Add(-2 * time.Hour)})
	w.due("db")
	held := w.wantLast("db", intake.Held, "removes_too_much")
	if !held.Kept || held.Removed != 7 || held.Changed != 3 || len(w.ledger.Values("db")) != 10 {
		t.Fatalf("%+v", held)
	}
	w.due("db") // the same file again
	w.wantLast("db", intake.Unchanged, "")
	if s := w.read("db"); s.Held.Run != held.ID {
		t.Fatalf("%+v", s.State)
	}
	_, err := w.core.Approve(ctx, w.staff, "db", uid.New())
	wantReason(t, err, "run_not_found")
	_, err = w.core.Approve(ctx, w.staff, "db", w.last("db").ID)
	wantReason(t, err, "nothing_held")
	r, err := w.core.Approve(ctx, w.staff, "db", held.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.wantRun(r, intake.Applied, "")
	if r.Trigger != intake.Approved || r.Of != held.ID || r.Removed != 7 || r.Actor != "staff" || len(w.ledger.Values("db")) != 3 || w.ledger.Values("db")["2"] != long {
		t.Errorf("%s of %v, removed %d, by %q", r.Trigger, r.Of, r.Removed, r.Actor)
	}
	_, err = w.core.Approve(ctx, w.staff, "db", held.ID)
	wantReason(t, err, "nothing_held")
	w.due("db")
	w.wantLast("db", intake.Unchanged, "")

	// What a human does not want is gone, and not held again an hour later.
	w.partners.Put("/db", []byte("0=1\n"), partner.Version{Modified: noon.Add(-time.Hour)})
	w.due("db")
	held = w.wantLast("db", intake.Held, "removes_too_much")
	if r, err = w.core.Discard(ctx, w.staff, "db", held.ID); err != nil || r.Outcome != intake.Discarded || r.Kept {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = w.core.Discard(ctx, w.staff, "db", held.ID)
	wantReason(t, err, "nothing_held")
	w.due("db")
	w.wantLast("db", intake.Unchanged, "")
	if len(w.ledger.Values("db")) != 3 {
		t.Errorf("%d objects", len(w.ledger.Values("db")))
	}
	// What there is no room for is held, and not kept.
	w.settings.MaxKept = 0
	core, _ := w.start()
	w.clock.Advance(24 * time.Hour)
	r, err = core.Push(ctx, w.staff, "db", intake.Push{Body: strings.NewReader("0=2\n")})
	if err != nil || r.Outcome != intake.Held || r.Code != "held_not_kept" || r.Kept {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = core.Approve(ctx, w.staff, "db", r.ID)
	wantReason(t, err, "nothing_held")
}

func serviceHoldsNewest(t *testing.T, w *world) {
	w.begin()
	ctx := t.Context()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	w.wantRun(w.push("db", 1, many(0, 10, "1")), intake.Applied, "")
	first := w.push("db", 2, many(0, 2, "2"))
	second := w.push("db", 3, many(0, 3, "3"))
	w.wantRun(first, intake.Held, "removes_too_much")
	w.wantRun(second, intake.Held, "removes_too_much")
	_, err := w.core.Approve(ctx, w.staff, "db", first.ID)
	wantReason(t, err, "nothing_held")
	if bytes, err := w.store.KeptBytes(ctx); err != nil || bytes != int64(len(many(0, 3, "3"))) {
		t.Errorf("%d bytes kept, %v", bytes, err)
	}
	// A newer one that is applied settles what is held.
	w.wantRun(w.push("db", 4, many(0, 9, "4")), intake.Applied, "")
	_, err = w.core.Approve(ctx, w.staff, "db", second.ID)
	wantReason(t, err, "nothing_held")
	if s := w.read("db"); !s.Held.Run.IsZero() {
		t.Errorf("%+v", s.State)
	}
	// An older one, held while a newer one waits, was overtaken in the queue and is stale on approval.
	w.wantRun(w.push("db", 6, many(0, 1, "6")), intake.Held, "removes_too_much")
	w.wantRun(w.push("db", 5, many(0, 8, "5")), intake.Applied, "") // what is held is not applied, so this is the newest
	r, err := w.core.Approve(ctx, w.staff, "db", w.read("db").Held.Run)
	if err != nil {
		t.Fatal(err)
	}
	w.wantRun(r, intake.Applied, "")
	w.wantValues("db", "0=6")
	// Another source starts anew: what was held of the old one is gone.
	w.wantRun(w.push("db", 7, "x=1\n"), intake.Held, "removes_too_much")
	f := w.read("db").Feed
	f.URL = w.base + "/db"
	w.put(f)
	if s := w.read("db"); !s.Held.Run.IsZero() || !s.Stamp.IsZero() {
		t.Errorf("%+v", s.State)
	}
}

func serviceStale(t *testing.T, w *world) {
	w.begin()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	w.wantRun(w.push("db", 5, "a=5\n"), intake.Applied, "")
	w.wantRun(w.push("db", 4, "a=4\n"), intake.Stale, "older_version")
	w.wantRun(w.push("db", 5, "a=5\n"), intake.Unchanged, "")
	w.wantRun(w.push("db", 5, "a=x\n"), intake.Stale, "version_reused")
	// A version without a number is below all with one, whenever it was made.
	r, err := w.core.Push(t.Context(), w.staff, "db", intake.Push{Body: strings.NewReader("a=now\n")})
	if err != nil {
		t.Fatal(err)
	}
	w.wantRun(r, intake.Stale, "older_version")
	w.wantValues("db", "a=5")
	w.wantRun(w.push("db", 6, "a=6\n"), intake.Applied, "")
	for _, s := range []intake.Stamp{{Sequence: -1}, {At: noon.Add(25 * time.Hour)}} {
		_, err := w.core.Push(t.Context(), w.staff, "db", intake.Push{Stamp: s, Body: strings.NewReader("a=7\n")})
		wantReason(t, err, "stamp_invalid")
	}
	if n := w.ledger.Applied("db"); n != 2 {
		t.Errorf("applied %d times", n)
	}
}

func serviceOnce(t *testing.T, w *world) {
	w.begin()
	second, _ := w.start()
	for n := range 20 {
		name := "p" + strconv.Itoa(n)
		w.partners.Put("/"+name, []byte("a=1\n"), partner.Version{Plain: true})
		w.feed(name, Whole)
	}
	for round := range 3 {
		if round > 0 {
			w.clock.Set(w.clock.Now().Truncate(time.Hour).Add(time.Hour))
		}
		var group sync.WaitGroup
		for _, c := range []*intake.Core{w.core, second} {
			group.Go(func() {
				if err := c.CatchUp(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.catchUp()
		for n := range 20 {
			name := "p" + strconv.Itoa(n)
			if got := len(w.partners.Asked("/" + name)); got != round+1 {
				t.Errorf("round %d: %s was asked %d times", round, name, got)
			}
		}
	}
}

// A process dies while it applies a delivery: nobody knows whether that took effect.
func serviceCrash(t *testing.T, w *world) {
	w.begin()
	ctx := t.Context()
	w.put(intake.NewFeed("db", w.supplier, Whole))
	w.wantRun(w.push("db", 3, "a=3\n"), intake.Applied, "")
	lost := intake.Run{Partner: "db", ID: uid.New(), Trigger: intake.Pushed, Started: noon, Outcome: intake.Running, Stamp: intake.Stamp{Sequence: 5}}
	die := func(until time.Time) {
		err := w.store.Transact(ctx, "db", func(_ time.Time, s *intake.Status) (intake.Change, error) {
			s.Run, s.LeaseUntil, s.Begun = lost.ID, until, lost.Stamp
			return intake.Change{State: &s.State, Runs: []intake.Run{lost}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.settings.PushWait = time.Millisecond
	impatient, _ := w.start()
	die(time.Now().Add(time.Hour))
	_, err := impatient.Push(ctx, w.staff, "db", intake.Push{Stamp: intake.Stamp{Sequence: 4}, Body: strings.NewReader("a=4\n")})
	wantReason(t, err, "feed_busy")
	f := w.read("db").Feed
	f.ShiftWeeks = 1
	_, err = w.core.PutFeed(ctx, w.staff, f, intake.AnyRevision)
	wantReason(t, err, "feed_busy")

	die(time.Now().Add(-time.Second))
	w.wantRun(w.push("db", 4, "a=4\n"), intake.Stale, "older_version")
	r, err := w.core.Run(ctx, w.staff, "db", lost.ID)
	if err != nil || r.Outcome != intake.Failed || r.Code != "lost" {
		t.Errorf("%+v, %v", r, err)
	}
	// What refuses a newer one says nothing of the one that is not known.
	w.wantRun(w.push("db", 6, "fatal\n"), intake.Refused, "fatal_line")
	w.wantRun(w.push("db", 4, "a=4\n"), intake.Stale, "older_version")
	w.wantRun(w.push("db", 5, "a=5\n"), intake.Applied, "")
	w.wantValues("db", "a=5")
	// The same after a failure that may have changed something.
	w.ledger.Hook(func(context.Context, intake.Delivery) error { return fault.Overloaded(time.Second) })
	w.wantRun(w.push("db", 8, "a=8\n"), intake.Failed, "overloaded")
	w.ledger.Hook(nil)
	w.wantRun(w.push("db", 7, "a=7\n"), intake.Stale, "older_version")
	w.wantRun(w.push("db", 8, "a=8\n"), intake.Applied, "")
}
