package hotel

import "holdfast/civil"

// Reasons for which the restrictions of nights refuse a stay.
const (
	reasonClosedToArrival   = "closed_to_arrival"
	reasonClosedToDeparture = "closed_to_departure"
	reasonMinStay           = "min_stay"
	reasonMaxStay           = "max_stay"
)

// refusesArrival is the reason for which a stay of so many nights may not arrive on the night; "" if it may.
func (r Restriction) refusesArrival(nights int) string {
	switch {
	case r&ClosedToArrival != 0:
		return reasonClosedToArrival
	case nights < r.MinStay():
		return reasonMinStay
	case r.MaxStay() > 0 && nights > r.MaxStay():
		return reasonMaxStay
	}
	return ""
}

// restriction is what a night demands; of the check-out date only ClosedToDeparture counts.
func (t *RoomType) restriction(d civil.Date) Restriction {
	r, _ := t.Restrictions.At(d)
	return r
}

// refuses is the reason for which the type's restrictions refuse the stay, "" for none.
func (t *RoomType) refuses(s stay) string {
	if reason := t.restriction(s.in).refusesArrival(s.nights()); reason != "" {
		return reason
	}
	if t.restriction(s.out)&ClosedToDeparture != 0 {
		return reasonClosedToDeparture
	}
	return ""
}

// rule is a Restriction squeezed into the 16 bits the view has for it: 0-5 min stay, 6-12 max stay, then the flags.
// Longer stays are rare enough to be looked up in the room type's line: ruleWide says so.
type rule uint16

const (
	ruleMinMask              = 1<<6 - 1
	ruleMaxShift             = 6
	ruleMaxMask              = 1<<7 - 1
	ruleWide            rule = 1 << 13
	ruleClosedDeparture rule = 1 << 14
	ruleClosedArrival   rule = 1 << 15
)

// squeeze packs a restriction.
func squeeze(r Restriction) rule {
	var out rule
	if r&ClosedToArrival != 0 {
		out |= ruleClosedArrival
	}
	if r&ClosedToDeparture != 0 {
		out |= ruleClosedDeparture
	}
	if r.MinStay() > ruleMinMask || r.MaxStay() > ruleMaxMask {
		return out | ruleWide
	}
	return out | rule(r.MinStay()) | rule(r.MaxStay())<<ruleMaxShift
}

// admitsArrival reports whether a stay of so many nights may arrive on the night of the type.
func (u rule) admitsArrival(nights int, t *RoomType, night civil.Date) bool {
	switch {
	case u == 0:
		return true
	case u&ruleWide != 0:
		return t.restriction(night).refusesArrival(nights) == ""
	case u&ruleClosedArrival != 0 || nights < int(u&ruleMinMask):
		return false
	}
	most := int(u >> ruleMaxShift & ruleMaxMask)
	return most == 0 || nights <= most
}
