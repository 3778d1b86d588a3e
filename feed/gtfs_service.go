package feed

import (
	"cmp"
	"context"
	"slices"

	"holdfast/civil"
)

// maxServiceDays bounds the days of one period: 20 years. Some feeds say "for ever".
const maxServiceDays = 7_305

// gtfsService is the days on which trips run.
type gtfsService struct {
	first, last civil.Date // both inclusive
	weekdays    Weekdays   // none: all its days are exceptions
	refused     bool       // a line of it was: it might run on days when it does not
	needed      bool       // a trip runs by it
	dates       []civil.Date
}

// gtfsException adds a day to a service or takes it out.
type gtfsException struct {
	service, line int32
	date          civil.Date
	removed       bool
}

// gtfsDate reads YYYYMMDD.
func gtfsDate(text string) (civil.Date, bool) {
	if len(text) != 8 {
		return 0, false
	}
	d, err := civil.Parse(text[:4] + "-" + text[4:6] + "-" + text[6:])
	return d, err == nil
}

func (g *gtfs) service(id string) int32 {
	i, ok := g.serviceIndex[id]
	if !ok {
		i = int32(len(g.services))
		g.serviceIndex[g.hold(id)] = i
		g.services = append(g.services, gtfsService{})
	}
	return i
}

func tooManyServices(r *Record, most int) *Error {
	return fatal(r.Line, "too_many_services", "The feed has more than %d services.", most)
}

var gtfsDays = [7]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (g *gtfs) readCalendar(ctx context.Context) error {
	return g.read(ctx, "calendar.txt", nil, func(r *Record) *Error {
		id := r.Get("service_id")
		if id == "" {
			return refuse(r, "missing_value", "The service has no service_id.")
		}
		if _, twice := g.serviceIndex[id]; twice {
			return refuse(r, "duplicate", "The service %q was there before; its first line stands.", id)
		}
		i := g.service(id)
		if len(g.services) > g.options.MaxTrips {
			return tooManyServices(r, g.options.MaxTrips)
		}
		g.services[i].refused = true // until its line was read whole
		s := gtfsService{}
		for day, column := range gtfsDays {
			switch text := r.Get(column); text {
			case "0":
			case "1":
				s.weekdays |= 1 << day
			default:
				return refuse(r, "bad_weekday", "%s is %q, neither 0 nor 1; the trains of the service %q are left out.", column, text, id)
			}
		}
		var ok bool
		if s.first, ok = gtfsDate(r.Get("start_date")); !ok {
			return refuse(r, "bad_date", "start_date %q is not a date (YYYYMMDD); the trains of the service %q are left out.", r.Get("start_date"), id)
		}
		if s.last, ok = gtfsDate(r.Get("end_date")); !ok {
			return refuse(r, "bad_date", "end_date %q is not a date (YYYYMMDD); the trains of the service %q are left out.", r.Get("end_date"), id)
		}
		if s.last < s.first {
			return refuse(r, "bad_period", "The service %q ends on %s, before it begins on %s.", id, s.last, s.first)
		}
		if s.last-s.first >= maxServiceDays {
			s.last = s.first.Add(maxServiceDays - 1)
			g.warn(r, "long_period", "The service %q runs for more than 20 years; it was read to %s.", id, s.last)
		}
		g.services[i] = s
		return nil
	})
}

