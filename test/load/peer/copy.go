package peer

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Rows are the rows of reservations as COPY writes them, table by table.
type Rows struct {
	Reservations int64
	tables       []copied
}

type copied struct {
	into string // table and columns
	data []byte // PostgreSQL's binary format
}

// copyTables are the tables with rows of a reservation, in the order in which they may be filled; what of them belongs
// to the first reservations by id.
var copyTables = []struct{ table, columns, where, order string }{
	{"reservations", "id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions, grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version, item_status, amended, document", "id <= %s", "id"},
	{"by_supplier", "supplier, placed_at, reservation", "reservation <= %s", "supplier, placed_at, reservation"},
	{"claims", "reservation, pool, from_slot, to_slot, count, item, ord, life, held_until, unit", "reservation <= %s", "reservation"},
	{"history", "reservation, version, at, n, stream, actor_kind, cause, from_status, to_status, payment, actor, note", "reservation <= %s", "reservation"},
	{"idempotency_keys", "id, request, reservation, batch, created_at, state, answer, facts", "reservation <= %s", "reservation"},
	{"hold_counts", "pool, caller, holds, units, lapsed, lapsed_at", "caller IN (SELECT caller FROM reservations WHERE id <= %s)", "pool, caller"},
	{"outbox", "stream, n, at, version, subject, type, data", "subject <= %s", "stream, n"},
}

// TakeRows reads the rows of the first reservations, at most so many, from a database.
func TakeRows(ctx context.Context, dsn string, most int64) (*Rows, error) {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	r := &Rows{}
	var last string
	const first = `SELECT count(*), coalesce((array_agg(id ORDER BY id DESC))[1]::text, '') FROM (SELECT id FROM reservations ORDER BY id LIMIT $1) t`
	if err := conn.QueryRow(ctx, first, most).Scan(&r.Reservations, &last); err != nil {
		return nil, err
	}
	if r.Reservations == 0 {
		return nil, fmt.Errorf("there are no reservations to copy")
	}
	for _, t := range copyTables {
		var data bytes.Buffer
		sql := fmt.Sprintf("COPY (SELECT %s FROM %s WHERE "+t.where+" ORDER BY %s) TO STDOUT (FORMAT binary)", t.columns, t.table, "'"+last+"'", t.order)
		if _, err := conn.PgConn().CopyTo(ctx, &data, sql); err != nil {
			return nil, fmt.Errorf("copy %s: %w", t.table, err)
		}
		r.tables = append(r.tables, copied{t.table + " (" + t.columns + ")", data.Bytes()})
	}
	return r, nil
}

// Load writes the rows into a database with empty tables, one COPY a table in one transaction on one connection, which
// is as fast as PostgreSQL takes rows, and tells how long that took, COMMIT included.
func (r *Rows) Load(ctx context.Context, dsn string) (time.Duration, error) {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	start := time.Now()
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return 0, err
	}
	for _, t := range r.tables {
		if _, err := conn.PgConn().CopyFrom(ctx, bytes.NewReader(t.data), "COPY "+t.into+" FROM STDIN (FORMAT binary)"); err != nil {
			return 0, fmt.Errorf("copy %s: %w", t.into, err)
		}
	}
	if _, err := conn.Exec(ctx, "COMMIT"); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}
