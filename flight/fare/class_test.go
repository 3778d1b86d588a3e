package fare_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/flight/fare"
	"holdfast/stock"
)

// cabin is one leg of a cabin as stock keeps it: a row of counters for each nest.
type cabin []stock.Counters

func newCabin(seats int32, protected []int32) cabin {
	var c cabin
	for _, limit := range fare.NestLimits(seats, protected) {
		c = append(c, stock.New(limit, 0))
	}
	return c
}

// pools numbers the nests.
func (c cabin) pools() []stock.PoolID {
	out := make([]stock.PoolID, len(c))
	for k := range out {
		out[k] = stock.PoolID(k + 1)
	}
	return out
}

func (c cabin) free() []int32 {
	out := make([]int32, len(c))
	for k := range c {
		out[k] = c[k].Free()
	}
	return out
}

// sell claims seats of a class, all of its claims or none, as the desk does.
func (c cabin) sell(class int, n int32) error {
	claims := fare.Claims(c.pools(), class, 0, 1, n)
	for _, claim := range claims {
		if err := c[claim.Pool-1].Admits(claim.Count); err != nil {
			return err
		}
	}
	for _, claim := range claims {
		if err := c[claim.Pool-1].Hold(claim.Count); err != nil {
			return err
		}
	}
	return nil
}

func (c cabin) release(class int, n int32) error {
	for _, claim := range fare.Claims(c.pools(), class, 0, 1, n) {
		if err := c[claim.Pool-1].Release(claim.Count); err != nil {
			return err
		}
	}
	return nil
}

// The named case: 10 seats protected for the highest class survive any mix of sales in the lower ones.
func TestTenSeatsProtectedForTheHighestClassSurviveAnyMixOfSalesInTheLowerOnes(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 10))
		c := newCabin(100, []int32{10, 25, 15, 0})
		for refused := 0; refused < 50; { // until nothing more sells
			if c.sell(1+r.IntN(3), 1+r.Int32N(5)) != nil {
				refused++
			}
		}
		for class := 1; class < 4; class++ { // not even one
			for c.sell(class, 1) == nil {
				continue
			}
		}
		if c[0].Free() != 10 {
			t.Fatalf("seed %d: %d seats are left for the highest class, want 10", seed, c[0].Free())
		}
		if err := c.sell(0, 10); err != nil {
			t.Fatalf("seed %d: the highest class cannot sell its 10 seats: %v", seed, err)
		}
		if !errors.Is(c.sell(0, 1), stock.ErrSoldOut) {
			t.Fatalf("seed %d: more than the cabin was sold", seed)
		}
	}
}

// Whatever is sold and given back in classes k and below, what is protected for the classes above k is left to them,
// as far as they have not sold it themselves; and as many seats are sold as the cabin has.
func TestProtectedSeatsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seats := rapid.Int32Range(0, 60).Draw(t, "seats")
		protected := rapid.SliceOfN(rapid.Int32Range(0, 20), 1, 6).Draw(t, "protected")
		c := newCabin(seats, protected)
		sold := make([]int32, len(protected))
		for range rapid.IntRange(0, 80).Draw(t, "sales") {
			class, n := rapid.IntRange(0, len(protected)-1).Draw(t, "class"), rapid.Int32Range(1, 6).Draw(t, "n")
			if rapid.IntRange(0, 3).Draw(t, "back") == 0 {
				if sold[class] >= n {
					if err := c.release(class, n); err != nil {
						t.Fatal(err)
					}
					sold[class] -= n
				}
				continue
			}
			open := fare.Available(c.free())[class]
			if err := c.sell(class, n); (err == nil) != (n <= open) {
				t.Fatalf("class %d has %d open, and selling %d gives %v", class, open, n, err)
			} else if err == nil {
				sold[class] += n
			}
		}
		var kept int32
		for k := range protected {
			var below, all int32
			for j, n := range sold {
				if all += n; j >= k {
					below += n
				}
			}
			if below > max(0, seats-kept) || all > seats {
				t.Fatalf("classes from %d down sold %d of %d seats, %d of them protected above", k, below, seats, kept)
			}
			kept += protected[k]
		}
		for k := range c {
			if err := c[k].Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestNestLimits(t *testing.T) {
	for _, c := range []struct {
		cabin     int32
		protected []int32
		want      []int32
	}{
		{100, []int32{10, 25, 15, 0}, []int32{100, 90, 65, 50}},
		{20, []int32{15, 15, 5}, []int32{20, 5, 0}},
		{0, []int32{3, 0}, []int32{0, 0}},
		{-1, []int32{3, 0}, []int32{0, 0}},
		{10, []int32{-5, 3, 0}, []int32{10, 10, 7}},
		{10, []int32{2_000_000_000, 2_000_000_000, 0}, []int32{10, 0, 0}},
		{10, nil, []int32{}},
	} {
		if got := fare.NestLimits(c.cabin, c.protected); !slices.Equal(got, c.want) {
			t.Errorf("%d seats, %v protected: %v, want %v", c.cabin, c.protected, got, c.want)
		}
	}
}

func TestAvailability(t *testing.T) {
	for _, c := range []struct {
		free   []int32
		open   []int32
		n      int32
		lowest int
		ok     bool
	}{
		{[]int32{9, 7, 4, 2}, []int32{9, 7, 4, 2}, 3, 2, true},
		{[]int32{3, 7, 9}, []int32{3, 3, 3}, 3, 2, true}, // the cabin is the tightest
		{[]int32{3, 0, 9}, []int32{3, 0, 0}, 1, 0, true}, // a closed nest closes those below
		{[]int32{1, 1, 1}, []int32{1, 1, 1}, 2, -1, false},
		{[]int32{-2, 1}, []int32{0, 0}, 1, -1, false},
		{nil, []int32{}, 1, -1, false},
	} {
		if got := fare.Available(c.free); !slices.Equal(got, c.open) {
			t.Errorf("free %v: open %v, want %v", c.free, got, c.open)
		}
		class, ok := fare.Lowest(c.free, c.n)
		if class != c.lowest || ok != c.ok {
			t.Errorf("free %v: the lowest class for %d is %d %v, want %d %v", c.free, c.n, class, ok, c.lowest, c.ok)
		}
	}
}
