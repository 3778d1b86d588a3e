package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/internal/clock"
	"holdfast/test/engine/fresh"
	"holdfast/uid"
)

// shared opens real data; without them the test is skipped, and fails in CI.
func shared(tb testing.TB, name string) *os.File {
	tb.Helper()
	file, err := os.Open(filepath.Join("../../../shared/data", name))
	if errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "true" {
			tb.Fatal("the shared data are needed in CI")
		}
		tb.Skip("the shared data are not here")
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = file.Close() })
	return file
}

var operator = flight.Editor{Subject: "operator"}

// airline is a service with the world's airports.
type airline struct {
	core     *flight.Core
	supplier uid.ID
	zones    map[string]*time.Location
	now      time.Time
}

func newAirline(t *testing.T, now time.Time) *airline {
	t.Helper()
	c := clock.Still(now)
	store := open(t)()
	core := flight.New(flight.Deps{Store: store, Reservation: fresh.Desk(t, c), Clock: c, Settings: flight.DefaultSettings()})
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := core.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	a := &airline{core: core, supplier: uid.New(), zones: map[string]*time.Location{}, now: now}
	r, err := core.ImportAirports(t.Context(), operator, func(ctx context.Context, sink feed.FlightSink) error {
		taken := sink.Airport
		sink.Airport = func(x feed.Airport) error {
			if zone, err := civil.Zone(x.Zone); err == nil {
				a.zones[x.IATA] = zone
			}
			return taken(x)
		}
		return feed.ReadAirports(ctx, feed.AirportFiles{
			Airports: shared(t, "airports/ourairports_airports.csv"), Zones: shared(t, "airports/airportsdata_iata_tz.csv"), Metro: shared(t, "airports/airportsdata_iata_metro_areas.csv"),
		}, sink)
	}, flight.AirportOptions{}, nil)
	if err != nil || r.Added < 7_000 || len(r.Refused) > 0 {
		t.Fatalf("%v: %d airports, refused %+v", err, r.Added, r.Refused)
	}
	t.Logf("%d airports in %s, %d warnings", r.Added, r.Duration, len(r.Warnings))
	return a
}

func (a *airline) zone(code string) *time.Location { return a.zones[code] }

// load imports a timetable moved to the present.
func (a *airline) load(t *testing.T, name string, weeks int, read flight.Reader) *flight.ImportReport {
	t.Helper()
	// The moment is that of the test: a file that is told twice is told later the second time.
	r, err := a.core.ImportSchedule(t.Context(), operator, read, flight.ImportOptions{Supplier: a.supplier, Feed: name, ShiftWeeks: weeks, SkipRefused: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]int{}
	for _, n := range r.Refused {
		refused[n.Code]++
	}
	t.Logf("%s: %d rows: %d added, %d untouched, %d on sale, %d with seats and %d with fares of the template, refused %v, in %s",
		name, r.Rows, r.Added, r.Same, r.OnSale, r.TemplateSeats, r.TemplateTariff, refused, r.Duration)
	return r
}

// weeksTo is by how many weeks a date is moved to lie in the week after another one.
func weeksTo(from civil.Date, now time.Time) int {
	return (int(civil.Today(now, time.UTC)-from) + 7) / 7
}

func TestScheduleOfRealAirline(t *testing.T) {
	a := newAirline(t, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	read := func(ctx context.Context, sink feed.FlightSink) error {
		return feed.ReadSSIM(ctx, shared(t, "ssim/sample.ssim"), sink)
	}
	weeks := weeksTo(civil.DateOf(2005, 6, 9), a.now)
	r := a.load(t, "ssim", weeks, read)
	if r.Rows != 514 || r.Added == 0 || r.OnSale == 0 || len(r.Refused) > 0 {
		t.Errorf("%d rows, refused %+v", r.Rows, r.Refused)
	}
	again := a.load(t, "ssim", weeks, read)
	if again.Applied || again.Same != r.Added {
		t.Errorf("the same file again: %+v", again)
	}
	schedules, err := a.core.Schedules(t.Context(), operator, a.supplier)
	if err != nil || len(schedules) == 0 {
		t.Fatalf("%v: %d schedules", err, len(schedules))
	}
	sold := 0
	for day := range 60 {
		found, err := a.core.Search(t.Context(), flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: "RUN", To: "MRU", Date: civil.Today(a.now, time.UTC).Add(day + 1)}}, Party: flight.Party{Adults: 2}, MaxStops: -1})
		if err != nil {
			t.Fatal(err)
		}
		sold += len(found.Proposals)
	}
	if sold == 0 {
		t.Error("nobody flies from Réunion to Mauritius in two months")
	}
}

