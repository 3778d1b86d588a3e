package civil_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/civil"
)

// vectors opens a file of ../shared/data/gtfs_time_vectors, or skips the test where they are not; CI must have them.
func vectors(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("../../shared/data/gtfs_time_vectors", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no data, and CI needs it: %v", err)
		}
		t.Skipf("no data: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// TestServiceTimeVectors resolves the times of another implementation.
func TestServiceTimeVectors(t *testing.T) {
	var cases []struct {
		Title  string            `json:"title"`
		Args   []json.RawMessage `json:"args"`
		Result int64             `json:"result"`
	}
	if err := json.NewDecoder(vectors(t, "resolve-time.json")).Decode(&cases); err != nil || len(cases) != 16 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		var zone, date [2]string
		var seconds []any
		for i, to := range []any{&zone, &date, &seconds} {
			if err := json.Unmarshal(c.Args[i], to); err != nil {
				t.Fatal(err)
			}
		}
		place, err := civil.Zone(zone[1])
		if err != nil {
			t.Fatal(err)
		}
		got := civil.ServiceTime(civil.MustParse(date[1]), place, int32(seconds[1].(float64)))
		if got.Unix() != c.Result {
			t.Errorf("%s: %s + %v s in %s is %d, want %d", c.Title, date[1], seconds[1], zone[1], got.Unix(), c.Result)
		}
	}
}

// TestServiceTimeChangeDays rides the little feed of the days on which the clocks change: its trains leave at 2:01, of
// which there are two, or none.
func TestServiceTimeChangeDays(t *testing.T) {
	table := func(name string) [][]string {
		rows, err := csv.NewReader(vectors(t, "daylight-saving-time/"+name)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows[1:]
	}
	day := map[string]civil.Date{} // service -> its one date
	for _, row := range table("calendar.csv") {
		date, err := time.Parse("20060102", row[8])
		if err != nil {
			t.Fatal(err)
		}
		day[row[0]] = civil.DateOf(date.Date())
	}
	service := map[string]string{} // trip -> service
	for _, row := range table("trips.csv") {
		service[row[2]] = row[1]
	}
	berlin, err := civil.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{ // trip, sequence -> departure as a wall clock in Berlin shows it
		"A1 3": "2019-10-27T02:01:00+01:00", "A1 5": "2019-10-27T03:01:00+01:00",
		// In spring there is no 2:01: two hours and a minute after noon minus twelve hours the clock is at 1:01.
		"B1 10": "2019-03-31T01:01:00+01:00", "B1 11": "2019-03-31T03:01:00+02:00",
	}
	seen := 0
	for _, row := range table("stop_times.csv") {
		hour, minute, _ := strings.Cut(row[2], ":")
		h, _ := strconv.Atoi(hour)
		m, err := strconv.Atoi(minute)
		if err != nil {
			t.Fatal(err)
		}
		got := civil.ServiceTime(day[service[row[0]]], berlin, int32(h*3600+m*60)).Format(time.RFC3339)
		if got != want[row[0]+" "+row[4]] {
			t.Errorf("%s %s: %s is %s", row[0], row[4], row[2], got)
		}
		seen++
	}
	if seen != len(want) {
		t.Errorf("%d departures", seen)
	}
}

func TestServiceTime(t *testing.T) {
	for _, c := range []struct {
		date, zone string
		seconds    int32
		want       string
	}{
		{"2026-11-22", "Europe/Berlin", 8 * 3600, "2026-11-22T08:00:00+01:00"},
		{"2026-11-22", "Europe/Berlin", 24 * 3600, "2026-11-23T00:00:00+01:00"},
		{"2026-11-22", "Europe/Berlin", 57*3600 + 40*60, "2026-11-24T09:40:00+01:00"},
		{"2026-11-22", "Europe/Berlin", -60, "2026-11-21T23:59:00+01:00"},
		{"2026-03-29", "Europe/Berlin", 0, "2026-03-28T23:00:00+01:00"}, // a day of 23 hours
		{"2026-03-29", "Europe/Berlin", 8 * 3600, "2026-03-29T08:00:00+02:00"},
		{"2026-03-28", "Europe/Berlin", 32 * 3600, "2026-03-29T09:00:00+02:00"}, // 32 hours after midnight, not "8:00 tomorrow"
		{"2026-10-25", "Europe/Berlin", 0, "2026-10-25T01:00:00+02:00"},         // a day of 25 hours
		{"2026-10-25", "Europe/Berlin", 8 * 3600, "2026-10-25T08:00:00+01:00"},
		{"2026-10-24", "Europe/Berlin", 32 * 3600, "2026-10-25T07:00:00+01:00"},
		{"2026-04-05", "Australia/Lord_Howe", 8 * 3600, "2026-04-05T08:00:00+10:30"}, // half an hour
		{"2026-04-05", "Australia/Lord_Howe", 0, "2026-04-05T00:30:00+11:00"},
		{"2026-11-22", "Asia/Kathmandu", 25 * 3600, "2026-11-23T01:00:00+05:45"},
		{"1969-12-31", "UTC", 86399, "1969-12-31T23:59:59Z"},
	} {
		zone, err := civil.Zone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := civil.ServiceTime(civil.MustParse(c.date), zone, c.seconds).Format(time.RFC3339); got != c.want {
			t.Errorf("%s + %d s in %s is %s, want %s", c.date, c.seconds, c.zone, got, c.want)
		}
	}
}
