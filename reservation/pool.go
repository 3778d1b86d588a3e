package reservation

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast/fault"
	"holdfast/stock"
	"holdfast/uid"
)

// MaxPoolSlots bounds the slots of one pool.
const MaxPoolSlots = 20_000

// bulkAtOnce is how many bulk commands one call keeps on the desk.
const bulkAtOnce = 32

// DefinePools implements Service. First all pools get their numbers, in short commands, since whoever gives numbers holds
// the one counter there is; then their slots are made, in chunks of a batch's rows behind live commands and on all
// lanes at once. A failure leaves pools without some of their slots, and the same call again makes the rest.
func (c *Core) DefinePools(ctx context.Context, specs []PoolSpec) ([]stock.PoolID, error) {
	for i, s := range specs {
		switch {
		case s.Ref.IsZero() || s.Supplier.IsZero():
			return nil, invalid("/", "pool_invalid", "Pool %d has no id or no supplier.", i)
		case s.From >= s.To || int64(s.To)-int64(s.From) > MaxPoolSlots:
			return nil, invalid("/", "pool_invalid", "Pool %d has %d slots; 1 to %d are possible.", i, s.To-s.From, MaxPoolSlots)
		case s.Physical < 0 || s.Physical > stock.MaxUnits || s.OverbookingBP < -10_000 || s.OverbookingBP > stock.MaxOverbookingBP:
			return nil, invalid("/", "pool_invalid", "Pool %d: capacity %d or overbooking %d is out of range.", i, s.Physical, s.OverbookingBP)
		}
	}
	specs = slices.Clone(specs) // what a layout says is filled in
	layouts, err := c.layouts(ctx, specs)
	if err != nil {
		return nil, err
	}
	pools := make([]PoolRow, len(specs))
	most := max(1, c.settings.BatchRows/bulkShare)
	for from := 0; from < len(specs); from += most {
		to := min(from+most, len(specs))
		if err := c.desk.doBulk(ctx, numberCommand(specs[from:to], pools[from:to])); err != nil {
			return nil, err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bulkAtOnce)
	for from := 0; from < len(specs); {
		to, rows := from, 0
		for to < len(specs) && (to == from || rows+lacking(&pools[to], &specs[to]) <= most) {
			rows += lacking(&pools[to], &specs[to])
			to++
		}
		if rows > 0 {
			chunk := slotsCommand(specs[from:to], pools[from:to], layouts, rows)
			g.Go(func() error { return c.desk.doBulk(ctx, chunk) })
		}
		from = to
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	ids := make([]stock.PoolID, len(specs))
	for i := range pools {
		ids[i] = pools[i].ID
	}
	return ids, nil
}

// layouts reads the layouts that specs name; those with one get as many units as it has.
func (c *Core) layouts(ctx context.Context, specs []PoolSpec) (map[uid.ID]*stock.Layout, error) {
	var ids []uid.ID
	seen := map[uid.ID]bool{}
	for _, s := range specs {
		if !s.Layout.IsZero() && !seen[s.Layout] {
			seen[s.Layout] = true
			ids = append(ids, s.Layout)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := c.store.Layouts(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range specs {
		s := &specs[i]
		if s.Layout.IsZero() {
			continue
		}
		l := found[s.Layout]
		if l == nil || s.From != 0 || s.To > stock.FirstDay {
			return nil, invalid("/", "pool_invalid", "Pool %d names a layout that is not defined, or its slots are not a sequence from 0.", i)
		}
		s.Physical = int32(len(l.Units))
	}
	return found, nil
}

// lacking is about how many rows it takes to make a pool what the spec wants.
func lacking(p *PoolRow, s *PoolSpec) int {
	if p.Retired || s.To <= p.To && p.Physical == s.Physical && p.OverbookingBP == s.OverbookingBP {
		return 0
	}
	return 1 + max(0, int(s.To-p.To))
}

// numberCommand makes the pools that do not exist, without slots yet, and tells how all of them are.
func numberCommand(specs []PoolSpec, pools []PoolRow) *command {
	return &command{
		name: "define_pools", lane: laneHint(specs[0].Ref), rows: len(specs),
		need: func(n *needs) {
			for _, s := range specs {
				n.newPools(s.Ref)
			}
		},
		rule: func(w *work) error {
			for i, s := range specs {
				p := w.PoolRefs[s.Ref]
				if p != nil && (p.Layout != s.Layout || !p.Layout.IsZero() && p.To != 0 && p.To != s.To) {
					return fault.New(fault.Conflict, "pool_differs", "What is on sale has other seats or another way. Put the new one on sale beside it instead.")
				}
				if p == nil {
					p = &PoolRow{
						ID: w.NextPool, Ref: s.Ref, Supplier: s.Supplier, Physical: s.Physical, OverbookingBP: s.OverbookingBP, From: s.From, To: s.From, Layout: s.Layout, Version: 1,
					}
					w.NextPool++
					w.PoolRefs[s.Ref] = p
					w.newPools = append(w.newPools, p)
				}
				pools[i] = *p
			}
			return nil
		},
	}
}

// slotsCommand makes the slots that pools lack.
func slotsCommand(specs []PoolSpec, pools []PoolRow, layouts map[uid.ID]*stock.Layout, rows int) *command {
	return &command{
		name: "define_slots", lane: pools[0].ID, rows: rows,
		need: func(n *needs) {
			for i := range pools {
				n.pool(pools[i].ID)
			}
		},
		rule: func(w *work) error {
			for i, s := range specs {
				p := w.Pools[pools[i].ID]
				if p == nil {
					return errPoolGone
				}
				w.extend(p, s, layouts[s.Layout])
			}
			return nil
		},
	}
}

// extend makes the slots a pool lacks up to the end of the spec; what exists stays as it is.
func (w *work) extend(p *PoolRow, s PoolSpec, layout *stock.Layout) {
	if p.Retired || s.To <= p.To && p.Version > 0 && p.Physical == s.Physical && p.OverbookingBP == s.OverbookingBP {
		return
	}
	for slot := p.To; slot < s.To; slot++ {
		physical := s.Physical
		if layout != nil {
			physical = layout.Present(slot)
		}
		row := &SlotRow{Key: stock.Key{Pool: p.ID, Slot: slot}, Counters: stock.New(physical, s.OverbookingBP), Version: 1}
		w.newSlots = append(w.newSlots, row)
		w.Slots[row.Key], w.made[row.Key] = row, true // commands that come later in the batch change it too
	}
	p.Physical, p.OverbookingBP, p.To = s.Physical, s.OverbookingBP, max(p.To, s.To)
	w.setPool(p)
}

// setPool writes a pool back; a new one is inserted as it is.
func (w *work) setPool(p *PoolRow) {
	if p.Version == 0 || w.isNew(p) {
		p.Version = 1
		return
	}
	if w.pools[p.ID] == nil {
		p.Version++
		w.pools[p.ID] = p
	}
}

func (w *work) isNew(p *PoolRow) bool {
	for _, q := range w.newPools {
		if q == p {
			return true
		}
	}
	return false
}

// ChangeStock implements Service. Each change is one transaction of its own.
func (c *Core) ChangeStock(ctx context.Context, changes []StockChange) error {
	for i := range changes {
		if err := changes[i].check(); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bulkAtOnce)
	for pool, of := range byPool(changes) {
		g.Go(func() error {
			for i := range of { // changes of one pool keep their order
				if err := c.desk.do(ctx, stockCommand(pool, of[i])); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func byPool(changes []StockChange) map[stock.PoolID][]StockChange {
	m := map[stock.PoolID][]StockChange{}
	for _, ch := range changes {
		m[ch.Pool] = append(m[ch.Pool], ch)
	}
	return m
}

func (ch *StockChange) check() error {
	probe := stock.New(0, 0)
	switch {
	case ch.From >= ch.To || int64(ch.To)-int64(ch.From) > MaxPoolSlots:
		return invalid("/from", "span_invalid", "The time to change is empty or too long.")
	case ch.Physical != nil && probe.SetPhysical(*ch.Physical) != nil:
		return invalid("/capacity", "capacity_out_of_range", "The capacity must be 0 to %d.", stock.MaxUnits)
	case ch.OutOfOrder != nil && probe.SetOutOfOrder(*ch.OutOfOrder) != nil:
		return invalid("/out_of_order", "out_of_order_out_of_range", "The number out of order must be 0 to %d.", stock.MaxUnits)
	case ch.OverbookingBP != nil && probe.SetOverbooking(*ch.OverbookingBP) != nil:
		return invalid("/overbooking_bp", "overbooking_out_of_range", "Overbooking must be -10000 to %d basis points.", stock.MaxOverbookingBP)
	case ch.Target != nil && probe.SetTarget(*ch.Target) != nil:
		return invalid("/target", "target_out_of_range", "The target must be 0 to %d.", stock.MaxUnits)
	}
	return nil
}

func stockCommand(pool stock.PoolID, ch StockChange) *command {
	return &command{
		name: "change_stock", lane: pool, rows: int(ch.To - ch.From),
		need: func(n *needs) {
			n.span(ch.Span)
			n.pool(pool)
		},
		rule: func(w *work) error {
			p := w.Pools[pool]
			if p == nil || p.Retired { // a change must not open again what was closed for good
				return errPoolGone
			}
			if !p.Layout.IsZero() && (ch.Physical != nil || ch.OutOfOrder != nil) {
				return fault.New(fault.Conflict, "pool_has_units", "How many seats there are follows from its seats. Put single seats out of order instead, or set the target.")
			}
			if ch.Default {
				if ch.Physical != nil {
					p.Physical = *ch.Physical
				}
				if ch.OverbookingBP != nil {
					p.OverbookingBP = *ch.OverbookingBP
				}
				w.setPool(p)
			}
			for s := ch.From; s < ch.To; s++ {
				key := stock.Key{Pool: pool, Slot: s}
				if w.Slots[key] == nil {
					continue // beyond what exists: extensions start from the pool's defaults
				}
				row, err := w.slot(key)
				if err != nil {
					return err
				}
				if err := ch.apply(&row.Counters); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

var errPoolGone = fault.New(fault.NotFound, "pool_not_found", "This is not on sale any more.")

// apply was checked on the values before; what it refuses here is broken.
func (ch *StockChange) apply(c *stock.Counters) (err error) {
	set := func(v *int32, f func(int32) error) {
		if v != nil && err == nil {
			err = f(*v)
		}
	}
	set(ch.Physical, c.SetPhysical)
	set(ch.OutOfOrder, c.SetOutOfOrder)
	set(ch.OverbookingBP, c.SetOverbooking)
	set(ch.Target, c.SetTarget)
	if ch.Derive {
		c.DeriveTarget()
	}
	if ch.Closed != nil {
		c.SetClosed(*ch.Closed)
	}
	return err
}

// RetirePools implements Service.
func (c *Core) RetirePools(ctx context.Context, pools []stock.PoolID, from stock.Slot) error {
	if len(pools) == 0 {
		return nil
	}
	return c.desk.do(ctx, &command{
		name: "retire_pools", lane: pools[0],
		rows: c.settings.BatchRows, // all slots of the pools: whatever comes after waits for the next batch
		need: func(n *needs) {
			n.pool(pools...)
			for _, p := range pools {
				n.span(Span{p, from, from + MaxPoolSlots})
				n.dueOn(p)
			}
		},
		rule: func(w *work) error {
			for _, s := range w.Slots {
				if s.Held+s.Sold > 0 && containsPool(pools, s.Key.Pool) && s.Key.Slot >= from {
					w.short = true
					return fault.New(fault.Conflict, "has_reservations", "There are reservations from today on. Cancel or move them first, or stop selling it instead.")
				}
			}
			for _, id := range pools {
				p := w.Pools[id]
				if p == nil {
					return errPoolGone
				}
				if !p.Retired {
					p.Retired = true
					w.setPool(p)
				}
			}
			for key, s := range w.Slots {
				if !containsPool(pools, key.Pool) || key.Slot < from || s.Closed {
					continue
				}
				row, err := w.slot(key)
				if err != nil {
					return err
				}
				row.SetClosed(true)
			}
			return nil
		},
	})
}

func containsPool(pools []stock.PoolID, p stock.PoolID) bool {
	for _, q := range pools {
		if q == p {
			return true
		}
	}
	return false
}

// Slots implements Service.
func (c *Core) Slots(ctx context.Context, span Span) ([]SlotRow, error) {
	if span.From >= span.To || int64(span.To)-int64(span.From) > MaxPoolSlots {
		return nil, invalid("/from", "span_invalid", "The time asked for is empty or too long.")
	}
	return c.store.Slots(ctx, span)
}

// Snapshot implements Service.
func (c *Core) Snapshot(ctx context.Context, from stock.Slot, yield func([]SlotRow) error) (Positions, error) {
	return c.store.Snapshot(ctx, from, yield)
}

var _ Service = (*Core)(nil)
