package reservationtest

import (
	"testing"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// RunMigration shows that what a store held under its first schema reads the same under the newest. open gives a store on
// a database that is migrated; back ends with the rows in the tables of the first schema, migrated again.
func RunMigration(t *testing.T, open func(t *testing.T) reservation.Store, back func(t *testing.T)) {
	s := open(t)
	w := newWorld(t, s)
	w.live(t)
	w.stop(t)
	p := newPool(t, s, 10, 0, 9)
	for i := range 3 { // travellers, documents and suppliers of all kinds
		claim := []stock.Claim{{Pool: p.ID, From: stock.Slot(i), To: stock.Slot(i + 2), Count: 1}}
		r := newReservation("zoe", noon.Add(time.Duration(i)*time.Second), claim, claim, claim)
		r.Items[1].Status, r.Items[2].Supplier = reservation.Cancelled, r.Items[0].Supplier
		r.Items[2].Terms.EndsAt = time.Time{}
		place(t, s, r)
	}
	plain := newReservation("zoe", noon)
	plain.Travellers, plain.Name = nil, "res_plain"
	place(t, s, plain)

	over := newReservation("zoe", noon)
	over.Status = reservation.Expired
	place(t, s, over)
	quote := &reservation.Quote{ID: uid.New(), Reservation: over.ID, Version: 1, ExpiresAt: noon}
	for _, r := range []*reservation.Reservation{plain, over} {
		key := &reservation.KeyRow{ID: uid.New(), Request: uid.New(), Reservation: r.ID, State: reservation.KeyDone, Answer: reservation.OutcomePlaced}
		c := reservation.Changes{KeptKeys: []uid.ID{key.ID}}
		if r == over {
			key.Answer, key.Facts = reservation.OutcomeQuoted, reservation.Facts{Status: reservation.Confirmed, Quote: quote.ID}
			c.NewQuotes = []*reservation.Quote{quote}
		}
		transact(t, s, reservation.Need{Keys: []*reservation.KeyRow{key}}, always(c))
	}

	before := readAll(t, s)
	if len(before.Audit.Reservations) < 10 || len(before.Suppliers) < 7 || len(before.Quotes) == 0 {
		t.Fatalf("%d reservations of %d suppliers are too few to show anything", len(before.Audit.Reservations), len(before.Suppliers))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	back(t)
	s = open(t)
	after := readAll(t, s)
	same(t, "what is read", after, before)

	// It is pruned as if it had been stored now.
	far := noon.AddDate(1, 0, 0)
	for calls := 0; must[int](t)(s.Prune(t.Context(), far, far, far, 3)) > 0; calls++ {
		if calls > 100 {
			t.Fatal("pruning never ends")
		}
	}
	pruned := readAll(t, s)
	for id, keys := range before.Audit.Keys {
		if live := len(pruned.Audit.Keys[id]); live != len(keys) && live != 0 {
			t.Errorf("%d of %d keys of one reservation are left", live, len(keys))
		}
	}
	if q := must[*reservation.Quote](t)(s.Quote(t.Context(), quote.ID)); q != nil {
		t.Error("a quote is left whose key is gone")
	}
	if n := len(pruned.Audit.Keys); n == 0 || n >= len(before.Audit.Keys) {
		t.Errorf("keys of %d of %d reservations are left; want those that live", n, len(before.Audit.Keys))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// all is everything a store says.
type all struct {
	Audit     reservation.RecordAudit
	Pools     reservation.PoolAudit
	Streams   []reservation.StreamAudit
	Suppliers map[uid.ID][]uid.ID
	Callers   map[string][]uid.ID
	Due       map[reservation.DueKind][]uid.ID
	Lapsed    []uid.ID
	Quotes    []*reservation.Quote
}

func readAll(t *testing.T, s reservation.Store) all {
	t.Helper()
	a := all{Suppliers: map[uid.ID][]uid.ID{}, Callers: map[string][]uid.ID{}, Due: map[reservation.DueKind][]uid.ID{}}
	a.Audit = must[reservation.RecordAudit](t)(s.AuditReservations(t.Context(), uid.ID{}, 1000))
	a.Pools = must[reservation.PoolAudit](t)(s.AuditPools(t.Context(), 0, 1000))
	a.Streams = must[[]reservation.StreamAudit](t)(s.AuditStreams(t.Context()))
	far := noon.AddDate(1, 0, 0)
	for _, r := range a.Audit.Reservations {
		a.Callers[r.Caller] = idsOf(t, s, reservation.Filter{Caller: r.Caller, Limit: 100})
		for i := range r.Items {
			a.Suppliers[r.Items[i].Supplier] = idsOf(t, s, reservation.Filter{Supplier: r.Items[i].Supplier, Limit: 100})
		}
		for _, key := range a.Audit.Keys[r.ID] {
			if !key.Facts.Quote.IsZero() {
				a.Quotes = append(a.Quotes, must[*reservation.Quote](t)(s.Quote(t.Context(), key.Facts.Quote)))
			}
		}
	}
	for _, kind := range []reservation.DueKind{reservation.DueHolds, reservation.DueSteps, reservation.DueEnds} {
		a.Due[kind] = must[[]uid.ID](t)(s.Due(t.Context(), kind, far, 1000))
	}
	need := reservation.Need{DueLimit: 1000}
	for _, p := range a.Pools.Pools {
		need.DuePools = append(need.DuePools, p.ID)
	}
	if err := s.Transact(t.Context(), batch("one", far), need, func(rows *reservation.Rows) (*reservation.Changes, error) {
		a.Lapsed = sorted(rows.Due...)
		return nil, errStop
	}); err == nil {
		t.Fatal("the batch went through")
	}
	return a
}
