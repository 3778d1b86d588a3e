package rail

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed"
	"holdfast/uid"
)

// Bounds of an import.
const (
	importTries  = 8 // it begins again because others wrote the same railway meanwhile
	maxNotes     = 10_000
	MaxTrains    = 200_000 // of one file
	MaxStations  = 100_000
	maxName      = 200
	MaxWeeks     = 2_000 // of ImportOptions.ShiftWeeks, either way
	defaultFeed  = "timetable"
	coachFeed    = "coaches"
	progressRows = 1_000
)

// Import implements Service.
//
// The whole file is read and checked before anything is written. Then the difference between it and what this feed has of
// the railway is written in one transaction: trains and stations, never runs. What that means for the runs inside the
// sale horizon follows from what is stored (reconcile), so a process that dies in between leaves nothing half done: any
// process makes up for it. A train is known by its key; one that the file has no more is kept without service dates, for
// those who have seats in it. A train that the file refuses to describe stays as it was. Buses are sold without seat
// numbers, as the template of buses says.
func (c *Core) Import(ctx context.Context, e Editor, read func(context.Context, feed.TrainSink) error, o ImportOptions, progress Progress) (*ImportReport, error) {
	began := time.Now()
	i, err := c.newImport(e, o, defaultFeed, progress)
	if err != nil {
		return nil, err
	}
	if err := i.readTrains(ctx, read); err != nil {
		return nil, err
	}
	i.checkTrains()
	if err := i.apply(ctx, i.trainDifference); err != nil {
		return nil, err
	}
	i.report.Duration = time.Since(began)
	return i.report, nil
}

// importing is one import.
type importing struct {
	core     *Core
	options  ImportOptions
	report   *ImportReport
	progress Progress
	refused  map[string]bool // keys of trains that the file has but does not describe

	usual     string // zone of trains that do not say
	stations  map[string]*Station
	footpaths []feed.Footpath
	trains    map[string]*feed.Train
	patterns  map[uid.ID]*Pattern
	made      map[string]*Train // by key

	types        map[string]*TypeRow
	compositions []feed.Composition
	untold       map[string]bool // types of coaches that were warned of
}

func (c *Core) newImport(e Editor, o ImportOptions, name string, progress Progress) (*importing, error) {
	if err := e.may(o.Supplier); err != nil {
		return nil, err
	}
	if o.Feed == "" {
		o.Feed = name
	}
	if o.Stamp == 0 {
		o.Stamp = c.now().UnixMicro()
	}
	if o.MaxRemovedBP == 0 {
		o.MaxRemovedBP = DefaultMaxRemovedBP
	}
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	var v verdicts
	v.check(len(o.Feed) <= maxName && plain(o.Feed), "/feed", "not_text", "The name of a feed has at most %d characters.", maxName)
	v.check(o.MaxRemovedBP >= 0 && o.MaxRemovedBP <= 10_000, "/max_removed_bp", "out_of_range", "This is 0 to 10,000 basis points.")
	v.check(o.ShiftWeeks >= -MaxWeeks && o.ShiftWeeks <= MaxWeeks, "/shift_weeks", "out_of_range", "This is at most %d weeks.", MaxWeeks)
	if err := v.err(); err != nil {
		return nil, err
	}
	if o.Templates != nil {
		if err := o.Templates.Check(); err != nil {
			return nil, err
		}
	}
	return &importing{
		core: c, options: o, report: &ImportReport{}, progress: progress, refused: map[string]bool{}, stations: map[string]*Station{},
		trains: map[string]*feed.Train{}, patterns: map[uid.ID]*Pattern{}, made: map[string]*Train{}, types: map[string]*TypeRow{},
	}, nil
}

