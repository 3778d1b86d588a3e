package hotel

import (
	"slices"
	"sync/atomic"
	"time"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/stock"
)

// cell is a night of a pool in 4 bytes: free units (16-31, saturating) and which tariff of its column counts (0-15). One
// word, so that it is read without a lock and never half written. Free units and tariffs are apart because they come from
// two services: the desk writes one, the house the other.
type cell uint32

const (
	freeShift  = 16
	tariffMask = 1<<freeShift - 1
	mostFree   = 1<<16 - 1
)

func (c cell) free() int32 { return int32(c >> freeShift) }
func (c cell) tariff() int { return int(c & tariffMask) }

func (c cell) withFree(n int32) cell {
	return c&tariffMask | cell(min(max(n, 0), mostFree))<<freeShift
}

// tariff is what a night costs and demands: rule (32-47), base price in minor units (0-31). A room type has few of them,
// its seasons, against hundreds of nights: at most one a night, so an index of 16 bits always suffices
// (TestTariffsOfAllNights).
type tariff uint64

const ruleShift = 32

func (t tariff) rule() rule  { return rule(t >> ruleShift) }
func (t tariff) base() int64 { return int64(uint32(t)) }

// listing is what search knows of a house. All but the free counts in cells is immutable: a change of the house, or
// nights beyond the last one, make a new listing. What every search reads of every hotel comes first and is copied
// here, so that it lies in one or two cache lines: those lines are what searching thousands of hotels costs.
type listing struct {
	// cells holds the nights [from, from+nights), each as a row of one cell for every pool: a stay of three nights in
	// a house of five types is then 60 bytes in a row.
	cells    []uint32 // read and written atomically once published
	types    []listedType
	tariffs  []tariff // of the types, one type after the other
	plans    []listedPlan
	added    []Levy // those that come on top of the base price
	currency money.Currency
	zone     *time.Location
	at       vector
	from     civil.Date
	nights   int32
	width    int32 // columns: pools
	house0   int32 // column of the cap pool; -1 without one
	stars    int8
	open     bool // the hotel is active
	special  bool // some plan has prices of its own for some nights

	house             *House
	kinds             []*RoomType    // of types
	pools             []stock.PoolID // of the columns
	checkIn, checkOut clockTime
}

// listedType is a room type on sale: 12 bytes, so that five of them share a cache line.
type listedType struct {
	column           int32
	tariffs          int32 // where the tariffs of its cells begin
	adults, children int16 // Occupancy
}

// listedPlan is a rate plan on sale, with what pricing reads of every one: 32 bytes, two to a cache line.
type listedPlan struct {
	of        *RatePlan
	exception *planException // nil: sold with all types, each night at the price its rule gives
	amount    int64
	percentBP int32
	included  int16 // RatePlan.IncludedAdults
	board     Board
}

// planException is what a rate plan does not do alike for all types.
type planException struct {
	sold      []bool        // by index into types; nil: with all
	overrides []Line[int64] // by index into types; nil: none
}

// sells reports whether the plan is sold with a type.
func (e *planException) sells(kind int) bool { return e == nil || e.sold == nil || e.sold[kind] }

// override is the line of explicit prices for a type; none for most.
func (e *planException) override(kind int) Line[int64] {
	if e == nil || e.overrides == nil {
		return nil
	}
	return e.overrides[kind]
}

// clockTime is a wall clock time.
type clockTime struct{ hour, minute int }

// parseClock reads HH:MM.
func parseClock(s string) (clockTime, error) {
	t, err := time.Parse("15:04", s)
	return clockTime{t.Hour(), t.Minute()}, err
}

// newListing lists a house for the nights [from, to), with nothing free yet. The zone is that of the house.
func newListing(h *House, zone *time.Location, from, to civil.Date) (*listing, error) {
	l := &listing{
		house: h, zone: zone, at: vectorOf(h.Hotel.Latitude, h.Hotel.Longitude), from: from, nights: int32(to - from), house0: -1,
		stars: int8(h.Hotel.Stars), open: h.Hotel.Status == Active, currency: h.Hotel.Currency, added: h.Hotel.extras(),
	}
	var err error
	if l.checkIn, err = parseClock(h.Hotel.CheckInFrom); err != nil {
		return nil, err
	}
	if l.checkOut, err = parseClock(h.Hotel.CheckOutUntil); err != nil {
		return nil, err
	}
	for i := range h.Types {
		t := &h.Types[i]
		if t.Pool == 0 || t.Status == Retired {
			continue
		}
		if t.Status == Active {
			l.types = append(l.types, listedType{column: int32(len(l.pools)), adults: int16(t.Occupancy.Adults), children: int16(t.Occupancy.Children)})
			l.kinds = append(l.kinds, t)
		}
		l.pools = append(l.pools, t.Pool)
	}
	if h.Hotel.Capacity != nil && h.Hotel.CapPool != 0 {
		l.house0 = int32(len(l.pools))
		l.pools = append(l.pools, h.Hotel.CapPool)
	}
	for i := range h.Plans {
		if p := &h.Plans[i]; p.Status == Active {
			l.plans = append(l.plans, l.listPlan(p))
		}
	}
	l.width = int32(len(l.pools))
	l.cells = make([]uint32, int(l.nights)*len(l.pools))
	book := newTariffBook(int(l.nights))
	for i := range l.types {
		l.fill(i, book)
	}
	l.tariffs = slices.Clone(book.tariffs) // no larger than it need be
	return l, nil
}

