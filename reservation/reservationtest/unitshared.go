package reservationtest

import (
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/reservation"
	"holdfast/stock"
)

// Writers of two processes give out the units of one pool on slots of their own, so that no lock of a slot keeps them
// apart: each sees what the others have given out, and no unit is given out twice.
func testBlockOfTwo(t *testing.T, shared Shared) {
	const units, tries = 100, 200
	p := newUnitPool(t, shared.A, &stock.Layout{Units: newLayout(units).Units}, 4)
	var given [units + 1]atomic.Int32
	var group sync.WaitGroup
	for writer, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
		group.Go(func() {
			for range tries / 4 {
				var unit int32
				need := reservation.Need{Spans: []reservation.Span{{Pool: p.ID, From: stock.Slot(writer), To: stock.Slot(writer + 1)}}, Units: []stock.PoolID{p.ID}}
				err := store.Transact(t.Context(), batch("x", noon), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
					u := rows.Units[p.ID]
					for unit = 1; unit <= units && !u.Take(unit, 0, 4); unit++ { // whoever has it on one slot has it on all
					}
					if unit > units {
						return nil, nil
					}
					return &reservation.Changes{SetBlocks: []*reservation.BlockRow{blockOf(u, stock.BlockOf(unit))}}, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				if unit <= units {
					given[unit].Add(1)
				}
			}
		})
	}
	group.Wait()
	for unit := range given {
		if n := given[unit].Load(); unit > 0 && n != 1 {
			t.Errorf("unit %d was given out %d times", unit, n)
		}
	}
	u := must[*reservation.PoolUnits](t)(shared.B.Units(t.Context(), p.ID))
	if err := u.Check(); err != nil || u.Versions[0]+u.Versions[1] != units {
		t.Errorf("%d and %d changes of the blocks, want %d; %v", u.Versions[0], u.Versions[1], units, err)
	}
	noDeadlock(t, shared)
}

// The first units of a block given out by two processes at once: the rules of the later one run again and see the first.
func testFirstUnits(t *testing.T, shared Shared) {
	layout := newLayout(10)
	for range max(10, shared.Rounds/50) {
		p := newUnitPool(t, shared.A, layout, 3)
		var units [2]int32
		var group sync.WaitGroup
		for i, store := range []reservation.Store{shared.A, shared.B} {
			group.Go(func() {
				err := store.Transact(t.Context(), batch("x", noon), reservation.Need{Units: []stock.PoolID{p.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
					u := rows.Units[p.ID]
					seats, ok := u.Fit(1, 0, 2, stock.Wish{})
					if !ok {
						return nil, errStop
					}
					units[i] = seats[0][0].Unit
					return &reservation.Changes{SetBlocks: []*reservation.BlockRow{blockOf(u, 0)}}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		u := must[*reservation.PoolUnits](t)(shared.B.Units(t.Context(), p.ID))
		if units[0] == units[1] || u.Versions[0] != 2 || u.Free(units[0], 0, 1) || u.Free(units[1], 0, 1) {
			t.Fatalf("units %v were given out in %d changes", units, u.Versions[0])
		}
	}
	noDeadlock(t, shared)
}
