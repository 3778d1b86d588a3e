package reservationtest

import (
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func testPrune(t *testing.T, s reservation.Store) {
	p := newPool(t, s, 100, 0, 2)
	old, fresh := noon.Add(-48*time.Hour), noon
	cut := noon.Add(-24 * time.Hour)
	store := func(at time.Time, r *reservation.Reservation) uid.ID {
		key := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), State: reservation.KeyDone, Answer: reservation.OutcomePlaced}
		c := reservation.Changes{KeptKeys: []uid.ID{key.ID}}
		if r != nil {
			key.Reservation = r.ID
			c.NewReservations = []*reservation.Reservation{r}
		}
		if err := s.Transact(t.Context(), batch("one", at), reservation.Need{Keys: []*reservation.KeyRow{key}}, always(c)); err != nil {
			t.Fatal(err)
		}
		return key.ID
	}
	with := func(status reservation.Status, step reservation.Step) *reservation.Reservation {
		r := newReservation("ann", old) // no key is older than its reservation
		r.Status, r.Step, r.StepDue = status, step, noon
		return r
	}
	keep := []uid.ID{
		store(old, with(reservation.Held, 0)), store(old, with(reservation.Confirming, 0)), store(old, with(reservation.Confirmed, 0)),
		store(old, with(reservation.Cancelled, reservation.RefundStep)), store(fresh, with(reservation.Expired, 0)), store(fresh, nil),
	}
	drop := []uid.ID{
		store(old, with(reservation.Expired, 0)), store(old, with(reservation.Rejected, 0)), store(old, with(reservation.Cancelled, 0)),
		store(old, with(reservation.Completed, 0)), store(old, nil),
	}
	oldBatch, freshBatch := batch("one", old), batch("one", fresh)
	for _, b := range []reservation.Batch{oldBatch, freshBatch} {
		if err := s.Transact(t.Context(), b, reservation.Need{}, always(reservation.Changes{})); err != nil {
			t.Fatal(err)
		}
	}
	rows := []*reservation.CountRow{
		{Key: reservation.CountKey{Caller: "busy", Pool: p.ID}, Holds: 1, Units: 1, Lapsed: 3, LapsedAt: old},
		{Key: reservation.CountKey{Caller: "idle", Pool: p.ID}, Lapsed: 3, LapsedAt: old},
		{Key: reservation.CountKey{Caller: "late", Pool: p.ID}, Lapsed: 3, LapsedAt: fresh},
	}
	counts := reservation.Need{Counts: []reservation.CountKey{rows[0].Key, rows[1].Key, rows[2].Key}}
	transact(t, s, counts, always(reservation.Changes{SetCounts: rows}))

	if n := must[int](t)(s.Prune(t.Context(), cut, cut, cut, 2)); n == 0 || n > 10 {
		t.Errorf("%d rows went, want at most 2 of each kind, and the marks of those reservations", n)
	}
	for calls := 0; must[int](t)(s.Prune(t.Context(), cut, cut, cut, 2)) > 0; calls++ {
		if calls > 20 {
			t.Fatal("pruning never ends")
		}
	}
	if got := must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), drop)); len(got) != 0 {
		t.Errorf("%d keys of reservations that are over are left", len(got))
	}
	if got := must[[]*reservation.KeyRow](t)(s.Keys(t.Context(), keep)); len(got) != len(keep) {
		t.Errorf("%d keys are left, want %d", len(got), len(keep))
	}
	if must[bool](t)(s.Committed(t.Context(), oldBatch.ID)) || !must[bool](t)(s.Committed(t.Context(), freshBatch.ID)) {
		t.Error("the old batch is there, or the fresh one is not")
	}
	transact(t, s, counts, func(loaded *reservation.Rows) (*reservation.Changes, error) {
		for i, want := range []int32{3, 0, 3} {
			got := int32(0)
			if row := loaded.Counts[rows[i].Key]; row != nil {
				got = row.Lapsed
			}
			if got != want {
				t.Errorf("lapsed holds of %s: %d, want %d", rows[i].Key.Caller, got, want)
			}
		}
		return nil, nil
	})
}

