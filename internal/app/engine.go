package app

import (
	"context"
	"errors"
	"fmt"

	"holdfast/feed/intake"
	intakepostgres "holdfast/feed/intake/postgres"
	intakesqlite "holdfast/feed/intake/sqlite"
	"holdfast/flight"
	flightpostgres "holdfast/flight/postgres"
	flightsqlite "holdfast/flight/sqlite"
	"holdfast/hotel"
	hotelpostgres "holdfast/hotel/postgres"
	hotelsqlite "holdfast/hotel/sqlite"
	"holdfast/identity"
	identitypostgres "holdfast/identity/postgres"
	identitysqlite "holdfast/identity/sqlite"
	"holdfast/internal/sqlitedb"
	"holdfast/payment"
	paymentpostgres "holdfast/payment/postgres"
	"holdfast/payment/sandbox"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/rail"
	railpostgres "holdfast/rail/postgres"
	railsqlite "holdfast/rail/sqlite"
	"holdfast/reservation"
	reservationpostgres "holdfast/reservation/postgres"
	reservationsqlite "holdfast/reservation/sqlite"
)

// stores are the open stores of all services.
type stores struct {
	identity    identity.Store
	payment     payment.Store
	sandbox     sandbox.Store // lives in payment's
	reservation reservation.Store
	hotel       hotel.Store
	rail        rail.Store
	flight      flight.Store
	feeds       intake.Store
}

// storage is one service's store on the engine that the configuration chose.
type storage struct {
	name    string
	migrate func(ctx context.Context) error
	open    func(ctx context.Context, s *stores) error
}

// onEngine is the storage of a service: how its store is brought to this binary's version, opened, and where it goes.
func onEngine[S any](name string, migrate func(context.Context) error, open func(context.Context) (S, error), put func(*stores, S)) storage {
	return storage{name, migrate, func(ctx context.Context, s *stores) error {
		store, err := open(ctx)
		if err == nil {
			put(s, store)
		}
		return err
	}}
}

// embedded are the stores in the files of a data folder; path gives the place of a file.
func embedded(path func(string) string) []storage {
	file := func(name string, migrate func(context.Context, string) error) func(context.Context) error {
		return func(ctx context.Context) error { return migrate(ctx, path(name)) }
	}
	return []storage{
		onEngine("identity", file("identity.db", identitysqlite.Migrate), func(ctx context.Context) (*identitysqlite.Store, error) {
			return identitysqlite.Open(ctx, path("identity.db"), sqlitedb.Options{Readers: 1})
		}, func(s *stores, store *identitysqlite.Store) { s.identity = store }),
		onEngine("payment", file("payment.db", paymentsqlite.Migrate), func(ctx context.Context) (*paymentsqlite.Store, error) {
			return paymentsqlite.Open(ctx, path("payment.db"), sqlitedb.Options{})
		}, func(s *stores, store *paymentsqlite.Store) { s.payment, s.sandbox = store, store.Sandbox() }),
		onEngine("reservation", file("reservation.db", reservationsqlite.Migrate), func(ctx context.Context) (*reservationsqlite.Store, error) {
			return reservationsqlite.Open(ctx, path("reservation.db"))
		}, func(s *stores, store *reservationsqlite.Store) { s.reservation = store }),
		onEngine("hotel", file("hotel.db", hotelsqlite.Migrate), func(ctx context.Context) (hotel.Store, error) {
			return hotelsqlite.Open(ctx, path("hotel.db"))
		}, func(s *stores, store hotel.Store) { s.hotel = store }),
		onEngine("rail", file("rail.db", railsqlite.Migrate), func(ctx context.Context) (rail.Store, error) {
			return railsqlite.Open(ctx, path("rail.db"))
		}, func(s *stores, store rail.Store) { s.rail = store }),
		onEngine("flight", file("flight.db", flightsqlite.Migrate), func(ctx context.Context) (flight.Store, error) {
			return flightsqlite.Open(ctx, path("flight.db"))
		}, func(s *stores, store flight.Store) { s.flight = store }),
		onEngine("feeds", file("feeds.db", intakesqlite.Migrate), func(ctx context.Context) (intake.Store, error) {
			return intakesqlite.Open(ctx, path("feeds.db"))
		}, func(s *stores, store intake.Store) { s.feeds = store }),
	}
}

// shared are the stores in the schemas of one PostgreSQL.
func shared(dsn string, conns int32) []storage {
	at := func(migrate func(context.Context, string) error) func(context.Context) error {
		return func(ctx context.Context) error { return migrate(ctx, dsn) }
	}
	return []storage{
		onEngine("identity", at(identitypostgres.Migrate), func(ctx context.Context) (*identitypostgres.Store, error) {
			return identitypostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store *identitypostgres.Store) { s.identity = store }),
		onEngine("payment", at(paymentpostgres.Migrate), func(ctx context.Context) (*paymentpostgres.Store, error) {
			return paymentpostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store *paymentpostgres.Store) { s.payment, s.sandbox = store, store.Sandbox() }),
		onEngine("reservation", at(reservationpostgres.Migrate), func(ctx context.Context) (*reservationpostgres.Store, error) {
			return reservationpostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store *reservationpostgres.Store) { s.reservation = store }),
		onEngine("hotel", at(hotelpostgres.Migrate), func(ctx context.Context) (hotel.Store, error) {
			return hotelpostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store hotel.Store) { s.hotel = store }),
		onEngine("rail", at(railpostgres.Migrate), func(ctx context.Context) (rail.Store, error) {
			return railpostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store rail.Store) { s.rail = store }),
		onEngine("flight", at(flightpostgres.Migrate), func(ctx context.Context) (flight.Store, error) {
			return flightpostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store flight.Store) { s.flight = store }),
		onEngine("feeds", at(intakepostgres.Migrate), func(ctx context.Context) (intake.Store, error) {
			return intakepostgres.Open(ctx, dsn, conns)
		}, func(s *stores, store intake.Store) { s.feeds = store }),
	}
}

// openStores opens all of them, or none.
func openStores(ctx context.Context, engines []storage) (*stores, error) {
	s := &stores{}
	for _, e := range engines {
		if err := e.open(ctx, s); err != nil {
			return nil, errors.Join(fmt.Errorf("store of %s: %w", e.name, err), s.close())
		}
	}
	return s, nil
}

// close closes what is open.
func (s *stores) close() error {
	var errs []error
	for _, c := range []interface{ Close() error }{s.feeds, s.flight, s.rail, s.hotel, s.reservation, s.payment, s.identity} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
