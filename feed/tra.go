package feed

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"holdfast/civil"
)

// TRAOptions says what a file of the Taiwan Railways does not say itself.
type TRAOptions struct {
	// Date is the day that the file is the timetable of.
	Date civil.Date
	// Stations reads the names of the stations (stationInfo.json). Calls bear numbers, and a train that calls where no
	// station is known is refused.
	Stations io.Reader
}

const (
	traZone     = "Asia/Taipei"
	traCarrier  = "Taiwan Railways"
	maxTRAItems = 100_000 // stations, and trains
)

// traClasses are the kinds of trains by their class of cars.
var traClasses = map[string]string{
	"1101": "Taroko", "1102": "Taroko", "1107": "Puyuma", "1108": "Tze-Chiang", "1109": "Tze-Chiang", "110A": "Tze-Chiang", "110B": "Tze-Chiang",
	"110C": "Tze-Chiang", "110D": "Tze-Chiang", "110E": "Tze-Chiang", "110F": "Tze-Chiang", "1110": "Chu-Kuang", "1111": "Chu-Kuang", "1114": "Chu-Kuang",
	"1115": "Chu-Kuang", "1120": "Fu-Hsing", "1131": "Local", "1132": "Fast Local", "1140": "Ordinary",
}

// ReadTRA reads one day of the timetable of the Taiwan Railways, in either form in which it was published: calls as a
// list (2019) or as an object (2020), times with or without seconds. The file has clock times alone; where they go back
// by more than half a day midnight has passed, and they count on past 24:00.
//
// Source: data.gov.tw, data set 6138.
func ReadTRA(ctx context.Context, r io.Reader, options TRAOptions, sink TrainSink) error {
	w := warnings{to: sink.Remark}
	stations := map[string]bool{}
	err := readTRAStations(ctx, options.Stations, &w, func(s Station) error {
		if stations[s.Code] = true; sink.Station == nil {
			return nil
		}
		return sink.Station(s)
	})
	if err != nil {
		return err
	}
	d := newDocument(r, sink.Progress)
	seen := map[string]bool{}
	found := false
	err = d.members(ctx, func(name string) error {
		if name != "TrainInfos" {
			return d.skip()
		}
		found = true
		return d.elements(ctx, func() error {
			var t traTrain
			bad, err := d.value(&t)
			if err != nil {
				return err
			}
			line := d.began
			var train Train
			if bad == nil {
				train, bad = t.train(line, stations, options.Date)
			}
			if bad == nil && seen[train.Key] {
				bad = &Error{Line: line, Code: "duplicate", Message: "The train " + train.Key + " was there before."}
			}
			if bad != nil {
				w.remark(bad)
				return nil
			}
			if seen[train.Key] = true; len(seen) > maxTRAItems {
				return fatal(line, "too_many_trains", "The file has more than %d trains.", maxTRAItems)
			}
			if sink.Train == nil {
				return nil
			}
			return sink.Train(train)
		})
	})
	if err == nil {
		err = d.finish()
	}
	if err == nil && !found {
		err = fatal(0, "wrong_shape", "The file has no list TrainInfos, so it is no timetable of the Taiwan Railways.")
	}
	w.tellMore()
	return err
}

// readTRAStations reads stationInfo.json.
func readTRAStations(ctx context.Context, r io.Reader, w *warnings, tell func(Station) error) error {
	const file = "stationInfo.json"
	if r == nil {
		return &Error{File: file, Code: "missing_file", Message: "The timetable has numbers of stations; their names are in stationInfo.json.", Fatal: true}
	}
	d := newDocument(r, nil)
	seen := map[string]bool{}
	err := d.members(ctx, func(name string) error {
		if name != "stations" {
			return d.skip()
		}
		return d.elements(ctx, func() error {
			var s struct {
				Code    loose  `json:"時刻表編號"`
				Name    string `json:"站名"`
				English string `json:"eng站名"`
			}
			bad, err := d.value(&s)
			switch {
			case err != nil:
				return err
			case bad != nil:
			case s.Code == "" || s.Name == "" && s.English == "":
				bad = &Error{Line: d.began, Code: "missing_value", Message: "The station has no number, or no name."}
			case seen[string(s.Code)]:
				bad = &Error{Line: d.began, Code: "duplicate", Message: "The station " + string(s.Code) + " was there before."}
			}
			if bad != nil {
				bad.File = file
				w.remark(bad)
				return nil
			}
			if seen[string(s.Code)] = true; len(seen) > maxTRAItems {
				return fatal(d.began, "too_many_stations", "The file has more than %d stations.", maxTRAItems)
			}
			label := strings.TrimSpace(s.English + " " + s.Name)
			return tell(Station{Line: d.began, Code: string(s.Code), Name: label, Zone: traZone, Country: "TW"})
		})
	})
	if err == nil {
		err = d.finish()
	}
	if err == nil && len(seen) == 0 {
		err = fatal(0, "wrong_shape", "The file has no stations.")
	}
	var bad *Error
	if errors.As(err, &bad) && bad.File == "" {
		return inFile(file, err)
	}
	return err
}

