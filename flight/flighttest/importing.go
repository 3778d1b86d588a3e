package flighttest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/feed"
	"holdfast/flight"
)

func sameFile(w *world) {
	w.shuttle()
	before := w.desk.Calls()
	r := w.shuttle()
	if r.Same != 150 || r.Added+r.Changed+r.Removed != 0 || r.Applied {
		w.t.Errorf("%+v", r)
	}
	if n := w.desk.Calls(); n != before {
		w.t.Errorf("reservation was asked %d times for nothing", n-before)
	}
	x := feed.Departure{Carrier: "HF", Number: "10", From: "LIS", To: "OPO", Date: today - 2, Departs: 600, Minutes: 60, Flown: true, DepartDelay: 5, ArriveDelay: -3, Seats: 50}
	read := dated(x)
	w.load(read, func(o *flight.ImportOptions) { o.Feed = "dated" })
	if r := w.load(read, func(o *flight.ImportOptions) { o.Feed = "dated" }); r.Same != 1 || r.Applied {
		w.t.Errorf("%+v", r)
	}
	d := w.lookup("HF10", today-2)
	if d.State != flight.Departed || d.Legs[0].Departs.Sub(d.Legs[0].Planned.Departs) != 5*time.Minute {
		w.t.Errorf("%+v", d)
	}
}

func oneDifference(w *world) {
	a, b, c := leg("1", "LIS", "OPO", 600, 660), leg("2", "LIS", "OPO", 700, 760), leg("3", "LIS", "OPO", 800, 860)
	w.load(legs(a, b))
	b.Departs += 10
	r := w.load(legs(b, c), func(o *flight.ImportOptions) { o.MaxRemoved = 0.5 })
	if r.Added != 30 || r.Changed != 30 || r.Removed != 30 || r.Same != 0 {
		w.t.Errorf("%+v", r)
	}
	_, err := w.core.Lookup(w.t.Context(), "HF1", today+1)
	if d := w.lookup("HF1", today+1); err != nil || d.State != flight.Cancelled {
		w.t.Errorf("a departure that was on sale and is gone: %v, %s", err, d.State)
	}
	_, err = w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF1", Date: today + 1, Party: one})
	wantReason(w.t, err, "flight_cancelled")
	if found := routes(w.find("LIS", "OPO", today+1)); len(found) != 2 {
		w.t.Errorf("found %v", found)
	}
	if s := must[[]*flight.Schedule](w.t)(w.core.Schedules(w.t.Context(), w.staff, w.supplier)); len(s) != 2 {
		w.t.Errorf("%d schedules", len(s))
	}
	// It comes back, and can be sold again.
	r = w.load(legs(a, b, c))
	if r.Added != 30 || r.Same != 60 {
		w.t.Errorf("%+v", r)
	}
	if _, err := w.book("HF1", today+1, one); err != nil {
		w.t.Error(err)
	}
	// Another feed of the supplier takes nothing away.
	d := leg("4", "LIS", "OPO", 900, 960)
	if r := w.load(legs(d), func(o *flight.ImportOptions) { o.Feed = "charter" }); r.Removed != 0 || r.Added != 30 {
		w.t.Errorf("%+v", r)
	}
	o := w.options()
	o.Feed = "charter"
	refused := must[*flight.ImportReport](w.t)(w.core.ImportSchedule(w.t.Context(), w.staff, legs(d, a), o, nil))
	if len(refused.Refused) != 30 || refused.Refused[0].Code != "other_feed" || refused.Applied {
		w.t.Errorf("%+v", refused.Refused)
	}
}

func holdsRemoval(w *world) {
	a, b := leg("1", "LIS", "OPO", 600, 660), leg("2", "LIS", "OPO", 700, 760)
	w.load(legs(a, b))
	w.clock.Advance(time.Minute)
	try := func(change func(*flight.ImportOptions)) (*flight.ImportReport, error) {
		o := w.options()
		change(&o)
		return w.core.ImportSchedule(w.t.Context(), w.staff, legs(a), o, nil)
	}
	_, err := try(func(*flight.ImportOptions) {})
	wantReason(w.t, err, "too_much_removed")
	if s := w.lookup("HF2", today+1).State; s != flight.Scheduled {
		w.t.Errorf("a file that is held made it %s", s)
	}
	dry, err := try(func(o *flight.ImportOptions) { o.DryRun = true })
	if err != nil || !dry.Held || dry.Removed != 30 || dry.Applied {
		w.t.Errorf("%v %+v", err, dry)
	}
	if r, err := try(func(o *flight.ImportOptions) { o.Force = true }); err != nil || r.Removed != 30 || !r.Applied {
		w.t.Errorf("%v %+v", err, r)
	}
}

