package drive_test

import (
	"context"
	"errors"
	"slices"
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

// As many clients as are needed are made, and no more; a stall of the server moves no arrival.
func TestOpenHandsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := &counting{takes: 5 * time.Millisecond}
		r := drive.Open(t.Context(), one, drive.Load{Clients: 100, Rate: 100, Duration: time.Second, Constant: true})
		if r.Placed != 100 || one.most.Load() != 1 || r.Latency.Quantile(1) > 5010*time.Microsecond {
			t.Errorf("%d placed, %d at once, the longest took %v", r.Placed, one.most.Load(), r.Latency.Quantile(1))
		}
		slow := &counting{takes: 200 * time.Millisecond}
		r = drive.Open(t.Context(), slow, drive.Load{Clients: 100, Rate: 100, Duration: time.Second, Constant: true})
		if r.Placed != 100 || slow.most.Load() != 20 && slow.most.Load() != 21 || r.Latency.Quantile(1) > 201*time.Millisecond {
			t.Errorf("%d placed, %d at once, the longest took %v", r.Placed, slow.most.Load(), r.Latency.Quantile(1))
		}
		few := &counting{takes: 200 * time.Millisecond}
		r = drive.Open(t.Context(), few, drive.Load{Clients: 10, Rate: 100, Duration: time.Second, Constant: true})
		if r.Placed != 100 || few.most.Load() != 10 || r.Elapsed < 2*time.Second || r.Latency.Quantile(1) < time.Second {
			t.Errorf("%d placed, %d at once in %v, the longest took %v", r.Placed, few.most.Load(), r.Elapsed, r.Latency.Quantile(1))
		}
		var arrived, placed int64
		for _, s := range r.Slices {
			arrived, placed = arrived+s.Arrived, placed+s.Placed
		}
		if arrived != 100 || placed != 100 || r.Slices[0].Arrived != 10 || r.Slices[9].Slowest < time.Second {
			t.Errorf("slices: %+v", r.Slices)
		}
	})
}

// counting is a seller that knows how many asked at once.
type counting struct {
	takes     time.Duration
	now, most atomic.Int64
}

func (c *counting) Place(context.Context, drive.Request) (uid.ID, error) {
	if now := c.now.Add(1); now > c.most.Load() {
		c.most.Store(now)
	}
	defer c.now.Add(-1)
	time.Sleep(c.takes) //nolint:forbidigo // inside synctest's bubble
	return uid.New(), nil
}

func TestSchedules(t *testing.T) {
	a, b := drive.Poisson(1000, time.Second, 3), drive.Poisson(1000, time.Second, 3)
	if !slices.Equal(a, b) || !slices.IsSorted(a) || len(a) < 850 || len(a) > 1150 || a[len(a)-1] >= time.Second {
		t.Errorf("%d arrivals", len(a))
	}
	c := drive.Constant(4, time.Second).Then(time.Second, drive.Constant(2, time.Second))
	if want := (drive.Schedule{0, 250e6, 500e6, 750e6, 1000e6, 1500e6}); !slices.Equal(c, want) {
		t.Errorf("%v, want %v", c, want)
	}
}

func TestHistogramsTravel(t *testing.T) {
	a, b := &drive.Histogram{}, &drive.Histogram{}
	for i := range 1000 {
		a.Add(time.Duration(i) * time.Millisecond)
	}
	b.Add(time.Hour)
	text := a.Encode()
	got, err := drive.Decode(text)
	if err != nil || got.Summary() != a.Summary() {
		t.Errorf("%v, want %v (%v)", got.Summary(), a.Summary(), err)
	}
	got.Merge(b)
	if got.Count() != 1001 || got.Quantile(1) < time.Hour {
		t.Errorf("merged: %v", got.Summary())
	}
	for _, bad := range []string{"", "x", text[:len(text)/2]} {
		if _, err := drive.Decode(bad); err == nil {
			t.Errorf("%.20q was read", bad)
		}
	}
}
