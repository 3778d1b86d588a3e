package rail

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/fault"
	"holdfast/place"
)

// Bounds of asking for a place.
const (
	maxPlaceRunes  = 100
	maxSuggestions = 3
	cityMetres     = 30_000 // stations whose names begin alike and that are no further from the largest are one city
)

// places finds stations by code and by words of their names. It is immutable.
type places struct {
	byCode  map[string][]*stop
	byName  map[string][]*stop // folded
	byWord  map[string][]*named
	ordered []*named // by folded name
}

// named is a station and the words of its name.
type named struct {
	stop  *stop
	name  string // folded
	words []string
}

func newPlaces(stations []*stop) places {
	p := places{byCode: map[string][]*stop{}, byName: map[string][]*stop{}, byWord: map[string][]*named{}}
	for _, s := range stations {
		p.byCode[s.station.Code] = append(p.byCode[s.station.Code], s)
		if s.station.Retired {
			continue
		}
		n := &named{stop: s, name: place.Words(s.station.Name)}
		n.words = strings.Fields(n.name)
		p.byName[n.name] = append(p.byName[n.name], s)
		p.ordered = append(p.ordered, n)
		for i, w := range n.words {
			if !slices.Contains(n.words[:i], w) {
				p.byWord[w] = append(p.byWord[w], n)
			}
		}
	}
	slices.SortFunc(p.ordered, func(a, b *named) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.stop.id, b.stop.id))
	})
	return p
}

// find is the stations a text means: those with the code, or the very name; else those whose names begin with its words
// and that are near the largest of them, as "Berlin" is all stations of Berlin; else the largest whose name has the words.
// Reason place_unknown, with names like it.
func (p *places) find(text, pointer string) ([]*stop, error) {
	if strings.TrimSpace(text) == "" || !plain(text) || utf8.RuneCountInString(text) > maxPlaceRunes {
		return nil, fault.InvalidField(pointer, "place_invalid", "A place is the code or the name of a station, of at most %d characters.", maxPlaceRunes)
	}
	if found := p.byCode[strings.TrimSpace(text)]; len(found) > 0 {
		return found, nil
	}
	name := place.Words(text)
	if found := p.byName[name]; len(found) > 0 {
		return found, nil
	}
	words := strings.Fields(name)
	matches := p.matches(words)
	if len(matches) == 0 {
		err := fault.New(fault.NotFound, "place_unknown", "No station has this code, or a name like it.")
		if like := p.like(name); len(like) > 0 {
			err.Public += " Did you mean " + strings.Join(like, " or ") + "?"
			err = err.With("suggestions", strings.Join(like, "; "))
		}
		return nil, err
	}
	largest := matches[0]
	found := []*stop{largest.stop}
	if !largest.begins(words) {
		return found, nil
	}
	for _, m := range matches[1:] {
		far, located := metres(largest.stop.station, m.stop.station)
		if m.begins(words) && located && far <= cityMetres {
			found = append(found, m.stop)
		}
	}
	return found, nil
}

// matches is the stations whose names have all of some words, those that begin with them first, then by size. The last
// word may be the beginning of one.
func (p *places) matches(words []string) []*named {
	if len(words) == 0 {
		return nil
	}
	last := words[len(words)-1]
	var candidates []*named
	if len(words) > 1 || p.byWord[last] != nil {
		candidates = p.byWord[words[0]]
	} else {
		for _, n := range p.ordered {
			if slices.ContainsFunc(n.words, func(w string) bool { return strings.HasPrefix(w, last) }) {
				candidates = append(candidates, n)
			}
		}
	}
	var out []*named
	for _, n := range candidates {
		if n.has(words) {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b *named) int {
		if x, y := a.begins(words), b.begins(words); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.stop.calls, a.stop.calls), cmp.Compare(a.name, b.name), cmp.Compare(a.stop.id, b.stop.id))
	})
	return out
}

// has reports whether the name has all words, the last of which may be cut short.
func (n *named) has(words []string) bool {
	for i, w := range words {
		if !slices.ContainsFunc(n.words, func(o string) bool { return o == w || i == len(words)-1 && strings.HasPrefix(o, w) }) {
			return false
		}
	}
	return true
}

// begins reports whether the name begins with the words.
func (n *named) begins(words []string) bool {
	return len(words) <= len(n.words) && slices.Equal(n.words[:len(words)], words)
}

// like is the names that share most of their beginning with a folded name.
func (p *places) like(name string) (out []string) {
	for length := len(name); length >= 3; length-- {
		at, _ := slices.BinarySearchFunc(p.ordered, name[:length], func(n *named, s string) int { return cmp.Compare(n.name, s) })
		for ; at < len(p.ordered) && strings.HasPrefix(p.ordered[at].name, name[:length]) && len(out) < maxSuggestions; at++ {
			out = append(out, p.ordered[at].stop.station.Name)
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}
