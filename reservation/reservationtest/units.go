package reservationtest

import (
	"fmt"
	"slices"
	"testing"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// newLayout is a layout of so many units of several kinds, of which some are not there on slot 0.
func newLayout(units int) *stock.Layout {
	l := &stock.Layout{Units: make([]stock.Unit, units)}
	for i := range l.Units {
		l.Units[i] = stock.Unit{Label: fmt.Sprintf("%d-%d\"é", i/64+1, i%64), Group: uint16(i / 64), Row: uint16(i / 4), Tier: uint8(i % 3), Traits: stock.Traits(1 << (i % 12))}
	}
	if units > 3 {
		l.Absent = []stock.Absence{{FromUnit: int32(units - 1), ToUnit: int32(units + 1), From: 0, To: 1}}
	}
	return l
}

// newUnitPool makes a pool with these units and the slots [0, slots).
func newUnitPool(t testing.TB, s reservation.Store, l *stock.Layout, slots stock.Slot) *reservation.PoolRow {
	t.Helper()
	if err := s.PutLayouts(t.Context(), []*stock.Layout{l}); err != nil {
		t.Fatal(err)
	}
	p := &reservation.PoolRow{To: slots, Layout: l.ID()}
	makePool(t, s, p, l.Present)
	return p
}

// unitPools are the pools of which claims have units, ascending.
func unitPools(claims []stock.Claim) []stock.PoolID {
	var pools []stock.PoolID
	for _, c := range claims {
		if c.Unit > 0 {
			pools = append(pools, c.Pool)
		}
	}
	slices.Sort(pools)
	return slices.Compact(pools)
}

// moveUnits takes the units of claims, or gives them back, and returns the blocks that this changed, in lock order.
func moveUnits(rows *reservation.Rows, claims []stock.Claim, move func(*stock.Units, int32, stock.Slot, stock.Slot) bool) ([]*reservation.BlockRow, error) {
	changed := map[stock.PoolID][]int{}
	for _, c := range claims {
		if c.Unit == 0 {
			continue
		}
		u := rows.Units[c.Pool]
		if u == nil || !move(&u.Units, c.Unit, c.From, c.To) {
			return nil, fmt.Errorf("unit %d of pool %d is not to be had", c.Unit, c.Pool)
		}
		changed[c.Pool] = append(changed[c.Pool], stock.BlockOf(c.Unit))
	}
	var set []*reservation.BlockRow
	for _, pool := range unitPools(claims) {
		slices.Sort(changed[pool])
		for _, n := range slices.Compact(changed[pool]) {
			set = append(set, blockOf(rows.Units[pool], n))
		}
	}
	return set, nil
}

// blockOf is a block to be written.
func blockOf(u *reservation.PoolUnits, n int) *reservation.BlockRow {
	u.Versions[n]++
	return &reservation.BlockRow{Pool: u.Pool, Number: n, Version: u.Versions[n], Block: u.Blocks[n]}
}

// takeUnit gives out a unit in a batch of its own.
func takeUnit(t testing.TB, s reservation.Store, pool stock.PoolID, unit int32, from, to stock.Slot) {
	t.Helper()
	transact(t, s, reservation.Need{Units: []stock.PoolID{pool}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		set, err := moveUnits(rows, []stock.Claim{{Pool: pool, From: from, To: to, Count: 1, Unit: unit}}, (*stock.Units).Take)
		return &reservation.Changes{SetBlocks: set}, err
	})
}

func testLayouts(t *testing.T, s reservation.Store) {
	one, many, bare := newLayout(84), newLayout(stock.MaxLayoutUnits), &stock.Layout{Units: []stock.Unit{{Label: "1"}}}
	for range 2 { // again: they stay
		if err := s.PutLayouts(t.Context(), []*stock.Layout{one, many, bare, one}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutLayouts(t.Context(), nil); err != nil {
		t.Error(err)
	}
	for range 2 { // read, then remembered
		got := must[map[uid.ID]*stock.Layout](t)(s.Layouts(t.Context(), []uid.ID{many.ID(), uid.New(), one.ID(), one.ID(), bare.ID()}))
		same(t, "layouts", got, map[uid.ID]*stock.Layout{one.ID(): one, many.ID(): many, bare.ID(): bare})
	}
	if got := must[map[uid.ID]*stock.Layout](t)(s.Layouts(t.Context(), nil)); len(got) != 0 {
		t.Errorf("no layouts are %v", got)
	}
	if err := s.PutLayouts(t.Context(), []*stock.Layout{many}); err != nil { // remembered ones too
		t.Error(err)
	}
}

// Units come back as they were written, on lines of any length; blocks that were never written are as the layout has them.
func testUnits(t *testing.T, s reservation.Store) {
	plain := newPool(t, s, 10, 0, 3)
	for _, slots := range []stock.Slot{1, 64, 65, 84, 730} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) {
			l := newLayout(130) // the third block holds two
			p := newUnitPool(t, s, l, slots)
			same(t, "pool", must[[]reservation.PoolRow](t)(s.PoolsByRef(t.Context(), []uid.ID{p.Ref})), []reservation.PoolRow{*p})
			want := &reservation.PoolUnits{Pool: p.ID, Units: stock.Units{Layout: l, Slots: int(slots)}, Versions: make([]int64, 3)}
			for n := range 3 {
				want.Blocks = append(want.Blocks, stock.NewBlock(l, int(slots), n))
			}
			check := func(what string) {
				t.Helper()
				got := must[*reservation.PoolUnits](t)(s.Units(t.Context(), p.ID))
				same(t, what, got, want)
				if err := got.Check(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				transact(t, s, reservation.Need{Units: []stock.PoolID{plain.ID, p.ID, p.ID + 100}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
					same(t, what+" in a batch", rows.Units, map[stock.PoolID]*reservation.PoolUnits{p.ID: want})
					return nil, nil
				})
			}
			check("nothing written")
			if u := must[*reservation.PoolUnits](t)(s.Units(t.Context(), p.ID)); u.Free(130, 0, 1) {
				t.Error("a unit that is not there is free")
			}
			take := func(unit int32, from, to stock.Slot) {
				t.Helper()
				if !want.Take(unit, from, to) {
					t.Fatalf("unit %d is not free on [%d, %d)", unit, from, to)
				}
				want.Versions[stock.BlockOf(unit)]++
				takeUnit(t, s, p.ID, unit, from, to)
			}
			take(64, 0, slots)
			check("first block")
			take(1, slots-1, slots)
			check("first block again")
			if slots > 1 {
				take(130, slots-1, slots)
				check("last block")
			}
			transact(t, s, reservation.Need{Units: []stock.PoolID{p.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
				u := rows.Units[p.ID]
				for _, unit := range []int32{2, 65} { // of a block that is stored, and of one that is not
					if n, ok := u.Block(unit, 0, 1); n != 1 || !ok {
						t.Errorf("blocked %d, %t", n, ok)
					}
					if _, ok := want.Block(unit, 0, 1); !ok {
						t.Error("not blocked")
					}
					want.Versions[stock.BlockOf(unit)]++
				}
				return &reservation.Changes{SetBlocks: []*reservation.BlockRow{blockOf(u, 0), blockOf(u, 1)}}, nil
			})
			check("two blocks at once")
		})
	}
	for what, id := range map[string]stock.PoolID{"without units": plain.ID, "that is not there": 1 << 40} {
		if u := must[*reservation.PoolUnits](t)(s.Units(t.Context(), id)); u != nil {
			t.Errorf("a pool %s has units: %+v", what, u)
		}
	}
}

// The units of what is locked come without being named, for as long as the rules may change them.
func testUnitsOfClaims(t *testing.T, s reservation.Store) {
	l := newLayout(70)
	live, freed, late, plain := newUnitPool(t, s, l, 4), newUnitPool(t, s, l, 4), newUnitPool(t, s, l, 4), newUnitPool(t, s, l, 4)
	of := func(p *reservation.PoolRow, unit int32) []stock.Claim {
		return []stock.Claim{{Pool: p.ID, From: 1, To: 3, Count: 1, Unit: unit}}
	}
	r := newReservation("ann", noon, of(live, 65), of(freed, 1), []stock.Claim{{Pool: plain.ID, From: 0, To: 1, Count: 1}})
	expired := newReservation("bob", noon, of(late, 7))
	place(t, s, r)
	place(t, s, expired)
	transact(t, s, reservation.Need{Reservations: sorted(r.ID, expired.ID)}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		set, err := moveUnits(rows, append(of(freed, 1), of(late, 7)...), (*stock.Units).Give)
		for _, id := range []uid.ID{r.ID, expired.ID} {
			rows.Reservations[id].Version++
		}
		rows.Reservations[expired.ID].Status = reservation.Expired
		states := []reservation.ClaimState{{Reservation: r.ID, Item: 1, Life: reservation.ClaimFreed}, {Reservation: expired.ID, Item: 0, Life: reservation.ClaimFreed}}
		return &reservation.Changes{
			SetReservations: []*reservation.Reservation{rows.Reservations[sorted(r.ID, expired.ID)[0]], rows.Reservations[sorted(r.ID, expired.ID)[1]]},
			ClaimStates:     states, SetBlocks: set,
		}, err
	})
	transact(t, s, reservation.Need{Reservations: sorted(r.ID, expired.ID)}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		var pools []stock.PoolID
		for id, u := range rows.Units {
			pools = append(pools, id)
			if u.Free(65, 1, 3) == (id == live.ID) {
				t.Errorf("unit 65 of pool %d is free: %t", id, u.Free(65, 1, 3))
			}
		}
		slices.Sort(pools)
		same(t, "pools", pools, []stock.PoolID{live.ID, late.ID})
		return nil, nil
	})
	// A lapsed hold that comes by itself brings its units too.
	need := reservation.Need{DuePools: []stock.PoolID{live.ID}, DueLimit: 5, Units: []stock.PoolID{plain.ID}}
	if err := s.Transact(t.Context(), batch("one", r.HoldExpiresAt), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if len(rows.Due) != 1 || len(rows.Units) != 2 || rows.Units[live.ID] == nil || rows.Units[plain.ID] == nil {
			t.Errorf("due %v with the units of %d pools", rows.Due, len(rows.Units))
		}
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// What the rules must never write is refused, and nothing of the batch stays.
func testGuardUnits(t *testing.T, s reservation.Store) {
	l := newLayout(70)
	for name, c := range map[string]struct {
		spoil func(*reservation.Changes)
		retry bool // the store may decide again, since a race could look like this
	}{
		"version not raised":       {spoil: func(c *reservation.Changes) { c.SetBlocks[0].Version = 2 }},
		"version raised twice":     {spoil: func(c *reservation.Changes) { c.SetBlocks[0].Version++ }},
		"stored block as new":      {spoil: func(c *reservation.Changes) { c.SetBlocks[0].Version = 1 }, retry: true},
		"new block as stored":      {spoil: func(c *reservation.Changes) { c.SetBlocks[1].Version = 2 }},
		"block of another length":  {spoil: func(c *reservation.Changes) { *c.SetBlocks[0].Block = *stock.NewBlock(l, 100, 0) }},
		"new block of no length":   {spoil: func(c *reservation.Changes) { *c.SetBlocks[1].Block = stock.Block{} }},
		"less blocked than taken":  {spoil: func(c *reservation.Changes) { c.SetBlocks[0].Blocked = c.SetBlocks[0].Blocked[1:] }},
		"negative block":           {spoil: func(c *reservation.Changes) { c.SetBlocks[1].Number = -1 }},
		"layout that is not there": {spoil: func(c *reservation.Changes) { c.NewPools[0].Layout = uid.New() }},
		"layout changed":           {spoil: func(c *reservation.Changes) { c.SetPools[0].Layout = uid.ID{} }},
		"unit twice":               {spoil: func(c *reservation.Changes) { c.NewReservations[0].Items[0].Claims[0].Count = 2 }},
		"unit beyond any layout":   {spoil: func(c *reservation.Changes) { c.NewReservations[0].Items[0].Claims[0].Unit = stock.MaxLayoutUnits + 1 }},
		"negative unit":            {spoil: func(c *reservation.Changes) { c.NewReservations[0].Items[0].Claims[0].Unit = -1 }},
		"claims of nobody":         {spoil: func(c *reservation.Changes) { c.SetClaims[0].Reservation = uid.New() }},
		"claims of no item":        {spoil: func(c *reservation.Changes) { c.SetClaims[0].Item = 1 }},
		"claims of item -1":        {spoil: func(c *reservation.Changes) { c.SetClaims[0].Item = -1 }},
		"claims that it lacks": {spoil: func(c *reservation.Changes) {
			c.SetClaims[0].Claims = append(c.SetClaims[0].Claims, c.SetClaims[0].Claims[0])
		}},
		"claims of no life":   {spoil: func(c *reservation.Changes) { c.SetClaims[0].Life = 0 }},
		"claims, not written": {spoil: func(c *reservation.Changes) { c.SetReservations, c.ClaimStates = nil, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newUnitPool(t, s, l, 3)
			claim := stock.Claim{Pool: p.ID, From: 0, To: 2, Count: 1, Unit: 5}
			r := newReservation("ann", noon, []stock.Claim{claim})
			place(t, s, r)
			takeUnit(t, s, p.ID, 6, 0, 1)
			units, stored := must[*reservation.PoolUnits](t)(s.Units(t.Context(), p.ID)), read(t, s, r.ID)
			ref := uid.New()
			b := batch("one", noon)
			decided := 0
			err := s.Transact(t.Context(), b, reservation.Need{Reservations: []uid.ID{r.ID}, Pools: []stock.PoolID{p.ID}, NewPools: []uid.ID{ref}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
				decided++
				u, old, pool := rows.Units[p.ID], rows.Reservations[r.ID], rows.Pools[p.ID]
				u.Take(7, 0, 1)
				u.Take(65, 1, 2)
				old.Version++
				pool.Version++
				moved := claim
				moved.Unit = 8
				old.Items[0].Claims = []stock.Claim{moved}
				set := &reservation.Changes{
					NewReservations: []*reservation.Reservation{newReservation("zed", noon, []stock.Claim{{Pool: p.ID, From: 0, To: 1, Count: 1, Unit: 7}})},
					SetReservations: []*reservation.Reservation{old}, SetPools: []*reservation.PoolRow{pool},
					NewPools:  []*reservation.PoolRow{{ID: rows.NextPool, Ref: ref, Supplier: uid.New(), Layout: l.ID(), To: 3, Version: 1}},
					SetClaims: []reservation.ItemClaims{{Reservation: r.ID, Claims: []stock.Claim{moved}, Life: reservation.ClaimHeld}},
					SetBlocks: []*reservation.BlockRow{blockOf(u, 0), blockOf(u, 1)},
				}
				c.spoil(set)
				return set, nil
			})
			kind, again := fault.KindOf(err), c.retry && decided > 1
			if err == nil || kind != fault.Internal && (kind != fault.Unavailable || !again) {
				t.Errorf("got %v after %d decisions, want the guard to trip", err, decided)
			}
			same(t, "units", must[*reservation.PoolUnits](t)(s.Units(t.Context(), p.ID)), units)
			same(t, "reservation", read(t, s, r.ID), stored)
			if pools := must[[]reservation.PoolRow](t)(s.PoolsByRef(t.Context(), []uid.ID{ref})); len(pools) != 0 || must[bool](t)(s.Committed(t.Context(), b.ID)) {
				t.Error("the batch took effect")
			}
		})
	}
}
