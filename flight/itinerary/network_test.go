package itinerary_test

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/flight/itinerary"
	"holdfast/uid"
)

// A network after any changes finds what one built from what is left finds, and the one before the changes still finds
// what it found.
func TestChangedNetworkIsLikeOneBuiltAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		n, err := itinerary.New(w.airports, w.departures, w.rules)
		if err != nil {
			t.Fatal(err)
		}
		state := map[uid.ID]*itinerary.Departure{}
		for _, d := range w.departures {
			state[d.ID] = d
		}
		type asked struct {
			slice itinerary.Slice
			want  []itinerary.Itinerary
		}
		plain := itinerary.Filter{MaxStops: 2}
		search := func(n *itinerary.Network, s itinerary.Slice) []itinerary.Itinerary {
			found, err := n.Search(s, plain)
			if err != nil {
				t.Fatal(err)
			}
			return found.Itineraries
		}
		for range 3 {
			s := drawSlice(t)
			old := asked{s, search(n, s)}
			before := maps.Clone(state)
			var changes []itinerary.Change
			for range rapid.IntRange(1, 15).Draw(t, "changes") {
				id := rapid.IntRange(0, len(w.departures)+3).Draw(t, "id")
				if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
					gone := uid.ID{1, byte(id), byte(id >> 8)}
					changes = append(changes, itinerary.Change{Remove: gone})
					delete(state, gone)
					continue
				}
				d := drawDeparture(t, id)
				if same, ok := state[d.ID]; ok && rapid.IntRange(0, 3).Draw(t, "same") == 0 {
					d = same // put again as it is
				}
				changes = append(changes, itinerary.Change{Put: d})
				state[d.ID] = d
			}
			next, err := n.With(changes)
			if err != nil {
				t.Fatal(err)
			}
			var left []*itinerary.Departure
			for _, d := range state {
				left = append(left, d)
				if got, ok := next.Departure(d.ID); !ok || got != d {
					t.Fatalf("departure %v is %v", d.ID, got)
				}
			}
			if next.Len() != len(left) {
				t.Fatalf("%d departures, want %d", next.Len(), len(left))
			}
			fresh, err := itinerary.New(w.airports, left, w.rules)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				s := drawSlice(t)
				if d := differ(search(next, s), search(fresh, s)); d != "" {
					t.Fatalf("%+v\n%s", s, d)
				}
			}
			for id, d := range before {
				if got, ok := n.Departure(id); !ok || got != d || n.Len() != len(before) {
					t.Fatalf("the network before the change has %v instead of %v", got, d)
				}
			}
			if d := differ(search(n, old.slice), old.want); d != "" {
				t.Fatalf("the network before the change has changed:\n%s", d)
			}
			n = next
		}
	})
}

func departure(id byte, carrier string, legs ...itinerary.Leg) *itinerary.Departure {
	return &itinerary.Departure{ID: uid.ID{id}, Number: itinerary.Number{Carrier: carrier, Number: fmt.Sprint(id)}, Legs: legs}
}

// leg flies between hours of the first day.
func leg(from, to string, departs, arrives float64) itinerary.Leg {
	return itinerary.Leg{From: from, To: to, Departs: int64(departs * 3600), Arrives: int64(arrives * 3600)}
}

func places(codes ...string) (out []itinerary.Airport) {
	for _, c := range codes {
		out = append(out, itinerary.Airport{Code: c, Area: c[:1]})
	}
	return out
}

