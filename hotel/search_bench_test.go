package hotel

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// many is a city of hotels with five types each and two plans, all with stock.
func many(t interface{ Fatal(...any) }, hotels, types, nights int) *world {
	w := newWorld(t, noon)
	w.finder.horizon = nights
	pool := stock.PoolID(0)
	for i := range hotels {
		h := inn(0)
		h.Hotel.City = "Metropolis"
		h.Hotel.Latitude, h.Hotel.Longitude = 48+float64(i%40)/200, 11+float64(i/40%40)/200
		h.Hotel.Stars = i % 6
		h.Hotel.Levies = []Levy{
			{Kind: offer.Tax, Code: "vat", Rule: PercentOfBase, BP: 700, Included: true},
			{Kind: offer.Tax, Code: "city_tax", Rule: PerAdultNight, Minor: 250},
		}
		h.Plans = append(h.Plans, RatePlan{ID: uid.New(), Version: uid.New(), Board: Breakfast, PercentBP: 11_500, FreeUntilHours: 48, Status: Active})
		h.Types = h.Types[:0]
		for j := range types {
			pool++
			h.Types = append(h.Types, RoomType{
				ID: uid.New(), Hotel: h.Hotel.ID, Occupancy: Occupancy{2, 1}, BasePrice: int64(6_000 + (i*7919+j*104_729)%20_000), Pool: pool, Status: Active,
				Rates: Line[int64]{}.Set(today.Add(nights/3), today.Add(nights/2), int64(9_000+i)),
			})
		}
		w.finder.publish(h)
	}
	rows := make([]reservation.SlotRow, nights)
	for p := range pool {
		for n := range rows {
			key := stock.Key{Pool: p + 1, Slot: stock.Slot(today.Add(n))}
			rows[n] = reservation.SlotRow{Key: key, Counters: stock.New(int32((int(p)*31+n)%7), 0), Version: 1}
		}
		w.finder.stored(rows)
	}
	return w
}

// B4, L0: the free types of a city of 4,000 types (800 hotels), 3 nights, priced and sorted. With limit 1 nearly all of
// it is the search; with 20 it also makes and seals 20 offers.
func BenchmarkSearchCity(b *testing.B) {
	w := many(b, 800, 5, 730)
	w.finder.horizon = 730
	for _, limit := range []int{1, 20} {
		for _, by := range []Sort{ByPrice, ByDistance} {
			b.Run(fmt.Sprintf("limit=%d/sort=%d", limit, by), func(b *testing.B) {
				q := StayQuery{Place: "Metropolis", Rooms: []offer.Party{{Adults: 2}}, Sort: by, Limit: limit}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					q.CheckIn = today.Add(i * 17 % 700)
					q.CheckOut = q.CheckIn + 3
					ps, err := w.finder.search(context.Background(), q)
					if err != nil || len(ps) != limit {
						b.Fatal(len(ps), err)
					}
				}
			})
		}
	}
}

// All 100,000 types of 5,000 hotels within one circle.
func BenchmarkSearchAll(b *testing.B) {
	w := many(b, 5000, 20, 90)
	q := StayQuery{Near: &Near{48.1, 11.1, 100}, Rooms: []offer.Party{{Adults: 2}}, Sort: ByPrice, Limit: 20}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		q.CheckIn = today.Add(i * 17 % 80)
		q.CheckOut = q.CheckIn + 3
		if ps, err := w.finder.search(context.Background(), q); err != nil || len(ps) != 20 {
			b.Fatal(len(ps), err)
		}
	}
}

// B6, the view's part: bytes of a slot with everything around it, and time to take in a row of a snapshot.
func BenchmarkViewLoad(b *testing.B) {
	const hotels, types, nights = 200, 20, 730
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := many(b, hotels, types, nights)
	runtime.GC()
	runtime.ReadMemStats(&after)
	rows, free := make([]reservation.SlotRow, nights), stock.New(5, 0)
	pool := 0
	for b.Loop() {
		pool = pool%(hotels*types) + 1
		for n := range rows {
			rows[n] = reservation.SlotRow{Key: stock.Key{Pool: stock.PoolID(pool), Slot: stock.Slot(today.Add(n))}, Counters: free, Version: 2}
		}
		w.finder.stored(rows)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(hotels*types*nights), "B/slot")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/nights, "ns/row")
}

// A commit of the desk: three nights of fifty sales in as many hotels.
func BenchmarkSlots(b *testing.B) {
	w := many(b, 200, 5, 90)
	rows := make([]reservation.SlotRow, 150)
	version := int64(1)
	b.ReportAllocs()
	for b.Loop() {
		version++
		for i := range rows {
			key := stock.Key{Pool: stock.PoolID(1 + (i/3*13+int(version))%1000), Slot: stock.Slot(today.Add(i % 3))}
			rows[i] = reservation.SlotRow{Key: key, Counters: stock.New(5, 0), Version: version}
		}
		w.finder.slots(rows)
	}
}

// A change of prices in a house of twenty types, two years ahead.
func BenchmarkPublish(b *testing.B) {
	w := many(b, 10, 20, 730)
	var h *House
	for _, l := range w.listings() {
		h = l.house
	}
	b.ReportAllocs()
	for b.Loop() {
		c := *h
		c.Revision++
		h = &c
		w.finder.publish(h)
	}
}

func (w *world) listings() (out []*listing) {
	for _, e := range w.finder.places.byID {
		out = append(out, e.listing.Load())
	}
	return out
}

// A request for a place we do not know compares it with every name: 5,000 of them.
func BenchmarkUnknownPlace(b *testing.B) {
	w := newWorld(b, noon)
	for i := range 5000 {
		h := inn(stock.PoolID(i + 1))
		h.Hotel.City = "City of " + uid.New().Text("")[20:]
		w.finder.publish(h)
	}
	q := StayQuery{Place: "City of nowhere", CheckIn: today, CheckOut: today + 1, Rooms: parties["couple"], Limit: 1}
	for b.Loop() {
		if _, err := w.finder.search(context.Background(), q); err == nil {
			b.Fatal("found")
		}
	}
}
