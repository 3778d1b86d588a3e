package demo

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/uid"
)

// Seed is the one that servers use.
const Seed = 1

// World is what a demo is filled with. Houses hold everything but what the services give themselves: pools, states,
// revisions, times and versions of rate plans.
type World struct {
	Suppliers []identity.Supplier
	Houses    []hotel.House
}

// Staff is the supplier that the demo's staff token belongs to.
func Staff() uid.ID { return id("supplier", 1) }

// Make makes a world whose rates begin at the night from and reach over the horizon.
func Make(seed uint64, from civil.Date, horizon int) World {
	var w World
	for i, c := range chains {
		w.Suppliers = append(w.Suppliers, identity.Supplier{ID: id("supplier", i), Name: c.name, Kind: identity.HotelChain})
	}
	first := map[int]bool{} // chains that have a house with numbered rooms already
	for at, c := range cities {
		random := rand.New(rand.NewPCG(seed, uint64(at))) //nolint:gosec // a made-up world, the same one each time
		b := builder{
			city: c, from: from, nights: horizon, random: random, names: map[string]bool{},
			calendar: calendar{city: c, festival: time.Month(1 + random.IntN(12)), festivalDay: 1 + random.IntN(20)},
		}
		for range c.hotels {
			chain := b.chain()
			h := b.house(len(w.Houses), chain)
			if !first[chain] {
				first[chain] = true
				b.rooms(&h)
			}
			w.Houses = append(w.Houses, h)
		}
	}
	return w
}

// id is an id of the demo: fixed, and of the form of all others.
func id(what string, numbers ...int) uid.ID {
	text := what
	for _, n := range numbers {
		text += "/" + strconv.Itoa(n)
	}
	hash := sha256.Sum256([]byte("holdfast demo " + text))
	var out uid.ID
	copy(out[:], hash[:])
	// RFC 9562, version 7: 48 bits of milliseconds, here those of the day the demo was written.
	binary.BigEndian.PutUint64(out[:8], uint64(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC).UnixMilli())<<16|uint64(binary.BigEndian.Uint16(out[6:8])))
	out[6] = out[6]&0x0f | 0x70
	out[8] = out[8]&0x3f | 0x80
	return out
}

// builder makes the houses of one city.
type builder struct {
	city     city
	calendar calendar
	from     civil.Date
	nights   int
	random   *rand.Rand
	names    map[string]bool // taken
}

// chain picks who owns the next house: mostly a chain that fits, sometimes nobody.
func (b *builder) chain() int {
	var fit []int
	for i, c := range chains {
		if i != independents && c.fits(b.city) {
			fit = append(fit, i)
		}
	}
	if b.random.IntN(3) == 0 {
		return independents
	}
	return fit[b.random.IntN(len(fit))]
}