// The rules one by one, each in a network where it alone decides. The same networks show what the tests against
// enumeration would miss if both sides read a rule wrong.
func TestRules(t *testing.T) {
	in := leg("AAA", "AHB", 8, 10)
	out := func(after float64) *itinerary.Departure {
		return departure(2, "XX", leg("AHB", "AZZ", 10+after/60, 13+after/60))
	}
	connects := func(rules itinerary.Rules, departures ...*itinerary.Departure) bool {
		t.Helper()
		n, err := itinerary.New(places("AAA", "AHB", "AZZ", "BHB", "BZZ", "ACC"), departures, rules)
		if err != nil {
			t.Fatal(err)
		}
		found, err := n.Search(itinerary.Slice{From: []string{"AAA"}, To: []string{"AZZ", "BZZ"}, Latest: 86_400}, itinerary.Filter{MaxStops: 2})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.Itineraries) > 0
	}
	one := departure(1, "XX", in)
	other := departure(3, "YY", leg("AHB", "AZZ", 11, 14))
	abroad := func(first, second string) []*itinerary.Departure { // 70 minutes apart
		return []*itinerary.Departure{departure(1, "XX", leg("AAA", first, 8, 10)), departure(2, "XX", leg(first, second, 10+70.0/60, 14))}
	}
	shared := departure(3, "YY", leg("AHB", "AZZ", 11, 14))
	shared.Codeshares = []itinerary.Number{{Carrier: "XX", Number: "4711"}}
	leased := departure(3, "YY", leg("AHB", "AZZ", 11, 14))
	leased.Operating = "XX"
	hub := itinerary.Minimum{Airport: "AHB", Minutes: 120}
	for name, c := range map[string]struct {
		want       bool
		rules      itinerary.Rules
		departures []*itinerary.Departure
	}{
		"45 minutes":                           {true, itinerary.Rules{}, []*itinerary.Departure{one, out(45)}},
		"44 minutes":                           {false, itinerary.Rules{}, []*itinerary.Departure{one, out(44)}},
		"an airport's own":                     {false, itinerary.Rules{Minimums: []itinerary.Minimum{hub}}, []*itinerary.Departure{one, out(100)}},
		"of carriers there":                    {true, itinerary.Rules{Minimums: []itinerary.Minimum{{Airport: "AHB", Arriving: "XX", Leaving: "XX", Minutes: 20}, hub}}, []*itinerary.Departure{one, out(20)}},
		"of one carrier, before a kind":        {true, itinerary.Rules{Minimums: []itinerary.Minimum{{Leaving: "XX", Minutes: 20}, {Kind: itinerary.DomesticToDomestic, Minutes: 90}}}, []*itinerary.Departure{one, out(30)}},
		"the later of equals":                  {true, itinerary.Rules{Minimums: []itinerary.Minimum{hub, {Airport: "AHB", Minutes: 30}}}, []*itinerary.Departure{one, out(30)}},
		"domestic to international in 70":      {true, itinerary.Rules{}, abroad("AHB", "BZZ")},
		"international to international in 70": {true, itinerary.Rules{}, abroad("BHB", "AZZ")},
		"from abroad to domestic in 70":        {false, itinerary.Rules{}, []*itinerary.Departure{departure(1, "XX", leg("AAA", "BHB", 8, 10)), departure(2, "XX", leg("BHB", "BZZ", 10+70.0/60, 14))}},
		"24 hours":                             {true, itinerary.Rules{}, []*itinerary.Departure{one, out(24 * 60)}},
		"more than 24 hours":                   {false, itinerary.Rules{}, []*itinerary.Departure{one, out(24*60 + 1)}},
		"a longer wait where it is allowed":    {true, itinerary.Rules{MaxWait: hours(30).duration()}, []*itinerary.Departure{one, out(24*60 + 1)}},
		"strangers":                            {false, itinerary.Rules{}, []*itinerary.Departure{one, other}},
		"by agreement":                         {true, itinerary.Rules{Agreements: [][2]string{{"YY", "XX"}}}, []*itinerary.Departure{one, other}},
		"by another's agreement":               {false, itinerary.Rules{Agreements: [][2]string{{"YY", "ZZ"}}}, []*itinerary.Departure{one, other}},
		"sold by one of them":                  {true, itinerary.Rules{}, []*itinerary.Departure{one, shared}},
		"flown by one of them":                 {true, itinerary.Rules{}, []*itinerary.Departure{one, leased}},
		"no interline at all":                  {false, itinerary.Rules{NoInterline: true, Agreements: [][2]string{{"YY", "XX"}}}, []*itinerary.Departure{one, shared}},
		"an airport twice":                     {false, itinerary.Rules{MaxWait: hours(4).duration()}, []*itinerary.Departure{departure(1, "XX", leg("AAA", "ACC", 1, 2), leg("ACC", "AHB", 3, 4)), departure(2, "XX", leg("AHB", "ACC", 6, 7), leg("ACC", "AZZ", 8, 9))}},
		"one departure twice":                  {false, itinerary.Rules{}, []*itinerary.Departure{departure(1, "XX", leg("AAA", "ACC", 1, 2), leg("ACC", "AHB", 3, 4), leg("AHB", "ACC", 6, 7), leg("ACC", "AZZ", 9, 10))}},
	} {
		if got := connects(c.rules, c.departures...); got != c.want {
			t.Errorf("%s: connects is %v, want %v", name, got, c.want)
		}
	}
}

