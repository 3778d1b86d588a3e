package stock_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"holdfast/stock"
)

func TestDerivedTarget(t *testing.T) {
	for _, c := range []struct{ physical, ooo, bp, want int32 }{
		{4, 0, 1000, 4},
		{10, 0, 1000, 11},
		{9, 0, 1000, 9},
		{0, 0, 1000, 0},
		{100, 0, 0, 100},
		{10, 1, 1000, 9},
		{10, 12, 1000, 0},
		{10, 0, -10_000, 0},
		{10, 0, -1000, 9},
		{stock.MaxUnits, 0, stock.MaxOverbookingBP, 3 * stock.MaxUnits},
	} {
		s := stock.New(c.physical, c.bp)
		if err := s.SetOutOfOrder(c.ooo); err != nil {
			t.Fatal(err)
		}
		if s.Target != c.want || s.Check() != nil {
			t.Errorf("%d rooms, %d out of order, %d bp: target %d, want %d (%v)", c.physical, c.ooo, c.bp, s.Target, c.want, s.Check())
		}
	}
}

// Ten rooms sold out, then one put out of order: the first cancellation frees nothing, the next one does.
func TestOutOfOrderWhileSoldOut(t *testing.T) {
	s := stock.New(10, 0)
	must(t, s.Hold(10))
	must(t, s.Confirm(10))
	must(t, s.SetOutOfOrder(1))
	if s.Target != 9 || s.Limit != 10 || s.Oversold() != 1 || s.Free() != 0 {
		t.Fatalf("after out of order: %+v", s)
	}
	must(t, s.Return(1))
	if s.Limit != 9 || s.Oversold() != 0 || s.Free() != 0 || !errors.Is(s.Hold(1), stock.ErrSoldOut) {
		t.Fatalf("the first cancellation freed something: %+v", s)
	}
	must(t, s.Return(1))
	if s.Free() != 1 {
		t.Fatalf("the second cancellation freed nothing: %+v", s)
	}
	must(t, s.Hold(1))
	must(t, s.SetOutOfOrder(0))
	if s.Free() != 1 || s.Limit != 10 {
		t.Fatalf("repaired: %+v", s)
	}
}

// Stop-sell touches neither target nor limit, and opening restores exactly what was.
func TestStopSell(t *testing.T) {
	s := stock.New(10, 1000)
	must(t, s.Hold(3))
	must(t, s.SetTarget(7))
	before := s
	s.SetClosed(true)
	if s.Free() != 0 || !errors.Is(s.Hold(1), stock.ErrClosed) || s.Target != before.Target || s.Limit != before.Limit {
		t.Fatalf("closed: %+v", s)
	}
	must(t, s.Confirm(1)) // what is held may still be paid
	must(t, s.Release(1))
	s.SetClosed(false)
	if s.Free() != 5 || s.Target != 7 {
		t.Fatalf("opened: %+v", s)
	}
}

func TestTargetByHand(t *testing.T) {
	s := stock.New(10, 1000)
	must(t, s.SetTarget(5))
	must(t, s.SetPhysical(20))
	if s.Target != 5 {
		t.Errorf("a target set by hand moved to %d", s.Target)
	}
	s.DeriveTarget()
	if s.Target != 22 {
		t.Errorf("derived again: %d", s.Target)
	}
	must(t, s.SetTarget(5))
	must(t, s.SetOverbooking(0))
	if s.Target != 20 || s.ByHand {
		t.Errorf("after a new overbooking: %+v", s)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Any sequence of commands keeps I1, and nothing that raises held+sold succeeds on a closed slot or past the target.
func TestCountersHoldTheirInvariant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stock.New(rapid.Int32Range(0, 20).Draw(t, "physical"), rapid.Int32Range(-10_000, 20_000).Draw(t, "bp"))
		n := func() int32 { return rapid.Int32Range(-1, 8).Draw(t, "n") }
		refused := func(before stock.Counters, err error) {
			if err != nil && s != before {
				t.Fatalf("a refused command changed %+v into %+v", before, s)
			}
		}
		step := func(f func(int32) error) func(*rapid.T) {
			return func(t *rapid.T) { before := s; refused(before, f(n())) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"hold": func(t *rapid.T) {
				before, k := s, n()
				err := s.Hold(k)
				refused(before, err)
				if err == nil && (before.Closed || before.Held+before.Sold+k > before.Target) {
					t.Fatalf("held %d on %+v", k, before)
				}
				if err != nil && k > 0 && !before.Closed && before.Held+before.Sold+k <= before.Target {
					t.Fatalf("refused %d on %+v: %v", k, before, err)
				}
			},
			"release": step(s.Release), "confirm": step(s.Confirm), "return": step(s.Return),
			"physical": step(s.SetPhysical), "outOfOrder": step(s.SetOutOfOrder), "target": step(s.SetTarget),
			"overbooking": func(t *rapid.T) {
				before := s
				refused(before, s.SetOverbooking(rapid.Int32Range(-11_000, 21_000).Draw(t, "bp")))
			},
			"derive": func(*rapid.T) { s.DeriveTarget() },
			"close":  func(t *rapid.T) { s.SetClosed(rapid.Bool().Draw(t, "closed")) },
			"": func(t *rapid.T) {
				if err := s.Check(); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}
