package flighttest

import (
	"slices"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/flight/fare"
	"holdfast/flight/itinerary"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/uid"
)

// RunService tests the service on a store.
func RunService(t *testing.T, r Rig) {
	for _, test := range []struct {
		name string
		run  func(*world)
	}{
		{"loads a timetable and sells it", sells},
		{"lands on the right day across the date line and over night", dateLine},
		{"keeps local times on the days when clocks change", clockChange},
		{"finds every leg of a number that flies several times a day", severalLegs},
		{"finds the operating flight by a codeshare number", codeshare},
		{"joins the legs of a flight", joinsLegs},
		{"moves a timetable by whole weeks", shifts},
		{"changes nothing by the same file twice", sameFile},
		{"applies a file as one difference", oneDifference},
		{"holds a file that removes too much", holdsRemoval},
		{"dry-runs", dryRuns},
		{"refuses by line, and then whole", refuses},
		{"comes to the same in any order of arrival", anyOrder},
		{"takes updates of what no timetable told yet", awaits},
		{"tells reservations of new times and cancellations", tells},
		{"tells reservations of what a timetable changes", tellsOfImport},
		{"gives new stock to a departure that takes another way", anotherWay},
		{"gives a departure the seats of its aircraft while nobody has one", otherSeats},
		{"sells a departure whose aircraft changes and changes back", aircraftBack},
		{"sells a departure whose way changes and changes back", wayBack},
		{"makes pools anew that were retired unheard", backAgain},
		{"sells no more than a smaller aircraft has while seats are taken", smaller},
		{"sets limits of pools whose making was not heard of", lostLimits},
		{"keeps what is protected when booking classes change", newClass},
		{"keeps a cancelled flight cancelled when a timetable changes another one", otherFile},
		{"refuses times of another number of legs", otherLegs},
		{"compares stamps within one source", bySource},
		{"refuses offers of a departure as it was", oldOffers},
		{"shows a traveller no increase under another name", noOtherName},
		{"shows a traveller no increase under another letter", newLetters},
		{"shows a seat map", seatMap},
		{"nests booking classes in the cabin", nests},
		{"follows demand with protection levels", followsDemand},
		{"overbooks and closes a departure", controls},
		{"searches connections, returns and filters", searches},
		{"refuses interline without agreement", interline},
		{"prices a party", pricesParty},
		{"gives the cheapest price of each day", calendar},
		{"never offers what has left", leaves},
		{"shows a traveller no short-term increase", steadyPrices},
		{"publishes fares by distance by the same rule", steadyTariff},
		{"takes fares in any order of arrival", faresInOrder},
		{"opens departures as the horizon moves on", horizon},
		{"waits for reservation", waits},
		{"resumes what a process before it left", resumes},
		{"finds out what became of a write", findsOut},
		{"works in two processes at once", several},
		{"keeps suppliers apart", apart},
		{"finds places by words", findsPlaces},
		{"revokes offers", revokes},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newWorld(t, r)) })
	}
}

func sells(w *world) {
	r := w.shuttle()
	if r.Rows != 5 || r.Added != 150 || r.OnSale != 150 || r.TemplateSeats != 150 || r.TemplateTariff != 150 || !r.Applied {
		w.t.Errorf("%+v", r)
	}
	d := w.lookup("hf 0100", today+1)
	if d.State != flight.Scheduled || d.Preparing || len(d.Cabins) != 2 || d.Legs[0].FromZone != "Europe/Lisbon" || d.Legs[0].ToZone != "Europe/Berlin" {
		w.t.Fatalf("%+v", d)
	}
	business, economy := d.Cabins[0], d.Cabins[1]
	if business.Name != "business" || business.Seats != 8 || business.Free != 8 || economy.Seats != 120 || economy.Free != 120 || economy.From == nil {
		w.t.Errorf("cabins %+v", d.Cabins)
	}
	res, err := w.book("HF100", today+1, one)
	if err != nil {
		w.t.Fatal(err)
	}
	ride := res.Items[0].Ride
	if ride == nil || ride.Number != "HF 100" || ride.Run != d.ID || ride.From != "LIS" || ride.To != "FRA" || ride.Class != "economy" || ride.Booking != "K" || ride.Seating.Pool == 0 || ride.Mode != offer.Flight {
		w.t.Fatalf("%+v", ride)
	}
	if ride.Departs != d.Legs[0].Departs || ride.ArriveOffset != 60 || ride.Date != today+1 {
		w.t.Errorf("%+v", ride)
	}
	if got := w.lookup("HF100", today+1).Cabins[1].Free; got != 119 {
		w.t.Errorf("after a sale %d seats are free", got)
	}
}

