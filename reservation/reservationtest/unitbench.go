package reservationtest

import (
	"fmt"
	"testing"
	"time"

	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// BenchSeats is BenchPlace for rides: every placing gets a unit on three of thirty slots of one pool after another, a train
// of 1,024 units. It reports seats given out per second.
func BenchSeats(b *testing.B, s reservation.Store) {
	layout := &stock.Layout{Units: newLayout(1024).Units}
	sample := newReservation("sample", noon, []stock.Claim{{Pool: 1, From: 0, To: 3, Count: 1}})
	ride(&sample.Items[0], offer.Train)
	var pool *reservation.PoolRow
	placed := 0
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		if placed%(10*1024) == 0 { // all are given out
			pool = newUnitPool(b, s, layout, 30)
		}
		rs := make([]*reservation.Reservation, BatchSize)
		var claims []stock.Claim
		for i := range rs {
			r, n := *sample, placed+i
			r.ID, r.Locator, r.Caller = uid.New(), locator(), fmt.Sprintf("caller-%07d", n)
			from := stock.Slot(n / 1024 % 10 * 3)
			claims = append(claims, stock.Claim{Pool: pool.ID, From: from, To: from + 3, Count: 1, Unit: int32(n%1024 + 1)})
			r.Items = []reservation.Item{sample.Items[0]}
			it := &r.Items[0]
			it.ID, it.Claims = uid.New(), claims[i:i+1:i+1]
			it.Placed = []reservation.Seat{{Pool: pool.ID, Unit: claims[i].Unit, From: from, To: from + 3, Label: layout.Units[claims[i].Unit-1].Label}}
			it.Seats = it.Placed
			rs[i] = &r
		}
		b.StartTimer()
		err := s.Transact(b.Context(), batch("bench", time.Time{}), reservation.Need{Spans: spansOf(claims), Units: []stock.PoolID{pool.ID}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
			c := &reservation.Changes{NewReservations: rs}
			for _, r := range rs {
				r.CreatedAt, r.UpdatedAt, r.HoldExpiresAt, r.PlacedUntil = rows.Now, rows.Now, rows.Now.Add(time.Hour), rows.Now.Add(time.Hour)
				c.NewHistory = append(c.NewHistory, entry(r, 0, reservation.Placed, rows.Now))
				c.Events = append(c.Events, event(r, reservation.Placed, rows.Now))
			}
			var err error
			if c.SetSlots, err = claimStock(rows, claims, (*stock.Counters).Hold); err != nil {
				return nil, err
			}
			c.SetBlocks, err = moveUnits(rows, claims, (*stock.Units).Take)
			return c, err
		})
		if err != nil {
			b.Fatal(err)
		}
		placed += BatchSize
	}
	b.ReportMetric(float64(placed)/b.Elapsed().Seconds(), "seats/s")
}
