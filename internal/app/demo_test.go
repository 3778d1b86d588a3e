package app

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/demo"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/rail"
	"holdfast/uid"
)

// demoHorizon is how far ahead the demo's tests sell; soon are the days they look at, which begin tomorrow.
const (
	demoHorizon = 10
	soon        = 8
)

// fillTimetables brings the demo's railway and airlines into a system and returns what was added.
func fillTimetables(ctx context.Context, s *system, trains demo.Trains, progress func(done, total int)) (runs, flights int, err error) {
	today := civil.Today(s.clock.Now(), time.UTC)
	if runs, err = demo.FillRailway(ctx, demo.MakeRailway(today), s.identity, trains); err != nil {
		return runs, 0, err
	}
	for _, a := range demo.Airlines(today, s.config.HorizonFlights) {
		n, err := demo.FillAirline(ctx, a, s.identity, s.flight, progress)
		flights += n
		if err != nil {
			return runs, flights, err
		}
	}
	return runs, flights, nil
}

// onDemo runs work on a system in a folder, with horizons that are quick to fill.
func onDemo(t *testing.T, dir string, work func(ctx context.Context, s *system) error) {
	t.Helper()
	s := newSystem(settings(t, "--data="+dir, "--horizon-runs=10", "--horizon-flights=10"), quiet)
	if s.config.HorizonRuns != demoHorizon || s.config.HorizonFlights != demoHorizon {
		t.Fatal("other horizons")
	}
	if err := s.run(t.Context(), func(ctx context.Context) error { return work(ctx, s) }); err != nil {
		t.Fatal(err)
	}
}

func TestDemoTimetablesAreSold(t *testing.T) {
	dir := t.TempDir()
	onDemo(t, dir, func(ctx context.Context, s *system) error {
		today := civil.Today(s.clock.Now(), time.UTC)
		runs, flights, err := fillTimetables(ctx, s, s.rail, func(int, int) {})
		if err != nil {
			return err
		}
		departures := 0
		for _, a := range demo.Airlines(today, demoHorizon) {
			departures += len(takeOffs(a.Legs, a.From, a.From+1000))
		}
		if flights != departures { // nothing is refused
			t.Errorf("%d departures were added, of %d", flights, departures)
		}
		t.Logf("%d runs on sale, %d departures", runs, departures)
		sellsEveryFlight(ctx, t, s, today)
		sellsEveryTrain(ctx, t, s, today)
		joinsEveryCity(ctx, t, s, today)
		return nil
	})
	onDemo(t, dir, func(ctx context.Context, s *system) error {
		keep := staffChange(ctx, t, s)
		runs, flights, err := fillTimetables(ctx, s, s.rail, func(int, int) {})
		if runs != 0 || flights != 0 {
			t.Errorf("filling again added %d runs and %d departures", runs, flights)
		}
		keep()
		return err
	})
	audit(t, settings(t, "--data="+dir), 0)
}

// staffChange changes what staff can, and returns a look at whether it still holds.
func staffChange(ctx context.Context, t *testing.T, s *system) (keep func()) {
	t.Helper()
	by := flight.Editor{Subject: "staff", Supplier: demo.AirlineStaff()}
	tariff, err := s.flight.Tariff(ctx, by, demo.AirlineStaff())
	if err != nil {
		t.Fatal(err)
	}
	tariff.Cabins = slices.Clone(tariff.Cabins)
	tariff.Cabins[1].Tiers = []int64{100}
	if _, err := s.flight.SetTariff(ctx, by, *tariff, tariff.Revision); err != nil {
		t.Fatal(err)
	}
	fares, err := s.rail.Fares(ctx, demo.RailwayStaff())
	if err != nil {
		t.Fatal(err)
	}
	cheap := *fares
	cheap.ChildBP = 100
	if _, err := s.rail.SetFares(ctx, rail.Editor{Subject: "staff", Supplier: demo.RailwayStaff()}, demo.RailwayStaff(), cheap); err != nil {
		t.Fatal(err)
	}
	airport, err := s.flight.Airport(ctx, "DPS")
	if err != nil {
		t.Fatal(err)
	}
	other := *airport
	other.City = "Denpasar"
	if _, err := s.flight.SetAirport(ctx, flight.Editor{Subject: "op"}, other); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		tariff, err1 := s.flight.Tariff(ctx, by, demo.AirlineStaff())
		fares, err2 := s.rail.Fares(ctx, demo.RailwayStaff())
		airport, err3 := s.flight.Airport(ctx, "DPS")
		if err := errors.Join(err1, err2, err3); err != nil || tariff.Cabins[1].Tiers[0] != 100 || fares.ChildBP != 100 || airport.City != "Denpasar" {
			t.Errorf("what staff changed is gone: %+v, %+v, %+v; error %v", tariff, fares, airport, err)
		}
	}
}

