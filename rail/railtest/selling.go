package railtest

import (
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/rail"
	"holdfast/reservation"
)

// keepsWhatIsSold changes trains after seats were sold: unsold runs follow, sold ones keep what they have and are told as
// conflicts, and follow once what was sold is given back.
func keepsWhatIsSold(w *world) {
	w.load(lines(), w.options())
	sold := w.book(ride("ICE 1", today+1, "BER", "HAN"))
	f := lines()
	f.trains[0].Calls = []feed.Call{call("BER", at(8, 0), at(8, 0)), call("KOE", at(11, 30), at(11, 30))} // past Hanover
	r := w.load(f, w.options())
	if r.Sale.Replaced == 0 || len(r.Sale.Conflicts) != 1 || r.Sale.Conflicts[0].Number != "ICE 1" || r.Sale.Conflicts[0].Date != today+1 || r.Sale.Conflicts[0].Withdrawn {
		w.t.Fatalf("%+v", r.Sale)
	}
	if got := w.run("ICE 1", today+1); len(got.Calls) != 3 || !got.Conflict {
		w.t.Errorf("the sold run calls at %d stations, conflict %v", len(got.Calls), got.Conflict)
	}
	if got := w.run("ICE 1", today+2); len(got.Calls) != 2 || got.Preparing {
		w.t.Errorf("an unsold run calls at %d stations, preparing %v", len(got.Calls), got.Preparing)
	}
	same(w.t, "conflicts", must[[]rail.Conflict](w.t)(w.core.Conflicts(w.t.Context(), w.staff, w.supplier)), r.Sale.Conflicts)
	w.book(ride("ICE 1", today+1, "HAN", "KOE")) // it still sells what it has
	// The timetable goes back: there is no conflict any more.
	if r := w.load(lines(), w.options()); len(r.Sale.Conflicts) != 0 {
		w.t.Errorf("%+v", r.Sale)
	}
	if got := w.run("ICE 1", today+1); got.Conflict {
		w.t.Error("a conflict that is over still shows")
	}
	// A train that is taken out while seats are sold runs on for those who have them, and sells nothing more.
	f = lines()
	f.trains = f.trains[1:]
	o := w.options()
	o.Force = true
	r = w.load(f, o)
	if len(r.Sale.Conflicts) != 1 || !r.Sale.Conflicts[0].Withdrawn {
		w.t.Errorf("%+v", r.Sale)
	}
	if got := w.run("ICE 1", today+1); !got.Conflict {
		w.t.Error("a train that was taken out while sold is no conflict")
	}
	_, err := w.core.BestOffer(w.t.Context(), ride("ICE 1", today+1, "BER", "HAN"))
	wantReason(w.t, err, "not_on_sale")
	if got := w.again(sold); got.Items[0].Ride.Number != "ICE 1" {
		w.t.Error("what was sold has changed")
	}
}

// tellsNewTimes changes times alone: the stock stays, and who is sold hears of it.
func tellsNewTimes(w *world) {
	w.load(lines(), w.options())
	before := w.run("ICE 1", today+1)
	sold := w.book(ride("ICE 1", today+1, "HAN", "KOE"))
	f := lines()
	f.trains[0].Calls[1].Depart += 300
	if r := w.load(f, w.options()); r.Sale.Replaced != 0 || len(r.Sale.Conflicts) != 0 {
		w.t.Errorf("%+v", r.Sale)
	}
	if got := w.run("ICE 1", today+1); got.Pools != before.Pools {
		w.t.Error("other times made other pools")
	}
	n := w.again(sold).Items[0].Notice
	if n == nil || n.Withdrawn || !n.Departs.Equal(before.Calls[1].Departs.Add(5*time.Minute)) {
		w.t.Errorf("notice %+v", n)
	}
}

