package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"holdfast/civil"
)

// little is a feed of one train, two stations with a platform each and two days.
var little = map[string]string{
	"agency.txt":         "agency_id,agency_name,agency_url,agency_timezone\nR,Rail,http://rail.example,Europe/Berlin\n",
	"stops.txt":          "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,stop_timezone\nA,Aa,50,8,1,,\nA1,Aa 1,50.001,8,,A,\nB,Bee,51,8,,,Europe/Paris\nC,Cee,52,8,,,\nD,Dee,53,8,,,\n",
	"routes.txt":         "route_id,agency_id,route_short_name,route_long_name,route_type\nL,R,,ICE 7,2\n",
	"trips.txt":          "route_id,service_id,trip_id,trip_headsign\nL,S,T,Dee\n",
	"stop_times.txt":     "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\nT,8:00:00,8:00:00,A1,1,,1\nT,9:00:00,9:05:00,B,2,1,\nT,10:00:00,10:00:00,D,3,,\n",
	"calendar_dates.txt": "service_id,date,exception_type\nS,20261124,1\nS,20261123,1\n",
}

// feedWith is the little feed with some files changed; "" takes one away.
func feedWith(changes map[string]string) fs.FS {
	files := fstest.MapFS{}
	all := maps.Clone(little)
	maps.Copy(all, changes)
	for name, text := range all {
		if text != "" {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return files
}

// told writes a train's calls: "A1 08:00:00 09:00:00-".
func told(train Train) string {
	var b strings.Builder
	for _, c := range train.Calls {
		fmt.Fprintf(&b, " %s %s", c.Station, clock(c.Arrive))
		if c.Depart != c.Arrive {
			b.WriteString("/" + clock(c.Depart))
		}
		if c.NoBoard {
			b.WriteString(" no-board")
		}
		if c.NoAlight {
			b.WriteString(" no-alight")
		}
	}
	return train.Key + b.String()
}

func TestGTFSLittle(t *testing.T) {
	got := readGTFS(feedWith(map[string]string{
		"transfers.txt": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nA,A,2,300\nB,C,2,600\nC,B,3,\nB,D,0,\nC,D,4,\nD,X,2,1\nB,C,2,600\nD,D,2,x\nD,C,9,\n",
	}))
	if got.err != nil {
		t.Fatal(got.err)
	}
	want := []Train{{
		Line: 2, Key: "T", Number: "ICE 7", Name: "Dee", Category: "ICE", Carrier: "Rail", Zone: "Europe/Berlin",
		Dates: []civil.Date{civil.MustParse("2026-11-23"), civil.MustParse("2026-11-24")},
		Calls: []Call{
			{Line: 2, Station: "A1", Arrive: 28_800, Depart: 28_800, NoAlight: true},
			{Line: 3, Station: "B", Arrive: 32_400, Depart: 32_700, NoBoard: true},
			{Line: 4, Station: "D", Arrive: 36_000, Depart: 36_000},
		},
	}}
	if diff := cmp.Diff(want, got.trains); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stations := []Station{
		{Line: 2, Code: "A", Name: "Aa", Zone: "Europe/Berlin", Latitude: 50, Longitude: 8, Located: true, TransferSeconds: 300},
		{Line: 3, Code: "A1", Name: "Aa 1", Parent: "A", Zone: "Europe/Berlin", Latitude: 50.001, Longitude: 8, Located: true},
		{Line: 4, Code: "B", Name: "Bee", Zone: "Europe/Paris", Latitude: 51, Longitude: 8, Located: true},
		{Line: 5, Code: "C", Name: "Cee", Zone: "Europe/Berlin", Latitude: 52, Longitude: 8, Located: true},
		{Line: 6, Code: "D", Name: "Dee", Zone: "Europe/Berlin", Latitude: 53, Longitude: 8, Located: true},
	}
	if diff := cmp.Diff(stations, got.stations); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Footpath{{Line: 3, From: "B", To: "C", Seconds: 600}}, got.footpaths); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	refused := []string{"transfers.txt:7 unknown_stop", "transfers.txt:8 duplicate", "transfers.txt:9 bad_transfer_time", "transfers.txt:10 bad_transfer_type"}
	if diff := cmp.Diff(refused, got.refused); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"transfers.txt:6 transfer_left_out", "stops.txt:5 unused_stop"}, got.warned); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGTFSCalls reads one file stop_times.txt after the other for two trips, T and U.
