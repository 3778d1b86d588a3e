package reservationtest

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// numbered is the id that stands for a number.
func numbered(n int) (id uid.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	return id
}

// crossed is the work that four writers of two processes do on the same few rows, in every combination, and what it
// must have come to.
type crossed struct {
	pools        []*reservation.PoolRow
	reservations []uid.ID
	next         atomic.Int64 // the newest key

	mu     sync.Mutex
	held   map[stock.Key]int32
	counts map[reservation.CountKey]int32
	edits  map[uid.ID]int64 // of a reservation
	kept   map[uid.ID]int   // times that a key took effect
	pool   map[stock.PoolID]int64
	blocks map[blockKey]int64 // changes of a block of units
}

type blockKey struct {
	pool   stock.PoolID
	number int
}

const (
	crossedPools        = 4
	crossedSlots        = 12
	crossedReservations = 6
	crossedKeys         = 10 // that are fought over at a time
	crossedBlocks       = 3  // of units of a pool
)

// Batches name keys, reservations, pools, slots, units and counts at random, crosswise: nobody deadlocks, no update is lost,
// and no key has two effects.
func testCrossedRows(t *testing.T, shared Shared) {
	w := &crossed{
		held: map[stock.Key]int32{}, counts: map[reservation.CountKey]int32{}, edits: map[uid.ID]int64{}, kept: map[uid.ID]int{}, pool: map[stock.PoolID]int64{},
		blocks: map[blockKey]int64{},
	}
	layout := newLayout(crossedBlocks * stock.UnitsPerBlock)
	if err := shared.A.PutLayouts(t.Context(), []*stock.Layout{layout}); err != nil {
		t.Fatal(err)
	}
	for range crossedPools {
		p := &reservation.PoolRow{Physical: 500_000, OverbookingBP: 1000, To: crossedSlots, Layout: layout.ID()}
		makePool(t, shared.A, p, func(stock.Slot) int32 { return p.Physical })
		w.pools = append(w.pools, p)
	}
	for i := range crossedReservations {
		pool := w.pools[i%len(w.pools)]
		r := newReservation("ann", noon, []stock.Claim{{Pool: pool.ID, From: stock.Slot(i), To: stock.Slot(i + 4), Count: 1}})
		r.HoldExpiresAt = noon.Add(-time.Second) // lapsed: batches with due pools find them too
		place(t, shared.A, r)
		w.reservations = append(w.reservations, r.ID)
		for slot := stock.Slot(i); slot < stock.Slot(i+4); slot++ {
			w.held[stock.Key{Pool: pool.ID, Slot: slot}]++
		}
		w.counts[reservation.CountKey{Caller: "ann", Pool: pool.ID}]++
	}
	var group sync.WaitGroup
	for i, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
		group.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(i)))
			for range shared.Rounds / 4 {
				if err := w.round(t, store, random, []string{"both", "both", "a", "b"}[i]); err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	group.Wait()
	w.check(t, shared)
	noDeadlock(t, shared)
}

