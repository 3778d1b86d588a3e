package sqlite

import (
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/money"
	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

// load reads what a batch needs, and with the lives of their claims the reservations among it. The transaction is the
// only writer, so every row read is as good as locked.
func load(conn *sqlite.Conn, layouts *record.LayoutCache, b reservation.Batch, need reservation.Need) (*reservation.Rows, []record.Loaded, error) {
	rows := &reservation.Rows{
		Now:          record.Micro(b.Now),
		Keys:         map[uid.ID]*reservation.KeyRow{},
		Reservations: make(map[uid.ID]*reservation.Reservation, len(need.Reservations)),
		Quotes:       map[uid.ID]*reservation.Quote{},
		Counts:       make(map[reservation.CountKey]*reservation.CountRow, len(need.Counts)),
		Pools:        map[stock.PoolID]*reservation.PoolRow{},
		PoolRefs:     map[uid.ID]*reservation.PoolRow{},
		Archived:     map[uid.ID]*reservation.Reservation{},
		Open:         map[stock.PoolID]bool{},
	}
	if b.Now.IsZero() {
		rows.Now = record.Micro(time.Now())
	}
	if err := loadKeys(conn, need, rows); err != nil {
		return nil, nil, err
	}
	loaded, err := loadReservations(conn, need, rows)
	if err != nil {
		return nil, nil, err
	}
	if err := loadPools(conn, need, rows); err != nil {
		return nil, nil, err
	}
	if err := loadSlots(conn, record.Spans(need.Spans, loaded), rows); err != nil {
		return nil, nil, err
	}
	if err := loadArchive(conn, need, rows); err != nil {
		return nil, nil, err
	}
	if err := loadUnits(conn, layouts, record.UnitPools(need.Units, loaded), rows); err != nil {
		return nil, nil, err
	}
	if err := loadCounts(conn, record.Counts(need.Counts, loaded), rows); err != nil {
		return nil, nil, err
	}
	for _, id := range need.Quotes {
		q, err := readQuote(conn, id)
		if err != nil {
			return nil, nil, err
		}
		if q != nil {
			rows.Quotes[id] = q
		}
	}
	return rows, loaded, nil
}

func loadKeys(conn *sqlite.Conn, need reservation.Need, rows *reservation.Rows) error {
	for _, wanted := range need.Keys {
		wanted.CreatedAt = rows.Now
		k, err := readKey(conn, wanted.ID)
		if err != nil {
			return err
		}
		if k != nil {
			rows.Keys[k.ID] = k
		}
	}
	return nil
}

func readKey(conn *sqlite.Conn, id uid.ID) (*reservation.KeyRow, error) {
	st, err := prepare(conn, qKey)
	if err != nil {
		return nil, err
	}
	st.id(id)
	more, err := st.next()
	if err != nil || !more {
		return nil, err
	}
	k := &reservation.KeyRow{
		ID: id, Request: st.getID(), Reservation: st.getID(), State: reservation.KeyState(st.getInt()), Answer: reservation.Outcome(st.getInt()),
	}
	if facts := st.getBytes(); len(facts) > 0 {
		if err := record.ReadFacts(facts, &k.Facts); err != nil {
			return nil, err
		}
	}
	k.CreatedAt = st.getTime()
	return k, st.stmt.Reset()
}

func loadReservations(conn *sqlite.Conn, need reservation.Need, rows *reservation.Rows) ([]record.Loaded, error) {
	ids := need.Reservations
	if len(need.DuePools) > 0 {
		due, err := lapsed(conn, need, rows)
		if err != nil {
			return nil, err
		}
		if len(due) > 0 {
			ids = slices.Clone(ids)
			for _, id := range due {
				if !slices.Contains(need.Reservations, id) {
					ids = append(ids, id)
				}
			}
			rows.Due = due
		}
	}
	var loaded []record.Loaded
	for _, id := range ids {
		l, err := readReservation(conn, id)
		if err != nil {
			return nil, err
		}
		if l.Reservation != nil {
			rows.Reservations[id] = l.Reservation
			loaded = append(loaded, l)
		}
	}
	return loaded, nil
}

// lapsed finds holds past their time with held claims on the pools asked about, in order of id. Where nothing at all has
// lapsed, which one look tells, no pool is looked at.
func lapsed(conn *sqlite.Conn, need reservation.Need, rows *reservation.Rows) ([]uid.ID, error) {
	st, err := prepare(conn, qAnyLapsed)
	if err != nil {
		return nil, err
	}
	some := false
	st.time(rows.Now)
	if err := st.one(func() { some = true }); err != nil || !some {
		return nil, err
	}
	if st, err = prepare(conn, qLapsed); err != nil {
		return nil, err
	}
	share := record.DueShare(need.DueLimit, len(need.DuePools))
	var due []uid.ID
	for _, pool := range need.DuePools {
		found := 0
		st.int(int64(pool))
		st.time(rows.Now)
		st.int(int64(share))
		if err := st.all(func() {
			found++
			id := st.getID()
			i, known := slices.BinarySearchFunc(due, id, func(a, b uid.ID) int { return slices.Compare(a[:], b[:]) })
			switch {
			case known: // by another of its claims
			case len(due) == need.DueLimit:
				rows.DueMore = true
			default:
				due = slices.Insert(due, i, id)
			}
		}); err != nil {
			return nil, err
		}
		if rows.DueMore = rows.DueMore || found == share; len(due) == need.DueLimit && rows.DueMore {
			break
		}
	}
	return due, nil
}

// readReservation reads one reservation with all that belongs to it; its Reservation is nil if there is none.
func readReservation(conn *sqlite.Conn, id uid.ID) (record.Loaded, error) {
	st, err := prepare(conn, qReservation)
	if err != nil {
		return record.Loaded{}, err
	}
	st.id(id)
	var r *reservation.Reservation
	var broken error
	if err := st.one(func() {
		r = &reservation.Reservation{
			ID: st.getID(), Name: st.getText(), Locator: st.getText(), Caller: st.getText(), Status: reservation.Status(st.getInt()),
			Payment: reservation.PaymentStatus(st.getInt()), Currency: money.Currency(st.getText()), CreatedAt: st.getTime(), UpdatedAt: st.getTime(),
			HoldExpiresAt: st.getTime(), PlacedUntil: st.getTime(), Extensions: int16(st.getInt()), GraceUsed: st.getBool(),
			Attempt: st.getID(), Method: st.getText(), PayKey: st.getID(), Paid: st.getInt(), Refunded: st.getInt(), Owed: st.getInt(),
			RefundID: st.getID(), Step: reservation.Step(st.getInt()), StepDue: st.getTime(), StepTries: int16(st.getInt()), Version: st.getInt(),
		}
		r.Stored = r.Version
		statuses, amended := st.getText(), st.getBytes()
		broken = record.Document(st.getBytes(), statuses, amended, r)
	}); err != nil || r == nil {
		return record.Loaded{}, err
	}
	l := record.Loaded{Reservation: r, Lives: make([][]reservation.ClaimLife, len(r.Items))}
	if broken != nil {
		return l, broken
	}
	if st, err = prepare(conn, qClaims); err != nil {
		return l, err
	}
	st.id(id)
	if err := st.all(func() {
		i := st.getInt()
		if i >= int64(len(r.Items)) {
			broken = fmt.Errorf("claim of item %d of %d: %w", i, len(r.Items), errGuard)
			return
		}
		r.Items[i].Claims = append(r.Items[i].Claims, readClaim(&st))
		l.Lives[i] = append(l.Lives[i], reservation.ClaimLife(st.getInt()))
	}); err != nil {
		return l, err
	}
	return l, broken
}

func readClaim(st *statement) stock.Claim {
	return stock.Claim{
		Pool: stock.PoolID(st.getInt()), From: stock.Slot(st.getInt()), To: stock.Slot(st.getInt()), Count: int32(st.getInt()), Unit: int32(st.getInt()),
	}
}

func loadPools(conn *sqlite.Conn, need reservation.Need, rows *reservation.Rows) error {
	if len(need.NewPools) > 0 {
		st, err := prepare(conn, qNextPool)
		if err != nil {
			return err
		}
		if err := st.one(func() { rows.NextPool = stock.PoolID(st.getInt()) }); err != nil {
			return err
		}
		if st, err = prepare(conn, qPoolByRef); err != nil {
			return err
		}
		for _, ref := range need.NewPools {
			st.id(ref)
			if err := st.one(func() { p := readPool(&st); rows.PoolRefs[ref] = &p }); err != nil {
				return err
			}
		}
	}
	if len(need.Pools) == 0 {
		return nil
	}
	st, err := prepare(conn, qPool)
	if err != nil {
		return err
	}
	for _, id := range need.Pools {
		st.int(int64(id))
		if err := st.one(func() { p := readPool(&st); rows.Pools[id] = &p }); err != nil {
			return err
		}
	}
	for _, p := range rows.PoolRefs { // one row, however it was asked for
		if rows.Pools[p.ID] != nil {
			rows.Pools[p.ID] = p
		}
	}
	return nil
}

func readPool(st *statement) reservation.PoolRow {
	return reservation.PoolRow{
		ID: stock.PoolID(st.getInt()), Ref: st.getID(), Supplier: st.getID(), Physical: int32(st.getInt()), OverbookingBP: int32(st.getInt()),
		From: stock.Slot(st.getInt()), To: stock.Slot(st.getInt()), Retired: st.getBool(), Layout: st.getID(), Version: st.getInt(),
	}
}

func loadSlots(conn *sqlite.Conn, spans []reservation.Span, rows *reservation.Rows) error {
	st, err := prepare(conn, qSlots)
	if err != nil {
		return err
	}
	var all []reservation.SlotRow
	for _, span := range spans {
		st.int(int64(span.Pool))
		st.int(int64(span.From))
		st.int(int64(span.To))
		if err := st.all(func() { all = append(all, readSlot(&st)) }); err != nil {
			return err
		}
	}
	rows.Slots = make(map[stock.Key]*reservation.SlotRow, len(all))
	for i := range all {
		rows.Slots[all[i].Key] = &all[i]
	}
	return nil
}

func readSlot(st *statement) reservation.SlotRow {
	return reservation.SlotRow{
		Key: stock.Key{Pool: stock.PoolID(st.getInt()), Slot: stock.Slot(st.getInt())},
		Counters: stock.Counters{
			Physical: int32(st.getInt()), OutOfOrder: int32(st.getInt()), OverbookingBP: int32(st.getInt()), Target: int32(st.getInt()),
			ByHand: st.getBool(), Limit: int32(st.getInt()), Closed: st.getBool(), Held: int32(st.getInt()), Sold: int32(st.getInt()),
		},
		Version: st.getInt(),
	}
}

func loadCounts(conn *sqlite.Conn, keys []reservation.CountKey, rows *reservation.Rows) error {
	st, err := prepare(conn, qCount)
	if err != nil {
		return err
	}
	for _, key := range keys {
		st.int(int64(key.Pool))
		st.text(key.Caller)
		if err := st.one(func() {
			rows.Counts[key] = &reservation.CountRow{
				Key: key, Holds: int32(st.getInt()), Units: int32(st.getInt()), Lapsed: int32(st.getInt()), LapsedAt: st.getTime(),
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

func readQuote(conn *sqlite.Conn, id uid.ID) (*reservation.Quote, error) {
	st, err := prepare(conn, qQuote)
	if err != nil {
		return nil, err
	}
	var q *reservation.Quote
	st.id(id)
	err = st.one(func() {
		q = &reservation.Quote{ID: id, Reservation: st.getID(), Version: st.getInt()}
		for items := st.getBytes(); len(items) >= len(uid.ID{}); items = items[len(uid.ID{}):] {
			q.Items = append(q.Items, uid.ID(items[:len(uid.ID{})]))
		}
		q.Refund, q.Fee, q.ExpiresAt = st.getInt(), st.getInt(), st.getTime()
	})
	return q, err
}
