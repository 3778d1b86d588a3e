package rail

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestJourneyPriceAgainstAnOracle compares prices with exact fractions: base once, kilometres times the price of each
// train, one rounding a step, and a split of which no part is a whole unit off its share.
func TestJourneyPriceAgainstAnOracle(t *testing.T) {
	round := func(r *big.Rat) int64 { // half up; nothing is negative here
		n := new(big.Int).Add(new(big.Int).Mul(r.Num(), big.NewInt(2)), r.Denom())
		return n.Div(n, new(big.Int).Mul(r.Denom(), big.NewInt(2))).Int64()
	}
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Custom(func(t *rapid.T) Rate {
			return Rate{rapid.Int64Range(0, 5_000).Draw(t, "base"), rapid.Int64Range(0, 9_999).Draw(t, "per 100 km")}
		})
		table := FareTable{
			Currency: "EUR", ChildBP: rapid.Int32Range(0, 10_000).Draw(t, "child"), ChildFreeBelow: rapid.IntRange(0, 18).Draw(t, "free below"),
			Families: []Family{{Name: "F", PercentBP: rapid.Int32Range(0, MaxPercentBP).Draw(t, "percent")}},
			Tariffs:  []Tariff{{Categories: []string{"ICE"}, First: rate.Draw(t, "a"), Second: rate.Draw(t, "b")}, {First: rate.Draw(t, "c"), Second: rate.Draw(t, "d")}},
		}
		fixed := rapid.Bool().Draw(t, "relation")
		if fixed {
			table.Relations = []Relation{{From: "Z", To: "A", Class: "second", Minor: 4_321, Both: true}, {From: "A", To: "Z", Class: "first", Minor: 8_765}}
		}
		legs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) leg {
			return leg{category: rapid.SampledFrom([]string{"ICE", "IC"}).Draw(t, "category"), metres: rapid.Int64Range(0, 1_200_000).Draw(t, "metres"), from: "M", to: "M"}
		}), 1, 5).Draw(t, "legs")
		legs[0].from, legs[len(legs)-1].to = "A", "Z"
		class := rapid.SampledFrom([]Class{First, Second}).Draw(t, "class")
		who := party{adults: rapid.IntRange(0, 5).Draw(t, "adults"), childAges: rapid.SliceOfN(rapid.IntRange(0, 17), 0, 4).Draw(t, "ages")}

		got, ok := table.journey(legs, class, &table.Families[0], &who)
		if !ok || len(got) != len(legs) {
			t.Fatalf("%v, %v", got, ok)
		}
		base, way, shares := int64(0), new(big.Rat), make([]*big.Rat, len(legs))
		for i, l := range legs {
			tariff := table.Tariffs[1]
			if l.category == "ICE" {
				tariff = table.Tariffs[0]
			}
			r := tariff.Second
			if class == First {
				r = tariff.First
			}
			base = max(base, r.Base)
			shares[i] = big.NewRat(l.metres*r.Per100KM, 100_000)
			way.Add(way, shares[i])
		}
		adult := base + round(way)
		if fixed {
			adult = 4_321
			if class == First {
				adult = 8_765
			}
		}
		adult = round(big.NewRat(adult*int64(table.Families[0].PercentBP), 10_000))
		child := round(big.NewRat(adult*int64(table.ChildBP), 10_000))
		want := int64(who.adults) * adult
		for _, age := range who.childAges {
			if age >= table.ChildFreeBelow {
				want += child
			}
		}
		var sum int64
		for i, p := range got {
			sum += p
			if way.Sign() == 0 {
				continue
			}
			share := new(big.Rat).Mul(big.NewRat(want, 1), new(big.Rat).Quo(shares[i], way))
			if off := new(big.Rat).Sub(share, big.NewRat(p, 1)); off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("ride %d costs %d of %d, its share is %v", i, p, want, share.FloatString(3))
			}
		}
		if sum != want {
			t.Fatalf("%d, want %d", sum, want)
		}
	})
}

func TestFareVersionsAreNamedByContent(t *testing.T) {
	a, b := DefaultTemplates().Fares, DefaultTemplates().Fares
	supplier := derive("supplier", "1")
	b.Families[1].FeeBP = 5_000
	for _, table := range []*FareTable{&a, &b} {
		if err := table.versioned(supplier); err != nil {
			t.Fatal(err)
		}
	}
	if a.Families[0].Version != b.Families[0].Version || a.Families[1].ID != b.Families[1].ID || a.Families[1].Version == b.Families[1].Version {
		t.Error("a fare is one by its name, a version one by its conditions")
	}
}
