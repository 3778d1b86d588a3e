package flighttest

import (
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func (w *world) update(u flight.DepartureUpdate) *flight.UpdateReport {
	w.t.Helper()
	w.clock.Advance(time.Second)
	return must[*flight.UpdateReport](w.t)(w.core.Updates(w.t.Context(), w.staff, w.supplier, []flight.DepartureUpdate{u}))
}

// reread is a reservation as the operator sees it.
func (w *world) reread(id uid.ID) *reservation.Reservation {
	w.t.Helper()
	return must[*reservation.Reservation](w.t)(w.desk.Reservation(w.t.Context(), reservation.Caller{Subject: "operator", Staff: true}, id.Text("res")))
}

func tells(w *world) {
	w.shuttle()
	res := must[*reservation.Reservation](w.t)(w.book("HF100", today+3, one))
	other := must[*reservation.Reservation](w.t)(w.book("HF102", today+3, one))
	d := w.lookup("HF100", today+3)
	late := []flight.LegTimes{{Departs: d.Legs[0].Departs.Add(2 * time.Hour), Arrives: d.Legs[0].Arrives.Add(3 * time.Hour)}}
	u := flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 3, Times: late, Reason: "Late aircraft."}
	if r := w.update(u); r.Applied != 1 {
		w.t.Fatalf("%+v", r)
	}
	got := w.reread(res.ID)
	if n := got.Items[0].Notice; n == nil || n.Departs != late[0].Departs || n.Arrives != late[0].Arrives || n.Withdrawn {
		w.t.Errorf("the reservation says %+v", n)
	}
	if w.reread(other.ID).Items[0].Notice != nil {
		w.t.Error("a reservation on another departure was told")
	}
	if s := w.lookup("HF100", today+3); s.State != flight.Changed || s.Legs[0].Departs != late[0].Departs {
		w.t.Errorf("%+v", s)
	}
	found := w.find("LIS", "FRA", today+3, func(q *flight.ItineraryQuery) { q.Cabin = "economy" })
	for _, p := range found {
		if g := p.Slices[0].Segments[0]; g.Departure.Number == "100" && g.Legs[0].Departs != late[0].Departs {
			w.t.Error("the search shows the old times")
		}
	}
	n := len(w.desk.Disruptions())
	if r := w.update(flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 3, Times: late, Reason: "Late aircraft.", Stamp: w.clock.Now().Add(-time.Hour).UnixMicro()}); r.Old != 1 {
		w.t.Errorf("an old word: %+v", r)
	}
	if len(w.desk.Disruptions()) != n {
		w.t.Error("an old word was told")
	}
	w.update(flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 3, Cancelled: true, Reason: "Strike."})
	if s := w.reread(res.ID); s.Status != reservation.Cancelled {
		w.t.Errorf("an unpaid reservation on a cancelled flight is %s", s.Status)
	}
	if s := w.reread(other.ID); s.Status != reservation.Held {
		w.t.Errorf("the other one is %s", s.Status)
	}
	_, err := w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF100", Date: today + 3, Party: one})
	wantReason(w.t, err, "flight_cancelled")
	// It takes place after all: it is on sale again, and whoever is told is told once more.
	w.update(flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 3})
	if _, err := w.book("HF100", today+3, one); err != nil {
		w.t.Error(err)
	}
	w.update(flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 3, Cancelled: true, Reason: "Strike."})
	if all := w.desk.Disruptions(); len(all) != 4 {
		w.t.Errorf("%d disruptions, want 4: the second cancellation is one of its own", len(all))
	}
}

