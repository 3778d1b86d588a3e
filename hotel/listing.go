package hotel

import (
	"sync/atomic"
	"time"

	"holdfast/civil"
	"holdfast/stock"
)

// cell is a night of a pool in 8 bytes: free units (48-63, saturating), rule (32-47), base price in minor units (0-31).
// One word, so that it is read without a lock and never half written.
type cell uint64

const (
	freeShift = 48
	ruleShift = 32
	mostFree  = 1<<16 - 1
)

func (c cell) free() int32 { return int32(c >> freeShift) }
func (c cell) rule() rule  { return rule(c >> ruleShift) }
func (c cell) base() int64 { return int64(uint32(c)) }

func (c cell) withFree(n int32) cell {
	return c&^(mostFree<<freeShift) | cell(min(max(n, 0), mostFree))<<freeShift
}

// listing is what search knows of a house. All but the free counts in cells is immutable: a change of the house, or
// nights beyond the last one, make a new listing. What every search reads of every hotel comes first and is copied
// here, so that it lies in one or two cache lines: those lines are what searching thousands of hotels costs.
type listing struct {
	// cells holds the nights [from, from+nights), each as a row of one cell for every pool: a stay of three nights in
	// a house of five types is then 120 bytes in a row.
	cells  []uint64 // read and written atomically once published
	types  []listedType
	plans  []listedPlan
	zone   *time.Location
	at     vector
	from   civil.Date
	nights int32
	width  int32 // columns: pools
	house0 int32 // column of the cap pool; -1 without one
	stars  int8
	open   bool // the hotel is active

	house             *House
	pools             []stock.PoolID // of the columns
	checkIn, checkOut clockTime
}

// listedType is a room type on sale.
type listedType struct {
	of               *RoomType
	column           int32
	adults, children int16 // Occupancy
}

// listedPlan is a rate plan on sale.
type listedPlan struct {
	of        *RatePlan
	sold      []bool        // by index into types; nil: with all
	overrides []Line[int64] // by index into types; nil: none
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
		stars: int8(h.Hotel.Stars), open: h.Hotel.Status == Active,
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
			l.types = append(l.types, listedType{t, int32(len(l.pools)), int16(t.Occupancy.Adults), int16(t.Occupancy.Children)})
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
	l.cells = make([]uint64, int(l.nights)*len(l.pools))
	for _, t := range l.types {
		l.fill(t)
	}
	return l, nil
}

func (l *listing) listPlan(p *RatePlan) listedPlan {
	out := listedPlan{of: p}
	if len(p.RoomTypes) > 0 {
		out.sold = make([]bool, len(l.types))
		for i, t := range l.types {
			out.sold[i] = p.sells(t.of)
		}
	}
	if len(p.Overrides) > 0 {
		out.overrides = make([]Line[int64], len(l.types))
		for i, t := range l.types {
			out.overrides[i] = p.Overrides[t.of.ID]
		}
	}
	return out
}

// fill writes base prices and rules of one type. Nobody else knows the cells yet, so these are plain writes.
func (l *listing) fill(t listedType) {
	w, column := int(l.width), int(t.column)
	for n := range int(l.nights) {
		l.cells[n*w+column] = uint64(t.of.BasePrice) & (1<<32 - 1)
	}
	for _, r := range t.of.Rates {
		for n := l.row(r.From); n < l.row(r.To); n++ {
			l.cells[n*w+column] = uint64(r.Value) & (1<<32 - 1)
		}
	}
	for _, r := range t.of.Restrictions {
		u := uint64(squeeze(r.Value)) << ruleShift
		for n := l.row(r.From); n < l.row(r.To); n++ {
			l.cells[n*w+column] |= u
		}
	}
}

// row is the row of a date, clamped to [0, nights].
func (l *listing) row(d civil.Date) int { return min(max(int(d-l.from), 0), int(l.nights)) }

// cell reads a cell while others may write it.
func (l *listing) cell(i int) cell { return cell(atomic.LoadUint64(&l.cells[i])) }

// end is the first night after the last.
func (l *listing) end() civil.Date { return l.from + civil.Date(l.nights) }

// setFree writes how many units of a column are free on a night the listing has. There is one writer at a time, so it
// may read what it replaces plainly.
func (l *listing) setFree(column int, d civil.Date, n int32) {
	c := &l.cells[int(d-l.from)*len(l.pools)+column]
	atomic.StoreUint64(c, uint64(cell(*c).withFree(n)))
}

// takeFree copies the free counts of a column from another listing, before this one is published.
func (l *listing) takeFree(column int, from *listing, theirs int) {
	first, end := max(l.from, from.from), min(l.end(), from.end())
	for i := range int(end - first) {
		c := &l.cells[(int(first-l.from)+i)*len(l.pools)+column]
		*c = uint64(cell(*c).withFree(cell(from.cells[(int(first-from.from)+i)*len(from.pools)+theirs]).free()))
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
	for i := range l.types {
		if l.types[i].of != t {
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

// departs reports whether the type lets a stay end on the date, which may lie behind the last night.
func (l *listing) departs(t *listedType, out civil.Date) bool {
	if out >= l.end() {
		return t.of.restriction(out)&ClosedToDeparture == 0
	}
	u := l.cell(int(out-l.from)*int(l.width) + int(t.column)).rule()
	return u&ruleClosedDeparture == 0
}
