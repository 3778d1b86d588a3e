package flight

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/place"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLinesTakeStatesInAnyOrder: of one slot the higher version is shown, whichever comes last.
func TestLinesTakeStatesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newLines()
		l := s.of(7, 2)
		newest := map[stock.Slot]reservation.SlotRow{}
		for range rapid.IntRange(1, 12).Draw(t, "states") {
			version := rapid.Int64Range(1, 9).Draw(t, "version")
			r := reservation.SlotRow{Key: stock.Key{Pool: 7, Slot: stock.Slot(rapid.IntRange(-1, 2).Draw(t, "slot"))}, Version: version}
			r.Counters = stock.New(int32(version)*10, 0) // one version has one state
			s.take([]reservation.SlotRow{r, {Key: stock.Key{Pool: 8}}})
			if r.Version > newest[r.Key.Slot].Version {
				newest[r.Key.Slot] = r
			}
		}
		want := [2]int32{newest[0].Free(), newest[1].Free()}
		if got := [2]int32{l.least(0, 1), l.least(1, 2)}; got != want || l.least(0, 2) != min(want[0], want[1]) {
			t.Fatalf("%v free, want %v", got, want)
		}
	})
}

func TestNumbersAsTheyAreCompared(t *testing.T) {
	for asked, want := range map[string]string{
		"hf 0101": "HF101", "HF101A": "HF101A", " 9w 12 ": "9W12", "BAW 0012": "BAW12", "HF0": "HF0", "HF": "HF", "": "", "U2 0045B": "U245B",
	} {
		if got := normal(asked); got != want {
			t.Errorf("%q is %q, want %q", asked, got, want)
		}
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add("HF 0101A")
	f.Fuzz(func(t *testing.T, s string) {
		if n := normal(s); normal(n) != n && len(n) > 3 && code(n, 3, 8) {
			t.Errorf("%q is %q, which is %q", s, n, normal(n))
		}
		splitNumber(s)
		parseConfiguration(s)
		place.Name(s)
	})
}

// TestLayoutsHaveAllSeats: whatever the number of seats, an aircraft of so many is laid out, and its seats have names of
// their own.
func TestLayoutsHaveAllSeats(t *testing.T) {
	template := DefaultTemplate()
	if err := template.Check(); err != nil {
		t.Fatal(err)
	}
	for seats := 1; seats <= maxSeats; seats++ {
		a := template.split(seats).layOut(uid.New(), "XXX")
		if a.Seats("") != seats {
			t.Fatalf("%d seats are laid out as %d: %+v", seats, a.Seats(""), a.Sections)
		}
		var v verdicts
		if v.aircraft(a); v.err() != nil {
			t.Fatalf("%d seats: %+v", seats, v)
		}
		for _, cabin := range a.Cabins() {
			l := a.layout(cabin)
			if err := l.Check(); err != nil || len(l.Units) != a.Seats(cabin) {
				t.Fatalf("%d seats, cabin %s: %d units, %v", seats, cabin, len(l.Units), err)
			}
		}
	}
}

func TestSeatsOfASection(t *testing.T) {
	s := Section{Cabin: "economy", First: 12, Last: 14, Letters: "AB-C", Skip: []int{13}, Missing: []string{"14C"}, Exits: []int{12}, Bulkhead: true, Tiers: []RowTier{{From: 12, To: 12, Tier: 2}}}
	a := &Aircraft{Sections: []Section{s}}
	want := map[string]stock.Traits{
		"12A": stock.Window | stock.ExitRow | stock.Legroom | stock.Bulkhead, "12B": stock.Aisle | stock.ExitRow | stock.Legroom | stock.Bulkhead,
		"12C": stock.Window | stock.Aisle | stock.ExitRow | stock.Legroom | stock.Bulkhead, "14A": stock.Window, "14B": stock.Aisle,
	}
	got := a.seats("economy")
	if len(got) != len(want) || a.Seats("economy") != len(want) {
		t.Fatalf("%+v", got)
	}
	for _, seat := range got {
		if seat.Traits != want[seat.Label] || (seat.Tier == 2) != (seat.Row == 12) {
			t.Errorf("%s: %v, tier %d", seat.Label, seat.Traits.Words(), seat.Tier)
		}
	}
}

func TestConfigurations(t *testing.T) {
	for text, want := range map[string]string{"J30Y260": "business30economy260", "F8C40W20M200": "first8business40premium20economy200", "Y0J4": "business4", "Y12VV3": "economy12", "": "", "Q5": "", "Y": "", "Y9999": ""} {
		if got := parseConfiguration(text).String(); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestDeparturesOfADayLieTogether: ids begin with the date, in order, before 1970 too.
func TestDeparturesOfADayLieTogether(t *testing.T) {
	k := Key{Carrier: "HF", Number: "1", From: "LIS", To: "OPO"}
	var last uid.ID
	for _, day := range []civil.Date{-5, -1, 0, 1, 20_000} {
		k.Date = day
		id := k.ID(uid.ID{1})
		if string(id[:]) <= string(last[:]) {
			t.Errorf("%s does not come after the day before", day)
		}
		last = id
	}
	other := k
	other.Suffix = "A"
	if k.ID(uid.ID{1}) == other.ID(uid.ID{1}) || k.ID(uid.ID{1}) == k.ID(uid.ID{2}) {
		t.Error("two departures have one id")
	}
}

func TestLocalDate(t *testing.T) {
	at := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)
	for offset, want := range map[int16]civil.Date{0: civil.DateOf(2026, 11, 22), 60: civil.DateOf(2026, 11, 23), -1440: civil.DateOf(2026, 11, 21)} {
		if got := localDate(&Leg{Departs: at, DepartOffset: offset}); got != want {
			t.Errorf("at offset %d it is %s, want %s", offset, got, want)
		}
	}
}

// reads is a reservation that answers reads of slots, and has something happen before it does.
type reads struct {
	reservation.Service
	before func()
}

func (r reads) SlotsOf(_ context.Context, pools []stock.PoolID, yield func([]reservation.SlotRow) error) error {
	r.before()
	var rows []reservation.SlotRow
	for _, pool := range pools {
		rows = append(rows, reservation.SlotRow{Key: stock.Key{Pool: pool}, Counters: stock.New(9, 0), Version: 1})
	}
	err := yield(rows)
	return err
}

// A departure that is taken away while its pool is read, and comes back before that is noted, is read again.
func TestListedAgainWhileRead(t *testing.T) {
	s := newLines()
	s.of(7, 1)
	l := &listing{departure: &Departure{Pools: []Pool{{ID: 7}}}}
	pools, read := s.unread(10)
	if err := (reads{before: func() { s.drop(l) }}).SlotsOf(t.Context(), pools, func(rows []reservation.SlotRow) error {
		s.take(rows) // nobody lists it now
		s.of(7, 1)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.read(read)
	if err := newFiller(s).fill(t.Context(), reads{before: func() {}}); err != nil {
		t.Fatal(err)
	}
	if got := s.of(7, 1).least(0, 1); got != 9 {
		t.Errorf("%d free are shown of 9", got)
	}
}
