package flighttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/flight"
	"holdfast/flight/fare"
	"holdfast/offer"
	"holdfast/uid"
)

// RunStore tests that a store is one.
func RunStore(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, func() flight.Store)
	}{
		{"keeps everything", storeKeeps},
		{"changes rows", storeChanges},
		{"refuses a write that does not know the last one", storeStale},
		{"refuses a write whole", storeWhole},
		{"guards its rows", storeGuards},
		{"shows what changed", storeDelta},
		{"knows the last writes", storeLanded},
		{"lets writers of two processes take turns", storeTurns},
		{"keeps commands until they are obeyed", storeCommands},
		{"leases commands", storeLeases},
		{"never changes a version", storeVersions},
		{"takes a large timetable", storeLarge},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

// opened opens a store for one test.
func opened(t *testing.T, store func() flight.Store) flight.Store {
	t.Helper()
	s := store()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var supplier = uid.New()

// departure is one that uses every column.
func departure(number string, day civil.Date) *flight.Departure {
	key := flight.Key{Carrier: "HF", Number: number, Suffix: "A", Date: day, From: "LIS", To: "NRT"}
	at := time.Date(2027, 3, 1, 10, 5, 0, 0, time.UTC)
	return &flight.Departure{
		ID: key.ID(supplier), Supplier: supplier, Key: key, Feed: "summer", Operator: "XY", Codeshares: []string{"YY1234", "ZZ9"}, Equipment: "77W", Tail: "D-ABCD", Aircraft: uid.New(),
		Legs: []flight.Leg{
			{From: "LIS", To: "HEL", Departs: at, Arrives: at.Add(5 * time.Hour), DepartOffset: 0, ArriveOffset: 120},
			{From: "HEL", To: "NRT", Departs: at.Add(7 * time.Hour), Arrives: at.Add(20 * time.Hour), DepartOffset: 120, ArriveOffset: 540},
		},
		Live:    &flight.Live{Stamp: 5, Diverted: true, Times: []flight.LegTimes{{Departs: at, Arrives: at.Add(time.Hour)}, {Departs: at.Add(2 * time.Hour), Arrives: at.Add(3 * time.Hour)}}, Reason: "Nebel über \"HEL\""},
		Control: &flight.Control{Closed: true, OverbookingBP: map[string]int32{"economy": -100}, Protected: map[string]int32{"Y": 12}, LoadDependent: true},
		Pools:   []flight.Pool{{ID: 77, Cabin: "economy", Form: "abc"}, {ID: 78, Cabin: "economy", Class: "M", Form: "abc", Gone: true}},
		Told:    3,
	}
}

// plain is one with little to say.
func plain(number string, day civil.Date) *flight.Departure {
	key := flight.Key{Carrier: "HF", Number: number, Date: day, From: "LIS", To: "OPO"}
	at := time.Unix(int64(day)*86400+36_000, 0).UTC()
	return &flight.Departure{
		ID: key.ID(supplier), Supplier: supplier, Key: key, Feed: "summer",
		Legs: []flight.Leg{{From: "LIS", To: "OPO", Departs: at, Arrives: at.Add(time.Hour), DepartOffset: 60, ArriveOffset: 60}},
	}
}

func everything() flight.Rows {
	family := flight.Family{ID: uid.New(), Version: uid.New(), Family: fare.Family{Code: "FLEX", Name: "Flex", PercentBP: 12_000, Amount: -5, SeatChoice: fare.SeatFree}}
	return flight.Rows{
		Airports: []*flight.Airport{{IATA: "LIS", ICAO: "LPPT", Name: "Humberto Delgado", City: "Lisboa", Country: "PT", Zone: "Europe/Lisbon", Metro: "LIS", Latitude: 38.774, Longitude: -9.1342, ConnectMinutes: 55}},
		Carriers: []*flight.Carrier{{Code: "HF", Supplier: supplier, Name: "Holdfast Air", Interline: []string{"XY", "ZZ"}, Revision: 3}},
		Aircraft: []*flight.Aircraft{{ID: uid.New(), Supplier: supplier, Code: "77W", Name: "Boeing", Revision: 1, Sections: []flight.Section{
			{Cabin: "business", First: 1, Last: 4, Letters: "AC-DF", Power: true},
			{Cabin: "economy", Deck: 1, First: 10, Last: 30, Letters: "ABC-DEF", Skip: []int{13}, Missing: []string{"30F"}, Exits: []int{12}, Tiers: []flight.RowTier{{From: 10, To: 12, Tier: 2}}},
		}}},
		Tariffs: []*flight.Tariff{{
			Supplier: supplier, Currency: "EUR", Families: []flight.Family{family}, Shares: fare.DefaultShares, WindowSeconds: 60, SettleSeconds: 30, RaisedAt: noon, Revision: 2,
			Cabins: []flight.Cabin{{Name: "economy", OverbookingBP: 300, Tiers: []int64{1, 2}, Classes: []flight.Class{{Code: "Y", ProtectedBP: 100, Base: 5, Per100KM: 6, DemandBP: 7, DeviationBP: 8}}}},
			Levies: []fare.Levy{{Kind: offer.Tax, Code: "vat", BP: 600, Included: true}},
		}},
		Fares:      []*flight.Fare{{FareKey: flight.FareKey{Supplier: supplier, From: "LIS", To: "OPO", Class: "Y"}, Stamp: -4, State: flight.FareState{Published: fare.Published{Minor: 1, Wanted: 2, Changed: 3, Pending: 4, Since: 5}, Derived: true}}},
		Feeds:      []*flight.Feed{{Supplier: supplier, Name: "summer", Stamp: 99}},
		Departures: []*flight.Departure{departure("1", 20_900), plain("22", 20_901)},
	}
}

// all reads everything after a change.
func all(t *testing.T, s flight.Store, after int64) (flight.Rows, int64) {
	t.Helper()
	var out flight.Rows
	now, err := s.Changes(t.Context(), after, func(r *flight.Rows) error {
		out.Airports, out.Carriers, out.Aircraft = append(out.Airports, r.Airports...), append(out.Carriers, r.Carriers...), append(out.Aircraft, r.Aircraft...)
		out.Tariffs, out.Fares, out.Feeds = append(out.Tariffs, r.Tariffs...), append(out.Fares, r.Fares...), append(out.Feeds, r.Feeds...)
		out.Departures = append(out.Departures, r.Departures...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out.Departures, func(a, b *flight.Departure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out, now
}

// put writes rows after what is there, all legs with them.
func put(t *testing.T, s flight.Store, after int64, r flight.Rows, commands ...flight.Command) int64 {
	t.Helper()
	return must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), After: after, Rows: r, Legs: r.Departures, Commands: commands}))
}

func sorted(r flight.Rows) flight.Rows {
	r.Departures = slices.Clone(r.Departures)
	slices.SortFunc(r.Departures, func(a, b *flight.Departure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return r
}

func storeKeeps(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	want := everything()
	schedule := &flight.Schedule{
		ID: uid.New(), Supplier: supplier, Feed: "summer", Carrier: "HF", Number: "1", Suffix: "A", First: 20_900, Last: 20_990, Weekdays: 0x55,
		Legs: []flight.ScheduleLeg{{From: "LIS", To: "NRT", Departs: 600, Arrives: 2_000, Equipment: "77W", Operator: "XY", Codeshares: []string{"YY1"}}},
	}
	if n := must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), Rows: want, Legs: want.Departures, Schedules: []*flight.Schedule{schedule}, Versions: want.Tariffs[0].Families})); n != 1 {
		t.Errorf("the first write is number %d", n)
	}
	for _, s := range []flight.Store{s, opened(t, store)} { // as another process sees it
		got, now := all(t, s, 0)
		same(t, "rows", got, sorted(want))
		if now != 1 {
			t.Errorf("at change %d", now)
		}
		for feed, want := range map[string]int{"": 1, "summer": 1, "winter": 0} {
			if got := must[[]*flight.Schedule](t)(s.Schedules(t.Context(), supplier, feed)); len(got) != want || want == 1 && !equal(got[0], schedule) {
				t.Errorf("schedules of feed %q: %+v", feed, got)
			}
		}
	}
}