func dateLine(w *world) {
	w.load(legs(
		leg("7", "NRT", "HNL", clockTime(21, 0), clockTime(9, 0)),        // lands at nine the same morning
		leg("8", "HNL", "NRT", clockTime(12, 0), clockTime(16, 0)+24*60), // lands a day later
		leg("9", "JFK", "LHR", clockTime(22, 0), clockTime(10, 0)+24*60),
	))
	d := w.lookup("HF7", today+3)
	if got := d.Legs[0].Arrives.Sub(d.Legs[0].Departs); got != 7*time.Hour || d.Legs[0].ArriveOffset != -600 {
		w.t.Errorf("Tokyo to Honolulu takes %s, offset %d", got, d.Legs[0].ArriveOffset)
	}
	if local := d.Legs[0].Arrives.In(time.FixedZone("", -10*3600)); local.Hour() != 9 || civil.Today(d.Legs[0].Arrives, local.Location()) != today+3 {
		w.t.Errorf("it lands at %s there", local)
	}
	found := w.find("HNL", "NRT", today+3)
	if len(found) != 1 || found[0].Slices[0].Duration != 9*time.Hour || found[0].Options[0].Offer.Pieces[0].Ride.Date != today+3 {
		w.t.Errorf("Honolulu to Tokyo: %+v", found)
	}
	if end := found[0].Options[0].Offer.Pieces[0].Terms.EndsAt; end != found[0].Slices[0].Arrives {
		w.t.Errorf("the ride ends at %s", end)
	}
	over := w.find("NYC", "LON", today+3) // the only London airport that is served
	if len(over) != 1 || civil.Today(over[0].Slices[0].Arrives, time.UTC) != today+4 || over[0].Slices[0].Duration != 7*time.Hour {
		w.t.Errorf("over night: %+v", over)
	}
	// A search on a local date means the date there: half past midnight in Tokyo is yesterday in London.
	if n := len(w.find("NRT", "HNL", today+3)); n != 1 {
		w.t.Errorf("%d flights on a date in Tokyo", n)
	}
}

// clockChange flies on the two days on which clocks change in Europe: 2027-03-28 and 2027-10-31.
func clockChange(w *world) {
	spring, autumn := civil.DateOf(2027, 3, 28), civil.DateOf(2027, 10, 31)
	l := leg("40", "FRA", "LIS", clockTime(1, 30), clockTime(3, 30)) // over the hour that is skipped, or is there twice
	m := leg("41", "FRA", "LIS", clockTime(12, 0), clockTime(14, 0))
	l.First, l.Last, m.First, m.Last = spring-1, autumn+1, spring-1, autumn+1
	w.load(legs(l, m))
	for _, c := range []struct {
		number  string
		date    civil.Date
		departs string // UTC
		took    time.Duration
	}{
		{"HF40", spring - 1, "00:30", 3 * time.Hour},
		{"HF40", spring, "00:30", 2 * time.Hour}, // lands after Lisbon's clocks went forward, an hour earlier than by its own
		{"HF40", spring + 1, "23:30", 3 * time.Hour},
		{"HF40", autumn - 1, "23:30", 3 * time.Hour},
		{"HF40", autumn, "23:30", 4 * time.Hour},
		{"HF40", autumn + 1, "00:30", 3 * time.Hour},
		{"HF41", spring - 1, "11:00", 3 * time.Hour},
		{"HF41", spring, "10:00", 3 * time.Hour},
		{"HF41", autumn, "11:00", 3 * time.Hour},
	} {
		d := w.lookup(c.number, c.date)
		g := d.Legs[0]
		if g.Departs.Format("15:04") != c.departs || g.Arrives.Sub(g.Departs) != c.took {
			w.t.Errorf("%s on %s leaves at %s UTC and takes %s, want %s and %s", c.number, c.date, g.Departs.Format("15:04"), g.Arrives.Sub(g.Departs), c.departs, c.took)
		}
	}
}

