package reservationtest

import (
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func testRoundTrip(t *testing.T, s reservation.Store) {
	p, q := newPool(t, s, 10, 100, 110), newPool(t, s, 5, 0, 3)
	r := newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 101, To: 104, Count: 2}, {Pool: q.ID, From: 0, To: 1, Count: 1}}, []stock.Claim{{Pool: p.ID, From: 103, To: 105, Count: 1}})
	r.Name = "res_named"
	plain := newReservation("bob", noon) // no items, no travellers, nothing optional
	plain.Travellers = nil
	place(t, s, r)
	place(t, s, plain)

	got := read(t, s, r.ID)
	if got.Stored != 1 {
		t.Errorf("loaded with Stored %d, want its version 1", got.Stored)
	}
	got.Stored = 0
	same(t, "reservation", got, r)
	got = read(t, s, plain.ID)
	got.Stored = 0
	same(t, "plain reservation", got, plain)
	same(t, "history", must[[]reservation.Entry](t)(s.History(t.Context(), r.ID)), []reservation.Entry{entry(r, 0, reservation.Placed, noon)})

	// The same inside a batch, locked.
	transact(t, s, reservation.Need{Reservations: sorted(r.ID, plain.ID, uid.New())}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if len(rows.Reservations) != 2 {
			t.Errorf("%d reservations loaded, want the 2 that exist", len(rows.Reservations))
		}
		got := *rows.Reservations[r.ID]
		got.Stored = 0
		same(t, "reservation in a batch", &got, r)
		return nil, nil
	})

	both := must[[]*reservation.Reservation](t)(s.Reservations(t.Context(), []uid.ID{plain.ID, uid.New(), r.ID}))
	if len(both) != 2 || both[0].ID != plain.ID || both[1].ID != r.ID {
		t.Errorf("reservations are not in the order asked for: %d read", len(both))
	}
}

func testSetReservation(t *testing.T, s reservation.Store) {
	p := newPool(t, s, 10, 100, 110)
	first, second := []stock.Claim{{Pool: p.ID, From: 101, To: 103, Count: 2}}, []stock.Claim{{Pool: p.ID, From: 104, To: 105, Count: 1}, {Pool: p.ID, From: 106, To: 107, Count: 1}}
	r := newReservation("ann", noon, first, second)
	place(t, s, r)
	later := noon.Add(time.Minute)
	quote := &reservation.Quote{
		ID: uid.New(), Reservation: r.ID, Version: 2, Items: []uid.ID{r.Items[1].ID, r.Items[0].ID}, Refund: 12_345, Fee: 55, ExpiresAt: later.Add(15 * time.Minute),
	}
	transact(t, s, reservation.Need{Reservations: []uid.ID{r.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		r = rows.Reservations[r.ID]
		r.Status, r.Payment, r.UpdatedAt, r.HoldExpiresAt = reservation.Confirmed, reservation.PartiallyRefunded, later, later.Add(time.Hour)
		r.Extensions, r.GraceUsed, r.Attempt, r.Method, r.PayKey = 3, true, uid.New(), "pm_test_approved", uid.New()
		r.Paid, r.Refunded, r.Owed, r.RefundID = 20_000, 300, 400, uid.New()
		r.Step, r.StepDue, r.StepTries = reservation.RefundStep, later.Add(time.Second), 7
		r.Items[0].Status, r.Items[1].Status = reservation.Confirmed, reservation.Cancelled
		r.Version++
		c := &reservation.Changes{
			SetReservations: []*reservation.Reservation{r},
			ClaimStates:     []reservation.ClaimState{{Reservation: r.ID, Item: 0, Life: reservation.ClaimSold}, {Reservation: r.ID, Item: 1, Life: reservation.ClaimFreed}},
			NewQuotes:       []*reservation.Quote{quote},
			NewHistory:      []reservation.Entry{entry(r, reservation.Held, reservation.PaymentMade, later)},
			Events:          []reservation.Event{event(r, reservation.PaymentMade, later)},
		}
		// The slots of live claims came without being named.
		sold, err := claimStock(rows, first, (*stock.Counters).Confirm)
		if err != nil {
			return nil, err
		}
		freed, err := claimStock(rows, second, (*stock.Counters).Release)
		if err != nil {
			return nil, err
		}
		c.SetSlots = append(sold, freed...)
		return c, nil
	})
	got := read(t, s, r.ID)
	if got.Stored != 2 {
		t.Errorf("Stored is %d, want 2", got.Stored)
	}
	r.Stored = 2
	same(t, "reservation", got, r)
	same(t, "quote", must[*reservation.Quote](t)(s.Quote(t.Context(), quote.ID)), quote)
	transact(t, s, reservation.Need{Reservations: []uid.ID{r.ID}, Quotes: []uid.ID{quote.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "quote in a batch", rows.Quotes[quote.ID], quote)
		// A step that is put off keeps the version and may be written alone.
		rows.Reservations[r.ID].StepTries++
		return &reservation.Changes{SetReservations: []*reservation.Reservation{rows.Reservations[r.ID]}}, nil
	})
	if got := read(t, s, r.ID); got.StepTries != 8 || got.Version != 2 {
		t.Errorf("after putting a step off: %d tries, version %d; want 8 and 2", got.StepTries, got.Version)
	}
	audit := must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 10))
	same(t, "lives of the claims", audit.Claims[r.ID], []reservation.ClaimLife{reservation.ClaimSold, reservation.ClaimFreed})
	for _, slot := range slotsOf(t, s, p) {
		want := map[stock.Slot]int32{101: 2, 102: 2}[slot.Key.Slot]
		if slot.Held != 0 || slot.Sold != want {
			t.Errorf("slot %d: held %d, sold %d; want 0 and %d", slot.Key.Slot, slot.Held, slot.Sold, want)
		}
	}
}

