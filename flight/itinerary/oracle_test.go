package itinerary_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/flight/itinerary"
	"holdfast/uid"
)

// oracle enumerates what a search should find, straight from the definition and the departures: every sequence of
// segments, then every pair of itineraries for domination. It knows nothing of edges, frontiers or limits.
type oracle struct {
	airports map[string]itinerary.Airport
	rules    itinerary.Rules // every field set
	from     map[string][]itinerary.Segment
}

func newOracle(airports []itinerary.Airport, departures []*itinerary.Departure, rules itinerary.Rules) *oracle {
	o := &oracle{airports: map[string]itinerary.Airport{}, rules: rules, from: map[string][]itinerary.Segment{}}
	for _, a := range airports {
		o.airports[a.Code] = a
	}
	for _, d := range departures {
		for i := range d.Legs {
			for j := i + 1; j <= len(d.Legs); j++ {
				s := itinerary.Segment{Departure: d, Board: i, Off: j}
				o.from[s.From()] = append(o.from[s.From()], s)
			}
		}
	}
	for _, list := range o.from {
		slices.SortFunc(list, func(a, b itinerary.Segment) int { return int(a.Departs() - b.Departs()) })
	}
	return o
}

// all finds every itinerary that rules and filter allow, dominated or not.
func (o *oracle) all(s itinerary.Slice, f itinerary.Filter) (out []itinerary.Itinerary) {
	reaches := map[string]bool{} // an airport with a segment to the end: only spares the enumeration hopeless last changes
	for at, list := range o.from {
		reaches[at] = slices.ContainsFunc(list, func(x itinerary.Segment) bool { return slices.Contains(s.To, x.To()) })
	}
	var extend func(it itinerary.Itinerary)
	extend = func(it itinerary.Itinerary) {
		last := it[len(it)-1]
		if slices.Contains(s.To, last.To()) {
			if o.complete(it, f) {
				out = append(out, slices.Clone(it))
			}
			return // who has arrived does not go on
		}
		if len(it) > f.MaxStops || slices.Contains(s.From, last.To()) || len(it) == f.MaxStops && !reaches[last.To()] {
			return
		}
		list := o.from[last.To()]
		start, _ := slices.BinarySearchFunc(list, last.Arrives(), func(x itinerary.Segment, at int64) int { return int(x.Departs() - at) })
		for _, next := range list[start:] {
			if next.Departs()-last.Arrives() > int64(o.rules.MaxWait.Seconds()) {
				break
			}
			if next.Departs()-last.Arrives() < o.minutes(last, next)*60 || !o.together(last, next) || !sellable(next, f) {
				continue
			}
			extend(append(slices.Clip(it), next))
		}
	}
	for _, code := range s.From {
		for _, first := range o.from[code] {
			if first.Departs() >= s.Earliest && first.Departs() < s.Latest && f.DepartLocal.Has(minuteOf(first.Departs(), first.First().DepartOffset)) && sellable(first, f) {
				extend(itinerary.Itinerary{first})
			}
		}
	}
	return out
}

func minuteOf(at int64, offset int16) int16 {
	return int16(((at+int64(offset)*60)%86_400 + 86_400) % 86_400 / 60)
}

func sellable(s itinerary.Segment, f itinerary.Filter) bool {
	d := s.Departure
	return (len(f.Include) == 0 || slices.Contains(f.Include, d.Carrier)) && !slices.Contains(f.Exclude, d.Carrier) &&
		(f.Cabin == "" || slices.Contains(d.Cabins, f.Cabin)) && (f.Sellable == nil || f.Sellable(s))
}

// complete judges an itinerary as a whole.
func (o *oracle) complete(it itinerary.Itinerary, f itinerary.Filter) bool {
	seen, flown := map[string]bool{it[0].From(): true}, map[uid.ID]bool{}
	for _, s := range it {
		if flown[s.Departure.ID] {
			return false
		}
		flown[s.Departure.ID] = true
		for _, leg := range s.Departure.Legs[s.Board:s.Off] {
			if seen[leg.To] {
				return false
			}
			seen[leg.To] = true
		}
	}
	last := it[len(it)-1]
	if !f.ArriveLocal.Has(minuteOf(last.Arrives(), last.Last().ArriveOffset)) || f.MaxDuration > 0 && it.Duration() > int64(f.MaxDuration.Seconds()) {
		return false
	}
	if len(it) == 1 || o.rules.DetourPercent < 0 {
		return true
	}
	sum := 0.0
	for _, s := range it {
		d := o.apart(s.From(), s.To())
		if d < 0 {
			return true
		}
		sum += d
	}
	direct := o.apart(it[0].From(), last.To())
	return direct < 0 || sum <= direct*float64(o.rules.DetourPercent)/100+float64(o.rules.DetourKilometres)
}

