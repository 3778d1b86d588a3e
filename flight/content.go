package flight

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/uid"
)

// SetAirport implements Service.
func (c *Core) SetAirport(ctx context.Context, e Editor, a Airport) (*Airport, error) {
	if err := e.operator(); err != nil {
		return nil, err
	}
	var v verdicts
	if v.airport(&a); v.err() != nil {
		return nil, v.err()
	}
	if err := c.write(ctx, func(w *Write) (bool, error) {
		stored := a
		w.Airports = append(w.Airports, &stored)
		return true, nil
	}); err != nil {
		return nil, err
	}
	return &a, nil
}

func (v *verdicts) airport(a *Airport) {
	v.check(airportCode(a.IATA) && strings.Trim(a.IATA, "0123456789") == a.IATA, "/iata", "code_invalid", "An IATA code is three capitals.")
	v.check(a.Metro == "" || airportCode(a.Metro), "/metro", "code_invalid", "The code of a metropolitan area is three capitals.")
	v.check(len(a.ICAO) <= 4, "/icao", "code_invalid", "An ICAO code has four characters.")
	v.line(a.Name, "/name", 1)
	v.line(a.City, "/city", 0)
	v.check(len(a.Country) == 2 && code(a.Country, 2, 2), "/country", "code_invalid", "A country is two capitals (ISO 3166-1).")
	v.check(zoneOf(a.Zone) != nil, "/time_zone", "zone_unknown", "This is an IANA time zone such as Europe/Lisbon.")
	v.check(within(a.Latitude, 90), "/latitude", "out_of_range", "latitude must be from -90 to 90.")
	v.check(within(a.Longitude, 180), "/longitude", "out_of_range", "longitude must be from -180 to 180.")
	v.check(a.ConnectMinutes >= 0 && a.ConnectMinutes <= MaxConnectMinutes, "/connect_minutes", "out_of_range", "Changing planes takes 0 to %d minutes.", MaxConnectMinutes)
}

func within(x, bound float64) bool { return !math.IsNaN(x) && x >= -bound && x <= bound }

// line checks one line for people.
func (v *verdicts) line(s, pointer string, least int) {
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	v.check(utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl), pointer, "not_text", "This is one line of UTF-8 text without control characters.")
	v.check(n >= least && utf8.RuneCountInString(s) <= maxName, pointer, "out_of_range", "This is text of %d to %d characters.", least, maxName)
}

// ImportAirports implements Service.
func (c *Core) ImportAirports(ctx context.Context, e Editor, read Reader, o AirportOptions, progress func(done, total int)) (*ImportReport, error) {
	began := time.Now()
	if err := e.operator(); err != nil {
		return nil, err
	}
	report := &ImportReport{}
	var rows []*Airport
	lines := map[string]int{}
	sink := feed.FlightSink{
		Airport: func(f feed.Airport) error {
			report.Rows++
			if o.OnlyScheduled && !f.Scheduled {
				return nil
			}
			a := &Airport{IATA: f.IATA, ICAO: f.ICAO, Name: f.Name, City: f.City, Country: f.Country, Zone: f.Zone, Metro: f.Metro, Latitude: f.Latitude, Longitude: f.Longitude}
			if a.Zone == "" {
				note(&report.Warnings, f.Line, "zone_missing", "Nothing says the time zone of %s; it is left out.", clip(f.IATA))
				return nil
			}
			var v verdicts
			v.airport(a)
			for _, wrong := range v {
				note(&report.Refused, f.Line, strings.ReplaceAll(strings.TrimPrefix(wrong.Pointer, "/"), "/", "_")+"_"+wrong.Code, "%s: %s", clip(f.IATA), wrong.Message)
			}
			if first, twice := lines[a.IATA]; twice && len(v) == 0 {
				note(&report.Refused, f.Line, "airport_twice", "%s is on line %d already.", a.IATA, first)
			} else if len(v) == 0 {
				lines[a.IATA] = f.Line
				rows = append(rows, a)
			}
			return nil
		},
		Remark: report.remark,
	}
	if err := read(ctx, sink); err != nil {
		return nil, fileInvalid(err)
	}
	plan := func(w *Write) (bool, error) {
		report.Added, report.Changed, report.Same = 0, 0, 0
		c.catalogue.mu.RLock()
		defer c.catalogue.mu.RUnlock()
		for _, a := range rows {
			old := c.catalogue.airports[a.IATA]
			next := *a
			if old == nil {
				report.Added++
			} else if next.ConnectMinutes = old.ConnectMinutes; next == *old {
				report.Same++
				continue
			} else {
				report.Changed++
			}
			w.Airports = append(w.Airports, &next)
		}
		report.Applied = len(w.Airports) > 0 && !o.DryRun
		return report.Applied, nil
	}
	var err error
	if o.DryRun {
		if err = c.poll(ctx); err == nil {
			_, err = plan(&Write{})
		}
	} else {
		err = c.write(ctx, plan)
	}
	if err != nil {
		return nil, err
	}
	if progress != nil {
		progress(len(rows), len(rows))
	}
	report.Duration = time.Since(began)
	return report, nil
}

