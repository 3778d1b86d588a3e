package railtest

import (
	"testing"

	"holdfast/rail"
)

// RunService tests what the service does on a store and a service reservation.
func RunService(t *testing.T, r Rig) {
	for _, c := range []struct {
		name string
		test func(*world)
	}{
		{"a timetable is put on sale", putsOnSale},
		{"the same file twice changes nothing", sameFileTwice},
		{"a file is applied as one difference", differs},
		{"a file that removes much is held", holdsRemovals},
		{"refused lines", refusesLines},
		{"shifted by weeks", shifts},
		{"stamps decide, not arrival", stamps},
		{"killed between transaction and commands", killed},
		{"lost answers of commits", findsOut},
		{"several processes", several},
		{"the horizon rolls forward", rollsForward},
		{"compositions", importsCoaches},
		{"what is sold is kept", keepsWhatIsSold},
		{"new times are told", tellsNewTimes},
		{"updates", appliesUpdates},
		{"words have sources", wordsHaveSources},
		{"delays move with the timetable", keepsDelays},
		{"old offers after a change", refusesOldOffers},
		{"one train in two feeds", otherFeeds},
		{"updates wait for reservation", updatesWait},
		{"a run that stops twice at a station", callsTwice},
		{"times past 24:00 and 48:00", overNights},
		{"zones", crossesZones},
		{"service on the days when the clocks change", changesClocks},
		{"buses", sellsBuses},
		{"seat maps and sold out", showsSeats},
		{"boards and stations", readsBoards},
		{"the German feed", germany},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(newWorld(t, r)) })
	}
}

func putsOnSale(w *world) {
	r := w.load(lines(), w.options())
	if !r.Applied || r.Trains.Added != 6 || r.Stations.Added != 6 || len(r.Refused) != 0 {
		w.t.Errorf("%+v", r)
	}
	if want := int64(6 * 30); r.Runs != want || r.Templated != (rail.Templated{Composition: want, Fare: want, Transfer: want}) {
		w.t.Errorf("runs %d, templated %+v", r.Runs, r.Templated)
	}
	// Trains that run today from the morning on have arrived or are under way; NJ of the last two nights are, too.
	if r.Sale.OnSale == 0 || r.Sale.Waiting != 0 || len(r.Sale.Conflicts) != 0 {
		w.t.Errorf("sale: %+v", r.Sale)
	}
	found := w.find(query("BER", "Köln", today+1))
	same(w.t, "journeys", journeys(found), []string{"ICE 1 BER 08:00-KOE 12:00", "IC 2 BER 08:10-KOE 13:40"})
	for i := range found {
		p := &found[i]
		if p.Sealed == "" || p.Available <= 0 || p.Offer.Pieces[0].Ride.Seating.Pool == 0 || !p.Offer.Pieces[0].Ride.Seating.AtHold {
			w.t.Errorf("proposal %+v", p)
		}
	}
	held := must[string](w.t)(w.seat(found[0].Sealed), nil)
	if held == "" {
		w.t.Error("the hold has no seat")
	}
	same(w.t, "with a change", journeys(w.find(query("Berlin", "MUE", today+1))), []string{"ICE 1 BER 08:00-KOE 12:00, ICE 3 KOE 12:20-MUE 16:40"})
}

// seat holds an offer and tells the seat it got.
func (w *world) seat(sealed string) string {
	w.t.Helper()
	r, err := w.place(sealed)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(r.Items[0].Seats) == 0 {
		return ""
	}
	return r.Items[0].Seats[0].Label
}

func sameFileTwice(w *world) {
	w.load(lines(), w.options())
	before := w.rows()
	calls := w.desk.Calls()
	r := w.load(lines(), w.options())
	if r.Applied || r.Trains != (rail.Difference{Untouched: 6}) || r.Stations != (rail.Difference{Untouched: 6}) || r.Sale.OnSale != 0 {
		w.t.Errorf("%+v", r)
	}
	after := w.rows()
	before.Railways, after.Railways = nil, nil // when the file was loaded last is noted
	same(w.t, "rows", after, before)
	if w.desk.Calls() != calls {
		w.t.Error("reservation was asked again")
	}
}

// rows is all that is stored.
func (w *world) rows() *rail.Rows {
	w.t.Helper()
	s := w.store()
	defer s.Close()
	rows, _, err := s.Changed(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return sorted(rows)
}
