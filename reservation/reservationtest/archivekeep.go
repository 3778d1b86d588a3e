package reservationtest

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// A locator is given once, for ever: also where the rules draw one that is in the archive.
func testArchiveLocators(t *testing.T, w *world) {
	pool := w.pool(t, 5, 0)
	ref := w.placed(t, "ada", nights(pool, 0, 1, 1))
	taken := w.read(t, "ada", ref).Locator
	w.cancel(t, "ada", ref)
	w.clock.Advance(31 * day)
	w.archived(t)
	if got := w.listed(t, reservation.Filter{Archived: true}); len(got) != 1 {
		t.Fatalf("archived %v", got)
	}
	if free := must[[]string](t)(w.store.FreeLocators(t.Context(), []string{taken, "ZZZZZZ"})); !slices.Equal(free, []string{"ZZZZZZ"}) {
		t.Errorf("free are %v", free)
	}
	fresh := newReservation("bob", w.clock.Now())
	drawn := []string{taken, "YYYYYY"}
	tries := 0
	err := w.store.Store.Transact(t.Context(), batch("main/lane-0-0", w.clock.Now()), reservation.Need{}, func(*reservation.Rows) (*reservation.Changes, error) {
		fresh.Locator = drawn[min(tries, 1)]
		tries++
		return &reservation.Changes{
			NewReservations: []*reservation.Reservation{fresh}, NewHistory: []reservation.Entry{entry(fresh, 0, reservation.Placed, w.clock.Now())},
			Events: []reservation.Event{event(fresh, reservation.Placed, w.clock.Now())},
		}, nil
	})
	if err != nil || tries != 2 {
		t.Errorf("decided %d times, %v; the first locator is archived", tries, err)
	}
}

// A reservation with a key stays until the key is pruned: a repeated call gets its answer for as long as that lives.
func testArchiveKeys(t *testing.T, w *world) {
	ctx, pool := context.Background(), w.pool(t, 5, 0)
	a, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("ada"), Key: key("k"), Offers: []string{w.offer(t, nights(pool, 0, 1, 1))}, Travellers: guests})
	if err != nil {
		t.Fatal(err)
	}
	w.cancel(t, "ada", a.Reservation.ID.Text("res"))
	query := reservation.ArchiveQuery{Unpaid: true, Before: w.clock.Now().Add(time.Hour), Limit: 9}
	if lines := must[[]reservation.ArchiveLine](t)(w.store.Archivable(ctx, query)); len(lines) != 1 || !lines[0].Keyed || lines[0].ID != a.Reservation.ID {
		t.Errorf("with its key: %+v", lines)
	}
	w.clock.Advance(31 * day)
	w.archived(t)
	w.clock.Advance(time.Hour)
	w.archived(t)
	if got := w.listed(t, reservation.Filter{Archived: true}); len(got) != 1 {
		t.Errorf("without its key: archived %v", got)
	}
	if keys := must[[]*reservation.KeyRow](t)(w.store.Keys(ctx, []uid.ID{key("k").ID})); len(keys) != 0 {
		t.Errorf("%d keys are left", len(keys))
	}
}

