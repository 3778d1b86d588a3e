package drive

import (
	"context"
	"errors"
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

// Seller answers requests: the id of a reservation that is durably stored (zero for requests that make none),
// ErrSoldOut, ErrShed, or an error, which counts as a failure. It is called by many goroutines.
type Seller interface {
	Place(ctx context.Context, r Request) (uid.ID, error)
}

// What a Seller says that is no failure of its own.
var (
	ErrSoldOut = errors.New("sold out")                                   // a refusal for lack of stock
	ErrShed    = errors.New("too busy: refused with a time to come back") // 429 or 503 with Retry-After
)

// Load is what is asked for.
type Load struct {
	Clients  int           // closed loop: how many ask at once; open loop: how many may wait at once
	Duration time.Duration // how long is asked, Warm included
	Warm     time.Duration // closed loop: not counted at the start
	Tries    int64         // closed loop: end after so many requests instead, and count all of them; 0: by Duration
	Over     func() bool   // closed loop: ends before it is to, as soon as this says so; nil for never
	Rate     float64       // open loop: arrivals a second
	Constant bool          // open loop: at equal distances, not as they come
	Arrivals Schedule      // open loop: instead of Rate; they end before Duration
	Targets  int           // how many targets there are
	Seed     uint64
	Live     *Live // filled while the run goes on; nil when nobody looks
}

// Ack is a request that was told its reservation.
type Ack struct {
	N  int64
	ID uid.ID
}

// Result is what came of a run.
type Result struct {
	Placed, SoldOut, Shed, Failed int64         // all answers
	Rate                          float64       // counted answers (neither shed nor failed) a second
	Latency                       *Histogram    // of counted answers
	Refusals                      *Histogram    // of shed ones
	Elapsed                       time.Duration // from the first request to the last answer
	Slices                        []Slice       // open loop: SliceLength each; what came after the last arrival is in the last one
	Acks                          []Ack
	Err                           error // first failure
}

// Answers is how many there were, of any kind.
func (r *Result) Answers() int64 { return r.Placed + r.SoldOut + r.Shed + r.Failed }

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
	*Live
	counted  atomic.Int64
	refusals Histogram
	mu       sync.Mutex
	acks     []Ack
	err      error
}

func newTally(l Load) *tally {
	if l.Live == nil {
		l.Live = &Live{}
	}
	return &tally{Live: l.Live}
}

// answer books one answer; an acknowledged id goes to acks.
func (t *tally) answer(acks *[]Ack, r Request, id uid.ID, err error, took time.Duration, counts bool) {
	switch {
	case err == nil:
		t.Placed.Add(1)
		if !id.IsZero() {
			*acks = append(*acks, Ack{r.N, id})
		}
	case errors.Is(err, ErrSoldOut):
		t.SoldOut.Add(1)
	case errors.Is(err, ErrShed):
		t.Shed.Add(1)
		t.refusals.Add(took)
		return
	default:
		t.Failed.Add(1)
		t.mu.Lock()
		if t.err == nil {
			t.err = err
		}
		t.mu.Unlock()
		return
	}
	if counts {
		t.counted.Add(1)
		t.Latency.Add(took)
	}
}

func (t *tally) keep(acks []Ack) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acks = append(t.acks, acks...)
}

func (t *tally) result(counted, elapsed time.Duration) *Result {
	return &Result{
		Placed: t.Placed.Load(), SoldOut: t.SoldOut.Load(), Shed: t.Shed.Load(), Failed: t.Failed.Load(), Rate: float64(t.counted.Load()) / counted.Seconds(),
		Latency: &t.Latency, Refusals: &t.refusals, Elapsed: elapsed, Acks: t.acks, Err: t.err,
	}
}

// Closed runs a closed loop. It returns when every request has been answered.
func Closed(ctx context.Context, s Seller, l Load) *Result {
	t := newTally(l)
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
				if l.Tries > 0 && n >= l.Tries || l.Tries == 0 && !asked.Before(end) || l.Over != nil && l.Over() {
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

// Open runs an open loop: arrivals as scheduled, whatever the answers do. It returns when every request has been answered.
//
// One client at a time waits for the next arrival; when it comes, the client first hands the waiting on, to the one that
// was busy last (what it needs is still in the caches) or to a new one, and then asks. When all are busy an arrival
// starts late, and that counts as its waiting.
func Open(ctx context.Context, s Seller, l Load) *Result {
	schedule := l.Arrivals
	switch {
	case schedule != nil:
	case l.Constant:
		schedule = Constant(l.Rate, l.Duration)
	default:
		schedule = Poisson(l.Rate, l.Duration, l.Seed)
	}
	o := &opened{Seller: s, load: l, schedule: schedule, tally: newTally(l), slices: newTimeline(l.Duration), start: time.Now(), left: l.Clients}
	o.handOn(ctx)
	o.clients.Wait()
	elapsed := time.Since(o.start)
	r := o.result(elapsed, elapsed)
	r.Slices = o.slices.slices()
	return r
}

// opened is an open loop under way.
type opened struct {
	Seller
	*tally
	load     Load
	schedule Schedule
	slices   timeline
	start    time.Time
	clients  sync.WaitGroup

	mu      sync.Mutex
	next    int             // arrival that is waited for, or will be
	idle    []chan struct{} // clients without a request, the last one on top; closed at the end
	left    int             // clients that may still be made
	orphan  bool            // nobody waits for the next arrival: all are busy
	drained bool            // there are no arrivals any more
}

// handOn makes somebody wait for the next arrival.
func (o *opened) handOn(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch n := len(o.idle); {
	case o.next == len(o.schedule) || ctx.Err() != nil:
		o.drained = true
		for _, c := range o.idle {
			close(c)
		}
		o.idle = nil
	case n > 0:
		c := o.idle[n-1]
		o.idle = o.idle[:n-1]
		c <- struct{}{}
	case o.left > 0:
		o.left--
		o.clients.Go(func() { o.client(ctx) })
	default:
		o.orphan = true
	}
}

// client waits for arrivals and asks, in turn with others. It is made when it is to wait.
func (o *opened) client(ctx context.Context) {
	var acks []Ack
	defer func() { o.keep(acks) }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	turn := make(chan struct{}, 1)
	for {
		o.mu.Lock()
		n := o.next
		o.next++
		o.mu.Unlock()
		meant := o.schedule[n]
		if ahead := meant - time.Since(o.start); ahead > 0 {
			timer.Reset(ahead)
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
		o.handOn(ctx)
		if ctx.Err() == nil {
			r := o.load.Request(int64(n))
			id, err := o.Place(ctx, r)
			answered := time.Since(o.start)
			o.answer(&acks, r, id, err, answered-meant, true)
			o.slices.answer(meant, answered, err == nil, err != nil && !errors.Is(err, ErrSoldOut))
		}
		if !o.rest(turn) {
			return
		}
	}
}

// rest waits to be handed the next arrival; false when there is none.
func (o *opened) rest(turn chan struct{}) bool {
	o.mu.Lock()
	switch {
	case o.drained:
		o.mu.Unlock()
		return false
	case o.orphan:
		o.orphan = false
		if o.next == len(o.schedule) {
			panic("an arrival that is not there was left to nobody")
		}
		o.mu.Unlock()
		return true
	}
	o.idle = append(o.idle, turn)
	o.mu.Unlock()
	_, more := <-turn
	return more
}
