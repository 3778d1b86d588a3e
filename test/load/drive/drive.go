package drive

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/uid"
)

// Request is one wish to reserve. Everything in it follows from N and the seed, so every contestant of a round gets the
// same requests.
type Request struct {
	N      int64  // number in its run, from 0: each is a caller of its own unless the contestant has fewer
	Key    uid.ID // idempotency key, random as hashes are
	Hash   uid.ID // of the body
	Target int    // which of the targets is wanted, from 0
}

// Seller answers requests: the id of a reservation that is durably stored, ErrSoldOut, or an error, which counts as a
// failure. It is called by many goroutines.
type Seller interface {
	Place(ctx context.Context, r Request) (uid.ID, error)
}

// ErrSoldOut is a refusal for lack of stock.
var ErrSoldOut = errors.New("sold out")

// Load is what is asked for.
type Load struct {
	Clients  int           // closed loop: how many ask at once; open loop: how many may wait at once
	Duration time.Duration // how long is asked, Warm included
	Warm     time.Duration // closed loop: not counted at the start
	Tries    int64         // closed loop: end after so many requests instead, and count all of them; 0: by Duration
	Rate     float64       // open loop: arrivals a second
	Targets  int           // how many targets there are
	Seed     uint64
}

// Ack is a request that was told its reservation.
type Ack struct {
	N  int64
	ID uid.ID
}

// Result is what came of a run.
type Result struct {
	Placed, SoldOut, Failed int64         // all answers
	Rate                    float64       // counted answers (failures are none) a second
	Latency                 *Histogram    // of counted answers
	Elapsed                 time.Duration // from the first request to the last answer
	Acks                    []Ack
	Err                     error // first failure
}

// Request makes the n-th request of the load.
func (l Load) Request(n int64) Request {
	a, b, c := mix(l.Seed+uint64(n)), mix(^l.Seed+uint64(n)), mix(l.Seed*31+uint64(n))
	r := Request{N: n}
	for i := range 8 {
		r.Key[i], r.Key[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
		r.Hash[i], r.Hash[8+i] = byte(b>>(8*i)), byte(c>>(8*i))
	}
	r.Target = int(c >> 33 % uint64(max(1, l.Targets)))
	return r
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// tally collects answers.
type tally struct {
	placed, soldOut, failed, counted atomic.Int64
	latency                          Histogram
	mu                               sync.Mutex
	acks                             []Ack
	err                              error
}

// answer books one answer; an acknowledged id goes to acks.
func (t *tally) answer(acks *[]Ack, r Request, id uid.ID, err error, took time.Duration, counts bool) {
	switch {
	case err == nil:
		t.placed.Add(1)
		*acks = append(*acks, Ack{r.N, id})
	case errors.Is(err, ErrSoldOut):
		t.soldOut.Add(1)
	default:
		t.failed.Add(1)
		t.mu.Lock()
		if t.err == nil {
			t.err = err
		}
		t.mu.Unlock()
		return
	}
	if counts {
		t.counted.Add(1)
		t.latency.Add(took)
	}
}

func (t *tally) keep(acks []Ack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acks = append(t.acks, acks...)
}

func (t *tally) result(counted, elapsed time.Duration) *Result {
	return &Result{
		Placed: t.placed.Load(), SoldOut: t.soldOut.Load(), Failed: t.failed.Load(), Rate: float64(t.counted.Load()) / counted.Seconds(),
		Latency: &t.latency, Elapsed: elapsed, Acks: t.acks, Err: t.err,
	}
}

// Closed runs a closed loop. It returns when every request has been answered.
func Closed(ctx context.Context, s Seller, l Load) *Result {
	t := &tally{}
	var next atomic.Int64
	var clients sync.WaitGroup
	start := time.Now()
	warm, end := start.Add(l.Warm), start.Add(l.Duration)
	for range l.Clients {
		clients.Go(func() {
			var acks []Ack
			defer func() { t.keep(acks) }()
			for asked := time.Now(); ctx.Err() == nil; {
				n := next.Add(1) - 1
				if l.Tries > 0 && n >= l.Tries || l.Tries == 0 && !asked.Before(end) {
					return
				}
				r := l.Request(n)
				id, err := s.Place(ctx, r)
				now := time.Now()
				t.answer(&acks, r, id, err, now.Sub(asked), l.Tries > 0 || !now.Before(warm) && now.Before(end))
				asked = now
			}
		})
	}
	clients.Wait()
	elapsed := time.Since(start)
	counted := l.Duration - l.Warm
	if l.Tries > 0 {
		counted = elapsed
	}
	return t.result(counted, elapsed)
}

// Open runs an open loop: arrivals as a Poisson process of the load's rate. It returns when every request has been
// answered.
func Open(ctx context.Context, s Seller, l Load) *Result {
	type arrival struct {
		r     Request
		meant time.Time
	}
	t := &tally{}
	arrivals := make(chan arrival)
	var waiting sync.WaitGroup
	for range l.Clients {
		waiting.Go(func() {
			var acks []Ack
			defer func() { t.keep(acks) }()
			for a := range arrivals {
				id, err := s.Place(ctx, a.r)
				t.answer(&acks, a.r, id, err, time.Since(a.meant), true)
			}
		})
	}
	start := time.Now()
	random := rand.New(rand.NewPCG(l.Seed, 1)) //nolint:gosec // arrivals are to be the same each time
	timer := time.NewTimer(0)
	defer timer.Stop()
	var at time.Duration
	for n := int64(0); ctx.Err() == nil; n++ {
		at += time.Duration(random.ExpFloat64() / l.Rate * float64(time.Second))
		if at >= l.Duration {
			break
		}
		meant := start.Add(at)
		if ahead := time.Until(meant); ahead > 0 {
			timer.Reset(ahead)
			<-timer.C
		}
		arrivals <- arrival{l.Request(n), meant}
	}
	close(arrivals)
	waiting.Wait()
	elapsed := time.Since(start)
	return t.result(elapsed, elapsed)
}
