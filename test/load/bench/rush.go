package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"holdfast/offer"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/peer"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
	"holdfast/uid"
)

// The aims of the rush, at L1.
const (
	rushRate  = 5_000 // seat allocations a second
	rushShare = 0.97  // of the seat-segments that counters alone sell
	rushP99   = 50    // ms, at half of our own throughput
)

// The rush.
const (
	rushClients = 2_048
	rushMost    = 400_000 // requests of a round
	rushQuiet   = 1_024   // so many refusals in a row mean that nothing sells any more
	rushCounts  = 0.9     // the rate is that of so much of a train's seats: after that nearly everybody is refused
	rushEarly   = 0.05    // of the train has to be sold before shares are compared
	rushOpen    = 0.6     // of a train is asked for in an open loop, so that it does not run out
	seatTries   = 2_000
)

// Rush is a train of 16 coaches with 64 seats each on 30 segments, at the start of its sale: 2,048 clients ask for
// overlapping rides until nothing sells. Then one departure of which everybody wants the same seat.
func Rush(ctx context.Context, o Options) ([]Line, error) {
	if !slices.Contains(o.Layers, 1) {
		return nil, nil
	}
	if err := o.rushSelfCheck(ctx); err != nil {
		return nil, err
	}
	lines, err := o.rushTrain(ctx)
	if err != nil {
		return lines, err
	}
	seat, err := o.rushSeat(ctx)
	return append(lines, seat...), err
}

// rushed is a contestant under a rush: what came of the requests of a round, by their numbers.
type rushed struct {
	contestant
	quiet atomic.Int64 // refusals since the last placing
	began time.Time
	asked []bool          // by number; each is its client's alone until the round has ended
	got   []time.Duration // when its seats were acknowledged, since began; 0: refused
}

func rush(k contestant) *rushed {
	return &rushed{contestant: k, began: time.Now(), asked: make([]bool, rushMost), got: make([]time.Duration, rushMost)}
}

// Place implements drive.Seller.
func (r *rushed) Place(ctx context.Context, q drive.Request) (uid.ID, error) {
	r.asked[q.N] = true
	id, err := r.contestant.Place(ctx, q)
	switch {
	case err == nil:
		r.got[q.N] = time.Since(r.began)
		r.quiet.Store(0)
	case errors.Is(err, drive.ErrSoldOut):
		r.quiet.Add(1)
	}
	return id, err
}

func (r *rushed) over() bool { return r.quiet.Load() >= rushQuiet }

// sale is what a round sold, and what the same requests in the same order get when only the counters of the segments are
// looked at: any free seat on each segment will do then, a different one on each if need be.
type sale struct {
	seats, segments int
	counted         int     // seat-segments that counters alone sell
	least           float64 // lowest share of that, at any time
	perSecond       float64
}

func (r *rushed) sale(l drive.Load) (s sale) {
	var left [house.Segments]int
	for i := range left {
		left[i] = house.TrainSeats
	}
	var at []time.Duration // of each seat
	s.least = 1
	for n := range r.asked {
		if !r.asked[n] {
			continue
		}
		ride := house.RideOf(l.Request(int64(n)))
		on := left[ride.From:ride.To]
		if slices.Min(on) >= ride.Seats {
			for i := range on {
				on[i] -= ride.Seats
			}
			s.counted += ride.Seats * len(on)
		}
		if r.got[n] > 0 {
			s.seats += ride.Seats
			s.segments += ride.Seats * len(on)
			for range ride.Seats {
				at = append(at, r.got[n])
			}
		}
		if float64(s.counted) > rushEarly*house.TrainSeats*house.Segments {
			s.least = min(s.least, float64(s.segments)/float64(s.counted))
		}
	}
	slices.Sort(at)
	n := int(rushCounts * float64(len(at)))
	s.perSecond = float64(n) / at[n-1].Seconds()
	return s
}

