package hotel

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"holdfast/fault"
	"holdfast/place"
	"holdfast/uid"
)

// Bounds of asking for a place.
const (
	maxPlaceRunes  = 100
	minRadiusKM    = 0.1
	maxRadiusKM    = 500
	maxSuggestions = 3
)

// places finds hotels by city, by distance and by id. Slices it gives out are never changed behind their length.
type places struct {
	mu    sync.RWMutex
	byID  map[uid.ID]*entry
	names map[string][]*city // by folded name
	tiles map[tile][]*entry
}

// city is all hotels of one name in one country.
type city struct {
	name    string // folded
	shown   string // as the first hotel spells it
	country string
	entries []*entry
	sum     vector // of the hotels' places
}

// group is some hotels and the point their distance is counted from.
type group struct {
	entries []*entry
	centre  vector
}

func (p *places) init() {
	p.byID, p.names, p.tiles = map[uid.ID]*entry{}, map[string][]*city{}, map[tile][]*entry{}
}

// entry is the entry of a hotel, nil if it is unknown.
func (p *places) entry(id uid.ID) *entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byID[id]
}

// all is every entry, in no order.
func (p *places) all() []*entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Collect(maps.Values(p.byID))
}

// put files an entry where its listing belongs. Hotels that are not active are found by id alone.
func (p *places) put(e *entry, l *listing) {
	h := &l.house.Hotel
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byID[e.id] = e
	if h.Status != Active {
		p.unfile(e)
		return
	}
	name, at := place.Name(h.City), tileOf(h.Latitude, h.Longitude)
	if e.city != nil && e.city.name == name && e.city.country == h.Country && e.tile == at {
		e.city.centre() // the hotel may have moved within its tile
		return
	}
	p.unfile(e)
	e.city, e.tile = p.city(name, h.City, h.Country), at
	e.city.entries = append(e.city.entries, e)
	e.city.sum = e.city.sum.plus(l.at)
	p.tiles[at] = append(p.tiles[at], e)
}

// drop takes an entry out of everything.
func (p *places) drop(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unfile(e)
	delete(p.byID, e.id)
}

func (p *places) unfile(e *entry) {
	if e.city == nil {
		return
	}
	c := e.city
	c.entries = without(c.entries, e)
	c.centre()
	if len(c.entries) == 0 {
		p.names[c.name] = slices.DeleteFunc(slices.Clone(p.names[c.name]), func(o *city) bool { return o == c })
		if len(p.names[c.name]) == 0 {
			delete(p.names, c.name)
		}
	}
	if p.tiles[e.tile] = without(p.tiles[e.tile], e); len(p.tiles[e.tile]) == 0 {
		delete(p.tiles, e.tile)
	}
	e.city = nil
}

// without copies: a search may be reading the old slice.
func without(entries []*entry, e *entry) []*entry {
	out := make([]*entry, 0, len(entries))
	for _, o := range entries {
		if o != e {
			out = append(out, o)
		}
	}
	return out
}

func (p *places) city(name, shown, country string) *city {
	for _, c := range p.names[name] {
		if c.country == country {
			return c
		}
	}
	c := &city{name: name, shown: shown, country: country}
	p.names[name] = append(p.names[name], c)
	return c
}

// centre adds the places of the hotels up again.
func (c *city) centre() {
	c.sum = vector{}
	for _, e := range c.entries {
		c.sum = c.sum.plus(e.listing.Load().at)
	}
}

// named appends the cities that a text names: "City" or "City, CC". Reason place_unknown, with names like it.
func (p *places) named(groups []group, text string) ([]group, error) {
	found, wanted := p.find(groups, text)
	if len(found) > len(groups) {
		return found, nil
	}
	err := fault.New(fault.NotFound, "place_unknown", "We have no hotels in a place of that name. Give a city, or a city and its country code (\"Springfield, US\").")
	if like := p.like(wanted); len(like) > 0 {
		err.Public += " Did you mean " + strings.Join(like, " or ") + "?"
		err = err.With("suggestions", strings.Join(like, "; "))
	}
	return nil, err
}

// find is named without the error; wanted is the folded name of the city.
func (p *places) find(groups []group, text string) (found []group, wanted string) {
	wanted, country := place.Name(text), ""
	p.mu.RLock()
	defer p.mu.RUnlock()
	cities := p.names[wanted]
	if i := strings.LastIndexByte(text, ','); i >= 0 && len(cities) == 0 {
		wanted, country = place.Name(text[:i]), strings.ToUpper(strings.TrimSpace(text[i+1:]))
		cities = p.names[wanted]
	}
	for _, c := range cities {
		if country == "" || c.country == country {
			groups = append(groups, group{c.entries, c.sum.unit()})
		}
	}
	return groups, wanted
}

// like is the names of cities most like a folded name, at most maxSuggestions, the nearest first. Like is: one starts
// with the other, or a third of the letters are wrong at most.
func (p *places) like(name string) []string {
	type match struct {
		city *city
		off  int
	}
	want := []rune(name)
	most := max(1, (len(want)+1)/3)
	row := make([]int, len(want)+1)
	var found []match
	for _, c := range p.cities() {
		off := distance(want, c.name, row, most)
		starts := len(want) >= 3 && (strings.HasPrefix(c.name, name) || strings.HasPrefix(name, c.name+" "))
		if starts || off <= most {
			found = append(found, match{c, off})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.city.name, b.city.name), cmp.Compare(a.city.country, b.city.country))
	})
	var out []string
	for _, m := range found[:min(len(found), maxSuggestions)] {
		out = append(out, m.city.shown+", "+m.city.country)
	}
	return out
}

