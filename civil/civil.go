// Package civil holds dates as hotels and timetables mean them: days of a place, without an instant.
package civil

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed
)

// Date is a day of the proleptic Gregorian calendar as days since 1970-01-01. It doubles as the stock slot of a night.
type Date int32

// DateOf is the date of year, month, day; out-of-range values are normalised like time.Date.
func DateOf(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ErrDate is the root of every refusal to read a date.
var ErrDate = errors.New("date")

// Parse reads YYYY-MM-DD, and nothing else.
func Parse(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || len(s) != len(time.DateOnly) {
		return 0, fmt.Errorf("%w %q: want YYYY-MM-DD", ErrDate, s)
	}
	return DateOf(t.Year(), t.Month(), t.Day()), nil
}

// MustParse is Parse for constants and tests; it panics.
func MustParse(s string) Date {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

// utc is the instant at which the date starts in UTC.
func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is YYYY-MM-DD.
func (d Date) String() string {
	year, month, day := d.Civil()
	if year < 0 || year > 9999 {
		return d.utc().Format(time.DateOnly)
	}
	two := func(n int) (byte, byte) { return byte('0' + n/10), byte('0' + n%10) }
	b := [len(time.DateOnly)]byte{4: '-', 7: '-'} // by hand: a search answer has a hundred dates
	b[0], b[1] = two(year / 100)
	b[2], b[3] = two(year % 100)
	b[5], b[6] = two(int(month))
	b[8], b[9] = two(day)
	return string(b[:])
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Civil gives year, month and day.
func (d Date) Civil() (year int, month time.Month, day int) { return d.utc().Date() }

// Add is the date n days later.
func (d Date) Add(days int) Date { return d + Date(days) }

// In is the instant at which the wall clock of the zone shows hour:minute on this date. A time that the zone skips
// (clocks going forward) is moved forward by the gap, as time.Date does; of one that it has twice the first is meant.
func (d Date) In(zone *time.Location, hour, minute int) time.Time {
	y, m, day := d.Civil()
	return time.Date(y, m, day, hour, minute, 0, 0, zone)
}

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = Parse(string(b))
	return err
}

// Today is the date a wall clock in the zone shows at now.
func Today(now time.Time, zone *time.Location) Date {
	y, m, d := now.In(zone).Date()
	return DateOf(y, m, d)
}

// Zone loads an IANA zone by its full name; "", "Local" and abbreviations without an area are refused, since what
// they mean differs from machine to machine.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not an IANA time zone", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not an IANA time zone", name)
	}
	return loc, nil
}
