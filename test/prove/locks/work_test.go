package locks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

// Sizes of the work.
const (
	pools       = 6
	nights      = 10
	callers     = 8  // that place; each is counted in every pool
	keysAtOnce  = 12 // that are fought over at a time
	clients     = 12 // of each core
	batchRows   = 60 // of a desk here: most batches end at this bound
	poisonShare = 60 // one placing in so many cannot be decided
)

// settings make small batches, so that many of them meet.
func settings(s *reservation.Settings) {
	s.Lanes, s.BatchRows, s.BatchCommands = 4, batchRows, 32
	s.Caps.HoldsPerPool, s.Caps.UnitsPerPool, s.Caps.LapsesPerPool = 1_000_000, 1_000_000, 1_000_000
	s.BelieveFor = 0 // every placing comes to the desk
}

// ground is what the commands of all processes meet on.
type ground struct {
	pools  []stock.PoolID
	refs   []uid.ID
	offers []string // each of two pieces, on two pools in one order or the other, or of one

	trains    []stock.PoolID
	trainRefs []uid.ID
	rides     []string // each over both trains
}

func prepare(t *testing.T, w *rig.World) *ground {
	t.Helper()
	g := &ground{}
	for range pools {
		g.refs = append(g.refs, uid.New())
	}
	for _, ref := range g.refs {
		ids, err := w.Cores[0].DefinePools(t.Context(), []reservation.PoolSpec{w.Spec(ref, 900_000, nights)})
		if err != nil {
			t.Fatal(err)
		}
		g.pools = append(g.pools, ids[0])
	}
	g.offer(t, w)
	g.defineTrains(t, w, []uid.ID{uid.New(), uid.New()})
	return g
}

// offer seals every crossing of two pools, on nights that overlap in part.
func (g *ground) offer(t *testing.T, w *rig.World) {
	t.Helper()
	for i, a := range g.pools {
		for j, b := range g.pools {
			from, to := stock.Slot((i*3+j)%(nights-4)), stock.Slot((j*5+i)%(nights-3))
			g.offers = append(g.offers, w.Offer(t, rig.Nights(a, from, 4), rig.Nights(b, to, 3)))
		}
	}
}

// tally counts what came of the commands.
type tally struct {
	done, refused, poisoned atomic.Int64

	mu   sync.Mutex
	refs []string // of reservations that may be acted on, the newest last
	who  []string

	rides []*reservation.Reservation // the same of rides
}

func (c *tally) keep(ref, who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.refs) > 200 {
		c.refs, c.who = slices.Clone(c.refs[100:]), slices.Clone(c.who[100:])
	}
	c.refs, c.who = append(c.refs, ref), append(c.who, who)
}

func (c *tally) any(random *rand.Rand) (ref, who string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.refs) == 0 {
		return "", ""
	}
	i := random.IntN(len(c.refs))
	return c.refs[i], c.who[i]
}

