package reservationtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// untouched is a database with one pool and one reservation, and a check that a batch changed nothing of it.
func untouched(t *testing.T, s reservation.Store) (p *reservation.PoolRow, r *reservation.Reservation, check func(b reservation.Batch)) {
	t.Helper()
	p = newPool(t, s, 10, 100, 105)
	r = newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 101, To: 104, Count: 2}})
	place(t, s, r)
	slots, pools := slotsOf(t, s, p), must[[]reservation.PoolRow](t)(s.Pools(t.Context(), 0, 10))
	stored, streams := read(t, s, r.ID), must[reservation.Positions](t)(s.Streams(t.Context()))
	entries := entriesOf(t, s)
	return p, r, func(b reservation.Batch) {
		t.Helper()
		same(t, "slots", slotsOf(t, s, p), slots)
		same(t, "pools", must[[]reservation.PoolRow](t)(s.Pools(t.Context(), 0, 10)), pools)
		same(t, "reservation", read(t, s, r.ID), stored)
		same(t, "streams", must[reservation.Positions](t)(s.Streams(t.Context())), streams)
		if now := entriesOf(t, s); now != entries {
			t.Errorf("%d history entries, want %d", now, entries)
		}
		if all := must[[]*reservation.Reservation](t)(s.Find(t.Context(), reservation.Filter{Limit: 10})); len(all) != 1 {
			t.Errorf("%d reservations, want 1", len(all))
		}
		if must[bool](t)(s.Committed(t.Context(), b.ID)) {
			t.Error("the batch is said to be committed")
		}
	}
}

// entriesOf counts the history of all reservations and the events of all streams.
func entriesOf(t *testing.T, s reservation.Store) (n int64) {
	t.Helper()
	for _, stream := range must[[]reservation.StreamAudit](t)(s.AuditStreams(t.Context())) {
		events, _, err := s.AuditEvents(t.Context(), stream.Stream, 0, 1<<40)
		if err != nil {
			t.Fatal(err)
		}
		n += events
	}
	for _, entries := range must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 1000)).History {
		n += int64(len(entries))
	}
	return n
}

// everything is a batch that writes every kind of row, and the key it keeps.
func everything(p *reservation.PoolRow, r *reservation.Reservation) (reservation.Need, decide) {
	key := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomeConfirmed}
	count := reservation.CountKey{Caller: "zed", Pool: p.ID}
	ref := uid.New()
	need := reservation.Need{
		Keys: []*reservation.KeyRow{key}, Reservations: []uid.ID{r.ID}, Pools: []stock.PoolID{p.ID}, NewPools: []uid.ID{ref},
		Spans: []reservation.Span{{Pool: p.ID, From: 100, To: 105}}, Counts: []reservation.CountKey{count},
	}
	return need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		old, pool, slot := rows.Reservations[r.ID], rows.Pools[p.ID], rows.Slots[stock.Key{Pool: p.ID, Slot: 100}]
		old.Version++
		pool.Version++
		slot.Version++
		fresh := newReservation("zed", noon, []stock.Claim{{Pool: p.ID, From: 100, To: 101, Count: 1}})
		if err := slot.Hold(1); err != nil {
			return nil, err
		}
		return &reservation.Changes{
			KeptKeys: []uid.ID{key.ID}, NewReservations: []*reservation.Reservation{fresh}, SetReservations: []*reservation.Reservation{old},
			ClaimStates: []reservation.ClaimState{{Reservation: r.ID, Item: 0, Life: reservation.ClaimHeld}},
			NewHistory:  []reservation.Entry{entry(old, reservation.Held, reservation.HoldExtended, noon), entry(fresh, 0, reservation.Placed, noon)},
			NewQuotes:   []*reservation.Quote{{ID: uid.New(), Reservation: r.ID, Version: 1, ExpiresAt: noon}},
			NewPools:    []*reservation.PoolRow{{ID: rows.NextPool, Ref: ref, Supplier: uid.New(), Version: 1}}, SetPools: []*reservation.PoolRow{pool},
			NewSlots: []*reservation.SlotRow{{Key: stock.Key{Pool: p.ID, Slot: 105}, Counters: stock.New(1, 0), Version: 1}}, SetSlots: []*reservation.SlotRow{slot},
			SetCounts:      []*reservation.CountRow{{Key: count, Holds: 1, Units: 1}},
			NewRevocations: []reservation.Revocation{{Supplier: uid.New(), Before: noon, Actor: reservation.Actor{Kind: reservation.StaffActor}, At: noon}},
			Events:         []reservation.Event{event(old, reservation.HoldExtended, noon), event(fresh, reservation.Placed, noon)},
		}, nil
	}
}

