package flighttest

import (
	"context"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight"
	"holdfast/reservation"
	"holdfast/stock"
)

// small is a type of so many rows of four seats, and a timetable that flies with it.
func (w *world) small(rows int) *flight.Aircraft {
	w.t.Helper()
	a := must[*flight.Aircraft](w.t)(w.core.SetAircraft(w.t.Context(), w.staff, flight.Aircraft{Supplier: w.supplier, Code: "AT7", Name: "Small", Sections: sections(rows)}, 0))
	l := leg("1", "LIS", "OPO", 600, 660)
	l.Equipment, l.Configuration = "AT7", ""
	w.load(legs(l))
	return a
}

// refit gives a type another number of rows.
func (w *world) refit(a *flight.Aircraft, rows int) *flight.Aircraft {
	w.t.Helper()
	b := *a
	b.Sections = sections(rows)
	return must[*flight.Aircraft](w.t)(w.core.SetAircraft(w.t.Context(), w.staff, b, a.Revision))
}

// seats are how many seats the map of flight 1 has on a date.
func (w *world) seats(date civil.Date) int {
	w.t.Helper()
	d := w.lookup("HF1", date)
	return len(must[*flight.SeatMap](w.t)(w.core.SeatMap(w.t.Context(), flight.SeatQuery{Departure: d.ID})).Seats)
}

// sellOut books a class one by one until nothing is left, and counts.
func (w *world) sellOut(date civil.Date, class string) int {
	w.t.Helper()
	for n := range 60 {
		if _, err := w.book("HF1", date, one, func(r *flight.FlightRequest) { r.Class = class }); err != nil {
			wantReason(w.t, err, "sold_out")
			return n
		}
	}
	w.t.Fatal("it never sells out")
	return 0
}

// kept says how many seats of the only cabin are kept, and that nothing is overbooked.
func (w *world) kept(date civil.Date, protected map[string]int32) {
	w.t.Helper()
	must[*flight.FlightDeparture](w.t)(w.core.SetControl(w.t.Context(), w.staff, w.lookup("HF1", date).ID, flight.Control{OverbookingBP: map[string]int32{"economy": 0}, Protected: protected}))
}

func (w *world) conflicts() []flight.Conflict {
	w.t.Helper()
	return must[[]flight.Conflict](w.t)(w.core.Conflicts(w.t.Context(), w.staff, w.supplier))
}

// aircraftBack changes the aircraft of empty departures and back: what was given up in between is never met again.
func aircraftBack(w *world) {
	a := w.small(5)
	for _, rows := range []int{6, 5, 6, 5} {
		a = w.refit(a, rows)
		w.advance(time.Minute)
		if got := w.seats(today + 2); got != 4*rows {
			w.t.Fatalf("with %d rows it has %d seats", rows, got)
		}
		if _, err := w.book("HF1", today+20-civil.Date(a.Revision), one); err != nil {
			w.t.Errorf("with %d rows: %v", rows, err)
		}
	}
	must[*flight.FlightDeparture](w.t)(w.core.SetControl(w.t.Context(), w.staff, w.lookup("HF1", today+2).ID, flight.Control{Protected: map[string]int32{"Y": 1}}))
	if _, err := w.book("HF1", today+2, one); err != nil {
		w.t.Error(err)
	}
}

func wayBack(w *world) {
	direct := leg("1", "LIS", "FRA", 600, 900)
	over, on := leg("1", "LIS", "OPO", 600, 660), leg("1", "OPO", "FRA", 700, 960)
	on.Sequence = 2
	w.load(legs(direct))
	w.load(legs(over, on))
	w.load(legs(direct))
	w.advance(time.Hour)
	if _, err := w.book("HF1", today+2, one); err != nil {
		w.t.Error(err)
	}
}

// backAgain loses the answer that the old pools are retired, and then they are wanted again.
func backAgain(w *world) {
	a := w.small(5)
	w.desk.Lose(fault.Overloaded(0))
	a = w.refit(a, 6)
	w.desk.Lose(nil)
	w.desk.Fail(fault.Overloaded(0)) // nothing is sent until it is 5 rows once more
	w.refit(a, 5)
	w.desk.Fail(nil)
	w.advance(time.Hour)
	for date := today + 1; date <= today+30; date++ { // which ones were retired is not known
		if got := w.seats(date); got != 20 {
			w.t.Errorf("on %s it has %d seats", date, got)
		}
		if _, err := w.book("HF1", date, one); err != nil {
			w.t.Errorf("on %s: %v", date, err)
		}
	}
}

