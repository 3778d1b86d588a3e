package books

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"

	"holdfast/test/table"
)

// Seats are the rows of a store about units that are given out by name.
type Seats struct {
	Lines  map[int64]Line // of the pools with units
	Blocks map[BlockKey]Block
	Stock  map[Key]Units
}

// Line is a pool's: how many units its layout has, on how many slots.
type Line struct {
	Units  int64
	Slots  int64
	Absent bool // some are not there on a part of the way
}

// BlockKey names the stored masks of 64 units, Number*64+1 and on.
type BlockKey struct{ Pool, Number int64 }

// Block is those masks.
type Block struct{ Taken, Blocked []byte }

// Units is what the counters of a slot say of them.
type Units struct{ Physical, OutOfOrder int64 }

// unitsPerBlock is how many units a row of masks holds.
const unitsPerBlock = 64

func readSeats(ctx context.Context, s table.Source) (*Seats, error) {
	seats := &Seats{Lines: map[int64]Line{}, Blocks: map[BlockKey]Block{}, Stock: map[Key]Units{}}
	for _, q := range []struct {
		sql string
		fn  func(table.Row) error
	}{
		{`SELECT p.id, p.to_slot, CAST(l.document AS text) FROM pools p JOIN layouts l ON l.id = p.layout`, func(r table.Row) error {
			var d struct{ Units, Absent []json.RawMessage }
			if err := json.Unmarshal([]byte(r.Text(2)), &d); err != nil {
				return fmt.Errorf("layout of pool %d: %w", r.Int(0), err)
			}
			seats.Lines[r.Int(0)] = Line{Units: int64(len(d.Units)), Slots: r.Int(1), Absent: len(d.Absent) > 0}
			return nil
		}},
		{`SELECT pool, block, taken, blocked FROM unit_blocks`, func(r table.Row) error {
			seats.Blocks[BlockKey{r.Int(0), r.Int(1)}] = Block{r.Bytes(2), r.Bytes(3)}
			return nil
		}},
		{`SELECT s.pool, s.slot, s.physical, s.out_of_order FROM slots s JOIN pools p ON p.id = s.pool WHERE p.layout IS NOT NULL`, func(r table.Row) error {
			seats.Stock[Key{r.Int(0), r.Int(1)}] = Units{r.Int(2), r.Int(3)}
			return nil
		}},
	} {
		if err := s.Each(ctx, q.sql, q.fn); err != nil {
			return nil, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	return seats, nil
}

// seats checks that no unit has two live claims on a slot, that masks say what claims and what is blocked say, and that the
// counters of the slots follow.
func (b *Books) seats(f *findings) {
	if b.Seats == nil {
		return
	}
	type unitKey struct{ pool, unit int64 }
	claimed := map[unitKey][]Claim{}
	for _, c := range b.Claims {
		if c.Unit == 0 || c.Life == 3 {
			continue
		}
		if l := b.Seats.Lines[c.Pool]; c.Unit > l.Units || c.To > l.Slots || c.Count != 1 {
			f.add("pool %d unit %d is claimed %d times on [%d, %d); the pool has %d on %d slots", c.Pool, c.Unit, c.Count, c.From, c.To, l.Units, l.Slots)
			continue
		}
		claimed[unitKey{c.Pool, c.Unit}] = append(claimed[unitKey{c.Pool, c.Unit}], c)
	}
	for k, cs := range claimed {
		slices.SortFunc(cs, func(a, b Claim) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
		for i := 1; i < len(cs); i++ {
			if cs[i].From < cs[i-1].To {
				f.add("pool %d unit %d is sold twice: on [%d, %d) and on [%d, %d)", k.pool, k.unit, cs[i-1].From, cs[i-1].To, cs[i].From, cs[i].To)
			}
		}
	}
	for pool, l := range b.Seats.Lines {
		off := make([]int64, l.Slots)
		for unit := int64(1); unit <= l.Units; unit++ {
			taken, blocked := b.Seats.masks(pool, unit, l)
			for slot := range l.Slots {
				has := slices.ContainsFunc(claimed[unitKey{pool, unit}], func(c Claim) bool { return c.From <= slot && slot < c.To })
				is, isOff := bit(taken, slot), bit(blocked, slot)
				if isOff {
					off[slot]++
				}
				if !l.Absent && (is != (has || isOff) || has && isOff) {
					f.add("pool %d unit %d slot %d: taken %v, blocked %v, claimed %v", pool, unit, slot, is, isOff, has)
				}
			}
			if extra := count(taken) - countTo(taken, l.Slots); extra != 0 {
				f.add("pool %d unit %d: %d bits beyond the line", pool, unit, extra)
			}
		}
		for slot := range l.Slots {
			if s := b.Seats.Stock[Key{pool, slot}]; !l.Absent && (s.Physical != l.Units || s.OutOfOrder != off[slot]) {
				f.add("pool %d slot %d: counts %d units, %d out of order; there are %d and %d", pool, slot, s.Physical, s.OutOfOrder, l.Units, off[slot])
			}
		}
	}
}

// masks of a unit; a block that was never written is free.
func (s *Seats) masks(pool, unit int64, l Line) (taken, blocked []byte) {
	width := (l.Slots + 63) / 64 * 8
	b, stored := s.Blocks[BlockKey{pool, (unit - 1) / unitsPerBlock}]
	if !stored {
		return make([]byte, width), make([]byte, width)
	}
	at := (unit - 1) % unitsPerBlock * width
	return b.Taken[at : at+width], b.Blocked[at : at+width]
}

func bit(mask []byte, slot int64) bool { return mask[slot/8]>>(slot%8)&1 == 1 }

func count(mask []byte) (n int) {
	for at := 0; at < len(mask); at += 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(mask[at:]))
	}
	return n
}

func countTo(mask []byte, to int64) (n int) {
	for slot := range to {
		if bit(mask, slot) {
			n++
		}
	}
	return n
}