// traTrain is a train as the file has it.
type traTrain struct {
	Train     loose    `json:"Train"`
	CarClass  loose    `json:"CarClass"`
	TrainType string   `json:"trainType"` // not in all files
	TimeInfos traCalls `json:"TimeInfos"`
}

type traCall struct {
	Station loose  `json:"Station"`
	Order   loose  `json:"Order"`
	Arrives string `json:"ArrTime"`
	Departs string `json:"DepTime"`
}

func (t *traTrain) train(line int, stations map[string]bool, date civil.Date) (Train, *Error) {
	number := strings.TrimSpace(string(t.Train))
	refused := func(code, message string) (Train, *Error) {
		return Train{}, &Error{Line: line, Code: code, Message: "Train " + number + ": " + message}
	}
	if number == "" {
		return refused("missing_value", "The train has no number.")
	}
	category := cmp.Or(traClasses[string(t.CarClass)], strings.TrimSpace(t.TrainType), string(t.CarClass))
	if category == "" {
		return refused("missing_value", "The train has no class.")
	}
	if len(t.TimeInfos) < 2 {
		return refused("one_call", "The train calls fewer than two times.")
	}
	type ordered struct {
		order int32
		traCall
	}
	calls := make([]ordered, len(t.TimeInfos))
	for i, c := range t.TimeInfos {
		order, ok := digits(string(c.Order))
		if !ok || c.Order == "" {
			return refused("bad_sequence", "The order "+string(c.Order)+" of a call is no number.")
		}
		calls[i] = ordered{order, c}
	}
	slices.SortStableFunc(calls, func(a, b ordered) int { return cmp.Compare(a.order, b.order) })
	train := Train{
		Line: line, Key: number, Number: category + " " + number, Category: category, Carrier: traCarrier, Zone: traZone, Dates: []civil.Date{date},
	}
	clocks := traClock{last: -1}
	for i, c := range calls {
		switch {
		case i > 0 && c.order == calls[i-1].order:
			return refused("duplicate", "Two calls have the order "+string(c.Order)+".")
		case !stations[string(c.Station)]:
			return refused("unknown_stop", "There is no station "+string(c.Station)+".")
		}
		arrives, departs := c.Arrives, c.Departs
		if i == 0 {
			arrives = departs // nobody arrives; the clock of the day begins when it leaves
		}
		if i == len(calls)-1 {
			departs = arrives
		}
		call := Call{Line: line, Station: string(c.Station)}
		var ok1, ok2 bool
		call.Arrive, ok1 = clocks.pass(arrives)
		call.Depart, ok2 = clocks.pass(departs)
		switch {
		case clocks.bad:
			return refused("bad_time", "A time of the call at "+string(c.Station)+" is not one of a day.")
		case !ok1 || !ok2:
			return refused("goes_back", "At "+string(c.Station)+" the train goes back in time.")
		}
		train.Calls = append(train.Calls, call)
	}
	return train, nil
}

// traClock counts times of the day on past midnight.
type traClock struct {
	day, last int32
	bad       bool
}

func (c *traClock) pass(text string) (seconds int32, ok bool) {
	seconds, ok = gtfsTime(text)
	if !ok || seconds >= 86_400 {
		c.bad = true
		return 0, false
	}
	if seconds += c.day; seconds < c.last {
		if c.last-seconds < 43_200 {
			return 0, false
		}
		c.day += 86_400
		seconds += 86_400
	}
	c.last = seconds
	return seconds, true
}
