package feed

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/civil"
)

// MaxDepartures bounds the rows of an on-time file: about two months of all flights of the United States.
const MaxDepartures = 1_000_000

// OnTimeOptions complete what an on-time file leaves out.
type OnTimeOptions struct {
	// Seats of an aircraft by its registration; ReadPlanes reads them.
	Seats map[string]int32
	// Zone is the zone of an airport, nil for one that is not known. Files that tell times of day and no durations need
	// it for Departure.Minutes, which is 0 otherwise. ReadAirports tells zones.
	Zone func(iata string) *time.Location
}

// onTimePreset says in which columns a known file has what.
type onTimePreset struct {
	name                    string
	date                    func(*Record) (civil.Date, bool)
	carrier, number, tail   string
	from, to, distance      string
	scheduled, minutes      string // clock at from, and duration; "": they follow from what happened
	depart, departDelay     string // actual clock at from
	arrive, arriveDelay     string // actual clock at to
	cancel, divert, because string // "": they follow from what is missing
}

// The files that are known, told apart by their headers: the on-time performance of the US Bureau of Transportation
// Statistics as spread for 2015, and as in the R packages pnwflights14 and nycflights13.
var onTimePresets = []onTimePreset{
	{
		name: "us_2015", carrier: "AIRLINE", number: "FLIGHT_NUMBER", tail: "TAIL_NUMBER", from: "ORIGIN_AIRPORT", to: "DESTINATION_AIRPORT",
		distance: "DISTANCE", scheduled: "SCHEDULED_DEPARTURE", minutes: "SCHEDULED_TIME", depart: "DEPARTURE_TIME", departDelay: "DEPARTURE_DELAY",
		arrive: "ARRIVAL_TIME", arriveDelay: "ARRIVAL_DELAY", cancel: "CANCELLED", divert: "DIVERTED", because: "CANCELLATION_REASON",
		date: func(r *Record) (civil.Date, bool) {
			d, err := civil.Parse(r.Get("ds"))
			return d, err == nil
		},
	},
	{
		name: "pnw_2014", carrier: "carrier", number: "flight", tail: "tailnum", from: "origin", to: "dest", distance: "distance",
		depart: "dep_time", departDelay: "dep_delay", arrive: "arr_time", arriveDelay: "arr_delay",
		date: func(r *Record) (civil.Date, bool) {
			year, ok1 := ssimNumber(r.Get("year"))
			month, ok2 := ssimNumber(r.Get("month"))
			day, ok3 := ssimNumber(r.Get("day"))
			d := civil.DateOf(year, time.Month(month), day)
			y, m, dd := d.Civil()
			return d, ok1 && ok2 && ok3 && y == year && int(m) == month && dd == day && year >= 1900 && year < 2200
		},
	},
}

// columns are those that a file of the preset must have.
func (p *onTimePreset) columns() []string {
	all := []string{p.carrier, p.number, p.tail, p.from, p.to, p.distance, p.scheduled, p.minutes, p.depart, p.departDelay, p.arrive, p.arriveDelay, p.cancel, p.divert}
	if p.scheduled == "" {
		all = append(all, "year", "month", "day")
	} else {
		all = append(all, "ds")
	}
	return slices.DeleteFunc(all, func(c string) bool { return c == "" })
}

// ReadOnTime reads dated flights with what became of them from a CSV file of a known form. Clocks are hhmm as numbers
// (5 is 00:05, 2400 the midnight that ends the day), delays minutes. A form without scheduled times has them as actual
// minus delay; a cancelled flight in it has no time at all and is refused with the code no_schedule. A flight that left
// and has no delay at its destination did not arrive there as planned: it counts as diverted in forms that do not say.
func ReadOnTime(ctx context.Context, r io.Reader, o OnTimeOptions, sink FlightSink) error {
	table, err := NewTable(r, RowsUpTo(MaxDepartures))
	if err != nil {
		return err
	}
	var preset *onTimePreset
	for i := range onTimePresets {
		if !slices.ContainsFunc(onTimePresets[i].columns(), func(c string) bool { return !table.Has(c) }) {
			preset = &onTimePresets[i]
			break
		}
	}
	if preset == nil {
		return fatal(1, "unknown_form", "The columns are those of no on-time file that is known: %s.", strings.Join(table.Columns(), ", "))
	}
	for n := int64(0); ; n++ {
		if n%onTimeTurn == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if sink.Progress != nil {
				sink.Progress(n, 0)
			}
		}
		record, err := table.Next()
		var bad *Error
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad) && !bad.Fatal:
		case err != nil:
			return err
		}
		var d Departure
		if bad == nil {
			d, bad = preset.departure(record, o)
		}
		if bad != nil {
			if sink.Remark != nil {
				sink.Remark(bad)
			}
			if !bad.Warning {
				continue
			}
		}
		if sink.Departure != nil {
			if err := sink.Departure(d); err != nil {
				return err
			}
		}
	}
}

