package reservation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/stock"
)

// Merged spans cover exactly the slots of the given ones, in order, without overlap or touching.
func TestMergeSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Span {
			from := stock.Slot(rapid.Int32Range(0, 12).Draw(t, "from"))
			return Span{stock.PoolID(rapid.Int64Range(1, 3).Draw(t, "pool")), from, from + stock.Slot(rapid.Int32Range(1, 5).Draw(t, "n"))}
		})).Draw(t, "spans")
		cover := func(spans []Span) map[stock.Key]bool {
			m := map[stock.Key]bool{}
			for _, s := range spans {
				for i := s.From; i < s.To; i++ {
					m[stock.Key{Pool: s.Pool, Slot: i}] = true
				}
			}
			return m
		}
		before := cover(spans)
		merged := mergeSpans(spans)
		if diff := cmp.Diff(before, cover(merged)); diff != "" {
			t.Fatal(diff)
		}
		for i := 1; i < len(merged); i++ {
			if a, b := merged[i-1], merged[i]; a.Pool > b.Pool || a.Pool == b.Pool && a.To >= b.From {
				t.Fatalf("%v before %v", a, b)
			}
		}
	})
}

func TestSlotEventsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []*SlotRow
		slot := stock.Slot(0)
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			slot += stock.Slot(rapid.Int32Range(1, 2).Draw(t, "gap"))
			c := stock.New(rapid.Int32Range(1, 2).Draw(t, "physical"), 0)
			if rapid.Bool().Draw(t, "held") {
				if err := c.Hold(1); err != nil {
					t.Fatal(err)
				}
			}
			rows = append(rows, &SlotRow{Key: stock.Key{Pool: 1, Slot: slot}, Counters: c, Version: rapid.Int64Range(1, 2).Draw(t, "version")})
		}
		got, err := DecodeSlots(encodeSlots(rows))
		if err != nil || len(got) != len(rows) {
			t.Fatalf("%d rows, %v; want %d", len(got), err, len(rows))
		}
		for i := range rows {
			if got[i] != *rows[i] {
				t.Fatalf("%+v came back as %+v", *rows[i], got[i])
			}
		}
	})
}

func FuzzDecodeSlots(f *testing.F) {
	f.Add([]byte(`[{"pool":1,"from":20000,"n":3,"physical":10,"target":11,"limit":11,"held":0,"sold":0,"version":1}]`))
	f.Add([]byte(`[{"n":2000000000}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if rows, err := DecodeSlots(data); err == nil && len(rows) > maxRunSlots*(1+len(data)/10) {
			t.Fatalf("%d bytes unfolded to %d rows", len(data), len(rows))
		}
	})
}
