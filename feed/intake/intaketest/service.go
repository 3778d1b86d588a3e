package intaketest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest/partner"
	"holdfast/internal/clock"
	"holdfast/uid"
)

// RunService tests what intake promises, on an engine.
func RunService(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"keeps definitions", serviceDefines},
		{"shows nothing of others", serviceHides},
		{"pulls what is due", servicePulls},
		{"tries again, later each time", serviceFails},
		{"refuses what cannot be read", serviceRefuses},
		{"holds what removes too much", serviceHolds},
		{"keeps the newest that is held", serviceHoldsNewest},
		{"takes no version twice, and none that is old", serviceStale},
		{"any order of arrival ends in the same state", serviceAnyOrder},
		{"updates in any order, all at once, end in the same state", serviceUpdatesAnyOrder},
		{"two processes pull a feed once", serviceOnce},
		{"goes on after a crash", serviceCrash},
		{"bounds bodies", serviceBounds},
		{"says what would change", serviceDryRun},
		{"keeps the last runs", serviceForgets},
		{"gives up when it is stopped", serviceStops},
		{"deletes a feed that is worked on", serviceDeletes},
		{"resolves commits whose answer was lost", serviceUnknownCommit},
		{"one push after the other", serviceQueues},
		{"three hundred partners on the hour", serviceStorm},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newWorld(t, open)) })
	}
}

// world is one process, or several on one store, with partners and a service that takes deliveries.
type world struct {
	t        *testing.T
	open     func() intake.Store
	clock    *clock.Manual
	partners *partner.Server
	base     string
	ledger   *Ledger
	settings intake.Settings
	spool    string
	core     *intake.Core
	store    *Forgetful

	supplier uid.ID
	staff    intake.Editor
}

// quick are settings of tests: no wait in them decides anything but how long a test takes.
func quick() intake.Settings {
	s := intake.DefaultSettings()
	s.FirstWait, s.Look, s.PushWait, s.AllowPrivate = time.Millisecond, time.Hour, 10*time.Second, true
	s.MaxBody, s.BreakerAfter = 1<<20, 1000
	return s
}

func newWorld(t *testing.T, open Open) *world {
	t.Helper()
	w := &world{t: t, open: open(t), clock: clock.Still(noon), partners: partner.New(), ledger: NewLedger(), settings: quick(), spool: t.TempDir(), supplier: uid.New()}
	w.staff = intake.Editor{Subject: "staff", Supplier: w.supplier}
	w.base = serve(t, w.partners)
	t.Cleanup(func() {
		for _, wrong := range w.ledger.Wrong() {
			t.Error(wrong)
		}
	})
	return w
}

// serve serves a handler on the loopback.
func serve(t *testing.T, h http.Handler) (base string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// begin brings the world's process up. Its schedule looks when CatchUp asks it to.
func (w *world) begin() { w.core, w.store = w.start() }

func (w *world) start() (*intake.Core, *Forgetful) {
	w.t.Helper()
	store := &Forgetful{Store: w.open()}
	c := intake.New(intake.Deps{Store: store, Formats: w.ledger.Formats(), Clock: w.clock, Settings: w.settings, Spool: w.spool})
	if err := c.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			w.t.Error(err)
		}
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return c, store
}

// feed makes a feed that is pulled from /name.
func (w *world) feed(name, format string) *intake.Status {
	w.t.Helper()
	f := intake.NewFeed(name, w.supplier, format)
	f.URL, f.Jitter = w.base+"/"+name, 0
	return w.put(f)
}

func (w *world) put(f intake.Feed) *intake.Status {
	w.t.Helper()
	s, err := w.core.PutFeed(w.t.Context(), w.staff, f, intake.AnyRevision)
	if err != nil {
		w.t.Fatalf("%v %+v", err, fault.As(err).Fields)
	}
	return s
}

// read is a feed as its staff see it.
func (w *world) read(name string) *intake.Status {
	w.t.Helper()
	s, err := w.core.Feed(w.t.Context(), w.staff, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// due moves the clock to when a feed is due, and pulls what is.
func (w *world) due(name string) {
	w.t.Helper()
	w.clock.Set(w.read(name).Due)
	w.catchUp()
}

func (w *world) catchUp() {
	w.t.Helper()
	if err := w.core.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// last is the newest run of a feed.
func (w *world) last(name string) intake.Run {
	w.t.Helper()
	runs, _, err := w.core.Runs(w.t.Context(), w.staff, name, intake.RunQuery{Limit: 1})
	if err != nil || len(runs) != 1 {
		w.t.Fatalf("%d runs, %v", len(runs), err)
	}
	return runs[0]
}

// wantLast checks the newest run of a feed.
func (w *world) wantLast(name string, o intake.Outcome, code string) intake.Run {
	w.t.Helper()
	r := w.last(name)
	w.wantRun(&r, o, code)
	return r
}

func (w *world) wantRun(r *intake.Run, o intake.Outcome, code string) {
	w.t.Helper()
	if r.Outcome != o || r.Code != code || r.Ended.IsZero() {
		w.t.Fatalf("%s run is %s %q (%s), want %s %q", r.Trigger, r.Outcome, r.Code, r.Message, o, code)
	}
}

// push sends a delivery with a number.
func (w *world) push(name string, number int64, body string) *intake.Run {
	w.t.Helper()
	r, err := w.core.Push(w.t.Context(), w.staff, name, intake.Push{Stamp: intake.Stamp{Sequence: number}, Body: strings.NewReader(body)})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) wantValues(name, want string) {
	w.t.Helper()
	if got := text(w.ledger.Values(name)); got != want {
		w.t.Fatalf("%s has %q, want %q", name, got, want)
	}
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	if !fault.Is(err, reason) {
		t.Fatalf("got %v, want reason %s", err, reason)
	}
}
