// Package rig puts up what the proofs work on: one or more reservation cores on one store, as the binary puts them up,
// with a payment service on the sandbox provider. Two cores stand for two processes: each has connections, lanes,
// beliefs and a node name of its own, and they know of each other through the database alone.
package rig

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/sqlitedb"
	"holdfast/offer"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/sqlite"
	"holdfast/stock"
	"holdfast/test/engine"
	"holdfast/test/prove/books"
	"holdfast/uid"
)

// Shape is a store and how many cores are on it.
type Shape struct {
	Name     string
	Postgres bool
	Cores    int
}

// The shapes.
var (
	SQLite   = Shape{"sqlite", false, 1}
	Postgres = Shape{"postgres", true, 1}
	Pair     = Shape{"postgres two processes", true, 2}
	Three    = Shape{"postgres three processes", true, 3}
)

// Options are what a proof wants otherwise than the binary has it.
type Options struct {
	Clock    *clock.Manual // nil: the machine's, on PostgreSQL the database's
	Settings func(*reservation.Settings)
	Payment  func(payment.Service) payment.Service     // around the payment service
	Store    func(reservation.Store) reservation.Store // around the store of each core
	Prepare  func(*World)                              // on the migrated store, before anybody opens it
	DSN      string                                    // a database that somebody else has made and migrated; "": a fresh one
	File     string                                    // the same of a file of SQLite
	Node     string                                    // begins the names of the cores; "": "prove"
}

// World is what a proof works on. It ends with its test.
type World struct {
	Shape
	Cores    []*reservation.Core
	Stores   []reservation.Store // of each core, without what Options.Store put around it
	Payment  payment.Service
	Supplier uid.ID
	Prepare  func(*World) // on the migrated store, before anybody opens it
	DSN      string       // "" on SQLite
	File     string       // "" on PostgreSQL

	clock  clock.Clock
	sealer *offer.Sealer
}

// maxConns of each core on PostgreSQL: few, so that many cores fit on the server of a test.
const maxConns = 8

// stopTimeout bounds the draining of a desk; by then every call has been answered.
const stopTimeout = 20 * time.Second

// Open puts a world up.
func Open(t testing.TB, s Shape, o Options) *World {
	t.Helper()
	w := &World{Shape: s, Supplier: uid.New(), clock: clock.System{}, DSN: o.DSN, File: o.File}
	if o.Clock != nil {
		w.clock = o.Clock
	}
	if o.Node == "" {
		o.Node = "prove"
	}
	w.prepare(t)
	if o.Prepare != nil {
		o.Prepare(w)
	}
	w.payments(t, o)
	for i := range s.Cores {
		w.core(t, o, fmt.Sprintf("%s-%d", o.Node, i))
	}
	secret := Must[[]byte](t)(w.Cores[0].SealingSecret(t.Context()))
	w.sealer = Must[*offer.Sealer](t)(offer.NewSealer(secret))
	return w
}

// prepare makes the empty store.
func (w *World) prepare(t testing.TB) {
	t.Helper()
	switch {
	case w.DSN != "", w.File != "":
	case w.Shape.Postgres:
		w.DSN = engine.Postgres(t)
		Check(t, postgres.Migrate(t.Context(), w.DSN))
	default:
		w.File = filepath.Join(t.TempDir(), "reservation.db")
		Check(t, sqlite.Migrate(t.Context(), w.File))
	}
}

func (w *World) payments(t testing.TB, o Options) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payment.db")
	Check(t, paymentsqlite.Migrate(t.Context(), path))
	store := Must[*paymentsqlite.Store](t)(paymentsqlite.Open(t.Context(), path, sqlitedb.Options{}))
	t.Cleanup(func() { Check(t, store.Close()) })
	provider := sandbox.New(sandbox.Deps{Store: store.Sandbox(), Clock: w.clock})
	w.Payment = payment.New(payment.Deps{Store: store, Clock: w.clock, Providers: map[string]payment.Provider{sandbox.Prefix: provider}})
	if o.Payment != nil {
		w.Payment = o.Payment(w.Payment)
	}
}

// Store opens one more handle on the world's store.
func (w *World) Store(t testing.TB) reservation.Store {
	t.Helper()
	var s reservation.Store
	if w.Shape.Postgres {
		s = Must[*postgres.Store](t)(postgres.Open(t.Context(), w.DSN, maxConns))
	} else {
		s = Must[*sqlite.Store](t)(sqlite.Open(t.Context(), w.File))
	}
	t.Cleanup(func() { Check(t, s.Close()) })
	return s
}

