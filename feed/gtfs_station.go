package feed

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"holdfast/civil"
)

type gtfsAgency struct{ name, zone string }

const maxAgencies = 10_000

// gtfsStop is a line of stops.txt. Platforms and stations become a Station; what else there is in a station does not.
type gtfsStop struct {
	Station
	kind gtfsPlace
	used bool // a train that is told calls here, or at a platform of it
}

// gtfsPlace is a location_type.
type gtfsPlace uint8

const (
	gtfsPlatform gtfsPlace = iota // or a stop without platforms
	gtfsStation
	gtfsEntrance
	gtfsNode
	gtfsBoardingArea
)

func (g *gtfs) readAgencies(ctx context.Context) error {
	var blank *Record
	err := g.read(ctx, "agency.txt", nil, func(r *Record) *Error {
		id, name, zone := strings.Clone(r.Get("agency_id")), strings.Clone(r.Get("agency_name")), strings.Clone(r.Get("agency_timezone"))
		g.agencyLines++
		switch _, twice := g.agencies[id]; {
		case name == "":
			return refuse(r, "missing_value", "The agency has no name.")
		case twice:
			return refuse(r, "duplicate", "The agency %q was there before.", id)
		}
		if _, err := civil.Zone(zone); err != nil {
			return refuse(r, "bad_zone", "The agency's time zone %q is not an IANA time zone; its times cannot be read.", zone)
		}
		if id == "" {
			blank = r
		}
		if g.agencies[id] = (gtfsAgency{name, zone}); len(g.agencies) > maxAgencies {
			return fatal(r.Line, "too_many_agencies", "The feed has more than %d agencies.", maxAgencies)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if blank != nil && g.agencyLines > 1 {
		delete(g.agencies, "")
		g.remark(&Error{File: "agency.txt", Line: blank.Line, Code: "missing_value", Message: "The agency has no agency_id; where there are several, each needs one."})
	}
	if len(g.agencies) == 0 {
		return &Error{File: "agency.txt", Code: "no_agency", Message: "The feed has no agency that can be read, so its times have no zone.", Fatal: true}
	}
	zones := map[string]bool{}
	for _, a := range g.agencies {
		zones[a.zone] = true
		g.zone = a.zone
	}
	if len(zones) > 1 {
		g.zone = ""
		g.warnAt("agency.txt", 0, "several_zones", "The agencies have %d time zones; the times of a train were read in that of its own agency.", len(zones))
	}
	return nil
}

func (g *gtfs) readStops(ctx context.Context) error {
	err := g.read(ctx, "stops.txt", nil, func(r *Record) *Error {
		if len(g.stops) == g.options.MaxStations {
			return fatal(r.Line, "too_many_stations", "The feed has more than %d stops.", g.options.MaxStations)
		}
		s := gtfsStop{Station: Station{
			Line: r.Line, Code: g.hold(r.Get("stop_id")), Name: g.hold(r.Get("stop_name")), Parent: g.hold(r.Get("parent_station")), Zone: g.hold(r.Get("stop_timezone")),
		}}
		if s.Code == "" {
			return refuse(r, "missing_value", "The stop has no stop_id.")
		}
		if _, twice := g.stopIndex[s.Code]; twice {
			return refuse(r, "duplicate", "The stop %q was there before.", s.Code)
		}
		if text := r.Get("location_type"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > int(gtfsBoardingArea) {
				return refuse(r, "bad_location_type", "location_type is %q; there are 0 to 4.", text)
			}
			s.kind = gtfsPlace(n)
		}
		if s.Name == "" && s.kind <= gtfsStation {
			return refuse(r, "missing_value", "The stop %q has no stop_name.", s.Code)
		}
		if s.kind <= gtfsStation {
			g.locate(r, &s)
		}
		if _, err := civil.Zone(s.Zone); s.Zone != "" && err != nil {
			g.warn(r, "bad_zone", "The stop's time zone %q is not an IANA time zone; the feed's was taken.", s.Zone)
			s.Zone = ""
		}
		g.stopIndex[s.Code] = int32(len(g.stops))
		g.stops = append(g.stops, s)
		return nil
	})
	if err != nil {
		return err
	}
	g.linkStops()
	g.findNearStops()
	return nil
}

func (g *gtfs) locate(r *Record, s *gtfsStop) {
	lat, lon := r.Get("stop_lat"), r.Get("stop_lon")
	if lat == "" && lon == "" {
		g.warn(r, "no_coordinates", "The stop %q has no coordinates.", s.Code)
		return
	}
	if s.Latitude, s.Longitude, s.Located = coordinates(lat, lon); !s.Located {
		g.warn(r, "bad_coordinates", "The coordinates %q, %q are no place on earth where trains call; they were left out.", lat, lon)
	}
}

// coordinates reads degrees. 0, 0 is what software writes that knows none: it lies in the Atlantic.
func coordinates(latitude, longitude string) (lat, lon float64, ok bool) {
	lat, err := strconv.ParseFloat(latitude, 64)
	if err != nil {
		return 0, 0, false
	}
	lon, err = strconv.ParseFloat(longitude, 64)
	if err != nil || !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) || lat == 0 && lon == 0 {
		return 0, 0, false
	}
	return lat, lon, true
}

// linkStops checks what the stops say about each other, when all are there, and hands the zones down.
func (g *gtfs) linkStops() {
	for i := range g.stops {
		s := &g.stops[i]
		if s.kind > gtfsStation {
			continue
		}
		parent, there := g.stopIndex[s.Parent]
		switch {
		case s.Parent == "":
		case s.kind == gtfsStation:
			g.warnAt("stops.txt", s.Line, "bad_parent", "The station %q cannot be a part of %q; it was read as a station of its own.", s.Code, s.Parent)
			s.Parent = ""
		case !there || g.stops[parent].kind != gtfsStation:
			g.warnAt("stops.txt", s.Line, "bad_parent", "There is no station %q for %q to be a platform of; it was read as a station of its own.", s.Parent, s.Code)
			s.Parent = ""
		case s.Zone == "":
			s.Zone = g.stops[parent].Zone
		}
		if s.Zone == "" {
			s.Zone = g.zone
		}
	}
}

// nearMetres is how close two stops are that are likely one, entered twice.
const nearMetres = 2

// findNearStops warns of stops that are likely the same. Platforms of one station may lie side by side.
func (g *gtfs) findNearStops() {
	type cell struct{ lat, lon int32 }
	const perDegree = 10_000 // a cell is 11 m high, and wider than nearMetres up to 79 degrees north
	around := map[cell][]int32{}
	for i := range g.stops {
		s := &g.stops[i]
		if s.kind > gtfsStation || !s.Located {
			continue
		}
		at := cell{int32(math.Floor(s.Latitude * perDegree)), int32(math.Floor(s.Longitude * perDegree))}
	search:
		for lat := at.lat - 1; lat <= at.lat+1; lat++ {
			for lon := at.lon - 1; lon <= at.lon+1; lon++ {
				for _, j := range around[cell{lat, lon}] {
					if d := metres(&s.Station, &g.stops[j].Station); d < nearMetres && !related(&s.Station, &g.stops[j].Station) {
						g.warnAt("stops.txt", s.Line, "near_stops", "The stop %q is %.1f m from %q, which is likely the same; both were read.", s.Code, d, g.stops[j].Code)
						break search
					}
				}
			}
		}
		if len(around[at]) < 16 { // a hostile file has all its stops in one place
			around[at] = append(around[at], int32(i))
		}
	}
}

func related(a, b *Station) bool {
	return a.Parent == b.Code || b.Parent == a.Code || a.Parent != "" && a.Parent == b.Parent
}

// metres is the distance of two places that are close to each other.
func metres(a, b *Station) float64 {
	const perDegree = 111_195
	y := (a.Latitude - b.Latitude) * perDegree
	x := (a.Longitude - b.Longitude) * perDegree * math.Cos(a.Latitude*math.Pi/180)
	return math.Hypot(x, y)
}

// maxTransfer bounds the time to change trains: a day.
const maxTransfer = 86_400

// readTransfers reads how long changing takes. Between two stops that is a footpath, one way, as the file has it; within
// a station its time to change. What cannot be said so is left out with a warning.
func (g *gtfs) readTransfers(ctx context.Context) error {
	type pair struct{ from, to int32 }
	seen := map[pair]bool{}
	return g.read(ctx, "transfers.txt", nil, func(r *Record) *Error {
		kind := r.Get("transfer_type")
		switch kind {
		case "", "0", "1", "2", "3":
		case "4", "5":
			g.warn(r, "transfer_left_out", "Transfers between runs of one vehicle (type %s) are not read.", kind)
			return nil
		default:
			return refuse(r, "bad_transfer_type", "transfer_type is %q; there are 0 to 5.", kind)
		}
		for _, column := range []string{"from_route_id", "to_route_id", "from_trip_id", "to_trip_id"} {
			if r.Get(column) != "" {
				g.warn(r, "transfer_left_out", "Transfers of single trains or lines (%s) are not read.", column)
				return nil
			}
		}
		from, there := g.stopIndex[r.Get("from_stop_id")]
		if !there || g.stops[from].kind > gtfsStation {
			return refuse(r, "unknown_stop", "There is no stop %q where trains call.", r.Get("from_stop_id"))
		}
		to, there := g.stopIndex[r.Get("to_stop_id")]
		if !there || g.stops[to].kind > gtfsStation {
			return refuse(r, "unknown_stop", "There is no stop %q where trains call.", r.Get("to_stop_id"))
		}
		if seen[pair{from, to}] {
			return refuse(r, "duplicate", "The transfer from %q to %q was there before.", g.stops[from].Code, g.stops[to].Code)
		}
		if seen[pair{from, to}] = true; len(seen) > 10*g.options.MaxStations {
			return fatal(r.Line, "too_many_transfers", "The feed has more than %d transfers.", 10*g.options.MaxStations)
		}
		text := r.Get("min_transfer_time")
		if kind == "3" {
			if from == to {
				g.warn(r, "transfer_left_out", "That trains cannot be changed at %q is not read; its usual time to change stays.", g.stops[from].Code)
			}
			return nil // no footpath is what it says
		}
		if kind != "2" && text == "" {
			return nil // recommended or guaranteed, without a time: nothing that a search could count with
		}
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 || seconds > maxTransfer {
			return refuse(r, "bad_transfer_time", "min_transfer_time is %q, not seconds from 0 to %d.", text, maxTransfer)
		}
		if from == to {
			g.stops[from].TransferSeconds = int32(seconds)
			return nil
		}
		g.footpaths = append(g.footpaths, Footpath{Line: r.Line, From: g.stops[from].Code, To: g.stops[to].Code, Seconds: int32(seconds)})
		return nil
	})
}

// tellStations gives the sink the stations, in the order of the file, and the footpaths.
func (g *gtfs) tellStations(ctx context.Context) error {
	for i := range g.stops {
		if s := &g.stops[i]; s.kind <= gtfsStation && g.sink.Station != nil {
			if err := g.sink.Station(s.Station); err != nil {
				return err
			}
		}
	}
	for _, f := range g.footpaths {
		if g.sink.Footpath == nil {
			break
		}
		if err := g.sink.Footpath(f); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// tellUnused warns of stops where no train calls.
func (g *gtfs) tellUnused() {
	if !g.present["stop_times.txt"] {
		return
	}
	for i := range g.stops {
		if s := &g.stops[i]; s.used && s.Parent != "" {
			g.stops[g.stopIndex[s.Parent]].used = true
		}
	}
	unused := slices.DeleteFunc(slices.Clone(g.stops), func(s gtfsStop) bool { return s.used || s.kind > gtfsStation })
	for i := range unused {
		g.warnAt("stops.txt", unused[i].Line, "unused_stop", "No train calls at %q.", unused[i].Code)
	}
}
