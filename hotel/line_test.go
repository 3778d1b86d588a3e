package hotel

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/civil"
)

// TestLineAgreesWithMap does random things to a line and to a map of nights; both must tell the same, the line must
// stay in its normal form, and no earlier line may have changed.
func TestLineAgreesWithMap(t *testing.T) {
	const nights = 24
	type kept struct{ line, copy Line[int] }
	rapid.Check(t, func(t *rapid.T) {
		var line Line[int]
		model := map[civil.Date]int{}
		var before []kept
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before = append(before, kept{line, slices.Clone(line)})
			from := civil.Date(rapid.IntRange(0, nights).Draw(t, "from"))
			to := civil.Date(rapid.IntRange(0, nights).Draw(t, "to"))
			value := rapid.IntRange(0, 2).Draw(t, "value")
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				line = line.Set(from, to, value)
				for d := from; d < to; d++ {
					model[d] = value
				}
			case 1:
				line = line.Clear(from, to)
				for d := from; d < to; d++ {
					delete(model, d)
				}
			case 2:
				// A night without a value gets one, two becomes none.
				line = line.Map(from, to, func(v int, has bool) (int, bool) { return v + 1, !has || v < 2 })
				for d := from; d < to; d++ {
					if v, has := model[d]; has && v >= 2 {
						delete(model, d)
					} else {
						model[d] = v + 1
					}
				}
			}
			for d := civil.Date(-1); d <= nights; d++ {
				v, ok := line.At(d)
				want, has := model[d]
				if v != want || ok != has {
					t.Fatalf("night %d has %d, %t; want %d, %t in %v", d, v, ok, want, has, line)
				}
			}
			for i, r := range line {
				if r.From >= r.To || i > 0 && (line[i-1].To > r.From || line[i-1].To == r.From && line[i-1].Value == r.Value) {
					t.Fatalf("not in normal form: %v", line)
				}
			}
			cut := cutOut(line, from, to)
			for d := civil.Date(-1); d <= nights; d++ {
				v, ok := cut.At(d)
				want, has := model[d]
				if has = has && from <= d && d < to; ok != has || has && v != want {
					t.Fatalf("cut [%d, %d) of %v: night %d has %d, %t", from, to, line, d, v, ok)
				}
			}
		}
		for _, k := range before {
			if !slices.Equal(k.line, k.copy) {
				t.Fatalf("a line was changed in place: %v, was %v", k.line, k.copy)
			}
		}
	})
}

// TestLineChangeLeadsToTheNewLine applies differences the way a store does.
func TestLineChangeLeadsToTheNewLine(t *testing.T) {
	draw := func(t *rapid.T, name string) Line[int] {
		var l Line[int]
		for range rapid.IntRange(0, 6).Draw(t, name) {
			from := rapid.IntRange(0, 20).Draw(t, "from")
			l = l.Set(civil.Date(from), civil.Date(from+rapid.IntRange(1, 6).Draw(t, "nights")), rapid.IntRange(0, 2).Draw(t, "value"))
		}
		return l
	}
	rapid.Check(t, func(t *rapid.T) {
		before, after := draw(t, "before"), draw(t, "after")
		change, changed := lineChange(before, after)
		if changed == slices.Equal(before, after) {
			t.Fatalf("from %v to %v: changed is %t", before, after, changed)
		}
		rows := map[civil.Date]Run[int]{}
		for _, r := range before {
			rows[r.From] = r
		}
		for _, from := range change.Gone {
			if _, ok := rows[from]; !ok {
				t.Fatalf("%d goes and was not there", from)
			}
			delete(rows, from)
		}
		for _, r := range change.Set {
			if rows[r.From] == r {
				t.Fatalf("%v is written and was there", r)
			}
			rows[r.From] = r
		}
		if len(rows) != len(after) {
			t.Fatalf("from %v to %v leaves %v", before, after, rows)
		}
		for _, r := range after {
			if rows[r.From] != r {
				t.Fatalf("from %v to %v leaves %v", before, after, rows)
			}
		}
	})
}