// Through flights: any board and off point, one segment, no change.
func TestThroughFlight(t *testing.T) {
	d := departure(1, "XX", leg("AAA", "BBB", 8, 9), leg("BBB", "CCC", 10, 11), leg("CCC", "DDD", 12, 13))
	n, err := itinerary.New(places("AAA", "BBB", "CCC", "DDD"), []*itinerary.Departure{d}, itinerary.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to   string
		board, off int
	}{{"AAA", "DDD", 0, 3}, {"AAA", "BBB", 0, 1}, {"BBB", "DDD", 1, 3}, {"BBB", "CCC", 1, 2}} {
		found, err := n.Search(itinerary.Slice{From: []string{c.from}, To: []string{c.to}, Latest: 86_400}, itinerary.Filter{MaxStops: 2})
		if err != nil || len(found.Itineraries) != 1 {
			t.Fatalf("%+v: %v %v", c, found, err)
		}
		it := found.Itineraries[0]
		if it.Stops() != 0 || it[0].Board != c.board || it[0].Off != c.off || it[0].From() != c.from || it[0].To() != c.to {
			t.Errorf("%+v: %v", c, it)
		}
	}
}

func TestRefusals(t *testing.T) {
	good := departure(1, "XX", leg("AAA", "BBB", 8, 9))
	for name, d := range map[string]*itinerary.Departure{
		"no id":               {Number: good.Number, Legs: good.Legs},
		"no legs":             departure(1, "XX"),
		"no carrier":          departure(1, "", leg("AAA", "BBB", 8, 9)),
		"too many legs":       departure(1, "XX", slices.Repeat([]itinerary.Leg{leg("AAA", "BBB", 8, 9)}, itinerary.MaxLegs+1)...),
		"to where it is":      departure(1, "XX", leg("AAA", "AAA", 8, 9)),
		"arrives before":      departure(1, "XX", leg("AAA", "BBB", 9, 8)),
		"a gap":               departure(1, "XX", leg("AAA", "BBB", 8, 9), leg("CCC", "AAA", 10, 11)),
		"leaves too early":    departure(1, "XX", leg("AAA", "BBB", 8, 9), leg("BBB", "CCC", 8.5, 11)),
		"an unknown airport":  departure(1, "XX", leg("AAA", "ZZZ", 8, 9)),
		"an unknown airport ": departure(1, "XX", leg("ZZZ", "AAA", 8, 9)),
	} {
		if _, err := itinerary.New(places("AAA", "BBB", "CCC"), []*itinerary.Departure{d}, itinerary.Rules{}); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := itinerary.New(places("AAA", "BBB"), []*itinerary.Departure{good, good}, itinerary.Rules{}); err == nil {
		t.Error("a departure given twice was accepted")
	}
	if _, err := itinerary.New(places("AAA", "AAA"), nil, itinerary.Rules{}); err == nil {
		t.Error("an airport given twice was accepted")
	}
	n, err := itinerary.New(places("AAA", "BBB", "CCC"), []*itinerary.Departure{good}, itinerary.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]itinerary.Rules{
		"a negative minimum": {Defaults: [4]int32{-1}}, "an exception of days": {Minimums: []itinerary.Minimum{{Minutes: 5000}}},
		"a negative wait": {MaxWait: -1}, "a wait of a week": {MaxWait: hours(168).duration()}, "negative work": {MaxWork: -1},
	} {
		if _, err := n.WithRules(r); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for name, q := range map[string]struct {
		s itinerary.Slice
		f itinerary.Filter
	}{
		"from nowhere":        {itinerary.Slice{To: []string{"AAA"}, Latest: 1}, itinerary.Filter{}},
		"to nowhere":          {itinerary.Slice{From: []string{"AAA"}, Latest: 1}, itinerary.Filter{}},
		"no time":             {itinerary.Slice{From: []string{"AAA"}, To: []string{"BBB"}}, itinerary.Filter{}},
		"a year":              {itinerary.Slice{From: []string{"AAA"}, To: []string{"BBB"}, Latest: 365 * 86_400}, itinerary.Filter{}},
		"from and to one":     {itinerary.Slice{From: []string{"AAA"}, To: []string{"BBB", "AAA"}, Latest: 1}, itinerary.Filter{}},
		"three changes":       {itinerary.Slice{From: []string{"AAA"}, To: []string{"BBB"}, Latest: 1}, itinerary.Filter{MaxStops: 3}},
		"a clock of 25 hours": {itinerary.Slice{From: []string{"AAA"}, To: []string{"BBB"}, Latest: 1}, itinerary.Filter{DepartLocal: itinerary.Clock{To: 1500}}},
		"a duration below 0":  {itinerary.Slice{From: []string{"AAA"}, To: []string{"BBB"}, Latest: 1}, itinerary.Filter{MaxDuration: -1}},
		"too many airports":   {itinerary.Slice{From: make([]string, itinerary.MaxPlaces+1), To: []string{"BBB"}, Latest: 1}, itinerary.Filter{}},
	} {
		if _, err := n.Search(q.s, q.f); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	found, err := n.Search(itinerary.Slice{From: []string{"QQQ", "AAA"}, To: []string{"RRR", "BBB"}, Latest: 86_400}, itinerary.Filter{})
	if err != nil || len(found.Itineraries) != 1 {
		t.Errorf("airports nobody flies to: %v %v", found, err)
	}
	if next, err := n.With([]itinerary.Change{{Remove: good.ID}, {Put: departure(2, "XX")}}); err == nil || next != nil || n.Len() != 1 {
		t.Error("a change that fails has changed something")
	}
}

// A search that reaches its bound of work says so, and has all flights without a change.
func TestBoundedWork(t *testing.T) {
	u := loadUS(t, false)
	n, err := itinerary.New(u.airports, u.departures, itinerary.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	small, err := n.WithRules(itinerary.Rules{MaxWork: 2000})
	if err != nil {
		t.Fatal(err)
	}
	s := u.day("ATL", "SEA")
	whole, err := n.Search(s, itinerary.Filter{MaxStops: 2})
	if err != nil || whole.Truncated {
		t.Fatal(err, whole.Steps)
	}
	part, err := small.Search(s, itinerary.Filter{MaxStops: 2})
	if err != nil || !part.Truncated || part.Steps > 4000 {
		t.Fatalf("%v, truncated %v after %d steps of %d", err, part.Truncated, part.Steps, whole.Steps)
	}
	direct := func(f itinerary.Found) (n int) {
		for _, it := range f.Itineraries {
			if it.Stops() == 0 {
				n++
			}
		}
		return n
	}
	if direct(part) != direct(whole) || direct(whole) == 0 {
		t.Errorf("%d of %d flights without a change", direct(part), direct(whole))
	}
}

// loadPNW reads eight months of flights out of Seattle and Portland; those that did not leave have no time there.
func loadPNW(tb testing.TB) (airports []itinerary.Airport, departures []*itinerary.Departure) {
	tb.Helper()
	archive, err := zip.OpenReader(filepath.Join(data, "flights_pnw_2014", "flights_sea_pdx_2014_01-08.csv.zip"))
	if errors.Is(err, fs.ErrNotExist) {
		absent(tb)
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer archive.Close()
	file, err := archive.File[0].Open()
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	head, err := r.Read()
	if err != nil {
		tb.Fatal(err)
	}
	at := func(name string) int { return slices.Index(head, name) }
	seen := map[string]bool{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return airports, departures
		}
		if err != nil {
			tb.Fatal(err)
		}
		get := func(name string) int {
			n, err := strconv.Atoi(strings.TrimSuffix(row[at(name)], ".0"))
			if err != nil {
				return math.MinInt
			}
			return n
		}
		clock, delay, minutes := get("dep_time"), get("dep_delay"), get("air_time")
		if clock == math.MinInt || delay == math.MinInt || minutes == math.MinInt {
			continue
		}
		from, to := row[at("origin")], row[at("dest")]
		for _, code := range []string{from, to} {
			if !seen[code] {
				seen[code] = true
				airports = append(airports, itinerary.Airport{Code: code, Area: "US"})
			}
		}
		departs := time.Date(get("year"), time.Month(get("month")), get("day"), clock/100+8, clock%100-delay, 0, 0, time.UTC)
		sum := sha256.Sum256([]byte(strings.Join(row, ",")))
		departures = append(departures, &itinerary.Departure{
			ID: uid.ID(sum[:16]), Number: itinerary.Number{Carrier: row[at("carrier")], Number: row[at("flight")]},
			Legs: []itinerary.Leg{{From: from, To: to, Departs: departs.Unix(), Arrives: departs.Unix() + int64(minutes+20)*60}},
		})
	}
}

// Eight months of one region: they load, every flight is found on its day, and a day's search does not go through the rest.
func TestPacificNorthwest(t *testing.T) {
	airports, departures := loadPNW(t)
	if len(departures) < 108_000 {
		t.Fatalf("%d flights", len(departures))
	}
	n, err := itinerary.New(airports, departures, itinerary.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[[2]string]int{}
	for _, d := range departures {
		want[[2]string{d.Legs[0].From, d.Legs[0].To}]++
	}
	found := 0
	start := time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - 86_400
	for pair := range want {
		for day := int64(0); day < 246; day++ {
			f, err := n.Search(itinerary.Slice{From: pair[:1], To: pair[1:], Earliest: start + day*86_400, Latest: start + (day+1)*86_400}, itinerary.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if f.Steps > 200 {
				t.Fatalf("%v: %d steps for the flights of a day", pair, f.Steps)
			}
			found += len(f.Itineraries)
		}
	}
	if found != len(departures) {
		t.Errorf("%d of %d flights were found on their days", found, len(departures))
	}
}

func BenchmarkLoadPacificNorthwest(b *testing.B) {
	airports, departures := loadPNW(b)
	for b.Loop() {
		if _, err := itinerary.New(airports, departures, itinerary.Rules{}); err != nil {
			b.Fatal(err)
		}
	}
}

// One retimed departure on a network of 30,691 flights, and one on 109,000.
func BenchmarkWith(b *testing.B) {
	u := loadUS(b, false)
	airports, departures := loadPNW(b)
	for _, c := range []struct {
		name       string
		airports   []itinerary.Airport
		departures []*itinerary.Departure
	}{{"us", u.airports, u.departures}, {"pnw", airports, departures}} {
		n, err := itinerary.New(c.airports, c.departures, itinerary.Rules{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if n, err = n.With([]itinerary.Change{{Put: c.departures[i%len(c.departures)]}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
