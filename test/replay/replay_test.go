package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast/civil"
	"holdfast/test/e2e/process"
	"holdfast/test/engine"
)

// binary is the path of the binary under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast-replay-test-")
	if binary = os.Getenv("HOLDFAST_TEST_BINARY"); err == nil && binary == "" {
		binary, err = process.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir) // in the system's folder for temporary files
		os.Exit(code)
	}))
}

// run runs the command and reads its report.
func run(t *testing.T, code int, args ...string) report {
	t.Helper()
	var stdout, stderr bytes.Buffer
	name := filepath.Join(t.TempDir(), "report.json")
	if got := command(append([]string{"--binary", binary, "--json", name}, args...), &stdout, &stderr); got != code {
		t.Fatalf("exit code %d, want %d\n%s%s", got, code, &stdout, &stderr)
	}
	t.Logf("%s", &stdout)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if code == 0 && !strings.Contains(r.Audit, "everything is right") {
		t.Errorf("audit: %s", r.Audit)
	}
	return r
}

// TestFirstEvents replays the beginning of the real data.
func TestFirstEvents(t *testing.T) {
	name, err := filepath.Abs("../../../shared/data/hotel_bookings/hotel_bookings_arrivals_2015_2016.csv.zip")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no data, and CI replays it: %v", err)
		}
		t.Skipf("no data: %v", err)
	}
	bookings, err := read(name)
	if err != nil {
		t.Fatal(err)
	}
	var noNight, noGuest, cancelled int
	for i := range bookings {
		b := &bookings[i]
		if b.nights == 0 {
			noNight++
		}
		if b.guests() == 0 {
			noGuest++
		}
		if b.cancelled != 0 {
			cancelled++
		}
	}
	if len(bookings) != 78_703 || noNight != 571 || noGuest != 113 || cancelled != 27_620 {
		t.Errorf("read %d bookings, %d without a night, %d without a guest, %d cancelled", len(bookings), noNight, noGuest, cancelled)
	}
	r := run(t, 0, "--limit", "3000", name)
	if r.Bookings+r.Cancellations != 3000 || r.Accepted < 2500 || r.Cancelled == 0 || r.SoldOut != 0 || r.NoNight == 0 {
		t.Errorf("report %+v", r)
	}
}

// line is a line of the file: a stay of two nights for two.
func line(hotel, status, statusDate string, lead, day, nights, adults int) string {
	return fmt.Sprintf("%s,%d,2016,March,%d,0,%d,%d,0,0,A,75.50,%s,%s", hotel, lead, day, nights, adults, status, statusDate)
}

// soldOutFile has more bookings than rooms, and everything else that can be odd.
func soldOutFile() string {
	lines := []string{strings.Join(columns, ",")}
	for range 187 { // all rooms of the resort for the nights of 10 and 11 March, booked on 1 March
		lines = append(lines, line("Resort Hotel", "Check-Out", "2016-03-12", 9, 10, 2, 2))
	}
	lines = append(lines,
		line("Resort Hotel", "Check-Out", "2016-03-12", 9, 10, 2, 2),  // sold out
		line("Resort Hotel", "Canceled", "2016-03-01", 8, 11, 2, 2),   // sold out by one night; its cancellation comes too early and too late
		line("Resort Hotel", "Canceled", "2016-03-04", 7, 12, 2, 2),   // these nights are free; booked on 5 March and cancelled that evening
		line("Resort Hotel", "Check-Out", "2016-03-10", 5, 10, 0, 2),  // no night
		line("Resort Hotel", "Check-Out", "2016-03-11", 4, 10, 1, 0),  // no guest
		line("Resort Hotel", "Check-Out", "2016-03-11", 4, 10, 1, 40), // too large a party
		line("City Hotel", "No-Show", "2016-03-10", 4, 10, 2, 2),
	)
	lines[1] = line("Resort Hotel", "Canceled", "2016-03-07", 9, 10, 2, 2) // one of the 187 lets go on 7 March
	lines = append(lines,
		line("Resort Hotel", "Check-Out", "2016-03-12", 3, 10, 2, 1), // and this one gets the room, that day
		line("Resort Hotel", "Check-Out", "2016-03-12", 3, 10, 2, 1), // this one does not
	)
	return strings.Join(lines, "\n") + "\n"
}

