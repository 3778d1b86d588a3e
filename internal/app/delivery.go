package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed"
	"holdfast/feed/intake"
	"holdfast/flight"
	"holdfast/identity"
	"holdfast/rail"
	"holdfast/uid"
)

// delivery is a file or message of a partner, whoever brought it: the import command, a push or a scheduled pull.
type delivery struct {
	Format         string
	Supplier       uid.ID
	CreateSupplier string // the name of a supplier to be made, or found again, in place of Supplier
	Feed           string // which timetable of the supplier it is
	Stamp          int64  // its version, in microseconds since 1970 or above numbered; 0: now
	DryRun         bool
	Force          bool
	SkipRefused    bool
	Partial        bool
	MaxRemovedBP   int32
	ShiftWeeks     int
	Date           civil.Date `json:",omitzero"` // of files that are the timetable of one day
	Template       string     // JSON; "": what the service has

	rest func(context.Context) error // between parts of a message of updates; nil: without
}

// updatesPerPart is how many updates of a message are applied together.
const updatesPerPart = 500

// inParts applies the updates of a message part by part, with rests. Each update has a stamp of its own, so a message that
// ends half way is simply told again. apply gets the place of the first update of its part.
func inParts[T any](ctx context.Context, d delivery, updates []T, apply func(part []T, from int) error) error {
	for from := 0; from < len(updates); from += updatesPerPart {
		if from > 0 && d.rest != nil {
			if err := d.rest(ctx); err != nil {
				return err
			}
		}
		if err := apply(updates[from:min(from+updatesPerPart, len(updates))], from); err != nil {
			return err
		}
	}
	return nil
}

// maxRemarks bounds the remarks of each sort that a report carries.
const maxRemarks = 10_000

// DeliveryReport says what a delivery did, or would do.
type DeliveryReport struct {
	Applied                            bool // something was written
	Held                               bool // it would remove too much
	Older                              bool // something newer is known: nothing was done
	Added, Changed, Removed, Untouched int64
	Stale                              int64        // objects left alone, because something newer is known of them
	Lines                              []string     // what else there is to say, for people
	Refused, Warnings                  []feed.Error // bounded
}

// format brings deliveries of one kind into a service.
type format struct {
	what    string                // for people
	kind    identity.SupplierKind // of those that have such files; 0: the operator brings them
	updates bool                  // tells some objects, each with a version, not all of them
	bring   func(*system, context.Context, delivery, body, func(done, total int64)) (*DeliveryReport, error)
}

// formats are all there are, by name. docs/feeds.md describes each.
var formats = map[string]format{
	"gtfs":                {"a timetable in GTFS: a zip or a folder", identity.Railway, false, (*system).bringGTFS},
	"tra":                 {"a day's timetable of the Taiwan Railways, with stationInfo.json beside it", identity.Railway, false, (*system).bringTRA},
	"stations":            {"stations as CSV with the columns code, name, parent, zone, country, latitude, longitude, transfer_seconds", identity.Railway, false, stationsOf(plainStations)},
	"stations-irail":      {"stations as iRail publishes them", identity.Railway, false, stationsOf(feed.IRailStations)},
	"stations-trainline":  {"stations as Trainline published them", identity.Railway, false, stationsOf(feed.TrainlineStations)},
	"coaches":             {"coaches of trains as CSV", identity.Railway, false, (*system).bringCoachList},
	"coaches-zpar":        {"a Zugbildungsplan as JSON, with a file of coach types beside it", identity.Railway, false, (*system).bringZpAR},
	"coaches-digitraffic": {"a train's composition as Digitraffic tells it", identity.Railway, false, (*system).bringDigitraffic},
	"runs":                {"what is told of runs now (delays, cancellations), as JSON", identity.Railway, true, (*system).bringRuns},
	"ssim":                {"a schedule in SSIM chapter 7", identity.Airline, false, (*system).bringSSIM},
	"ontime":              {"dated flights in the form of the US on-time statistics, perhaps with planes.csv beside them", identity.Airline, false, (*system).bringOnTime},
	"departures":          {"what is told of departures now, as JSON", identity.Airline, true, (*system).bringDepartures},
	"fares":               {"fares of flights, as JSON", identity.Airline, true, (*system).bringFares},
	"airports":            {"airports as OurAirports publishes them, perhaps with files of zones and of metropolitan areas beside them", 0, false, (*system).bringAirports},
}