func severalLegs(w *world) {
	day := feed.Departure{Carrier: "HF", Number: "55", Date: today + 2, Minutes: 60, Seats: 100}
	a, b, c := day, day, day
	a.From, a.To, a.Departs = "LIS", "OPO", clockTime(8, 0)
	b.From, b.To, b.Departs = "OPO", "LIS", clockTime(10, 0)
	c.From, c.To, c.Departs, c.Seats = "LIS", "FRA", clockTime(14, 0), 0
	w.load(dated(a, b, c))
	f := must[*flight.Flight](w.t)(w.core.Lookup(w.t.Context(), "HF55", today+2))
	var got []string
	for _, d := range f.Departures {
		got = append(got, d.From+d.To)
	}
	same(w.t, "departures", got, []string{"LISOPO", "OPOLIS", "LISFRA"})
	_, err := w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF55", Date: today + 2, Party: one})
	wantReason(w.t, err, "flight_ambiguous")
	res, err := w.book("HF55", today+2, one, func(r *flight.FlightRequest) { r.From, r.To = "OPO", "LIS" })
	if err != nil || res.Items[0].Ride.Run != f.Departures[1].ID {
		w.t.Errorf("%v %+v", err, res)
	}
	free := func(n int) int32 {
		return must[*flight.Flight](w.t)(w.core.Lookup(w.t.Context(), "HF55", today+2)).Departures[n].Cabins[1].Free
	}
	if free(0) != free(1)+1 {
		w.t.Errorf("a seat of one leg was taken from another: %d, %d", free(0), free(1))
	}
}

func codeshare(w *world) {
	l := leg("100", "LIS", "FRA", clockTime(8, 0), clockTime(12, 0))
	l.Codeshares, l.Operator, l.Suffix = []string{"YY 4100", "ZZ0021"}, "XY", "B"
	w.load(legs(l))
	for _, number := range []string{"YY4100", "yy 4100", "ZZ21", "HF100", "HF100B"} {
		d := w.lookup(number, today+1)
		if d.Number != "100" || d.Operator != "XY" || (number[0] == 'H') != (d.Codeshare == "") {
			w.t.Errorf("%s finds %s, shown as %q", number, d.Flight(), d.Codeshare)
		}
	}
	if _, err := w.book("ZZ21", today+1, one); err != nil {
		w.t.Error(err)
	}
	_, err := w.core.Lookup(w.t.Context(), "ZZ22", today+1)
	wantReason(w.t, err, "flight_not_found")
	// When it is sold under another number, the old one finds nothing any more.
	l.Codeshares = []string{"ZZ22"}
	w.load(legs(l))
	_, err = w.core.Lookup(w.t.Context(), "ZZ21", today+1)
	wantReason(w.t, err, "flight_not_found")
	w.lookup("ZZ22", today+1)
}

func joinsLegs(w *world) {
	a, b := leg("70", "LIS", "OPO", clockTime(22, 0), clockTime(23, 0)), leg("70", "OPO", "FRA", clockTime(23, 50), clockTime(27, 30))
	b.Sequence = 2
	w.load(legs(b, a))
	d := w.lookup("HF70", today+1)
	if len(d.Legs) != 2 || d.From != "LIS" || d.To != "FRA" {
		w.t.Fatalf("%+v", d)
	}
	// A seat from LIS to OPO is free again from OPO on.
	must[*reservation.Reservation](w.t)(w.book("HF70", today+1, fare.Party{Adults: 9}, func(r *flight.FlightRequest) { r.To = "OPO" }))
	units := must[*flight.SeatMap](w.t)(w.core.SeatMap(w.t.Context(), flight.SeatQuery{Departure: d.ID, Cabin: "economy"}))
	if units.Free != 120 {
		w.t.Errorf("%d seats of the map are free, before anybody chose one", units.Free)
	}
	for _, c := range []struct {
		from, to string
		free     int32
	}{{"LIS", "OPO", 111}, {"OPO", "FRA", 120}, {"LIS", "FRA", 111}} {
		found := w.find(c.from, c.to, today+1, func(q *flight.ItineraryQuery) { q.Cabin = "economy" })
		if c.from == "OPO" {
			found = w.find(c.from, c.to, today+1)
		}
		if len(found) != 1 {
			w.t.Errorf("%s to %s: %v", c.from, c.to, routes(found))
		}
	}
	_, err := w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF70", Date: today + 1, From: "FRA", To: "LIS", Party: one})
	wantReason(w.t, err, "flight_not_found")
}