func tellsOfImport(w *world) {
	a, b := leg("1", "LIS", "OPO", 600, 660), leg("2", "LIS", "OPO", 700, 760)
	w.load(legs(a, b))
	first := must[*reservation.Reservation](w.t)(w.book("HF1", today+2, one))
	second := must[*reservation.Reservation](w.t)(w.book("HF2", today+2, one))
	b.Departs, b.Arrives = b.Departs+30, b.Arrives+30
	w.load(legs(b), func(o *flight.ImportOptions) { o.Force = true })
	if s := w.reread(first.ID); s.Status != reservation.Cancelled {
		w.t.Errorf("on a flight that is gone: %s", s.Status)
	}
	want := w.lookup("HF2", today+2).Legs[0].Departs
	if got := w.reread(second.ID).Items[0].Departs(); !got.Equal(want) || got.Equal(second.Items[0].Departs()) {
		w.t.Errorf("on a flight that is later: %s, want %s", got, want)
	}
}

func anotherWay(w *world) {
	direct := leg("1", "LIS", "FRA", 600, 900)
	w.load(legs(direct))
	res := must[*reservation.Reservation](w.t)(w.book("HF1", today+2, one))
	before := w.lookup("HF1", today+2).Pools
	over, on := leg("1", "LIS", "OPO", 600, 660), leg("1", "OPO", "FRA", 700, 960)
	on.Sequence = 2
	w.load(legs(over, on))
	d := w.lookup("HF1", today+2)
	if len(d.Legs) != 2 || len(d.Pools) != len(before) || d.Pools[0].ID == before[0].ID {
		w.t.Fatalf("%+v, before %+v", d.Pools, before)
	}
	if s := w.reread(res.ID); s.Status != reservation.Cancelled {
		w.t.Errorf("who was booked on the old way: %s", s.Status)
	}
	if _, err := w.book("HF1", today+2, one, func(r *flight.FlightRequest) { r.From = "OPO" }); err != nil {
		w.t.Error(err)
	}
}

// sections makes a small aircraft.
func sections(rows int) []flight.Section {
	return []flight.Section{{Cabin: "economy", First: 1, Last: rows, Letters: "AC-DF", Exits: []int{2}, Tiers: []flight.RowTier{{From: 1, To: 1, Tier: 2}}}}
}

func otherSeats(w *world) {
	ctx := w.t.Context()
	a := must[*flight.Aircraft](w.t)(w.core.SetAircraft(ctx, w.staff, flight.Aircraft{Supplier: w.supplier, Code: "AT7", Name: "Small", Sections: sections(5)}, 0))
	l := leg("1", "LIS", "OPO", 600, 660)
	l.Equipment, l.Configuration = "AT7", ""
	if r := w.load(legs(l)); r.TemplateSeats != 0 {
		w.t.Errorf("%+v", r)
	}
	must[*reservation.Reservation](w.t)(w.book("HF1", today+1, one))
	a.Sections = sections(6)
	must[*flight.Aircraft](w.t)(w.core.SetAircraft(ctx, w.staff, *a, a.Revision))
	seats := func(date civil.Date) int {
		d := w.lookup("HF1", date) //nolint:contextcheck // lookup has the test's own
		return len(must[*flight.SeatMap](w.t)(w.core.SeatMap(ctx, flight.SeatQuery{Departure: d.ID})).Seats)
	}
	if got := seats(today + 1); got != 20 {
		w.t.Errorf("a departure that somebody is on has %d seats now", got)
	}
	if got := seats(today + 2); got != 24 {
		w.t.Errorf("an empty departure has %d seats", got)
	}
	if _, err := w.book("HF1", today+1, one); err != nil {
		w.t.Error(err)
	}
	_, err := w.core.SetAircraft(ctx, w.staff, *a, a.Revision)
	wantReason(w.t, err, "changed_meanwhile")
	a.Sections[0].Letters = "A--B"
	_, err = w.core.SetAircraft(ctx, w.staff, *a, 0)
	wantReason(w.t, err, "validation_failed")
}

