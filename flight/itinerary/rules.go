package itinerary

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"holdfast/place"
)

// Kind is what a connection crosses: whether the leg before and the leg after it are domestic or international.
type Kind uint8

// The kinds of connections.
const (
	DomesticToDomestic Kind = iota + 1
	DomesticToInternational
	InternationalToDomestic // border control and customs on the way
	InternationalToInternational
	kinds = int(InternationalToInternational)
)

// Minimum is an exception to the minimum connection times. Empty fields mean any. Of several that fit, the most specific
// one holds: one that names the airport before one that does not, then one that names more of the carriers, then
// one that names the kind; among equals the later in the list.
type Minimum struct {
	Airport           string
	Arriving, Leaving string // operating carriers
	Kind              Kind   // 0: any
	Minutes           int32
}

// Rules say which segments connect. The zero value is complete: it has the defaults of each field.
type Rules struct {
	// Defaults are the minimum connection times by kind, minutes, at index Kind-1; 0 is 45, 60, 90, 60.
	Defaults [kinds]int32
	Minimums []Minimum
	// Agreements are pairs of carriers whose flights may be combined, in either order. Flights of one carrier always may,
	// and so may two flights that one carrier sells both (a codeshare), or flies both. What counts is each two flights that
	// follow each other: the carrier between two others has agreements with both.
	Agreements  [][2]string
	NoInterline bool          // one marketing carrier only, whatever the agreements say
	MaxWait     time.Duration // at a connection; 0 is 24 hours
	// DetourPercent bounds the way over the airports of the connections, in percent of the great circle between the ends;
	// DetourKilometres more are always allowed. Both 0: 200 % and 800 km. A negative percentage: no bound.
	DetourPercent, DetourKilometres int32
	// MaxWork bounds the steps of one search; 0 is a million. A search that reaches it says so: see Found.Truncated.
	MaxWork int
}

var defaultMinutes = [kinds]int32{45, 60, 90, 60}

const (
	defaultWait    = 24 * time.Hour
	defaultDetour  = 200 // percent
	defaultFurther = 800 // km
	defaultWork    = 1_000_000

	maxMinutes = 24 * 60
	maxWait    = 72 * time.Hour // what a search reaches over; longer is a stay
)

// filled has the defaults where the rules say nothing.
func (r Rules) filled() (Rules, error) {
	for k, minutes := range r.Defaults {
		if minutes == 0 {
			r.Defaults[k] = defaultMinutes[k]
		}
		if minutes < 0 || minutes > maxMinutes {
			return Rules{}, fmt.Errorf("a minimum connection time of %d minutes: want 0 to %d", minutes, maxMinutes)
		}
	}
	for _, m := range r.Minimums {
		if m.Minutes < 0 || m.Minutes > maxMinutes || int(m.Kind) > kinds {
			return Rules{}, fmt.Errorf("minimum connection time at %q: %d minutes of kind %d: want 0 to %d minutes", m.Airport, m.Minutes, m.Kind, maxMinutes)
		}
	}
	if r.MaxWait == 0 {
		r.MaxWait = defaultWait
	}
	if r.MaxWait < 0 || r.MaxWait > maxWait {
		return Rules{}, fmt.Errorf("waiting at most %v at a connection: want up to %v", r.MaxWait, maxWait)
	}
	if r.DetourPercent == 0 && r.DetourKilometres == 0 {
		r.DetourPercent, r.DetourKilometres = defaultDetour, defaultFurther
	}
	if r.MaxWork == 0 {
		r.MaxWork = defaultWork
	}
	if r.MaxWork < 0 || r.DetourKilometres < 0 {
		return Rules{}, fmt.Errorf("bounds of %d steps and %d km: want numbers from zero", r.MaxWork, r.DetourKilometres)
	}
	return r, nil
}

// detour reports whether a way is too long for ends that are direct apart. Negative distances are unknown ones.
func (r *Rules) detour(way, direct int64) bool {
	return r.DetourPercent >= 0 && direct >= 0 && way*100 > direct*int64(r.DetourPercent)+int64(r.DetourKilometres)*100
}

// distance is the great circle between two airports in whole kilometres; -1 where one of them is unknown.
func distance(a, b *Airport) int64 {
	if a.Latitude == 0 && a.Longitude == 0 || b.Latitude == 0 && b.Longitude == 0 {
		return -1
	}
	return int64(math.Round(place.Metres(a.Latitude, a.Longitude, b.Latitude, b.Longitude) / 1000))
}

// way adds distances up; unknown ones make it unknown.
func way(kilometres ...int64) int64 {
	var sum int64
	for _, k := range kilometres {
		if k < 0 {
			return -1
		}
		sum += k
	}
	return sum
}

// minimum is a Minimum by the numbers of a network.
type minimum struct {
	arriving, leaving int32 // operating carriers; -1: any
	kind              Kind
	seconds           int64
	weight            int // how specific it is
}

