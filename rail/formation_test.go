package rail

import (
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/stock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSeatPlan: every seat of every coach is in the layout of its class, once, under a name of its own; layouts are valid.
func TestSeatPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var coaches []Coach
		for n := range rapid.IntRange(1, 16).Draw(t, "coaches") {
			c := Coach{Number: string(rune('A' + n)), First: rapid.Int32Range(0, 70).Draw(t, "first"), Second: rapid.Int32Range(0, 100).Draw(t, "second")}
			c.Compartments = rapid.Int32Range(0, c.First+c.Second).Draw(t, "compartments")
			coaches = append(coaches, c)
		}
		f, err := NewFormation(coaches, 0)
		if err != nil {
			t.Fatal(err)
		}
		inside := int32(0)
		for _, class := range Classes {
			l := f.Layout(class, []string{"A", "B"})
			if f.Seats(class) == 0 {
				if l != nil {
					t.Fatal("a layout of nothing")
				}
				continue
			}
			if err := l.Check(); err != nil || int32(len(l.Units)) != f.Seats(class) {
				t.Fatalf("%d units for %d seats: %v", len(l.Units), f.Seats(class), err)
			}
			for i, u := range l.Units {
				if u.Traits&stock.Compartment != 0 {
					inside++
				}
				if u.Traits&stock.Window != 0 && u.Traits&stock.Aisle != 0 {
					t.Fatalf("seat %s is at the window and at the aisle", u.Label)
				}
				if i > 0 && (u.Group < l.Units[i-1].Group || u.Group == l.Units[i-1].Group && u.Row < l.Units[i-1].Row) {
					t.Fatalf("seat %s stands before its neighbour", u.Label)
				}
			}
		}
		want := int32(0)
		for _, c := range coaches {
			want += c.Compartments
		}
		if inside != want {
			t.Fatalf("%d seats in compartments, want %d", inside, want)
		}
	})
}

// TestCoachesJoinAndLeave: a coach is absent where it does not run.
func TestCoachesJoinAndLeave(t *testing.T) {
	f, err := NewFormation([]Coach{
		{Number: "7", Second: 10}, {Number: "8", Second: 4, From: "B"}, {Number: "9", Second: 5, To: "C"}, {Number: "10", Second: 6, From: "X"}, {Number: "11", Second: 7, From: "A", To: "D"},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := f.Layout(Second, []string{"A", "B", "C", "B", "D"})
	for s, want := range []int32{10 + 5 + 6 + 7, 10 + 4 + 5 + 6 + 7, 10 + 4 + 6 + 7, 10 + 4 + 6 + 7} {
		if got := l.Present(stock.Slot(s)); got != want {
			t.Errorf("on segment %d there are %d seats, want %d", s, got, want)
		}
	}
	if l.Units[0].Label != "7-11" || l.Unit(l.Number("7-14")).Traits&stock.Window == 0 || l.Unit(l.Number("7-21")).Traits&stock.Table == 0 {
		t.Errorf("%+v", l.Units[:8])
	}
}

func TestFormationRefuses(t *testing.T) {
	many := make([]Coach, 30)
	for i := range many {
		many[i] = Coach{Number: string(rune('a' + i)), Second: 80}
	}
	for name, coaches := range map[string][]Coach{
		"two of one number": {{Number: "1", Second: 1}, {Number: "1", Second: 1}},
		"no number":         {{Second: 1}},
		"a long number":     {{Number: "123456", Second: 1}},
		"too many seats":    {{Number: "1", Second: MaxCoachSeats + 1}},
		"compartments":      {{Number: "1", Second: 4, Compartments: 5}},
		"too many at all":   many,
		"too many coaches":  make([]Coach, MaxCoaches+1),
	} {
		if _, err := NewFormation(coaches, 0); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	if _, err := NewFormation([]Coach{{}, {}, {Number: "1", Second: 4}}, 0); err != nil {
		t.Errorf("engines need no number: %v", err)
	}
}

// TestDates: a set holds what it was made of, and its bytes are its only ones.
func TestDates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Int32Range(20_000, 20_700), 0, 60).Draw(t, "days")
		var list []civil.Date
		model := map[civil.Date]bool{}
		for _, d := range in {
			list = append(list, civil.Date(d))
			model[civil.Date(d)] = true
		}
		s := DatesOf(list)
		if err := s.Check(); err != nil || s.Count() != len(model) {
			t.Fatalf("%v, %d days of %d", err, s.Count(), len(model))
		}
		for d := civil.Date(19_990); d < 20_710; d++ {
			if s.Has(d) != model[d] {
				t.Fatalf("day %d: %v", d, s.Has(d))
			}
		}
		var all []civil.Date
		for d := range s.All() {
			all = append(all, d)
		}
		if again := DatesOf(all); !again.Equal(s) || len(all) != len(model) {
			t.Fatalf("%v is %v again", s, again)
		}
		if last, ok := s.Last(); ok != (len(all) > 0) || ok && last != all[len(all)-1] {
			t.Fatalf("the last day is %v", last)
		}
	})
}
