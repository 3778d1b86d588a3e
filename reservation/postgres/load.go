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
	link    *link
	batch   reservation.Batch
	need    reservation.Need
	rows    *reservation.Rows
	loaded  []record.Loaded
	units   record.UnitRows
	layouts *record.LayoutCache
	// counted are the count keys that have a row, by caller and pool; the rules may add to rows.Counts.
	counted []reservation.CountKey
	claimed []outcome // of each of need.Keys as claim_keys stored it; zero where it was there before
}

// reset forgets what was loaded.
func (t *transaction) reset() {
	t.rows = &reservation.Rows{
		Keys:         map[uid.ID]*reservation.KeyRow{},
		Reservations: make(map[uid.ID]*reservation.Reservation, len(t.need.Reservations)),
		Quotes:       map[uid.ID]*reservation.Quote{},
		Slots:        map[stock.Key]*reservation.SlotRow{},
		Counts:       make(map[reservation.CountKey]*reservation.CountRow, len(t.need.Counts)),
		Pools:        map[stock.PoolID]*reservation.PoolRow{},
		PoolRefs:     map[uid.ID]*reservation.PoolRow{},
		Archived:     map[uid.ID]*reservation.Reservation{},
		Open:         map[stock.PoolID]bool{},
	}
	t.loaded, t.counted, t.claimed, t.units = nil, nil, nil, record.UnitRows{}
}

// loadAtOnce is load in one round trip, for a batch that names no reservation. It reports false where holds have lapsed:
// these bring slots and counts of their own, which must be locked in one order with the others. Then everything is
// undone but the BEGIN, and load has to do it.
func (t *transaction) loadAtOnce(ctx context.Context) (bool, error) {
	t.reset()
	p := t.link.pipe()
	if err := t.begin(ctx, p); err != nil {
		return false, err
	}
	t.lockDue(ctx, p)
	t.lockStock(ctx, p)
	if err := p.run(ctx); err != nil {
		return false, err
	}
	if len(t.loaded) > 0 {
		return false, nil
	}
	return true, t.takeUnits(ctx)
}

// load locks and reads what the batch needs, in the order that the package's doc proves. again: loadAtOnce came first.
func (t *transaction) load(ctx context.Context, again bool) error {
	t.reset()
	p := t.link.pipe()
	if again {
		p.do(ctx, qRollback, p.args())
	}
	if err := t.begin(ctx, p); err != nil {
		return err
	}
	if ids := t.need.Reservations; len(ids) > 0 {
		bind := func() *args { return p.args().ids(len(ids), at(ids)) }
		p.get(ctx, qLockReservations, bind(), func(r *row) error {
			_, err := t.take(r)
			return err
		})
		t.readClaims(ctx, p, bind())
	}
	t.lockDue(ctx, p)
	if err := p.run(ctx); err != nil {
		return err
	}
	p = t.link.pipe()
	named := 0 // of those loaded; they came first
	for named < len(t.loaded) {
		if _, found := slices.BinarySearchFunc(t.need.Reservations, t.loaded[named].ID, compareIDs); !found {
			break
		}
		named++
	}
	if due := t.loaded[named:]; len(due) > 0 {
		t.readClaims(ctx, p, p.args().ids(len(due), func(i int) uid.ID { return due[i].ID }))
		if err := p.run(ctx); err != nil {
			return err
		}
		p = t.link.pipe()
	}
	t.readArchived(ctx, p)
	t.lockStock(ctx, p)
	if err := p.run(ctx); err != nil {
		return err
	}
	return t.takeUnits(ctx)
}

// begin begins the transaction, writes the batch's row and claims the keys.
func (t *transaction) begin(ctx context.Context, p *pipe) error {
	now := record.Micro(t.batch.Now)
	p.do(ctx, qBegin, p.args())
	p.get(ctx, qTransactionTime, p.args().time(now), func(r *row) error {
		at := r.time()
		for _, k := range t.need.Keys {
			k.CreatedAt = at
		}
		return nil
	})
	p.do(ctx, qInsertBatch, p.args().id(t.batch.ID).time(now))
	return t.claimKeys(ctx, p, now)
}

