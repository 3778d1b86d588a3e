package stock_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"holdfast/stock"
)

// newUnits is a pool of seats on a line of slots, rows of four in coaches of perGroup.
func newUnits(seats, slots, perGroup int, absent ...stock.Absence) *stock.Units {
	l := &stock.Layout{Absent: absent}
	for i := range seats {
		traits := stock.Aisle
		if i%4 == 0 || i%4 == 3 {
			traits = stock.Window
		}
		l.Units = append(l.Units, stock.Unit{
			Label: fmt.Sprintf("%d-%d", i/perGroup+1, i%perGroup+1), Group: uint16(i / perGroup), Row: uint16(i % perGroup / 4), Traits: traits,
		})
	}
	if err := l.Check(); err != nil {
		panic(err)
	}
	u := &stock.Units{Layout: l, Slots: slots}
	for b := range l.Blocks() {
		u.Blocks = append(u.Blocks, stock.NewBlock(l, slots, b))
	}
	return u
}

// The counter-example that breaks the best-known benchmark (train-ticket's ts-seat-service hands out a seat again when any
// ticket on it ends before the new ride begins): A-B and C-E are sold on one seat, D-E must not get it.
func TestSoldABandCEThenDE(t *testing.T) {
	const a, b, c, d, e = 0, 1, 2, 3, 4
	u := newUnits(1, 4, 1)
	for _, sold := range [][2]stock.Slot{{a, b}, {c, e}} {
		if _, ok := u.Fit(1, sold[0], sold[1], stock.Wish{}); !ok {
			t.Fatalf("the empty seat was refused on [%d, %d)", sold[0], sold[1])
		}
	}
	if seats, ok := u.Fit(1, d, e, stock.Wish{MayChange: true}); ok {
		t.Fatalf("D-E got %v, where C-E sits", seats)
	}
	if seats, ok := u.Fit(1, b, c, stock.Wish{}); !ok || seats[0][0].Unit != 1 {
		t.Fatalf("B-C is free, got %v", seats)
	}
}

// Whatever is asked for and given back, no seat has two riders on a slot, wishes never cost a seat, and a request is
// refused only when no single seat, or with a change none on some slot, is free.
func TestFitAgreesWithAModel(t *testing.T) {
	for _, slots := range []int{1, 30, 64, 65, 84, 730} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { fitAgainstModel(t, slots) }) })
	}
}

func fitAgainstModel(t *rapid.T, slots int) {
	const seats = 70 // more than a block
	absent := stock.Absence{FromUnit: 63, ToUnit: 67, From: 0, To: stock.Slot(rapid.IntRange(1, slots).Draw(t, "joins"))}
	u := newUnits(seats, slots, 10, absent)
	taken := make([][]int, seats+1) // rider by slot; 0 free, -1 not there
	for n := range taken {
		taken[n] = make([]int, slots)
		for s := range taken[n] {
			if n >= 63 && n < 67 && s < int(absent.To) {
				taken[n][s] = -1
			}
		}
	}
	free := func(n int32, from, to stock.Slot) bool {
		for s := from; s < to; s++ {
			if taken[n][s] != 0 {
				return false
			}
		}
		return true
	}
	var given [][]stock.Seat
	for range 40 {
		if len(given) > 0 && rapid.IntRange(0, 3).Draw(t, "give back") == 0 {
			i := rapid.IntRange(0, len(given)-1).Draw(t, "which")
			u.GiveAll([][]stock.Seat{given[i]})
			for _, s := range given[i] {
				for slot := s.From; slot < s.To; slot++ {
					taken[s.Unit][slot] = 0
				}
			}
			given = append(given[:i], given[i+1:]...)
			continue
		}
		from := stock.Slot(rapid.IntRange(0, slots-1).Draw(t, "from"))
		to := stock.Slot(rapid.IntRange(int(from)+1, slots).Draw(t, "to"))
		n := rapid.IntRange(1, 12).Draw(t, "n")
		w := stock.Wish{Want: stock.Traits(rapid.IntRange(0, 3).Draw(t, "want")), Together: rapid.Bool().Draw(t, "together"), MayChange: rapid.Bool().Draw(t, "change")}
		whole, least := 0, seats
		for unit := int32(1); unit <= seats; unit++ {
			if free(unit, from, to) {
				whole++
			}
		}
		for s := from; s < to; s++ {
			here := 0
			for unit := int32(1); unit <= seats; unit++ {
				if free(unit, s, s+1) {
					here++
				}
			}
			least = min(least, here)
		}
		got, ok := u.Fit(n, from, to, w)
		switch {
		case !ok && whole >= n:
			t.Fatalf("%d seats are free on [%d, %d), %d were refused", whole, from, to, n)
		case ok && !w.MayChange && whole < n, ok && least < n:
			t.Fatalf("%d got seats on [%d, %d), where %d are free all the way and %d on the scarcest part", n, from, to, whole, least)
		}
		for _, of := range got {
			at := from
			for _, s := range of {
				if s.From != at || !free(s.Unit, s.From, s.To) {
					t.Fatalf("seat %+v begins at %d, is taken, or leaves a gap", s, at)
				}
				for slot := s.From; slot < s.To; slot++ {
					taken[s.Unit][slot] = 1
				}
				at = s.To
			}
			if at != to {
				t.Fatalf("seats %+v end before %d", of, to)
			}
		}
		given = append(given, got...)
		if err := u.Check(); err != nil {
			t.Fatal(err)
		}
	}
}

