package feed

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"

	"holdfast/civil"
)

// ReadDigitraffic reads the coaches of one train on one day as Fintraffic's Digitraffic tells them (a train with its
// compositions, of its GraphQL API). Coaches join and leave on the way: Coach.From and To name the stations, and are ""
// for one that stays from the first to the last. A coach that leaves and joins again is two. The order is that of the
// section in which a coach joins; where trains turn round, the numbers at the doors stay.
//
// Units without a number (commuter trains) are numbered from 1 in the order in which they join. Seats are not told.
func ReadDigitraffic(ctx context.Context, r io.Reader, sink CoachSink) error {
	w := warnings{to: sink.Remark}
	d := newDocument(r, sink.Progress)
	var t finnishTrain
	bad, err := d.value(&t)
	if err != nil {
		return err
	}
	if bad != nil {
		bad.Fatal = true // the file is this one value
		return bad
	}
	if err := d.finish(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c, bad := t.composition()
	if bad != nil {
		return bad
	}
	if sink.Progress != nil {
		sink.Progress(d.source.done, d.source.done)
	}
	for _, wagon := range c.Coaches {
		if wagon.Type == "" {
			w.warnAt("", 1, "no_type", "The coach %q has no type.", wagon.Number)
		}
	}
	w.tellMore()
	if sink.Composition == nil {
		return nil
	}
	return sink.Composition(c)
}

type finnishTrain struct {
	Number int    `json:"trainNumber"`
	Date   string `json:"departureDate"`
	Type   struct {
		Name string `json:"name"`
	} `json:"trainType"`
	Compositions []struct {
		Sections []finnishSection `json:"journeySections"`
	} `json:"compositions"`
}

type finnishSection struct {
	Start  finnishStop    `json:"startTimeTableRow"`
	End    finnishStop    `json:"endTimeTableRow"`
	Wagons []finnishWagon `json:"wagons"`
}

type finnishStop struct {
	Station struct {
		Code string `json:"shortCode"`
	} `json:"station"`
}

type finnishWagon struct {
	Location int    `json:"location"`
	Number   int    `json:"salesNumber"` // 0: none
	Type     string `json:"wagonType"`
	Vehicle  string `json:"vehicleNumber"`
}

// same reports whether two are one coach, by the number at its door or, without, that of the vehicle.
func (w finnishWagon) same(o finnishWagon) bool {
	if w.Number != 0 || o.Number != 0 {
		return w.Number == o.Number
	}
	return w.Vehicle != "" && w.Vehicle == o.Vehicle
}

// composition joins the coaches of the sections. Its errors are fatal: the file is about one train.
func (t *finnishTrain) composition() (Composition, *Error) {
	date, err := civil.Parse(t.Date)
	if err != nil {
		return Composition{}, fatal(1, "bad_date", "departureDate %q is not a date (YYYY-MM-DD).", t.Date)
	}
	if t.Number <= 0 || t.Type.Name == "" || len(t.Compositions) != 1 || len(t.Compositions[0].Sections) == 0 {
		return Composition{}, fatal(1, "wrong_shape", "The file is not a train with a number, a type and its composition.")
	}
	sections := t.Compositions[0].Sections
	if len(sections) > maxCoaches {
		return Composition{}, fatal(1, "too_many_sections", "The train changes more than %d times.", maxCoaches)
	}
	c := Composition{Line: 1, Train: t.Type.Name + " " + strconv.Itoa(t.Number), Category: t.Type.Name, From: date, To: date.Add(1)}
	type running struct {
		finnishWagon
		coach int // in c.Coaches
	}
	var train []running // as it runs in the section before
	for i, s := range sections {
		start, end := s.Start.Station.Code, s.End.Station.Code
		if start == "" || end == "" || i > 0 && start != sections[i-1].End.Station.Code {
			return Composition{}, fatal(1, "wrong_shape", "The sections of the train do not follow each other: %q to %q is the %d.", start, end, i+1)
		}
		slices.SortStableFunc(s.Wagons, func(a, b finnishWagon) int { return cmp.Compare(a.Location, b.Location) })
		var now []running
		for _, wagon := range s.Wagons {
			if slices.ContainsFunc(now, func(o running) bool { return o.same(wagon) }) {
				return Composition{}, fatal(1, "duplicate", "The train has the coach %d%s twice from %s.", wagon.Number, wagon.Vehicle, start)
			}
			if j := slices.IndexFunc(train, func(o running) bool { return o.same(wagon) }); j >= 0 {
				now = append(now, running{wagon, train[j].coach})
				continue
			}
			if len(c.Coaches) == maxCoaches {
				return Composition{}, fatal(1, "too_many_coaches", "A train has at most %d coaches.", maxCoaches)
			}
			coach := Coach{Line: 1, Number: strconv.Itoa(wagon.Number), Type: wagon.Type}
			if wagon.Number == 0 {
				coach.Number = strconv.Itoa(len(c.Coaches) + 1)
			}
			if i > 0 {
				coach.From = start
			}
			now = append(now, running{wagon, len(c.Coaches)})
			c.Coaches = append(c.Coaches, coach)
		}
		for _, before := range train {
			if !slices.ContainsFunc(now, func(o running) bool { return o.coach == before.coach }) {
				c.Coaches[before.coach].To = start
			}
		}
		train = now
	}
	if len(c.Coaches) == 0 {
		return Composition{}, fatal(1, "no_coaches", "The train has no coaches.")
	}
	return c, nil
}
