package place_test

import (
	"math"
	"testing"

	"holdfast/place"
)

func TestNames(t *testing.T) {
	for _, c := range []struct{ text, name, words string }{
		{"Łódź", "lodz", "lodz"},
		{"Saint-Denis", "saint denis", "saint denis"},
		{"St. Gallen", "st gallen", "st gallen"},
		{"  L'Aquila ", "laquila", "laquila"},
		{"Frankfurt(Main)Hbf", "frankfurt(main)hbf", "frankfurt main hbf"},
		{"Zürich HB", "zurich hb", "zurich hb"},
		{"Ærø", "aero", "aero"},
		{"İstanbul", "istanbul", "istanbul"},
		{"", "", ""},
	} {
		if got := place.Name(c.text); got != c.name {
			t.Errorf("the name of %q is %q, want %q", c.text, got, c.name)
		}
		if got := place.Words(c.text); got != c.words {
			t.Errorf("the words of %q are %q, want %q", c.text, got, c.words)
		}
	}
}

// Distances against the law of cosines, which is exact enough far apart; and the edges.
func TestMetres(t *testing.T) {
	points := [][2]float64{{38.77, -9.13}, {48.11, 16.57}, {35.55, 139.78}, {-36.99, 174.79}, {0, 180}, {0, -180}, {90, 0}}
	for _, a := range points {
		for _, b := range points {
			rad := math.Pi / 180
			cos := math.Sin(a[0]*rad)*math.Sin(b[0]*rad) + math.Cos(a[0]*rad)*math.Cos(b[0]*rad)*math.Cos((b[1]-a[1])*rad)
			want := place.EarthMetres * math.Acos(max(-1, min(1, cos)))
			if got := place.Metres(a[0], a[1], b[0], b[1]); math.Abs(got-want) > 1 {
				t.Errorf("%v to %v is %.1f m, want %.1f", a, b, got, want)
			}
		}
	}
	if got := place.Metres(0, 0, 0, 180); math.Abs(got-math.Pi*place.EarthMetres) > 1 {
		t.Errorf("half way round is %.1f m", got)
	}
}
