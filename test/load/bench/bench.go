// Package bench runs the benchmarks: every contestant of a cell is put up, all take their turns round by round, each is
// verified afterwards, and medians are compared. A broken invariant fails the benchmark; a figure below its aim does
// not, it is printed as such.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/peer"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
	"holdfast/uid"
)

// Options of a run.
type Options struct {
	Short       bool
	Stores      []house.Engine
	Layers      []int // 1, 2
	Rounds      int
	Length      time.Duration   // of a round in the full form; 0 for the usual
	Connections int             // of a peer
	Binary      string          // of holdfast, for L2
	Profile     string          // folder for profiles of our side; "" for none
	Progress    io.Writer       // what is going on, for people: a progress.Display, or any other
	Result      *result.File    // gets every round; nil for none
	Database    *meter.Postgres // whose CPU is counted; nil when there is none to be seen
}

// Line is one comparison.
type Line struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"` // "/s"; where less is better "ms", "us" and others
	Ours  float64 `json:"ours"`
	Peer  float64 `json:"peer"` // 0: nothing to compare with
	Form  string  `json:"form"` // which peer
	Ratio float64 `json:"ratio"`
	Aim   float64 `json:"aim_ratio,omitempty"` // at least; 0 for none
	Least float64 `json:"aim_ours,omitempty"`  // ours must be at least; 0 for none
	Most  float64 `json:"aim_most,omitempty"`  // ours must be at most; 0 for none
	Note  string  `json:"note,omitempty"`

	Cost     *meter.Cost `json:"cost,omitempty"` // CPU of an operation of ours, and of the peer's
	PeerCost *meter.Cost `json:"peer_cost,omitempty"`
	PeakRSS  int64       `json:"peak_rss,omitempty"` // of our server, in bytes
}

// String is the line as it is printed.
func (l Line) String() string {
	figure := func(v float64) string {
		if l.Unit == "/s" || l.Unit == "" || v >= 1000 {
			return fmt.Sprintf("%.0f%s", v, l.Unit)
		}
		return fmt.Sprintf("%.2f%s", v, l.Unit)
	}
	text := fmt.Sprintf("%s ours=%s peer=none ratio=none", l.Name, figure(l.Ours))
	if l.Peer > 0 {
		text = fmt.Sprintf("%s ours=%s peer=%s:%s ratio=%.2f", l.Name, figure(l.Ours), l.Form, figure(l.Peer), l.Ratio)
	}
	if l.Aim > 0 {
		text += fmt.Sprintf(" aim=%gx", l.Aim)
	}
	if l.Least > 0 {
		text += fmt.Sprintf(" aim=%.0f%s", l.Least, l.Unit)
	}
	if l.Most > 0 {
		text += fmt.Sprintf(" aim<=%g%s", l.Most, l.Unit)
	}
	if l.Aim > 0 || l.Least > 0 || l.Most > 0 {
		if l.Met() {
			text += " met"
		} else {
			text += " BELOW"
		}
	}
	if l.Cost != nil {
		text += " cpu=" + l.Cost.String()
	}
	if l.PeerCost != nil {
		text += " peer_cpu=" + l.PeerCost.String()
	}
	if l.PeakRSS > 0 {
		text += fmt.Sprintf(" rss=%dMiB", l.PeakRSS>>20)
	}
	if l.Note != "" {
		text += " (" + l.Note + ")"
	}
	return text
}

// Met tells whether the aims of a line are.
func (l Line) Met() bool {
	return (l.Aim == 0 || l.Peer > 0 && l.Ratio >= l.Aim) && l.Ours >= l.Least && (l.Most == 0 || l.Ours <= l.Most)
}

// contestant sells, and shows afterwards what it stored.
type contestant interface {
	drive.Seller
	Check(ctx context.Context, want check.Expect) (*check.Report, error)
	Close(ctx context.Context) error
}

// entry is a contestant of a cell with what it came to.
type entry struct {
	name  string
	ours  bool
	tries int64 // of a round, where a round is so many tries
	units int32 // of each pool
	open  func(context.Context, *entry) (contestant, error)

	contestant
	rates    []float64
	acks     []uid.ID
	unknown  int64
	latency  *drive.Histogram // of the last open loop
	attempts uint64           // runs so far: each has keys of its own
	used     meter.Usage      // in closed loops, by so many answers
	answers  int64
	rss      int64 // most memory of its server
}

