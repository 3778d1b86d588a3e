package flight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/uid"
)

// Bounds of an import.
const (
	maxNotes      = 10_000
	maxImportRows = 2_000_000
	maxExpanded   = 1_500_000 // departures
	maxShiftWeeks = 52 * 60
	maxFeedName   = 64
	defaultRemove = 0.25
)

// ImportSchedule implements Service.
//
// The whole file is read and checked before anything is written; then the difference to what the feed told before is
// applied in one transaction, together with the commands it means for the stock. A departure is known by its Key. What
// the file does not name any more and has not left yet is removed: it stays for those who are booked on it, who are told.
// What was told of a departure's day (see Updates) is dropped only by a file that is newer and changes that departure itself,
// or tells of its day: a timetable that says what it said before knows nothing of a strike.
func (c *Core) ImportSchedule(ctx context.Context, e Editor, read Reader, o ImportOptions, progress func(done, total int)) (*ImportReport, error) {
	began := time.Now()
	if err := e.may(o.Supplier); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Stamp == 0 {
		o.Stamp = c.stamp()
	}
	i := &importing{core: c, options: o, report: &ImportReport{}, progress: progress}
	if i.template = o.Template; i.template == nil {
		t := DefaultTemplate()
		i.template = &t
	}
	if err := i.read(ctx, read); err != nil {
		return nil, err
	}
	err := i.apply(ctx)
	i.report.Duration = time.Since(began)
	if err != nil {
		return nil, err
	}
	return i.report, nil
}

func (o *ImportOptions) check() error {
	var v verdicts
	v.check(o.Feed != "" && len(o.Feed) <= maxFeedName, "/feed", "required", "A feed has a name of at most %d bytes.", maxFeedName)
	v.check(o.ShiftWeeks >= -maxShiftWeeks && o.ShiftWeeks <= maxShiftWeeks, "/shift_weeks", "out_of_range", "A timetable is moved by at most %d weeks.", maxShiftWeeks)
	v.check(o.MaxRemoved >= 0 && o.MaxRemoved <= 1, "/max_removed", "out_of_range", "This is a share from 0 to 1.")
	if err := v.err(); err != nil {
		return err
	}
	if o.Template != nil {
		return o.Template.Check()
	}
	return nil
}

// stamp is now, as words are ordered by.
func (c *Core) stamp() int64 { return c.clock.Now().UnixMicro() }

// importing is one import of a timetable.
type importing struct {
	core     *Core
	options  ImportOptions
	template *Template
	report   *ImportReport
	progress func(done, total int)

	legs       []feed.Leg
	departures []feed.Departure

	// What is made of the rows; the catalogue does not change it.
	planned   []planned
	schedules []*Schedule
	told      map[string]bool // airports that had a warning
}

// planned is a departure as the file tells it.
type planned struct {
	line int
	of   Departure
	kind seatKind
}

// seatKind is what a file tells of an aircraft.
type seatKind struct {
	equipment     string
	configuration string
	seats         int32
}

// read reads the whole file, and makes departures of it.
func (i *importing) read(ctx context.Context, read Reader) error {
	room := func() error {
		if len(i.legs)+len(i.departures) > maxImportRows {
			return fault.New(fault.Invalid, "file_invalid", "A timetable may have at most %d rows.", maxImportRows)
		}
		i.report.Rows++
		return nil
	}
	err := read(ctx, feed.FlightSink{
		Leg: func(l feed.Leg) error {
			i.legs = append(i.legs, l)
			return room()
		},
		Departure: func(d feed.Departure) error {
			i.departures = append(i.departures, d)
			return room()
		},
		Remark: func(e *feed.Error) { i.report.remark(e) },
	})
	if err != nil {
		return fileInvalid(err)
	}
	if err := i.core.poll(ctx); err != nil { // airports that another process has just imported
		return err
	}
	if err := i.expandLegs(ctx); err != nil {
		return err
	}
	return i.takeDepartures(ctx)
}

// fileInvalid is the refusal of a file that cannot be read to its end.
func fileInvalid(err error) error {
	var known *fault.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var bad *feed.Error
	if !errors.As(err, &bad) {
		return fault.Wrap(err, "read import file")
	}
	return fault.New(fault.Invalid, "file_invalid", "%s", bad.Message).With("line", fmt.Sprint(bad.Line)).With("code", bad.Code)
}

