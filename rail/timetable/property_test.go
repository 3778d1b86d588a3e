package timetable_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/rail/timetable"
	"holdfast/test/prove/effort"
)

// noon is close to where one slice of time ends and the next begins, and to where a day does.
const noon = int64(1_700_006_390)

// draw makes things up from a seed. rapid draws the seed and the size: what it draws piece by piece is small and alike, and
// such networks have nothing to change to.
type draw struct {
	*rand.Rand
	unit int64 // seconds: times are multiples
}

// each calls a property with networks and draws.
func each(t *testing.T, property func(*rapid.T, *draw, *network)) {
	trials := effort.Runs(t, 1200) / 100 // rapid draws 100 times
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		runs := 96 >> rapid.IntRange(0, 4).Draw(t, "fewer")
		for i := range max(trials, 1) {
			d := &draw{rand.New(rand.NewPCG(seed, uint64(i))), 0}
			d.unit = []int64{1, 60, 3600}[d.IntN(3)]
			property(t, d, d.network(2+d.IntN(10), d.IntN(5), runs))
		}
	})
}

func (d *draw) seconds(least, most int64) int64 { return d.unit * (least + d.Int64N(most-least+1)) }

// network is stations in a ring, and runs between neighbours with all that a timetable may have, close enough together in
// time to meet.
func (d *draw) network(stations, footpaths, runs int) *network {
	n := &network{}
	for range stations {
		n.stations = append(n.stations, timetable.Station{Transfer: int32(d.seconds(0, 3))})
	}
	for range footpaths {
		p := timetable.Footpath{From: timetable.StationID(d.IntN(stations)), To: timetable.StationID(d.IntN(stations)), Seconds: int32(d.seconds(1, 5))}
		if p.From != p.To {
			n.footpaths = append(n.footpaths, p)
		}
	}
	for range runs {
		n.runs = append(n.runs, timetable.Run{Calls: d.calls(stations)})
	}
	return n
}

func (d *draw) calls(stations int) (calls []timetable.Call) {
	at, station, way := noon+d.seconds(-15, 25), d.IntN(stations), 1+d.IntN(2)*max(stations-2, 0)
	for range 2 + d.IntN(1+d.IntN(4)) {
		c := timetable.Call{Station: timetable.StationID(station), Arrive: at}
		at += d.seconds(0, 2)
		c.Depart = at
		at += d.seconds(0, 4)
		kind := d.IntN(20)
		c.Board, c.Alight, c.Cut = kind != 0 && kind != 1, kind != 0 && kind != 2, kind == 3
		calls = append(calls, c)
		if station = (station + way) % stations; d.IntN(8) == 0 {
			station = d.IntN(stations)
		}
	}
	return calls
}

// query asks for something; the same one is asked of all three searches.
func (d *draw) query(n *network) timetable.Query {
	ids := func() (ids []timetable.StationID) {
		for _, s := range d.Perm(len(n.stations))[:1+d.IntN(5)/4] {
			ids = append(ids, timetable.StationID(s))
		}
		return ids
	}
	q := timetable.Query{From: ids(), To: ids(), MaxChanges: []int{-1, timetable.MostChanges, 3, 2, 1, 0}[d.IntN(6)]}
	times := []int64{noon}
	for _, r := range n.runs {
		for _, c := range r.Calls {
			times = append(times, c.Arrive, c.Depart)
		}
	}
	slices.Sort(times)
	some := func(all []int64) int64 { return all[d.IntN(len(all))] }
	q.Depart = some(times[:(len(times)+1)/2]) + int64(d.IntN(3)) - 1
	q.ArriveBy = some(times[len(times)/2:]) + int64(d.IntN(3)) - 1
	if d.IntN(3) == 0 {
		q.Longest, q.Within = some(times)-times[0], some(times)-times[0]
	}
	if salt := d.IntN(4); salt > 1 {
		q.Skip = func(run int32, from, to int) bool { return (int(run)*7+from*3+to*5+salt)%3 == 0 }
		if d.IntN(2) == 0 { // of some runs all rides are skipped, of some none
			some := q.Skip
			q.Whole = func(run int32) timetable.Extent {
				return [...]timetable.Extent{timetable.Some, timetable.None, timetable.All}[(int(run)+salt)%3]
			}
			q.Skip = func(run int32, from, to int) bool {
				extent := q.Whole(run)
				return extent == timetable.All || extent == timetable.Some && some(run, from, to)
			}
		}
	}
	return q
}

func points(journeys []timetable.Journey) (points []point) {
	for i := range journeys {
		j := &journeys[i]
		points = append(points, point{j.Depart(), j.Arrive(), j.Changes()})
	}
	return points
}