func testNothingThereYet(t *testing.T, s reservation.Store) {
	ctx := t.Context()
	if got := must[[]*reservation.Reservation](t)(s.Reservations(ctx, []uid.ID{uid.New()})); len(got) != 0 {
		t.Errorf("reservations: %v", got)
	}
	if got := must[*reservation.Quote](t)(s.Quote(ctx, uid.New())); got != nil {
		t.Errorf("quote: %v", got)
	}
	if got := must[[]reservation.Entry](t)(s.History(ctx, uid.New())); len(got) != 0 {
		t.Errorf("history: %v", got)
	}
	if got := must[[]*reservation.KeyRow](t)(s.Keys(ctx, []uid.ID{uid.New()})); len(got) != 0 {
		t.Errorf("keys: %v", got)
	}
	if got := must[[]reservation.Event](t)(s.Events(ctx, 1, 0, 10)); len(got) != 0 {
		t.Errorf("events: %v", got)
	}
	if got := must[reservation.Positions](t)(s.Snapshot(ctx, 0, func([]reservation.SlotRow) error { t.Error("a slot"); return nil })); len(got) != 0 {
		t.Errorf("positions: %v", got)
	}
	if got := must[reservation.PoolAudit](t)(s.AuditPools(ctx, 0, 10)); len(got.Pools) != 0 || got.Last != 0 {
		t.Errorf("audit of pools: %+v", got)
	}
	if got := must[reservation.RecordAudit](t)(s.AuditReservations(ctx, uid.ID{}, 10)); len(got.Reservations) != 0 || !got.Last.IsZero() {
		t.Errorf("audit of reservations: %+v", got)
	}
	transact(t, s, reservation.Need{
		Keys:         []*reservation.KeyRow{{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone}},
		Reservations: []uid.ID{uid.New()}, Quotes: []uid.ID{uid.New()}, Pools: []stock.PoolID{7}, Spans: []reservation.Span{{Pool: 7, From: 0, To: 9}},
		DuePools: []stock.PoolID{7}, DueLimit: 5, NewPools: []uid.ID{uid.New()},
	}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if len(rows.Keys)+len(rows.Reservations)+len(rows.Quotes)+len(rows.Slots)+len(rows.Pools)+len(rows.PoolRefs)+len(rows.Due) != 0 {
			t.Errorf("rows from an empty database: %+v", rows)
		}
		if rows.NextPool != 1 {
			t.Errorf("first pool number %d, want 1", rows.NextPool)
		}
		return nil, nil
	})
}

