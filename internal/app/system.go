// Package app is where everything is put together: the table of modules in the order in which they start, and what the
// commands of the binary do with it. It is the one package that imports all the others.
package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/feed/intake"
	"holdfast/flight"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/internal/clock"
	"holdfast/internal/config"
	"holdfast/internal/folder"
	"holdfast/internal/lifecycle"
	"holdfast/internal/telemetry"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/rail"
	"holdfast/reservation"
	"holdfast/uid"
)

// sandboxMethods is the prefix of the payment methods that the sandbox takes.
const sandboxMethods = "pm_test_"

// system is all services of one process on their stores.
type system struct {
	config   *config.Config
	log      *slog.Logger
	build    telemetry.Build
	registry *prometheus.Registry

	clock  clock.Clock
	manual *clock.Manual // the same in test mode, else nil

	folder *folder.Folder // nil on PostgreSQL

	otherWorld bool // the store had other hotels, so the demo world was left out
	stores     *stores

	identity    *identity.Core
	payment     *payment.Core
	reservation *reservation.Core
	hotel       *hotel.Core
	rail        *rail.Core
	flight      *flight.Core
	feeds       *intake.Core
}

func newSystem(c *config.Config, log *slog.Logger) *system {
	s := &system{config: c, log: log, build: telemetry.ThisBuild(), clock: clock.System{}}
	s.registry = telemetry.NewRegistry(s.build)
	if c.TestMode() {
		at, given := c.ClockStart()
		if !given {
			at = clock.System{}.Now()
		}
		s.manual = clock.Running(at)
		s.clock = s.manual
	}
	return s
}

func (s *system) mode() folder.Mode {
	if s.config.TestMode() {
		return folder.Test
	}
	return folder.Live
}

// engines are the stores that the configuration chose. The folder must have been taken.
func (s *system) engines() []storage {
	if s.config.Embedded() {
		return embedded(s.folder.Path)
	}
	return shared(s.config.Database.URL, s.config.Database.MaxConns)
}

// storesModule is the name of the module that opens the stores.
const storesModule = "stores"

// modules are the services and what they stand on, in the order in which they start. migrate brings the stores to this
// binary's version first.
func (s *system) modules(migrate bool, tokens func() ([]identity.Token, error)) []lifecycle.Component {
	all := []lifecycle.Component{
		{Name: storesModule, Start: func(ctx context.Context, _ func(error)) error { return s.open(ctx, migrate) }, Stop: func(context.Context) error { return s.stores.close() }},
		{Name: "identity", Start: func(ctx context.Context, _ func(error)) error {
			extra, err := tokens()
			if err != nil {
				return err
			}
			s.identity = identity.New(identity.Deps{Store: s.stores.identity, TokenFile: s.config.Token, Tokens: extra, Clock: s.clock, Log: s.log.With("service", "identity")})
			return s.identity.Start(ctx)
		}, Stop: func(ctx context.Context) error { return s.identity.Stop(ctx) }},
		{Name: "reservation", Start: func(ctx context.Context, _ func(error)) error {
			s.sell()
			return s.reservation.Start(ctx)
		}, Stop: func(ctx context.Context) error { return s.reservation.Stop(ctx) }},
		{Name: "hotel", Start: func(ctx context.Context, _ func(error)) error {
			s.hotel = hotel.New(hotel.Deps{
				Store: s.stores.hotel, Reservation: s.reservation, Clock: s.clock, Logger: s.log, Image: s.imageFile(),
				Settings: hotel.Settings{Horizon: s.config.HorizonNights, OfferLife: s.config.Times.Offer},
			})
			return s.hotel.Start(ctx)
		}, Stop: func(ctx context.Context) error { return s.hotel.Stop(ctx) }},
		{Name: "rail", Start: func(ctx context.Context, _ func(error)) error {
			s.rail = rail.New(rail.Deps{
				Store: s.stores.rail, Reservation: s.reservation, Clock: s.clock, Logger: s.log,
				Settings: rail.Settings{Horizon: s.config.HorizonRuns, OfferLife: s.config.Times.Offer},
			})
			return s.rail.Start(ctx)
		}, Stop: func(ctx context.Context) error { return s.rail.Stop(ctx) }},
		{Name: "flight", Start: func(ctx context.Context, _ func(error)) error {
			settings := flight.DefaultSettings()
			settings.Horizon, settings.OfferLife = s.config.HorizonFlights, s.config.Times.Offer
			s.flight = flight.New(flight.Deps{Store: s.stores.flight, Reservation: s.reservation, Clock: s.clock, Logger: s.log, Settings: settings})
			return s.flight.Start(ctx)
		}, Stop: func(ctx context.Context) error { return s.flight.Stop(ctx) }},
	}
	if s.config.Embedded() {
		all = append([]lifecycle.Component{{
			Name: "data folder",
			Start: func(context.Context, func(error)) (err error) {
				s.folder, err = folder.Open(s.config.Data, s.mode())
				return err
			},
			Stop: func(context.Context) error { return s.folder.Close() },
		}}, all...)
	}
	return all
}

