package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
)

// The aim and the shape of the storm.
const (
	stormRate    = 300    // searches a second at most, a third each of hotels, trains and flights ...
	stormShare   = 1. / 3 // ... and no more than this share of what the server can do
	stormClients = 4      // when that is found out
	stormRise    = 1.2    // of the 99th percentile at most
	stormLongest = 20 * time.Minute
	stormLead    = 5 * time.Second // between moving the clock and the quiet part
)

// Feeds is the storm on the hour: 300 partners with 1,000 changes each, all due at the same instant, while people search.
// The peer is the same server before the hour.
func Feeds(ctx context.Context, o Options) (lines []Line, err error) {
	if !slices.Contains(o.Layers, 2) {
		return nil, nil
	}
	stores := o.Stores
	if o.Short {
		stores = stores[len(stores)-1:]
	}
	for _, engine := range stores {
		got, err := o.feeds(ctx, engine)
		lines = append(lines, got...)
		if err != nil {
			return lines, fmt.Errorf("%s: %w", engine, err)
		}
	}
	return lines, nil
}

// stormScale is partners, rounds, and how long it is quiet before each.
func (o Options) stormScale() (partners, rounds int, quiet time.Duration) {
	if o.Short {
		return 30, 1, 4 * time.Second
	}
	return 300, o.Rounds, 15 * time.Second
}

func (o Options) feeds(ctx context.Context, engine house.Engine) (lines []Line, err error) {
	partners, rounds, quiet := o.stormScale()
	name := "feeds." + string(engine)
	with, err := o.storms(ctx, engine, name, partners, rounds, quiet, nil)
	if err != nil {
		return nil, err
	}
	changes := partners * stormChanges
	l := Line{
		Name: name + ".search.p99", Unit: "ms", Ours: middle(with.during), Peer: middle(with.before), Form: "quiet", Ratio: middle(with.ratios),
		Most: stormRise * middle(with.before), PeakRSS: with.rss,
		Note: fmt.Sprintf("at %.0f searches/s; rises to %.2f times in the middle of %d rounds, %.2f at worst; the longest wait of a usual tenth of a second rises to %.2f times; %d changes, each applied once",
			with.rate, middle(with.ratios), rounds, slices.Max(with.ratios), middle(with.usual), changes),
	}
	lines = []Line{l, {
		Name: name + ".storm", Unit: "s", Ours: middle(with.took), Note: fmt.Sprintf("until all %d runs had ended: %.0f changes/s beside the searches", partners, float64(changes)/middle(with.took)),
	}}
	if o.Short {
		return lines, nil
	}
	without, err := o.storms(ctx, engine, name+".no_rests", partners, 1, quiet, []string{"--feeds-share=100"})
	if err != nil {
		return lines, fmt.Errorf("without rests: %w", err)
	}
	return append(lines, Line{
		Name: name + ".rise", Unit: "times", Ours: middle(with.ratios), Peer: middle(without.ratios), Form: "no_rests", Ratio: middle(without.ratios) / middle(with.ratios),
		Note: fmt.Sprintf("of the 99th percentile; without rests it is %.1f ms before and %.1f ms during, and the storm takes %.0f s", middle(without.before), middle(without.during), middle(without.took)),
	}), nil
}

// storms is what came of some rounds on one server.
type storms struct {
	before, during, ratios, took []float64 // by round: milliseconds, and seconds
	usual                        []float64 // by round: how often as long the usual tenth of a second makes wait
	rate                         float64
	rss                          int64
}

func (o Options) storms(ctx context.Context, engine house.Engine, name string, partners, rounds int, quiet time.Duration, args []string) (out *storms, err error) {
	began := time.Now()
	s, err := o.openStorm(ctx, engine, partners, args)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	_, _ = fmt.Fprintf(o.Progress, "  %s: %d trains and as many flights a day, %d days on sale, %d partners; up after %.0f s\n", name, s.lines(), stormSale, partners, time.Since(began).Seconds())
	peak := drive.Closed(ctx, &searches{stormSite: s}, drive.Load{Clients: stormClients, Duration: quiet, Warm: quiet / 4, Targets: 1, Seed: seedOf})
	s.rate = min(stormRate, stormShare*peak.Rate)
	_, _ = fmt.Fprintf(o.Progress, "  %s: %.0f searches/s at most, %v; %.0f/s from now on\n", name, peak.Rate, peak.Latency.Summary(), s.rate)
	out = &storms{rate: s.rate}
	for round := range rounds {
		r, err := o.stormRound(ctx, s, name, round, quiet)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
		out.before, out.during = append(out.before, r.before), append(out.during, r.during)
		out.ratios, out.took, out.usual = append(out.ratios, r.during/r.before), append(out.took, r.took.Seconds()), append(out.usual, r.usual)
	}
	out.rss = meter.PeakRSS(s.server.PID())
	o.Result.Memory(name, out.rss)
	return out, nil
}

func middle(v []float64) float64 { return (&entry{rates: v}).median() }

// stormResult is one round: the 99th percentiles in milliseconds, and how long the storm took.
type stormResult struct {
	before, during float64
	usual          float64
	took           time.Duration
}

// usualWait is the median, over tenths of a second, of the longest wait of those who came in it: what others do on the
// machine now and then does not show in it.
func usualWait(r *drive.Result) float64 {
	var waits []float64
	for _, s := range r.Slices {
		if s.Arrived > 0 {
			waits = append(waits, milliseconds(s.Slowest))
		}
	}
	return middle(waits)
}