func TestTwoDaysOfTheUnitedStates(t *testing.T) {
	a := newAirline(t, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	seats, err := feed.ReadPlanes(shared(t, "flights_pnw_2014/planes.csv"), func(*feed.Error) {})
	if err != nil {
		t.Fatal(err)
	}
	read := func(ctx context.Context, sink feed.FlightSink) error {
		taken := sink.Departure
		sink.Departure = func(d feed.Departure) error {
			if !slices.Contains([]string{"AS", "B6", "HA", "VX"}, d.Carrier) { // the stock of all takes half a minute
				return nil
			}
			return taken(d)
		}
		return feed.ReadOnTime(ctx, shared(t, "flights_us_2015/us_flights_2015-01-01_to_02.csv"), feed.OnTimeOptions{Seats: seats, Zone: a.zone}, sink)
	}
	weeks := weeksTo(civil.DateOf(2015, 1, 1), a.now)
	r := a.load(t, "us", weeks, read)
	if r.Added < 2_500 || r.OnSale != r.Added {
		t.Errorf("%+v", r.Added)
	}
	for _, n := range r.Refused {
		if n.Code != "airport_unknown" {
			t.Errorf("%+v", n)
		}
	}
	if again := a.load(t, "us", weeks, read); again.Applied || again.Same != r.Added {
		t.Errorf("the same file again: %d added, %d changed, %d removed, %d untouched", again.Added, again.Changed, again.Removed, again.Same)
	}
	day := civil.DateOf(2015, 1, 1).Add(7 * weeks)
	for _, q := range []struct{ from, to string }{{"NYC", "LAX"}, {"SEA", "BOS"}, {"Anchorage", "BOS"}, {"HNL", "JFK"}} {
		began := time.Now()
		found, err := a.core.Search(t.Context(), flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: q.from, To: q.to, Date: day}}, Party: flight.Party{Adults: 1}, MaxStops: -1})
		if err != nil || len(found.Proposals) == 0 {
			t.Errorf("%s to %s: %v", q.from, q.to, err)
			continue
		}
		p := found.Proposals[0]
		t.Logf("%s to %s: %d proposals in %s; the cheapest has %d flights and costs %s", q.from, q.to, len(found.Proposals), time.Since(began), len(p.Slices[0].Segments), p.Options[0].Offer.Total())
	}
}

// TestEightMonthsOfTwoAirports loads 110,000 departures, of which a few days lie within the horizon.
func TestEightMonthsOfTwoAirports(t *testing.T) {
	a := newAirline(t, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	seats, err := feed.ReadPlanes(shared(t, "flights_pnw_2014/planes.csv"), func(*feed.Error) {})
	if err != nil {
		t.Fatal(err)
	}
	file := shared(t, "flights_pnw_2014/flights_sea_pdx_2014_01-08.csv.zip")
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	table, err := feed.OpenCSV(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	r := a.load(t, "pnw", weeksTo(civil.DateOf(2014, 1, 1), a.now)+16, func(ctx context.Context, sink feed.FlightSink) error {
		return feed.ReadOnTime(ctx, table, feed.OnTimeOptions{Seats: seats, Zone: a.zone}, sink)
	})
	if r.Added < 109_000 || r.OnSale < 400 || r.OnSale > 10_000 {
		t.Errorf("%d added, %d on sale", r.Added, r.OnSale)
	}
	for _, n := range r.Refused {
		if n.Code != "no_schedule" { // cancelled: the file has no time of them at all
			t.Errorf("%+v", n)
		}
	}
}
