package timetable_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/rail/timetable"
)

// clock is a time of a day, or of a night after it, on the service date of these tests.
func clock(hour, minute int64) int64 { return 1_700_006_400 + hour*3600 + minute*60 }

// calls makes a run: station, arrival and departure, in minutes after noon of the date.
func calls(stops ...[3]int64) timetable.Run {
	r := timetable.Run{}
	for _, s := range stops {
		r.Calls = append(r.Calls, timetable.Call{Station: timetable.StationID(s[0]), Arrive: clock(12, s[1]), Depart: clock(12, s[2]), Board: true, Alight: true})
	}
	return r
}

func table(t *testing.T, stations []timetable.Station, paths []timetable.Footpath, runs ...timetable.Run) *timetable.Timetable {
	t.Helper()
	made, err := timetable.New(stations, paths, runs)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func query(from, to timetable.StationID, depart int64) timetable.Query {
	return timetable.Query{From: []timetable.StationID{from}, To: []timetable.StationID{to}, Depart: depart, MaxChanges: timetable.MostChanges}
}

// expect asks for the earliest arrival and compares the runs of its legs, walks as -1; none: there is no journey.
func expect(t *testing.T, tt *timetable.Timetable, q timetable.Query, runs ...int32) timetable.Journey {
	t.Helper()
	j, ok := tt.Earliest(q)
	var got []int32
	for _, l := range j.Legs {
		got = append(got, l.Run)
	}
	if ok != (len(runs) > 0) || !slices.Equal(got, runs) {
		t.Errorf("%v to %v: runs %v, want %v: %+v", q.From, q.To, got, runs, j.Legs)
	}
	return j
}

func TestTransferTimes(t *testing.T) {
	stations := []timetable.Station{{Transfer: 600}, {Transfer: 300}, {Transfer: 600}, {Transfer: 600}}
	first, onward := calls([3]int64{0, 0, 0}, [3]int64{1, 30, 30}), calls([3]int64{1, 35, 35}, [3]int64{2, 60, 60})
	expect(t, table(t, stations, nil, first, onward), query(0, 2, clock(12, 0)), 0, 1) // at once at the first and the last station
	expect(t, table(t, stations, nil, first, onward), query(0, 2, clock(12, 0)+1))
	hurried := calls([3]int64{1, 34, 34}, [3]int64{2, 60, 60})
	expect(t, table(t, stations, nil, first, hurried), query(0, 2, clock(12, 0)))

	other := calls([3]int64{3, 34, 34}, [3]int64{2, 60, 60})
	walk := func(seconds int32) []timetable.Footpath {
		return []timetable.Footpath{{From: 1, To: 3, Seconds: seconds}}
	}
	expect(t, table(t, stations, walk(240), first, other), query(0, 2, clock(12, 0)), 0, -1, 1) // in place of transfer times, not besides
	expect(t, table(t, stations, walk(241), first, other), query(0, 2, clock(12, 0)))
	expect(t, table(t, stations, walk(240), first), query(0, 3, clock(12, 0)), 0, -1)
	if j := expect(t, table(t, stations, walk(240), other), query(1, 2, clock(12, 0)), -1, 0); j.Depart() != clock(12, 30) {
		t.Errorf("leaves at %d for the walk, want %d", j.Depart(), clock(12, 30))
	}
	expect(t, table(t, stations, []timetable.Footpath{{From: 0, To: 2, Seconds: 60}}, first), query(0, 2, clock(12, 0))) // no ride, no journey
}

// A run that calls at a station twice: who is aboard stays, who boards at the second call is not at the first.
func TestStaysSeated(t *testing.T) {
	stations := make([]timetable.Station, 4)
	for i := range stations {
		stations[i].Transfer = 900
	}
	loop := calls([3]int64{0, 0, 0}, [3]int64{1, 10, 12}, [3]int64{2, 20, 21}, [3]int64{1, 30, 32}, [3]int64{3, 50, 50})
	tt := table(t, stations, nil, loop)
	if j := expect(t, tt, query(0, 3, clock(12, 0)), 0); j.Legs[0].From != 0 || j.Legs[0].To != 4 {
		t.Errorf("%+v", j.Legs)
	}
	if j := expect(t, tt, query(1, 3, clock(12, 0)), 0); j.Legs[0].From != 3 || j.Depart() != clock(12, 32) {
		t.Errorf("boards at call %d: the second time at the station is the last departure", j.Legs[0].From)
	}
	if j := expect(t, tt, query(0, 1, clock(12, 0)), 0); j.Legs[0].To != 1 {
		t.Errorf("alights at call %d", j.Legs[0].To)
	}
	expect(t, tt, query(2, 0, clock(12, 0)))
}

func TestBoardAndAlight(t *testing.T) {
	stations := make([]timetable.Station, 4)
	r := calls([3]int64{0, 0, 0}, [3]int64{1, 10, 12}, [3]int64{2, 20, 21}, [3]int64{3, 30, 30})
	r.Calls[1].Board, r.Calls[2].Alight = false, false
	tt := table(t, stations, nil, r)
	expect(t, tt, query(0, 1, clock(12, 0)), 0)
	expect(t, tt, query(1, 3, clock(12, 0)))
	expect(t, tt, query(0, 2, clock(12, 0)))
	expect(t, tt, query(2, 3, clock(12, 0)), 0)
	expect(t, tt, query(0, 3, clock(12, 0)), 0) // through both
}

func TestCut(t *testing.T) {
	stations := make([]timetable.Station, 4)
	r := calls([3]int64{0, 0, 0}, [3]int64{1, 10, 12}, [3]int64{2, 20, 21}, [3]int64{3, 30, 30})
	r.Calls[1].Cut = true
	tt := table(t, stations, nil, r)
	expect(t, tt, query(0, 1, clock(12, 0)), 0)
	expect(t, tt, query(0, 2, clock(12, 0)))
	expect(t, tt, query(1, 2, clock(12, 0)))
	expect(t, tt, query(2, 3, clock(12, 0)), 0)
}

// A train over two nights, in a zone whose clocks change on the way, is found on the day on which it is boarded.
func TestNights(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, date := range map[string]string{"summer": "2026-07-01", "clocks forward": "2026-03-28", "clocks back": "2026-10-24"} {
		d := civil.MustParse(date)
		at := func(hour, minute int32) int64 { return civil.ServiceTime(d, zone, hour*3600+minute*60).Unix() }
		r := timetable.Run{}
		for i, hours := range [][2]int32{{22, 0}, {25, 30}, {49, 40}, {57, 40}} {
			r.Calls = append(r.Calls, timetable.Call{Station: timetable.StationID(i), Arrive: at(hours[0], hours[1]), Depart: at(hours[0], hours[1]), Board: true, Alight: true})
		}
		tt := table(t, make([]timetable.Station, 4), nil, r)
		midnight := d.Add(2).In(zone, 0, 0).Unix()
		j := expect(t, tt, query(2, 3, midnight), 0)
		if len(j.Legs) == 1 && (j.Depart() != at(49, 40) || j.Arrive() != at(57, 40)) {
			t.Errorf("%s: %+v", name, j.Legs)
		}
		if found := tt.Search(query(2, 3, midnight)); len(found) != 1 {
			t.Errorf("%s: search finds %+v", name, found)
		}
		expect(t, tt, query(1, 3, midnight))
	}
}

func TestRefuses(t *testing.T) {
	good := calls([3]int64{0, 0, 0}, [3]int64{1, 10, 10})
	for name, c := range map[string]struct {
		want   string
		change func(*timetable.Run)
	}{
		"station":        {"run 1, call 1: station 2 is unknown", func(r *timetable.Run) { r.Calls[1].Station = 2 }},
		"no station":     {"run 1, call 0: station -1 is unknown", func(r *timetable.Run) { r.Calls[0].Station = -1 }},
		"back":           {"run 1, call 1: arrives 60 s before", func(r *timetable.Run) { r.Calls[1].Arrive = r.Calls[0].Depart - 60 }},
		"back at a call": {"run 1, call 0: departs 60 s before", func(r *timetable.Run) { r.Calls[0].Depart = r.Calls[0].Arrive - 60 }},
		"one call":       {"run 1: one call", func(r *timetable.Run) { r.Calls = r.Calls[:1] }},
		"no time":        {"run 1, call 0: arrives at 0", func(r *timetable.Run) { r.Calls[0] = timetable.Call{} }},
		"milliseconds":   {"no Unix seconds", func(r *timetable.Run) { r.Calls[0].Depart *= 1_000_000_000; r.Calls[1].Arrive *= 1_000_000_000 }},
		"slow": {"run 1, call 1: arrives 3456001 s after", func(r *timetable.Run) {
			r.Calls[1].Arrive = r.Calls[0].Depart + timetable.MaxHop + 1
			r.Calls[1].Depart = r.Calls[1].Arrive
		}},
		"long": {"run 1: 1025 calls: at most 1024", func(r *timetable.Run) { r.Calls = make([]timetable.Call, timetable.MaxCalls+1) }},
	} {
		bad := timetable.Run{Calls: slices.Clone(good.Calls)}
		c.change(&bad)
		stations := make([]timetable.Station, 2)
		_, err := timetable.New(stations, nil, []timetable.Run{good, bad, good})
		var named *timetable.RunError
		if !errors.As(err, &named) || named.Run != 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		tt := table(t, stations, nil, good, good, good)
		if _, err := tt.With([]timetable.RunChange{{Run: 1, Calls: bad.Calls}}); !errors.As(err, &named) || named.Run != 1 {
			t.Errorf("%s, as a change: %v", name, err)
		}
	}
	for want, p := range map[string]timetable.Footpath{
		"there are 2 stations": {From: 0, To: 2, Seconds: 1},
		"to itself":            {From: 1, To: 1, Seconds: 1},
		"0 s":                  {From: 0, To: 1},
	} {
		if _, err := timetable.New(make([]timetable.Station, 2), []timetable.Footpath{p}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if _, err := timetable.New([]timetable.Station{{Transfer: -1}}, nil, nil); err == nil {
		t.Error("a transfer of less than nothing")
	}
	tt := table(t, make([]timetable.Station, 2), nil, good)
	for _, run := range []int32{-1, 2} {
		if _, err := tt.With([]timetable.RunChange{{Run: run}}); err == nil {
			t.Errorf("a change of run %d, which is not there", run)
		}
	}
}

// What is not there is not found, and breaks nothing.
func TestNothing(t *testing.T) {
	empty := table(t, nil, nil)
	q := query(0, 1, clock(12, 0))
	for _, tt := range []*timetable.Timetable{empty, table(t, make([]timetable.Station, 2), nil, timetable.Run{})} {
		expect(t, tt, q)
		if found := tt.Search(q); len(found) > 0 {
			t.Errorf("%+v", found)
		}
	}
	tt := table(t, make([]timetable.Station, 2), nil, calls([3]int64{0, 0, 0}, [3]int64{1, 10, 10}))
	expect(t, tt, query(7, -3, clock(12, 0)))
	expect(t, tt, timetable.Query{Depart: clock(12, 0)})
	for _, at := range []int64{-1 << 63, 1<<63 - 1, 0, clock(12, 1)} {
		q := query(0, 1, at)
		q.Longest, q.Within, q.ArriveBy = 1<<63-1, 1<<63-1, at
		if j, ok := tt.Earliest(q); ok && at > 0 {
			t.Errorf("at %d: %+v", at, j)
		}
		tt.Latest(q)
		tt.Search(q)
	}
	if c := tt.Calls(1); c != nil {
		t.Errorf("calls of no run: %+v", c)
	}
}

// Searches go on while others search and while the owner makes changes, and allocate what they return.
func TestTogether(t *testing.T) {
	f := germany(t, civil.MustParse("2019-06-01"), 3)
	tt, q := build(t, f), timetable.Query{}
	for s := range f.Stations { // somewhere to go
		q = query(timetable.StationID(s), timetable.StationID((s+100)%len(f.Stations)), int64(civil.MustParse("2019-06-02"))*86400)
		if j, ok := tt.Earliest(q); ok && j.Changes() > 0 {
			break
		}
	}
	want := tt.Search(q)
	if len(want) == 0 {
		t.Fatal("no journey")
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				if got := tt.Search(q); !slices.EqualFunc(got, want, func(a, b timetable.Journey) bool { return slices.Equal(a.Legs, b.Legs) }) {
					t.Errorf("%+v, want %+v", got, want)
				}
			}
		})
	}
	for run := range int32(200) {
		if _, err := tt.With([]timetable.RunChange{{Run: run}}); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if n := testing.AllocsPerRun(200, func() { tt.Earliest(q) }); n > 1 {
		t.Errorf("%v allocations of a query, want the legs alone", n)
	}
	one := []timetable.RunChange{{Run: 700, Calls: tt.Calls(700)}}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := tt.With(one); err != nil {
			t.Error(err)
		}
	}); n > 60 {
		t.Errorf("%v allocations of a change", n)
	}
}

