package railtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/feed"
	"holdfast/rail"
	"holdfast/reservation"
)

// germanFeed is the timetable of German long-distance trains of 2019; it skips without data, but in CI.
func germanFeed(t *testing.T) func(context.Context, feed.TrainSink) error {
	t.Helper()
	path, err := filepath.Abs("../../../shared/data/gtfs_db_fernverkehr_2019/db_fernverkehr_2019_gtfs.zip")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no data, and CI imports it: %v", err)
		}
		t.Skipf("no data: %v", err)
	}
	return func(ctx context.Context, sink feed.TrainSink) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		files, err := feed.OpenZip(f, info.Size(), feed.ZipLimits{})
		if err != nil {
			return err
		}
		return feed.ReadGTFS(ctx, files, feed.GTFSOptions{}, sink)
	}
}

// germanWeeks moves the feed from its year into this one: 25 November 2019 becomes 16 November 2026.
const germanWeeks = 364

// germany imports the real feed, moved into the present, sells from it, and imports it again.
func germany(w *world) {
	read := germanFeed(w.t)
	load := func(o rail.ImportOptions) *rail.ImportReport {
		w.t.Helper()
		return must[*rail.ImportReport](w.t)(w.core.Import(w.t.Context(), w.staff, read, o, nil))
	}
	w.settings.Horizon = 2
	w.core = w.start()
	o := w.options()
	o.ShiftWeeks = germanWeeks
	if r := load(o); r.Applied || len(r.Refused) != 3 {
		w.t.Fatalf("the feed has three trains that go back in time: %v", r.Refused)
	}
	o.SkipRefused = true
	began := time.Now()
	r := load(o)
	if !r.Applied || r.Trains.Added != 6060 || r.Stations.Added != 664 || r.Sale.OnSale < 1000 || r.Sale.Waiting != 0 || r.Templated.Composition != r.Runs {
		w.t.Errorf("trains %+v, stations %+v, runs %d, templated %+v, sale %+v", r.Trains, r.Stations, r.Runs, r.Templated, r.Sale)
	}
	w.t.Logf("%d trains, %d runs in %v, %d of them on sale", r.Trains.Added, r.Runs, time.Since(began), r.Sale.OnSale)
	before := w.rows()
	o.Stamp = time.Now().UnixMicro()
	if r := load(o); r.Applied || r.Trains != (rail.Difference{Untouched: 6060}) || r.Stations != (rail.Difference{Untouched: 664}) {
		w.t.Errorf("again: %+v %+v", r.Trains, r.Stations)
	}
	after := w.rows()
	before.Railways, after.Railways = nil, nil
	same(w.t, "rows after the same file", len(after.Runs)+len(after.Trains)+len(after.Stations)+len(after.Documents), len(before.Runs)+len(before.Trains)+len(before.Stations)+len(before.Documents))

	q := query("Berlin", "München", today+1)
	found := w.find(q)
	if len(found) < 20 || found[0].Changes > 3 {
		w.t.Fatalf("only %d proposals from Berlin to Munich", len(found))
	}
	for i := range found {
		p := &found[i]
		if p.Available < 100 || p.Offer.Total().Minor < 5_000 || p.Offer.Total().Minor > 40_000 || p.Arrives.Sub(p.Departs) < 3*time.Hour {
			w.t.Errorf("%s: %d free, %v", journey(p), p.Available, p.Offer.Total())
		}
	}
	held := must[*reservation.Reservation](w.t)(w.place(found[0].Sealed))
	for _, item := range held.Items {
		if len(item.Seats) != 1 {
			w.t.Errorf("%s has the seats %v", item.Ride.Number, item.Seats)
		}
	}
	began = time.Now()
	next := w.start() // from the store alone
	w.t.Logf("a process is ready in %v", time.Since(began))
	times := func(all []rail.JourneyProposal) (out []string) {
		for i := range all { // of trains that run as one under two numbers either may be told
			out = append(out, fmt.Sprint(all[i].Departs, all[i].Arrives, all[i].Changes, all[i].Offer.Total()))
		}
		return out
	}
	same(w.t, "journeys after a start", times(must[[]rail.JourneyProposal](w.t)(next.Search(w.t.Context(), q))), times(found))
}
