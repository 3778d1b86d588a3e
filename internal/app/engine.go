package app

import (
	"context"
	"errors"
	"fmt"

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
}

// storage is one service's store on the engine that the configuration chose.
type storage struct {
	name    string
	migrate func(ctx context.Context) error
	open    func(ctx context.Context, s *stores) error
}

// embedded are the stores in the files of a data folder; path gives the place of a file.
func embedded(path func(string) string) []storage {
	files := struct{ identity, payment, reservation, hotel string }{
		path("identity.db"), path("payment.db"), path("reservation.db"), path("hotel.db"),
	}
	return []storage{
		{
			"identity",
			func(ctx context.Context) error { return identitysqlite.Migrate(ctx, files.identity) },
			func(ctx context.Context, s *stores) error {
				store, err := identitysqlite.Open(ctx, files.identity, sqlitedb.Options{Readers: 1})
				if err == nil {
					s.identity = store
				}
				return err
			},
		},
		{
			"payment",
			func(ctx context.Context) error { return paymentsqlite.Migrate(ctx, files.payment) },
			func(ctx context.Context, s *stores) error {
				store, err := paymentsqlite.Open(ctx, files.payment, sqlitedb.Options{})
				if err == nil {
					s.payment, s.sandbox = store, store.Sandbox()
				}
				return err
			},
		},
		{
			"reservation",
			func(ctx context.Context) error { return reservationsqlite.Migrate(ctx, files.reservation) },
			func(ctx context.Context, s *stores) error {
				store, err := reservationsqlite.Open(ctx, files.reservation)
				if err == nil {
					s.reservation = store
				}
				return err
			},
		},
		{
			"hotel",
			func(ctx context.Context) error { return hotelsqlite.Migrate(ctx, files.hotel) },
			func(ctx context.Context, s *stores) error {
				store, err := hotelsqlite.Open(ctx, files.hotel)
				if err == nil {
					s.hotel = store
				}
				return err
			},
		},
	}
}

// shared are the stores in the schemas of one PostgreSQL.
func shared(dsn string, conns int32) []storage {
	return []storage{
		{
			"identity",
			func(ctx context.Context) error { return identitypostgres.Migrate(ctx, dsn) },
			func(ctx context.Context, s *stores) error {
				store, err := identitypostgres.Open(ctx, dsn, conns)
				if err == nil {
					s.identity = store
				}
				return err
			},
		},
		{
			"payment",
			func(ctx context.Context) error { return paymentpostgres.Migrate(ctx, dsn) },
			func(ctx context.Context, s *stores) error {
				store, err := paymentpostgres.Open(ctx, dsn, conns)
				if err == nil {
					s.payment, s.sandbox = store, store.Sandbox()
				}
				return err
			},
		},
		{
			"reservation",
			func(ctx context.Context) error { return reservationpostgres.Migrate(ctx, dsn) },
			func(ctx context.Context, s *stores) error {
				store, err := reservationpostgres.Open(ctx, dsn, conns)
				if err == nil {
					s.reservation = store
				}
				return err
			},
		},
		{
			"hotel",
			func(ctx context.Context) error { return hotelpostgres.Migrate(ctx, dsn) },
			func(ctx context.Context, s *stores) error {
				store, err := hotelpostgres.Open(ctx, dsn, conns)
				if err == nil {
					s.hotel = store
				}
				return err
			},
		},
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
	for _, c := range []interface{ Close() error }{s.hotel, s.reservation, s.payment, s.identity} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
