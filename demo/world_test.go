package demo

import (
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/civil"
	"holdfast/hotel"
	"holdfast/money"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var today = civil.MustParse("2026-11-22")

func TestSameSeedSameWorld(t *testing.T) {
	a, b := Make(Seed, today, 730), Make(Seed, today, 730)
	if !reflect.DeepEqual(a, b) {
		t.Error("two worlds of one seed differ")
	}
	if other := Make(Seed+1, today, 730); reflect.DeepEqual(a, other) {
		t.Error("another seed gives the same world")
	}
	// The day a demo is finished on may not be the day it was begun: the hotels stay the same ones.
	later := Make(Seed, today.Add(40), 730)
	for i := range a.Houses {
		if a.Houses[i].Hotel.ID != later.Houses[i].Hotel.ID || a.Houses[i].Hotel.Name != later.Houses[i].Hotel.Name {
			t.Fatalf("hotel %d is %q, later %q", i, a.Houses[i].Hotel.Name, later.Houses[i].Hotel.Name)
		}
	}
}

func TestWorldIsPlausible(t *testing.T) {
	w := Make(Seed, today, 730)
	if n := len(w.Houses); n < 280 || n > 360 {
		t.Errorf("%d hotels, want about 300", n)
	}
	if len(cities) < 60 {
		t.Errorf("%d cities, want about 60", len(cities))
	}
	suppliers := map[uid.ID]int{}
	for _, s := range w.Suppliers {
		suppliers[s.ID] = 0
	}
	seen := map[uid.ID]bool{}
	fresh := func(id uid.ID) {
		if id.IsZero() || seen[id] {
			t.Errorf("id %s is empty or there twice", id.Text("x"))
		}
		seen[id] = true
	}
	digits, names, capped, numbered, halfBoard, pools := map[int]int{}, map[string]bool{}, 0, 0, 0, 0
	for _, h := range w.Houses {
		fresh(h.Hotel.ID)
		if _, known := suppliers[h.Hotel.Supplier]; !known {
			t.Errorf("%s belongs to a supplier that is not there", h.Hotel.Name)
		}
		suppliers[h.Hotel.Supplier]++
		if names[h.Hotel.City+h.Hotel.Name] {
			t.Errorf("%s has two hotels %q", h.Hotel.City, h.Hotel.Name)
		}
		names[h.Hotel.City+h.Hotel.Name] = true
		if _, err := civil.Zone(h.Hotel.TimeZone); err != nil {
			t.Errorf("%s: %v", h.Hotel.City, err)
		}
		if _, err := money.ParseCurrency(string(h.Hotel.Currency)); err != nil {
			t.Errorf("%s: %v", h.Hotel.City, err)
		}
		digits[h.Hotel.Currency.Exponent()]++
		if h.Hotel.Capacity != nil {
			capped++
		}
		if len(h.Rooms) > 0 {
			numbered++
		}
		if len(h.Types) < 2 || len(h.Types) > 5 || len(h.Plans) < 2 || len(h.Plans) > 3 {
			t.Errorf("%s has %d room types and %d rate plans", h.Hotel.Name, len(h.Types), len(h.Plans))
		}
		if len(h.Plans) == 3 && h.Plans[2].Board == hotel.HalfBoard {
			halfBoard++
		}
		for _, r := range h.Types {
			fresh(r.ID)
			pools++
			lines(t, h.Hotel.Name, r)
		}
		for _, p := range h.Plans {
			fresh(p.ID)
		}
		for _, r := range h.Rooms {
			fresh(r.ID)
		}
	}
	for id, n := range suppliers {
		if n == 0 {
			t.Errorf("supplier %s has no hotel", id.Text("sup"))
		}
	}
	if digits[0] == 0 || digits[2] == 0 || digits[3] == 0 || capped == 0 || numbered != len(chains) || halfBoard < 20 {
		t.Errorf("currencies by digits %v, %d capped, %d with numbered rooms, %d with half board", digits, capped, numbered, halfBoard)
	}
	t.Logf("%d hotels, %d pools", len(w.Houses), pools)
}

// lines checks that seasons, weekends and holidays are in a room type's lines and that these are in order.
func lines(t *testing.T, name string, r hotel.RoomType) {
	t.Helper()
	prices := map[int64]bool{}
	for i, run := range r.Rates {
		prices[run.Value] = true
		if run.From >= run.To || run.Value <= 0 || run.Value == r.BasePrice || i > 0 && (r.Rates[i-1].To > run.From || r.Rates[i-1].To == run.From && r.Rates[i-1].Value == run.Value) {
			t.Errorf("%s, %s: run %d of the rates is %+v", name, r.Name, i, run)
		}
	}
	if len(prices) < 4 || len(r.Rates) < 20 {
		t.Errorf("%s, %s: %d prices in %d runs; where are the seasons?", name, r.Name, len(prices), len(r.Rates))
	}
	eve := civil.DateOf(2026, time.December, 31)
	if rule, _ := r.Restrictions.At(eve); rule.MinStay() != newYearStay {
		t.Errorf("%s, %s: a stay over New Year's Eve has at least %d nights, want %d", name, r.Name, rule.MinStay(), newYearStay)
	}
	price, _ := r.Rates.At(eve)
	if price <= r.BasePrice {
		t.Errorf("%s, %s: New Year's Eve costs %d, an ordinary night %d", name, r.Name, price, r.BasePrice)
	}
}

func TestSouthernSummerIsInJanuary(t *testing.T) {
	var south, north calendar
	for _, c := range cities {
		switch c.name {
		case "Sydney":
			south.city = c
		case "Rome":
			north.city = c
		}
	}
	january, july := civil.MustParse("2027-01-19"), civil.MustParse("2027-07-20") // Tuesdays
	if south.share(january, true) <= south.share(july, true) || north.share(january, true) >= north.share(july, true) {
		t.Errorf("Sydney %d and %d %%, Rome %d and %d %%", south.share(january, true), south.share(july, true), north.share(january, true), north.share(july, true))
	}
	if friday := july.Add(3); north.share(friday, true) <= north.share(july, true) || north.share(friday, false) != north.share(july, false) {
		t.Errorf("Rome in July: Friday %d %%, Tuesday %d %%", north.share(friday, true), north.share(july, true))
	}
}
