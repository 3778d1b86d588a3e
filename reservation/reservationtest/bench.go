package reservationtest

import (
	"fmt"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// BatchSize is how many commands a full batch of the desk has.
const BatchSize = 512

// BenchPlace measures full batches of placings: three nights each, every placing with its key, caller, item, traveller,
// claim, history entry and event, spread over so many pools. It reports placings per second.
func BenchPlace(b *testing.B, s reservation.Store, pools int) {
	var all []*reservation.PoolRow
	for range pools {
		all = append(all, newPool(b, s, 1_000_000, 0, 30))
	}
	sample := newReservation("sample", noon, []stock.Claim{{Pool: 1, From: 0, To: 3, Count: 1}})
	placed := 0
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	for b.Loop() {
		b.StopTimer()
		rs, keys, need := make([]*reservation.Reservation, BatchSize), make([]*reservation.KeyRow, BatchSize), reservation.Need{DueLimit: 64}
		var claims []stock.Claim
		for i := range rs {
			pool := all[(placed+i)%pools].ID
			claim := stock.Claim{Pool: pool, From: stock.Slot(placed % 27), To: stock.Slot(placed%27 + 3), Count: 1}
			r := *sample
			r.ID, r.Locator, r.Caller = uid.New(), locator(), fmt.Sprintf("caller-%07d", placed+i)
			r.Items = []reservation.Item{sample.Items[0]}
			r.Items[0].ID, r.Items[0].Claims = uid.New(), []stock.Claim{claim}
			r.Travellers = sample.Travellers[:1]
			rs[i], claims = &r, append(claims, claim)
			keys[i] = &reservation.KeyRow{ID: uid.New(), Request: uid.New(), Reservation: r.ID, State: reservation.KeyDone, Answer: reservation.OutcomePlaced}
			need.Counts = append(need.Counts, reservation.CountKey{Caller: r.Caller, Pool: pool})
			if placed+i < pools || len(need.DuePools) < min(pools, BatchSize) {
				need.DuePools = append(need.DuePools, pool)
			}
		}
		need.Keys, need.Spans = keys, spansOf(claims)
		b.StartTimer()
		err := s.Transact(b.Context(), batch("bench", time.Time{}), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
			c := &reservation.Changes{NewReservations: rs}
			for i, r := range rs {
				r.CreatedAt, r.UpdatedAt, r.HoldExpiresAt, r.PlacedUntil = rows.Now, rows.Now, rows.Now.Add(time.Hour), rows.Now.Add(time.Hour)
				c.KeptKeys = append(c.KeptKeys, keys[i].ID)
				c.NewHistory = append(c.NewHistory, entry(r, 0, reservation.Placed, rows.Now))
				c.Events = append(c.Events, event(r, reservation.Placed, rows.Now))
				count := rows.Counts[need.Counts[i]]
				if count == nil {
					count = &reservation.CountRow{Key: need.Counts[i]}
				}
				count.Holds, count.Units = 1, 1
				c.SetCounts = append(c.SetCounts, count)
			}
			set, err := claimStock(rows, claims, (*stock.Counters).Hold)
			c.SetSlots = set
			return c, err
		})
		if err != nil {
			b.Fatal(err)
		}
		placed += BatchSize
	}
	b.ReportMetric(float64(placed)/time.Since(start).Seconds(), "placings/s-wall")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(placed), "ns/placing")
}
