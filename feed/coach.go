package feed

import (
	"context"
	"io"
	"slices"
	"strings"

	"holdfast/civil"
)

const (
	maxCompositions = 100_000
	maxCoaches      = 60 // of one train
)

// ReadCompositions reads the coaches of trains from the "Zugbildungsplan" of the Deutsche Bahn as JSON: trains by number,
// each with its coaches from the first to the last. They hold for the days of the plan, on all of which the train has the same
// coaches if it runs. Types are class codes ("Bpmz"); where kinds of coaches are given, those kinds that the codes mean
// in the train's series (see coachTypes.find), with a warning where there is none or another had to be taken. Codes of
// coaches without seats (restaurants, luggage) of which there is no kind are told as kinds.
//
// Trains without a list of coaches are counted in one warning.
//
// Source: derf/db-zugbildung-to-json.
func ReadCompositions(ctx context.Context, r io.Reader, types []CoachType, sink CoachSink) error {
	w := warnings{to: sink.Remark}
	kinds := resolved{warnings: &w, kinds: newCoachTypes(types), told: map[string]bool{}}
	d := newDocument(r, sink.Progress)
	var list []Composition
	var from, to civil.Date
	without, found := 0, false
	err := d.members(ctx, func(name string) error {
		switch name {
		case "valid": // stands behind the trains
			var text string
			bad, err := d.value(&text)
			if err != nil {
				return err
			}
			first, last, _ := strings.Cut(text, "/")
			var err1, err2 error
			from, err1 = civil.Parse(first)
			to, err2 = civil.Parse(last)
			if bad != nil || err1 != nil || err2 != nil || to < from {
				return fatal(d.began, "bad_period", "The plan holds for %q, not for a period YYYY-MM-DD/YYYY-MM-DD.", text)
			}
			to = to.Add(1)
			return nil
		case "train":
			found = true
			return d.members(ctx, func(number string) error {
				var t plannedTrain
				bad, err := d.value(&t)
				if err != nil {
					return err
				}
				if bad == nil && len(t.Wagons) == 0 {
					without++
					return nil
				}
				var c Composition
				if bad == nil {
					c, bad = t.composition(d.began, number)
				}
				if bad != nil {
					w.remark(bad)
					return nil
				}
				if len(types) > 0 {
					kinds.resolve(&c, t.Type, t.Common.Vehicles)
				}
				if list = append(list, c); len(list) > maxCompositions {
					return fatal(d.began, "too_many_compositions", "The file has more than %d trains with coaches.", maxCompositions)
				}
				return nil
			})
		}
		return d.skip()
	})
	if err == nil {
		err = d.finish()
	}
	if err == nil && !found {
		err = fatal(0, "wrong_shape", "The file has no object \"train\", so it is no plan of coaches.")
	}
	if err != nil {
		return err
	}
	if without > 0 {
		w.warnAt("", 0, "no_coaches", "%d trains have no list of coaches.", without)
	}
	for _, t := range kinds.seatless {
		if sink.Type == nil {
			break
		}
		if err := sink.Type(t); err != nil {
			return err
		}
	}
	for _, c := range list {
		if c.From, c.To = from, to; sink.Composition == nil {
			break
		}
		if err := sink.Composition(c); err != nil {
			return err
		}
	}
	w.tellMore()
	return nil
}

// plannedTrain is a train as the plan has it.
type plannedTrain struct {
	RawType string `json:"rawType"` // "ICE-W": the kind, and how it is made up
	Type    string `json:"type"`    // the series, "ICE 3", if it is known
	Common  struct {
		Vehicles string `json:"series"` // "403"
	} `json:"commonAttr"`
	Wagons []struct {
		Number loose `json:"number"`
		Type   loose `json:"type"`
	} `json:"wagons"`
}

func (t *plannedTrain) composition(line int, number string) (Composition, *Error) {
	category, _, _ := strings.Cut(t.RawType, "-")
	refused := func(code, message string) (Composition, *Error) {
		return Composition{}, &Error{Line: line, Code: code, Message: "Train " + number + ": " + message}
	}
	switch {
	case number == "" || category == "":
		return refused("missing_value", "It has no number, or no kind.")
	case len(t.Wagons) > maxCoaches:
		return refused("too_many_coaches", "It has more coaches than a train can.")
	}
	c := Composition{Line: line, Train: category + " " + number, Category: category}
	for _, wagon := range t.Wagons {
		if wagon.Type != "" && strings.Trim(string(wagon.Type), "0123456789.") == "" {
			continue // "401.0": an engine
		}
		if wagon.Number == "" || wagon.Type == "" {
			return refused("missing_value", "A coach has no number, or no type.")
		}
		if slices.ContainsFunc(c.Coaches, func(o Coach) bool { return o.Number == string(wagon.Number) }) {
			return refused("duplicate", "Two coaches have the number "+string(wagon.Number)+".")
		}
		c.Coaches = append(c.Coaches, Coach{Line: line, Number: string(wagon.Number), Type: string(wagon.Type)})
	}
	if len(c.Coaches) == 0 {
		return refused("no_coaches", "It has engines alone.")
	}
	return c, nil
}

// resolved gives the coaches of compositions the kinds that their class codes mean, and collects the codes of coaches
// that have no seats by their letters and of which there is no kind.
type resolved struct {
	*warnings
	kinds    coachTypes
	told     map[string]bool // warnings
	seatless []CoachType
}

func (r *resolved) resolve(c *Composition, series, vehicles string) {
	for i := range c.Coaches {
		coach := &c.Coaches[i]
		class := coach.Type
		code, sure, ok := r.kinds.find(series, vehicles, class)
		key := series + " " + class
		switch first, second := coachClasses(class); {
		case ok:
			if coach.Type = code; !sure && !r.told[key] {
				r.told[key] = true
				r.warnAt("", c.Line, "guessed_type", "In trains %q (%s is the first) the kind of coach %q is not known; of the others that are called so %q was taken, which has the fewest seats.", series, c.Train, class, code)
			}
		case r.told[key]:
		case !first && !second:
			if !r.told[class] {
				r.seatless = append(r.seatless, CoachType{Line: c.Line, Code: class, Name: "without seats"})
			}
			r.told[class], r.told[key] = true, true
		default:
			r.told[key] = true
			r.warnAt("", c.Line, "unknown_type", "There is no kind of coach %q (%s is the first train with one); the code was left as it is.", class, c.Train)
		}
	}
}