// cost of an answer in closed loops.
func (e *entry) cost() *meter.Cost {
	if e == nil || e.answers == 0 {
		return nil
	}
	c := e.used.Per(e.answers)
	return &c
}

// pid of the contestant's server; 0 when it is in this process.
func (e *entry) pid() int {
	if p, ok := e.contestant.(interface{ PID() int }); ok {
		return p.PID()
	}
	return 0
}

// median of the rounds.
func (e *entry) median() float64 {
	if len(e.rates) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(e.rates))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// cell is one setting in which contestants meet.
type cell struct {
	Options
	name    string
	clients int
	pools   int
	spread  bool          // requests go to all pools; else those of a round want one
	length  time.Duration // of a round
	warm    time.Duration
	entries []*entry
	extra   func(ctx context.Context, round int) error           // measured once a round besides
	take    func(ctx context.Context, e *entry, round int) error // a turn; nil for the usual one
}

func (c *cell) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Progress, "  "+format+"\n", args...)
}

// seedOf keeps the keys of all runs of a contestant apart.
const seedOf = 1 << 40

// shifted sends all requests to one target.
type shifted struct {
	drive.Seller
	target int
}

func (s shifted) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	r.Target = s.target
	return s.Seller.Place(ctx, r)
}

// run lets all contestants take their turns and verifies what they stored.
func (c *cell) run(ctx context.Context, after func(context.Context) error) (err error) {
	turn := c.turn
	if c.take != nil {
		turn = c.take
	}
	began := time.Now()
	defer func() {
		for _, e := range c.entries {
			if e.contestant != nil {
				err = errors.Join(err, e.Close(ctx))
			}
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", c.name, err)
		}
		c.say("%s took %.1f s", c.name, time.Since(began).Seconds())
	}()
	for _, e := range c.entries {
		k, err := e.open(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		e.contestant = k
	}
	c.say("%s: %d contestants are up after %.1f s", c.name, len(c.entries), time.Since(began).Seconds())
	for round := range c.Rounds {
		for _, e := range c.entries {
			if err := turn(ctx, e, round); err != nil {
				return fmt.Errorf("%s, round %d: %w", e.name, round+1, err)
			}
		}
		if c.extra != nil {
			if err := c.extra(ctx, round); err != nil {
				return err
			}
		}
	}
	if after != nil {
		if err := after(ctx); err != nil {
			return err
		}
	}
	for _, e := range c.entries {
		if pid := e.pid(); pid != 0 {
			e.rss = meter.PeakRSS(pid)
			c.Result.Memory(c.name+"."+e.name, e.rss)
		}
		if err := e.verify(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// load is what a contestant is asked in a round.
func (c *cell) load(e *entry, round int) (drive.Load, drive.Seller) {
	e.attempts++
	l := drive.Load{Clients: c.clients, Duration: c.length, Warm: c.warm, Tries: e.tries, Targets: 1, Seed: e.attempts * seedOf}
	if c.spread {
		l.Targets = c.pools
		return l, e.contestant
	}
	return l, shifted{e.contestant, round}
}

func (c *cell) turn(ctx context.Context, e *entry, round int) error {
	l, seller := c.load(e, round)
	runtime.GC() // what one contestant left is not another one's to clean up
	stop, err := c.profile(ctx, e, round)
	if err != nil {
		return err
	}
	l.Live = &drive.Live{}
	shown := progress.Watch(c.Progress, fmt.Sprintf("%s %s round %d of %d", c.name, e.name, round+1, c.Rounds), l.Duration, l.Live)
	before := meter.Read(e.pid(), c.Database)
	r := drive.Closed(ctx, seller, l)
	used := meter.Read(e.pid(), c.Database).Since(before)
	shown()
	if err := stop(); err != nil {
		return err
	}
	e.used, e.answers = e.used.Plus(used), e.answers+r.Answers()
	c.Result.Add(c.name+"."+e.name, result.RoundOf(r, 0, used.Per(r.Answers())))
	if err := e.book(ctx, r); err != nil {
		return err
	}
	if e.tries > 0 && r.Placed != int64(e.units) {
		return fmt.Errorf("%d of %d units were sold in %d tries", r.Placed, e.units, e.tries)
	}
	e.rates = append(e.rates, r.Rate)
	c.say("%s %s round %d: %.0f/s, p50 %v, p99 %v (%d placed, %d sold out, %d failed)", c.name, e.name, round+1, r.Rate,
		r.Latency.Quantile(0.5), r.Latency.Quantile(0.99), r.Placed, r.SoldOut, r.Failed)
	return e.again(ctx, l, seller, r)
}

// maxFailed is the share of calls that may fail for a run to count at all.
const maxFailed = 0.001

func (e *entry) book(ctx context.Context, r *drive.Result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.Failed += r.Shed // a closed loop, or one at half of the throughput, is not to be too much for anybody
	if r.Err == nil && r.Shed > 0 {
		r.Err = drive.ErrShed
	}
	for _, a := range r.Acks {
		e.acks = append(e.acks, a.ID)
	}
	e.unknown += r.Failed
	if all := r.Placed + r.SoldOut + r.Failed; all == 0 || float64(r.Failed) > maxFailed*float64(all) {
		return fmt.Errorf("%d of %d calls failed: %w", r.Failed, all, r.Err)
	}
	return nil
}

// repeated is how many acknowledged requests of a run are sent again.
const repeated = 20

// again repeats some requests of a run: each must get the reservation it got before.
func (e *entry) again(ctx context.Context, l drive.Load, seller drive.Seller, r *drive.Result) error {
	for i := range min(repeated, len(r.Acks)) {
		a := r.Acks[i*len(r.Acks)/min(repeated, len(r.Acks))]
		id, err := seller.Place(ctx, l.Request(a.N))
		if err != nil {
			return fmt.Errorf("repeated request: %w", err)
		}
		if id != a.ID {
			return fmt.Errorf("repeated request got %s, at first %s", id.Text("res"), a.ID.Text("res"))
		}
	}
	return nil
}

// open runs an open loop at a rate and keeps its latencies. It goes to the pool of a round of its own.
func (c *cell) openLoop(ctx context.Context, e *entry, round int, rate float64, length time.Duration) error {
	l, seller := c.load(e, round)
	l.Rate, l.Duration, l.Tries, l.Clients = rate, length, 0, openClients
	runtime.GC()
	l.Live = &drive.Live{}
	shown := progress.Watch(c.Progress, fmt.Sprintf("%s %s open loop", c.name, e.name), length, l.Live)
	before := meter.Read(e.pid(), c.Database)
	r := drive.Open(ctx, seller, l)
	used := meter.Read(e.pid(), c.Database).Since(before)
	shown()
	c.Result.Add(c.name+"."+e.name, result.RoundOf(r, rate, used.Per(r.Answers())))
	if err := e.book(ctx, r); err != nil {
		return err
	}
	e.latency = r.Latency
	c.say("%s %s open loop at %.0f/s: %v (%d placed)", c.name, e.name, rate, r.Latency.Summary(), r.Placed)
	return nil
}

// openClients bounds how many calls of an open loop are under way; more wait in the generator, and their time counts.
const openClients = 1024

func (e *entry) verify(ctx context.Context) error {
	report, err := e.Check(ctx, check.Expect{Acks: e.acks, Unknown: e.unknown})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if len(report.Findings) > 0 {
		text := ""
		for _, f := range report.Findings {
			text += "\n    " + f
		}
		return fmt.Errorf("broken invariants (%d more):%s", report.More, text)
	}
	return nil
}

// find is the entry of a name; nil for none.
func (c *cell) find(name string) *entry {
	for _, e := range c.entries {
		if e.name == name {
			return e
		}
	}
	return nil
}

// best is the fastest of the peers that answer each request by itself; nil for none.
func (c *cell) best() *entry {
	var best *entry
	for _, form := range peer.Forms {
		if e := c.find(string(form)); e != nil && (best == nil || e.median() > best.median()) {
			best = e
		}
	}
	return best
}

// priced says what an operation of both sides costs.
func (l Line) priced(ours, theirs *entry) Line {
	l.Cost, l.PeerCost = ours.cost(), theirs.cost()
	if ours != nil {
		l.PeakRSS = ours.rss
	}
	return l
}

// line compares two rates, more being better.
func line(name string, ours float64, form string, theirs float64) Line {
	l := Line{Name: name, Unit: "/s", Ours: ours, Peer: theirs, Form: form}
	if theirs > 0 {
		l.Ratio = ours / theirs
	}
	return l
}
