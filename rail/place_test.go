package rail

import (
	"slices"
	"testing"

	"holdfast/rail/timetable"
)

func TestPlaces(t *testing.T) {
	var stops []*stop
	add := func(code, name string, lat, lon float64, calls int) {
		stops = append(stops, &stop{id: timetable.StationID(len(stops)), calls: calls, station: &Station{Code: code, Name: name, Latitude: lat, Longitude: lon, Located: true}})
	}
	add("1", "Berlin Hbf", 52.525, 13.369, 300)
	add("2", "Berlin Südkreuz", 52.475, 13.365, 200)
	add("3", "Berlin-Spandau", 52.534, 13.197, 100)
	add("4", "Dallgow (bei Berlin)", 52.53, 13.07, 5)
	add("5", "Frankfurt(Main)Hbf", 50.107, 8.663, 300)
	add("6", "Frankfurt(Oder)", 52.337, 14.546, 50)
	add("7", "Zürich HB", 47.378, 8.540, 40)
	add("8", "Łódź Fabryczna", 51.77, 19.47, 10)
	add("9", "Ulm", 48.4, 9.98, 60)
	p := newPlaces(stops)
	for text, want := range map[string][]string{
		"3": {"3"}, "berlin": {"1", "2", "3"}, "BERLIN hbf": {"1"}, "berlin sudkreuz": {"2"}, "bei Berlin": {"4"},
		"Frankfurt": {"5"}, "frankfurt oder": {"6"}, "Frankfurt (Main)": {"5"}, "zurich": {"7"}, "Zürich HB": {"7"}, "lodz": {"8"}, "ber": {"1"}, "ulm": {"9"},
	} {
		found, err := p.find(text, "/from")
		var got []string
		for _, s := range found {
			got = append(got, s.station.Code)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "  ", "Nowhere", "\x00", "()"} {
		if found, err := p.find(text, "/from"); err == nil {
			t.Errorf("%q is %v", text, found[0].station)
		}
	}
}

func TestCityOf(t *testing.T) {
	for name, want := range map[string]string{
		"Frankfurt(Main)Hbf": "Frankfurt", "Berlin Hbf": "Berlin", "Praha hl.n.": "Praha", "Ulm": "Ulm", "Milano Centrale": "Milano", "Hbf": "Hbf", "Basel SBB": "Basel SBB",
	} {
		if got := cityOf(name); got != want {
			t.Errorf("%q is in %q, want %q", name, got, want)
		}
	}
}