var plainStations = feed.StationFormat{Columns: map[string]string{
	"code": "code", "name": "name", "parent": "parent", "zone": "zone", "country": "country", "latitude": "latitude", "longitude": "longitude", "transfer_seconds": "transfer_seconds",
}}

// body is what was delivered: one file, or a zip with several.
type body struct {
	io.ReaderAt
	size int64
}

func (b body) reader() io.Reader { return io.NewSectionReader(b, 0, b.size) }

// zipped reports whether the body is a zip archive.
func (b body) zipped() bool {
	var magic [4]byte
	n, _ := b.ReadAt(magic[:], 0) // a shorter body is none
	return n == len(magic) && string(magic[:]) == "PK\x03\x04"
}

// files opens the files of the body: name, and what to read. One that is no zip is called "".
func (b body) files() (fs.FS, []string, error) {
	files, err := feed.OpenZip(b, b.size, feed.ZipLimits{})
	if err != nil {
		return nil, nil, err
	}
	var names []string
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return files, names, err
}

// parts gives for each word the file whose name has it, and for the last one what is left. A body that is no zip is the
// last one. close ends the reading.
func (b body) parts(words ...string) (found map[string]io.Reader, closeAll func(), err error) {
	main := words[len(words)-1]
	if !b.zipped() {
		return map[string]io.Reader{main: b.reader()}, func() {}, nil
	}
	files, names, err := b.files()
	if err != nil {
		return nil, nil, err
	}
	found = map[string]io.Reader{}
	var open []fs.File
	closeAll = func() {
		for _, f := range open {
			_ = f.Close() // only read
		}
	}
	for _, name := range names {
		as := main
		for _, w := range words[:len(words)-1] {
			if strings.Contains(strings.ToLower(path.Base(name)), w) {
				as = w
				break
			}
		}
		if found[as] != nil {
			closeAll()
			return nil, nil, fault.New(fault.Invalid, "file_invalid", "There are two files that could be the %s: %q is one.", as, name)
		}
		f, err := files.Open(name)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		open, found[as] = append(open, f), f
	}
	if found[main] == nil {
		closeAll()
		return nil, nil, fault.New(fault.Invalid, "file_invalid", "The archive has no file of %s.", main)
	}
	return found, closeAll, nil
}

