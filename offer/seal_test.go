package offer_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

var issued = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func sealer(t testing.TB, fill byte) *offer.Sealer {
	t.Helper()
	s, err := offer.NewSealer(bytes.Repeat([]byte{fill}, offer.SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// largestStay is the fullest stay the hotel's limits allow: it must still fit 512 bytes.
func largestStay() offer.Offer {
	p := offer.Piece{
		Supplier: uid.New(), Claims: []stock.Claim{{Pool: 1 << 40, From: 20_000, To: 20_365, Count: 99}, {Pool: 1<<40 + 1, From: 20_000, To: 20_365, Count: 99}},
		Price: offer.Price{Base: 1 << 45}, Terms: offer.Terms{FreeUntil: issued.AddDate(2, 0, 0), FeeBP: 10_000, EndsAt: issued.AddDate(3, 0, 0)},
		Stay: offer.Stay{Hotel: uid.New(), RoomType: uid.New(), Plan: uid.New(), RatePlan: uid.New(), Board: 5, CheckIn: 20_000, CheckOut: 20_365},
	}
	for range 6 {
		p.Price.Parts = append(p.Price.Parts, offer.Part{Kind: offer.Tax, Code: "abcdefghijkl", Minor: 1 << 30})
	}
	for i := range 9 {
		p.Stay.Rooms = append(p.Stay.Rooms, offer.Party{Adults: uint8(i + 1), ChildAges: []uint8{1, 2, 3, 4}})
	}
	return offer.Offer{IssuedAt: issued, ExpiresAt: issued.Add(20 * time.Minute), Currency: "EUR", Pieces: []offer.Piece{p}}
}

func TestLargestStayFits(t *testing.T) {
	s := sealer(t, 1)
	text, err := s.Seal(largestStay())
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(largestStay(), got, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() == reflect.TypeFor[uid.ID]() }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	t.Logf("%d bytes", len(text))
}

func TestRoundTrip(t *testing.T) {
	s := sealer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		in := randomOffer(t)
		text, err := s.Seal(in)
		if errors.Is(err, offer.ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Open(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Every single changed character, and every other secret, is noticed.
func TestTamperingIsNoticed(t *testing.T) {
	s := sealer(t, 1)
	text, err := s.Seal(largestStay())
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		changed := []byte(text)
		if changed[i]++; changed[i] == '{' {
			changed[i] = 'A'
		}
		if _, err := s.Open(string(changed)); !errors.Is(err, offer.ErrNotOffer) {
			t.Fatalf("character %d changed: %v", i, err)
		}
	}
	for _, bad := range []string{"", "off_", "off_AAAA", text + "A", text[:len(text)-1], "OFF_" + text[4:], text + text} {
		if _, err := s.Open(bad); !errors.Is(err, offer.ErrNotOffer) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	if _, err := sealer(t, 2).Open(text); !errors.Is(err, offer.ErrNotOffer) {
		t.Errorf("another secret opened it: %v", err)
	}
	if _, err := sealer(t, 1).Open(text); err != nil {
		t.Errorf("another process with the same secret: %v", err)
	}
}

func randomOffer(t *rapid.T) offer.Offer {
	id := rapid.Custom(func(t *rapid.T) uid.ID {
		var id uid.ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		return id
	})
	piece := rapid.Custom(func(t *rapid.T) offer.Piece {
		from := civil.Date(rapid.Int32Range(0, 40_000).Draw(t, "from"))
		nights := civil.Date(rapid.Int32Range(1, 365).Draw(t, "nights"))
		p := offer.Piece{
			Supplier: id.Draw(t, "supplier"),
			Claims:   []stock.Claim{{Pool: stock.PoolID(rapid.Int64Range(1, 1<<40).Draw(t, "pool")), From: stock.Slot(from), To: stock.Slot(from + nights), Count: rapid.Int32Range(1, 99).Draw(t, "n")}},
			Price:    offer.Price{Base: rapid.Int64Range(0, 1<<50).Draw(t, "base")},
			Terms:    offer.Terms{FeeBP: rapid.Int32Range(0, 10_000).Draw(t, "fee"), EndsAt: issued.Add(time.Duration(rapid.IntRange(-1000, 1<<28).Draw(t, "ends")) * time.Second)},
			Stay:     offer.Stay{Hotel: id.Draw(t, "hotel"), RoomType: id.Draw(t, "type"), Plan: id.Draw(t, "plan"), RatePlan: id.Draw(t, "version"), Board: rapid.Uint8().Draw(t, "board"), CheckIn: from, CheckOut: from + nights},
		}
		if rapid.Bool().Draw(t, "free") {
			p.Terms.FreeUntil = issued.Add(time.Duration(rapid.IntRange(-1000, 1<<28).Draw(t, "freeUntil")) * time.Second)
		}
		p.Price.Parts = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) offer.Part {
			return offer.Part{Kind: offer.Fee, Code: rapid.StringMatching(`[a-z_]{1,12}`).Draw(t, "code"), Minor: rapid.Int64Range(0, 1<<40).Draw(t, "minor"), Included: rapid.Bool().Draw(t, "included")}
		}), 0, 4).Draw(t, "parts")
		if len(p.Price.Parts) == 0 {
			p.Price.Parts = nil
		}
		p.Stay.Rooms = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) offer.Party {
			party := offer.Party{Adults: rapid.Uint8Range(1, 4).Draw(t, "adults"), ChildAges: rapid.SliceOfN(rapid.Uint8Range(0, 17), 0, 3).Draw(t, "ages")}
			if len(party.ChildAges) == 0 {
				party.ChildAges = nil
			}
			return party
		}), 1, 5).Draw(t, "rooms")
		if rapid.Bool().Draw(t, "ride") {
			p.Stay, p.Ride = offer.Stay{}, randomRide(t, id.Draw(t, "run"), id.Draw(t, "fare"))
		}
		return p
	})
	return offer.Offer{
		IssuedAt: issued, ExpiresAt: issued.Add(time.Duration(rapid.IntRange(1, 100_000).Draw(t, "ttl")) * time.Second), Currency: "JPY",
		Audience: rapid.StringMatching(`[a-z]{0,20}`).Draw(t, "audience"), Pieces: rapid.SliceOfN(piece, 1, 4).Draw(t, "pieces"),
	}
}

