package flight

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/flight/itinerary"
	"holdfast/uid"
)

// maxLegHours bounds one leg; the longest scheduled flight takes 19 hours.
const maxLegHours = 30

// noPassengers are the IATA service types that take none.
const noPassengers = "FVMAHPTKDEWXI" //nolint:gosec // letters, no secret

// expandLegs makes dated departures of the legs of a schedule. Legs of one flight number, variation and date that follow
// each other are one departure.
func (i *importing) expandLegs(ctx context.Context) error {
	legs := i.legs
	order := make([]int, 0, len(legs))
	for n := range legs {
		l := &legs[n]
		if l.ServiceType != "" && strings.Contains(noPassengers, l.ServiceType) {
			i.warn(l.Line, "not_passenger", "Service type %s takes no passengers; the line is left out.", l.ServiceType)
			continue
		}
		if i.checkLeg(l) {
			order = append(order, n)
		}
	}
	same := func(a, b *feed.Leg) int {
		return cmp.Or(cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Suffix, b.Suffix), cmp.Compare(a.Variation, b.Variation))
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &legs[a], &legs[b]
		return cmp.Or(same(x, y), cmp.Compare(x.First, y.First), cmp.Compare(x.Last, y.Last), cmp.Compare(x.Weekdays, y.Weekdays), cmp.Compare(x.Sequence, y.Sequence))
	})
	for from := 0; from < len(order); {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := from + 1
		for to < len(order) && same(&legs[order[from]], &legs[order[to]]) == 0 {
			to++
		}
		i.expandFlight(order[from:to])
		if len(i.planned) > maxExpanded {
			return fileInvalid(&feed.Error{Fatal: true, Code: "too_many_departures", Message: "The timetable means more than 1,500,000 departures."})
		}
		from = to
	}
	return nil
}

// datedLeg is a leg on one date.
type datedLeg struct {
	date civil.Date
	leg  int
}

// expandFlight makes the departures of all legs of one flight number and variation.
func (i *importing) expandFlight(order []int) {
	i.keepSchedules(order)
	shift := 7 * i.options.ShiftWeeks
	var dated []datedLeg
	for _, n := range order {
		l := &i.legs[n]
		for d := l.First; d <= l.Last; d++ {
			if l.Weekdays.Has(d) {
				dated = append(dated, datedLeg{d.Add(shift), n})
			}
		}
	}
	slices.SortStableFunc(dated, func(a, b datedLeg) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(i.legs[a.leg].Sequence, i.legs[b.leg].Sequence))
	})
	for from := 0; from < len(dated); {
		first := &i.legs[dated[from].leg]
		p := planned{line: first.Line}
		p.of = Departure{Supplier: i.options.Supplier, Key: Key{Carrier: first.Carrier, Number: first.Number, Suffix: first.Suffix, Date: dated[from].date}}
		p.kind = seatKind{equipment: first.Equipment, configuration: first.Configuration}
		p.of.Operator, p.of.Codeshares, p.of.Equipment = first.Operator, cleanNumbers(first.Codeshares), first.Equipment
		to := from
		for to < len(dated) && dated[to].date == dated[from].date && len(p.of.Legs) < itinerary.MaxLegs {
			l := &i.legs[dated[to].leg]
			leg, ok := i.leg(l, dated[to].date)
			if last := len(p.of.Legs) - 1; !ok || last >= 0 && (p.of.Legs[last].To != leg.From || leg.Departs.Before(p.of.Legs[last].Arrives)) {
				break
			}
			p.of.Legs = append(p.of.Legs, leg)
			to++
		}
		if to == from { // its times are impossible; it was refused
			from++
			continue
		}
		i.plan(p)
		from = to
	}
}

// plan takes a departure whose legs are there.
func (i *importing) plan(p planned) {
	p.of.From, p.of.To = p.of.Legs[0].From, p.of.Legs[len(p.of.Legs)-1].To
	if p.of.Operator == p.of.Carrier {
		p.of.Operator = ""
	}
	p.of.ID = p.of.Key.ID(p.of.Supplier)
	i.planned = append(i.planned, p)
}

// leg is a leg on a date, in instants. A file's offsets count where its dates do; a timetable that is moved has those
// of the airports' zones.
func (i *importing) leg(l *feed.Leg, date civil.Date) (Leg, bool) {
	out := Leg{From: l.From, To: l.To}
	out.Departs, out.DepartOffset = i.instant(l, l.From, date, l.Departs, l.DepartOffset)
	out.Arrives, out.ArriveOffset = i.instant(l, l.To, date, l.Arrives, l.ArriveOffset)
	if took := out.Arrives.Sub(out.Departs); took <= 0 || took > maxLegHours*time.Hour {
		i.refuse(l.Line, "times_backwards", "From %s to %s takes %s on %s.", l.From, l.To, took, date)
		return out, false
	}
	return out, true
}

