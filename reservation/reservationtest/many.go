package reservationtest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// manyAtOnce is more new reservations than any engine stores row by row.
const manyAtOnce = 300

// testManyAtOnce stores a full batch of new reservations of all kinds, which an engine may write in another way than a
// few, and reads them back; then one whose locator another has, which must leave nothing of its batch.
func testManyAtOnce(t *testing.T, s reservation.Store) {
	p, q := newPool(t, s, 1_000_000, 100, 110), newPool(t, s, 1_000_000, 0, 3)
	batchOf := func(name string) []*reservation.Reservation {
		all := make([]*reservation.Reservation, manyAtOnce)
		for i := range all {
			claims := [][]stock.Claim{{{Pool: p.ID, From: 101, To: 104, Count: int32(i%3 + 1)}}}
			switch i % 4 {
			case 1:
				claims[0] = append(claims[0], stock.Claim{Pool: q.ID, From: 0, To: 1, Count: 1})
			case 2:
				claims = append(claims, []stock.Claim{{Pool: q.ID, From: 1, To: 3, Count: 2}})
			}
			r := newReservation(fmt.Sprintf("%s %d \"é\"", name, i), noon.Add(time.Duration(i)*time.Microsecond), claims...)
			if i%5 == 0 {
				r.Name = fmt.Sprintf("res_%s_%d", name, i)
			}
			if i%7 == 0 {
				r.Travellers = nil
			}
			if i%2 == 1 {
				r.Items[0].Supplier = uid.New()
			}
			all[i] = r
		}
		slices.SortFunc(all, func(a, b *reservation.Reservation) int { return cmp.Compare(a.ID.Text("res"), b.ID.Text("res")) })
		return all
	}
	store := func(all []*reservation.Reservation) error {
		c := reservation.Changes{NewReservations: all}
		need := reservation.Need{}
		var claims []stock.Claim
		for _, r := range all {
			claims = append(claims, r.Claims(nil)...)
			c.NewHistory = append(c.NewHistory, entry(r, 0, reservation.Placed, noon))
			c.Events = append(c.Events, event(r, reservation.Placed, noon))
		}
		need.Spans = spansOf(claims)
		return s.Transact(t.Context(), batch("lane", noon), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
			set, err := claimStock(rows, claims, (*stock.Counters).Hold)
			changes := c
			changes.SetSlots = set
			return &changes, err
		})
	}
	all := batchOf("first")
	if err := store(all); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		got := read(t, s, r.ID)
		got.Stored = 0
		same(t, "reservation", got, r)
	}
	found := must[[]*reservation.Reservation](t)(s.Find(t.Context(), reservation.Filter{Supplier: all[0].Items[0].Supplier, Limit: 10}))
	if len(found) == 0 {
		t.Error("a supplier does not find what was placed with it")
	}
	audit := must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 10))
	units := map[stock.PoolID]int32{}
	for _, c := range audit.Claims {
		if c.Life != reservation.ClaimHeld {
			t.Fatalf("a claim of a new reservation has life %d", c.Life)
		}
		units[c.Pool] += c.Count
	}
	want := map[stock.PoolID]int32{}
	for _, r := range all {
		for _, c := range r.Claims(nil) {
			want[c.Pool] += c.Count
		}
	}
	same(t, "claims", units, want)

	taken := batchOf("second")
	taken[manyAtOnce/2].Locator = all[0].Locator
	if err := store(taken); err == nil {
		t.Fatal("two reservations have one locator")
	}
	left := must[[]*reservation.Reservation](t)(s.Reservations(t.Context(), []uid.ID{taken[0].ID, taken[manyAtOnce/2].ID, taken[manyAtOnce-1].ID}))
	if len(left) != 0 {
		t.Errorf("%d reservations of a refused batch are there", len(left))
	}
}
