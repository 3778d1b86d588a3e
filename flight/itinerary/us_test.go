package itinerary_test

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"holdfast/flight/itinerary"
	"holdfast/test/prove/effort"
	"holdfast/uid"
)

// hours is a number of hours; rapid draws it better than a duration.
type hours int

func (h hours) duration() time.Duration { return time.Duration(h) * time.Hour }

// us are all domestic flights of the United States on two days, as the BTS has them.
type us struct {
	airports   []itinerary.Airport
	departures []*itinerary.Departure
	zones      map[string]*time.Location
}

// absent ends a test whose real data are not there: a named skip, and a failure in CI.
func absent(tb testing.TB) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatal("the shared data are needed in CI")
	}
	tb.Skip("the shared data are not here")
}

// columns reads a CSV file into maps by heading.
func columns(tb testing.TB, path string, yield func(map[string]string)) {
	tb.Helper()
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		absent(tb)
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	head, err := r.Read()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
		row := make(map[string]string, len(head))
		for i, name := range head {
			row[name] = record[i]
		}
		yield(row)
	}
}

func number(tb testing.TB, text string) int {
	tb.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

var data = filepath.Join("..", "..", "..", "shared", "data")

// loadUS reads the two days. With through, flights that one carrier goes on with under the same number are one departure of
// several legs.
func loadUS(tb testing.TB, through bool) us {
	tb.Helper()
	u := us{zones: map[string]*time.Location{}}
	places := map[string]itinerary.Airport{}
	columns(tb, filepath.Join(data, "airports", "airportsdata_iata_tz.csv"), func(row map[string]string) {
		zone, err := time.LoadLocation(row["tz"])
		latitude, err2 := strconv.ParseFloat(row["lat"], 64)
		longitude, err3 := strconv.ParseFloat(row["lon"], 64)
		if err == nil && err2 == nil && err3 == nil {
			places[row["iata"]] = itinerary.Airport{Code: row["iata"], Area: "US", Latitude: latitude, Longitude: longitude}
			u.zones[row["iata"]] = zone
		}
	})
	closed, err := time.LoadLocation("America/Chicago")
	if err != nil {
		tb.Fatal(err)
	}
	seen := map[string]bool{}
	last := map[string]*itinerary.Departure{}
	columns(tb, filepath.Join(data, "flights_us_2015", "us_flights_2015-01-01_to_02.csv"), func(row map[string]string) {
		from, to := row["ORIGIN_AIRPORT"], row["DESTINATION_AIRPORT"]
		for _, code := range []string{from, to} {
			if u.zones[code] == nil { // ISN has closed since
				u.zones[code], places[code] = closed, itinerary.Airport{Code: code, Area: "US"}
			}
			if !seen[code] {
				seen[code] = true
				u.airports = append(u.airports, places[code])
			}
		}
		day, err := time.ParseInLocation(time.DateOnly, row["ds"], u.zones[from])
		if err != nil {
			tb.Fatal(err)
		}
		clock := number(tb, row["SCHEDULED_DEPARTURE"])
		departs := time.Date(day.Year(), day.Month(), day.Day(), clock/100, clock%100, 0, 0, u.zones[from])
		arrives := departs.Add(time.Duration(number(tb, row["SCHEDULED_TIME"])) * time.Minute)
		offset := func(at time.Time, zone *time.Location) int16 { _, s := at.In(zone).Zone(); return int16(s / 60) }
		leg := itinerary.Leg{
			From: from, To: to, Departs: departs.Unix(), Arrives: arrives.Unix(),
			DepartOffset: offset(departs, u.zones[from]), ArriveOffset: offset(arrives, u.zones[to]),
			Kilometres: int32(number(tb, row["DISTANCE"]) * 1609 / 1000),
		}
		flight := row["ds"] + row["AIRLINE"] + row["FLIGHT_NUMBER"]
		if d := last[flight]; through && d != nil {
			if end := d.Legs[len(d.Legs)-1]; end.To == from && end.Arrives <= leg.Departs && leg.Departs-end.Arrives < 3*60*60 && len(d.Legs) < itinerary.MaxLegs {
				d.Legs = append(d.Legs, leg)
				return
			}
		}
		sum := sha256.Sum256([]byte(flight + from + to))
		d := &itinerary.Departure{
			ID: uid.ID(sum[:16]), Number: itinerary.Number{Carrier: row["AIRLINE"], Number: row["FLIGHT_NUMBER"]},
			Cabins: []string{"economy"}, Legs: []itinerary.Leg{leg},
		}
		last[flight] = d
		u.departures = append(u.departures, d)
	})
	if legs := len(u.departures); !through && legs != 30_691 {
		tb.Fatalf("%d flights, want 30,691", legs)
	}
	return u
}

// day is the first of January where a slice starts.
func (u *us) day(from, to string) itinerary.Slice {
	start := time.Date(2015, 1, 1, 0, 0, 0, 0, u.zones[from])
	return itinerary.Slice{From: []string{from}, To: []string{to}, Earliest: start.Unix(), Latest: start.AddDate(0, 0, 1).Unix()}
}

// pairs are random pairs of airports, drawn by their flights, so that hubs come as often as people do.
func (u *us) pairs(n int, seed uint64) (out [][2]string) {
	r := rand.New(rand.NewPCG(seed, 4))
	for len(out) < n {
		a, b := u.departures[r.IntN(len(u.departures))].Legs[0].From, u.departures[r.IntN(len(u.departures))].Legs[0].To
		if a != b {
			out = append(out, [2]string{a, b})
		}
	}
	return out
}

// On all flights of the United States of a day a search finds exactly what enumeration finds, for a sample of pairs: without
// agreements, and with two of them; by legs and with through flights.
func TestSearchUnitedStates(t *testing.T) {
	for name, through := range map[string]bool{"legs": false, "through flights": true} {
		t.Run(name, func(t *testing.T) {
			u := loadUS(t, through)
			rules := itinerary.Rules{
				Defaults: [4]int32{45, 60, 90, 60}, MaxWait: hours(4).duration(), DetourPercent: 200, DetourKilometres: 800, MaxWork: 1 << 40,
				Minimums: []itinerary.Minimum{{Airport: "ATL", Minutes: 60}, {Airport: "ORD", Arriving: "UA", Leaving: "UA", Minutes: 35}},
			}
			interline := rules
			interline.Agreements = [][2]string{{"AA", "US"}, {"AS", "AA"}, {"AS", "DL"}, {"MQ", "AA"}, {"OO", "UA"}, {"OO", "DL"}, {"EV", "UA"}, {"EV", "DL"}}
			n, err := itinerary.New(u.airports, u.departures, rules)
			if err != nil {
				t.Fatal(err)
			}
			wide, err := n.WithRules(interline)
			if err != nil {
				t.Fatal(err)
			}
			o, p := newOracle(u.airports, u.departures, rules), newOracle(u.airports, u.departures, interline)
			all, kept := 0, [3]int{}
			for _, pair := range u.pairs(effort.Runs(t, 6), 1) {
				for _, one := range []struct {
					network *itinerary.Network
					oracle  *oracle
				}{{n, o}, {wide, p}} {
					s, f := u.day(pair[0], pair[1]), itinerary.Filter{MaxStops: 2, MaxDuration: hours(16).duration()}
					found, err := one.network.Search(s, f)
					if err != nil {
						t.Fatal(err)
					}
					every := one.oracle.all(s, f)
					want := undominated(every)
					if d := differ(found.Itineraries, want); d != "" {
						t.Fatalf("%v, agreements %v:\n%s", pair, one.oracle.rules.Agreements, d)
					}
					all += len(every)
					for _, it := range want {
						kept[it.Stops()]++
					}
				}
			}
			t.Logf("%d itineraries enumerated, kept by changes %v", all, kept)
			if slices.Min(kept[:]) == 0 {
				t.Error("itineraries of some kind never came")
			}
		})
	}
}

// The same under the default rules: waits of up to 24 hours, no bound on the duration.
func TestSearchUnitedStatesByDefault(t *testing.T) {
	u := loadUS(t, true)
	n, err := itinerary.New(u.airports, u.departures, itinerary.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(u.airports, u.departures, itinerary.Rules{Defaults: [4]int32{45, 60, 90, 60}, MaxWait: hours(24).duration(), DetourPercent: 200, DetourKilometres: 800})
	for _, pair := range u.pairs(effort.Runs(t, 1), 11) {
		s, f := u.day(pair[0], pair[1]), itinerary.Filter{MaxStops: 2}
		found, err := n.Search(s, f)
		if err != nil || found.Truncated {
			t.Fatal(err, found.Truncated)
		}
		all := o.all(s, f)
		want := undominated(all)
		if d := differ(found.Itineraries, want); d != "" {
			t.Fatalf("%v:\n%s", pair, d)
		}
		t.Logf("%v: %d of %d in %d steps", pair, len(want), len(all), found.Steps)
	}
}

func BenchmarkSearchUnitedStates(b *testing.B) {
	u := loadUS(b, true)
	for name, rules := range map[string]itinerary.Rules{
		"alone": {}, "agreements": {Agreements: [][2]string{{"AA", "US"}, {"AS", "AA"}, {"AS", "DL"}, {"MQ", "AA"}, {"OO", "UA"}, {"OO", "DL"}, {"EV", "UA"}, {"EV", "DL"}}},
	} {
		n, err := itinerary.New(u.airports, u.departures, rules)
		if err != nil {
			b.Fatal(err)
		}
		pairs := u.pairs(500, 1)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			found, steps, truncated := 0, 0, 0
			for i := 0; b.Loop(); i++ {
				pair := pairs[i%len(pairs)]
				f, err := n.Search(u.day(pair[0], pair[1]), itinerary.Filter{MaxStops: 2})
				if err != nil {
					b.Fatal(err)
				}
				found += len(f.Itineraries)
				steps += f.Steps
				if f.Truncated {
					truncated++
				}
			}
			b.ReportMetric(float64(found)/float64(b.N), "found/op")
			b.ReportMetric(float64(steps)/float64(b.N), "steps/op")
			b.ReportMetric(float64(truncated)/float64(b.N), "truncated/op")
		})
	}
}

func BenchmarkLoadUnitedStates(b *testing.B) {
	u := loadUS(b, true)
	for b.Loop() {
		if _, err := itinerary.New(u.airports, u.departures, itinerary.Rules{}); err != nil {
			b.Fatal(err)
		}
	}
}
