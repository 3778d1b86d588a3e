package reservationtest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/reservation"
	"holdfast/stock"
)

// Writers of two processes give out units of two of three pools at a time, on slots of their own, so that no lock of a slot
// keeps them apart: each sees what the others have given out, no unit is given out twice, and nobody deadlocks.
func testBlockOfTwo(t *testing.T, shared Shared) {
	const units, pools = 150, 3
	layout := &stock.Layout{Units: newLayout(units).Units}
	var ids [pools]stock.PoolID
	for i := range ids {
		ids[i] = newUnitPool(t, shared.A, layout, 4).ID
	}
	var given [pools][units + 1]atomic.Int32
	var group sync.WaitGroup
	for writer, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
		group.Go(func() {
			random := rand.New(rand.NewPCG(11, uint64(writer)))
			for range units {
				without, unit := random.IntN(pools), [pools]int32{}
				var need reservation.Need
				for i, id := range ids {
					if i != without {
						need.Units = append(need.Units, id)
						need.Spans = append(need.Spans, reservation.Span{Pool: id, From: stock.Slot(writer), To: stock.Slot(writer + 1)})
					}
				}
				err := store.Transact(t.Context(), batch("x", noon), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
					c := &reservation.Changes{}
					for i, id := range ids {
						u := rows.Units[id]
						if unit[i] = 0; u == nil {
							continue
						}
						if seats, ok := u.Fit(1, 0, 4, stock.Wish{}); ok { // whoever has it on one slot has it on all
							unit[i] = seats[0][0].Unit
							c.SetBlocks = append(c.SetBlocks, blockOf(u, stock.BlockOf(unit[i])))
						}
					}
					return c, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				for i, n := range unit {
					given[i][n].Add(1)
				}
			}
		})
	}
	group.Wait()
	for i, id := range ids {
		for unit := range given[i] {
			if n := given[i][unit].Load(); unit > 0 && n != 1 {
				t.Errorf("unit %d of pool %d was given out %d times", unit, id, n)
			}
		}
		u := must[*reservation.PoolUnits](t)(shared.B.Units(t.Context(), id))
		if err := u.Check(); err != nil || u.Versions[0]+u.Versions[1]+u.Versions[2] != units {
			t.Errorf("%v changes of the blocks, want %d in all; %v", u.Versions, units, err)
		}
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
