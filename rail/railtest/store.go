package railtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/rail"
	"holdfast/stock"
	"holdfast/uid"
)

// RunStore tests that an engine keeps what rail.Store says.
func RunStore(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, func() rail.Store){
		"round trip":                  roundTrips,
		"guards":                      guards,
		"all or nothing":              allOrNothing,
		"changes are in order":        changesInOrder,
		"landed":                      landed,
		"leases":                      leases,
		"purge":                       purges,
		"refuses what cannot be":      refuses,
		"documents are never changed": documentsStay,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// opened opens a store that is closed with the test.
func opened(t *testing.T, open func() rail.Store) rail.Store {
	t.Helper()
	s := open()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// sample is rows of every kind.
func sample(supplier uid.ID) rail.Rows {
	pattern, err := rail.NewPattern([]rail.Call{{Station: "A", Arrive: 100, Depart: 160, NoAlight: true}, {Station: "B", Arrive: 90_000, Depart: 90_060}, {Station: "A", Arrive: 207_600, Depart: 207_600, NoBoard: true}})
	if err != nil {
		panic(err)
	}
	formation, err := rail.NewFormation([]rail.Coach{{Number: "7", Type: "Bpmz", Second: 80, From: "B"}, {Number: "8", First: 20, Second: 10, Compartments: 12}}, 0)
	if err != nil {
		panic(err)
	}
	templates := rail.DefaultTemplates()
	id := rail.TrainID(supplier, "timetable", "1")
	run := rail.Run{
		Supplier: supplier, Train: id, Date: 20_000, State: rail.Changed, Pattern: pattern.ID, Formation: formation.ID, Edition: 2, Pools: [2]stock.PoolID{7, 8}, Ready: true,
		Want: &rail.Want{Pattern: pattern.ID}, Conflict: true, Todo: rail.Replace | rail.Tell, Stamp: 99, Revision: 1,
		Update: &rail.Update{Skipped: []int{1}, Note: "late", Times: []rail.CallTime{{Call: 2, Arrives: time.Unix(1_700_000_000, 0).UTC()}}},
	}
	leaner := rail.Run{Supplier: supplier, Train: id, Date: 20_001, State: rail.Withdrawn, Pattern: pattern.ID, Edition: 1, Want: &rail.Want{Withdrawn: true}, Revision: 1}
	return rail.Rows{
		Railways: []*rail.Railway{{
			Supplier: supplier, Templates: &templates, Fares: &rail.FareTable{Currency: "CHF", Relations: []rail.Relation{{From: "A", To: "B", Class: "first", Minor: 5}}},
			Feeds: map[string]rail.Feed{"timetable": {Stamp: 5, LoadedAt: time.Unix(1_700_000_000, 0).UTC()}}, Revision: 1,
		}},
		Stations: []*rail.Station{
			{Supplier: supplier, Code: "A", Name: "Älpli (Süd)", City: "Älpli", Parent: "B", Zone: "Europe/Zurich", Country: "CH", Latitude: -46.5, Longitude: 7.25, Located: true, TransferSeconds: 240, Footpaths: []rail.Footpath{{To: "B", Seconds: 60}}, Feed: "timetable"},
			{Supplier: supplier, Code: "B", Name: "B", Feed: "timetable", Retired: true},
		},
		Documents: []rail.Document{{ID: pattern.ID, Kind: rail.PatternDocument, Body: body(pattern.Body())}, {ID: formation.ID, Kind: rail.FormationDocument, Body: body(formation.Body())}},
		Trains: []*rail.Train{
			{Supplier: supplier, ID: id, Feed: "timetable", Key: "1", Number: "ICE 1", Name: "n", Category: "ICE", Carrier: "DB", Zone: "Europe/Berlin", Line: "20", Bus: true, Pattern: pattern.ID, Dates: rail.DatesOf([]civil.Date{20_000, 20_001, 20_017}), Stamp: 5},
			{Supplier: supplier, ID: rail.TrainID(supplier, "timetable", "2"), Feed: "timetable", Key: "2", Number: "2", Zone: "UTC", Pattern: pattern.ID, Retired: true},
		},
		Types:        []*rail.TypeRow{{Supplier: supplier, CoachType: rail.CoachType{Code: "Bpmz", Name: "saloon", Second: 80, Compartments: 12}, Stamp: 3}},
		Compositions: []*rail.Composition{{Supplier: supplier, ID: uid.New(), Source: "coaches", Train: "ICE 1", From: 20_000, To: 20_100, Weekdays: 0b11, Formation: formation.ID, Stamp: 4, Gone: true}},
		Runs:         []*rail.Run{&run, &leaner},
	}
}

func body(b []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(b)
}

func write(t *testing.T, s rail.Store, rows rail.Rows) int64 {
	t.Helper()
	return must[int64](t)(s.Write(t.Context(), rail.Write{ID: uid.New(), Rows: rows}))
}

func changed(t *testing.T, s rail.Store, after int64) (*rail.Rows, int64) {
	t.Helper()
	rows, last, err := s.Changed(t.Context(), after)
	if err != nil {
		t.Fatal(err)
	}
	return rows, last
}

func roundTrips(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	if rows, last := changed(t, s, 0); !rows.Empty() || last != 0 {
		t.Errorf("an empty store has %+v at %d", rows, last)
	}
	want := sample(uid.New())
	n := write(t, s, want)
	got, last := changed(t, s, 0)
	if last != n {
		t.Errorf("the last change is %d, want %d", last, n)
	}
	same(t, "rows", sorted(got), sorted(&want))
	next := *want.Runs[0]
	next.Revision, next.Todo, next.Want, next.Conflict, next.Update, next.State = 2, 0, nil, false, nil, rail.Scheduled
	write(t, s, rail.Rows{Runs: []*rail.Run{&next}})
	got, _ = changed(t, s, n)
	same(t, "the changed run alone", got, &rail.Rows{Runs: []*rail.Run{&next}})
}

func guards(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	rows := sample(uid.New())
	write(t, s, rows)
	stale := func(what string, rows rail.Rows) {
		t.Helper()
		if _, err := s.Write(t.Context(), rail.Write{ID: uid.New(), Rows: rows}); !errors.Is(err, rail.ErrStale) {
			t.Errorf("%s: %v, want ErrStale", what, err)
		}
	}
	stale("a railway made twice", rail.Rows{Railways: rows.Railways})
	stale("a run made twice", rail.Rows{Runs: rows.Runs[:1]})
	railway, run := *rows.Railways[0], *rows.Runs[0]
	railway.Revision, run.Revision = 3, 3
	stale("a railway two revisions on", rail.Rows{Railways: []*rail.Railway{&railway}})
	stale("a run two revisions on", rail.Rows{Runs: []*rail.Run{&run}})
	railway.Revision, run.Revision = 2, 2
	write(t, s, rail.Rows{Railways: []*rail.Railway{&railway}, Runs: []*rail.Run{&run}})
}

func allOrNothing(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	rows := sample(uid.New())
	n := write(t, s, rows)
	train, run := *rows.Trains[0], *rows.Runs[0] // the run is stale
	train.Name = "another"
	if _, err := s.Write(t.Context(), rail.Write{ID: uid.New(), Rows: rail.Rows{Trains: []*rail.Train{&train}, Runs: []*rail.Run{&run}}}); !errors.Is(err, rail.ErrStale) {
		t.Fatal(err)
	}
	if got, last := changed(t, s, n); !got.Empty() || last != n {
		t.Errorf("a write that was refused left %+v", got)
	}
}

func changesInOrder(t *testing.T, open func() rail.Store) {
	stores := []rail.Store{opened(t, open)}
	if second := second(t, open); second != nil {
		stores = append(stores, second)
	}
	supplier := uid.New()
	write(t, stores[0], sample(supplier))
	var wg sync.WaitGroup
	const each = 20
	for i, s := range stores {
		for range 2 {
			wg.Go(func() {
				for n := range each {
					row := &rail.TypeRow{Supplier: supplier, CoachType: rail.CoachType{Code: string(rune('a'+i)) + string(rune('a'+n))}}
					if _, err := s.Write(context.WithoutCancel(t.Context()), rail.Write{ID: uid.New(), Rows: rail.Rows{Types: []*rail.TypeRow{row}}}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	seen, at := map[string]bool{}, int64(0)
	read := func() {
		rows, last := changed(t, stores[0], at)
		for _, r := range rows.Types {
			seen[r.Code] = true
		}
		at = last
	}
	for range 50 {
		read()
	}
	wg.Wait()
	read()
	if want := 1 + each*len(stores); len(seen) != want {
		t.Errorf("following the changes showed %d types of %d: one committed behind a number that was passed", len(seen), want)
	}
}

// second opens the database a second time where an engine can.
func second(t *testing.T, open func() rail.Store) rail.Store {
	t.Helper()
	return opened(t, open)
}

func landed(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	w := rail.Write{ID: uid.New(), Rows: sample(uid.New())}
	if must[bool](t)(s.Landed(t.Context(), w.ID)) {
		t.Error("a write that never was has landed")
	}
	must[int64](t)(s.Write(t.Context(), w))
	if !must[bool](t)(s.Landed(t.Context(), w.ID)) {
		t.Error("a write that was has not landed")
	}
	refused := rail.Write{ID: uid.New(), Rows: rail.Rows{Runs: w.Runs}}
	if _, err := s.Write(t.Context(), refused); !errors.Is(err, rail.ErrStale) {
		t.Fatal(err)
	}
	if must[bool](t)(s.Landed(t.Context(), refused.ID)) {
		t.Error("a write that was refused has landed")
	}
}

func leases(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	a, b := uid.New(), uid.New()
	lease := func(owner string, supplier uid.ID, length time.Duration, want bool) {
		t.Helper()
		if got := must[bool](t)(s.Lease(t.Context(), owner, supplier, length)); got != want {
			t.Errorf("%s gets the lease: %v, want %v", owner, got, want)
		}
	}
	lease("one", a, time.Hour, true)
	lease("two", a, time.Hour, false)
	lease("two", b, time.Hour, true)
	lease("one", a, time.Hour, true)
	lease("two", a, 0, false) // what is not its own cannot be given up
	lease("two", a, time.Hour, false)
	lease("one", a, 0, false)
	lease("two", a, time.Microsecond, true)
	for range 1000 { // the lease of a microsecond is over with the next look at the clock
		if must[bool](t)(s.Lease(t.Context(), "one", a, time.Hour)) {
			return
		}
	}
	t.Error("a lease that is over is not given again")
}

func purges(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	n := write(t, s, sample(uid.New()))
	if got := must[int](t)(s.Purge(t.Context(), 20_001)); got != 1 {
		t.Errorf("%d runs purged, want 1", got)
	}
	rows, _ := changed(t, s, n-1)
	if len(rows.Runs) != 1 || rows.Runs[0].Date != 20_001 {
		t.Errorf("left are %+v", rows.Runs)
	}
}

func refuses(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	supplier := uid.New()
	write(t, s, sample(supplier))
	for name, change := range map[string]func(*rail.Rows){
		"no railway":             func(r *rail.Rows) { r.Stations[0].Supplier = uid.New() },
		"a code too long":        func(r *rail.Rows) { r.Stations[0].Code = "1234567890123456789012345" },
		"a latitude":             func(r *rail.Rows) { r.Stations[0].Latitude = 91 },
		"calls that are not":     func(r *rail.Rows) { r.Trains[0].Pattern = uid.New() },
		"a number too long":      func(r *rail.Rows) { r.Trains[0].Number = "ÄÄÄÄÄÄÄÄ1" },
		"the same train again":   func(r *rail.Rows) { r.Trains[0].ID = uid.New() },
		"seats out of bounds":    func(r *rail.Rows) { r.Types[0].Second = 301 },
		"compartments":           func(r *rail.Rows) { r.Types[0].Compartments = 81 },
		"no days":                func(r *rail.Rows) { r.Compositions[0].To = r.Compositions[0].From },
		"weekdays":               func(r *rail.Rows) { r.Compositions[0].Weekdays = feed.Every + 1 },
		"a state":                func(r *rail.Rows) { r.Runs[0].State = 5 },
		"a coach list not there": func(r *rail.Rows) { r.Runs[0].Formation = uid.New() },
		"pools before they are":  func(r *rail.Rows) { r.Runs[0].Ready = false },
	} {
		rows := sample(supplier)
		rows.Railways = nil
		rows.Runs = rows.Runs[:1]
		rows.Runs[0].Revision = 2
		change(&rows)
		if _, err := s.Write(t.Context(), rail.Write{ID: uid.New(), Rows: rows}); err == nil || errors.Is(err, rail.ErrStale) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}

func documentsStay(t *testing.T, open func() rail.Store) {
	s := opened(t, open)
	rows := sample(uid.New())
	n := write(t, s, rows)
	other := rows.Documents[0]
	other.Body = "[]"
	write(t, s, rail.Rows{Documents: []rail.Document{other}})
	got, _ := changed(t, s, n)
	if len(got.Documents) != 0 {
		t.Error("a document was written again")
	}
	got, _ = changed(t, s, 0)
	same(t, "documents", sorted(got).Documents, sorted(&rows).Documents)
}