func appliesUpdates(w *world) {
	w.load(lines(), w.options())
	early, late := w.book(ride("ICE 1", today+1, "BER", "HAN")), w.book(ride("ICE 1", today+1, "HAN", "KOE"))
	before := w.run("ICE 1", today+1)
	update := func(u rail.RunUpdate) *rail.UpdateReport {
		w.t.Helper()
		u.Supplier, u.Date = w.supplier, today+1
		if u.Number == "" {
			u.Number = "ice1"
		}
		return must[*rail.UpdateReport](w.t)(w.core.Updates(w.t.Context(), w.staff, []rail.RunUpdate{u}))
	}
	r := update(rail.RunUpdate{Stamp: 10, Delays: []rail.CallDelay{{Call: 1, Arrives: 0, Departs: 1800}}, Note: "signals"})
	if r.Applied != 1 || r.Told != 1 || r.Waiting != 0 || len(r.Refused) != 0 {
		w.t.Errorf("%+v", r)
	}
	got := w.run("ICE 1", today+1)
	if got.State != rail.Changed || got.Note != "signals" || !got.Calls[2].Arrives.Equal(before.Calls[2].Arrives.Add(30*time.Minute)) || !got.Calls[2].ScheduledArrives.Equal(before.Calls[2].Arrives) {
		w.t.Errorf("%+v", got)
	}
	if n := w.again(late).Items[0].Notice; n == nil || !n.Departs.Equal(before.Calls[1].Departs.Add(30*time.Minute)) {
		w.t.Errorf("notice of who boards there: %+v", n)
	}
	if n := w.again(early).Items[0].Notice; n != nil {
		w.t.Errorf("who has left by then was told: %+v", n)
	}
	// 30 minutes late in Cologne, the ICE to Munich is missed.
	same(w.t, "journeys", journeys(w.find(query("BER", "MUE", today+1))), []string(nil))
	if p := w.find(query("HAN", "KOE", today+1)); clockOf(p[0].Departs, "Europe/Berlin") != "10:12" || clockOf(p[0].Legs[0].ScheduledDeparts, "Europe/Berlin") != "09:42" {
		w.t.Errorf("the delayed train departs at %v", p[0].Departs)
	}
	for _, stamp := range []int64{10, 9} {
		if r := update(rail.RunUpdate{Stamp: stamp}); r.Older != 1 || r.Applied != 0 || w.run("ICE 1", today+1).State != rail.Changed {
			w.t.Errorf("an update with stamp %d: %+v", stamp, r)
		}
	}
	if r := update(rail.RunUpdate{Stamp: 99, Number: "ICE 4711"}); len(r.Refused) != 1 || r.Refused[0].Code != "train_not_found" {
		w.t.Errorf("%+v", r)
	}
	if r := update(rail.RunUpdate{Stamp: 99, Skipped: []int{3}}); len(r.Refused) != 1 || r.Refused[0].Code != "update_invalid" {
		w.t.Errorf("%+v", r)
	}
	offered := must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), ride("ICE 1", today+1, "HAN", "KOE")))
	// It ends in Hanover.
	if r := update(rail.RunUpdate{Stamp: 20, Skipped: []int{2}}); r.Applied != 1 || r.Told == 0 {
		w.t.Errorf("%+v", r)
	}
	if st := w.again(late); st.Status != reservation.Cancelled {
		w.t.Errorf("who holds what does not run any more is %v", st.Status)
	}
	_, err := w.core.BestOffer(w.t.Context(), ride("ICE 1", today+1, "HAN", "KOE"))
	wantReason(w.t, err, "no_such_ride")
	if r, err := w.place(offered.Sealed); err == nil {
		w.t.Errorf("an offer from before is sold on a part that does not run: %v", r.Status)
	}
	w.book(ride("ICE 1", today+1, "BER", "HAN"))
	// All of it is cancelled, and then runs after all.
	if r := update(rail.RunUpdate{Stamp: 30, Cancelled: true}); r.Applied != 1 {
		w.t.Errorf("%+v", r)
	}
	if got := w.run("ICE 1", today+1); got.State != rail.Cancelled {
		w.t.Errorf("%v", got.State)
	}
	_, err = w.core.BestOffer(w.t.Context(), ride("ICE 1", today+1, "BER", "HAN"))
	wantReason(w.t, err, "train_cancelled")
	same(w.t, "without it", journeys(w.find(query("BER", "HAN", today+1))), []string{"IC 2 BER 08:10-HAN 10:30"})
	update(rail.RunUpdate{Stamp: 40})
	if got := w.run("ICE 1", today+1); got.State != rail.Scheduled {
		w.t.Errorf("%v", got.State)
	}
	w.book(ride("ICE 1", today+1, "HAN", "KOE"))
}

// updatesWait stores updates while reservation is away; those who are concerned hear of it later.
func updatesWait(w *world) {
	w.load(lines(), w.options())
	sold := w.book(ride("ICE 1", today+1, "BER", "KOE"))
	w.desk.Fail(unavailable)
	r := must[*rail.UpdateReport](w.t)(w.core.Updates(w.t.Context(), w.staff, []rail.RunUpdate{{Supplier: w.supplier, Number: "ICE 1", Date: today + 1, Stamp: 1, Cancelled: true}}))
	if r.Applied != 1 || r.Waiting != 1 {
		w.t.Errorf("%+v", r)
	}
	same(w.t, "journeys", len(w.find(query("BER", "KOE", today+1))), 2) // IC 2 under two fares
	w.desk.Fail(nil)
	if err := w.core.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if got := w.again(sold); got.Status != reservation.Cancelled {
		w.t.Errorf("the hold is %v", got.Status)
	}
}