// compiled are the rules by the numbers of a network.
type compiled struct {
	defaults [kinds]int64
	general  []minimum           // those that name no airport, most specific first
	at       map[int32][]minimum // by airport, with the general ones; most specific first
	agree    [][]bool            // by carrier and carrier; rows of carriers without agreements are nil
	partner  []uint64            // by carrier: bits of those it has agreements with
	bits     [64]uint64          // by bit of carriers: the bit, and those of all they have agreements with
	wait     int64
}

// compile translates the rules; what names an airport or a carrier that nobody flies cannot fit and is left out.
func compile(r *Rules, airport, carrier map[string]int32) *compiled {
	c := &compiled{at: map[int32][]minimum{}, agree: make([][]bool, len(carrier)), partner: make([]uint64, len(carrier)), wait: int64(r.MaxWait / time.Second)}
	for k, minutes := range r.Defaults {
		c.defaults[k] = int64(minutes) * 60
	}
	named := func(code string) (number int32, weight int, known bool) {
		if code == "" {
			return -1, 0, true
		}
		number, known = carrier[code]
		return number, 2, known
	}
	for _, m := range slices.Backward(r.Minimums) { // the later first among equals
		arriving, a, ok := named(m.Arriving)
		leaving, l, also := named(m.Leaving)
		if !ok || !also {
			continue
		}
		out := minimum{arriving: arriving, leaving: leaving, kind: m.Kind, seconds: int64(m.Minutes) * 60, weight: a + l}
		if m.Kind != 0 {
			out.weight++
		}
		if m.Airport == "" {
			c.general = append(c.general, out)
			continue
		}
		out.weight += 8
		if at, known := airport[m.Airport]; known {
			c.at[at] = append(c.at[at], out)
		}
	}
	specific := func(a, b minimum) int { return cmp.Compare(b.weight, a.weight) }
	for at, list := range c.at {
		list = append(list, c.general...)
		slices.SortStableFunc(list, specific)
		c.at[at] = list
	}
	slices.SortStableFunc(c.general, specific)
	for _, pair := range r.Agreements {
		a, ok := carrier[pair[0]]
		b, also := carrier[pair[1]]
		if !ok || !also {
			continue
		}
		for _, p := range [][2]int32{{a, b}, {b, a}} {
			if c.agree[p[0]] == nil {
				c.agree[p[0]] = make([]bool, len(carrier))
			}
			c.agree[p[0]][p[1]] = true
			c.partner[p[0]] |= 1 << (p[1] % 64)
		}
	}
	for i := range c.bits {
		c.bits[i] = 1 << i
	}
	for number, partners := range c.partner {
		c.bits[number%64] |= partners
	}
	return c
}

// exceptions are the minimums that may hold at an airport.
func (c *compiled) exceptions(airport int32) []minimum {
	if list, ok := c.at[airport]; ok {
		return list
	}
	return c.general
}

// shortest is the least minimum at an airport, in seconds.
func (c *compiled) shortest(airport int32) int64 {
	least := slices.Min(c.defaults[:])
	for _, m := range c.exceptions(airport) {
		least = min(least, m.seconds)
	}
	return least
}

// connection is the minimum connection time in seconds.
func (c *compiled) connection(airport int32, before, after *segment) int64 {
	kind := DomesticToDomestic
	if before.lastAbroad {
		kind += 2
	}
	if after.firstAbroad {
		kind++
	}
	for _, m := range c.exceptions(airport) {
		if (m.kind == 0 || m.kind == kind) && (m.arriving < 0 || m.arriving == before.operator) && (m.leaving < 0 || m.leaving == after.operator) {
			return m.seconds
		}
	}
	return c.defaults[kind-1]
}

// partners are the bits of the carriers that may follow a segment: where a segment's sellers have none of them, combine
// says no.
func (c *compiled) partners(r *Rules, s *segment) uint64 {
	if r.NoInterline {
		return 1 << (s.carrier % 64)
	}
	return s.sellers | c.partner[s.carrier]
}

// spread are the bits of the carriers that may follow any segment with these sellers.
func (c *compiled) spread(sellers uint64) (all uint64) {
	for ; sellers != 0; sellers &= sellers - 1 {
		all |= c.bits[bits.TrailingZeros64(sellers)]
	}
	return all
}

// combine reports whether two segments that follow each other may be sold together.
func (c *compiled) combine(r *Rules, a, b *segment) bool {
	switch {
	case a.carrier == b.carrier:
		return true
	case r.NoInterline:
		return false
	case a.operator == b.operator:
		return true
	case a.sellers&b.sellers != 0 && sellsBoth(a.departure, b.departure):
		return true
	default:
		row := c.agree[a.carrier]
		return row != nil && row[b.carrier]
	}
}

// sellsBoth reports whether one carrier sells both departures under numbers of its own.
func sellsBoth(a, b *Departure) bool {
	for i := -1; i < len(a.Codeshares); i++ {
		carrier := a.Carrier
		if i >= 0 {
			carrier = a.Codeshares[i].Carrier
		}
		if carrier == b.Carrier || slices.ContainsFunc(b.Codeshares, func(n Number) bool { return n.Carrier == carrier }) {
			return true
		}
	}
	return false
}