func (w *World) core(t testing.TB, o Options, node string) {
	t.Helper()
	store := w.Store(t)
	w.Stores = append(w.Stores, store)
	if o.Store != nil {
		store = o.Store(store)
	}
	settings := reservation.DefaultSettings()
	if !w.Shape.Postgres {
		settings.Lanes = 1
	}
	if o.Settings != nil {
		o.Settings(&settings)
	}
	core := reservation.New(reservation.Deps{
		Store: store, Payment: w.Payment, Clock: w.clock, StoreClock: w.Shape.Postgres && o.Clock == nil, Follow: w.Shape.Postgres, Node: node, Settings: settings,
	})
	Check(t, core.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		Check(t, core.Stop(ctx))
	})
	w.Cores = append(w.Cores, core)
}

// Deadlocks is how many the world's stores have seen; Conflicts counts serialization failures with them.
func (w *World) Deadlocks() (deadlocks, conflicts int64) {
	for _, s := range w.Stores {
		if p, ok := s.(*postgres.Store); ok {
			deadlocks += p.Stats().Deadlocks
			conflicts += p.Stats().Conflicts
		}
	}
	return deadlocks, conflicts
}

// First is the first night of the pools.
const First stock.Slot = 21_000

// Pool makes a pool with that many units on each of that many nights from First.
func (w *World) Pool(t testing.TB, units int32, nights stock.Slot) stock.PoolID {
	t.Helper()
	return Must[[]stock.PoolID](t)(w.Cores[0].DefinePools(t.Context(), []reservation.PoolSpec{w.Spec(uid.New(), units, nights)}))[0]
}

// Spec is what a pool is made from.
func (w *World) Spec(ref uid.ID, units int32, nights stock.Slot) reservation.PoolSpec {
	return reservation.PoolSpec{Ref: ref, Supplier: w.Supplier, Physical: units, From: First, To: First + nights}
}

// Nights is a claim of one unit on nights [from, from+n), counted from First.
func Nights(pool stock.PoolID, from, n stock.Slot) stock.Claim {
	return stock.Claim{Pool: pool, From: First + from, To: First + from + n, Count: 1}
}

// price of each claim, in cents.
const price = 10_000

// Offer seals a proposal with one piece for each claim. It lives for 30 days, so that a clock may be moved on.
func (w *World) Offer(t testing.TB, claims ...stock.Claim) string {
	t.Helper()
	return Must[string](t)(w.sealer.Seal(w.Proposal(claims...)))
}

// Proposal is what Offer seals.
func (w *World) Proposal(claims ...stock.Claim) offer.Offer {
	now := w.clock.Now().UTC().Truncate(time.Second)
	o := offer.Offer{IssuedAt: now, ExpiresAt: now.Add(30 * 24 * time.Hour), Currency: "EUR"}
	for _, c := range claims {
		o.Pieces = append(o.Pieces, offer.Piece{
			Supplier: w.Supplier, Claims: []stock.Claim{c}, Price: offer.Price{Base: price},
			Terms: offer.Terms{FreeUntil: now.AddDate(1, 0, 0), FeeBP: 5000, EndsAt: now.AddDate(5, 0, 0)},
			Stay:  offer.Stay{CheckIn: 1, CheckOut: 2},
		})
	}
	return o
}

// Guests are the travellers of every reservation.
var Guests = []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}}

// Key is the idempotency key of a name, for one and the same request.
func Key(name string) reservation.Idempotency {
	id, request := sha256.Sum256([]byte("key "+name)), sha256.Sum256([]byte("request "+name))
	return reservation.Idempotency{ID: uid.ID(id[:16]), Request: uid.ID(request[:16])}
}

// As is a traveller.
func As(subject string) reservation.Caller { return reservation.Caller{Subject: subject} }

// Books reads what the tables say, from outside.
func (w *World) Books(t testing.TB) *books.Books {
	t.Helper()
	if w.Shape.Postgres {
		return Must[*books.Books](t)(books.Postgres(t.Context(), w.DSN))
	}
	return Must[*books.Books](t)(books.SQLite(t.Context(), w.File))
}

// Check fails the test, which goes on.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// Must gives the value of a call, or ends the test.
func Must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
