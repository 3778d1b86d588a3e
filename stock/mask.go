package stock

import "math/bits"

// Mask marks on which slots of a line one unit (a seat, a room) is taken: bit i of the line is bit i%64 of word i/64.
// As many words as the line needs; a set bit means taken, or that the unit does not exist or is out of order there.
type Mask []uint64

// NewMask is a free unit on a line of slots.
func NewMask(slots int) Mask { return make(Mask, (slots+63)/64) }

// Len is how many slots the mask has room for.
func (m Mask) Len() int { return len(m) * 64 }

// word is the part of the interval [i, j) that lies in word w.
func word(w, i, j int) uint64 {
	lo, hi := max(i-w*64, 0), min(j-w*64, 64)
	if lo >= hi {
		return 0
	}
	return ^uint64(0) >> (64 - (hi - lo)) << lo
}

// Free reports whether the unit is free on all of [i, j). An interval beyond the line is not free.
func (m Mask) Free(i, j int) bool {
	if i < 0 || i >= j || j > m.Len() {
		return false
	}
	for w := i / 64; w <= (j-1)/64; w++ {
		if m[w]&word(w, i, j) != 0 {
			return false
		}
	}
	return true
}

// Take marks [i, j) as taken; false, and nothing changed, if any of it already was.
func (m Mask) Take(i, j int) bool {
	if !m.Free(i, j) {
		return false
	}
	for w := i / 64; w <= (j-1)/64; w++ {
		m[w] |= word(w, i, j)
	}
	return true
}

// Give frees [i, j); false, and nothing changed, if any of it was already free.
func (m Mask) Give(i, j int) bool {
	if i < 0 || i >= j || j > m.Len() {
		return false
	}
	for w := i / 64; w <= (j-1)/64; w++ {
		if want := word(w, i, j); m[w]&want != want {
			return false
		}
	}
	for w := i / 64; w <= (j-1)/64; w++ {
		m[w] &^= word(w, i, j)
	}
	return true
}

// Taken counts the taken slots.
func (m Mask) Taken() int {
	n := 0
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// Gap is the length of the free run around [i, j) on a line of slots; 0 if [i, j) is not free.
func (m Mask) Gap(i, j, slots int) int {
	if j > slots || !m.Free(i, j) {
		return 0
	}
	for i > 0 && m.Free(i-1, i) {
		i--
	}
	for j < slots && m.Free(j, j+1) {
		j++
	}
	return j - i
}
