package demo

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/identity"
	"holdfast/place"
	"holdfast/rail"
	"holdfast/uid"
)

// Railway is the railway of the demo: everything that FillRailway brings into the services. Its trains run on the dates
// of a window.
type Railway struct {
	Supplier  identity.Supplier
	Templates rail.Templates // its coaches and fares
	Stations  []feed.Station
	Footpaths []feed.Footpath
	From      civil.Date // the first of the window
	Trains    []feed.Train
}

// RailwayStaff is the supplier that the demo's token of a railway belongs to.
func RailwayStaff() uid.ID { return id("railway", 0) }

// heron is the name of the railway. It is invented, and so are its trains.
const heron = "Heron Rail"

// MakeRailway makes the railway with trains for more than a year.
func MakeRailway(today civil.Date) Railway {
	from, to := today-trainsBefore, today+trainsAfter
	r := Railway{Supplier: identity.Supplier{ID: RailwayStaff(), Name: heron, Kind: identity.Railway}, Templates: templates(), From: from}
	for i := range stations {
		r.Stations = append(r.Stations, stations[i].feed())
	}
	for _, w := range walks {
		r.Footpaths = append(r.Footpaths, feed.Footpath{From: w.from, To: w.to, Seconds: w.seconds}, feed.Footpath{From: w.to, To: w.from, Seconds: w.seconds})
	}
	for i := range network {
		l := &network[i]
		days := weekdays(l.days)
		var dates []civil.Date
		for d := from; d < to; d++ {
			if days.Has(d) {
				dates = append(dates, d)
			}
		}
		back := slices.Clone(l.calls)
		slices.Reverse(back)
		for n, at := range l.out {
			r.Trains = append(r.Trains, l.train(l.first+2*n, l.calls, at, dates))
		}
		for n, at := range l.back {
			r.Trains = append(r.Trains, l.train(l.first+2*n+1, back, at, dates))
		}
	}
	return r
}

// train is one train of a line. Times are rounded up to whole minutes, of which it stands two or more at each call.
func (l *line) train(number int, calls []string, departs string, dates []civil.Date) feed.Train {
	const minute = 60
	t := feed.Train{
		Number: l.category + " " + strconv.Itoa(number), Name: l.name, Category: l.category, Carrier: heron, Zone: l.zone, Dates: dates,
	}
	t.Key = t.Number
	at := int32(clock(departs) * minute)
	for i, code := range calls {
		call := feed.Call{Station: code, Arrive: at, Depart: at}
		if i > 0 {
			before, here := stationOf(calls[i-1]), stationOf(code)
			hours := place.Metres(before.latitude, before.longitude, here.latitude, here.longitude) / 1000 / l.kmh
			call.Arrive = t.Calls[i-1].Depart + int32(math.Ceil(3+60*hours))*minute
			call.Depart = call.Arrive
			if i < len(calls)-1 {
				call.Depart += l.stands(here) * minute
			}
		}
		t.Calls = append(t.Calls, call)
	}
	return t
}

// stands is how many minutes a train stands at a station on its way.
func (l *line) stands(at *station) int32 {
	switch {
	case l.category == night:
		return 15
	case at.transfer > 0:
		return 6
	}
	return 3
}

// stationOf finds a station of the tables.
func stationOf(code string) *station {
	i := slices.IndexFunc(stations, func(s station) bool { return s.code == code })
	return &stations[i]
}

// templates are the coaches of the trains by category, and their fares: a Saver that is never given back and a Flex, by
// distance, for two classes.
func templates() rail.Templates {
	t := rail.DefaultTemplates()
	t.WalkMetres = 0 // the railway tells its footpaths
	joining := func(number int, from, to string) rail.CompositionTemplate {
		coaches := slices.Clone(sleepers)
		for n := range 2 {
			coaches = append(coaches, rail.Coach{Number: fmt.Sprint(len(sleepers) + n + 1), Type: "couchettes from Brussels", Second: 54, Compartments: 54, From: from, To: to})
		}
		return rail.CompositionTemplate{Trains: []string{night + " " + strconv.Itoa(number)}, Coaches: coaches}
	}
	t.Compositions = []rail.CompositionTemplate{
		joining(nightVienna, "cologne", ""), joining(nightVienna+1, "", "cologne"),
		{Categories: []string{night}, Coaches: sleepers},
		{Categories: []string{local}, Coaches: []rail.Coach{
			{Number: "1", Type: "panorama", First: 36}, {Number: "2", Type: "open", Second: 72}, {Number: "3", Type: "open", Second: 72}, {Number: "4", Type: "open", Second: 68},
		}},
		{Coaches: []rail.Coach{
			{Number: "1", Type: "lounge", First: 42},
			{Number: "2", Type: "lounge", First: 48},
			{Number: "3", Type: "bistro", Second: 24},
			{Number: "4", Type: "open", Second: 76},
			{Number: "5", Type: "open", Second: 76},
			{Number: "6", Type: "open", Second: 76},
			{Number: "7", Type: "compartments", Second: 66, Compartments: 66},
		}},
	}
	t.Fares.Tariffs = []rail.Tariff{
		{Categories: []string{fast}, First: rail.Rate{Base: 1_200, Per100KM: 2_600}, Second: rail.Rate{Base: 700, Per100KM: 1_500}},
		{Categories: []string{night}, First: rail.Rate{Base: 5_900, Per100KM: 1_500}, Second: rail.Rate{Base: 2_900, Per100KM: 900}},
		{First: rail.Rate{Base: 900, Per100KM: 4_200}, Second: rail.Rate{Base: 500, Per100KM: 2_500}},
	}
	t.Fares.Relations = []rail.Relation{
		{From: "london", To: "paris-nord", Class: "second", Minor: 9_900, Both: true},
		{From: "tasch", To: "zermatt", Class: "second", Minor: 850, Both: true},
	}
	return t
}

var sleepers = []rail.Coach{
	{Number: "1", Type: "sleeper", First: 30, Compartments: 30},
	{Number: "2", Type: "couchettes", Second: 54, Compartments: 54},
	{Number: "3", Type: "couchettes", Second: 54, Compartments: 54},
	{Number: "4", Type: "seats", Second: 64},
}
