package rail

import (
	"holdfast/civil"
	"holdfast/feed"
	"holdfast/uid"
)

// Composition says which coaches a train has on some dates. Of several that hold for a date, one that staff set comes
// before one of a feed, and of those the one with the narrowest dates.
type Composition struct {
	Supplier  uid.ID
	ID        uid.ID // made of supplier, source, train, dates and weekdays
	Source    string // the feed's name; "" for what staff set
	Train     string // number, "ICE 5"
	From, To  civil.Date
	Weekdays  feed.Weekdays // 0: every day
	Formation uid.ID
	Stamp     int64
	Gone      bool
}

// always are the dates of a composition without any.
const (
	always civil.Date = 0
	never  civil.Date = 376_200 // 2999-12-31, or near it
)

func compositionID(c *Composition) uid.ID {
	return derive("composition", string(c.Supplier[:]), c.Source, c.Train, c.From.String(), c.To.String(), string(rune(c.Weekdays)))
}

// holds reports whether the composition is for a date.
func (c *Composition) holds(d civil.Date) bool {
	return !c.Gone && d >= c.From && d < c.To && (c.Weekdays == 0 || c.Weekdays.Has(d))
}

// before reports whether of two compositions that hold, c does.
func (c *Composition) before(o *Composition) bool {
	if (c.Source == "") != (o.Source == "") {
		return c.Source == ""
	}
	if a, b := c.To-c.From, o.To-o.From; a != b {
		return a < b
	}
	if (c.Weekdays == 0) != (o.Weekdays == 0) {
		return c.Weekdays != 0
	}
	return string(c.ID[:]) < string(o.ID[:])
}