func dryRuns(w *world) {
	o := w.options()
	o.DryRun = true
	r := must[*flight.ImportReport](w.t)(w.core.ImportSchedule(w.t.Context(), w.staff, legs(leg("1", "LIS", "OPO", 600, 660)), o, nil))
	if r.Added != 30 || r.OnSale != 30 || r.Applied {
		w.t.Errorf("%+v", r)
	}
	if _, err := w.core.Lookup(w.t.Context(), "HF1", today+1); err == nil {
		w.t.Error("a dry run left something")
	}
	if f := must[[]flight.Feed](w.t)(w.core.Feeds(w.t.Context(), w.staff, w.supplier)); len(f) != 0 {
		w.t.Errorf("a dry run left feeds %+v", f)
	}
}

func refuses(w *world) {
	good := leg("1", "LIS", "OPO", 600, 660)
	for code, spoil := range map[string]func(*feed.Leg){
		"airport_unknown":  func(l *feed.Leg) { l.To = "XXX" },
		"airport_twice":    func(l *feed.Leg) { l.To = l.From },
		"carrier_invalid":  func(l *feed.Leg) { l.Carrier = "h" },
		"number_invalid":   func(l *feed.Leg) { l.Number = "12x" },
		"times_backwards":  func(l *feed.Leg) { l.Arrives = l.Departs - 60 },
		"period_invalid":   func(l *feed.Leg) { l.Last = l.First - 1 },
		"weekdays_missing": func(l *feed.Leg) { l.Weekdays = 0 },
		"departure_twice":  func(l *feed.Leg) { l.Number = "1"; l.Variation = 2 },
	} {
		bad := leg("9", "LIS", "OPO", 800, 860)
		bad.First, bad.Last = today+1, today+1
		spoil(&bad)
		o := w.options()
		r := must[*flight.ImportReport](w.t)(w.core.ImportSchedule(w.t.Context(), w.staff, legs(good, bad), o, nil))
		if len(r.Refused) != 1 || r.Refused[0].Code != code || r.Refused[0].Line != 3 || r.Applied {
			w.t.Errorf("%s: %+v, applied %v", code, r.Refused, r.Applied)
		}
	}
	if _, err := w.core.Lookup(w.t.Context(), "HF1", today+1); err == nil {
		w.t.Error("a file with a refused line was applied")
	}
	bad := good
	bad.Number, bad.To = "9", "XXX"
	r := must[*flight.ImportReport](w.t)(w.core.ImportSchedule(w.t.Context(), w.staff, legs(good, bad), func() flight.ImportOptions {
		o := w.options()
		o.SkipRefused = true
		return o
	}(), nil))
	if r.Added != 30 || len(r.Refused) != 1 || !r.Applied {
		w.t.Errorf("%+v", r)
	}
	freight := leg("77", "LIS", "OPO", 600, 660)
	freight.ServiceType = "F"
	if r := w.load(legs(good, freight)); len(r.Warnings) != 1 || r.Warnings[0].Code != "not_passenger" || r.Same != 30 {
		w.t.Errorf("%+v", r)
	}
}

