package fare_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/flight/fare"
	"holdfast/offer"
)

func price(t interface{ Fatal(...any) }, r fare.Request) []fare.Item {
	items, err := r.Price()
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// One trip worked out by hand: two adults, a child and an infant from Lisbon over Frankfurt to Oslo.
func TestPriceByHand(t *testing.T) {
	request := fare.Request{
		Currency: "EUR", Segments: []fare.Segment{{From: "LIS", Fare: 10_001}, {From: "FRA", Fare: 5_000}},
		Party: fare.Party{Adults: 2, Children: 1, Infants: 1}, Shares: fare.DefaultShares,
		Levies: []fare.Levy{
			{Kind: offer.Tax, Code: "vat", BP: 600},
			{Kind: offer.Tax, Code: "airport", Airports: []string{"LIS"}, Who: []fare.Kind{fare.Adult, fare.Child}, Minor: 1_250},
			{Kind: offer.Tax, Code: "airport", Airports: []string{"FRA"}, Who: []fare.Kind{fare.Adult}, Minor: 2_000},
			{Kind: offer.Fee, Code: "service", Once: true, Who: []fare.Kind{fare.Adult}, Minor: 500},
		},
	}
	items := price(t, request)
	// LIS: 10,001 each adult, three quarters is 7,500.75, a tenth 1,000.1; 6 % of 28,503 is 1,710.18.
	first := offer.Price{Base: 28_503, Parts: []offer.Part{
		{Kind: offer.Tax, Code: "vat", Minor: 1_710}, {Kind: offer.Tax, Code: "airport", Minor: 3_750}, {Kind: offer.Fee, Code: "service", Minor: 1_000},
	}}
	second := offer.Price{Base: 14_250, Parts: []offer.Part{{Kind: offer.Tax, Code: "vat", Minor: 855}, {Kind: offer.Tax, Code: "airport", Minor: 4_000}}}
	for i, want := range []offer.Price{first, second} {
		if got := items[i].Price; got.Base != want.Base || !slices.Equal(got.Parts, want.Parts) {
			t.Errorf("item %d: %+v, want %+v", i, got, want)
		}
	}
	var bases, vat []int64
	for _, one := range items[0].Travellers {
		bases, vat = append(bases, one.Base), append(vat, one.Parts[0])
	}
	if !slices.Equal(bases, []int64{10_001, 10_001, 7_501, 1_000}) || !slices.Equal(vat, []int64{600, 600, 450, 60}) {
		t.Errorf("travellers pay %v, vat %v", bases, vat)
	}
	if total := fare.Total(items); total != 28_503+1_710+3_750+1_000+14_250+855+4_000 {
		t.Errorf("in total %d", total)
	}
}

// A through fare holds when it is cheaper, and only then; it is divided by the fares of the segments.
func TestThroughFare(t *testing.T) {
	for name, c := range map[string]struct {
		through int64
		want    [][]int64 // by item: adult, child
	}{
		"none":               {0, [][]int64{{10_000, 7_500}, {20_000, 15_000}}},
		"cheaper":            {24_001, [][]int64{{8_000, 6_000}, {16_001, 12_001}}},
		"as dear":            {30_000, [][]int64{{10_000, 7_500}, {20_000, 15_000}}},
		"dearer than singly": {31_000, [][]int64{{10_000, 7_500}, {20_000, 15_000}}},
	} {
		items := price(t, fare.Request{
			Currency: "EUR", Segments: []fare.Segment{{Fare: 10_000}, {Fare: 20_000}}, Through: c.through,
			Party: fare.Party{Adults: 1, Children: 1}, Shares: fare.DefaultShares,
		})
		for i := range items {
			got := []int64{items[i].Travellers[0].Base, items[i].Travellers[1].Base}
			if !slices.Equal(got, c.want[i]) {
				t.Errorf("%s: item %d costs %v, want %v", name, i, got, c.want[i])
			}
		}
	}
}

// A share is taken of the item and then divided: 4.5 % of three times 0.10 is 0.01, not three times nothing.
func TestShareIsRoundedOnce(t *testing.T) {
	items := price(t, fare.Request{
		Currency: "EUR", Segments: []fare.Segment{{Fare: 10}}, Party: fare.Party{Adults: 3},
		Levies: []fare.Levy{{Kind: offer.Tax, Code: "vat", BP: 450}},
	})
	var each []int64
	for _, one := range items[0].Travellers {
		each = append(each, one.Parts[0])
	}
	if items[0].Price.Parts[0].Minor != 1 || !slices.Equal(each, []int64{1, 0, 0}) {
		t.Errorf("%d in all, %v each", items[0].Price.Parts[0].Minor, each)
	}
}

// What is included is shown and not added: 19 % of a net fare are in 11,900.
func TestIncludedTax(t *testing.T) {
	items := price(t, fare.Request{
		Currency: "EUR", Segments: []fare.Segment{{Fare: 11_900}}, Party: fare.Party{Adults: 1},
		Levies: []fare.Levy{{Kind: offer.Tax, Code: "vat", BP: 1_900, Included: true}},
	})
	if p := items[0].Price; p.Base != 11_900 || p.Total() != 11_900 || p.Parts[0].Minor != 1_900 || items[0].Travellers[0].Total != 11_900 {
		t.Errorf("%+v", items[0])
	}
}

func drawRequest(t *rapid.T) fare.Request {
	r := fare.Request{
		Currency: "EUR",
		Shares:   fare.Shares{ChildBP: rapid.Int32Range(0, 10_000).Draw(t, "child"), InfantBP: rapid.Int32Range(0, 3_000).Draw(t, "infant")},
	}
	r.Party.Adults = uint8(rapid.IntRange(1, 6).Draw(t, "adults"))
	r.Party.Children = uint8(rapid.IntRange(0, 3).Draw(t, "children"))
	r.Party.Infants = uint8(rapid.IntRange(0, int(r.Party.Adults)).Draw(t, "infants"))
	for range rapid.IntRange(1, 4).Draw(t, "segments") {
		r.Segments = append(r.Segments, fare.Segment{From: rapid.SampledFrom([]string{"LIS", "FRA"}).Draw(t, "from"), Fare: rapid.Int64Range(0, 99_999).Draw(t, "fare")})
	}
	if rapid.Bool().Draw(t, "published") {
		r.Through = rapid.Int64Range(1, 200_000).Draw(t, "through")
	}
	for range rapid.IntRange(0, 6).Draw(t, "levies") {
		l := fare.Levy{
			Kind: rapid.SampledFrom([]offer.PartKind{offer.Tax, offer.Fee}).Draw(t, "kind"), Code: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "code"),
			Airports: rapid.SampledFrom([][]string{nil, {"LIS"}}).Draw(t, "airports"), Who: rapid.SampledFrom([][]fare.Kind{nil, {fare.Adult}, {fare.Child, fare.Infant}}).Draw(t, "who"),
			Once: rapid.Bool().Draw(t, "once"), Included: rapid.IntRange(0, 3).Draw(t, "included") == 0,
		}
		if rapid.Bool().Draw(t, "share") {
			l.BP = rapid.Int32Range(1, 3_000).Draw(t, "bp")
		} else {
			l.Minor = rapid.Int64Range(1, 5_000).Draw(t, "minor")
		}
		r.Levies = append(r.Levies, l)
	}
	return r
}

