package flight

import (
	"context"
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
	Horizon   int           // days ahead on sale
	OfferLife time.Duration // how long a search answer keeps its price
	SaleEnds  time.Duration // before departure
}

// DefaultSettings are used where a deployment says nothing.
func DefaultSettings() Settings {
	return Settings{Horizon: 120, OfferLife: 20 * time.Minute, SaleEnds: 30 * time.Minute}
}

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
	store     Store
	desk      reservation.Service
	clock     clock.Clock
	settings  Settings
	log       *slog.Logger
	catalogue *catalogue
	pen       *pen
	fill      *filler
	sealer    atomic.Pointer[offer.Sealer]
	owner     string // names this process's leases on commands
	sending   chan struct{}
	layouts   sync.Map // uid.ID of layouts that reservation has
	cabins    sync.Map // cabinOfType -> *laidOut

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
	c := &Core{
		store: d.Store, desk: d.Reservation, clock: d.Clock, settings: d.Settings, log: d.Logger.With("service", "flight"),
		catalogue: newCatalogue(), pen: newPen(), owner: uid.New().Text("own"), sending: make(chan struct{}, 1),
	}
	c.sending <- struct{}{}
	c.catalogue.view = view{
		clock: d.Clock, ends: d.Settings.SaleEnds, log: c.log, listings: map[uid.ID]*listing{}, served: map[string]int{}, lines: newLines(), fresh: true,
	}
	c.fill = newFiller(c.catalogue.view.lines)
	return c
}

// How often the jobs look. They only repair and follow: a write of this process is shown and sent at once.
const (
	pollEvery     = time.Second      // for what other processes wrote
	commandEvery  = time.Second      // for commands to be repeated
	horizonEvery  = 2 * time.Minute  // for departures that come within the horizon, or leave
	protectEvery  = time.Hour        // for protection levels that follow the demand
	conflictEvery = time.Hour        // for conflicts, of which what was taken may be free again
	archiveEvery  = time.Hour        // for departures that are long over
	callTimeout   = 20 * time.Second // of one call to reservation; shorter than a lease
)

// Start makes the service ready: everything is in memory when it returns. Commands that were left behind and departures
// that are due are made up for in the background.
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
	c.unwatch = c.desk.Watch(c.catalogue.view.lines.take) // before the reading: nothing may happen unseen between the two
	if err := c.poll(ctx); err != nil {
		c.unwatch()
		return fmt.Errorf("read flights: %w", err)
	}
	if err := c.fill.fill(ctx, c.desk); err != nil {
		c.unwatch()
		return fmt.Errorf("read stock: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // ctx bounds starting alone
	c.cancel = cancel
	c.wg.Go(func() { c.fill.follow(run, c.desk, c.log) })
	c.wg.Go(func() { c.every(run, pollEvery, "poll", c.poll) })
	c.wg.Go(func() {
		c.every(run, commandEvery, "commands", func(ctx context.Context) error { return c.send(ctx, false, nil) })
	})
	c.wg.Go(func() { c.every(run, horizonEvery, "horizon", c.rollForward) })
	c.wg.Go(func() { c.every(run, protectEvery, "protection", c.reprotect) })
	c.wg.Go(func() { c.every(run, conflictEvery, "conflicts", c.reconsider) })
	c.wg.Go(func() { c.every(run, archiveEvery, "archive", c.archive) })
	return nil
}

// Stop ends the jobs and returns when nothing of the service runs any more; the store is the caller's to close, and
// reservation still answers. Commands under way are repeated at the next start.
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

// CatchUp does at once what the jobs do by and by: it reads what other processes wrote, tries all waiting commands and
// opens the departures that are due. Whoever moves the clock calls it.
func (c *Core) CatchUp(ctx context.Context) error {
	if err := c.poll(ctx); err != nil {
		return err
	}
	if err := c.send(ctx, true, nil); err != nil {
		return err
	}
	if err := c.reprotect(ctx); err != nil {
		return err
	}
	if err := c.reconsider(ctx); err != nil {
		return err
	}
	if err := c.rollForward(ctx); err != nil {
		return err
	}
	return c.fill.fill(ctx, c.desk)
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

// zones keeps the loaded time zones: reading one takes longer than most calls.
var zones sync.Map // string -> *time.Location

// zoneOf is the location of a zone name; nil for none that there is.
func zoneOf(name string) *time.Location {
	if known, ok := zones.Load(name); ok {
		if loc, ok := known.(*time.Location); ok {
			return loc
		}
	}
	loc, err := civil.Zone(name)
	if err != nil {
		return nil
	}
	zones.Store(name, loc)
	return loc
}

// Faults of more than one use case.
func flightNotFound() *fault.Error {
	return fault.New(fault.NotFound, "flight_not_found", "There is no such flight on that date.")
}

func supplierNotFound() *fault.Error {
	return fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
}

func changedMeanwhile() *fault.Error {
	return fault.New(fault.Stale, "changed_meanwhile", "It was changed since you read it. Read it again and repeat your change.")
}

// Editor is who writes: staff of a supplier, or of the operator when Supplier is zero. What belongs to another
// supplier does not exist for them.
type Editor struct {
	Subject  string
	Supplier uid.ID
}

// may says whether an editor writes for a supplier.
func (e Editor) may(supplier uid.ID) error {
	switch {
	case supplier.IsZero():
		return fault.InvalidField("/supplier_id", "required", "This names the supplier.")
	case !e.Supplier.IsZero() && e.Supplier != supplier:
		return supplierNotFound()
	}
	return nil
}

// operator says whether an editor may write what belongs to nobody.
func (e Editor) operator() error {
	if !e.Supplier.IsZero() {
		return fault.New(fault.Forbidden, "scope_missing", "This is for the operator's staff alone.")
	}
	return nil
}
