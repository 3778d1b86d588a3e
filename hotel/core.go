package hotel

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
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
	Horizon   int           // nights that exist ahead: today and so many minus one after it
	OfferLife time.Duration // how long a search answer keeps its price
}

// DefaultSettings are used where a deployment says nothing.
func DefaultSettings() Settings { return Settings{Horizon: 730, OfferLife: 20 * time.Minute} }

// MaxHorizon bounds Settings.Horizon, in nights.
const MaxHorizon = 1500

// Deps are what a Core needs.
type Deps struct {
	Store       Store
	Reservation reservation.Service
	Clock       clock.Clock
	Settings    Settings
	Image       string // file that the view keeps its free counts in, to start from; "" for none
	Logger      *slog.Logger
}

// Core is the service.
type Core struct {
	store     Store
	desk      reservation.Service
	clock     clock.Clock
	settings  Settings
	log       *slog.Logger
	finder    *finder
	catalogue *catalogue
	turns     *turns
	owner     string // names this process's leases on command queues
	image     imageOf

	polled Point // how far poll has read; its own turn (pollTurn) guards it

	cancel context.CancelFunc
	wg     sync.WaitGroup
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
		store: d.Store, desk: d.Reservation, clock: d.Clock, settings: d.Settings, log: d.Logger.With("service", "hotel"),
		turns: newTurns(), owner: uid.New().Text("own"), image: imageOf{path: d.Image},
	}
	c.finder = newFinder(finderDeps{Clock: d.Clock, OfferLife: d.Settings.OfferLife, Horizon: d.Settings.Horizon, Log: c.log})
	c.catalogue = newCatalogue(c.finder)
	return c
}

// How often the jobs look. They only repair and follow: a write of this process is published and sent at once.
const (
	pollEvery    = time.Second      // for houses that other processes wrote
	commandEvery = time.Second      // for commands to be repeated
	archiveEvery = time.Hour        // for nights that are past
	horizonEvery = 2 * time.Minute  // for hotels whose local date has advanced
	pageHouses   = 200              // read from the store at once
	callTimeout  = 20 * time.Second // of one call to reservation; shorter than a lease
)

// Start makes the service ready: every house and every slot is in memory when it returns. Commands that were left
// behind and nights that are due are made up for in the background.
func (c *Core) Start(ctx context.Context) error {
	if c.settings.Horizon < 1 || c.settings.Horizon > MaxHorizon {
		return fmt.Errorf("horizon of %d nights: want 1 to %d", c.settings.Horizon, MaxHorizon)
	}
	secret, err := c.desk.SealingSecret(ctx)
	if err != nil {
		return fmt.Errorf("sealing secret: %w", err)
	}
	sealer, err := offer.NewSealer(secret)
	if err != nil {
		return err
	}
	c.finder.setSealer(sealer)
	if err := c.poll(ctx); err != nil {
		return fmt.Errorf("read hotels: %w", err)
	}
	c.image.store = storeOf(secret)
	if err := c.finder.start(ctx, c.desk, c.image); err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx)) // ctx bounds starting alone
	c.cancel = cancel
	if c.image.path != "" {
		c.wg.Go(func() { c.finder.keepImage(run, c.desk, c.image) })
	}
	c.wg.Go(func() { c.every(run, pollEvery, "poll", c.poll) })
	c.wg.Go(func() {
		c.every(run, commandEvery, "commands", func(ctx context.Context) error { return c.repeat(ctx, false) })
	})
	c.wg.Go(func() { c.every(run, horizonEvery, "horizon", c.rollForward) })
	c.wg.Go(func() { c.every(run, archiveEvery, "archive", c.archiveNights) })
	return nil
}

// Stop ends the jobs and returns when nothing of the service runs any more; the store is the caller's to close, and
// reservation still answers. Commands under way are repeated at the next start.
func (c *Core) Stop(ctx context.Context) error {
	if c.cancel == nil {
		return nil
	}
	c.cancel()
	c.cancel = nil
	c.wg.Wait()
	if c.image.path != "" {
		if err := c.finder.saveImage(ctx, c.desk, c.image, false); err != nil {
			c.log.Warn("the image of the stock could not be written; the next start takes longer", "path", c.image.path, "error", err)
		}
	}
	c.finder.stop()
	return nil
}

// CatchUp does at once what the jobs do by and by: it reads what other processes wrote, tries all waiting commands and
// makes the nights that are due. Whoever moves the clock calls it.
func (c *Core) CatchUp(ctx context.Context) error {
	if err := c.poll(ctx); err != nil {
		return err
	}
	if err := c.repeat(ctx, true); err != nil {
		return err
	}
	return c.rollForward(ctx)
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

// poll publishes what was written since the last poll, by this process or another.
func (c *Core) poll(ctx context.Context) error {
	if err := c.turns.take(ctx, pollTurn); err != nil {
		return err
	}
	defer c.turns.give(pollTurn)
	for {
		houses, next, err := c.store.Changed(ctx, c.polled, pageHouses)
		if err != nil {
			return err
		}
		c.catalogue.publish(houses...)
		c.polled = next
		if len(houses) < pageHouses {
			return nil
		}
	}
}

// refresh reads one house anew and publishes it.
func (c *Core) refresh(ctx context.Context, id uid.ID) error {
	h, err := c.store.House(ctx, id)
	if err != nil || h == nil {
		return err
	}
	c.catalogue.publish(h)
	return nil
}

// now is the instant that a write notes, as exact as every engine keeps it.
func (c *Core) now() time.Time { return c.clock.Now().UTC().Truncate(time.Microsecond) }

// today is the date at the hotel.
func (c *Core) today(h *Hotel) civil.Date { return civil.Today(c.clock.Now(), zone(h.TimeZone)) }

// zones keeps the loaded time zones: reading one takes longer than most calls.
var zones sync.Map // string -> *time.Location

// zone is the location of a valid zone name; UTC for one that this binary does not know.
func zone(name string) *time.Location {
	if known, ok := zones.Load(name); ok {
		if loc, ok := known.(*time.Location); ok {
			return loc
		}
	}
	loc, err := civil.Zone(name)
	if err != nil {
		return time.UTC // stored by a newer binary with newer zones; a day's difference at most
	}
	zones.Store(name, loc)
	return loc
}

// Faults of more than one use case.
func hotelNotFound() *fault.Error {
	return fault.New(fault.NotFound, "hotel_not_found", "There is no such hotel.")
}

func roomTypeNotFound() *fault.Error {
	return fault.New(fault.NotFound, "room_type_not_found", "There is no such room type in this hotel.")
}

func roomNotFound() *fault.Error {
	return fault.New(fault.NotFound, "room_not_found", "There is no such room in this hotel.")
}

func ratePlanNotFound() *fault.Error {
	return fault.New(fault.NotFound, "rate_plan_not_found", "There is no such rate plan in this hotel.")
}

func changedMeanwhile() *fault.Error {
	return fault.New(fault.Stale, "changed_meanwhile", "The hotel was changed since you read it. Read it again and repeat your change.")
}

// Search implements Service.
func (c *Core) Search(ctx context.Context, q StayQuery) ([]Proposal, error) {
	return c.finder.search(ctx, q)
}

// BestOffer implements Service.
func (c *Core) BestOffer(ctx context.Context, r StayRequest) (Proposal, error) {
	return c.finder.best(ctx, r)
}
