package drive

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations in buckets whose width grows with the value: 32 for each power of two of microseconds, so
// a quantile is at most 3 % too high. It is safe for use by many goroutines.
type Histogram struct {
	buckets [buckets]atomic.Int64
	count   atomic.Int64
	top     atomic.Int64 // longest, in microseconds
}

const (
	subBits = 5 // 32 buckets for each power of two
	powers  = 32
	buckets = (powers + 1) << subBits
)

// Add counts one duration; negative ones count as zero.
func (h *Histogram) Add(d time.Duration) {
	us := max(0, d.Microseconds())
	h.buckets[bucketOf(us)].Add(1)
	h.count.Add(1)
	for {
		top := h.top.Load()
		if us <= top || h.top.CompareAndSwap(top, us) {
			return
		}
	}
}

// bucketOf is exact below 64 and keeps the six leading bits above.
func bucketOf(us int64) int {
	v := uint64(us)
	if v < 1<<(subBits+1) {
		return int(v)
	}
	shift := bits.Len64(v) - (subBits + 1)
	return min(shift<<subBits+int(v>>shift), buckets-1)
}

// upper is the largest value of a bucket, in microseconds.
func upper(bucket int) int64 {
	if bucket < 1<<(subBits+1) {
		return int64(bucket)
	}
	shift := bucket>>subBits - 1
	return (int64(bucket-shift<<subBits)+1)<<shift - 1
}

// Count is how many durations were added.
func (h *Histogram) Count() int64 { return h.count.Load() }

// Quantile is the duration that a share q (0 to 1) of all did not exceed; 0 when there are none.
func (h *Histogram) Quantile(q float64) time.Duration {
	want := int64(q*float64(h.count.Load()) + 0.5)
	var seen int64
	for i := range h.buckets {
		n := h.buckets[i].Load()
		if seen += n; n > 0 && seen >= want {
			return time.Duration(min(upper(i), h.top.Load())) * time.Microsecond
		}
	}
	return time.Duration(h.top.Load()) * time.Microsecond
}
