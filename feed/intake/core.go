package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/uid"
)

// Core is the service.
type Core struct {
	store    Store
	formats  map[string]Format
	clock    clock.Clock
	settings Settings
	spoolDir string
	log      *slog.Logger
	client   *http.Client
	policies *policies
	pace     *pace

	pulls  chan struct{} // a place each for the pulls under way
	pushes chan struct{}
	wake   chan struct{} // a place among pulls is free, or something is due now

	mu       sync.Mutex
	running  context.Context //nolint:containedctx // ends with Stop; work that outlives its caller hangs on it
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	stopping bool
}

var _ Service = (*Core)(nil)

// New puts the service together; Start brings it to life.
func New(d Deps) *Core {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Settings == (Settings{}) {
		d.Settings = DefaultSettings()
	}
	c := &Core{
		store: d.Store, formats: d.Formats, clock: d.Clock, settings: d.Settings, spoolDir: d.Spool, log: d.Logger.With("service", "intake"),
		pulls: make(chan struct{}, max(1, d.Settings.AtOnce)), pushes: make(chan struct{}, max(1, d.Settings.PushAtOnce)), wake: make(chan struct{}, 1),
		policies: newPolicies(d.Settings), pace: newPace(d.Settings.Share),
	}
	c.client = newClient(d.Settings, d.Dial)
	return c
}

// Start begins to look for feeds that are due. It returns at once.
func (c *Core) Start(ctx context.Context) error {
	if err := c.settings.check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // ctx bounds starting alone
	c.running, c.cancel = run, cancel
	c.wg.Go(func() { c.dispatch(run) })
	return nil
}

// Stop breaks off what is under way and returns when nothing of the service runs any more. Runs that were broken off
// failed with the code stopped; their feeds are due at the next start.
func (c *Core) Stop(context.Context) error {
	c.mu.Lock()
	cancel := c.cancel
	c.stopping, c.cancel = true, nil
	c.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	c.wg.Wait()
	c.client.CloseIdleConnections()
	return nil
}

// errStopped is the cause of work that cannot begin any more.
var errStopped = errors.New("the service has been stopped")

// detached runs work that goes on when its caller has gone, and ends with Stop.
func (c *Core) detached(work func(ctx context.Context)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping || c.running == nil {
		return fault.Overloaded(time.Second).Because(errStopped)
	}
	run := c.running
	c.wg.Go(func() { work(run) })
	return nil
}

// dispatch starts what is due as places are free.
func (c *Core) dispatch(ctx context.Context) {
	tick := time.NewTicker(c.settings.Look)
	defer tick.Stop()
	for {
		if err := c.startDue(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("feeds that are due could not be started; it will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.wake:
		}
	}
}

func (c *Core) nudge() {
	select {
	case c.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// startDue starts as many feeds as there are places. A feed is claimed before the next look, so it is started once.
func (c *Core) startDue(ctx context.Context) error {
	free := cap(c.pulls) - len(c.pulls)
	if free == 0 {
		return nil // the end of a pull looks again
	}
	partners, err := c.store.Due(ctx, c.now(), free)
	if err != nil {
		return err
	}
	for _, partner := range partners {
		select {
		case c.pulls <- struct{}{}:
		default:
			return nil
		}
		j, err := c.claim(ctx, partner, Run{Trigger: Scheduled})
		if err != nil {
			<-c.pulls
			if fault.Is(err, reasonBusy) || fault.Is(err, reasonNotFound) {
				continue // another process was first, or it was deleted
			}
			return err
		}
		c.wg.Go(func() {
			defer func() { <-c.pulls; c.nudge() }()
			c.pull(ctx, j, false)
		})
	}
	return nil
}

// CatchUp pulls at once what is due and returns when that, and whatever this process was pulling already, is done.
// Whoever moves the clock calls it.
func (c *Core) CatchUp(ctx context.Context) error {
	for {
		partners, err := c.store.Due(ctx, c.now(), cap(c.pulls))
		if err != nil {
			return err
		}
		if len(partners) == 0 {
			return c.settle(ctx)
		}
		var group sync.WaitGroup
		errs := make([]error, len(partners))
		for i, partner := range partners {
			group.Go(func() {
				_, errs[i] = c.pullAs(ctx, partner, Run{Trigger: Scheduled}, false)
				if fault.Is(errs[i], reasonBusy) || fault.Is(errs[i], reasonNotFound) {
					errs[i] = nil // another process was first, or it was deleted
				}
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// settle waits until no pull of this process is under way.
func (c *Core) settle(ctx context.Context) error {
	taken := 0
	defer func() {
		for range taken {
			<-c.pulls
		}
		c.nudge()
	}()
	for range cap(c.pulls) {
		select {
		case c.pulls <- struct{}{}:
			taken++
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// now is the instant that a write notes, as exact as every engine keeps it.
func (c *Core) now() time.Time { return c.clock.Now().UTC().Truncate(time.Microsecond) }

// Reasons that are looked for.
const (
	reasonBusy     = "feed_busy"
	reasonNotFound = "feed_not_found"
)

func feedNotFound() *fault.Error {
	return fault.New(fault.NotFound, "feed_not_found", "There is no such feed.")
}

func runNotFound() *fault.Error {
	return fault.New(fault.NotFound, "run_not_found", "There is no such run of this feed; only the last ones are kept.")
}

func feedBusy() *fault.Error {
	return fault.New(fault.Conflict, "feed_busy", "Another delivery of this feed is being worked on; try again.").RetryIn(busyRetry)
}

func feedDisabled() *fault.Error {
	return fault.New(fault.Conflict, "feed_disabled", "The feed is disabled; enable it first.")
}

const busyRetry = 5 * time.Second

// transact is Store.Transact, once more when two processes made the same feed.
func (c *Core) transact(ctx context.Context, partner string, fn func(now time.Time, s *Status) (Change, error)) error {
	err := c.store.Transact(ctx, partner, fn)
	if errors.Is(err, ErrTaken) {
		err = c.store.Transact(ctx, partner, fn)
	}
	if errors.Is(err, ErrTaken) || errors.Is(err, ErrUnknownCommit) {
		return fault.Overloaded(time.Second).Because(err)
	}
	return err
}

// find is a feed that an editor may see.
func (c *Core) find(ctx context.Context, e Editor, partner string) (*Status, error) {
	s, err := c.store.Feed(ctx, partner)
	if err != nil {
		return nil, err
	}
	if s == nil || !e.sees(s.Supplier) {
		return nil, feedNotFound()
	}
	return s, nil
}

func (e Editor) sees(supplier uid.ID) bool { return e.Supplier.IsZero() || e.Supplier == supplier }

// errLost says that a lease ran out under a job.
var errLost = errors.New("another process works on the feed now")

func lostError(partner string) error { return fmt.Errorf("feed %s: %w", partner, errLost) }
