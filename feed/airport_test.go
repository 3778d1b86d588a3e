package feed

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAirports(t *testing.T) {
	got, all := codes{}, map[string]Airport{}
	err := ReadAirports(t.Context(), AirportFiles{
		Airports: shared(t, "airports/ourairports_airports.csv"), Zones: shared(t, "airports/airportsdata_iata_tz.csv"), Metro: shared(t, "airports/airportsdata_iata_metro_areas.csv"),
	}, FlightSink{Airport: func(a Airport) error { all[a.IATA] = a; return nil }, Remark: got.remark})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(codes{"no_zone": 289}, got); diff != "" {
		t.Error(diff)
	}
	namibia, scheduled := 0, 0
	for _, a := range all {
		if a.Country == "NA" {
			namibia++
		}
		if a.Scheduled {
			scheduled++
		}
	}
	if len(all) != 9057 || namibia == 0 || scheduled < 4000 {
		t.Errorf("%d airports, %d in Namibia, %d with scheduled flights", len(all), namibia, scheduled)
	}
	want := Airport{Line: all["LHR"].Line, IATA: "LHR", ICAO: "EGLL", Name: "London Heathrow Airport", City: all["LHR"].City, Country: "GB", Zone: "Europe/London", Metro: "LON", Latitude: 51.470748, Longitude: -0.459909, Scheduled: true}
	if diff := cmp.Diff(want, all["LHR"]); diff != "" {
		t.Error(diff)
	}
}

const airportHeader = "type,name,latitude_deg,longitude_deg,iso_country,municipality,scheduled_service,icao_code,iata_code\n"

func TestAirportLines(t *testing.T) {
	const file = airportHeader +
		"small_airport,One,1,2,NA,,yes,,AAA\n" +
		"closed,Two,1,2,DE,,no,,BBB\n" +
		"heliport,Three,1,2,DE,,no,,\n" +
		"small_airport,Four,1,2,DE,,no,,AAA\n" +
		"small_airport,Five,91,2,DE,,no,,CCC\n" +
		"small_airport,Six,NaN,2,DE,,no,,CCC\n" +
		"small_airport,Seven,1,2,D,,no,,CCC\n" +
		"small_airport,Eight,1,2,DE,,no,,C1C\n" +
		"small_airport,,1,2,DE,,no,,CCC\n"
	var got []Airport
	var told []string
	err := ReadAirports(t.Context(), AirportFiles{Airports: strings.NewReader(file), Zones: strings.NewReader("iata,tz,city\nAAA,Mars/Olympus,x\n"), Metro: strings.NewReader("City Code,Airport Code\nMMM,AAA\n")},
		FlightSink{Airport: func(a Airport) error { got = append(got, a); return nil }, Remark: func(e *Error) { told = append(told, e.File+" "+e.Code) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []Airport{{Line: 2, IATA: "AAA", Name: "One", Country: "NA", Metro: "MMM", Latitude: 1, Longitude: 2, Scheduled: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"zones unknown_zone", " no_zone", " repeated_airport", " bad_position", " bad_position", " bad_country", " bad_airport", " no_name"}, told); diff != "" {
		t.Error(diff)
	}
	stop := errors.New("stop")
	err = ReadAirports(t.Context(), AirportFiles{Airports: strings.NewReader(file)}, FlightSink{Airport: func(Airport) error { return stop }})
	if !errors.Is(err, stop) {
		t.Errorf("an error of the sink comes out as %v", err)
	}
	var bad *Error
	err = ReadAirports(t.Context(), AirportFiles{Airports: strings.NewReader(file), Zones: strings.NewReader("a\n")}, FlightSink{})
	if !errors.As(err, &bad) || bad.Code != "missing_column" || bad.File != "zones" {
		t.Errorf("zones without columns: %v", err)
	}
}

func FuzzAirports(f *testing.F) {
	f.Add(airportHeader+"small_airport,One,1,2,NA,,yes,,AAA\n", "iata,tz,city\nAAA,Africa/Windhoek,x\n")
	f.Fuzz(func(t *testing.T, airports, zones string) {
		seen := map[string]bool{}
		_ = ReadAirports(t.Context(), AirportFiles{Airports: strings.NewReader(airports), Zones: strings.NewReader(zones)}, FlightSink{Airport: func(a Airport) error {
			if seen[a.IATA] || len(a.IATA) != 3 || a.Latitude != a.Latitude || a.Name == "" {
				t.Fatalf("%+v", a)
			}
			seen[a.IATA] = true
			return nil
		}})
	})
}

func TestRowsUpTo(t *testing.T) {
	table, err := NewTable(strings.NewReader("a\n1\n2\n3\n"), RowsUpTo(2))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := table.Next(); err != nil {
			t.Fatal(err)
		}
	}
	var bad *Error
	if _, err := table.Next(); !errors.As(err, &bad) || bad.Code != "too_many_rows" || !bad.Fatal {
		t.Errorf("the third of two rows: %v", err)
	}
}