// apart is the great circle in whole kilometres, by vectors; below zero where an airport has no place.
func (o *oracle) apart(from, to string) float64 {
	a, b := o.airports[from], o.airports[to]
	if a.Latitude == 0 && a.Longitude == 0 || b.Latitude == 0 && b.Longitude == 0 {
		return -1
	}
	vector := func(x itinerary.Airport) [3]float64 {
		lat, lon := x.Latitude*math.Pi/180, x.Longitude*math.Pi/180
		return [3]float64{math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)}
	}
	u, v := vector(a), vector(b)
	chord := math.Hypot(math.Hypot(u[0]-v[0], u[1]-v[1]), u[2]-v[2])
	return math.Round(2 * 6371.0088 * math.Asin(min(1, chord/2)))
}

// minutes is the minimum connection time, by going through all exceptions.
func (o *oracle) minutes(a, b itinerary.Segment) int64 {
	abroad := func(l *itinerary.Leg) bool { return o.airports[l.From].Area != o.airports[l.To].Area }
	kind := map[[2]bool]itinerary.Kind{
		{false, false}: itinerary.DomesticToDomestic, {false, true}: itinerary.DomesticToInternational,
		{true, false}: itinerary.InternationalToDomestic, {true, true}: itinerary.InternationalToInternational,
	}[[2]bool{abroad(a.Last()), abroad(b.First())}]
	found, specific := o.rules.Defaults[kind-1], -1
	for _, m := range o.rules.Minimums {
		weight := 0
		for _, part := range []struct {
			named, fits bool
			weight      int
		}{
			{m.Airport != "", m.Airport == a.To(), 100},
			{m.Arriving != "", m.Arriving == a.Departure.Operator(), 10},
			{m.Leaving != "", m.Leaving == b.Departure.Operator(), 10},
			{m.Kind != 0, m.Kind == kind, 1},
		} {
			if part.named && !part.fits {
				weight = -1000
			}
			if part.named {
				weight += part.weight
			}
		}
		if weight >= 0 && weight >= specific {
			found, specific = m.Minutes, weight
		}
	}
	return int64(found)
}

func (o *oracle) together(a, b itinerary.Segment) bool {
	x, y := a.Departure, b.Departure
	if x.Carrier == y.Carrier {
		return true
	}
	if o.rules.NoInterline {
		return false
	}
	sells := func(d *itinerary.Departure) (out []string) {
		for _, c := range d.Codeshares {
			out = append(out, c.Carrier)
		}
		return append(out, d.Carrier)
	}
	for _, c := range sells(x) {
		if slices.Contains(sells(y), c) {
			return true
		}
	}
	return x.Operator() == y.Operator() ||
		slices.Contains(o.rules.Agreements, [2]string{x.Carrier, y.Carrier}) || slices.Contains(o.rules.Agreements, [2]string{y.Carrier, x.Carrier})
}

// undominated leaves out dominated connections: each itinerary against those that nothing dominated so far, which is enough,
// since what dominates a dominating one dominates as well.
func undominated(list []itinerary.Itinerary) []itinerary.Itinerary {
	carriers := func(it itinerary.Itinerary) (out []string) {
		for _, s := range it {
			out = append(out, s.Departure.Carrier)
		}
		return out
	}
	dominates := func(y, x itinerary.Itinerary) bool {
		if len(x) == 1 || y.Departs() < x.Departs() || y.Arrives() > x.Arrives() || len(y) > len(x) {
			return false
		}
		if y.Departs() == x.Departs() && y.Arrives() == x.Arrives() && len(y) == len(x) {
			return false
		}
		theirs := carriers(x)
		return !slices.ContainsFunc(carriers(y), func(c string) bool { return !slices.Contains(theirs, c) })
	}
	var kept []itinerary.Itinerary
	for _, x := range list {
		if slices.ContainsFunc(kept, func(y itinerary.Itinerary) bool { return dominates(y, x) }) {
			continue
		}
		kept = append(slices.DeleteFunc(kept, func(y itinerary.Itinerary) bool { return dominates(x, y) }), x)
	}
	slices.SortFunc(kept, itinerary.Itinerary.Compare)
	return kept
}