func TestGTFSCalls(t *testing.T) {
	const u = "U,1:00:00,1:00:00,B,1\nU,2:00:00,2:00:00,C,2\n"
	for name, c := range map[string]struct {
		lines   string
		want    []string // trains
		refused []string
		warned  []string
	}{
		"any order": {
			"T,10:00:00,10:00:00,D,30\nU,2:00:00,2:00:00,C,2\nT,8:00:00,8:00:00,A1,0\nU,1:00:00,1:00:00,B,1\nT,9:00:00,9:00:00,B,7\n",
			[]string{"T A1 08:00:00 B 09:00:00 D 10:00:00", "U B 01:00:00 C 02:00:00"},
			nil, nil,
		},
		"past 24 and 48 hours": {
			"T,23:50:00,23:55:00,A1,1\nT,24:10:00,24:15:00,B,2\nT,57:40:00,57:40:00,D,3\n",
			[]string{"T A1 23:50:00/23:55:00 B 24:10:00/24:15:00 D 57:40:00"},
			nil, nil,
		},
		"twice at a station": {
			"T,8:00:00,8:00:00,B,1\nT,9:00:00,9:00:00,C,2\nT,10:00:00,10:00:00,B,3\n",
			[]string{"T B 08:00:00 C 09:00:00 B 10:00:00"},
			nil, nil,
		},
		"one time of two": {
			"T,,8:00:00,B,1\nT,9:00:00,,C,2\n", []string{"T B 08:00:00 C 09:00:00"}, nil, nil,
		},
		"no seconds": {
			"T,8:00,8:00,B,1\nT,9:00:00,9:00:00,C,2\n",
			[]string{"T B 08:00:00 C 09:00:00"},
			nil,
			[]string{"stop_times.txt:2 no_seconds", "stop_times.txt:2 no_seconds"},
		},
		"interpolated": {
			"T,8:00:00,8:00:00,A1,1\nT,,,B,2\nT,,,C,3\nT,9:00:00,9:10:00,D,4\nT,,,B,5\nT,9:20:00,9:20:00,C,6\n",
			[]string{"T A1 08:00:00 B 08:20:00 C 08:40:00 D 09:00:00/09:10:00 B 09:15:00 C 09:20:00"},
			nil,
			[]string{"trips.txt:2 interpolated_times"},
		},
		"no first time":        {"T,,,B,1\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 missing_time"}, nil},
		"no last time":         {"T,8:00:00,8:00:00,B,1\nT,,,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:3 missing_time"}, nil},
		"goes back":            {"T,8:00:00,8:00:00,B,1\nT,7:59:59,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:3 goes_back"}, nil},
		"goes back over a gap": {"T,8:00:00,8:00:00,B,1\nT,,,A1,2\nT,7:59:59,9:00:00,C,3\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:4 goes_back"}, nil},
		"leaves first":         {"T,8:00:00,7:00:00,B,1\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 goes_back"}, nil},
		"same sequence":        {"T,8:00:00,8:00:00,B,1\nT,9:00:00,9:00:00,C,1\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:3 duplicate"}, nil},
		"bad time":             {"T,8:00:00,8:00:00,B,1\nT,8:60:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:3 bad_time"}, nil},
		"negative time":        {"T,-8:00:00,8:00:00,B,1\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 bad_time"}, nil},
		"bad sequence":         {"T,8:00:00,8:00:00,B,first\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 bad_sequence"}, nil},
		"huge sequence":        {"T,8:00:00,8:00:00,B,99999999999999999999\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 bad_sequence"}, nil},
		"unknown stop":         {"T,8:00:00,8:00:00,X,1\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 unknown_stop"}, nil},
		"no stop":              {"T,8:00:00,8:00:00,,1\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 missing_value"}, nil},
		"at a station":         {"T,8:00:00,8:00:00,A,1\nT,9:00:00,9:00:00,C,2\n", []string{"T A 08:00:00 C 09:00:00"}, nil, []string{"stop_times.txt:2 call_at_station"}},
		"unknown trip":         {"X,8:00:00,8:00:00,B,1\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 unknown_trip"}, []string{"trips.txt:2 no_calls"}},
		"one call":             {"T,8:00:00,8:00:00,B,1\n" + u, []string{"U B 01:00:00 C 02:00:00"}, nil, []string{"trips.txt:2 one_call"}},
		"torn line":            {"T,8:00:00,8:00:00,B,1\nT,8:30:00,8:30\x00:00,A1,2\nT,9:00:00,9:00:00,C,3\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:3 nul_byte"}, nil},
		"another encoding":     {"T,8:00:00,8:00:00,\xe4,1\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 not_utf8"}, nil},
		"stray return":         {"T,8:00:00,8:00:00,B\rB,1\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 stray_carriage_return"}, nil},
		"too many cells":       {"T,8:00:00,8:00:00,B,1,,x\nT,9:00:00,9:00:00,C,2\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:2 wrong_field_count"}, nil},
		"blank cells more":     {"T,8:00:00,8:00:00,B,1, ,\nT,9:00:00,9:00:00,C,2\n", []string{"T B 08:00:00 C 09:00:00"}, nil, []string{"stop_times.txt:2 cell_count"}},
		// A line that says no trip spoils those around it: the call that it held may have been theirs.
		"lost in T":        {"T,8:00:00,8:00:00,B,1\n\x00,8:30:00,8:30:00,A1,2\nT,9:00:00,9:00:00,C,3\n" + u, []string{"U B 01:00:00 C 02:00:00"}, []string{"stop_times.txt:3 nul_byte"}, nil},
		"lost between":     {"T,8:00:00,8:00:00,B,1\nT,9:00:00,9:00:00,C,3\n\x00,8:30:00,8:30:00,A1,2\n" + u, nil, []string{"stop_times.txt:4 nul_byte"}, nil},
		"quote in a field": {"T,8:00:00,8:00:00,B,1\nT,9:00:00,9:00:00,C\"C,3\n" + u, nil, []string{"stop_times.txt:3 bad_quotes"}, nil},
	} {
		got := readGTFS(feedWith(map[string]string{
			"trips.txt":      "route_id,service_id,trip_id,trip_headsign\nL,S,T,Dee\nL,S,U,\n",
			"stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + c.lines,
		}))
		var trains []string
		for _, train := range got.trains {
			trains = append(trains, told(train))
		}
		got.warned = slices.DeleteFunc(got.warned, func(w string) bool { return strings.HasSuffix(w, "unused_stop") || w == "trips.txt:3 no_calls" })
		if len(got.warned) == 0 {
			got.warned = nil
		}
		if diff := cmp.Diff([]any{c.want, c.refused, c.warned}, []any{trains, got.refused, got.warned}); diff != "" || got.err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, got.err, diff)
		}
	}
}

