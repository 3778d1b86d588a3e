package postgres_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/internal/migration"
	"holdfast/reservation/postgres"
	"holdfast/test/engine"
)

// raw is a connection behind the store's back.
func raw(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	execute(t, conn, `SET search_path = `+postgres.Schema)
	return conn
}

func execute(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

const (
	one               = `'00000000-0000-0000-0000-000000000001'`
	two               = `'00000000-0000-0000-0000-000000000002'`
	insertSlot        = `INSERT INTO slots (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version) VALUES `
	insertReservation = `INSERT INTO reservations (id, locator, caller, status, payment, currency, created_at, updated_at, extensions, grace_used,
		method, paid, refunded, owed, step, step_tries, version, item_status, document) VALUES `
	// insertUnit is a claim of the one reservation, but for its count and unit.
	insertUnit  = `INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, life, count, unit) VALUES (` + one + `, 0, 9, 1, 1, 2, 1, `
	insertEvent = `INSERT INTO outbox (stream, n, type, version, at, data) VALUES `
)

// What stands in the archive is of somebody else.
const (
	archived     = `INSERT INTO archived_reservations (id, locator, caller, status, created_at, updated_at, archived_at, document) VALUES (gen_random_uuid(), gen_random_uuid()::text, 'a', 5, now(), now(), now(), '{}');`
	archivedSlot = `INSERT INTO slots_history (pool, slot, physical, out_of_order, overbooking_bp, target, by_hand, stock_limit, closed, held, sold, version) VALUES (1, 1, 1, 0, 0, 1, false, 1, false, 0, 1, 1);`
)

// What the rules must never do, the database itself refuses, whoever asks.
func TestGuards(t *testing.T) {
	conn := raw(t, fresh(t))
	execute(t, conn, insertSlot+`(1, 1, 10, 0, 1000, 11, false, 11, false, 5, 6, 1);`+
		insertReservation+`(`+one+`, 'L1', 'ann', 1, 1, 'EUR', now(), now(), 0, false, '', 0, 0, 0, 0, 0, 1, '1', '{}');
		INSERT INTO history (reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n)
		VALUES (`+one+`, 1, now(), 1, 'ann', 1, 0, 1, 1, '', 1, 1);`+
		insertEvent+`(1, 1, 'x', 1, now(), '{}');
		INSERT INTO revocations (supplier, before, actor_kind, actor, at) VALUES (`+one+`, now(), 2, 'eve', now());
		INSERT INTO layouts (id, document) VALUES (`+one+`, '{}');
		INSERT INTO unit_blocks (pool, block, version, taken, blocked) VALUES (1, 0, 1, '\x0000000000000000', '\x0000000000000000');
		INSERT INTO pools (id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version, layout)
		VALUES (1, `+one+`, `+one+`, 0, 0, 0, 1, false, 1, `+one+`);`)
	for name, c := range map[string]struct{ sql, says string }{
		"held past the limit":     {`UPDATE slots SET held = 6`, "violates check constraint"},
		"sold past the limit":     {`UPDATE slots SET sold = 7`, "violates check constraint"},
		"negative held":           {`UPDATE slots SET held = -1, sold = 11`, "slots_held_check"},
		"limit raised by hand":    {`UPDATE slots SET stock_limit = 12`, "limit_follows_target"},
		"limit raised with held":  {`UPDATE slots SET stock_limit = 12, held = 6, target = 12`, "target_follows_capacity"},
		"wrong type":              {`UPDATE slots SET held = 'many'`, "invalid input"},
		"second slot":             {insertSlot + `(1, 1, 10, 0, 1000, 11, false, 11, false, 0, 0, 1)`, "slots_pkey"},
		"history changed":         {`UPDATE history SET note = 'x'`, "history is append-only"},
		"history deleted":         {`DELETE FROM history`, "history is append-only"},
		"history emptied":         {`TRUNCATE history`, "history is append-only"},
		"event changed":           {`UPDATE outbox SET data = '1'`, "outbox is append-only"},
		"archive changed":         {archived + `UPDATE archived_reservations SET locator = 'A3'`, "archived_reservations is append-only"},
		"archive deleted":         {archived + `DELETE FROM archived_reservations`, "archived_reservations is append-only"},
		"archive emptied":         {`TRUNCATE archived_reservations`, "archived_reservations is append-only"},
		"archived slot changed":   {archivedSlot + `UPDATE slots_history SET sold = 0`, "slots_history is append-only"},
		"archived slot deleted":   {archivedSlot + `DELETE FROM slots_history`, "slots_history is append-only"},
		"archived slots emptied":  {`TRUNCATE slots_history`, "slots_history is append-only"},
		"history of another gone": {archived + `DELETE FROM history`, "history is append-only"},
		"locator of the archive":  {`SELECT fresh_locators(true)`, "belongs to an archived reservation"},
		"event deleted":           {`DELETE FROM outbox`, "outbox is append-only"},
		"events emptied":          {`TRUNCATE outbox`, "outbox is append-only"},
		"revocation changed":      {`UPDATE revocations SET before = now()`, "revocations is append-only"},
		"revocation deleted":      {`DELETE FROM revocations`, "revocations is append-only"},
		"revocations emptied":     {`TRUNCATE revocations`, "revocations is append-only"},
		"item of no status":       {`UPDATE reservations SET item_status = '18'`, "reservations_item_status_check"},
		"document no JSON":        {`UPDATE reservations SET document = '{'`, "invalid input"},
		"quote of nobody":         {`INSERT INTO quotes (id, reservation, version, items, refund, fee, expires_at, keyed) VALUES (` + two + `, ` + two + `, 1, '', 0, 0, now(), true)`, "quotes_reservation_fkey"},
		"claim of nobody":         {`INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life) VALUES (` + two + `, 0, 0, 1, 1, 2, 1, 1)`, "claims_reservation_fkey"},
		"reservation with claims": {`INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life) SELECT id, 0, 0, 1, 1, 2, 1, 1 FROM reservations; DELETE FROM reservations`, "claims_reservation_fkey"},
		"wrong number of rows":    {`SELECT exactly(2, 3)`, "2 rows changed, want 3"},
		"locator twice":           {insertReservation + `(` + two + `, 'L1', 'bob', 1, 1, 'EUR', now(), now(), 0, false, '', 0, 0, 0, 0, 0, 1, '1', '{}')`, "reservations_locator"},
		"event twice":             {insertEvent + `(1, 1, 'x', 1, now(), '{}')`, "outbox_pkey"},
		"event that is no JSON":   {insertEvent + `(1, 2, 'x', 1, now(), '{')`, "invalid input"},
		"more refunded than paid": {`UPDATE reservations SET refunded = 1`, "reservations_check"},
		"cause beyond any":        {`INSERT INTO history (reservation, version, at, actor_kind, actor, cause, from_status, to_status, payment, note, stream, n) VALUES (` + one + `, 2, now(), 1, 'ann', 64, 1, 1, 1, '', 1, 2)`, "history_cause_check"},
		"answer beyond any":       {`INSERT INTO idempotency_keys (id, request, batch, created_at, state, answer) VALUES (` + two + `, ` + two + `, ` + two + `, now(), 2, 64)`, "idempotency_keys_answer_check"},
		"layout changed":          {`UPDATE layouts SET document = '{"units":[]}'`, "layouts is append-only"},
		"layout deleted":          {`DELETE FROM layouts`, "layouts is append-only"},
		"layouts emptied":         {`TRUNCATE layouts CASCADE`, "layouts is append-only"},
		"layout no JSON":          {`INSERT INTO layouts (id, document) VALUES (` + two + `, '{')`, "invalid input"},
		"layout of nobody":        {`UPDATE pools SET layout = ` + two, "pools_layout_fkey"},
		"amendment no JSON":       {`UPDATE reservations SET amended = '{'`, "invalid input"},
		"unit 0":                  {insertUnit + `1, 0)`, "claims_unit_check"},
		"unit beyond any layout":  {insertUnit + `1, 2049)`, "claims_unit_check"},
		"unit given out twice":    {insertUnit + `2, 1)`, "claims_unit_check"},
		"half a word of units":    {`UPDATE unit_blocks SET taken = '\x00', blocked = '\x00'`, "unit_blocks_taken_check"},
		"no words of units":       {`UPDATE unit_blocks SET taken = '', blocked = ''`, "unit_blocks_taken_check"},
		"more taken than blocked": {`UPDATE unit_blocks SET taken = taken || taken`, "as_much_blocked_as_taken"},
		"block twice":             {`INSERT INTO unit_blocks SELECT * FROM unit_blocks`, "unit_blocks_pkey"},
		"pool number going back":  {`UPDATE pool_counter SET next = 0`, "pool_counter_next_check"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), c.sql, pgx.QueryExecModeSimpleProtocol)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
		})
	}
}