func (i *importing) instant(l *feed.Leg, airport string, date civil.Date, minutes, offset int32) (time.Time, int16) {
	local := wallClock(date, minutes, i.core.zone(airport))
	if l.Offsets && i.options.ShiftWeeks == 0 {
		at := time.Unix(int64(date)*86400+int64(minutes)*60-int64(offset)*60, 0).UTC()
		if !at.Equal(local) && !i.warned(airport) {
			i.warn(l.Line, "offset_differs", "The file has another distance to UTC at %s on %s than its time zone; the file's counts.", airport, date)
		}
		return at, int16(offset)
	}
	_, seconds := local.Zone()
	return local.UTC(), int16(seconds / 60)
}

// wallClock is the instant at which clocks in a zone show so many minutes after the midnight that begins a date. A time
// that is skipped is moved forward by the gap; of one that is there twice the first is meant.
func wallClock(date civil.Date, minutes int32, zone *time.Location) time.Time {
	return date.In(zone, 0, int(minutes))
}

// warned reports whether an airport has had its warning, and notes that it has.
func (i *importing) warned(airport string) bool {
	if i.told == nil {
		i.told = map[string]bool{}
	}
	if i.told[airport] {
		return true
	}
	i.told[airport] = true
	return false
}

// zone is the zone of an airport that is known; nil if it is not.
func (c *Core) zone(airport string) *time.Location {
	c.catalogue.mu.RLock()
	a := c.catalogue.airports[airport]
	c.catalogue.mu.RUnlock()
	if a == nil {
		return nil
	}
	return zoneOf(a.Zone)
}

// checkLeg refuses lines that no departures can be made of.
func (i *importing) checkLeg(l *feed.Leg) bool {
	before := len(i.report.Refused)
	i.checkNumber(l.Line, l.Carrier, l.Number, l.Suffix)
	i.checkAirports(l.Line, l.From, l.To)
	if l.First > l.Last || l.Last-l.First > 2*366 {
		i.refuse(l.Line, "period_invalid", "The period from %s to %s is empty or longer than two years.", l.First, l.Last)
	}
	if l.Weekdays == 0 {
		i.refuse(l.Line, "weekdays_missing", "The leg flies on no day of the week.")
	}
	if l.Departs < -1440 || l.Departs > 10*1440 || l.Arrives < -1440 || l.Arrives > 10*1440 {
		i.refuse(l.Line, "times_invalid", "The times are too far from the date of the flight.")
	}
	return len(i.report.Refused) == before
}

func (i *importing) checkNumber(line int, carrier, number, suffix string) {
	if !code(carrier, 2, 3) {
		i.refuse(line, "carrier_invalid", "%q is not a carrier's code.", clip(carrier))
	}
	if number == "" || len(number) > 5 || strings.Trim(number, "0123456789") != "" {
		i.refuse(line, "number_invalid", "%q is not a flight number.", clip(number))
	}
	if suffix != "" && !code(suffix, 1, 1) {
		i.refuse(line, "suffix_invalid", "%q is not an operational suffix.", clip(suffix))
	}
}

func (i *importing) checkAirports(line int, codes ...string) {
	for n, airport := range codes {
		if i.core.zone(airport) == nil {
			i.refuse(line, "airport_unknown", "%q is not an airport we know. Import the airports first.", clip(airport))
		} else if n > 0 && airport == codes[n-1] {
			i.refuse(line, "airport_twice", "The leg goes from %s to %s.", airport, airport)
		}
	}
}