func storeChanges(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	first := everything()
	put(t, s, 0, first)
	next := first
	d := *first.Departures[0]
	d.Legs, d.Live, d.Control, d.Pools, d.Codeshares, d.Removed, d.Told = d.Legs[:1], nil, nil, nil, nil, true, 4
	f := *first.Fares[0]
	f.Stamp, f.State.Minor = 8, 100
	a := *first.Airports[0]
	a.ConnectMinutes = 0
	next.Departures, next.Fares, next.Airports = []*flight.Departure{&d}, []*flight.Fare{&f}, []*flight.Airport{&a}
	put(t, s, 1, next)
	got, _ := all(t, s, 0)
	want := next
	want.Departures = []*flight.Departure{&d, first.Departures[1]}
	same(t, "rows", got, sorted(want))
	// Only a departure's own row is written where its legs are not named.
	e := d
	e.Told = 5
	must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), After: 2, Rows: flight.Rows{Departures: []*flight.Departure{&e}}}))
	got, _ = all(t, s, 2)
	same(t, "one row", got.Departures, []*flight.Departure{&e})
	gone := &flight.Schedule{ID: uid.New(), Supplier: supplier, Feed: "f", Carrier: "HF", Number: "1", First: 1, Last: 1, Weekdays: 1, Legs: []flight.ScheduleLeg{{From: "LIS", To: "OPO"}}}
	must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), After: 3, Schedules: []*flight.Schedule{gone}}))
	must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), After: 4, GoneSchedules: []uid.ID{gone.ID}}))
	if got := must[[]*flight.Schedule](t)(s.Schedules(t.Context(), supplier, "f")); len(got) != 0 {
		t.Errorf("a schedule that was taken away is there: %+v", got)
	}
}

