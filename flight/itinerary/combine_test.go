package itinerary_test

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/flight/itinerary"
)

// drawPriced draws itineraries of one flight within some hours.
func drawPriced(t *rapid.T, slice int) (out []itinerary.Priced) {
	for i := range rapid.IntRange(0, 9).Draw(t, "itineraries") {
		from := float64(slice*6) + float64(rapid.IntRange(0, 40).Draw(t, "departs"))/4
		d := departure(byte(slice*50+i+1), "XX", leg("AAA", "BBB", from, from+float64(rapid.IntRange(1, 20).Draw(t, "lasts"))/4))
		out = append(out, itinerary.Priced{Itinerary: itinerary.Itinerary{{Departure: d, Off: 1}}, Price: rapid.Int64Range(50, 70).Draw(t, "price"), Tag: i})
	}
	return out
}

// product are all trips whose slices follow each other.
func product(lists [][]itinerary.Priced, pause int64) (trips []itinerary.Trip) {
	var extend func(t itinerary.Trip)
	extend = func(t itinerary.Trip) {
		if len(t.Slices) == len(lists) {
			trips = append(trips, t)
			return
		}
		for _, p := range lists[len(t.Slices)] {
			if n := len(t.Slices); n == 0 || p.Itinerary.Departs() >= t.Slices[n-1].Itinerary.Arrives()+pause {
				extend(itinerary.Trip{Slices: append(slices.Clip(t.Slices), p), Price: t.Price + p.Price})
			}
		}
	}
	if len(lists) > 0 {
		extend(itinerary.Trip{})
	}
	return trips
}

// Combine gives the first trips of the whole product in the order of price, and of the cheapest of each slice when there are
// more than it takes.
func TestCombineIsTheCheapestOfTheProduct(t *testing.T) {
	some := 0
	rapid.Check(t, func(t *rapid.T) {
		var all, taken [][]itinerary.Priced
		b := itinerary.Bounds{PerSlice: rapid.IntRange(1, 9).Draw(t, "per slice"), Trips: rapid.IntRange(1, 30).Draw(t, "trips"), Pause: rapid.SampledFrom([]int64{0, -1, 7200}).Draw(t, "pause")}
		for s := range rapid.IntRange(1, 3).Draw(t, "slices") {
			list := drawPriced(t, s)
			all = append(all, list)
			cheap := slices.SortedFunc(slices.Values(list), func(a, b itinerary.Priced) int {
				return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.Itinerary.Duration(), b.Itinerary.Duration()), a.Itinerary.Compare(b.Itinerary))
			})
			taken = append(taken, cheap[:min(len(cheap), b.PerSlice)])
		}
		pause := map[int64]int64{0: 3600, -1: 0, 7200: 7200}[b.Pause]
		want := product(taken, pause)
		itinerary.Sort(want, itinerary.ByPrice)
		want = want[:min(len(want), b.Trips)]
		got := itinerary.Combine(all, b)
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%d trips, want %d", len(got), len(want))
		}
		if len(all) > 1 {
			some += len(want)
		}
	})
	if some == 0 {
		t.Error("no trips of several slices were made")
	}
}

// Every order is what it says, total, and the same whatever the order before.
func TestSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lists [][]itinerary.Priced
		for s := range 2 {
			lists = append(lists, drawPriced(t, s))
		}
		trips := product(lists, 0)
		if len(trips) == 0 {
			return
		}
		quickest := slices.MinFunc(trips, func(a, b itinerary.Trip) int { return int(a.Duration() - b.Duration()) })
		cheapest := slices.MinFunc(trips, func(a, b itinerary.Trip) int { return int(a.Price - b.Price) })
		keys := map[itinerary.Order]func(itinerary.Trip) int64{
			itinerary.ByPrice:     func(t itinerary.Trip) int64 { return t.Price },
			itinerary.ByDuration:  func(t itinerary.Trip) int64 { return t.Duration() },
			itinerary.ByDeparture: func(t itinerary.Trip) int64 { return t.Slices[0].Itinerary.Departs() },
			itinerary.ByBest:      func(t itinerary.Trip) int64 { return itinerary.Score(&t, cheapest.Price, quickest.Duration()) },
		}
		seed := rapid.Uint64().Draw(t, "seed")
		for by, key := range keys {
			one, other := slices.Clone(trips), slices.Clone(trips)
			rand.New(rand.NewPCG(seed, seed)).Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
			itinerary.Sort(one, by)
			itinerary.Sort(other, by)
			if !reflect.DeepEqual(one, other) {
				t.Fatalf("order %d depends on the order before", by)
			}
			if !slices.IsSortedFunc(one, func(a, b itinerary.Trip) int { return cmp.Compare(key(a), key(b)) }) {
				t.Fatalf("order %d is none", by)
			}
		}
	})
}

