package postgres_test

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/stock"
	"holdfast/uid"
)

const oneItem = `{"items":[{"id":"00000000000000000000000000000001","supplier":"00000000000000000000000000000001","piece":{"hotel":"00000000000000000000000000000001",
	"room_type":"00000000000000000000000000000001","rate_plan":"00000000000000000000000000000001","check_in":"2026-11-23","check_out":"2026-11-24"}}]}`

// lapsedElsewhere are holds that ended an hour ago in pools 2 to 1001, and three in pool 1.
const lapsedElsewhere = `
	CREATE TEMPORARY TABLE holds AS SELECT gen_random_uuid() AS id, CASE WHEN i <= 3 THEN 1 ELSE 2 + i % 1000 END AS pool, i FROM generate_series(1, 100000) i;
	INSERT INTO reservations (id, locator, caller, status, payment, currency, created_at, updated_at, hold_expires_at, extensions, grace_used,
		method, paid, refunded, owed, step, step_tries, version, item_status, document)
	SELECT id, 'L' || i, 'ann', 1, 1, 'EUR', now(), now(), now() - interval '1 hour', 0, false, '', 0, 0, 0, 0, 0, 1, '1', '` + oneItem + `' FROM holds;
	INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life, held_until)
	SELECT id, 0, 0, pool, 1, 2, 1, 1, now() - interval '1 hour' FROM holds;`

// plan is what EXPLAIN ANALYZE says of a step.
type plan struct {
	Rows    float64 `json:"Actual Rows"`
	Loops   float64 `json:"Actual Loops"`
	Removed float64 `json:"Rows Removed by Filter"` // a loop
	Plans   []plan
}

func (p plan) visited() float64 {
	n := (p.Rows + p.Removed) * p.Loops
	for _, below := range p.Plans {
		n += below.visited()
	}
	return n
}

// What a batch looks at for lapsed holds depends on those of its own pools, however many others there are.
func TestLapsedHoldsElsewhere(t *testing.T) {
	dsn := fresh(t)
	conn := raw(t, dsn)
	execute(t, conn, lapsedElsewhere)
	for _, set := range postgres.Settings {
		execute(t, conn, set)
	}
	execute(t, conn, "PREPARE due AS "+postgres.Statements()["lock_due"])
	for call, most := range map[string]float64{
		"EXECUTE due(NULL, '{99999}', 65, 65)":                 10,
		"EXECUTE due(NULL, '{1}', 65, 65)":                     40, // its 3, in each of the plan's steps
		"EXECUTE due('2000-01-01', '{1,2,3,4,5,6,7}', 65, 10)": 10, // nothing has lapsed by then
	} {
		var text string
		if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+call, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
			t.Fatal(err)
		}
		var plans []struct{ Plan plan }
		if err := json.Unmarshal([]byte(text), &plans); err != nil {
			t.Fatal(err)
		}
		if n := plans[0].Plan.visited(); n > most {
			t.Errorf("%s visits %.0f rows, want at most %.0f:\n%s", call, n, most, text)
		}
	}
	s := open(t, dsn)
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
