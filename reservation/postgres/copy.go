package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"holdfast/internal/pgdb"
	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/uid"
)

// New rows go by COPY where there are many: it writes pages where an INSERT writes rows, but has a round trip of its own.
const (
	copiedSlots        = 128
	copiedReservations = 100
)

// The columns in the order in which they are sent.
const (
	copySlots = `COPY slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version) FROM STDIN (FORMAT binary)`

	copyReservations = `COPY reservations (id, status, payment, updated_at, hold_expires_at, extensions, grace_used, attempt, method, pay_key, paid,
	refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, amended, name, locator, caller, currency, created_at, placed_until,
	document) FROM STDIN (FORMAT binary)`

	copyBySupplier = `COPY by_supplier (supplier, placed_at, reservation) FROM STDIN (FORMAT binary)`

	copyClaims = `COPY claims (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until, unit) FROM STDIN (FORMAT binary)`
)

// copyHead begins a COPY in PostgreSQL's binary format: no flags, no extension.
const copyHead = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// table is the data of one COPY.
type table struct {
	buf  []byte
	rows int64
}

// newTable has room for so many rows of so many bytes.
func newTable(rows, bytes int) *table {
	return &table{buf: append(make([]byte, 0, len(copyHead)+rows*bytes+2), copyHead...)}
}

func (t *table) row(columns uint16) {
	t.buf = binary.BigEndian.AppendUint16(t.buf, columns)
	t.rows++
}

func (t *table) int8(v int64) { t.buf = appendInt8(t.buf, v) }

func (t *table) int4(v int32) {
	t.buf = binary.BigEndian.AppendUint32(append(t.buf, 0, 0, 0, 4), uint32(v))
}

func (t *table) int2(v int16) {
	t.buf = binary.BigEndian.AppendUint16(append(t.buf, 0, 0, 0, 2), uint16(v))
}

// optionalInt2 sends 0 as NULL.
func (t *table) optionalInt2(v int16) {
	if v == 0 {
		t.buf = appendNull(t.buf)
		return
	}
	t.int2(v)
}

func (t *table) bool(v bool) {
	if t.buf = append(t.buf, 0, 0, 0, 1, 0); v {
		t.buf[len(t.buf)-1] = 1
	}
}

func (t *table) id(v uid.ID) { t.buf = append(append(t.buf, 0, 0, 0, 16), v[:]...) }

// optionalID sends the zero id as NULL.
func (t *table) optionalID(v uid.ID) {
	if v.IsZero() {
		t.buf = appendNull(t.buf)
		return
	}
	t.id(v)
}

// time sends the zero time as NULL.
func (t *table) time(v time.Time) {
	if v.IsZero() {
		t.buf = appendNull(t.buf)
		return
	}
	t.int8(v.UnixMicro() - postgresEpoch)
}

func (t *table) text(v string) {
	t.buf = append(binary.BigEndian.AppendUint32(t.buf, uint32(len(v))), v...)
}

// optionalText sends the empty text as NULL.
func (t *table) optionalText(v string) {
	if v == "" {
		t.buf = appendNull(t.buf)
		return
	}
	t.text(v)
}