// callsTwice sells a train that stops twice at a station: a ride is known by its calls.
func callsTwice(w *world) {
	w.load(lines(), w.options())
	p := w.find(query("HAN", "BER", today+1))
	var loop *rail.JourneyProposal
	for i := range p {
		if p[i].Legs[0].Train.Number == "RE 5" {
			loop = &p[i]
		}
	}
	if loop == nil || loop.Legs[0].FromCall != 2 || loop.Legs[0].ToCall != 3 {
		w.t.Fatalf("to Berlin one boards RE 5 when it is in Hanover for the second time: %v", journeys(p))
	}
	same(w.t, "claims", loop.Offer.Pieces[0].Claims[0].From, loop.Offer.Pieces[0].Claims[0].To-1)
	first := 0
	r := ride("RE 5", today+1, "HAN", "BER")
	r.FromCall, r.Fare = &first, loop.Fare.Name
	round := must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), r))
	if c := round.Offer.Pieces[0].Claims[0]; c.From != 0 || c.To != 3 {
		w.t.Errorf("from the first time in Hanover the claim is %+v", c)
	}
	if round.Legs[0].Price <= loop.Legs[0].Price {
		w.t.Errorf("the way round costs %d, the direct one %d", round.Legs[0].Price, loop.Legs[0].Price)
	}
	back := must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), ride("RE 5", today+1, "CEL", "HAN")))
	if c := back.Offer.Pieces[0].Claims[0]; c.From != 1 || c.To != 2 {
		w.t.Errorf("from Celle the claim is %+v", c)
	}
	_, err := w.core.BestOffer(w.t.Context(), ride("RE 5", today+1, "BER", "CEL"))
	wantReason(w.t, err, "no_such_ride")
}

// overNights sells a train past 24:00 and 48:00.
func overNights(w *world) {
	w.load(lines(), w.options())
	p := must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), ride("NJ 9", today+1, "KOE", "BER")))
	if got := p.Departs.UTC().Format(time.RFC3339) + " " + p.Arrives.UTC().Format(time.RFC3339); got != "2026-11-22T01:00:00Z 2026-11-23T00:10:00Z" {
		w.t.Errorf("26:00 to 49:10 is %s", got)
	}
	if d := p.Offer.Pieces[0].Ride.Date; d != today+1 {
		w.t.Errorf("the service date is %s", d)
	}
	// In Cologne it departs on the day after its service date.
	q := query("KOE", "BER", today+2)
	found := w.find(q)
	if len(found) == 0 || found[0].Legs[0].Date != today+1 {
		w.t.Errorf("on the day after: %v", journeys(found))
	}
	// One that began the day before yesterday is still on its way; who is to board has not missed it.
	w.clock.Advance(36 * time.Hour) // midnight of the 22nd in UTC
	_, err := w.core.BestOffer(w.t.Context(), ride("NJ 9", today+1, "MUE", "KOE"))
	wantReason(w.t, err, "departed")
	must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), ride("NJ 9", today+1, "KOE", "BER")))
}

// crossesZones rides from one zone into another.
func crossesZones(w *world) {
	f := &file{
		stations: []feed.Station{{Code: "PAR", Name: "Paris Nord", Zone: "Europe/Paris"}, {Code: "LON", Name: "London St Pancras", Zone: "Europe/London"}},
		trains: []feed.Train{{Key: "e", Number: "ES 9", Category: "ES", Zone: "Europe/Paris", Dates: days(today, 3), Calls: []feed.Call{
			call("PAR", at(10, 0), at(10, 0)), call("LON", at(12, 20), at(12, 20)),
		}}},
	}
	w.load(f, w.options())
	p := must[rail.JourneyProposal](w.t)(w.core.BestOffer(w.t.Context(), ride("ES 9", today+1, "PAR", "London")))
	same(w.t, "journey", journey(&p), "ES 9 PAR 10:00-LON 11:20")
	if r := p.Offer.Pieces[0].Ride; r.DepartOffset != 60 || r.ArriveOffset != 0 {
		w.t.Errorf("offsets %d and %d", r.DepartOffset, r.ArriveOffset)
	}
}

// changesClocks runs a night train on the two days when the clocks change: seconds are counted from noon minus twelve
// hours, so a time after the change is the time that clocks show.
func changesClocks(w *world) {
	spring, autumn := civil.DateOf(2027, 3, 28), civil.DateOf(2026, 10, 25)
	f := lines()
	f.trains = f.trains[:1]
	f.trains[0].Calls = []feed.Call{call("BER", at(1, 0), at(1, 0)), call("HAN", at(4, 0), at(4, 0)), call("KOE", at(12, 0), at(12, 0))}
	f.trains[0].Dates = []civil.Date{autumn, spring}
	w.load(f, w.options())
	for d, want := range map[civil.Date]string{
		autumn: "2026-10-25T00:00:00Z 2026-10-25T03:00:00Z 2026-10-25T11:00:00Z",
		spring: "2027-03-27T23:00:00Z 2027-03-28T02:00:00Z 2027-03-28T10:00:00Z",
	} {
		r := w.run("ICE 1", d)
		got := ""
		for _, c := range r.Calls {
			got += " " + c.Departs.UTC().Format(time.RFC3339)
		}
		same(w.t, d.String(), got[1:], want)
		if c := clockOf(r.Calls[2].Departs, "Europe/Berlin"); c != "12:00" {
			w.t.Errorf("%s: noon is at %s", d, c)
		}
	}
}

