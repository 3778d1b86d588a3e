package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/offer"
	"holdfast/payment"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/sqlite"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/uid"
)

// Engine names a store.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Plan says what a contestant sells.
type Plan struct {
	Engine Engine
	Stay   *Stay
	Pools  int
	Units  int32 // of each pool and night
}

// Core is the reservation core on a fresh store in this process, set up as the binary sets it up.
type Core struct {
	core     *reservation.Core
	store    reservation.Store
	payments *paymentsqlite.Store
	folder   string
	database *Database // nil on SQLite
	memory   *memory   // nil but at L0
	offers   []string  // sealed, by target
}

// bulkPools is how many pools are defined in one call.
const bulkPools = 500

// OpenCore puts a core up and defines its pools.
func OpenCore(ctx context.Context, p Plan) (*Core, error) {
	return putUp(ctx, p.Engine, func(c *Core) error { return c.define(ctx, p) })
}

// putUp puts a core up on a fresh store and has its pools defined.
func putUp(ctx context.Context, engine Engine, define func(*Core) error) (_ *Core, err error) {
	c := &Core{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close(ctx))
		}
	}()
	if c.folder, err = os.MkdirTemp("", "holdfast-load-"); err != nil {
		return nil, err
	}
	settings := reservation.DefaultSettings()
	deps := reservation.Deps{Clock: clock.System{}, Node: "load"}
	switch engine {
	case SQLite:
		settings.Lanes = 1
		c.store, err = openSQLite(ctx, c.file())
	case Memory:
		settings.Lanes = 1
		c.memory = newMemory()
		c.store = c.memory
	case Postgres:
		deps.StoreClock, deps.Follow = true, true
		if c.database, err = NewDatabase(ctx); err == nil {
			c.store, err = openPostgres(ctx, c.database.DSN)
		}
	}
	if err != nil {
		return nil, err
	}
	payments := filepath.Join(c.folder, "payment.db")
	if err := paymentsqlite.Migrate(ctx, payments); err != nil {
		return nil, err
	}
	if c.payments, err = paymentsqlite.Open(ctx, payments, sqlitedb.Options{}); err != nil {
		return nil, err
	}
	deps.Store, deps.Settings = c.store, settings
	deps.Payment = payment.New(payment.Deps{Store: c.payments, Clock: clock.System{}})
	core := reservation.New(deps)
	if err := core.Start(ctx); err != nil {
		return nil, err
	}
	c.core = core
	if err := define(c); err != nil {
		return nil, err
	}
	if c.database != nil {
		return c, c.database.Settle(ctx)
	}
	return c, nil
}

func openSQLite(ctx context.Context, path string) (reservation.Store, error) {
	if err := sqlite.Migrate(ctx, path); err != nil {
		return nil, err
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return store, nil
}

func openPostgres(ctx context.Context, dsn string) (reservation.Store, error) {
	if err := postgres.Migrate(ctx, dsn); err != nil {
		return nil, err
	}
	store, err := postgres.Open(ctx, dsn, 0)
	if err != nil {
		return nil, err
	}
	return store, nil
}

func (c *Core) file() string { return filepath.Join(c.folder, "reservation.db") }

// sealer seals offers that the core opens.
func (c *Core) sealer(ctx context.Context) (*offer.Sealer, error) {
	secret, err := c.core.SealingSecret(ctx)
	if err != nil {
		return nil, err
	}
	return offer.NewSealer(secret)
}

func (c *Core) define(ctx context.Context, p Plan) error {
	sealer, err := c.sealer(ctx)
	if err != nil {
		return err
	}
	from, to := p.Stay.Slots()
	for made := 0; made < p.Pools; made += bulkPools {
		specs := make([]reservation.PoolSpec, min(bulkPools, p.Pools-made))
		for i := range specs {
			specs[i] = reservation.PoolSpec{Ref: uid.New(), Supplier: p.Stay.Supplier, Physical: p.Units, From: from, To: to}
		}
		pools, err := c.core.DefinePools(ctx, specs)
		if err != nil {
			return fmt.Errorf("define pools: %w", err)
		}
		for _, pool := range pools {
			sealed, err := sealer.Seal(p.Stay.Offer(pool))
			if err != nil {
				return err
			}
			c.offers = append(c.offers, sealed)
		}
	}
	return nil
}

// Place implements drive.Seller. Every request has a caller of its own.
func (c *Core) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	answer, err := c.core.Place(ctx, reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: Subject(r.N)}, Key: reservation.Idempotency{ID: r.Key, Request: r.Hash}, Offers: []string{c.offers[r.Target]},
		Travellers: []reservation.Traveller{{GivenName: GivenName, FamilyName: FamilyName, Email: Email}},
	})
	if err == nil {
		return answer.Reservation.ID, nil
	}
	if fault.As(err).Reason == "sold_out" {
		return uid.ID{}, drive.ErrSoldOut
	}
	return uid.ID{}, err
}

// Check verifies what is stored.
func (c *Core) Check(ctx context.Context, want check.Expect) (*check.Report, error) {
	switch {
	case c.memory != nil:
		return c.memory.check(want), nil
	case c.database == nil:
		return check.SQLite(ctx, c.file(), want)
	}
	return check.Postgres(ctx, c.database.DSN, want)
}

// DSN is the core's database; "" on SQLite.
func (c *Core) DSN() string {
	if c.database == nil {
		return ""
	}
	return c.database.DSN
}

// stopTimeout bounds the draining of the desk; by then every call has been answered.
const stopTimeout = 10 * time.Second

// Close takes everything down and removes it.
func (c *Core) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	var errs []error
	if c.core != nil {
		errs = append(errs, c.core.Stop(ctx))
	}
	if c.store != nil {
		errs = append(errs, c.store.Close())
	}
	if c.payments != nil {
		errs = append(errs, c.payments.Close())
	}
	if c.database != nil {
		errs = append(errs, c.database.Drop(ctx))
	}
	return errors.Join(append(errs, os.RemoveAll(c.folder))...)
}