// stormRound gives every partner a new version, moves the clock to shortly before the hour, and measures before and after
// it strikes.
func (o Options) stormRound(ctx context.Context, s *stormSite, name string, round int, quiet time.Duration) (*stormResult, error) {
	version := round + 2
	s.partners.Advance()
	strikes, err := s.nearly(ctx, stormLead+quiet+time.Second)
	if err != nil {
		return nil, err
	}
	if err := until(ctx, strikes.Add(-quiet-time.Second)); err != nil {
		return nil, err
	}
	calm, err := o.searching(ctx, s, fmt.Sprintf("%s quiet, round %d", name, round+1), uint64(2*round+2), quiet)
	if err != nil {
		return nil, err
	}
	if err := until(ctx, strikes); err != nil {
		return nil, err
	}
	stop, err := o.stormProfile(ctx, s, fmt.Sprintf("%s.%d", name, round+1))
	if err != nil {
		return nil, err
	}
	out := &stormResult{before: milliseconds(calm.Latency.Quantile(0.99))}
	raging, over := context.WithCancel(ctx)
	defer over()
	var watching errgroup.Group
	watching.Go(func() error {
		defer over()
		var err error
		out.took, err = s.settled(ctx, version, stormLongest)
		return err
	})
	used := meter.Read(s.server.PID(), o.Database)
	rough, err := o.searching(raging, s, fmt.Sprintf("%s storm, round %d", name, round+1), uint64(2*round+3), stormLongest)
	if werr := errors.Join(watching.Wait(), stop()); werr != nil || err != nil {
		return nil, errors.Join(err, werr)
	}
	spent := meter.Read(s.server.PID(), o.Database).Since(used)
	out.during, out.usual = milliseconds(rough.Latency.Quantile(0.99)), usualWait(rough)/usualWait(calm)
	_, _ = fmt.Fprintf(o.Progress, "  %s round %d: %.1f s, p99 %.2f ms before, %.2f ms during (%.2f times; the longest wait of a usual tenth of a second %.2f times, %.2f ms); cpu of a change with its searches: %v\n",
		name, round+1, out.took.Seconds(), out.before, out.during, out.during/out.before, out.usual, usualWait(rough), spent.Per(int64(s.storm.partners*stormChanges)))
	return out, s.exactly(ctx, version)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// searching is an open loop of the mix until its time is over, or ctx ends.
func (o Options) searching(ctx context.Context, s *stormSite, what string, seed uint64, long time.Duration) (*drive.Result, error) {
	mix := &searches{stormSite: s}
	l := drive.Load{Clients: openClients, Duration: long, Rate: s.rate, Targets: 1, Seed: seed * seedOf, Live: &drive.Live{}}
	shown := progress.Watch(o.Progress, what, long, l.Live)
	before := meter.Read(s.server.PID(), o.Database)
	r := drive.Open(ctx, mix, l)
	used := meter.Read(s.server.PID(), o.Database).Since(before)
	shown()
	o.Result.Add("feeds", result.RoundOf(r, s.rate, used.Per(max(1, r.Answers()))))
	_, _ = fmt.Fprintf(o.Progress, "  %s: %v; p99 of hotels %v, trains %v (%d found none), flights %v (%d found none)\n", what, r.Latency.Summary(),
		mix.kinds[0].Quantile(0.99), mix.kinds[1].Quantile(0.99), mix.none[1], mix.kinds[2].Quantile(0.99), mix.none[2])
	if all := r.Answers(); all == 0 || r.Failed+r.Shed > 0 {
		return nil, fmt.Errorf("%s: %d of %d searches failed or were refused: %w", what, r.Failed+r.Shed, all, r.Err)
	}
	for kind, n := range mix.none {
		if n*10 > r.Answers()/3 {
			return nil, fmt.Errorf("%s: %d searches of kind %d found nothing", what, n, kind)
		}
	}
	return r, nil
}

// nearly moves the server's clock to shortly before the next hour, and returns when it strikes by our own.
func (s *stormSite) nearly(ctx context.Context, before time.Duration) (time.Time, error) {
	var clock struct{ Now time.Time }
	if err := s.server.Call(ctx, http.MethodGet, "/v1/sandbox/clock", nil, &clock); err != nil {
		return time.Time{}, err
	}
	hour := clock.Now.Add(before).Truncate(time.Hour).Add(time.Hour)
	if err := s.server.Call(ctx, http.MethodPost, "/v1/sandbox/clock", map[string]any{"now": hour.Add(-before).UTC().Format(time.RFC3339)}, &clock); err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(hour.Sub(clock.Now)), nil
}

func until(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const profiledSeconds = 20

// stormProfile writes a CPU profile of the server from the hour on.
func (o Options) stormProfile(ctx context.Context, s *stormSite, name string) (stop func() error, err error) {
	if o.Profile == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(filepath.Join(o.Profile, name+".cpu.pprof"))
	if err != nil {
		return nil, err
	}
	allocs, err := os.Create(filepath.Join(o.Profile, name+".allocs.pprof"))
	if err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	var running errgroup.Group
	running.Go(func() error { return s.server.Profile(ctx, fmt.Sprintf("profile?seconds=%d", profiledSeconds), cpu) })
	return func() error {
		return errors.Join(running.Wait(), s.server.Profile(ctx, "allocs", allocs), cpu.Close(), allocs.Close())
	}, nil
}