func TestGTFSServices(t *testing.T) {
	const week = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
	const dates = "service_id,date,exception_type\n"
	for name, c := range map[string]struct {
		calendar, exceptions string
		want                 string // dates of the train; "" it is not told
		refused, warned      []string
	}{
		"week":              {week + "S,1,0,0,0,0,0,1,20261122,20261207\n", "", "2026-11-22 2026-11-23 2026-11-29 2026-11-30 2026-12-06 2026-12-07", nil, nil},
		"exceptions":        {week + "S,1,0,0,0,0,0,0,20261123,20261130\n", dates + "S,20261201,1\nS,20261130,2\nS,20261122,1\nS,20261124,2\n", "2026-11-22 2026-11-23 2026-12-01", nil, nil},
		"dates alone":       {"", dates + "S,20261201,1\nS,20261130,1\nS,20261129,2\n", "2026-11-30 2026-12-01", nil, nil},
		"twice the same":    {"", dates + "S,20261201,1\nS,20261201,1\n", "2026-12-01", []string{"calendar_dates.txt:3 duplicate"}, nil},
		"runs and does not": {"", dates + "S,20261202,1\nS,20261201,1\nS,20261201,2\n", "2026-12-02", []string{"calendar_dates.txt:4 duplicate"}, nil},
		"on no day":         {week + "S,0,0,0,0,0,0,0,20261123,20261130\n", "", "", nil, []string{"trips.txt:2 never_runs"}},
		"no such service":   {week + "X,1,1,1,1,1,1,1,20261123,20261130\n", "", "", []string{"trips.txt:2 unknown_service"}, nil},
		"bad weekday":       {week + "S,1,1,1,1,1,1,yes,20261123,20261130\n", "", "", []string{"calendar.txt:2 bad_weekday", "trips.txt:2 unknown_service"}, nil},
		"ends first":        {week + "S,1,1,1,1,1,1,1,20261130,20261123\n", "", "", []string{"calendar.txt:2 bad_period", "trips.txt:2 unknown_service"}, nil},
		"no such day":       {week + "S,1,1,1,1,1,1,1,20260229,20261123\n", "", "", []string{"calendar.txt:2 bad_date", "trips.txt:2 unknown_service"}, nil},
		// A day on which it runs may be lost, one on which it does not may not.
		"lost day":       {"", dates + "S,20261202,1\nS,2026-12-01,1\n", "2026-12-02", []string{"calendar_dates.txt:3 bad_date"}, nil},
		"lost exception": {"", dates + "S,20261202,1\nS,2026-12-01,2\n", "", []string{"calendar_dates.txt:3 bad_date", "trips.txt:2 unknown_service"}, nil},
		"bad type":       {"", dates + "S,20261202,1\nS,20261201,3\n", "", []string{"calendar_dates.txt:3 bad_exception_type", "trips.txt:2 unknown_service"}, nil},
		"torn line":      {"", dates + "S,20261202,1\n\x00,20261201,2\n", "", []string{"calendar_dates.txt:3 nul_byte", "trips.txt:2 unknown_service"}, nil},
		"clipped":        {week + "S,1,1,1,1,1,1,1,20261122,99991231\n", "", "", nil, []string{"calendar.txt:2 long_period"}},
	} {
		changes := map[string]string{"calendar.txt": c.calendar, "calendar_dates.txt": c.exceptions}
		got := readGTFS(feedWith(changes))
		var days []string
		for _, train := range got.trains {
			for _, d := range train.Dates {
				days = append(days, d.String())
			}
		}
		if name == "clipped" {
			if len(days) != maxServiceDays || days[maxServiceDays-1] != "2046-11-21" {
				t.Errorf("%s: %d days", name, len(days))
			}
			days = nil
		}
		got.warned = slices.DeleteFunc(got.warned, func(w string) bool { return strings.HasSuffix(w, "unused_stop") })
		if len(got.warned) == 0 {
			got.warned = nil
		}
		if diff := cmp.Diff([]any{c.want, c.refused, c.warned}, []any{strings.Join(days, " "), got.refused, got.warned}); diff != "" || got.err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, got.err, diff)
		}
	}
}

