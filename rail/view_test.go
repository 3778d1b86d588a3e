package rail

import (
	"testing"

	"holdfast/reservation"
	"holdfast/stock"
)

// TestHigherVersionOfASlotWins: events come in any order, and of other pools, and of hotels.
func TestHigherVersionOfASlotWins(t *testing.T) {
	v := newView()
	v.show([]sized{{7, 3}, {0, 3}})
	row := func(pool stock.PoolID, slot stock.Slot, version int64, free int32) reservation.SlotRow {
		return reservation.SlotRow{Key: stock.Key{Pool: pool, Slot: slot}, Version: version, Counters: stock.New(free, 0)}
	}
	v.slots([]reservation.SlotRow{row(7, 0, 5, 50), row(7, 1, 1, 40), row(7, 2, 1, 30), row(7, 3, 1, 1), row(7, 20_779, 9, 1), row(8, 0, 1, 1), row(7, -1, 1, 1)})
	v.slots([]reservation.SlotRow{row(7, 0, 4, 44), row(7, 1, 2, 39)})
	l := v.of(7)
	for i, want := range []int32{50, 39, 30} {
		if got := l.least(i, i+1); got != want {
			t.Errorf("segment %d has %d free, want %d", i, got, want)
		}
	}
	if l.least(0, 3) != 30 || l.least(0, 2) != 39 || l.least(1, 1) != 0 || l.least(0, 4) != 0 || v.of(0).least(0, 1) != 0 {
		t.Error("the least of several segments")
	}
	v.keep(map[stock.PoolID]bool{})
	if v.of(7) != nil || len(v.blank) != 0 {
		t.Error("a pool that is let go of is kept")
	}
}
