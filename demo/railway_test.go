package demo

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/place"
)

func TestRailwayIsTheSameOnEveryDay(t *testing.T) {
	a, b := MakeRailway(today), MakeRailway(today)
	if !reflect.DeepEqual(a, b) {
		t.Error("two railways of one day differ")
	}
	later := MakeRailway(today.Add(40))
	for i := range a.Trains {
		x, y := a.Trains[i], later.Trains[i]
		common := slices.DeleteFunc(slices.Clone(x.Dates), func(d civil.Date) bool { return d < y.Dates[0] })
		if !slices.Equal(common, y.Dates[:len(common)]) || len(common) < 100 {
			t.Errorf("%s runs on %d dates that are common, of %d", x.Number, len(common), len(y.Dates))
		}
		x.Dates, y.Dates = nil, nil
		if !reflect.DeepEqual(x, y) {
			t.Errorf("%+v, made later %+v", x, y)
		}
	}
}

func TestTrainsArePlausible(t *testing.T) {
	r := MakeRailway(today)
	if err := r.Templates.Check(); err != nil {
		t.Error(err)
	}
	known, called, numbers := map[string]feed.Station{}, map[string]bool{}, map[string]bool{}
	for _, s := range r.Stations {
		if _, twice := known[s.Code]; twice {
			t.Errorf("%s is there twice", s.Code)
		}
		known[s.Code] = s
		zoneOf(s.Zone)
	}
	var pastMidnight, twiceAtOne, overZones, partly int
	for _, train := range r.Trains {
		if numbers[train.Number] || len(train.Calls) < 2 || len(train.Dates) < 100 {
			t.Errorf("%s: %d calls on %d dates, or there twice", train.Number, len(train.Calls), len(train.Dates))
		}
		numbers[train.Number] = true
		if len(train.Dates) < trainsBefore+trainsAfter {
			partly++
		}
		calls, zones := map[string]bool{}, map[string]bool{}
		for i, c := range train.Calls {
			s, ok := known[c.Station]
			if !ok {
				t.Fatalf("%s calls at %q", train.Number, c.Station)
			}
			if calls[c.Station] {
				twiceAtOne++
			}
			calls[c.Station], called[c.Station], zones[s.Zone] = true, true, true
			if i == 0 {
				continue
			}
			before := known[train.Calls[i-1].Station]
			seconds := c.Arrive - train.Calls[i-1].Depart
			kmh := place.Metres(before.Latitude, before.Longitude, s.Latitude, s.Longitude) / 1000 / (float64(seconds) / 3600)
			if seconds <= 0 || c.Depart < c.Arrive || kmh < 10 || kmh > 200 {
				t.Errorf("%s goes from %s to %s in %d s, at %.0f km/h", train.Number, before.Name, s.Name, seconds, kmh)
			}
			if c.Arrive >= 24*3600 && i == len(train.Calls)-1 {
				pastMidnight++
			}
		}
		if len(zones) > 1 {
			overZones++
		}
	}
	for code := range known {
		if !called[code] {
			t.Errorf("no train calls at %s", code)
		}
	}
	if pastMidnight == 0 || twiceAtOne == 0 || overZones == 0 || partly == 0 {
		t.Errorf("%d past midnight, %d twice at a station, %d over zones, %d not daily", pastMidnight, twiceAtOne, overZones, partly)
	}
	joins := 0
	for _, c := range r.Templates.Compositions {
		for _, train := range c.Trains {
			if !numbers[train] {
				t.Errorf("there are coaches for %s, and no such train", train)
			}
		}
		for _, coach := range c.Coaches {
			for _, at := range []string{coach.From, coach.To} {
				if at != "" {
					joins++
					if _, ok := known[at]; !ok {
						t.Errorf("coach %s joins or leaves at %q", coach.Number, at)
					}
				}
			}
		}
	}
	if joins == 0 {
		t.Error("no coach joins on the way")
	}
	day := 0
	for _, train := range r.Trains {
		if slices.Contains(train.Dates, today.Add(3)) {
			day++
		}
	}
	if day < 60 || day > 130 {
		t.Errorf("%d trains on %s", day, today.Add(3))
	}
	t.Logf("%d trains on %s, %d stations", day, today.Add(3), len(known))
}

// TestEuropeIsOneNetwork follows the lines from Vienna: every station is reached by them, but for those in Japan.
func TestEuropeIsOneNetwork(t *testing.T) {
	reached, grows := map[string]bool{"vienna": true}, true
	walked := func(code string) {
		for _, w := range walks {
			if w.from == code || w.to == code {
				reached[w.from], reached[w.to] = true, true
			}
		}
	}
	for grows {
		before := len(reached)
		for _, l := range network {
			if slices.ContainsFunc(l.calls, func(c string) bool { return reached[c] }) {
				for _, c := range l.calls {
					reached[c] = true
					walked(c)
				}
			}
		}
		grows = len(reached) > before
	}
	for _, s := range stations {
		if reached[s.code] == strings.HasPrefix(s.zone, "Asia/") {
			t.Errorf("%s is reached from Vienna: %v", s.name, reached[s.code])
		}
	}
}
