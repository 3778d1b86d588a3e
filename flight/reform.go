package flight

import (
	"cmp"
	"context"
	"slices"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// define makes the pools that are lacking and sets what differs in those that are there. What is there is read from
// reservation: a call before this one may have had its effect without anybody knowing.
func (c *Core) define(ctx context.Context, out []outcome) error {
	now := c.clock.Now()
	var all []*poolWant
	var legs []int // by want
	for i := range out {
		o := &out[i]
		if o.seen == nil {
			continue
		}
		o.pools = slices.Clone(o.seen.Pools)
		if !o.command.Stock || o.seen.preparing() && !c.onSale(o.seen, now) {
			continue
		}
		wants := c.wants(o.seen)
		if wants == nil {
			wants = o.seen.kept()
		} else {
			var err error
			if wants, err = c.reform(ctx, o.seen, wants); err != nil {
				return err
			}
			o.wants = wants
		}
		for n := range wants {
			all, legs = append(all, &wants[n]), append(legs, len(o.seen.Legs))
		}
	}
	if err := c.create(ctx, out); err != nil {
		return err
	}
	if err := c.adjust(ctx, all, legs); err != nil {
		return err
	}
	for i := range out {
		if o := &out[i]; o.wants != nil {
			last := edition(o.pools)
			o.pools = slices.DeleteFunc(o.pools, func(p Pool) bool { return !p.Gone })
			for n := range o.wants {
				o.pools = append(o.pools, o.wants[n].pool)
			}
			if len(o.seen.Pools) > 0 {
				o.pools = bury(o.pools, last)
			}
		}
	}
	return nil
}

// create makes the pools that are wanted and not there, and notes their ids.
func (c *Core) create(ctx context.Context, out []outcome) error {
	var specs []reservation.PoolSpec
	var layouts []*stock.Layout
	var places []*poolWant
	for i := range out {
		o := &out[i]
		for n := range o.wants {
			w := &o.wants[n]
			if w.pool.ID != 0 {
				continue
			}
			spec := reservation.PoolSpec{Ref: w.ref, Supplier: o.seen.Supplier, Physical: w.physical, OverbookingBP: w.overbook, From: 0, To: stock.Slot(len(o.seen.Legs))}
			if w.seats != nil {
				spec.Layout, spec.Physical = w.seats.id, w.pool.Units
				if _, known := c.layouts.LoadOrStore(spec.Layout, true); !known {
					layouts = append(layouts, w.seats.layout)
				}
			}
			specs, places = append(specs, spec), append(places, w)
		}
	}
	if len(layouts) > 0 {
		if _, err := c.desk.DefineLayouts(ctx, layouts); err != nil {
			for _, l := range layouts {
				c.layouts.Delete(l.ID())
			}
			return err
		}
	}
	if len(specs) == 0 {
		return nil
	}
	ids, err := c.desk.DefinePools(ctx, specs)
	if err != nil {
		return err
	}
	for i, id := range ids {
		places[i].pool.ID = id
	}
	return nil
}

// adjust sets what differs from what is wanted: everything that is told is absolute.
func (c *Core) adjust(ctx context.Context, wants []*poolWant, legs []int) error {
	if len(wants) == 0 {
		return nil
	}
	byPool := make(map[stock.PoolID]int, len(wants))
	pools := make([]stock.PoolID, len(wants))
	for i, w := range wants {
		pools[i], byPool[w.pool.ID] = w.pool.ID, i
	}
	slices.Sort(pools)
	differs := make([]bool, len(wants))
	for part := range slices.Chunk(pools, poolsPerRead) {
		if err := c.desk.SlotsOf(ctx, part, func(rows []reservation.SlotRow) error {
			for i := range rows {
				if n, ok := byPool[rows[i].Key.Pool]; ok && int(rows[i].Key.Slot) < legs[n] {
					differs[n] = differs[n] || !wants[n].met(&rows[i].Counters)
				}
			}
			return ctx.Err()
		}); err != nil {
			return err
		}
	}
	var changes []reservation.StockChange
	for i, w := range wants {
		if differs[i] {
			changes = append(changes, w.change(legs[i]))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return c.desk.ChangeStock(ctx, changes)
}

// met says whether a slot is as it is wanted.
func (w *poolWant) met(s *stock.Counters) bool {
	switch {
	case s.Closed != w.closed:
		return false
	case w.only:
		return true
	case w.target != nil:
		return s.ByHand && s.Target == *w.target
	case w.pool.Class == "":
		return !s.ByHand && s.OverbookingBP == w.overbook
	}
	return !s.ByHand && s.OverbookingBP == 0 && s.Physical == w.physical
}

// change makes slots as they are wanted.
func (w *poolWant) change(legs int) reservation.StockChange {
	out := reservation.StockChange{Span: reservation.Span{Pool: w.pool.ID, To: stock.Slot(legs)}, Closed: &w.closed}
	switch {
	case w.only:
	case w.target != nil:
		out.Target = w.target
	case w.pool.Class == "":
		out.OverbookingBP = &w.overbook
	default:
		out.Physical, out.OverbookingBP = &w.physical, &w.overbook
	}
	return out
}

// reform sees to a departure whose seats or booking classes are to be others than those its pools were made for. Pools
// nobody has claimed anything of are given up for new ones; else those who are there keep their seats: the old form stays,
// in conflict, and sells no more than the new one has. reconsider tries again.
func (c *Core) reform(ctx context.Context, d *Departure, wants []poolWant) ([]poolWant, error) {
	var old []stock.PoolID
	for _, p := range d.Pools {
		if !p.Gone && !slices.ContainsFunc(wants, p.sameForm) {
			old = append(old, p.ID)
		}
	}
	if len(old) == 0 {
		return wants, nil
	}
	err := c.desk.RetirePools(ctx, old, 0)
	if err == nil {
		return wants, nil
	}
	if !fault.Is(err, "has_reservations") {
		return nil, err
	}
	if !d.conflict() {
		c.log.Warn("the departure keeps its seats and classes: some are taken", "departure", d.ID.Text("dep"), "flight", d.Flight())
	}
	return c.keep(d, wants), nil
}

func (p Pool) sameForm(w poolWant) bool { return w.pool.Cabin == p.Cabin && w.pool.Form == p.Form }

// kept are the pools that are there, as they are: open or closed is all that is set.
func (d *Departure) kept() (out []poolWant) {
	for _, p := range d.Pools {
		if !p.Gone {
			out = append(out, poolWant{pool: p, only: true, closed: d.closed()})
		}
	}
	return out
}

// keep are the pools of a departure in conflict: those it has. What is to go sells no more than would be there in its place.
func (c *Core) keep(d *Departure, wants []poolWant) []poolWant {
	c.catalogue.mu.RLock()
	t, a := c.catalogue.tariffs[d.Supplier], c.catalogue.aircraft[d.Aircraft]
	c.catalogue.mu.RUnlock()
	out := d.kept()
	limits := map[string][]int32{} // of the cabins in conflict
	at := map[string]int{}
	for n := range out {
		w := &out[n]
		if i := slices.IndexFunc(wants, func(x poolWant) bool { return x.pool.ID == w.pool.ID }); i >= 0 {
			*w = wants[i]
			continue
		}
		w.pool.Conflict = true
		var cabin *Cabin
		var seats *laidOut
		if t != nil && a != nil {
			if cabin = t.cabin(w.pool.Cabin); cabin != nil {
				seats = c.laidOut(a, cabin.Name)
			}
		}
		if seats == nil { // neither the tariff nor the aircraft may lack it
			w.closed = true
			continue
		}
		if w.only = false; w.pool.Class == "" {
			capacity := int32(len(seats.layout.Units))
			if w.pool.Units > 0 {
				capacity = min(capacity, w.pool.Units)
			}
			w.overbook = d.overbooking(cabin)
			sells := stock.New(capacity, w.overbook).Target
			if capacity != w.pool.Units {
				w.target = &sells
			}
			divided, _ := d.divided(cabin)
			limits[cabin.Name] = fare.NestLimits(sells, d.protected(divided, capacity))
		} else if nests := limits[cabin.Name]; at[cabin.Name] < len(nests) {
			w.physical = nests[at[cabin.Name]]
		}
		at[cabin.Name]++
	}
	return out
}

// renew gives up pools of a departure that reservation has retired, though it is not noted here: the answer was lost, and
// then they were wanted again. Cabins that somebody has a seat in are not among them.
func (c *Core) renew(ctx context.Context, departure uid.ID) error {
	d := c.catalogue.departure(departure)
	if d == nil {
		return nil
	}
	cabins := map[string][]stock.PoolID{}
	for _, p := range d.Pools {
		if !p.Gone {
			cabins[p.Cabin] = append(cabins[p.Cabin], p.ID)
		}
	}
	given := map[string]bool{}
	for cabin, pools := range cabins {
		err := c.desk.RetirePools(ctx, pools, 0)
		if err != nil && !fault.Is(err, "has_reservations") {
			return err
		}
		given[cabin] = err == nil
	}
	return c.write(ctx, func(w *Write) (bool, error) {
		now := c.catalogue.departure(departure)
		if now == nil {
			return false, nil
		}
		next := *now
		next.Pools = bury(slices.DeleteFunc(slices.Clone(now.Pools), func(p Pool) bool { return !p.Gone && given[p.Cabin] }), edition(now.Pools))
		w.Departures = append(w.Departures, &next)
		return true, nil
	})
}

// conflict says that some pools should be others, but seats of them are taken.
func (d *Departure) conflict() bool {
	return slices.ContainsFunc(d.Pools, func(p Pool) bool { return p.Conflict && !p.Gone })
}

// conflicts are the departures on sale that are in conflict, by date.
func (c *Core) conflicts(supplier uid.ID) (out []*Departure) {
	now := c.clock.Now()
	c.catalogue.every(func(d *Departure) {
		if (supplier.IsZero() || d.Supplier == supplier) && d.conflict() && c.onSale(d, now) {
			out = append(out, d)
		}
	})
	slices.SortFunc(out, func(a, b *Departure) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out
}

// Conflicts implements Service.
func (c *Core) Conflicts(_ context.Context, e Editor, supplier uid.ID) ([]Conflict, error) {
	if err := e.may(supplier); err != nil {
		return nil, err
	}
	out := []Conflict{}
	for _, d := range c.conflicts(supplier) {
		x := Conflict{Departure: d.ID, Flight: d.Flight(), Date: d.Date, From: d.From, To: d.To}
		for _, p := range d.Pools {
			if p.Conflict && !p.Gone && p.Class == "" {
				x.Cabins = append(x.Cabins, p.Cabin)
			}
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.Flight, b.Flight))
	})
	return out, nil
}

// reconsider looks at conflicts again: what was taken may have been given back.
func (c *Core) reconsider(ctx context.Context) error {
	for part := range slices.Chunk(c.conflicts(uid.ID{}), openedEach) {
		if err := c.write(ctx, func(w *Write) (bool, error) {
			for _, d := range part {
				w.Commands = append(w.Commands, Command{Departure: d.ID, Stock: true})
			}
			return true, nil
		}); err != nil {
			return err
		}
		if err := c.send(ctx, true, nil); err != nil {
			return err
		}
	}
	return nil
}

// Conflict is a departure whose seats or booking classes should be others, but some are taken: staff move who has them, or
// undo the change. Until then it sells no more than either would.
type Conflict struct {
	Departure uid.ID
	Flight    string
	Date      civil.Date
	From, To  string
	Cabins    []string // those that stay as they were
}
