package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
	"holdfast/test/load/wire"
)

// The aims and the shape of B7.
const (
	overloadTimes    = 3
	overloadGoodput  = 0.9 // of the peak
	overloadRecovery = 2 * time.Second
	overloadPools    = 8    // so that no room type runs out
	overloadWaiting  = 4000 // requests under way at most, a few less than a server takes connections; further ones wait in the generator, and their time counts
	overloadHealthy  = 100 * time.Millisecond
	overloadQuiet    = 3 // slices in a row that make a recovery
	peakRounds       = 3 // a round of the closed loop is so many usual ones long
)

// admissionOff are the arguments that switch admission control off: every bound is out of reach.
var admissionOff = []string{
	"--times-wait=10s", "--limits-reads=1000000", "--limits-writes=1000000", "--limits-staff=1000000", "--limits-queue=1000000", "--limits-connections=1000000",
}

// phases of a run: half of the rated load, three times of it, half of it again.
type phases struct{ before, during, after time.Duration }

func (p phases) total() time.Duration { return p.before + p.during + p.after }

func (o Options) phases() phases {
	if o.Short {
		return phases{time.Second, 8 * time.Second, 4 * time.Second}
	}
	return phases{5 * time.Second, 20 * time.Second, 10 * time.Second}
}

// stress is what came of one server under overload.
type stress struct {
	rated, goodput float64
	refused        float64 // share of what arrived during the overload
	refusals       drive.Summary
	answers        drive.Summary
	failed         int64
	recovery       time.Duration // after the end of the overload; negative: not before the run ended
	rss            int64
	cost           meter.Cost
}

// B7 is overload: three times of what the server can do, with admission control and without it.
func B7(ctx context.Context, o Options) (lines []Line, err error) {
	if !slices.Contains(o.Layers, 2) {
		return nil, nil
	}
	stores := o.Stores
	if o.Short {
		stores = stores[len(stores)-1:]
	}
	for _, engine := range stores {
		with, err := o.overload(ctx, engine, nil, 0)
		if err != nil {
			return lines, fmt.Errorf("%s: %w", engine, err)
		}
		without, err := o.overload(ctx, engine, admissionOff, with.rated)
		if err != nil {
			return lines, fmt.Errorf("%s without admission control: %w", engine, err)
		}
		lines = append(lines, overloadLines("b7."+string(engine), with, without)...)
	}
	return lines, nil
}

func overloadLines(name string, with, without *stress) []Line {
	const form = "no_admission_control"
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	good := line(name+".goodput", with.goodput, form, without.goodput)
	good.Least, good.Cost, good.PeerCost, good.PeakRSS = overloadGoodput*with.rated, &with.cost, &without.cost, with.rss
	good.Note = fmt.Sprintf("offered %.0f/s, peak %.0f/s: %.0f %% of it kept, %.0f %% without admission control (rss %d MiB); accepted: %v; without: %v; %d and %d failed",
		overloadTimes*with.rated, with.rated, 100*with.goodput/with.rated, 100*without.goodput/without.rated, without.rss>>20, with.answers, without.answers,
		with.failed, without.failed)
	refusal := Line{Name: name + ".refusal.p99", Unit: "ms", Ours: ms(with.refusals.P99), Note: fmt.Sprintf("%.0f %% of the overload refused with Retry-After: %v", 100*with.refused, with.refusals)}
	if without.refusals.Count > 0 {
		refusal.Peer, refusal.Form = ms(without.refusals.P99), form
		refusal.Ratio = refusal.Peer / refusal.Ours
	}
	back := Line{Name: name + ".recovery", Unit: "ms", Ours: ms(with.recovery), Most: ms(overloadRecovery), Note: "until nobody is refused and nobody waits longer than before"}
	if with.recovery < 0 {
		back.Ours, back.Note = ms(time.Hour), "it did not recover before the run ended"
	}
	if without.recovery > 0 {
		back.Peer, back.Form = ms(without.recovery), form
		back.Ratio = back.Peer / max(back.Ours, 1)
	} else {
		back.Note += "; without admission control it took longer than the run"
	}
	return []Line{good, refusal, back}
}