// Of journeys that arrive at the same time the one with the fewest changes is the earliest arrival, and of these the last
// to depart; whichever is seen first. Search gives both, for the other departs later.
func TestFewestChanges(t *testing.T) {
	direct := calls([3]int64{0, 0, 0}, [3]int64{2, 60, 60})
	sooner := calls([3]int64{0, 10, 10}, [3]int64{1, 20, 20})
	for _, departs := range []int64{30, 50} {
		for _, stop := range []int64{25, 55} { // of the direct one: its last hop is seen before or after that of the other
			through := calls([3]int64{0, 0, 0}, [3]int64{3, stop, stop}, [3]int64{2, 60, 60})
			onward := calls([3]int64{1, departs, departs}, [3]int64{2, 60, 60})
			tt := table(t, make([]timetable.Station, 4), nil, sooner, onward, through)
			expect(t, tt, query(0, 2, clock(12, 0)), 2)
			if found := tt.Search(query(0, 2, clock(12, 0))); len(found) != 2 || found[0].Changes() != 0 || found[1].Depart() != clock(12, 10) {
				t.Errorf("%+v", found)
			}
			later := calls([3]int64{0, 5, 5}, [3]int64{2, 60, 60})
			if j := expect(t, table(t, make([]timetable.Station, 4), nil, sooner, onward, later, direct), query(0, 2, clock(12, 0)), 2); j.Depart() != clock(12, 5) {
				t.Errorf("departs at %d", j.Depart())
			}
		}
	}
}
