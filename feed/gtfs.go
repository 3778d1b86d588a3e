package feed

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"holdfast/civil"
)

// GTFSOptions bounds what a feed may ask for. A field that is zero has the bound named beside it; with all of them met at
// once reading holds some 400 MB.
type GTFSOptions struct {
	MaxBytes    int64 // of all files read, unpacked: 1 GiB
	MaxRows     int   // of any one file: 5,000,000
	MaxStations int   // 100,000
	MaxTrips    int   // 500,000
	MaxTrains   int   // trips with frequencies expanded: 500,000
	MaxDates    int   // service dates of all services together: 20,000,000

	// Info takes what feed_info.txt tells, before the first row; nil where nobody asks.
	Info func(GTFSInfo)
}

// GTFSInfo is what a feed tells about itself. Dates are zero where it says nothing.
type GTFSInfo struct {
	Publisher, Language, Version string
	First, Last                  civil.Date // the days it is good for, both inclusive
}

func (o GTFSOptions) withDefaults() GTFSOptions {
	usual := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	usual(&o.MaxRows, 5_000_000)
	usual(&o.MaxStations, 100_000)
	usual(&o.MaxTrips, 500_000)
	usual(&o.MaxTrains, 500_000)
	usual(&o.MaxDates, 20_000_000)
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	return o
}

// maxGTFSFiles is how many entries the folder of a feed may have.
const maxGTFSFiles = 1_000

// ReadGTFS reads a timetable in the General Transit Feed Specification from a folder or a zip (see OpenZip). Files are
// read row by row into a compact form; the sink gets the first row after the last file was read, so a fatal error,
// which is returned and not remarked, comes before any row. docs/feeds.md lists what is refused, with the codes.
//
// A train whose calls, route or service cannot be trusted is refused whole: one call too few, or one cancelled date too
// many, would be sold. Trains that run by headway (frequencies.txt) are told one by one, with the key "trip@start".
// A feed without any timetable tells its stations alone.
//
// Source: gtfs.org, GTFS Schedule Reference.
func ReadGTFS(ctx context.Context, files fs.FS, options GTFSOptions, sink TrainSink) error {
	g := &gtfs{
		files: files, options: options.withDefaults(), sink: sink, warnings: warnings{to: sink.Remark}, present: map[string]bool{}, texts: map[string]string{},
		agencies: map[string]gtfsAgency{}, stopIndex: map[string]int32{}, routeIndex: map[string]int32{}, serviceIndex: map[string]int32{}, tripIndex: map[string]int32{},
	}
	for _, step := range []func(context.Context) error{
		g.inspect, g.readInfo, g.readAgencies, g.readStops, g.readTransfers, g.readRoutes, g.readCalendar, g.readExceptions,
		g.readTrips, g.readFrequencies, g.readCalls, g.expandServices, g.tellStations, g.tellTrains,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	g.tellUnused()
	g.tellMore()
	g.progress(true)
	return nil
}

// gtfs is one reading of a feed.
type gtfs struct {
	warnings
	files   fs.FS
	options GTFSOptions
	sink    TrainSink
	present map[string]bool // files to read

	done, total, shown int64             // bytes: read, of all files to read, and how many were read when progress was last shown
	texts              map[string]string // strings that were met before, so that a repeated one is held once

	agencies     map[string]gtfsAgency
	agencyLines  int    // refused ones too
	zone         string // of all agencies; "" if they differ
	stops        []gtfsStop
	stopIndex    map[string]int32
	footpaths    []Footpath
	routes       []gtfsRoute
	routeIndex   map[string]int32
	services     []gtfsService
	serviceIndex map[string]int32
	exceptions   []gtfsException
	trips        []gtfsTrip
	tripIndex    map[string]int32
	headways     []gtfsHeadway
	calls        []gtfsCall
}

// gtfsFiles are the files of the specification. Those with columns are read: the columns that must be there are marked
// with "!", the others are what the specification knows.
var gtfsFiles = map[string]string{
	"agency.txt": "agency_id agency_name! agency_url agency_timezone! agency_lang agency_phone agency_fare_url agency_email cemv_support",
	"stops.txt": "stop_id! stop_code stop_name! tts_stop_name stop_desc stop_lat stop_lon zone_id stop_url location_type parent_station stop_timezone " +
		"wheelchair_boarding level_id platform_code stop_access",
	"routes.txt": "route_id! agency_id route_short_name route_long_name route_desc route_type! route_url route_color route_text_color route_sort_order " +
		"continuous_pickup continuous_drop_off network_id cemv_support",
	"trips.txt": "route_id! service_id! trip_id! trip_headsign trip_short_name direction_id block_id shape_id wheelchair_accessible bikes_allowed cars_allowed " +
		"safe_duration_factor safe_duration_offset",
	"stop_times.txt": "trip_id! arrival_time! departure_time! stop_id! stop_sequence! stop_headsign pickup_type drop_off_type continuous_pickup " +
		"continuous_drop_off shape_dist_traveled timepoint location_group_id location_id start_pickup_drop_off_window end_pickup_drop_off_window " +
		"pickup_booking_rule_id drop_off_booking_rule_id",
	"calendar.txt":       "service_id! monday! tuesday! wednesday! thursday! friday! saturday! sunday! start_date! end_date!",
	"calendar_dates.txt": "service_id! date! exception_type!",
	"transfers.txt":      "from_stop_id! to_stop_id! from_route_id to_route_id from_trip_id to_trip_id transfer_type min_transfer_time",
	"frequencies.txt":    "trip_id! start_time! end_time! headway_secs! exact_times",
	"feed_info.txt": "feed_publisher_name feed_publisher_url feed_lang default_lang feed_start_date feed_end_date feed_version feed_contact_email " +
		"feed_contact_url",
	"areas.txt": "", "attributions.txt": "", "booking_rules.txt": "", "fare_attributes.txt": "", "fare_leg_join_rules.txt": "", "fare_leg_rules.txt": "",
	"fare_media.txt": "", "fare_products.txt": "", "fare_rules.txt": "", "fare_transfer_rules.txt": "", "levels.txt": "", "location_group_stops.txt": "",
	"location_groups.txt": "", "locations.geojson": "", "networks.txt": "", "pathways.txt": "", "rider_categories.txt": "", "route_networks.txt": "",
	"shapes.txt": "", "stop_areas.txt": "", "timeframes.txt": "", "translations.txt": "",
}

// gtfsNeeded are the files without which there is no timetable; one of the calendars must be there too.
var gtfsNeeded = []string{"agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt"}

var gtfsTimetable = []string{"routes.txt", "trips.txt", "stop_times.txt", "calendar.txt", "calendar_dates.txt", "frequencies.txt"}

// inspect looks what files there are and reads the header of each that will be read, so that what cannot be read at all
// is refused at once.
func (g *gtfs) inspect(context.Context) error {
	entries, err := g.list()
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		columns, known := gtfsFiles[name]
		switch {
		case e.IsDir() || e.Type()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0: // reading those may never end
		case known && columns != "":
			there, err := g.checkHeader(name)
			if err != nil {
				return err
			}
			g.present[name] = there
		case !known && strings.HasSuffix(name, ".txt"):
			g.remark(&Error{File: name, Code: "unknown_file", Message: "GTFS has no such file; it was left unread.", Warning: true})
		}
	}
	lacks := func(name string) bool { return !g.present[name] }
	if !lacks("agency.txt") && !lacks("stops.txt") && !slices.ContainsFunc(gtfsTimetable, func(name string) bool { return g.present[name] }) {
		g.remark(&Error{Code: "no_timetable", Message: "The feed has stations and no timetable.", Warning: true})
		return nil
	}
	if i := slices.IndexFunc(gtfsNeeded, lacks); i >= 0 {
		return &Error{File: gtfsNeeded[i], Code: "missing_file", Message: "The feed has no " + gtfsNeeded[i] + ".", Fatal: true}
	}
	if lacks("calendar.txt") && lacks("calendar_dates.txt") {
		return &Error{File: "calendar.txt", Code: "missing_file", Message: "The feed has neither calendar.txt nor calendar_dates.txt.", Fatal: true}
	}
	return nil
}