func TestGTFSFrequencies(t *testing.T) {
	const head = "trip_id,start_time,end_time,headway_secs,exact_times\n"
	for name, c := range map[string]struct {
		lines   string
		want    []string
		refused []string
		warned  []string
	}{
		"expanded": {
			"T,23:30:00,24:30:00,1800,1\n", []string{"T@23:30:00 A1 23:30:00 no-alight B 24:30:00/24:35:00 no-board D 25:30:00", "T@24:00:00 A1 24:00:00 no-alight B 25:00:00/25:05:00 no-board D 26:00:00"}, nil, nil,
		},
		"about":      {"T,7:00:00,7:10:00,1800,\n", []string{"T@07:00:00 A1 07:00:00 no-alight B 08:00:00/08:05:00 no-board D 09:00:00"}, nil, []string{"frequencies.txt:2 headway"}},
		"overlap":    {"T,7:00:00,8:00:00,3600,1\nT,7:59:59,9:00:00,60,1\n", []string{"T@07:00:00 A1 07:00:00 no-alight B 08:00:00/08:05:00 no-board D 09:00:00"}, []string{"frequencies.txt:3 overlap"}, nil},
		"no headway": {"T,7:00:00,8:00:00,0,1\n", nil, []string{"frequencies.txt:2 bad_headway"}, nil},
		"ends first": {"T,8:00:00,7:00:00,60,1\n", nil, []string{"frequencies.txt:2 bad_period"}, nil},
		"bad time":   {"T,8,7:00:00,60,1\n", nil, []string{"frequencies.txt:2 bad_time"}, nil},
		"unknown":    {"X,8:00:00,9:00:00,60,1\n", []string{"T A1 08:00:00 no-alight B 09:00:00/09:05:00 no-board D 10:00:00"}, []string{"frequencies.txt:2 unknown_trip"}, nil},
	} {
		got := readGTFS(feedWith(map[string]string{"frequencies.txt": head + c.lines}))
		var trains []string
		for _, train := range got.trains {
			trains = append(trains, told(train))
		}
		got.warned = slices.DeleteFunc(got.warned, func(w string) bool { return strings.HasSuffix(w, "unused_stop") })
		if len(got.warned) == 0 {
			got.warned = nil
		}
		if diff := cmp.Diff([]any{c.want, c.refused, c.warned}, []any{trains, got.refused, got.warned}); diff != "" || got.err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, got.err, diff)
		}
	}
}

