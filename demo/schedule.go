package demo

import (
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/place"
)

// speeds of the demo's aircraft, from gate to gate: minutes a flight takes beside its way, and km an hour on that.
var speeds = map[string]struct {
	minutes float64
	kmh     float64
}{"320": {35, 810}, "789": {35, 810}, "AT7": {25, 450}}

// ground is how long the demo's aircraft stay at an airport before they fly on.
var ground = map[string]time.Duration{"320": 45 * time.Minute, "789": 75 * time.Minute, "AT7": 30 * time.Minute}

// airportOf finds an airport of the tables.
func airportOf(iata string) *airport {
	i := slices.IndexFunc(airports, func(a airport) bool { return a.iata == iata })
	return &airports[i]
}

// zones keeps the loaded time zones: reading one takes longer than all else that is done with it.
var zones sync.Map // string -> *time.Location

// zoneOf is the location of a zone of the tables.
func zoneOf(name string) *time.Location {
	if known, ok := zones.Load(name); ok {
		if zone, ok := known.(*time.Location); ok {
			return zone
		}
	}
	zone, err := civil.Zone(name)
	if err != nil {
		panic("demo: " + err.Error()) // of a table in this package
	}
	zones.Store(name, zone)
	return zone
}

// flying is how long an aircraft takes, in steps of five minutes.
func flying(equipment string, a, b *airport) time.Duration {
	s := speeds[equipment]
	minutes := s.minutes + 60*place.Metres(a.latitude, a.longitude, b.latitude, b.longitude)/1000/s.kmh
	return time.Duration(math.Ceil(minutes/5)) * 5 * time.Minute
}

// stretch is a leg of a flight in local minutes after the midnight that begins the flight's date.
type stretch struct{ departs, arrives int32 }

// stretches are the legs of a flight on a date, and when it is there.
func stretches(way []string, equipment string, departs int, date civil.Date) (out []stretch, arrives time.Time) {
	at := date.In(zoneOf(airportOf(way[0]).zone), 0, departs)
	for i := range len(way) - 1 {
		from, to := airportOf(way[i]), airportOf(way[i+1])
		if i > 0 {
			at = at.Add(ground[equipment])
		}
		arrives = at.Add(flying(equipment, from, to))
		out = append(out, stretch{localMinutes(at, from, date), localMinutes(arrives, to, date)})
		at = arrives
	}
	return out, arrives
}

// localMinutes is what clocks at an airport show at an instant, as minutes after the midnight of a date.
func localMinutes(at time.Time, a *airport, date civil.Date) int32 {
	local := at.In(zoneOf(a.zone))
	return int32(civil.Today(at, zoneOf(a.zone))-date)*24*60 + int32(local.Hour()*60+local.Minute())
}

// legs are a rotation's flights on the dates [from, to). Where clocks change along the way the same flight has other
// local times from then on: another period.
func (c *company) legs(r *rotation, from, to civil.Date) []feed.Leg {
	days := weekdays(r.days)
	out := c.flights(r.number, r.way, r, clock(r.out), days, from, to)
	back := slices.Clone(r.way)
	slices.Reverse(back)
	// The way back begins so many days after the way out.
	_, arrives := stretches(r.way, r.equipment, clock(r.out), from)
	there := zoneOf(airportOf(back[0]).zone)
	ready, shift := arrives.Add(ground[r.equipment]), int(civil.Today(arrives, there)-from)
	if from.Add(shift).In(there, 0, clock(r.back)).Before(ready) {
		shift++
	}
	return append(out, c.flights(r.number+1, back, r, clock(r.back), later(days, shift), from, to)...)
}

// flights are one flight of a rotation.
func (c *company) flights(number int, way []string, r *rotation, departs int, days feed.Weekdays, from, to civil.Date) []feed.Leg {
	var out []feed.Leg
	var was []stretch
	for date := from; date < to; date++ {
		if !days.Has(date) {
			continue
		}
		legs, _ := stretches(way, r.equipment, departs, date)
		if slices.Equal(legs, was) {
			for i := len(out) - len(legs); i < len(out); i++ {
				out[i].Last = date
			}
			continue
		}
		was = legs
		for i, s := range legs {
			l := feed.Leg{
				Carrier: c.code, Number: strconv.Itoa(number), Sequence: i + 1, From: way[i], To: way[i+1], First: date, Last: date, Weekdays: days,
				Departs: s.departs, Arrives: s.arrives, Equipment: r.equipment, ServiceType: "J",
			}
			if other := c.codeshare(number, way); other != "" {
				l.Codeshares = []string{other}
			}
			out = append(out, l)
		}
	}
	return out
}