func TestOpenWantsTheSchema(t *testing.T) {
	dsn := engine.Postgres(t)
	if s, err := postgres.Open(t.Context(), dsn, 0); !errors.Is(err, migration.ErrOld) {
		t.Errorf("opened %v, %v; want a refusal of an old schema", s, err)
	}
	for range 2 {
		if err := postgres.Migrate(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dsn)
}

var parameter = regexp.MustCompile(`\$(\d+)`)

// The plans that a connection makes once and keeps find their rows by an index: on empty tables that nobody has analyzed,
// which is when a fresh system makes them, and on tables that were analyzed while they were empty, which makes a planner
// believe that reading all is cheapest.
func TestPlans(t *testing.T) {
	for _, analyzed := range []bool{false, true} {
		t.Run(fmt.Sprintf("analyzed %t", analyzed), func(t *testing.T) { testPlans(t, analyzed) })
	}
}

func testPlans(t *testing.T, analyzed bool) {
	conn := raw(t, fresh(t))
	for _, set := range postgres.Settings {
		execute(t, conn, set)
	}
	if analyzed {
		execute(t, conn, "VACUUM ANALYZE") // of tables that stand at no page
	}
	for name, query := range postgres.Statements() {
		switch name {
		case "begin", "begin_read", "commit", "rollback", "streams", "revocations", "prune_counts", "audit_streams", "count_history", "pools_after":
			continue // no plan, or one that reads everything by its nature; pools are few
		}
		parameters := 0
		for _, found := range parameter.FindAllStringSubmatch(query, -1) {
			n, _ := strconv.Atoi(found[1])
			parameters = max(parameters, n)
		}
		execute(t, conn, fmt.Sprintf("PREPARE %s AS %s", name, query))
		call := "EXPLAIN EXECUTE " + name
		if parameters > 0 {
			call += "(" + strings.TrimSuffix(strings.Repeat("NULL,", parameters), ",") + ")"
		}
		rows, err := conn.Query(t.Context(), call, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plan := strings.Join(lines, "\n")
		if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Hash Join") || strings.Contains(plan, "Merge Join") {
			t.Errorf("%s reads a whole table:\n%s", name, plan)
		}
		if (strings.HasPrefix(name, "find_") || strings.HasPrefix(name, "archiv")) && name != "archive_slots" && name != "archived" && !strings.Contains(name, "batch") && strings.Contains(plan, "Sort") {
			t.Errorf("%s sorts before the limit:\n%s", name, plan)
		}
		switch name {
		case "lock_units", "units", "set_blocks", "slots_of", "claimants", "layouts", "delete_item_claims", "lock_slots", "lock_counts", "lock_due", "lock_pools", "lock_reservations", "set_slots", "set_counts", "set_pools", "set_reservations",
			"set_claims", "set_held_until", "set_keys", "unclaim_keys", "advance_stream", "insert_events", "insert_history", "claims":
			// Each look at a table is for certain keys, and what is locked comes in the order of the keys.
			for i, line := range lines {
				if !strings.Contains(line, "Index") || !strings.Contains(line, "Scan") {
					continue
				}
				if i+1 == len(lines) || !strings.Contains(lines[i+1], "Index Cond") {
					t.Errorf("%s reads a whole index:\n%s", name, plan)
				}
			}
			if name != "lock_pools" && strings.HasPrefix(name, "lock_") && strings.Contains(plan, "Sort") {
				t.Errorf("%s sorts what its index has in order:\n%s", name, plan)
			}
		}
		if name == "claimants" && (!strings.Contains(plan, "using claims_held") || !strings.Contains(plan, "using claims_sold")) {
			t.Errorf("%s does not look at the live claims of its pool alone:\n%s", name, plan)
		}
		if name == "lock_due" && (!strings.Contains(plan, "using claims_held") || !strings.Contains(plan, "One-Time Filter")) {
			t.Errorf("%s does not look at the lapsed holds of its pools alone:\n%s", name, plan)
		}
	}
}