// rushTrain lets all contestants sell a train a round.
func (o Options) rushTrain(ctx context.Context) ([]Line, error) {
	train := house.NewTrain(offer.Train)
	c := &cell{Options: o, name: "rush.l1", clients: rushClients}
	trains := o.Rounds + 1 // one for the open loop
	for _, engine := range o.Stores {
		c.entries = append(c.entries, &entry{name: string(engine), ours: true, open: func(ctx context.Context, _ *entry) (contestant, error) {
			return house.OpenDesk(ctx, engine, train, trains)
		}})
	}
	forms := peer.SeatForms
	if o.Short {
		forms = forms[:1] // the faster one
	}
	if o.peers() {
		for _, form := range forms {
			c.entries = append(c.entries, &entry{name: string(form), open: func(ctx context.Context, _ *entry) (contestant, error) {
				return house.OpenSeatPeer(ctx, train, trains, form, o.Connections)
			}})
		}
	}
	shares, closed := map[string]float64{}, map[string]*drive.Histogram{}
	c.take = func(ctx context.Context, e *entry, round int) error {
		s, r, err := c.rushTurn(ctx, e, round)
		if err != nil {
			return err
		}
		c.say("%s %s round %d: %.0f seats/s (%d seats; %d seat-segments of %d, counters alone %d, at any time at least %.2f %% of it), %d asked in %v, p50 %v, p99 %v",
			c.name, e.name, round+1, s.perSecond, s.seats, s.segments, house.TrainSeats*house.Segments, s.counted, 100*s.least, r.Answers(), r.Elapsed.Round(time.Millisecond),
			r.Latency.Quantile(0.5), r.Latency.Quantile(0.99))
		if e.ours && float64(s.segments) < rushShare*float64(s.counted) {
			return fmt.Errorf("sold %d seat-segments, counters alone %d: %.1f %%", s.segments, s.counted, 100*float64(s.segments)/float64(s.counted))
		}
		e.rates = append(e.rates, s.perSecond)
		if old, seen := shares[e.name]; !seen || s.least < old {
			shares[e.name] = s.least
		}
		closed[e.name] = r.Latency
		return nil
	}
	var latency []Line
	err := c.run(ctx, func(ctx context.Context) error {
		for _, e := range c.entries {
			if !e.ours {
				continue
			}
			rate := e.median() / 2 * 3 / 4 // requests: one in three is for two seats
			length := time.Duration(rushOpen * house.TrainSeats * house.Segments / meanSegments / (e.median() / 2) * float64(time.Second))
			if err := c.openLoop(ctx, e, o.Rounds, rate, length); err != nil {
				return err
			}
			s := e.latency.Summary()
			ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
			latency = append(latency, Line{
				Name: "rush." + e.name + ".p99_at_half_of_own", Unit: "ms", Ours: ms(s.P99), Most: rushP99,
				Note: fmt.Sprintf("open loop of %v at %.0f requests/s, %.0f seats/s; p50 %.1f, p99.9 %.1f ms; closed loop of %d clients: p50 %.0f, p99 %.0f ms",
					length.Round(time.Millisecond), rate, e.median()/2, ms(s.P50), ms(s.P999), rushClients, ms(closed[e.name].Quantile(0.5)), ms(closed[e.name].Quantile(0.99))),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return append(o.rushLines(c, forms, shares), latency...), nil
}

// meanSegments of a seat that is sold: what the end of the line cuts is not ridden.
const meanSegments = 5.3

func (o Options) rushLines(c *cell, forms []peer.Form, shares map[string]float64) (lines []Line) {
	for _, engine := range o.Stores {
		ours := c.find(string(engine))
		l := line("rush."+ours.name, ours.median(), "", 0).priced(ours, nil)
		if o.peers() {
			best := slices.MaxFunc(forms, func(a, b peer.Form) int {
				return int(c.find(string(a)).median() - c.find(string(b)).median())
			})
			theirs := c.find(string(best))
			l = line("rush."+ours.name, ours.median(), theirs.name, theirs.median()).priced(ours, theirs)
		}
		l.Least = rushRate
		l.Note = fmt.Sprintf("seats a second until nine of ten are sold; at any time at least %.2f %% of the seat-segments that counters alone would have sold", 100*shares[ours.name])
		for _, form := range forms {
			if e := c.find(string(form)); e != nil {
				l.Note += fmt.Sprintf("; %s %.0f/s, %.2f %%", form, e.median(), 100*shares[e.name])
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// rushTurn is one train of one contestant.
func (c *cell) rushTurn(ctx context.Context, e *entry, round int) (s sale, r *drive.Result, err error) {
	l, _ := c.load(e, round)
	k := rush(e.contestant)
	l.Tries, l.Over, l.Live = rushMost, k.over, &drive.Live{}
	runtime.GC()
	stop, err := c.profile(ctx, e, round)
	if err != nil {
		return s, nil, err
	}
	shown := progress.Watch(c.Progress, fmt.Sprintf("%s %s train %d of %d", c.name, e.name, round+1, c.Rounds), time.Second, l.Live)
	before := meter.Read(0, c.Database)
	k.began = time.Now()
	r = drive.Closed(ctx, shifted{k, round}, l)
	used := meter.Read(0, c.Database).Since(before)
	shown()
	if err := errors.Join(stop(), e.book(ctx, r)); err != nil {
		return s, nil, err
	}
	if !k.over() {
		return s, nil, fmt.Errorf("after %d requests something still sells", rushMost)
	}
	e.used, e.answers = e.used.Plus(used), e.answers+r.Placed
	c.Result.Add(c.name+"."+e.name, result.RoundOf(r, 0, used.Per(r.Placed)))
	s = k.sale(l)
	return s, r, e.again(ctx, l, shifted{e.contestant, round}, r)
}

// rushSeat lets 2,000 want one seat of a departure.
func (o Options) rushSeat(ctx context.Context) (lines []Line, err error) {
	for _, engine := range o.Stores {
		d, err := house.OpenDesk(ctx, engine, house.NewTrain(offer.Flight), o.Rounds)
		if err != nil {
			return lines, err
		}
		d.Label = "7-12"
		e := &entry{name: string(engine), ours: true, contestant: d}
		c := &cell{Options: o, name: "rush.seat", clients: seatTries}
		err = errors.Join(c.seatRounds(ctx, e), d.Close(ctx))
		if err != nil {
			return lines, fmt.Errorf("%s, %s: %w", c.name, engine, err)
		}
		l := line("rush.seat."+e.name, e.median(), "", 0).priced(e, nil)
		l.Note = fmt.Sprintf("answers a second; %d tries at once for one seat, one winner each time", seatTries)
		lines = append(lines, l)
	}
	return lines, nil
}

func (c *cell) seatRounds(ctx context.Context, e *entry) error {
	for round := range c.Rounds {
		l, seller := c.load(e, round)
		l.Tries = seatTries
		before := meter.Read(0, c.Database)
		r := drive.Closed(ctx, seller, l)
		used := meter.Read(0, c.Database).Since(before)
		e.used, e.answers = e.used.Plus(used), e.answers+r.Answers()
		c.Result.Add(c.name+"."+e.name, result.RoundOf(r, 0, used.Per(r.Answers())))
		if err := e.book(ctx, r); err != nil {
			return err
		}
		if r.Placed != 1 || r.SoldOut != seatTries-1 {
			return fmt.Errorf("%d got the seat and %d were refused, of %d", r.Placed, r.SoldOut, seatTries)
		}
		e.rates = append(e.rates, r.Rate)
		c.say("%s %s round %d: %.0f/s, slowest answer %v", c.name, e.name, round+1, r.Rate, r.Latency.Quantile(1))
	}
	return e.verify(ctx)
}

var errBlindToSeats = errors.New("the verifier did not catch the peer that looks for a free seat without a lock")

// rushSelfCheck shows that the verifier can see: seats that were looked for without a lock are sold twice.
func (o Options) rushSelfCheck(ctx context.Context) (err error) {
	if !o.peers() {
		return nil
	}
	p, err := house.OpenSeatPeer(ctx, house.NewTrain(offer.Train), 1, peer.SeatsUnguarded, o.Connections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	r := drive.Closed(ctx, p, drive.Load{Clients: 2 * o.Connections, Tries: 200, Targets: 1})
	want := check.Expect{Unknown: r.Failed}
	for _, a := range r.Acks {
		want.Acks = append(want.Acks, a.ID)
	}
	report, err := p.Check(ctx, want)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		if strings.Contains(f, "and on [") {
			_, _ = fmt.Fprintf(o.Progress, "  self-check: without a lock the verifier says %q\n", f)
			return nil
		}
	}
	return errBlindToSeats
}
