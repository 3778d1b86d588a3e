package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"holdfast/reservation"
)

func writePools(conn *sqlite.Conn, c *reservation.Changes) error {
	if len(c.NewPools) > 0 {
		st, err := prepare(conn, qInsertPool)
		if err != nil {
			return err
		}
		var last int64
		for _, p := range c.NewPools {
			st.int(int64(p.ID))
			st.id(p.Ref)
			st.id(p.Supplier)
			bindPool(&st, p)
			if err := st.exec(); err != nil {
				return fmt.Errorf("pool: %w", err)
			}
			last = max(last, int64(p.ID))
		}
		if st, err = prepare(conn, qSetNextPool); err != nil {
			return err
		}
		st.int(last + 1)
		if err := st.execRows(1, "pool counter"); err != nil {
			return err
		}
	}
	st, err := prepare(conn, qSetPool)
	if err != nil {
		return err
	}
	for _, p := range c.SetPools {
		st.int(int64(p.ID))
		bindPool(&st, p)
		if err := st.execRows(1, "pool"); err != nil {
			return err
		}
	}
	return nil
}

func bindPool(st *statement, p *reservation.PoolRow) {
	st.int(int64(p.Physical))
	st.int(int64(p.OverbookingBP))
	st.int(int64(p.From))
	st.int(int64(p.To))
	st.bool(p.Retired)
	st.int(p.Version)
	st.id(p.Layout)
}

func writeSlots(conn *sqlite.Conn, c *reservation.Changes) error {
	insert, err := prepare(conn, qInsertSlot)
	if err != nil {
		return err
	}
	for _, s := range c.NewSlots {
		bindSlot(&insert, s)
		if err := insert.exec(); err != nil {
			return fmt.Errorf("slot: %w", err)
		}
	}
	set, err := prepare(conn, qSetSlot)
	if err != nil {
		return err
	}
	for _, s := range c.SetSlots {
		bindSlot(&set, s)
		if err := set.execRows(1, "slot"); err != nil {
			return err
		}
	}
	return nil
}

func bindSlot(st *statement, s *reservation.SlotRow) {
	st.int(int64(s.Key.Pool))
	st.int(int64(s.Key.Slot))
	st.int(int64(s.Physical))
	st.int(int64(s.OutOfOrder))
	st.int(int64(s.OverbookingBP))
	st.int(int64(s.Target))
	st.bool(s.ByHand)
	st.int(int64(s.Limit))
	st.bool(s.Closed)
	st.int(int64(s.Held))
	st.int(int64(s.Sold))
	st.int(s.Version)
}

func putCounts(conn *sqlite.Conn, c *reservation.Changes) error {
	st, err := prepare(conn, qPutCount)
	if err != nil {
		return err
	}
	for _, n := range c.SetCounts {
		st.int(int64(n.Key.Pool))
		st.text(n.Key.Caller)
		st.int(int64(n.Holds))
		st.int(int64(n.Units))
		st.int(int64(n.Lapsed))
		st.time(n.LapsedAt)
		if err := st.exec(); err != nil {
			return fmt.Errorf("hold count: %w", err)
		}
	}
	return nil
}
