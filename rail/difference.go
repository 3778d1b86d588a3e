package rail

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/uid"
)

// trainDifference is the rows that have to be written for the railway to be as the file says, with the counts in the
// report. Called with the catalogue's mu held for reading; w is nil for a new railway.
//
// Stamps decide whatever the order in which files come: what is stored with a higher stamp than the file's stays, and so
// does everything that a whole file with a higher stamp has told of, be it by leaving it out.
func (i *importing) trainDifference(w *railway) (*Rows, error) {
	r := i.report
	r.Trains, r.Stations, r.Templated, r.Runs, r.RemovedRuns, r.Older, r.TooMuch = Difference{}, Difference{}, Templated{}, 0, 0, false, false
	rows := &Rows{Railways: []*Railway{i.railwayRow(w)}}
	whole := int64(0)
	if w != nil && w.row != nil {
		whole = w.row.Feeds[i.options.Feed].Stamp
	}
	if !i.options.Partial && whole > i.options.Stamp {
		r.Older, r.Trains.Older, r.Stations.Older = true, len(i.made), len(i.stations)
		return rows, nil
	}
	i.stationRows(w, rows, whole)
	today := civil.Today(i.core.clock.Now(), zone(i.usual))
	had, hadRuns := 0, int64(0)
	var gone []*Train
	if w != nil {
		for _, id := range slices.SortedFunc(maps.Keys(w.trains), compareID) {
			t := w.trains[id]
			if t.Feed != i.options.Feed || t.Retired {
				continue
			}
			had++
			hadRuns += count(t.Dates, today)
			if i.options.Partial || i.made[t.Key] != nil || i.refused[t.Key] {
				continue
			}
			if t.Stamp > i.options.Stamp {
				r.Trains.Older++
				continue
			}
			gone = append(gone, t)
		}
	}
	patterns := map[uid.ID]bool{}
	for _, key := range slices.Sorted(maps.Keys(i.made)) {
		t := i.made[key]
		var old *Train
		if w != nil {
			old = w.trains[t.ID]
		}
		if other := i.elsewhere(w, t, today); other != nil {
			i.refuse(i.trains[key].Line, "other_feed", "Train %s is in the timetable of feed %q already, on some of these dates and at this time.", clip(t.Number), clip(other.Feed))
			continue
		}
		r.Runs += int64(t.Dates.Count())
		switch {
		case old == nil && whole > i.options.Stamp, old != nil && max(old.Stamp, whole) > i.options.Stamp:
			r.Trains.Older++
			continue
		case old == nil || old.Retired:
			r.Trains.Added++
		case t.same(old):
			r.Trains.Untouched++
			if i.options.Partial && t.Stamp > old.Stamp { // a whole file notes its stamp once, for all
				rows.Trains = append(rows.Trains, t)
			}
			continue
		default:
			r.Trains.Changed++
			r.RemovedRuns += lost(old.Dates, t.Dates, today)
		}
		rows.Trains = append(rows.Trains, t)
		patterns[t.Pattern] = true
	}
	for _, t := range gone {
		n := *t
		n.Retired, n.Dates, n.Stamp = true, Dates{}, i.options.Stamp
		rows.Trains = append(rows.Trains, &n)
		r.Trains.Removed++
		r.RemovedRuns += count(t.Dates, today)
	}
	for _, id := range slices.SortedFunc(maps.Keys(patterns), compareID) {
		body, err := i.patterns[id].Body()
		if err != nil {
			return nil, fault.Wrap(err, "encode calls")
		}
		rows.Documents = append(rows.Documents, Document{ID: id, Kind: PatternDocument, Body: string(body)})
	}
	if err := i.fareRows(rows); err != nil {
		return nil, err
	}
	if err := i.templated(w, rows.Railways[0]); err != nil {
		return nil, err
	}
	return rows, i.tooMuch(had, hadRuns)
}

// elsewhere is the train of another feed that is the same as one of this file: of its number, and leaving at the same
// moment on one of the dates to come. The other feed may have other codes for its stations. Called with mu held for reading.
func (i *importing) elsewhere(w *railway, t *Train, today civil.Date) *Train {
	if w == nil {
		return nil
	}
	leaves := func(t *Train, p *Pattern, d civil.Date) time.Time { return instant(d, zone(t.Zone), p.Calls[0].Depart) }
	for _, o := range w.numbers[number(t.Number)] {
		p := i.core.catalogue.patterns[o.Pattern]
		if o.Feed == t.Feed || o.Retired || p == nil {
			continue
		}
		for d := range t.Dates.Between(today, t.Dates.First.Add(8*len(t.Dates.Bits))) {
			if o.Dates.Has(d) && leaves(o, p, d).Equal(leaves(t, i.patterns[t.Pattern], d)) {
				return o
			}
		}
	}
	return nil
}

// count is how many days of a set are not past.
func count(s Dates, today civil.Date) (n int64) {
	for range s.Between(today, s.First.Add(8*len(s.Bits))) {
		n++
	}
	return n
}

