package lifecycle

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errBroken = errors.New("broken")

// recorder makes components that note what is called. Only Run's goroutines touch it, one at a time.
type recorder struct{ calls []string }

func (r *recorder) note(call string) { r.calls = append(r.calls, call) }

func (r *recorder) component(name string) Component {
	return Component{
		Name:  name,
		Start: func(context.Context, func(error)) error { r.note("+" + name); return nil },
		Stop:  func(context.Context) error { r.note("-" + name); return nil },
	}
}

func quiet(o Options) Options {
	o.Log = slog.New(slog.DiscardHandler)
	return o
}

func expect(t *testing.T, r *recorder, calls string) {
	t.Helper()
	if got := strings.Join(r.calls, " "); got != calls {
		t.Errorf("called %q, want %q", got, calls)
	}
}

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		onlyStart := r.component("c")
		onlyStart.Stop = nil
		go func() { done <- Run(ctx, quiet(Options{}), r.component("a"), r.component("b"), onlyStart) }()
		synctest.Wait()
		expect(t, &r, "+a +b +c")
		cancel()
		if err := <-done; err != nil {
			t.Errorf("a stop that was asked for returned %v", err)
		}
		expect(t, &r, "+a +b +c -b -a")
	})
}

func TestFailedStartStopsWhatHasStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		b := r.component("b")
		b.Start = func(context.Context, func(error)) error { r.note("!b"); return errBroken }
		err := Run(t.Context(), quiet(Options{}), r.component("a"), b, r.component("c"))
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "start b") {
			t.Errorf("got %v, want what broke and where", err)
		}
		expect(t, &r, "+a !b -a")
	})
}

func TestFailureLaterOnStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		b := r.component("b")
		b.Start = func(_ context.Context, fail func(error)) error {
			r.note("+b")
			time.AfterFunc(time.Hour, func() {
				fail(errBroken)
				fail(errors.New("the second one is not heard"))
			})
			return nil
		}
		begin := time.Now()
		err := Run(t.Context(), quiet(Options{}), r.component("a"), b, r.component("c"))
		if !errors.Is(err, errBroken) || err.Error() != "b: broken" {
			t.Errorf("got %v, want the first failure alone", err)
		}
		if took := time.Since(begin); took != time.Hour {
			t.Errorf("ended after %v, want an hour", took)
		}
		expect(t, &r, "+a +b +c -c -b -a")
	})
}

func TestFailureWhileOthersStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		a := r.component("a")
		a.Start = func(_ context.Context, fail func(error)) error { r.note("+a"); fail(nil); return nil }
		err := Run(t.Context(), quiet(Options{}), a, r.component("b"))
		if err == nil || !strings.Contains(err.Error(), "a: ended by itself") {
			t.Errorf("got %v, want that a ended", err)
		}
		expect(t, &r, "+a -a")
	})
}

func TestStopInTheMiddleOfStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		slow := r.component("slow")
		slow.Start = func(ctx context.Context, _ func(error)) error { <-ctx.Done(); return ctx.Err() }
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		// A process that is told to stop while it starts has not failed; a timeout is what the test has at hand.
		if err := Run(ctx, quiet(Options{}), r.component("a"), slow, r.component("c")); err != nil {
			t.Errorf("got %v", err)
		}
		expect(t, &r, "+a -a")
	})
}

func TestDrainTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		const drain = 10 * time.Second
		heeds := r.component("heeds")
		heeds.Stop = func(ctx context.Context) error { <-ctx.Done(); r.note("-heeds"); return ctx.Err() }
		deaf := r.component("deaf")
		release := make(chan struct{})
		defer close(release)
		deaf.Stop = func(context.Context) error { <-release; return nil }
		var given time.Duration
		last := r.component("last")
		last.Stop = func(ctx context.Context) error {
			end, _ := ctx.Deadline()
			given = time.Until(end)
			return ctx.Err()
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Run(ctx, quiet(Options{Drain: drain}), last, deaf, heeds) }()
		synctest.Wait()
		begin := time.Now()
		cancel()
		err := <-done
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stop heeds") || !strings.Contains(err.Error(), "stop deaf") {
			t.Errorf("got %v, want both that were late", err)
		}
		// heeds took all of it; deaf got its last chance and as much again before it was given up.
		if took := time.Since(begin); took != drain+2*lastChance {
			t.Errorf("stopping took %v, want %v", took, drain+2*lastChance)
		}
		if given != lastChance {
			t.Errorf("the last one got %v, want %v", given, lastChance)
		}
		if !slices.Contains(r.calls, "-heeds") {
			t.Error("heeds was not told to give up")
		}
	})
}

func TestSignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		var r recorder
		b := r.component("b")
		// Not in a bubble: the signal comes from outside. It is sent again until Run listens and stops.
		ready := make(chan struct{})
		b.Stop = func(context.Context) error { close(ready); r.note("-b"); return nil }
		done := make(chan error, 1)
		guard := keepAlive(s)
		go func() { done <- Run(t.Context(), quiet(Options{Signals: Signals()}), r.component("a"), b) }()
		tick := time.NewTicker(time.Millisecond)
	wait:
		for {
			select {
			case <-ready:
				break wait
			case <-tick.C:
				if err := syscall.Kill(syscall.Getpid(), s); err != nil {
					t.Fatal(err)
				}
			}
		}
		tick.Stop()
		if err := <-done; err != nil {
			t.Errorf("%v: got %v", s, err)
		}
		guard()
		expect(t, &r, "+a +b -b -a")
	}
}

// keepAlive lets the test process live through a signal that comes before Run listens or after it has stopped to.
func keepAlive(s os.Signal) (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, s)
	return func() { signal.Stop(c) }
}