// house makes one; n is its number in the world.
func (b *builder) house(n, chain int) hotel.House {
	stars := b.stars(chains[chain])
	h := hotel.House{Hotel: hotel.Hotel{
		ID: id("hotel", n), Supplier: id("supplier", chain), Name: b.name(chain), Stars: stars, Address: b.address(),
		City: b.city.name, Country: b.city.country, TimeZone: b.city.zone, Currency: b.city.currency,
		CheckInFrom: pick(b.random, "14:00", "15:00", "15:00", "16:00"), CheckOutUntil: pick(b.random, "10:00", "11:00", "11:00", "12:00"),
		OverbookingBP: pick(b.random, int32(0), 500, 1_000, 1_000), Levies: b.city.levies, Amenities: b.amenities(stars),
	}}
	h.Hotel.Latitude, h.Hotel.Longitude = b.place()
	b.types(&h, n)
	b.plans(&h, n)
	return h
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

// stars favours the middle of what a chain has.
func (b *builder) stars(c chain) int {
	return c.low + (b.random.IntN(c.high-c.low+1)+b.random.IntN(c.high-c.low+1)+1)/2
}

func (b *builder) name(chain int) string {
	for {
		name := fmt.Sprintf("The %s %s", pick(b.random, adjectives...), pick(b.random, nouns...))
		if chain != independents {
			name = fmt.Sprintf("%s %s %s", chains[chain].name, b.city.name, pick(b.random, quarters[b.city.kind]...))
		}
		if !b.names[name] {
			b.names[name] = true
			return name
		}
	}
}

func (b *builder) address() string {
	named, ok := streets[b.city.country]
	if !ok {
		named = streets[""]
	}
	return fmt.Sprintf(pick(b.random, named...), 1+b.random.IntN(140))
}

// place is somewhere within four kilometres of the centre, more often near it.
func (b *builder) place() (latitude, longitude float64) {
	const (
		most        = 4.0     // km
		kmPerDegree = 111.195 // of a great circle
	)
	distance, angle := most*b.random.Float64(), 2*math.Pi*b.random.Float64()
	latitude = b.city.latitude + distance*math.Cos(angle)/kmPerDegree
	longitude = b.city.longitude + distance*math.Sin(angle)/(kmPerDegree*math.Cos(b.city.latitude*math.Pi/180))
	const digits = 1e5 // about a metre
	return math.Round(latitude*digits) / digits, math.Round(longitude*digits) / digits
}

func (b *builder) amenities(stars int) []string {
	words := []string{"wifi", "non_smoking"}
	some := func(chance int, word string) {
		if b.random.IntN(100) < chance {
			words = append(words, word)
		}
	}
	some(20*stars-10, "restaurant")
	some(20*stars-15, "bar")
	some(20*stars-25, "gym")
	some(18*stars-45, "spa")
	some(60, "air_conditioning")
	some(40, "parking")
	some(25, "pet_friendly")
	some(50, "accessible")
	some(15*stars-30, "airport_shuttle")
	switch b.city.kind {
	case beach:
		words = append(words, "pool")
		some(60, "beach_access")
		some(50, "kids_club")
	case snow:
		words = append(words, "ski_storage")
		some(70, "sauna")
	case business:
		some(60, "meeting_rooms")
	case leisure:
		some(30, "rooftop_terrace")
		some(20, "bicycle_hire")
	}
	slices.Sort(words)
	return words
}

// roomKind is a room type as houses of some class have it.
type roomKind struct {
	name             string
	adults, children int
	price            int64 // percent of the house's ordinary room
	share            int64 // of the rooms, in percent of those of the whole list
}

var roomKinds = map[int][]roomKind{
	2: {{"Single Room", 1, 0, 80, 25}, {"Double Room", 2, 0, 100, 55}, {"Triple Room", 3, 1, 130, 20}},
	3: {{"Standard Double", 2, 1, 100, 40}, {"Standard Twin", 2, 1, 100, 30}, {"Superior Double", 2, 1, 120, 20}, {"Family Room", 2, 3, 155, 10}},
	4: {{"Classic Room", 2, 1, 100, 45}, {"Superior Room", 2, 1, 118, 30}, {"Family Room", 3, 2, 150, 15}, {"Junior Suite", 2, 2, 195, 10}},
	5: {{"Deluxe King", 2, 1, 100, 40}, {"Deluxe Twin", 2, 1, 100, 30}, {"Executive Room", 2, 1, 130, 18}, {"Junior Suite", 2, 2, 190, 9}, {"Grand Suite", 4, 2, 360, 3}},
}

// Shares of the city's price and sizes by stars.
var (
	starShare = map[int]int64{2: 65, 3: 100, 4: 150, 5: 260} // percent
	rooms     = map[int][2]int{2: {30, 90}, 3: {45, 160}, 4: {80, 260}, 5: {70, 300}}
)

// types gives the house its room types with rates and restrictions.
func (b *builder) types(h *hotel.House, n int) {
	stars := h.Hotel.Stars
	size := rooms[stars][0] + b.random.IntN(rooms[stars][1]-rooms[stars][0])
	ordinary := b.city.price * starShare[stars] / 100 * int64(85+b.random.IntN(36)) / 100
	strict := b.random.IntN(5) == 0
	restrictions := b.calendar.restrictions(stars, strict, b.from, b.nights)
	kinds := roomKinds[stars]
	if skip := b.random.IntN(2 * len(kinds)); skip > 0 && skip < len(kinds) { // half of the houses do without one kind
		kinds = slices.Delete(slices.Clone(kinds), skip, skip+1)
	}
	var total int32
	for i, k := range kinds {
		base := round(ordinary*k.price/100, b.city.step)
		capacity := max(int32(int64(size)*k.share/100), 1)
		total += capacity
		h.Types = append(h.Types, hotel.RoomType{
			ID: id("room type", n, i), Hotel: h.Hotel.ID, Name: k.name, Occupancy: hotel.Occupancy{Adults: k.adults, Children: k.children},
			BasePrice: base, Capacity: capacity, Rates: b.calendar.rates(base, b.from, b.nights), Restrictions: restrictions,
		})
	}
	if b.random.IntN(12) == 0 { // a house with fewer rooms than its types could sell: rooms are made up as one or the other
		limit := total * 9 / 10
		h.Hotel.Capacity = &limit
	}
}

// plans gives the house two or three rate plans.
func (b *builder) plans(h *hotel.House, n int) {
	ordinary := h.Types[0].BasePrice
	step := b.city.step
	plan := hotel.RatePlan{
		ID: id("rate plan", n, 0), Hotel: h.Hotel.ID, Name: "Flexible", Board: hotel.RoomOnly, PercentBP: 10_000, IncludedAdults: 2,
		ExtraAdult: round(ordinary/4, step), FreeUntilHours: pick(b.random, int32(24), 24, 48, 72), FeeBP: pick(b.random, int32(10_000), 8_000, 5_000),
		ChildBands: []hotel.ChildBand{{UpToAge: 5}, {UpToAge: 12, Minor: round(ordinary/8, step)}},
	}
	if h.Hotel.Stars >= 4 {
		plan.Board = hotel.Breakfast
	}
	h.Plans = append(h.Plans, plan)

	plan.ID, plan.Name, plan.PercentBP = id("rate plan", n, 1), "Non-refundable", pick(b.random, int32(8_500), 8_800, 9_000)
	plan.FreeUntilHours, plan.FeeBP = -1, 10_000
	h.Plans = append(h.Plans, plan)

	if b.city.kind == beach || b.city.kind == snow || h.Hotel.Stars >= 4 && b.random.IntN(3) == 0 {
		dinner := round(ordinary/5, step) // of one adult
		plan = h.Plans[0]
		plan.ID, plan.Name, plan.Board = id("rate plan", n, 2), "Half board", hotel.HalfBoard
		plan.Amount, plan.ExtraAdult = 2*dinner, plan.ExtraAdult+dinner
		plan.ChildBands = []hotel.ChildBand{{UpToAge: 5, Minor: round(dinner/4, step)}, {UpToAge: 12, Minor: plan.ChildBands[1].Minor + round(dinner/2, step)}}
		h.Plans = append(h.Plans, plan)
	}
}

// rooms numbers the rooms of a house, floor by floor, and takes one of them out of order for two weeks.
func (b *builder) rooms(h *hotel.House) {
	const (
		perFloor    = 20
		outageAfter = 30 // nights
		outage      = 14
	)
	n := 0
	for _, t := range h.Types {
		for range t.Capacity {
			number := strconv.Itoa(100*(1+n/perFloor) + 1 + n%perFloor)
			h.Rooms = append(h.Rooms, hotel.Room{ID: id("room "+h.Hotel.ID.Text("htl"), n), Hotel: h.Hotel.ID, RoomType: t.ID, Number: number})
			n++
		}
	}
	if from := b.from.Add(outageAfter); outageAfter+outage <= b.nights {
		h.Rooms[0].OutOfOrder = []hotel.Outage{{From: from, To: from.Add(outage), Reason: "New bathroom"}}
	}
}