// take keeps a reservation that was locked, once.
func (t *transaction) take(r *row) (*record.Loaded, error) {
	l, err := scanReservation(r)
	if err != nil || t.rows.Reservations[l.ID] != nil {
		return &l, err
	}
	t.rows.Reservations[l.ID] = l.Reservation
	t.loaded = append(t.loaded, l)
	return &l, nil
}

// lockDue locks holds that have lapsed on the pools that the batch asks about.
func (t *transaction) lockDue(ctx context.Context, p *pipe) {
	pools, limit := t.need.DuePools, t.need.DueLimit
	if len(pools) == 0 {
		return
	}
	share := record.DueShare(limit, len(pools))
	a := p.args().time(record.Micro(t.batch.Now)).int8s(len(pools), func(i int) int64 { return int64(pools[i]) }).int8(int64(limit) + 1).int8(int64(share))
	var pool stock.PoolID
	all, ofPool := 0, 0
	p.get(ctx, qLockDue, a, func(r *row) error {
		if of := stock.PoolID(r.int()); of != pool {
			pool, ofPool = of, 0
		}
		all++
		ofPool++
		// One more than the limit, or a pool's whole share, tells that there may be more; what is left over stays locked and
		// unused.
		t.rows.DueMore = t.rows.DueMore || all > limit || ofPool == share
		if len(t.rows.Due) >= limit {
			return nil
		}
		l, err := t.take(r)
		if err != nil {
			return err
		}
		if i, known := slices.BinarySearchFunc(t.rows.Due, l.ID, compareIDs); !known {
			t.rows.Due = slices.Insert(t.rows.Due, i, l.ID)
		}
		return nil
	})
}

// claimKeys stores the keys as if their commands took effect; write takes back those that did not.
func (t *transaction) claimKeys(ctx context.Context, p *pipe, now time.Time) error {
	keys := t.need.Keys
	if len(keys) == 0 {
		return nil
	}
	t.claimed = make([]outcome, len(keys))
	for i, k := range keys {
		var err error
		if t.claimed[i], err = outcomeOf(k); err != nil {
			return err
		}
	}
	n := len(keys)
	a := p.args().ids(n, func(i int) uid.ID { return keys[i].ID }).
		ids(n, func(i int) uid.ID { return keys[i].Request }).
		optionalIDs(n, func(i int) uid.ID { return keys[i].Reservation }).
		int2s(n, func(i int) int16 { return int16(max(keys[i].State, reservation.KeyRunning)) }). // not decided yet: anything valid
		int2s(n, func(i int) int16 { return int16(keys[i].Answer) }).
		optionalTexts(n, func(i int) string { return t.claimed[i].facts }).
		id(t.batch.ID).time(now)
	p.get(ctx, qClaimKeys, a, func(r *row) error {
		k, err := scanKey(r)
		if err != nil {
			return err
		}
		t.rows.Keys[k.ID] = k
		if i, found := findKey(keys, k.ID); found {
			t.claimed[i] = outcome{}
		}
		return nil
	})
	return nil
}

// outcome is everything of a key that decide may still change, to see whether it did.
type outcome struct {
	ours                 bool // stored by this batch
	request, reservation uid.ID
	state                reservation.KeyState
	answer               reservation.Outcome
	facts                string
}

func outcomeOf(k *reservation.KeyRow) (outcome, error) {
	facts, err := record.Facts(&k.Facts)
	return outcome{true, k.Request, k.Reservation, k.State, k.Answer, string(facts)}, err
}

func findKey(keys []*reservation.KeyRow, id uid.ID) (int, bool) {
	return slices.BinarySearchFunc(keys, id, func(k *reservation.KeyRow, id uid.ID) int { return compareIDs(k.ID, id) })
}

