package reservation

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/clock"
	"holdfast/payment"
	"holdfast/stock"
	"holdfast/uid"
)

// dense is a store with many pools that are full of claims, and one long stream; it notes how much is asked at once.
type dense struct {
	Store
	pools, claimsPerPool int
	events               int64
	hole                 int64 // an event that is missing; 0: none

	thin int // the first so many pools have one claim

	mostRows, mostEvents int
	tooLarge             int // pages with more rows than they should have
	calls                int
}

func (d *dense) AuditStreams(context.Context) ([]StreamAudit, error) {
	return []StreamAudit{{Stream: 7, Name: "x", Next: d.events + 1, First: 1, Last: d.events}}, nil
}

func (d *dense) AuditEvents(_ context.Context, _ int32, after, upTo int64) (events, subjects int64, err error) {
	d.mostEvents = max(d.mostEvents, int(upTo-after))
	d.calls++
	events = upTo - after
	if after < d.hole && d.hole <= upTo {
		events--
	}
	return events, 0, nil
}

func (d *dense) AuditPools(_ context.Context, after stock.PoolID, limit int) (PoolAudit, error) {
	d.calls++
	var a PoolAudit
	for id := after + 1; id <= stock.PoolID(d.pools) && len(a.Pools) < limit; id++ {
		a.Pools = append(a.Pools, PoolRow{ID: id})
		s := SlotRow{Key: stock.Key{Pool: id, Slot: 1}}
		s.Physical, s.Target, s.Limit, s.Sold = int32(d.claimsPerPool), int32(d.claimsPerPool), int32(d.claimsPerPool), int32(d.claimsPerPool)
		a.Slots = append(a.Slots, s)
		claims := d.claimsPerPool
		if int(id) <= d.thin {
			claims = 1
			a.Slots[len(a.Slots)-1].Sold = 1
		}
		for range claims {
			a.Claims = append(a.Claims, AuditClaim{Life: ClaimSold, Claim: stock.Claim{Pool: id, From: 1, To: 2, Count: 1}})
		}
	}
	if len(a.Pools) == limit {
		a.Last = a.Pools[limit-1].ID
	}
	rows := len(a.Slots) + len(a.Claims)
	if d.mostRows = max(d.mostRows, rows); rows > auditPoolRows {
		d.tooLarge++
	}
	return a, nil
}

func (d *dense) AuditReservations(context.Context, uid.ID, int) (RecordAudit, error) {
	return RecordAudit{}, nil
}
func (d *dense) AuditKeys(context.Context, uid.ID, int) ([]KeyAudit, error) { return nil, nil }

type emptyLedger struct{ payment.Service }

func (emptyLedger) Audit(context.Context, int, func(context.Context, time.Duration) error) (payment.Audit, error) {
	return payment.Audit{}, nil
}

func (emptyLedger) Balances(context.Context, []uid.ID) ([]payment.Balance, error) { return nil, nil }

func auditOf(t *testing.T, d *dense, share float64) *AuditReport {
	t.Helper()
	c := &Core{store: d, payment: emptyLedger{}, clock: clock.System{}}
	report, err := c.AuditPaced(t.Context(), share, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// However much there is, a page has a bounded number of rows; pools with few rows are read together.
func TestAuditReadsPageByPage(t *testing.T) {
	d := &dense{pools: 200, claimsPerPool: 5_000, events: 1_000_000}
	report := auditOf(t, d, 1)
	if report.Pools != 200 || report.Claims != 1_000_000 || report.Events != 1_000_000 || !report.Clean() {
		t.Fatalf("%+v", report)
	}
	if d.mostRows > auditPoolRows || d.mostEvents > auditEvents {
		t.Errorf("up to %d rows of pools and %d events at once", d.mostRows, d.mostEvents)
	}
	mixed := &dense{pools: 900, thin: 500, claimsPerPool: 3_000}
	if auditOf(t, mixed, 1); mixed.tooLarge > 2 { // where it gets denser, and once more
		t.Errorf("%d pages were too large", mixed.tooLarge)
	}
	thin := &dense{pools: 10_000, claimsPerPool: 1}
	if auditOf(t, thin, 1); thin.calls > 10_000/auditPools+10 {
		t.Errorf("%d pages for %d pools with little in them", thin.calls, thin.pools)
	}
}

func TestAuditFindsAHoleInALongStream(t *testing.T) {
	for _, hole := range []int64{1, auditEvents, auditEvents + 1, 199_999} {
		d := &dense{events: 200_000, hole: hole}
		if report := auditOf(t, d, 1); report.Violations["I7"] != 1 {
			t.Errorf("event %d is missing: %+v", hole, report)
		}
	}
}

// slow is a store whose pages take time.
type slow struct{ *dense }

func (s slow) AuditPools(ctx context.Context, after stock.PoolID, limit int) (PoolAudit, error) {
	time.Sleep(10 * time.Millisecond) //nolint:forbidigo // the bubble's time
	return s.dense.AuditPools(ctx, after, limit)
}

// Beside production the audit works its share of the time and no more; the end of ctx ends its rests.
func TestAuditRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dense{pools: 20, claimsPerPool: 50_000}
		c := &Core{store: slow{d}, payment: emptyLedger{}, clock: clock.System{}}
		begin := time.Now()
		if _, err := c.AuditPaced(t.Context(), 0.2, nil); err != nil {
			t.Fatal(err)
		}
		if worked, took := time.Duration(d.calls)*10*time.Millisecond, time.Since(begin); took != 5*worked {
			t.Errorf("worked %v in %v", worked, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
		defer cancel()
		begin = time.Now()
		if _, err := c.AuditPaced(ctx, 0.2, nil); err == nil || time.Since(begin) != 15*time.Millisecond {
			t.Errorf("cut off with %v after %v", err, time.Since(begin))
		}
		for _, share := range []float64{0, -1, 1.1} {
			if _, err := c.AuditPaced(t.Context(), share, nil); err == nil {
				t.Errorf("a share of %v was taken", share)
			}
		}
	})
}