// list gives the entries of the feed's folder. A feed that was packed with its folder is found inside it.
func (g *gtfs) list() ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(g.files, ".")
	if err != nil {
		return nil, fmt.Errorf("list the feed: %w", err)
	}
	if len(entries) > maxGTFSFiles {
		return nil, fatal(0, "too_many_files", "The feed has %d files; at most %d are possible.", len(entries), maxGTFSFiles)
	}
	var inside []string
	for _, e := range entries {
		if _, known := gtfsFiles[e.Name()]; known {
			return entries, nil
		}
		if !e.IsDir() {
			continue
		}
		if stops, err := fs.Stat(g.files, e.Name()+"/stops.txt"); err == nil && stops.Mode().IsRegular() {
			inside = append(inside, e.Name())
		}
	}
	if len(inside) != 1 {
		return entries, nil
	}
	if g.files, err = fs.Sub(g.files, inside[0]); err != nil {
		return nil, fmt.Errorf("list the feed: %w", err)
	}
	g.remark(&Error{Code: "nested_folder", Message: fmt.Sprintf("The feed is in the folder %q; it was read there.", inside[0]), Warning: true})
	return g.list()
}

func (g *gtfs) readInfo(ctx context.Context) error {
	var info GTFSInfo
	err := g.read(ctx, "feed_info.txt", nil, func(r *Record) *Error {
		info = GTFSInfo{Publisher: r.Get("feed_publisher_name"), Language: r.Get("feed_lang"), Version: r.Get("feed_version")}
		for column, to := range map[string]*civil.Date{"feed_start_date": &info.First, "feed_end_date": &info.Last} {
			text := r.Get(column)
			if text == "" {
				continue
			}
			var ok bool
			if *to, ok = gtfsDate(text); !ok {
				g.warn(r, "bad_date", "%s %q is not a date (YYYYMMDD); it was read as unknown.", column, text)
			}
		}
		return nil
	})
	if err == nil && g.present["feed_info.txt"] && g.options.Info != nil {
		g.options.Info(info)
	}
	return err
}