func seatMap(w *world) {
	w.shuttle()
	ctx := w.t.Context()
	d := w.lookup("HF100", today+1)
	m := must[*flight.SeatMap](w.t)(w.core.SeatMap(ctx, flight.SeatQuery{Departure: d.ID, Cabin: "economy"}))
	if len(m.Seats) != 120 || m.Free != 120 || m.Pool == 0 {
		w.t.Fatalf("%d seats, %d free", len(m.Seats), m.Free)
	}
	window := m.Seats[0]
	if window.Letter != "A" || window.Traits&stock.Window == 0 || window.Traits&stock.Bulkhead == 0 || window.Price == 0 {
		w.t.Errorf("%+v", window)
	}
	res := must[flight.BestFlight](w.t)(deref(w.core.BestOffer(ctx, flight.FlightRequest{Number: "HF100", Date: today + 1, Party: one, Cabin: "economy"})))
	answer, err := w.desk.Place(ctx, reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: "ada"}, Offers: []string{res.Option.Sealed}, Seats: []reservation.SeatChoice{{Labels: []string{window.Label}}},
		Travellers: []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}}, Key: reservation.Idempotency{ID: uid.New(), Request: uid.New()},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if total := answer.Reservation.Total().Minor; total != res.Option.Total()+window.Price {
		w.t.Errorf("with the seat it costs %d, without %d, the seat %d", total, res.Option.Total(), window.Price)
	}
	m = must[*flight.SeatMap](w.t)(w.core.SeatMap(ctx, flight.SeatQuery{Departure: d.ID, Cabin: "economy"}))
	if m.Free != 119 || m.Seats[0].Free {
		w.t.Errorf("%d seats are free after one was chosen", m.Free)
	}
	flex := must[*flight.SeatMap](w.t)(w.core.SeatMap(ctx, flight.SeatQuery{Departure: d.ID, Cabin: "economy", Family: "FLEX"}))
	if flex.Seats[0].Price != 0 {
		w.t.Errorf("under Flex a seat costs %d", flex.Seats[0].Price)
	}
	for reason, q := range map[string]flight.SeatQuery{
		"departure_not_found": {Departure: uid.New()}, "cabin_not_found": {Departure: d.ID, Cabin: "first"},
		"airport_not_on_way": {Departure: d.ID, From: "OPO"}, "family_not_found": {Departure: d.ID, Family: "X"},
	} {
		_, err := w.core.SeatMap(ctx, q)
		wantReason(w.t, err, reason)
	}
}

func deref[T any](v *T, err error) (T, error) {
	if v == nil {
		var zero T
		return zero, err
	}
	return *v, err
}

// nests sells a cabin from below: seats that are kept for the higher classes are left, whatever the lower ones sell.
func nests(w *world) {
	ctx := w.t.Context()
	l := leg("1", "LIS", "OPO", 600, 660)
	l.Configuration = "Y40"
	w.load(legs(l))
	d := w.lookup("HF1", today+1)
	set := must[*flight.FlightDeparture](w.t)(w.core.SetControl(ctx, w.staff, d.ID, flight.Control{
		OverbookingBP: map[string]int32{"economy": 0}, Protected: map[string]int32{"Y": 10, "B": 5, "M": 5},
	}))
	free := map[string]int32{}
	for _, k := range set.Cabins[0].Classes {
		free[k.Code] = k.Free
	}
	same(w.t, "open", free, map[string]int32{"Y": 40, "B": 30, "M": 25, "K": 20})
	sold := map[string]int{}
	for {
		best, err := w.core.BestOffer(ctx, flight.FlightRequest{Number: "HF1", Date: today + 1, Party: one})
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.place(best.Option.Sealed); fault.Is(err, "sold_out") {
			break
		} else if err != nil {
			w.t.Fatal(err)
		}
		sold[best.Segment.Class]++
	}
	same(w.t, "sold, always the cheapest open class", sold, map[string]int{"K": 20, "M": 5, "B": 5, "Y": 10})
	// Asked for by its letter, a lower class never gets what is kept above it.
	next := w.lookup("HF1", today+2)
	must[*flight.FlightDeparture](w.t)(w.core.SetControl(ctx, w.staff, next.ID, flight.Control{OverbookingBP: map[string]int32{"economy": 0}, Protected: map[string]int32{"Y": 10, "B": 0, "M": 0}}))
	for _, class := range []string{"M", "K", "B"} {
		for range 40 {
			if _, err := w.book("HF1", today+2, one, func(r *flight.FlightRequest) { r.Class = class }); err != nil {
				wantReason(w.t, err, "sold_out")
				break
			}
		}
	}
	if got := w.lookup("HF1", today+2).Cabins[0].Free; got != 10 {
		w.t.Errorf("%d of 10 protected seats are left", got)
	}
}

