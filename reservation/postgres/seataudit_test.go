package postgres_test

import (
	"testing"

	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/reservationtest"
)

// What the audit finds is the same on both engines; here the CHECKs of the tables have to be taken off first.
func TestAuditFindsDamageOfSeats(t *testing.T) {
	reservationtest.RunSeatAudit(t, `'\x`, func(t *testing.T) (reservation.Store, func(string)) {
		dsn := fresh(t)
		store, err := postgres.Open(t.Context(), dsn, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store, func(sql string) {
			conn := raw(t, dsn)
			execute(t, conn, `DO $$ DECLARE c record; BEGIN
				FOR c IN SELECT conrelid::regclass AS of, conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'reservation'::regnamespace LOOP
					EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname);
				END LOOP;
			END $$`)
			tag, err := conn.Exec(t.Context(), sql)
			if err != nil || tag.RowsAffected() == 0 {
				t.Fatalf("%s: %s, %v", sql, tag, err)
			}
		}
	})
}
