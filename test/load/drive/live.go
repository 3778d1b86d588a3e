package drive

import (
	"sync/atomic"
	"time"
)

// Live is what a run has come to so far; it can be read while the run goes on.
type Live struct {
	Placed, SoldOut, Shed, Failed atomic.Int64
	Latency                       Histogram // of answers that count
}

// Answers is how many there are, of any kind.
func (l *Live) Answers() int64 {
	return l.Placed.Load() + l.SoldOut.Load() + l.Shed.Load() + l.Failed.Load()
}

// SliceLength is the length of a Slice.
const SliceLength = 100 * time.Millisecond

// Slice is what became of a part of a run.
type Slice struct {
	Placed  int64         // answers that came in this slice
	Arrived int64         // requests that were meant to arrive in it ...
	Missed  int64         // ... of which so many were refused or failed
	Slowest time.Duration // longest wait of those that arrived in it and were not refused
}

type slice struct{ placed, arrived, missed, slowest atomic.Int64 }

// timeline gathers slices; what is beyond its end counts in its last one.
type timeline []slice

func newTimeline(length time.Duration) timeline { return make(timeline, length/SliceLength+2) }

func (t timeline) at(d time.Duration) *slice {
	return &t[min(max(0, int(d/SliceLength)), len(t)-1)]
}

func (t timeline) answer(meant, answered time.Duration, placed, missed bool) {
	if placed {
		t.at(answered).placed.Add(1)
	}
	s := t.at(meant)
	s.arrived.Add(1)
	if missed {
		s.missed.Add(1)
		return
	}
	for took := int64(answered - meant); ; {
		top := s.slowest.Load()
		if took <= top || s.slowest.CompareAndSwap(top, took) {
			return
		}
	}
}

func (t timeline) slices() []Slice {
	out := make([]Slice, len(t))
	for i := range t {
		out[i] = Slice{t[i].placed.Load(), t[i].arrived.Load(), t[i].missed.Load(), time.Duration(t[i].slowest.Load())}
	}
	return out
}
