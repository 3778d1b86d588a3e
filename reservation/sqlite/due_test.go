package sqlite_test

import (
	"strings"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/reservation"
	"holdfast/reservation/sqlite"
	"holdfast/stock"
	"holdfast/uid"
)

const oneItem = `{"items":[{"id":"00000000000000000000000000000001","supplier":"00000000000000000000000000000001","piece":{"hotel":"00000000000000000000000000000001",
	"room_type":"00000000000000000000000000000001","rate_plan":"00000000000000000000000000000001","check_in":"2026-11-23","check_out":"2026-11-24"}}]}`

// lapsedElsewhere are holds that ended long ago in pools 2 to 1001, and three in pool 1.
const lapsedElsewhere = `
	CREATE TEMPORARY TABLE holds AS
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
		SELECT i, unhex(printf('%032x', i)) AS id, CASE WHEN i <= 3 THEN 1 ELSE 2 + i % 1000 END AS pool FROM n;
	INSERT INTO reservations (id, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, extensions, grace_used,
		method, paid, refunded, owed, step, step_tries, version, item_status, document)
	SELECT id, 'L' || i, 'ann', 1, 1, 'EUR', 1, 1, 1, 0, 0, '', 0, 0, 0, 0, 0, 1, '1', '` + oneItem + `' FROM holds;
	INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until)
	SELECT id, 0, 0, pool, 1, 2, 1, 1, 1 FROM holds;
	ANALYZE;`

// What a batch looks at for lapsed holds depends on those of its own pools, however many others there are: the plan is a
// range of them with a look-up for each, whatever the tables hold.
func TestLapsedHoldsElsewhere(t *testing.T) {
	path := fresh(t)
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := sqlitex.ExecuteScript(conn, lapsedElsewhere, nil); err != nil {
		t.Fatal(err)
	}
	stmt, _, err := conn.PrepareTransient("EXPLAIN QUERY PLAN " + sqlite.Statements()["lapsed"])
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for more, err := stmt.Step(); more || err != nil; more, err = stmt.Step() {
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, stmt.ColumnText(3))
	}
	if err := stmt.Finalize(); err != nil {
		t.Fatal(err)
	}
	want := []string{"SEARCH c USING COVERING INDEX claims_held (pool=? AND held_until<?)", "SEARCH r USING INDEX sqlite_autoindex_reservations_1 (id=?)"}
	if strings.Join(steps, "; ") != strings.Join(want, "; ") {
		t.Errorf("plan %q, want %q", steps, want)
	}
	s := open(t, path)
	need := reservation.Need{DuePools: []stock.PoolID{1, 99_999}, DueLimit: 64}
	if err := s.Transact(t.Context(), reservation.Batch{ID: uid.New(), Stream: "one"}, need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		if len(rows.Due) != 3 || rows.DueMore || len(rows.Reservations) != 3 {
			t.Errorf("%d due (more: %t), want the 3 of pool 1", len(rows.Due), rows.DueMore)
		}
		return nil, nil
	}); err != nil {
		t.Error(err)
	}
}
