package hotel

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// today is noon's date.
var today = civil.MustParse("2026-03-01")

// inn is a hotel of one room type for two and one plan, 100.00 a night.
func inn(pool stock.PoolID) *House {
	id := uid.New()
	return &House{
		Revision: 1,
		Hotel: Hotel{
			ID: id, Supplier: uid.New(), Name: "Inn", City: "Aa", Country: "DE", TimeZone: "UTC", Currency: "EUR",
			CheckInFrom: "15:00", CheckOutUntil: "11:00", Status: Active,
		},
		Types: []RoomType{{ID: uid.New(), Hotel: id, Occupancy: Occupancy{2, 0}, BasePrice: 10_000, Pool: pool, Status: Active}},
		Plans: []RatePlan{{ID: uid.New(), Version: uid.New(), Hotel: id, Board: RoomOnly, PercentBP: 10_000, FreeUntilHours: -1, Status: Active}},
	}
}

// stayOf asks a hotel for nights of two adults, from today + first.
func stayOf(h *House, first, nights int) StayQuery {
	return StayQuery{
		Hotel: h.Hotel.ID, CheckIn: today.Add(first), CheckOut: today.Add(first + nights), Rooms: parties["couple"], Limit: 1,
	}
}

// available is how many rooms search shows, 0 for none.
func (w *world) available(t *testing.T, q StayQuery) int32 {
	t.Helper()
	ps, err := w.finder.search(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(ps) == 0 {
		return 0
	}
	return ps[0].Available
}

// stocked tells the finder of free rooms from today on.
func (w *world) stocked(pool stock.PoolID, free ...int32) {
	var rows []reservation.SlotRow
	for i, n := range free {
		rows = append(rows, w.next(pool, today.Add(i), n))
	}
	w.finder.slots(rows)
}

// The date test of the hotel document takes the night of departure too.
func TestDepartureNightIsNotCounted(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	w.publish(t, h)
	w.stocked(1, 3, 2, 0, 5)
	for _, c := range []struct {
		first, nights int
		want          int32
	}{{0, 1, 3}, {0, 2, 2}, {1, 1, 2}, {0, 3, 0}, {2, 1, 0}, {3, 1, 5}, {1, 3, 0}} {
		if got := w.available(t, stayOf(h, c.first, c.nights)); got != c.want {
			t.Errorf("%d nights from night %d: %d free, want %d", c.nights, c.first, got, c.want)
		}
	}
}

// The UPDATE of the hotel document lacks the hotel: a sale changes the date in every house.
func TestOtherHotelsAreUntouched(t *testing.T) {
	w := newWorld(t, noon)
	a, b := inn(1), inn(2)
	w.publish(t, a)
	w.publish(t, b)
	w.stocked(1, 4)
	w.stocked(2, 4)
	w.finder.slots([]reservation.SlotRow{w.next(1, today, 3)})
	if got := w.available(t, stayOf(a, 0, 1)); got != 3 {
		t.Errorf("the hotel itself has %d free, want 3", got)
	}
	if got := w.available(t, stayOf(b, 0, 1)); got != 4 {
		t.Errorf("another hotel has %d free, want 4", got)
	}
}

func TestStopSellShowsAtOnce(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	w.publish(t, h)
	w.stocked(1, 4)
	row := w.next(1, today, 4)
	row.SetClosed(true)
	w.finder.slots([]reservation.SlotRow{row})
	if got := w.available(t, stayOf(h, 0, 1)); got != 0 {
		t.Errorf("%d free while closed", got)
	}
}

// In whatever order the versions of some slots come: in the end the highest is shown.
func TestHigherVersionWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, noon)
		w.finder.versions = newVersions(4)
		h := inn(1)
		w.publish(t, h)
		var rows []reservation.SlotRow
		for v := range 6 {
			for night := range 3 { // fewer slots than are remembered
				rows = append(rows, w.next(1, today.Add(night), int32(1+v)))
			}
		}
		w.finder.slots(rapid.Permutation(rows).Draw(t, "rows"))
		ps, err := w.finder.search(context.Background(), stayOf(h, 0, 3))
		if err != nil || len(ps) != 1 || ps[0].Available != 6 {
			t.Fatalf("%v, %v; want the last version's 6", shown(ps), err)
		}
	})
}