// takeOff is a flight on a date.
type takeOff struct {
	number string
	date   civil.Date
}

// takeOffs are the flights of a timetable on the dates [from, to).
func takeOffs(legs []feed.Leg, from, to civil.Date) map[takeOff]bool {
	out := map[takeOff]bool{}
	for _, l := range legs {
		for d := max(l.First, from); d <= l.Last && d < to; d++ {
			if l.Sequence == 1 && l.Weekdays.Has(d) {
				out[takeOff{l.Carrier + l.Number, d}] = true
			}
		}
	}
	return out
}

// sellsEveryFlight wants seats and a price in every booking class of every departure.
func sellsEveryFlight(ctx context.Context, t *testing.T, s *system, today civil.Date) {
	t.Helper()
	for _, a := range demo.Airlines(today, demoHorizon) {
		for at := range takeOffs(a.Legs, today+1, today+1+soon) {
			f, err := s.flight.Lookup(ctx, at.number, at.date)
			if err != nil || len(f.Departures) != 1 {
				t.Fatalf("%s on %s: %v", at.number, at.date, err)
			}
			d := &f.Departures[0]
			if d.State != flight.Scheduled || d.Preparing || d.Aircraft == nil || len(d.Cabins) == 0 {
				t.Fatalf("%s on %s is %v, preparing %v", at.number, at.date, d.State, d.Preparing)
			}
			for _, c := range d.Cabins {
				m, err := s.flight.SeatMap(ctx, flight.SeatQuery{Departure: d.ID, Cabin: c.Name})
				if err != nil || m.Free != c.Seats || c.Seats < 12 || int(c.Free) < c.Seats || c.From == nil || c.Currency != "EUR" {
					t.Fatalf("%s on %s has %+v; error %v", at.number, at.date, c, err)
				}
				for k, class := range c.Classes {
					if class.Free <= 0 || class.Minor <= 0 || k > 0 && (class.Minor >= c.Classes[k-1].Minor || class.Free > c.Classes[k-1].Free) {
						t.Fatalf("%s on %s, %s: %+v", at.number, at.date, c.Name, c.Classes)
					}
				}
			}
		}
	}
}

// sellsEveryTrain wants seats and a price in both classes of every run.
func sellsEveryTrain(ctx context.Context, t *testing.T, s *system, today civil.Date) {
	t.Helper()
	for _, train := range demo.MakeRailway(today).Trains {
		first, last := 0, len(train.Calls)-1
		for d := today + 1; d < today+1+soon; d++ {
			if !slices.Contains(train.Dates, d) {
				continue
			}
			runs, err := s.rail.Trains(ctx, train.Number, d)
			if err != nil || len(runs) != 1 || runs[0].Preparing || runs[0].State != rail.Scheduled {
				t.Fatalf("%s on %s: %+v; error %v", train.Number, d, runs, err)
			}
			for i, class := range rail.Classes {
				p, err := s.rail.BestOffer(ctx, rail.RideRequest{
					Number: train.Number, Date: d, From: train.Calls[first].Station, To: train.Calls[last].Station, FromCall: &first, ToCall: &last, Class: class, Adults: 2,
				})
				if err != nil || p.Sealed == "" || p.Offer.Total().Minor < 1_000 || p.Fare.Name != "Saver" {
					t.Fatalf("%s on %s, %s: %+v; error %v", train.Number, d, class, p, err)
				}
				if runs[0].Seats[i] < 30 || p.Available < 20 || p.Available > runs[0].Seats[i] {
					t.Fatalf("%s on %s has %d of %d seats", train.Number, d, p.Available, runs[0].Seats[i])
				}
			}
		}
	}
}

