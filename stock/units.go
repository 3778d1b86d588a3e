package stock

import (
	"fmt"
	"math"
	"math/bits"
)

// UnitsPerBlock is how many units one stored row holds.
const UnitsPerBlock = 64

// Block is the masks of up to UnitsPerBlock neighbouring units of a pool, unit after unit, each of as many words as the
// pool's line needs. A bit of Taken says that the unit cannot be given out on a slot; the same bit of Blocked that this is
// not because a reservation has it: it is not there, or out of order.
type Block struct {
	Taken, Blocked []uint64
}

// Units is the units of one pool and what is taken of them. Only the methods below change it.
type Units struct {
	Layout *Layout
	Slots  int // of the pool's line; slot 0 is bit 0
	Blocks []*Block
}

// Words is how many words the mask of one unit takes on a line of slots.
func Words(slots int) int { return (slots + 63) / 64 }

// NewBlock is a block of the layout as it is before anything is sold: what is not there is blocked.
func NewBlock(l *Layout, slots, block int) *Block {
	w := Words(slots)
	b := &Block{Taken: make([]uint64, UnitsPerBlock*w), Blocked: make([]uint64, UnitsPerBlock*w)}
	for _, a := range l.Absent {
		for u := max(int(a.FromUnit)-1, block*UnitsPerBlock); u < min(int(a.ToUnit)-1, (block+1)*UnitsPerBlock); u++ {
			at := u % UnitsPerBlock * w
			for s := int(a.From); s < min(int(a.To), slots); s++ {
				b.Taken[at+s/64] |= 1 << (s % 64)
				b.Blocked[at+s/64] |= 1 << (s % 64)
			}
		}
	}
	return b
}

// BlockOf is the block that holds a unit.
func BlockOf(unit int32) int { return int(unit-1) / UnitsPerBlock }

func (u *Units) mask(unit int32) Mask {
	if unit < 1 || int(unit) > len(u.Layout.Units) {
		return nil
	}
	return part(u.Blocks[BlockOf(unit)].Taken, unit, u.Slots)
}

// Blocked reports whether a unit is not there or out of order on a slot.
func (u *Units) Blocked(unit int32, s Slot) bool {
	b := u.blocked(unit)
	return s >= 0 && int(s) < u.Slots && b[s/64]>>(s%64)&1 == 1
}

func (u *Units) blocked(unit int32) Mask {
	return part(u.Blocks[BlockOf(unit)].Blocked, unit, u.Slots)
}

func part(words []uint64, unit int32, slots int) Mask {
	w := Words(slots)
	at := int(unit-1) % UnitsPerBlock * w
	return Mask(words[at : at+w])
}

// Free reports whether a unit can be given out on all of [from, to).
func (u *Units) Free(unit int32, from, to Slot) bool {
	return int(to) <= u.Slots && u.mask(unit).Free(int(from), int(to))
}

// Take gives a unit out on [from, to); false, and nothing changed, if any of it is taken.
func (u *Units) Take(unit int32, from, to Slot) bool {
	return int(to) <= u.Slots && u.mask(unit).Take(int(from), int(to))
}

// Give takes a unit back; false, and nothing changed, if a reservation cannot have had it there.
func (u *Units) Give(unit int32, from, to Slot) bool {
	m := u.mask(unit)
	if m == nil || int(to) > u.Slots || from < 0 || from >= to {
		return false
	}
	b := u.blocked(unit)
	for s := int(from); s < int(to); s++ {
		if b[s/64]>>(s%64)&1 == 1 {
			return false
		}
	}
	return m.Give(int(from), int(to))
}

// Block puts a unit out of order on [from, to); false, and nothing changed, if a reservation has it there. Slots where it
// is blocked already stay so; changed says how many were not.
func (u *Units) Block(unit int32, from, to Slot) (changed int, ok bool) {
	m := u.mask(unit)
	if m == nil || from < 0 || from >= to || int(to) > u.Slots {
		return 0, false
	}
	b := u.blocked(unit)
	for s := int(from); s < int(to); s++ {
		if m[s/64]>>(s%64)&1 == 1 && b[s/64]>>(s%64)&1 == 0 {
			return 0, false
		}
	}
	for s := int(from); s < int(to); s++ {
		if b[s/64]>>(s%64)&1 == 0 {
			m[s/64] |= 1 << (s % 64)
			b[s/64] |= 1 << (s % 64)
			changed++
		}
	}
	return changed, true
}

