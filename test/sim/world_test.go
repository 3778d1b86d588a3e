package sim_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/sqlitedb"
	"holdfast/offer"
	"holdfast/payment"
	paymentsqlite "holdfast/payment/sqlite"
	"holdfast/reservation"
	"holdfast/reservation/sqlite"
	"holdfast/stock"
	"holdfast/uid"
)

// world is one run.
type world struct {
	*scheduler
	t    *testing.T
	seed uint64
	red  string // which guard is off; "" for none

	rows     *sqlite.Store // the databases, without faults
	accounts *paymentsqlite.Store
	stock    store
	money    store
	door     store // callers place one after the other, see early
	early    bool  // early refusals are on: who waits for the probe of another comes on by itself, so nobody may wait
	bank     *bank
	diskFull bool

	core   *reservation.Core
	life   context.Context // of the process that runs
	end    context.CancelFunc
	sealer *offer.Sealer
	moved  time.Duration // how far the wall clock is from the time that passes
	bankAt time.Duration // the same for the bank

	callers []*caller
	closing bool // callers finish what they are at and leave
	pools   []stock.PoolID
	train   stock.PoolID        // of seats
	asked   int                 // for who is on the train
	most    map[stock.Key]int32 // the most that staff ever wanted to sell of a slot
	wrong   []string
}

// Now is the wall clock of our process.
func (w *world) Now() time.Time { return time.Now().Add(w.moved).UTC() }

// begins is what the wall clock shows first.
var begins = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	nights   = 4
	firstDay = stock.Slot(20_780)
	actors   = 4

	// Short, so that all of it happens in the time of a run.
	hold      = 2 * time.Minute
	grace     = 90 * time.Second
	extension = time.Minute
)

var (
	house = uid.ID{1}
	plan  = uid.ID{2}
)

// templates are empty, migrated files.
type templates struct{ stock, money []byte }

func newTemplates(t *testing.T) templates {
	t.Helper()
	read := func(name string, migrate func(context.Context, string) error) []byte {
		path := filepath.Join(t.TempDir(), name)
		if err := migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return templates{read("stock.db", sqlite.Migrate), read("money.db", paymentsqlite.Migrate)}
}

// memory is a folder in memory where the machine has one.
func memory() string {
	const shared = "/dev/shm"
	if i, err := os.Stat(shared); err == nil && i.IsDir() {
		return shared
	}
	return ""
}

// run simulates one seed; what it finds wrong is in the world it gives back.
func run(t *testing.T, seed uint64, red string, from templates) (w *world) {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "holdfast-sim-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	synctest.Test(t, func(t *testing.T) {
		w = &world{scheduler: newScheduler(seed), t: t, seed: seed, red: red, most: map[stock.Key]int32{}}
		w.early = w.rng.IntN(4) == 0
		if strings.HasPrefix(red, "settle") {
			w.rates[done], w.rates[lost] = 400, 100 // what it is about happens often, for the seeds are few
		}
		w.moved = time.Until(begins)
		w.bankAt = w.moved
		w.bank = &bank{now: func() time.Time { return time.Now().Add(w.bankAt).UTC() }, files: map[uid.ID]*file{}}
		w.open(dir, from)
		defer w.close()
		w.boot()
		w.found()
		w.live()
		w.settle()
		w.judge()
	})
	return w
}

func (w *world) open(dir string, from templates) {
	ctx := context.Background()
	paths := []string{filepath.Join(dir, "stock.db"), filepath.Join(dir, "money.db")}
	for i, data := range [][]byte{from.stock, from.money} {
		w.must(os.WriteFile(paths[i], data, 0o600))
	}
	var err error
	w.rows, err = sqlite.Open(ctx, paths[0])
	w.must(err)
	w.accounts, err = paymentsqlite.Open(ctx, paths[1], sqlitedb.Options{Readers: 1})
	w.must(err)
}

