package flighttest

import (
	"context"
	"time"

	"holdfast/civil"
	"holdfast/feed"
	"holdfast/flight"
	"holdfast/flight/fare"
	"holdfast/reservation"
	"holdfast/uid"
)

// airfield are the airports of the tests.
var airfield = []feed.Airport{
	{IATA: "LIS", Name: "Humberto Delgado", City: "Lisboa", Country: "PT", Zone: "Europe/Lisbon", Latitude: 38.7742, Longitude: -9.1342, Scheduled: true},
	{IATA: "OPO", Name: "Francisco Sá Carneiro", City: "Porto", Country: "PT", Zone: "Europe/Lisbon", Latitude: 41.2421, Longitude: -8.6786, Scheduled: true},
	{IATA: "FRA", Name: "Frankfurt Main", City: "Frankfurt am Main", Country: "DE", Zone: "Europe/Berlin", Latitude: 50.0264, Longitude: 8.5431, Scheduled: true},
	{IATA: "ZRH", Name: "Zürich", City: "Zürich", Country: "CH", Zone: "Europe/Zurich", Latitude: 47.4647, Longitude: 8.5492, Scheduled: true},
	{IATA: "LHR", Name: "Heathrow", City: "London", Country: "GB", Zone: "Europe/London", Metro: "LON", Latitude: 51.4706, Longitude: -0.4619, Scheduled: true},
	{IATA: "LGW", Name: "Gatwick", City: "London", Country: "GB", Zone: "Europe/London", Metro: "LON", Latitude: 51.1481, Longitude: -0.1903, Scheduled: true},
	{IATA: "JFK", Name: "John F Kennedy", City: "New York", Country: "US", Zone: "America/New_York", Metro: "NYC", Latitude: 40.6398, Longitude: -73.7789, Scheduled: true},
	{IATA: "NRT", Name: "Narita", City: "Tokyo", Country: "JP", Zone: "Asia/Tokyo", Metro: "TYO", Latitude: 35.7647, Longitude: 140.386, Scheduled: true},
	{IATA: "HNL", Name: "Daniel K Inouye", City: "Honolulu", Country: "US", Zone: "Pacific/Honolulu", Latitude: 21.3187, Longitude: -157.9225, Scheduled: true},
}

func (w *world) airports() {
	w.t.Helper()
	r := must[*flight.ImportReport](w.t)(w.core.ImportAirports(w.t.Context(), operator, func(_ context.Context, sink feed.FlightSink) error {
		for i, a := range airfield {
			a.Line = i + 2
			if err := sink.Airport(a); err != nil {
				return err
			}
		}
		return nil
	}, flight.AirportOptions{}, nil))
	if len(r.Refused) > 0 || r.Added+r.Same != len(airfield) {
		w.t.Fatalf("airports: %+v", r)
	}
}

// leg is one that flies every day for a month from tomorrow on. Times are "hh:mm" as minutes.
func leg(number, from, to string, departs, arrives int32) feed.Leg {
	return feed.Leg{
		Line: 2, Carrier: "HF", Number: number, Sequence: 1, From: from, To: to, First: today + 1, Last: today + 30, Weekdays: feed.Every, Departs: departs, Arrives: arrives,
		Equipment: "320", Configuration: "J8Y120", ServiceType: "J",
	}
}

func clockTime(hour, minute int32) int32 { return hour*60 + minute }

// legs reads a schedule.
func legs(all ...feed.Leg) flight.Reader {
	return func(_ context.Context, sink feed.FlightSink) error {
		for i, l := range all {
			l.Line = i + 2
			if err := sink.Leg(l); err != nil {
				return err
			}
		}
		return nil
	}
}

// dated reads dated flights.
func dated(all ...feed.Departure) flight.Reader {
	return func(_ context.Context, sink feed.FlightSink) error {
		for i, d := range all {
			d.Line = i + 2
			if err := sink.Departure(d); err != nil {
				return err
			}
		}
		return nil
	}
}

