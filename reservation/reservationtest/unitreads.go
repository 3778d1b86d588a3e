package reservationtest

import (
	"errors"
	"slices"
	"testing"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// What had seats moves to the archive with all of it, and its units are told no more.
func testArchiveOfSeats(t *testing.T, s reservation.Store) {
	p, r := seated(t, s)
	place(t, s, r)
	want := change(t, s, r.ID, reservation.SeatsChanged, func(rows *reservation.Rows, r *reservation.Reservation, c *reservation.Changes) {
		moved := slices.Clone(r.Items[0].Claims)
		moved[0].Unit = 9
		c.SetBlocks = must[[]*reservation.BlockRow](t)(moveUnits(rows, r.Claims(nil), (*stock.Units).Give))
		r.Items[0].Claims = moved
		r.Items[0].Seats = slices.Clone(r.Items[0].Seats)
		r.Items[0].Seats[0].Unit, r.Items[0].Seats[0].Label = 9, "7-9"
		r.Items[1].Seats, r.Items[2].Notice = nil, &reservation.Notice{ID: uid.New(), At: noon, Note: "gone", Withdrawn: true}
		r.Status = reservation.Cancelled
		c.SetClaims = []reservation.ItemClaims{{Reservation: r.ID, Claims: moved, Life: reservation.ClaimFreed}}
		for i := range r.Items {
			r.Items[i].Status = reservation.Cancelled
			if i > 0 {
				c.ClaimStates = append(c.ClaimStates, reservation.ClaimState{Reservation: r.ID, Item: i, Life: reservation.ClaimFreed})
			}
		}
	})
	before := must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 10))
	transact(t, s, reservation.Need{Reservations: []uid.ID{r.ID}}, func(*reservation.Rows) (*reservation.Changes, error) {
		return &reservation.Changes{GoneReservations: []uid.ID{r.ID}}, nil
	})
	want.Stored = want.Version
	archived := must[[]*reservation.Archived](t)(s.Archived(t.Context(), []uid.ID{r.ID}))
	if len(archived) != 1 {
		t.Fatalf("%d archived", len(archived))
	}
	same(t, "archived", archived[0].Reservation, want)
	found := must[[]*reservation.Reservation](t)(s.Find(t.Context(), reservation.Filter{Caller: "ann", Archived: true, Limit: 5}))
	same(t, "found in the archive", found, []*reservation.Reservation{want})
	after := must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 10))
	same(t, "as the audit sees it", after.Reservations, before.Reservations)
	same(t, "lives", after.Claims, before.Claims)
	transact(t, s, reservation.Need{Reservations: []uid.ID{r.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		same(t, "archived, in a batch", rows.Archived[r.ID], want)
		if len(rows.Units) != 0 {
			t.Errorf("the units of %d pools came", len(rows.Units))
		}
		return nil, nil
	})
	if u := must[*reservation.PoolUnits](t)(s.Units(t.Context(), p.ID)); !u.Free(1, 1, 3) || !u.Free(66, 1, 3) {
		t.Error("units are taken by nobody")
	}
}

