package hotel

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/offer"
)

// resident is the memory of this process that is in RAM, in bytes.
func resident(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("no /proc: ", err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages) * float64(os.Getpagesize())
}

// B6, the view's part at its full size: 73 million slots. What they take, houses and indexes included; how long an image
// takes to be written and read; the searches of B4 in a world of that size. Half a minute; -short leaves it out.
func BenchmarkCountry(b *testing.B) {
	if testing.Short() {
		b.Skip("a gigabyte and half a minute")
	}
	const hotels, types, nights = 5000, 20, 730
	const slots = hotels * types * nights
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := resident(b)
	w := many(b, hotels, types, nights)
	runtime.GC()
	runtime.ReadMemStats(&after)
	perSlot, perSlotResident := float64(after.HeapAlloc-before.HeapAlloc)/slots, (resident(b)-began)/slots
	clear(w.finder.blank) // all has been read
	j := newJournal(w)
	for _, l := range w.listings() {
		j.houses[l.house.Hotel.ID] = l.house
	}
	of := imageOf{path: filepath.Join(b.TempDir(), "image"), store: storeOf([]byte("one"))}

	b.Run("image/write", func(b *testing.B) {
		for b.Loop() {
			if err := w.finder.saveImage(b.Context(), j, of, false); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(perSlot, "B/slot")
		b.ReportMetric(perSlotResident, "B-resident/slot")
		if info, err := os.Stat(of.path); err == nil {
			b.ReportMetric(float64(info.Size())/slots, "B-file/slot")
		}
	})
	b.Run("image/read", func(b *testing.B) {
		for b.Loop() {
			w.finder.forgetStock()
			began := time.Now()
			if err := w.finder.loadImage(b.Context(), j, of); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(time.Since(began).Seconds(), "s-to-serve")
			w.finder.stop()
		}
	})
	b.Run("search/all", func(b *testing.B) {
		q := StayQuery{Near: &Near{48.1, 11.1, 100}, Rooms: []offer.Party{{Adults: 2}}, Sort: ByPrice, Limit: 20}
		for i := 0; b.Loop(); i++ {
			q.CheckIn = today.Add(i * 17 % 700)
			q.CheckOut = q.CheckIn + 3
			if ps, err := w.finder.search(context.Background(), q); err != nil || len(ps) != 20 {
				b.Fatal(len(ps), err)
			}
		}
	})
}
