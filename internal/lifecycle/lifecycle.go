// Package lifecycle starts the parts of a process in order and stops them in the opposite order: on a signal, when the
// context ends, or when one of them fails.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/oklog/run"
)

// Component is one part of a process.
type Component struct {
	// Name says in logs and errors which part it is.
	Name string
	// Start returns when the component is ready for those that start after it. ctx bounds starting alone: it ends when
	// the process is told to stop meanwhile. A component that breaks later says so with fail, which may be called at any
	// time and any number of times; the first call stops everything.
	Start func(ctx context.Context, fail func(error)) error
	// Stop finishes what is under way and takes nothing new; it returns when none of the component's goroutines runs
	// any more. When ctx ends it gives up the rest and returns soon. nil where there is nothing to stop. It is called
	// once, and only after a Start that returned nil.
	Stop func(ctx context.Context) error
}

// Options of Run.
type Options struct {
	// Drain bounds the stopping of all components together; 30 s when zero.
	Drain time.Duration
	// Signals that stop the process in good order; none when empty. The second one ends it at once.
	Signals []os.Signal
	// Log gets a line for each start and stop; slog.Default() when nil.
	Log *slog.Logger
}

const (
	defaultDrain = 30 * time.Second
	// lastChance is what a component gets to close its files when those before it have used up the drain time.
	lastChance = time.Second
)

// Signals are the ones that ask a server to stop.
func Signals() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM} }

// Run starts the components one after the other, waits, and stops those that started in the opposite order. It returns
// nil after a signal or the end of ctx, and otherwise what failed: a Start, a component later on, or a Stop (each error
// names its component). It returns only when everything has stopped or has had its time to.
func Run(ctx context.Context, options Options, components ...Component) error {
	if options.Drain == 0 {
		options.Drain = defaultDrain
	}
	if options.Log == nil {
		options.Log = slog.Default()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	var group run.Group
	var err error // the group would return the signal, which is no failure
	group.Add(func() error {
		err = supervise(ctx, options, components)
		return err
	}, func(error) { cancel() })
	if len(options.Signals) > 0 {
		// The handler stops listening after the first signal, so the second one has its usual effect.
		group.Add(run.SignalHandler(ctx, options.Signals...))
	}
	_ = group.Run()
	return err
}

// failure is the cause of a stop that a component asked for.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

func supervise(ctx context.Context, options Options, components []Component) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var started []Component
	var errs []error
	for _, c := range components {
		begin := time.Now()
		err := c.Start(ctx, func(err error) {
			if err == nil {
				err = errors.New("ended by itself")
			}
			stop(&failure{fmt.Errorf("%s: %w", c.Name, err)})
		})
		if err != nil {
			// Told to stop in the middle of starting, a component may give up; that is no failure of its own.
			if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				errs = append(errs, fmt.Errorf("start %s: %w", c.Name, err))
			}
			stop(nil)
			break
		}
		started = append(started, c)
		options.Log.Info("started", "component", c.Name, "after", time.Since(begin))
		if ctx.Err() != nil {
			break
		}
	}
	<-ctx.Done()
	if f, ok := errors.AsType[*failure](context.Cause(ctx)); ok {
		errs = append(errs, f.error)
	}
	return errors.Join(append(errs, drain(context.WithoutCancel(ctx), options, started)...)...)
}

// drain stops the components, the last one started first.
func drain(ctx context.Context, options Options, started []Component) (errs []error) {
	begin := time.Now()
	for i := len(started) - 1; i >= 0; i-- {
		c := started[i]
		if c.Stop == nil {
			continue
		}
		left := max(options.Drain-time.Since(begin), lastChance)
		if err := stopWithin(ctx, left, c.Stop); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", c.Name, err))
			options.Log.Error("not stopped in good order", "component", c.Name, "error", err)
			continue
		}
		options.Log.Info("stopped", "component", c.Name)
	}
	return errs
}

// stopWithin calls stop and, should it not heed its ctx, gives it up lastChance after that has ended: the process is
// about to end, and the other components still have files to close.
func stopWithin(ctx context.Context, left time.Duration, stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- stop(ctx) }()
	deaf := time.NewTimer(left + lastChance)
	defer deaf.Stop()
	select {
	case err := <-stopped:
		return err
	case <-deaf.C:
		return fmt.Errorf("still at it after %v, given up", left+lastChance)
	}
}
