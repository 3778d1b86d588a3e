package reservationtest

import (
	"slices"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// A named reservation brings the slots of its live claims, merged with the spans that are named, and its counts; an
// expired one brings those of its freed claims, which money that comes late may take again.
func testLoadsSlotsOfClaims(t *testing.T, s reservation.Store) {
	p, q := newPool(t, s, 10, 100, 120), newPool(t, s, 10, 100, 120)
	r := newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 103, To: 106, Count: 2}}, []stock.Claim{{Pool: q.ID, From: 110, To: 112, Count: 1}})
	place(t, s, r)
	keys := func(rows *reservation.Rows, pool *reservation.PoolRow) (slots []stock.Slot) {
		for key := range rows.Slots {
			if key.Pool == pool.ID {
				slots = append(slots, key.Slot)
			}
		}
		slices.Sort(slots)
		return slots
	}
	need := reservation.Need{Reservations: []uid.ID{r.ID}, Spans: []reservation.Span{{Pool: p.ID, From: 101, To: 104}, {Pool: p.ID, From: 115, To: 130}}}
	transact(t, s, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "slots of the first pool", keys(rows, p), []stock.Slot{101, 102, 103, 104, 105, 115, 116, 117, 118, 119})
		same(t, "slots of the second pool", keys(rows, q), []stock.Slot{110, 111})
		for _, pool := range []*reservation.PoolRow{p, q} {
			if c := rows.Counts[reservation.CountKey{Caller: "ann", Pool: pool.ID}]; c == nil || c.Holds != 1 {
				t.Errorf("count of pool %d: %+v, want one hold", pool.ID, c)
			}
		}
		got := rows.Reservations[r.ID]
		got.Version++
		got.Items[1].Status = reservation.Cancelled
		return &reservation.Changes{
			SetReservations: []*reservation.Reservation{got}, ClaimStates: []reservation.ClaimState{{Reservation: r.ID, Item: 1, Life: reservation.ClaimFreed}},
		}, nil
	})
	transact(t, s, reservation.Need{Reservations: []uid.ID{r.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "slots of the freed claims", keys(rows, q), []stock.Slot(nil))
		if got := rows.Reservations[r.ID]; len(got.Items) != 2 || len(got.Items[1].Claims) != 1 {
			t.Error("the claims of the cancelled item are gone from the record")
		}
		got := rows.Reservations[r.ID]
		got.Version++
		got.Status = reservation.Expired
		return &reservation.Changes{
			SetReservations: []*reservation.Reservation{got}, ClaimStates: []reservation.ClaimState{{Reservation: r.ID, Item: 0, Life: reservation.ClaimFreed}},
		}, nil
	})
	transact(t, s, reservation.Need{Reservations: []uid.ID{r.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "slots of the expired one", keys(rows, p), []stock.Slot{103, 104, 105})
		return nil, nil
	})
}

// waiting stores reservations in states that wait for the system, and some that do not.
func testDue(t *testing.T, s reservation.Store) {
	add := func(change func(*reservation.Reservation)) uid.ID {
		p := newPool(t, s, 1, 0, 1)
		r := newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 0, To: 1, Count: 1}})
		change(r)
		place(t, s, r)
		return r.ID
	}
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	holdAt := func(d time.Duration, status reservation.Status) uid.ID {
		return add(func(r *reservation.Reservation) { r.Status, r.HoldExpiresAt = status, at(d) })
	}
	h2, h1, h3 := holdAt(2*time.Minute, reservation.Held), holdAt(time.Minute, reservation.Confirming), holdAt(3*time.Minute, reservation.Held)
	for _, status := range []reservation.Status{reservation.Confirmed, reservation.Expired, reservation.Cancelled, reservation.Rejected, reservation.Completed} {
		holdAt(time.Minute, status)
	}
	step := func(d time.Duration, what reservation.Step) uid.ID {
		return add(func(r *reservation.Reservation) {
			r.Status, r.Step, r.StepDue = reservation.Rejected, what, at(d)
		})
	}
	s2, s1 := step(2*time.Minute, reservation.Capture), step(time.Minute, reservation.AskPayment)
	step(time.Minute, reservation.NoStep)
	end := func(d time.Duration, status reservation.Status) uid.ID {
		return add(func(r *reservation.Reservation) {
			r.Status = status
			r.Items[0].Status, r.Items[0].Terms.EndsAt = status, at(d)
		})
	}
	e2, e1 := end(2*time.Minute, reservation.Confirmed), end(time.Minute, reservation.Confirmed)
	end(time.Minute, reservation.Completed)
	// Of an item that is cancelled the end does not count.
	e4 := add(func(r *reservation.Reservation) {
		last := r.Items[0]
		last.ID, last.Status, last.Claims = uid.New(), reservation.Cancelled, nil
		last.Terms.EndsAt = at(time.Hour)
		r.Status, r.Items[0].Status, r.Items[0].Terms.EndsAt = reservation.Confirmed, reservation.Confirmed, at(4*time.Minute)
		r.Items = append(r.Items, last)
	})
	for _, c := range []struct {
		what  reservation.DueKind
		after time.Duration
		limit int
		want  []uid.ID
	}{
		{reservation.DueHolds, time.Minute - time.Microsecond, 10, nil},
		{reservation.DueHolds, time.Minute, 10, []uid.ID{h1}},
		{reservation.DueHolds, time.Hour, 10, []uid.ID{h1, h2, h3}},
		{reservation.DueHolds, time.Hour, 2, []uid.ID{h1, h2}},
		{reservation.DueSteps, time.Minute - time.Microsecond, 10, nil},
		{reservation.DueSteps, time.Hour, 10, []uid.ID{s1, s2}},
		{reservation.DueSteps, time.Hour, 1, []uid.ID{s1}},
		{reservation.DueEnds, time.Minute - time.Microsecond, 10, nil},
		{reservation.DueEnds, 3 * time.Minute, 10, []uid.ID{e1, e2}},
		{reservation.DueEnds, 4 * time.Minute, 10, []uid.ID{e1, e2, e4}},
	} {
		if got := must[[]uid.ID](t)(s.Due(t.Context(), c.what, at(c.after), c.limit)); !slices.Equal(got, c.want) {
			t.Errorf("due %d after %v, limit %d: %s, want %s", c.what, c.after, c.limit, short(got), short(c.want))
		}
	}
}

