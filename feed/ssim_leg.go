package feed

import (
	"strconv"
	"strings"
	"time"

	"holdfast/civil"
)

const (
	ssimDay     = 24 * 60 // minutes
	ssimLongest = ssimDay // no leg takes a day
)

// legRecord reads a flight leg record (type 3) and leaves it to wait for its segment data.
func (s *ssim) legRecord(line string) error {
	if err := s.flush(); err != nil {
		return err
	}
	if !s.open {
		s.remark("leg_without_carrier", "The leg stands before a carrier record (type 2), or after a trailer.")
		s.refused = line[1:13]
		return nil
	}
	l, wrong := s.legOf(line)
	if wrong != nil {
		wrong.Line = s.line
		s.tell(wrong)
		s.refused = line[1:13]
		return nil
	}
	s.leg, s.key, s.disclose = l, line[1:13], line[148]
	return nil
}

func ssimWrong(code, message string) *Error { return &Error{Code: code, Message: message} }

func (s *ssim) legOf(line string) (*Leg, *Error) {
	l := &Leg{
		Line: s.line, Suffix: strings.TrimSpace(line[1:2]), Carrier: strings.TrimSpace(line[2:5]), ServiceType: strings.TrimSpace(line[13:14]),
		From: line[36:39], To: line[54:57], Equipment: strings.TrimSpace(line[72:75]), Configuration: strings.TrimSpace(line[172:192]), Offsets: true,
	}
	if !ssimCarrier(l.Carrier) {
		return nil, ssimWrong("bad_carrier", "The carrier "+strconv.Quote(line[2:5])+" is not an IATA or ICAO code.")
	}
	number, ok := ssimNumber(strings.TrimLeft(line[5:9], " "))
	if !ok || number == 0 {
		return nil, ssimWrong("bad_number", "The flight number "+strconv.Quote(line[5:9])+" is not 1 to 9999.")
	}
	l.Number = strconv.Itoa(number)
	variation, ok1 := ssimNumber(line[9:11])
	overflow, ok2 := ssimNumber(strings.ReplaceAll(line[127:128], " ", "0"))
	sequence, ok3 := ssimNumber(line[11:13])
	if !ok1 || !ok2 || !ok3 || sequence == 0 {
		return nil, ssimWrong("bad_variation", "The itinerary variation and leg number "+strconv.Quote(line[9:13])+" are not four digits with a leg from 01.")
	}
	l.Variation, l.Sequence = 100*overflow+variation, sequence
	if !ssimLetters(l.From) || !ssimLetters(l.To) {
		return nil, ssimWrong("bad_airport", "The airports "+strconv.Quote(l.From)+" and "+strconv.Quote(l.To)+" must be IATA codes.")
	}
	if l.From == l.To {
		return nil, ssimWrong("same_airport", "The leg ends where it begins, at "+l.From+".")
	}
	if wrong := s.period(l, line); wrong != nil {
		return nil, wrong
	}
	if wrong := s.times(l, line); wrong != nil {
		return nil, wrong
	}
	return l, nil
}

// period reads on which dates the flight leaves its first airport.
func (s *ssim) period(l *Leg, line string) *Error {
	var ok bool
	if l.First, ok = ssimDate(line[14:21]); !ok {
		return ssimWrong("bad_period", "The period begins on "+strconv.Quote(line[14:21])+", which is not a date as 09JUN05.")
	}
	last := line[21:28]
	if last == ssimOpenEnd {
		if last = s.ends; last == ssimOpenEnd || strings.TrimSpace(last) == "" {
			return ssimWrong("open_period", "The period has no end, and the carrier record says no end of the schedule.")
		}
	}
	if l.Last, ok = ssimDate(last); !ok {
		return ssimWrong("bad_period", "The period ends on "+strconv.Quote(last)+", which is not a date as 09JUN05.")
	}
	if l.Last < l.First {
		return ssimWrong("bad_period", "The period ends before it begins.")
	}
	for i, c := range line[28:35] {
		switch {
		case c == rune('1'+i):
			l.Weekdays |= 1 << i
		case c != ' ':
			return ssimWrong("bad_days", "The days of operation "+strconv.Quote(line[28:35])+" are not the digits 1 to 7, each in its place.")
		}
	}
	if l.Weekdays == 0 {
		return ssimWrong("bad_days", "The leg has no day of operation.")
	}
	if line[35] != ' ' && line[35] != '1' {
		return ssimWrong("fortnightly", "The leg does not run every week (frequency rate "+strconv.Quote(line[35:36])+"): give each week as a period of its own.")
	}
	return nil
}

// ssimOpenEnd is the end of a period until further notice.
const ssimOpenEnd = "00XXX00"

// ssimDate reads 09JUN05. Years of two digits lie between 1970 and 2069.
func ssimDate(s string) (civil.Date, bool) {
	day, ok1 := ssimNumber(s[:2])
	year, ok2 := ssimNumber(s[5:7])
	month := strings.Index("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", s[2:5])
	if !ok1 || !ok2 || month < 0 || month%3 != 0 {
		return 0, false
	}
	if year += 2000; year >= 2070 {
		year -= 100
	}
	d := civil.DateOf(year, time.Month(month/3+1), day)
	_, m, got := d.Civil()
	return d, m == time.Month(month/3+1) && got == day
}

