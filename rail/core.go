package rail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/uid"
)

// Settings are the numbers a deployment may change.
type Settings struct {
	Horizon   int           // service dates on sale: today and so many minus one after it
	OfferLife time.Duration // how long a search answer keeps its price
}

// DefaultSettings are used where a deployment says nothing.
func DefaultSettings() Settings { return Settings{Horizon: 60, OfferLife: 20 * time.Minute} }

// MaxHorizon bounds Settings.Horizon, in days.
const MaxHorizon = 400

// Deps are what a Core needs.
type Deps struct {
	Store       Store
	Reservation reservation.Service
	Clock       clock.Clock
	Settings    Settings
	Logger      *slog.Logger
}

// Core is the service.
type Core struct {
	store    Store
	desk     reservation.Service
	clock    clock.Clock
	settings Settings
	log      *slog.Logger
	sealer   atomic.Pointer[offer.Sealer]
	owner    string // names this process's leases

	catalogue *catalogue
	view      *view
	network   atomic.Pointer[network]
	building  sync.Mutex // one writer of network at a time; guards ways and built
	ways      map[wayKey]*way
	built     int64
	boards    atomic.Pointer[boards]
	wanted    atomic.Int64 // how often a whole new network was asked for
	turns     *turns
	workers   workers
	told      atomic.Int64 // reservations that heard of changes, since the start
	polled    atomic.Int64 // how far the changes of the store were published
	lately    lately

	unwatch func()
	cancel  context.CancelFunc
	wg      sync.WaitGroup
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
	return &Core{
		store: d.Store, desk: d.Reservation, clock: d.Clock, settings: d.Settings, log: d.Logger.With("service", "rail"),
		owner: uid.New().Text("own"), catalogue: newCatalogue(), view: newView(), turns: newTurns(),
		workers: workers{leases: map[uid.ID]int{}, busy: map[RunKey]bool{}}, lately: lately{runs: map[RunKey]changedRun{}},
	}
}

// How often the jobs look. They only repair and follow: a write of this process is published and worked on at once.
const (
	pollEvery    = time.Second     // for what other processes wrote
	workEvery    = time.Second     // for stock that is left to be made or changed
	rollEvery    = 2 * time.Minute // for service dates that come within the horizon
	archiveEvery = 6 * time.Hour   // for runs that are past
	callTimeout  = 30 * time.Second
)

