package race

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/books"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Sizes of a round.
const (
	nights     = 3  // that everybody wants
	units      = 2  // of the pool
	most       = 3  // what staff allow at times
	placers    = 12 // at most so many clients want what is left
	shortForm  = 6  // rounds of each shape
	checkEvery = 10 // rounds between two readings of all tables
)

var begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// TestRace lets everybody want the last unit at once, through every path that sells or takes again: placings, the same
// placing sent twice with one key through two processes, a cancel and a placing after it, an extension, a payment that
// comes when its hold has gone, staff who change targets, capacities and stop-sell, and an import that makes and extends
// pools at the same time.
func TestRace(t *testing.T) {
	for _, shape := range []rig.Shape{rig.SQLite, rig.Postgres, rig.Pair} {
		t.Run(shape.Name, func(t *testing.T) {
			gates := &gates{}
			now := clock.Still(begin)
			w := rig.Open(t, shape, rig.Options{
				Clock: now, Payment: func(p payment.Service) payment.Service { gates.Service = p; return gates },
				Settings: func(s *reservation.Settings) { s.PayWait = 20 * time.Second },
			})
			var want books.Expect
			want.Most = most
			again := 0 // rounds in which the late payment found its stock
			seeds := effort.Seeds(t, 1, shortForm)
			for i, seed := range seeds {
				r := &round{world: w, gates: gates, clock: now, random: rand.New(rand.NewPCG(seed, 1)), name: fmt.Sprint("round-", seed)}
				r.run(t)
				want.Acks = append(want.Acks, r.acks...)
				if r.again {
					again++
				}
				if i%checkEvery == checkEvery-1 || i == len(seeds)-1 || t.Failed() {
					for _, f := range w.Books(t).Findings(want) {
						t.Error(f)
					}
				}
				if t.Failed() {
					t.Fatalf("round of seed %d; %s", seed, effort.Repeat("race", seed))
				}
			}
			if d, conflicts := w.Deadlocks(); d != 0 {
				t.Errorf("%d deadlocks among %d conflicts", d, conflicts)
			}
			audit(t, w)
			t.Logf("%d rounds: %d reservations acknowledged; the late money took its stock again in %d", len(seeds), len(want.Acks), again)
		})
	}
}

func audit(t *testing.T, w *rig.World) {
	t.Helper()
	report, err := w.Cores[0].Audit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("audit: %s %s: %s", f.Invariant, f.Subject, f.Detail)
	}
}

// round is one race for one pool.
type round struct {
	world  *rig.World
	gates  *gates
	clock  *clock.Manual
	random *rand.Rand // used before the race starts only
	name   string
	pool   stock.PoolID
	ref    uid.ID

	mu    sync.Mutex
	acks  []books.Ack
	again bool // the late payment was made good
}

// core is one of the world's, by chance.
func (r *round) core() *reservation.Core { return r.world.Cores[r.random.IntN(len(r.world.Cores))] }

func (r *round) ack(id uid.ID, may ...int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A hold lapses when a later round moves the clock on.
	if len(may) == 1 && may[0] == books.Held {
		may = append(may, books.Expired)
	}
	r.acks = append(r.acks, books.Ack{ID: id, May: may})
}

// refusals that a race may bring; anything else is a defect.
var refusals = map[string]bool{"sold_out": true, "hold_expired": true, "hold_limit": true, "not_payable": true, "not_extendable": true}

func (r *round) refused(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil && !refusals[fault.As(err).Reason] {
		t.Errorf("%s: %v", what, err)
	}
}

func (r *round) place(core *reservation.Core, who, key, sealed string) (*reservation.Reservation, error) {
	q := reservation.PlaceRequest{Caller: rig.As(who), Offers: []string{sealed}, Travellers: rig.Guests}
	if key != "" {
		q.Key = rig.Key(key)
	}
	a, err := core.Place(context.Background(), q)
	return a.Reservation, err
}

func (r *round) run(t *testing.T) {
	w := r.world
	r.ref = uid.New()
	pools, err := w.Cores[0].DefinePools(t.Context(), []reservation.PoolSpec{w.Spec(r.ref, units, nights)})
	if err != nil {
		t.Fatal(err)
	}
	r.pool = pools[0]
	sealed := w.Offer(t, rig.Nights(r.pool, 0, nights))

	// One payment is under way while its hold lapses: when the race starts its money comes.
	var running sync.WaitGroup
	late, err := r.place(r.core(), r.name+"-late", "", sealed)
	if err != nil {
		t.Fatal(err)
	}
	gate := r.gates.set(late.ID)
	payer := r.core()
	running.Go(func() { r.payLate(t, payer, late.ID) })
	<-gate.entered
	r.clock.Advance(30 * time.Minute)
	// One unit is held by somebody who will give it back and want it again; the other has lapsed and is free.
	holder, err := r.place(r.core(), r.name+"-holder", "", sealed)
	if err != nil {
		t.Fatal(err)
	}

	start := make(chan struct{})
	race := func(fn func()) {
		running.Go(func() { <-start; fn() })
	}
	if r.random.IntN(2) == 0 { // the money has a start, as good as sure of the stock
		close(gate.open)
	} else {
		race(func() { close(gate.open) })
	}
	for i := range 1 + r.random.IntN(placers) {
		who, pays := fmt.Sprintf("%s-client-%d", r.name, i), r.random.IntN(3) == 0
		cores := []*reservation.Core{r.core()}
		if i%3 == 0 {
			cores = append(cores, r.core()) // the same call again, at once
		}
		answers := make([]uid.ID, len(cores))
		var both sync.WaitGroup
		both.Add(len(cores))
		for n, core := range cores {
			race(func() {
				defer both.Done()
				placed, err := r.place(core, who, who, sealed)
				if err != nil {
					r.refused(t, "place", err)
					return
				}
				answers[n] = placed.ID
			})
		}
		last := cores[0]
		race(func() { both.Wait(); r.after(t, last, who, answers, pays) })
	}
	releaser, again, extender := r.core(), r.core(), r.core()
	race(func() { r.cancelAndPlace(t, releaser, again, holder.ID, sealed) })
	race(func() {
		_, err := extender.Extend(context.Background(), rig.As(r.name+"-holder"), holder.ID.Text("res"))
		r.refused(t, "extend", err)
	})
	staff, importer := r.core(), r.core()
	race(func() { r.staff(t, staff) })
	race(func() { r.imports(t, importer) })
	close(start)
	running.Wait()
}