// bring applies a delivery.
func (s *system) bring(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	f, known := formats[d.Format]
	if !known {
		return nil, fault.New(fault.Invalid, "format_unknown", "There is no format %q.", d.Format)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if d.Stamp == 0 && !f.updates { // of some objects without a version the service makes the newest word
		d.Stamp = s.clock.Now().UnixMicro()
	}
	if f.kind == 0 {
		return f.bring(s, ctx, d, b, progress)
	}
	if err := s.supplierOf(ctx, &d, f.kind); err != nil {
		return nil, err
	}
	return f.bring(s, ctx, d, b, progress)
}

// applier is a format as the intake of feeds wants it.
type applier struct{ system *system }

// Apply implements intake.Applier.
func (a applier) Apply(ctx context.Context, d intake.Delivery, progress func(done, total int64)) (intake.Report, error) {
	r, err := a.system.bring(ctx, delivery{
		Format: d.Format, Supplier: d.Supplier, Feed: d.Partner, Stamp: version(d.Stamp), DryRun: d.DryRun, Force: d.Force, SkipRefused: true,
		MaxRemovedBP: int32(d.MaxRemovedBP), ShiftWeeks: d.ShiftWeeks, rest: d.Rest,
	}, body{d.Body, d.Size}, progress)
	if fault.Is(err, "too_much_removed") {
		return intake.Report{Held: true, Removed: removed(err)}, nil
	}
	if err != nil {
		return intake.Report{}, err
	}
	out := intake.Report{
		Added: r.Added, Changed: r.Changed, Removed: r.Removed, Untouched: r.Untouched, Stale: r.Stale, Refused: int64(len(r.Refused)), Held: r.Held,
		Remarks: append(r.Refused, r.Warnings...),
	}
	out.Remarks = out.Remarks[:min(len(out.Remarks), intake.MaxRemarks)]
	return out, nil
}

// numbered is above every instant: a sender who numbers is newer than what it said before it began to.
const numbered = flight.Numbered

// removed is how much a refused file would have removed.
func removed(err error) int64 {
	held, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return 0
	}
	for _, name := range []string{"removed", "removed_trains"} {
		if n, err := strconv.ParseInt(held.Meta[name], 10, 64); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

// version is a stamp as the verticals compare it, in the order of intake.Stamp: by the sender's number, else by the instant.
func version(s intake.Stamp) int64 {
	if s.Sequence != 0 {
		return numbered + min(s.Sequence, numbered-1)
	}
	return s.At.UnixMicro()
}

// intakeFormats are the formats for feeds.
func (s *system) intakeFormats() map[string]intake.Format {
	all := map[string]intake.Format{}
	for name, f := range formats {
		if f.kind != 0 {
			all[name] = intake.Format{Applier: applier{s}, Updates: f.updates}
		}
	}
	return all
}

func (s *system) railOptions(d delivery) (rail.ImportOptions, error) {
	o := rail.ImportOptions{
		Supplier: d.Supplier, Feed: d.Feed, Stamp: d.Stamp, Partial: d.Partial, DryRun: d.DryRun, Force: d.Force, MaxRemovedBP: d.MaxRemovedBP,
		ShiftWeeks: d.ShiftWeeks, SkipRefused: d.SkipRefused,
	}
	if d.Template != "" {
		t, err := rail.ParseTemplates([]byte(d.Template))
		if err != nil {
			return o, err
		}
		o.Templates = &t
	}
	return o, nil
}

var byImport = "import"

// trains imports a timetable of trains.
func (s *system) trains(ctx context.Context, d delivery, read func(context.Context, feed.TrainSink) error, progress func(done, total int64)) (*DeliveryReport, error) {
	o, err := s.railOptions(d)
	if err != nil {
		return nil, err
	}
	r, err := s.rail.Import(ctx, rail.Editor{Subject: byImport}, read, o, func(_ string, done, total int64) { progress(done, total) })
	if err != nil {
		return nil, err
	}
	return railReport(r), nil
}

func (s *system) coaches(ctx context.Context, d delivery, read func(context.Context, feed.CoachSink) error, progress func(done, total int64)) (*DeliveryReport, error) {
	o, err := s.railOptions(d)
	if err != nil {
		return nil, err
	}
	r, err := s.rail.ImportCompositions(ctx, rail.Editor{Subject: byImport}, read, o, func(_ string, done, total int64) { progress(done, total) })
	if err != nil {
		return nil, err
	}
	return railReport(r), nil
}

// railReport puts a report of rail into the words of all.
func railReport(r *rail.ImportReport) *DeliveryReport {
	out := &DeliveryReport{Applied: r.Applied, Held: r.TooMuch, Older: r.Older}
	for _, d := range []rail.Difference{r.Trains, r.Stations, r.Types, r.Compositions} {
		out.Added += int64(d.Added)
		out.Changed += int64(d.Changed)
		out.Removed += int64(d.Removed)
		out.Untouched += int64(d.Untouched)
		out.Stale += int64(d.Older)
	}
	say := func(n int64, format string, args ...any) {
		if n > 0 {
			out.Lines = append(out.Lines, fmt.Sprintf(format, args...))
		}
	}
	difference := func(what string, d rail.Difference) {
		say(int64(d.Added+d.Changed+d.Removed+d.Untouched), "%s: %d added, %d changed, %d removed, %d untouched", what, d.Added, d.Changed, d.Removed, d.Untouched)
	}
	difference("trains", r.Trains)
	difference("stations", r.Stations)
	difference("coach types", r.Types)
	difference("compositions", r.Compositions)
	t := r.Templated
	say(r.Runs, "%d runs; of them %d have coaches from a template, %d fares, %d transfer times", r.Runs, t.Composition, t.Fare, t.Transfer)
	sale := r.Sale
	say(int64(sale.OnSale+sale.Replaced+sale.Withdrawn+sale.Waiting), "runs within the horizon: %d put on sale, %d replaced, %d withdrawn, %d still being prepared",
		sale.OnSale, sale.Replaced, sale.Withdrawn, sale.Waiting)
	say(int64(len(sale.Conflicts)), "%d runs keep what they have, because seats of them are sold: staff must decide", len(sale.Conflicts))
	for _, n := range r.Refused {
		out.refuse(feed.Error{File: n.File, Line: n.Line, Code: n.Code, Message: n.Message})
	}
	for _, n := range r.Warnings {
		out.refuse(feed.Error{File: n.File, Line: n.Line, Code: n.Code, Message: n.Message, Warning: true})
	}
	return out
}

// refuse keeps a remark.
func (r *DeliveryReport) refuse(e feed.Error) {
	to := &r.Refused
	if e.Warning {
		to = &r.Warnings
	}
	if len(*to) < maxRemarks {
		*to = append(*to, e)
	}
}

func (s *system) bringGTFS(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	files, err := feed.OpenZip(b, b.size, feed.ZipLimits{})
	if err != nil {
		return nil, fileInvalid(err)
	}
	return s.trains(ctx, d, func(ctx context.Context, sink feed.TrainSink) error {
		return feed.ReadGTFS(ctx, files, feed.GTFSOptions{}, sink)
	}, progress)
}

func (s *system) bringTRA(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	parts, done, err := b.parts("station", "timetable")
	if err != nil {
		return nil, fileInvalid(err)
	}
	defer done()
	if d.Date == 0 {
		return nil, fault.New(fault.Invalid, "date_missing", "This file is the timetable of one day and does not say which: name it.")
	}
	return s.trains(ctx, d, func(ctx context.Context, sink feed.TrainSink) error {
		return feed.ReadTRA(ctx, parts["timetable"], feed.TRAOptions{Date: d.Date, Stations: parts["station"]}, sink)
	}, progress)
}

func stationsOf(f feed.StationFormat) func(*system, context.Context, delivery, body, func(done, total int64)) (*DeliveryReport, error) {
	return func(s *system, ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
		parts, done, err := b.parts("stations")
		if err != nil {
			return nil, fileInvalid(err)
		}
		defer done()
		d.Partial = true // it says nothing of trains
		return s.trains(ctx, d, func(ctx context.Context, sink feed.TrainSink) error {
			return feed.ReadStations(ctx, parts["stations"], f, sink)
		}, progress)
	}
}

func (s *system) bringCoachList(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	parts, done, err := b.parts("coaches")
	if err != nil {
		return nil, fileInvalid(err)
	}
	defer done()
	return s.coaches(ctx, d, func(ctx context.Context, sink feed.CoachSink) error {
		return feed.ReadCoachList(ctx, parts["coaches"], sink)
	}, progress)
}

func (s *system) bringZpAR(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	parts, done, err := b.parts("type", "trains")
	if err != nil {
		return nil, fileInvalid(err)
	}
	defer done()
	return s.coaches(ctx, d, func(ctx context.Context, sink feed.CoachSink) error {
		var types []feed.CoachType
		if parts["type"] != nil {
			all := feed.CoachSink{Remark: sink.Remark, Type: func(t feed.CoachType) error {
				types = append(types, t)
				if sink.Type == nil {
					return nil
				}
				return sink.Type(t)
			}}
			if err := feed.ReadCoachTypes(ctx, parts["type"], all); err != nil {
				return err
			}
		}
		return feed.ReadCompositions(ctx, parts["trains"], types, sink)
	}, progress)
}

func (s *system) bringDigitraffic(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	d.Partial = true // a train
	return s.coaches(ctx, d, func(ctx context.Context, sink feed.CoachSink) error {
		return feed.ReadDigitraffic(ctx, b.reader(), sink)
	}, progress)
}

// scheduleFeed is the timetable of an airline that has one.
const scheduleFeed = "timetable"

// schedule imports a timetable of flights.
func (s *system) schedule(ctx context.Context, d delivery, read flight.Reader, progress func(done, total int64)) (*DeliveryReport, error) {
	o := flight.ImportOptions{
		Supplier: d.Supplier, Feed: cmp.Or(d.Feed, scheduleFeed), Stamp: d.Stamp, ShiftWeeks: d.ShiftWeeks, MaxRemoved: float64(d.MaxRemovedBP) / 10_000, Force: d.Force, DryRun: d.DryRun,
		SkipRefused: d.SkipRefused,
	}
	if d.Template != "" {
		t, err := flight.ReadTemplate(strings.NewReader(d.Template))
		if err != nil {
			return nil, err
		}
		o.Template = &t
	}
	r, err := s.flight.ImportSchedule(ctx, flight.Editor{Subject: byImport}, read, o, func(done, total int) { progress(int64(done), int64(total)) })
	if err != nil {
		return nil, err
	}
	out := flightReport(r)
	if r.OnSale > 0 || r.TemplateSeats > 0 {
		out.Lines = append(out.Lines, fmt.Sprintf("%d departures on sale; of them %d have seats from a template, %d fares; %d cannot be sold without seats",
			r.OnSale, r.TemplateSeats, r.TemplateTariff, r.Unseated))
	}
	return out, nil
}

func flightReport(r *flight.ImportReport) *DeliveryReport {
	out := &DeliveryReport{
		Applied: r.Applied, Held: r.Held, Older: r.Stale, Added: int64(r.Added), Changed: int64(r.Changed), Removed: int64(r.Removed), Untouched: int64(r.Same),
	}
	for _, n := range r.Refused {
		out.refuse(feed.Error{Line: n.Line, Code: n.Code, Message: n.Message})
	}
	for _, n := range r.Warnings {
		out.refuse(feed.Error{Line: n.Line, Code: n.Code, Message: n.Message, Warning: true})
	}
	return out
}

func (s *system) bringSSIM(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	parts, done, err := b.parts("schedule")
	if err != nil {
		return nil, fileInvalid(err)
	}
	defer done()
	return s.schedule(ctx, d, func(ctx context.Context, sink feed.FlightSink) error {
		return feed.ReadSSIM(ctx, parts["schedule"], sink)
	}, progress)
}

func (s *system) bringOnTime(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	parts, done, err := b.parts("plane", "flights")
	if err != nil {
		return nil, fileInvalid(err)
	}
	defer done()
	return s.schedule(ctx, d, func(ctx context.Context, sink feed.FlightSink) error {
		o := feed.OnTimeOptions{Zone: s.zoneOf(ctx)}
		if parts["plane"] != nil {
			seats, err := feed.ReadPlanes(parts["plane"], sink.Remark)
			if err != nil {
				return err
			}
			o.Seats = seats
		}
		return feed.ReadOnTime(ctx, parts["flights"], o, sink)
	}, progress)
}

// zoneOf tells zones of airports that are known, each asked for once.
func (s *system) zoneOf(ctx context.Context) func(iata string) *time.Location {
	known := map[string]*time.Location{}
	return func(iata string) *time.Location {
		zone, asked := known[iata]
		if !asked {
			if a, err := s.flight.Airport(ctx, iata); err == nil {
				zone, _ = civil.Zone(a.Zone) // nil where it has none
			}
			known[iata] = zone
		}
		return zone
	}
}

func (s *system) bringAirports(ctx context.Context, d delivery, b body, progress func(done, total int64)) (*DeliveryReport, error) {
	parts, done, err := b.parts("tz", "metro", "airports")
	if err != nil {
		return nil, fileInvalid(err)
	}
	defer done()
	read := func(ctx context.Context, sink feed.FlightSink) error {
		return feed.ReadAirports(ctx, feed.AirportFiles{Airports: parts["airports"], Zones: parts["tz"], Metro: parts["metro"]}, sink)
	}
	r, err := s.flight.ImportAirports(ctx, flight.Editor{Subject: byImport}, read, flight.AirportOptions{DryRun: d.DryRun}, func(done, total int) { progress(int64(done), int64(total)) })
	if err != nil {
		return nil, err
	}
	return flightReport(r), nil
}

// fileInvalid is the refusal of a file that cannot be read at all.
func fileInvalid(err error) error {
	if bad, ok := errors.AsType[*feed.Error](err); ok {
		return fault.New(fault.Invalid, "file_invalid", "%s", bad.Message).With("code", bad.Code)
	}
	return err
}

// where says at which place a message could not be read, without naming what it is read into.
func where(err error) string {
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok && wrong.JSONPointer != "" {
		return " at " + string(wrong.JSONPointer)
	}
	if broken, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf(": it breaks off or goes wrong at byte %d", broken.ByteOffset)
	}
	return ""
}

// maxMessage bounds a message of updates.
const maxMessage = 64 << 20

// message reads a delivery of updates.
func message(b body, into any) error {
	if b.size > maxMessage {
		return fault.New(fault.Invalid, "file_invalid", "The message has %d bytes; at most %d are possible.", b.size, maxMessage)
	}
	if err := json.UnmarshalRead(b.reader(), into, json.RejectUnknownMembers(true)); err != nil {
		return fault.New(fault.Invalid, "file_invalid", "The message is not the JSON it should be%s. docs/feeds.md shows the form.", where(err)).Because(err)
	}
	return nil
}