func shifts(w *world) {
	// A summer timetable of ten years ago, with the offsets of then; the weeks move it over a change of clocks.
	l := leg("9", "FRA", "JFK", clockTime(10, 0), clockTime(12, 30))
	l.First, l.Last = civil.DateOf(2016, 8, 1), civil.DateOf(2016, 8, 28)
	l.Weekdays = 0b1 // Mondays
	l.Offsets, l.DepartOffset, l.ArriveOffset = true, 120, -240
	weeks := int(civil.DateOf(2026, 12, 7)-l.First) / 7
	r := w.load(legs(l), func(o *flight.ImportOptions) { o.ShiftWeeks = weeks })
	if r.Added != 4 || r.OnSale != 4 {
		w.t.Fatalf("%+v", r)
	}
	d := w.lookup("HF9", civil.DateOf(2026, 12, 7))
	g := d.Legs[0]
	if g.Departs != time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC) || g.DepartOffset != 60 || g.Arrives != time.Date(2026, 12, 7, 17, 30, 0, 0, time.UTC) || g.ArriveOffset != -300 {
		w.t.Errorf("ten o'clock in Frankfurt is %s with offset %d, half past twelve in New York %s with %d", g.Departs, g.DepartOffset, g.Arrives, g.ArriveOffset)
	}
	if d.Date.Weekday() != time.Monday {
		w.t.Errorf("it flies on a %s", d.Date.Weekday())
	}
	// What became of a flight is of its own day: one that was cancelled then may be sold now.
	x := feed.Departure{Carrier: "HF", Number: "10", From: "LIS", To: "OPO", Date: civil.DateOf(2016, 8, 2), Departs: 600, Minutes: 60, Cancelled: true, Reason: "weather", Seats: 50}
	w.load(dated(x), func(o *flight.ImportOptions) { o.ShiftWeeks, o.Feed = weeks, "dated" })
	if s := w.lookup("HF10", civil.DateOf(2026, 12, 8)).State; s != flight.Scheduled {
		w.t.Errorf("a moved flight is %s", s)
	}
	schedules := must[[]*flight.Schedule](w.t)(w.core.Schedules(w.t.Context(), w.staff, w.supplier))
	if len(schedules) != 1 || schedules[0].First != civil.DateOf(2026, 12, 7) || schedules[0].Legs[0].Departs != 600 {
		w.t.Errorf("%+v", schedules)
	}
}

func searches(w *world) {
	w.shuttle()
	found := w.find("LIS", "zurich", today+1)
	same(w.t, "by name", routes(found), []string{"HF100+HF200", "HF102+HF200"}) // the second one stays over night
	if g := found[0].Slices[0]; g.Duration != 5*time.Hour+30*time.Minute || len(found[0].Options) != 3 || found[0].Options[0].Families[0].Code != "LIGHT" {
		w.t.Errorf("%+v", g)
	}
	res, err := w.place(found[0].Options[0].Sealed)
	if err != nil || len(res.Items) != 2 {
		w.t.Fatalf("%v %+v", err, res)
	}
	same(w.t, "direct only", routes(w.find("LIS", "ZRH", today+1, func(q *flight.ItineraryQuery) { q.MaxStops = 0 })), []string{})
	back := func(q *flight.ItineraryQuery) {
		q.Slices = append(q.Slices, flight.SliceQuery{From: "FRA", To: "LIS", Date: today + 4})
	}
	same(w.t, "there and back", routes(w.find("LIS", "FRA", today+2, back)), []string{"HF100 | HF101", "HF102 | HF101"})
	sameDay := func(q *flight.ItineraryQuery) {
		q.Slices = append(q.Slices, flight.SliceQuery{From: "FRA", To: "LIS", Date: today + 2})
	}
	same(w.t, "there and back in a day", routes(w.find("LIS", "FRA", today+2, sameDay)), []string{"HF100 | HF101"})
	for name, c := range map[string]struct {
		change func(*flight.ItineraryQuery)
		want   []string
	}{
		"in the afternoon": {func(q *flight.ItineraryQuery) { q.Slices[0].Depart = itinerary.Clock{From: 720, To: 1439} }, []string{"HF102"}},
		"arriving early":   {func(q *flight.ItineraryQuery) { q.Slices[0].Arrive = itinerary.Clock{From: 1, To: 800} }, []string{"HF100"}},
		"other carrier":    {func(q *flight.ItineraryQuery) { q.Include = []string{"XX"} }, nil},
		"not this carrier": {func(q *flight.ItineraryQuery) { q.Exclude = []string{"HF"} }, nil},
		"too dear":         {func(q *flight.ItineraryQuery) { q.MaxPrice = 1_000 }, nil},
		"no first class":   {func(q *flight.ItineraryQuery) { q.Cabin = "first" }, nil},
		"in business":      {func(q *flight.ItineraryQuery) { q.Cabin = "business" }, []string{"HF100", "HF102"}},
		"for nine":         {func(q *flight.ItineraryQuery) { q.Cabin, q.Party = "business", fare.Party{Adults: 9} }, nil},
		"the latest first": {func(q *flight.ItineraryQuery) { q.Sort, q.Limit = itinerary.ByDeparture, 1 }, []string{"HF100"}},
	} {
		same(w.t, name, routes(w.find("LIS", "FRA", today+1, c.change)), c.want)
	}
	for name, c := range map[string]struct {
		q      flight.ItineraryQuery
		reason string
	}{
		"nowhere":    {flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "LIS", To: "Atlantis", Date: today + 1}}, Party: one}, "place_unknown"},
		"yesterday":  {flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "LIS", To: "FRA", Date: today - 1}}, Party: one}, "in_past"},
		"next year":  {flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "LIS", To: "FRA", Date: today + 500}}, Party: one}, "beyond_horizon"},
		"nobody":     {flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "LIS", To: "FRA", Date: today + 1}}}, "validation_failed"},
		"round trip": {flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "LIS", To: "LIS", Date: today + 1}}, Party: one}, "same_place"},
	} {
		_, err := w.core.Search(w.t.Context(), c.q)
		if err == nil {
			w.t.Errorf("%s: found", name)
			continue
		}
		wantReason(w.t, err, c.reason)
	}
}

