package rail

import (
	"math"
	"strings"
	"unicode"

	"holdfast/place"
	"holdfast/uid"
)

// Station is where trains of a railway call, or a platform of one (then Parent names the station). Codes are the
// railway's own.
type Station struct {
	Supplier            uid.ID
	Code, Name          string
	Parent              string // code of the station that this is a platform of; "" for none
	City                string // what the name says of it; see cityOf
	Zone                string // IANA zone; "" for that of the trains
	Country             string // ISO 3166 alpha-2; "" unknown
	Latitude, Longitude float64
	Located             bool       // the coordinates are known
	TransferSeconds     int32      // as the feed says; 0: the template's, by size
	Footpaths           []Footpath // to other stations of the railway, by code
	Feed                string     // that told of it last
	Retired             bool       // the feed has it no more; kept for what was sold
}

// Footpath is a way to another station on foot.
type Footpath struct {
	To      string `json:"to"`
	Seconds int32  `json:"seconds"`
}

// Key names a station among those of all railways.
type Key struct {
	Supplier uid.ID
	Code     string
}

// Key is the station's own.
func (s *Station) Key() Key { return Key{s.Supplier, s.Code} }

// cityOf is what the name of a station says of its city: what stands before a bracket, a comma or a word for "main
// station". "Frankfurt(Main)Hbf" is in Frankfurt, "Berlin Südkreuz" in Berlin Südkreuz: names alone tell no more, and
// search looks for the words of a name anyway.
func cityOf(name string) string {
	city := name
	if i := strings.IndexAny(city, "(,/"); i > 0 {
		city = city[:i]
	}
	for _, word := range []string{" Hbf", " Hauptbahnhof", " Hl.n.", " hl.n.", " Central", " Centraal", " Centrale"} {
		if i := strings.Index(city, word); i > 0 {
			city = city[:i]
		}
	}
	return strings.TrimRightFunc(strings.TrimSpace(city), unicode.IsPunct)
}

// metres is the great-circle distance of two stations, false unless both are located.
func metres(a, b *Station) (int64, bool) {
	if a == nil || b == nil || !a.Located || !b.Located {
		return 0, false
	}
	return int64(math.Round(place.Metres(a.Latitude, a.Longitude, b.Latitude, b.Longitude))), true
}
