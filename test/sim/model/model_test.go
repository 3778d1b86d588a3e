package model_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"holdfast/fault"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/sqlite"
	"holdfast/test/engine"
	"holdfast/test/prove/effort"
	"holdfast/uid"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const (
	shortCommands = 100_000 // in the normal test run
	perCheck      = 150     // of one sequence, on average: long enough for stories, short enough to be shrunk
	checkEvery    = 25      // commands after which every booking is read

	shareOnPostgres = 100 // one of so many commands
)

// TestModel runs random sequences on SQLite.
func TestModel(t *testing.T) {
	sequences(t, effort.Runs(t, shortCommands), false, onSQLite(template(t, sqlite.Migrate)))
}

// TestModelPostgres runs a few of them on PostgreSQL, where there is one.
func TestModelPostgres(t *testing.T) {
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	sequences(t, effort.Runs(t, shortCommands)/shareOnPostgres, true, func(ctx context.Context, _ string) (reservation.Store, error) {
		return postgres.Open(ctx, dsn, 0)
	})
}

// set gives rapid its numbers; it knows them as flags of the test binary only.
func set(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	old := f.Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, old) })
}

// sequences runs about so many commands. shared: all sequences are on one database, so that their ids must differ.
func sequences(t *testing.T, commands int, shared bool, store open) {
	t.Helper()
	payments := template(t, paymentsqlite.Migrate)
	kept := ""
	if shared {
		kept = filepath.Join(t.TempDir(), "payment.db")
		if err := os.WriteFile(kept, payments, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set(t, "rapid.nofailfile", "true") // the seed is enough to repeat it
	set(t, "rapid.shrinktime", "1m")
	set(t, "rapid.steps", strconv.Itoa(perCheck))
	set(t, "rapid.checks", strconv.Itoa(max(1, commands/perCheck)))
	if seed := os.Getenv(effort.SeedVariable); seed != "" {
		set(t, "rapid.seed", seed)
		set(t, "rapid.checks", "1")
	}
	var done, checks atomic.Int64
	seen := map[string]int{} // what the commands came to; checks run one after the other
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("rapid names the seed of the sequence: make prove PROOF=model SEED=<that seed>")
		}
		t.Logf("%d commands in %d sequences; they came to %v", done.Load(), checks.Load(), seen)
	})
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			n := checks.Add(1)
			random := uint64(1) // ids and locators too are the same when a sequence is run again
			if shared {
				random = uint64(n)
			}
			cryptotest.SetGlobalRandom(outer, random)
			uuid.DisableRandPool()
			uuid.SetRand(nil)
			uuid.EnableRandPool()
			settings := reservation.DefaultSettings()
			settings.Lanes = 2
			settings.Caps = reservation.Caps{
				ItemsPerReservation: 4, UnitsPerItem: 3, HoldsPerPool: 4, UnitsPerPool: 9, Extensions: 2, LapsesPerPool: 5, LapseWindow: settings.Caps.LapseWindow,
			}
			if rapid.Bool().Draw(t, "no early refusals") {
				settings.BelieveFor = 0
			}
			r := &run{house: build(t, store, payments, kept, settings), ctx: context.Background(), seen: seen, shared: shared}
			r.callers = []string{fmt.Sprintf("ada-%d", n), fmt.Sprintf("bob-%d", n), fmt.Sprintf("eve-%d", n)}
			r.ns = fmt.Sprintf("%04x", n%0x10000)
			r.suppliers, r.plans = []uid.ID{r.id(), r.id()}, []uid.ID{r.id(), r.id()}
			r.book = &book{now: start, settings: settings, keys: map[uid.ID]*answered{}, lapses: map[holder]*lapses{}, revoked: map[withdrawn]time.Time{}}
			r.define(t)
			t.Repeat(map[string]func(*rapid.T){
				"define": r.rare(r.define, 6), "place": r.place, "place again": r.place, "pay": r.pay, "pay too": r.pay, "extend": r.extend,
				"release": r.release, "quote": r.quote, "quote again": r.quote, "cancel": r.cancel, "stranger": r.rare(r.stranger, 3), "change": r.rare(r.change, 2),
				"retire": r.rare(r.retire, 40), "revoke": r.rare(r.revoke, 12), "pass": r.pass, "repeat": r.repeat, "audit": r.rare(r.audit, 12), "": r.check,
			})
			r.all(t)
			r.audit(t)
			done.Add(int64(r.commands))
		})
	})
}

// rare gives its turn to a placing most of the time: what is skipped after a draw would end the sequence early.
func (r *run) rare(do func(*rapid.T), of int) func(*rapid.T) {
	return func(t *rapid.T) {
		if rapid.IntRange(1, of).Draw(t, "rarely") == of { // rapid prefers small numbers
			do(t)
			return
		}
		r.place(t)
	}
}