func testPoolsAndSlots(t *testing.T, s reservation.Store) {
	a, b := newPool(t, s, 10, -2, 3), newPool(t, s, 4, 20_000, 20_002)
	if a.ID != 1 || b.ID != 2 {
		t.Errorf("pools %d and %d, want 1 and 2", a.ID, b.ID)
	}
	same(t, "pools", must[[]reservation.PoolRow](t)(s.Pools(t.Context(), 0, 10)), []reservation.PoolRow{*a, *b})
	same(t, "pools after the first", must[[]reservation.PoolRow](t)(s.Pools(t.Context(), a.ID, 1)), []reservation.PoolRow{*b})
	same(t, "pools by ref", must[[]reservation.PoolRow](t)(s.PoolsByRef(t.Context(), []uid.ID{b.Ref, uid.New()})), []reservation.PoolRow{*b})

	var want reservation.SlotRow
	need := reservation.Need{Pools: []stock.PoolID{a.ID}, NewPools: sorted(a.Ref, uid.New()), Spans: []reservation.Span{{Pool: a.ID, From: -2, To: 0}, {Pool: b.ID, From: 20_001, To: 20_009}}}
	transact(t, s, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "pool", rows.Pools[a.ID], a)
		same(t, "pool by ref", rows.PoolRefs[a.Ref], a)
		if len(rows.PoolRefs) != 1 || len(rows.Slots) != 3 || rows.NextPool != 3 {
			t.Errorf("%d pools by ref, %d slots, next pool %d; want 1, 3 and 3", len(rows.PoolRefs), len(rows.Slots), rows.NextPool)
		}
		p, slot := rows.Pools[a.ID], rows.Slots[stock.Key{Pool: a.ID, Slot: -1}]
		p.Physical, p.OverbookingBP, p.From, p.To, p.Retired = 12, -500, -2, 5, true
		p.Version++
		for _, err := range []error{slot.SetPhysical(12), slot.SetOutOfOrder(2), slot.SetOverbooking(-500), slot.SetTarget(6), slot.Hold(4), slot.Confirm(1)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		slot.SetClosed(true)
		slot.Version++
		a, want = p, *slot
		fresh := &reservation.SlotRow{Key: stock.Key{Pool: a.ID, Slot: 3}, Counters: stock.New(12, -500), Version: 1}
		return &reservation.Changes{SetPools: []*reservation.PoolRow{p}, SetSlots: []*reservation.SlotRow{slot}, NewSlots: []*reservation.SlotRow{fresh}}, nil
	})
	same(t, "changed pool", must[[]reservation.PoolRow](t)(s.Pools(t.Context(), 0, 1)), []reservation.PoolRow{*a})
	slots := slotsOf(t, s, a)
	if len(slots) != 6 {
		t.Fatalf("%d slots, want 6", len(slots))
	}
	same(t, "changed slot", slots[1], want)
	for i, slot := range slots {
		if slot.Key.Slot != stock.Slot(i-2) {
			t.Errorf("slot %d at place %d", slot.Key.Slot, i)
		}
	}
}