// nothingOf checks that no row of everything is left beside what untouched compares.
func nothingOf(t *testing.T, s reservation.Store, need reservation.Need) {
	t.Helper()
	if keys := must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), []uid.ID{need.Keys[0].ID})); len(keys) != 0 {
		t.Errorf("a key is left: %v", keys[0])
	}
	if gone := must[[]reservation.Revocation](t)(s.Revocations(t.Context())); len(gone) != 0 {
		t.Errorf("a revocation is left: %v", gone)
	}
	if pools := must[[]reservation.PoolRow](t)(s.PoolsByRef(t.Context(), need.NewPools)); len(pools) != 0 {
		t.Errorf("a pool is left: %v", pools)
	}
	audit := must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 10))
	for _, count := range audit.Counts {
		if count.Key == need.Counts[0] {
			t.Errorf("a count is left: %v", count)
		}
	}
}

func testDecideError(t *testing.T, s reservation.Store) {
	p, r, check := untouched(t, s)
	need, rules := everything(p, r)
	b := batch("one", noon)
	err := s.Transact(t.Context(), b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if _, err := rules(rows); err != nil {
			t.Error(err)
		}
		return nil, errStop
	})
	if !errors.Is(err, errStop) {
		t.Errorf("got %v, want what the rules said", err)
	}
	check(b)
	nothingOf(t, s, need)
	// The same batch goes through afterwards: nothing is locked, and the rules are right.
	if err := s.Transact(t.Context(), b, need, rules); err != nil {
		t.Errorf("the batch after it: %v", err)
	}
	if !must[bool](t)(s.Committed(t.Context(), b.ID)) || len(must[[]reservation.Revocation](t)(s.Revocations(t.Context()))) != 1 {
		t.Error("the batch after it is not there")
	}
}

func testPanic(t *testing.T, s reservation.Store) {
	p, r, check := untouched(t, s)
	need, _ := everything(p, r)
	b := batch("one", noon)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of the rules was swallowed")
			}
		}()
		_ = s.Transact(t.Context(), b, need, func(*reservation.Rows) (*reservation.Changes, error) { panic("broken rules") })
	}()
	check(b)
	nothingOf(t, s, need)
}

func testCanceled(t *testing.T, s reservation.Store) {
	p, r, check := untouched(t, s)
	need, rules := everything(p, r)
	ctx, cancel := context.WithCancel(t.Context())
	b := batch("one", noon)
	err := s.Transact(ctx, b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		cancel()
		return rules(rows)
	})
	if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, context.Canceled) || errors.Is(err, reservation.ErrUnknownCommit) {
		t.Errorf("got %v, want unavailable because of the context, with a known outcome", err)
	}
	check(b)
	nothingOf(t, s, need)
}

// refused runs everything with one thing wrong and wants the engine, not the rules, to refuse it.
func refused(t *testing.T, s reservation.Store, spoil func(*reservation.Changes)) {
	t.Helper()
	p, r, check := untouched(t, s)
	need, rules := everything(p, r)
	b := batch("one", noon)
	err := s.Transact(t.Context(), b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		c, err := rules(rows)
		if err == nil {
			spoil(c)
		}
		return c, err
	})
	if fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("got %v, want an internal error: the guard tripped", err)
	}
	check(b)
	nothingOf(t, s, need)
}

// The last statement of a batch fails: nothing of what came before stays.
func testFailedWrite(t *testing.T, s reservation.Store) {
	refused(t, s, func(c *reservation.Changes) { c.Events[1].Data = []byte(`{"not": JSON`) })
}

