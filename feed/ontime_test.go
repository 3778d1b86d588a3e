package feed

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/civil"
)

// sharedZones are the zones of real airports.
func sharedZones(t testing.TB) func(string) *time.Location {
	t.Helper()
	zones := map[string]*time.Location{}
	err := ReadAirports(t.Context(), AirportFiles{Airports: shared(t, "airports/ourairports_airports.csv"), Zones: shared(t, "airports/airportsdata_iata_tz.csv")},
		FlightSink{Airport: func(a Airport) error {
			if a.Zone != "" {
				zone, err := civil.Zone(a.Zone)
				if err != nil {
					return err
				}
				zones[a.IATA] = zone
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return func(code string) *time.Location { return zones[code] }
}

func TestOnTimeUS2015(t *testing.T) {
	seats, err := ReadPlanes(shared(t, "flights_pnw_2014/planes.csv"), func(e *Error) { t.Error(e) })
	if err != nil || len(seats) != 2628 {
		t.Fatalf("%d planes, %v; want 2628", len(seats), err)
	}
	got, counts := codes{}, map[string]int{}
	var first Departure
	keys := map[Departure]bool{}
	err = ReadOnTime(t.Context(), shared(t, "flights_us_2015/us_flights_2015-01-01_to_02.csv"), OnTimeOptions{Seats: seats}, FlightSink{
		Departure: func(d Departure) error {
			if d.Line == 2 {
				first = d
			}
			keys[Departure{Carrier: d.Carrier, Number: d.Number, Date: d.Date, From: d.From, To: d.To}] = true
			counts["rows"]++
			for name, is := range map[string]bool{
				"cancelled": d.Cancelled, "reason": d.Reason != "", "diverted": d.Diverted, "flown": d.Flown, "no tail": d.Tail == "",
				"before 01:00": d.Departs < 60, "seats": d.Seats > 0, "after midnight": d.Departs+d.Minutes > ssimDay,
			} {
				if is {
					counts[name]++
				}
			}
			return nil
		},
		Remark: got.remark,
	})
	if err != nil || len(got) > 0 {
		t.Fatalf("%v, %v", got, err)
	}
	want := map[string]int{"rows": 30691, "cancelled": 723, "reason": 723, "diverted": 48, "flown": 29920, "no tail": 29, "before 01:00": 65}
	for name, n := range want {
		if counts[name] != n {
			t.Errorf("%s: %d, want %d", name, counts[name], n)
		}
	}
	if len(keys) != 30691 || counts["seats"] < 18_000 || counts["after midnight"] == 0 {
		t.Errorf("%d keys, %d with seats, %d that land after midnight", len(keys), counts["seats"], counts["after midnight"])
	}
	wantFirst := Departure{
		Line: 2, Carrier: "AS", Number: "98", Tail: "N407AS", Date: civil.MustParse("2015-01-01"), From: "ANC", To: "SEA", Departs: 5, Minutes: 205,
		DepartDelay: -11, ArriveDelay: -22, Flown: true, DistanceMiles: 1448, Seats: first.Seats,
	}
	if diff := cmp.Diff(wantFirst, first); diff != "" {
		t.Error(diff)
	}
}

func TestOnTimePNW2014(t *testing.T) {
	file := shared(t, "flights_pnw_2014/flights_sea_pdx_2014_01-08.csv.zip")
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := OpenCSV(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	zone := sharedZones(t)
	got, rows, diverted, odd := codes{}, 0, 0, 0
	var first Departure
	err = ReadOnTime(t.Context(), r, OnTimeOptions{Zone: zone}, FlightSink{
		Departure: func(d Departure) error {
			rows++
			if rows == 1 {
				first = d
			}
			if d.Diverted {
				diverted++
			}
			if d.Minutes != 0 && (d.Minutes < 20 || d.Minutes > 8*60) {
				odd++
			}
			if d.Departs < 0 || d.Departs >= ssimDay {
				t.Errorf("line %d departs at %d", d.Line, d.Departs)
			}
			return nil
		},
		Remark: got.remark,
	})
	if err != nil {
		t.Fatal(err)
	}
	// 699 never left, so nobody knows when they should have; 329 left and have no delay on arrival.
	if rows != 109_878-699 || diverted != 329 || odd > 20 {
		t.Errorf("%d rows, %d diverted, %d of odd duration", rows, diverted, odd)
	}
	if diff := cmp.Diff(codes{"no_schedule!": 699, "no_duration": 329}, got); diff != "" {
		t.Error(diff)
	}
	want := Departure{ // left at 00:01, 96 minutes late, so at 22:25; was due at 01:25 in Alaska, an hour behind
		Line: 2, Carrier: "AS", Number: "145", Tail: "N508AS", Date: civil.MustParse("2014-01-01"), From: "PDX", To: "ANC", Departs: 22*60 + 25, Minutes: 4 * 60,
		DepartDelay: 96, ArriveDelay: 70, Flown: true, DistanceMiles: 1542,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	names, err := ReadCarriers(shared(t, "flights_pnw_2014/airlines.csv"), nil)
	if err != nil || len(names) != 11 || names["AS"] != "Alaska Airlines Inc." {
		t.Errorf("carriers: %v, %v", names, err)
	}
}

const onTimeHeader = "ds,AIRLINE,FLIGHT_NUMBER,TAIL_NUMBER,ORIGIN_AIRPORT,DESTINATION_AIRPORT,SCHEDULED_DEPARTURE,SCHEDULED_ARRIVAL,SCHEDULED_TIME,DISTANCE," +
	"DEPARTURE_TIME,DEPARTURE_DELAY,ARRIVAL_TIME,ARRIVAL_DELAY,DIVERTED,CANCELLED,CANCELLATION_REASON\n"

func TestOnTimeRefusals(t *testing.T) {
	const good = "2015-01-01,AS,98,N407AS,ANC,SEA,5,430,205,1448,2354.0,-11.0,408.0,-22.0,0,0,"
	for code, pair := range map[string][2]string{
		"bad_date": {"2015-01-01", "2015-02-30"}, "bad_carrier": {"AS", "A"}, "bad_number": {",98,", ",0,"}, "bad_airport": {"ANC", "anc"},
		"bad_value": {"SEA,5,", "SEA,2361,"}, "no_duration": {",205,", ",,"},
	} {
		var told []string
		rows := 0
		err := ReadOnTime(t.Context(), strings.NewReader(onTimeHeader+strings.Replace(good, pair[0], pair[1], 1)+"\n"+good+"\n"), OnTimeOptions{}, FlightSink{
			Departure: func(Departure) error { rows++; return nil },
			Remark:    func(e *Error) { told = append(told, e.Code) },
		})
		want := 1
		if code == "no_duration" {
			want = 2
		}
		if err != nil || rows != want || !cmp.Equal(told, []string{code}) {
			t.Errorf("%s: %d rows, %v, %v", code, rows, told, err)
		}
	}
	var bad *Error
	if err := ReadOnTime(t.Context(), strings.NewReader("a,b\n"), OnTimeOptions{}, FlightSink{}); !errors.As(err, &bad) || bad.Code != "unknown_form" {
		t.Errorf("another table: %v", err)
	}
}

func TestOpenCSV(t *testing.T) {
	archive := func(names ...string) *bytes.Reader {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range names {
			f, err := w.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte("a,b\n")); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(b.Bytes())
	}
	for code, file := range map[string]*bytes.Reader{
		"": archive("x/a.CSV", "readme.txt"), "several_files": archive("a.csv", "b.csv"), "no_csv": archive("a.txt"), "bad_zip": bytes.NewReader([]byte("PK\x03\x04 and so on")),
	} {
		r, err := OpenCSV(file, file.Size())
		var bad *Error
		if code == "" {
			if err != nil {
				t.Error(err)
			} else if err := r.Close(); err != nil {
				t.Error(err)
			}
		} else if !errors.As(err, &bad) || bad.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// FuzzOnTime: whatever a file holds, what is given is a flight that can be put into a calendar.
func FuzzOnTime(f *testing.F) {
	f.Add([]byte(onTimeHeader + "2015-01-01,AS,98,N407AS,ANC,SEA,5,430,205,1448,2354.0,-11.0,408.0,-22.0,0,0,\n"))
	f.Add([]byte("year,month,day,dep_time,dep_delay,arr_time,arr_delay,carrier,tailnum,flight,origin,dest,air_time,distance,hour,minute\n2014,1,1,1,96,235,70,AS,N508AS,145,PDX,ANC,194,1542,24,1\n"))
	if sample, err := os.ReadFile("../../shared/data/flights_pnw_2014/airlines.csv"); err == nil {
		f.Add(sample)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := OpenCSV(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		_ = ReadOnTime(t.Context(), r, OnTimeOptions{Zone: func(string) *time.Location { return time.UTC }}, FlightSink{Departure: func(d Departure) error {
			if d.Departs < 0 || d.Departs > ssimDay || d.Minutes < 0 || d.Minutes >= ssimDay || d.Number == "" || d.Flown && d.Cancelled {
				t.Fatalf("%+v", d)
			}
			return nil
		}})
	})
}
