package reservationtest

import (
	"slices"
	"strings"
	"testing"

	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
)

// seatDamages are done to seatsLive behind the back of every guard. The statements are the same on both engines but for what
// BLOB stands for: a blob literal is written as BLOB'00ff'.
//
// The pool has 70 units on a line of 3 slots, so two blocks: unit 1 (1-1) is ada's all the way, unit 2 (1-2) bob's on
// [0, 2), unit 3 (1-3) is out of order on [0, 3). Nobody ever wanted one of the second block.
var seatDamages = map[string]struct{ sql, says string }{
	"unit claimed twice":                 {"UPDATE claims SET unit = 1 WHERE unit = 2", "has two live claims"},
	"claim of a unit that is not there":  {"UPDATE claims SET unit = 71 WHERE unit = 2", "does not exist"},
	"claim beyond the line":              {"UPDATE claims SET to_slot = 4 WHERE unit = 2", "does not exist"},
	"claim without its unit":             {"UPDATE claims SET unit = NULL WHERE unit = 2", "taken true, blocked false, claimed false"},
	"claim of another unit":              {"UPDATE claims SET unit = 5 WHERE unit = 2", "taken false, blocked false, claimed true"},
	"claim of a unit of an unused block": {"UPDATE claims SET unit = 70 WHERE unit = 2", "taken false, blocked false, claimed true"},
	"claim of a unit freed by itself":    {"UPDATE claims SET life = 3 WHERE unit = 2", "taken true, blocked false, claimed false"},
	"bit without a claim":                {"UPDATE unit_blocks SET taken = " + masks(7, 3, 7, 1), "taken true, blocked false, claimed false"},
	"claim without its bit":              {"UPDATE unit_blocks SET taken = " + masks(7, 1, 7), "taken false, blocked false, claimed true"},
	"block forgotten":                    {"DELETE FROM unit_blocks", "taken false, blocked false, claimed true"},
	"bit beyond the line":                {"UPDATE unit_blocks SET taken = " + masks(15, 3, 7), "unit 1: taken f"},
	"bit of no unit":                     {"UPDATE unit_blocks SET block = 1, blocked = " + masks() + ", taken = " + masks(0, 0, 0, 0, 0, 0, 1), "unit 71: taken 1"},
	"claimed and blocked":                {"UPDATE unit_blocks SET blocked = " + masks(0, 1, 7), "blocked true, claimed true"},
	"blocked and not taken":              {"UPDATE unit_blocks SET blocked = " + masks(0, 0, 7, 1), "unit 4: taken 0"},
	"unblocked by itself":                {"UPDATE unit_blocks SET blocked = " + masks(0, 0, 3), "taken true, blocked false, claimed false"},
	"out of order counted once too many": {"UPDATE slots SET out_of_order = 2 WHERE slot = 1", "2 out of order; there are 70 and 1"},
	"out of order not counted":           {"UPDATE slots SET out_of_order = 0 WHERE slot = 0", "0 out of order; there are 70 and 1"},
	"more than the layout has":           {"UPDATE slots SET physical = 71, target = 70, stock_limit = 70 WHERE slot = 2", "counts 71 units"},
	"a counter without its unit":         {"UPDATE slots SET held = held + 1 WHERE slot = 2", "claims"},
}

// masks are the stored masks of units 1, 2, ... of a block on a line of up to 64 slots; the others are free.
func masks(of ...byte) string {
	var b strings.Builder
	b.WriteString("BLOB'")
	const hex = "0123456789abcdef"
	for i := range stock.UnitsPerBlock {
		var low byte
		if i < len(of) {
			low = of[i]
		}
		b.WriteByte(hex[low>>4])
		b.WriteByte(hex[low&15])
		b.WriteString(strings.Repeat("00", 7))
	}
	b.WriteString("'")
	return b.String()
}

// RunSeatAudit shows that the audit finds what is wrong with seats: each damage, done behind the back of every guard, must
// be reported under I1 in words that tell it from others. open gives a store and a way to run SQL on its tables with
// triggers and checks off; blob is how a literal of bytes begins there.
func RunSeatAudit(t *testing.T, blob string, open func(t *testing.T) (store reservation.Store, damage func(sql string))) {
	for name, c := range seatDamages {
		t.Run(name, func(t *testing.T) {
			store, damage := open(t)
			w := newWorld(t, store)
			defer func() { w.stop(t) }()
			w.seatsLive(t)
			w.audit(t)
			damage(strings.ReplaceAll(c.sql, "BLOB'", blob))
			report, err := w.core.Audit(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			found := func(f reservation.Finding) bool {
				return f.Invariant == "I1" && strings.Contains(f.Subject+": "+f.Detail, c.says)
			}
			if !slices.ContainsFunc(report.Findings, found) {
				t.Errorf("%q is not found: %v", c.says, report.Findings)
			}
		})
	}
}

// seatsLive makes what seatDamages damages.
func (w *world) seatsLive(t *testing.T) {
	t.Helper()
	pool := w.train(t, 70, 3)
	w.boarded(t, "ada", w.ride(t, offer.Train, pool, 0, 3, 1), reservation.SeatChoice{Labels: []string{"1-1"}})
	w.boarded(t, "bob", w.ride(t, offer.Train, pool, 0, 2, 1), reservation.SeatChoice{Labels: []string{"1-2"}})
	if err := w.core.BlockUnits(t.Context(), []reservation.UnitChange{{Pool: pool, Unit: 3, From: 0, To: 3, Blocked: true}}); err != nil {
		t.Fatal(err)
	}
}
