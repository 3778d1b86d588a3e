package stock_test

import (
	"testing"

	"pgregory.net/rapid"

	"holdfast/stock"
)

func TestDemandsOfTheSamePoolAddUp(t *testing.T) {
	got, err := stock.Demands([]stock.Claim{{Pool: 2, From: 5, To: 7, Count: 1}, {Pool: 1, From: 6, To: 7, Count: 4}, {Pool: 2, From: 6, To: 8, Count: 2}})
	if err != nil {
		t.Fatal(err)
	}
	want := []stock.Demand{{stock.Key{1, 6}, 4}, {stock.Key{2, 5}, 1}, {stock.Key{2, 6}, 3}, {stock.Key{2, 7}, 2}}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
}

func TestDemandsRefuse(t *testing.T) {
	for _, c := range []stock.Claim{{1, 5, 5, 1, 0}, {1, 6, 5, 1, 0}, {1, 5, 6, 0, 0}, {1, 5, 6, -1, 0}, {1, 5, 6, stock.MaxUnits + 1, 0}, {1, 5, 6, 2, 1}, {1, 5, 6, 1, -1}} {
		if d, err := stock.Demands([]stock.Claim{c}); err == nil {
			t.Errorf("%v: %v, want an error", c, d)
		}
		if d, err := stock.Demands([]stock.Claim{{2, 1, 2, 1, 0}, c}); err == nil {
			t.Errorf("second %v: %v, want an error", c, d)
		}
	}
}

// Demands are sorted, unique, and add up to count x slots of every claim.
func TestDemandsConserve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claims := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stock.Claim {
			from := rapid.Int32Range(-3, 5).Draw(t, "from")
			return stock.Claim{
				Pool: stock.PoolID(rapid.Int64Range(1, 3).Draw(t, "pool")), From: stock.Slot(from),
				To: stock.Slot(from + rapid.Int32Range(1, 4).Draw(t, "n")), Count: rapid.Int32Range(1, 5).Draw(t, "count"),
			}
		}), 1, 6).Draw(t, "claims")
		want := 0
		for _, c := range claims {
			want += c.Slots() * int(c.Count)
		}
		got, err := stock.Demands(claims)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for i, d := range got {
			sum += int(d.Count)
			if i > 0 && got[i-1].Key.Compare(d.Key) >= 0 {
				t.Fatalf("%v before %v", got[i-1], d)
			}
		}
		if sum != want {
			t.Fatalf("%d units demanded, want %d", sum, want)
		}
	})
}
