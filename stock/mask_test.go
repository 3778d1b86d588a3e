package stock_test

import (
	"testing"

	"pgregory.net/rapid"

	"holdfast/stock"
)

// The mask agrees with a plain slice of booleans at every length that matters: one word, its edges, many words.
func TestMaskAgreesWithBools(t *testing.T) {
	for _, slots := range []int{1, 64, 65, 84, 730} {
		rapid.Check(t, func(t *rapid.T) {
			m, model := stock.NewMask(slots), make([]bool, slots)
			free := func(i, j int) bool {
				for s := i; s < j; s++ {
					if model[s] {
						return false
					}
				}
				return true
			}
			for range 30 {
				i := rapid.IntRange(0, slots-1).Draw(t, "i")
				j := rapid.IntRange(i+1, slots).Draw(t, "j")
				if m.Free(i, j) != free(i, j) {
					t.Fatalf("Free(%d, %d) = %v on %v", i, j, m.Free(i, j), model)
				}
				if rapid.Bool().Draw(t, "take") {
					ok := m.Take(i, j)
					if ok != free(i, j) {
						t.Fatalf("Take(%d, %d) = %v", i, j, ok)
					}
					for s := i; ok && s < j; s++ {
						model[s] = true
					}
				} else {
					all := true
					for s := i; s < j; s++ {
						all = all && model[s]
					}
					if ok := m.Give(i, j); ok != all {
						t.Fatalf("Give(%d, %d) = %v, want %v", i, j, ok, all)
					}
					for s := i; all && s < j; s++ {
						model[s] = false
					}
				}
				taken := 0
				for _, b := range model {
					if b {
						taken++
					}
				}
				if m.Taken() != taken {
					t.Fatalf("Taken() = %d, want %d", m.Taken(), taken)
				}
			}
		})
	}
}

func TestMaskRefusesWhatIsNoInterval(t *testing.T) {
	m := stock.NewMask(84)
	for _, c := range [][2]int{{-1, 1}, {5, 5}, {6, 5}, {0, m.Len() + 1}} {
		if m.Free(c[0], c[1]) || m.Take(c[0], c[1]) || m.Give(c[0], c[1]) {
			t.Errorf("[%d, %d) was accepted", c[0], c[1])
		}
	}
}

// One seat serves A-B, B-D and D-F, and the counter-example that breaks the best-known benchmark does not break this:
// a seat sold A-B and C-E must not be given to D-E again.
func TestSeatServesRidesThatDoNotOverlap(t *testing.T) {
	const a, b, c, d, e, f = 0, 1, 2, 3, 4, 5
	seat := stock.NewMask(5)
	if !seat.Take(a, b) || !seat.Take(b, d) || !seat.Take(d, f) {
		t.Fatal("three rides in a row")
	}
	seat = stock.NewMask(5)
	if !seat.Take(a, b) || !seat.Take(c, e) || seat.Take(d, e) || !seat.Take(b, c) {
		t.Fatal("D-E was sold twice, or B-C not at all")
	}
}
