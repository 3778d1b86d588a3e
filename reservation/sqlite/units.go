package sqlite

import (
	"context"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

var (
	qLayout       = queries.Get("layout")
	qInsertLayout = queries.Get("insert_layout")
	qPoolLayout   = queries.Get("pool_layout")
	qUnitBlocks   = queries.Get("unit_blocks")
	qInsertBlock  = queries.Get("insert_block")
	qSetBlock     = queries.Get("set_block")
	qSlotsOf      = queries.Get("slots_of")
	qClaimants    = queries.Get("claimants")
)

func loadUnits(conn *sqlite.Conn, layouts *record.LayoutCache, pools []stock.PoolID, rows *reservation.Rows) error {
	all, err := readUnits(conn, layouts, pools)
	if err != nil || len(all) == 0 {
		return err
	}
	rows.Units = make(map[stock.PoolID]*reservation.PoolUnits, len(all))
	for _, u := range all {
		rows.Units[u.Pool] = u
	}
	return nil
}

// readUnits reads the units of those of some pools that have a layout, in the order of the pools.
func readUnits(conn *sqlite.Conn, cache *record.LayoutCache, pools []stock.PoolID) ([]*reservation.PoolUnits, error) {
	if len(pools) == 0 {
		return nil, nil
	}
	pool, err := prepare(conn, qPoolLayout)
	if err != nil {
		return nil, err
	}
	blocks, err := prepare(conn, qUnitBlocks)
	if err != nil {
		return nil, err
	}
	var units record.UnitRows
	for _, id := range pools {
		some := false
		pool.int(int64(id))
		if err := pool.one(func() { some = true; units.Pool(id, pool.getID(), int(pool.getInt())) }); err != nil {
			return nil, err
		}
		if !some {
			continue
		}
		blocks.int(int64(id))
		if err := blocks.all(func() { units.Block(int(blocks.getInt()), blocks.getInt(), blocks.getBytes(), blocks.getBytes()) }); err != nil {
			return nil, err
		}
	}
	layouts, err := readLayouts(conn, cache, units.Layouts())
	if err != nil {
		return nil, err
	}
	return units.Units(layouts)
}

func readLayouts(conn *sqlite.Conn, cache *record.LayoutCache, ids []uid.ID) (map[uid.ID]*stock.Layout, error) {
	found := make(map[uid.ID]*stock.Layout, len(ids))
	missing := cache.Find(ids, found)
	if len(missing) == 0 {
		return found, nil
	}
	st, err := prepare(conn, qLayout)
	if err != nil {
		return nil, err
	}
	for _, id := range missing {
		var text []byte
		st.id(id)
		if err := st.one(func() { text = st.getBytes() }); err != nil {
			return nil, err
		}
		if text == nil {
			continue
		}
		l, err := record.ReadLayout(text, id)
		if err != nil {
			return nil, err
		}
		cache.Keep(id, l)
		found[id] = l
	}
	return found, nil
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

// replaceClaims puts other claims of items in the place of those that are stored.
func replaceClaims(conn *sqlite.Conn, loaded []record.Loaded, c *reservation.Changes) error {
	if len(c.SetClaims) == 0 {
		return nil
	}
	sets, err := record.ClaimsToSet(c, loaded)
	if err != nil {
		return fmt.Errorf("%w: %w", errGuard, err)
	}
	gone, err := prepare(conn, qDeleteItemClaims)
	if err != nil {
		return err
	}
	claims, err := prepare(conn, qInsertClaim)
	if err != nil {
		return err
	}
	for _, s := range sets {
		gone.id(s.Reservation)
		gone.int(int64(s.Item))
		if err := gone.execRows(s.Stored, "claims of an item"); err != nil {
			return err
		}
		if err := insertClaims(&claims, s.Of, s.Item, s.Life); err != nil {
			return err
		}
	}
	return nil
}

func writeBlocks(conn *sqlite.Conn, c *reservation.Changes) error {
	if len(c.SetBlocks) == 0 {
		return nil
	}
	insert, err := prepare(conn, qInsertBlock)
	if err != nil {
		return err
	}
	set, err := prepare(conn, qSetBlock)
	if err != nil {
		return err
	}
	var words []byte // reused
	for _, b := range c.SetBlocks {
		st := &set
		if b.Version == 1 {
			st = &insert
		}
		st.int(int64(b.Pool))
		st.int(int64(b.Number))
		st.int(b.Version)
		words = record.AppendWords(words[:0], b.Taken)
		st.blob(words)
		words = record.AppendWords(words[:0], b.Blocked)
		st.blob(words)
		if err := st.execRows(1, "block of units"); err != nil {
			return fmt.Errorf("block %d of pool %d: %w", b.Number, b.Pool, err)
		}
	}
	return nil
}

// PutLayouts stores layouts by their ids.
func (s *Store) PutLayouts(ctx context.Context, layouts []*stock.Layout) error {
	fresh, err := record.LayoutsToPut(&s.layouts, layouts)
	if err != nil || len(fresh) == 0 {
		return door(err, "layouts")
	}
	return door(s.db.Write(ctx, func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qInsertLayout)
		if err != nil {
			return err
		}
		for _, l := range fresh {
			st.id(l.ID)
			st.text(string(l.Document))
			if err := st.exec(); err != nil {
				return err
			}
		}
		return nil
	}), "layouts")
}

// Layouts reads layouts.
func (s *Store) Layouts(ctx context.Context, ids []uid.ID) (map[uid.ID]*stock.Layout, error) {
	var found map[uid.ID]*stock.Layout
	err := s.read(ctx, "layouts", func(conn *sqlite.Conn) (err error) {
		found, err = readLayouts(conn, &s.layouts, ids)
		return err
	})
	return found, err
}

// Units reads the units of a pool.
func (s *Store) Units(ctx context.Context, pool stock.PoolID) (*reservation.PoolUnits, error) {
	var units *reservation.PoolUnits
	err := s.read(ctx, "units", func(conn *sqlite.Conn) error {
		all, err := readUnits(conn, &s.layouts, []stock.PoolID{pool})
		if len(all) == 1 {
			units = all[0]
		}
		return err
	})
	return units, err
}

// Claimants lists the reservations that have live claims on a pool.
func (s *Store) Claimants(ctx context.Context, pool stock.PoolID, after uid.ID, limit int) ([]uid.ID, error) {
	var ids []uid.ID
	err := s.read(ctx, "claimants", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qClaimants)
		if err != nil {
			return err
		}
		st.int(int64(pool))
		st.blob(after[:])
		st.int(int64(limit))
		return st.all(func() { ids = append(ids, st.getID()) })
	})
	return ids, err
}

// SlotsOf streams the slots of some pools, of one snapshot.
func (s *Store) SlotsOf(ctx context.Context, pools []stock.PoolID, yield func([]reservation.SlotRow) error) error {
	pools = slices.Clone(pools)
	slices.Sort(pools)
	var stopped error // what yield said; passed on as it is
	err := s.db.Read(ctx, func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qSlotsOf)
		if err != nil {
			return err
		}
		var chunk []reservation.SlotRow
		for _, pool := range slices.Compact(pools) {
			st.int(int64(pool))
			if err := st.all(func() { chunk = append(chunk, readSlot(&st)) }); err != nil {
				return err
			}
			if len(chunk) < snapshotChunk {
				continue
			}
			if stopped = yield(chunk); stopped != nil {
				return stopped
			}
			chunk = nil
		}
		if len(chunk) > 0 {
			stopped = yield(chunk)
		}
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	return door(err, "slots of pools")
}
