package hoteltest

import (
	"context"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
)

// archives: nights that have been past for a week, where the hotel is, leave what is on sale; staff see them still.
func archives(w *world) {
	rt := w.roomType(w.hotel(), 10)
	oldest := func() (first stock.Slot) {
		_, err := w.desk.Snapshot(context.Background(), 0, func(rows []reservation.SlotRow) error {
			for _, r := range rows {
				if r.Key.Pool == rt.Pool && (first == 0 || r.Key.Slot < first) {
					first = r.Key.Slot
				}
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
		return first
	}
	w.clock.Advance(9 * 24 * time.Hour)
	w.start() // its jobs run at once
	want := stock.Slot(today + 2)
	if !within(w.t, func() bool { return oldest() == want }) {
		w.t.Errorf("the first night on sale is %d, want %d", oldest(), want)
	}
	if n := w.night(rt, today); n.Physical != 10 {
		w.t.Errorf("a night that was put away reads as %+v", n)
	}
}

// within waits for a job.
func within(t testing.TB, ok func() bool) bool {
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return false
		case <-t.Context().Done():
			return false
		}
	}
	return true
}
