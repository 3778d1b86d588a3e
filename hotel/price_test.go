package hotel

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/uid"
)

func TestShareIsBasisPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(0, MaxPriceMinor).Draw(t, "minor")
		bp := rapid.Int32().Draw(t, "bp")
		if got, want := share(minor, bp), money.Of(minor, "EUR").BasisPoints(int64(bp)).Minor; got != want {
			t.Fatalf("share(%d, %d) = %d, want %d", minor, bp, got, want)
		}
	})
}

var parties = map[string][]offer.Party{
	"couple": {{Adults: 2}},
	"family": {{Adults: 2, ChildAges: []uint8{3, 11}}},
	"group":  {{Adults: 1}, {Adults: 3}, {Adults: 2, ChildAges: []uint8{17}}},
}

func TestPlanPrice(t *testing.T) {
	in := civil.MustParse("2026-03-01")
	three := stay{in, in.Add(3)}
	bands := []ChildBand{{UpToAge: 5, Minor: 0}, {UpToAge: 12, Minor: 1500}}
	for name, c := range map[string]struct {
		plan  RatePlan
		rooms []offer.Party
		want  []int64 // base prices are 100.00, 120.00 (a rate), 100.05
	}{
		"base":                 {RatePlan{PercentBP: 10_000}, parties["couple"], []int64{10000, 12000, 10005}},
		"percent rounds away":  {RatePlan{PercentBP: 9_000}, parties["couple"], []int64{9000, 10800, 9005}},
		"amount":               {RatePlan{PercentBP: 10_000, Amount: -500}, parties["couple"], []int64{9500, 11500, 9505}},
		"never below zero":     {RatePlan{PercentBP: 10_000, Amount: -11_000}, parties["couple"], []int64{0, 1000, 0}},
		"adults included":      {RatePlan{PercentBP: 10_000, IncludedAdults: 2, ExtraAdult: 700}, parties["couple"], []int64{10000, 12000, 10005}},
		"an adult beyond":      {RatePlan{PercentBP: 10_000, IncludedAdults: 1, ExtraAdult: 700}, parties["couple"], []int64{10700, 12700, 10705}},
		"no included: no supp": {RatePlan{PercentBP: 10_000, ExtraAdult: 700}, parties["couple"], []int64{10000, 12000, 10005}},
		"children by age":      {RatePlan{PercentBP: 10_000, ChildBands: bands}, parties["family"], []int64{11500, 13500, 11505}},
		"children without bands are free": {
			RatePlan{PercentBP: 10_000, IncludedAdults: 2, ExtraAdult: 700},
			parties["family"],
			[]int64{10000, 12000, 10005},
		},
		"rooms add up, an old child is an adult": {
			RatePlan{PercentBP: 10_000, IncludedAdults: 2, ExtraAdult: 700, ChildBands: bands},
			parties["group"],
			[]int64{3*10000 + 1400, 3*12000 + 1400, 3*10005 + 1400},
		},
	} {
		t.Run(name, func(t *testing.T) {
			kind := RoomType{ID: uid.New(), BasePrice: 10000, Rates: Line[int64]{}.Set(in.Add(1), in.Add(2), 12000).Set(in.Add(2), in.Add(9), 10005)}
			h := Hotel{Currency: "EUR"}
			nights, price := h.price(&kind, &c.plan, three, c.rooms)
			var sum int64
			for i, n := range nights {
				sum += n
				if n != c.want[i] {
					t.Errorf("night %d costs %d, want %d", i, n, c.want[i])
				}
			}
			if price.Base != sum || price.Total() != sum || len(price.Parts) != 0 {
				t.Errorf("price %+v, want a base and a total of %d", price, sum)
			}
		})
	}
	t.Run("an override stands instead of the rule", func(t *testing.T) {
		kind := RoomType{ID: uid.New(), BasePrice: 10000}
		plan := RatePlan{PercentBP: 9_000, Amount: 5, Overrides: map[uid.ID]Line[int64]{kind.ID: Line[int64]{}.Set(in.Add(1), in.Add(2), 4242)}}
		nights, _ := (&Hotel{}).price(&kind, &plan, three, parties["couple"])
		if nights[0] != 9005 || nights[1] != 4242 || nights[2] != 9005 {
			t.Errorf("nights cost %d", nights)
		}
	})
}