// code reports whether s is capitals and digits, so many of them.
func code(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for n := range len(s) {
		if c := s[n]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// clip shortens what a file says for a message.
func clip(s string) string {
	const most = 40
	if signs := []rune(s); len(signs) > most {
		return string(signs[:most]) + "…"
	}
	return s
}

// maxCodeshares bounds the other numbers of a departure.
const maxCodeshares = 20

// cleanNumbers are flight numbers as they are kept: "YY1234".
func cleanNumbers(numbers []string) []string {
	var out []string
	for _, n := range numbers {
		if n = normal(n); len(n) > 2 && len(n) <= 8 && code(n, 3, 8) && !slices.Contains(out, n) && len(out) < maxCodeshares {
			out = append(out, n)
		}
	}
	return out
}

// keepSchedules notes the schedules of one flight number and variation as documents.
func (i *importing) keepSchedules(order []int) {
	for from := 0; from < len(order); {
		first := &i.legs[order[from]]
		s := &Schedule{
			Supplier: i.options.Supplier, Feed: i.options.Feed, Carrier: first.Carrier, Number: first.Number, Suffix: first.Suffix,
			First: first.First.Add(7 * i.options.ShiftWeeks), Last: first.Last.Add(7 * i.options.ShiftWeeks), Weekdays: uint8(first.Weekdays),
		}
		to := from
		for to < len(order) {
			l := &i.legs[order[to]]
			if l.First != first.First || l.Last != first.Last || l.Weekdays != first.Weekdays || to > from && l.From != i.legs[order[to-1]].To {
				break
			}
			s.Legs = append(s.Legs, ScheduleLeg{From: l.From, To: l.To, Departs: l.Departs, Arrives: l.Arrives, Equipment: l.Equipment, Operator: l.Operator, Codeshares: cleanNumbers(l.Codeshares)})
			to++
		}
		s.seal()
		i.schedules = append(i.schedules, s)
		from = to
	}
}

// seal gives a schedule its id.
func (s *Schedule) seal() {
	s.ID = uid.ID{}
	body, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers and texts
	}
	s.ID = derived("schedule", s.Supplier, string(body))
}

// takeDepartures makes departures of dated rows. Each is one by itself, though its number may fly on.
func (i *importing) takeDepartures(ctx context.Context) error {
	for n := range i.departures {
		if n%10_000 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		i.takeDeparture(&i.departures[n])
	}
	return nil
}

func (i *importing) takeDeparture(d *feed.Departure) {
	before := len(i.report.Refused)
	i.checkNumber(d.Line, d.Carrier, d.Number, "")
	i.checkAirports(d.Line, d.From, d.To)
	if d.Minutes < 0 || d.Minutes > maxLegHours*60 {
		i.refuse(d.Line, "duration_invalid", "A flight of %d minutes is not possible.", d.Minutes)
	}
	if len(i.report.Refused) > before {
		return
	}
	if d.Minutes == 0 {
		d.Minutes = i.assumed(d.From, d.To)
		i.warn(d.Line, "duration_assumed", "Nothing says how long the flight from %s to %s takes; %d minutes are assumed.", d.From, d.To, d.Minutes)
	}
	date := d.Date.Add(7 * i.options.ShiftWeeks)
	leg := Leg{From: d.From, To: d.To}
	at := wallClock(date, d.Departs, i.core.zone(d.From))
	_, seconds := at.Zone()
	leg.Departs, leg.DepartOffset = at.UTC(), int16(seconds/60)
	at = at.Add(time.Duration(d.Minutes) * time.Minute).In(i.core.zone(d.To))
	_, seconds = at.Zone()
	leg.Arrives, leg.ArriveOffset = at.UTC(), int16(seconds/60)
	p := planned{line: d.Line, kind: seatKind{seats: d.Seats}}
	p.of = Departure{Supplier: i.options.Supplier, Key: Key{Carrier: d.Carrier, Number: d.Number, Date: date}, Legs: []Leg{leg}, Tail: clip(d.Tail)}
	if i.options.ShiftWeeks == 0 { // what became of a flight is of its own day
		p.of.Live = liveOf(d, leg, i.options.Stamp)
	}
	i.plan(p)
}

// assumed is about how long a flight takes, in minutes: half an hour and 13 kilometres a minute.
func (i *importing) assumed(from, to string) int32 {
	c := i.core.catalogue
	c.mu.RLock()
	defer c.mu.RUnlock()
	return 30 + int32(kilometres(c.airports[from], c.airports[to])/13)
}

// liveOf is what a row tells beyond its timetable; nil for nothing.
func liveOf(d *feed.Departure, leg Leg, stamp int64) *Live {
	if !d.Cancelled && !d.Diverted && !d.Flown {
		return nil
	}
	l := &Live{Stamp: stamp, Cancelled: d.Cancelled, Diverted: d.Diverted, Departed: d.Flown && !d.Cancelled, Reason: d.Reason}
	departs := leg.Departs.Add(time.Duration(d.DepartDelay) * time.Minute)
	arrives := leg.Arrives.Add(time.Duration(d.ArriveDelay) * time.Minute)
	if d.Flown && arrives.After(departs) && (d.DepartDelay != 0 || d.ArriveDelay != 0) {
		l.Times = []LegTimes{{departs, arrives}}
	}
	return l
}