// An error at the end of the batch leaves everything as it was.
func testArchiveFails(t *testing.T, s reservation.Store) {
	p := newPool(t, s, 5, 0, 10)
	r := newReservation("ann", noon, []stock.Claim{{Pool: p.ID, From: 0, To: 2, Count: 1}})
	place(t, s, r)
	r = read(t, s, r.ID)
	slots, history := slotsOf(t, s, p), must[[]reservation.Entry](t)(s.History(t.Context(), r.ID))
	move := func(broken bool) error {
		need := reservation.Need{
			Reservations: []uid.ID{r.ID}, Pools: []stock.PoolID{p.ID}, Spans: []reservation.Span{{Pool: p.ID, From: 0, To: 4}},
			Archive: []reservation.Span{{Pool: p.ID, From: 0, To: 4}},
		}
		return s.Transact(t.Context(), batch("one", noon), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
			if !rows.Open[p.ID] || rows.Archived[r.ID] != nil || rows.Reservations[r.ID] == nil {
				t.Errorf("open %v, archived %v", rows.Open, rows.Archived)
			}
			row := rows.Pools[p.ID]
			row.From, row.Version = 4, row.Version+1
			c := &reservation.Changes{GoneSlots: []reservation.Span{{Pool: p.ID, From: 0, To: 4}}, SetPools: []*reservation.PoolRow{row}}
			if broken {
				c.GoneReservations = []uid.ID{r.ID} // still held: the archive does not take it
			}
			return c, nil
		})
	}
	if err := move(true); err == nil {
		t.Fatal("what is held was archived")
	}
	same(t, "slots", slotsOf(t, s, p), slots)
	same(t, "reservation", read(t, s, r.ID), r)
	same(t, "history", must[[]reservation.Entry](t)(s.History(t.Context(), r.ID)), history)
	if got := must[[]*reservation.Archived](t)(s.Archived(t.Context(), []uid.ID{r.ID})); len(got) != 0 {
		t.Errorf("%d in the archive", len(got))
	}
	if err := move(false); err != nil {
		t.Fatal(err)
	}
	same(t, "slots afterwards", slotsOf(t, s, p), slots)
}

// RunArchiveAudit shows that the audit finds what is wrong with the archive, as RunAudit does for the rest.
func RunArchiveAudit(t *testing.T, open func(t *testing.T) (store reservation.Store, damage func(sql string))) {
	for name, c := range map[string]struct{ sql, invariant string }{
		"document deleted":     {"DELETE FROM archived_reservations WHERE id = (SELECT min(id) FROM archived_reservations)", "I7"},
		"document unreadable":  {"UPDATE archived_reservations SET document = '{}'", "I2"},
		"of somebody else":     {"UPDATE archived_reservations SET caller = 'eve'", "I2"},
		"claim left behind":    {"INSERT INTO claims (reservation, item, ord, pool, from_slot, to_slot, count, life) SELECT id, 0, 0, 1, 1, 2, 1, 3 FROM archived_reservations", "I2"},
		"history left behind":  {"INSERT INTO history SELECT id, 1, 1, 1, 'x', 1, 0, 1, 1, '', 1, 1 FROM archived_reservations", "I2"},
		"locator given again":  {"UPDATE reservations SET locator = (SELECT min(locator) FROM archived_reservations) WHERE id = (SELECT min(id) FROM reservations)", "I2"},
		"history cut short":    {"UPDATE archived_reservations SET document = json_remove(document, '$.history[0]')", "I11"},
		"claims counted again": {"UPDATE archived_reservations SET document = json_set(document, '$.claims[0].life', 1)", "I4"},
		"more paid":            {"UPDATE archived_reservations SET document = json_set(document, '$.paid', 1)", "I5"},
		"other event":          {"UPDATE archived_reservations SET document = json_set(document, '$.history[0].n', 1)", "I7"},
		"archived slot back":   {"INSERT INTO slots SELECT * FROM slots_history WHERE sold = 0", "I1"},
		"archived slot held":   {"UPDATE claims SET life = 1, from_slot = 1, held_until = 1 WHERE life = 1", "I1"},
	} {
		t.Run(name, func(t *testing.T) {
			store, damage := open(t)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, store)
				defer func() { w.stop(t) }()
				pool := w.pool(t, 9, 0)
				w.ends(t, pool)
				w.archiveSlots(t, 10, pool)
				w.clock.Advance(91 * day)
				w.archived(t)
				w.placed(t, "bob", nights(pool, 20, 1, 1))
				w.audit(t)
				damage(c.sql)
				report := must[*reservation.AuditReport](t)(w.core.Audit(t.Context(), nil))
				if !slices.ContainsFunc(report.Findings, func(f reservation.Finding) bool { return f.Invariant == c.invariant }) {
					t.Errorf("not found under %s: %v", c.invariant, report.Findings)
				}
			})
		})
	}
}