// round runs one batch of random needs and books what it did once it is committed.
func (w *crossed) round(t *testing.T, s reservation.Store, random *rand.Rand, stream string) error {
	need := w.need(random)
	var c *reservation.Changes
	var counts []reservation.CountKey
	err := s.Transact(t.Context(), batch(stream, noon), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		c, counts = w.rules(need, rows)
		return c, nil
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range c.KeptKeys {
		w.kept[id]++
	}
	for _, slot := range c.SetSlots {
		w.held[slot.Key]++
	}
	for _, r := range c.SetReservations {
		w.edits[r.ID]++
	}
	for _, p := range c.SetPools {
		w.pool[p.ID]++
	}
	for _, b := range c.SetBlocks {
		w.blocks[blockKey{b.Pool, b.Number}]++
	}
	for _, key := range counts {
		w.counts[key]++
	}
	return nil
}

func (w *crossed) need(random *rand.Rand) reservation.Need {
	var need reservation.Need
	newest := int(w.next.Load())
	for k := range crossedKeys {
		if random.IntN(3) == 0 {
			need.Keys = append(need.Keys, &reservation.KeyRow{ID: numbered(newest + k), Request: numbered(k), State: reservation.KeyDone, Answer: reservation.OutcomePlaced})
		}
	}
	if random.IntN(2) == 0 {
		w.next.Add(1)
	}
	for _, id := range w.reservations {
		if random.IntN(4) == 0 {
			need.Reservations = append(need.Reservations, id)
		}
	}
	need.Reservations = sorted(need.Reservations...)
	for _, p := range w.pools {
		if random.IntN(4) == 0 {
			need.Pools = append(need.Pools, p.ID)
		}
		if random.IntN(2) == 0 {
			from := stock.Slot(random.IntN(crossedSlots - 1))
			need.Spans = append(need.Spans, reservation.Span{Pool: p.ID, From: from, To: from + 1 + stock.Slot(random.IntN(crossedSlots-int(from)))})
		}
		if random.IntN(4) == 0 {
			need.DuePools, need.DueLimit = append(need.DuePools, p.ID), 2
		}
		if random.IntN(3) == 0 {
			need.Units = append(need.Units, p.ID)
		}
	}
	for _, caller := range []string{"ann", "bob", "cyd"} {
		for _, p := range w.pools {
			if random.IntN(4) == 0 {
				need.Counts = append(need.Counts, reservation.CountKey{Caller: caller, Pool: p.ID})
			}
		}
	}
	return need
}

// rules changes every row that was named, and of due reservations those that came.
func (w *crossed) rules(need reservation.Need, rows *reservation.Rows) (*reservation.Changes, []reservation.CountKey) {
	c := &reservation.Changes{}
	for i, k := range need.Keys {
		if rows.Keys[k.ID] == nil && i%3 != 2 { // every third command is refused
			c.KeptKeys = append(c.KeptKeys, k.ID)
		}
	}
	ids := slices.Clone(need.Reservations)
	ids = append(ids, rows.Due...)
	ids = slices.Compact(sorted(ids...))
	for _, id := range ids {
		r := rows.Reservations[id]
		r.Version++
		c.SetReservations = append(c.SetReservations, r)
		c.NewHistory = append(c.NewHistory, entry(r, r.Status, reservation.HoldExtended, noon))
		c.Events = append(c.Events, event(r, reservation.HoldExtended, noon))
	}
	for _, span := range need.Spans {
		for slot := span.From; slot < span.To; slot++ {
			if row := rows.Slots[stock.Key{Pool: span.Pool, Slot: slot}]; row != nil {
				if err := row.Hold(1); err != nil {
					panic(err)
				}
				row.Version++
				c.SetSlots = append(c.SetSlots, row)
			}
		}
	}
	for _, id := range need.Units {
		for n := range crossedBlocks {
			if (int(id)+n+len(need.Spans))%3 != 0 { // blocks of one pool begin in batches of their own
				c.SetBlocks = append(c.SetBlocks, blockOf(rows.Units[id], n))
			}
		}
	}
	for _, id := range need.Pools {
		p := rows.Pools[id]
		p.Version++
		c.SetPools = append(c.SetPools, p)
	}
	for _, key := range need.Counts {
		row := rows.Counts[key]
		if row == nil {
			row = &reservation.CountRow{Key: key}
		}
		row.Holds++
		c.SetCounts = append(c.SetCounts, row)
	}
	c.Events = append(c.Events, reservation.Event{Type: "round", At: noon, Data: []byte(`1`)})
	return c, need.Counts
}

func (w *crossed) check(t *testing.T, shared Shared) {
	t.Helper()
	for _, p := range w.pools {
		for _, slot := range slotsOf(t, shared.B, p) {
			if slot.Held != w.held[slot.Key] {
				t.Errorf("slot %v: held %d, want %d", slot.Key, slot.Held, w.held[slot.Key])
			}
		}
	}
	for _, p := range must[[]reservation.PoolRow](t)(shared.A.Pools(t.Context(), 0, 10)) {
		if p.Version != 1+w.pool[p.ID] {
			t.Errorf("pool %d: version %d after %d changes", p.ID, p.Version, w.pool[p.ID])
		}
	}
	for _, p := range w.pools {
		for n, version := range must[*reservation.PoolUnits](t)(shared.A.Units(t.Context(), p.ID)).Versions {
			if want := w.blocks[blockKey{p.ID, n}]; version != want || want == 0 {
				t.Errorf("pool %d, block %d: version %d after %d changes", p.ID, n, version, want)
			}
		}
	}
	for _, id := range w.reservations {
		if r := read(t, shared.A, id); r.Version != 1+w.edits[id] {
			t.Errorf("reservation: version %d after %d changes", r.Version, w.edits[id])
		}
		if entries := must[[]reservation.Entry](t)(shared.B.History(t.Context(), id)); int64(len(entries)) != 1+w.edits[id] {
			t.Errorf("reservation: %d history entries after %d changes", len(entries), w.edits[id])
		}
	}
	var ids []uid.ID
	for id, times := range w.kept {
		ids = append(ids, id)
		if times != 1 {
			t.Errorf("a key took effect %d times", times)
		}
	}
	if got := must[[]*reservation.KeyRow](t)(shared.A.Keys(t.Context(), ids)); len(got) != len(ids) {
		t.Errorf("%d keys stored of %d that took effect", len(got), len(ids))
	}
	audit := must[reservation.PoolAudit](t)(shared.B.AuditPools(t.Context(), 0, 10))
	for _, count := range audit.Counts {
		if count.Holds != w.counts[count.Key] {
			t.Errorf("count %v: %d, want %d", count.Key, count.Holds, w.counts[count.Key])
		}
	}
	if len(audit.Counts) != len(w.counts) {
		t.Errorf("%d counts, want %d", len(audit.Counts), len(w.counts))
	}
}

// Two processes that count a caller's first holds at once must not both start from zero.
func testCountsFromZero(t *testing.T, shared Shared) {
	rounds := max(10, shared.Rounds/50)
	for round := range rounds {
		key := reservation.CountKey{Caller: "ann", Pool: stock.PoolID(round + 1)}
		var group sync.WaitGroup
		for _, store := range []reservation.Store{shared.A, shared.B, shared.B} {
			group.Go(func() {
				err := store.Transact(t.Context(), batch("x", noon), reservation.Need{Counts: []reservation.CountKey{key}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
					row := rows.Counts[key]
					if row == nil {
						row = &reservation.CountRow{Key: key}
					}
					row.Holds++
					row.Units += 2
					return &reservation.Changes{SetCounts: []*reservation.CountRow{row}}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		transact(t, shared.A, reservation.Need{Counts: []reservation.CountKey{key}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			if row := rows.Counts[key]; row == nil || row.Holds != 3 || row.Units != 6 {
				t.Errorf("round %d: %+v, want 3 holds", round, row)
			}
			return nil, nil
		})
	}
	noDeadlock(t, shared)
}

// The same key in two processes at once: one takes effect, the other waits for it and is given its row. When the first
// one is refused, the second may take effect.
func testSameKey(t *testing.T, shared Shared) {
	for round := range max(10, shared.Rounds/50) {
		id := uid.New()
		var took atomic.Int32
		var group sync.WaitGroup
		refuse := atomic.Bool{}
		refuse.Store(round%2 == 1)
		for _, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
			group.Go(func() {
				key := &reservation.KeyRow{ID: id, Request: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomePlaced}
				kept := false
				err := store.Transact(t.Context(), batch("x", noon), reservation.Need{Keys: []*reservation.KeyRow{key}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
					kept = rows.Keys[id] == nil && !refuse.Swap(false)
					if kept {
						return &reservation.Changes{KeptKeys: []uid.ID{id}}, nil
					}
					return nil, nil
				})
				if err != nil {
					t.Error(err)
				}
				if kept {
					took.Add(1)
				}
			})
		}
		group.Wait()
		if n := took.Load(); n != 1 {
			t.Fatalf("round %d: a key took effect %d times", round, n)
		}
	}
	noDeadlock(t, shared)
}

// The same reservation placed by two processes at once: the rules of the later one run again and find it.
func testSameID(t *testing.T, shared Shared) {
	for range max(10, shared.Rounds/50) {
		id := uid.New()
		var placed, found atomic.Int32
		var group sync.WaitGroup
		for _, store := range []reservation.Store{shared.A, shared.B} {
			group.Go(func() {
				fresh := false
				err := store.Transact(t.Context(), batch("x", noon), reservation.Need{Reservations: []uid.ID{id}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
					if fresh = rows.Reservations[id] == nil; !fresh {
						return nil, nil
					}
					r := newReservation("ann", noon)
					r.ID, r.Name = id, id.Text("res")
					return &reservation.Changes{NewReservations: []*reservation.Reservation{r}}, nil
				})
				switch {
				case err != nil:
					t.Errorf("%v (%v)", err, fault.KindOf(err))
				case fresh:
					placed.Add(1)
				default:
					found.Add(1)
				}
			})
		}
		group.Wait()
		if placed.Load() != 1 || found.Load() != 1 {
			t.Fatalf("placed %d times, found %d times; want one each", placed.Load(), found.Load())
		}
	}
}

// Committed asked while the transaction is open waits for its end.
func testCommittedWaits(t *testing.T, shared Shared) {
	for round := range 10 {
		b := batch("x", noon)
		answer, asking := make(chan bool, 1), make(chan struct{})
		commit := round%2 == 0
		err := shared.A.Transact(t.Context(), b, reservation.Need{}, func(*reservation.Rows) (*reservation.Changes, error) {
			go func() {
				close(asking)
				found, err := shared.B.Committed(t.Context(), b.ID)
				if err != nil {
					t.Error(err)
				}
				answer <- found
			}()
			<-asking
			for range 20 { // time for an answer that comes too early
				runtime.Gosched()
				must[reservation.Positions](t)(shared.B.Streams(t.Context()))
			}
			select {
			case <-answer:
				t.Error("answered while the transaction was open")
				answer <- commit
			default:
			}
			if !commit {
				return nil, errStop
			}
			return nil, nil
		})
		if commit != (err == nil) {
			t.Fatal(err)
		}
		if found := <-answer; found != commit {
			t.Errorf("Committed is %t, want %t", found, commit)
		}
	}
}

// A lapsed hold that another batch has named is not waited for; a named one is.
func testDueSkips(t *testing.T, shared Shared) {
	p := newPool(t, shared.A, 10, 0, 4)
	later := noon.Add(time.Hour)
	var ids []uid.ID
	for range 2 {
		r := newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 0, To: 2, Count: 1}})
		place(t, shared.A, r)
		ids = append(ids, r.ID)
	}
	need := reservation.Need{DuePools: []stock.PoolID{p.ID}, DueLimit: 5}
	expire := func(rows *reservation.Rows) (*reservation.Changes, error) {
		c := &reservation.Changes{}
		for _, id := range sorted(rows.Due...) {
			r := rows.Reservations[id]
			r.Version, r.Status = r.Version+1, reservation.Expired
			c.SetReservations = append(c.SetReservations, r)
		}
		return c, nil
	}
	// Both processes expire what has lapsed, at once: each hold ends once.
	var group sync.WaitGroup
	for _, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
		group.Go(func() {
			if err := store.Transact(t.Context(), batch("x", later), need, expire); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if r := read(t, shared.B, id); r.Version != 2 || r.Status != reservation.Expired {
			t.Errorf("version %d, %v; want one expiry", r.Version, r.Status)
		}
	}
	noDeadlock(t, shared)
}

// Two processes that make pools at once get different numbers, and the same pool is made once.
func testNewPoolsOfTwo(t *testing.T, shared Shared) {
	const pools = 12
	var group sync.WaitGroup
	for _, store := range []reservation.Store{shared.A, shared.B} {
		group.Go(func() {
			for i := range pools {
				refs := sorted(numbered(i), numbered(i+1))
				err := store.Transact(t.Context(), batch("x", noon), reservation.Need{NewPools: refs}, func(rows *reservation.Rows) (*reservation.Changes, error) {
					c := &reservation.Changes{}
					for _, ref := range refs {
						if rows.PoolRefs[ref] == nil {
							c.NewPools = append(c.NewPools, &reservation.PoolRow{ID: rows.NextPool + stock.PoolID(len(c.NewPools)), Ref: ref, Supplier: uid.New(), Version: 1})
						}
					}
					return c, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	all := must[[]reservation.PoolRow](t)(shared.A.Pools(t.Context(), 0, 100))
	if len(all) != pools+1 || all[len(all)-1].ID != pools+1 {
		t.Errorf("%d pools, the last with number %d; want %d", len(all), all[len(all)-1].ID, pools+1)
	}
	noDeadlock(t, shared)
}