// sellsBuses sells places in a bus without seat numbers.
func sellsBuses(w *world) {
	w.load(lines(), w.options())
	p := w.find(query("HAN", "CEL", today+1))
	if len(p) == 0 || p[0].Legs[0].Train.Number != "Bus 77" || p[0].Available != 50 || p[0].Offer.Pieces[0].Ride.Seating.Pool != 0 {
		w.t.Fatalf("%v", journeys(p))
	}
	if seat := w.seat(p[0].Sealed); seat != "" {
		w.t.Errorf("a place in a bus has the seat %s", seat)
	}
	_, err := w.core.SeatMap(w.t.Context(), p[0].Legs[0].Run, rail.Second, 0, 1)
	wantReason(w.t, err, "no_seats")
}

// showsSeats reads the seat map before and after a sale, and marks what is sold out.
func showsSeats(w *world) {
	w.load(lines(), w.options())
	run := w.run("ICE 1", today+1)
	free := func(from, to int) (n int) {
		m := must[*rail.SeatMap](w.t)(w.core.SeatMap(w.t.Context(), run.ID, rail.First, from, to))
		for _, f := range m.Free {
			if f {
				n++
			}
		}
		return n
	}
	seats := int(run.Seats[0])
	if seats == 0 || free(0, 2) != seats {
		w.t.Fatalf("%d of %d seats are free", free(0, 2), seats)
	}
	r := ride("ICE 1", today+1, "BER", "HAN")
	r.Class, r.Adults = rail.First, 2
	w.book(r)
	if free(0, 1) != seats-2 || free(1, 2) != seats || free(0, 2) != seats-2 {
		w.t.Errorf("free are %d, %d and %d", free(0, 1), free(1, 2), free(0, 2))
	}
	r.Adults = 9
	for range (seats - 2) / 9 {
		w.book(r)
	}
	left := (seats - 2) % 9
	q := query("BER", "HAN", today+1)
	q.Class, q.Adults = rail.First, left+1
	same(w.t, "passed by", journeys(w.find(q)), []string{"IC 2 BER 08:10-HAN 10:30"})
	q.SoldOut = true
	for _, p := range w.find(q) {
		if sold := p.Legs[0].Train.Number == "ICE 1"; sold != p.SoldOut || sold != (p.Sealed == "") || sold && p.Available != int32(left) {
			w.t.Errorf("%s: sold out %v, %d free", journey(&p), p.SoldOut, p.Available)
		}
	}
}

func readsBoards(w *world) {
	w.load(lines(), w.options())
	board := must[[]rail.Departure](w.t)(w.core.Departures(w.t.Context(), "HAN", noon.Add(12*time.Hour), 4))
	var got []string
	for _, d := range board {
		got = append(got, clockOf(d.Run.Calls[d.Call].Departs, "Europe/Berlin")+" "+d.Run.Train.Number+" "+d.Toward.Code)
	}
	same(w.t, "departures", got, []string{"09:00 Bus 77 CEL", "09:42 ICE 1 KOE", "10:35 IC 2 KOE", "14:00 RE 5 BER"})
	_, err := w.core.Departures(w.t.Context(), "XXX", noon, 4)
	wantReason(w.t, err, "station_not_found")
	s := must[*rail.StationInfo](w.t)(w.core.Station(w.t.Context(), "HAN"))
	if s.City != "Hannover" || s.TimeZone != "Europe/Berlin" || s.Transfer != 180 || s.CallsADay != 5 {
		w.t.Errorf("%+v %+v", s, s.Station)
	}
	found := must[[]*rail.StationInfo](w.t)(w.core.Stations(w.t.Context(), "muenchen hbf", 10))
	same(w.t, "an umlaut written out is another word", len(found), 0)
	found = must[[]*rail.StationInfo](w.t)(w.core.Stations(w.t.Context(), "MUNCH", 10))
	if len(found) != 1 || found[0].Code != "MUE" {
		w.t.Errorf("%v", found)
	}
	_, err = w.core.Search(w.t.Context(), query("Berlim", "KOE", today+1))
	wantReason(w.t, err, "place_unknown")
	_, err = w.core.Search(w.t.Context(), query("BER", "Berlin", today+1))
	wantReason(w.t, err, "same_place")
	_, err = w.core.Search(w.t.Context(), query("BER", "KOE", today-1))
	wantReason(w.t, err, "in_past")
}
