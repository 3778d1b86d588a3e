package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/rail/timetable"
	"holdfast/test/load/meter"
	"holdfast/test/timegraph"
)

// The aims of B9.
const (
	railMicros    = 100 // L0, a query of the earliest arrival
	railDays      = 60  // loaded
	railQueries   = 1_000
	railQueryDays = 50 // of those, the queries are on: later ones would find the end of the timetable
)

// B9 is the search of trains: the earliest arrival between random stations at random seconds, on the German long-distance
// trains of sixty days, beside Dijkstra on the time-expanded graph. Every answer is compared first: arrival, changes and
// departure are the same, or the benchmark fails.
func B9(ctx context.Context, o Options) ([]Line, error) {
	if !slices.Contains(o.Layers, 0) {
		return nil, nil
	}
	from := civil.MustParse("2019-03-01")
	f, err := timegraph.Germany(ctx, from, railDays)
	if errors.Is(err, timegraph.ErrNoData) && os.Getenv("CI") != "true" {
		_, _ = fmt.Fprintf(o.Progress, "  b9 is left out: %v\n", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	began := time.Now()
	table, err := timetable.New(f.Stations, f.Footpaths, f.Runs)
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(o.Progress, "  %d stations, %d runs, %d hops, made in %.1f s\n", table.Stations(), table.Runs(), table.Hops(), time.Since(began).Seconds())
	graph := timegraph.New(f.Stations, f.Footpaths, f.Runs)
	r := rand.New(rand.NewPCG(60, 9)) //nolint:gosec // the same queries in every run
	queries := make([]timetable.Query, railQueries)
	found := 0
	for i := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		queries[i] = timegraph.Random(r, f, from, railQueryDays)
		got, want := timegraph.AnswerOf(table.Earliest(queries[i])), graph.Earliest(queries[i])
		if got != want {
			return nil, fmt.Errorf("query %d, %+v: %+v, Dijkstra says %+v", i, queries[i], got, want)
		}
		if want.Found {
			found++
		}
	}
	asked := queries
	if o.Short {
		asked = queries[:railQueries/4]
	}
	var ours, skipping, day, update, theirs timed
	n := 0
	for range o.Rounds {
		for _, part := range []struct {
			timed *timed
			times int
			query func(timetable.Query) error
		}{
			{&ours, 8, func(q timetable.Query) error { table.Earliest(q); return nil }},
			{&theirs, 1, func(q timetable.Query) error { graph.Earliest(q); return nil }},
			{&skipping, 4, func(q timetable.Query) error {
				q.Skip = func(run int32, _, _ int) bool { return run%8 == 0 }
				table.Earliest(q)
				return nil
			}},
			{&day, 1, func(q timetable.Query) error {
				q.Depart -= q.Depart % 86400
				table.Search(q)
				return nil
			}},
			{&update, 1, func(timetable.Query) error {
				n++
				_, err := table.With(late(table, int32(n*97%table.Runs())))
				return err
			}},
		} {
			if err := o.each(ctx, part.timed, asked, part.times, part.query); err != nil {
				return nil, err
			}
		}
	}
	line := func(name string, t *timed, note string) Line {
		return Line{Name: "b9.l0." + name, Unit: "us", Ours: t.median(), Cost: t.cost(), Note: note}
	}
	earliest := line("earliest", &ours, fmt.Sprintf("%d queries compared, all the same, %d with a journey; ratio is peer / ours", railQueries, found))
	earliest.Peer, earliest.Form, earliest.PeerCost, earliest.Most = theirs.median(), "dijkstra", theirs.cost(), railMicros
	earliest.Ratio = earliest.Peer / earliest.Ours
	return []Line{
		earliest,
		line("earliest_with_skip", &skipping, "every eighth train is booked up"),
		line("day", &day, "every journey of a day that no other is better than"),
		line("update", &update, "one train late, in a timetable of its own"),
	}, nil
}

// each asks the same queries so many times.
func (o Options) each(ctx context.Context, t *timed, queries []timetable.Query, times int, ask func(timetable.Query) error) error {
	before, began := meter.Read(0, o.Database), time.Now()
	for range times {
		for _, q := range queries {
			if err := errors.Join(ctx.Err(), ask(q)); err != nil {
				return err
			}
		}
	}
	n := times * len(queries)
	t.micros = append(t.micros, float64(time.Since(began).Microseconds())/float64(n))
	t.used, t.n = t.used.Plus(meter.Read(0, o.Database).Since(before)), t.n+int64(n)
	return nil
}

// late is a run five minutes behind its time.
func late(t *timetable.Timetable, run int32) []timetable.RunChange {
	calls := t.Calls(run)
	for i := range calls {
		calls[i].Arrive += 300
		calls[i].Depart += 300
	}
	return []timetable.RunChange{{Run: run, Calls: calls}}
}