// Travellers add up to the item in every part, totals are those of the parts, a through fare never costs more than its
// segments, and travellers of one kind differ by no more than a minor unit for each levy.
func TestPriceAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		items := price(t, r)
		var bases int64
		for i, item := range items {
			var base, total int64
			parts := make([]int64, len(item.Price.Parts))
			first := map[fare.Kind]fare.TravellerPrice{}
			for _, one := range item.Travellers {
				base, total = base+one.Base, total+one.Total
				for p, minor := range one.Parts {
					parts[p] += minor
				}
				if other, ok := first[one.Kind]; !ok {
					first[one.Kind] = one
				} else if apart := one.Total - other.Total; one.Base != other.Base || apart > int64(len(r.Levies)) || -apart > int64(len(r.Levies)) {
					t.Fatalf("two of one kind pay %+v and %+v", other, one)
				}
			}
			bases += base
			for p, part := range item.Price.Parts {
				if parts[p] != part.Minor {
					t.Fatalf("item %d: travellers pay %d of %s, the item says %d", i, parts[p], part.Code, part.Minor)
				}
			}
			if base != item.Price.Base || total != item.Price.Total() {
				t.Fatalf("item %d: travellers pay %d of %d and %d of %d", i, base, item.Price.Base, total, item.Price.Total())
			}
		}
		single := r
		single.Through = 0
		var apart int64
		for _, item := range price(t, single) {
			apart += item.Price.Base
		}
		if slack := int64(len(r.Party.Kinds()) * len(r.Segments)); bases > apart+slack {
			t.Fatalf("%d with a through fare, %d without", bases, apart)
		}
	})
}