// work has clients of one core do commands until so many are done, and returns the first thing that must not be.
func (g *ground) work(core *reservation.Core, c *tally, supplier uid.ID, name string, commands int, seed uint64) error {
	var first atomic.Pointer[error]
	var running sync.WaitGroup
	for n := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			for i := 0; i < commands/clients && first.Load() == nil; i++ {
				if err := g.one(core, c, supplier, name, random, i); err != nil {
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	running.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

// one does one command.
func (g *ground) one(core *reservation.Core, c *tally, supplier uid.ID, name string, random *rand.Rand, i int) error {
	ctx := context.Background()
	switch n := random.IntN(54); {
	case n >= 40:
		return g.ride(core, c, name, random)
	case n < 22:
		return g.place(core, c, random, i)
	case n < 32:
		ref, who := c.any(random)
		if ref == "" {
			return nil
		}
		var err error
		switch {
		case n < 27:
			err = core.Release(ctx, rig.As(who), ref)
		case n < 31:
			_, err = core.Extend(ctx, rig.As(who), ref)
		default:
			_, err = core.Pay(ctx, rig.As(who), ref, "pm_test_approved", rig.Key(fmt.Sprint(name, random.Uint64())))
		}
		return c.came(err, "act on "+ref)
	case n < 37: // staff change two pools, in either order
		a, b := random.IntN(pools), random.IntN(pools)
		var changes []reservation.StockChange
		for _, p := range []int{a, b} {
			closed, physical := false, int32(900_000+random.IntN(50))
			changes = append(changes, reservation.StockChange{
				Span: reservation.Span{Pool: g.pools[p], From: rig.First, To: rig.First + nights}, Closed: &closed, Physical: &physical, Default: random.IntN(2) == 0,
			})
		}
		return c.came(core.ChangeStock(ctx, changes), "change stock")
	default: // an import that makes known pools again, longer now and then, in any order
		var specs []reservation.PoolSpec
		for _, p := range random.Perm(pools)[:3] {
			specs = append(specs, reservation.PoolSpec{
				Ref: g.refs[p], Supplier: supplier, Physical: 900_000, From: rig.First, To: rig.First + nights + stock.Slot(random.IntN(20)),
			})
		}
		_, err := core.DefinePools(ctx, specs)
		return c.came(err, "define pools")
	}
}

// window moves on, so that keys are new, taken in the same batch, or stored already.
func keyOf(random *rand.Rand, i int) string {
	return fmt.Sprint("locks-", i/4*keysAtOnce/4+random.IntN(keysAtOnce))
}

// The callers whose placings cannot be decided.
const (
	poisonRule  = "poison-rule"  // the rules of their batches panic
	poisonWrite = "poison-write" // the database refuses what their batches write
)

func (g *ground) place(core *reservation.Core, c *tally, random *rand.Rand, i int) error {
	q := reservation.PlaceRequest{Caller: rig.As(fmt.Sprint("caller-", random.IntN(callers))), Travellers: rig.Guests, Offers: []string{g.offers[random.IntN(len(g.offers))]}}
	if random.IntN(poisonShare) == 0 {
		q.Caller.Subject = []string{poisonRule, poisonWrite}[random.IntN(2)]
		_, err := core.Place(context.Background(), q)
		if fault.KindOf(err) != fault.Internal || err == nil {
			return fmt.Errorf("%s: %w, want an internal error", q.Caller.Subject, err)
		}
		c.poisoned.Add(1)
		return nil
	}
	if random.IntN(2) == 0 {
		q.Key = rig.Key(keyOf(random, i))
	}
	if random.IntN(4) == 0 { // a second offer, so that one reservation crosses four pools
		q.Offers = append(q.Offers, g.offers[random.IntN(len(g.offers))])
	}
	a, err := core.Place(context.Background(), q)
	if err == nil {
		c.keep(a.Reservation.ID.Text("res"), a.Reservation.Caller)
	}
	return c.came(err, "place")
}

// crossed places the n-th offer, which is never refused.
func (g *ground) crossed(core *reservation.Core, c *tally, n int) error {
	q := reservation.PlaceRequest{Caller: rig.As(fmt.Sprint("caller-", n%callers)), Travellers: rig.Guests, Offers: []string{g.offers[n%len(g.offers)]}}
	_, err := core.Place(context.Background(), q)
	return c.came(err, "place")
}

// refusals that this work may bring.
var refusals = map[string]bool{
	"payment_running": true, "not_payable": true, "quote_required": true, "not_extendable": true, "hold_limit": true, "not_cancellable": true, "hold_expired": true,
}

func (c *tally) came(err error, what string) error {
	switch {
	case err == nil:
		c.done.Add(1)
	case refusals[fault.As(err).Reason]:
		c.refused.Add(1)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// poisoner makes the placings of two callers undecidable: those of one by a panic in the rules, of the other by a write
// that the tables refuse.
type poisoner struct {
	reservation.Store
	struck atomic.Int64
}

// Transact implements reservation.Store.
func (p *poisoner) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	has := func(caller string) bool {
		return slices.ContainsFunc(need.Counts, func(k reservation.CountKey) bool { return strings.HasPrefix(k.Caller, caller) })
	}
	rule, write := has(poisonRule), has(poisonWrite)
	if !rule && !write {
		return p.Store.Transact(ctx, b, need, decide)
	}
	p.struck.Add(1)
	return p.Store.Transact(ctx, b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if rule {
			rows.Counts = nil // the rule of a placing writes to it
		}
		c, err := decide(rows)
		if err != nil || !write {
			return c, err
		}
		for _, s := range c.SetSlots {
			s.Version += 7
		}
		return c, nil
	})
}
