package flight

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/fault"
	"holdfast/place"
)

// Bounds of asking for a place.
const (
	maxPlaceRunes  = 100
	maxPlaces      = 50
	maxSuggestions = 3
)

// places finds airports by words. It is made anew when airports change, and not changed itself.
type places struct {
	cards  []card // by name
	metros map[string][]string
	cities map[string][]string // folded name -> airports
}

// card is an airport with what is compared.
type card struct {
	airport *Airport
	name    string // folded
	city    string // folded
}

// index is the places of the airports. Called with the catalogue's lock held for writing.
func (c *catalogue) index() *places {
	if c.places != nil {
		return c.places
	}
	p := &places{metros: map[string][]string{}, cities: map[string][]string{}}
	for _, a := range c.airports {
		p.cards = append(p.cards, card{a, place.Name(a.Name), place.Name(a.City)})
	}
	slices.SortFunc(p.cards, func(a, b card) int { return cmp.Compare(a.airport.IATA, b.airport.IATA) })
	for _, k := range p.cards {
		if k.airport.Metro != "" {
			p.metros[k.airport.Metro] = append(p.metros[k.airport.Metro], k.airport.IATA)
		}
		if k.city != "" {
			p.cities[k.city] = append(p.cities[k.city], k.airport.IATA)
		}
	}
	c.places = p
	return p
}

// lockIndexed takes the catalogue's lock for reading, with the index of places made. The caller gives it back.
func (c *catalogue) lockIndexed() *places {
	for {
		c.mu.RLock()
		if c.places != nil {
			return c.places
		}
		c.mu.RUnlock()
		c.mu.Lock()
		c.index()
		c.mu.Unlock()
	}
}

// airportsOf are the airports that a text means: an airport's or a metropolitan area's code, or a city's name. Of a city
// with several airports those count that are served, if any is. Called with the catalogue's lock held.
func (c *catalogue) airportsOf(p *places, text, pointer string) ([]string, error) {
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxPlaceRunes {
		return nil, fault.InvalidField(pointer, "place_invalid", "This is the code of an airport, or the name of a city, of at most %d characters.", maxPlaceRunes)
	}
	asked := strings.ToUpper(strings.TrimSpace(text))
	if len(p.metros[asked]) > 1 || c.airports[asked] == nil && len(p.metros[asked]) > 0 {
		return c.servedOf(p.metros[asked]), nil
	}
	if c.airports[asked] != nil {
		return []string{asked}, nil
	}
	folded, country := place.Name(text), ""
	found := p.cities[folded]
	if at := strings.LastIndexByte(text, ','); at >= 0 && len(found) == 0 {
		folded, country = place.Name(text[:at]), strings.ToUpper(strings.TrimSpace(text[at+1:]))
		found = p.cities[folded]
	}
	var out []string
	for _, code := range found {
		if country == "" || c.airports[code].Country == country {
			out = append(out, code)
		}
	}
	if len(out) > 0 {
		return c.servedOf(out), nil
	}
	err := fault.New(fault.NotFound, "place_unknown", "We know no airport or city of that name. Give an airport's code (\"SIN\"), or a city and its country code (\"London, GB\").")
	var like []string
	for _, found := range c.match(p, folded, maxSuggestions) {
		like = append(like, found.City+" ("+found.Code+")")
	}
	if len(like) > 0 {
		err.Public += " Did you mean " + strings.Join(like, " or ") + "?"
		err = err.With("suggestions", strings.Join(like, "; "))
	}
	return nil, err
}

func (c *catalogue) servedOf(codes []string) []string {
	var out []string
	for _, code := range codes {
		if c.view.served[code] > 0 {
			out = append(out, code)
		}
	}
	if len(out) == 0 {
		return codes
	}
	return out
}

// match are the places whose code or words begin with a folded text, those that are served first.
func (c *catalogue) match(p *places, folded string, limit int) []Place {
	if folded == "" {
		return nil
	}
	type hit struct {
		card *card
		rank int
	}
	var hits []hit
	upper := strings.ToUpper(folded)
	for i := range p.cards {
		k := &p.cards[i]
		var rank int
		switch {
		case k.airport.IATA == upper:
			rank = 1
		case k.airport.Metro == upper:
			rank = 2
		case k.city == folded:
			rank = 3
		case strings.HasPrefix(k.city, folded):
			rank = 4
		case strings.HasPrefix(k.name, folded):
			rank = 5
		case strings.Contains(k.city, " "+folded), strings.Contains(k.name, " "+folded):
			rank = 6
		default:
			continue
		}
		if c.view.served[k.airport.IATA] == 0 {
			rank += 10
		}
		hits = append(hits, hit{k, rank})
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(c.view.served[b.card.airport.IATA], c.view.served[a.card.airport.IATA]), cmp.Compare(a.card.airport.IATA, b.card.airport.IATA))
	})
	out := make([]Place, 0, min(limit, len(hits)))
	seen := map[string]bool{}
	for _, h := range hits {
		if len(out) == limit {
			break
		}
		a := h.card.airport
		if m := a.Metro; m != "" && len(p.metros[m]) > 1 && !seen[m] && len(out) < limit-1 { // the area before its airports
			seen[m] = true
			out = append(out, Place{Code: m, Name: a.City, City: a.City, Country: a.Country, Airports: p.metros[m], Served: c.view.served[a.IATA] > 0})
		}
		out = append(out, Place{Code: a.IATA, Name: a.Name, City: a.City, Country: a.Country, Airports: []string{a.IATA}, Served: c.view.served[a.IATA] > 0})
	}
	return out
}

// Places implements Service.
func (c *Core) Places(_ context.Context, text string, limit int) ([]Place, error) {
	if limit < 1 || limit > maxPlaces {
		return nil, fault.InvalidField("/limit", "limit_out_of_range", "limit must be from 1 to %d.", maxPlaces)
	}
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxPlaceRunes {
		return nil, fault.InvalidField("/q", "place_invalid", "This is the code of an airport, or the name of a city, of at most %d characters.", maxPlaceRunes)
	}
	p := c.catalogue.lockIndexed()
	defer c.catalogue.mu.RUnlock()
	return c.catalogue.match(p, place.Name(text), limit), nil
}

// kilometres is the great circle between two airports; 0 when one is not known.
func kilometres(a, b *Airport) float64 {
	if a == nil || b == nil {
		return 0
	}
	return place.Metres(a.Latitude, a.Longitude, b.Latitude, b.Longitude) / 1000
}

// splitNumber is a number as it is kept, "YY1234", in its parts.
func splitNumber(n string) (out struct{ carrier, number string }) {
	n = normal(n)
	at := min(2, len(n))
	if len(n) > 3 && n[2] >= 'A' && n[2] <= 'Z' {
		at = 3
	}
	out.carrier, out.number = n[:at], n[at:]
	return out
}
