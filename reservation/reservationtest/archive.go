package reservationtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// RunArchive checks on an engine that the archive takes what may go, all of it and nothing else, and loses nothing. Every
// test ends with a clean audit.
func RunArchive(t *testing.T, open func(t *testing.T) reservation.Store) {
	for name, check := range map[string]func(*testing.T, *world){
		"WholeReservations":       testArchiveWhole,
		"WhatMustStay":            testArchiveStays,
		"SlotsThatMayGo":          testArchiveSlots,
		"SlotsInPieces":           testArchivePieces,
		"RollForwardAfterwards":   testArchiveRollForward,
		"LostCommit":              testArchiveLostCommit,
		"BesidePlacings":          testArchiveBeside,
		"LocatorsOfTheArchive":    testArchiveLocators,
		"KeysStayWithTheirAnswer": testArchiveKeys,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, open(t))
				defer func() { w.stop(t) }()
				check(t, w)
				w.audit(t)
			})
		})
	}
	t.Run("FailedCommitLeavesEverything", func(t *testing.T) { testArchiveFails(t, open(t)) })
}

const day = 24 * time.Hour

// archived has the job run once, that of a fresh core: it prunes first.
func (w *world) archived(t *testing.T) {
	t.Helper()
	w.stop(t)
	w.restart(t)
	time.Sleep(2 * time.Minute) //nolint:forbidigo // simulated time
}

// archiveSlots archives the slots of pools before night n and returns how many went.
func (w *world) archiveSlots(t testing.TB, n stock.Slot, pools ...stock.PoolID) int {
	t.Helper()
	var spans []reservation.Span
	for _, p := range pools {
		spans = append(spans, reservation.Span{Pool: p, To: night + n})
	}
	return must[int](t)(w.core.ArchiveSlots(context.Background(), spans))
}

// liveSlots are the slots of a pool that are not archived.
func (w *world) liveSlots(t testing.TB, pool stock.PoolID) (live []stock.Slot) {
	t.Helper()
	must[reservation.Positions](t)(w.core.Snapshot(context.Background(), 0, func(rows []reservation.SlotRow) error {
		for _, r := range rows {
			if r.Key.Pool == pool {
				live = append(live, r.Key.Slot)
			}
		}
		return nil
	}))
	return live
}

// listed are the ids in ada's list.
func (w *world) listed(t testing.TB, f reservation.Filter) (ids []string) {
	t.Helper()
	f.Limit = 100
	for _, r := range must[[]*reservation.Reservation](t)(w.core.Reservations(context.Background(), as("ada"), f)) {
		ids = append(ids, r.ID.Text("res"))
	}
	slices.Sort(ids)
	return ids
}

// told is everything that callers learn of a reservation, and what each command on it answers.
type told struct {
	Reservation *reservation.Reservation
	History     []reservation.Entry
	Refusals    []string
}

func (w *world) told(t testing.TB, ref string) told {
	t.Helper()
	ctx, ada := context.Background(), as("ada")
	out := told{Reservation: w.read(t, "ada", ref), History: must[[]reservation.Entry](t)(w.core.History(ctx, ada, ref))}
	refusal := func(err error) {
		reason := "done"
		if f := (*fault.Error)(nil); errors.As(err, &f) {
			reason = f.Reason
		} else if err != nil {
			reason = err.Error()
		}
		out.Refusals = append(out.Refusals, reason)
	}
	_, err := w.core.Pay(ctx, ada, ref, "pm_test_approved", reservation.Idempotency{})
	refusal(err)
	_, err = w.core.Extend(ctx, ada, ref)
	refusal(err)
	refusal(w.core.Release(ctx, ada, ref))
	_, err = w.core.QuoteCancellation(ctx, ada, ref, nil, reservation.Idempotency{})
	refusal(err)
	_, err = w.core.ConfirmCancellation(ctx, ada, ref, uid.New().Text("quo"), reservation.Idempotency{})
	refusal(err)
	_, err = w.core.RetryRefund(ctx, operator, out.Reservation.ID.Text("res"))
	refusal(err)
	_, err = w.core.SettleOutside(ctx, operator, out.Reservation.ID.Text("res"), "by hand")
	refusal(err)
	_, err = w.core.Reservation(ctx, as("bob"), ref)
	refusal(err)
	return out
}