func testGuardLimit(t *testing.T, s reservation.Store) {
	for name, spoil := range map[string]func(*stock.Counters){
		"held past the limit":            func(c *stock.Counters) { c.Held = c.Limit + 1 },
		"sold past the limit":            func(c *stock.Counters) { c.Sold = c.Limit + 1 },
		"negative held":                  func(c *stock.Counters) { c.Held = -1 },
		"negative sold":                  func(c *stock.Counters) { c.Sold, c.Held = -1, 1 },
		"limit above the target":         func(c *stock.Counters) { c.Limit++ },
		"limit raised with held":         func(c *stock.Counters) { c.Limit++; c.Held = c.Limit - 1 },
		"target not of the capacity":     func(c *stock.Counters) { c.Target++; c.Limit++ },
		"more physical units than exist": func(c *stock.Counters) { c.Physical, c.ByHand = stock.MaxUnits+1, true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, s, 10, 500, 501)
			before := slotsOf(t, s, p)
			err := s.Transact(t.Context(), batch("one", noon), reservation.Need{Spans: []reservation.Span{{Pool: p.ID, From: 500, To: 501}}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
				slot := rows.Slots[stock.Key{Pool: p.ID, Slot: 500}]
				spoil(&slot.Counters)
				slot.Version++
				return &reservation.Changes{SetSlots: []*reservation.SlotRow{slot}}, nil
			})
			if err == nil || fault.KindOf(err) != fault.Internal {
				t.Errorf("got %v, want the database to refuse it", err)
			}
			same(t, "slot", slotsOf(t, s, p), before)
		})
	}
}

func testGuardVersions(t *testing.T, s reservation.Store) {
	for name, spoil := range map[string]func(*reservation.Changes){
		"slot not raised":   func(c *reservation.Changes) { c.SetSlots[0].Version-- },
		"slot raised twice": func(c *reservation.Changes) { c.SetSlots[0].Version++ },
		"pool not raised":   func(c *reservation.Changes) { c.SetPools[0].Version-- },
		"reservation":       func(c *reservation.Changes) { c.SetReservations[0].Stored++ },
	} {
		t.Run(name, func(t *testing.T) { refusedOn(t, s, spoil) })
	}
}

// refusedOn is refused for several cases on one database.
func refusedOn(t *testing.T, s reservation.Store, spoil func(*reservation.Changes)) {
	t.Helper()
	p := newPool(t, s, 10, 100, 105)
	r := newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 101, To: 104, Count: 2}})
	place(t, s, r)
	slots, stored := slotsOf(t, s, p), read(t, s, r.ID)
	need, rules := everything(p, r)
	b := batch("one", noon)
	err := s.Transact(t.Context(), b, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		c, err := rules(rows)
		if err == nil {
			spoil(c)
		}
		return c, err
	})
	if err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v, want the guard to trip", err)
	}
	same(t, "slots", slotsOf(t, s, p), slots)
	same(t, "reservation", read(t, s, r.ID), stored)
	if must[bool](t)(s.Committed(t.Context(), b.ID)) {
		t.Error("the batch is said to be committed")
	}
	nothingOf(t, s, need)
}

func testGuardMissingRows(t *testing.T, s reservation.Store) {
	for name, spoil := range map[string]func(*reservation.Changes){
		"slot that is not there": func(c *reservation.Changes) { c.SetSlots[0].Key.Slot = 99 },
		"slot that is there":     func(c *reservation.Changes) { c.NewSlots[0].Key.Slot = 102 },
		"pool that is not there": func(c *reservation.Changes) { c.SetPools[0].ID = 1 << 40 },
		"pool number taken":      func(c *reservation.Changes) { c.NewPools[0].ID = c.SetPools[0].ID },
		"pool ref taken":         func(c *reservation.Changes) { c.NewPools[0].Ref = c.SetPools[0].Ref },
		"reservation":            func(c *reservation.Changes) { c.SetReservations[0].ID = uid.New(); c.ClaimStates = nil },
		"item":                   func(c *reservation.Changes) { r := c.SetReservations[0]; r.Items = append(r.Items, r.Items[0]) },
		"claims of no item":      func(c *reservation.Changes) { c.ClaimStates[0].Item = 1 },
		"claims of nobody":       func(c *reservation.Changes) { c.ClaimStates[0].Reservation = uid.New() },
		"claim gained": func(c *reservation.Changes) {
			item := &c.SetReservations[0].Items[0]
			item.Claims = append(item.Claims, item.Claims[0])
		},
		"key that was not asked for": func(c *reservation.Changes) { c.KeptKeys[0] = uid.New() },
		"key that is not there": func(c *reservation.Changes) {
			c.SetKeys = []*reservation.KeyRow{{ID: uid.New(), State: reservation.KeyDone}}
		},
		"key without a state":       func(c *reservation.Changes) { c.SetKeys = []*reservation.KeyRow{{ID: c.KeptKeys[0]}} },
		"history twice":             func(c *reservation.Changes) { c.NewHistory[0].Version = 1 },
		"history without its event": func(c *reservation.Changes) { c.Events = c.Events[:1] },
		"quote of nobody":           func(c *reservation.Changes) { c.NewQuotes[0].Reservation = uid.New() },
		"unknown status":            func(c *reservation.Changes) { c.SetReservations[0].Status = 8 },
		"more refunded than paid":   func(c *reservation.Changes) { c.SetReservations[0].Refunded = 1 },
		"backwards claim": func(c *reservation.Changes) {
			claim := &c.NewReservations[0].Items[0].Claims[0]
			claim.From, claim.To = claim.To, claim.From
		},
		"negative count": func(c *reservation.Changes) { c.SetCounts[0].Holds = -1 },
	} {
		t.Run(name, func(t *testing.T) { refusedOn(t, s, spoil) })
	}
}

