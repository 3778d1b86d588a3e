package hotel

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/fault"
	"holdfast/place"
	"holdfast/uid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"München": "munchen", " NEW   YORK ": "new york", "Saint-Denis": "saint denis", "St. Gallen": "st gallen", "L'Aquila": "laquila",
		"Łódź": "lodz", "København": "kobenhavn", "Weißenfels": "weissenfels", "ISTANBUL": "istanbul", "İstanbul": "istanbul", "Ōsaka": "osaka", "東京": "東京",
	} {
		if got := place.Name(in); got != want {
			t.Errorf("Name(%q) = %q, want %q", in, got, want)
		}
	}
}

// filed is an index of hotels that stand where they are told.
func filed(t interface{ Fatal(...any) }, hotels ...Hotel) (*places, []*entry) {
	var p places
	p.init()
	var entries []*entry
	for _, h := range hotels {
		h.ID, h.Status, h.TimeZone, h.CheckInFrom, h.CheckOutUntil = uid.New(), Active, "UTC", "15:00", "11:00"
		l, err := newListing(&House{Hotel: h}, zone("UTC"), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		e := &entry{id: h.ID}
		e.listing.Store(l)
		p.put(e, l)
		entries = append(entries, e)
	}
	return &p, entries
}

func TestNamedPlaces(t *testing.T) {
	p, _ := filed(t,
		Hotel{City: "Zürich", Country: "CH"}, Hotel{City: "ZURICH", Country: "CH"}, Hotel{City: "Springfield", Country: "US"},
		Hotel{City: "Springfield", Country: "CA"}, Hotel{City: "Washington, D.C.", Country: "US"}, Hotel{City: "Parma", Country: "IT"}, Hotel{City: "Paris", Country: "FR"},
	)
	for text, want := range map[string]int{
		"zurich": 2, "Zürich, CH": 2, "zürich,ch": 2, "Springfield": 2, "Springfield, CA": 1, "washington, d.c.": 1, "Washington, D.C., US": 1,
	} {
		groups, err := p.named(nil, text)
		n := 0
		for _, g := range groups {
			n += len(g.entries)
		}
		if err != nil || n != want {
			t.Errorf("%q found %d hotels, want %d (%v)", text, n, want, err)
		}
	}
	for text, want := range map[string]string{
		"Pariss": "Paris, FR", "Zurich, DE": "Zürich, CH", "Parsa": "Paris, FR; Parma, IT", "Xyzzy": "", "spring": "Springfield, CA; Springfield, US",
	} {
		_, err := p.named(nil, text)
		if !fault.Is(err, "place_unknown") || fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := strings.Split(fault.As(err).Meta["suggestions"], "; ")
		slices.Sort(got)
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("%q suggests %q, want %q", text, s, want)
		}
	}
}

