package railtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/feed"
	"holdfast/rail"
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
		defer f.Close() //nolint:errcheck // it was only read
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

// germanWeeks moves the feed from its year into this one: 2 December 2019 becomes 23 November 2026.
const germanWeeks = 364

func germany(w *world) {
	read := germanFeed(w.t)
	o := w.options()
	o.ShiftWeeks = germanWeeks
	if _, err := w.core.Import(w.t.Context(), w.staff, read, o, nil); err != nil {
		w.t.Fatal(err)
	}
	o.SkipRefused = true
	began := time.Now()
	r := must[*rail.ImportReport](w.t)(w.core.Import(w.t.Context(), w.staff, read, o, nil))
	w.t.Logf("imported in %v: trains %+v stations %+v runs %d templated %+v sale %d refused %d warnings %d", time.Since(began), r.Trains, r.Stations, r.Runs, r.Templated, r.Sale.OnSale, len(r.Refused), len(r.Warnings))
	for _, n := range r.Refused {
		w.t.Log(n)
	}
	for _, n := range r.Warnings[:min(20, len(r.Warnings))] {
		w.t.Log(n)
	}
	began = time.Now()
	found := w.find(query("Berlin", "München", today+2))
	w.t.Logf("%d proposals in %v", len(found), time.Since(began))
	began = time.Now()
	found = w.find(query("Berlin", "München", today+2))
	w.t.Logf("%d proposals in %v", len(found), time.Since(began))
	began = time.Now()
	for range 200 {
		w.find(query("Berlin", "München", today+2))
	}
	w.t.Logf("200 in %v", time.Since(began))
	for i := range found[:min(4, len(found))] {
		w.t.Log(found[i].Fare.Name, found[i].Offer.Total(), found[i].Available)
	}
	began = time.Now()
	again := must[*rail.ImportReport](w.t)(w.core.Import(w.t.Context(), w.staff, read, o, nil))
	w.t.Logf("again in %v: %+v", time.Since(began), again.Trains)
	began = time.Now()
	w.start()
	w.t.Logf("start in %v", time.Since(began))
}