func TestGTFSNames(t *testing.T) {
	for _, c := range []struct {
		short, long, kind, trip, headsign string
		number, category                  string
	}{
		{"", "ICE 1672", "rail", "", "Stralsund", "ICE 1672", "ICE"},
		{"", "Bus62049", "rail", "", "", "Bus62049", "Bus"},
		{"", "D 14MJ", "rail", "", "", "D 14MJ", "D"},
		{"B7", "Bullet", "rail", "707", "San Francisco", "707", "B"},
		{"ICE", "Hamburg - Basel", "rail", "73", "", "ICE 73", "ICE"},
		{"S1", "Wannsee - Oranienburg", "rail", "", "", "S1", "S"},
		{"IC 5", "", "rail", "IC 723", "", "IC 723", "IC"},
		{"", "Airport ⇒ Bullfrog", "bus", "", "to Bullfrog", "T", "bus"}, // the name is too long for a number,
		{"", "Wannsee - Berlin - Oranienburg", "rail", "", "Wannsee", "T", "rail"},
		{"Special", "Special Event Extra Service", "rail", "", "", "Special", "Special"},
		{"", "", "high_speed", "", "", "T", "high_speed"},
		{"Ō", "Bar Circle", "bus", "", "", "Ō", "Ō"},
	} {
		r := gtfsRoute{short: c.short, long: c.long, kind: c.kind}
		if number, category := r.name(c.trip, c.headsign, "T"); number != c.number || category != c.category {
			t.Errorf("%+v is %q, %q", c, number, category)
		}
	}
}

func TestGTFSRoutes(t *testing.T) {
	const head = "route_id,agency_id,route_short_name,route_long_name,route_type\n"
	for kind, want := range map[string]string{"2": "", "101": "", "117": "", "3": "bus", "200": "bus", "714": "bus", "11": "bus", "1000": "", "1800": "refused", "8": "refused", "99": "refused", "-1": "refused", "": "refused", "rail": "refused"} {
		got := readGTFS(feedWith(map[string]string{"routes.txt": head + "L,R,S1,," + kind + "\n"}))
		switch {
		case want == "refused":
			if diff := cmp.Diff([]string{"routes.txt:2 bad_route_type", "trips.txt:2 unknown_route"}, got.refused); diff != "" {
				t.Errorf("type %q: %s", kind, diff)
			}
		case len(got.trains) != 1 || got.trains[0].Bus != (want == "bus"):
			t.Errorf("type %q: %+v", kind, got.trains)
		}
	}
}