func TestLevies(t *testing.T) {
	in := civil.MustParse("2026-03-01")
	h := Hotel{Currency: "EUR", Levies: []Levy{
		{Kind: offer.Tax, Code: "vat", Rule: PercentOfBase, BP: 700, Included: true},
		{Kind: offer.Tax, Code: "service", Rule: PercentOfBase, BP: 1000},
		{Kind: offer.Fee, Code: "resort", Rule: PerRoomNight, Minor: 300},
		{Kind: offer.Tax, Code: "city", Rule: PerPersonNight, Minor: 50},
		{Kind: offer.Tax, Code: "adult", Rule: PerAdultNight, Minor: 20},
		{Kind: offer.Fee, Code: "clean", Rule: PerStay, Minor: 4000},
	}}
	rooms := []offer.Party{{Adults: 2, ChildAges: []uint8{4}}, {Adults: 1}}
	kind, plan := RoomType{BasePrice: 10005}, RatePlan{PercentBP: 10_000}
	nights, price := h.price(&kind, &plan, stay{in, in.Add(2)}, rooms)
	if len(nights) != 2 || price.Base != 40020 {
		t.Fatalf("nights %v, base %d", nights, price.Base)
	}
	// 400.20 - 400.20/1.07 = 26.1813..., 400.20 x 10 % = 40.02, 2 rooms x 2 nights, 4 people, 3 adults, 2 rooms.
	for i, want := range []int64{2618, 4002, 1200, 400, 120, 8000} {
		if price.Parts[i].Minor != want || price.Parts[i].Code != h.Levies[i].Code || price.Parts[i].Included != (i == 0) {
			t.Errorf("part %+v, want %d", price.Parts[i], want)
		}
	}
	if want := int64(40020 + 4002 + 1200 + 400 + 120 + 8000); price.Total() != want {
		t.Errorf("total %d, want %d", price.Total(), want)
	}
	if got := (&listing{added: h.extras()}).total(price.Base, count(stay{in, in.Add(2)}, rooms)); got != price.Total() {
		t.Errorf("the short way comes to %d, the long one to %d", got, price.Total())
	}
}

// With everything at its bound no sum leaves int64: the same sums in arbitrary precision are equal.
func TestPriceAtItsBounds(t *testing.T) {
	in := civil.MustParse("2026-03-01")
	h := Hotel{Currency: "EUR"}
	for i, rule := range []LevyRule{PercentOfBase, PercentOfBase, PerRoomNight, PerPersonNight, PerAdultNight, PerStay, PerPersonNight, PercentOfBase} {
		h.Levies = append(h.Levies, Levy{Kind: offer.Tax, Rule: rule, BP: MaxLevyBP, Minor: MaxPriceMinor, Included: i == 0})
	}
	if len(h.Levies) < MaxLevies || len(h.Levies) != offer.MaxParts {
		t.Fatalf("%d levies are not the most", len(h.Levies))
	}
	rooms := make([]offer.Party, MaxRooms)
	for i := range rooms {
		rooms[i] = offer.Party{Adults: MaxAdults, ChildAges: []uint8{1, 1, 1, 1, 1, 1, 1, 1, 1}}
	}
	if len(rooms[0].ChildAges) != offer.MaxChildren {
		t.Fatal("not the most children")
	}
	kind := RoomType{ID: uid.New(), BasePrice: MaxPriceMinor}
	plan := RatePlan{
		PercentBP: MaxPercentBP, Amount: MaxPriceMinor, IncludedAdults: 1, ExtraAdult: MaxPriceMinor,
		ChildBands: []ChildBand{{UpToAge: MaxChildAge, Minor: MaxPriceMinor}},
	}
	s := stay{in, in.Add(MaxStayNights)}
	_, price := h.price(&kind, &plan, s, rooms)

	n := func(v int64) *big.Int { return big.NewInt(v) }
	mul := func(v *big.Int, by ...int64) *big.Int {
		for _, b := range by {
			v = new(big.Int).Mul(v, n(b))
		}
		return v
	}
	top := n(MaxPriceMinor)
	night := new(big.Int).Add(mul(top, MaxPercentBP/10_000), top)
	night.Add(night, mul(top, MaxAdults-1)).Add(night, mul(top, offer.MaxChildren))
	base := mul(night, MaxRooms, MaxStayNights)
	total := new(big.Int).Add(base, mul(base, 2)) // two added percentages of 100 %
	people := int64(MaxAdults + offer.MaxChildren)
	total.Add(total, mul(top, MaxRooms, MaxStayNights)).Add(total, mul(top, people, MaxRooms, MaxStayNights, 2))
	total.Add(total, mul(top, MaxAdults, MaxRooms, MaxStayNights)).Add(total, mul(top, MaxRooms))
	if base.Cmp(n(price.Base)) != 0 || total.Cmp(n(price.Total())) != 0 {
		t.Errorf("base %d, want %s; total %d, want %s", price.Base, base, price.Total(), total)
	}
	if mul(base, 10_000).Cmp(n(math.MaxInt64-20_000)) > 0 {
		t.Errorf("the product behind an included percentage, %s x 10,000, leaves int64", base)
	}
	if want := price.Base / 2; price.Parts[0].Minor != want {
		t.Errorf("an included 100 %% is %d, want %d", price.Parts[0].Minor, want)
	}
}