// anyOrder tells the same words in many orders: whole timetables and updates of one departure. What comes of them is
// always what the newest say. Each order has a flight and a feed of its own.
func anyOrder(w *world) {
	ctx, base := w.t.Context(), noon.UnixMicro()
	at := time.Date(2026, 11, 25, 15, 0, 0, 0, time.UTC)
	none, cancel := func(*flight.DepartureUpdate) {}, func(u *flight.DepartureUpdate) { u.Cancelled, u.Reason = true, "strike" }
	late := func(u *flight.DepartureUpdate) {
		u.Times = []flight.LegTimes{{Departs: at, Arrives: at.Add(time.Hour)}}
	}
	const gone = -1
	type word struct {
		stamp   int64
		departs int32 // of a timetable; 0: an update
		live    func(*flight.DepartureUpdate)
	}
	for n, words := range [][]word{
		{{1, 600, nil}, {2, 0, cancel}, {3, 0, late}, {4, 0, none}},
		{{1, 600, nil}, {2, 0, late}, {3, 660, nil}, {4, 0, cancel}},
		{{1, 600, nil}, {2, 0, cancel}, {3, 660, nil}},
		{{1, 600, nil}, {2, 0, late}, {3, gone, nil}, {4, 0, cancel}},
		{{1, 600, nil}, {2, 660, nil}, {3, 0, late}, {4, 600, nil}, {5, 0, late}},
	} {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		var want look
		for try := range 16 {
			number := fmt.Sprint(1000 + n*100 + try)
			order := random.Perm(len(words))
			if try == 0 {
				slices.Sort(order)
			}
			order = append(order, order[random.IntN(len(order))]) // one is told twice
			for _, i := range order {
				x := words[i]
				if x.departs == 0 {
					u := flight.DepartureUpdate{Carrier: "HF", Number: number, Date: today + 5, From: "LIS", To: "OPO", Stamp: base + x.stamp}
					x.live(&u)
					must[*flight.UpdateReport](w.t)(w.core.Updates(ctx, w.staff, w.supplier, []flight.DepartureUpdate{u}))
					continue
				}
				l := leg(number, "LIS", "OPO", x.departs, x.departs+60)
				l.First, l.Last = today+5, today+5
				other := leg(number, "OPO", "FRA", 300, 480) // in the timetable all along
				o := w.options()
				o.Feed, o.Stamp, o.Force = number, base+x.stamp, true
				read := legs(l, other)
				if x.departs == gone {
					read = legs(other)
				}
				must[*flight.ImportReport](w.t)(w.core.ImportSchedule(ctx, w.staff, read, o, nil))
			}
			got := w.look(number)
			if try == 0 {
				want = got
			}
			if !equal(got, want) {
				w.t.Errorf("case %d: told in the order %v it is %+v, want %+v", n, order, got, want)
			}
		}
	}
}

// look is what can be seen of a departure.
type look struct {
	State  string
	Legs   []flight.Leg
	Reason string
}

// look is the departure of a number from LIS. One that was never on sale when it was taken out of its timetable is not
// shown, and one that was is cancelled, for those who may be booked on it: both are gone.
func (w *world) look(number string) look {
	w.t.Helper()
	f := must[*flight.Flight](w.t)(w.core.Lookup(w.t.Context(), "HF"+number, today+5))
	for i := range f.Departures {
		d := &f.Departures[i]
		if d.From != "LIS" || d.Removed {
			continue
		}
		l := look{State: d.State.String()}
		for _, g := range d.Legs {
			l.Legs = append(l.Legs, g.Leg, g.Planned)
		}
		if d.Live != nil {
			l.Reason = d.Live.Reason
		}
		return l
	}
	return look{State: "gone"}
}

func awaits(w *world) {
	u := flight.DepartureUpdate{Carrier: "HF", Number: "1", Date: today + 1, From: "LIS", To: "OPO", Cancelled: true, Stamp: noon.UnixMicro() + 10_000_000_000}
	r := must[*flight.UpdateReport](w.t)(w.core.Updates(w.t.Context(), w.staff, w.supplier, []flight.DepartureUpdate{u, {Carrier: "HF", Number: "2", Date: today + 1}}))
	if r.Awaiting != 1 || len(r.Refused) != 1 || r.Refused[0].Code != "flight_ambiguous" || r.Refused[0].Line != 2 {
		w.t.Errorf("%+v", r)
	}
	_, err := w.core.Lookup(w.t.Context(), "HF1", today+1)
	wantReason(w.t, err, "flight_not_found")
	w.load(legs(leg("1", "LIS", "OPO", 600, 660)))
	if s := w.lookup("HF1", today+1).State; s != flight.Cancelled {
		w.t.Errorf("word that came before the timetable: %s", s)
	}
	if found := w.find("LIS", "OPO", today+1); len(found) != 0 {
		w.t.Errorf("found %v", routes(found))
	}
}