func randomRide(t *rapid.T, run, fare uid.ID) *offer.Ride {
	departs := issued.Add(time.Duration(rapid.IntRange(-1000, 1<<25).Draw(t, "departs")) * time.Second)
	r := &offer.Ride{
		Mode: offer.Mode(rapid.IntRange(1, 2).Draw(t, "mode")), Run: run, Number: rapid.StringMatching(`[A-Z]{2} [0-9]{1,4}`).Draw(t, "number"),
		Date: civil.Date(rapid.Int32Range(0, 40_000).Draw(t, "date")), From: rapid.StringMatching(`[A-Z0-9]{3,24}`).Draw(t, "from"), To: rapid.StringMatching(`[A-Z0-9]{3,24}`).Draw(t, "to"),
		Departs: departs, Arrives: departs.Add(time.Duration(rapid.IntRange(1, 1<<18).Draw(t, "takes")) * time.Second),
		DepartOffset: rapid.Int16Range(-720, 840).Draw(t, "here"), ArriveOffset: rapid.Int16Range(-720, 840).Draw(t, "there"),
		Class: "economy", Booking: "Y", Fare: fare, FareVersion: fare, FareName: "Flex",
		Adults: rapid.Uint8Range(1, 9).Draw(t, "adults"), Children: rapid.Uint8Range(0, 8).Draw(t, "children"), Infants: rapid.Uint8Range(0, 3).Draw(t, "infants"),
		Seating: offer.Seating{Pool: stock.PoolID(rapid.Int64Range(0, 1<<40).Draw(t, "seats")), AtHold: rapid.Bool().Draw(t, "at hold")},
	}
	r.Seating.Tiers = rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 0, offer.MaxTiers).Draw(t, "tiers")
	if len(r.Seating.Tiers) == 0 {
		r.Seating.Tiers = nil
	}
	return r
}

// A return journey with two stops each way, deep in the booking classes, with all kinds of taxes and seat prices, fits
// the bound of an itinerary.
func TestLargestItineraryFits(t *testing.T) {
	s := sealer(t, 1)
	supplier, fare := uid.New(), uid.New()
	o := offer.Offer{IssuedAt: issued, ExpiresAt: issued.Add(20 * time.Minute), Currency: "EUR", Audience: "usr_0123456789abcdefghijklmnop"}
	for i := range 6 {
		at := issued.AddDate(0, 11, i)
		p := offer.Piece{
			Supplier: supplier, Price: offer.Price{Base: 1_234_567}, Terms: offer.Terms{FreeUntil: at, FeeBP: 10_000, EndsAt: at.Add(12 * time.Hour)},
			Ride: &offer.Ride{
				Mode: offer.Flight, Run: uid.New(), Number: "HF 1234", Date: civil.Date(21_000 + i), From: "LIS", To: "HND", Departs: at, Arrives: at.Add(12 * time.Hour),
				DepartOffset: 60, ArriveOffset: 540, Class: "premium_economy", Booking: "Y", Fare: fare, FareVersion: uid.New(), FareName: "Economy Classic",
				Adults: 9, Children: 4, Infants: 2, Seating: offer.Seating{Pool: 1 << 30, Tiers: []int64{0, 1500, 2500, 4500, 9900}},
			},
		}
		for k := range 8 { // the cabin and seven nests
			p.Claims = append(p.Claims, stock.Claim{Pool: stock.PoolID(1<<30 + k), From: 0, To: 2, Count: 13})
		}
		for _, code := range []string{"vat", "airport_tax", "security_fee", "fuel_fee"} {
			p.Price.Parts = append(p.Price.Parts, offer.Part{Kind: offer.Tax, Code: code, Minor: 123_456})
		}
		o.Pieces = append(o.Pieces, p)
	}
	text, err := s.Seal(o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Open(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, got); diff != "" {
		t.Error(diff)
	}
	t.Logf("%d bytes", len(text))
	o.Pieces[0].Claims[0].Unit, o.Pieces[0].Claims[0].Count = 1, 1
	if _, err := s.Seal(o); err == nil {
		t.Error("an offer names a unit, which only the desk gives out")
	}
}
