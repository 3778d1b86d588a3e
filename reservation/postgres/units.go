package postgres

import (
	"context"
	"fmt"
	"slices"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

var (
	qLayouts       = named("layouts")
	qInsertLayouts = named("insert_layouts")
	qUnits         = named("units")
	qInsertBlocks  = named("insert_blocks")
	qSetBlocks     = named("set_blocks")
	qSlotsOf       = named("slots_of")
	qClaimants     = named("claimants")
)

// readUnits adds the statement q, one of lock_units and units, which gathers the units of pools.
func readUnits(ctx context.Context, p *pipe, q query, pools []stock.PoolID, into *record.UnitRows) {
	a := p.args().int8s(len(pools), func(i int) int64 { return int64(pools[i]) })
	p.get(ctx, q, a, func(r *row) error {
		into.Pool(stock.PoolID(r.int()), r.id(), int(r.int()))
		number := r.raw()
		if number == nil { // no block of the pool is stored
			return nil
		}
		r.next--
		into.Block(int(r.int()), r.int(), r.raw(), r.raw())
		return nil
	})
}

// takeUnits makes the units of what was locked. Where a layout is not known yet it takes a round trip.
func (t *transaction) takeUnits(ctx context.Context) error {
	all, err := t.link.units(ctx, t.layouts, &t.units)
	if err != nil || len(all) == 0 {
		return err
	}
	t.rows.Units = make(map[stock.PoolID]*reservation.PoolUnits, len(all))
	for _, u := range all {
		t.rows.Units[u.Pool] = u
	}
	return nil
}

// units makes the units of what was gathered.
func (l *link) units(ctx context.Context, cache *record.LayoutCache, rows *record.UnitRows) ([]*reservation.PoolUnits, error) {
	layouts, err := l.layouts(ctx, cache, rows.Layouts())
	if err != nil {
		return nil, err
	}
	return rows.Units(layouts)
}

// layouts finds layouts, asking the server for those that are not remembered.
func (l *link) layouts(ctx context.Context, cache *record.LayoutCache, ids []uid.ID) (map[uid.ID]*stock.Layout, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found := make(map[uid.ID]*stock.Layout, len(ids))
	missing := cache.Find(ids, found)
	if len(missing) == 0 {
		return found, nil
	}
	p := l.pipe()
	p.get(ctx, qLayouts, p.args().ids(len(missing), at(missing)), func(r *row) error {
		id := r.id()
		layout, err := record.ReadLayout(r.raw(), id)
		if err != nil {
			return err
		}
		cache.Keep(id, layout)
		found[id] = layout
		return nil
	})
	return found, p.run(ctx)
}

// replaceClaims puts other claims of items in the place of those that are stored.
func (t *transaction) replaceClaims(ctx context.Context, p *pipe, c *reservation.Changes) error {
	if len(c.SetClaims) == 0 {
		return nil
	}
	sets, err := record.ClaimsToSet(c, t.loaded)
	if err != nil {
		return fmt.Errorf("%w: %w", errGuard, err)
	}
	n, stored := len(sets), 0
	var claims []part
	for _, s := range sets {
		stored += s.Stored
		for ord := range s.Claims {
			claims = append(claims, part{s.Of, s.Item, ord, s.Life})
		}
	}
	p.do(ctx, qDeleteItemClaims, p.args().ids(n, func(i int) uid.ID { return sets[i].Reservation }).
		int2s(n, func(i int) int16 { return int16(sets[i].Item) }).
		int8(int64(stored)))
	insertClaims(ctx, p, claims)
	return nil
}

// writeBlocks adds the blocks that nobody has written yet and updates the others, which are locked.
func writeBlocks(ctx context.Context, p *pipe, c *reservation.Changes) error {
	var fresh, set []*reservation.BlockRow
	for _, b := range c.SetBlocks {
		if b.Version == 1 {
			fresh = append(fresh, b)
		} else {
			set = append(set, b)
		}
	}
	columns := func(bs []*reservation.BlockRow) *args {
		n := len(bs)
		return p.args().int8s(n, func(i int) int64 { return int64(bs[i].Pool) }).
			int4s(n, func(i int) int32 { return int32(bs[i].Number) }).
			blobs(n, func(buf []byte, i int) []byte { return record.AppendWords(buf, bs[i].Taken) }).
			blobs(n, func(buf []byte, i int) []byte { return record.AppendWords(buf, bs[i].Blocked) })
	}
	if len(fresh) > 0 {
		p.do(ctx, qInsertBlocks, columns(fresh))
	}
	if n := len(set); n > 0 {
		p.do(ctx, qSetBlocks, columns(set).int8s(n, func(i int) int64 { return set[i].Version }))
	}
	return nil
}

// PutLayouts stores layouts by their ids.
func (s *Store) PutLayouts(ctx context.Context, layouts []*stock.Layout) error {
	fresh, err := record.LayoutsToPut(&s.layouts, layouts)
	if err != nil || len(fresh) == 0 {
		return door(err, "layouts")
	}
	n := len(fresh)
	return door(s.once(ctx, func(p *pipe) {
		p.do(ctx, qInsertLayouts, p.args().ids(n, func(i int) uid.ID { return fresh[i].ID }).
			documents(n, func(buf []byte, i int) []byte { return append(buf, fresh[i].Document...) }))
	}), "layouts")
}

// Layouts reads layouts.
func (s *Store) Layouts(ctx context.Context, ids []uid.ID) (map[uid.ID]*stock.Layout, error) {
	l, err := s.acquire(ctx)
	if err != nil {
		return nil, door(err, "layouts")
	}
	defer l.release()
	found, err := l.layouts(ctx, &s.layouts, ids)
	return found, door(err, "layouts")
}

// Units reads the units of a pool.
func (s *Store) Units(ctx context.Context, pool stock.PoolID) (*reservation.PoolUnits, error) {
	l, err := s.acquire(ctx)
	if err != nil {
		return nil, door(err, "units")
	}
	defer l.release()
	var rows record.UnitRows
	p := l.pipe()
	readUnits(ctx, p, qUnits, []stock.PoolID{pool}, &rows)
	if err := p.run(ctx); err != nil {
		return nil, door(err, "units")
	}
	all, err := l.units(ctx, &s.layouts, &rows)
	if err != nil || len(all) == 0 {
		return nil, door(err, "units")
	}
	return all[0], nil
}

// withLayout are the pools that have units.
func withLayout(rows []reservation.PoolRow) (ids []stock.PoolID) {
	for i := range rows {
		if !rows[i].Layout.IsZero() {
			ids = append(ids, rows[i].ID)
		}
	}
	return ids
}

// Claimants lists the reservations that have live claims on a pool.
func (s *Store) Claimants(ctx context.Context, pool stock.PoolID, after uid.ID, limit int) ([]uid.ID, error) {
	var ids []uid.ID
	err := s.query(ctx, "claimants", qClaimants, func(a *args) *args { return a.int8(int64(pool)).id(after).int8(int64(limit)) }, func(r *row) error {
		ids = append(ids, r.id())
		return nil
	})
	return ids, err
}

// SlotsOf streams the slots of some pools, of one snapshot.
func (s *Store) SlotsOf(ctx context.Context, pools []stock.PoolID, yield func([]reservation.SlotRow) error) error {
	pools = slices.Clone(pools)
	slices.Sort(pools)
	pools = slices.Compact(pools)
	if len(pools) == 0 {
		return nil
	}
	var chunk []reservation.SlotRow
	var stopped error // what yield said; passed on as it is
	hand := func() error {
		stopped = yield(chunk)
		chunk = nil
		return stopped
	}
	err := s.query(ctx, "slots of pools", qSlotsOf, func(a *args) *args { return a.int8s(len(pools), func(i int) int64 { return int64(pools[i]) }) }, func(r *row) error {
		if chunk = append(chunk, scanSlot(r)); len(chunk) == snapshotChunk {
			return hand()
		}
		return nil
	})
	if err == nil && len(chunk) > 0 {
		err = hand()
	}
	if stopped != nil {
		return stopped
	}
	return err
}