func (i *importing) refuse(line int, code, format string, args ...any) {
	note(&i.report.Refused, LineNote{Line: line, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (i *importing) warn(line int, code, format string, args ...any) {
	note(&i.report.Warnings, LineNote{Line: line, Code: code, Message: fmt.Sprintf(format, args...)})
}

func note(notes *[]LineNote, n LineNote) {
	if len(*notes) < maxNotes {
		*notes = append(*notes, n)
	}
}

// remark takes what a reader says of a line.
func (i *importing) remark(e *feed.Error) {
	n := LineNote{File: e.File, Line: e.Line, Code: e.Code, Message: e.Message}
	if e.Warning {
		note(&i.report.Warnings, n)
	} else {
		note(&i.report.Refused, n)
	}
}

// fileInvalid is the refusal of a file that cannot be read to its end.
func fileInvalid(err error) error {
	var bad *feed.Error
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if !errors.As(err, &bad) {
		return fault.Wrap(err, "read import file")
	}
	e := fault.New(fault.Invalid, "file_invalid", "%s", bad.Message).With("line", strconv.Itoa(bad.Line)).With("code", bad.Code)
	if bad.File != "" {
		e = e.With("file", bad.File)
	}
	return e
}

func tooLarge(what string, most int) error {
	return fault.New(fault.Invalid, "file_invalid", "The file has more than %d %s.", most, what).With("code", "too_many")
}

// readTrains keeps the rows of a file.
func (i *importing) readTrains(ctx context.Context, read func(context.Context, feed.TrainSink) error) error {
	rows := int64(0)
	step := func() error {
		if rows++; rows%progressRows == 0 {
			i.progress("read", rows, 0)
		}
		return ctx.Err()
	}
	err := read(ctx, feed.TrainSink{
		Station: func(s feed.Station) error {
			if len(i.stations) >= MaxStations {
				return tooLarge("stations", MaxStations)
			}
			i.station(&s)
			return step()
		},
		Footpath: func(f feed.Footpath) error {
			i.footpaths = append(i.footpaths, f)
			return step()
		},
		Train: func(t feed.Train) error {
			if len(i.trains) >= MaxTrains {
				return tooLarge("trains", MaxTrains)
			}
			if old := i.trains[t.Key]; old != nil {
				i.refuse(t.Line, "train_repeated", "The train %q is told of again; line %d was the first.", clip(t.Key), old.Line)
				return step()
			}
			t.Calls, t.Dates = slices.Clone(t.Calls), slices.Clone(t.Dates) // the reader may use them again
			i.trains[t.Key] = &t
			return step()
		},
		Remark:   i.remark,
		Progress: func(done, total int64) { i.progress("read", done, total) },
	})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fileInvalid(err)
	}
	return nil
}

// station checks one station and keeps it.
func (i *importing) station(s *feed.Station) {
	if first := i.stations[s.Code]; first != nil {
		i.refuse(s.Line, "station_repeated", "The station %q is told of again.", clip(s.Code))
		return
	}
	name := s.Name
	if name == "" {
		name = s.Code
	}
	bad := ""
	switch {
	case s.Code == "" || len(s.Code) > MaxStation || !plain(s.Code):
		bad = fmt.Sprintf("A station has a code of 1 to %d bytes.", MaxStation)
	case utf8.RuneCountInString(name) > maxName || !plain(name):
		bad = fmt.Sprintf("A station has a name of at most %d characters.", maxName)
	case s.Country != "" && len(s.Country) != 2:
		bad = "A country is two capitals."
	case s.Located && !(s.Latitude >= -90 && s.Latitude <= 90 && s.Longitude >= -180 && s.Longitude <= 180):
		bad = "The coordinates are not on Earth."
	case s.TransferSeconds < 0 || s.TransferSeconds > MaxTransferSeconds:
		bad = fmt.Sprintf("Changing trains takes 0 to %d seconds.", MaxTransferSeconds)
	case s.Zone != "":
		if _, err := civil.Zone(s.Zone); err != nil {
			bad = fmt.Sprintf("%q is not an IANA time zone.", clip(s.Zone))
		}
	}
	if bad != "" {
		i.refuse(s.Line, "station_invalid", "%s", bad)
		return
	}
	row := &Station{
		Supplier: i.options.Supplier, Code: s.Code, Name: name, Parent: s.Parent, City: cityOf(name), Zone: s.Zone, Country: s.Country,
		Located: s.Located, TransferSeconds: s.TransferSeconds, Feed: i.options.Feed,
	}
	if s.Located {
		row.Latitude, row.Longitude = s.Latitude, s.Longitude
	}
	i.stations[s.Code] = row
}

// known finds a station of the file, or one that the railway has when the file names only some.
func (i *importing) known(code string) bool {
	if i.stations[code] != nil {
		return true
	}
	if !i.options.Partial {
		return false
	}
	c := i.core.catalogue
	c.mu.RLock()
	defer c.mu.RUnlock()
	w := c.railways[i.options.Supplier]
	return w != nil && w.stations[code] != nil && !w.stations[code].Retired
}

// checkTrains checks all rows against each other and makes what is to be stored of them.
func (i *importing) checkTrains() {
	i.usual = i.zone()
	for _, code := range slices.Sorted(maps.Keys(i.stations)) {
		if s := i.stations[code]; s.Parent != "" && !i.known(s.Parent) {
			i.warn(0, "parent_unknown", "The station %q names a parent %q that the file does not have; it stands for itself.", clip(code), clip(s.Parent))
			s.Parent = ""
		}
	}
	for _, f := range i.footpaths {
		s := i.stations[f.From]
		switch {
		case s == nil || !i.known(f.To):
			i.refuse(f.Line, "station_unknown", "The footpath from %q to %q names a station that the file does not have.", clip(f.From), clip(f.To))
		case f.Seconds < 0 || f.Seconds > MaxTransferSeconds:
			i.refuse(f.Line, "footpath_invalid", "A footpath takes 0 to %d seconds.", MaxTransferSeconds)
		case f.From == f.To:
			s.TransferSeconds = f.Seconds
		default:
			s.Footpaths = append(s.Footpaths, Footpath{To: f.To, Seconds: max(f.Seconds, 1)})
		}
	}
	for _, s := range i.stations {
		slices.SortFunc(s.Footpaths, func(a, b Footpath) int { return compareText(a.To, b.To) })
		s.Footpaths = slices.CompactFunc(s.Footpaths, func(a, b Footpath) bool { return a.To == b.To })
	}
	for _, key := range slices.Sorted(maps.Keys(i.trains)) {
		if bad := i.train(i.trains[key]); bad != "" {
			i.refuse(i.trains[key].Line, "train_invalid", "Train %s: %s", clip(i.trains[key].Number), bad)
			i.refused[key] = true
		}
	}
	slices.SortStableFunc(i.report.Refused, func(a, b LineNote) int { return a.Line - b.Line })
}

// within leaves out what is over and what is too far ahead of a timetable that is good for years: what is before this
// year, so that the same file says the same tomorrow, and what is MaxDates or more after that.
func (i *importing) within(t *feed.Train, dates []civil.Date) []civil.Date {
	if len(dates) == 0 || slices.Max(dates)-slices.Min(dates) < MaxDates {
		return dates
	}
	year, _, _ := civil.Today(i.core.clock.Now(), time.UTC).Civil()
	first := civil.DateOf(year, time.January, 1)
	kept := slices.DeleteFunc(dates, func(d civil.Date) bool { return d < first || d >= first+MaxDates })
	i.warn(t.Line, "dates_left_out", "Train %s has service dates more than %d days apart; those before %v and from %v on were left out.", clip(t.Number), MaxDates, first, first+MaxDates)
	return kept
}

// train makes the row of a train; bad says what is wrong with it.
func (i *importing) train(t *feed.Train) (bad string) {
	switch {
	case t.Key == "" || len(t.Key) > maxName || !plain(t.Key):
		return fmt.Sprintf("it has no key, or one of more than %d bytes.", maxName)
	case t.Number == "" || len(t.Number) > MaxNumber || !plain(t.Number):
		return fmt.Sprintf("its number has 1 to %d bytes.", MaxNumber)
	case !plain(t.Name) || !plain(t.Category) || !plain(t.Carrier) || len(t.Name)+len(t.Category)+len(t.Carrier) > 3*maxName:
		return "its name, category or carrier is not one line of text."
	case len(t.Calls) < 2 || len(t.Calls) > MaxCalls:
		return fmt.Sprintf("it calls at %d stations; 2 to %d are possible.", len(t.Calls), MaxCalls)
	}
	if t.Zone == "" {
		t.Zone = i.usual
	}
	if _, err := civil.Zone(t.Zone); err != nil {
		return fmt.Sprintf("%q is not an IANA time zone.", clip(t.Zone))
	}
	calls := make([]Call, len(t.Calls))
	for n, call := range t.Calls {
		switch {
		case !i.known(call.Station):
			return fmt.Sprintf("it calls at %q, which the file does not have.", clip(call.Station))
		case call.Arrive < -86_400 || call.Depart > MaxSpan || call.Arrive > call.Depart:
			return fmt.Sprintf("its call %d is at times that cannot be.", n+1)
		case n > 0 && call.Arrive < t.Calls[n-1].Depart:
			return fmt.Sprintf("it comes to call %d before it leaves the one before.", n+1)
		}
		calls[n] = Call{call.Station, call.Arrive, call.Depart, call.NoBoard, call.NoAlight}
	}
	dates := make([]civil.Date, len(t.Dates))
	for n, d := range t.Dates {
		dates[n] = d.Add(7 * i.options.ShiftWeeks)
	}
	dates = i.within(t, dates)
	p, err := NewPattern(calls)
	if err != nil {
		return err.Error()
	}
	i.patterns[p.ID] = p
	i.made[t.Key] = &Train{
		Supplier: i.options.Supplier, ID: TrainID(i.options.Supplier, i.options.Feed, t.Key), Feed: i.options.Feed, Key: t.Key, Number: t.Number,
		Name: t.Name, Category: t.Category, Carrier: t.Carrier, Zone: t.Zone, Bus: t.Bus, Pattern: p.ID, Dates: DatesOf(dates), Stamp: i.options.Stamp,
	}
	return ""
}

// zone is that of trains which do not say.
func (i *importing) zone() string {
	if i.options.Templates != nil {
		return i.options.Templates.Zone
	}
	c := i.core.catalogue
	c.mu.RLock()
	defer c.mu.RUnlock()
	if w := c.railways[i.options.Supplier]; w != nil && w.templates != nil {
		return w.templates.Zone
	}
	return DefaultTemplates().Zone
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// apply finds the difference and, unless it may not, writes it; then it puts what follows from it on sale.
func (i *importing) apply(ctx context.Context, difference func(w *railway) (*Rows, error)) error {
	c, o := i.core, &i.options
	if err := c.turns.take(ctx, workTurn(o.Supplier)); err != nil { // so that the report is of what this file brings about
		return err
	}
	defer c.turns.give(workTurn(o.Supplier))
	applied, err := i.commit(ctx, difference)
	if err != nil || !applied {
		return err
	}
	i.report.Applied = true
	i.progress("sell", 0, 0)
	if err = c.sellNow(ctx, o.Supplier, &i.report.Sale); err != nil || i.report.Sale.Waiting > 0 {
		c.log.Warn("stock of imported trains is made later", "error", err)
		i.warn(0, "stock_pending", "The file is applied, but not all of its trains could be put on sale yet. They are preparing; it goes on by itself.")
	}
	c.catalogue.mu.RLock()
	i.report.Sale.Conflicts = c.conflicts(c.catalogue.railways[o.Supplier])
	c.catalogue.mu.RUnlock()
	return nil
}

// commit writes the difference, while nobody else of this process writes the railway.
func (i *importing) commit(ctx context.Context, difference func(w *railway) (*Rows, error)) (applied bool, err error) {
	c, o := i.core, &i.options
	if err := c.turns.take(ctx, o.Supplier); err != nil {
		return false, err
	}
	defer c.turns.give(o.Supplier)
	refused, warnings := len(i.report.Refused), len(i.report.Warnings)
	for range importTries {
		i.report.Refused, i.report.Warnings = i.report.Refused[:refused], i.report.Warnings[:warnings]
		if err := c.poll(ctx); err != nil { // what another process imported counts
			return false, err
		}
		c.catalogue.mu.RLock()
		w := c.catalogue.railways[o.Supplier]
		if w != nil && w.row == nil {
			w = nil
		}
		rows, err := difference(w)
		c.catalogue.mu.RUnlock()
		if err != nil {
			return false, err
		}
		if o.DryRun || i.report.Older || len(i.report.Refused) > 0 && !o.SkipRefused {
			return false, nil
		}
		i.progress("write", 0, int64(len(rows.Trains)))
		err = c.write(ctx, rows)
		if errors.Is(err, ErrStale) {
			continue
		}
		return err == nil && i.changes(w), err
	}
	return false, fault.Overloaded(time.Second)
}

// changes reports whether a file did more than note that it was loaded.
func (i *importing) changes(w *railway) bool {
	r := i.report
	return r.Trains.any() || r.Stations.any() || r.Types.any() || r.Compositions.any() || i.options.Templates != nil || w == nil
}

// railwayRow is the next state of the railway's own row, noting that this feed was loaded. Called with mu held for reading.
func (i *importing) railwayRow(w *railway) *Railway {
	next := Railway{Supplier: i.options.Supplier, Feeds: map[string]Feed{}}
	if w != nil && w.row != nil {
		next = *w.row
		next.Feeds = maps.Clone(w.row.Feeds)
		if next.Feeds == nil {
			next.Feeds = map[string]Feed{}
		}
	}
	next.Revision++
	if i.options.Templates != nil {
		next.Templates = i.options.Templates
	}
	stamp := next.Feeds[i.options.Feed].Stamp
	if !i.options.Partial {
		stamp = max(stamp, i.options.Stamp)
	}
	next.Feeds[i.options.Feed] = Feed{Stamp: stamp, LoadedAt: i.core.now()}
	return &next
}
