package feed

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast/civil"
)

// StationFormat says how a CSV file tells stations.
type StationFormat struct {
	Separator rune // between fields; 0: a comma
	// Columns says in which column a field is. code and name must be; the others may: parent, zone, country, latitude,
	// longitude, transfer_seconds, city (the row is a place with stations, no station) and same_as (the code of the station
	// that the row has become a part of). Booleans are t or true and f, false or nothing.
	Columns map[string]string
	// CodeAfter cuts codes behind the last of it: "/" for those that are addresses.
	CodeAfter string
}

var stationFields = []string{"code", "name", "parent", "zone", "country", "latitude", "longitude", "transfer_seconds", "city", "same_as"}

// IRailStations is the format of the stations of iRail (github.com/iRail/stations). Codes are the UIC numbers at the end of
// their addresses.
var IRailStations = StationFormat{
	Columns: map[string]string{
		"code": "URI", "name": "name", "country": "country-code", "latitude": "latitude", "longitude": "longitude", "transfer_seconds": "official_transfer_time",
	},
	CodeAfter: "/",
}

// TrainlineStations is the format of the stations of Trainline (github.com/trainline-eu/stations), as of 2016.
var TrainlineStations = StationFormat{
	Separator: ';',
	Columns: map[string]string{
		"code": "id", "name": "name", "parent": "parent_station_id", "zone": "time_zone", "country": "country", "latitude": "latitude",
		"longitude": "longitude", "city": "is_city", "same_as": "same_as",
	},
}

const (
	maxStations  = 200_000
	parentMetres = 1_000
)

// ReadStations reads stations from a CSV file. Rows that are cities, or have become a part of another station, are counted
// in a warning and left out. A parent is told only if it is a station itself and not farther than a kilometre away: these
// files name as parents cities and neighbours too, and what is a platform of a station is changed at without a way.
func ReadStations(ctx context.Context, r io.Reader, format StationFormat, sink TrainSink) error {
	for _, field := range slices.Sorted(maps.Keys(format.Columns)) {
		if !slices.Contains(stationFields, field) {
			return fatal(0, "unknown_field", "A station has no field %q; there are: %s.", field, strings.Join(stationFields, ", "))
		}
	}
	options := []TableOption{RowsUpTo(maxStations)}
	if format.Separator != 0 {
		options = append(options, Separator(format.Separator))
	}
	table, err := NewTable(r, options...)
	if err != nil {
		return err
	}
	for _, field := range []string{"code", "name"} {
		if format.Columns[field] == "" {
			return fatal(0, "missing_field", "The format does not say in which column the %s is.", field)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(format.Columns)) {
		if column := format.Columns[field]; !table.Has(column) {
			return missing(table, column, field)
		}
	}
	s := stationList{warnings: warnings{to: sink.Remark}, format: format, index: map[string]int{}}
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if sink.Progress != nil {
				sink.Progress(int64(n), 0)
			}
		}
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *Error
		if err != nil && (!errors.As(err, &bad) || bad.Fatal) {
			return err
		}
		if bad == nil {
			bad = s.row(row)
		}
		if bad != nil {
			s.remark(bad)
		}
	}
	return s.tell(sink)
}

type stationList struct {
	warnings
	format         StationFormat
	list           []Station
	index          map[string]int
	cities, merged int
}

func (s *stationList) row(r *Record) *Error {
	get := func(field string) string {
		if column := s.format.Columns[field]; column != "" {
			return r.Get(column)
		}
		return ""
	}
	station := Station{Line: r.Line, Code: get("code"), Name: get("name"), Parent: get("parent"), Zone: get("zone"), Country: strings.ToUpper(get("country"))}
	if after := s.format.CodeAfter; after != "" {
		station.Code = station.Code[strings.LastIndex(station.Code, after)+1:]
	}
	city, ok := boolean(get("city"))
	if !ok {
		return refuse(r, "bad_boolean", "%s is %q, neither t nor f.", s.format.Columns["city"], get("city"))
	}
	switch {
	case station.Code == "":
		return refuse(r, "missing_value", "The station has no code.")
	case city:
		s.cities++
		return nil
	case get("same_as") != "":
		s.merged++
		return nil
	case station.Name == "":
		return refuse(r, "missing_value", "The station %q has no name.", station.Code)
	}
	if _, twice := s.index[station.Code]; twice {
		return refuse(r, "duplicate", "The station %q was there before.", station.Code)
	}
	if len(station.Country) != 0 && len(station.Country) != 2 {
		s.warnAt("", r.Line, "bad_country", "The country %q is not a code of two letters; it was left out.", station.Country)
		station.Country = ""
	}
	if _, err := civil.Zone(station.Zone); station.Zone != "" && err != nil {
		s.warnAt("", r.Line, "bad_zone", "The time zone %q is not an IANA time zone; it was left out.", station.Zone)
		station.Zone = ""
	}
	if lat, lon := get("latitude"), get("longitude"); lat != "" || lon != "" {
		if station.Latitude, station.Longitude, station.Located = coordinates(lat, lon); !station.Located {
			s.warnAt("", r.Line, "bad_coordinates", "The coordinates %q, %q are no place on earth where trains call; they were left out.", lat, lon)
		}
	} else if s.format.Columns["latitude"] != "" {
		s.warnAt("", r.Line, "no_coordinates", "The station %q has no coordinates.", station.Code)
	}
	if text := get("transfer_seconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 || seconds > maxTransfer {
			s.warnAt("", r.Line, "bad_transfer_time", "The time to change trains %q is not seconds; it was left out.", text)
			seconds = 0
		}
		station.TransferSeconds = int32(seconds)
	}
	s.index[station.Code] = len(s.list)
	s.list = append(s.list, station)
	return nil
}

// boolean reads t or true, and f, false or nothing.
func boolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "t", "true":
		return true, true
	case "", "f", "false":
		return false, true
	}
	return false, false
}

func (s *stationList) tell(sink TrainSink) error {
	if s.cities > 0 {
		s.warnAt("", 0, "cities_left_out", "%d rows are cities, not stations.", s.cities)
	}
	if s.merged > 0 {
		s.warnAt("", 0, "merged_left_out", "%d rows have become a part of another station.", s.merged)
	}
	for _, station := range s.list {
		if sink.Station == nil {
			break
		}
		if i, there := s.index[station.Parent]; station.Parent != "" {
			parent := &s.list[max(i, 0)]
			_, chain := s.index[parent.Parent]
			if !there || chain || parent.Code == station.Code || !station.Located || !parent.Located || metres(&station, parent) > parentMetres {
				station.Parent = ""
			}
		}
		if err := sink.Station(station); err != nil {
			return err
		}
	}
	s.tellMore()
	return nil
}