// readExceptions reads calendar_dates.txt. A line that cannot be read may be a cancelled day, so the service it belongs
// to is refused; when the line does not say which, those of the lines around it.
func (g *gtfs) readExceptions(ctx context.Context) error {
	near := neighbours{last: -1}
	spoil := func(service int32) { g.services[service].refused = true }
	return g.read(ctx, "calendar_dates.txt", func(r *Record) {
		service, there := g.serviceIndex[r.Get("service_id")]
		if there {
			spoil(service)
		}
		if !there || r.Line == 0 {
			near.damage(spoil)
		}
	}, func(r *Record) *Error {
		id := r.Get("service_id")
		if id == "" {
			near.damage(spoil)
			return refuse(r, "missing_value", "The exception has no service_id; the services of the lines around it are left out.")
		}
		service := g.service(id)
		if len(g.services) > g.options.MaxTrips {
			return tooManyServices(r, g.options.MaxTrips)
		}
		near.pass(service, spoil)
		kind := r.Get("exception_type")
		if kind != "1" && kind != "2" {
			spoil(service)
			return refuse(r, "bad_exception_type", "exception_type is %q, neither 1 (runs) nor 2 (does not); the trains of the service %q are left out.", kind, id)
		}
		date, ok := gtfsDate(r.Get("date"))
		if !ok && kind == "1" {
			return refuse(r, "bad_date", "%q is not a date (YYYYMMDD); the service %q is read without this day.", r.Get("date"), id)
		}
		if !ok {
			spoil(service)
			return refuse(r, "bad_date", "%q is not a date (YYYYMMDD), so on which day the service %q does not run is not known; its trains are left out.", r.Get("date"), id)
		}
		g.exceptions = append(g.exceptions, gtfsException{service, int32(r.Line), date, kind == "2"})
		return nil
	})
}

// neighbours remembers what the line before belongs to, for a line that cannot say what it belongs to itself.
type neighbours struct {
	last    int32 // -1: none
	damaged bool
}

func (n *neighbours) damage(spoil func(int32)) {
	if n.damaged = true; n.last >= 0 {
		spoil(n.last)
	}
}

func (n *neighbours) pass(next int32, spoil func(int32)) {
	if n.damaged {
		spoil(next)
	}
	n.last, n.damaged = next, false
}

// expandServices finds the dates of the services that trips run by.
func (g *gtfs) expandServices(ctx context.Context) error {
	for i := range g.trips {
		if t := &g.trips[i]; !t.refused {
			g.services[t.service].needed = true
		}
	}
	slices.SortFunc(g.exceptions, func(a, b gtfsException) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.date, b.date), cmp.Compare(a.line, b.line))
	})
	total, at := 0, 0
	for i := range g.services {
		from := at
		for at < len(g.exceptions) && g.exceptions[at].service == int32(i) {
			at++
		}
		s := &g.services[i]
		s.dates = s.expand(g.settle(g.exceptions[from:at]))
		if total += len(s.dates); total > g.options.MaxDates {
			return fatal(0, "too_many_dates", "The services of the feed have more than %d dates.", g.options.MaxDates)
		}
	}
	return ctx.Err()
}

// settle leaves one exception for each day, of those of one service in order: the one that does not let it run, where
// the file says both.
func (g *gtfs) settle(exceptions []gtfsException) []gtfsException {
	kept := exceptions[:0]
	for _, e := range exceptions {
		if n := len(kept); n > 0 && kept[n-1].date == e.date {
			kept[n-1].removed = kept[n-1].removed || e.removed
			g.remark(&Error{File: "calendar_dates.txt", Line: int(e.line), Code: "duplicate", Message: "The service has an exception on " + e.date.String() + " before."})
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// expand gives the days of the service in order. Exceptions are in order, one a day.
func (s *gtfsService) expand(exceptions []gtfsException) []civil.Date {
	if s.refused || !s.needed {
		return nil
	}
	var dates []civil.Date
	add := func(e gtfsException) {
		if !e.removed {
			dates = append(dates, e.date)
		}
	}
	if s.weekdays != 0 {
		for d := s.first; d <= s.last; d++ {
			for len(exceptions) > 0 && exceptions[0].date < d {
				add(exceptions[0])
				exceptions = exceptions[1:]
			}
			if len(exceptions) > 0 && exceptions[0].date == d {
				add(exceptions[0])
				exceptions = exceptions[1:]
			} else if s.weekdays.Has(d) {
				dates = append(dates, d)
			}
		}
	}
	for _, e := range exceptions {
		add(e)
	}
	return dates
}