func storeStale(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	put(t, s, 0, everything())
	for _, after := range []int64{0, 2, -1} {
		if _, err := s.Write(t.Context(), flight.Write{ID: uid.New(), After: after, Rows: flight.Rows{Departures: []*flight.Departure{plain("7", 3)}}}); !errors.Is(err, flight.ErrStale) {
			t.Errorf("after %d: %v", after, err)
		}
	}
	if got, now := all(t, s, 0); len(got.Departures) != 2 || now != 1 {
		t.Errorf("a refused write left %d departures, change %d", len(got.Departures), now)
	}
}

func storeWhole(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	bad := plain("8", 4)
	bad.Legs[0].Arrives = bad.Legs[0].Departs
	w := flight.Write{ID: uid.New(), Rows: everything(), Commands: []flight.Command{{Departure: bad.ID, Stock: true}}}
	w.Departures = append(w.Departures, bad)
	w.Legs = w.Departures
	if _, err := s.Write(t.Context(), w); err == nil {
		t.Fatal("a leg that takes no time is stored")
	}
	if got, now := all(t, s, 0); !equal(got, flight.Rows{}) || now != 0 {
		t.Errorf("half of a write is there: %+v", got)
	}
	if n := must[int](t)(s.Waiting(t.Context())); n != 0 {
		t.Errorf("%d commands of a refused write wait", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Write(ctx, flight.Write{ID: uid.New(), Rows: everything()}); err == nil {
		t.Error("a write went through though its caller had gone")
	}
}

// storeGuards has the tables refuse what no rule may let through.
func storeGuards(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	for name, spoil := range map[string]func(*flight.Write){
		"country of three letters":  func(w *flight.Write) { w.Airports[0].Country = "PRT" },
		"latitude beyond the pole":  func(w *flight.Write) { w.Airports[0].Latitude = 91 },
		"airport without a zone":    func(w *flight.Write) { w.Airports[0].Zone = "" },
		"carrier of one letter":     func(w *flight.Write) { w.Carriers[0].Code = "H" },
		"fare from A to A":          func(w *flight.Write) { w.Fares[0].To = w.Fares[0].From },
		"suffix of two letters":     func(w *flight.Write) { w.Departures[0].Suffix = "AB" },
		"no number":                 func(w *flight.Write) { w.Departures[0].Number = "" },
		"leg from A to A":           func(w *flight.Write) { w.Departures[0].Legs[0].To = w.Departures[0].Legs[0].From },
		"leg that lands first":      func(w *flight.Write) { w.Departures[0].Legs[1].Arrives = time.Unix(0, 0).UTC() },
		"offset of a day":           func(w *flight.Write) { w.Departures[0].Legs[0].DepartOffset = 1440 },
		"told less than never":      func(w *flight.Write) { w.Departures[0].Told = -1 },
		"revision zero":             func(w *flight.Write) { w.Tariffs[0].Revision = 0 },
		"feed without a name":       func(w *flight.Write) { w.Feeds[0].Name = "" },
		"command of no departure":   func(w *flight.Write) { w.Commands = []flight.Command{{Departure: uid.New(), Stock: true}} },
		"command to do nothing":     func(w *flight.Write) { w.Commands = []flight.Command{{Departure: w.Departures[0].ID}} },
		"legs of no departure":      func(w *flight.Write) { w.Legs = []*flight.Departure{plain("555", 5)} },
		"schedule on no day":        func(w *flight.Write) { w.Schedules[0].Weekdays = 0 },
		"schedule that ends before": func(w *flight.Write) { w.Schedules[0].Last = w.Schedules[0].First - 1 },
	} {
		w := flight.Write{ID: uid.New(), Rows: everything(), Schedules: []*flight.Schedule{{ID: uid.New(), Supplier: supplier, Carrier: "HF", Number: "1", First: 5, Last: 6, Weekdays: 1}}}
		w.Legs = w.Departures
		spoil(&w)
		if _, err := s.Write(t.Context(), w); err == nil {
			t.Errorf("%s: stored", name)
		}
	}
	if got, _ := all(t, s, 0); !equal(got, flight.Rows{}) {
		t.Error("something is there")
	}
}

func storeDelta(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	put(t, s, 0, everything())
	if got, now := all(t, s, 1); !equal(got, flight.Rows{}) || now != 1 {
		t.Errorf("nothing changed, and there is %+v", got)
	}
	want := flight.Rows{Departures: []*flight.Departure{plain("333", 9)}, Feeds: []*flight.Feed{{Supplier: supplier, Name: "x", Stamp: 1}}}
	put(t, s, 1, want)
	got, now := all(t, s, 1)
	same(t, "the change", got, want)
	if now != 2 {
		t.Errorf("at change %d", now)
	}
	stop := errors.New("enough")
	if _, err := s.Changes(t.Context(), 0, func(*flight.Rows) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("who takes the rows is not heard: %v", err)
	}
}

func storeLanded(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	id := uid.New()
	must[int64](t)(s.Write(t.Context(), flight.Write{ID: id, Rows: everything()}))
	put(t, s, 1, flight.Rows{})
	for id, want := range map[uid.ID]int64{id: 1, uid.New(): 0} {
		if got := must[int64](t)(s.Landed(t.Context(), id)); got != want {
			t.Errorf("landed as %d, want %d", got, want)
		}
	}
}

// storeTurns lets two processes write as fast as they can; every write knows the one before it.
func storeTurns(t *testing.T, store func() flight.Store) {
	const writers, each = 2, 15
	var turns sync.WaitGroup
	for n := range writers {
		s := opened(t, store)
		turns.Go(func() {
			after := int64(0)
			for i := range each {
				for {
					_, err := s.Write(t.Context(), flight.Write{ID: uid.New(), After: after, Rows: flight.Rows{Feeds: []*flight.Feed{{Supplier: supplier, Name: fmt.Sprintf("%d-%d", n, i), Stamp: after}}}})
					if err == nil {
						after++
						break
					}
					if !errors.Is(err, flight.ErrStale) {
						t.Error(err)
						return
					}
					if after, err = s.Changes(t.Context(), after, func(*flight.Rows) error { return nil }); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	turns.Wait()
	got, now := all(t, opened(t, store), 0)
	seen := map[int64]bool{}
	for _, f := range got.Feeds {
		seen[f.Stamp] = true
	}
	if now != writers*each || len(seen) != writers*each {
		t.Errorf("%d writes, %d of them after a write of their own", now, len(seen))
	}
}

func storeCommands(t *testing.T, store func() flight.Store) {
	s, ctx := opened(t, store), t.Context()
	a, b := plain("1", 1), plain("2", 2)
	put(t, s, 0, flight.Rows{Departures: []*flight.Departure{a, b}}, flight.Command{Departure: a.ID, Stock: true}, flight.Command{Departure: b.ID, Disrupt: true})
	claim := func(all bool, limit int) []flight.Command {
		t.Helper()
		got := must[[]flight.Command](t)(s.Claim(ctx, "me", time.Hour, all, limit))
		slices.SortFunc(got, func(x, y flight.Command) int { return slices.Compare(x.Departure[:], y.Departure[:]) })
		return got
	}
	same(t, "claimed", claim(false, 10), []flight.Command{{Departure: a.ID, Change: 1, Stock: true}, {Departure: b.ID, Change: 1, Disrupt: true}})
	// One is asked for again while it is being sent: it stays, and does what both said.
	put(t, s, 1, flight.Rows{}, flight.Command{Departure: a.ID, Disrupt: true})
	if got := claim(true, 10); len(got) != 0 {
		t.Errorf("what is being sent was claimed again: %+v", got)
	}
	must[int64](t)(s.Write(ctx, flight.Write{ID: uid.New(), After: 2, Done: []flight.Command{{Departure: a.ID, Change: 1}, {Departure: b.ID, Change: 1}}}))
	if n := must[int](t)(s.Waiting(ctx)); n != 1 {
		t.Fatalf("%d commands wait, want the one that was asked for again", n)
	}
	same(t, "claimed again", claim(false, 10), []flight.Command{{Departure: a.ID, Change: 2, Stock: true, Disrupt: true}})
	must[int64](t)(s.Write(ctx, flight.Write{ID: uid.New(), After: 3, Done: []flight.Command{{Departure: a.ID, Change: 2}}}))
	if n := must[int](t)(s.Waiting(ctx)); n != 0 {
		t.Errorf("%d commands wait after all were obeyed", n)
	}
	// What is urgent comes first, however long others have waited.
	put(t, s, 4, flight.Rows{}, flight.Command{Departure: a.ID, Stock: true})
	must[int64](t)(s.Write(ctx, flight.Write{ID: uid.New(), After: 5, Urgent: true, Commands: []flight.Command{{Departure: b.ID, Stock: true}}}))
	if got := claim(false, 1); len(got) != 1 || got[0].Departure != b.ID {
		t.Errorf("claimed %+v before the urgent one", got)
	}
}

func storeLeases(t *testing.T, store func() flight.Store) {
	s, ctx := opened(t, store), t.Context()
	d := plain("1", 1)
	must[int64](t)(s.Write(ctx, flight.Write{ID: uid.New(), Rows: flight.Rows{Departures: []*flight.Departure{d}}, Legs: []*flight.Departure{d}, Wait: time.Hour, Commands: []flight.Command{{Departure: d.ID, Stock: true}}}))
	count := func(who string, lease time.Duration, all bool) int {
		t.Helper()
		return len(must[[]flight.Command](t)(s.Claim(ctx, who, lease, all, 10)))
	}
	if count("job", time.Hour, false) != 0 {
		t.Error("a job took what its writer is about to send")
	}
	if count("writer", time.Hour, true) != 1 {
		t.Error("the writer does not get its command")
	}
	if count("other", time.Hour, true) != 0 {
		t.Error("two have the lease")
	}
	if err := s.Postpone(ctx, "other", []uid.ID{d.ID}, 0); err != nil {
		t.Fatal(err)
	}
	if count("other", time.Hour, true) != 0 {
		t.Error("who does not have the lease gave it up")
	}
	if err := s.Postpone(ctx, "writer", []uid.ID{d.ID}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if count("job", time.Hour, false) != 0 || count("other", -time.Second, true) != 1 {
		t.Error("a command that was postponed waits for its time, but for those who take all")
	}
	if count("job", time.Hour, false) != 1 {
		t.Error("a lease that has ended is still held")
	}
}

// storeVersions writes one version of a family twice: offers name versions, so the first holds.
func storeVersions(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	v := flight.Family{ID: uid.New(), Version: uid.New(), Family: fare.Family{Code: "A", Name: "A", SeatChoice: fare.SeatFree}}
	for after := range int64(2) {
		must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), After: after, Versions: []flight.Family{v}}))
	}
}

// storeLarge writes more rows than go in one piece.
func storeLarge(t *testing.T, store func() flight.Store) {
	s := opened(t, store)
	const n = 5000
	rows, commands := flight.Rows{}, []flight.Command{}
	for i := range n {
		d := plain(fmt.Sprint(i%100+1), civil.Date(20_000+i/100))
		rows.Departures, commands = append(rows.Departures, d), append(commands, flight.Command{Departure: d.ID, Stock: true})
	}
	put(t, s, 0, rows, commands...)
	got, _ := all(t, s, 0)
	same(t, "departures", got.Departures, sorted(rows).Departures)
	if waiting := must[int](t)(s.Waiting(t.Context())); waiting != n {
		t.Errorf("%d commands wait, want %d", waiting, n)
	}
	claimed := must[[]flight.Command](t)(s.Claim(t.Context(), "me", time.Hour, true, n))
	must[int64](t)(s.Write(t.Context(), flight.Write{ID: uid.New(), After: 1, Done: claimed}))
	if waiting := must[int](t)(s.Waiting(t.Context())); waiting != 0 {
		t.Errorf("%d commands wait after all were obeyed", waiting)
	}
}
