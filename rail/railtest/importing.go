package railtest

import (
	"context"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/rail"
	"holdfast/reservation"
	"holdfast/uid"
)

func differs(w *world) {
	w.load(lines(), w.options())
	f := lines()
	f.trains[0].Calls[1].Depart += 60                                       // ICE 1 leaves Hanover later
	f.trains[2].Name = "Isar"                                               // ICE 3
	f.trains[4].Dates = days(today-3, 29)                                   // RE 5 runs a day less
	f.stations[5].Name = "Celle (Bahnhof)"                                  // one changed,
	f.stations = append(f.stations, feed.Station{Code: "ULM", Name: "Ulm"}) // one more
	f.trains = append(f.trains, feed.Train{Key: "7", Number: "IC 7", Category: "IC", Zone: "Europe/Berlin", Calls: []feed.Call{call("MUE", 0, 0), call("ULM", 3600, 3600)}, Dates: days(today+1, 3)})
	o := w.options()
	o.DryRun = true
	before := w.rows()
	want := rail.Difference{Added: 1, Changed: 3, Untouched: 3}
	dry := w.load(f, o)
	if dry.Applied || dry.Trains != want || dry.RemovedRuns != 1 {
		w.t.Errorf("dry run: %+v", dry)
	}
	same(w.t, "rows after a dry run", w.rows(), before)
	o.DryRun = false
	r := w.load(f, o)
	if !r.Applied || r.Trains != want || r.Stations != (rail.Difference{Added: 1, Changed: 1, Untouched: 5}) || r.RemovedRuns != 1 {
		w.t.Errorf("%+v", r)
	}
	if got := w.run("ICE 3", today+1); got.Train.Name != "Isar" {
		w.t.Errorf("ICE 3 is called %q", got.Train.Name)
	}
	if got := w.run("ICE 1", today+1); clockOf(got.Calls[1].Departs, "Europe/Berlin") != "09:43" {
		w.t.Errorf("ICE 1 leaves Hanover at %s", got.Calls[1].Departs)
	}
	same(w.t, "a new train", journeys(w.find(query("MUE", "Ulm", today+2))), []string{"IC 7 MUE 00:00-ULM 01:00"})
}

func holdsRemovals(w *world) {
	w.load(lines(), w.options())
	f := lines()
	f.trains = f.trains[:4] // two of six
	_, err := w.core.Import(w.t.Context(), w.staff, f.read, w.options(), nil)
	wantReason(w.t, err, "too_much_removed")
	o := w.options()
	o.DryRun = true
	if r := w.load(f, o); !r.TooMuch || r.Trains.Removed != 2 || r.RemovedRuns != 2*27 {
		w.t.Errorf("dry run: %+v", r)
	}
	shorter := lines()
	for i := range shorter.trains {
		shorter.trains[i].Dates = days(today-3, 20) // all trains, but 10 of 27 days to come are gone
	}
	_, err = w.core.Import(w.t.Context(), w.staff, shorter.read, w.options(), nil)
	wantReason(w.t, err, "too_much_removed")
	if len(w.find(query("HAN", "CEL", today+1))) == 0 {
		w.t.Error("what was held has been applied")
	}
	o.DryRun, o.Force = false, true
	if r := w.load(f, o); !r.Applied || r.Trains.Removed != 2 || r.Sale.Withdrawn == 0 {
		w.t.Errorf("by force: %+v", r)
	}
	if found := w.find(query("HAN", "CEL", today+1)); len(found) != 0 {
		w.t.Errorf("removed trains are offered: %v", journeys(found))
	}
	_, err = w.core.Trains(w.t.Context(), "RE 5", today+1)
	wantReason(w.t, err, "train_not_found")
	if r := w.load(lines(), w.options()); r.Trains != (rail.Difference{Added: 2, Untouched: 4}) {
		w.t.Errorf("back again: %+v", r.Trains)
	}
	if len(w.find(query("HAN", "CEL", today+1))) == 0 {
		w.t.Error("a train that is back is not offered")
	}
	o.Force, o.MaxRemovedBP = false, 5_000
	if r := w.load(f, o); !r.Applied {
		w.t.Errorf("within the share: %+v", r)
	}
}

