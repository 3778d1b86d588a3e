package postgres_test

import (
	"os"
	"testing"
	"testing/fstest"

	"holdfast/internal/pgdb"
	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/reservationtest"
	"holdfast/test/engine"
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

// rebuild writes the rows of the schema "filled" into the tables of the first schema. What only newer schemas allow is
// not among them.
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
	SELECT r.id, i.ord - 1, (i.value->>'id')::uuid, substr(r.item_status, i.ord::integer, 1)::smallint, (i.value->>'supplier')::uuid, r.created_at,
		timestamptz '1970-01-01 UTC' + (i.value->>'ends_at')::bigint * interval '1 microsecond', i.value->'piece'
	FROM filled.reservations r, json_array_elements(r.document->'items') WITH ORDINALITY AS i (value, ord);
	INSERT INTO travellers (reservation, ord, given_name, family_name, email)
	SELECT r.id, t.ord - 1, t.value->>'given_name', t.value->>'family_name', coalesce(t.value->>'email', '')
	FROM filled.reservations r, json_array_elements(r.document->'travellers') WITH ORDINALITY AS t (value, ord);
	INSERT INTO claims SELECT reservation, pool, from_slot, to_slot, count, item, ord, life FROM filled.claims;
	INSERT INTO history SELECT * FROM filled.history;
	INSERT INTO idempotency_keys SELECT * FROM filled.idempotency_keys;
	INSERT INTO quotes SELECT id, reservation, version, items, refund, fee, expires_at FROM filled.quotes;
	INSERT INTO hold_counts SELECT * FROM filled.hold_counts;
	INSERT INTO streams OVERRIDING SYSTEM VALUE SELECT * FROM filled.streams;
	SELECT setval(pg_get_serial_sequence('streams', 'stream'), (SELECT max(stream) FROM streams));
	INSERT INTO outbox SELECT * FROM filled.outbox;
	INSERT INTO batches SELECT * FROM filled.batches;
	INSERT INTO revocations OVERRIDING SYSTEM VALUE SELECT * FROM filled.revocations;
	INSERT INTO secrets SELECT * FROM filled.secrets;
	DROP SCHEMA filled CASCADE;`

func TestOldRowsReadTheSame(t *testing.T) {
	first, dsn := firstSchema(t), engine.Postgres(t)
	reservationtest.RunMigration(t, func(t *testing.T) reservation.Store {
		if err := postgres.Migrate(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
		s, err := postgres.Open(t.Context(), dsn, 0)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, func(t *testing.T) {
		conn := raw(t, dsn)
		execute(t, conn, `ALTER SCHEMA reservation RENAME TO filled`)
		if err := pgdb.Migrate(t.Context(), dsn, postgres.Schema, first); err != nil {
			t.Fatal(err)
		}
		execute(t, conn, rebuild)
	})
}
