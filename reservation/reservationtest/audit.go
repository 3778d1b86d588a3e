package reservationtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"holdfast/reservation"
)

// RunAudit shows that the audit finds what is wrong: each damage, done behind the back of every guard, must be reported
// under its invariant. open gives a store and a way to run SQL on its tables with triggers and checks off.
func RunAudit(t *testing.T, open func(t *testing.T) (store reservation.Store, damage func(sql string))) {
	for name, c := range map[string]struct{ sql, invariant string }{
		"one more held":                {"UPDATE slots SET held = held + 1 WHERE slot = (SELECT min(slot) + 20 FROM slots)", "I1"},
		"one fewer sold":               {"UPDATE slots SET sold = sold - 1 WHERE sold > 0", "I1"},
		"more than the limit":          {"UPDATE slots SET stock_limit = 0 WHERE held > 0", "I1"},
		"target adrift":                {"UPDATE slots SET target = target + 1, stock_limit = stock_limit + 1", "I1"},
		"slot of a claim gone":         {"DELETE FROM slots WHERE held > 0", "I1"},
		"claim freed by itself":        {"UPDATE claims SET life = 3 WHERE life = 1", "I1"},
		"hold count too low":           {"UPDATE hold_counts SET holds = holds - 1 WHERE holds > 0", "I1"},
		"claim sold, item held":        {"UPDATE claims SET life = 2 WHERE life = 1", "I4"},
		"key said to be running":       {"UPDATE idempotency_keys SET state = 1", "I3"},
		"key of no reservation":        {"UPDATE idempotency_keys SET reservation = NULL", "I3"},
		"key of a lost reservation":    {"UPDATE idempotency_keys SET reservation = id", "I3"},
		"key running for ever":         {"UPDATE idempotency_keys SET state = 1, reservation = NULL, created_at = 0", "I3"},
		"step tried for ever":          {"UPDATE reservations SET step = 4, step_due = 0, step_tries = 150 WHERE status = 7", "I6"},
		"step nobody tries":            {"UPDATE reservations SET step = 4, step_due = 0, updated_at = 0 WHERE status = 7", "I6"},
		"event in the middle gone":     {"DELETE FROM outbox WHERE n = (SELECT max(n) / 2 FROM outbox)", "I7"},
		"status changed":               {"UPDATE reservations SET status = 4 WHERE status = 3", "I11"},
		"history entry gone":           {"DELETE FROM history WHERE version = 2", "I11"},
		"last history entry gone":      {"DELETE FROM history WHERE cause = 1", "I11"},
		"a jump of states":             {"UPDATE history SET to_status = 7 WHERE cause = 3", "I11"},
		"nobody did it":                {"UPDATE history SET actor = ''", "I11"},
		"done by who may not":          {"UPDATE history SET actor_kind = 1 WHERE actor_kind = 3", "I11"},
		"event gone":                   {"DELETE FROM outbox WHERE n = 3", "I7"},
		"last event gone":              {"DELETE FROM outbox WHERE n = (SELECT max(n) FROM outbox)", "I7"},
		"event of another reservation": {"UPDATE outbox SET subject = zeroblob(16) WHERE subject IS NOT NULL", "I7"},
		"paid more than taken":         {"UPDATE reservations SET paid = paid + 1 WHERE paid > 0", "I5"},
		"never paid":                   {"UPDATE reservations SET paid = 0, refunded = 0 WHERE paid > 0", "I5"},
		"refund not recorded":          {"UPDATE reservations SET refunded = 0 WHERE refunded > 0", "I5"},
		"charged for what lapsed":      {"UPDATE reservations SET status = 5 WHERE status = 3", "I5"},
	} {
		t.Run(name, func(t *testing.T) {
			store, damage := open(t)
			w := newWorld(t, store)
			defer func() { w.stop(t) }()
			w.live(t)
			w.audit(t)
			damage(c.sql)
			report, err := w.core.Audit(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(report.Findings, func(f reservation.Finding) bool { return f.Invariant == c.invariant }) {
				t.Errorf("not found under %s: %v", c.invariant, report.Findings)
			}
		})
	}
}

// live makes reservations in every state.
func (w *world) live(t *testing.T) {
	t.Helper()
	pool, ctx := w.pool(t, 20, 1000), context.Background()
	w.placed(t, "ada", nights(pool, 0, 2, 1))
	w.clock.Advance(20 * time.Minute)
	w.placed(t, "bob", nights(pool, 1, 2, 2)) // lets the first one lapse
	w.paid(t, "ada", w.placed(t, "ada", nights(pool, 4, 3, 1), nights(pool, 5, 1, 2)), "pm_test_approved")
	w.paid(t, "ada", w.placed(t, "ada", nights(pool, 4, 1, 1)), "pm_test_declined")
	gone := w.placed(t, "ada", nights(pool, 2, 1, 1))
	w.paid(t, "ada", gone, "pm_test_approved")
	w.cancel(t, "ada", gone)
	w.cancel(t, "ada", w.placed(t, "ada", nights(pool, 2, 1, 1)))
	if _, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("eve"), Key: key("k"), Offers: []string{w.offer(t, nights(pool, 9, 1, 1))}, Travellers: guests}); err != nil {
		t.Fatal(err)
	}
}
