package feed

import (
	"context"
	"strconv"
	"strings"
)

// gtfsTrip is a line of trips.txt.
type gtfsTrip struct {
	id, short, headsign  string
	line, route, service int32
	refused              bool // it is not told; why was remarked
	headway              bool // frequencies.txt says when it runs; its calls say only how long it takes
}

// gtfsHeadway is a line of frequencies.txt.
type gtfsHeadway struct{ trip, line, from, until, every int32 }

func (h gtfsHeadway) runs() int { return int(h.until-h.from+h.every-1) / int(h.every) }

// maxGTFSTime bounds times of the day, in seconds: 999 hours, more than 41 days. The longest train takes a week.
const maxGTFSTime = 999 * 3600

// gtfsTime reads H:MM:SS, where hours may pass 24. H:MM is read too; it is what people write by hand.
func gtfsTime(text string) (seconds int32, ok bool) {
	h, rest, found := strings.Cut(text, ":")
	m, s, hasSeconds := strings.Cut(rest, ":")
	if !found || len(h) == 0 || len(h) > 3 || len(m) != 2 || hasSeconds && len(s) != 2 {
		return 0, false
	}
	hours, ok1 := digits(h)
	minutes, ok2 := digits(m)
	secs, ok3 := digits(s)
	seconds = hours*3600 + minutes*60 + secs
	return seconds, ok1 && ok2 && ok3 && minutes < 60 && secs < 60 && seconds <= maxGTFSTime
}

// digits reads a number of at most nine digits; "" is 0.
func digits(text string) (n int32, ok bool) {
	if len(text) > 9 {
		return 0, false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int32(c-'0')
	}
	return n, true
}

func (g *gtfs) readTrips(ctx context.Context) error {
	return g.read(ctx, "trips.txt", nil, func(r *Record) *Error {
		t := gtfsTrip{id: g.hold(r.Get("trip_id")), short: g.hold(r.Get("trip_short_name")), headsign: g.hold(r.Get("trip_headsign")), line: int32(r.Line)}
		if t.id == "" {
			return refuse(r, "missing_value", "The trip has no trip_id.")
		}
		if _, twice := g.tripIndex[t.id]; twice {
			return refuse(r, "duplicate", "The trip %q was there before; its first line stands.", t.id)
		}
		if len(g.trips) == g.options.MaxTrips {
			return fatal(r.Line, "too_many_trips", "The feed has more than %d trips.", g.options.MaxTrips)
		}
		var hasRoute, hasService bool
		t.route, hasRoute = g.routeIndex[r.Get("route_id")]
		t.service, hasService = g.serviceIndex[r.Get("service_id")]
		t.refused = !hasRoute || !hasService || g.services[t.service].refused
		g.tripIndex[t.id] = int32(len(g.trips))
		g.trips = append(g.trips, t)
		switch {
		case !hasRoute:
			return refuse(r, "unknown_route", "The route %q of the trip %q is not in routes.txt, or was refused there.", r.Get("route_id"), t.id)
		case t.refused:
			return refuse(r, "unknown_service", "The service %q of the trip %q is in neither calendar.txt nor calendar_dates.txt, or was refused there.", r.Get("service_id"), t.id)
		}
		return nil
	})
}

// readFrequencies reads at which times trips repeat.
func (g *gtfs) readFrequencies(ctx context.Context) error {
	trains := len(g.trips)
	last := map[int32]gtfsHeadway{} // of each trip
	near := neighbours{last: -1}
	return g.read(ctx, "frequencies.txt", g.spoilTrip(&near), func(r *Record) *Error {
		trip, there := g.tripIndex[r.Get("trip_id")]
		if !there {
			return refuse(r, "unknown_trip", "There is no trip %q.", r.Get("trip_id"))
		}
		near.pass(trip, g.refuseTrip)
		t := &g.trips[trip]
		t.headway = true
		if t.refused {
			return nil
		}
		h := gtfsHeadway{trip: trip, line: int32(r.Line)}
		var ok bool
		if h.from, ok = gtfsTime(r.Get("start_time")); !ok {
			return refuse(r, "bad_time", "start_time %q is not a time (HH:MM:SS).", r.Get("start_time"))
		}
		if h.until, ok = gtfsTime(r.Get("end_time")); !ok {
			return refuse(r, "bad_time", "end_time %q is not a time (HH:MM:SS).", r.Get("end_time"))
		}
		if h.every, ok = digits(r.Get("headway_secs")); !ok || h.every == 0 {
			return refuse(r, "bad_headway", "headway_secs is %q, not seconds.", r.Get("headway_secs"))
		}
		if h.until <= h.from {
			return refuse(r, "bad_period", "The runs end at %s, not after they begin at %s.", r.Get("end_time"), r.Get("start_time"))
		}
		if before, ok := last[trip]; ok && h.from < before.until {
			return refuse(r, "overlap", "The runs of the trip %q begin before those of line %d end.", t.id, before.line)
		}
		switch exact := r.Get("exact_times"); exact {
		case "1":
		case "", "0":
			g.warn(r, "headway", "The trip %q runs about every %d seconds; it was read as if its times were exact.", t.id, h.every)
		default:
			return refuse(r, "bad_exact_times", "exact_times is %q, neither 0 nor 1.", exact)
		}
		if trains += h.runs(); trains > g.options.MaxTrains {
			return fatal(r.Line, "too_many_trains", "The feed has more than %d trains when those that run by headway are counted one by one.", g.options.MaxTrains)
		}
		last[trip] = h
		g.headways = append(g.headways, h)
		return nil
	})
}

