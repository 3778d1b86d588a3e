package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"holdfast/internal/pgdb"
	"holdfast/reservation"
)

// copiedSlots is from how many new slots on COPY is used: it has a round trip of its own, and writes pages where an
// INSERT writes rows.
const copiedSlots = 128

const copySlots = `COPY slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version) FROM STDIN (FORMAT binary)`

// copySlots stores new slots, if they are many. Their pools' rows are locked by this batch, or made by it, so nobody else
// writes these rows and it waits for nobody.
func (t *transaction) copySlots(ctx context.Context, c *reservation.Changes) error {
	if len(c.NewSlots) < copiedSlots {
		return nil
	}
	const columns, rowBytes = 12, 2 + 2*(4+8) + 8*(4+4) + 2*(4+1)
	data := make([]byte, 0, len(copyHead)+len(c.NewSlots)*rowBytes+2)
	data = append(data, copyHead...)
	int4 := func(v int32) { data = binary.BigEndian.AppendUint32(append(data, 0, 0, 0, 4), uint32(v)) }
	boolean := func(v bool) {
		if data = append(data, 0, 0, 0, 1, 0); v {
			data[len(data)-1] = 1
		}
	}
	for _, s := range c.NewSlots {
		data = binary.BigEndian.AppendUint16(data, columns)
		data = appendInt8(data, int64(s.Key.Pool))
		int4(int32(s.Key.Slot))
		int4(s.Physical)
		int4(s.OutOfOrder)
		int4(s.OverbookingBP)
		int4(s.Target)
		boolean(s.ByHand)
		int4(s.Limit)
		boolean(s.Closed)
		int4(s.Held)
		int4(s.Sold)
		data = appendInt8(data, s.Version)
	}
	data = append(data, 0xff, 0xff)
	tag, err := t.link.wire.CopyFrom(ctx, bytes.NewReader(data), copySlots)
	if err != nil {
		return pgdb.Classify(fmt.Errorf("copy slots: %w", err))
	}
	if n := tag.RowsAffected(); n != int64(len(c.NewSlots)) {
		return fmt.Errorf("copy slots: %d rows stored, want %d: %w", n, len(c.NewSlots), errGuard)
	}
	return nil
}

// copyHead begins a COPY in PostgreSQL's binary format: no flags, no extension.
const copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
