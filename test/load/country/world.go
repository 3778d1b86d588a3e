// Package country is the world of B6 and the system it is loaded into: 5,000 hotels of 20 room types in 25 cities, 730
// nights ahead, 73 million slots, through the product's own way of making hotels and pools.
package country

import (
	"fmt"
	"math"
	"math/rand/v2"

	"holdfast/civil"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/uid"
)

// Size of a world.
type Size struct {
	Hotels, Types, Nights int
}

// Full is the size that has to fit one small machine.
var Full = Size{Hotels: 5000, Types: 20, Nights: 730}

// Slots is how many there are.
func (s Size) Slots() int64 { return int64(s.Hotels) * int64(s.Types) * int64(s.Nights) }

// hotelsPerCity makes a city of Full one of 4,000 room types, as B4 asks for.
const hotelsPerCity = 200

// City is the name of the n-th city.
func City(n int) string { return fmt.Sprintf("Stadt %d", n) }

// Cities is how many a world has.
func (s Size) Cities() int { return (s.Hotels + hotelsPerCity - 1) / hotelsPerCity }

// Prices and sizes of the made-up houses.
const (
	ordinary   = 9_000  // minor units of the cheapest room
	spread     = 12_000 // what the house adds to it at most
	perType    = 700    // what each better type adds
	mostRooms  = 40     // of a type
	festivalAt = 150    // nights from the first, in every year
	festival   = 7      // nights
)

// seasons are what a month costs, in percent; each is a run of nights with a price of its own.
var seasons = [12]int64{85, 90, 95, 105, 110, 115, 125, 125, 110, 100, 90, 120}

// Houses makes the houses from one on, so many of them, with prices from the night from on: a price for each month, one
// for a festival week with a shortest stay, two rate plans, a tax.
func (s Size) Houses(first, count int, supplier uid.ID, from civil.Date) []hotel.House {
	out := make([]hotel.House, 0, count)
	for n := first; n < first+count && n < s.Hotels; n++ {
		out = append(out, s.house(n, supplier, from))
	}
	return out
}

func (s Size) house(n int, supplier uid.ID, from civil.Date) hotel.House {
	random := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // a made-up world, the same one each time
	city := n / hotelsPerCity
	at := 2 * math.Pi * random.Float64()
	h := hotel.House{Hotel: hotel.Hotel{
		ID: uid.New(), Supplier: supplier, Name: fmt.Sprintf("Hotel %d", n), Stars: 2 + n%4, Address: fmt.Sprintf("Straße %d", n%hotelsPerCity), City: City(city), Country: "DE",
		Latitude: 48 + float64(city/5) + 0.05*math.Sin(at), Longitude: 7 + float64(city%5) + 0.05*math.Cos(at), TimeZone: "Europe/Berlin", Currency: "EUR",
		CheckInFrom: "15:00", CheckOutUntil: "11:00", Amenities: []string{"parking", "wifi"}, ExternalRef: fmt.Sprintf("b6-%d", n),
		Levies: []hotel.Levy{
			{Kind: offer.Tax, Code: "vat", Rule: hotel.PercentOfBase, BP: 700, Included: true},
			{Kind: offer.Fee, Code: "city_tax", Rule: hotel.PerAdultNight, Minor: 250},
		},
	}}
	house := ordinary + random.Int64N(spread)
	stay := hotel.Line[hotel.Restriction]{}
	for year := festivalAt; year+festival <= s.Nights; year += 365 {
		stay = stay.Set(from.Add(year), from.Add(year+festival), hotel.Restriction(0).WithMinStay(3))
	}
	for i := range s.Types {
		base := house + perType*int64(i)
		h.Types = append(h.Types, hotel.RoomType{
			ID: uid.New(), Name: fmt.Sprintf("Room type %d", i+1), Occupancy: hotel.Occupancy{Adults: 2 + i%3, Children: i % 2}, BasePrice: base,
			Capacity: 1 + random.Int32N(mostRooms), Rates: rates(base, from, s.Nights), Restrictions: stay,
		})
	}
	h.Plans = []hotel.RatePlan{
		{ID: uid.New(), Name: "Flexible", Board: hotel.RoomOnly, PercentBP: 10_000, FreeUntilHours: 48, FeeBP: 10_000},
		{ID: uid.New(), Name: "Saver", Board: hotel.RoomOnly, PercentBP: 9_000, FreeUntilHours: -1, FeeBP: 10_000},
	}
	return h
}

// rates are the runs of nights in order.
func rates(base int64, from civil.Date, nights int) hotel.Line[int64] {
	var line hotel.Line[int64]
	for n := range nights {
		d := from.Add(n)
		_, month, _ := d.Civil()
		price := base * seasons[month-1] / 100
		if n%365 >= festivalAt && n%365 < festivalAt+festival {
			price = base * 3 / 2
		}
		if last := len(line) - 1; last >= 0 && line[last].Value == price {
			line[last].To = d + 1
			continue
		}
		line = append(line, hotel.Run[int64]{From: d, To: d + 1, Value: price})
	}
	return line
}