// answered holds an answer against the model's.
func (r *run) answered(t *rapid.T, what string, a reservation.Answer, err error, want facts) {
	t.Helper()
	r.refused = err != nil
	switch {
	case want.reason != "":
		r.seen[what+" "+want.reason]++
	case want.replayed:
		r.seen[what+" replayed"]++
	default:
		r.seen[fmt.Sprint(what, " ", want.outcome)]++
	}
	if want.reason != "" || err != nil {
		reason := ""
		if err != nil {
			reason = fault.As(err).Reason
		}
		if reason != want.reason && (!want.alsoSoldOut || reason != "sold_out") {
			t.Fatalf("%s: answered %q (%v), the model says %q", what, reason, err, want.reason)
		}
		return
	}
	if want.booking == nil {
		return
	}
	if a.Outcome != want.outcome || a.Replayed != want.replayed {
		t.Fatalf("%s: outcome %d, replayed %t; the model says %d, %t", what, a.Outcome, a.Replayed, want.outcome, want.replayed)
	}
	if want.quote != nil {
		q := a.Quote
		if q == nil || q.ID != want.quote.id || q.Refund != want.quote.refund || len(q.Items) != len(want.quote.pieces) || !q.ExpiresAt.Equal(want.quote.expires) {
			t.Fatalf("%s: a quote over %d with %d items until %s; the model says %d, %d, %s", what, q.Refund, len(q.Items), q.ExpiresAt.Format("15:04:05"),
				want.quote.refund, len(want.quote.pieces), want.quote.expires.Format("15:04:05"))
		}
	}
	same(t, what, a.Reservation, want)
	r.read(t, want.booking)
}

// same holds a reservation as it was shown against the model.
func same(t *rapid.T, what string, got *reservation.Reservation, want facts) {
	t.Helper()
	if got == nil {
		t.Fatalf("%s: no reservation", what)
	}
	k := want.booking
	if got.ID != k.id || got.Caller != k.caller || got.Name != k.name || got.Total().Minor != k.total() || len(got.Items) != len(k.pieces) {
		t.Fatalf("%s: not %#v, but another with %d items over %s", what, k, len(got.Items), got.Total())
	}
	if got.Status != want.status || got.Payment != want.payment || got.Version != want.version || got.Paid != want.paid || got.Refunded != want.back || !got.HoldExpiresAt.Equal(want.until) {
		t.Fatalf("%s: %#v is %s, %s, version %d, paid %d, returned %d, until %s; the model says %s, %s, version %d, paid %d, returned %d, until %s", what, k,
			got.Status, got.Payment, got.Version, got.Paid, got.Refunded, got.HoldExpiresAt.Format("15:04:05"),
			want.status, want.payment, want.version, want.paid, want.back, want.until.Format("15:04:05"))
	}
	for i := range got.Items {
		if got.Items[i].Status != want.pieces[i] || got.Items[i].ID != k.pieces[i].id {
			t.Fatalf("%s: item %d of %#v is %s; the model says %s", what, i+1, k, got.Items[i].Status, want.pieces[i])
		}
	}
}

// read holds a reservation as it reads now against the model.
func (r *run) read(t *rapid.T, k *booking) {
	t.Helper()
	got, err := r.core.Reservation(r.ctx, reservation.Caller{Subject: k.caller}, k.ref)
	must(t, err)
	want := r.book.shown(k)
	same(t, "read", got, want)
}

// check runs after the commands: every slot is what the model says.
func (r *run) check(t *rapid.T) {
	r.commands++
	if r.refused && r.commands%5 != 0 {
		return // what a refused command has changed all the same is seen soon enough
	}
	seen := 0
	_, err := r.core.Snapshot(r.ctx, first, func(rows []reservation.SlotRow) error {
		for _, s := range rows {
			i := slices.IndexFunc(r.book.pools, func(p *pool) bool { return p.id == s.Key.Pool })
			if i < 0 {
				continue // of another sequence on the same database
			}
			seen++
			n := r.book.pools[i].nights[s.Key.Slot]
			if n == nil {
				t.Fatalf("pool %d has a slot %d of which the model knows nothing", s.Key.Pool, s.Key.Slot-first)
			}
			if want := r.book.counters(s.Key, n); s.Counters != want {
				t.Fatalf("pool %d slot %d is %+v; the model says %+v", s.Key.Pool, s.Key.Slot-first, s.Counters, want)
			}
		}
		return nil
	})
	must(t, err)
	for _, p := range r.book.pools {
		seen -= len(p.nights)
	}
	if seen != 0 {
		t.Fatalf("%d slots more than the model has", seen)
	}
	if r.commands%checkEvery == 0 {
		r.all(t)
	}
}

func (r *run) all(t *rapid.T) {
	for _, k := range r.book.bookings {
		r.read(t, k)
	}
}

// audit lets the service check itself: nothing may be found.
func (r *run) audit(t *rapid.T) {
	report, err := r.core.Audit(r.ctx, nil)
	must(t, err)
	for _, f := range report.Findings {
		t.Errorf("audit: %s %s: %s", f.Invariant, f.Subject, f.Detail)
	}
	if report.Reservations < int64(len(r.book.bookings)) {
		t.Errorf("audit: %d reservations, the model has %d", report.Reservations, len(r.book.bookings))
	}
}