func refusesLines(w *world) {
	f := lines()
	f.trains[0].Calls[1].Arrive = at(7, 0)        // back in time
	f.trains[1].Calls[1].Station = "NOWHERE"      // not there
	f.trains[2].Number = "a number much too long" // does not fit
	f.stations[1].Latitude = 91
	f.remarks = []*feed.Error{{File: "trips.txt", Line: 7, Code: "route_unknown", Message: "m"}, {Line: 8, Code: "likely", Message: "m", Warning: true}}
	r := w.load(f, w.options())
	if r.Applied || len(w.rows().Trains) != 0 {
		w.t.Errorf("a file with refused lines was applied: %+v", r)
	}
	codes := map[string]int{}
	for _, n := range r.Refused {
		codes[n.Code]++
	}
	same(w.t, "refused", codes, map[string]int{"route_unknown": 1, "train_invalid": 3, "station_invalid": 1, "station_unknown": 2})
	o := w.options()
	o.SkipRefused = true
	if r := w.load(f, o); !r.Applied || r.Trains.Added != 3 {
		w.t.Errorf("%+v", r)
	}
	// A train that the next file fails to describe stays as it was; it is not taken for gone.
	w.load(lines(), w.options())
	if r := w.load(f, o); r.Trains.Removed != 0 || len(w.find(query("BER", "KOE", today+1))) == 0 {
		w.t.Errorf("trains that were refused are gone: %+v", r.Trains)
	}
}

func shifts(w *world) {
	f := lines()
	for i := range f.trains {
		f.trains[i].Dates = days(civil.DateOf(2026, 7, 6), 7) // a week of summer time
	}
	o := w.options()
	o.ShiftWeeks = 20
	w.load(f, o)
	r := w.run("ICE 1", today+3) // Monday 6 July + 20 weeks is Monday 23 November
	if got := r.Calls[0].Departs.UTC().Format("2006-01-02T15:04Z07:00"); got != "2026-11-23T07:00Z" {
		w.t.Errorf("ICE 1 leaves at %s: 08:00 is 07:00 UTC in winter", got)
	}
	_, err := w.core.Trains(w.t.Context(), "ICE 1", today+2)
	wantReason(w.t, err, "train_not_found")
}

// Places of trains in lines.
const (
	nightTrain = 3
	loopTrain  = 4
)

// stamps plays whole files and partial ones in every order: what is there in the end is always the same.
func stamps(w *world) {
	whole := func(stamp int64, minute int32, without ...int) func() {
		return func() {
			f := lines()
			f.trains[0].Calls[2].Arrive += minute * 60
			f.trains[0].Calls[2].Depart += minute * 60
			for _, n := range without {
				f.trains = slices.Delete(f.trains, n, n+1)
			}
			o := w.options()
			o.Stamp, o.Force = stamp, true
			w.load(f, o)
		}
	}
	part := func(stamp int64, minute int32) func() {
		return func() {
			f := lines()
			f.trains = f.trains[:1]
			f.trains[0].Calls[2].Arrive += minute * 60
			f.trains[0].Calls[2].Depart += minute * 60
			more := lines().trains[2]
			more.Key, more.Number = "more", "IC 11"
			f.trains = append(f.trains, more)
			o := w.options()
			o.Stamp, o.Partial = stamp, true
			w.load(f, o)
		}
	}
	steps := []func(){part(20, 5), whole(30, 7, nightTrain), part(40, 9), whole(10, 0, loopTrain)}
	for order, permutation := range permutations(len(steps)) {
		w.supplier = uid.New()
		w.staff.Supplier = w.supplier
		whole(5, 0)()
		for _, i := range permutation {
			steps[i]()
		}
		r := w.runs("ICE 1")
		if len(r) != 1 || clockOf(r[0].Calls[2].Arrives, "Europe/Berlin") != "12:09" {
			w.t.Fatalf("order %d %v: ICE 1 is %v", order, permutation, r)
		}
		if n := len(w.runs("NJ 9")); n != 0 {
			w.t.Fatalf("order %d %v: a train that the newest whole file has not is there", order, permutation)
		}
		for _, number := range []string{"IC 2", "RE 5", "IC 11"} {
			if n := len(w.runs(number)); n != 1 {
				w.t.Fatalf("order %d %v: %d runs of %s", order, permutation, n, number)
			}
		}
		w.load(&file{}, rail.ImportOptions{Supplier: w.supplier, Force: true, Stamp: 100}) // so that the next order is alone
	}
}

