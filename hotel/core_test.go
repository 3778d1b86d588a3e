package hotel

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOutOfOrderCountsRooms(t *testing.T) {
	mine, other := uid.New(), uid.New()
	rapid.Check(t, func(t *rapid.T) {
		rooms := make([]Room, rapid.IntRange(0, 5).Draw(t, "rooms"))
		for i := range rooms {
			rooms[i].RoomType = rapid.SampledFrom([]uid.ID{mine, other}).Draw(t, "type")
			for range rapid.IntRange(0, 4).Draw(t, "outages") {
				from := rapid.IntRange(-5, 25).Draw(t, "from")
				rooms[i].OutOfOrder = append(rooms[i].OutOfOrder, Outage{From: civil.Date(from), To: civil.Date(from + rapid.IntRange(1, 10).Draw(t, "nights"))})
			}
			d := draft{House: &House{}}
			if rooms[i].Number = "1"; d.checkRoom(&rooms[i]) == nil { // sorts the outages; the type is unknown to it
				t.Fatal("a room of no type passed")
			}
		}
		counts := outOfOrder(rooms, mine, 0, 20)
		for d := range civil.Date(20) {
			want := int32(0)
			for _, r := range rooms {
				for _, o := range r.OutOfOrder {
					if r.RoomType == mine && o.From <= d && d < o.To {
						want++
						break
					}
				}
			}
			if counts[d] != want {
				t.Fatalf("night %d: %d rooms, want %d: %+v", d, counts[d], want, rooms)
			}
		}
	})
	if outOfOrder(nil, mine, 5, 5) != nil {
		t.Error("no nights have counts")
	}
}

func TestCountriesAreThoseOfISO(t *testing.T) {
	codes := strings.Fields(countries)
	if len(codes) != 249 {
		t.Errorf("%d codes, ISO 3166-1 has 249", len(codes))
	}
	seen := map[string]bool{}
	for _, code := range codes {
		region, err := language.ParseRegion(code)
		if err != nil || !region.IsCountry() || region.String() != code || seen[code] {
			t.Errorf("%s: %v, %v", code, region, err)
		}
		if seen[code] = true; !knownCountry(code) {
			t.Errorf("%s is not known", code)
		}
	}
	for _, code := range []string{"", "S", "SGP", "sg", "G ", " S", "XX", "UK", "DA"} {
		if knownCountry(code) {
			t.Errorf("%q is taken for a country", code)
		}
	}
}

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns, a, b := newTurns(), uid.New(), uid.New()
		ctx := t.Context()
		give, err := turns.takeAll(ctx, []uid.ID{b, a, b})
		if err != nil {
			t.Fatal(err)
		}
		if got := turns.try([]uid.ID{a, b}); len(got) != 0 {
			t.Fatalf("took %v twice", got)
		}
		limited, cancel := context.WithCancel(ctx)
		cancel()
		if err := turns.take(limited, a); !errors.Is(err, context.Canceled) {
			t.Fatalf("waiting does not end with its context: %v", err)
		}
		// Many wait in opposite orders; all get their turns, one at a time.
		inside, passed := 0, 0
		var mu sync.Mutex
		for n := range 20 {
			ids := []uid.ID{a, b}
			if n%2 == 0 {
				ids = []uid.ID{b, a}
			}
			go func() {
				give, err := turns.takeAll(ctx, ids)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if inside++; inside > 1 {
					t.Error("two have the same turn")
				}
				mu.Unlock()
				mu.Lock()
				inside--
				passed++
				mu.Unlock()
				give()
			}()
		}
		synctest.Wait()
		if passed != 0 {
			t.Fatal("somebody did not wait")
		}
		give()
		synctest.Wait()
		if passed != 20 || len(turns.taken) != 0 {
			t.Errorf("%d of 20 had their turn, %d are taken", passed, len(turns.taken))
		}
	})
}

// TestDifferenceOfACloneIsNothing: a change on a clone must not reach the house it was made from, and is found.
func TestDifferenceOfACloneIsNothing(t *testing.T) {
	h := &House{
		Hotel: Hotel{ID: uid.New(), Amenities: []string{"wifi"}}, Types: []RoomType{{ID: uid.New(), Rates: Line[int64]{{1, 2, 3}}}},
		Rooms: []Room{{ID: uid.New()}}, Plans: []RatePlan{{ID: uid.New(), Version: uid.New()}}, Revision: 4,
	}
	c := h.clone()
	if change, changed := difference(h, c); changed || !change.GuardOnly() {
		t.Fatalf("a clone differs: %+v", change)
	}
	c.Types[0].Rates = c.Types[0].Rates.Set(1, 2, 9)
	c.Rooms[0].Number = "1"
	c.Plans[0].Overrides = map[uid.ID]Line[int64]{c.Types[0].ID: {{1, 2, 3}}}
	change, changed := difference(h, c)
	if !changed || len(change.Types) != 0 || len(change.Rates) != 1 || len(change.Rooms) != 1 || len(change.Plans) != 0 || len(change.Overrides) != 1 {
		t.Errorf("got %+v", change)
	}
	if h.Types[0].Rates[0].Value != 3 || h.Rooms[0].Number != "" || h.Plans[0].Overrides != nil {
		t.Error("the house itself was changed")
	}
}

func TestReadTemplate(t *testing.T) {
	const good = `{"city": "Bern", "country": "CH", "time_zone": "Europe/Zurich", "currency": "CHF",
		"room_types": [{"name": "Room", "share_bp": 10000, "occupancy": {"adults": 2}, "base_price": "120.00"}]}`
	tpl, err := ReadTemplate(strings.NewReader(good))
	if err != nil || tpl.prices()[0].BasePrice != 12000 || tpl.hotel().CheckInFrom != defaultCheckInFrom {
		t.Fatalf("%+v, %v", tpl, err)
	}
	for name, replace := range map[string][2]string{
		"unknown member":  {`"city"`, `"town"`},
		"no JSON":         {`{"city"`, `["city"`},
		"two objects":     {`}]}`, `}]}{}`},
		"shares":          {`10000`, `9999`},
		"price":           {`120.00`, `120.005`},
		"negative price":  {`120.00`, `-1.00`},
		"zone":            {`Europe/Zurich`, `CET/Zurich`},
		"currency":        {`CHF`, `chf`},
		"country":         {`"CH"`, `"CHE"`},
		"occupancy":       {`"adults": 2`, `"adults": 0`},
		"no room types":   {`[{"name": "Room", "share_bp": 10000, "occupancy": {"adults": 2}, "base_price": "120.00"}]`, `[]`},
		"nameless":        {`"Room"`, `""`},
		"wrong type":      {`10000`, `"10000"`},
		"nothing":         {good, ``},
		"a number":        {good, `7`},
		"too many digits": {`"city"`, `"postal_code_digits": 99, "city"`},
	} {
		if _, err := ReadTemplate(strings.NewReader(strings.Replace(good, replace[0], replace[1], 1))); !fault.Is(err, "template_invalid") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFinal(t *testing.T) {
	for kind := fault.Malformed; kind <= fault.Internal; kind++ {
		passes := kind == fault.Limited || kind == fault.Unavailable || kind == fault.Internal
		if got := final(fault.New(kind, "x", "x")); got == passes {
			t.Errorf("kind %d is final: %t", kind, got)
		}
	}
	if final(context.DeadlineExceeded) {
		t.Error("a call that timed out was not refused")
	}
}
