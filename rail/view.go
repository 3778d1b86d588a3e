package rail

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast/reservation"
	"holdfast/stock"
)

// maxRideSlot bounds the slots of rides. Those of hotels are days since 1970, and larger.
const maxRideSlot = 10_000

// view is how many seats are free on each segment of each pool, as the commits of the desk tell. Readers take no lock: a
// line's counts are atomic, and runs hold their lines.
type view struct {
	mu    sync.Mutex
	lines map[stock.PoolID]*line
	blank map[stock.PoolID]*line // lines that were not read from the store yet
}

// line is one pool.
type line struct {
	free     []atomic.Int32
	versions []int64 // of the states shown; guarded by view.mu
}

func newView() *view { return &view{lines: map[stock.PoolID]*line{}, blank: map[stock.PoolID]*line{}} }

// sized is a pool and how many segments it has.
type sized struct {
	pool     stock.PoolID
	segments int
}

// show makes lines for pools that have none yet.
func (v *view) show(pools []sized) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range pools {
		if p.pool != 0 && v.lines[p.pool] == nil {
			l := &line{free: make([]atomic.Int32, p.segments), versions: make([]int64, p.segments)}
			v.lines[p.pool], v.blank[p.pool] = l, l
		}
	}
}

// of is the line of a pool; nil for none.
func (v *view) of(pool stock.PoolID) *line {
	if pool == 0 {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lines[pool]
}

// keep forgets all other pools.
func (v *view) keep(pools map[stock.PoolID]bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for pool := range v.lines {
		if !pools[pool] {
			delete(v.lines, pool)
			delete(v.blank, pool)
		}
	}
}

// slots takes new states of slots, in any order: of one slot the higher version wins.
func (v *view) slots(rows []reservation.SlotRow) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range rows {
		r := &rows[i]
		if r.Key.Slot < 0 || r.Key.Slot >= maxRideSlot {
			continue
		}
		l, at := v.lines[r.Key.Pool], int(r.Key.Slot)
		if l != nil && at < len(l.versions) && r.Version > l.versions[at] {
			l.versions[at] = r.Version
			l.free[at].Store(r.Free())
		}
	}
}

// poolsAtOnce is how many pools are read in one call.
const poolsAtOnce = 20_000

// fill reads the pools that no reading has covered yet. One that was let go of and shown again meanwhile has another line,
// which this reading may have missed: it stays to be read.
func (v *view) fill(ctx context.Context, desk reservation.Service) error {
	v.mu.Lock()
	reading := maps.Clone(v.blank)
	v.mu.Unlock()
	for part := range slices.Chunk(slices.Collect(maps.Keys(reading)), poolsAtOnce) {
		if err := desk.SlotsOf(ctx, part, func(rows []reservation.SlotRow) error {
			v.slots(rows)
			return ctx.Err()
		}); err != nil {
			return err
		}
		v.mu.Lock()
		for _, pool := range part {
			if v.blank[pool] == reading[pool] {
				delete(v.blank, pool)
			}
		}
		v.mu.Unlock()
	}
	return nil
}

// extent is how many seats are free on the segment with the fewest, and on the one with the most.
func (l *line) extent() (least, best int32) {
	least = math.MaxInt32
	for i := range l.free {
		n := max(l.free[i].Load(), 0)
		least, best = min(least, n), max(best, n)
	}
	return min(least, best), best
}

// least is how many seats are free on all of the segments [from, to).
func (l *line) least(from, to int) int32 {
	if l == nil || to > len(l.free) || from >= to {
		return 0
	}
	least := l.free[from].Load()
	for i := from + 1; i < to; i++ {
		least = min(least, l.free[i].Load())
	}
	return max(least, 0)
}