// SetCarrier implements Service.
func (c *Core) SetCarrier(ctx context.Context, e Editor, x Carrier, revision int64) (*Carrier, error) {
	if err := e.may(x.Supplier); err != nil {
		return nil, err
	}
	var v verdicts
	v.check(validCarrier(x.Code), "/code", "code_invalid", "A carrier's code is two or three capitals or digits.")
	v.line(x.Name, "/name", 1)
	v.check(len(x.Interline) <= 200 && !slices.ContainsFunc(x.Interline, func(s string) bool { return !validCarrier(s) }), "/interline", "code_invalid", "These are at most 200 codes of carriers.")
	if err := v.err(); err != nil {
		return nil, err
	}
	out := &Carrier{}
	if err := c.write(ctx, func(w *Write) (bool, error) {
		c.catalogue.mu.RLock()
		old := c.catalogue.carriers[x.Code]
		c.catalogue.mu.RUnlock()
		next := x
		switch next.Revision = 1; {
		case old != nil && old.Supplier != x.Supplier:
			return false, fault.New(fault.Conflict, "carrier_foreign", "Carrier %s belongs to another supplier.", x.Code)
		case revision != AnyRevision && (old == nil || old.Revision != revision):
			return false, changedMeanwhile()
		case old != nil:
			next.Revision = old.Revision + 1
		}
		w.Carriers = append(w.Carriers, &next)
		out = &next
		return true, nil
	}); err != nil {
		return nil, err
	}
	return out, nil
}

// Carriers implements Service.
func (c *Core) Carriers(context.Context) ([]*Carrier, error) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	out := make([]*Carrier, 0, len(c.catalogue.carriers))
	for _, x := range c.catalogue.carriers {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b *Carrier) int { return strings.Compare(a.Code, b.Code) })
	return out, nil
}

// SetAircraft implements Service.
func (c *Core) SetAircraft(ctx context.Context, e Editor, a Aircraft, revision int64) (*Aircraft, error) {
	if err := e.may(a.Supplier); err != nil {
		return nil, err
	}
	var v verdicts
	if v.aircraft(&a); v.err() != nil {
		return nil, v.err()
	}
	created := a.ID.IsZero()
	if created {
		a.ID = uid.New()
	}
	var out *Aircraft
	commands := false
	if err := c.write(ctx, func(w *Write) (bool, error) {
		c.catalogue.mu.RLock()
		defer c.catalogue.mu.RUnlock()
		old := c.catalogue.aircraft[a.ID]
		next := a
		switch next.Revision = 1; {
		case !created && (old == nil || old.Supplier != a.Supplier):
			return false, fault.New(fault.NotFound, "aircraft_not_found", "There is no such aircraft type.")
		case revision != AnyRevision && (old == nil || old.Revision != revision):
			return false, changedMeanwhile()
		case old != nil:
			next.Revision = old.Revision + 1
		}
		w.Aircraft = append(w.Aircraft, &next)
		now := c.clock.Now()
		if !created {
			for _, d := range c.catalogue.departures {
				if d.Aircraft == a.ID && c.onSale(d, now) {
					w.Commands = append(w.Commands, Command{Departure: d.ID, Stock: true})
				}
			}
		}
		out, commands = &next, len(w.Commands) > 0
		return true, nil
	}); err != nil {
		return nil, err
	}
	if commands {
		if err := c.send(ctx, true, nil); err != nil {
			c.log.Warn("the stock of an aircraft type's departures is changed later", "error", err)
		}
	}
	return out, nil
}

// Aircraft implements Service.
func (c *Core) Aircraft(_ context.Context, e Editor, supplier uid.ID) ([]*Aircraft, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	var out []*Aircraft
	for _, a := range c.catalogue.aircraft {
		if a.Supplier == supplier {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *Aircraft) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out, nil
}
