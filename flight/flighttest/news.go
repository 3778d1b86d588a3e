package flighttest

import (
	"sync"
	"time"

	"holdfast/flight"
	"holdfast/reservation"
)

// otherFile has a timetable change another flight after one was cancelled.
func otherFile(w *world) {
	a, b := leg("1", "LIS", "OPO", 600, 660), leg("2", "LIS", "OPO", 700, 760)
	w.load(legs(a, b))
	w.update(flight.DepartureUpdate{Carrier: "HF", Number: "1", Date: today + 1, Cancelled: true, Reason: "Strike."})
	w.clock.Advance(time.Hour)
	b.Departs += 5
	w.load(legs(a, b))
	if s := w.lookup("HF1", today+1).State; s != flight.Cancelled {
		w.t.Errorf("a cancelled flight is %s after a timetable that changes another one", s)
	}
	a.Departs += 5
	w.load(legs(a, b))
	if s := w.lookup("HF1", today+1).State; s != flight.Scheduled {
		w.t.Errorf("after a timetable that changes it it is %s", s)
	}
}

// otherLegs tells times for another number of legs than the flight has.
func otherLegs(w *world) {
	over, on := leg("1", "LIS", "OPO", 600, 660), leg("1", "OPO", "FRA", 700, 960)
	on.Sequence = 2
	w.load(legs(over, on))
	d := w.lookup("HF1", today+2)
	late := func(n int) (out []flight.LegTimes) {
		for i := range n {
			out = append(out, flight.LegTimes{Departs: d.Legs[i].Departs.Add(time.Hour), Arrives: d.Legs[i].Arrives.Add(time.Hour)})
		}
		return out
	}
	stamp := w.clock.Now().Add(time.Hour).UnixMicro()
	u := flight.DepartureUpdate{Carrier: "HF", Number: "1", Date: today + 2, Times: late(1), Stamp: stamp}
	if r := w.update(u); len(r.Refused) != 1 || r.Refused[0].Code != "times_invalid" || r.Applied != 0 {
		w.t.Errorf("%+v", r)
	}
	u.Times = late(2) // of the same stamp: nothing was known of it
	if r := w.update(u); r.Applied != 1 || w.lookup("HF1", today+2).Legs[1].Departs != u.Times[1].Departs {
		w.t.Errorf("%+v", r)
	}
}

// bySource has a partner number what it says, and others say when.
func bySource(w *world) {
	ctx := w.t.Context()
	number := func(n int64) int64 { return flight.Numbered + n }
	w.load(legs(leg("1", "LIS", "OPO", 600, 660)), func(o *flight.ImportOptions) { o.Stamp = number(7) })
	tell := func(what string, source string, stamp int64, cancelled bool, want func(*flight.UpdateReport) int, state flight.State) {
		w.t.Helper()
		r := w.update(flight.DepartureUpdate{Carrier: "HF", Number: "1", Date: today + 1, Cancelled: cancelled, Source: source, Stamp: stamp})
		if s := w.lookup("HF1", today+1).State; want(r) != 1 || s != state {
			w.t.Errorf("%s: %+v, it is %s", what, r, s)
		}
	}
	applied, old := func(r *flight.UpdateReport) int { return r.Applied }, func(r *flight.UpdateReport) int { return r.Old }
	now := w.clock.Now().UnixMicro()
	tell("staff without a version", "", 0, true, applied, flight.Cancelled)
	tell("staff with an instant", "", w.clock.Now().UnixMicro()+10, false, applied, flight.Scheduled)
	tell("the timetable's sender, older than its file", "timetable", number(6), true, old, flight.Scheduled)
	tell("the timetable's sender", "timetable", number(9), true, applied, flight.Cancelled)
	tell("another sender", "ops", number(3), false, applied, flight.Scheduled)
	tell("the timetable's sender again", "timetable", number(9), true, old, flight.Scheduled)
	tell("staff have the last word", "", 0, true, applied, flight.Cancelled)
	tell("what the other sender said before", "ops", number(2), false, old, flight.Cancelled)
	tell("the other sender goes on", "ops", number(4), false, applied, flight.Scheduled)
	tell("an instant of long ago", "times", now-1, true, applied, flight.Cancelled)

	fare := func(source string, stamp, minor int64) *flight.FareReport {
		w.t.Helper()
		return must[*flight.FareReport](w.t)(w.core.SetFares(ctx, w.staff, w.supplier, []flight.FareUpdate{{From: "LIS", To: "OPO", Class: "K", Minor: minor, Source: source, Stamp: stamp}}))
	}
	for i, c := range []struct {
		source string
		stamp  int64
		old    int
	}{{"prices", number(5), 0}, {"", 0, 0}, {"prices", number(4), 1}, {"prices", number(6), 0}, {"ops", 1, 0}, {"prices", number(6), 1}, {"", 0, 0}, {"", 0, 0}} {
		if r := fare(c.source, c.stamp, int64(5_000-i*100)); r.Old != c.old {
			w.t.Errorf("fare %d: %+v", i, r)
		}
	}
}

// listening notes what a process is told of offers.
type listening struct {
	reservation.Service
	mu   sync.Mutex
	told []reservation.Disruption
}

func (l *listening) Outdate(d reservation.Disruption) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, d)
	l.Service.Outdate(d)
}

// take is what was told since it was asked last.
func (l *listening) take() []reservation.Disruption {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.told
	l.told = nil
	return out
}

// oldOffers changes a departure while offers of it are about.
func oldOffers(w *world) {
	ctx := w.t.Context()
	desk := &listening{Service: w.desk}
	other := w.start(desk)
	w.shuttle()
	if err := other.CatchUp(ctx); err != nil || len(desk.take()) != 0 {
		w.t.Fatalf("%v: what is new makes no offer untrue", err)
	}
	offer := func() string {
		return must[*flight.BestFlight](w.t)(w.core.BestOffer(ctx, flight.FlightRequest{Number: "HF100", Date: today + 3, Party: one})).Option.Sealed
	}
	before := offer()
	d := w.lookup("HF100", today+3)
	early := []flight.LegTimes{{Departs: d.Legs[0].Departs.Add(-3 * time.Hour), Arrives: d.Legs[0].Arrives.Add(-3 * time.Hour)}}
	w.update(flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 3, Times: early})
	_, err := w.place(before)
	wantReason(w.t, err, "offer_outdated")
	if _, err := w.place(offer()); err != nil {
		w.t.Errorf("an offer of the new times: %v", err)
	}
	// Other processes hear of it as they read it.
	heard := func(of *listening, what string) {
		w.t.Helper()
		all := of.take()
		if len(all) != 1 || len(all[0].Times) != 2 || !all[0].Times[0].Departs.Equal(early[0].Departs) || all[0].Withdrawn {
			w.t.Errorf("%s: %+v", what, all)
		}
	}
	if err := other.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	heard(desk, "by polling")
	w.clock.Advance(50 * time.Minute)
	late := &listening{Service: w.desk}
	w.start(late)
	heard(late, "at the start")
	w.clock.Advance(20 * time.Minute)
	later := &listening{Service: w.desk}
	w.start(later)
	if all := later.take(); len(all) != 0 {
		w.t.Errorf("an hour later: %+v", all)
	}
}