// cities is all cities. Comparing names with them takes its time, which no writer should wait for.
func (p *places) cities() []*city {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]*city, 0, len(p.names))
	for _, cities := range p.names {
		out = append(out, cities...)
	}
	return out
}

// distance is how many letters must be changed, added or left out to make one word of the other (Levenshtein), or some
// number above most. row is scratch of len(a)+1.
func distance(a []rune, b string, row []int, most int) int {
	for i := range row {
		row[i] = i
	}
	n := 0
	for _, r := range b {
		n++
		diagonal := row[0]
		row[0] = n
		least := n
		for i := range a {
			step := diagonal
			if a[i] != r {
				step++
			}
			diagonal = row[i+1]
			row[i+1] = min(step, diagonal+1, row[i]+1)
			least = min(least, row[i+1])
		}
		if least > most { // it never gets less further on
			return least
		}
	}
	return row[len(a)]
}

// checkPlace refuses texts that name nothing.
func checkPlace(text, pointer string) error {
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxPlaceRunes {
		return fault.InvalidField(pointer, "place_invalid", "place must be the name of a city, of at most %d characters.", maxPlaceRunes)
	}
	return nil
}

// check refuses circles that are none.
func (n *Near) check(pointer string) error {
	switch {
	case !(n.Latitude >= -90 && n.Latitude <= 90):
		return fault.InvalidField(pointer+"/latitude", "latitude_out_of_range", "latitude must be from -90 to 90.")
	case !(n.Longitude >= -180 && n.Longitude <= 180):
		return fault.InvalidField(pointer+"/longitude", "longitude_out_of_range", "longitude must be from -180 to 180.")
	case !(n.RadiusKM >= minRadiusKM && n.RadiusKM <= maxRadiusKM):
		return fault.InvalidField(pointer+"/radius_km", "radius_out_of_range", "radius_km must be from %g to %d.", minRadiusKM, maxRadiusKM)
	}
	return nil
}

// near appends the hotels of all tiles that the circle touches; they may lie a little outside of it.
func (p *places) near(entries []*entry, n Near) []*entry {
	angle := n.RadiusKM / earthKM
	reach := angle*180/math.Pi + slackDegrees
	south, north := n.Latitude-reach, n.Latitude+reach
	first, count := 0, tileColumns
	// A circle that holds no pole lies between two meridians. The pole, its centre and the point where it touches one of
	// them make a right-angled spherical triangle, hence the angle between.
	if south > -90 && north < 90 {
		wide := math.Asin(math.Min(1, math.Sin(angle)/math.Cos(n.Latitude*math.Pi/180)))*180/math.Pi + slackDegrees
		first = int(math.Floor(n.Longitude - wide))
		count = min(tileColumns, int(math.Floor(n.Longitude+wide))-first+1)
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for row := tileOf(south, 0).row; row <= tileOf(north, 0).row; row++ {
		for i := range count {
			entries = append(entries, p.tiles[tile{row, tileOf(0, float64(first+i)).column}]...)
		}
	}
	return entries
}

// tile is a field of one degree by one.
type tile struct{ row, column int16 }

const (
	tileColumns  = 360
	slackDegrees = 1e-9 // a tenth of a millimetre, more than rounding can move an edge
)

// tileOf is the tile of a point; longitudes go round, latitudes end at the poles.
func tileOf(latitude, longitude float64) tile {
	row := min(max(int(math.Floor(latitude))+90, 0), 179)
	column := ((int(math.Floor(longitude))+180)%tileColumns + tileColumns) % tileColumns
	return tile{int16(row), int16(column)}
}

// earthKM is the mean radius of the Earth.
const earthKM = place.EarthMetres / 1000

// vector is a point on the unit sphere, where neither the date line nor a pole is special.
type vector struct{ x, y, z float64 }

func vectorOf(latitude, longitude float64) vector {
	sinLat, cosLat := math.Sincos(latitude * math.Pi / 180)
	sinLon, cosLon := math.Sincos(longitude * math.Pi / 180)
	return vector{cosLat * cosLon, cosLat * sinLon, sinLat}
}

func (a vector) plus(b vector) vector { return vector{a.x + b.x, a.y + b.y, a.z + b.z} }

// unit is the point in the same direction on the sphere.
func (a vector) unit() vector {
	n := math.Sqrt(a.x*a.x + a.y*a.y + a.z*a.z)
	if n == 0 {
		return a
	}
	return vector{a.x / n, a.y / n, a.z / n}
}

// chord is the square of the straight distance through the sphere. It is four times the haversine of the angle, so it
// is as exact for near points and costs no trigonometry.
func (a vector) chord(b vector) float64 {
	x, y, z := a.x-b.x, a.y-b.y, a.z-b.z
	return x*x + y*y + z*z
}

// kilometres is the great-circle distance of a chord.
func kilometres(chord float64) float64 {
	return 2 * earthKM * math.Asin(math.Min(1, math.Sqrt(chord)/2))
}

// chordOf is the chord of a great-circle distance of at most half the Earth's circumference.
func chordOf(km float64) float64 {
	s := 2 * math.Sin(km/earthKM/2)
	return s * s
}