func TestOccupancy(t *testing.T) {
	bands := []ChildBand{{UpToAge: 12}}
	for name, c := range map[string]struct {
		takes Occupancy
		party offer.Party
		bands []ChildBand
		want  bool
	}{
		"full":                             {Occupancy{2, 0}, offer.Party{Adults: 2}, nil, true},
		"too many adults":                  {Occupancy{2, 2}, offer.Party{Adults: 3}, nil, false},
		"a child on an adult's place":      {Occupancy{2, 0}, offer.Party{Adults: 1, ChildAges: []uint8{4}}, nil, true},
		"too many people":                  {Occupancy{2, 1}, offer.Party{Adults: 2, ChildAges: []uint8{4, 6}}, nil, false},
		"a child older than all bands":     {Occupancy{2, 1}, offer.Party{Adults: 2, ChildAges: []uint8{13}}, bands, false},
		"and one at the end of the last":   {Occupancy{2, 1}, offer.Party{Adults: 2, ChildAges: []uint8{12}}, bands, true},
		"without bands a child is a child": {Occupancy{2, 1}, offer.Party{Adults: 2, ChildAges: []uint8{17}}, nil, true},
	} {
		plan := RatePlan{ChildBands: c.bands}
		if got := c.takes.fits(plan.demand([]offer.Party{{Adults: 1}, c.party})); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Squeezed into 16 bits a restriction refuses exactly what it refuses in full.
func TestSqueezedRestriction(t *testing.T) {
	night := civil.MustParse("2026-03-01")
	rapid.Check(t, func(t *rapid.T) {
		stays := func(name string) int {
			return rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(60, 66), rapid.IntRange(125, 130), rapid.IntRange(0, MaxStayNights)).Draw(t, name)
		}
		r := Restriction(0).WithMinStay(stays("min")).WithMaxStay(stays("max"))
		if rapid.Bool().Draw(t, "cta") {
			r |= ClosedToArrival
		}
		if rapid.Bool().Draw(t, "ctd") {
			r |= ClosedToDeparture
		}
		n := stays("nights")
		kind := RoomType{Restrictions: Line[Restriction]{}.Set(night, night.Add(1), r)}
		u := squeeze(r)
		if got, want := u.admitsArrival(n, &kind, night), r.refusesArrival(n) == ""; got != want {
			t.Fatalf("%#x for %d nights: admitted %v, want %v", r, n, got, want)
		}
		if got, want := u&ruleClosedDeparture != 0, r&ClosedToDeparture != 0; got != want {
			t.Fatalf("%#x: closed to departure %v", r, got)
		}
	})
}
