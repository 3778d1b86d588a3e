package country

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"holdfast/civil"
	"holdfast/hotel"
	hotelpostgres "holdfast/hotel/postgres"
	hotelsqlite "holdfast/hotel/sqlite"
	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/payment"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	reservationpostgres "holdfast/reservation/postgres"
	reservationsqlite "holdfast/reservation/sqlite"
	"holdfast/uid"
)

// Place is where a system keeps its data: a folder, and a database for all but the payments if DSN is not empty.
type Place struct {
	Folder string
	DSN    string
}

// Image is the file of the view.
func (p Place) Image() string { return filepath.Join(p.Folder, "hotel-view.image") }

// System is hotels and their stock in this process, set up as the binary sets them up, without an edge.
type System struct {
	Hotel       *hotel.Core
	Reservation *reservation.Core
	Clock       *clock.Manual // of the hotels alone: days pass there without all holds lapsing

	// Opened is how long it took from opened stores to the first search that could be answered.
	Opened time.Duration

	closers []func(context.Context) error
}

// Options of a system.
type Options struct {
	Place
	Nights  int       // horizon
	NoImage bool      // neither read nor write the file of the view
	Log     io.Writer // of the services; nil for none
}

// Open migrates and opens the stores, and starts the services.
func Open(ctx context.Context, o Options) (_ *System, err error) {
	s := &System{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(ctx))
		}
	}()
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	if o.Log != nil {
		log = slog.New(slog.NewTextHandler(o.Log, nil))
	}
	s.Clock = clock.Running(time.Now())
	stock, houses, err := s.stores(ctx, o.Place)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(o.Folder, "payment.db")
	if err := paymentsqlite.Migrate(ctx, path); err != nil {
		return nil, err
	}
	payments, err := paymentsqlite.Open(ctx, path, sqlitedb.Options{})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func(context.Context) error { return payments.Close() })
	began := time.Now()
	settings := reservation.DefaultSettings()
	if o.DSN == "" {
		settings.Lanes = 1
	}
	core := reservation.New(reservation.Deps{
		Store: stock, Payment: payment.New(payment.Deps{Store: payments, Clock: clock.System{}}), Clock: clock.System{}, Follow: o.DSN != "", Node: "b6", Settings: settings, Logger: log,
	})
	if err := core.Start(ctx); err != nil {
		return nil, err
	}
	s.Reservation = core
	s.closers = append(s.closers, core.Stop)
	hotels := hotel.Settings{Horizon: o.Nights, OfferLife: hotel.DefaultSettings().OfferLife}
	image := o.Image()
	if o.NoImage {
		image = ""
	}
	h := hotel.New(hotel.Deps{Store: houses, Reservation: core, Clock: s.Clock, Settings: hotels, Image: image, Logger: log})
	if err := h.Start(ctx); err != nil {
		return nil, err
	}
	s.Hotel = h
	s.closers = append(s.closers, h.Stop)
	s.Opened = time.Since(began)
	return s, nil
}

func (s *System) stores(ctx context.Context, p Place) (stock reservation.Store, houses hotel.Store, err error) {
	if p.DSN != "" {
		if err := errors.Join(reservationpostgres.Migrate(ctx, p.DSN), hotelpostgres.Migrate(ctx, p.DSN)); err != nil {
			return nil, nil, err
		}
		if stock, err = reservationpostgres.Open(ctx, p.DSN, 0); err != nil {
			return nil, nil, err
		}
		s.closers = append(s.closers, func(context.Context) error { return stock.Close() })
		houses, err = hotelpostgres.Open(ctx, p.DSN, 0)
	} else {
		rows, content := filepath.Join(p.Folder, "reservation.db"), filepath.Join(p.Folder, "hotel.db")
		if err := errors.Join(reservationsqlite.Migrate(ctx, rows), hotelsqlite.Migrate(ctx, content)); err != nil {
			return nil, nil, err
		}
		if stock, err = reservationsqlite.Open(ctx, rows); err != nil {
			return nil, nil, err
		}
		s.closers = append(s.closers, func(context.Context) error { return stock.Close() })
		houses, err = hotelsqlite.Open(ctx, content)
	}
	if err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, func(context.Context) error { return houses.Close() })
	return stock, houses, nil
}

// closeTimeout bounds Close.
const closeTimeout = 5 * time.Minute

// Close stops the services and closes the stores, in the opposite order; the data stay.
func (s *System) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i](ctx))
	}
	s.closers = nil
	return errors.Join(errs...)
}

// housesPerCall bounds what Load has in memory beside the services.
const housesPerCall = 250

// Load makes the hotels of a world from the house first on; progress hears how many there are.
func (s *System) Load(ctx context.Context, size Size, first int, progress func(hotels int)) error {
	supplier := uid.New()
	from := civil.Today(s.Clock.Now(), time.UTC)
	for ; first < size.Hotels; first += housesPerCall {
		houses := size.Houses(first, housesPerCall, supplier, from)
		err := s.Hotel.CreateHouses(ctx, hotel.Editor{Subject: "b6"}, houses, func(done int) { progress(first + done) })
		if err != nil {
			return fmt.Errorf("hotels from %d on: %w", first, err)
		}
	}
	return nil
}