func (l *listing) listPlan(p *RatePlan) listedPlan {
	out := listedPlan{of: p, amount: p.Amount, percentBP: p.PercentBP, included: int16(p.IncludedAdults), board: p.Board}
	if len(p.RoomTypes)+len(p.Overrides) == 0 {
		return out
	}
	out.exception = &planException{}
	if len(p.RoomTypes) > 0 {
		out.exception.sold = make([]bool, len(l.kinds))
		for i, t := range l.kinds {
			out.exception.sold[i] = p.sells(t)
		}
	}
	if len(p.Overrides) > 0 {
		l.special = true
		out.exception.overrides = make([]Line[int64], len(l.kinds))
		for i, t := range l.kinds {
			out.exception.overrides[i] = p.Overrides[t.ID]
		}
	}
	return out
}

// fill writes base prices and rules of one type. Nobody else knows the cells yet, so these are plain writes.
func (l *listing) fill(kind int, book *tariffBook) {
	t, of, nights := &l.types[kind], l.kinds[kind], book.nights
	for n := range nights {
		nights[n] = tariff(of.BasePrice) & (1<<ruleShift - 1)
	}
	for _, r := range of.Rates {
		for n := l.row(r.From); n < l.row(r.To); n++ {
			nights[n] = tariff(r.Value) & (1<<ruleShift - 1)
		}
	}
	for _, r := range of.Restrictions {
		u := tariff(squeeze(r.Value)) << ruleShift
		for n := l.row(r.From); n < l.row(r.To); n++ {
			nights[n] |= u
		}
	}
	t.tariffs = int32(len(book.tariffs))
	book.open()
	w, at := int(l.width), int(t.column)
	for _, night := range nights {
		l.cells[at] |= uint32(book.index(night))
		at += w
	}
}

// tariffBook numbers the tariffs of one column after the other.
type tariffBook struct {
	nights  []tariff // of the column at hand
	tariffs []tariff
	known   map[tariff]int // of the column at hand
	first   int            // index of its first
	last    tariff
	at      int // of last; -1 before the first night
}

func newTariffBook(nights int) *tariffBook {
	return &tariffBook{nights: make([]tariff, nights), known: map[tariff]int{}}
}

// open begins a column.
func (b *tariffBook) open() {
	clear(b.known)
	b.first, b.at = len(b.tariffs), -1
}

// index is the number of a tariff in its column.
func (b *tariffBook) index(t tariff) int {
	if b.at >= 0 && t == b.last { // most nights are like the one before
		return b.at
	}
	at, ok := b.known[t]
	if !ok {
		at = len(b.tariffs) - b.first
		b.tariffs = append(b.tariffs, t)
		b.known[t] = at
	}
	b.last, b.at = t, at
	return at
}

// row is the row of a date, clamped to [0, nights].
func (l *listing) row(d civil.Date) int { return min(max(int(d-l.from), 0), int(l.nights)) }

// cell reads a cell while others may write it.
func (l *listing) cell(i int) cell { return cell(atomic.LoadUint32(&l.cells[i])) }

// tariff is what a cell of a type's column says of price and rule.
func (l *listing) tariff(t *listedType, c cell) tariff { return l.tariffs[int(t.tariffs)+c.tariff()] }

// end is the first night after the last.
func (l *listing) end() civil.Date { return l.from + civil.Date(l.nights) }

// setFree writes how many units of a column are free on a night the listing has. There is one writer at a time, so it
// may read what it replaces plainly.
func (l *listing) setFree(column int, d civil.Date, n int32) {
	c := &l.cells[int(d-l.from)*len(l.pools)+column]
	atomic.StoreUint32(c, uint32(cell(*c).withFree(n)))
}

// takeFree copies the free counts of a column from another listing, before this one is published.
func (l *listing) takeFree(column int, from *listing, theirs int) {
	first, end := max(l.from, from.from), min(l.end(), from.end())
	for i := range int(end - first) {
		c := &l.cells[(int(first-l.from)+i)*len(l.pools)+column]
		*c = uint32(cell(*c).withFree(cell(from.cells[(int(first-from.from)+i)*len(from.pools)+theirs]).free()))
	}
}

// free is how many units of a column are free on the scarcest night of the stay; 0 for nights it does not have.
func (l *listing) free(column int, s stay) int32 {
	if s.in < l.from || s.out > l.end() || s.in >= s.out {
		return 0
	}
	least := int32(mostFree)
	w := int(l.width)
	for i := int(s.in-l.from)*w + column; s.in < s.out; s.in, i = s.in+1, i+w {
		least = min(least, l.cell(i).free())
	}
	return least
}

// available is how many rooms of a type are free on the scarcest night, the cap of the house counted in.
func (l *listing) available(t *RoomType, s stay) int32 {
	for i, kind := range l.kinds {
		if kind != t {
			continue
		}
		n := l.free(int(l.types[i].column), s)
		if l.house0 >= 0 {
			n = min(n, l.free(int(l.house0), s))
		}
		return n
	}
	return 0
}

// departs reports whether a type lets a stay end on the date, which may lie behind the last night.
func (l *listing) departs(kind int, out civil.Date) bool {
	if out >= l.end() {
		return l.kinds[kind].restriction(out)&ClosedToDeparture == 0
	}
	t := &l.types[kind]
	return l.tariff(t, l.cell(int(out-l.from)*int(l.width)+int(t.column))).rule()&ruleClosedDeparture == 0
}

// total is base with everything that is added to it, the Total of its offer.Price without making one.
func (l *listing) total(base int64, c headcount) int64 {
	sum := base
	for i := range l.added {
		sum += l.added[i].minor(base, c)
	}
	return sum
}