// ends makes reservations of ada's that end in every way, by what they are; named is the name that one of them has.
func (w *world) ends(t *testing.T, pool stock.PoolID) (ended map[string]string) {
	t.Helper()
	ended = map[string]string{}
	ended["completed"] = w.placed(t, "ada", nights(pool, 0, 3, 1), nights(pool, 1, 1, 1))
	w.paid(t, "ada", ended["completed"], "pm_test_approved")
	ended["returned"] = w.placed(t, "ada", nights(pool, 2, 2, 1))
	w.paid(t, "ada", ended["returned"], "pm_test_approved")
	w.cancel(t, "ada", ended["returned"])
	ended["rejected"] = w.placed(t, "ada", nights(pool, 1, 1, 1))
	w.paid(t, "ada", ended["rejected"], "pm_test_declined")
	ended["released"] = w.placed(t, "ada", nights(pool, 0, 1, 1))
	w.cancel(t, "ada", ended["released"])
	a, err := w.core.Place(context.Background(), reservation.PlaceRequest{
		Caller: as("ada"), Name: "res_old-trip", Key: key("old"), Offers: []string{w.offer(t, nights(pool, 20, 1, 1))}, Travellers: guests,
	})
	if err != nil {
		t.Fatal(err)
	}
	ended["expired"] = a.Reservation.ID.Text("res")
	w.clock.Advance(10*day + time.Hour)
	for _, ref := range ended {
		w.until(t, ref, func(r *reservation.Reservation) bool {
			return r.Step == reservation.NoStep && r.Status >= reservation.Completed && r.Stored > 0 && r.Status == r.Effective(w.clock.Now())
		})
	}
	w.archived(t) // the sweep has written what lapsed
	return ended
}

// Each kind goes at its age, and reads afterwards as before, to the last fact; commands answer as before.
func testArchiveWhole(t *testing.T, w *world) {
	ctx, pool := context.Background(), w.pool(t, 9, 0)
	ended := w.ends(t, pool)
	before := map[string]told{}
	for _, ref := range ended {
		before[ref] = w.told(t, ref)
	}
	all := w.listed(t, reservation.Filter{})
	if len(all) != len(ended) || len(w.listed(t, reservation.Filter{Archived: true})) != 0 {
		t.Fatalf("listed %v", all)
	}
	if n := w.archiveSlots(t, 10, pool); n != 10 {
		t.Fatalf("%d slots archived", n)
	}
	w.clock.Advance(31 * day)
	w.archived(t)
	if got, want := w.listed(t, reservation.Filter{}), []string{ended["completed"], ended["returned"]}; !sameSet(got, want) {
		t.Errorf("after a month %v are left, want %v", got, want)
	}
	w.audit(t)
	w.clock.Advance(60 * day)
	w.archived(t)
	if got := w.listed(t, reservation.Filter{}); len(got) != 0 {
		t.Errorf("after three months %v are left", got)
	}
	if got := w.listed(t, reservation.Filter{Archived: true}); !slices.Equal(got, all) {
		t.Errorf("archived are %v, want %v", got, all)
	}
	for kind, ref := range ended {
		same(t, kind, w.told(t, ref), before[ref])
		r := before[ref].Reservation
		for _, archived := range []bool{false, true} {
			if got := w.listed(t, reservation.Filter{Locator: r.Locator, Archived: archived}); !slices.Equal(got, []string{ref}) {
				t.Errorf("%s by locator, archived %t: %v", kind, archived, got)
			}
		}
		if got := w.listed(t, reservation.Filter{Archived: true, Status: r.Status}); !slices.Contains(got, ref) {
			t.Errorf("%s by status: %v", kind, got)
		}
	}
	same(t, "by name", w.read(t, "ada", "res_old-trip"), before[ended["expired"]].Reservation)
	_, err := w.core.Place(ctx, reservation.PlaceRequest{Caller: as("ada"), Name: "res_old-trip", Offers: []string{w.offer(t, nights(pool, 20, 1, 1))}, Travellers: guests})
	denied(t, err, "reservation_exists")
	staff := reservation.Caller{Subject: "staff", Staff: true, Supplier: supplier}
	found := must[[]*reservation.Reservation](t)(w.core.Reservations(ctx, staff, reservation.Filter{Archived: true, Limit: 2}))
	if len(found) != 2 {
		t.Fatalf("staff see %d", len(found))
	}
	next := must[[]*reservation.Reservation](t)(w.core.Reservations(ctx, staff, reservation.Filter{Archived: true, After: found[1].ID, Limit: 100}))
	back := must[[]*reservation.Reservation](t)(w.core.Reservations(ctx, staff, reservation.Filter{Archived: true, Before: next[0].ID, Limit: 100}))
	if len(next) != len(all)-2 || len(back) != 2 || back[0].ID != found[0].ID {
		t.Errorf("pages of %d, %d, back %d", len(found), len(next), len(back))
	}
	report := must[*reservation.AuditReport](t)(w.core.Audit(ctx, nil))
	if report.Archived != int64(len(all)) || report.Reservations != int64(len(all)) {
		t.Errorf("the audit saw %d archived of %d", report.Archived, report.Reservations)
	}
	w.archived(t) // again: nothing is left to do
}