// smaller has a departure that somebody is on get an aircraft of eight seats instead of twenty.
func smaller(w *world) {
	a := w.small(5)
	must[*reservation.Reservation](w.t)(w.book("HF1", today+1, one)) // never paid
	later := must[*reservation.Reservation](w.t)(w.book("HF1", today+9, one))
	a = w.refit(a, 2)
	w.advance(time.Minute)
	all := w.conflicts()
	if len(all) != 2 || all[0].Date != today+1 || all[0].Flight != "HF 1" || !slices.Equal(all[0].Cabins, []string{"economy"}) || !w.lookup("HF1", today+1).Conflict || w.lookup("HF1", today+2).Conflict {
		w.t.Fatalf("conflicts %+v", all)
	}
	if n := 1 + w.sellOut(today+1, ""); n != 8 {
		w.t.Errorf("%d seats are sold on an aircraft of 8", n)
	}
	// A larger one instead: what the old pools have is sold, and no more.
	a = w.refit(a, 7)
	w.advance(time.Second)
	if got := w.lookup("HF1", today+9).Cabins[0].Free; got != 19 {
		w.t.Errorf("%d of 20 seats are free after one was sold", got)
	}
	w.refit(a, 2)
	w.advance(time.Second)
	if got := w.lookup("HF1", today+9).Cabins[0].Free; got != 7 {
		w.t.Errorf("%d of 8 seats are free after one was sold", got)
	}
	// When the holds have lapsed, it gets the seats it should have.
	for range 4 {
		w.advance(time.Hour)
	}
	if s := w.reread(later.ID); s.Status != reservation.Expired {
		w.t.Fatalf("the hold is %s", s.Status)
	}
	if got := w.seats(today + 9); got != 8 || len(w.conflicts()) != 0 {
		w.t.Errorf("after the only hold lapsed it has %d seats, conflicts %+v", got, w.conflicts())
	}
}

// losing has the answers of making pools be lost, and nothing else.
type losing struct {
	*Faulty
	lose bool
}

func (l *losing) DefinePools(ctx context.Context, specs []reservation.PoolSpec) ([]stock.PoolID, error) {
	ids, err := l.Faulty.DefinePools(ctx, specs)
	if l.lose && err == nil {
		return nil, fault.Overloaded(0)
	}
	return ids, err
}

// lostLimits protects seats after pools were made and nobody heard of it.
func lostLimits(w *world) {
	l := leg("1", "LIS", "OPO", 600, 660)
	l.Configuration = "Y40"
	if err := w.core.Stop(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	desk := &losing{w.desk, true}
	w.core = w.start(desk)
	w.load(legs(l))
	if !w.lookup("HF1", today+1).Preparing {
		w.t.Fatal("the answer was not lost")
	}
	w.kept(today+1, map[string]int32{"Y": 30, "B": 0, "M": 0})
	desk.lose = false
	w.advance(time.Hour)
	if n := w.sellOut(today+1, "K"); n != 10 {
		w.t.Errorf("%d are sold in K, 30 of 40 are protected", n)
	}
}

// classes replaces the booking classes of the economy cabin.
func (w *world) classes(change func([]flight.Class) []flight.Class) {
	w.t.Helper()
	t := *must[*flight.Tariff](w.t)(w.core.Tariff(w.t.Context(), w.staff, w.supplier))
	t.Cabins = slices.Clone(t.Cabins)
	e := &t.Cabins[len(t.Cabins)-1]
	e.Classes = change(slices.Clone(e.Classes))
	must[*flight.Tariff](w.t)(w.core.SetTariff(w.t.Context(), w.staff, t, flight.AnyRevision))
}

// newClass puts a class in between, on departures with sales below it and without.
func newClass(w *world) {
	l := leg("1", "LIS", "OPO", 600, 660)
	l.Configuration = "Y40"
	w.load(legs(l))
	for _, date := range []civil.Date{today + 1, today + 2} {
		w.kept(date, map[string]int32{"Y": 0, "B": 0, "M": 0})
	}
	for range 20 {
		must[*reservation.Reservation](w.t)(w.book("HF1", today+1, one, func(r *flight.FlightRequest) { r.Class = "K" }))
	}
	w.classes(func(all []flight.Class) []flight.Class {
		x := all[1]
		x.Code = "X"
		return slices.Insert(all, 1, x)
	})
	for _, date := range []civil.Date{today + 1, today + 2} {
		w.kept(date, map[string]int32{"Y": 20, "X": 0, "B": 0, "M": 0})
	}
	_, err := w.book("HF1", today+1, one, func(r *flight.FlightRequest) { r.Class = "X" })
	wantReason(w.t, err, "class_not_found")
	if n := w.sellOut(today+1, "B"); n != 0 {
		w.t.Errorf("%d seats of B are sold, all below Y have had their twenty", n)
	}
	if n := w.sellOut(today+2, "X") + w.sellOut(today+2, "B"); n != 20 {
		w.t.Errorf("%d seats below Y are sold on an empty departure, 20 of 40 are kept", n)
	}
	for _, date := range []civil.Date{today + 1, today + 2} {
		if got := w.lookup("HF1", date).Cabins[0].Free; got != 20 {
			w.t.Errorf("20 seats are kept for Y, %d are left on %s", got, date)
		}
	}
	// Classes that change places are new ones as well, and what the tariff no longer has is not sold.
	w.classes(func(all []flight.Class) []flight.Class {
		return slices.DeleteFunc(all, func(c flight.Class) bool { return c.Code == "K" })
	})
	w.kept(today+1, map[string]int32{"Y": 0})
	if n := len(w.conflicts()); n != 2 {
		w.t.Errorf("%d departures keep their classes, want those with sales", n)
	}
	for _, k := range w.lookup("HF1", today+1).Cabins[0].Classes {
		if k.Code == "K" || k.Code == "X" {
			w.t.Errorf("class %s is shown", k.Code)
		}
	}
	best := must[*flight.BestFlight](w.t)(w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF1", Date: today + 1, Party: one}))
	if best.Segment.Class != "M" || len(best.Option.Offer.Pieces[0].Claims) != 3 {
		w.t.Errorf("sold in %s, claims %+v", best.Segment.Class, best.Option.Offer.Pieces[0].Claims)
	}
}
