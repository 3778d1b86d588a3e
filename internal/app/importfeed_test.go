package app

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/flight"
	"holdfast/internal/config"
	"holdfast/rail"
	"holdfast/test/engine"
)

// gtfsFolder writes a little timetable: trains on one line over the next days, as many as told.
func gtfsFolder(t *testing.T, trains int) string {
	t.Helper()
	dir := t.TempDir()
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format("20060102") }
	files := map[string]string{
		"agency.txt":   "agency_id,agency_name,agency_url,agency_timezone\nA,Tagus Rail,https://example.org,Europe/Lisbon\n",
		"stops.txt":    "stop_id,stop_name,stop_lat,stop_lon\nLIS,Lisboa Oriente,38.7677,-9.0990\nCOI,Coimbra B,40.2250,-8.4400\nPOR,Porto Campanha,41.1487,-8.5856\n",
		"routes.txt":   "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,IC,Lisboa - Porto,2\n",
		"calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nS,1,1,1,1,1,1,1," + day(1) + "," + day(20) + "\n",
	}
	trips, calls := "route_id,service_id,trip_id,trip_short_name\n", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
	for n := range trains {
		trips += fmt.Sprintf("R,S,T%d,IC %d\n", n, 100+n)
		for i, stop := range []string{"LIS", "COI", "POR"} {
			at := fmt.Sprintf("%02d:%02d:00", 6+n+i, 10*i)
			calls += fmt.Sprintf("T%d,%s,%s,%s,%d\n", n, at, at, stop, i)
		}
	}
	files["trips.txt"], files["stop_times.txt"] = trips, calls
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// importTrains imports a timetable again and again, and wants what each time should come of it.
func importTrains(t *testing.T, c *config.Config) {
	t.Helper()
	wish := FeedWish{Format: "gtfs", CreateSupplier: "Tagus Rail"}
	want := func(w FeedWish, trains int, applied, held bool, added, removed, untouched int64) {
		t.Helper()
		r, err := ImportFeed(t.Context(), c, quiet, w, []string{gtfsFolder(t, trains)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Applied != applied || r.Held != held || r.Added != added || r.Removed != removed || r.Untouched != untouched {
			t.Errorf("got %+v; want applied %v, held %v, %d added, %d removed, %d untouched", r, applied, held, added, removed, untouched)
		}
	}
	dry := wish
	dry.DryRun = true
	want(dry, 10, false, false, 13, 0, 0)
	want(wish, 10, true, false, 13, 0, 0) // trains and stations
	want(wish, 10, false, false, 0, 0, 13)
	if _, err := ImportFeed(t.Context(), c, quiet, wish, []string{gtfsFolder(t, 5)}, nil); err == nil || !strings.Contains(err.Error(), "remove") {
		t.Errorf("half of the trains would go: %v", err)
	}
	dry.MaxRemoved = 10
	want(dry, 8, false, true, 0, 2, 11)
	forced := wish
	forced.Force = true
	want(forced, 5, true, false, 0, 5, 8)
	want(wish, 10, true, false, 5, 0, 8)
}

func TestImportFeed(t *testing.T) {
	t.Run("without a server", func(t *testing.T) {
		c := settings(t, "--data="+t.TempDir(), tokens(t), "--horizon-runs=10")
		importTrains(t, c)
		r := serve(t, c, false)
		r.rides()
		r.end()
		audit(t, c, 1)
	})
	t.Run("through the server", func(t *testing.T) {
		c := settings(t, "--data="+t.TempDir(), tokens(t), "--horizon-runs=10")
		r := serve(t, c, false)
		importTrains(t, c)
		r.rides()
		audit(t, c, 1)
		r.end()
	})
	t.Run("beside the server on PostgreSQL", func(t *testing.T) {
		c := settings(t, "--database-url="+engine.Postgres(t), tokens(t), "--database-max-conns=4", "--horizon-runs=10")
		r := serve(t, c, true)
		importTrains(t, c)
		r.rides()
		r.end()
	})
}

// rides waits until the server finds a train, and takes two seats in it.
func (r *running) rides() {
	r.t.Helper()
	query := object{"train": object{"from": "Lisboa", "to": "Porto", "date": date(3), "travellers": object{"adults": 2}}}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if offers, _ := r.call("POST", "/v1/offers", "token-traveller", query, 200)["offers"].([]any); len(offers) > 0 {
			offer := offers[0].(object) //nolint:forcetypeassert // a failure of the test
			made := r.call("POST", "/v1/reservations", "token-traveller", object{
				"items": []object{{"offer": offer["id"], "preferences": object{"together": true}}}, "travellers": []object{{"given_name": "Ada", "family_name": "Lovelace"}},
			}, 201)
			items, _ := made["items"].([]any)
			if seats, _ := items[0].(object)["seats"].([]any); len(seats) != 2 { //nolint:forcetypeassert // a failure of the test
				r.t.Errorf("reserved %v", made)
			}
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the imported trains are not found")
		}
	}
}

func TestImportFeedRefuses(t *testing.T) {
	c := settings(t, "--data="+t.TempDir(), tokens(t))
	folder := gtfsFolder(t, 1)
	for name, w := range map[string]FeedWish{
		"no format":          {Format: "gtf", CreateSupplier: "X"},
		"--supplier":         {Format: "gtfs"},
		"no supplier":        {Format: "airports", CreateSupplier: "X"},
		"--max-removed":      {Format: "gtfs", CreateSupplier: "X", MaxRemoved: 101},
		"--date":             {Format: "tra", CreateSupplier: "X", Date: "tomorrow"},
		"--template":         {Format: "gtfs", CreateSupplier: "X", Template: filepath.Join(folder, "none.json")},
		"name it":            {Format: "tra", CreateSupplier: "Y"},
		"SSIM":               {Format: "ssim", CreateSupplier: "Z"},
		"is of another kind": {Format: "ontime", Supplier: supplierNamed("Tagus Rail").Text("sup")},
	} {
		t.Run(name, func(t *testing.T) {
			if w.Supplier != "" {
				if _, err := ImportFeed(t.Context(), c, quiet, FeedWish{Format: "gtfs", CreateSupplier: "Tagus Rail"}, []string{folder}, nil); err != nil {
					t.Fatal(err)
				}
			}
			_, err := ImportFeed(t.Context(), c, quiet, w, []string{filepath.Join(folder, "trips.txt")}, nil)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want %q in it", err, name)
			}
		})
	}
}