func (w *world) close() {
	w.stop()
	for slices.ContainsFunc(w.callers, func(c *caller) bool { return !c.gone }) { // those of a run that did not settle
		for _, g := range w.ready() {
			w.let(g, dead)
		}
		w.sleep(time.Minute)
	}
	w.must(w.rows.Close())
	w.must(w.accounts.Close())
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("seed %d: %v", w.seed, err)
	}
}

// boot starts a process on what the last one left.
func (w *world) boot() {
	w.kill() // whatever a dead process still does is of no effect
	process := w.running()
	cryptotest.SetGlobalRandom(w.t, w.seed<<16+uint64(process))
	uuid.DisableRandPool() // its leftovers are of another stream
	uuid.SetRand(nil)
	uuid.EnableRandPool()
	settings := reservation.DefaultSettings()
	settings.Lanes, settings.Queue = 2, 64
	settings.Hold, settings.Grace, settings.Extension, settings.QuoteLife = hold, grace, extension, 3*time.Minute
	if !w.early {
		settings.BelieveFor = 0
	}
	w.core = reservation.New(reservation.Deps{
		Logger: slog.New(journal{w, process}),
		Store:  &desk{Store: w.rows, w: w, process: process}, Clock: w, Settings: settings,
		Payment: payment.New(payment.Deps{
			Store: &purse{Store: w.accounts, w: w, process: process}, Clock: w,
			Providers: map[string]payment.Provider{"pm_sim_": &line{bank: w.bank, w: w, process: process}},
		}),
	})
	w.life, w.end = context.WithCancel(context.Background())
	w.must(w.core.Start(w.life))
	secret, err := w.core.SealingSecret(w.life)
	w.must(err)
	w.sealer, err = offer.NewSealer(secret)
	w.must(err)
	w.rest()
}

// stop takes the process away. It has been cut off from everything before, so that nothing it does while its goroutines
// end can be seen: it might as well have vanished.
func (w *world) stop() {
	w.kill()
	w.end()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.core.Stop(gone); err != nil {
		w.t.Error(err)
	}
	synctest.Wait()
	w.stock.busy, w.money.busy = false, false
}

// crash is a process that dies where it stands, and the next one.
func (w *world) crash() {
	w.trace("CRASH")
	w.count["crashes"]++
	w.stop()
	w.boot()
}

// found makes the stock, and lets the callers in.
func (w *world) found() {
	var specs []reservation.PoolSpec
	for i := range 3 {
		n := int32(1 + w.rng.IntN(4))
		specs = append(specs, reservation.PoolSpec{Ref: uid.ID{9, byte(i)}, Supplier: house, Physical: n, From: firstDay, To: firstDay + nights})
	}
	made := make(chan struct{})
	go func() {
		defer close(made)
		layouts, err := w.core.DefineLayouts(context.Background(), []*stock.Layout{trainLayout()})
		if err != nil {
			w.t.Error(err)
			return
		}
		pools, err := w.core.DefinePools(context.Background(), append(specs, reservation.PoolSpec{Ref: uid.ID{9, 9}, Supplier: house, Layout: layouts[0], To: trainSegments}))
		if err != nil {
			w.t.Error(err)
			return
		}
		w.pools, w.train = pools[:len(specs)], pools[len(specs)]
	}()
	for busy := true; busy; {
		synctest.Wait()
		select {
		case <-made:
			busy = false
		default:
			w.calm()
		}
	}
	for i, s := range specs {
		for slot := s.From; slot < s.To; slot++ {
			w.most[stock.Key{Pool: w.pools[i], Slot: slot}] = s.Physical
		}
	}
	for slot := range stock.Slot(trainSegments) {
		w.most[stock.Key{Pool: w.train, Slot: slot}] = trainSeats
	}
	for i := range actors {
		c := newCaller(w, i)
		w.callers = append(w.callers, c)
		go c.live()
	}
	w.rest()
}

// calm lets one call go without a fault, or time pass when there is none.
func (w *world) calm() {
	if ready := w.ready(); len(ready) > 0 {
		w.let(ready[0], pass)
		return
	}
	w.sleep(100 * time.Millisecond)
}

