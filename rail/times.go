package rail

import (
	"slices"
	"time"

	"holdfast/civil"
)

// CallTimes is when a run reaches and leaves one of its calls.
type CallTimes struct {
	ScheduledArrives, ScheduledDeparts time.Time
	Arrives, Departs                   time.Time // as expected now
	Skipped                            bool      // it does not call there today
}

// expected is the times of a run: what its update tells, and the timetable for the rest. A train never leaves before it
// has come, nor comes before it left the call before; what an update says against that is moved.
func expected(t *Train, p *Pattern, d civil.Date, u *Update) []CallTimes {
	at := zone(t.Zone)
	out := make([]CallTimes, len(p.Calls))
	for i := range p.Calls {
		c := &out[i]
		c.ScheduledArrives, c.ScheduledDeparts = instant(d, at, p.Calls[i].Arrive), instant(d, at, p.Calls[i].Depart)
		c.Arrives, c.Departs = c.ScheduledArrives, c.ScheduledDeparts
	}
	if u == nil {
		return out
	}
	for _, told := range u.Times {
		if told.Call < 0 || told.Call >= len(out) {
			continue // of calls that the train had when it was told
		}
		if !told.Arrives.IsZero() {
			out[told.Call].Arrives = told.Arrives
		}
		if !told.Departs.IsZero() {
			out[told.Call].Departs = told.Departs
		}
	}
	for _, late := range u.Delays {
		if late.Call < 0 || late.Call >= len(out) {
			continue
		}
		c := &out[late.Call]
		c.Arrives, c.Departs = c.ScheduledArrives.Add(seconds(late.Arrives)), c.ScheduledDeparts.Add(seconds(late.Departs))
	}
	for i := range out {
		out[i].Skipped = u.Cancelled || slices.Contains(u.Skipped, i)
		if i > 0 && out[i].Arrives.Before(out[i-1].Departs) {
			out[i].Arrives = out[i-1].Departs
		}
		if out[i].Departs.Before(out[i].Arrives) {
			out[i].Departs = out[i].Arrives
		}
	}
	return out
}

// served are the first and the last call that a run makes; it runs on the segments [first, last). Without any both are 0.
func served(times []CallTimes) (first, last int) {
	first, last = -1, 0
	for i := range times {
		if !times[i].Skipped {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return max(first, 0), last
}
