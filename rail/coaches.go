package rail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/uid"
)

// ImportCompositions implements Service. A composition is known by its train, dates and weekdays. Coaches get the seats
// of their type, as this file or an earlier one tells; one of a type that nobody tells has none, with a warning. Runs
// whose seats are sold keep their coaches; they are in the report as conflicts.
func (c *Core) ImportCompositions(ctx context.Context, e Editor, read func(context.Context, feed.CoachSink) error, o ImportOptions, progress Progress) (*ImportReport, error) {
	began := time.Now()
	i, err := c.newImport(e, o, coachFeed, progress)
	if err != nil {
		return nil, err
	}
	if err := i.readCoaches(ctx, read); err != nil {
		return nil, err
	}
	if err := i.apply(ctx, i.coachDifference); err != nil {
		return nil, err
	}
	i.report.Duration = time.Since(began)
	return i.report, nil
}

// readCoaches keeps the rows of a file.
func (i *importing) readCoaches(ctx context.Context, read func(context.Context, feed.CoachSink) error) error {
	err := read(ctx, feed.CoachSink{
		Type: func(t feed.CoachType) error {
			row := &TypeRow{Supplier: i.options.Supplier, Stamp: i.options.Stamp, CoachType: CoachType{
				Code: t.Code, Name: t.Name, First: int32(t.First), Second: int32(t.Second), Compartments: int32(t.Compartments),
			}}
			switch {
			case t.Code == "" || len(t.Code) > maxName || !plain(t.Code) || !plain(t.Name):
				i.refuse(t.Line, "coach_type_invalid", "A type of coach has a code of 1 to %d bytes.", maxName)
			case t.First < 0 || t.First > MaxCoachSeats || t.Second < 0 || t.Second > MaxCoachSeats || t.Compartments < 0 || t.Compartments > t.First+t.Second:
				i.refuse(t.Line, "coach_type_invalid", "A coach of type %s cannot have %d and %d seats, %d of them in compartments.", clip(t.Code), t.First, t.Second, t.Compartments)
			case i.types[t.Code] != nil:
				i.refuse(t.Line, "coach_type_invalid", "The type %s is told of again.", clip(t.Code))
			default:
				i.types[t.Code] = row
			}
			return ctx.Err()
		},
		Composition: func(m feed.Composition) error {
			if len(i.compositions) >= MaxTrains {
				return tooLarge("compositions", MaxTrains)
			}
			m.Coaches = slices.Clone(m.Coaches)
			i.compositions = append(i.compositions, m)
			return ctx.Err()
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

// coachDifference is for compositions what trainDifference is for trains.
func (i *importing) coachDifference(w *railway) (*Rows, error) {
	r := i.report
	r.Types, r.Compositions, r.Older, r.TooMuch = Difference{}, Difference{}, false, false
	i.untold = map[string]bool{}
	rows := &Rows{Railways: []*Railway{i.railwayRow(w)}}
	whole, oldTypes, old := int64(0), map[string]*TypeRow{}, map[uid.ID]*Composition{}
	had := 0
	if w != nil {
		whole, oldTypes = w.row.Feeds[i.options.Feed].Stamp, w.types
		for _, list := range w.compositions {
			for _, m := range list {
				old[m.ID] = m
				if m.Source == i.options.Feed && !m.Gone {
					had++
				}
			}
		}
	}
	if whole > i.options.Stamp {
		r.Older, r.Types.Older, r.Compositions.Older = true, len(i.types), len(i.compositions)
		return rows, nil
	}
	for _, code := range slices.Sorted(maps.Keys(i.types)) {
		t, before := i.types[code], oldTypes[code]
		switch {
		case before == nil:
			r.Types.Added++
		case before.Stamp > i.options.Stamp:
			r.Types.Older++
			continue
		case before.CoachType == t.CoachType:
			r.Types.Untouched++
			continue
		default:
			r.Types.Changed++
		}
		rows.Types = append(rows.Types, t)
	}
	seen := map[uid.ID]bool{}
	for n := range i.compositions {
		m, f, err := i.composition(&i.compositions[n], oldTypes)
		if err != nil {
			i.refuse(i.compositions[n].Line, "composition_invalid", "Train %s: %v.", clip(i.compositions[n].Train), err)
			continue
		}
		before := old[m.ID]
		switch {
		case seen[m.ID]:
			i.refuse(i.compositions[n].Line, "composition_repeated", "The coaches of train %s on these dates are told of again.", clip(m.Train))
			continue
		case before == nil || before.Gone:
			r.Compositions.Added++
		case before.Stamp > i.options.Stamp:
			r.Compositions.Older++
			seen[m.ID] = true
			continue
		case before.Formation == m.Formation:
			r.Compositions.Untouched++
			seen[m.ID] = true
			continue
		default:
			r.Compositions.Changed++
		}
		seen[m.ID] = true
		body, err := f.Body()
		if err != nil {
			return nil, fault.Wrap(err, "encode coaches")
		}
		rows.Documents = append(rows.Documents, Document{ID: f.ID, Kind: FormationDocument, Body: string(body)})
		rows.Compositions = append(rows.Compositions, m)
	}
	for _, id := range slices.SortedFunc(maps.Keys(old), compareID) {
		m := old[id]
		if i.options.Partial || m.Source != i.options.Feed || m.Gone || seen[id] || m.Stamp > i.options.Stamp {
			continue
		}
		n := *m
		n.Gone, n.Stamp = true, i.options.Stamp
		rows.Compositions = append(rows.Compositions, &n)
		r.Compositions.Removed++
	}
	if most := int64(i.options.MaxRemovedBP); !i.options.Force && int64(r.Compositions.Removed)*10_000 > int64(had)*most {
		if r.TooMuch = true; !i.options.DryRun {
			return nil, fault.New(fault.Conflict, "too_much_removed",
				"The file would remove the coaches of %d of %d trains, more than %d.%02d %% of them. Nothing was changed. If that is right, load it by force.",
				r.Compositions.Removed, had, most/100, most%100).
				With("removed_compositions", fmt.Sprint(r.Compositions.Removed)).With("compositions", fmt.Sprint(had)).With("max_removed_bp", fmt.Sprint(most))
		}
	}
	return rows, nil
}

// composition makes the row of a composition and its formation.
func (i *importing) composition(m *feed.Composition, types map[string]*TypeRow) (*Composition, *Formation, error) {
	if m.Train == "" || len(m.Train) > maxName || !plain(m.Train) {
		return nil, nil, errors.New("it names no train")
	}
	row := &Composition{
		Supplier: i.options.Supplier, Source: i.options.Feed, Train: m.Train, From: m.From, To: m.To, Weekdays: m.Weekdays, Stamp: i.options.Stamp,
	}
	if row.From == 0 && row.To == 0 {
		row.From, row.To = always, never
	} else {
		row.From, row.To = row.From.Add(7*i.options.ShiftWeeks), row.To.Add(7*i.options.ShiftWeeks)
	}
	if row.From >= row.To || row.Weekdays > feed.Every {
		return nil, nil, errors.New("its dates are none")
	}
	coaches := make([]Coach, len(m.Coaches))
	for n, c := range m.Coaches {
		coaches[n] = Coach{Number: c.Number, Type: c.Type, From: c.From, To: c.To}
		t := cmp.Or(i.types[c.Type], types[c.Type])
		if t == nil {
			if !i.untold[c.Type] {
				i.untold[c.Type] = true
				i.warn(c.Line, "coach_type_unknown", "Nothing says how many seats a coach of type %q has; it is taken for one without.", clip(c.Type))
			}
			continue
		}
		coaches[n].First, coaches[n].Second, coaches[n].Compartments = t.First, t.Second, t.Compartments
	}
	f, err := NewFormation(coaches, 0)
	if err != nil {
		return nil, nil, err
	}
	row.Formation = f.ID
	row.ID = compositionID(row)
	return row, f, nil
}

// SetComposition implements Service.
func (c *Core) SetComposition(ctx context.Context, e Editor, m CompositionChange) (*SaleReport, error) {
	if err := e.may(m.Supplier); err != nil {
		return nil, err
	}
	err := c.edit(ctx, m.Supplier, func(w *railway) (*Rows, error) {
		if len(w.numbers[number(m.Train)]) == 0 {
			return nil, fault.New(fault.NotFound, "train_not_found", "The railway has no train %s.", clip(m.Train))
		}
		var v verdicts
		v.check(m.From < m.To, "/to", "empty_range", "to is the first date that is not meant any more, so it comes after from.")
		v.check(m.Weekdays <= feed.Every, "/weekdays", "unknown", "Weekdays are seven bits.")
		coaches := slices.Clone(m.Coaches)
		for n := range coaches {
			k := &coaches[n]
			if t := w.types[k.Type]; k.First+k.Second == 0 && t != nil {
				k.First, k.Second, k.Compartments = t.First, t.Second, t.Compartments
			} else if t == nil && k.First+k.Second == 0 {
				v.check(false, index("/coaches", n), "coach_type_unknown", "Nothing says how many seats this coach has: name a type that the railway has, or the seats.")
			}
			for _, code := range []string{k.From, k.To} {
				v.check(code == "" || w.stations[code] != nil, index("/coaches", n), "station_unknown", "The railway has no station %q.", clip(code))
			}
		}
		f, err := NewFormation(coaches, 0)
		v.check(err == nil, "/coaches", "composition_invalid", "The composition cannot be: %v.", err)
		if err := v.err(); err != nil {
			return nil, err
		}
		body, err := f.Body()
		if err != nil {
			return nil, fault.Wrap(err, "encode coaches")
		}
		row := &Composition{Supplier: m.Supplier, Train: m.Train, From: m.From, To: m.To, Weekdays: m.Weekdays, Formation: f.ID, Stamp: c.now().UnixMicro()}
		row.ID = compositionID(row)
		next := *w.row
		next.Revision++
		return &Rows{
			Railways: []*Railway{&next}, Documents: []Document{{ID: f.ID, Kind: FormationDocument, Body: string(body)}}, Compositions: []*Composition{row},
		}, nil
	})
	if err != nil {
		return nil, err
	}
	report := &SaleReport{}
	if err := c.sell(ctx, m.Supplier, report); err != nil {
		c.log.Warn("coaches are changed later", "error", err)
	}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	all := c.conflicts(c.catalogue.railways[m.Supplier])
	report.Conflicts = slices.DeleteFunc(all, func(x Conflict) bool {
		return number(x.Number) != number(m.Train) || x.Date < m.From || x.Date >= m.To
	})
	return report, nil
}

// edit changes a railway: change makes the rows from what is there, which is at its latest state.
func (c *Core) edit(ctx context.Context, supplier uid.ID, change func(w *railway) (*Rows, error)) error {
	if err := c.turns.take(ctx, supplier); err != nil {
		return err
	}
	defer c.turns.give(supplier)
	for range importTries {
		if err := c.poll(ctx); err != nil {
			return err
		}
		c.catalogue.mu.RLock()
		w := c.catalogue.railways[supplier]
		if w == nil || w.row == nil {
			w = &railway{row: &Railway{Supplier: supplier, Feeds: map[string]Feed{}}}
		}
		rows, err := change(w)
		c.catalogue.mu.RUnlock()
		if err != nil {
			return err
		}
		if err := c.write(ctx, rows); !errors.Is(err, ErrStale) {
			return err
		}
	}
	return fault.Overloaded(time.Second)
}

// SetFares implements Service.
func (c *Core) SetFares(ctx context.Context, e Editor, supplier uid.ID, t FareTable) (*FareTable, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	var v verdicts
	t.check(&v, "")
	if err := v.err(); err != nil {
		return nil, err
	}
	err := c.edit(ctx, supplier, func(w *railway) (*Rows, error) {
		next := *w.row
		next.Revision++
		next.Fares = t.clone()
		if err := next.Fares.versioned(supplier); err != nil {
			return nil, fault.Wrap(err, "fares")
		}
		return &Rows{Railways: []*Railway{&next}, Documents: fareDocuments(next.Fares)}, nil
	})
	if err != nil {
		return nil, err
	}
	return c.Fares(ctx, supplier)
}

// Fares implements Service.
func (c *Core) Fares(_ context.Context, supplier uid.ID) (*FareTable, error) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	w := c.catalogue.railways[supplier]
	if w == nil || w.fares == nil {
		return nil, railwayNotFound()
	}
	return w.fares.clone(), nil
}