func followsDemand(w *world) {
	ctx := w.t.Context()
	l := leg("1", "LIS", "OPO", 600, 660)
	l.Last = today + 100
	w.load(legs(l))
	near, far := w.lookup("HF1", today+2), w.lookup("HF1", today+90)
	kept := func(d *flight.FlightDeparture) (sum int32) {
		for _, class := range []string{"Y", "B", "M"} {
			sum += d.Control.Protected[class]
		}
		return sum
	}
	n := must[*flight.FlightDeparture](w.t)(w.core.SetControl(ctx, w.staff, near.ID, flight.Control{LoadDependent: true}))
	f := must[*flight.FlightDeparture](w.t)(w.core.SetControl(ctx, w.staff, far.ID, flight.Control{LoadDependent: true}))
	if kept(f) <= kept(n) || kept(n) < 0 {
		w.t.Errorf("%d seats are kept three months ahead, %d two days ahead", kept(f), kept(n))
	}
	nest := func(d *flight.FlightDeparture) int32 { c := d.Cabins[1].Classes; return c[len(c)-1].Free }
	before := nest(f)
	w.advance(80 * 24 * time.Hour)
	later := w.lookup("HF1", today+90)
	if kept(later) >= kept(f) || nest(later) <= before {
		w.t.Errorf("ten days ahead %d seats are kept, %d three months ahead; the lowest class has %d, had %d", kept(later), kept(f), nest(later), before)
	}
}

func controls(w *world) {
	ctx := w.t.Context()
	w.shuttle()
	d := w.lookup("HF100", today+1)
	set := func(c flight.Control) *flight.FlightDeparture {
		w.t.Helper()
		return must[*flight.FlightDeparture](w.t)(w.core.SetControl(ctx, w.staff, d.ID, c))
	}
	if got := set(flight.Control{OverbookingBP: map[string]int32{"economy": 1_000}}).Cabins[1].Free; got != 132 {
		w.t.Errorf("with 10 %% overbooking %d seats are free", got)
	}
	if got := set(flight.Control{Closed: true}); got.Cabins[1].Free != 0 || !got.Cabins[1].Closed {
		w.t.Errorf("%+v", got.Cabins)
	}
	_, err := w.book("HF100", today+1, one)
	wantReason(w.t, err, "sold_out")
	same(w.t, "while it is closed", routes(w.find("LIS", "FRA", today+1)), []string{"HF102"})
	if got := set(flight.Control{}); got.Cabins[1].Free != 120 || got.Control != nil {
		w.t.Errorf("%+v", got.Cabins)
	}
	w.update(flight.DepartureUpdate{Carrier: "HF", Number: "100", Date: today + 1, Departed: true}) // whatever its times say
	_, err = w.book("HF100", today+1, one)
	wantReason(w.t, err, "departed")
	same(w.t, "after it was told to have left", routes(w.find("LIS", "FRA", today+1)), []string{"HF102"})
	_, err = w.core.SetControl(ctx, w.staff, d.ID, flight.Control{Protected: map[string]int32{"Z": 1}})
	wantReason(w.t, err, "validation_failed")
	_, err = w.core.SetControl(ctx, w.staff, uid.New(), flight.Control{})
	wantReason(w.t, err, "departure_not_found")
}

func horizon(w *world) {
	l := leg("1", "LIS", "OPO", 600, 660)
	l.First, l.Last = today+118, today+125
	if r := w.load(legs(l)); r.Added != 8 || r.OnSale != 3 {
		w.t.Fatalf("%+v", r)
	}
	if !w.lookup("HF1", today+121).Preparing || w.lookup("HF1", today+119).Preparing {
		w.t.Error("the horizon is not where it should be")
	}
	for range 3 {
		w.advance(24 * time.Hour)
	}
	if w.lookup("HF1", today+123).Preparing || !w.lookup("HF1", today+124).Preparing {
		w.t.Error("the horizon has not moved with the days")
	}
	if _, err := w.book("HF1", today+122, one); err != nil {
		w.t.Error(err)
	}
	before := w.desk.Calls()
	w.advance(0)
	if n := w.desk.Calls(); n != before {
		w.t.Errorf("reservation was asked %d times for nothing", n-before)
	}
}

