package sqlite_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/internal/migration"
	engine "holdfast/reservation/sqlite"
)

const (
	insertSlot        = `INSERT INTO slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version) VALUES `
	insertReservation = `INSERT INTO reservations (id, locator, caller, status, payment, currency, created_at, updated_at, extensions, grace_used,
		method, paid, refunded, owed, step, step_tries, version, item_status, document) VALUES `
)

// insertUnit is a claim of the one reservation, but for its count and unit.
const insertUnit = `INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, life, count, unit) VALUES (x'00000000000000000000000000000001', 0, 9, 1, 1, 2, 1, `

// What stands in the archive, each time it is written, is of somebody else.
const (
	archived     = `INSERT OR REPLACE INTO archived_reservations (id, locator, caller, status, created_at, updated_at, archived_at, document) VALUES (randomblob(16), hex(randomblob(4)), 'a', 5, 1, 1, 1, '{}');`
	archivedSlot = `INSERT INTO slots_history SELECT 1, random() % 1000000, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1;`
)

// What the rules must never do, the file itself refuses, whoever asks.
func TestGuards(t *testing.T) {
	path := fresh(t)
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := sqlitex.ExecuteTransient(conn, `PRAGMA foreign_keys = ON`, nil); err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, insertSlot+`(1, 1, 10, 0, 1000, 11, 0, 11, 0, 5, 6, 1);`+
		insertReservation+`(x'00000000000000000000000000000001', 'L1', 'ann', 1, 1, 'EUR', 1, 1, 0, 0, '', 0, 0, 0, 0, 0, 1, '1', '{}');
		INSERT INTO history (reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n)
		VALUES (x'00000000000000000000000000000001', 1, 1, 1, 'ann', 1, 0, 1, 1, '', 1, 1);
		INSERT INTO outbox (stream, n, type, version, at, data) VALUES (1, 1, 'x', 1, 1, '{}');
		INSERT INTO revocations (supplier, before, actor_kind, actor, at) VALUES (x'00000000000000000000000000000001', 1, 2, 'eve', 1);
		INSERT INTO layouts (id, document) VALUES (x'00000000000000000000000000000001', '{}');
		INSERT INTO unit_blocks (pool, block, version, taken, blocked) VALUES (1, 0, 1, zeroblob(8), zeroblob(8));
		INSERT INTO pools (id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version, layout)
		VALUES (1, x'00000000000000000000000000000001', x'00000000000000000000000000000001', 0, 0, 0, 1, 0, 1, x'00000000000000000000000000000001');`, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ sql, says string }{
		"held past the limit":     {`UPDATE slots SET held = 6`, "never_more_than_the_limit"},
		"sold past the limit":     {`UPDATE slots SET sold = 7`, "never_more_than_the_limit"},
		"negative held":           {`UPDATE slots SET held = -1, sold = 11`, "held >= 0"},
		"limit raised by hand":    {`UPDATE slots SET stock_limit = 12`, "limit_follows_target"},
		"limit raised with held":  {`UPDATE slots SET stock_limit = 12, held = 6, target = 12`, "target_follows_capacity"},
		"wrong type":              {`UPDATE slots SET held = 'many'`, "cannot store TEXT"},
		"second slot":             {insertSlot + `(1, 1, 10, 0, 1000, 11, 0, 11, 0, 0, 0, 1)`, "UNIQUE"},
		"history changed":         {`UPDATE history SET note = 'x'`, "history is append-only"},
		"history deleted":         {`DELETE FROM history`, "history is append-only"},
		"event changed":           {`UPDATE outbox SET data = '1'`, "outbox is append-only"},
		"archive changed":         {archived + `UPDATE archived_reservations SET locator = 'A3'`, "archived_reservations is append-only"},
		"archive deleted":         {archived + `DELETE FROM archived_reservations`, "archived_reservations is append-only"},
		"archived slot changed":   {archivedSlot + `UPDATE slots_history SET sold = 0`, "slots_history is append-only"},
		"archived slot deleted":   {archivedSlot + `DELETE FROM slots_history`, "slots_history is append-only"},
		"history of another gone": {archived + `DELETE FROM history`, "history is append-only"},
		"event deleted":           {`DELETE FROM outbox`, "outbox is append-only"},
		"revocation changed":      {`UPDATE revocations SET before = 0`, "revocations is append-only"},
		"revocation deleted":      {`DELETE FROM revocations`, "revocations is append-only"},
		"item of no status":       {`UPDATE reservations SET item_status = '18'`, "item_status NOT GLOB"},
		"document no JSON":        {`UPDATE reservations SET document = '{'`, "json_valid"},
		"quote of nobody":         {`INSERT INTO quotes (id, reservation, version, items, refund, fee, expires_at, keyed) VALUES (zeroblob(16), zeroblob(16), 1, x'', 0, 0, 1, 1)`, "FOREIGN KEY"},
		"claim of nobody":         {`INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life) VALUES (zeroblob(16), 0, 0, 1, 1, 2, 1, 1)`, "FOREIGN KEY"},
		"reservation with claims": {`INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life) SELECT id, 0, 0, 1, 1, 2, 1, 1 FROM reservations; DELETE FROM reservations`, "FOREIGN KEY"},
		"locator twice":           {insertReservation + `(x'00000000000000000000000000000002', 'L1', 'bob', 1, 1, 'EUR', 1, 1, 0, 0, '', 0, 0, 0, 0, 0, 1, '1', '{}')`, "UNIQUE"},
		"event twice":             {`INSERT INTO outbox (stream, n, type, version, at, data) VALUES (1, 1, 'x', 1, 1, '{}')`, "UNIQUE"},
		"event that is no JSON":   {`INSERT INTO outbox (stream, n, type, version, at, data) VALUES (1, 2, 'x', 1, 1, '{')`, "json_valid"},
		"more refunded than paid": {`UPDATE reservations SET refunded = 1`, "refunded BETWEEN 0 AND paid"},
		"short id":                {insertReservation + `(x'02', 'L2', 'bob', 1, 1, 'EUR', 1, 1, 0, 0, '', 0, 0, 0, 0, 0, 1, '1', '{}')`, "length(id) = 16"},
		"cause beyond any":        {`INSERT INTO history SELECT reservation, 2, at, actor_kind, actor, 64, 1, 1, payment, '', 1, 2 FROM history`, "cause BETWEEN 1 AND 63"},
		"answer beyond any":       {`INSERT INTO idempotency_keys (id, request, state, answer, created_at) VALUES (randomblob(16), randomblob(16), 2, 64, 1)`, "answer BETWEEN 0 AND 63"},
		"layout changed":          {`UPDATE layouts SET document = '{"units":[]}'`, "layouts is append-only"},
		"layout deleted":          {`DELETE FROM layouts`, "layouts is append-only"},
		"layout no JSON":          {`INSERT INTO layouts (id, document) VALUES (randomblob(16), '{')`, "json_valid"},
		"layout of nobody":        {`UPDATE pools SET layout = randomblob(16)`, "FOREIGN KEY"},
		"layout of a short id":    {`UPDATE pools SET layout = x'01'`, "length(layout) = 16"},
		"amendment no JSON":       {`UPDATE reservations SET amended = '{'`, "json_valid"},
		"unit 0":                  {insertUnit + `1, 0)`, "unit BETWEEN"},
		"unit beyond any layout":  {insertUnit + `1, 2049)`, "unit BETWEEN"},
		"unit given out twice":    {insertUnit + `2, 1)`, "unit BETWEEN"},
		"half a word of units":    {`UPDATE unit_blocks SET taken = zeroblob(4), blocked = zeroblob(4)`, "length(taken) % 8"},
		"no words of units":       {`UPDATE unit_blocks SET taken = x'', blocked = x''`, "length(taken) > 0"},
		"more taken than blocked": {`UPDATE unit_blocks SET taken = zeroblob(16)`, "as_much_blocked_as_taken"},
		"block twice":             {`INSERT INTO unit_blocks (pool, block, version, taken, blocked) VALUES (1, 0, 1, zeroblob(8), zeroblob(8))`, "UNIQUE"},
		"pool number going back":  {`UPDATE pool_counter SET next = 0`, "next >= 1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := sqlitex.ExecuteScript(conn, c.sql, nil)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
		})
	}
}

func TestOpenWantsTheSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.db")
	if s, err := engine.Open(t.Context(), path); !errors.Is(err, migration.ErrOld) {
		t.Errorf("opened %v, %v; want a refusal of an old schema", s, err)
	}
	if err := engine.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := engine.Migrate(t.Context(), path); err != nil {
		t.Errorf("migrating again: %v", err)
	}
	open(t, path)
}

// The hot statements find their rows by an index; nothing that a request or a job runs often scans a table.
func TestPlans(t *testing.T) {
	conn, err := sqlite.OpenConn(fresh(t), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for name, query := range engine.Statements() {
		switch name {
		case "all_slots", "streams", "revocations", "prune_counts", "audit_streams", "count_history", "open_step":
			continue // read everything, by their nature; open_step what has a step to do, by the index of that alone
		}
		stmt, _, err := conn.PrepareTransient("EXPLAIN QUERY PLAN " + query)
		if err != nil {
			t.Fatal(err)
		}
		for {
			more, err := stmt.Step()
			if err != nil || !more {
				break
			}
			detail := stmt.ColumnText(3)
			inOrder := strings.HasPrefix(name, "find_all") && strings.Contains(detail, "reservations_created") // ends with the limit
			if strings.HasPrefix(detail, "SCAN") && !inOrder && !strings.Contains(detail, "CONSTANT ROW") {
				t.Errorf("%s: %s", name, detail)
			}
			if (strings.HasPrefix(name, "find_") || strings.HasPrefix(name, "archiv")) && strings.Contains(detail, "TEMP B-TREE FOR ORDER BY") {
				t.Errorf("%s: %s", name, detail)
			}
		}
		if err := stmt.Finalize(); err != nil {
			t.Error(err)
		}
	}
}
