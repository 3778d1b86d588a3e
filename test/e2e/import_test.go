package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// TestImport brings the hotels of Singapore into a running system, as the documents say it is done.
func TestImport(t *testing.T) {
	file := data(t, "hotels_singapore/hotels_singapore.csv")
	template := filepath.Join("..", "..", "deploy", "templates", "singapore.json")
	onShapes(t, nil, func(t *testing.T, w *world) {
		bring := []string{"import", "hotels", file, "--template=" + template, "--create-supplier=Hotels of Singapore", fmt.Sprintf("--horizon-nights=%d", horizon)}
		says := func(want string, args ...string) string {
			t.Helper()
			r := w.must(args...)
			if !regexp.MustCompile(want).MatchString(r.Stdout) {
				t.Errorf("want %q in\n%s", want, r.Stdout)
			}
			return r.Stdout
		}
		list := func() (n int) {
			t.Helper()
			var page struct {
				Hotels []api.Named
				Next   *string
			}
			for path := "/v1/hotels?limit=200"; ; path = "/v1/hotels?limit=200&after=" + *page.Next {
				w.as(t, "").want(200, "GET", path, nil, &page)
				if n += len(page.Hotels); page.Next == nil {
					return n
				}
			}
		}
		says(`nothing was imported. Of 429 lines: 429 hotels would be added.* 69970 rooms`, append(bring, "--dry-run")...)
		if n := list(); n != 0 {
			t.Errorf("a dry run made %d hotels", n)
		}
		brokenFile(t, w, file, template, list)

		said := says(`Imported 429 lines: 429 hotels added, .* 0 refused; 69970 rooms`, bring...)
		if !strings.Contains(said, "lost its leading zero") {
			t.Errorf("no word of postal codes without their zero:\n%s", said)
		}
		for i := range w.servers {
			marinaBay(t, w, i)
		}
		if n := list(); n != 429 {
			t.Errorf("%d hotels are listed, want 429", n)
		}
		before := w.audit(t)
		says(`0 hotels added, 0 changed, 429 untouched, 0 refused`, bring...)
		if after := w.audit(t); after.Events != before.Events || after.Pools != before.Pools || after.Slots != before.Slots || after.Entries != before.Entries {
			t.Errorf("importing again changed something:\n%+v\n%+v", before, after)
		}
	}, sqlite, postgres)
}

// brokenFile imports a file with two bad lines: nothing of it is applied, and both are named.
func brokenFile(t *testing.T, w *world, file, template string, list func() int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	lines[7] = strings.Replace(lines[7], ",", ",\"", 1) // line 8: a quote that does not end where it should
	unended := strings.Join(lines, "\n")
	lines = strings.Split(string(text), "\n")
	fields := strings.Split(lines[2], ",") // line 3
	fields[len(fields)-5] = "many"         // total_rooms
	lines[2] = strings.Join(fields, ",")
	lines[4] = "Nowhere Inn,1 Nowhere Road,123456,10,north,103.8,X,20220713235853" // line 5
	for name, c := range map[string]struct {
		text string
		code int
		says []string
	}{
		"two bad lines": {strings.Join(lines, "\n"), 1, []string{"Nothing was imported", "line 3:", "rooms_invalid", "line 5:", "longitude_invalid"}},
		"unended":       {unended, 1, []string{"Nothing was imported", "line 8:", "bad_quotes"}},
	} {
		broken := filepath.Join(t.TempDir(), "broken.csv")
		if err := os.WriteFile(broken, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := w.command("import", "hotels", broken, "--template="+template, "--create-supplier=Hotels of Singapore")
		if r.Code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", name, r.Code, c.code, r.Stdout, r.Stderr)
		}
		for _, want := range c.says {
			if !strings.Contains(r.Stdout+r.Stderr, want) {
				t.Errorf("%s: no %q in\n%s%s", name, want, r.Stdout, r.Stderr)
			}
		}
		if n := list(); n != 0 {
			t.Errorf("%s made %d hotels", name, n)
		}
	}
}

// marinaBay searches around Marina Bay and books what is nearest.
func marinaBay(t *testing.T, w *world, i int) {
	t.Helper()
	a := w.on(t, i, ada)
	today := w.today()
	date := func(n int) string { return today.AddDate(0, 0, n).Format("2006-01-02") }
	search := api.Object{
		"stay": api.Object{
			"near":     api.Object{"latitude": 1.2834, "longitude": 103.8607, "radius_km": 1.5},
			"check_in": date(20), "check_out": date(22), "rooms": []api.Party{{Adults: 2}},
		},
		"sort": "distance", "limit": 10,
	}
	var found api.Offers
	process.Eventually(t, "Marina Bay Sands is on sale", func() bool { // at once, or when the server has heard of it from the database
		found = a.offers(search)
		return slices.ContainsFunc(found.Offers, func(o api.Offer) bool { return o.Hotel.Name == "Marina Bay Sands Singapore" })
	})
	for n, o := range found.Offers {
		if o.Hotel.DistanceKM == nil || *o.Hotel.DistanceKM > 1.5 || o.Price.Total.Currency != "SGD" || n > 0 && *o.Hotel.DistanceKM < *found.Offers[n-1].Hotel.DistanceKM {
			t.Errorf("offer %d near Marina Bay: %+v", n, o)
		}
	}
	booked := a.book(api.Object{"offer": found.Offers[0].ID})
	if booked.Total != found.Offers[0].Price.Total {
		t.Errorf("booked for %+v what was offered for %+v", booked.Total, found.Offers[0].Price.Total)
	}
}