// joinsEveryCity travels to each city with hotels and back from Vienna, and from afar to London, on some day of a week.
func joinsEveryCity(ctx context.Context, t *testing.T, s *system, today civil.Date) {
	t.Helper()
	zones := map[string]string{}
	for _, h := range demo.Make(demo.Seed, today, 1).Houses {
		zones[h.Hotel.City] = h.Hotel.TimeZone
	}
	cities, hub := slices.Sorted(maps.Keys(zones)), "Vienna"
	if len(cities) < 60 || zones[hub] == "" {
		t.Fatalf("cities %q", cities)
	}
	// Nobody flies there; trains go to where others fly.
	byTrain := map[string]string{"Kyoto": "Osaka", "Zermatt": "Zurich"}
	flies := func(from, to string) {
		for d := today + 1; d < today+1+7; d++ {
			found, err := s.flight.Search(ctx, flight.ItineraryQuery{
				Slices: []flight.SliceQuery{{From: from, To: to, Date: d}}, Party: flight.Party{Adults: 1}, MaxStops: -1, Limit: 1,
			})
			if err != nil {
				t.Fatalf("from %s to %s: %v", from, to, err)
			}
			if len(found.Proposals) > 0 && found.Proposals[0].Options[0].Total() > 0 {
				return
			}
		}
		t.Errorf("nobody flies from %s to %s", from, to)
	}
	rides := func(from, to string) {
		found, err := s.rail.Search(ctx, rail.JourneyQuery{From: from, To: to, Date: today + 2, Adults: 1, Class: rail.Second, MaxChanges: 2, Sort: rail.ByDeparture, Limit: 1})
		if err != nil || len(found) == 0 || found[0].Sealed == "" {
			t.Errorf("no train from %s to %s: %v", from, to, err)
		}
	}
	for _, c := range cities {
		if near := byTrain[c]; near != "" {
			rides(near, c)
			rides(c, near)
			continue
		}
		if c != hub {
			flies(hub, c)
			flies(c, hub)
		}
		if !strings.HasPrefix(zones[c], "Europe/") && !strings.HasPrefix(zones[c], "Atlantic/") {
			flies(c, "London")
			flies("London", c)
		}
	}
	for _, train := range [][2]string{{"London", "Amsterdam"}, {"Paris", "Budapest"}, {"Berlin", "Rome"}, {"Oslo", "Hamburg"}, {"Madrid", "Lisbon"}, {"Edinburgh", "London"}, {"Tokyo", "Kyoto"}} {
		rides(train[0], train[1])
		rides(train[1], train[0])
	}
}

// cutTrains ends a context when a timetable is stored and its stock is about to be made.
type cutTrains struct {
	*rail.Core
	cancel context.CancelFunc
}

func (c cutTrains) Import(ctx context.Context, e rail.Editor, read func(context.Context, feed.TrainSink) error, o rail.ImportOptions, _ rail.Progress) (*rail.ImportReport, error) {
	return c.Core.Import(ctx, e, read, o, func(step string, _, _ int64) {
		if step == "sell" {
			c.cancel()
		}
	})
}

func TestDemoTimetablesGoOnWhereTheyWereCutOff(t *testing.T) {
	dir := t.TempDir()
	preparing := func(ctx context.Context, s *system) (n int) {
		today := civil.Today(s.clock.Now(), time.UTC)
		for _, a := range demo.Airlines(today, demoHorizon)[:1] {
			for at := range takeOffs(a.Legs, today+1, today+1+soon) {
				if f, err := s.flight.Lookup(ctx, at.number, at.date); err != nil || f.Departures[0].Preparing {
					n++
				}
			}
		}
		return n
	}
	onDemo(t, dir, func(ctx context.Context, s *system) error {
		cut, cancel := context.WithCancel(ctx)
		defer cancel()
		if _, _, err := fillTimetables(cut, s, cutTrains{s.rail, cancel}, func(int, int) {}); err == nil {
			t.Error("it was not cut off")
		}
		runs, err := s.rail.Trains(ctx, "HR 101", civil.Today(s.clock.Now(), time.UTC)+demoHorizon-1)
		if err != nil || !runs[0].Preparing {
			t.Errorf("it was cut off after the trains were on sale: %v", err)
		}
		return nil
	})
	onDemo(t, dir, func(ctx context.Context, s *system) error {
		cut, cancel := context.WithCancel(ctx)
		defer cancel()
		_, _, err := fillTimetables(cut, s, s.rail, func(done, total int) {
			if done < total {
				cancel()
			}
		})
		if n := preparing(ctx, s); cut.Err() == nil || n == 0 {
			t.Errorf("it was not cut off, or with %d departures preparing: %v", n, err)
		}
		return nil
	})
	onDemo(t, dir, func(ctx context.Context, s *system) error {
		if _, _, err := fillTimetables(ctx, s, s.rail, func(int, int) {}); err != nil {
			return err
		}
		if err := s.catchUp(ctx); err != nil { // what the jobs do by and by
			return err
		}
		if n := preparing(ctx, s); n != 0 {
			t.Errorf("%d departures are not on sale", n)
		}
		sellsEveryTrain(ctx, t, s, civil.Today(s.clock.Now(), time.UTC))
		return nil
	})
	audit(t, settings(t, "--data="+dir), 0)
}

