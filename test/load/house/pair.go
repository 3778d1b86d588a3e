package house

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"holdfast/hotel"
	"holdfast/internal/clock"
	"holdfast/reservation"
	"holdfast/uid"
)

// Pair is reservation and hotel on one store in this process, as in the binary, and knows to the moment when a
// transaction has been committed.
type Pair struct {
	Reservation *reservation.Core
	Hotels      *hotel.Core
	stores      []interface{ Close() error }
	stamp       *stamped
	folder      string // "" where somebody else's database is used
}

// stamped notes when a transaction of a store came back committed.
type stamped struct {
	reservation.Store
	at atomic.Int64 // nanoseconds since epoch
}

var epoch = time.Now()

// Transact implements reservation.Store.
func (s *stamped) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	err := s.Store.Transact(ctx, b, need, decide)
	s.at.Store(int64(time.Since(epoch)))
	return err
}

// speaking is a stamped store that announces, where the one below does.
type speaking struct {
	*stamped
	reservation.Announcer
}

// OpenPair opens the stores of a database, or a fresh folder with a town in it when dsn is "".
func OpenPair(ctx context.Context, dsn string, t Town) (_ *Pair, err error) {
	p := &Pair{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close(ctx))
		}
	}()
	if dsn == "" {
		if p.folder, err = os.MkdirTemp("", "holdfast-load-"); err != nil {
			return nil, err
		}
		if err := t.fill(ctx, p.folder, ""); err != nil {
			return nil, err
		}
	}
	rooms, houses, err := openStores(ctx, p.folder, dsn)
	if err != nil {
		return nil, err
	}
	p.stores = append(p.stores, houses, rooms)
	p.stamp = &stamped{Store: rooms}
	deps := reservation.Deps{Store: p.stamp, Clock: clock.System{}, StoreClock: dsn != "", Follow: dsn != "", Node: "pair", Settings: reservation.DefaultSettings()}
	if a, ok := rooms.(reservation.Announcer); ok {
		deps.Store = speaking{p.stamp, a}
	}
	if dsn == "" {
		deps.Settings.Lanes = 1
	}
	core := reservation.New(deps)
	if err := core.Start(ctx); err != nil {
		return nil, err
	}
	p.Reservation = core
	hotels := hotel.New(hotel.Deps{
		Store: houses, Reservation: core, Clock: clock.System{},
		Settings: hotel.Settings{Horizon: t.Nights, OfferLife: hotel.DefaultSettings().OfferLife},
	})
	if err := hotels.Start(ctx); err != nil {
		return nil, err
	}
	p.Hotels = hotels
	return p, nil
}

// Place sells an offer to the n-th caller and returns the reservation with the instant of its commit. Only one call may
// be under way.
func (p *Pair) Place(ctx context.Context, n int64, offer string) (uid.ID, time.Time, error) {
	a, err := p.Reservation.Place(ctx, reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: Subject(n)}, Key: reservation.Idempotency{ID: uid.New(), Request: uid.New()}, Offers: []string{offer},
		Travellers: []reservation.Traveller{{GivenName: GivenName, FamilyName: FamilyName, Email: Email}},
	})
	if err != nil {
		return uid.ID{}, time.Time{}, err
	}
	return a.Reservation.ID, epoch.Add(time.Duration(p.stamp.at.Load())), nil
}

// Close takes everything down; a folder of its own is removed.
func (p *Pair) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	var errs []error
	if p.Hotels != nil {
		errs = append(errs, p.Hotels.Stop(ctx))
	}
	if p.Reservation != nil {
		errs = append(errs, p.Reservation.Stop(ctx))
	}
	for _, s := range p.stores {
		errs = append(errs, s.Close())
	}
	if p.folder != "" {
		errs = append(errs, os.RemoveAll(p.folder))
	}
	return errors.Join(errs...)
}
