package feed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/civil"
)

// sharedPath finds real data, or skips the test where there is none; CI must have it.
func sharedPath(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("../../shared/data", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no data, and CI needs it: %v", err)
		}
		t.Skipf("no data: %v", err)
	}
	return path
}

// unzip opens a zip of the real data.
func unzip(t testing.TB, name string) fs.FS {
	t.Helper()
	file, err := os.Open(sharedPath(t, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	files, err := OpenZip(file, info.Size(), ZipLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// gtfsRead is what a feed gave.
type gtfsRead struct {
	stations  []Station
	footpaths []Footpath
	trains    []Train
	refused   []string // "file:line code"
	warned    []string
	progress  [2]int64
	err       error
}

func (r *gtfsRead) sink() TrainSink {
	return TrainSink{
		Station:  func(s Station) error { r.stations = append(r.stations, s); return nil },
		Footpath: func(f Footpath) error { r.footpaths = append(r.footpaths, f); return nil },
		Train:    func(t Train) error { r.trains = append(r.trains, t); return nil },
		Remark: func(e *Error) {
			text := fmt.Sprintf("%s:%d %s", e.File, e.Line, e.Code)
			switch {
			case e.Fatal || e.Message == "":
				r.refused = append(r.refused, "FATAL OR SILENT "+text)
			case e.Warning:
				r.warned = append(r.warned, text)
			default:
				r.refused = append(r.refused, text)
			}
		},
		Progress: func(done, total int64) { r.progress = [2]int64{done, total} },
	}
}

// background is for the readers in tests without a *testing.T.
var background = context.Background()

func readGTFS(files fs.FS) gtfsRead {
	var r gtfsRead
	r.err = ReadGTFS(background, files, GTFSOptions{}, r.sink())
	return r
}

// code is "file code" of a fatal error.
func (r *gtfsRead) code() string {
	if r.err == nil {
		return ""
	}
	var bad *Error
	if !errors.As(r.err, &bad) || !bad.Fatal {
		return r.err.Error()
	}
	return bad.File + " " + bad.Code
}

// counts gives "code n" for each code.
func counts(remarks []string) []string {
	n := map[string]int{}
	for _, r := range remarks {
		_, code, _ := strings.Cut(r, " ")
		n[code]++
	}
	var list []string
	for _, code := range slices.Sorted(maps.Keys(n)) {
		list = append(list, fmt.Sprintf("%s %d", code, n[code]))
	}
	return list
}

// badFeeds says of each feed of gtfs_bad_feeds what becomes of it. headway warnings, which most feeds get 11 times for
// their frequencies.txt, are in the counts of trains alone.
var badFeeds = map[string]struct {
	fatal            string   // "file code"
	stations, trains int      // read
	refused          []string // lines
	warned           []string // codes, with how many
	said             string   // one warning, where the line matters
}{
	"good_feed":     {stations: 10, trains: 144},
	"good_feed.zip": {stations: 10, trains: 144},
	"au-sydney-entrances": { // a station with its entrances, and nothing that runs
		stations: 3, warned: []string{"no_timetable 1", "unknown_columns 1"}, said: ":0 no_timetable",
	},
	"bad_date_format": { // of one service of two
		stations: 10, trains: 4, warned: []string{"unused_stop 7"},
		refused: []string{
			"calendar.txt:2 bad_date", "calendar_dates.txt:2 bad_date", "trips.txt:2 unknown_service", "trips.txt:3 unknown_service", "trips.txt:4 unknown_service",
			"trips.txt:5 unknown_service", "trips.txt:6 unknown_service", "trips.txt:7 unknown_service", "trips.txt:8 unknown_service",
		},
	},
	"bad_eol.zip": {
		stations: 9, trains: 144, warned: []string{"mixed_line_ends 1", "stray_line_end 2"}, said: "routes.txt:5 stray_line_end",
	},
	"contains_null": {
		stations: 8, trains: 40, refused: []string{"stops.txt:9 nul_byte", "stop_times.txt:8 unknown_stop", "stop_times.txt:9 unknown_stop"},
		warned: []string{"cell_count 45", "unused_stop 3"},
	},
	"duplicate_schedule_id": {stations: 9, trains: 144, refused: []string{"calendar.txt:4 duplicate"}},
	"duplicate_stop":        {stations: 10, trains: 144, warned: []string{"cell_count 47", "near_stops 1"}, said: "stops.txt:5 near_stops"},
	"empty_file":            {fatal: "agency.txt empty_file"},
	"filter_unusual_trips":  {stations: 9, trains: 154},
	"flatten_feed": {
		stations: 9, trains: 8, warned: []string{"no_calls 1", "one_call 2", "unused_stop 3"}, said: "trips.txt:12 no_calls",
	},
	"invalid_agency_ids": {
		stations: 9, trains: 10, refused: []string{"agency.txt:3 missing_value", "routes.txt:4 unknown_agency", "trips.txt:4 unknown_route"},
	},
	"missing_agency":   {fatal: "agency.txt missing_file"},
	"missing_calendar": {fatal: "calendar.txt missing_file"},
	"missing_column":   {fatal: "agency.txt missing_column"},
	"missing_endpoint_times": {
		stations: 9, trains: 142, refused: []string{"stop_times.txt:16 missing_time", "stop_times.txt:21 missing_time"},
	},
	"missing_routes":       {fatal: "routes.txt missing_file"},
	"missing_row_cells":    {stations: 9, trains: 144, warned: []string{"cell_count 1"}, said: "routes.txt:4 cell_count"},
	"missing_stop_times":   {fatal: "stop_times.txt missing_file"},
	"missing_trips":        {fatal: "trips.txt missing_file"},
	"only_calendar_dates":  {stations: 9, trains: 144},
	"same_short_long_name": {stations: 9, trains: 144, warned: []string{"same_names 1"}, said: "routes.txt:5 same_names"},
	"unknown_file": { // frequencies.txt in Spanish, so nothing is known to run by headway
		stations: 10, trains: 11, warned: []string{"unknown_file 1"}, said: "frecuencias.txt:0 unknown_file",
	},
	"unrecognized_columns":          {stations: 9, trains: 144, warned: []string{"unknown_columns 9"}, said: "trips.txt:1 unknown_columns"},
	"unused_stop":                   {stations: 10, trains: 144, warned: []string{"unused_stop 1"}, said: "stops.txt:6 unused_stop"},
	"upgrade_translations":          {fatal: "agency.txt missing_file"},
	"upgrade_translations/new-feed": {fatal: "agency.txt missing_file"},
	"upgrade_translations/old-feed": {fatal: "agency.txt missing_file"},
	"utf8bom":                       {stations: 9, trains: 144},
}

func TestGTFSBadFeeds(t *testing.T) {
	dir := sharedPath(t, "gtfs_bad_feeds")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, listed := badFeeds[e.Name()]; !listed && (e.IsDir() || filepath.Ext(e.Name()) == ".zip") {
			t.Errorf("%s is not in the table", e.Name())
		}
	}
	for name, want := range badFeeds {
		files := os.DirFS(filepath.Join(dir, name))
		if filepath.Ext(name) == ".zip" {
			files = unzip(t, "gtfs_bad_feeds/"+name)
		}
		got := readGTFS(files)
		if got.code() != want.fatal || len(got.stations) != want.stations || len(got.trains) != want.trains {
			t.Errorf("%s: %d stations, %d trains, error %q; want %d, %d, %q", name, len(got.stations), len(got.trains), got.code(), want.stations, want.trains, want.fatal)
		}
		if diff := cmp.Diff(want.refused, got.refused); diff != "" {
			t.Errorf("%s: refused (-want +got):\n%s", name, diff)
		}
		warned := slices.DeleteFunc(slices.Clone(got.warned), func(w string) bool { return strings.HasSuffix(w, " headway") })
		if diff := cmp.Diff(want.warned, counts(warned)); diff != "" {
			t.Errorf("%s: warned (-want +got):\n%s", name, diff)
		}
		if want.said != "" && !slices.Contains(got.warned, want.said) {
			t.Errorf("%s: no warning %q in %q", name, want.said, got.warned)
		}
	}
}

func TestGTFSFernverkehr(t *testing.T) {
	var info GTFSInfo
	var got gtfsRead
	got.err = ReadGTFS(t.Context(), unzip(t, "gtfs_db_fernverkehr_2019/db_fernverkehr_2019_gtfs.zip"), GTFSOptions{Info: func(i GTFSInfo) { info = i }}, got.sink())
	if got.err != nil || len(got.stations) != 664 || len(got.trains) != 6_060 {
		t.Fatalf("%d stations, %d trains, %v", len(got.stations), len(got.trains), got.err)
	}
	if diff := cmp.Diff([]string{"stop_times.txt:41660 goes_back", "stop_times.txt:41729 goes_back", "stop_times.txt:59659 goes_back"}, got.refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if info.Publisher != "DB-to-GTFS converter, based on DB-API data" || info.First != civil.MustParse("2018-12-09") || info.Last != civil.MustParse("2019-12-15") {
		t.Errorf("info %+v", info)
	}
	if got.progress[0] != got.progress[1] || got.progress[0] < 5_000_000 {
		t.Errorf("progress ended at %v", got.progress)
	}
	var calls, dates, twice, buses int
	var latest int32
	byKey, numbers := map[string]*Train{}, map[string]bool{}
	first, last := got.trains[0].Dates[0], got.trains[0].Dates[0]
	for i := range got.trains {
		train := &got.trains[i]
		byKey[train.Key] = train
		calls += len(train.Calls)
		dates += len(train.Dates)
		first, last = min(first, train.Dates[0]), max(last, train.Dates[len(train.Dates)-1])
		at := map[string]bool{}
		for _, c := range train.Calls {
			at[c.Station] = true
			latest = max(latest, c.Depart)
		}
		if len(at) < len(train.Calls) {
			twice++
		}
		if train.Bus {
			buses++
			numbers[train.Number] = true
		}
	}
	// 86,193 calls less those of the three trains that are refused, two of which have the latest time of the file, 57:40.
	if calls != 86_129 || dates != 267_967 || twice != 25 || latest != 44*3600+8*60 || buses != 58 || len(numbers) != 58 {
		t.Errorf("%d calls, %d dates, %d trains call twice at a station, latest %s, %d buses of %d numbers", calls, dates, twice, clock(latest), buses, len(numbers))
	}
	if first != civil.MustParse("2018-12-09") || last != civil.MustParse("2019-12-14") {
		t.Errorf("dates from %s to %s", first, last)
	}
	for _, refused := range []string{"2718", "2721", "4026"} {
		if byKey[refused] != nil {
			t.Errorf("the trip %s goes back in time and is told", refused)
		}
	}
	want := Train{Line: 2, Key: "0", Number: "ICE 1672", Name: "Stralsund Hbf", Category: "ICE", Carrier: "DB", Zone: "Europe/Berlin"}
	train := *byKey["0"]
	train.Calls, train.Dates = nil, nil
	if diff := cmp.Diff(want, train); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGTFSCaltrain(t *testing.T) {
	got := readGTFS(unzip(t, "gtfs_caltrain_2023/caltrain_gtfs_2023-09.zip"))
	calls, buses, latest := 0, 0, int32(0)
	runs := map[string][]civil.Date{}
	for _, train := range got.trains {
		calls += len(train.Calls)
		latest = max(latest, train.Calls[len(train.Calls)-1].Arrive)
		if train.Bus {
			buses++
		}
		runs[train.Number] = train.Dates
	}
	if got.err != nil || got.refused != nil || len(got.trains) != 180 || calls != 3_589 || len(got.stations) != 109 || latest != 25*3600+49*60 || buses != 0 {
		t.Errorf("%d trains, %d calls, %d stations, latest %s, %d buses, refused %q, %v", len(got.trains), calls, len(got.stations), clock(latest), buses, got.refused, got.err)
	}
	platforms := map[string]int{}
	for _, s := range got.stations {
		platforms[s.Parent]++
		if s.Zone != "America/Los_Angeles" || !s.Located {
			t.Errorf("station %+v", s)
		}
	}
	if platforms["san_francisco"] != 2 || platforms[""] == len(got.stations) {
		t.Errorf("platforms %v", platforms)
	}
	// 707 runs on weekdays but the eight on which the weekend's trains run.
	for date, want := range map[string]bool{"2023-07-03": true, "2023-07-04": false, "2023-07-08": false, "2023-11-23": false, "2024-02-19": false, "2024-03-01": true} {
		if got := slices.Contains(runs["707"], civil.MustParse(date)); got != want {
			t.Errorf("707 on %s: %v", date, got)
		}
	}
	if len(got.trains[0].Calls) < 2 || len(runs["707"]) != 220-8 {
		t.Errorf("707 runs on %d days", len(runs["707"]))
	}
}
