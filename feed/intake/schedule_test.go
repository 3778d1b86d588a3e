package intake_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/fault"
	"holdfast/feed/intake"
	"holdfast/feed/intake/intaketest"
	"holdfast/feed/intake/intaketest/partner"
	"holdfast/feed/intake/sqlite"
	"holdfast/internal/clock"
	"holdfast/uid"
)

// bubble is a service whose time is that of a synctest bubble, with partners in memory.
type bubble struct {
	t        *testing.T
	partners *partner.Server
	ledger   *intaketest.Ledger
	store    *failing
	core     *intake.Core
	supplier uid.ID
	settings intake.Settings
}

// failing is a store that can be made to fail.
type failing struct {
	intake.Store
	broken atomic.Bool
}

var errBroken = errors.New("the store is away")

func (f *failing) Transact(ctx context.Context, partner string, fn func(time.Time, *intake.Status) (intake.Change, error)) error {
	if f.broken.Load() {
		return errBroken
	}
	return f.Store.Transact(ctx, partner, fn)
}

var staff = intake.Editor{Subject: "staff"}

// inBubble runs a test in fake time. Times in it are exact: nothing but waiting passes any.
func inBubble(t *testing.T, test func(*testing.T, *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "intake.db")
		if err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		b := &bubble{t: t, partners: partner.New(), ledger: intaketest.NewLedger(), store: &failing{Store: store}, supplier: uid.New(), settings: intake.DefaultSettings()}
		b.settings.MaxBody = 1 << 20
		dial, stop := partner.Listen(b.partners)
		b.core = intake.New(intake.Deps{Store: b.store, Formats: b.ledger.Formats(), Clock: clock.System{}, Settings: b.settings, Spool: t.TempDir(), Dial: dial})
		if err := b.core.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := b.core.Stop(context.Background()); err != nil {
				t.Error(err)
			}
			stop()
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, b)
		for _, wrong := range b.ledger.Wrong() {
			t.Error(wrong)
		}
	})
}

func (b *bubble) feed(name string, change func(*intake.Feed)) {
	b.t.Helper()
	f := intake.NewFeed(name, b.supplier, intaketest.Whole)
	f.URL, f.Jitter = "http://partner.example/"+name, 0
	if change != nil {
		change(&f)
	}
	if _, err := b.core.PutFeed(b.t.Context(), staff, f, intake.AnyRevision); err != nil {
		b.t.Fatal(err)
	}
}

// pass lets time pass.
func (b *bubble) pass(d time.Duration) {
	<-time.After(d) // in fake time
	synctest.Wait()
}

func (b *bubble) last(name string) intake.Run {
	b.t.Helper()
	runs, _, err := b.core.Runs(b.t.Context(), staff, name, intake.RunQuery{Limit: 1})
	if err != nil || len(runs) == 0 {
		b.t.Fatalf("%d runs, %v", len(runs), err)
	}
	return runs[0]
}

func (b *bubble) asked(name string) int { return len(b.partners.Asked("/" + name)) }

func (b *bubble) wantLast(name string, o intake.Outcome, code string, took time.Duration) {
	b.t.Helper()
	r := b.last(name)
	if r.Outcome != o || r.Code != code {
		b.t.Errorf("run is %s %q (%s), want %s %q", r.Outcome, r.Code, r.Message, o, code)
	}
	if got := r.Ended.Sub(r.Started); got < took*3/4 || got > took*5/4 { // waits differ by a quarter
		b.t.Errorf("it took %v, want about %v", got, took)
	}
}

func TestSchedule(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.partners.Put("/db", []byte("a=1\n"), partner.Version{})
		b.feed("db", nil)
		b.feed("often", func(f *intake.Feed) { f.Every = time.Minute })
		b.feed("off", func(f *intake.Feed) { f.Enabled = false })
		b.partners.Put("/often", []byte("a=1\n"), partner.Version{})
		synctest.Wait()
		if b.asked("db") != 1 {
			t.Error("a new feed is not pulled at once")
		}
		b.pass(6*time.Hour + time.Minute/2)
		if db, often, off := b.asked("db"), b.asked("often"), b.asked("off"); db != 7 || often != 361 || off != 0 {
			t.Errorf("after six hours: asked %d, %d and %d times, want 7, 361 and 0", db, often, off)
		}
		b.wantLast("db", intake.Unchanged, "", 0)
	})
}