func interline(w *world) {
	w.load(legs(leg("100", "LIS", "FRA", clockTime(8, 0), clockTime(12, 0))))
	other := uid.New()
	l := leg("5", "FRA", "ZRH", clockTime(13, 30), clockTime(14, 30))
	l.Carrier = "XY"
	r, err := w.core.ImportSchedule(w.t.Context(), operator, legs(l), flight.ImportOptions{Supplier: other, Feed: "other"}, nil)
	if err != nil || r.Added != 30 {
		w.t.Fatalf("%v %+v", err, r)
	}
	if found := w.find("LIS", "ZRH", today+1); len(found) != 0 {
		w.t.Errorf("sold together without agreement: %v", routes(found))
	}
	agree := func(code string, supplier uid.ID, with ...string) {
		w.t.Helper()
		must[*flight.Carrier](w.t)(w.core.SetCarrier(w.t.Context(), operator, flight.Carrier{Code: code, Supplier: supplier, Name: code, Interline: with}, flight.AnyRevision))
	}
	agree("HF", w.supplier, "XY")
	if found := w.find("LIS", "ZRH", today+1); len(found) != 0 {
		w.t.Errorf("one of two agreed, and they are sold together: %v", routes(found))
	}
	agree("XY", other, "HF")
	found := w.find("LIS", "ZRH", today+1)
	same(w.t, "with an agreement", routes(found), []string{"HF100+XY5"})
	pieces := found[0].Options[0].Offer.Pieces
	if pieces[0].Supplier != w.supplier || pieces[1].Supplier != other {
		w.t.Errorf("%+v", pieces)
	}
	if found := w.find("LIS", "ZRH", today+1, func(q *flight.ItineraryQuery) { q.NoInterline = true }); len(found) != 0 {
		w.t.Errorf("not asked for, and found: %v", routes(found))
	}
	agree("HF", w.supplier)
	if found := w.find("LIS", "ZRH", today+1); len(found) != 0 {
		w.t.Errorf("the agreement has ended: %v", routes(found))
	}
}