func (g *gtfs) refuseTrip(trip int32) { g.trips[trip].refused = true }

// spoilTrip refuses the trip that a line belongs to which cannot be read; where the line does not say which, or the
// quotes leave that open, those of the lines around it.
func (g *gtfs) spoilTrip(near *neighbours) func(*Record) {
	return func(r *Record) {
		trip, there := g.tripIndex[r.Get("trip_id")]
		if there {
			g.refuseTrip(trip)
		}
		if !there || r.Line == 0 {
			near.damage(g.refuseTrip)
		}
	}
}

// gtfsCall is a line of stop_times.txt.
type gtfsCall struct {
	trip, stop, sequence, line int32
	arrive, depart             int32 // noTime: not said
	noBoard, noAlight          bool
}

const noTime = -1

// readCalls reads stop_times.txt, whose lines may be in any order. A line that is refused makes its trip one call short,
// so the trip is refused with it.
func (g *gtfs) readCalls(ctx context.Context) error {
	near := neighbours{last: -1}
	return g.read(ctx, "stop_times.txt", g.spoilTrip(&near), func(r *Record) *Error {
		trip, there := g.tripIndex[r.Get("trip_id")]
		if !there {
			return refuse(r, "unknown_trip", "The trip %q is not in trips.txt, or its line was refused there.", r.Get("trip_id"))
		}
		near.pass(trip, g.refuseTrip)
		if g.trips[trip].refused {
			return nil
		}
		c, bad := g.call(r)
		if bad != nil {
			bad.Message += " The trip \"" + g.trips[trip].id + "\" is left out."
			g.refuseTrip(trip)
			return bad
		}
		c.trip = trip
		g.calls = append(g.calls, c)
		return nil
	})
}

func (g *gtfs) call(r *Record) (c gtfsCall, bad *Error) {
	c.line = int32(r.Line)
	stop, there := g.stopIndex[r.Get("stop_id")]
	switch {
	case r.Get("stop_id") == "":
		return c, refuse(r, "missing_value", "The call has no stop_id; calls on request in an area cannot be sold.")
	case !there:
		return c, refuse(r, "unknown_stop", "The stop %q is not in stops.txt, or was refused there.", r.Get("stop_id"))
	case g.stops[stop].kind > gtfsStation:
		return c, refuse(r, "not_a_stop", "%q is not a place where trains call, but an entrance or another part of a station.", r.Get("stop_id"))
	case g.stops[stop].kind == gtfsStation:
		g.warn(r, "call_at_station", "The call is at the station %q, not at one of its platforms.", r.Get("stop_id"))
	}
	c.stop = stop
	var ok bool
	if c.sequence, ok = digits(r.Get("stop_sequence")); !ok || r.Get("stop_sequence") == "" {
		return c, refuse(r, "bad_sequence", "stop_sequence is %q, not a number.", r.Get("stop_sequence"))
	}
	if c.arrive, ok = g.callTime(r, "arrival_time"); !ok {
		return c, refuse(r, "bad_time", "arrival_time %q is not a time (HH:MM:SS).", r.Get("arrival_time"))
	}
	if c.depart, ok = g.callTime(r, "departure_time"); !ok {
		return c, refuse(r, "bad_time", "departure_time %q is not a time (HH:MM:SS).", r.Get("departure_time"))
	}
	if c.arrive == noTime {
		c.arrive = c.depart
	}
	if c.depart == noTime {
		c.depart = c.arrive
	}
	if c.depart < c.arrive {
		return c, refuse(r, "goes_back", "The train leaves at %s, before it arrives at %s.", r.Get("departure_time"), r.Get("arrival_time"))
	}
	c.noBoard, c.noAlight = g.forbidden(r, "pickup_type"), g.forbidden(r, "drop_off_type")
	return c, nil
}

func (g *gtfs) callTime(r *Record, column string) (seconds int32, ok bool) {
	text := r.Get(column)
	if text == "" {
		return noTime, true
	}
	if strings.Count(text, ":") == 1 {
		g.warn(r, "no_seconds", "%s %q has no seconds; 0 were read.", column, text)
	}
	return gtfsTime(text)
}

// forbidden tells whether boarding (or alighting) is. By arrangement is possible: the ticket is one.
func (g *gtfs) forbidden(r *Record, column string) bool {
	switch text := r.Get(column); text {
	case "", "0", "2", "3":
		return false
	case "1":
		return true
	default:
		g.warn(r, "bad_"+column, "%s is %s; there are 0 to 3. It was read as 1, not possible.", column, strconv.Quote(text))
		return true
	}
}