func sameSet(a, b []string) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// Each of these is missing one thing that is needed.
func testArchiveStays(t *testing.T, w *world) {
	pool, kept, open := w.pool(t, 9, 0), w.pool(t, 9, 0), w.pool(t, 9, 0)
	held := w.placed(t, "ada", nights(pool, 29, 1, 1))
	counts := w.placed(t, "ada", nights(kept, 0, 1, 1))
	w.paid(t, "ada", counts, "pm_test_approved")
	goes := w.placed(t, "ada", nights(pool, 0, 1, 1))
	w.paid(t, "ada", goes, "pm_test_approved")
	owes := w.placed(t, "ada", nights(open, 0, 1, 1))
	w.paid(t, "ada", owes, "pm_test_refund_refused")
	w.cancel(t, "ada", owes)
	w.clock.Advance(10*day + time.Hour)
	for _, ref := range []string{counts, goes} {
		w.until(t, ref, func(r *reservation.Reservation) bool { return r.Status == reservation.Completed })
	}
	w.archiveSlots(t, 5, pool)
	w.clock.Advance(89 * day)
	young := w.placed(t, "ada", nights(pool, 28, 1, 1))
	w.cancel(t, "ada", young)
	lives := w.placed(t, "ada", nights(pool, 28, 1, 1))
	w.paid(t, "ada", lives, "pm_test_approved")
	w.archived(t)
	if got := w.listed(t, reservation.Filter{Archived: true}); !slices.Equal(got, []string{held}) {
		t.Errorf("a day too early: %v", got)
	}
	w.clock.Advance(2 * day)
	w.archived(t)
	if got := w.listed(t, reservation.Filter{Archived: true}); !sameSet(got, []string{held, goes}) {
		t.Errorf("archived %v, want the lapsed hold %s and %s", got, held, goes)
	}
	for what, ref := range map[string]string{"counts on a slot that is there": counts, "owes money": owes, "is too young": young, "lives": lives} {
		if got := w.listed(t, reservation.Filter{}); !slices.Contains(got, ref) {
			t.Errorf("what %s has gone", what)
		}
	}
	w.audit(t)
	w.archiveSlots(t, 5, kept) // now it may go
	w.archived(t)
	if got := w.listed(t, reservation.Filter{Archived: true}); !slices.Contains(got, counts) {
		t.Errorf("the one that counted on a slot stays: %v", got)
	}
}

