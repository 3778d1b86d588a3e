package feed

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxCoachTypes bounds the kinds of coaches of a file; maxCoachSeats the seats of one coach.
const (
	maxCoachTypes = 10_000
	maxCoachSeats = 1_000
)

// ReadCoachTypes reads the kinds of coaches of the Deutsche Bahn: an object of them by vehicle number ("54032.2") or
// class code ("Bpmz"), each with its seats and how many of those are in compartments.
//
// The file has no classes. They follow from the class code, which is the key or stands in the name: see coachClasses.
// A kind without seats, or without a class that could be sold, is told with none, and a warning.
//
// Source: derf/db-fakedisplay, share/dbdb_wagen.json.
func ReadCoachTypes(ctx context.Context, r io.Reader, sink CoachSink) error {
	w := warnings{to: sink.Remark}
	type listed struct {
		CoachType
		seats int
		said  bool // the file says how many seats, though it be none
	}
	var list []listed
	classes := map[string]string{} // code -> class code
	d := newDocument(r, sink.Progress)
	err := d.members(ctx, func(code string) error {
		var v struct {
			Name         string `json:"name"`
			Seats        loose  `json:"seats"`
			Compartments loose  `json:"seats_comp"`
		}
		bad, err := d.value(&v)
		if err != nil {
			return err
		}
		t := listed{CoachType: CoachType{Line: d.began, Code: code, Name: strings.Join(strings.Fields(v.Name), " ")}, said: v.Seats != ""}
		var ok1, ok2 bool
		t.seats, ok1 = seats(string(v.Seats))
		t.Compartments, ok2 = seats(string(v.Compartments))
		switch {
		case bad != nil:
		case code == "":
			bad = &Error{Line: d.began, Code: "missing_value", Message: "The kind of coach has no code."}
		case !ok1 || !ok2 || t.Compartments > t.seats:
			bad = &Error{Line: d.began, Code: "bad_seats", Message: "The kind of coach \"" + code + "\" has " + string(v.Seats) + " seats, " + string(v.Compartments) + " of them in compartments."}
		}
		if bad != nil {
			w.remark(bad)
			return nil
		}
		if list = append(list, t); len(list) > maxCoachTypes {
			return fatal(d.began, "too_many_types", "The file has more than %d kinds of coaches.", maxCoachTypes)
		}
		classes[code] = coachClass(t.Code, t.Name)
		return nil
	})
	if err == nil {
		err = d.finish()
	}
	if err != nil {
		return err
	}
	for _, t := range list {
		class := classes[t.Code]
		if base, _, variant := strings.Cut(t.Code, "."); class == "" && variant {
			class = classes[base] // "58010.r", the modernised 58010
		}
		first, second := coachClasses(class)
		switch {
		case !t.said:
			w.warnAt("", t.Line, "no_seats", "The kind of coach %q has no number of seats; it was read as one without seats.", t.Code)
		case t.seats > 0 && !first && !second:
			w.warnAt("", t.Line, "no_class", "Of the kind of coach %q (%s) the class of its %d seats is not known; they were left out.", t.Code, t.Name, t.seats)
			t.Compartments = 0
		case first && second:
			t.First = t.seats / 2
			t.Second = t.seats - t.First
		case first:
			t.First = t.seats
		case second:
			t.Second = t.seats
		}
		if sink.Type == nil {
			continue
		}
		if err := sink.Type(t.CoachType); err != nil {
			return err
		}
	}
	w.tellMore()
	return nil
}

// seats reads a number of seats; "" is 0.
func seats(text string) (n int, ok bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n <= maxCoachSeats
}

// coachClass finds the class code of a kind of coach ("Bpmz"): its code if that begins with a letter; else what stands
// in the last brackets of its name, or behind "Wagen".
func coachClass(code, name string) string {
	if code != "" && unicode.IsLetter(rune(code[0])) {
		base, _, _ := strings.Cut(code, "_") // "DBpza_u", the lower deck
		return base
	}
	inside := name[strings.LastIndex(name, "(")+1:]
	if rest, ok := strings.CutPrefix(name, "Wagen "); ok {
		inside = rest
	}
	words := strings.Fields(inside)
	if len(words) == 0 || !unicode.IsLetter(rune(words[0][0])) {
		return ""
	}
	return words[0]
}

// coachClasses tells which classes a coach has, by the main letters of its UIC class code: A is the first class, B the
// second, AB both. Before them may stand D (two decks) or WL (sleeper); WR and WS (restaurant) have no seats for sale.
// Behind them small letters say the rest, and R a bistro beside the seats (ARmz, BRmz). Of a coach with both classes the
// file does not tell how many seats are whose: half of them, rounded down, are of the first.
//
// Source: UIC leaflet 438-1 and its national supplements, as Deutsche Bahn marks coaches.
func coachClasses(code string) (first, second bool) {
	code = strings.TrimPrefix(code, "D")
	code = strings.TrimPrefix(code, "WL")
	switch {
	case strings.HasPrefix(code, "AB"):
		return true, true
	case strings.HasPrefix(code, "A"):
		return true, false
	case strings.HasPrefix(code, "B"):
		return false, true
	}
	return false, false
}

// coachTypes finds kinds of coaches by what compositions say of them.
type coachTypes map[string][]CoachType // by class code

func newCoachTypes(list []CoachType) coachTypes {
	types := coachTypes{}
	for _, t := range list {
		class := coachClass(t.Code, t.Name)
		types[class] = append(types[class], t)
	}
	return types
}

// find gives the code of the kind that a class code means in trains of a series ("ICE 3 Velaro", "IC") made of a class of
// vehicles ("407"; "" if the plan does not say). The best are those of the same vehicles, then those whose name begins
// with the series; then those of no series. sure is false if all there are belong to other series. Of several equally
// good the one with the fewest seats is taken: seats that are not there would be sold.
func (c coachTypes) find(series, vehicles, class string) (code string, sure, ok bool) {
	words := strings.Fields(series)
	var fit []CoachType
	best := -1
	for _, t := range c[class] {
		n := 0
		if t.Code == class || strings.HasPrefix(t.Name, "Wagen ") {
			n = 1
		}
		if len(words) >= 2 && strings.HasPrefix(t.Name, words[0]+" "+words[1]+" ") {
			n = 2
			for _, word := range words[2:] {
				if means := seriesWords[word]; means != "" && strings.Contains(t.Name, means) {
					n++
				}
			}
		}
		if vehicles != "" && strings.Contains(t.Name, " BR "+vehicles) {
			n += 4
		}
		if n > best {
			best, fit = n, nil
		}
		if n == best {
			fit = append(fit, t)
		}
	}
	if len(fit) == 0 {
		return "", false, false
	}
	t := slices.MinFunc(fit, func(a, b CoachType) int {
		return cmp.Or(cmp.Compare(a.First+a.Second, b.First+b.Second), cmp.Compare(a.Code, b.Code))
	})
	return t.Code, best > 0, true
}

// seriesWords are how the list of kinds says what a series has behind its number.
var seriesWords = map[string]string{"Velaro": "(MS)", "Redesign": "Redesign"}
