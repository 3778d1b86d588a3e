package house

import (
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/offer"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
)

// What a rush leaves is right, and the verifier sees it when it is not.
func TestTrainIsVerified(t *testing.T) {
	d, err := OpenDesk(t.Context(), SQLite, NewTrain(offer.Train), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	r := drive.Closed(t.Context(), d, drive.Load{Clients: 32, Tries: 300, Targets: 1, Seed: 1})
	if r.Placed != 300 || r.Failed != 0 {
		t.Fatalf("%d of 300 placed, %d failed: %v", r.Placed, r.Failed, r.Err)
	}
	want := check.Expect{}
	for _, a := range r.Acks {
		want.Acks = append(want.Acks, a.ID)
	}
	report, err := d.Check(t.Context(), want)
	if err != nil || len(report.Findings) > 0 {
		t.Fatalf("%v: %v", err, report.Findings)
	}
	conn, err := sqlite.OpenConn(d.file(), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, c := range []struct{ damage, says string }{
		{"UPDATE claims SET unit = 1 WHERE unit = 2", "pool 1 unit 1 is claimed on ["},
		{"UPDATE claims SET unit = 2 WHERE unit = 1", "pool 1 unit 1: taken"},
		{"UPDATE unit_blocks SET taken = blocked WHERE block = 0", "pool 1 unit 2: taken 0"},
		{"DELETE FROM unit_blocks WHERE block = 0", "its block 0 is not stored"},
	} {
		if err := sqlitex.ExecuteTransient(conn, c.damage, nil); err != nil {
			t.Fatal(err)
		}
		report, err := d.Check(t.Context(), want)
		if err != nil || !strings.Contains(strings.Join(report.Findings, "\n"), c.says) {
			t.Errorf("%s: not %q but %v, %v", c.damage, c.says, report.Findings, err)
		}
	}
}

// Everybody is asked the same, and rides are of every kind.
func TestRides(t *testing.T) {
	l := drive.Load{Seed: 7}
	var seats, whole, short int
	for n := range int64(10_000) {
		r := RideOf(l.Request(n))
		if r != RideOf(l.Request(n)) || r.From < 0 || r.From >= r.To || r.To > Segments || r.Seats < 1 || r.Seats > mostSeats {
			t.Fatalf("request %d is %+v", n, r)
		}
		seats += r.Seats
		if r.To-r.From == 1 {
			short++
		}
		if r.To == Segments {
			whole++
		}
	}
	if seats < 13_000 || seats > 13_700 || short < 1_000 || whole < 1_000 {
		t.Errorf("%d seats, %d rides of one segment, %d to the end", seats, short, whole)
	}
}
