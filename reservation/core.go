package reservation

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/payment"
)

// Deps are what a Core needs.
type Deps struct {
	Store      Store
	Payment    payment.Service
	Clock      clock.Clock
	StoreClock bool   // the store's clock decides what "now" is: several processes share it
	Follow     bool   // watch the outbox for commits of other processes
	Node       string // names this process's outbox streams; processes may share it (slower, never wrong)
	Settings   Settings
	Logger     *slog.Logger
	Registry   prometheus.Registerer // nil: not measured
}

// Core is the service.
type Core struct {
	store     Store
	payment   payment.Service
	clock     clock.Clock
	settings  Settings
	log       *slog.Logger
	meter     *meter
	desk      *desk
	early     *early
	watchers  *watchers
	keys      *keyReader
	locators  *locators
	sealer    *offer.Sealer
	revoked   revocations
	outdated  outdated
	saga      *saga
	follow    bool
	announcer *announcer                // nil where the store cannot, or nobody else is there
	followed  atomic.Pointer[Positions] // what the follower has told; nil without one

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// New puts the service together; Start brings it to life.
func New(d Deps) *Core {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Node == "" {
		d.Node = "main"
	}
	m, e, w := newMeter(d.Registry), newEarly(d.Settings.BelieveFor), newWatchers()
	c := &Core{
		store: d.Store, payment: d.Payment, clock: d.Clock, settings: d.Settings, log: d.Logger.With("service", "reservation"),
		meter: m, early: e, watchers: w, follow: d.Follow, keys: newKeyReader(d.Store), locators: newLocators(d.Store),
	}
	c.announcer = c.newAnnouncer(&d)
	c.desk = newDesk(d, e, w, m)
	c.saga = newSaga(c)
	return c
}

// Start makes the service ready: when it returns, calls may come.
func (c *Core) Start(ctx context.Context) error {
	secret, err := c.SealingSecret(ctx)
	if err != nil {
		return fmt.Errorf("sealing secret: %w", err)
	}
	if c.sealer, err = offer.NewSealer(secret); err != nil {
		return err
	}
	var follower *follower
	if c.follow {
		if follower, err = c.newFollower(ctx); err != nil {
			return fmt.Errorf("streams: %w", err)
		}
	}
	if err := c.loadRevocations(ctx); err != nil { // after the streams' positions: what comes later is in the outbox
		return fmt.Errorf("revocations: %w", err)
	}
	c.desk.start(ctx)
	c.saga.start(ctx)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel = cancel
	c.wg.Go(func() { c.keys.run(run) })
	c.wg.Go(func() { c.locators.run(run) })
	c.wg.Go(func() { c.sweep(run) })
	c.wg.Go(func() { c.archive(run) })
	if follower != nil {
		c.wg.Go(func() { follower.run(run) })
	}
	return nil
}

// Stop drains the desk, ends the jobs and returns when nothing of the service runs any more; the store is the
// caller's to close. Payments under way are left as they are: their steps resume at the next start.
func (c *Core) Stop(ctx context.Context) error {
	if c.cancel == nil {
		return nil
	}
	c.saga.stop()
	c.desk.stop(ctx)
	c.cancel()
	c.wg.Wait()
	return nil
}

// secretName is the stored secret under which offers are sealed.
const secretName = "offer-sealing"

// SealingSecret implements Service.
func (c *Core) SealingSecret(ctx context.Context) ([]byte, error) {
	fresh := make([]byte, offer.SecretBytes)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	return c.store.Secret(ctx, secretName, fresh)
}

// invalid is a 422 on a place in the request.
func invalid(pointer, code, format string, args ...any) *fault.Error {
	return fault.InvalidField(pointer, code, format, args...)
}
