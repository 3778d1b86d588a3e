package drive

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Histogram counts durations with three significant digits, from a microsecond to an hour. It is safe for use by many
// goroutines: each answer goes to one of a few shards.
type Histogram struct {
	next   atomic.Uint32
	shards [shards]shard
}

type shard struct {
	mu     sync.Mutex
	counts *hdrhistogram.Histogram // nil: nothing yet
}

const (
	shards  = 4
	digits  = 3
	longest = int64(time.Hour / time.Microsecond)
)

func empty() *hdrhistogram.Histogram { return hdrhistogram.New(1, longest, digits) }

// Add counts one duration; negative ones count as zero, longer ones than an hour as an hour.
func (h *Histogram) Add(d time.Duration) {
	s := &h.shards[h.next.Add(1)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = empty()
	}
	if err := s.counts.RecordValue(min(max(0, d.Microseconds()), longest)); err != nil {
		panic(err) // the value is in range
	}
}

// merged is a copy of all shards together.
func (h *Histogram) merged() *hdrhistogram.Histogram {
	all := empty()
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		if s.counts != nil {
			all.Merge(s.counts)
		}
		s.mu.Unlock()
	}
	return all
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(from *Histogram) {
	all := from.merged()
	s := &h.shards[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = empty()
	}
	s.counts.Merge(all)
}

// Count is how many durations were added.
func (h *Histogram) Count() int64 { return h.merged().TotalCount() }

// Quantile is the duration that a share q (0 to 1) of all did not exceed; 0 when there are none.
func (h *Histogram) Quantile(q float64) time.Duration { return at(h.merged(), q) }

func at(h *hdrhistogram.Histogram, q float64) time.Duration {
	if h.TotalCount() == 0 {
		return 0
	}
	if q >= 1 {
		return time.Duration(h.Max()) * time.Microsecond
	}
	return time.Duration(h.ValueAtQuantile(q*100)) * time.Microsecond
}

// Summary is what people look at.
type Summary struct {
	Count                    int64
	P50, P90, P99, P999, Max time.Duration
}

// Summary reads the usual quantiles at once.
func (h *Histogram) Summary() Summary {
	all := h.merged()
	return Summary{all.TotalCount(), at(all, 0.5), at(all, 0.9), at(all, 0.99), at(all, 0.999), at(all, 1)}
}

// String is the summary in one line.
func (s Summary) String() string {
	return fmt.Sprintf("p50 %v, p90 %v, p99 %v, p99.9 %v, max %v", s.P50, s.P90, s.P99, s.P999, s.Max)
}

// Encode writes the counts as the text that all HDR Histogram tools read: V2, compressed, base64. The unit is the
// microsecond.
func (h *Histogram) Encode() string {
	text, err := h.merged().Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err) // writing to memory
	}
	return string(text)
}

// Decode reads what Encode wrote.
func Decode(text string) (h *Histogram, err error) {
	defer func() {
		if p := recover(); p != nil { // the library does not check the length of what it reads
			h, err = nil, fmt.Errorf("histogram: cut off: %v", p)
		}
	}()
	counts, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	h = &Histogram{}
	h.shards[0].counts = empty()
	h.shards[0].counts.Merge(counts)
	return h, nil
}