// A pool's slots go when nothing that may still move claims one of them; one such claim keeps all of the pool's.
func testArchiveSlots(t *testing.T, w *world) {
	ctx := context.Background()
	pools := map[string]stock.PoolID{}
	for _, kind := range []string{"free", "released", "completed", "held", "confirming", "confirmed", "late", "later night", "owes"} {
		pools[kind] = w.pool(t, 5, 0)
	}
	w.cancel(t, "ada", w.placed(t, "ada", nights(pools["released"], 2, 1, 1)))
	done := w.placed(t, "ada", nights(pools["completed"], 2, 4, 1))
	w.paid(t, "ada", done, "pm_test_approved")
	owes := w.placed(t, "ada", nights(pools["owes"], 2, 1, 1))
	w.paid(t, "ada", owes, "pm_test_refund_refused")
	w.cancel(t, "ada", owes)
	late := w.placed(t, "ada", nights(pools["late"], 2, 1, 1))
	w.clock.Advance(10*day + time.Hour)
	w.until(t, done, func(r *reservation.Reservation) bool { return r.Status == reservation.Completed })
	if r := w.read(t, "ada", late); r.Status != reservation.Expired {
		t.Fatalf("%+v", r)
	}
	late = w.placed(t, "ada", nights(pools["late"], 2, 1, 1))
	w.clock.Advance(14 * time.Minute)
	if _, err := w.core.Pay(ctx, as("ada"), late, "pm_test_late", key("late")); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(10*time.Minute + time.Second) // its grace is over, the money two minutes away
	w.until(t, late, func(r *reservation.Reservation) bool {
		return r.Status == reservation.Expired && r.Step == reservation.AskPayment
	})
	w.placed(t, "ada", nights(pools["held"], 4, 3, 1)) // one of its nights is before the bound
	w.placed(t, "ada", nights(pools["later night"], 5, 3, 1))
	confirming := w.placed(t, "ada", nights(pools["confirming"], 0, 1, 1))
	if _, err := w.core.Pay(ctx, as("ada"), confirming, "pm_test_late", key("confirming")); err != nil {
		t.Fatal(err)
	}
	w.paid(t, "ada", w.placed(t, "ada", nights(pools["confirmed"], 4, 1, 1)), "pm_test_approved")

	var all []stock.PoolID
	for _, p := range pools {
		all = append(all, p)
	}
	before := map[stock.PoolID][]reservation.SlotRow{}
	for _, p := range pools {
		before[p] = must[[]reservation.SlotRow](t)(w.core.Slots(ctx, reservation.Span{Pool: p, From: night, To: night + 30}))
	}
	if n := w.archiveSlots(t, 5, all...); n != 4*5 {
		t.Errorf("%d slots archived", n)
	}
	for kind, p := range pools {
		want := 30
		switch kind {
		case "free", "released", "completed", "later night":
			want = 25
		}
		live := w.liveSlots(t, p)
		if len(live) != want || live[len(live)-1] != night+29 {
			t.Errorf("%s: %d slots are left, want %d", kind, len(live), want)
		}
		same(t, kind+" as staff see it", must[[]reservation.SlotRow](t)(w.core.Slots(ctx, reservation.Span{Pool: p, From: night, To: night + 30})), before[p])
	}
	if n := w.archiveSlots(t, 5, all...); n != 0 {
		t.Errorf("%d slots archived again", n)
	}
	w.audit(t)
	_, err := w.place(t, "bob", nights(pools["free"], 4, 2, 1))
	denied(t, err, "not_on_sale")
	w.clock.Advance(time.Hour) // the late payment takes its night again, the hold lapses
	w.until(t, late, func(r *reservation.Reservation) bool { return r.Status == reservation.Confirmed })
	w.until(t, confirming, func(r *reservation.Reservation) bool { return r.Status == reservation.Confirmed })
	time.Sleep(3 * time.Second) //nolint:forbidigo // simulated time: the sweep
	if n := w.archiveSlots(t, 5, all...); n != 5 {
		t.Errorf("%d slots archived once the hold has lapsed, want its 5", n)
	}
}

// A pool with more slots than one command takes, and a bound beyond the end.
func testArchivePieces(t *testing.T, w *world) {
	const many = 2500
	ids := must[[]stock.PoolID](t)(w.core.DefinePools(t.Context(), []reservation.PoolSpec{
		{Ref: uid.New(), Supplier: supplier, Physical: 2, From: night - many, To: night + 5}, {Ref: uid.New(), Supplier: supplier, Physical: 2, From: night - 3, To: night + 5},
	}))
	if n := w.archiveSlots(t, 0, ids[1], ids[0], 999_999); n != many+3 {
		t.Errorf("%d slots archived", n)
	}
	if live := w.liveSlots(t, ids[0]); len(live) != 5 || live[0] != night {
		t.Errorf("left are %v", live)
	}
	if n := w.archiveSlots(t, 1000, ids[1]); n != 5 {
		t.Errorf("%d slots archived to the end", n)
	}
}