// Holds that have lapsed on the pools of a batch come with it.
func testDueInBatch(t *testing.T, s reservation.Store) {
	p, q := newPool(t, s, 10, 0, 10), newPool(t, s, 10, 0, 10)
	later := noon.Add(time.Hour)
	hold := func(pool *reservation.PoolRow, expires time.Time, status reservation.Status) uid.ID {
		r := newReservation("ann", noon, []stock.Claim{{Pool: pool.ID, From: 2, To: 4, Count: 1}})
		r.HoldExpiresAt, r.Status = expires, status
		place(t, s, r)
		return r.ID
	}
	old := []uid.ID{hold(p, later.Add(-time.Minute), reservation.Held), hold(p, later, reservation.Confirming), hold(p, later.Add(-2*time.Minute), reservation.Held)}
	hold(p, later.Add(time.Microsecond), reservation.Held) // not yet
	hold(p, noon, reservation.Confirmed)                   // no hold any more
	elsewhere := hold(q, noon, reservation.Held)
	freed := hold(p, noon, reservation.Held)
	transact(t, s, reservation.Need{Reservations: []uid.ID{freed}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		r := rows.Reservations[freed]
		r.Version++
		return &reservation.Changes{SetReservations: []*reservation.Reservation{r}, ClaimStates: []reservation.ClaimState{{Reservation: freed, Item: 0, Life: reservation.ClaimFreed}}}, nil
	})
	run := func(need reservation.Need, check func(*reservation.Rows)) {
		t.Helper()
		if err := s.Transact(t.Context(), batch("one", later), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
			check(rows)
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	run(reservation.Need{DuePools: []stock.PoolID{p.ID, 99}, DueLimit: 10}, func(rows *reservation.Rows) {
		if got := sorted(rows.Due...); !slices.Equal(got, sorted(old...)) || rows.DueMore {
			t.Errorf("due are %s (more: %t), want %s", short(got), rows.DueMore, short(old))
		}
		for _, id := range old {
			if rows.Reservations[id] == nil || len(rows.Reservations[id].Items) != 1 || len(rows.Reservations[id].Items[0].Claims) != 1 {
				t.Errorf("a due reservation is not loaded whole: %+v", rows.Reservations[id])
			}
		}
		for slot := stock.Slot(2); slot < 4; slot++ {
			if rows.Slots[stock.Key{Pool: p.ID, Slot: slot}] == nil {
				t.Errorf("slot %d of the due holds is not loaded", slot)
			}
		}
		if rows.Counts[reservation.CountKey{Caller: "ann", Pool: p.ID}] == nil {
			t.Error("the count of the due holds is not loaded")
		}
	})
	run(reservation.Need{DuePools: []stock.PoolID{p.ID}, DueLimit: 3}, func(rows *reservation.Rows) {
		if len(rows.Due) != 3 || rows.DueMore {
			t.Errorf("%d due (more: %t), want just 3", len(rows.Due), rows.DueMore)
		}
	})
	run(reservation.Need{DuePools: []stock.PoolID{p.ID}, DueLimit: 2}, func(rows *reservation.Rows) {
		if got := sorted(rows.Due...); !slices.Equal(got, sorted(old[0], old[2])) || !rows.DueMore || len(rows.Reservations) != 2 {
			t.Errorf("due are %s (more: %t) of %d reservations, want the 2 that lapsed first and more", short(got), rows.DueMore, len(rows.Reservations))
		}
	})
	// A named one may have lapsed as well: it is due, and is there once.
	run(reservation.Need{Reservations: sorted(old[1], elsewhere), DuePools: []stock.PoolID{p.ID}, DueLimit: 10}, func(rows *reservation.Rows) {
		if len(rows.Reservations) != 4 || len(rows.Due) != 3 {
			t.Errorf("%d reservations, %d due; want 4 and 3", len(rows.Reservations), len(rows.Due))
		}
	})
	run(reservation.Need{DuePools: []stock.PoolID{99}, DueLimit: 10}, func(rows *reservation.Rows) {
		if len(rows.Due) != 0 || len(rows.Reservations) != 0 {
			t.Errorf("%d due on a pool without holds", len(rows.Due))
		}
	})
}