// The best is neither the cheapest nor the quickest at any price.
func TestBestWeighsPriceTimeAndChanges(t *testing.T) {
	trip := func(id byte, price int64, lasts float64, stops int) itinerary.Trip {
		it := itinerary.Itinerary{{Departure: departure(id, "XX", leg("AAA", "BBB", 0, lasts/float64(stops+1))), Off: 1}}
		for i := range stops {
			from := lasts / float64(stops+1) * float64(i+1)
			it = append(it, itinerary.Segment{Departure: departure(id+byte(i)+100, "XX", leg("BBB", "CCC", from, from+lasts/float64(stops+1))), Off: 1})
		}
		return itinerary.Trip{Slices: []itinerary.Priced{{Itinerary: it, Price: price, Tag: int(id)}}, Price: price}
	}
	trips := []itinerary.Trip{trip(1, 10_000, 14, 2), trip(2, 40_000, 2, 0), trip(3, 12_000, 3, 0), trip(4, 12_000, 3, 1)}
	itinerary.Sort(trips, itinerary.ByBest)
	var order []int
	for _, t := range trips {
		order = append(order, t.Slices[0].Tag)
	}
	if !slices.Equal(order, []int{3, 4, 2, 1}) {
		t.Errorf("the best in the order %v", order)
	}
	// As documented: twice the price is worth two and a half times the duration, a change a sixth of the price.
	if a, b := trip(1, 20_000, 2, 0), trip(2, 10_000, 5, 0); itinerary.Score(&a, 10_000, 7200) != itinerary.Score(&b, 10_000, 7200) {
		t.Error("twice the price is not two and a half times the duration")
	}
	if a, b := trip(1, 10_000, 2, 1), trip(2, 11_666, 2, 0); itinerary.Score(&a, 10_000, 7200)-itinerary.Score(&b, 10_000, 7200) > 10 {
		t.Error("a change is not a sixth of the price")
	}
}

// A calendar has for each day what a search of that day, priced, has as its cheapest.
func TestCalendarIsTheCheapestOfEachDay(t *testing.T) {
	priced := 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		n, err := itinerary.New(w.airports, w.departures, w.rules)
		if err != nil {
			t.Fatal(err)
		}
		s, f := drawSlice(t), drawFilter(t)
		var days []itinerary.Day
		for d := range int64(5) {
			days = append(days, itinerary.Day{Earliest: d * 5 * 3600, Latest: (d + 1) * 5 * 3600})
		}
		price := func(it itinerary.Itinerary) (int64, bool) {
			var sum int64
			for _, s := range it {
				sum += int64(s.Departure.ID[1])%13*10 + int64(s.Off)
			}
			return sum, sum%7 != 0
		}
		got, err := n.Calendar(s.From, s.To, days, f, price)
		if err != nil {
			t.Fatal(err)
		}
		for i, day := range days {
			s.Earliest, s.Latest = day.Earliest, day.Latest
			found, err := n.Search(s, f)
			if err != nil {
				t.Fatal(err)
			}
			var trips []itinerary.Trip
			for _, it := range found.Itineraries {
				if minor, ok := price(it); ok {
					trips = append(trips, itinerary.Trip{Slices: []itinerary.Priced{{Itinerary: it, Price: minor}}, Price: minor})
				}
			}
			itinerary.Sort(trips, itinerary.ByPrice)
			if len(trips) == 0 {
				if got[i].Itinerary != nil {
					t.Fatalf("day %d has %v, a search nothing", i, got[i].Itinerary)
				}
				continue
			}
			priced++
			if want := trips[0]; got[i].Price != want.Price || got[i].Itinerary.Compare(want.Slices[0].Itinerary) != 0 {
				t.Fatalf("day %d: %v for %d, a search has %v for %d", i, got[i].Itinerary, got[i].Price, want.Slices[0].Itinerary, want.Price)
			}
		}
	})
	if priced == 0 {
		t.Error("no day had a price")
	}
	var n itinerary.Network
	if _, err := n.Calendar([]string{"AAA"}, []string{"BBB"}, make([]itinerary.Day, itinerary.MaxDays+1), itinerary.Filter{}, nil); err == nil {
		t.Error("a calendar of too many days was accepted")
	}
}

// A month over a hub, in which each day has the flights of the first of January 2015.
func BenchmarkCalendar(b *testing.B) {
	u := loadUS(b, false)
	day := u.day("JFK", "LAX")
	first := u.departures[:0:0]
	for _, d := range u.departures {
		if d.Legs[0].Departs < day.Earliest || d.Legs[0].Departs >= day.Latest {
			continue
		}
		for k := range int64(31) {
			again := *d
			again.ID[15] += byte(k)
			again.ID[14] ^= byte(k)
			again.Legs = slices.Clone(d.Legs)
			again.Legs[0].Departs += k * 86_400
			again.Legs[0].Arrives += k * 86_400
			first = append(first, &again)
		}
	}
	n, err := itinerary.New(u.airports, first, itinerary.Rules{})
	if err != nil {
		b.Fatal(err)
	}
	days := make([]itinerary.Day, 31)
	for k := range days {
		start := time.Unix(day.Earliest, 0).Add(time.Duration(k) * 24 * time.Hour).Unix()
		days[k] = itinerary.Day{Earliest: start, Latest: start + 86_400}
	}
	pairs := u.pairs(200, 2)
	price := func(it itinerary.Itinerary) (sum int64, ok bool) {
		for _, s := range it {
			sum += int64(s.Kilometres())
		}
		return sum, true
	}
	b.Run("month", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := n.Calendar(pairs[i%200][:1], pairs[i%200][1:], days, itinerary.Filter{MaxStops: 2}, price); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("31 searches", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			for _, d := range days {
				if _, err := n.Search(itinerary.Slice{From: pairs[i%200][:1], To: pairs[i%200][1:], Earliest: d.Earliest, Latest: d.Latest}, itinerary.Filter{MaxStops: 2}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
