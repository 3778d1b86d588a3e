package itinerary

import (
	"cmp"
	"slices"
)

// Order is how trips are sorted.
type Order uint8

// The orders. Ties fall to price, duration, departure, then what the itineraries are, so that every order is total and
// the same trips always come in the same order.
const (
	ByPrice Order = iota + 1
	ByDuration
	ByDeparture // of the first slice, then the next
	ByBest      // see Score
)

// The weights of Score, in thousandths of one.
const (
	weightPrice    = 600 // for each time the price of the cheapest
	weightDuration = 400 // for each time the duration of the quickest
	weightStop     = 100 // for each change
)

// Score is what ByBest sorts by, the lower the better: price as a multiple of the cheapest one, six parts, duration as a
// multiple of the quickest one, four parts, and one part for each change. So a flight of twice the price is as good
// as one that takes two and a half times as long, and a change is worth a sixth of the cheapest price.
func Score(t *Trip, cheapest, quickest int64) int64 {
	return weightPrice*100*max(0, t.Price)/max(1, cheapest) + weightDuration*100*t.Duration()/max(1, quickest) + weightStop*100*int64(t.Stops())
}

// Sort sorts trips in place.
func Sort(trips []Trip, by Order) {
	if len(trips) == 0 {
		return
	}
	keyed := make([]ranked, len(trips))
	cheapest, quickest := trips[0].Price, trips[0].Duration()
	for i := range trips {
		keyed[i] = ranked{trip: trips[i], duration: trips[i].Duration()}
		cheapest, quickest = min(cheapest, trips[i].Price), min(quickest, keyed[i].duration)
	}
	for i := range keyed {
		k := &keyed[i]
		switch by {
		case ByPrice:
			k.key = k.trip.Price
		case ByDuration:
			k.key = k.duration
		case ByDeparture:
			k.key = k.trip.Slices[0].Itinerary.Departs()
		case ByBest:
			k.key = Score(&k.trip, cheapest, quickest)
		default:
			panic("itinerary: an unknown order")
		}
	}
	slices.SortStableFunc(keyed, func(a, b ranked) int { return a.compare(&b) })
	for i := range keyed {
		trips[i] = keyed[i].trip
	}
}

// ranked is a trip with what it is sorted by.
type ranked struct {
	trip          Trip
	key, duration int64
}

func (r *ranked) compare(o *ranked) int {
	if c := cmp.Or(cmp.Compare(r.key, o.key), cmp.Compare(r.trip.Price, o.trip.Price), cmp.Compare(r.duration, o.duration)); c != 0 {
		return c
	}
	return slices.CompareFunc(r.trip.Slices, o.trip.Slices, func(a, b Priced) int {
		return cmp.Or(a.Itinerary.Compare(b.Itinerary), cmp.Compare(a.Tag, b.Tag))
	})
}
