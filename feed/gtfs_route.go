package feed

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gtfsRoute is a line of routes.txt, as far as its trains need it.
type gtfsRoute struct {
	short, long   string
	kind          string // by route_type, e.g. "rail"
	carrier, zone string
	bus           bool
}

// gtfsKinds are the kinds of the basic route types.
var gtfsKinds = map[int]string{
	0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 5: "cable_tram", 6: "gondola", 7: "funicular", 11: "trolleybus", 12: "monorail",
}

// gtfsExtendedKinds are the kinds of the extended route types (the Google extension, after TPEG-PTI), by hundreds; of the railways
// by type.
var gtfsExtendedKinds = map[int]string{
	101: "high_speed", 102: "long_distance", 103: "inter_regional", 104: "car_train", 105: "sleeper", 106: "regional", 107: "tourist", 108: "shuttle",
	109: "suburban", 110: "bus", // a replacement bus, among the railways
	100: "rail", 200: "coach", 300: "suburban", 400: "metro", 500: "metro", 600: "metro", 700: "bus", 800: "trolleybus", 900: "tram", 1000: "ferry",
	1100: "air", 1200: "ferry", 1300: "gondola", 1400: "funicular", 1500: "taxi", 1600: "self_drive", 1700: "other",
}

// gtfsKind is what a route type stands for.
func gtfsKind(kind int) (name string, ok bool) {
	if name, ok = gtfsKinds[kind]; ok {
		return name, true
	}
	if name, ok = gtfsExtendedKinds[kind]; ok {
		return name, true
	}
	if kind < 100 {
		return "", false
	}
	name, ok = gtfsExtendedKinds[kind/100*100]
	return name, ok
}

func (g *gtfs) readRoutes(ctx context.Context) error {
	return g.read(ctx, "routes.txt", nil, func(r *Record) *Error {
		id := r.Get("route_id")
		if id == "" {
			return refuse(r, "missing_value", "The route has no route_id.")
		}
		if _, twice := g.routeIndex[id]; twice {
			return refuse(r, "duplicate", "The route %q was there before.", id)
		}
		if len(g.routes) == g.options.MaxTrips {
			return fatal(r.Line, "too_many_routes", "The feed has more than %d routes.", g.options.MaxTrips)
		}
		route := gtfsRoute{short: g.hold(r.Get("route_short_name")), long: g.hold(r.Get("route_long_name"))}
		number, err := strconv.Atoi(r.Get("route_type"))
		if err == nil {
			var ok bool
			if route.kind, ok = gtfsKind(number); !ok {
				err = strconv.ErrRange
			}
		}
		if err != nil {
			return refuse(r, "bad_route_type", "route_type is %q, which GTFS does not have; the trains of the route %q are left out.", r.Get("route_type"), id)
		}
		if route.short == "" && route.long == "" {
			g.warn(r, "no_name", "The route %q has no name; its trains are named by what else there is.", id)
		}
		if route.short != "" && route.short == route.long {
			g.warn(r, "same_names", "The short and the long name of the route %q are the same.", id)
		}
		agency, there := g.agencies[r.Get("agency_id")]
		if !there && r.Get("agency_id") == "" && g.agencyLines == 1 {
			for _, agency = range g.agencies {
				there = true
			}
		}
		if !there {
			return refuse(r, "unknown_agency", "There is no agency %q; the trains of the route %q are left out.", r.Get("agency_id"), id)
		}
		route.carrier, route.zone = agency.name, agency.zone
		route.bus = route.kind == "bus" || route.kind == "coach" || route.kind == "trolleybus"
		if letters, ok := trainNumber(route.long); ok && strings.EqualFold(letters, "bus") && !route.bus {
			route.bus = true
			g.warn(r, "bus_by_name", "%q is a %s by its type and a bus by its name; it was read as a bus.", route.long, route.kind)
		}
		g.routeIndex[g.hold(id)] = int32(len(g.routes))
		g.routes = append(g.routes, route)
		return nil
	})
}

// trainNumber recognises "ICE 1672", "S1" or "D 14MJ": up to ten letters, digits, and up to two letters more.
func trainNumber(text string) (letters string, ok bool) {
	rest := strings.TrimLeftFunc(text, unicode.IsLetter)
	letters = text[:len(text)-len(rest)]
	number := strings.TrimPrefix(rest, " ")
	tail := strings.TrimLeft(number, "0123456789")
	if n := utf8.RuneCountInString(letters); n == 0 || n > 10 || tail == number || len(number)-len(tail) > 6 {
		return "", false
	}
	return letters, len(tail) <= 2 && strings.TrimLeftFunc(tail, unicode.IsLetter) == ""
}

// maxTrainNumber is how many bytes a train's number has at most: it travels in sealed offers.
const maxTrainNumber = 16

// shortest is the first of some texts that can be a number; if all are too long, the beginning of the first.
func shortest(texts ...string) string {
	first := ""
	for _, t := range texts {
		if t != "" && len(t) <= maxTrainNumber {
			return t
		}
		if first == "" {
			first = t
		}
	}
	for len(first) > maxTrainNumber {
		_, size := utf8.DecodeLastRuneInString(first)
		first = first[:len(first)-size]
	}
	return strings.TrimSpace(first)
}

// name says under which number travellers know a train, and of which kind it is.
//
// The number is trip_short_name; else route_long_name if it is a word and a number ("ICE 1672"); else route_short_name;
// else route_long_name, trip_id or the headsign: the first that is short enough for a number. A trip_short_name of digits alone on a line whose short name is letters
// alone is both: "ICE" and "1672".
//
// The category is the letters before the digits of that number; else those of route_short_name; else route_short_name if
// it is short and without digits; else the kind of the route's type ("rail", "high_speed", "bus").
func (r *gtfsRoute) name(short, headsign, id string) (number, category string) {
	short, headsign = strings.TrimSpace(short), strings.TrimSpace(headsign)
	lettered := r.short != "" && utf8.RuneCountInString(r.short) <= 10 && !strings.ContainsFunc(r.short, unicode.IsDigit)
	if lettered && short != "" && strings.Trim(short, "0123456789") == "" {
		short = r.short + " " + short
	}
	if letters, ok := trainNumber(r.long); ok && short == "" && len(r.long) <= maxTrainNumber {
		return r.long, letters
	}
	number = shortest(short, r.short, r.long, id, headsign)
	if letters, ok := trainNumber(number); ok {
		return number, letters
	}
	if letters, ok := trainNumber(r.short); ok {
		return number, letters
	}
	if lettered {
		return number, r.short
	}
	return number, r.kind
}