func waits(w *world) {
	w.desk.Fail(fault.Overloaded(0))
	r := w.load(legs(leg("1", "LIS", "OPO", 600, 660)))
	if !r.Applied || len(r.Warnings) != 1 || r.Warnings[0].Code != "stock_pending" || !w.lookup("HF1", today+1).Preparing {
		w.t.Errorf("%+v", r)
	}
	if found := w.find("LIS", "OPO", today+1); len(found) != 0 {
		w.t.Error("a departure that is preparing is offered")
	}
	_, err := w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF1", Date: today + 1, Party: one})
	wantReason(w.t, err, "not_on_sale")
	if err := w.core.CatchUp(w.t.Context()); err == nil {
		w.t.Error("CatchUp says nothing of commands that still wait")
	}
	w.desk.Fail(nil)
	w.desk.Lose(fault.Overloaded(0)) // the pools are made, and nobody hears of it
	if err := w.core.CatchUp(w.t.Context()); err == nil {
		w.t.Error("an answer that was lost counts as one")
	}
	w.desk.Lose(nil)
	w.advance(0)
	if w.lookup("HF1", today+1).Preparing {
		w.t.Error("it is preparing still")
	}
	if _, err := w.book("HF1", today+1, one); err != nil {
		w.t.Error(err)
	}
	// A refusal for good of one departure does not keep the others from being sold.
	w.desk.Fail(fault.New(fault.Conflict, "pool_differs", "played by the test"))
	w.load(legs(leg("1", "LIS", "OPO", 600, 660), leg("2", "LIS", "OPO", 700, 760)))
	w.desk.Fail(nil)
	w.advance(0)
	if w.lookup("HF2", today+1).Preparing {
		w.t.Error("what was given up is not taken up again by the horizon's job")
	}
}

