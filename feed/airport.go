package feed

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"holdfast/civil"
)

// AirportFiles are the files that tell of airports; the first must be there.
type AirportFiles struct {
	// Airports in the form of OurAirports: type, name, latitude_deg, longitude_deg, iso_country, municipality,
	// scheduled_service, icao_code, iata_code.
	Airports io.Reader
	// Zones in the form of airportsdata: iata, tz, city.
	Zones io.Reader
	// Metro areas: "City Code", "Airport Code".
	Metro io.Reader
}

// airportPlace is what the files beside the first one say of an airport.
type airportPlace struct{ zone, city, metro string }

// ReadAirports gives the airports with an IATA code that are not closed, joined by their codes. What the joined files
// do not have stays empty; an airport with scheduled flights and without a zone is warned of. A country or continent
// NA is Namibia or North America, not a missing value.
func ReadAirports(ctx context.Context, f AirportFiles, sink FlightSink) error {
	remark := func(file string, e *Error) {
		if sink.Remark != nil {
			e.File = file
			sink.Remark(e)
		}
	}
	places := map[string]airportPlace{}
	if f.Zones != nil {
		err := airportRows(ctx, f.Zones, []string{"iata", "tz"}, nil, func(e *Error) { remark("zones", e) }, func(r *Record) error {
			code, name := r.Get("iata"), r.Get("tz")
			if code == "" || name == "" {
				return nil
			}
			if _, err := civil.Zone(name); err == nil {
				places[code] = airportPlace{zone: name, city: r.Get("city")}
			} else {
				remark("zones", &Error{Line: r.Line, Code: "unknown_zone", Message: err.Error() + "."})
			}
			return nil
		})
		if err != nil {
			return airportFile("zones", err)
		}
	}
	if f.Metro != nil {
		err := airportRows(ctx, f.Metro, []string{"City Code", "Airport Code"}, nil, func(e *Error) { remark("metro", e) }, func(r *Record) error {
			p := places[r.Get("Airport Code")]
			if code := r.Get("City Code"); p.metro == "" && len(code) == 3 && ssimLetters(code) {
				p.metro = code
				places[r.Get("Airport Code")] = p
			}
			return nil
		})
		if err != nil {
			return airportFile("metro", err)
		}
	}
	seen := map[string]bool{}
	columns := []string{"type", "name", "latitude_deg", "longitude_deg", "iso_country", "municipality", "scheduled_service", "icao_code", "iata_code"}
	return airportRows(ctx, f.Airports, columns, sink.Progress, func(e *Error) { remark("", e) }, func(r *Record) error {
		code := r.Get("iata_code")
		if code == "" || r.Get("type") == "closed" {
			return nil
		}
		a, bad := airportOf(r, places[code])
		if bad == nil && seen[code] {
			bad = &Error{Line: r.Line, Code: "repeated_airport", Message: "The code " + code + " was given to an airport before."}
		}
		if bad != nil {
			remark("", bad)
			return nil
		}
		seen[code] = true
		if a.Zone == "" && a.Scheduled && f.Zones != nil {
			remark("", &Error{Line: r.Line, Code: "no_zone", Warning: true, Message: "The zone of " + code + " is not known."})
		}
		if sink.Airport == nil {
			return nil
		}
		return sink.Airport(a)
	})
}

func airportOf(r *Record, p airportPlace) (Airport, *Error) {
	a := Airport{
		Line: r.Line, IATA: r.Get("iata_code"), ICAO: r.Get("icao_code"), Name: r.Get("name"), City: r.Get("municipality"),
		Country: r.Get("iso_country"), Zone: p.zone, Metro: p.metro, Scheduled: r.Get("scheduled_service") == "yes",
	}
	if len(a.IATA) != 3 || !ssimLetters(a.IATA) {
		return a, &Error{Line: r.Line, Code: "bad_airport", Message: strconv.Quote(a.IATA) + " is not an IATA code."}
	}
	if len(a.Country) != 2 || !ssimLetters(a.Country) {
		return a, &Error{Line: r.Line, Code: "bad_country", Message: strconv.Quote(a.Country) + " is not a country code of two letters."}
	}
	if a.City == "" {
		a.City = p.city
	}
	if a.Name == "" {
		return a, &Error{Line: r.Line, Code: "no_name", Message: "The airport has no name."}
	}
	var err1, err2 error
	a.Latitude, err1 = strconv.ParseFloat(r.Get("latitude_deg"), 64)
	a.Longitude, err2 = strconv.ParseFloat(r.Get("longitude_deg"), 64)
	on := a.Latitude >= -90 && a.Latitude <= 90 && a.Longitude >= -180 && a.Longitude <= 180 // false for NaN
	if err1 != nil || err2 != nil || !on {
		return a, &Error{Line: r.Line, Code: "bad_position", Message: "Latitude and longitude are not a place on the Earth."}
	}
	return a, nil
}

// airportFile names the file of an error that ends reading.
func airportFile(name string, err error) error {
	if bad, ok := errors.AsType[*Error](err); ok {
		bad.File = name
	}
	return err
}

// airportRows reads a table with the given columns; an error of row ends it.
func airportRows(ctx context.Context, r io.Reader, columns []string, progress func(done, total int64), remark func(*Error), row func(*Record) error) error {
	table, err := NewTable(r)
	if err != nil {
		return err
	}
	var absent []string
	for _, c := range columns {
		if !table.Has(c) {
			absent = append(absent, c)
		}
	}
	if len(absent) > 0 {
		return fatal(1, "missing_column", "The file has no columns %q; it has: %s.", absent, strings.Join(table.Columns(), ", "))
	}
	for n := int64(0); ; n++ {
		if n%onTimeTurn == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if progress != nil {
				progress(n, 0)
			}
		}
		record, err := table.Next()
		var bad *Error
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad) && !bad.Fatal:
			remark(bad)
			continue
		case err != nil:
			return err
		}
		if err := row(record); err != nil {
			return err
		}
	}
}