// The tightest gap that holds the ride is taken, so that long runs stay whole for long rides.
func TestBestFit(t *testing.T) {
	u := newUnits(3, 10, 3)
	u.Take(2, 0, 3)
	u.Take(2, 6, 10) // free [3, 6)
	u.Take(3, 0, 2)  // free [2, 10)
	for _, c := range []struct {
		from, to stock.Slot
		want     int32
	}{{3, 6, 2}, {3, 7, 3}, {0, 10, 1}} {
		got, ok := u.Fit(1, c.from, c.to, stock.Wish{})
		if !ok || got[0][0].Unit != c.want {
			t.Errorf("[%d, %d) got %v, want unit %d", c.from, c.to, got, c.want)
		}
		u.GiveAll(got)
	}
	u.Take(1, 9, 10)
	if got, ok := u.Fit(1, 0, 10, stock.Wish{}); ok {
		t.Errorf("no unit is free all the way, got %v", got)
	}
	got, ok := u.Fit(1, 0, 10, stock.Wish{MayChange: true})
	if !ok || len(got[0]) != 2 {
		t.Errorf("with one change the way is free, got %v", got)
	}
}

// Who travels together sits in one group, in one row where that can be; a wish is met where it costs nothing.
func TestTogetherAndWishes(t *testing.T) {
	u := newUnits(40, 5, 20)
	u.Take(1, 0, 5)
	u.Take(6, 0, 5)
	u.Take(10, 0, 5)
	got, ok := u.Fit(4, 1, 4, stock.Wish{Together: true})
	if !ok {
		t.Fatal("refused")
	}
	for _, s := range got {
		if row := u.Layout.Unit(s[0].Unit).Row; row != u.Layout.Unit(got[0][0].Unit).Row {
			t.Errorf("four are in several rows: %v", got)
			break
		}
	}
	one, ok := u.Fit(1, 0, 5, stock.Wish{Want: stock.Window})
	if !ok || u.Layout.Unit(one[0][0].Unit).Traits&stock.Window == 0 {
		t.Errorf("no window for who wants one: %v", one)
	}
	if many, ok := u.Fit(25, 0, 5, stock.Wish{Together: true}); !ok || len(many) != 25 {
		t.Error("25 do not fit in a coach of 20, but in the train they do")
	}
}