// resumes ends a process between the transaction and the commands that follow from it.
func resumes(w *world) {
	w.load(legs(leg("1", "LIS", "OPO", 600, 660), leg("2", "LIS", "OPO", 700, 760)))
	res := must[*reservation.Reservation](w.t)(w.book("HF1", today+1, one))
	w.desk.Fail(fault.Overloaded(0))
	w.load(legs(leg("1", "LIS", "OPO", 630, 690), leg("3", "LIS", "OPO", 600, 660)), func(o *flight.ImportOptions) { o.Force = true })
	if err := w.core.Stop(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.core = w.start(w.desk.Service) // the next process has a working reservation
	w.advance(0)
	if d := w.lookup("HF3", today+1); d.Preparing {
		w.t.Error("what was added is preparing still")
	}
	if got := w.reread(res.ID).Items[0].Departs(); got != w.lookup("HF1", today+1).Legs[0].Departs {
		w.t.Errorf("the reservation still says %s", got)
	}
	slots := 0
	for _, p := range w.lookup("HF2", today+1).Pools {
		for _, s := range must[[]reservation.SlotRow](w.t)(w.desk.Slots(w.t.Context(), reservation.Span{Pool: p.ID, To: 5})) {
			if slots++; !s.Closed {
				w.t.Error("what was removed is open for sale")
			}
		}
	}
	if slots == 0 {
		w.t.Error("what was removed has no stock to be closed")
	}
}

func findsOut(w *world) {
	ctx := w.t.Context()
	w.forgetful.Forget(1, true)
	if r := w.load(legs(leg("1", "LIS", "OPO", 600, 660))); !r.Applied || w.lookup("HF1", today+1).Preparing {
		w.t.Errorf("an import that was stored and forgotten: %+v", r)
	}
	w.forgetful.Forget(1, false)
	w.clock.Advance(time.Second)
	_, err := w.core.ImportSchedule(ctx, w.staff, legs(leg("1", "LIS", "OPO", 630, 690)), w.options(), nil)
	wantReason(w.t, err, "outcome_unknown")
	if got := w.lookup("HF1", today+1).Legs[0].Departs; got.Hour() != 10 || got.Minute() != 0 {
		w.t.Errorf("a write that was lost shows %s", got)
	}
	// Of the write that notes the pools the answer is lost.
	for _, stored := range []bool{true, false} {
		w.desk.Fail(fault.Overloaded(0))
		number := map[bool]string{true: "5", false: "6"}[stored]
		w.load(legs(leg("1", "LIS", "OPO", 600, 660), leg(number, "OPO", "LIS", 900, 960)), func(o *flight.ImportOptions) { o.Force = true })
		w.desk.Fail(nil)
		w.forgetful.Forget(1, stored)
		_ = w.core.CatchUp(ctx) // may say that it does not know
		w.advance(0)
		if w.lookup("HF"+number, today+1).Preparing {
			w.t.Errorf("stored %v: still preparing", stored)
		}
	}
}

func several(w *world) {
	ctx := w.t.Context()
	other := w.start(w.desk)
	w.load(legs(leg("1", "LIS", "OPO", 600, 660)))
	if err := other.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	f := must[*flight.Flight](w.t)(other.Lookup(ctx, "HF1", today+1))
	if d := f.Departures[0]; d.Preparing || d.Cabins[1].Free != 120 {
		w.t.Errorf("another process sees %+v", d)
	}
	must[*reservation.Reservation](w.t)(w.book("HF1", today+1, one))
	f = must[*flight.Flight](w.t)(other.Lookup(ctx, "HF1", today+1))
	if got := f.Departures[0].Cabins[1].Free; got != 119 {
		w.t.Errorf("after a sale another process sees %d free", got)
	}
	// Both write at once, without having read what the other wrote.
	for n := range 3 {
		for i, c := range []*flight.Core{w.core, other} {
			u := flight.DepartureUpdate{Carrier: "HF", Number: "1", Date: today + 2 + civil.Date(n), Reason: []string{"one", "two"}[i], Stamp: noon.UnixMicro() + int64(100_000_000+n*10+i)}
			if r := must[*flight.UpdateReport](w.t)(c.Updates(ctx, w.staff, w.supplier, []flight.DepartureUpdate{u})); r.Applied != 1 {
				w.t.Errorf("%+v", r)
			}
		}
	}
	if err := w.core.CatchUp(ctx); err != nil {
		w.t.Fatal(err)
	}
	if d := w.lookup("HF1", today+3); d.Live == nil || d.Live.Reason != "two" {
		w.t.Errorf("the newest word of another process is not there: %+v", d.Live)
	}
}

func apart(w *world) {
	ctx := w.t.Context()
	w.shuttle()
	foreign := flight.Editor{Subject: "mallory", Supplier: uid.New()}
	d := w.lookup("HF100", today+1)
	_, err := w.core.SetControl(ctx, foreign, d.ID, flight.Control{Closed: true})
	wantReason(w.t, err, "departure_not_found")
	_, err = w.core.Updates(ctx, foreign, w.supplier, nil)
	wantReason(w.t, err, "supplier_not_found")
	_, err = w.core.ImportSchedule(ctx, foreign, legs(), w.options(), nil)
	wantReason(w.t, err, "supplier_not_found")
	_, err = w.core.SetAirport(ctx, foreign, flight.Airport{})
	wantReason(w.t, err, "scope_missing")
	_, err = w.core.SetCarrier(ctx, foreign, flight.Carrier{Code: "HF", Supplier: foreign.Supplier, Name: "Mine"}, 0)
	wantReason(w.t, err, "carrier_foreign")
	o := flight.ImportOptions{Supplier: foreign.Supplier, Feed: "theirs"}
	r := must[*flight.ImportReport](w.t)(w.core.ImportSchedule(ctx, foreign, legs(leg("100", "LIS", "FRA", 600, 900)), o, nil))
	if len(r.Refused) != 30 || r.Refused[0].Code != "carrier_foreign" || r.Applied {
		w.t.Errorf("%+v", r)
	}
	u := must[*flight.UpdateReport](w.t)(w.core.Updates(ctx, foreign, foreign.Supplier, []flight.DepartureUpdate{{Carrier: "HF", Number: "100", Date: today + 1, From: "LIS", To: "FRA", Cancelled: true}}))
	if len(u.Refused) != 1 || w.lookup("HF100", today+1).State != flight.Scheduled {
		w.t.Errorf("%+v", u)
	}
}

func steadyPrices(w *world) {
	ctx := w.t.Context()
	l := leg("1", "LIS", "OPO", 600, 660)
	l.First, l.Last = today+60, today+60
	w.load(legs(l))
	price := func() int64 {
		w.t.Helper()
		return w.find("LIS", "OPO", today+60)[0].Options[0].Total()
	}
	first := w.find("LIS", "OPO", today+60)[0].Options[0]
	// The feed asks for one price after the other, up and down, every three hours for a month.
	const day = 24 * time.Hour
	wanted := []int64{9_000, 3_000, 20_000, 2_000, 40_000, 6_000, 7_000, 50_000}
	last, rose := price(), time.Time{}
	rises, falls := 0, 0
	for step := range 240 {
		w.clock.Advance(3 * time.Hour)
		minor := wanted[step%len(wanted)]
		must[*flight.FareReport](w.t)(w.core.SetFares(ctx, w.staff, w.supplier, []flight.FareUpdate{{From: "LIS", To: "OPO", Class: "K", Minor: minor}}))
		now := price()
		if now > minor+20_000 {
			w.t.Fatalf("at %s it costs %d, the feed asks for %d", w.clock.Now(), now, minor)
		}
		if now > last {
			rises++
			if !rose.IsZero() && w.clock.Now().Sub(rose) < day {
				w.t.Fatalf("it rose at %s and again at %s", rose, w.clock.Now())
			}
			rose = w.clock.Now()
		}
		if now < last {
			falls++
		}
		last = now
	}
	if falls == 0 {
		w.t.Error("the price never fell, so the test shows nothing")
	}
	if rises > 0 {
		w.t.Errorf("a feed that never stays high for a day raised the price %d times", rises)
	}
	// A price that stays high is published after it has stayed so.
	w.clock.Advance(time.Second)
	must[*flight.FareReport](w.t)(w.core.SetFares(ctx, w.staff, w.supplier, []flight.FareUpdate{{From: "LIS", To: "OPO", Class: "K", Minor: 2_000}}))
	last = price()
	w.clock.Advance(time.Minute)
	must[*flight.FareReport](w.t)(w.core.SetFares(ctx, w.staff, w.supplier, []flight.FareUpdate{{From: "LIS", To: "OPO", Class: "K", Minor: 60_000}}))
	if now := price(); now > last {
		w.t.Errorf("it rose at once, to %d", now)
	}
	w.clock.Advance(day - 10*time.Minute)
	if now := price(); now > last {
		w.t.Errorf("it rose within the day, to %d", now)
	}
	held := w.find("LIS", "OPO", today+60)[0].Options[0]
	w.clock.Advance(11 * time.Minute)
	if now := price(); now <= last {
		w.t.Errorf("it costs %d after two days at a higher wish", now)
	}
	// Who holds an offer books at its price, until it expires.
	res, err := w.place(held.Sealed)
	if err != nil || res.Total().Minor != held.Total() {
		w.t.Errorf("%v: the offer costs %d", err, held.Total())
	}
	_, err = w.place(first.Sealed)
	wantReason(w.t, err, "offer_expired")
	for _, f := range must[[]flight.PublishedFare](w.t)(w.core.Fares(ctx, w.staff, w.supplier, "LIS", "OPO")) {
		if f.Class == "K" && (f.Minor != 60_000 || f.Derived || !f.NextAt.IsZero()) {
			w.t.Errorf("%+v", f)
		}
	}
}

func steadyTariff(w *world) {
	ctx := w.t.Context()
	w.shuttle()
	price := func() int64 { return w.find("LIS", "FRA", today+20)[0].Options[0].Total() }
	before := price()
	t := *must[*flight.Tariff](w.t)(w.core.Tariff(ctx, w.staff, w.supplier))
	change := func(f func(*flight.Tariff)) error {
		t.Families, t.Cabins = slices.Clone(t.Families), slices.Clone(t.Cabins) // what is published is not to be changed
		for i := range t.Cabins {
			t.Cabins[i].Classes = slices.Clone(t.Cabins[i].Classes)
		}
		f(&t)
		next, err := w.core.SetTariff(ctx, w.staff, t, flight.AnyRevision)
		if err == nil {
			t = *next
		}
		return err
	}
	economy := len(t.Cabins) - 1
	lowest := len(t.Cabins[economy].Classes) - 1
	if err := change(func(t *flight.Tariff) { t.Cabins[economy].Classes[lowest].Base += 10_000 }); err != nil {
		w.t.Fatal(err)
	}
	if now := price(); now != before {
		w.t.Errorf("it costs %d at once, before %d", now, before)
	}
	w.advance(25 * time.Hour)
	raised := price()
	if raised <= before {
		w.t.Errorf("after a day it costs %d, before %d", raised, before)
	}
	if err := change(func(t *flight.Tariff) { t.Cabins[economy].Classes[lowest].Base -= 10_000 }); err != nil || price() != before {
		w.t.Errorf("a fall shows at once: %d, want %d (%v)", price(), before, err)
	}
	// Families and levies have the same rule.
	if err := change(func(t *flight.Tariff) { t.Families[0].Amount += 100 }); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Hour)
	wantReason(w.t, change(func(t *flight.Tariff) { t.Families[0].Amount += 100 }), "fare_rise_too_soon")
	w.clock.Advance(24 * time.Hour)
	if err := change(func(*flight.Tariff) {}); err != nil {
		w.t.Error(err)
	}
	_, err := w.core.SetTariff(ctx, w.staff, t, 1)
	wantReason(w.t, err, "changed_meanwhile")
	t.Cabins = nil
	_, err = w.core.SetTariff(ctx, w.staff, t, 0)
	wantReason(w.t, err, "validation_failed")
}

