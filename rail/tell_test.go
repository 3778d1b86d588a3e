package rail

import (
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/internal/clock"
	"holdfast/reservation"
	"holdfast/uid"
)

// outdating is a desk that keeps what it is to refuse.
type outdating struct {
	reservation.Service
	told []reservation.Disruption
}

func (o *outdating) Outdate(d reservation.Disruption) { o.told = append(o.told, d) }

// TestOffersOfProcessesThatLagAreOutdatedToo: one that has not read a change yet makes offers of the train as it was, after
// this process told the desk. It tells it again for a while, and ends.
func TestOffersOfProcessesThatLagAreOutdatedToo(t *testing.T) {
	desk := &outdating{}
	c := New(Deps{Reservation: desk, Clock: clock.Still(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))})
	p, err := NewPattern([]Call{{Station: "A", Depart: 3600}, {Station: "B", Arrive: 7200, Depart: 7200}})
	if err != nil {
		t.Fatal(err)
	}
	train := &Train{ID: uid.New(), Zone: "Europe/Berlin", Pattern: p.ID}
	c.catalogue.patterns[p.ID], c.catalogue.trains[train.ID] = p, train
	run := func(late, revision int32) *Run {
		return &Run{Train: train.ID, Date: civil.DateOf(2026, 11, 21), Pattern: p.ID, Revision: int64(revision), Update: &Update{Delays: []CallDelay{{Departs: late}}}}
	}
	c.outdate([]*Run{run(600, 2)})
	c.outdate([]*Run{run(300, 1)}) // published by another goroutine, and older
	c.outdateAgain()
	if n := len(desk.told); n != 2 {
		t.Fatalf("told %d times, want 2", n)
	}
	again := desk.told[1].Times[0].Departs
	if want := time.Date(2026, 11, 21, 0, 10, 0, 0, time.UTC); !again.Equal(want) {
		t.Errorf("told again that it leaves at %v, want %v", again, want)
	}
	for key, x := range c.lately.runs {
		x.since = x.since.Add(-lag - time.Second)
		c.lately.runs[key] = x
	}
	c.outdateAgain() // once more, after the time
	c.outdateAgain()
	if n := len(desk.told); n != 3 || len(c.lately.runs) != 0 {
		t.Errorf("told %d times, %d runs are remembered; want 3 and none", n, len(c.lately.runs))
	}
}