// What the bound of versions means: a slot is remembered while so many others change, and no longer.
func TestVersionsAreBounded(t *testing.T) {
	v := newVersions(100)
	late := stock.Key{Pool: 1}
	v.advance(late, 7)
	for i := range 99 + 100 {
		v.advance(stock.Key{Pool: 2, Slot: stock.Slot(i)}, 2)
	}
	if v.of(late) != 7 || v.advance(late, 6) {
		t.Error("forgotten too early")
	}
	for i := range 1000 {
		v.advance(stock.Key{Pool: 3, Slot: stock.Slot(i)}, 2)
	}
	if v.of(late) != 0 || len(v.recent)+len(v.older) > 200 {
		t.Errorf("%d versions are kept", len(v.recent)+len(v.older))
	}
	v.pinned++
	for i := range 1000 {
		v.advance(stock.Key{Pool: 4, Slot: stock.Slot(i)}, 2)
	}
	if v.of(stock.Key{Pool: 4}) != 2 {
		t.Error("forgotten while the store was read")
	}
}

// desk is a reservation service whose snapshot tells something new in the middle.
type desk struct {
	*world
	watch    func([]reservation.SlotRow)
	during   func(d *desk)
	snapshot [][]reservation.SlotRow
	slots    func() error
	watching int
}

func (d *desk) Watch(fn func([]reservation.SlotRow)) func() {
	d.watch = fn
	d.watching++
	return func() { d.watching-- }
}

func (d *desk) Snapshot(_ context.Context, _ stock.Slot, yield func([]reservation.SlotRow) error) (reservation.Positions, error) {
	for _, rows := range d.snapshot {
		if d.during != nil {
			d.during(d)
		}
		if err := yield(rows); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (d *desk) Slots(ctx context.Context, span reservation.Span) ([]reservation.SlotRow, error) {
	if d.slots != nil {
		if err := d.slots(); err != nil {
			return nil, err
		}
	}
	return d.world.Slots(ctx, span)
}

// A row that the snapshot has read before something was sold does not undo the sale, however much else is sold
// meanwhile.
func TestLoadDoesNotUndoEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, noon)
		w.finder.versions = newVersions(2)
		h := inn(1)
		w.finder.publish(h)
		d := &desk{world: w}
		d.snapshot = [][]reservation.SlotRow{{w.next(1, today, 5), w.next(1, today.Add(1), 5)}}
		sold := w.next(1, today, 4)
		d.during = func(d *desk) {
			d.watch([]reservation.SlotRow{sold})
			for i := range 20 {
				d.watch([]reservation.SlotRow{w.next(99, today.Add(i), 1)})
			}
		}
		if err := w.finder.load(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := w.available(t, stayOf(h, 0, 1)); got != 4 {
			t.Errorf("%d free, want the 4 after the sale", got)
		}
		if got := w.available(t, stayOf(h, 1, 1)); got != 5 {
			t.Errorf("%d free on the next night, want 5", got)
		}
		w.finder.stop()
		if d.watching != 0 {
			t.Error("still watching after stop")
		}
	})
}

func TestLoadThatFailsLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, noon)
	d := &desk{world: w, snapshot: [][]reservation.SlotRow{nil}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.finder.load(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("load says %v", err)
	}
	w.finder.stop()
	if d.watching != 0 || w.finder.versions.pinned != 0 {
		t.Error("something goes on")
	}
}

// A hotel made while all runs is found with its stock: at once when the stock's events were seen, else as soon as the
// store has been read, also when that fails at first.
func TestNewHotelsFindTheirStock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, noon)
		d := &desk{world: w}
		if err := w.finder.load(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		a := inn(1)
		d.watch([]reservation.SlotRow{w.next(1, today, 5)})
		w.finder.publish(a)
		if got := w.available(t, stayOf(a, 0, 1)); got != 5 {
			t.Errorf("%d free at once, want 5", got)
		}
		synctest.Wait()
		failures := 2
		d.slots = func() error {
			if failures--; failures >= 0 {
				return errors.New("the database is away")
			}
			return nil
		}
		b := inn(2)
		w.next(2, today, 7) // stock that no event told us of
		w.finder.publish(b)
		<-time.After(5 * refillAfter) // of synctest's time: fill has been tried three times
		if got := w.available(t, stayOf(b, 0, 1)); got != 7 {
			t.Errorf("%d free, want 7", got)
		}
		w.finder.stop()
		if len(w.finder.blank) != 0 || w.finder.waiting.count != 0 {
			t.Errorf("%d pools blank, %d slots waiting", len(w.finder.blank), w.finder.waiting.count)
		}
	})
}

