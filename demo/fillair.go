package demo

import (
	"context"
	"fmt"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/uid"
)

// Flights are what FillAirline needs of flight.
type Flights interface {
	Airport(ctx context.Context, code string) (*flight.Airport, error)
	ImportAirports(ctx context.Context, e flight.Editor, read flight.Reader, o flight.AirportOptions, progress func(done, total int)) (*flight.ImportReport, error)
	SetAirport(ctx context.Context, e flight.Editor, a flight.Airport) (*flight.Airport, error)
	Carriers(ctx context.Context) ([]*flight.Carrier, error)
	SetCarrier(ctx context.Context, e flight.Editor, c flight.Carrier, revision int64) (*flight.Carrier, error)
	ImportSchedule(ctx context.Context, e flight.Editor, read flight.Reader, o flight.ImportOptions, progress func(done, total int)) (*flight.ImportReport, error)
}

// feedName is the feed that the timetables of the demo come as.
const feedName = "demo"

// stamp is the version of a timetable whose window begins on a date. It is far below any that is an instant, so what
// anybody else tells of a train or a flight counts more.
func stamp(from civil.Date) int64 { return int64(from) }

// FillAirline brings an airline into the services and returns how many departures it added. What is there already stays as
// it is, a tariff that staff changed too; flights of dates that are not there yet are added. The stock of an airline
// whose Fill was cut off is made by the jobs of flight.
func FillAirline(ctx context.Context, a Airline, suppliers Suppliers, flights Flights, progress func(done, total int)) (added int, err error) {
	if _, err := suppliers.CreateSupplier(ctx, a.Supplier); err != nil {
		return 0, fmt.Errorf("supplier %q: %w", a.Supplier.Name, err)
	}
	by := flight.Editor{Subject: editor.Subject}
	if err := fillAirports(ctx, by, a.Airports, flights); err != nil {
		return 0, err
	}
	carriers, err := flights.Carriers(ctx)
	if err != nil {
		return 0, err
	}
	if owner := ownerOf(carriers, a.Carrier.Code); owner.IsZero() {
		if _, err := flights.SetCarrier(ctx, by, a.Carrier, flight.AnyRevision); err != nil {
			return 0, fmt.Errorf("carrier %s: %w", a.Carrier.Code, err)
		}
	} else if owner != a.Supplier.ID {
		return 0, nil // somebody's own airline has the code
	}
	report, err := flights.ImportSchedule(ctx, by, func(_ context.Context, sink feed.FlightSink) error {
		for i, l := range a.Legs {
			l.Line = i + 1
			if err := sink.Leg(l); err != nil {
				return err
			}
		}
		return nil
	}, flight.ImportOptions{Supplier: a.Supplier.ID, Feed: feedName, Stamp: stamp(a.From), Template: &a.Template, SkipRefused: true}, progress)
	switch {
	case fault.Is(err, "too_much_removed"): // a horizon that has become shorter: what is on sale stays so
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("timetable of %s: %w", a.Supplier.Name, err)
	}
	return report.Added, nil
}

// ownerOf is whose a carrier is; zero for nobody's.
func ownerOf(carriers []*flight.Carrier, code string) uid.ID {
	for _, c := range carriers {
		if c.Code == code {
			return c.Supplier
		}
	}
	return uid.ID{}
}

// fillAirports adds airports that are not there.
func fillAirports(ctx context.Context, by flight.Editor, all []flight.Airport, flights Flights) error {
	var missing []flight.Airport
	for _, a := range all {
		if _, err := flights.Airport(ctx, a.IATA); err != nil {
			missing = append(missing, a)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := flights.ImportAirports(ctx, by, func(_ context.Context, sink feed.FlightSink) error {
		for i, a := range missing {
			if err := sink.Airport(feed.Airport{
				Line: i + 1, IATA: a.IATA, ICAO: a.ICAO, Name: a.Name, City: a.City, Country: a.Country, Zone: a.Zone, Metro: a.Metro,
				Latitude: a.Latitude, Longitude: a.Longitude, Scheduled: true,
			}); err != nil {
				return err
			}
		}
		return nil
	}, flight.AirportOptions{}, nil); err != nil {
		return fmt.Errorf("airports: %w", err)
	}
	for _, a := range missing {
		if a.ConnectMinutes == 0 {
			continue
		}
		if _, err := flights.SetAirport(ctx, by, a); err != nil {
			return fmt.Errorf("airport %s: %w", a.IATA, err)
		}
	}
	return nil
}