func (w *world) sleep(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // simulated time
	w.rest()
}

// live is the time of faults.
func (w *world) live() {
	w.faulty = true
	crashes, jumps, fills := w.rng.IntN(12), w.rng.IntN(12), w.rng.IntN(6)
	fullUntil := 0
	length := 300 + w.rng.IntN(600)
	for step := 0; step < length; step++ {
		if w.diskFull && step >= fullUntil {
			w.diskFull = false
			w.trace("the disk has room again")
		}
		ready := w.ready()
		switch p := w.rng.IntN(1000); {
		case p < crashes:
			w.crash()
		case p < crashes+jumps:
			w.jump(one(w.rng, -90*time.Second, -time.Second, 5*time.Second, time.Minute, 3*time.Minute, 16*time.Minute))
		case p < crashes+jumps+fills && !w.diskFull:
			w.diskFull, fullUntil = true, step+5+w.rng.IntN(40)
			w.trace("the disk is full")
			w.count["disk full"]++
		case len(ready) == 0 || w.rng.IntN(20) == 0:
			d := one(w.rng, time.Millisecond, 60*time.Millisecond, 300*time.Millisecond, time.Second, 3*time.Second, 15*time.Second)
			w.trace("%s pass", d)
			w.sleep(d)
		default:
			g := ready[w.rng.IntN(len(ready))]
			w.let(g, w.fate(g))
		}
	}
	w.faulty, w.diskFull = false, false
}

// jump moves the wall clock of our process; the bank's goes on as before.
func (w *world) jump(d time.Duration) {
	w.trace("the clock jumps by %s", d)
	w.count["clock jumps"]++
	w.moved += d
	w.rest()
}

const (
	settleRounds = 40
	settleCalls  = 4000
)

// settle ends the faults and lets time pass until nothing is left to do.
func (w *world) settle() {
	w.trace("no more faults")
	w.closing = true
	for round := range settleRounds {
		for range settleCalls {
			ready := w.ready()
			if len(ready) == 0 {
				break
			}
			w.let(ready[0], pass)
		}
		if round > 1 && w.quiet() {
			return
		}
		w.sleep(time.Second)
		if round%2 == 1 {
			w.moved += 11 * time.Minute
			w.bankAt += 11 * time.Minute
		}
	}
	w.find("I4", "not everything came to an end")
}

// spans are all that is on sale.
func (w *world) spans() []reservation.Span {
	spans := []reservation.Span{{Pool: w.train, From: 0, To: trainSegments}}
	for _, p := range w.pools {
		spans = append(spans, reservation.Span{Pool: p, From: firstDay, To: firstDay + nights})
	}
	return spans
}

// quiet says that the callers have left and no reservation waits for anything.
func (w *world) quiet() bool {
	for _, c := range w.callers {
		if !c.gone {
			return false
		}
	}
	for _, r := range w.all() {
		if r.Status == reservation.Held || r.Status == reservation.Confirming || r.Step != reservation.NoStep && !w.refusedRefund(r) {
			return false
		}
	}
	return true
}

// all are the reservations as they are stored, oldest first.
func (w *world) all() (all []*reservation.Reservation) {
	ctx := context.Background()
	for after := (uid.ID{}); ; {
		page, err := w.rows.AuditReservations(ctx, after, 500)
		w.must(err)
		all = append(all, page.Reservations...)
		if page.Last.IsZero() {
			return all
		}
		after = page.Last
	}
}

// refusedRefund says that the bank will not return what is owed: people must act, and the saga waits for them.
func (w *world) refusedRefund(r *reservation.Reservation) bool {
	_, refunds, err := w.accounts.Payments(context.Background(), r.ID)
	w.must(err)
	for _, f := range refunds {
		if f.ID == r.RefundID && f.Status == payment.RefundFailed {
			return true
		}
	}
	return false
}

// find notes what is wrong.
func (w *world) find(invariant, format string, args ...any) {
	w.wrong = append(w.wrong, invariant+": "+fmt.Sprintf(format, args...))
}