const onTimeTurn = 4096 // rows between looks at the context, and reports of progress

// departure reads one row. A warning comes with the departure.
func (p *onTimePreset) departure(r *Record, o OnTimeOptions) (d Departure, bad *Error) {
	refuse := func(code, message string) (Departure, *Error) {
		return Departure{}, &Error{Line: r.Line, Code: code, Message: message}
	}
	var ok bool
	d = Departure{Line: r.Line, Carrier: r.Get(p.carrier), Tail: onTimeText(r, p.tail), From: r.Get(p.from), To: r.Get(p.to)}
	if d.Date, ok = p.date(r); !ok {
		return refuse("bad_date", "The date cannot be read.")
	}
	if !ssimCarrier(d.Carrier) {
		return refuse("bad_carrier", "The carrier "+strconv.Quote(d.Carrier)+" is not an IATA or ICAO code.")
	}
	number, ok := ssimNumber(r.Get(p.number))
	if !ok || number == 0 || number > 9999 {
		return refuse("bad_number", "The flight number "+strconv.Quote(r.Get(p.number))+" is not 1 to 9999.")
	}
	d.Number = strconv.Itoa(number)
	if len(d.From) != 3 || len(d.To) != 3 || !ssimLetters(d.From) || !ssimLetters(d.To) {
		return refuse("bad_airport", "The airports "+strconv.Quote(d.From)+" and "+strconv.Quote(d.To)+" must be IATA codes.")
	}
	n := onTimeNumbers{r: r}
	d.Cancelled, d.Diverted = n.get(p.cancel) == 1, n.get(p.divert) == 1
	if d.Cancelled && p.because != "" {
		d.Reason = onTimeText(r, p.because)
	}
	d.DistanceMiles, d.Minutes = n.get(p.distance), n.get(p.minutes)
	depart, departDelay, arrive, arriveDelay := n.clock(p.depart), n.get(p.departDelay), n.clock(p.arrive), n.get(p.arriveDelay)
	left := n.has(p.depart) && n.has(p.departDelay)
	arrived := n.has(p.arrive) && n.has(p.arriveDelay)
	if p.scheduled != "" {
		d.Departs = n.clock(p.scheduled)
		if !n.has(p.scheduled) {
			n.wrong = append(n.wrong, p.scheduled)
		}
	} else {
		d.Departs = onTimeModulo(depart - departDelay)
		d.Cancelled, d.Diverted = !left, left && !arrived
	}
	if len(n.wrong) > 0 {
		return refuse("bad_value", "These columns cannot be read: "+strings.Join(n.wrong, ", ")+".")
	}
	if p.scheduled == "" && !left {
		return refuse("no_schedule", "The flight was cancelled, and the file does not say when it should have left.")
	}
	if d.Cancelled {
		d.Diverted = false
	}
	if d.Flown = left && arrived && !d.Cancelled && !d.Diverted; d.Flown {
		d.DepartDelay, d.ArriveDelay = departDelay, arriveDelay
	}
	if seats := o.Seats[d.Tail]; d.Tail != "" && seats > 0 {
		d.Seats = seats
	}
	if p.minutes == "" && arrived {
		d.Minutes = onTimeDuration(d, onTimeModulo(arrive-arriveDelay), o.Zone)
	}
	if d.Minutes <= 0 || d.Minutes >= ssimLongest {
		d.Minutes = 0
		return d, &Error{Line: r.Line, Code: "no_duration", Warning: true, Message: "How long the flight should take cannot be told from the file."}
	}
	return d, nil
}