// Stock that never gets a house takes bounded memory.
func TestWaitingIsBounded(t *testing.T) {
	w := waiting{pools: map[stock.PoolID][]waitingSlot{}}
	for i := range maxWaiting + 10 {
		w.take(&reservation.SlotRow{Key: stock.Key{Pool: stock.PoolID(i % 1000), Slot: 1}})
	}
	if w.count > maxWaiting {
		t.Errorf("%d slots wait", w.count)
	}
}

// Free rooms survive everything that is published about a house: prices, more types, an end and a new beginning.
func TestPublishKeepsStock(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	w.publish(t, h)
	w.stocked(1, 4)
	change := func(f func(h *House)) {
		c := *h
		c.Types = append([]RoomType(nil), h.Types...)
		c.Revision++
		f(&c)
		h = &c
		w.finder.publish(h)
	}
	change(func(h *House) { h.Types[0].BasePrice = 12_345 })
	ps, err := w.finder.search(t.Context(), stayOf(h, 0, 1))
	if err != nil || len(ps) != 1 || ps[0].Available != 4 || ps[0].Offer.Total() != money.Of(12_345, "EUR") {
		t.Fatalf("after a new price: %v, %v", shown(ps), err)
	}
	change(func(h *House) {
		h.Types = append([]RoomType{{ID: uid.New(), Occupancy: Occupancy{1, 0}, Pool: 9, Status: Active}}, h.Types...)
	})
	if got := w.available(t, stayOf(h, 0, 1)); got != 4 {
		t.Errorf("after another type came before it: %d free", got)
	}
	change(func(h *House) { h.Types[1].Status = Preparing })
	if got := w.available(t, stayOf(h, 0, 1)); got != 0 {
		t.Errorf("a preparing type is offered, %d free", got)
	}
	w.finder.slots([]reservation.SlotRow{w.next(1, today, 3)})
	change(func(h *House) { h.Types[1].Status = Active })
	if got := w.available(t, stayOf(h, 0, 1)); got != 3 {
		t.Errorf("after the type came back: %d free, want 3", got)
	}
}

// Nights that are made as time goes on are shown with their own prices and rules, those gone by make room.
func TestListingRollsForward(t *testing.T) {
	w := newWorld(t, noon)
	h := inn(1)
	far := today.Add(100)
	h.Types[0].Rates = h.Types[0].Rates.Set(far, far.Add(2), 7_000)
	h.Types[0].Restrictions = h.Types[0].Restrictions.Set(far.Add(1), far.Add(2), ClosedToArrival)
	w.publish(t, h)
	w.stocked(1, 4, 4)
	for day := range 110 {
		w.finder.slots([]reservation.SlotRow{w.next(1, today.Add(day+worldHorizon-1), 2)})
		w.clock.Advance(24 * time.Hour)
	}
	q := stayOf(h, 112, 1)
	if got := w.available(t, q); got != 2 {
		t.Errorf("%d free, want 2", got)
	}
	l := w.finder.places.entry(h.Hotel.ID).listing.Load()
	if l.nights > worldHorizon+startNights || l.from < far {
		t.Errorf("%d nights from %s are listed", l.nights, l.from)
	}
	w.finder.slots([]reservation.SlotRow{w.next(1, today.Add(5), 9), w.next(1, today.Add(100_000), 9)}) // gone by, and absurd
	if got := w.finder.places.entry(h.Hotel.ID).listing.Load().nights; got > worldHorizon+startNights {
		t.Errorf("%d nights are listed", got)
	}
	for i := range 3 {
		c := l.tariff(&l.types[0], l.cell(l.row(far.Add(i))))
		want := []struct {
			base   int64
			closed bool
		}{{7_000, false}, {7_000, true}, {10_000, false}}[i]
		if far.Add(i) >= l.from && (c.base() != want.base || c.rule()&ruleClosedArrival != 0 != want.closed) {
			t.Errorf("night %d: base %d, rule %x", i, c.base(), c.rule())
		}
	}
}