// A body of several files is told apart by their names; what is packed twice is unpacked.
func TestParts(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, fill func(*zip.Writer)) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		fill(z)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inner := write("flights.zip", func(z *zip.Writer) {
		w, err := z.Create("flights_2014.csv")
		if err == nil {
			_, err = w.Write([]byte("flights"))
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	planes := filepath.Join(dir, "planes.csv")
	if err := os.WriteFile(planes, []byte("planes"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, done, err := packed([]string{inner, planes})
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	f := in.(*os.File) //nolint:forcetypeassert // a failure of the test
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	parts, closeAll, err := body{f, info.Size()}.parts("plane", "flights")
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	for name, want := range map[string]string{"plane": "planes", "flights": "flights"} {
		var got bytes.Buffer
		if _, err := got.ReadFrom(parts[name]); err != nil || got.String() != want {
			t.Errorf("%s is %q, %v", name, got.String(), err)
		}
	}
	twice, done2, err := packed([]string{inner, inner})
	if err != nil {
		t.Fatal(err)
	}
	defer done2()
	info, err = twice.(*os.File).Stat() //nolint:forcetypeassert // a failure of the test
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := (body{twice.(*os.File), info.Size()}).parts("plane", "flights"); err == nil { //nolint:forcetypeassert // a failure of the test
		t.Error("two files of flights were taken")
	}
}

// The public test feeds that are right are imported, some with warnings. Of those that are broken nothing is, or with
// --skip-refused what is not refused.
func TestImportPublicFeeds(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data", "gtfs_bad_feeds")
	entries, err := os.ReadDir(folder)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the shared data are not here")
	}
	right := []string{
		"good_feed", "good_feed.zip", "flatten_feed", "only_calendar_dates", "unrecognized_columns", "utf8bom", "unused_stop", "au-sydney-entrances",
		"unknown_file", "same_short_long_name", "filter_unusual_trips", "missing_row_cells", "duplicate_stop", "bad_eol.zip", // with warnings
	}
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) != ".zip" {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			c := settings(t, "--data="+t.TempDir())
			r, err := ImportFeed(t.Context(), c, quiet, FeedWish{Format: "gtfs", CreateSupplier: "Demo Transit"}, []string{filepath.Join(folder, e.Name())}, nil)
			switch applied := err == nil && r.Applied; {
			case slices.Contains(right, e.Name()) != applied:
				t.Errorf("applied %v: %v, %+v", applied, err, r)
			case !applied && err == nil && len(r.Refused) == 0:
				t.Errorf("nothing was applied, and nothing says why: %+v", r)
			case applied:
				r, err = ImportFeed(t.Context(), c, quiet, FeedWish{Format: "gtfs", CreateSupplier: "Demo Transit"}, []string{filepath.Join(folder, e.Name())}, nil)
				if err != nil || r.Applied || r.Added+r.Changed+r.Removed > 0 {
					t.Errorf("the same again: %v, %+v", err, r)
				}
			}
		})
	}
}

// The templates in deploy are what is used where none is given, to be copied and changed.
func TestDeployedTemplates(t *testing.T) {
	folder := filepath.Join("..", "..", "deploy", "templates")
	text, err := os.ReadFile(filepath.Join(folder, "railway.json"))
	if err != nil {
		t.Fatal(err)
	}
	of, err := rail.ParseTemplates(text)
	if diff := cmp.Diff(rail.DefaultTemplates(), of, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("railway.json: %v\n%s", err, diff)
	}
	file, err := os.Open(filepath.Join(folder, "airline.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // only read
	line, err := flight.ReadTemplate(file)
	if diff := cmp.Diff(flight.DefaultTemplate(), line, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("airline.json: %v\n%s", err, diff)
	}
}
