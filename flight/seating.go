package flight

import (
	"slices"
	"time"

	"holdfast/flight/fare"
	"holdfast/uid"
)

// seatingPlan fills in what a timetable does not say: carriers, aircraft types, a tariff, fares. It is made and used
// with the catalogue's lock held, and finish puts what is new into the write.
type seatingPlan struct {
	i        *importing
	w        *Write
	supplier uid.ID
	now      int64 // Unix seconds

	byCode   map[string][]*Aircraft // the supplier's, by equipment code
	memo     map[seatKind]seatsOf
	made     map[uid.ID]*Aircraft // by this import
	carriers map[string]bool      // the supplier's
	tariff   *Tariff
	ours     bool // the tariff is the template's
	priced   map[FareKey]bool
	distance map[[2]string]float64
}

// seatsOf is the aircraft of a kind.
type seatsOf struct {
	id       uid.ID
	template bool
}

func (i *importing) newSeating(w *Write) *seatingPlan {
	c := i.core.catalogue
	s := &seatingPlan{
		i: i, w: w, supplier: i.options.Supplier, now: i.core.clock.Now().Unix(), byCode: map[string][]*Aircraft{}, memo: map[seatKind]seatsOf{}, made: map[uid.ID]*Aircraft{},
		carriers: map[string]bool{}, priced: map[FareKey]bool{}, distance: map[[2]string]float64{},
	}
	for _, a := range c.aircraft {
		if a.Supplier == s.supplier && a.Code != "" {
			s.byCode[a.Code] = append(s.byCode[a.Code], a)
		}
	}
	for _, all := range s.byCode { // the same import has the same outcome
		slices.SortFunc(all, func(a, b *Aircraft) int { return slices.Compare(a.ID[:], b.ID[:]) })
	}
	if s.tariff = c.tariffs[s.supplier]; s.tariff == nil {
		t := *i.template.Tariff
		t.Supplier, t.Revision, t.Families = s.supplier, 1, slices.Clone(t.Families)
		t.RaisedAt = i.core.clock.Now().UTC().Truncate(time.Microsecond) // its prices stand from now on
		t.seal()
		s.tariff, s.ours = &t, true
	}
	return s
}

// carrier reports whether a carrier is the supplier's; one that nobody has becomes so.
func (s *seatingPlan) carrier(code string) bool {
	if s.carriers[code] {
		return true
	}
	known := s.i.core.catalogue.carriers[code]
	if known != nil && known.Supplier != s.supplier {
		return false
	}
	if known == nil {
		s.w.Carriers = append(s.w.Carriers, &Carrier{Code: code, Supplier: s.supplier, Name: code, Revision: 1})
	}
	s.carriers[code] = true
	return true
}

// aircraft is whose seats a departure has; zero when nothing says so.
func (s *seatingPlan) aircraft(p *planned) uid.ID {
	found, known := s.memo[p.kind]
	if !known {
		found = s.find(p.kind)
		s.memo[p.kind] = found
	}
	if found.template {
		s.i.report.TemplateSeats++
	}
	if s.ours && !found.id.IsZero() {
		s.i.report.TemplateTariff++
	}
	return found.id
}

// find is the supplier's own type of the code, with as many seats as the file says if it does; else one that the
// template makes.
func (s *seatingPlan) find(k seatKind) seatsOf {
	said := parseConfiguration(k.configuration)
	seats := int(k.seats)
	if said != nil {
		seats = said.total()
	}
	if own := s.byCode[k.equipment]; k.equipment != "" {
		for _, a := range own {
			if seats == 0 || a.Seats("") == seats {
				return seatsOf{a.ID, s.made[a.ID] != nil}
			}
		}
	}
	t := s.i.template
	if seats == 0 {
		for n := range t.Aircraft {
			if a := &t.Aircraft[n]; k.equipment != "" && slices.Contains(a.Codes, k.equipment) {
				return s.make(&Aircraft{
					ID: derived("template aircraft", s.supplier, k.equipment, a.Name), Supplier: s.supplier, Code: k.equipment, Name: a.Name, Sections: a.Sections, Revision: 1,
				})
			}
		}
		if seats = t.Seats[k.equipment]; seats == 0 {
			seats = t.DefaultSeats
		}
	}
	if seats < 1 || seats > maxSeats {
		return seatsOf{}
	}
	if said == nil {
		said = t.split(seats)
	}
	return s.make(said.layOut(s.supplier, k.equipment))
}

// make takes an aircraft type of the template, unless an import before this one made the same.
func (s *seatingPlan) make(a *Aircraft) seatsOf {
	if s.i.core.catalogue.aircraft[a.ID] == nil && s.made[a.ID] == nil {
		s.made[a.ID] = a
		s.w.Aircraft = append(s.w.Aircraft, a)
	}
	return seatsOf{a.ID, true}
}

// fares gives the markets of a departure fares by distance, where they have none.
func (s *seatingPlan) fares(d *Departure) {
	for from := range d.Legs {
		for to := from; to < len(d.Legs); to++ {
			s.market(d.Legs[from].From, d.Legs[to].To)
		}
	}
}

func (s *seatingPlan) market(from, to string) {
	way := [2]string{from, to}
	if _, done := s.distance[way]; done || from == to {
		return
	}
	c := s.i.core.catalogue
	km := kilometres(c.airports[from], c.airports[to])
	s.distance[way] = km
	s.w.Fares = append(s.w.Fares, missingFares(c, s.tariff, from, to, km, s.now)...)
}

// missingFares are fares by distance for the booking classes of a market that have none. Called with the catalogue's
// lock held.
func missingFares(c *catalogue, t *Tariff, from, to string, km float64, now int64) []*Fare {
	var out []*Fare
	for i := range t.Cabins {
		for k := range t.Cabins[i].Classes {
			class := &t.Cabins[i].Classes[k]
			key := FareKey{t.Supplier, from, to, class.Code}
			if c.fares[key] == nil {
				out = append(out, &Fare{FareKey: key, State: FareState{Published: fare.Publish(class.byDistance(km), now), Derived: true}})
			}
		}
	}
	return out
}

// finish writes the template's tariff when something is sold by it.
func (s *seatingPlan) finish() {
	if s.ours && len(s.w.Departures) > 0 {
		s.w.Tariffs = append(s.w.Tariffs, s.tariff)
		s.w.Versions = append(s.w.Versions, s.tariff.Families...)
	}
}
