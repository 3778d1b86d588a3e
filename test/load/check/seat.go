package check

import (
	"cmp"
	"encoding/binary"
	"slices"

	"holdfast/test/table"
)

// unitKey names a unit of a pool.
type unitKey struct{ pool, unit int64 }

type blockKey struct{ pool, block int64 }

// span is half open, as claims are.
type span struct{ from, to int64 }

// line is the slots [0, to) of a pool with units.
type line struct{ to int64 }

// unitsPerBlock is how many units a stored row of masks holds.
const unitsPerBlock = 64

// seats is what claims and masks say of units.
type seats struct {
	claimed map[unitKey][]span
	lines   map[int64]line
	stored  map[blockKey]bool
}

func (v *verifier) seat(k unitKey, s span, count int64) {
	if count != 1 {
		v.find("pool %d unit %d is claimed %d times by one claim", k.pool, k.unit, count)
	}
	v.seats.claimed[k] = append(v.seats.claimed[k], s)
}

func (v *verifier) line(r table.Row) { v.seats.lines[r.Int(0)] = line{r.Int(1)} }

// block compares the masks of 64 neighbouring units with the claims: a bit that is taken and not blocked is a claim, and
// the other way round.
func (v *verifier) block(r table.Row) {
	pool, block, taken, blocked := r.Int(0), r.Int(1), r.Bytes(2), r.Bytes(3)
	v.seats.stored[blockKey{pool, block}] = true
	width := int((v.seats.lines[pool].to + 63) / 64 * 8) // bytes of a unit's mask
	if width == 0 || len(taken) != width*unitsPerBlock || len(blocked) != len(taken) {
		v.find("pool %d block %d has %d and %d bytes for a line of %d slots", pool, block, len(taken), len(blocked), v.seats.lines[pool].to)
		return
	}
	for i := range unitsPerBlock {
		key := unitKey{pool, block*unitsPerBlock + int64(i) + 1}
		claimed := make([]byte, width)
		for _, s := range v.seats.claimed[key] {
			for slot := s.from; slot < min(s.to, int64(width)*8); slot++ {
				claimed[slot/8] |= 1 << (slot % 8)
			}
		}
		for at := 0; at < width; at += 8 {
			word := func(b []byte, from int) uint64 { return binary.LittleEndian.Uint64(b[from+at:]) }
			is, off, has := word(taken, i*width), word(blocked, i*width), word(claimed, 0)
			if is&^off != has || off&^is != 0 || off&has != 0 {
				v.find("pool %d unit %d: taken %x, blocked %x, claimed %x", pool, key.unit, is, off, has)
			}
		}
	}
}

// overlaps looks for units that two claims have on one slot. Sorted by where they begin, a claim that begins before the
// one before it has ended overlaps it.
func (v *verifier) overlaps() {
	for key, spans := range v.seats.claimed {
		slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
		for i := 1; i < len(spans); i++ {
			if spans[i].from < spans[i-1].to {
				v.find("pool %d unit %d is claimed on [%d, %d) and on [%d, %d)", key.pool, key.unit, spans[i-1].from, spans[i-1].to, spans[i].from, spans[i].to)
			}
		}
		block := blockKey{key.pool, (key.unit - 1) / unitsPerBlock}
		if _, kept := v.seats.lines[key.pool]; kept && !v.seats.stored[block] {
			v.find("pool %d unit %d is claimed and its block %d is not stored", key.pool, key.unit, block.block)
		}
	}
}
