package hotel

import (
	"slices"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/offer"
)

// Bounds of what goes into a price. With them, MaxPriceMinor for every amount, MaxStayNights, MaxRooms, MaxAdults and
// offer.MaxParts, no sum of a stay leaves int64 (TestPriceAtItsBounds).
const (
	MaxPercentBP = 100_000 // ten times the base price
	MaxLevyBP    = 10_000  // once the base price
	MaxRooms     = 30      // of one stay
	MaxAdults    = 20      // in one room
	MaxChildAge  = 17      // years
)

// stay is the half-open run of nights [in, out).
type stay struct{ in, out civil.Date }

func (s stay) nights() int { return int(s.out - s.in) }

// share is bp/10,000 of minor, rounded half away from zero: money.BasisPoints without its 128 bits, which prices below
// 1<<32 do not need (TestShareIsBasisPoints).
func share(minor int64, bp int32) int64 {
	n := minor * int64(bp)
	if n < 0 {
		return (n - 5_000) / 10_000
	}
	return (n + 5_000) / 10_000
}

// derive is the plan's price of a room for a night whose base price is given, before supplements; never below 0.
func (p *RatePlan) derive(base int64) int64 { return max(0, share(base, p.PercentBP)+p.Amount) }

// base is the base price of a night.
func (t *RoomType) base(night civil.Date) int64 {
	if minor, ok := t.Rates.At(night); ok {
		return minor
	}
	return t.BasePrice
}

// night is the price of a room of the type for a night, before supplements.
func (p *RatePlan) night(t *RoomType, night civil.Date) int64 {
	if minor, ok := p.Overrides[t.ID].At(night); ok {
		return minor
	}
	return p.derive(t.base(night))
}

// sells reports whether the plan is sold with a room type.
func (p *RatePlan) sells(t *RoomType) bool {
	return len(p.RoomTypes) == 0 || slices.Contains(p.RoomTypes, t.ID)
}

// demand is what a plan makes of the people who come: the plan decides who counts as a child.
type demand struct {
	adults     int   // in the room with the most of them
	people     int   // in the room with the most of them
	supplement int64 // of all rooms, a night
}

// demand counts the people. A child older than every band counts as an adult; a plan without bands takes every child
// as a child, free of charge.
func (p *RatePlan) demand(rooms []offer.Party) demand {
	var d demand
	for i := range rooms {
		adults, children := int(rooms[i].Adults), len(rooms[i].ChildAges)
		if children > 0 && len(p.ChildBands) > 0 {
			for _, age := range rooms[i].ChildAges {
				band := 0
				for band < len(p.ChildBands) && int(age) > p.ChildBands[band].UpToAge {
					band++
				}
				if band == len(p.ChildBands) {
					adults, children = adults+1, children-1
					continue
				}
				d.supplement += p.ChildBands[band].Minor
			}
		}
		if p.IncludedAdults > 0 && adults > p.IncludedAdults {
			d.supplement += int64(adults-p.IncludedAdults) * p.ExtraAdult
		}
		d.adults = max(d.adults, adults)
		d.people = max(d.people, adults+children)
	}
	return d
}

// fits reports whether a room takes such people: children may take places of adults, not the other way round.
func (o Occupancy) fits(d demand) bool {
	return d.adults <= o.Adults && d.people <= o.Adults+o.Children
}

// headcount is what levies count by, over all rooms.
type headcount struct{ rooms, nights, adults, people int64 }

// count counts people as they were named: for levies a child is a child, whatever a plan makes of it.
func count(s stay, rooms []offer.Party) headcount {
	c := headcount{rooms: int64(len(rooms)), nights: int64(s.nights())}
	for i := range rooms {
		c.adults += int64(rooms[i].Adults)
		c.people += int64(rooms[i].Adults) + int64(len(rooms[i].ChildAges))
	}
	return c
}

// minor is what the levy comes to on a stay with this base price, minor units. The part of an included percentage is
// what its rate has added to a net price: base - base/(1+rate).
func (l *Levy) minor(base int64, c headcount) int64 {
	switch l.Rule {
	case PercentOfBase:
		if l.Included {
			gross := 10_000 + int64(l.BP)
			return base - (base*10_000+gross/2)/gross
		}
		return money.Of(base, "").BasisPoints(int64(l.BP)).Minor
	case PerRoomNight:
		return l.Minor * c.rooms * c.nights
	case PerPersonNight:
		return l.Minor * c.people * c.nights
	case PerAdultNight:
		return l.Minor * c.adults * c.nights
	case PerStay:
		return l.Minor * c.rooms
	default:
		panic("hotel: a levy without a rule")
	}
}

// extras are the levies that come on top of the base price.
func (h *Hotel) extras() (out []Levy) {
	for _, l := range h.Levies {
		if !l.Included {
			out = append(out, l)
		}
	}
	return out
}

// price is what rooms of the type cost under the plan: each night for all rooms, and the whole with taxes and fees.
func (h *Hotel) price(t *RoomType, p *RatePlan, s stay, rooms []offer.Party) (nights []int64, price offer.Price) {
	d, c := p.demand(rooms), count(s, rooms)
	nights = make([]int64, s.nights())
	for i := range nights {
		nights[i] = p.night(t, s.in.Add(i))*c.rooms + d.supplement
		price.Base += nights[i]
	}
	for i := range h.Levies {
		l := &h.Levies[i]
		price.Parts = append(price.Parts, offer.Part{Kind: l.Kind, Code: l.Code, Minor: l.minor(price.Base, c), Included: l.Included})
	}
	return nights, price
}