func testLocatorCollision(t *testing.T, s reservation.Store) {
	taken := newReservation("ann", noon)
	place(t, s, taken)
	r, calls := newReservation("bob", noon), 0
	err := s.Transact(t.Context(), batch("one", noon), reservation.Need{}, func(*reservation.Rows) (*reservation.Changes, error) {
		if calls++; calls == 1 {
			r.Locator = taken.Locator
		} else {
			r.Locator = locator()
		}
		return &reservation.Changes{
			NewReservations: []*reservation.Reservation{r}, NewHistory: []reservation.Entry{entry(r, 0, reservation.Placed, noon)},
			Events: []reservation.Event{event(r, reservation.Placed, noon)},
		}, nil
	})
	if err != nil || calls != 2 {
		t.Fatalf("%d decisions and %v, want the second to do", calls, err)
	}
	if got := read(t, s, r.ID); got.Locator != r.Locator {
		t.Errorf("locator %s, want %s", got.Locator, r.Locator)
	}
	// Rules that never draw another one do not hold the store up for ever.
	r = newReservation("cyd", noon)
	r.Locator = taken.Locator
	err = s.Transact(t.Context(), batch("one", noon), reservation.Need{}, always(reservation.Changes{NewReservations: []*reservation.Reservation{r}}))
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable after a bounded number of tries", err)
	}
}

func testFreeLocators(t *testing.T, s reservation.Store) {
	a, b := newReservation("ann", noon), newReservation("bob", noon)
	place(t, s, a)
	place(t, s, b)
	got := must[[]string](t)(s.FreeLocators(t.Context(), []string{"FREE1", b.Locator, "FREE2", a.Locator, a.Locator + "X"}))
	same(t, "free locators", got, []string{"FREE1", "FREE2", a.Locator + "X"})
}

// The rules look an id up before they place under it; when they did not, the database says so in words of the API.
func testTakenName(t *testing.T, s reservation.Store) {
	r := newReservation("ann", noon)
	r.Name = "res_mine"
	place(t, s, r)
	for name, again := range map[string]func(*reservation.Reservation){
		"name": func(n *reservation.Reservation) { n.Name = r.Name }, "id": func(n *reservation.Reservation) { n.ID = r.ID },
	} {
		t.Run(name, func(t *testing.T) {
			n := newReservation("ann", noon.Add(time.Second))
			again(n)
			err := s.Transact(t.Context(), batch("one", noon), reservation.Need{}, always(reservation.Changes{NewReservations: []*reservation.Reservation{n}}))
			if !fault.Is(err, "reservation_exists") || fault.KindOf(err) != fault.Conflict {
				t.Errorf("got %v, want a conflict reservation_exists", err)
			}
		})
	}
	other := newReservation("bob", noon) // names are a caller's own
	other.Name = r.Name
	place(t, s, other)
}

func testCommitted(t *testing.T, s reservation.Store) {
	b := batch("one", noon)
	if err := s.Transact(t.Context(), b, reservation.Need{}, always(reservation.Changes{})); err != nil {
		t.Fatal(err)
	}
	if !must[bool](t)(s.Committed(t.Context(), b.ID)) {
		t.Error("a committed batch is not found")
	}
	never := uid.New()
	for range 2 { // asking leaves no trace
		if must[bool](t)(s.Committed(t.Context(), never)) {
			t.Error("a batch that never was is found")
		}
	}
	failed := batch("one", noon)
	if err := s.Transact(t.Context(), failed, reservation.Need{}, func(*reservation.Rows) (*reservation.Changes, error) { return nil, errStop }); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	if must[bool](t)(s.Committed(t.Context(), failed.ID)) {
		t.Error("a failed batch is found")
	}
	// An id may be used once.
	if err := s.Transact(t.Context(), b, reservation.Need{}, always(reservation.Changes{})); fault.KindOf(err) != fault.Internal || err == nil {
		t.Errorf("the same batch twice: %v, want the guard to trip", err)
	}
}
