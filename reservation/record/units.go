package record

import (
	"encoding/binary"
	"fmt"
	"slices"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// UnitPools are the pools of a need together with those of which the loaded reservations have units that the rules may
// change, ascending and without repeats.
func UnitPools(need []stock.PoolID, loaded []Loaded) []stock.PoolID {
	all := need
	for i := range loaded {
		l := &loaded[i]
		for item := range l.Items {
			for ord, c := range l.Items[item].Claims {
				if c.Unit == 0 || !l.usesSlots(l.Lives[item][ord]) {
					continue
				}
				if len(all) == len(need) {
					all = slices.Clone(need)
				}
				all = append(all, c.Pool)
			}
		}
	}
	if len(all) == len(need) {
		return need
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// AppendWords appends masks as they are stored: word after word, the lowest byte first, so that bit i of a unit's mask is
// bit i%8 of its byte i/8.
func AppendWords(dst []byte, words []uint64) []byte {
	for _, w := range words {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

// UnitRows gathers what an engine reads of the units of pools. Each pool is told before its blocks.
type UnitRows struct{ pools []unitPool }

type unitPool struct {
	id     stock.PoolID
	layout uid.ID
	slots  int
	blocks []block
}

type block struct {
	number         int
	version        int64
	taken, blocked []uint64
}

// Pool tells of a pool that has a layout and slots [0, slots); telling it again in a row changes nothing.
func (u *UnitRows) Pool(id stock.PoolID, layout uid.ID, slots int) {
	if n := len(u.pools); n > 0 && u.pools[n-1].id == id {
		return
	}
	u.pools = append(u.pools, unitPool{id: id, layout: layout, slots: slots})
}

// Block tells of a stored block of the pool that was told last. The bytes are not kept.
func (u *UnitRows) Block(number int, version int64, taken, blocked []byte) {
	p := &u.pools[len(u.pools)-1]
	both := make([]uint64, (len(taken)+len(blocked))/8)
	for i := range both {
		if at := i * 8; at < len(taken) {
			both[i] = binary.LittleEndian.Uint64(taken[at:])
		} else {
			both[i] = binary.LittleEndian.Uint64(blocked[at-len(taken):])
		}
	}
	half := len(taken) / 8
	p.blocks = append(p.blocks, block{number, version, both[:half:half], both[half:]})
}

// Layouts are the layouts of the pools, each once.
func (u *UnitRows) Layouts() []uid.ID {
	var ids []uid.ID
	for i := range u.pools {
		if !slices.Contains(ids, u.pools[i].layout) {
			ids = append(ids, u.pools[i].layout)
		}
	}
	return ids
}

// Units makes of what was told the units of each pool, with the blocks that are not stored as they are before anything is
// sold. layouts has those that Layouts named.
func (u *UnitRows) Units(layouts map[uid.ID]*stock.Layout) ([]*reservation.PoolUnits, error) {
	if len(u.pools) == 0 {
		return nil, nil
	}
	all := make([]*reservation.PoolUnits, len(u.pools))
	for i := range u.pools {
		p := &u.pools[i]
		l := layouts[p.layout]
		if l == nil {
			return nil, fmt.Errorf("units of pool %d: layout %s is not stored", p.id, p.layout.Text("lay"))
		}
		of := &reservation.PoolUnits{
			Pool: p.id, Units: stock.Units{Layout: l, Slots: p.slots, Blocks: make([]*stock.Block, l.Blocks())}, Versions: make([]int64, l.Blocks()),
		}
		words := stock.UnitsPerBlock * stock.Words(p.slots)
		for _, b := range p.blocks {
			if b.number < 0 || b.number >= len(of.Blocks) || len(b.taken) != words || len(b.blocked) != words {
				return nil, fmt.Errorf("units of pool %d: block %d of %d, %d and %d words of %d", p.id, b.number, len(of.Blocks), len(b.taken), len(b.blocked), words)
			}
			of.Blocks[b.number], of.Versions[b.number] = &stock.Block{Taken: b.taken, Blocked: b.blocked}, b.version
		}
		for n, b := range of.Blocks {
			if b == nil {
				of.Blocks[n] = stock.NewBlock(l, p.slots, n)
			}
		}
		all[i] = of
	}
	return all, nil
}

// SetClaims are the changed claims of items, of several changes of one item the last, with the reservations they belong
// to and how many claims were stored before.
type SetClaims struct {
	reservation.ItemClaims
	Of     *reservation.Reservation
	Stored int
}

// ClaimsToSet checks that the claims which a batch replaces are those of reservations that were loaded and are written,
// as they are written.
func ClaimsToSet(c *reservation.Changes, loaded []Loaded) ([]SetClaims, error) {
	var out []SetClaims
	for i := range c.SetClaims {
		set := &c.SetClaims[i]
		same := func(s SetClaims) bool { return s.Reservation == set.Reservation && s.Item == set.Item }
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at].ItemClaims = *set
			continue
		}
		r, written := slices.BinarySearchFunc(c.SetReservations, set.Reservation, func(r *reservation.Reservation, id uid.ID) int {
			return slices.Compare(r.ID[:], id[:])
		})
		l := slices.IndexFunc(loaded, func(l Loaded) bool { return l.ID == set.Reservation })
		if !written || l < 0 || set.Item < 0 || set.Item >= len(loaded[l].Lives) {
			return nil, fmt.Errorf("claims of item %d of %s, which is not loaded and written", set.Item, set.Reservation.Text("res"))
		}
		out = append(out, SetClaims{*set, c.SetReservations[r], len(loaded[l].Lives[set.Item])})
	}
	for _, s := range out {
		if s.Item >= len(s.Of.Items) || !slices.Equal(s.Of.Items[s.Item].Claims, s.Claims) {
			return nil, fmt.Errorf("claims of item %d of %s are other ones than it has", s.Item, s.Reservation.Text("res"))
		}
	}
	return out, nil
}