// What is archived is never made again, however far behind the pool is when it is extended.
func testArchiveRollForward(t *testing.T, w *world) {
	ctx, spec := context.Background(), reservation.PoolSpec{Ref: uid.New(), Supplier: supplier, Physical: 3, From: night, To: night + 10}
	pool := must[[]stock.PoolID](t)(w.core.DefinePools(ctx, []reservation.PoolSpec{spec}))[0]
	w.archiveSlots(t, 4, pool)
	spec.To = night + 20
	must[[]stock.PoolID](t)(w.core.DefinePools(ctx, []reservation.PoolSpec{spec}))
	spec.Physical = 4
	must[[]stock.PoolID](t)(w.core.DefinePools(ctx, []reservation.PoolSpec{spec}))
	if live := w.liveSlots(t, pool); len(live) != 16 || live[0] != night+4 {
		t.Errorf("after rolling forward there are %v", live)
	}
	w.archiveSlots(t, 99, pool)
	spec.To = night + 22
	must[[]stock.PoolID](t)(w.core.DefinePools(ctx, []reservation.PoolSpec{spec}))
	if live := w.liveSlots(t, pool); !slices.Equal(live, []stock.Slot{night + 20, night + 21}) {
		t.Errorf("after all were archived there are %v", live)
	}
	if rows := must[[]reservation.SlotRow](t)(w.core.Slots(ctx, reservation.Span{Pool: pool, From: night, To: night + 30})); len(rows) != 22 {
		t.Errorf("%d slots in all, want each of 22 once", len(rows))
	}
}

// A commit whose answer is lost is looked up: nothing is moved twice or half.
func testArchiveLostCommit(t *testing.T, w *world) {
	pool := w.pool(t, 5, 0)
	w.store.breakNext(lostAfterCommit)
	if n := w.archiveSlots(t, 3, pool); n != 3 {
		t.Errorf("%d slots archived", n)
	}
	w.store.breakNext(lostBeforeCommit)
	if n := w.archiveSlots(t, 6, pool); n != 3 {
		t.Errorf("%d slots archived by the second try", n)
	}
	if live := w.liveSlots(t, pool); len(live) != 24 {
		t.Errorf("%d slots are left", len(live))
	}
}

// Slots go while others buy them, pay and cancel. Whatever was sold can be cancelled afterwards: none of its slots has gone.
func testArchiveBeside(t *testing.T, w *world) {
	pool, other := w.pool(t, 50, 0), w.pool(t, 50, 0)
	var calls []func()
	sold := make([]string, 40)
	for i := range sold {
		calls = append(calls, func() {
			who, at := fmt.Sprintf("c%d", i), stock.Slot(i%20)
			r, err := w.place(t, who, nights(pool, at, 2, 1), nights(other, at, 1, 1))
			if fault.Is(err, "not_on_sale") {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			ref := r.ID.Text("res")
			switch i % 3 {
			case 0:
				if err := w.core.Release(context.Background(), as(who), ref); err != nil {
					t.Error(err)
				}
			case 1:
				if _, err := w.core.Pay(context.Background(), as(who), ref, "pm_test_approved", reservation.Idempotency{}); err != nil {
					t.Error(err)
					return
				}
				sold[i] = ref
			}
		})
	}
	calls = append(calls, func() {
		for n := range stock.Slot(25) {
			if _, err := w.core.ArchiveSlots(context.Background(), []reservation.Span{{Pool: pool, To: night + n}, {Pool: other, To: night + n}}); err != nil {
				t.Error(err)
			}
		}
	})
	w.together(t, calls...)
	w.audit(t)
	for i, ref := range sold {
		if ref != "" {
			w.cancel(t, fmt.Sprintf("c%d", i), ref)
		}
	}
}