// What costs something to choose is given away last, wished for or not.
func TestCheapTiersFirst(t *testing.T) {
	u := newUnits(8, 3, 8)
	for i := range 6 {
		u.Layout.Units[i].Tier = 1
	}
	if got, ok := u.Fit(1, 0, 3, stock.Wish{Want: stock.Window | stock.Aisle}); !ok || got[0][0].Unit < 7 {
		t.Errorf("one got %v", got)
	} else {
		u.GiveAll(got)
	}
	if got, ok := u.Fit(2, 0, 3, stock.Wish{Together: true}); !ok || got[0][0].Unit != 7 || got[1][0].Unit != 8 {
		t.Errorf("two together got %v", got)
	}
	if got, ok := u.Fit(1, 0, 3, stock.Wish{}); !ok || got[0][0].Unit != 1 {
		t.Errorf("with the cheap ones gone: %v", got)
	} else {
		u.GiveAll(got)
	}
	u.Layout.Units[4].Tier = 2
	if got, ok := u.Fit(1, 0, 3, stock.Wish{Prices: []int64{900, 1900, 100}}); !ok || got[0][0].Unit != 5 {
		t.Errorf("by what the tiers cost: %v", got)
	}
}

// What is out of order or not there is never given out, and never given back.
func TestBlocked(t *testing.T) {
	u := newUnits(2, 4, 2, stock.Absence{FromUnit: 2, ToUnit: 3, From: 0, To: 2})
	if u.Layout.Present(1) != 1 || u.Layout.Present(2) != 2 || u.Free(2, 1, 3) || u.Give(2, 0, 1) {
		t.Fatal("the absent unit is not absent")
	}
	if n, ok := u.Block(2, 1, 4); !ok || n != 2 {
		t.Fatalf("blocked %d, %v; the slots 2 and 3 were there", n, ok)
	}
	if n, ok := u.Unblock(2, 0, 4); !ok || n != 2 || u.Free(2, 1, 2) || !u.Free(2, 2, 4) {
		t.Fatalf("unblocked %d, %v", n, ok)
	}
	u.Take(1, 1, 2)
	if _, ok := u.Block(1, 0, 4); ok || !u.Free(1, 0, 1) {
		t.Fatal("a unit that somebody has was blocked")
	}
	if err := u.Check(); err != nil {
		t.Fatal(err)
	}
}

// Equal layouts have one id, different ones different ids, and broken ones are refused.
func TestLayout(t *testing.T) {
	a, b := newUnits(5, 3, 5).Layout, newUnits(5, 3, 5).Layout
	if a.ID() != b.ID() {
		t.Error("equal layouts have two ids")
	}
	b.Units[4].Tier = 1
	if a.ID() == b.ID() {
		t.Error("a tier makes no difference to the id")
	}
	for _, l := range []stock.Layout{
		{},
		{Units: make([]stock.Unit, stock.MaxLayoutUnits+1)},
		{Units: []stock.Unit{{Label: "1"}, {Label: "1"}}},
		{Units: []stock.Unit{{Label: "1234567890123"}}},
		{Units: []stock.Unit{{Label: "a\xff"}}},
		{Units: []stock.Unit{{Label: "a\n"}}},
		{Units: []stock.Unit{{Label: "1"}}, Absent: []stock.Absence{{FromUnit: 1, ToUnit: 3, To: 1}}},
	} {
		if l.Check() == nil {
			t.Errorf("a layout of %d units was accepted: %+v", len(l.Units), l.Absent)
		}
	}
}

// The quick way to a free run's length on short lines agrees with the plain one.
func TestGapAgreesWithTheMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 64).Draw(t, "slots")
		u := newUnits(1, slots, 1)
		u.MaskOf(1)[0] = rapid.Uint64().Draw(t, "taken") & (1<<slots - 1)
		i := rapid.IntRange(0, slots-1).Draw(t, "i")
		j := rapid.IntRange(i+1, slots).Draw(t, "j")
		if got, want := u.GapOf(1, i, j), u.MaskOf(1).Gap(i, j, slots); got != want {
			t.Fatalf("gap of %b around [%d, %d) of %d is %d, want %d", u.MaskOf(1)[0], i, j, slots, got, want)
		}
	})
}