func testKeys(t *testing.T, s reservation.Store) {
	placed := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), Reservation: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomePlaced}
	running := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), Reservation: uid.New()}
	dropped := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomeQuoted}
	need := reservation.Need{Keys: []*reservation.KeyRow{placed, running, dropped}}
	transact(t, s, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if len(rows.Keys) != 0 {
			t.Errorf("%d keys before any was stored", len(rows.Keys))
		}
		running.State = reservation.KeyRunning // what the command came to is known only now
		return &reservation.Changes{KeptKeys: []uid.ID{placed.ID, running.ID}}, nil
	})
	if !placed.CreatedAt.Equal(micro(noon)) {
		t.Errorf("CreatedAt is %v, want the batch's now", placed.CreatedAt)
	}
	ids := []uid.ID{placed.ID, running.ID, dropped.ID}
	same(t, "keys", must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), ids)), []*reservation.KeyRow{placed, running})

	again := func() reservation.Need {
		var need reservation.Need
		for _, id := range ids {
			need.Keys = append(need.Keys, &reservation.KeyRow{ID: id, Request: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomeExtended})
		}
		return need
	}
	transact(t, s, again(), func(rows *reservation.Rows) (*reservation.Changes, error) {
		if len(rows.Keys) != 2 {
			t.Errorf("%d keys loaded, want 2", len(rows.Keys))
		}
		same(t, "key", rows.Keys[placed.ID], placed)
		running = rows.Keys[running.ID]
		running.State, running.Answer = reservation.KeyDone, reservation.OutcomeConfirmed
		running.Facts = reservation.Facts{
			Status: reservation.Confirmed, Payment: reservation.Paid, HoldExpiresAt: micro(noon.Add(time.Minute)), UpdatedAt: micro(noon), Version: 4, Refunded: 12,
			Quote: uid.New(), ItemStatus: []reservation.Status{reservation.Confirmed, reservation.Cancelled},
		}
		return &reservation.Changes{SetKeys: []*reservation.KeyRow{running}}, nil
	})
	same(t, "keys", must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), ids)), []*reservation.KeyRow{placed, running})
}

// Keys of commands that were refused leave no trace, whether alone or beside one that took effect.
func testKeysOfRefusals(t *testing.T, s reservation.Store) {
	key := func() *reservation.KeyRow {
		return &reservation.KeyRow{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomePlaced}
	}
	k := key()
	for range 3 {
		transact(t, s, reservation.Need{Keys: []*reservation.KeyRow{k}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			if len(rows.Keys) != 0 {
				t.Error("the key of a refused command is stored")
			}
			return nil, nil
		})
	}
	if got := must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), []uid.ID{k.ID})); len(got) != 0 {
		t.Errorf("keys left: %v", got)
	}
}

func testRevocations(t *testing.T, s reservation.Store) {
	want := []reservation.Revocation{
		{Supplier: uid.New(), Before: noon, Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "eve"}, At: noon.Add(time.Second)},
		{Supplier: uid.New(), RatePlan: uid.New(), Before: noon.Add(-time.Hour), Actor: reservation.Actor{Kind: reservation.StaffActor, ID: "eve"}, At: noon},
	}
	transact(t, s, reservation.Need{}, always(reservation.Changes{NewRevocations: want}))
	same(t, "revocations", must[[]reservation.Revocation](t)(s.Revocations(t.Context())), want)
}

// A batch without a now of its own gets the clock's, one value at the grain of the store.
func testNow(t *testing.T, s reservation.Store) {
	var nows []time.Time
	for range 2 {
		if err := s.Transact(t.Context(), batch("one", time.Time{}), reservation.Need{}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			nows = append(nows, rows.Now)
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if nows[0].Location() != time.UTC || !nows[0].Equal(nows[0].Truncate(time.Microsecond)) || nows[1].Before(nows[0]) || time.Since(nows[0]).Abs() > time.Minute {
		t.Errorf("the clock says %v, then %v", nows[0], nows[1])
	}
	transact(t, s, reservation.Need{}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if !rows.Now.Equal(micro(noon)) {
			t.Errorf("now is %v, want what the batch was given", rows.Now)
		}
		return nil, nil
	})
}

func testEmptyBatch(t *testing.T, s reservation.Store) {
	b := batch("one", noon)
	if err := s.Transact(t.Context(), b, reservation.Need{}, always(reservation.Changes{})); err != nil {
		t.Fatal(err)
	}
	if !must[bool](t)(s.Committed(t.Context(), b.ID)) {
		t.Error("a batch of refusals alone left no trace of its commit")
	}
	if at := must[reservation.Positions](t)(s.Streams(t.Context())); len(at) != 0 && at[1] != 0 {
		t.Errorf("streams after no event: %v", at)
	}
}
