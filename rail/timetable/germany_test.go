package timetable_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"holdfast/civil"
	"holdfast/rail/timetable"
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
	if !ok {
		return timegraph.Answer{}
	}
	if problem := n.wrong(q, j); problem != "" {
		tb.Fatalf("%+v: %s: %+v", q, problem, j.Legs)
	}
	return timegraph.Answer{Found: true, Depart: j.Depart(), Arrive: j.Arrive(), Changes: j.Changes()}
}

// TestGermany asks 1,000 random queries, of two stations and any second of ten days, and compares with Dijkstra on the
// time-expanded graph.
func TestGermany(t *testing.T) {
	from := civil.MustParse("2019-03-25") // the clocks change on the 31st
	f := germany(t, from, 14)
	table, oracle := build(t, f), timegraph.New(f.Stations, f.Footpaths, f.Runs)
	n := &network{f.Stations, f.Footpaths, f.Runs}
	r := rand.New(rand.NewPCG(9, 2019))
	found, overnight, walked := 0, 0, 0
	for i := range 1000 {
		q := timegraph.Random(r, f, from.Add(1), 10)
		if i%4 == 0 {
			q.MaxChanges = r.IntN(4)
		}
		j, ok := table.Earliest(q)
		got, want := answer(t, n, q, j, ok), oracle.Earliest(q)
		if got != want {
			t.Fatalf("query %d %+v: %+v, want %+v; legs %+v", i, q, got, want, j.Legs)
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
	t.Logf("%d stations, %d runs, %d hops: %d of 1,000 found, %d rides over midnight, %d walks", table.Stations(), table.Runs(), table.Hops(), found, overnight, walked)
	if found < 800 || overnight < 20 || walked < 5 {
		t.Error("the queries do not test what they should")
	}
}