// times reads the times of a leg and finds its days.
func (s *ssim) times(l *Leg, line string) *Error {
	depart, ok1 := ssimClock(line[39:43]) // of passengers; the aircraft's follow
	arrive, ok2 := ssimClock(line[61:65]) // the aircraft's come before
	if !ok1 || !ok2 {
		return ssimWrong("bad_time", "The times "+strconv.Quote(line[39:43])+" and "+strconv.Quote(line[61:65])+" are not hours and minutes.")
	}
	if l.DepartOffset, ok1 = ssimOffset(line[47:52]); ok1 {
		l.ArriveOffset, ok1 = ssimOffset(line[65:70])
	}
	if !ok1 {
		return ssimWrong("bad_offset", "The offsets from UTC "+strconv.Quote(line[47:52])+" and "+strconv.Quote(line[65:70])+" are not as +0400.")
	}
	departDay, departGiven, ok1 := ssimVariation(line[192])
	arriveDay, arriveGiven, ok2 := ssimVariation(line[193])
	if !ok1 || !ok2 {
		return ssimWrong("bad_date_variation", "The date variation "+strconv.Quote(line[192:194])+" is not a digit, A for the day before, or blank, twice.")
	}

	f := &s.flight
	follows := f.carrier == l.Carrier && f.number == l.Number && f.suffix == l.Suffix && f.variation == l.Variation && l.Sequence > 1
	fromUTC, toUTC := l.DepartOffset, l.ArriveOffset // what takes a time of the file to UTC
	if s.utc {
		fromUTC, toUTC = 0, 0
	}
	if !departGiven && follows {
		for departDay = 0; depart+departDay*ssimDay-fromUTC < f.arrives; departDay++ {
			if departDay == 9 {
				return ssimWrong("bad_date_variation", "The leg cannot follow the leg before it.")
			}
		}
	}
	depart += departDay*ssimDay - fromUTC
	if !arriveGiven {
		for arriveDay = departDay - 1; arrive+arriveDay*ssimDay-toUTC <= depart; arriveDay++ { // the first day after the departure
		}
	}
	arrive += arriveDay*ssimDay - toUTC
	if arrive <= depart {
		return ssimWrong("arrives_before_departure", "The leg arrives before it departs.")
	}
	if arrive-depart >= ssimLongest {
		return ssimWrong("too_long", "The leg takes a day or longer.")
	}
	if follows {
		if l.Sequence != f.sequence+1 {
			s.warn(s.line, "leg_order", "Leg %d of the flight follows leg %d.", l.Sequence, f.sequence)
		}
		if l.From != f.to {
			s.warn(s.line, "legs_apart", "The leg departs from %s; the leg before it arrived at %s.", l.From, f.to)
		}
	} else {
		if l.Sequence != 1 {
			s.warn(s.line, "leg_order", "The first leg of the flight has number %d.", l.Sequence)
		}
		*f = ssimFlight{carrier: l.Carrier, number: l.Number, suffix: l.Suffix, variation: l.Variation}
		if s.utc { // the flight's date is the local one at its first airport
			f.days = floorDays(depart + l.DepartOffset)
		}
	}
	f.sequence, f.to, f.arrives = l.Sequence, l.To, arrive
	l.Departs, l.Arrives = depart+l.DepartOffset-int32(f.days)*ssimDay, arrive+l.ArriveOffset-int32(f.days)*ssimDay
	l.First, l.Last, l.Weekdays = l.First.Add(f.days), l.Last.Add(f.days), l.Weekdays.later(f.days)
	return nil
}

// floorDays is how many days a time lies after the day it counts from.
func floorDays(minutes int32) int {
	if minutes < 0 {
		return -int((-minutes + ssimDay - 1) / ssimDay)
	}
	return int(minutes / ssimDay)
}

// later is the set of the days that lie so many after these.
func (w Weekdays) later(days int) Weekdays {
	n := uint((days%7 + 7) % 7)
	return (w<<n | w>>(7-n)) & Every
}

// ssimClock reads hhmm, 2400 included.
func ssimClock(s string) (int32, bool) {
	n, ok := ssimNumber(s)
	return int32(n/100*60 + n%100), ok && n%100 < 60 && n <= 2400
}

// ssimOffset reads +hhmm; the widest of the Earth are -1200 and +1400.
func ssimOffset(s string) (int32, bool) {
	n, ok := ssimNumber(s[1:])
	minutes := int32(n/100*60 + n%100)
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, ok && (s[0] == '+' || s[0] == '-') && n%100 < 60 && minutes >= -12*60 && minutes <= 14*60
}

// ssimVariation reads a day relative to that of the flight: a digit, A (some write J) for the day before; blank is not
// given.
func ssimVariation(c byte) (days int32, given, ok bool) {
	switch {
	case c == ' ':
		return 0, false, true
	case c >= '0' && c <= '9':
		return int32(c - '0'), true, true
	case c == 'A' || c == 'J':
		return -1, true, true
	}
	return 0, false, false
}