// lost is how many days that are not past a has and b has not.
func lost(a, b Dates, today civil.Date) (n int64) {
	for d := range a.Between(today, a.First.Add(8*len(a.Bits))) {
		if !b.Has(d) {
			n++
		}
	}
	return n
}

// tooMuch refuses a file that removes more than it may: it is cut off, or of something else, more often than right.
func (i *importing) tooMuch(had int, hadRuns int64) error {
	r, most := i.report, int64(i.options.MaxRemovedBP)
	if i.options.Force || int64(r.Trains.Removed)*10_000 <= int64(had)*most && r.RemovedRuns*10_000 <= hadRuns*most {
		return nil
	}
	if r.TooMuch = true; i.options.DryRun {
		return nil
	}
	return fault.New(fault.Conflict, "too_much_removed",
		"The file would remove %d of %d trains and %d of %d runs to come, more than %d.%02d %% of them. Nothing was changed. If that is right, load it by force.",
		r.Trains.Removed, had, r.RemovedRuns, hadRuns, most/100, most%100).
		With("removed_trains", strconv.Itoa(r.Trains.Removed)).With("trains", strconv.Itoa(had)).
		With("removed_runs", strconv.FormatInt(r.RemovedRuns, 10)).With("runs", strconv.FormatInt(hadRuns, 10)).
		With("max_removed_bp", strconv.FormatInt(most, 10))
}

// stationRows adds the stations that differ.
func (i *importing) stationRows(w *railway, rows *Rows, whole int64) {
	d := &i.report.Stations
	old := map[string]*Station{}
	if w != nil {
		old = w.stations
	}
	for _, code := range slices.Sorted(maps.Keys(i.stations)) {
		s := i.stations[code]
		before := old[code]
		switch {
		case whole > i.options.Stamp:
			d.Older++
			continue
		case before == nil || before.Retired:
			d.Added++
		case sameStation(before, s):
			d.Untouched++
			continue
		default:
			d.Changed++
		}
		rows.Stations = append(rows.Stations, s)
	}
	if i.options.Partial {
		return
	}
	for _, code := range slices.Sorted(maps.Keys(old)) {
		if s := old[code]; s.Feed == i.options.Feed && !s.Retired && i.stations[code] == nil {
			n := *s
			n.Retired = true
			rows.Stations = append(rows.Stations, &n)
			d.Removed++
		}
	}
}

func sameStation(a, b *Station) bool {
	x, y := *a, *b
	if len(x.Footpaths) == 0 && len(y.Footpaths) == 0 {
		x.Footpaths, y.Footpaths = nil, nil
	}
	x.Feed, y.Feed = "", "" // several feeds may tell the same of it
	return reflect.DeepEqual(x, y)
}

// fareRows adds the versions of the fares that hold, so that what is sold under them can always be read.
func (i *importing) fareRows(rows *Rows) error {
	_, fares, _, err := effective(rows.Railways[0])
	if err != nil {
		return fault.Wrap(err, "templates")
	}
	rows.Documents = append(rows.Documents, fareDocuments(fares)...)
	return nil
}

// fareDocuments is the versions of the families of a table.
func fareDocuments(t *FareTable) (out []Document) {
	for n := range t.Families {
		if body, err := t.Families[n].Body(); err == nil { // it is named by this very text
			out = append(out, Document{ID: t.Families[n].Version, Kind: FareDocument, Body: string(body)})
		}
	}
	return out
}

// templated counts the runs of the file that need templates. Called with mu held for reading.
func (i *importing) templated(w *railway, row *Railway) error {
	templates, fares, _, err := effective(row)
	if err != nil {
		return fault.Wrap(err, "templates")
	}
	warned := map[string]bool{}
	warn := func(about, code, format string, args ...any) {
		if !warned[code+about] {
			warned[code+about] = true
			i.warn(0, code, format, args...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(i.made)) {
		t := i.made[key]
		runs := int64(t.Dates.Count())
		explicit := int64(0)
		if w != nil && !t.Bus {
			for d := range t.Dates.All() {
				if slices.ContainsFunc(w.compositions[number(t.Number)], func(m *Composition) bool { return m.holds(d) }) {
					explicit++
				}
			}
		}
		i.report.Templated.Composition += runs - explicit
		if row.Fares == nil {
			i.report.Templated.Fare += runs
		}
		if templates.composition(t) == nil && explicit < runs {
			warn(t.Category, "composition_missing", "Nothing says which coaches trains of the category %q have, such as %s: they are not sold.", t.Category, t.Number)
		}
		if _, ok := fares.rate(t.Category, Second); !ok {
			warn(t.Category, "fare_missing", "No tariff is for trains of the category %q, such as %s: they are not sold.", t.Category, t.Number)
		}
		for _, call := range i.patterns[t.Pattern].Calls {
			if s := i.stations[call.Station]; s != nil && s.TransferSeconds == 0 {
				i.report.Templated.Transfer += runs
				break
			}
		}
	}
	return nil
}