// Unblock puts a unit back in order on [from, to), but for where the layout says that it is not there at all.
func (u *Units) Unblock(unit int32, from, to Slot) (changed int, ok bool) {
	m := u.mask(unit)
	if m == nil || from < 0 || from >= to || int(to) > u.Slots {
		return 0, false
	}
	b := u.blocked(unit)
	for s := int(from); s < int(to); s++ {
		if b[s/64]>>(s%64)&1 == 1 && !u.absent(unit, Slot(s)) {
			m[s/64] &^= 1 << (s % 64)
			b[s/64] &^= 1 << (s % 64)
			changed++
		}
	}
	return changed, true
}

func (u *Units) absent(unit int32, s Slot) bool {
	for _, a := range u.Layout.Absent {
		if unit >= a.FromUnit && unit < a.ToUnit && s >= a.From && s < a.To {
			return true
		}
	}
	return false
}

// gap is the length of the free run around [i, j) of a unit; 0 if that is not free.
func (u *Units) gap(unit int32, i, j int) int {
	m := u.mask(unit)
	if len(m) != 1 {
		return m.Gap(i, j, u.Slots)
	}
	w := m[0] // the usual train has at most 64 segments: a handful of instructions a seat
	if w&word(0, i, j) != 0 {
		return 0
	}
	before := bits.LeadingZeros64(w << (64 - i)) // free slots just below i; 64 when all are
	after := min(bits.TrailingZeros64(w>>j), u.Slots-j)
	return min(before, i) + j - i + after
}

// Wish is what travellers would like. Want and Avoid are met as far as possible; they never make a request fail.
type Wish struct {
	Want, Avoid Traits
	Together    bool // in one group, as close as can be
	MayChange   bool // when no unit is free all the way, another one for a part of it is accepted
	// Prices are what choosing a unit of a tier costs: the cheapest is given. Empty: tiers are in the order of their price.
	Prices []int64
}

// price is what a unit of a tier would cost who chose it; of tiers that are not sold more than of any that is.
func (w Wish) price(tier uint8) int64 {
	switch {
	case len(w.Prices) == 0:
		return int64(tier)
	case int(tier) < len(w.Prices):
		return w.Prices[tier]
	}
	return math.MaxInt32
}

func (w Wish) unmet(t Traits) int {
	return bits.OnesCount16(uint16(w.Want&^t)) + bits.OnesCount16(uint16(w.Avoid&t))
}

// Seat is a unit on a part of the way.
type Seat struct {
	Unit     int32
	From, To Slot
}

// Fit gives out units to n travellers on [from, to) and returns what each got, in order. A traveller has one seat all
// the way; only where that cannot be, and the wish allows it, several one after the other, as few as possible.
// False, and nothing changed, when not all can be seated.
//
// Among the units that are free all the way one of the lowest price is taken (what costs something to choose is not given
// away first), of those the one with the fewest wishes unmet, of those the one whose free run around the ride is the
// tightest (best fit: long runs stay whole for long rides), of those the lowest. Together, the group and the neighbours in
// it with the smallest spread are taken first, where one group can seat all.
func (u *Units) Fit(n int, from, to Slot, w Wish) ([][]Seat, bool) {
	if n < 1 || from < 0 || from >= to || int(to) > u.Slots {
		return nil, false
	}
	if n > 1 && w.Together {
		if seats := u.together(n, from, to, w); seats != nil {
			return seats, true
		}
	}
	out := make([][]Seat, 0, n)
	for range n {
		unit := u.best(from, to, w)
		switch {
		case unit != 0:
			u.Take(unit, from, to)
			out = append(out, []Seat{{unit, from, to}})
			continue
		case w.MayChange:
			if seats := u.chain(from, to); seats != nil {
				out = append(out, seats)
				continue
			}
		}
		u.GiveAll(out)
		return nil, false
	}
	return out, true
}

// GiveAll takes back what Fit gave out.
func (u *Units) GiveAll(given [][]Seat) {
	for _, seats := range given {
		for _, s := range seats {
			if !u.Give(s.Unit, s.From, s.To) {
				panic(fmt.Sprintf("unit %d was not given out on [%d, %d)", s.Unit, s.From, s.To))
			}
		}
	}
}

// best is the best unit that is free all the way; 0 for none.
func (u *Units) best(from, to Slot, w Wish) int32 {
	var best int32
	var of fitness
	for n := int32(1); int(n) <= len(u.Layout.Units); n++ {
		gap := u.gap(n, int(from), int(to))
		if gap == 0 {
			continue
		}
		is := &u.Layout.Units[n-1]
		if f := (fitness{price: w.price(is.Tier), miss: w.unmet(is.Traits), gap: gap}); best == 0 || f.before(of) {
			best, of = n, f
		}
	}
	return best
}