func compareIDs(a, b uid.ID) int { return slices.Compare(a[:], b[:]) }

// at gives the elements of a list to an array of parameters.
func at[T any](list []T) func(int) T { return func(i int) T { return list[i] } }

// lockStock locks pools, slots, units and counts, reads the quotes and then the clock: batches that share a lock get their now
// in the order in which they hold it.
func (t *transaction) lockStock(ctx context.Context, p *pipe) {
	need, rows := t.need, t.rows
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
	if spans := record.Spans(need.Spans, t.loaded); len(spans) > 0 {
		n := len(spans)
		a := p.args().int8s(n, func(i int) int64 { return int64(spans[i].Pool) }).
			int4s(n, func(i int) int32 { return int32(spans[i].From) }).int4s(n, func(i int) int32 { return int32(spans[i].To) })
		p.get(ctx, qLockSlots, a, func(r *row) error {
			slot := scanSlot(r)
			rows.Slots[slot.Key] = &slot
			return nil
		})
	}
	t.readOpen(ctx, p)
	if pools := record.UnitPools(need.Units, t.loaded); len(pools) > 0 {
		readUnits(ctx, p, qLockUnits, pools, &t.units)
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
}

// readClaims adds the statement that fills in the claims of reservations, which are locked.
func (t *transaction) readClaims(ctx context.Context, p *pipe, ids *args) {
	addClaims(ctx, p, ids, func(id uid.ID) *record.Loaded {
		for i := range t.loaded {
			if t.loaded[i].ID == id {
				return &t.loaded[i]
			}
		}
		return nil
	})
}

// addClaims fills in the claims of reservations that find tells.
func addClaims(ctx context.Context, p *pipe, ids *args, find func(uid.ID) *record.Loaded) {
	var l *record.Loaded // of the row before: they come reservation by reservation
	p.get(ctx, qClaims, ids, func(r *row) error {
		id := r.id()
		if l == nil || l.ID != id {
			l = find(id)
		}
		i := int(r.int())
		if i >= len(l.Items) {
			return fmt.Errorf("claim of item %d of %d: %w", i, len(l.Items), errGuard)
		}
		l.Items[i].Claims = append(l.Items[i].Claims, scanClaim(r))
		l.Lives[i] = append(l.Lives[i], reservation.ClaimLife(r.int()))
		return nil
	})
}

// scanReservation reads a reservation without its claims.
func scanReservation(r *row) (record.Loaded, error) {
	out := &reservation.Reservation{
		ID: r.id(), Name: r.text(), Locator: r.text(), Caller: r.text(), Status: reservation.Status(r.int()),
		Payment: reservation.PaymentStatus(r.int()), Currency: money.Currency(r.text()), CreatedAt: r.time(), UpdatedAt: r.time(),
		HoldExpiresAt: r.time(), PlacedUntil: r.time(), Extensions: int16(r.int()), GraceUsed: r.bool(), Attempt: r.id(), Method: r.text(),
		PayKey: r.id(), Paid: r.int(), Refunded: r.int(), Owed: r.int(), RefundID: r.id(), Step: reservation.Step(r.int()),
		StepDue: r.time(), StepTries: int16(r.int()), Version: r.int(),
	}
	out.Stored = out.Version
	statuses, amended := r.text(), r.raw()
	err := record.Document(r.raw(), statuses, amended, out)
	return record.Loaded{Reservation: out, Lives: make([][]reservation.ClaimLife, len(out.Items))}, err
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
		From: stock.Slot(r.int()), To: stock.Slot(r.int()), Retired: r.bool(), Layout: r.id(), Version: r.int(),
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
	return stock.Claim{Pool: stock.PoolID(r.int()), From: stock.Slot(r.int()), To: stock.Slot(r.int()), Count: int32(r.int()), Unit: int32(r.int())}
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
