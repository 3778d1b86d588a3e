package drive_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/test/load/drive"
	"holdfast/uid"
)

func TestHistogramQuantiles(t *testing.T) {
	h := &drive.Histogram{}
	for i := 1; i <= 100_000; i++ {
		h.Add(time.Duration(i) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.99: 99 * time.Millisecond, 0.999: 99900 * time.Microsecond, 1: 100 * time.Millisecond} {
		if got := h.Quantile(q); got < want || float64(got) > 1.035*float64(want) {
			t.Errorf("quantile %v is %v, want %v to 3 %% more", q, got, want)
		}
	}
	if h.Count() != 100_000 {
		t.Errorf("%d counted", h.Count())
	}
	h.Add(-time.Second)
	h.Add(100 * time.Hour)
	if got := h.Quantile(1); got < time.Hour {
		t.Errorf("the longest is %v", got)
	}
	if got := (&drive.Histogram{}).Quantile(0.5); got != 0 {
		t.Errorf("empty: %v", got)
	}
}

// seller sells the first ones, is sold out for the next ones and fails after that; each answer takes a while.
type seller struct {
	takes             time.Duration
	stock, until      int64
	answered, overlap atomic.Int64
}

var errBroken = errors.New("broken")

func (s *seller) Place(context.Context, drive.Request) (uid.ID, error) {
	s.overlap.Add(1)
	defer s.overlap.Add(-1)
	time.Sleep(s.takes) //nolint:forbidigo // inside synctest's bubble
	switch n := s.answered.Add(1); {
	case n <= s.stock:
		return uid.New(), nil
	case n <= s.until:
		return uid.ID{}, drive.ErrSoldOut
	}
	return uid.ID{}, errBroken
}

func TestClosedCountsEveryAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := drive.Closed(t.Context(), &seller{takes: time.Millisecond, stock: 10, until: 80}, drive.Load{Clients: 4, Tries: 100})
		if r.Placed != 10 || r.SoldOut != 70 || r.Failed != 20 || len(r.Acks) != 10 || !errors.Is(r.Err, errBroken) {
			t.Errorf("%+v", r)
		}
		if r.Elapsed != 25*time.Millisecond || r.Rate < 3199 || r.Rate > 3201 { // 80 answers that are none of them failures in 25 ms
			t.Errorf("took %v, %.0f/s", r.Elapsed, r.Rate)
		}
	})
}

func TestClosedLeavesTheWarmingOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := drive.Closed(t.Context(), &seller{takes: 10 * time.Millisecond, stock: 1 << 30}, drive.Load{Clients: 2, Duration: 1005 * time.Millisecond, Warm: 505 * time.Millisecond})
		if r.Rate != 200 || r.Placed != 202 || r.Latency.Quantile(0.5) < 10*time.Millisecond {
			t.Errorf("%.1f/s, %d placed, median %v", r.Rate, r.Placed, r.Latency.Quantile(0.5))
		}
	})
}

// A seller that is slower than the arrivals makes everybody behind it wait, and that is what must be measured.
func TestOpenMeasuresFromTheArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &seller{takes: 20 * time.Millisecond, stock: 1 << 30}
		r := drive.Open(t.Context(), slow, drive.Load{Clients: 1, Rate: 100, Duration: time.Second, Seed: 7})
		if r.Placed < 70 || r.Placed > 130 {
			t.Fatalf("%d arrivals, want about 100", r.Placed)
		}
		// The last one waits for about 20 ms for each before it, less the second in which they came.
		want := time.Duration(r.Placed)*20*time.Millisecond - time.Second
		if last := r.Latency.Quantile(1); last < want*8/10 {
			t.Errorf("the longest took %v, want about %v", last, want)
		}
	})
}

func TestRequestsAreTheSameForEverybody(t *testing.T) {
	l := drive.Load{Targets: 10, Seed: 3}
	keys, hits := map[uid.ID]bool{}, make([]int, 10)
	for n := range int64(10_000) {
		r := l.Request(n)
		if r != l.Request(n) {
			t.Fatal("the same request differs")
		}
		keys[r.Key] = true
		hits[r.Target]++
	}
	if len(keys) != 10_000 {
		t.Errorf("%d different keys", len(keys))
	}
	for i, n := range hits {
		if n < 850 || n > 1150 {
			t.Errorf("target %d is wanted %d times of 10,000", i, n)
		}
	}
}