func TestGTFSFatal(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[string]string
		options GTFSOptions
		want    string
	}{
		"zone":         {map[string]string{"agency.txt": "agency_name,agency_timezone\nRail,CEST\n"}, GTFSOptions{}, "agency.txt no_agency"},
		"open quote":   {map[string]string{"stop_times.txt": little["stop_times.txt"] + "T,\"11:00:00,11:00:00,C,4\nT,12:00:00,12:00:00,B,5,,\"\n"}, GTFSOptions{}, "stop_times.txt torn_quotes"},
		"torn quote":   {map[string]string{"stop_times.txt": little["stop_times.txt"] + "T,\"11:00:00,11:00:00,C,4\nT,12:00:00,12:00:00,B,5,,\"x\n"}, GTFSOptions{}, "stop_times.txt torn_quotes"},
		"utf-16":       {map[string]string{"stops.txt": "\xff\xfes\x00t\x00o\x00p\x00_\x00i\x00d\x00\n\x00"}, GTFSOptions{}, "stops.txt not_utf8"},
		"bytes":        {nil, GTFSOptions{MaxBytes: 300}, "routes.txt too_large"},
		"rows":         {nil, GTFSOptions{MaxRows: 2}, "stops.txt too_many_rows"},
		"stations":     {nil, GTFSOptions{MaxStations: 4}, "stops.txt too_many_stations"},
		"trips":        {map[string]string{"trips.txt": "route_id,service_id,trip_id\nL,S,T\nL,S,U\n"}, GTFSOptions{MaxTrips: 1}, "trips.txt too_many_trips"},
		"trains":       {map[string]string{"frequencies.txt": "trip_id,start_time,end_time,headway_secs\nT,0:00:00,240:00:00,1\n"}, GTFSOptions{}, "frequencies.txt too_many_trains"},
		"dates":        {nil, GTFSOptions{MaxDates: 1}, " too_many_dates"},
		"no calendar":  {map[string]string{"calendar_dates.txt": ""}, GTFSOptions{}, "calendar.txt missing_file"},
		"blank column": {map[string]string{"calendar_dates.txt": "service_id,,exception_type\n"}, GTFSOptions{}, "calendar_dates.txt missing_column"},
	} {
		var got gtfsRead
		got.err = ReadGTFS(t.Context(), feedWith(c.changes), c.options, got.sink())
		if got.code() != c.want {
			t.Errorf("%s: %q, want %q", name, got.code(), c.want)
		}
		if got.trains != nil || got.stations != nil {
			t.Errorf("%s: rows were told before the error", name)
		}
	}
}

