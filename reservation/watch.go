package reservation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"holdfast/stock"
)

// stockChanged is the type of the one event per batch that carries the new absolute state of every changed slot.
// Whoever applies it keeps the higher version of a slot, so the order between streams does not matter.
const stockChanged = "stock.changed"

// slotRun is a run of neighbouring slots of one pool in the same state: new pools have hundreds of them.
type slotRun struct {
	Pool          stock.PoolID `json:"pool"`
	From          stock.Slot   `json:"from"`
	N             int32        `json:"n"`
	Physical      int32        `json:"physical"`
	OutOfOrder    int32        `json:"out_of_order,omitempty"`
	OverbookingBP int32        `json:"overbooking_bp,omitempty"`
	Target        int32        `json:"target"`
	ByHand        bool         `json:"by_hand,omitempty"`
	Limit         int32        `json:"limit"`
	Closed        bool         `json:"closed,omitempty"`
	Held          int32        `json:"held"`
	Sold          int32        `json:"sold"`
	Version       int64        `json:"version"`
}

func runOf(r *SlotRow) slotRun {
	c := r.Counters
	return slotRun{
		r.Key.Pool, r.Key.Slot, 1, c.Physical, c.OutOfOrder, c.OverbookingBP, c.Target, c.ByHand, c.Limit, c.Closed, c.Held, c.Sold, r.Version,
	}
}

// encodeSlots writes the data of a stock.changed event; rows are in the order of their keys.
func encodeSlots(rows []*SlotRow) []byte {
	data := make([]byte, 0, 128*min(len(rows), 64))
	data = append(data, '[')
	var run slotRun
	for i, r := range rows {
		next := runOf(r)
		if i > 0 {
			same := next
			same.From, same.N = run.From, run.N
			if run == same && run.From+stock.Slot(run.N) == next.From {
				run.N++
				continue
			}
			data = append(run.append(data), ',')
		}
		run = next
	}
	if len(rows) > 0 {
		data = run.append(data)
	}
	return append(data, ']')
}

// append writes the run as encoding/json would, which took a tenth of a batch's time over many pools.
func (r *slotRun) append(buf []byte) []byte {
	number := func(name string, v int64) { buf = strconv.AppendInt(append(append(buf, name...), ':'), v, 10) }
	optional := func(name string, v int64) {
		if v != 0 {
			number(name, v)
		}
	}
	number(`{"pool"`, int64(r.Pool))
	number(`,"from"`, int64(r.From))
	number(`,"n"`, int64(r.N))
	number(`,"physical"`, int64(r.Physical))
	optional(`,"out_of_order"`, int64(r.OutOfOrder))
	optional(`,"overbooking_bp"`, int64(r.OverbookingBP))
	number(`,"target"`, int64(r.Target))
	if r.ByHand {
		buf = append(buf, `,"by_hand":true`...)
	}
	number(`,"limit"`, int64(r.Limit))
	if r.Closed {
		buf = append(buf, `,"closed":true`...)
	}
	number(`,"held"`, int64(r.Held))
	number(`,"sold"`, int64(r.Sold))
	number(`,"version"`, r.Version)
	return append(buf, '}')
}

// maxRunSlots bounds what one run of an event may unfold to.
const maxRunSlots = 100_000

// DecodeSlots reads the data of a stock.changed event.
func DecodeSlots(data []byte) ([]SlotRow, error) {
	var runs []slotRun
	if err := json.Unmarshal(data, &runs); err != nil {
		return nil, fmt.Errorf("stock event: %w", err)
	}
	var rows []SlotRow
	for _, r := range runs {
		if r.N < 1 || r.N > maxRunSlots {
			return nil, fmt.Errorf("stock event: a run of %d slots", r.N)
		}
		for i := range r.N {
			rows = append(rows, SlotRow{
				Key: stock.Key{Pool: r.Pool, Slot: r.From + stock.Slot(i)}, Version: r.Version,
				Counters: stock.Counters{
					Physical: r.Physical, OutOfOrder: r.OutOfOrder, OverbookingBP: r.OverbookingBP, Target: r.Target, ByHand: r.ByHand,
					Limit: r.Limit, Closed: r.Closed, Held: r.Held, Sold: r.Sold,
				},
			})
		}
	}
	return rows, nil
}

// changedSlots are copies of all slots the batch wrote.
func (w *work) changedSlots() []SlotRow {
	out := make([]SlotRow, 0, len(w.slots)+len(w.newSlots))
	for _, s := range w.slots {
		out = append(out, *s)
	}
	for _, s := range w.newSlots {
		out = append(out, *s)
	}
	return out
}

// watchers are told of committed slots.
type watchers struct {
	mu   sync.RWMutex
	next int
	fns  map[int]func([]SlotRow)

	telling telling
}

func newWatchers() *watchers { return &watchers{fns: map[int]func([]SlotRow){}} }

func (w *watchers) add(fn func([]SlotRow)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.next
	w.next++
	w.fns[id] = fn
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.fns, id)
	}
}

func (w *watchers) tell(rows []SlotRow) {
	if len(rows) == 0 {
		return
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, fn := range w.fns {
		fn(rows)
	}
}

// Watch implements Service.
func (c *Core) Watch(fn func([]SlotRow)) (stop func()) { return c.watchers.add(fn) }
