package hotel

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/fault"
	"holdfast/place"
)

// MaxCities bounds how many cities Cities finds.
const MaxCities = 200

// City is a city with hotels.
type City struct {
	Name    string // as its first hotel spells it
	Country string // ISO 3166-1 alpha-2
	Hotels  int
}

// Cities implements Service.
func (c *Core) Cities(_ context.Context, text string, limit int) ([]City, error) {
	if limit < 1 || limit > MaxCities {
		return nil, fault.InvalidField("limit", "limit_out_of_range", "limit is 1 to %d.", MaxCities)
	}
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxPlaceRunes {
		return nil, fault.InvalidField("q", "place_invalid", "The name of a city has at most %d characters.", maxPlaceRunes)
	}
	want := place.Name(text)
	type match struct {
		city City
		rank int
	}
	p := &c.finder.places
	var found []match
	p.mu.RLock()
	for name, cities := range p.names {
		rank := 0
		switch {
		case name == want:
		case strings.HasPrefix(name, want):
			rank = 1
		case strings.Contains(name, " "+want):
			rank = 2
		default:
			continue
		}
		for _, o := range cities {
			found = append(found, match{City{o.shown, o.country, len(o.entries)}, rank})
		}
	}
	p.mu.RUnlock()
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.city.Hotels, a.city.Hotels), strings.Compare(a.city.Name, b.city.Name), strings.Compare(a.city.Country, b.city.Country))
	})
	out := make([]City, min(len(found), limit))
	for i := range out {
		out[i] = found[i].city
	}
	return out, nil
}
