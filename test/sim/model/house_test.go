package model_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/offer"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/reservation/sqlite"
	"holdfast/uid"
)

// house is what runs for real: a core on a store, with a real payment service on the sandbox.
type house struct {
	core   *reservation.Core
	store  *turns
	clock  *clock.Manual
	sealer *offer.Sealer
}

// turns lets the jobs of the core work only when the model says so, and payments one after the other, so that the model
// knows what came first.
type turns struct {
	reservation.Store

	mu           sync.Mutex
	sweep, steps bool
	resumed      uid.ID // which payment was given out last
}

// Due implements reservation.Store.
func (s *turns) Due(ctx context.Context, what reservation.DueKind, now time.Time, limit int) ([]uid.ID, error) {
	s.mu.Lock()
	sweep, steps := s.sweep, s.steps
	s.mu.Unlock()
	if what == reservation.DueSteps && !steps || what != reservation.DueSteps && !sweep {
		return nil, nil
	}
	ids, err := s.Store.Due(ctx, what, now, limit)
	if what == reservation.DueSteps && len(ids) > 0 {
		ids = ids[:1]
		s.mu.Lock()
		s.resumed = ids[0]
		s.mu.Unlock()
	}
	return ids, err
}

// FreeLocators never comes back: the core draws blindly, which saves thousands of look-ups a sequence.
func (s *turns) FreeLocators(ctx context.Context, _ []string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// open says on what to run: a fresh store, and how its core sees the world.
type open func(ctx context.Context, dir string) (reservation.Store, error)

// template makes an empty, migrated file once; every run starts from a copy of it.
func template(t testing.TB, migrate func(context.Context, string) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.db")
	if err := migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// memory is a folder in memory where the machine has one: these tests ask for thousands of flushes a second of files
// that nobody will miss.
func memory() string {
	const shared = "/dev/shm"
	if i, err := os.Stat(shared); err == nil && i.IsDir() {
		return shared
	}
	return ""
}

// onSQLite opens copies of a template.
func onSQLite(empty []byte) open {
	return func(ctx context.Context, dir string) (reservation.Store, error) {
		path := filepath.Join(dir, "reservation.db")
		if err := os.WriteFile(path, empty, 0o600); err != nil {
			return nil, err
		}
		return sqlite.Open(ctx, path)
	}
}

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// build brings a house up in the bubble of a check, and takes it down when the check ends.
// kept is the payment store of a database that many sequences share; "": a fresh copy of payments.
func build(t *rapid.T, store open, payments []byte, kept string, settings reservation.Settings) *house {
	ctx := context.Background()
	dir, err := os.MkdirTemp(memory(), "holdfast-model-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := kept
	if path == "" {
		path = filepath.Join(dir, "payment.db")
		must(t, os.WriteFile(path, payments, 0o600))
	}
	money, err := paymentsqlite.Open(ctx, path, sqlitedb.Options{Readers: 1})
	must(t, err)
	t.Cleanup(func() { _ = money.Close() })
	s, err := store(ctx, dir)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	h := &house{store: &turns{Store: s}, clock: clock.Still(start)}
	h.core = reservation.New(reservation.Deps{
		Store: h.store, Clock: h.clock, Settings: settings,
		Payment: payment.New(payment.Deps{
			Store: money, Clock: h.clock,
			Providers: map[string]payment.Provider{sandbox.Prefix: sandbox.New(sandbox.Deps{Store: money.Sandbox(), Clock: h.clock})},
		}),
	})
	must(t, h.core.Start(ctx))
	t.Cleanup(func() { _ = h.core.Stop(ctx) })
	secret, err := h.core.SealingSecret(ctx)
	must(t, err)
	h.sealer, err = offer.NewSealer(secret)
	must(t, err)
	time.Sleep(500 * time.Millisecond) //nolint:forbidigo // simulated time: between two looks of the jobs from here on
	return h
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// swept lets the sweep have one look.
func (h *house) swept() {
	h.turn(true, false)
	h.turn(false, false)
}

// resumed lets the saga take up one payment whose time has come; zero when there is none.
func (h *house) resumed() uid.ID {
	h.turn(false, true)
	h.store.mu.Lock()
	id := h.store.resumed
	h.store.resumed = uid.ID{}
	h.store.mu.Unlock()
	h.turn(false, false)
	return id
}

// turn gives one second to the jobs that may work.
func (h *house) turn(sweep, steps bool) {
	h.store.mu.Lock()
	h.store.sweep, h.store.steps = sweep, steps
	h.store.mu.Unlock()
	if sweep || steps {
		time.Sleep(time.Second) //nolint:forbidigo // simulated time
	}
}
