package demo

import (
	"encoding/csv"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/place"
)

// noAirport are the cities with hotels that only trains go to.
var noAirport = []string{"Kyoto", "Zermatt"}

func TestCitiesHaveAnAirport(t *testing.T) {
	for _, c := range cities {
		if slices.Contains(noAirport, c.name) {
			continue
		}
		at := slices.IndexFunc(airports, func(a airport) bool { return a.city == c.name })
		if at < 0 {
			t.Errorf("%s has no airport", c.name)
			continue
		}
		a := airports[at]
		if far := place.Metres(c.latitude, c.longitude, a.latitude, a.longitude) / 1000; a.zone != c.zone || a.country != c.country || far > 60 {
			t.Errorf("%s is in %s, %s, and %.0f km from %s in %s, %s", a.iata, a.country, a.zone, far, c.name, c.country, c.zone)
		}
	}
}

// TestCarriersAreInvented looks the airlines up among those there are and were.
func TestCarriersAreInvented(t *testing.T) {
	const list = "../../shared/data/opentraveldata/optd_airlines.csv"
	f, err := os.Open(list)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '^', true
	head, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	code, name, known := slices.Index(head, "2char_code"), slices.Index(head, "name"), 0
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		known++
		for _, c := range companies {
			if row[code] == c.code || strings.EqualFold(row[name], c.name) {
				t.Errorf("%s %s is %s %s", c.code, c.name, row[code], row[name])
			}
		}
	}
	if known < 1000 {
		t.Errorf("a list of %d airlines", known)
	}
}

// dated is a leg on a date.
type dated struct {
	number   string
	date     civil.Date
	sequence int
}

// everyLeg are the legs of some airlines date by date.
func everyLeg(t *testing.T, all []Airline) map[dated]feed.Leg {
	t.Helper()
	out := map[dated]feed.Leg{}
	for _, a := range all {
		for _, l := range a.Legs {
			for d := l.First; d <= l.Last; d++ {
				if !l.Weekdays.Has(d) {
					continue
				}
				key := dated{l.Carrier + l.Number, d, l.Sequence}
				if _, twice := out[key]; twice {
					t.Fatalf("%+v is there twice", key)
				}
				one := l
				one.First, one.Last = 0, 0
				out[key] = one
			}
		}
	}
	return out
}

func TestFlightsAreTheSameOnEveryDay(t *testing.T) {
	a := Airlines(today, 120)
	if !reflect.DeepEqual(a, Airlines(today, 120)) {
		t.Error("two airlines of one day differ")
	}
	const later = 100 // over the days when clocks change
	both, some := today.Add(later)-flightsBefore, 0
	first, then := everyLeg(t, a), everyLeg(t, Airlines(today.Add(later), 120))
	for key, l := range then {
		if was, known := first[key]; known && key.date >= both {
			some++
			if !reflect.DeepEqual(was, l) {
				t.Fatalf("%+v is %+v, made later %+v", key, was, l)
			}
		}
	}
	for key := range first {
		if _, known := then[key]; key.date >= both && !known {
			t.Errorf("%+v is gone when made later", key)
		}
	}
	if some < 1000 {
		t.Errorf("only %d flights in common", some)
	}
}

// TestFlightsArePossible follows the aircraft of every rotation over a year: none leaves before it is there, and no
// flight is faster or slower than such flights are.
func TestFlightsArePossible(t *testing.T) {
	legs := everyLeg(t, Airlines(today, 365))
	at := func(l feed.Leg, d civil.Date, minutes int32, iata string) time.Time {
		return d.In(zoneOf(airportOf(iata).zone), 0, int(minutes))
	}
	var overnight, overDateLine, codeshares, several int
	types, numbers, first := map[string]bool{}, map[string]string{}, today
	for key, l := range legs {
		departs, arrives := at(l, key.date, l.Departs, l.From), at(l, key.date, l.Arrives, l.To)
		if took := arrives.Sub(departs); took < 45*time.Minute || took > 16*time.Hour {
			t.Errorf("%+v takes %v", key, took)
		}
		if civil.Today(arrives, zoneOf(airportOf(l.To).zone)) > civil.Today(departs, zoneOf(airportOf(l.From).zone)) {
			overnight++
		}
		if a, b := airportOf(l.From), airportOf(l.To); a.longitude*b.longitude < 0 && (a.longitude > 120 || b.longitude > 120) && (a.longitude < -120 || b.longitude < -120) {
			overDateLine++
		}
		codeshares += len(l.Codeshares)
		if l.Sequence > 1 {
			several++
			before, ok := legs[dated{key.number, key.date, l.Sequence - 1}]
			if wait := departs.Sub(at(before, key.date, before.Arrives, before.To)); !ok || before.To != l.From || wait < ground[l.Equipment] {
				t.Errorf("%+v waits %v", key, wait)
			}
		}
		types[l.Equipment] = true
		route := l.From + l.To
		if l.Sequence == 1 {
			if was := numbers[key.number]; was != "" && was != route {
				t.Errorf("%s flies %s and %s", key.number, was, route)
			}
			numbers[key.number] = route
		}
	}
	if overnight == 0 || overDateLine == 0 || codeshares == 0 || several == 0 || len(types) < 3 {
		t.Errorf("%d over night, %d over the date line, %d codeshares, %d second legs, types %v", overnight, overDateLine, codeshares, several, types)
	}
	for i := range companies {
		for n := range companies[i].rotations {
			turns(t, legs, &companies[i], &companies[i].rotations[n])
		}
	}
	day := func(d civil.Date) (n int) {
		for key := range legs {
			if key.date == d && key.sequence == 1 {
				n++
			}
		}
		return n
	}
	for d := first; d < first.Add(7); d++ {
		if n := day(d); n < 80 || n > 150 {
			t.Errorf("%d flights on %s", n, d)
		}
	}
	t.Logf("%d departures on %s, %d numbers", day(first.Add(2)), first.Add(2), len(numbers))
}

// turns checks that each flight out of a rotation has its flight back, once the aircraft is ready and not days later.
func turns(t *testing.T, legs map[dated]feed.Leg, c *company, r *rotation) {
	t.Helper()
	out, back := c.flights(r.number, r.way, r, clock(r.out), weekdays(r.days), today, today.Add(360)), 0
	for _, l := range out {
		if l.To != r.way[len(r.way)-1] {
			continue
		}
		for d := l.First; d <= l.Last; d++ {
			if !l.Weekdays.Has(d) {
				continue
			}
			there := zoneOf(airportOf(l.To).zone)
			arrives := d.In(there, 0, int(l.Arrives))
			var wait time.Duration
			for days := range civil.Date(4) {
				b, ok := legs[dated{c.code + strconv.Itoa(r.number+1), d + days, 1}]
				if ok && !(d+days).In(there, 0, int(b.Departs)).Before(arrives) {
					wait = (d + days).In(there, 0, int(b.Departs)).Sub(arrives)
					break
				}
			}
			back++
			if least := ground[r.equipment] - 15*time.Minute; wait < least || wait > 25*time.Hour {
				t.Fatalf("%s %d of %s is back after %v at %s", c.code, r.number, d, wait, l.To)
			}
		}
	}
	if back < 50 {
		t.Errorf("%s %d flies %d times", c.code, r.number, back)
	}
}