// differ says what one list has and the other does not.
func differ(got, want []itinerary.Itinerary) string {
	var b strings.Builder
	text := func(list []itinerary.Itinerary) map[string]bool {
		out := map[string]bool{}
		for _, it := range list {
			out[it.String()] = true
		}
		return out
	}
	have, should := text(got), text(want)
	for _, it := range want {
		if !have[it.String()] && b.Len() < 2000 {
			fmt.Fprintf(&b, "missing: %s\n", it)
		}
	}
	for _, it := range got {
		if !should[it.String()] && b.Len() < 4000 {
			fmt.Fprintf(&b, "too much: %s\n", it)
		}
	}
	if b.Len() == 0 && len(got) != len(want) {
		fmt.Fprintf(&b, "%d itineraries instead of %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if b.Len() == 0 && got[i].Compare(want[i]) != 0 {
			fmt.Fprintf(&b, "at %d: %s instead of %s", i, got[i], want[i])
		}
	}
	return b.String()
}

// world draws a small network: few airports, close times, through flights, codeshares, exceptions, metropolitan areas.
type world struct {
	airports   []itinerary.Airport
	departures []*itinerary.Departure
	rules      itinerary.Rules
}

var (
	codes    = []string{"AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG"}
	carriers = []string{"X1", "X2", "X3", "X4"}
)

func drawWorld(t *rapid.T) world {
	var w world
	for i, code := range codes {
		a := itinerary.Airport{Code: code, Area: rapid.SampledFrom([]string{"P", "P", "Q"}).Draw(t, "area")}
		if rapid.IntRange(0, 5).Draw(t, "placed") > 0 {
			a.Latitude, a.Longitude = 40+rapid.Float64Range(0, 12).Draw(t, "latitude"), float64(i)*3
		}
		w.airports = append(w.airports, a)
	}
	for i := range rapid.SampledFrom([]int{3, 40, 80, 120}).Draw(t, "departures") {
		w.departures = append(w.departures, drawDeparture(t, i))
	}
	w.rules = drawRules(t)
	return w
}

func drawDeparture(t *rapid.T, i int) *itinerary.Departure {
	pick := rapid.SampledFrom(carriers)
	d := &itinerary.Departure{ID: uid.ID{1, byte(i), byte(i >> 8)}, Number: itinerary.Number{Carrier: pick.Draw(t, "carrier"), Number: fmt.Sprint(i)}}
	if rapid.IntRange(0, 4).Draw(t, "leased") == 0 {
		d.Operating = pick.Draw(t, "operator")
	}
	if rapid.IntRange(0, 4).Draw(t, "shared") == 0 {
		d.Codeshares = append(d.Codeshares, itinerary.Number{Carrier: pick.Draw(t, "codeshare"), Number: "9"})
	}
	d.Cabins = rapid.SampledFrom([][]string{{"economy"}, {"economy", "business"}}).Draw(t, "cabins")
	at := int64(rapid.IntRange(0, 90).Draw(t, "at")) * 900
	here := rapid.SampledFrom(codes).Draw(t, "from")
	for range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "legs") {
		next := rapid.SampledFrom(codes).Filter(func(c string) bool { return c != here }).Draw(t, "to")
		l := itinerary.Leg{From: here, To: next, Departs: at, Arrives: at + int64(rapid.IntRange(1, 12).Draw(t, "quarters"))*900, ArriveOffset: 60}
		d.Legs = append(d.Legs, l)
		here, at = next, l.Arrives+int64(rapid.IntRange(0, 6).Draw(t, "ground"))*900
	}
	return d
}

