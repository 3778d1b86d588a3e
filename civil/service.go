package civil

import "time"

// ServiceTime is the instant that a timetable means by so many seconds of a service date: counted from noon minus twelve
// hours in the zone, as GTFS defines it. That is midnight on all days but those on which the clocks change, so that
// 08:00:00 is what the wall clock shows at eight on these too. Seconds may pass 24 or 48 hours, or be negative.
//
// Source: GTFS Schedule Reference, field type Time.
func ServiceTime(date Date, zone *time.Location, seconds int32) time.Time {
	return date.In(zone, 12, 0).Add(time.Duration(seconds)*time.Second - 12*time.Hour)
}