// A hotel that moves, is renamed or goes away is found where it is and nowhere else.
func TestPlacesFollowTheHotel(t *testing.T) {
	p, entries := filed(t, Hotel{City: "Aa", Country: "DE", Latitude: 50, Longitude: 7}, Hotel{City: "Aa", Country: "DE", Latitude: 50.2, Longitude: 7.2})
	e := entries[0]
	moved := *e.listing.Load().house
	moved.Hotel.City, moved.Hotel.Latitude = "Bb", -33
	l, err := newListing(&moved, zone("UTC"), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	e.listing.Store(l)
	p.put(e, l)
	if groups, err := p.named(nil, "Aa"); err != nil || len(groups) != 1 || len(groups[0].entries) != 1 || groups[0].entries[0] != entries[1] {
		t.Errorf("Aa after one of two moved: %v, %v", groups, err)
	}
	if got := p.near(nil, Near{50, 7, 50}); len(got) != 1 || got[0] != entries[1] {
		t.Errorf("near the old place: %d", len(got))
	}
	if got := p.near(nil, Near{-33, 7, 50}); len(got) != 1 || got[0] != e {
		t.Errorf("near the new place: %d", len(got))
	}
	p.drop(e)
	if _, err := p.named(nil, "Bb"); !fault.Is(err, "place_unknown") {
		t.Errorf("after it went: %v", err)
	}
	if p.entry(e.id) != nil || len(p.near(nil, Near{-33, 7, 50})) != 0 || len(p.tiles) != 1 || len(p.names) != 1 {
		t.Error("something of it is left")
	}
}

func TestKnownDistances(t *testing.T) {
	for _, c := range []struct {
		name       string
		a, b       vector
		want, slip float64
	}{
		{"Berlin-Paris", vectorOf(52.5200, 13.4050), vectorOf(48.8566, 2.3522), 878, 2},
		{"over the date line", vectorOf(0, 179.5), vectorOf(0, -179.5), 111.195, 0.01},
		{"over the pole", vectorOf(89.5, 0), vectorOf(89.5, 180), 111.195, 0.01},
		{"ten metres", vectorOf(1.3, 103.8), vectorOf(1.3, 103.8+10/111194.93/math.Cos(1.3*math.Pi/180)), 0.01, 1e-6},
		{"antipodes", vectorOf(10, 20), vectorOf(-10, -160), math.Pi * earthKM, 0.01},
	} {
		if got := kilometres(c.a.chord(c.b)); math.Abs(got-c.want) > c.slip {
			t.Errorf("%s: %f km, want %f", c.name, got, c.want)
		}
	}
}

// haversine is the textbook formula, to compare with.
func haversine(lat1, lon1, lat2, lon2 float64) float64 {
	rad := math.Pi / 180
	a, b := math.Sin((lat2-lat1)*rad/2), math.Sin((lon2-lon1)*rad/2)
	return 2 * earthKM * math.Asin(math.Sqrt(math.Min(1, a*a+math.Cos(lat1*rad)*math.Cos(lat2*rad)*b*b)))
}

// What the tiles give holds every hotel within the radius: at the poles, over the date line, anywhere.
func TestNearMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		latitude := rapid.OneOf(rapid.Float64Range(-90, 90), rapid.Float64Range(80, 90), rapid.Float64Range(-90, -84), rapid.SampledFrom([]float64{-90, 90, 0, 45}))
		longitude := rapid.OneOf(rapid.Float64Range(-180, 180), rapid.Float64Range(175, 180), rapid.Float64Range(-180, -175), rapid.SampledFrom([]float64{-180, 180, 0}))
		n := Near{latitude.Draw(t, "lat"), longitude.Draw(t, "lon"), rapid.OneOf(rapid.Float64Range(minRadiusKM, maxRadiusKM), rapid.Float64Range(minRadiusKM, 5)).Draw(t, "km")}
		var hotels []Hotel
		for range rapid.IntRange(1, 30).Draw(t, "hotels") {
			h := Hotel{City: "X", Country: "DE", Latitude: latitude.Draw(t, "hotel lat"), Longitude: longitude.Draw(t, "hotel lon")}
			if rapid.Bool().Draw(t, "close") {
				reach := 1.2 * n.RadiusKM / earthKM * 180 / math.Pi
				h.Latitude = math.Max(-90, math.Min(90, n.Latitude+rapid.Float64Range(-reach, reach).Draw(t, "dlat")))
				h.Longitude = math.Remainder(n.Longitude+rapid.Float64Range(-5, 5).Draw(t, "dlon"), 360)
			}
			hotels = append(hotels, h)
		}
		p, entries := filed(t, hotels...)
		got := p.near(nil, n)
		centre, reach := vectorOf(n.Latitude, n.Longitude), chordOf(n.RadiusKM)
		for i, e := range entries {
			km := haversine(n.Latitude, n.Longitude, hotels[i].Latitude, hotels[i].Longitude)
			at := e.listing.Load().at
			if math.Abs(kilometres(at.chord(centre))-km) > 1e-5*math.Max(1, km) {
				t.Fatalf("%v is %f km away, want %f", hotels[i], kilometres(at.chord(centre)), km)
			}
			in := 0
			for _, o := range got {
				if o == e {
					in++
				}
			}
			if in > 1 || km < n.RadiusKM-1e-6 && (in == 0 || at.chord(centre) > reach) {
				t.Fatalf("%+v, %f km away, was found %d times by %+v", hotels[i], km, in, n)
			}
			if km > n.RadiusKM+1e-6 && at.chord(centre) <= reach {
				t.Fatalf("%+v, %f km away, is within %+v", hotels[i], km, n)
			}
		}
	})
}
