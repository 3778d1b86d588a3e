package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/money"
	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

// transaction is one try of one batch.
type transaction struct {
	link   *link
	batch  reservation.Batch
	need   reservation.Need
	rows   *reservation.Rows
	loaded []record.Loaded
	// counted are the count keys that have a row, by caller and pool; the rules may add to rows.Counts.
	counted []reservation.CountKey
	stored  []string // of each of need.Keys the outcome as claim_keys stored it; "" where it was there before
}

// load locks and reads what the batch needs, in the order that the package's doc proves.
func (t *transaction) load(ctx context.Context) error {
	t.rows = &reservation.Rows{
		Keys:         map[uid.ID]*reservation.KeyRow{},
		Reservations: make(map[uid.ID]*reservation.Reservation, len(t.need.Reservations)),
		Quotes:       map[uid.ID]*reservation.Quote{},
		Slots:        map[stock.Key]*reservation.SlotRow{},
		Counts:       make(map[reservation.CountKey]*reservation.CountRow, len(t.need.Counts)),
		Pools:        map[stock.PoolID]*reservation.PoolRow{},
		PoolRefs:     map[uid.ID]*reservation.PoolRow{},
	}
	if err := t.lockReservations(ctx); err != nil {
		return err
	}
	if len(t.loaded) > 0 {
		p := t.link.pipe()
		readParts(ctx, p, t.loaded)
		if err := p.run(ctx); err != nil {
			return err
		}
	}
	return t.lockStock(ctx)
}