// compare asks all that may be asked and compares with the oracle.
func compare(t *rapid.T, table *timetable.Timetable, n *network, q timetable.Query) {
	one := func(name string, j timetable.Journey, ok bool, want point, wanted bool) {
		if ok != wanted {
			t.Fatalf("%s: %v %+v, want %v %+v", name, ok, j.Legs, wanted, want)
		}
		if !ok {
			return
		}
		if problem := n.wrong(q, j); problem != "" {
			t.Fatalf("%s: %s: %+v", name, problem, j.Legs)
		}
		if got := points([]timetable.Journey{j})[0]; got != want {
			t.Fatalf("%s: %+v, want %+v: %+v", name, got, want, j.Legs)
		}
	}
	j, ok := table.Earliest(q)
	want, wanted := n.earliest(q)
	one("earliest", j, ok, want, wanted)
	j, ok = table.Latest(q)
	want, wanted = n.latest(q)
	one("latest", j, ok, want, wanted)
	byArrival := q
	byArrival.Depart = 0
	for _, q := range []timetable.Query{q, byArrival} {
		found, want := table.Search(q), n.search(q)
		if got := points(found); !slices.Equal(got, want) {
			t.Fatalf("search %+v: %+v, want %+v", q, got, want)
		}
		for _, j := range found {
			if problem := n.wrong(q, j); problem != "" {
				t.Fatalf("search: %s: %+v", problem, j.Legs)
			}
		}
		limited(t, table, q, want)
	}
	halves(t, table, q)
}

// limited asks for fewer: the first to depart, or the last to arrive.
func limited(t *rapid.T, table *timetable.Timetable, q timetable.Query, all []point) {
	q.Limit = 2
	got := points(table.Search(q))
	if len(got) != min(2, len(all)) {
		t.Fatalf("%d found of %d, asked for two", len(got), len(all))
	}
	for _, p := range all {
		if q.Depart != 0 && !slices.Contains(got, p) && len(got) > 0 && p.depart < got[len(got)-1].depart {
			t.Fatalf("%+v is left out for %+v", p, got)
		}
		if q.Depart == 0 && !slices.Contains(got, p) && slices.ContainsFunc(got, func(o point) bool { return o.arrive < p.arrive }) {
			t.Fatalf("%+v is left out for %+v", p, got)
		}
	}
}

// halves asks for two windows side by side: together they are the whole.
func halves(t *rapid.T, table *timetable.Timetable, q timetable.Query) {
	q.Within = max(q.Within, 2)
	whole := points(table.Search(q))
	first, second := q, q
	first.Within = q.Within / 2
	second.Depart += first.Within + 1
	if second.Within = q.Within - first.Within - 1; second.Within == 0 {
		return // it would be the default
	}
	if got := slices.Concat(points(table.Search(first)), points(table.Search(second))); !slices.Equal(got, whole) {
		t.Fatalf("halves %+v, whole %+v", got, whole)
	}
}

// TestSearches compares with an oracle that looks at every ride.
func TestSearches(t *testing.T) {
	changes := map[int]int{}
	each(t, func(t *rapid.T, d *draw, n *network) {
		table, err := timetable.New(n.stations, n.footpaths, n.runs)
		if err != nil {
			t.Fatal(err)
		}
		q := d.query(n)
		compare(t, table, n, q)
		for _, p := range points(table.Search(q)) {
			changes[p.changes]++
		}
	})
	if t.Logf("journeys by changes: %v", changes); changes[2] < 5 {
		t.Error("hardly any journey changes twice")
	}
}

// TestChanges compares a timetable that came about by changes with one made of the same runs, and with itself before.
func TestChanges(t *testing.T) {
	each(t, func(t *rapid.T, d *draw, n *network) {
		table, err := timetable.New(n.stations, n.footpaths, n.runs)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			before, q := *n, d.query(n)
			n = &network{n.stations, n.footpaths, slices.Clone(n.runs)}
			changes := d.changes(n)
			old := table
			if table, err = old.With(changes); err != nil {
				t.Fatal(err)
			}
			compare(t, old, &before, q)
			compare(t, table, n, q)
			fresh, err := timetable.New(n.stations, n.footpaths, n.runs)
			if err != nil {
				t.Fatal(err)
			}
			if table.Hops() != fresh.Hops() || table.Runs() != fresh.Runs() {
				t.Fatalf("%d hops of %d runs, want %d of %d", table.Hops(), table.Runs(), fresh.Hops(), fresh.Runs())
			}
			for run := range n.runs {
				if got := table.Calls(int32(run)); !slices.Equal(got, n.runs[run].Calls) {
					t.Fatalf("run %d: %+v, want %+v", run, got, n.runs[run].Calls)
				}
			}
			same(t, table, fresh, q)
		}
	})
}

// changes are some cancellations, new times and new runs, made in n too.
func (d *draw) changes(n *network) (changes []timetable.RunChange) {
	for range 1 + d.IntN(5) {
		run := d.IntN(len(n.runs) + 1)
		var calls []timetable.Call
		if d.IntN(4) > 0 {
			calls = d.calls(len(n.stations))
		}
		if run == len(n.runs) {
			n.runs = append(n.runs, timetable.Run{})
		}
		n.runs[run] = timetable.Run{Calls: calls}
		changes = append(changes, timetable.RunChange{Run: int32(run), Calls: calls})
	}
	return changes
}

// same asks two timetables of the same runs: not even among equals do they choose differently.
func same(t *rapid.T, a, b *timetable.Timetable, q timetable.Query) {
	x, y := a.Search(q), b.Search(q)
	if !slices.EqualFunc(x, y, func(x, y timetable.Journey) bool { return slices.Equal(x.Legs, y.Legs) }) {
		t.Fatalf("%+v and %+v", x, y)
	}
}