func (i *importing) refuse(line int, code, format string, args ...any) {
	note(&i.report.Refused, line, code, format, args...)
}

func (i *importing) warn(line int, code, format string, args ...any) {
	note(&i.report.Warnings, line, code, format, args...)
}

// remark takes what a reader says of a line: that it cannot be read, or a warning.
func (r *ImportReport) remark(e *feed.Error) {
	if e.Warning {
		note(&r.Warnings, e.Line, e.Code, "%s", e.Message)
		return
	}
	r.Rows++
	note(&r.Refused, e.Line, e.Code, "%s", e.Message)
}

func note(notes *[]LineNote, line int, code, format string, args ...any) {
	if len(*notes) < maxNotes {
		*notes = append(*notes, LineNote{Line: line, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// apply finds the difference and, unless it may not, writes it.
func (i *importing) apply(ctx context.Context) error {
	c, fresh := i.core, *i.report
	fresh.Refused, fresh.Warnings = slices.Clip(fresh.Refused), slices.Clip(fresh.Warnings)
	plan := func(w *Write) (bool, error) {
		*i.report = fresh // the plan may run again
		d, err := i.difference(ctx, w)
		if err != nil {
			return false, err
		}
		slices.SortStableFunc(i.report.Refused, func(a, b LineNote) int { return cmp.Compare(a.Line, b.Line) })
		if i.report.Held && !i.options.DryRun {
			return false, fault.New(fault.Conflict, "too_much_removed", "The timetable no longer has %d of %d departures to come. Look at it; if it is right, apply it with force.", i.report.Removed, d.coming).
				With("removed", fmt.Sprint(i.report.Removed)).With("departures", fmt.Sprint(d.coming))
		}
		if len(i.report.Refused) > 0 && !i.options.SkipRefused {
			return false, nil
		}
		i.report.Applied = d.some && !i.options.DryRun
		return d.some || d.newer, nil
	}
	if i.options.DryRun {
		if err := c.poll(ctx); err != nil {
			return err
		}
		_, err := plan(&Write{})
		return err
	}
	var wrote *Write
	if err := c.write(ctx, func(w *Write) (bool, error) {
		some, err := plan(w)
		wrote = nil
		if some {
			wrote = w
		}
		return some, err
	}); err != nil || wrote == nil {
		return err
	}
	total := len(wrote.Commands)
	i.tell(0, total)
	if err := c.send(ctx, true, func(done int) { i.tell(min(done, total), total) }); err != nil {
		c.log.Warn("stock of imported departures is made later", "error", err)
		i.warn(0, "stock_pending", "The timetable is applied, but the stock of some departures could not be made yet. They are preparing; it is made as soon as possible.")
	}
	return nil
}

func (i *importing) tell(done, total int) {
	if i.progress != nil {
		i.progress(done, total)
	}
}

// difference is what an import found.
type difference struct {
	some   bool // something is to be written
	newer  bool // the feed's stamp moves on
	coming int  // departures of the feed that have not left
}

// difference fills in what has to be written. It looks at the catalogue and changes nothing.
func (i *importing) difference(ctx context.Context, w *Write) (difference, error) {
	c, o := i.core, &i.options
	var out difference
	feeds := feedKey{o.Supplier, o.Feed}
	c.catalogue.mu.RLock()
	known := c.catalogue.feeds[feeds]
	c.catalogue.mu.RUnlock()
	if known != nil && known.Stamp > o.Stamp {
		i.report.Stale = true
		return out, nil
	}
	if err := i.replaceSchedules(ctx, w); err != nil {
		return out, err
	}
	now, stamp := c.clock.Now(), c.stamp()
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	s := i.newSeating(w)
	named := make(map[uid.ID]int, len(i.planned))
	for n := range i.planned {
		p := &i.planned[n]
		id := p.of.ID
		if first, twice := named[id]; twice {
			i.refuse(p.line, "departure_twice", "Flight %s of %s from %s to %s is on line %d already.", p.of.Flight(), p.of.Date, p.of.From, p.of.To, first)
			continue
		}
		old := c.catalogue.departures[id]
		if old != nil && old.Feed != o.Feed && len(old.Legs) > 0 && !old.Removed {
			i.refuse(p.line, "other_feed", "Flight %s of %s is in the timetable of feed %q already.", p.of.Flight(), p.of.Date, old.Feed)
			continue
		}
		if !s.carrier(p.of.Carrier) {
			i.refuse(p.line, "carrier_foreign", "Carrier %s belongs to another supplier.", p.of.Carrier)
			continue
		}
		named[id] = p.line
		next := i.merge(old, p, s)
		if !next.Aircraft.IsZero() {
			s.fares(next)
		} else {
			i.report.Unseated++
		}
		if c.onSale(next, now) {
			i.report.OnSale++
		}
		switch {
		case old == nil || len(old.Legs) == 0:
			i.report.Added++
		case samePlan(old, next) && old.Live == next.Live:
			i.report.Same++
			continue
		case old.Removed:
			i.report.Added++
		default:
			i.report.Changed++
		}
		c.change(w, old, next, now)
	}
	for id, old := range c.catalogue.departures {
		if old.Supplier != o.Supplier || old.Feed != o.Feed || old.Removed || len(old.Legs) == 0 || !old.departs().After(now) {
			continue
		}
		out.coming++
		if _, there := named[id]; there {
			continue
		}
		i.report.Removed++
		next := *old
		next.Removed = true
		next.Live = old.planned(nil, true, o.Feed, o.Stamp, stamp)
		c.change(w, old, &next, now)
	}
	share := o.MaxRemoved
	if share == 0 {
		share = defaultRemove
	}
	i.report.Held = !o.Force && float64(i.report.Removed) > share*float64(out.coming)
	s.finish()
	out.some = len(w.Departures)+len(w.Fares)+len(w.Tariffs)+len(w.Aircraft)+len(w.Carriers)+len(w.Schedules)+len(w.GoneSchedules) > 0
	if known == nil || known.Stamp < o.Stamp { // a timetable that says nothing new is the newest word all the same
		out.newer = true
		w.Feeds = append(w.Feeds, &Feed{Supplier: o.Supplier, Name: o.Feed, Stamp: o.Stamp})
	}
	slices.SortFunc(w.Departures, func(a, b *Departure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out, nil
}

// merge is a departure as it is after the file: its plan from there, with the word on it that still holds.
func (i *importing) merge(old *Departure, p *planned, s *seatingPlan) *Departure {
	next := p.of
	next.Feed = i.options.Feed
	next.Aircraft = s.aircraft(p)
	if old != nil {
		next.Control, next.Pools, next.Told = old.Control, old.Pools, old.Told
	}
	next.Live = old.planned(p.of.Live, old == nil || !samePlan(old, &next), i.options.Feed, i.options.Stamp, i.core.stamp())
	return &next
}

// change writes a departure as it is from now on, and asks for what that means for its stock.
func (c *Core) change(w *Write, old, next *Departure, now time.Time) {
	if old != nil && old.stocked() && old.way() != next.way() {
		next.Pools = goneAll(next.Pools)
	}
	w.Departures = append(w.Departures, next)
	if old == nil || !sameLegs(old.Legs, next.Legs) {
		w.Legs = append(w.Legs, next)
	}
	cmd := Command{Departure: next.ID}
	switch {
	case !next.stocked():
		cmd.Stock = c.onSale(next, now)
	case old != nil:
		coming := old.departs().After(now) || next.departs().After(now)
		cmd.Stock = old.sells() != next.sells() || old.way() != next.way() || old.Aircraft != next.Aircraft
		cmd.Disrupt = coming && (old.runs() != next.runs() || next.runs() && !sameLegs(old.legs(), next.legs()) || old.way() != next.way())
	}
	if cmd.Stock || cmd.Disrupt {
		w.Commands = append(w.Commands, cmd)
	}
}

// replaceSchedules writes the schedules of the file in place of those of its feed.
func (i *importing) replaceSchedules(ctx context.Context, w *Write) error {
	if len(i.legs) == 0 {
		return nil
	}
	old, err := i.core.store.Schedules(ctx, i.options.Supplier, i.options.Feed)
	if err != nil {
		return err
	}
	there := make(map[uid.ID]bool, len(old))
	for _, s := range old {
		there[s.ID] = true
	}
	kept := make(map[uid.ID]bool, len(i.schedules))
	for _, s := range i.schedules {
		if kept[s.ID] = true; !there[s.ID] {
			there[s.ID] = true
			w.Schedules = append(w.Schedules, s)
		}
	}
	for _, s := range old {
		if !kept[s.ID] {
			w.GoneSchedules = append(w.GoneSchedules, s.ID)
		}
	}
	return nil
}