func TestGTFSEnds(t *testing.T) {
	stop := errors.New("stop")
	for name, sink := range map[string]TrainSink{
		"station":  {Station: func(Station) error { return stop }},
		"train":    {Train: func(Train) error { return stop }},
		"footpath": {Footpath: func(Footpath) error { return stop }},
	} {
		files := feedWith(map[string]string{"transfers.txt": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nB,C,2,600\n"})
		if err := ReadGTFS(t.Context(), files, GTFSOptions{}, sink); !errors.Is(err, stop) {
			t.Errorf("%s: %v", name, err)
		}
		if err := ReadGTFS(t.Context(), files, GTFSOptions{}, TrainSink{}); err != nil {
			t.Errorf("an empty sink: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ReadGTFS(ctx, feedWith(nil), GTFSOptions{}, TrainSink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	nested := fstest.MapFS{"__MACOSX/x": {}}
	for name, text := range little {
		nested["feed/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	if got := readGTFS(nested); got.err != nil || len(got.trains) != 1 || !slices.Contains(got.warned, ":0 nested_folder") {
		t.Errorf("in a folder: %+v", got)
	}
}

// TestGTFSVectors reads the time vectors of another implementation: its times, dates and calendars.
func TestGTFSVectors(t *testing.T) {
	var times []struct {
		Args   [][2]string `json:"args"`
		Fails  bool        `json:"fails"`
		Result struct {
			Hours, Minutes, Seconds int32
		} `json:"result"`
	}
	var dates []struct {
		Args   [][2]string `json:"args"`
		Result int64       `json:"result"`
	}
	for name, to := range map[string]any{"parse-time.json": &times, "parse-date.json": &dates} {
		text, err := os.ReadFile(sharedPath(t, "gtfs_time_vectors/"+name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, to); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range times {
		want := c.Result.Hours*3600 + c.Result.Minutes*60 + c.Result.Seconds
		if got, ok := gtfsTime(c.Args[0][1]); ok == c.Fails || got != want && ok {
			t.Errorf("time %q: %d, %v", c.Args[0][1], got, ok)
		}
	}
	for _, c := range dates {
		date, ok := gtfsDate(c.Args[0][1])
		zone, err := civil.Zone(c.Args[1][1])
		if got := civil.ServiceTime(date, zone, 0).Unix(); !ok || err != nil || got != c.Result {
			t.Errorf("date %q in %s: %d, want %d", c.Args[0][1], c.Args[1][1], got, c.Result)
		}
	}
	for folder, want := range map[string]map[string]string{
		"calendar-only": {
			"a": "2021-05-01 2021-05-02 2021-05-03 2021-05-04 2021-05-05 2021-05-06 2021-05-07 2021-05-08 2021-05-09 2021-05-10", "b": "2021-06-06", "c": "2021-05-04 2021-05-11",
		},
		"calendar-dates-only": {
			"a": "2021-05-31 2021-06-01 2021-06-11 2021-07-19", "b": "2021-05-31 2021-06-01 2021-06-22 2021-06-28 2021-06-29 2021-07-16 2021-08-02",
		},
		"leading-exceptions": {"a": "2021-06-06", "b": "2021-06-08", "c": "2021-06-05 2021-06-06 2021-06-07"},
		"optimise-services-and-exceptions": {
			"more-exceptions-than-regular": "2022-03-02 2022-03-24 2022-03-30 2022-03-31",
			"more-regular-than-exceptions": "2022-03-04 2022-03-07 2022-03-11 2022-03-14 2022-03-18 2022-03-25 2022-03-28 2022-04-01 2022-04-04 2022-04-08",
			"should-stay-unchanged":        "2022-03-01 2022-03-05 2022-03-08 2022-03-12 2022-03-14 2022-03-15 2022-03-19 2022-03-22 2022-03-26 2022-03-29 2022-04-02 2022-04-05 2022-04-09",
		},
	} {
		changes := map[string]string{"calendar_dates.txt": "", "trips.txt": "route_id,service_id,trip_id\n", "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"}
		for service := range want {
			changes["trips.txt"] += "L," + service + "," + service + "\n"
			changes["stop_times.txt"] += service + ",8:00:00,8:00:00,A1,1\n" + service + ",9:00:00,9:00:00,B,2\n"
		}
		for _, name := range []string{"calendar", "calendar_dates"} {
			if text, err := os.ReadFile(sharedPath(t, "gtfs_time_vectors/"+folder) + "/" + name + ".csv"); err == nil {
				changes[name+".txt"] = string(text)
			}
		}
		got := readGTFS(feedWith(changes))
		days := map[string]string{}
		for _, train := range got.trains {
			var list []string
			for _, d := range train.Dates {
				list = append(list, d.String())
			}
			days[train.Key] = strings.Join(list, " ")
		}
		if diff := cmp.Diff(want, days); diff != "" || got.err != nil {
			t.Errorf("%s: %v, refused %q (-want +got):\n%s", folder, got.err, got.refused, diff)
		}
	}
}

// zipped packs files; sizes may be told wrong.
func zipped(t testing.TB, files map[string]string, lie func(*zip.FileHeader)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	var headers []*zip.FileHeader
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, files[name]); err != nil {
			t.Fatal(err)
		}
		headers = append(headers, h)
	}
	for _, h := range headers {
		if lie != nil {
			lie(h)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZip(t *testing.T) {
	open := func(packed []byte, limits ZipLimits) (fs.FS, error) {
		return OpenZip(bytes.NewReader(packed), int64(len(packed)), limits)
	}
	packed := zipped(t, little, nil)
	files, err := open(packed, ZipLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(files, slices.Sorted(maps.Keys(little))...); err != nil {
		t.Error(err)
	}
	if got := readGTFS(files); got.err != nil || len(got.trains) != 1 {
		t.Errorf("%+v", got)
	}
	bomb := maps.Clone(little)
	bomb["stop_times.txt"] = strings.Repeat("T,8:00:00,8:00:00,A1,1\n", 200_000)
	many := map[string]string{}
	for i := range 10_000 {
		many[fmt.Sprintf("%d/stop_times.txt%s", i, strings.Repeat("x", 400))] = ""
	}
	damaged := slices.Clone(packed)
	for i := 100; i < 140; i++ {
		damaged[i] ^= 0xff
	}
	for name, c := range map[string]struct {
		packed []byte
		limits ZipLimits
		want   string
	}{
		"none":                 {[]byte("trip_id,arrival_time"), ZipLimits{}, "damaged_zip"},
		"cut":                  {packed[:len(packed)/2], ZipLimits{}, "damaged_zip"},
		"files":                {packed, ZipLimits{MaxFiles: 5}, "too_many_files"},
		"a directory too long": {zipped(t, many, nil), ZipLimits{MaxFiles: 100_000}, "too_many_files"},
		"one too large":        {packed, ZipLimits{MaxFile: 100}, "too_large"},
		"all too large":        {packed, ZipLimits{MaxTotal: 500}, "too_large"},
		"a bomb":               {zipped(t, bomb, nil), ZipLimits{}, "too_large"},
		"damaged inside":       {damaged, ZipLimits{}, "damaged_zip"},
		"says less": {zipped(t, bomb, func(h *zip.FileHeader) {
			if h.Name == "stop_times.txt" {
				h.UncompressedSize64, h.UncompressedSize = 200, 200 //nolint:staticcheck // what the directory is written from
			}
		}), ZipLimits{}, "damaged_zip"},
	} {
		files, err := open(c.packed, c.limits)
		if inside := name == "damaged inside" || name == "says less"; inside != (err == nil) {
			t.Errorf("%s: opening it gives %v", name, err)
		}
		if err == nil {
			err = ReadGTFS(t.Context(), files, GTFSOptions{}, TrainSink{})
		}
		var bad *Error
		if !errors.As(err, &bad) || bad.Code != c.want || !bad.Fatal {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	// A zip is read twice where a header is looked at first; what is really read counts.
	if files, err = open(packed, ZipLimits{MaxTotal: 1_200}); err == nil {
		for range 3 {
			if err = ReadGTFS(t.Context(), files, GTFSOptions{}, TrainSink{}); err != nil {
				break
			}
		}
	}
	var bad *Error
	if !errors.As(err, &bad) || bad.Code != "too_large" {
		t.Errorf("read again and again: %v", err)
	}
}

// FuzzGTFS: whatever files hold, reading ends, and what is told can be sold: calls in order, days in order, stations that
// were told.
func FuzzGTFS(f *testing.F) {
	f.Add(little["stops.txt"], little["trips.txt"], little["stop_times.txt"], little["calendar_dates.txt"], "", "")
	f.Add(little["stops.txt"], "route_id,service_id,trip_id\nL,S,T\nL,S,U\n", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\r\nU,8:00,,B,1\r\r\nU,,,C,2\r\nU,57:40:00,,D,3\n",
		"service_id,date,exception_type\nS,20261124,2\nS,20261124,1\n\"S\",20261125,1\n",
		"service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nS,1,1,1,1,1,1,1,20261122,99991231\n",
		"trip_id,start_time,end_time,headway_secs\nU,0:00:00,240:00:00,90000\n")
	f.Fuzz(func(t *testing.T, stops, trips, calls, exceptions, calendar, frequencies string) {
		stations := map[string]bool{}
		lines := strings.Count(calls, "\n") + 1
		err := ReadGTFS(t.Context(), feedWith(map[string]string{
			"stops.txt": stops, "trips.txt": trips, "stop_times.txt": calls, "calendar_dates.txt": exceptions, "calendar.txt": calendar, "frequencies.txt": frequencies,
		}), GTFSOptions{MaxTrains: 1_000, MaxDates: 50_000}, TrainSink{
			Station: func(s Station) error { stations[s.Code] = true; return nil },
			Train: func(train Train) error {
				if len(train.Calls) < 2 || len(train.Dates) == 0 || train.Key == "" || train.Number == "" || train.Category == "" {
					t.Fatalf("%+v", train)
				}
				last := Call{}
				for i, c := range train.Calls {
					if !stations[c.Station] || c.Depart < c.Arrive || c.Arrive < last.Depart && i > 0 || c.Arrive < 0 && !strings.Contains(train.Key, "@") || c.Line < 2 || c.Line > lines {
						t.Fatalf("call %d of %+v", i, train)
					}
					last = c
				}
				for i := range train.Dates[1:] {
					if train.Dates[i] >= train.Dates[i+1] {
						t.Fatalf("dates %v", train.Dates)
					}
				}
				return nil
			},
			Remark: func(e *Error) {
				if e.Fatal || e.Code == "" || e.Message == "" || e.Line < 0 {
					t.Fatalf("%+v", e)
				}
			},
		})
		var bad *Error
		if err != nil && (!errors.As(err, &bad) || !bad.Fatal) {
			t.Fatal(err)
		}
	})
}