// Houses come and change, stock changes and searches run at the same time (run with -race). The last state of all wins.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t, noon)
	const hotels, changes = 8, 60
	var houses []*House
	for i := range hotels {
		houses = append(houses, inn(stock.PoolID(i+1)))
		w.finder.publish(houses[i])
	}
	lanes := make([][]reservation.SlotRow, 3)
	for v := range changes {
		for i := range hotels {
			lane := &lanes[(v+i)%len(lanes)]
			*lane = append(*lane, w.next(stock.PoolID(i+1), today, int32(v+1)))
		}
	}
	var writers, readers sync.WaitGroup
	for _, rows := range lanes {
		writers.Go(func() {
			for i := range rows {
				w.finder.slots(rows[i : i+1])
			}
		})
	}
	writers.Go(func() {
		for v := range changes {
			for i, h := range houses {
				c := *h
				c.Revision, c.Types = int64(v+2), append([]RoomType(nil), h.Types...)
				c.Types[0].BasePrice = int64(v + 1)
				c.Hotel.City = []string{"Aa", "Bb"}[(i+v)%2]
				w.finder.publish(&c)
			}
		}
	})
	writers.Go(func() {
		passing := inn(1000)
		for range changes {
			w.finder.publish(passing)
			w.finder.withdraw(passing.Hotel.ID)
		}
	})
	done := make(chan struct{})
	for i := range 2 {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				q := stayOf(houses[n%hotels], 0, 1)
				switch (n + i) % 3 {
				case 0:
					q.Hotel, q.Place, q.Limit = uid.ID{}, "Aa, DE", 20
				case 1:
					q.Hotel, q.Near, q.Limit = uid.ID{}, &Near{0, 0, 100}, 20
				}
				ps, err := w.finder.search(context.Background(), q)
				if err != nil && q.Place == "" { // a city may be empty for a moment
					t.Errorf("search: %v", err)
					return
				}
				for _, p := range ps {
					if p.Nights[0] != p.Type.BasePrice || p.Offer.Total().Minor != p.Nights[0] {
						t.Errorf("a house of two states: %+v", p.Nights)
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	for _, h := range houses {
		if got := w.available(t, stayOf(h, 0, 1)); got != changes {
			t.Errorf("%d free, want %d", got, changes)
		}
	}
}

// A cell keeps its two values apart, at their bounds too.
func TestCell(t *testing.T) {
	for _, n := range []int32{0, 1, mostFree, mostFree + 1, stock.MaxUnits, -1} {
		if d := cell(tariffMask).withFree(n); d.free() != min(max(n, 0), mostFree) || d.tariff() != tariffMask {
			t.Errorf("with %d free: %x", n, uint32(d))
		}
		if d := cell(0).withFree(n); d.tariff() != 0 {
			t.Errorf("with %d free: %x", n, uint32(d))
		}
	}
	if m := tariff(MaxPriceMinor) | tariff(0xffff)<<ruleShift; m.base() != MaxPriceMinor || m.rule() != 0xffff {
		t.Errorf("a tariff of the largest values says %d, %x", m.base(), m.rule())
	}
}

// A house whose every night has a price and a rule of its own, in as many types as a house may have, is listed like any
// other: the number of tariffs of a type is bounded by its nights, not by what a cell can name in all.
func TestTariffsOfAllNights(t *testing.T) {
	h := inn(1)
	h.Types = nil
	price := func(kind, night int) int64 { return int64(1 + kind*maxListedNights + night) }
	for kind := range MaxRoomTypesPerHotel {
		rt := RoomType{ID: uid.New(), Pool: stock.PoolID(kind + 1), Status: Active, Rates: make(Line[int64], maxListedNights)}
		for n := range rt.Rates {
			rt.Rates[n] = Run[int64]{today.Add(n), today.Add(n + 1), price(kind, n)}
		}
		rt.Restrictions = rt.Restrictions.Set(today, today+1, ClosedToArrival)
		h.Types = append(h.Types, rt)
	}
	l, err := newListing(h, time.UTC, today, today.Add(maxListedNights))
	if err != nil {
		t.Fatal(err)
	}
	if len(l.tariffs) <= tariffMask {
		t.Fatalf("%d tariffs: this test wants more than one cell can name", len(l.tariffs))
	}
	for kind := range l.types {
		for n := range maxListedNights {
			m := l.tariff(&l.types[kind], l.cell(n*int(l.width)+kind))
			if m.base() != price(kind, n) || (m.rule() == ruleClosedArrival) != (n == 0) {
				t.Fatalf("type %d night %d: base %d, rule %x", kind, n, m.base(), m.rule())
			}
		}
	}
}