// All slots of some pools come, in order, once, whatever else there is.
func testSlotsOf(t *testing.T, s reservation.Store) {
	const long = 5000 // more than come at a time
	a, b, c := newPool(t, s, 9, -3, 2), newPool(t, s, 9, 0, long), newPool(t, s, 9, 0, 7)
	empty := newPool(t, s, 9, 4, 4)
	transact(t, s, reservation.Need{Pools: []stock.PoolID{c.ID}, Spans: []reservation.Span{{Pool: c.ID, From: 0, To: 3}}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		row := rows.Pools[c.ID]
		row.From, row.Version = 3, row.Version+1
		return &reservation.Changes{GoneSlots: []reservation.Span{{Pool: c.ID, From: 0, To: 3}}, SetPools: []*reservation.PoolRow{row}}, nil
	})
	of := func(pools ...stock.PoolID) (all []reservation.SlotRow, calls int) {
		t.Helper()
		if err := s.SlotsOf(t.Context(), pools, func(rows []reservation.SlotRow) error {
			if calls++; len(rows) == 0 {
				t.Error("called for nothing")
			}
			all = append(all, rows...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all, calls
	}
	got, _ := of(c.ID, 999, a.ID, empty.ID, a.ID)
	same(t, "slots of two pools", got, append(slotsOf(t, s, a), slotsOf(t, s, c)[3:]...))
	if got, _ := of(b.ID, a.ID); len(got) != long+5 || !slices.IsSortedFunc(got, func(x, y reservation.SlotRow) int { return x.Key.Compare(y.Key) }) {
		t.Errorf("%d slots, in order or not", len(got))
	}
	for _, none := range [][]stock.PoolID{nil, {999}, {empty.ID}} {
		if got, calls := of(none...); len(got) != 0 || calls != 0 {
			t.Errorf("slots of %v: %d in %d calls", none, len(got), calls)
		}
	}
	calls := 0
	if err := s.SlotsOf(t.Context(), []stock.PoolID{a.ID, b.ID, c.ID}, func([]reservation.SlotRow) error { calls++; return errStop }); !errors.Is(err, errStop) || calls != 1 {
		t.Errorf("stopped with %v after %d calls", err, calls)
	}
	if got, _ := of(c.ID); len(got) != 4 {
		t.Errorf("%d slots after a stop", len(got))
	}
}

// Each reservation with a live claim on the pool comes once, a page at a time.
func testClaimants(t *testing.T, s reservation.Store) {
	p, other := newPool(t, s, 100, 0, 9), newPool(t, s, 100, 0, 9)
	claim := func(p *reservation.PoolRow, from stock.Slot) stock.Claim {
		return stock.Claim{Pool: p.ID, From: from, To: from + 1, Count: 1}
	}
	var want []uid.ID
	for i := range stock.Slot(7) {
		r := newReservation("ann", noon, []stock.Claim{claim(p, i), claim(other, i), claim(p, 8)}, []stock.Claim{claim(p, 7)})
		place(t, s, r)
		life := []reservation.ClaimLife{reservation.ClaimHeld, reservation.ClaimSold, reservation.ClaimFreed}[i%3]
		change(t, s, r.ID, reservation.PaymentMade, func(_ *reservation.Rows, r *reservation.Reservation, c *reservation.Changes) {
			c.ClaimStates = []reservation.ClaimState{{Reservation: r.ID, Item: 0, Life: life}}
			if i%3 == 2 {
				c.ClaimStates = append(c.ClaimStates, reservation.ClaimState{Reservation: r.ID, Item: 1, Life: life})
			}
		})
		if i%3 != 2 {
			want = append(want, r.ID)
		}
	}
	place(t, s, newReservation("bob", noon, []stock.Claim{claim(other, 1)}))
	want = sorted(want...)
	for _, limit := range []int{1, 2, 5, 50} {
		var got []uid.ID
		after := uid.ID{}
		for range 10 {
			page := must[[]uid.ID](t)(s.Claimants(t.Context(), p.ID, after, limit))
			if len(page) > limit {
				t.Fatalf("a page of %d", len(page))
			}
			if len(page) == 0 {
				break
			}
			got, after = append(got, page...), page[len(page)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d at a time: %s, want %s", limit, short(got), short(want))
		}
	}
	if got := must[[]uid.ID](t)(s.Claimants(t.Context(), 999, uid.ID{}, 9)); len(got) != 0 {
		t.Errorf("a pool that is not there has %s", short(got))
	}
}

// The audit reads the units of every pool that has some, and the units of claims.
func testAuditUnits(t *testing.T, s reservation.Store) {
	p, r := seated(t, s)
	plain := newPool(t, s, 3, 0, 2)
	fresh := newUnitPool(t, s, newLayout(65), 70)
	place(t, s, r)
	units := func(ids ...stock.PoolID) (all []*reservation.PoolUnits) {
		for _, id := range ids {
			all = append(all, must[*reservation.PoolUnits](t)(s.Units(t.Context(), id)))
		}
		return all
	}
	all := must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 10))
	same(t, "units", all.Units, units(p.ID, fresh.ID))
	if len(all.Units) != 2 || all.Units[0].Free(66, 1, 2) || !all.Units[0].Free(66, 0, 1) || len(all.Units[1].Blocks) != 2 {
		t.Errorf("%d pools have units, or others than were given out", len(all.Units))
	}
	var claims []stock.Claim
	for _, c := range all.Claims {
		claims = append(claims, c.Claim)
	}
	same(t, "claims", claims, r.Claims(nil))
	page := must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 2))
	same(t, "units of the first page", page.Units, units(p.ID))
	if page.Last != plain.ID {
		t.Errorf("the first page ends with %d", page.Last)
	}
	page = must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), page.Last, 2))
	same(t, "units of the second page", page.Units, units(fresh.ID))
}