// runs are those of the world's supplier tomorrow.
func (w *world) runs(number string) (out []*rail.RunInfo) {
	w.t.Helper()
	all, _ := w.core.Trains(w.t.Context(), number, today+1)
	for _, r := range all {
		if r.Train.Supplier == w.supplier {
			out = append(out, r)
		}
	}
	return out
}

func permutations(n int) (out [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, p := range permutations(n - 1) {
		for i := range n {
			out = append(out, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return out
}

// killed lets a process die after it has stored a file and before the stock is made, and one after that.
func killed(w *world) {
	for n, cut := range []func(){
		func() { w.desk.Fail(unavailable) },
		func() { w.desk.Lose(unavailable) }, // the pools are made, and nobody hears of it
	} {
		w.supplier = uid.New()
		w.staff.Supplier = w.supplier
		cut()
		r := w.load(lines(), w.options())
		if !r.Applied || r.Sale.OnSale != 0 || r.Sale.Waiting == 0 {
			w.t.Errorf("%d: %+v", n, r)
		}
		for _, p := range w.find(query("BER", "KOE", today+1)) {
			if p.Offer.Pieces[0].Supplier == w.supplier {
				w.t.Errorf("%d: a preparing train is offered", n)
			}
		}
		if runs := w.runs("ICE 1"); len(runs) != 1 || !runs[0].Preparing {
			w.t.Errorf("%d: runs %v", n, runs)
		}
		// That process is gone now; the next one has a working reservation.
		if err := w.core.Stop(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.desk.Fail(nil)
		w.desk.Lose(nil)
		w.core = w.start()
		if err := w.core.CatchUp(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		runs := w.runs("ICE 1")
		if len(runs) != 1 || runs[0].Preparing || runs[0].Pools[1] == 0 {
			w.t.Fatalf("%d: after the next start ICE 1 is %+v", n, runs)
		}
	}
}

// findsOut loses the answers of commits.
func findsOut(w *world) {
	w.forget.Forget(1, true)
	if r := w.load(lines(), w.options()); !r.Applied || r.Trains.Added != 6 || r.Sale.Waiting != 0 {
		w.t.Errorf("a file that was stored and forgotten: %+v", r)
	}
	f := lines()
	f.trains[0].Name = "another"
	w.forget.Forget(1, false)
	_, err := w.core.Import(w.t.Context(), w.staff, f.read, w.options(), nil)
	wantReason(w.t, err, "overloaded")
	if got := w.run("ICE 1", today+1); got.Train.Name != "" {
		w.t.Error("a file that was lost shows")
	}
	if r := w.load(f, w.options()); r.Trains.Changed != 1 {
		w.t.Errorf("again: %+v", r)
	}
}

// several processes see what the others import, and sell.
func several(w *world) {
	other := w.start()
	w.load(lines(), w.options())
	if err := other.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	q := query("BER", "KOE", today+1)
	here := w.find(q)
	there := must[[]rail.JourneyProposal](w.t)(other.Search(w.t.Context(), q))
	same(w.t, "journeys elsewhere", journeys(there), journeys(here))
	must[*reservation.Reservation](w.t)(w.place(there[0].Sealed))
	free := func(c *rail.Core) int32 {
		return must[[]rail.JourneyProposal](w.t)(c.Search(w.t.Context(), q))[0].Available
	}
	if free(w.core) != here[0].Available-1 || free(other) != here[0].Available-1 {
		w.t.Errorf("free are %d here and %d there, want %d", free(w.core), free(other), here[0].Available-1)
	}
	f := lines()
	f.trains[0].Name = "another"
	if r := must[*rail.ImportReport](w.t)(other.Import(w.t.Context(), w.staff, f.read, w.options(), nil)); r.Trains.Changed != 1 {
		w.t.Errorf("%+v", r)
	}
	if err := w.core.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if got := w.run("ICE 1", today+1); got.Train.Name != "another" {
		w.t.Error("what another process changed does not show")
	}
}

// rollsForward puts the days that come within the horizon on sale, and forgets what is long past.
func rollsForward(w *world) {
	w.load(lines(), w.options())
	if p := w.find(query("BER", "KOE", today+4)); len(p) == 0 {
		w.t.Error("the last day of the horizon is not on sale")
	}
	_, err := w.core.Search(w.t.Context(), query("BER", "KOE", today+5))
	wantReason(w.t, err, "beyond_horizon")
	_, err = w.core.BestOffer(w.t.Context(), ride("ICE 1", today+5, "BER", "KOE"))
	wantReason(w.t, err, "not_on_sale")
	w.clock.Advance(24 * time.Hour)
	if err := w.core.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if p := w.find(query("BER", "KOE", today+5)); len(p) == 0 {
		w.t.Error("the next day is not on sale")
	}
	calls, writes := w.desk.Calls(), w.forget.Writes()
	if err := w.core.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if w.desk.Calls() != calls || w.forget.Writes() != writes {
		w.t.Error("rolling forward twice does it twice")
	}
}

func importsCoaches(w *world) {
	w.load(lines(), w.options())
	old := w.run("ICE 3", today+1)
	list := coachList{
		types: []feed.CoachType{{Code: "Apm", First: 50}, {Code: "Bpm", Second: 80}, {Code: "Bvm", Second: 60, Compartments: 60}},
		compositions: []feed.Composition{
			{Line: 2, Train: "ICE 1", Coaches: []feed.Coach{{Number: "1", Type: "Apm"}, {Number: "2", Type: "Bpm"}, {Number: "3", Type: "Bpm", From: "HAN"}}},
			{Line: 3, Train: "ICE 1", Weekdays: 1 << 6, Coaches: []feed.Coach{{Number: "2", Type: "Bvm"}, {Number: "4", Type: "WR"}}},
			{Line: 4, Train: "ICE 4711", Coaches: []feed.Coach{{Number: "2", Type: "Bvm"}}},
		},
	}
	r := must[*rail.ImportReport](w.t)(w.core.ImportCompositions(w.t.Context(), w.staff, list.read, w.options(), nil))
	if !r.Applied || r.Types.Added != 3 || r.Compositions.Added != 3 || len(r.Warnings) != 1 || r.Sale.Replaced == 0 || r.Sale.OnSale != r.Sale.Replaced {
		w.t.Errorf("%+v", r)
	}
	weekday, sunday := w.run("ICE 1", today+3), w.run("ICE 1", today+2) // 23 November is a Monday
	if weekday.Seats != [2]int32{50, 160} || sunday.Seats != [2]int32{0, 60} {
		w.t.Errorf("seats on Monday %v, on Sunday %v", weekday.Seats, sunday.Seats)
	}
	if got := w.run("ICE 3", today+1); got.Pools != old.Pools {
		w.t.Error("a train that no list names has other pools")
	}
	// Coach 3 joins in Hanover: 80 seats to there, 160 from there on.
	for _, c := range []struct {
		from, to string
		free     int32
	}{{"BER", "HAN", 80}, {"HAN", "KOE", 160}, {"BER", "KOE", 80}} {
		p := w.find(query(c.from, c.to, today+3))
		if len(p) == 0 || p[0].Legs[0].Train.Number != "ICE 1" || p[0].Available != c.free {
			w.t.Errorf("%s-%s: %+v, want %d free on ICE 1", c.from, c.to, journeys(p), c.free)
		}
	}
	if r := must[*rail.ImportReport](w.t)(w.core.ImportCompositions(w.t.Context(), w.staff, list.read, w.options(), nil)); r.Applied || r.Compositions != (rail.Difference{Untouched: 3}) {
		w.t.Errorf("again: %+v", r)
	}
	again := w.load(lines(), w.options())
	if again.Templated.Composition != again.Runs-30 {
		w.t.Errorf("of %d runs %d used a template", again.Runs, again.Templated.Composition)
	}
}

// coachList is a list of coaches in memory.
type coachList struct {
	types        []feed.CoachType
	compositions []feed.Composition
}

func (l *coachList) read(_ context.Context, sink feed.CoachSink) error {
	for _, t := range l.types {
		if err := sink.Type(t); err != nil {
			return err
		}
	}
	for _, c := range l.compositions {
		if err := sink.Composition(c); err != nil {
			return err
		}
	}
	return nil
}