// TestDemoOfHotelsGains begins with what the demo of part 2 left: hotels alone.
func TestDemoOfHotelsGains(t *testing.T) {
	dir := t.TempDir()
	onDemo(t, dir, func(ctx context.Context, s *system) error {
		world := demo.Make(demo.Seed, civil.Today(s.clock.Now(), time.UTC), s.config.HorizonNights)
		_, err := demo.Fill(ctx, world, s.identity, s.hotel, func(int, int) {})
		return err
	})
	c := settings(t, "--data="+dir, "--demo", "--horizon-runs=10", "--horizon-flights=10")
	r := serve(t, c, false)
	if out := r.out.String(); strings.Contains(out, "hotels\n") || !strings.Contains(out, "train runs") || !strings.Contains(out, "Demo world: ready") {
		t.Errorf("it says\n%s", out)
	}
	day := date(4)
	for _, search := range []object{
		{"train": object{"from": "Paris", "to": "Zermatt", "date": day}},
		{"flight": object{"slices": []object{{"from": "New York", "to": "Bali", "date": day}}}},
		{"flight": object{"slices": []object{{"from": "Vienna", "to": "Santorini", "date": day}}}}, // two airlines
	} {
		if offers, _ := r.call("POST", "/v1/offers", "demo-traveller", search, 200)["offers"].([]any); len(offers) == 0 {
			t.Errorf("no offers for %v", search)
		}
	}
	for token, supplier := range map[string]uid.ID{"demo-airline-staff": demo.AirlineStaff(), "demo-railway-staff": demo.RailwayStaff()} {
		all, _ := r.call("GET", "/v1/suppliers", token, nil, 200)["suppliers"].([]any)
		own, _ := all[0].(object)
		if len(all) != 1 || own["id"] != supplier.Text("sup") {
			t.Errorf("%s sees %v", token, all)
		}
	}
	r.end()
}

func TestDemoTimetablesFollowTheClock(t *testing.T) {
	dir := t.TempDir()
	c := settings(t, "--data="+dir, "--demo", "--clock=2027-03-20T09:00:00Z", "--horizon-runs=10", "--horizon-flights=10")
	r := serve(t, c, false)
	for _, now := range []string{"2027-03-20", "2027-03-27", "2027-06-01"} { // clocks change on the 28th
		r.call("POST", "/v1/sandbox/clock", "demo-traveller", object{"now": now + "T10:00:00Z"}, 200)
		at, err := civil.Parse(now)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range []civil.Date{at + 1, at + demoHorizon - 1} {
			for _, search := range []object{
				{"train": object{"from": "Amsterdam", "to": "Vienna", "date": day.String()}},
				{"flight": object{"slices": []object{{"from": "London", "to": "Sydney", "date": day.String()}}}},
			} {
				if offers, _ := r.call("POST", "/v1/offers", "demo-traveller", search, 200)["offers"].([]any); len(offers) == 0 {
					t.Errorf("on %s no offers for %v", now, search)
				}
			}
		}
	}
	r.end()
	audit(t, c, 0)
}

func TestDemoTokensGain(t *testing.T) {
	c := settings(t, "--data="+t.TempDir(), "--demo")
	c.Addr = "0.0.0.0:0"
	old := `[{"token": "demo-traveller-x", "subject": "demo-traveller", "scopes": ["offers:read"]}, {"token": "mine", "subject": "me", "scopes": []}]`
	if err := os.WriteFile(filepath.Join(c.Data, demoTokenFile), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := newSystem(c, quiet).demoTokens()
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Token != "demo-traveller-x" || all[1].Token != "mine" || len(all) != 1+len(demo.Tokens()) {
		t.Errorf("tokens %+v", all)
	}
	again, err := newSystem(c, quiet).demoTokens()
	if err != nil || !reflect.DeepEqual(all, again) {
		t.Errorf("after a restart %+v; error %v", again, err)
	}
}
