package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/internal/sqlitedb"
	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
	"holdfast/reservation/sqlite"
)

// firstSchema is what the first migration alone makes.
func firstSchema(t *testing.T) fstest.MapFS {
	t.Helper()
	const name = "migrations/00001_reservation.sql"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{name: &fstest.MapFile{Data: text}}
}

// rebuild writes the rows of the file "filled" into the tables of the first schema. What only newer schemas allow is not
// among them.
const rebuild = `
	INSERT INTO pools SELECT id, ref, supplier, physical, overbooking_bp, from_slot, to_slot, retired, version FROM filled.pools;
	DELETE FROM pool_counter;
	INSERT INTO pool_counter SELECT * FROM filled.pool_counter;
	INSERT INTO slots SELECT * FROM filled.slots;
	INSERT INTO reservations (id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
		grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version)
	SELECT id, name, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, placed_until, extensions,
		grace_used, attempt, method, pay_key, paid, refunded, owed, refund_id, step, step_due, step_tries, ends_at, version FROM filled.reservations;
	INSERT INTO items (reservation, ord, id, status, supplier, placed_at, ends_at, document)
	SELECT r.id, i.key, unhex(i.value->>'id'), substr(r.item_status, i.key + 1, 1), unhex(i.value->>'supplier'), r.created_at, i.value->>'ends_at', i.value->'piece'
	FROM filled.reservations r, json_each(r.document, '$.items') i;
	INSERT INTO travellers (reservation, ord, given_name, family_name, email)
	SELECT r.id, t.key, t.value->>'given_name', t.value->>'family_name', coalesce(t.value->>'email', '')
	FROM filled.reservations r, json_each(r.document, '$.travellers') t;
	INSERT INTO claims SELECT reservation, item, ord, pool, from_slot, to_slot, count, life FROM filled.claims;
	INSERT INTO history SELECT * FROM filled.history;
	INSERT INTO idempotency_keys SELECT * FROM filled.idempotency_keys;
	INSERT INTO quotes SELECT id, reservation, version, items, refund, fee, expires_at FROM filled.quotes;
	INSERT INTO hold_counts SELECT * FROM filled.hold_counts;
	INSERT INTO streams SELECT * FROM filled.streams;
	INSERT INTO outbox SELECT * FROM filled.outbox;
	INSERT INTO batches SELECT * FROM filled.batches;
	INSERT INTO revocations SELECT * FROM filled.revocations;
	INSERT INTO secrets SELECT * FROM filled.secrets;`

func TestOldRowsReadTheSame(t *testing.T) {
	first, folder := firstSchema(t), t.TempDir()
	path, filled := filepath.Join(folder, "reservation.db"), filepath.Join(folder, "filled.db")
	reservationtest.RunMigration(t, func(t *testing.T) reservation.Store {
		if err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, func(t *testing.T) {
		if err := os.Rename(path, filled); err != nil {
			t.Fatal(err)
		}
		if err := sqlitedb.Migrate(t.Context(), path, first); err != nil {
			t.Fatal(err)
		}
		conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if err := sqlitex.ExecuteTransient(conn, `ATTACH '`+filled+`' AS filled`, nil); err != nil {
			t.Fatal(err)
		}
		if err := sqlitex.ExecuteScript(conn, rebuild, nil); err != nil {
			t.Fatal(err)
		}
	})
}