func drawRules(t *rapid.T) itinerary.Rules {
	r := itinerary.Rules{
		Defaults: [4]int32{45, 60, 90, 75}, MaxWait: rapid.SampledFrom([]hours{2, 5, 24}).Draw(t, "wait").duration(),
		DetourPercent: rapid.SampledFrom([]int32{-1, 100, 150, 200}).Draw(t, "detour"), DetourKilometres: rapid.SampledFrom([]int32{0, 800}).Draw(t, "further"),
		NoInterline: rapid.IntRange(0, 4).Draw(t, "alone") == 0, MaxWork: math.MaxInt,
	}
	if r.DetourPercent > 0 && r.DetourPercent < 200 {
		r.DetourKilometres = 800
	}
	for range rapid.IntRange(0, 3).Draw(t, "agreements") {
		r.Agreements = append(r.Agreements, [2]string{rapid.SampledFrom(carriers).Draw(t, "one"), rapid.SampledFrom(carriers).Draw(t, "other")})
	}
	some := func(list []string) string { return rapid.SampledFrom(append(list, "", "")).Draw(t, "any") }
	for range rapid.IntRange(0, 5).Draw(t, "minimums") {
		r.Minimums = append(r.Minimums, itinerary.Minimum{
			Airport: some(codes[:3:3]), Arriving: some(carriers[:2:2]), Leaving: some(carriers[:2:2]),
			Kind: itinerary.Kind(rapid.IntRange(0, 4).Draw(t, "kind")), Minutes: int32(rapid.IntRange(0, 10).Draw(t, "quarters")) * 15,
		})
	}
	return r
}

func drawSlice(t *rapid.T) itinerary.Slice {
	ends := rapid.Permutation(codes).Draw(t, "ends")
	many := rapid.IntRange(1, 2)
	from, to := many.Draw(t, "from"), many.Draw(t, "to")
	start := int64(rapid.IntRange(0, 20).Draw(t, "start")) * 900
	return itinerary.Slice{From: ends[:from], To: ends[from : from+to], Earliest: start, Latest: start + int64(rapid.IntRange(1, 90).Draw(t, "length"))*900}
}

func drawFilter(t *rapid.T) itinerary.Filter {
	f := itinerary.Filter{MaxStops: rapid.SampledFrom([]int{0, 1, 2, 2, 2}).Draw(t, "stops")}
	if rapid.IntRange(0, 3).Draw(t, "plain") > 0 {
		return f
	}
	f.Include = rapid.SampledFrom([][]string{nil, {"X1", "X2"}, {"X9"}}).Draw(t, "include")
	f.Exclude = rapid.SampledFrom([][]string{nil, {"X2"}}).Draw(t, "exclude")
	f.Cabin = rapid.SampledFrom([]string{"", "business"}).Draw(t, "cabin")
	f.DepartLocal = rapid.SampledFrom([]itinerary.Clock{{}, {From: 60, To: 600}, {From: 1200, To: 300}}).Draw(t, "depart")
	f.ArriveLocal = rapid.SampledFrom([]itinerary.Clock{{}, {From: 360, To: 1320}}).Draw(t, "arrive")
	f.MaxDuration = rapid.SampledFrom([]hours{0, 3, 9}).Draw(t, "slow").duration()
	if rapid.Bool().Draw(t, "some") {
		f.Sellable = func(s itinerary.Segment) bool { return (int(s.Departure.ID[1])+s.Board)%5 != 0 }
	}
	return f
}

// On random networks a search finds exactly what enumeration finds.
func TestSearchIsWhatEnumerationFinds(t *testing.T) {
	itineraries, changes, left := 0, [3]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		n, err := itinerary.New(w.airports, w.departures, w.rules)
		if err != nil {
			t.Fatal(err)
		}
		o := newOracle(w.airports, w.departures, w.rules)
		for range 4 {
			s, f := drawSlice(t), drawFilter(t)
			found, err := n.Search(s, f)
			if err != nil {
				t.Fatal(err)
			}
			all := o.all(s, f)
			want := undominated(all)
			if d := differ(found.Itineraries, want); d != "" || found.Truncated {
				t.Fatalf("%+v %+v (truncated %v)\n%s", s, f, found.Truncated, d)
			}
			itineraries, left = itineraries+len(want), left+len(all)-len(want)
			for _, it := range want {
				changes[it.Stops()]++
			}
		}
	})
	t.Logf("%d itineraries, by changes %v, %d dominated", itineraries, changes, left)
	if changes[0] == 0 || changes[1] == 0 || changes[2] == 0 || left == 0 {
		t.Error("the random networks had no itinerary of some kind: nothing was compared")
	}
}
