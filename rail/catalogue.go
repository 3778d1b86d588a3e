package rail

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"holdfast/civil"
	"holdfast/uid"
)

// catalogue holds every railway in memory, so that reading never asks the store. What its maps point to is immutable;
// mu guards the maps.
type catalogue struct {
	mu         sync.RWMutex
	railways   map[uid.ID]*railway
	patterns   map[uid.ID]*Pattern
	formations map[uid.ID]*Formation
	trains     map[uid.ID]*Train
	runIDs     map[uid.ID]RunKey // of runs with a row
	timetables int64             // how often trains or stations changed
}

// railway is one railway in memory.
type railway struct {
	row          *Railway
	templates    *Templates // those that hold
	fares        *FareTable // the one that holds, its families named
	formed       map[*CompositionTemplate]*Formation
	stations     map[string]*Station
	trains       map[uid.ID]*Train
	numbers      map[string][]*Train // by folded number, retired ones too
	types        map[string]*TypeRow
	compositions map[string][]*Composition // by folded train number, the first that holds for a date being the one
	runs         map[RunKey]*Run
	open         map[RunKey]bool // of runs, those with something left to be done
}

func newCatalogue() *catalogue {
	return &catalogue{
		railways: map[uid.ID]*railway{}, patterns: map[uid.ID]*Pattern{}, formations: map[uid.ID]*Formation{},
		trains: map[uid.ID]*Train{}, runIDs: map[uid.ID]RunKey{},
	}
}

// number is a train's number as it is looked up: "ice1672" is "ICE 1672".
func number(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }

// put takes rows as they were written or read, unless newer ones are there. Called with mu held.
func (c *catalogue) put(rows *Rows) error {
	if len(rows.Trains)+len(rows.Stations) > 0 {
		c.timetables++
	}
	for _, d := range rows.Documents {
		if err := c.document(d); err != nil {
			return err
		}
	}
	for _, r := range rows.Railways {
		if err := c.railway(r.Supplier).set(r); err != nil {
			return err
		}
	}
	for _, s := range rows.Stations {
		c.railway(s.Supplier).stations[s.Code] = s
	}
	for _, t := range rows.Trains {
		w := c.railway(t.Supplier)
		if old := w.trains[t.ID]; old != nil {
			key := number(old.Number)
			w.numbers[key] = slices.DeleteFunc(slices.Clone(w.numbers[key]), func(o *Train) bool { return o.ID == t.ID })
		}
		key := number(t.Number)
		w.numbers[key] = append(slices.Clip(w.numbers[key]), t)
		w.trains[t.ID], c.trains[t.ID] = t, t
	}
	for _, t := range rows.Types {
		c.railway(t.Supplier).types[t.Code] = t
	}
	for _, m := range rows.Compositions {
		w, key := c.railway(m.Supplier), number(m.Train)
		list := slices.DeleteFunc(slices.Clone(w.compositions[key]), func(o *Composition) bool { return o.ID == m.ID })
		list = append(list, m)
		slices.SortFunc(list, func(a, b *Composition) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		w.compositions[key] = list
	}
	for _, r := range rows.Runs {
		w := c.railway(r.Supplier)
		if old := w.runs[r.Key()]; old == nil || old.Revision < r.Revision {
			w.runs[r.Key()] = r
			if old == nil { // a run has one id for ever
				c.runIDs[r.Key().ID()] = r.Key()
			}
			if r.Todo != 0 {
				w.open[r.Key()] = true
			} else {
				delete(w.open, r.Key())
			}
		}
	}
	return nil
}

func (c *catalogue) document(d Document) error {
	switch d.Kind {
	case PatternDocument:
		if c.patterns[d.ID] == nil {
			p, err := ParsePattern(d.ID, []byte(d.Body))
			if err != nil {
				return err
			}
			c.patterns[d.ID] = p
		}
	case FormationDocument:
		if c.formations[d.ID] == nil {
			f, err := ParseFormation(d.ID, []byte(d.Body))
			if err != nil {
				return err
			}
			c.formations[d.ID] = f
		}
	case FareDocument: // read when somebody asks what was sold
	}
	return nil
}

// railway finds a railway, or begins one: rows that belong to it come after its own, but not always from the same read.
func (c *catalogue) railway(supplier uid.ID) *railway {
	w := c.railways[supplier]
	if w == nil {
		w = &railway{
			stations: map[string]*Station{}, trains: map[uid.ID]*Train{}, numbers: map[string][]*Train{}, types: map[string]*TypeRow{},
			compositions: map[string][]*Composition{}, runs: map[RunKey]*Run{}, open: map[RunKey]bool{},
		}
		c.railways[supplier] = w
	}
	return w
}

// set takes a new state of the railway's own row and works out what follows from it.
func (w *railway) set(r *Railway) error {
	if w.row != nil && w.row.Revision >= r.Revision {
		return nil
	}
	templates, fares, formed, err := effective(r)
	if err != nil {
		return err
	}
	w.row, w.templates, w.fares, w.formed = r, templates, fares, formed
	return nil
}

// effective is what holds for a railway: its own templates and fares, or those it falls back on.
func effective(r *Railway) (*Templates, *FareTable, map[*CompositionTemplate]*Formation, error) {
	templates := r.Templates
	if templates == nil {
		t := DefaultTemplates()
		templates = &t
	}
	fares := r.Fares
	if fares == nil {
		fares = &templates.Fares
	}
	fares = fares.clone()
	if err := fares.versioned(r.Supplier); err != nil {
		return nil, nil, nil, err
	}
	formed := map[*CompositionTemplate]*Formation{}
	for i := range templates.Compositions {
		t := &templates.Compositions[i]
		f, err := NewFormation(t.Coaches, t.Places)
		if err != nil {
			return nil, nil, nil, err
		}
		formed[t] = f
	}
	return templates, fares, formed, nil
}

// sortedSuppliers is all railways, always in the same order. Called with mu held.
func (c *catalogue) sortedSuppliers() []uid.ID {
	return slices.SortedFunc(maps.Keys(c.railways), compareID)
}

// root is the station that a code stands for: of a platform, its station.
func (w *railway) root(code string) *Station {
	s := w.stations[code]
	for range 4 { // platforms of halls of stations; a circle ends here
		if s == nil || s.Parent == "" || w.stations[s.Parent] == nil {
			return s
		}
		s = w.stations[s.Parent]
	}
	return s
}

// roots are the codes of the stations of a pattern.
func (w *railway) roots(p *Pattern) []string {
	out := make([]string, len(p.Calls))
	for i := range p.Calls {
		if s := w.root(p.Calls[i].Station); s != nil {
			out[i] = s.Code
		}
	}
	return out
}

// formation is the coaches of a train on a date as they should be; nil where nothing says. Called with mu held for reading.
func (c *catalogue) formation(w *railway, t *Train, d civil.Date) *Formation {
	for _, m := range w.compositions[number(t.Number)] {
		if m.holds(d) && !t.Bus {
			return c.formations[m.Formation]
		}
	}
	if m := w.templates.composition(t); m != nil {
		return w.formed[m]
	}
	return nil
}

// zoneOf is the zone of a station of a train.
func (w *railway) zoneOf(s *Station, t *Train) string {
	if s != nil && s.Zone != "" {
		return s.Zone
	}
	return t.Zone
}