// No sum leaves int64 where everything is as large as it may be.
func TestPriceAtItsBounds(t *testing.T) {
	r := fare.Request{
		Currency: "EUR", Party: fare.Party{Adults: fare.MaxParty, Infants: fare.MaxParty}, Shares: fare.Shares{ChildBP: fare.MaxPercentBP, InfantBP: fare.MaxPercentBP},
		Segments: slices.Repeat([]fare.Segment{{Fare: fare.MaxMinor}}, fare.MaxSegments),
		Levies:   slices.Repeat([]fare.Levy{{Kind: offer.Tax, Code: "t", BP: fare.MaxPercentBP}}, fare.MaxLevies),
	}
	const base = fare.MaxMinor * fare.MaxParty * 11
	want := int64(base * (1 + 10*fare.MaxLevies) * fare.MaxSegments)
	if got := fare.Total(price(t, r)); got != want {
		t.Errorf("%d, want %d", got, want)
	}
}

func TestPriceRefuses(t *testing.T) {
	good := func() fare.Request {
		return fare.Request{Currency: "EUR", Segments: []fare.Segment{{Fare: 1}}, Party: fare.Party{Adults: 1}, Levies: []fare.Levy{{Kind: offer.Tax, Code: "t", Minor: 1}}}
	}
	if r := good(); r.Check() != nil {
		t.Fatal(r.Check())
	}
	for name, spoil := range map[string]func(*fare.Request){
		"no segment":            func(r *fare.Request) { r.Segments = nil },
		"a negative fare":       func(r *fare.Request) { r.Segments[0].Fare = -1 },
		"a huge fare":           func(r *fare.Request) { r.Segments[0].Fare = fare.MaxMinor + 1 },
		"a negative through":    func(r *fare.Request) { r.Through = -1 },
		"a negative share":      func(r *fare.Request) { r.Shares.ChildBP = -1 },
		"a levy of no kind":     func(r *fare.Request) { r.Levies[0].Kind = 0 },
		"a levy without a code": func(r *fare.Request) { r.Levies[0].Code = "" },
		"a negative levy":       func(r *fare.Request) { r.Levies[0].Minor = -1 },
		"a levy of two kinds":   func(r *fare.Request) { r.Levies[0].BP = 1 },
		"too many parts": func(r *fare.Request) {
			for i := range offer.MaxParts {
				r.Levies = append(r.Levies, fare.Levy{Kind: offer.Fee, Code: string(rune('a' + i))})
			}
		},
		"no adult":      func(r *fare.Request) { r.Party = fare.Party{Children: 1} },
		"too many":      func(r *fare.Request) { r.Party.Children = 9 },
		"too few laps":  func(r *fare.Request) { r.Party.Infants = 2 },
		"many segments": func(r *fare.Request) { r.Segments = make([]fare.Segment, fare.MaxSegments+1) },
	} {
		r := good()
		spoil(&r)
		if _, err := r.Price(); !errors.Is(err, fare.ErrPrice) && !errors.Is(err, fare.ErrParty) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFamily(t *testing.T) {
	flex := fare.Family{
		Code: "FLEX", Name: "Flex", PercentBP: 12_550, Amount: -100, SeatChoice: fare.SeatFree,
		Refund: fare.Refund{FreeUntil: true, FreeBefore: 120, FeeBP: 5_000},
	}
	if err := flex.Check(); err != nil {
		t.Fatal(err)
	}
	if got := flex.Price(999); got != 1_154 { // 1,253.745 - 100
		t.Errorf("flex costs %d", got)
	}
	if got := flex.Price(10); got != 0 {
		t.Errorf("flex of a small fare costs %d", got)
	}
	departs := time.Unix(1_800_000_000, 0).UTC()
	arrives := departs.Add(3 * time.Hour)
	if got, want := flex.Terms(departs, arrives), (offer.Terms{FreeUntil: departs.Add(-2 * time.Hour), FeeBP: 5_000, EndsAt: arrives}); got != want {
		t.Errorf("terms %+v, want %+v", got, want)
	}
	light := fare.Family{Code: "L", Name: "Light", PercentBP: 10_000, SeatChoice: fare.SeatAtCheckIn, Refund: fare.Refund{FeeBP: 10_000}}
	if got, want := light.Terms(departs, arrives), (offer.Terms{FeeBP: 10_000, EndsAt: arrives}); got != want {
		t.Errorf("terms %+v, want %+v", got, want)
	}
	for name, f := range map[string]fare.Family{
		"no name": {Code: "L", SeatChoice: fare.SeatPaid}, "no seat rule": {Code: "L", Name: "L"},
		"a fee above all": {Code: "L", Name: "L", SeatChoice: fare.SeatPaid, Refund: fare.Refund{FeeBP: 10_001}},
		"a negative fee":  {Code: "L", Name: "L", SeatChoice: fare.SeatPaid, Change: fare.Change{Minor: -1}},
		"a negative rate": {Code: "L", Name: "L", SeatChoice: fare.SeatPaid, PercentBP: -1},
	} {
		if f.Check() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