// However many are due, no more are worked on at once than there are places, and as soon as one is free the next begins.
func TestAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		const feeds = 30
		free := make(chan struct{})
		b.ledger.Hook(func(context.Context, intake.Delivery) error {
			<-free
			return nil
		})
		for n := range feeds {
			name := "p" + strconv.Itoa(n)
			b.partners.Put("/"+name, []byte("a=1\n"), partner.Version{})
			b.feed(name, nil)
		}
		start := time.Now()
		b.pass(10 * time.Second)
		var group sync.WaitGroup
		for n := range feeds {
			group.Go(func() { // who ask wait like the schedule, or are told that it is being done
				if _, err := b.core.PullNow(t.Context(), staff, "p"+strconv.Itoa(n)); err != nil && !fault.Is(err, "feed_busy") {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if most := b.ledger.Most(); most != b.settings.AtOnce {
			t.Errorf("%d are worked on at once, with %d places", most, b.settings.AtOnce)
		}
		close(free)
		group.Wait()
		synctest.Wait()
		for n := range feeds {
			if b.ledger.Applied("p"+strconv.Itoa(n)) != 1 {
				t.Errorf("p%d was applied %d times", n, b.ledger.Applied("p"+strconv.Itoa(n)))
			}
		}
		if most := b.ledger.Most(); most != b.settings.AtOnce || time.Since(start) > 11*time.Second {
			t.Errorf("%d at once, in %v", most, time.Since(start))
		}
	})
}

// Every way of a partner to be ill ends in bounded time, and the tries of a pull have growing waits between them.
func TestIllPartners(t *testing.T) {
	settings := intake.DefaultSettings()
	waits := settings.FirstWait + 2*settings.FirstWait
	for name, c := range map[string]struct {
		answer partner.Answer
		code   string
		took   time.Duration
		asked  int
	}{
		"silent":     {partner.Silent(), "too_slow", 3*settings.SilentTime + waits, 3},
		"slow":       {partner.Drip(10 * time.Second), "too_slow", 3*settings.PullTime + waits, 3},
		"broken off": {partner.BreakOff(), "unreachable", waits, 3},
		"ill":        {partner.Fail(500, 0), "status_500", waits, 3},
		"busy":       {partner.Fail(503, 2*time.Hour), "status_503", 0, 1},
		"forbidden":  {partner.Fail(403, 0), "status_403", 0, 1},
		"redirected": {partner.Redirect("ftp://partner.example/"), "bad_redirect", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(_ *testing.T, b *bubble) {
				b.partners.Put("/db", make([]byte, 1000), partner.Version{})
				b.partners.Next("/db", c.answer, c.answer, c.answer)
				b.feed("db", nil)
				b.pass(c.took + waits/4 + time.Second)
				b.wantLast("db", intake.Failed, c.code, c.took)
				if got := b.asked("db"); got != c.asked {
					b.t.Errorf("asked %d times, want %d", got, c.asked)
				}
			})
		})
	}
}

// A partner that fails again and again is left alone, and asked once when the rest is over.
func TestBreaker(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		fail := partner.Fail(500, 0)
		for range 2*b.settings.BreakerAfter + 1 {
			b.partners.Next("/db", fail)
		}
		b.partners.Put("/db", []byte("a=1\n"), partner.Version{})
		b.feed("db", nil)
		synctest.Wait()
		// Two pulls of three tries open the breaker.
		b.pass(time.Minute + 30*time.Second)
		if got := b.asked("db"); got != b.settings.BreakerAfter {
			t.Fatalf("asked %d times", got)
		}
		s, err := b.core.Feed(t.Context(), staff, "db")
		if wait := s.Due.Sub(b.last("db").Ended); err != nil || wait < b.settings.BreakerRest*3/4-time.Second || wait > b.settings.BreakerRest*5/4 {
			t.Errorf("due again after %v, %v", wait, err)
		}
		// Staff who ask meanwhile are told, and the partner is not bothered.
		r, err := b.core.PullNow(t.Context(), staff, "db")
		if err != nil || r.Outcome != intake.Failed || r.Code != "resting" || b.asked("db") != b.settings.BreakerAfter {
			t.Errorf("%+v, %v", r, err)
		}
		// One try after the rest: it fails, and the partner rests again.
		b.pass(b.settings.BreakerRest*3/2 + time.Minute)
		if got := b.asked("db"); got != b.settings.BreakerAfter+1 {
			t.Errorf("asked %d times after the rest", got)
		}
		b.pass(12 * time.Hour)
		b.wantLast("db", intake.Unchanged, "", 0)
		if b.ledger.Applied("db") != 1 {
			t.Error("it never came back")
		}
	})
}

// Applying takes longer than a lease: it is renewed, and the feed stays with whom it is.
func TestLeaseIsRenewed(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.partners.Put("/db", []byte("a=1\n"), partner.Version{})
		b.ledger.Hook(func(context.Context, intake.Delivery) error {
			<-time.After(10 * b.settings.Lease)
			return nil
		})
		b.feed("db", func(f *intake.Feed) { f.Every = time.Minute })
		for range 9 {
			b.pass(b.settings.Lease)
			if due, err := b.store.Due(t.Context(), time.Now().Add(time.Hour), 9); len(due) > 0 || err != nil {
				t.Fatalf("free while it is worked on: %v, %v", due, err)
			}
		}
		b.pass(2 * b.settings.Lease)
		if b.ledger.Applied("db") != 1 {
			t.Errorf("applied %d times", b.ledger.Applied("db"))
		}
	})
}

// A lease that cannot be renewed ends the work before somebody else may begin.
func TestLeaseIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bubble) {
		b.partners.Put("/db", []byte("a=1\n"), partner.Version{})
		var began, ended time.Time
		b.ledger.Hook(func(ctx context.Context, _ intake.Delivery) error {
			began = time.Now()
			b.store.broken.Store(true)
			<-ctx.Done()
			ended = time.Now()
			b.store.broken.Store(false)
			return ctx.Err()
		})
		b.feed("db", nil)
		b.pass(b.settings.Lease)
		if ended.IsZero() || ended.Sub(began) >= b.settings.Lease {
			t.Fatalf("it went on for %v, longer than a lease", ended.Sub(began))
		}
		b.wantLast("db", intake.Failed, "lost", ended.Sub(began))
	})
}

// What is applied for too long is broken off.
func TestApplyingEnds(t *testing.T) {
	inBubble(t, func(_ *testing.T, b *bubble) {
		b.partners.Put("/db", []byte("a=1\n"), partner.Version{})
		b.ledger.Hook(func(ctx context.Context, _ intake.Delivery) error {
			<-ctx.Done()
			return ctx.Err()
		})
		b.feed("db", nil)
		b.pass(b.settings.ApplyTime + time.Second)
		b.wantLast("db", intake.Failed, "too_slow", b.settings.ApplyTime)
	})
}