// document sends what put appends.
func (t *table) document(put func(buf []byte) []byte) {
	at := len(t.buf)
	t.buf = put(append(t.buf, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(t.buf[at:], uint32(len(t.buf)-at-4))
}

// optionalDocument sends nothing as NULL.
func (t *table) optionalDocument(put func(buf []byte) []byte) {
	at := len(t.buf)
	t.document(put)
	if len(t.buf) == at+4 {
		t.buf = appendNull(t.buf[:at])
	}
}

// copy stores the rows; all of them, or the transaction is to end.
func (l *link) copy(ctx context.Context, statement string, t *table) error {
	if t.rows == 0 {
		return nil
	}
	tag, err := l.wire.CopyFrom(ctx, bytes.NewReader(append(t.buf, 0xff, 0xff)), statement)
	if err != nil {
		return pgdb.Classify(fmt.Errorf("copy: %w", err))
	}
	if n := tag.RowsAffected(); n != t.rows {
		return fmt.Errorf("copy: %d rows stored, want %d: %w", n, t.rows, errGuard)
	}
	return nil
}

// copySlots stores new slots, if they are many. Their pools' rows are locked by this batch, or made by it, so nobody else
// writes these rows and it waits for nobody.
func (t *transaction) copySlots(ctx context.Context, c *reservation.Changes) error {
	if len(c.NewSlots) < copiedSlots {
		return nil
	}
	rows := newTable(len(c.NewSlots), 2+2*(4+8)+8*(4+4)+2*(4+1))
	for _, s := range c.NewSlots {
		rows.row(12)
		rows.int8(int64(s.Key.Pool))
		rows.int4(int32(s.Key.Slot))
		rows.int4(s.Physical)
		rows.int4(s.OutOfOrder)
		rows.int4(s.OverbookingBP)
		rows.int4(s.Target)
		rows.bool(s.ByHand)
		rows.int4(s.Limit)
		rows.bool(s.Closed)
		rows.int4(s.Held)
		rows.int4(s.Sold)
		rows.int8(s.Version)
	}
	return t.link.copy(ctx, copySlots, rows)
}

// copyReservations stores new reservations with their claims, if they are many. It comes where their INSERTs come in the
// order of the writes: what it can wait for is the same.
func (t *transaction) copyReservations(ctx context.Context, c *reservation.Changes) error {
	rs := c.NewReservations
	if len(rs) < copiedReservations {
		return nil
	}
	rows, lists, claims := newTable(len(rs), 1024), newTable(len(rs), 50), newTable(len(rs), 90)
	for _, r := range rs {
		rows.row(28)
		rows.id(r.ID)
		rows.int2(int16(r.Status))
		rows.int2(int16(r.Payment))
		rows.time(r.UpdatedAt)
		rows.time(r.HoldExpiresAt)
		rows.int2(r.Extensions)
		rows.bool(r.GraceUsed)
		rows.optionalID(r.Attempt)
		rows.text(r.Method)
		rows.optionalID(r.PayKey)
		rows.int8(r.Paid)
		rows.int8(r.Refunded)
		rows.int8(r.Owed)
		rows.optionalID(r.RefundID)
		rows.int2(int16(r.Step))
		rows.time(r.StepDue)
		rows.int2(r.StepTries)
		rows.time(r.EndsAt())
		rows.int8(r.Version)
		rows.document(func(buf []byte) []byte { return record.AppendStatuses(buf, r) })
		rows.optionalDocument(func(buf []byte) []byte { return record.AppendAmended(buf, r) })
		rows.optionalText(r.Name)
		rows.text(r.Locator)
		rows.text(r.Caller)
		rows.text(string(r.Currency))
		rows.time(r.CreatedAt)
		rows.time(r.PlacedUntil)
		rows.document(func(buf []byte) []byte { return record.AppendDocument(buf, r) })
		record.Suppliers(r, func(supplier uid.ID) {
			lists.row(3)
			lists.id(supplier)
			lists.time(r.CreatedAt)
			lists.id(r.ID)
		})
		for i := range r.Items {
			for ord, claim := range r.Items[i].Claims {
				claims.row(10)
				claims.id(r.ID)
				claims.int2(int16(i))
				claims.int2(int16(ord))
				claims.int8(int64(claim.Pool))
				claims.int4(int32(claim.From))
				claims.int4(int32(claim.To))
				claims.int4(claim.Count)
				claims.int2(int16(reservation.ClaimHeld))
				claims.time(r.HoldExpiresAt)
				claims.optionalInt2(int16(claim.Unit))
			}
		}
	}
	for _, step := range []struct {
		statement string
		rows      *table
	}{{copyReservations, rows}, {copyBySupplier, lists}, {copyClaims, claims}} {
		if err := t.link.copy(ctx, step.statement, step.rows); err != nil {
			return err
		}
	}
	return nil
}