// lockReservations begins the transaction, writes the batch's row, claims the keys and locks the reservations.
func (t *transaction) lockReservations(ctx context.Context) error {
	p := t.link.pipe()
	now := record.Micro(t.batch.Now)
	p.do(ctx, qBegin, p.args())
	p.get(ctx, qTransactionTime, p.args().time(now), func(r *row) error {
		at := r.time()
		for _, k := range t.need.Keys {
			k.CreatedAt = at
		}
		return nil
	})
	p.change(ctx, qInsertBatch, p.args().id(t.batch.ID).time(now), 1)
	if err := t.claimKeys(ctx, p, now); err != nil {
		return err
	}
	take := func(r *row) uid.ID {
		l := record.Loaded{Reservation: scanReservation(r)}
		if t.rows.Reservations[l.ID] == nil {
			t.rows.Reservations[l.ID] = l.Reservation
			t.loaded = append(t.loaded, l)
		}
		return l.ID
	}
	if ids := t.need.Reservations; len(ids) > 0 {
		p.get(ctx, qLockReservations, p.args().ids(len(ids), at(ids)), func(r *row) error { take(r); return nil })
	}
	if pools := t.need.DuePools; len(pools) > 0 {
		// One more than the limit, to learn whether there are more; it stays locked and unused.
		p.get(ctx, qLockDue, p.args().time(now).int8s(len(pools), func(i int) int64 { return int64(pools[i]) }).int8(int64(t.need.DueLimit)+1), func(r *row) error {
			if len(t.rows.Due) == t.need.DueLimit {
				t.rows.DueMore = true
				return nil
			}
			t.rows.Due = append(t.rows.Due, take(r))
			return nil
		})
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	slices.SortFunc(t.rows.Due, compareIDs)
	return nil
}

// claimKeys stores the keys as if their commands took effect; write takes back those that did not.
func (t *transaction) claimKeys(ctx context.Context, p *pipe, now time.Time) error {
	keys := t.need.Keys
	if len(keys) == 0 {
		return nil
	}
	t.stored = make([]string, len(keys))
	facts := make([]string, len(keys))
	for i, k := range keys {
		document, err := record.Facts(&k.Facts)
		if err != nil {
			return err
		}
		facts[i] = string(document)
		t.stored[i] = outcome(k, facts[i])
	}
	n := len(keys)
	a := p.args().ids(n, func(i int) uid.ID { return keys[i].ID }).
		ids(n, func(i int) uid.ID { return keys[i].Request }).
		optionalIDs(n, func(i int) uid.ID { return keys[i].Reservation }).
		int2s(n, func(i int) int16 { return int16(max(keys[i].State, reservation.KeyRunning)) }). // not decided yet: anything valid
		int2s(n, func(i int) int16 { return int16(keys[i].Answer) }).
		optionalTexts(n, func(i int) string { return facts[i] }).
		id(t.batch.ID).time(now)
	p.get(ctx, qClaimKeys, a, func(r *row) error {
		k, err := scanKey(r)
		if err != nil {
			return err
		}
		t.rows.Keys[k.ID] = k
		if i, found := findKey(keys, k.ID); found {
			t.stored[i] = ""
		}
		return nil
	})
	return nil
}

// outcome is everything of a key that decide may still change, to see whether it did.
func outcome(k *reservation.KeyRow, facts string) string {
	return fmt.Sprintf("%x %x %d %d %s", k.Request, k.Reservation, k.State, k.Answer, facts)
}

func findKey(keys []*reservation.KeyRow, id uid.ID) (int, bool) {
	return slices.BinarySearchFunc(keys, id, func(k *reservation.KeyRow, id uid.ID) int { return compareIDs(k.ID, id) })
}

func compareIDs(a, b uid.ID) int { return slices.Compare(a[:], b[:]) }

// at gives the elements of a list to an array of parameters.
func at[T any](list []T) func(int) T { return func(i int) T { return list[i] } }

// lockStock locks pools, slots and counts, reads the quotes and then the clock: batches that share a lock get their now
// in the order in which they hold it.
func (t *transaction) lockStock(ctx context.Context) error {
	p, need, rows := t.link.pipe(), t.need, t.rows
	if len(need.NewPools) > 0 {
		p.get(ctx, qLockPoolCounter, p.args(), func(r *row) error { rows.NextPool = stock.PoolID(r.int()); return nil })
	}
	if len(need.NewPools)+len(need.Pools) > 0 {
		a := p.args().int8s(len(need.Pools), func(i int) int64 { return int64(need.Pools[i]) }).ids(len(need.NewPools), at(need.NewPools))
		p.get(ctx, qLockPools, a, func(r *row) error {
			row := scanPool(r)
			if _, asked := slices.BinarySearch(need.Pools, row.ID); asked {
				rows.Pools[row.ID] = &row
			}
			if _, asked := slices.BinarySearchFunc(need.NewPools, row.Ref, compareIDs); asked {
				rows.PoolRefs[row.Ref] = &row
			}
			return nil
		})
	}
	var slots []reservation.SlotRow
	if spans := record.Spans(need.Spans, t.loaded); len(spans) > 0 {
		n := len(spans)
		a := p.args().int8s(n, func(i int) int64 { return int64(spans[i].Pool) }).
			int4s(n, func(i int) int32 { return int32(spans[i].From) }).int4s(n, func(i int) int32 { return int32(spans[i].To) })
		p.get(ctx, qLockSlots, a, func(r *row) error { slots = append(slots, scanSlot(r)); return nil })
	}
	if keys := record.Counts(need.Counts, t.loaded); len(keys) > 0 {
		n := len(keys)
		a := p.args().int8s(n, func(i int) int64 { return int64(keys[i].Pool) }).texts(n, func(i int) string { return keys[i].Caller })
		p.get(ctx, qLockCounts, a, func(r *row) error {
			row := scanCount(r)
			rows.Counts[row.Key] = &row
			t.counted = append(t.counted, row.Key)
			return nil
		})
	}
	if len(need.Quotes) > 0 {
		p.get(ctx, qQuotes, p.args().ids(len(need.Quotes), at(need.Quotes)), func(r *row) error {
			q := scanQuote(r)
			rows.Quotes[q.ID] = q
			return nil
		})
	}
	rows.Now = record.Micro(t.batch.Now)
	if rows.Now.IsZero() {
		p.get(ctx, qClockTime, p.args(), func(r *row) error { rows.Now = r.time(); return nil })
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	rows.Slots = make(map[stock.Key]*reservation.SlotRow, len(slots))
	for i := range slots {
		rows.Slots[slots[i].Key] = &slots[i]
	}
	return nil
}

// readParts adds the statements that fill in items, travellers and claims. The reservations are locked, or all is read
// from one snapshot.
func readParts(ctx context.Context, p *pipe, loaded []record.Loaded) {
	index := make(map[uid.ID]*record.Loaded, len(loaded))
	for i := range loaded {
		index[loaded[i].ID] = &loaded[i]
	}
	ids := func() *args { return p.args().ids(len(loaded), func(i int) uid.ID { return loaded[i].ID }) }
	addParts(ctx, p, ids, func(id uid.ID) *record.Loaded { return index[id] })
}

// addParts is readParts for reservations that find tells.
func addParts(ctx context.Context, p *pipe, ids func() *args, find func(uid.ID) *record.Loaded) {
	p.get(ctx, qItems, ids(), func(r *row) error {
		l := find(r.id())
		item := reservation.Item{ID: r.id(), Status: reservation.Status(r.int())}
		item.Supplier = r.id()
		item.Terms.EndsAt = r.time()
		l.Items = append(l.Items, item)
		l.Lives = append(l.Lives, nil)
		return record.Piece(r.raw(), &l.Items[len(l.Items)-1].Piece)
	})
	p.get(ctx, qTravellers, ids(), func(r *row) error {
		l := find(r.id())
		l.Travellers = append(l.Travellers, reservation.Traveller{GivenName: r.text(), FamilyName: r.text(), Email: r.text()})
		return nil
	})
	p.get(ctx, qClaims, ids(), func(r *row) error {
		l, i := find(r.id()), int(r.int())
		if i >= len(l.Items) {
			return fmt.Errorf("claim of item %d of %d: %w", i, len(l.Items), errGuard)
		}
		l.Items[i].Claims = append(l.Items[i].Claims, scanClaim(r))
		l.Lives[i] = append(l.Lives[i], reservation.ClaimLife(r.int()))
		return nil
	})
}

func scanReservation(r *row) *reservation.Reservation {
	out := &reservation.Reservation{
		ID: r.id(), Name: r.text(), Locator: r.text(), Caller: r.text(), Status: reservation.Status(r.int()),
		Payment: reservation.PaymentStatus(r.int()), Currency: money.Currency(r.text()), CreatedAt: r.time(), UpdatedAt: r.time(),
		HoldExpiresAt: r.time(), PlacedUntil: r.time(), Extensions: int16(r.int()), GraceUsed: r.bool(), Attempt: r.id(), Method: r.text(),
		PayKey: r.id(), Paid: r.int(), Refunded: r.int(), Owed: r.int(), RefundID: r.id(), Step: reservation.Step(r.int()),
		StepDue: r.time(), StepTries: int16(r.int()), Version: r.int(),
	}
	out.Stored = out.Version
	return out
}

func scanKey(r *row) (*reservation.KeyRow, error) {
	k := &reservation.KeyRow{ID: r.id(), Request: r.id(), Reservation: r.id(), State: reservation.KeyState(r.int()), Answer: reservation.Outcome(r.int())}
	facts := r.raw()
	k.CreatedAt = r.time()
	if facts == nil {
		return k, nil
	}
	return k, record.ReadFacts(facts, &k.Facts)
}

func scanPool(r *row) reservation.PoolRow {
	return reservation.PoolRow{
		ID: stock.PoolID(r.int()), Ref: r.id(), Supplier: r.id(), Physical: int32(r.int()), OverbookingBP: int32(r.int()),
		From: stock.Slot(r.int()), To: stock.Slot(r.int()), Retired: r.bool(), Version: r.int(),
	}
}

func scanSlot(r *row) reservation.SlotRow {
	return reservation.SlotRow{
		Key: stock.Key{Pool: stock.PoolID(r.int()), Slot: stock.Slot(r.int())},
		Counters: stock.Counters{
			Physical: int32(r.int()), OutOfOrder: int32(r.int()), OverbookingBP: int32(r.int()), Target: int32(r.int()), ByHand: r.bool(),
			Limit: int32(r.int()), Closed: r.bool(), Held: int32(r.int()), Sold: int32(r.int()),
		},
		Version: r.int(),
	}
}

func scanClaim(r *row) stock.Claim {
	return stock.Claim{Pool: stock.PoolID(r.int()), From: stock.Slot(r.int()), To: stock.Slot(r.int()), Count: int32(r.int())}
}

func scanCount(r *row) reservation.CountRow {
	return reservation.CountRow{
		Key:   reservation.CountKey{Caller: r.text(), Pool: stock.PoolID(r.int())},
		Holds: int32(r.int()), Units: int32(r.int()), Lapsed: int32(r.int()), LapsedAt: r.time(),
	}
}

func scanQuote(r *row) *reservation.Quote {
	q := &reservation.Quote{ID: r.id(), Reservation: r.id(), Version: r.int()}
	for items := r.raw(); len(items) >= len(uid.ID{}); items = items[len(uid.ID{}):] {
		q.Items = append(q.Items, uid.ID(items[:len(uid.ID{})]))
	}
	q.Refund, q.Fee, q.ExpiresAt = r.int(), r.int(), r.time()
	return q
}
