package reservation

import (
	"fmt"
	"slices"

	"holdfast/stock"
)

// units is I1 for units: each is taken by at most one live claim on a slot, by nothing but claims and what is blocked, and
// the counters of the slots follow what is there.
func (a *audit) units(p PoolAudit) {
	of := make(map[stock.PoolID]*PoolUnits, len(p.Units))
	claimed := make(map[stock.PoolID]map[int32]stock.Mask, len(p.Units))
	for _, u := range p.Units {
		of[u.Pool], claimed[u.Pool] = u, map[int32]stock.Mask{}
		a.Units += int64(len(u.Layout.Units))
		if err := u.Check(); err != nil {
			a.find("I1", fmt.Sprintf("units of pool %d", u.Pool), "%v", err)
		}
	}
	for _, c := range p.Claims {
		if c.Unit == 0 {
			continue
		}
		name := fmt.Sprintf("pool %d unit %d", c.Pool, c.Unit)
		u := of[c.Pool]
		if u == nil || int(c.Unit) > len(u.Layout.Units) || int(c.To) > u.Slots {
			a.find("I1", name, "is claimed on [%d, %d) but does not exist", c.From, c.To)
			continue
		}
		m := claimed[c.Pool][c.Unit]
		if m == nil {
			m = stock.NewMask(u.Slots)
			claimed[c.Pool][c.Unit] = m
		}
		if !m.Take(int(c.From), int(c.To)) {
			a.find("I1", name, "has two live claims within [%d, %d)", c.From, c.To)
		}
	}
	blocked := map[stock.Key]int32{}
	untouched := map[stock.PoolID]bool{} // nothing was ever given out or blocked: as the layout has it
	for _, u := range p.Units {
		if untouched[u.Pool] = len(claimed[u.Pool]) == 0 && !slices.ContainsFunc(u.Versions, func(v int64) bool { return v != 0 }); untouched[u.Pool] {
			continue
		}
		for n := int32(1); int(n) <= len(u.Layout.Units); n++ {
			m := claimed[u.Pool][n]
			for s := range stock.Slot(u.Slots) {
				has := m != nil && !m.Free(int(s), int(s)+1)
				off := u.Blocked(n, s)
				if off {
					blocked[stock.Key{Pool: u.Pool, Slot: s}]++
				}
				if has && off || has != (!off && !u.Free(n, s, s+1)) {
					a.find("I1", fmt.Sprintf("pool %d unit %d", u.Pool, n), "slot %d: taken %v, blocked %v, claimed %v", s, !u.Free(n, s, s+1), off, has)
				}
			}
		}
	}
	for i := range p.Slots {
		s := &p.Slots[i]
		u := of[s.Key.Pool]
		if u == nil {
			continue
		}
		away := int32(len(u.Layout.Units)) - u.Layout.Present(s.Key.Slot)
		if untouched[u.Pool] {
			blocked[s.Key] = away
		}
		if s.Physical != u.Layout.Present(s.Key.Slot) || s.OutOfOrder != blocked[s.Key]-away {
			a.find("I1", fmt.Sprintf("pool %d slot %d", s.Key.Pool, s.Key.Slot), "counts %d units, %d out of order; there are %d and %d",
				s.Physical, s.OutOfOrder, u.Layout.Present(s.Key.Slot), blocked[s.Key]-away)
		}
	}
}