func testAuditPools(t *testing.T, s reservation.Store) {
	var pools []*reservation.PoolRow
	for i := range 5 {
		pools = append(pools, newPool(t, s, 10, stock.Slot(i), stock.Slot(i+3)))
	}
	claim := func(i int, n int32) stock.Claim {
		return stock.Claim{Pool: pools[i].ID, From: pools[i].From, To: pools[i].From + 2, Count: n}
	}
	r := newReservation("ann", noon, []stock.Claim{claim(0, 2), claim(1, 1)}, []stock.Claim{claim(1, 3)})
	place(t, s, r)
	freed := newReservation("bob", noon, []stock.Claim{claim(1, 4)})
	place(t, s, freed)
	transact(t, s, reservation.Need{Reservations: []uid.ID{freed.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		set, err := claimStock(rows, freed.Claims(nil), (*stock.Counters).Release)
		b := rows.Reservations[freed.ID]
		b.Version, b.Status = 2, reservation.Cancelled
		count := rows.Counts[countsOf(freed)[0]]
		count.Holds, count.Units = 0, 0
		return &reservation.Changes{
			SetReservations: []*reservation.Reservation{b}, ClaimStates: []reservation.ClaimState{{Reservation: b.ID, Item: 0, Life: reservation.ClaimFreed}},
			SetSlots: set, SetCounts: []*reservation.CountRow{count},
		}, err
	})
	page := must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 2))
	if len(page.Pools) != 2 || page.Last != pools[1].ID || len(page.Slots) != 6 {
		t.Errorf("first page: %d pools, %d slots, last %d", len(page.Pools), len(page.Slots), page.Last)
	}
	same(t, "claims", page.Claims, []reservation.AuditClaim{
		{Reservation: r.ID, Caller: "ann", Life: reservation.ClaimHeld, Claim: claim(0, 2)},
		{Reservation: r.ID, Caller: "ann", Life: reservation.ClaimHeld, Claim: claim(1, 1)},
		{Reservation: r.ID, Caller: "ann", Life: reservation.ClaimHeld, Claim: claim(1, 3)},
	})
	same(t, "counts", page.Counts, []reservation.CountRow{
		{Key: reservation.CountKey{Caller: "ann", Pool: pools[0].ID}, Holds: 1, Units: 2}, {Key: reservation.CountKey{Caller: "ann", Pool: pools[1].ID}, Holds: 2, Units: 4},
	})
	seen := 2
	for page.Last != 0 {
		page = must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), page.Last, 2))
		seen += len(page.Pools)
		if len(page.Claims) != 0 {
			t.Errorf("claims of other pools: %v", page.Claims)
		}
	}
	if seen != 5 {
		t.Errorf("%d pools audited, want 5", seen)
	}
}

func testAuditReservations(t *testing.T, s reservation.Store) {
	p := newPool(t, s, 10, 0, 9)
	claim := stock.Claim{Pool: p.ID, From: 1, To: 2, Count: 1}
	r := newReservation("ann", noon, []stock.Claim{claim, {Pool: p.ID, From: 4, To: 5, Count: 1}}, []stock.Claim{claim})
	other := newReservation("bob", noon)
	place(t, s, r)
	place(t, s, other)
	key := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), Reservation: r.ID, State: reservation.KeyDone, Answer: reservation.OutcomeExtended}
	transact(t, s, reservation.Need{Keys: []*reservation.KeyRow{key}, Reservations: []uid.ID{r.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		r = rows.Reservations[r.ID]
		r.Version++
		right := event(r, reservation.HoldExtended, noon)
		r.Version++
		wrong := event(r, reservation.HoldExtended, noon)
		wrong.Subject = other.ID // the event is about somebody else
		first, second := entry(r, reservation.Held, reservation.HoldExtended, noon), entry(r, reservation.Held, reservation.HoldExtended, noon)
		first.Version--
		return &reservation.Changes{
			KeptKeys: []uid.ID{key.ID}, SetReservations: []*reservation.Reservation{r},
			ClaimStates: []reservation.ClaimState{{Reservation: r.ID, Item: 1, Life: reservation.ClaimSold}},
			NewHistory:  []reservation.Entry{first, second}, Events: []reservation.Event{{Type: "x", At: noon, Data: []byte(`0`)}, right, wrong},
		}, nil
	})
	a := must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 1))
	if len(a.Reservations) != 1 || a.Reservations[0].ID != r.ID || a.Last != r.ID {
		t.Fatalf("first page: %+v", a)
	}
	same(t, "lives", a.Claims[r.ID], []reservation.ClaimLife{reservation.ClaimHeld, reservation.ClaimSold})
	var versions []int64
	for _, e := range a.Events[r.ID] {
		versions = append(versions, e.Version)
		if e.Stream != 1 || e.N == 0 {
			t.Errorf("a history entry names event %d of stream %d", e.N, e.Stream)
		}
	}
	same(t, "versions in the events", versions, []int64{1, 2, 0})
	same(t, "keys", a.Keys[r.ID], []reservation.KeyRow{*key})
	if len(a.History[r.ID]) != 3 || a.History[r.ID][2].Version != 3 {
		t.Errorf("history: %+v", a.History[r.ID])
	}
	a = must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), a.Last, 10))
	if len(a.Reservations) != 1 || a.Reservations[0].ID != other.ID || !a.Last.IsZero() {
		t.Errorf("second page: %d reservations, last %x", len(a.Reservations), a.Last)
	}
}

func testAuditStreams(t *testing.T, s reservation.Store) {
	for range 2 {
		place(t, s, newReservation("ann", noon)) // two events and one entry each
	}
	streams := must[[]reservation.StreamAudit](t)(s.AuditStreams(t.Context()))
	same(t, "streams", streams, []reservation.StreamAudit{{Stream: 1, Name: "one", Next: 5, First: 1, Last: 4}})
	for _, c := range []struct {
		stream                        int32
		after, upTo, events, subjects int64
	}{
		{1, 0, 4, 4, 2}, {1, 0, 2, 2, 1}, {1, 2, 4, 2, 1}, {1, 4, 9, 0, 0}, {2, 0, 4, 0, 0},
	} {
		events, subjects, err := s.AuditEvents(t.Context(), c.stream, c.after, c.upTo)
		if err != nil || events != c.events || subjects != c.subjects {
			t.Errorf("stream %d (%d, %d]: %d events, %d with a subject, %v; want %d and %d", c.stream, c.after, c.upTo, events, subjects, err, c.events, c.subjects)
		}
	}
}