func (w *world) options() flight.ImportOptions {
	return flight.ImportOptions{Supplier: w.supplier, Feed: "timetable"}
}

// load imports a timetable that must be applied.
func (w *world) load(read flight.Reader, change ...func(*flight.ImportOptions)) *flight.ImportReport {
	w.t.Helper()
	o := w.options()
	for _, f := range change {
		f(&o)
	}
	w.clock.Advance(time.Second) // the next timetable is newer
	r := must[*flight.ImportReport](w.t)(w.core.ImportSchedule(w.t.Context(), w.staff, read, o, nil))
	if len(r.Refused) > 0 {
		w.t.Fatalf("refused: %+v", r.Refused)
	}
	return r
}

// shuttle is a small network: LIS-FRA at eight and at noon, FRA-ZRH at one, and back.
func (w *world) shuttle() *flight.ImportReport {
	w.t.Helper()
	return w.load(legs(
		leg("100", "LIS", "FRA", clockTime(8, 0), clockTime(12, 0)),
		leg("102", "LIS", "FRA", clockTime(14, 0), clockTime(18, 0)),
		leg("101", "FRA", "LIS", clockTime(13, 0), clockTime(15, 0)),
		leg("200", "FRA", "ZRH", clockTime(13, 30), clockTime(14, 30)),
		leg("201", "ZRH", "FRA", clockTime(10, 0), clockTime(11, 0)),
	))
}

// lookup is the only departure of a number on a date.
func (w *world) lookup(number string, date civil.Date) *flight.FlightDeparture {
	w.t.Helper()
	f := must[*flight.Flight](w.t)(w.core.Lookup(w.t.Context(), number, date))
	if len(f.Departures) != 1 {
		w.t.Fatalf("%s flies %d times on %s", number, len(f.Departures), date)
	}
	return &f.Departures[0]
}

var one = fare.Party{Adults: 1}

// find searches one way.
func (w *world) find(from, to string, date civil.Date, change ...func(*flight.ItineraryQuery)) []flight.Proposal {
	w.t.Helper()
	q := flight.ItineraryQuery{Slices: []flight.SliceQuery{{From: from, To: to, Date: date}}, Party: one, MaxStops: -1}
	for _, f := range change {
		f(&q)
	}
	return must[*flight.Found](w.t)(w.core.Search(w.t.Context(), q)).Proposals
}

// place holds offers.
func (w *world) place(sealed ...string) (*reservation.Reservation, error) {
	w.t.Helper()
	a, err := w.desk.Place(w.t.Context(), reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: uid.New().Text("usr")}, Offers: sealed,
		Travellers: []reservation.Traveller{{GivenName: "Ada", FamilyName: "Lovelace", Email: "ada@example.org"}},
		Key:        reservation.Idempotency{ID: uid.New(), Request: uid.New()},
	})
	return a.Reservation, err
}

// book holds the cheapest offer for a plain request.
func (w *world) book(number string, date civil.Date, party fare.Party, change ...func(*flight.FlightRequest)) (*reservation.Reservation, error) {
	w.t.Helper()
	r := flight.FlightRequest{Number: number, Date: date, Party: party}
	for _, f := range change {
		f(&r)
	}
	best, err := w.core.BestOffer(w.t.Context(), r)
	if err != nil {
		return nil, err
	}
	return w.place(best.Option.Sealed)
}

// desks makes the manual clock move, and the jobs with it.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	w.clock.Advance(d)
	if err := w.core.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// routes are proposals by their flight numbers, "HF100+HF200".
func routes(all []flight.Proposal) []string {
	var out []string
	for _, p := range all {
		text := ""
		for i, s := range p.Slices {
			if i > 0 {
				text += " | "
			}
			for k, g := range s.Segments {
				if k > 0 {
					text += "+"
				}
				text += g.Departure.Carrier + g.Departure.Number
			}
		}
		out = append(out, text)
	}
	return out
}
