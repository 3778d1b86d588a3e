package house_test

import (
	"context"
	"testing"
	"time"

	"holdfast/test/engine"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/uid"
)

var engines = []house.Engine{house.SQLite, house.Postgres}

func openCore(tb testing.TB, e house.Engine, pools int, units int32) *house.Core {
	tb.Helper()
	if e == house.Postgres {
		_ = engine.Postgres(tb) // skips where there is none
	}
	c, err := house.OpenCore(tb.Context(), house.Plan{Engine: e, Stay: house.NewStay(), Pools: pools, Units: units})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func verify(tb testing.TB, c *house.Core, r *drive.Result) {
	tb.Helper()
	want := check.Expect{Unknown: r.Failed}
	for _, a := range r.Acks {
		want.Acks = append(want.Acks, a.ID)
	}
	report, err := c.Check(tb.Context(), want)
	if err != nil {
		tb.Fatal(err)
	}
	if len(report.Findings) > 0 {
		tb.Error(report.Findings)
	}
	want.Acks = append(want.Acks, uid.New())
	if report, err = c.Check(tb.Context(), want); err != nil || len(report.Findings) != 1 {
		tb.Errorf("a reservation that is not there: %v, %v", report, err)
	}
}

// Our core sells exactly what there is, and the verifier reads both engines.
func TestCore(t *testing.T) {
	for _, e := range engines {
		t.Run(string(e), func(t *testing.T) {
			c := openCore(t, e, 3, 40)
			r := drive.Closed(t.Context(), c, drive.Load{Clients: 50, Tries: 300, Targets: 3})
			if r.Placed != 120 || r.SoldOut != 180 || r.Failed != 0 {
				t.Fatalf("%d placed, %d sold out, %d failed: %v", r.Placed, r.SoldOut, r.Failed, r.Err)
			}
			verify(t, c, r)
		})
	}
}

// BenchmarkCore places holds from 256 clients on one pool, for profiles: go test -bench Core/sqlite -cpuprofile.
// Spread goes to 10,000 pools.
func BenchmarkCore(b *testing.B) {
	for _, e := range engines {
		for name, pools := range map[string]int{"hot": 1, "spread": 10_000} {
			b.Run(string(e)+"/"+name, func(b *testing.B) {
				c := openCore(b, e, pools, 1_000_000)
				b.ReportAllocs()
				b.ResetTimer()
				began := time.Now()
				r := drive.Closed(b.Context(), c, drive.Load{Clients: 256, Tries: int64(b.N), Targets: pools})
				b.StopTimer()
				if r.Failed > 0 {
					b.Fatal(r.Err)
				}
				b.ReportMetric(float64(r.Placed)/time.Since(began).Seconds(), "holds/s")
				b.ReportMetric(float64(r.Latency.Quantile(0.99))/float64(time.Millisecond), "p99-ms")
			})
		}
	}
}
