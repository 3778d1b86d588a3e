package reservationtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// BenchArchive measures, over the desk, how many past slots a second go to the archive, and in batches as the desk makes
// them how many reservations; and of placings the middle and the 99th percentile without and beside archiving.
func BenchArchive(b *testing.B, open func() reservation.Store) {
	for _, beside := range []bool{false, true} {
		b.Run(fmt.Sprintf("slots, placings beside %t", beside), func(b *testing.B) {
			s := open()
			core := reservation.New(reservation.Deps{Store: s, Clock: clock.System{}, Settings: reservation.DefaultSettings()})
			if err := core.Start(context.Background()); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = core.Stop(context.Background()) }()
			const pools, past = 256, 365
			var specs []reservation.PoolSpec
			for range pools {
				specs = append(specs, reservation.PoolSpec{Ref: uid.New(), Supplier: supplier, Physical: 1000, From: night - past, To: night + 30})
			}
			ids := must[[]stock.PoolID](b)(core.DefinePools(context.Background(), specs))
			var quiet []time.Duration
			if beside {
				quiet = placings(b, core, ids, 2*time.Second, nil)
			}
			var spans []reservation.Span
			for _, id := range ids {
				spans = append(spans, reservation.Span{Pool: id, To: night})
			}
			b.ResetTimer()
			for b.Loop() {
				var busy []time.Duration
				var wg sync.WaitGroup
				done := make(chan struct{})
				if beside {
					wg.Go(func() { busy = placings(b, core, ids, time.Minute, done) })
				}
				begin := time.Now()
				n := must[int](b)(core.ArchiveSlots(context.Background(), spans))
				took := time.Since(begin)
				close(done)
				wg.Wait()
				if n != pools*past {
					b.Fatalf("%d slots archived; run it with -benchtime 1x", n)
				}
				b.ReportMetric(float64(n)/took.Seconds(), "slots/s")
				report(b, quiet, "quiet")
				report(b, busy, "beside")
			}
		})
	}
	b.Run("reservations", func(b *testing.B) {
		s := open()
		p := newPool(b, s, 1_000_000, 0, 30)
		const batches, size = 16, 128
		var all [][]uid.ID
		for i := range batches {
			var rs []*reservation.Reservation
			var ids []uid.ID
			for j := range size {
				r := newReservation(fmt.Sprintf("caller-%d-%d", i, j), noon, []stock.Claim{{Pool: p.ID, From: 1, To: 4, Count: 1}})
				rs, ids = append(rs, r), append(ids, r.ID)
			}
			slices.SortFunc(rs, func(a, b *reservation.Reservation) int { return compareIDs(a.ID, b.ID) })
			place(b, s, rs...)
			end(b, s, rs)
			all = append(all, sorted(ids...))
		}
		b.ResetTimer()
		for b.Loop() {
			begin := time.Now()
			for _, ids := range all {
				transact(b, s, reservation.Need{Reservations: ids}, always(reservation.Changes{GoneReservations: ids}))
			}
			b.ReportMetric(batches*size/time.Since(begin).Seconds(), "reservations/s")
		}
	})
}

// end has reservations released.
func end(b *testing.B, s reservation.Store, rs []*reservation.Reservation) {
	b.Helper()
	var ids []uid.ID
	for _, r := range rs {
		ids = append(ids, r.ID)
	}
	transact(b, s, reservation.Need{Reservations: ids}, func(rows *reservation.Rows) (*reservation.Changes, error) {
		c := &reservation.Changes{}
		for _, id := range ids {
			r := rows.Reservations[id]
			r.Status, r.Items[0].Status, r.Version = reservation.Cancelled, reservation.Cancelled, r.Version+1
			c.SetReservations = append(c.SetReservations, r)
			c.ClaimStates = append(c.ClaimStates, reservation.ClaimState{Reservation: id, Life: reservation.ClaimFreed})
			c.NewHistory = append(c.NewHistory, entry(r, reservation.Held, reservation.ReleasedUnpaid, noon))
			c.Events = append(c.Events, event(r, reservation.ReleasedUnpaid, noon))
		}
		return c, nil
	})
}

// placings are how long placings take that 8 callers make one after the other, until the time is over or stop is closed.
func placings(b *testing.B, core *reservation.Core, pools []stock.PoolID, most time.Duration, stop <-chan struct{}) []time.Duration {
	sealer, err := offer.NewSealer(must[[]byte](b)(core.SealingSecret(context.Background())))
	if err != nil {
		b.Error(err)
		return nil
	}
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	deadline := time.Now().Add(most)
	for w := range 8 {
		wg.Go(func() {
			for i := w; time.Now().Before(deadline); i += 8 {
				select {
				case <-stop:
					return
				default:
				}
				now := time.Now()
				text, err := sealer.Seal(offer.Offer{IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: "EUR", Pieces: []offer.Piece{{
					Supplier: supplier, Claims: []stock.Claim{nights(pools[i%len(pools)], stock.Slot(i%20), 3, 1)}, Price: offer.Price{Base: 1},
				}}})
				if err != nil {
					b.Error(err)
					return
				}
				begin := time.Now()
				if _, err := core.Place(context.Background(), reservation.PlaceRequest{Caller: as(uid.New().Text("c")), Offers: []string{text}, Travellers: guests}); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				all = append(all, time.Since(begin))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all
}

func report(b *testing.B, times []time.Duration, when string) {
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-p50-"+when)
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "ms-p99-"+when)
}