func faresInOrder(w *world) {
	ctx := w.t.Context()
	w.shuttle()
	stamp := noon.UnixMicro() + 1_000_000_000
	set := func(minor, after int64) *flight.FareReport {
		return must[*flight.FareReport](w.t)(w.core.SetFares(ctx, w.staff, w.supplier, []flight.FareUpdate{{From: "LIS", To: "FRA", Class: "K", Minor: minor, Stamp: stamp + after}}))
	}
	if r := set(2_000, 10); r.Published != 1 {
		w.t.Errorf("%+v", r)
	}
	if r := set(1_000, 5); r.Old != 1 {
		w.t.Errorf("a late word: %+v", r)
	}
	if r := set(2_000, 10); r.Same != 1 {
		w.t.Errorf("a word told twice: %+v", r)
	}
	if r := set(3_000, 20); r.Waiting != 1 {
		w.t.Errorf("a rise: %+v", r)
	}
	bad := must[*flight.FareReport](w.t)(w.core.SetFares(ctx, w.staff, w.supplier, []flight.FareUpdate{{From: "LIS", To: "FRA", Class: "?", Minor: 1}, {From: "LIS", To: "XXX", Class: "K", Minor: 1}, {From: "LIS", To: "FRA", Class: "K", Minor: -1}}))
	if len(bad.Refused) != 3 {
		w.t.Errorf("%+v", bad)
	}
	found := w.find("LIS", "FRA", today+1, func(q *flight.ItineraryQuery) { q.Limit = 1 })
	if got := found[0].Options[0].Total(); got != 2_000+1_200+850 {
		w.t.Errorf("it costs %d", got)
	}
}
