package hotel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

const worldHorizon = 12

// world is what search should know, kept the simplest way. It is also the reservation service that knows the stock.
type world struct {
	reservation.Service
	clock  *clock.Manual
	finder *finder
	sealer *offer.Sealer
	houses map[uid.ID]*House
	slots  map[stock.Key]reservation.SlotRow
}

func newWorld(t interface{ Fatal(...any) }, now time.Time) *world {
	sealer, err := offer.NewSealer(make([]byte, offer.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: clock.Still(now), sealer: sealer, houses: map[uid.ID]*House{}, slots: map[stock.Key]reservation.SlotRow{}}
	w.finder = newFinder(finderDeps{Sealer: sealer, Clock: w.clock, OfferLife: 20 * time.Minute, Horizon: worldHorizon})
	return w
}

// Slots implements reservation.Service.
func (w *world) Slots(_ context.Context, span reservation.Span) (rows []reservation.SlotRow, err error) {
	for s := span.From; s < span.To; s++ {
		if row, ok := w.slots[stock.Key{Pool: span.Pool, Slot: s}]; ok {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (w *world) publish(t interface{ Fatal(...any) }, h *House) {
	w.houses[h.Hotel.ID] = h
	w.finder.publish(h)
	if err := w.finder.fill(context.Background(), w); err != nil {
		t.Fatal(err)
	}
}

// next is the following version of a slot.
func (w *world) next(pool stock.PoolID, night civil.Date, free int32) reservation.SlotRow {
	key := stock.Key{Pool: pool, Slot: stock.Slot(night)}
	row := reservation.SlotRow{Key: key, Counters: stock.New(free, 0), Version: w.slots[key].Version + 1}
	w.slots[key] = row
	return row
}

// Whatever is published, sold, moved and rolled forward in whatever order: search answers what the simplest reading of
// the rules answers.
func TestSearchEqualsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// 10:30 UTC: today is three different dates on Earth.
		w := newWorld(t, time.Date(2026, 3, 27, 10, 30, 0, 0, time.UTC))
		d := &dice{T: t, today: civil.Today(w.clock.Now(), time.UTC)}
		for range d.n(1, 5) {
			w.publish(t, d.house(nil))
		}
		w.sell(d, 1)
		for range d.n(1, 5) {
			switch d.n(0, 3) {
			case 0:
				id := sortedIDs(w.houses)[d.n(0, len(w.houses)-1)]
				old := w.houses[id]
				w.publish(t, d.house(old))
				w.finder.publish(old) // a late older state changes nothing
				w.sell(d, 3)          // pools it did not have before
			case 1:
				w.sell(d, 4)
			case 2:
				w.clock.Advance(time.Duration(d.n(1, 60)) * time.Hour)
				d.today = civil.Today(w.clock.Now(), time.UTC)
				w.sell(d, 1)
			case 3:
				if len(w.houses) > 1 {
					id := sortedIDs(w.houses)[0]
					w.finder.withdraw(id)
					delete(w.houses, id)
				}
			}
			for range 8 {
				w.compare(t, d.query(w))
			}
		}
	})
}

// sell changes one slot in some of all houses, twice some, and tells the finder in any order.
func (w *world) sell(d *dice, some int) {
	var rows []reservation.SlotRow
	for _, id := range sortedIDs(w.houses) {
		h := w.houses[id]
		pools := []stock.PoolID{h.Hotel.CapPool}
		for _, t := range h.Types {
			pools = append(pools, t.Pool)
		}
		for _, pool := range pools {
			for night := d.today - 1; pool != 0 && night < d.today+worldHorizon+1; night++ {
				key := stock.Key{Pool: pool, Slot: stock.Slot(night)}
				for range 2 {
					if w.slots[key].Version == 0 || d.one(some) {
						free := []int32{0, 1, 2, 3, 70_000}[min(4, d.n(0, 24)/2)]
						rows = append(rows, w.next(pool, night, free))
					}
				}
			}
		}
	}
	rng := rand.New(rand.NewPCG(uint64(d.n(0, 1<<30)), 0))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	half := len(rows) / 2
	w.finder.slots(rows[half:])
	w.finder.slots(rows[:half])
}

func (w *world) compare(t *rapid.T, q StayQuery) {
	got, err := w.finder.search(context.Background(), q)
	if err != nil {
		for _, reason := range []string{"in_past", "beyond_horizon", "place_unknown", "hotel_not_found", "range_backwards"} {
			if fault.Is(err, reason) {
				if ps := w.oracle(q); len(ps) > 0 && reason != "range_backwards" {
					t.Fatalf("%+v is refused (%v), but there is %+v", q, err, ps)
				}
				return
			}
		}
		t.Fatalf("%+v: %v", q, err)
	}
	want := w.oracle(q)
	for i := range want {
		want[i].Available = min(want[i].Available, mostFree) // the view counts no further
	}
	if !reflect.DeepEqual(shown(got), want) {
		t.Fatalf("%+v\n got %+v\nwant %+v", q, shown(got), want)
	}
	for _, p := range got {
		o, err := w.sealer.Open(p.Sealed)
		if err != nil || !reflect.DeepEqual(o, p.Offer) {
			t.Fatalf("sealed %+v\nopened %+v (%v)", p.Offer, o, err)
		}
		w.checkClaims(t, q, p)
	}
}

func (w *world) checkClaims(t *rapid.T, q StayQuery, p Proposal) {
	claim := stock.Claim{Pool: p.Type.Pool, From: stock.Slot(q.CheckIn), To: stock.Slot(q.CheckOut), Count: int32(len(q.Rooms))}
	want := []stock.Claim{claim}
	if p.House.Hotel.Capacity != nil {
		claim.Pool = p.House.Hotel.CapPool
		want = append(want, claim)
	}
	piece := p.Offer.Pieces[0]
	if !slices.Equal(piece.Claims, want) || piece.Stay.RatePlan != p.Plan.Version || piece.Supplier != p.House.Hotel.Supplier {
		t.Fatalf("claims %+v, want %+v, of %+v", piece.Claims, want, piece)
	}
}

// The few that are picked from many are the first of all in order.
func TestPickIsTheHeadOfTheSort(t *testing.T) {
	w := many(t, 150, 2, 20)
	for _, by := range []Sort{ByPrice, ByDistance, ByStars} {
		q := StayQuery{Place: "metropolis", CheckIn: today.Add(1), CheckOut: today.Add(3), Rooms: parties["couple"], Sort: by, Limit: maxFound}
		all, err := w.finder.search(t.Context(), q)
		if err != nil || len(all) != maxFound {
			t.Fatalf("%d hotels, %v", len(all), err)
		}
		for _, q.Limit = range []int{1, 2, 7, 99} {
			few, err := w.finder.search(t.Context(), q)
			if err != nil || fmt.Sprint(shown(few)) != fmt.Sprint(shown(all[:q.Limit])) {
				t.Errorf("sort %d, limit %d: %v", by, q.Limit, err)
			}
		}
		for i := 1; i < len(all); i++ {
			a, b := &all[i-1], &all[i]
			if by == ByPrice && a.Offer.Total().Minor > b.Offer.Total().Minor || by == ByDistance && a.DistanceKM > b.DistanceKM ||
				by == ByStars && a.House.Hotel.Stars < b.House.Hotel.Stars {
				t.Errorf("sort %d: %d is out of order", by, i)
			}
		}
	}
}