// TestSoldOut replays a file that needs more rooms than there are, on both engines.
func TestSoldOut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bookings.csv")
	if err := os.WriteFile(name, []byte(soldOutFile()), 0o600); err != nil {
		t.Fatal(err)
	}
	for shape, store := range map[string]func(*testing.T) []string{
		"sqlite":   func(*testing.T) []string { return nil },
		"postgres": func(t *testing.T) []string { return []string{"--database-url", engine.Postgres(t)} },
	} {
		t.Run(shape, func(t *testing.T) {
			r := run(t, 0, append(store(t), name)...)
			resort := r.Hotels[1]
			if r.Bookings != 196 || r.Accepted != 190 || r.SoldOut != 3 || r.NoNight != 1 || r.NoGuest != 1 || r.NoShows != 1 || r.Cancelled != 2 {
				t.Errorf("report %+v", r)
			}
			if resort.Highest != 187 || resort.AtLimit != 2 || resort.Over != 0 || resort.Inventory != 187 || resort.Wanted != 189 || resort.OverWanted != 2 {
				t.Errorf("resort %+v", resort)
			}
		})
	}
}

// TestReportSeesWhatIsWrong: a report that cannot find fault is worth nothing.
func TestReportSeesWhatIsWrong(t *testing.T) {
	first := civil.MustParse("2016-03-10")
	b := &booking{arrival: first, nights: 2}
	full := func() (*world, *report) {
		w := &world{}
		for i := range w.houses {
			w.houses[i].ledger = newLedger(1, first, first.Add(3))
			w.houses[i].ledger.take(b)
		}
		return w, newReport(w, []*day{{date: first, bookings: []*booking{b}}})
	}
	w, r := full()
	l := w.houses[0].ledger
	r.compare(0, l, []int{1, 1, 0})
	if r.finish(w, 1, new([len(stepNames)]stepTime)); len(r.Wrong) != 0 || r.Hotels[0].AtLimit != 2 {
		t.Errorf("nothing is wrong: %+v", r)
	}
	if l.fits(b) || !l.fits(&booking{arrival: first.Add(2), nights: 1}) {
		t.Error("the ledger does not know what fits")
	}
	w, r = full()
	r.compare(0, w.houses[0].ledger, []int{2, 1, 0})
	if len(r.Wrong) != 2 { // over the limit, and not what our books say
		t.Errorf("two sold of one: %q", r.Wrong)
	}
	w, r = full()
	w.houses[1].ledger.take(b)
	if r.finish(w, 1, new([len(stepNames)]stepTime)); len(r.Wrong) != 2 || r.Hotels[1].Over != 2 {
		t.Errorf("two accepted for one room: %q", r.Wrong)
	}
}

func TestStream(t *testing.T) {
	d := civil.MustParse("2016-03-01")
	bookings := []booking{
		{line: 2, booked: d, cancelled: d.Add(2)},
		{line: 3, booked: d.Add(2), cancelled: d.Add(2)},
		{line: 4, booked: d},
		{line: 5, booked: d.Add(2)},
	}
	said := func(days []*day) string {
		var s strings.Builder
		for _, d := range days {
			fmt.Fprintf(&s, "%s:", d.date)
			for _, part := range [][]*booking{d.morning, d.bookings, d.evening} {
				for _, b := range part {
					fmt.Fprintf(&s, " %d", b.line)
				}
				s.WriteString(" /")
			}
		}
		return s.String()
	}
	for limit, want := range map[int]string{
		0: "2016-03-01: / 2 4 / /2016-03-03: 2 / 3 5 / 3 /",
		9: "2016-03-01: / 2 4 / /2016-03-03: 2 / 3 5 / 3 /",
		2: "2016-03-01: / 2 4 / /",
		4: "2016-03-01: / 2 4 / /2016-03-03: 2 / 3 / /",
	} {
		if got := said(stream(bookings, limit)); got != want {
			t.Errorf("limit %d: %q, want %q", limit, got, want)
		}
	}
}

func TestContended(t *testing.T) {
	first := civil.MustParse("2016-03-10")
	l := newLedger(2, first, first.Add(5))
	a, b, c := &booking{arrival: first, nights: 2}, &booking{arrival: first.Add(1), nights: 1}, &booking{arrival: first.Add(3), nights: 2}
	l.take(a)
	if found := l.contended([]*booking{b, c}); len(found) != 0 {
		t.Errorf("there is room for both: %v", found)
	}
	if found := l.contended([]*booking{a, b, c}); len(found) != 2 || found[c] {
		t.Errorf("two want the last room of a night: %v", found)
	}
}

func TestWrongUse(t *testing.T) {
	for name, args := range map[string][]string{
		"no file":      {},
		"absent":       {"none.zip"},
		"no token":     {"--server", "http://127.0.0.1:1", write(t, soldOutFile())},
		"not the data": {write(t, "a,b\n1,2\n")},
		"bad line":     {write(t, strings.Join(columns, ",")+"\n"+line("City Hotel", "Asleep", "2016-03-12", 9, 10, 2, 2)+"\n")},
	} {
		var stdout, stderr bytes.Buffer
		if code := command(append([]string{"--binary", binary}, args...), &stdout, &stderr); code != exitNotRun || stderr.Len() == 0 {
			t.Errorf("%s: exit code %d, %s", name, code, &stderr)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bookings.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
