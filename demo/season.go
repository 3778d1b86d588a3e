package demo

import (
	"time"

	"holdfast/civil"
	"holdfast/hotel"
)

// seasons are shares of the ordinary price by month, in percent.
var seasons = map[kind][12]int64{
	business: {90, 100, 105, 105, 110, 105, 90, 85, 115, 115, 110, 85},
	leisure:  {80, 85, 95, 110, 115, 115, 120, 120, 110, 100, 85, 105},
	beach:    {125, 130, 125, 110, 90, 85, 95, 95, 85, 95, 110, 135}, // winter sun
	snow:     {140, 150, 130, 90, 70, 85, 100, 105, 85, 70, 75, 135},
}

// weekends are what Friday and Saturday nights cost, in percent of the other nights.
var weekends = map[kind]int64{business: 85, leisure: 115, beach: 110, snow: 110}

const (
	weekendNights  = 365 // weekend prices are set for a year, as houses do; after that the season alone decides
	newYearShare   = 160 // percent, from 29 December to 1 January
	festivalShare  = 140 // percent, one week a year in each city
	festivalNights = 7
	newYearStay    = 3 // nights at least
	festivalStay   = 2
	highStay       = 3 // of good beach and snow houses in their dearest months
	highSeason     = 125
)

// calendar knows the nights of one city.
type calendar struct {
	city        city
	festival    time.Month // in which the festival week is
	festivalDay int        // of the month, on which it begins
}

// newYear tells whether a night is one of the four around the turn of the year.
func newYear(d civil.Date) bool {
	_, month, day := d.Civil()
	return month == time.December && day >= 29 || month == time.January && day == 1
}

func (c calendar) festive(d civil.Date) bool {
	_, month, day := d.Civil()
	return month == c.festival && day >= c.festivalDay && day < c.festivalDay+festivalNights
}

// share is what a night costs in percent of the ordinary price; weekend tells whether weekend prices are set yet.
func (c calendar) share(d civil.Date, weekend bool) int64 {
	_, month, _ := d.Civil()
	at := int(month) - 1
	if c.city.latitude < 0 && c.city.kind == leisure {
		at = (at + 6) % 12
	}
	share := seasons[c.city.kind][at]
	switch {
	case newYear(d):
		return max(share, newYearShare)
	case c.festive(d):
		share = share * festivalShare / 100
	case weekend && (d.Weekday() == time.Friday || d.Weekday() == time.Saturday):
		share = share * weekends[c.city.kind] / 100
	}
	return share
}

// rates are the prices of the nights [from, from+nights) that differ from base.
func (c calendar) rates(base int64, from civil.Date, nights int) hotel.Line[int64] {
	var line hotel.Line[int64]
	for i := range nights {
		d := from.Add(i)
		price := round(base*c.share(d, i < weekendNights)/100, c.city.step)
		if price != base {
			line = extend(line, d, price)
		}
	}
	return line
}

// restrictions are the rules of a house with so many stars; strict houses let nobody arrive on New Year's Eve.
func (c calendar) restrictions(stars int, strict bool, from civil.Date, nights int) hotel.Line[hotel.Restriction] {
	var line hotel.Line[hotel.Restriction]
	for i := range nights {
		d := from.Add(i)
		_, month, day := d.Civil()
		var r hotel.Restriction
		switch {
		case newYear(d):
			r = r.WithMinStay(newYearStay)
			if strict && month == time.December && day == 31 {
				r |= hotel.ClosedToArrival
			}
		case c.festive(d):
			r = r.WithMinStay(festivalStay)
		case (c.city.kind == beach || c.city.kind == snow) && stars >= 4 && c.share(d, false) >= highSeason:
			r = r.WithMinStay(highStay)
		}
		if r != 0 {
			line = extend(line, d, r)
		}
	}
	return line
}

// extend appends a night to a line that ends before it.
func extend[V comparable](l hotel.Line[V], d civil.Date, v V) hotel.Line[V] {
	if n := len(l); n > 0 && l[n-1].To == d && l[n-1].Value == v {
		l[n-1].To++
		return l
	}
	return append(l, hotel.Run[V]{From: d, To: d + 1, Value: v})
}

// round is the nearest multiple of step, at least one step.
func round(n, step int64) int64 { return max((n+step/2)/step*step, step) }