func pricesParty(w *world) {
	w.shuttle()
	family := fare.Party{Adults: 2, Children: 1, Infants: 1}
	found := w.find("LIS", "FRA", today+1, func(q *flight.ItineraryQuery) { q.Party, q.Limit = family, 1 })
	o := found[0].Options[0]
	k := must[[]flight.PublishedFare](w.t)(w.core.Fares(w.t.Context(), w.staff, w.supplier, "LIS", "FRA"))
	cheapest := k[slices.IndexFunc(k, func(f flight.PublishedFare) bool { return f.Class == "K" })].Minor
	want := 2*cheapest + cheapest*3/4 + cheapest/10 + 3*(1_200+850) // infants pay no levies
	if o.Total() != want || len(o.Items[0].Travellers) != 4 {
		w.t.Errorf("a family pays %d, want %d", o.Total(), want)
	}
	c := o.Offer.Pieces[0].Claims
	if len(c) != 4 || c[0].Count != 3 || c[0].From != 0 || c[0].To != 1 {
		w.t.Errorf("claims %+v", c)
	}
	ride := o.Offer.Pieces[0].Ride
	if ride.Seats() != 3 || ride.Infants != 1 || !slices.Equal(ride.Seating.Tiers, []int64{900, 1_900, 2_900}) || ride.Seating.AtHold {
		w.t.Errorf("%+v", ride)
	}
	for _, o := range found[0].Options {
		p := o.Offer.Pieces[0]
		if flexible := o.Families[0].Code == "FLEX"; flexible != (len(p.Ride.Seating.Tiers) == 0) || flexible != !p.Terms.FreeUntil.IsZero() || p.Ride.FareVersion != o.Families[0].Version {
			w.t.Errorf("%s: %+v", o.Families[0].Code, p.Terms)
		}
	}
}

func calendar(w *world) {
	w.shuttle()
	days := must[[]flight.DayPrice](w.t)(w.core.Calendar(w.t.Context(), flight.CalendarQuery{
		ItineraryQuery: flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "LIS", To: "FRA"}}, Party: one, MaxStops: -1}, First: today - 1, Last: today + 40,
	}))
	if len(days) != 42 {
		w.t.Fatalf("%d days", len(days))
	}
	for _, d := range days {
		sold := d.Date > today && d.Date <= today+30
		if d.Sold != sold {
			w.t.Errorf("%s: %+v", d.Date, d)
		}
		if sold {
			if total := w.find("LIS", "FRA", d.Date)[0].Options[0].Total(); total != d.Minor || d.Currency != "EUR" {
				w.t.Errorf("%s costs %d, the search says %d", d.Date, d.Minor, total)
			}
		}
	}
}

func leaves(w *world) {
	w.shuttle()
	w.clock.Set(time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)) // an hour before the first departure
	found := w.find("LIS", "FRA", today+1)
	same(w.t, "an hour before", routes(found), []string{"HF100", "HF102"})
	w.clock.Advance(40 * time.Minute)
	same(w.t, "twenty minutes before", routes(w.find("LIS", "FRA", today+1)), []string{"HF102"})
	w.advance(time.Hour)
	if s := w.lookup("HF100", today+1).State; s != flight.Departed {
		w.t.Errorf("after its time it is %s", s)
	}
	_, err := w.core.BestOffer(w.t.Context(), flight.FlightRequest{Number: "HF100", Date: today + 1, Party: one})
	wantReason(w.t, err, "departed")
	same(w.t, "the next", routes(w.find("LIS", "FRA", today+1)), []string{"HF102"})
}

func findsPlaces(w *world) {
	w.shuttle()
	for text, want := range map[string]string{"zür": "ZRH", "LIS": "LIS", "london": "LON", "sa carneiro": "OPO", "frank": "FRA"} {
		got := must[[]flight.Place](w.t)(w.core.Places(w.t.Context(), text, 5))
		if len(got) == 0 || got[0].Code != want || got[0].Served != (want == "ZRH" || want == "LIS" || want == "FRA") {
			w.t.Errorf("%s: %+v, want %s first", text, got, want)
		}
	}
	if got := must[[]flight.Place](w.t)(w.core.Places(w.t.Context(), "london", 5)); len(got) != 3 || !slices.Equal(got[0].Airports, []string{"LGW", "LHR"}) {
		w.t.Errorf("%+v", got)
	}
	_, err := w.core.Search(w.t.Context(), flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "Fran", To: "LIS", Date: today + 1}}, Party: one})
	wantReason(w.t, err, "place_unknown")
}

func revokes(w *world) {
	w.shuttle()
	o := w.find("LIS", "FRA", today+1)[0].Options
	w.clock.Advance(2 * time.Second)
	if err := w.core.RevokeOffers(w.t.Context(), w.staff, w.supplier, o[0].Families[0].Version); err != nil {
		w.t.Fatal(err)
	}
	_, err := w.place(o[0].Sealed)
	wantReason(w.t, err, "offer_revoked")
	if _, err := w.place(o[1].Sealed); err != nil {
		w.t.Errorf("another family: %v", err)
	}
}