// fitness is by what units are chosen, the more important first; less is better. rows and span are of travellers together.
type fitness struct {
	price                 int64
	rows, span, miss, gap int
}

func (f fitness) before(o fitness) bool {
	switch {
	case f.price != o.price:
		return f.price < o.price
	case f.rows != o.rows:
		return f.rows < o.rows
	case f.span != o.span:
		return f.span < o.span
	case f.miss != o.miss:
		return f.miss < o.miss
	}
	return f.gap < o.gap
}

// together seats n travellers in one group: of all n candidates that follow one another there, those of the
// lowest prices, then that span the fewest rows, then the fewest numbers, then miss the fewest wishes, then leave the least
// free around them.
func (u *Units) together(n int, from, to Slot, w Wish) [][]Seat {
	type candidate struct {
		unit      int32
		price     int64
		miss, gap int
	}
	var window []candidate
	var chosen []int32
	var best fitness
	for unit := int32(1); int(unit) <= len(u.Layout.Units); unit++ {
		is := u.Layout.Units[unit-1]
		if len(window) > 0 && u.Layout.Unit(window[0].unit).Group != is.Group {
			window = window[:0]
		}
		gap := u.gap(unit, int(from), int(to))
		if gap == 0 {
			continue
		}
		if len(window) == n {
			window = append(window[:0], window[1:]...)
		}
		window = append(window, candidate{unit, w.price(is.Tier), w.unmet(is.Traits), gap})
		if len(window) < n {
			continue
		}
		first := u.Layout.Unit(window[0].unit)
		s := fitness{rows: abs(int(is.Row) - int(first.Row)), span: int(unit - window[0].unit)}
		for _, c := range window {
			s.price += c.price
			s.miss += c.miss
			s.gap += c.gap
		}
		if chosen == nil || s.before(best) {
			best, chosen = s, chosen[:0]
			for _, c := range window {
				chosen = append(chosen, c.unit)
			}
		}
	}
	if chosen == nil {
		return nil
	}
	out := make([][]Seat, n)
	for i, unit := range chosen {
		u.Take(unit, from, to)
		out[i] = []Seat{{unit, from, to}}
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// chain seats one traveller on several units one after the other: always the one that is free the farthest from here,
// which needs the fewest changes. nil, and nothing changed, when some slot has no free unit.
func (u *Units) chain(from, to Slot) []Seat {
	var seats []Seat
	for at := from; at < to; {
		var best int32
		end, fit := at, 0
		for n := int32(1); int(n) <= len(u.Layout.Units); n++ {
			m := u.mask(n)
			reach := at
			for reach < to && m.Free(int(reach), int(reach)+1) {
				reach++
			}
			if reach == at {
				continue
			}
			if gap := u.gap(n, int(at), int(reach)); reach > end || reach == end && gap < fit {
				best, end, fit = n, reach, gap
			}
		}
		if best == 0 {
			u.GiveAll([][]Seat{seats})
			return nil
		}
		u.Take(best, at, end)
		seats = append(seats, Seat{best, at, end})
		at = end
	}
	return seats
}

// Check is the rule of the bits: what is blocked is taken, and nothing is taken beyond the line or the layout.
func (u *Units) Check() error {
	w := Words(u.Slots)
	if len(u.Blocks) != u.Layout.Blocks() {
		return fmt.Errorf("%d blocks for %d units: %w", len(u.Blocks), len(u.Layout.Units), ErrBroken)
	}
	for i, b := range u.Blocks {
		if len(b.Taken) != UnitsPerBlock*w || len(b.Blocked) != UnitsPerBlock*w {
			return fmt.Errorf("block %d has %d and %d words: %w", i, len(b.Taken), len(b.Blocked), ErrBroken)
		}
		for k := range b.Taken {
			unit := i*UnitsPerBlock + k/w
			beyond := ^uint64(0)
			if unit < len(u.Layout.Units) {
				beyond = ^word(k%w, 0, u.Slots)
			}
			if b.Blocked[k]&^b.Taken[k] != 0 || b.Taken[k]&beyond != 0 {
				return fmt.Errorf("unit %d: taken %x, blocked %x: %w", unit+1, b.Taken[k], b.Blocked[k], ErrBroken)
			}
		}
	}
	return nil
}