// Start makes the service ready: the timetable and the free seats of every run are in memory when it returns. Work that
// was left behind is made up for in the background.
func (c *Core) Start(ctx context.Context) error {
	if c.settings.Horizon < 1 || c.settings.Horizon > MaxHorizon {
		return fmt.Errorf("horizon of %d days: want 1 to %d", c.settings.Horizon, MaxHorizon)
	}
	secret, err := c.desk.SealingSecret(ctx)
	if err != nil {
		return fmt.Errorf("sealing secret: %w", err)
	}
	sealer, err := offer.NewSealer(secret)
	if err != nil {
		return err
	}
	c.sealer.Store(sealer)
	c.unwatch = c.desk.Watch(c.view.slots) // before anything is read: nothing may happen unseen between the two
	c.rebuild()
	if err := c.poll(ctx); err != nil {
		c.unwatch()
		return fmt.Errorf("read railways: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // ctx bounds starting alone
	c.cancel = cancel
	c.wg.Go(func() { c.every(run, pollEvery, "poll", c.follow) })
	c.wg.Go(func() {
		c.every(run, workEvery, "stock", func(ctx context.Context) error { return c.work(ctx, false) })
	})
	c.wg.Go(func() { c.every(run, rollEvery, "horizon", c.rollForward) })
	c.wg.Go(func() { c.every(run, archiveEvery, "archive", c.archive) })
	return nil
}

// Stop ends the jobs and returns when nothing of the service runs any more; the store is the caller's to close, and
// reservation still answers. Work under way is repeated at the next start.
func (c *Core) Stop(context.Context) error {
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	c.cancel = nil
	c.wg.Wait()
	c.unwatch()
	return nil
}

// CatchUp does at once what the jobs do by and by: it reads what other processes wrote, puts the service dates that came
// within the horizon on sale, and does all work that is left. Whoever moves the clock calls it.
func (c *Core) CatchUp(ctx context.Context) error {
	if err := c.poll(ctx); err != nil {
		return err
	}
	if err := c.rollForward(ctx); err != nil {
		return err
	}
	return c.work(ctx, true)
}

// every runs a job at once, then after each interval, until ctx ends.
func (c *Core) every(ctx context.Context, interval time.Duration, name string, job func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := job(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("job failed; it will be repeated", "job", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follow reads what others wrote, and the seats of runs that could not be read before.
func (c *Core) follow(ctx context.Context) error {
	if err := c.poll(ctx); err != nil {
		return err
	}
	c.outdateAgain()
	return c.view.fill(ctx, c.desk)
}

// poll publishes what was written since the last poll, by this process or another.
func (c *Core) poll(ctx context.Context) error {
	if err := c.turns.take(ctx, pollTurn); err != nil {
		return err
	}
	defer c.turns.give(pollTurn)
	rows, last, err := c.store.Changed(ctx, c.polled.Load())
	if err != nil {
		return err
	}
	if !rows.Empty() {
		if err := c.publish(ctx, rows); err != nil {
			return err
		}
	}
	c.polled.Store(last)
	return nil
}

// write commits rows and publishes them. When the answer of the commit is lost it finds out what became of it.
func (c *Core) write(ctx context.Context, rows *Rows) error {
	w := Write{ID: uid.New(), Rows: *rows}
	change, err := c.store.Write(ctx, w)
	if errors.Is(err, ErrUnknownCommit) {
		landed, lerr := c.store.Landed(context.WithoutCancel(ctx), w.ID)
		switch {
		case lerr != nil:
			return fault.New(fault.Unavailable, "outcome_unknown", "The database did not say whether the change was stored. Read again before you repeat it; repeating it does no harm.").RetryIn(time.Second).Because(err)
		case !landed:
			return fault.Overloaded(time.Second).Because(err)
		}
		err = nil
	}
	if err != nil {
		return err
	}
	if err := c.publish(context.WithoutCancel(ctx), rows); err != nil {
		return err
	}
	c.polled.CompareAndSwap(change-1, change) // nobody else wrote in between: there is nothing to read
	return nil
}

// publish shows rows that are stored: in the catalogue, then in the view, then in the timetable.
func (c *Core) publish(ctx context.Context, rows *Rows) error {
	c.catalogue.mu.Lock()
	structural := len(rows.Stations) > 0 || c.catalogue.transfersDiffer(rows.Railways)
	changed := c.changedRuns(rows.Runs)
	err := c.catalogue.put(rows)
	var pools []sized
	for _, r := range rows.Runs {
		if p := c.catalogue.patterns[r.Pattern]; p != nil {
			for _, pool := range r.Pools {
				pools = append(pools, sized{pool, p.Segments()})
			}
		}
	}
	c.catalogue.mu.Unlock()
	if err != nil {
		return fault.Wrap(err, "stored rows cannot be understood")
	}
	c.view.show(pools)
	if err := c.view.fill(ctx, c.desk); err != nil {
		c.log.Warn("free seats of new runs could not be read; trying again", "error", err)
	}
	if structural {
		c.rebuild()
	} else {
		c.renew(rows)
	}
	c.outdate(changed) // from here on no offer is made of what they were
	return nil
}

// now is the instant that a write notes, as exact as every engine keeps it.
func (c *Core) now() time.Time { return c.clock.Now().UTC().Truncate(time.Microsecond) }

// Bounds of the service dates that are looked at: a train that began so many days ago may still be on its way.
const daysUnderWay = 5

// Faults of more than one use case.
func stationNotFound(code string) *fault.Error {
	return fault.New(fault.NotFound, "station_not_found", "There is no station %q.", clip(code))
}

func trainNotFound(number string, date civil.Date) *fault.Error {
	return fault.New(fault.NotFound, "train_not_found", "No train %s runs on %s.", clip(number), date)
}

func railwayNotFound() *fault.Error {
	return fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
}

// clip shortens what a caller said for a message.
func clip(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// may refuses an editor of another supplier.
func (e Editor) may(supplier uid.ID) error {
	if supplier.IsZero() || !e.Supplier.IsZero() && e.Supplier != supplier {
		return railwayNotFound()
	}
	return nil
}
