package sqlite_test

import (
	"path/filepath"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/reservation"
	"holdfast/reservation/reservationtest"
	"holdfast/reservation/sqlite"
)

func TestAuditFindsDamage(t *testing.T) {
	reservationtest.RunAudit(t, damaged)
}

// damaged is a store with a way to run SQL behind the back of every guard.
func damaged(t *testing.T) (reservation.Store, func(string)) {
	path := filepath.Join(t.TempDir(), "reservation.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, func(sql string) {
		conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		off := `PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 5000;
				DROP TRIGGER history_no_update; DROP TRIGGER history_no_delete; DROP TRIGGER outbox_no_update; DROP TRIGGER outbox_no_delete;
				DROP TRIGGER archived_reservations_no_update; DROP TRIGGER archived_reservations_no_delete;`
		if err := sqlitex.ExecuteScript(conn, off+sql+";", nil); err != nil {
			t.Fatal(err)
		}
		if conn.Changes() == 0 {
			t.Fatalf("%s changed nothing", sql)
		}
	}
}
