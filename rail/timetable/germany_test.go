package timetable_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"holdfast/civil"
	"holdfast/rail/timetable"
	"holdfast/test/prove/effort"
	"holdfast/test/timegraph"
)

// germany reads days of the German long-distance feed; it skips without data, but in CI.
func germany(tb testing.TB, from civil.Date, days int) *timegraph.Feed {
	tb.Helper()
	f, err := timegraph.Germany(tb.Context(), from, days)
	switch {
	case errors.Is(err, timegraph.ErrNoData) && os.Getenv("CI") != "true":
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
	return f
}

func build(tb testing.TB, f *timegraph.Feed) *timetable.Timetable {
	tb.Helper()
	t, err := timetable.New(f.Stations, f.Footpaths, f.Runs)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// answer is what an oracle is compared with; it fails the test where the journey is not one.
func answer(tb testing.TB, n *network, q timetable.Query, j timetable.Journey, ok bool) timegraph.Answer {
	tb.Helper()
	if ok {
		if problem := n.wrong(q, j); problem != "" {
			tb.Fatalf("%+v: %s: %+v", q, problem, j.Legs)
		}
	}
	return timegraph.AnswerOf(j, ok)
}

// TestGermany asks 1,000 random queries, of two stations and any second of ten days, and compares with Dijkstra on the
// time-expanded graph.
func TestGermany(t *testing.T) {
	from := civil.MustParse("2019-03-25") // the clocks change on the 31st
	f := germany(t, from, 14)
	table, oracle := build(t, f), timegraph.New(f.Stations, f.Footpaths, f.Runs)
	n := &network{f.Stations, f.Footpaths, f.Runs}
	found, overnight, walked := 0, 0, 0
	seeds := effort.Seeds(t, 1, 1000)
	for _, seed := range seeds {
		r := rand.New(rand.NewPCG(9, seed))
		q := timegraph.Random(r, f, from.Add(1), 10)
		if seed%4 == 0 {
			q.MaxChanges = r.IntN(4)
		}
		j, ok := table.Earliest(q)
		got, want := answer(t, n, q, j, ok), oracle.Earliest(q)
		if got != want {
			t.Fatalf("%+v: %+v, want %+v; legs %+v; %s", q, got, want, j.Legs, effort.Repeat("timetable", seed))
		}
		if ok {
			found++
			for _, l := range j.Legs {
				if l.Walk() {
					walked++
				} else if (l.Depart+3600)/86400 != (l.Arrive+3600)/86400 {
					overnight++
				}
			}
		}
	}
	t.Logf("%d stations, %d runs, %d hops: %d of %d found, %d rides over midnight, %d walks", table.Stations(), table.Runs(), table.Hops(), found, len(seeds), overnight, walked)
	if len(seeds) >= 1000 && (found < 500 || overnight < 100 || walked < 50) {
		t.Error("the queries do not test what they should")
	}
}

// TestGermanyDay compares the journeys of half a day between large stations with those that a look at every ride gives, of
// trains that are booked up and of others.
func TestGermanyDay(t *testing.T) {
	from := civil.MustParse("2019-05-03")
	f := germany(t, from.Add(-1), 3)
	table, n := build(t, f), &network{f.Stations, f.Footpaths, nil}
	calls := make([]int, len(f.Stations))
	for _, r := range f.Runs {
		for _, c := range r.Calls {
			calls[c.Station]++
		}
	}
	var large []timetable.StationID
	for s, c := range calls {
		if c > 100 {
			large = append(large, timetable.StationID(s))
		}
	}
	r := rand.New(rand.NewPCG(5, 3))
	changes := map[int]int{}
	for i := range 15 {
		q := timetable.Query{
			From: []timetable.StationID{large[r.IntN(len(large))]}, To: []timetable.StationID{large[r.IntN(len(large))]},
			Depart: int64(from)*86400 + r.Int64N(43200), Within: 6 * 3600, Longest: 15 * 3600, MaxChanges: timetable.MostChanges,
		}
		if i%2 == 0 {
			q.Skip = func(run int32, from, to int) bool { return (int(run)+from*to)%3 == 0 }
		}
		n.runs = during(f.Runs, q.Depart, q.Depart+q.Within+q.Longest)
		found := table.Search(q)
		if got, want := points(found), n.search(q); !slices.Equal(got, want) {
			t.Errorf("%+v: %+v, want %+v", q, got, want)
		}
		for _, j := range found {
			changes[j.Changes()]++
			if problem := n.wrong(q, j); problem != "" {
				t.Errorf("%s: %+v", problem, j.Legs)
			}
		}
	}
	if t.Logf("%d large stations, journeys by changes: %v", len(large), changes); changes[1] < 5 || changes[2] < 3 {
		t.Error("the queries do not test what they should")
	}
}

// during leaves out what does not run in a stretch of time; indexes stay.
func during(runs []timetable.Run, from, to int64) []timetable.Run {
	some := make([]timetable.Run, len(runs))
	for i, r := range runs {
		if n := len(r.Calls); n > 0 && r.Calls[0].Depart <= to && r.Calls[n-1].Arrive >= from {
			some[i] = r
		}
	}
	return some
}