// after books what a client was told, and pays for it.
func (r *round) after(t *testing.T, core *reservation.Core, who string, answers []uid.ID, pays bool) {
	var got uid.ID
	for _, id := range answers {
		if id.IsZero() {
			continue
		}
		if !got.IsZero() && got != id {
			t.Errorf("%s: one key made %s and %s", who, got.Text("res"), id.Text("res"))
		}
		got = id
	}
	if got.IsZero() {
		return
	}
	if !pays {
		r.ack(got, books.Held)
		return
	}
	a, err := core.Pay(context.Background(), rig.As(who), got.Text("res"), "pm_test_approved", rig.Key(who+"-pay"))
	if err != nil || a.Outcome != reservation.OutcomeConfirmed {
		t.Errorf("pay: outcome %d, %v", a.Outcome, err)
	}
	r.ack(got, books.Confirmed)
}

func (r *round) payLate(t *testing.T, core *reservation.Core, id uid.ID) {
	a, err := core.Pay(context.Background(), rig.As(r.name+"-late"), id.Text("res"), "pm_test_approved", rig.Key(r.name+"-late-pay"))
	switch {
	case err != nil:
		t.Errorf("pay late: %v", err)
	case a.Outcome == reservation.OutcomeConfirmed:
		r.ack(id, books.Confirmed)
		r.again = true
	case a.Outcome == reservation.OutcomeRefundedLate:
		r.ack(id, books.Expired)
	default:
		t.Errorf("the late payment came to outcome %d, status %s, step %s", a.Outcome, a.Reservation.Status, a.Reservation.Step)
	}
}

func (r *round) cancelAndPlace(t *testing.T, core, again *reservation.Core, id uid.ID, sealed string) {
	who := r.name + "-holder"
	if err := core.Release(context.Background(), rig.As(who), id.Text("res")); err != nil {
		t.Errorf("release: %v", err)
	}
	r.ack(id, books.Cancelled)
	placed, err := r.place(again, who, who+"-again", sealed)
	if err != nil {
		r.refused(t, "place again", err)
		return
	}
	r.ack(placed.ID, books.Held)
}

// staff move everything that says what can be sold, never above most.
func (r *round) staff(t *testing.T, core *reservation.Core) {
	span := reservation.Span{Pool: r.pool, From: rig.First, To: rig.First + nights}
	one, three, closed, open := int32(1), int32(most), true, false
	for _, ch := range []reservation.StockChange{
		{Span: span, Closed: &closed},
		{Span: span, Target: &three},
		{Span: span, Closed: &open},
		{Span: span, Target: &one},
		{Span: span, OutOfOrder: &one},
		{Span: span, Derive: true},
		{Span: span, Physical: &three},
	} {
		if err := core.ChangeStock(context.Background(), []reservation.StockChange{ch}); err != nil {
			t.Errorf("staff: %v", err)
		}
	}
}

// imports does what an import of a file does: it makes pools that may be there, longer, and sets what they are made from.
func (r *round) imports(t *testing.T, core *reservation.Core) {
	two := int32(units)
	for n := range stock.Slot(3) {
		specs := []reservation.PoolSpec{r.world.Spec(r.ref, units, nights+n), r.world.Spec(uid.New(), units, nights)}
		ids, err := core.DefinePools(context.Background(), specs)
		if err != nil || ids[0] != r.pool {
			t.Errorf("import: pools %v, %v; want %d first", ids, err, r.pool)
		}
		change := reservation.StockChange{Span: reservation.Span{Pool: r.pool, From: rig.First, To: rig.First + nights}, Physical: &two, Default: true}
		if err := core.ChangeStock(context.Background(), []reservation.StockChange{change}); err != nil {
			t.Errorf("import: %v", err)
		}
	}
}

// gates stop authorizations of some reservations until they are opened.
type gates struct {
	payment.Service

	mu   sync.Mutex
	held map[uid.ID]*gate
}

type gate struct {
	once    sync.Once
	entered chan struct{} // closed when the first authorization stands there
	open    chan struct{}
}

func (g *gates) set(id uid.ID) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = map[uid.ID]*gate{}
	}
	it := &gate{entered: make(chan struct{}), open: make(chan struct{})}
	g.held[id] = it
	return it
}

// Authorize implements payment.Service.
func (g *gates) Authorize(ctx context.Context, q payment.Request) (payment.Payment, error) {
	g.mu.Lock()
	it := g.held[q.Reservation]
	g.mu.Unlock()
	if it != nil {
		it.once.Do(func() { close(it.entered) })
		select {
		case <-it.open:
		case <-ctx.Done():
			return payment.Payment{}, ctx.Err()
		}
	}
	return g.Service.Authorize(ctx, q)
}