// overload runs one server through all phases. What it can do is measured first, unless rated says it: both servers get
// the same load.
func (o Options) overload(ctx context.Context, engine house.Engine, args []string, rated float64) (_ *stress, err error) {
	s, stay, p := o.scale(), house.NewStay(), o.phases()
	server, err := house.OpenServer(ctx, house.ServerPlan{
		Plan: house.Plan{Engine: engine, Stay: stay, Pools: overloadPools, Units: plentyHTTP}, Binary: o.Binary, Tokens: s.tokens, PerHouse: 1, Args: args,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close(ctx)) }()
	client, err := wire.Dial(ctx, server.Address, latencyClients, server.Tokens, server.Bodies)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()

	name := "b7." + string(engine)
	if args != nil {
		name += ".no_admission_control"
	}
	peak := &entry{name: name}
	want := check.Expect{}
	keep := func(r *drive.Result) {
		for _, a := range r.Acks {
			want.Acks = append(want.Acks, a.ID)
		}
		want.Unknown += r.Failed
	}
	for round := range o.Rounds {
		l := drive.Load{Clients: latencyClients, Duration: peakRounds * s.length, Targets: overloadPools, Seed: uint64(round+1) * seedOf}
		r := drive.Closed(ctx, client, l)
		keep(r)
		peak.rates = append(peak.rates, float64(r.Placed)/r.Elapsed.Seconds())
	}
	out := &stress{rated: peak.median()}
	if rated > 0 {
		out.rated = rated
	}
	arrivals := drive.Poisson(out.rated/2, p.before, 1).Then(p.before, drive.Poisson(overloadTimes*out.rated, p.during, 2)).
		Then(p.before+p.during, drive.Poisson(out.rated/2, p.after, 3))
	load := drive.Load{
		Clients: overloadWaiting, Duration: p.total(), Arrivals: arrivals, Rate: overloadTimes * out.rated, Targets: overloadPools, Seed: uint64(o.Rounds+1) * seedOf,
		Live: &drive.Live{},
	}
	shown := progress.Watch(o.Progress, name, p.total(), load.Live)
	before := meter.Read(server.PID(), o.Database)
	r := drive.Open(ctx, client, load)
	out.cost = meter.Read(server.PID(), o.Database).Since(before).Per(r.Answers())
	shown()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keep(r)
	out.judge(p, r)
	out.rss = meter.PeakRSS(server.PID())
	o.Result.Add(name, result.RoundOf(r, load.Rate, out.cost))
	o.Result.Memory(name, out.rss)
	_, _ = fmt.Fprintf(o.Progress, "  %s: peak %.0f/s, goodput %.0f/s, %d refused (%v), %d failed (%v), recovery %v\n", name, out.rated, out.goodput, r.Shed, out.refusals, r.Failed, r.Err, out.recovery)
	report, err := server.Check(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if len(report.Findings) > 0 {
		return nil, fmt.Errorf("broken invariants (%d more): %v", report.More, report.Findings)
	}
	return out, nil
}

// judge reads goodput and recovery from the slices of a run.
func (s *stress) judge(p phases, r *drive.Result) {
	from, to := int(p.before/drive.SliceLength), int((p.before+p.during)/drive.SliceLength)
	var placed, arrived, missed int64
	for _, slice := range r.Slices[from:to] {
		placed, arrived, missed = placed+slice.Placed, arrived+slice.Arrived, missed+slice.Missed
	}
	s.goodput = float64(placed) / p.during.Seconds()
	if arrived > 0 {
		s.refused = float64(missed) / float64(arrived)
	}
	s.answers, s.refusals, s.failed = r.Latency.Summary(), r.Refusals.Summary(), r.Failed
	healthy := overloadHealthy
	for _, slice := range r.Slices[:from] {
		healthy = max(healthy, 2*slice.Slowest)
	}
	s.recovery = -1
	quiet := 0
	for i, slice := range r.Slices[to:int(p.total()/drive.SliceLength)] {
		if slice.Missed > 0 || slice.Slowest > healthy {
			quiet = 0
			continue
		}
		if quiet++; quiet == overloadQuiet {
			s.recovery = time.Duration(i+1-overloadQuiet) * drive.SliceLength
			return
		}
	}
}
