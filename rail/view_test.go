package rail

import (
	"context"
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

// slotsOf is a desk that lets something happen while its slots are read.
type slotsOf struct {
	reservation.Service
	free   int32
	during func()
}

func (s *slotsOf) SlotsOf(_ context.Context, pools []stock.PoolID, yield func([]reservation.SlotRow) error) error {
	for _, pool := range pools {
		if err := yield([]reservation.SlotRow{{Key: stock.Key{Pool: pool}, Counters: stock.New(s.free, 0), Version: 1}}); err != nil {
			return err
		}
	}
	s.during()
	return nil
}

// TestPoolShownAgainWhileItIsReadIsReadAgain: its new line has seen nothing of what was read for the old one.
func TestPoolShownAgainWhileItIsReadIsReadAgain(t *testing.T) {
	v := newView()
	v.show([]sized{{7, 1}, {8, 1}})
	desk := &slotsOf{free: 9}
	desk.during = func() {
		v.keep(map[stock.PoolID]bool{8: true})
		v.show([]sized{{7, 1}})
		desk.during = func() {}
	}
	for reading, want := range []int{1, 0} {
		if err := v.fill(t.Context(), desk); err != nil {
			t.Fatal(err)
		}
		if len(v.blank) != want {
			t.Errorf("after reading %d: %d pools are still to be read, want %d", reading+1, len(v.blank), want)
		}
	}
	for _, pool := range []stock.PoolID{7, 8} {
		if got := v.of(pool).least(0, 1); got != 9 {
			t.Errorf("pool %d is shown with %d free of 9", pool, got)
		}
	}
}