// onTimeDuration is the scheduled duration of a flight that arrives at a clock time, with the zones of both airports as
// they are when it leaves: a switch of clocks under way would shift it by an hour, which the file cannot tell.
func onTimeDuration(d Departure, arrives int32, zone func(string) *time.Location) int32 {
	if zone == nil {
		return 0
	}
	from, to := zone(d.From), zone(d.To)
	if from == nil || to == nil {
		return 0
	}
	leaves := d.Date.In(from, 0, int(d.Departs))
	_, east1 := leaves.Zone()
	_, east2 := leaves.In(to).Zone()
	return onTimeModulo(arrives - int32(east2/60) - d.Departs + int32(east1/60))
}

func onTimeModulo(minutes int32) int32 { return (minutes%ssimDay + ssimDay) % ssimDay }

// onTimeText is a column's text; NA, as R writes what is missing, is none.
func onTimeText(r *Record, column string) string {
	if text := r.Get(column); text != "NA" {
		return text
	}
	return ""
}

// onTimeNumbers reads numbers of a row and collects the columns that have none though they have something.
type onTimeNumbers struct {
	r     *Record
	wrong []string
}

func (n *onTimeNumbers) has(column string) bool { return onTimeText(n.r, column) != "" }

// get is a whole number, which may be written with decimals (-11.0); 0 for none.
func (n *onTimeNumbers) get(column string) int32 {
	if column == "" || !n.has(column) {
		return 0
	}
	f, err := strconv.ParseFloat(n.r.Get(column), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 100_000 {
		n.wrong = append(n.wrong, column)
		return 0
	}
	return int32(f)
}

// clock is a time of day in minutes.
func (n *onTimeNumbers) clock(column string) int32 {
	hhmm := n.get(column)
	if hhmm < 0 || hhmm > 2400 || hhmm%100 >= 60 {
		n.wrong = append(n.wrong, column)
		return 0
	}
	return hhmm/100*60 + hhmm%100
}

// ReadPlanes reads the seats of aircraft by registration from a CSV file with the columns tailnum and seats. Lines
// without either are left out.
func ReadPlanes(r io.Reader, remark func(*Error)) (map[string]int32, error) {
	seats := map[string]int32{}
	err := onTimePairs(r, "tailnum", "seats", remark, func(line int, tail, text string) {
		if n, ok := ssimNumber(text); ok && n <= maxSeats {
			seats[tail] = int32(n)
		} else if remark != nil {
			remark(&Error{Line: line, Code: "bad_value", Message: "The seats " + strconv.Quote(text) + " are not a number."})
		}
	})
	return seats, err
}

// maxSeats is more than any aircraft has.
const maxSeats = 2000

// ReadCarriers reads the names of carriers by code from a CSV file with the columns carrier and name.
func ReadCarriers(r io.Reader, remark func(*Error)) (map[string]string, error) {
	names := map[string]string{}
	err := onTimePairs(r, "carrier", "name", remark, func(line int, code, name string) {
		if ssimCarrier(code) {
			names[code] = name
		} else if remark != nil {
			remark(&Error{Line: line, Code: "bad_carrier", Message: "The carrier " + strconv.Quote(code) + " is not an IATA or ICAO code."})
		}
	})
	return names, err
}

// onTimePairs reads two columns of a small table.
func onTimePairs(r io.Reader, key, value string, remark func(*Error), pair func(line int, key, value string)) error {
	table, err := NewTable(r)
	if err != nil {
		return err
	}
	for _, column := range []string{key, value} {
		if !table.Has(column) {
			return missing(table, column, column)
		}
	}
	for {
		record, err := table.Next()
		var bad *Error
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad) && !bad.Fatal:
			if remark != nil {
				remark(bad)
			}
			continue
		case err != nil:
			return err
		}
		if k, v := onTimeText(record, key), onTimeText(record, value); k != "" && v != "" {
			pair(record.Line, k, v)
		}
	}
}