// catchUp has all services do at once what their jobs do by and by.
func (s *system) catchUp(ctx context.Context) error {
	for _, c := range []interface {
		CatchUp(ctx context.Context) error
	}{s.hotel, s.rail, s.flight} { // feeds are pulled by their own schedule
		if err := c.CatchUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// imageFile is where the search keeps its image of the stock; "" for nowhere.
func (s *system) imageFile() string {
	if s.config.Image != "" || !s.config.Embedded() {
		return s.config.Image
	}
	return s.folder.Path("hotel-view.image")
}

// open opens the stores. On PostgreSQL the first process settles whether the data is live or for tests.
func (s *system) open(ctx context.Context, migrate bool) error {
	engines := s.engines()
	if s.config.Embedded() {
		if err := s.inspect(ctx); err != nil {
			return err
		}
	}
	if migrate {
		for _, e := range engines {
			if err := e.migrate(ctx); err != nil {
				return fmt.Errorf("store of %s: %w", e.name, err)
			}
		}
	}
	open, err := openStores(ctx, engines)
	if err != nil {
		return err
	}
	if !s.config.Embedded() {
		is, err := open.identity.Mode(ctx, s.mode().String())
		if err == nil && is != s.mode().String() {
			err = fmt.Errorf("the database holds %s data and cannot be opened for %v; name another database", is, s.mode())
		}
		if err != nil {
			_ = open.close() // the first error says more
			return err
		}
	}
	s.stores = open
	return nil
}

// sell puts payment and reservation together; they are ready to be asked, and reservation's jobs do not run yet.
func (s *system) sell() {
	provider := sandbox.New(sandbox.Deps{Store: s.stores.sandbox, Clock: s.clock})
	s.payment = payment.New(payment.Deps{
		Store: s.stores.payment, Providers: map[string]payment.Provider{sandboxMethods: provider}, Clock: s.clock, Logger: s.log.With("service", "payment"),
	})
	s.reservation = reservation.New(reservation.Deps{
		Store: s.stores.reservation, Payment: s.payment, Clock: s.clock,
		StoreClock: !s.config.Embedded() && !s.config.TestMode(), Follow: !s.config.Embedded(),
		Node: s.config.Node, Settings: s.settings(), Logger: s.log, Registry: s.registry,
	})
}

// settings translates the configuration for reservation.
func (s *system) settings() reservation.Settings {
	c := s.config
	settings := reservation.Settings{
		Hold: c.Times.Hold, Extension: c.Times.Extension, Grace: c.Times.Grace, QuoteLife: c.Times.Quote, PayWait: c.Times.PayWait,
		Lanes: c.Limits.Lanes, Queue: c.Limits.Queue, BatchCommands: c.Limits.BatchCommands, BatchRows: c.Limits.BatchRows,
		BelieveFor: c.Times.SoldOut, KeyLife: c.Times.Keys, ArchiveAfter: c.Times.Archive, ArchiveUnpaidAfter: c.Times.ArchiveUnpaid,
		Caps: reservation.Caps(c.Caps),
	}
	if c.Embedded() {
		settings.Lanes = 1 // SQLite has one writer
	}
	for id, caps := range c.SupplierCaps {
		if settings.SupplierCaps == nil {
			settings.SupplierCaps = map[uid.ID]reservation.Caps{}
		}
		settings.SupplierCaps[id] = reservation.Caps(caps)
	}
	return settings
}
