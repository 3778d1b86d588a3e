package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

// write stores what the batch decided and commits, in one round trip: a statement that fails, or changes other rows than
// it should (exactly, in queries.sql), keeps the server from reading on to the COMMIT. The stream's row is the last lock.
func (t *transaction) write(ctx context.Context, c *reservation.Changes) error {
	if err := t.copySlots(ctx, c); err != nil {
		return err
	}
	if err := t.copyReservations(ctx, c); err != nil {
		return err
	}
	lines, err := t.historyOf(ctx, c.GoneReservations)
	if err != nil {
		return err
	}
	p := t.link.pipe()
	for _, add := range []func(context.Context, *pipe, *reservation.Changes) error{
		t.writeKeys, insertReservations, t.setReservations, t.insertQuotes, writePools, writeStock, writeBlocks, t.writeCounts, insertRevocations,
		archiveSlots, t.archiveReservations(lines), t.insertEvents,
	} {
		if err := add(ctx, p, c); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("before commit: %w", err)
	}
	return t.link.commit(ctx, p)
}

// writeKeys takes back the claimed keys that are not kept, and writes outcomes that were not known when claiming.
func (t *transaction) writeKeys(ctx context.Context, p *pipe, c *reservation.Changes) error {
	kept := make([]bool, len(t.need.Keys))
	set := c.SetKeys
	facts := make([]string, 0, len(set))
	for _, k := range set {
		document, err := record.Facts(&k.Facts)
		if err != nil {
			return err
		}
		facts = append(facts, string(document))
	}
	for _, id := range c.KeptKeys {
		i, found := findKey(t.need.Keys, id)
		if !found || !t.claimed[i].ours {
			return fmt.Errorf("keep key %s, which was not asked for or is another's: %w", id.Text("key"), errGuard)
		}
		kept[i] = true
		k := t.need.Keys[i]
		now, err := outcomeOf(k)
		if err != nil {
			return err
		}
		if now != t.claimed[i] {
			set, facts = append(set, k), append(facts, now.facts)
		}
	}
	var back []uid.ID
	for i, k := range t.need.Keys {
		if !kept[i] && t.claimed[i].ours {
			back = append(back, k.ID)
		}
	}
	if len(back) > 0 {
		p.do(ctx, qUnclaimKeys, p.args().ids(len(back), at(back)))
	}
	if len(set) == 0 {
		return nil
	}
	n := len(set)
	p.do(ctx, qSetKeys, p.args().ids(n, func(i int) uid.ID { return set[i].ID }).
		optionalIDs(n, func(i int) uid.ID { return set[i].Reservation }).
		int2s(n, func(i int) int16 { return int16(set[i].State) }).
		int2s(n, func(i int) int16 { return int16(set[i].Answer) }).
		optionalTexts(n, func(i int) string { return facts[i] }).
		ids(n, func(i int) uid.ID { return set[i].Request }))
	return nil
}

// changing adds the columns of reservations that both the insert and the update name first, in this order.
func changing(a *args, rs []*reservation.Reservation) *args {
	n := len(rs)
	return a.ids(n, func(i int) uid.ID { return rs[i].ID }).
		int2s(n, func(i int) int16 { return int16(rs[i].Status) }).
		int2s(n, func(i int) int16 { return int16(rs[i].Payment) }).
		times(n, func(i int) time.Time { return rs[i].UpdatedAt }).
		times(n, func(i int) time.Time { return rs[i].HoldExpiresAt }).
		int2s(n, func(i int) int16 { return rs[i].Extensions }).
		bools(n, func(i int) bool { return rs[i].GraceUsed }).
		optionalIDs(n, func(i int) uid.ID { return rs[i].Attempt }).
		texts(n, func(i int) string { return rs[i].Method }).
		optionalIDs(n, func(i int) uid.ID { return rs[i].PayKey }).
		int8s(n, func(i int) int64 { return rs[i].Paid }).
		int8s(n, func(i int) int64 { return rs[i].Refunded }).
		int8s(n, func(i int) int64 { return rs[i].Owed }).
		optionalIDs(n, func(i int) uid.ID { return rs[i].RefundID }).
		int2s(n, func(i int) int16 { return int16(rs[i].Step) }).
		times(n, func(i int) time.Time { return rs[i].StepDue }).
		int2s(n, func(i int) int16 { return rs[i].StepTries }).
		times(n, func(i int) time.Time { return rs[i].EndsAt() }).
		int8s(n, func(i int) int64 { return rs[i].Version }).
		documents(n, func(buf []byte, i int) []byte { return record.AppendStatuses(buf, rs[i]) }).
		optionalDocuments(n, func(buf []byte, i int) []byte { return record.AppendAmended(buf, rs[i]) })
}

// part is a claim of a reservation: the ord-th of item.
type part struct {
	r         *reservation.Reservation
	item, ord int
	life      reservation.ClaimLife
}

func (p part) claim() *stock.Claim { return &p.r.Items[p.item].Claims[p.ord] }

// listed is a line in the list of a supplier.
type listed struct {
	supplier uid.ID
	r        *reservation.Reservation
}

func insertReservations(ctx context.Context, p *pipe, c *reservation.Changes) error {
	rs := c.NewReservations
	if len(rs) == 0 {
		return nil
	}
	n := len(rs)
	if n >= copiedReservations {
		p.do(ctx, qFreshLocators, p.args().texts(n, func(i int) string { return rs[i].Locator }))
		insertEnded(ctx, p, rs)
		return nil
	}
	p.do(ctx, qInsertReservations, changing(p.args(), rs).
		optionalTexts(n, func(i int) string { return rs[i].Name }).
		texts(n, func(i int) string { return rs[i].Locator }).
		texts(n, func(i int) string { return rs[i].Caller }).
		texts(n, func(i int) string { return string(rs[i].Currency) }).
		times(n, func(i int) time.Time { return rs[i].CreatedAt }).
		times(n, func(i int) time.Time { return rs[i].PlacedUntil }).
		documents(n, func(buf []byte, i int) []byte { return record.AppendDocument(buf, rs[i]) }))

	p.do(ctx, qFreshLocators, p.args().texts(n, func(i int) string { return rs[i].Locator }))

	lists, claims := make([]listed, 0, n), make([]part, 0, n)
	for _, r := range rs {
		record.Suppliers(r, func(supplier uid.ID) { lists = append(lists, listed{supplier, r}) })
		for i := range r.Items {
			for ord := range r.Items[i].Claims {
				claims = append(claims, part{r, i, ord, reservation.ClaimHeld})
			}
		}
	}
	if n := len(lists); n > 0 {
		p.do(ctx, qInsertBySupplier, p.args().ids(n, func(i int) uid.ID { return lists[i].supplier }).
			times(n, func(i int) time.Time { return lists[i].r.CreatedAt }).
			ids(n, func(i int) uid.ID { return lists[i].r.ID }))
	}
	insertClaims(ctx, p, claims)
	insertEnded(ctx, p, rs)
	return nil
}

func insertClaims(ctx context.Context, p *pipe, claims []part) {
	n := len(claims)
	if n == 0 {
		return
	}
	p.do(ctx, qInsertClaims, p.args().ids(n, func(i int) uid.ID { return claims[i].r.ID }).
		int2s(n, func(i int) int16 { return int16(claims[i].item) }).
		int2s(n, func(i int) int16 { return int16(claims[i].ord) }).
		int8s(n, func(i int) int64 { return int64(claims[i].claim().Pool) }).
		int4s(n, func(i int) int32 { return int32(claims[i].claim().From) }).
		int4s(n, func(i int) int32 { return int32(claims[i].claim().To) }).
		int4s(n, func(i int) int32 { return claims[i].claim().Count }).
		int2s(n, func(i int) int16 { return int16(claims[i].life) }).
		times(n, func(i int) time.Time {
			if claims[i].life != reservation.ClaimHeld {
				return time.Time{}
			}
			return claims[i].r.HoldExpiresAt
		}).
		optionalInt2s(n, func(i int) int16 { return int16(claims[i].claim().Unit) }))
}

// insertEnded lists reservations that are over for pruning.
func insertEnded(ctx context.Context, p *pipe, rs []*reservation.Reservation) {
	var over []*reservation.Reservation
	for _, r := range rs {
		if record.Over(r) {
			over = append(over, r)
		}
	}
	if n := len(over); n > 0 {
		p.do(ctx, qInsertEnded, p.args().times(n, func(i int) time.Time { return over[i].CreatedAt }).ids(n, func(i int) uid.ID { return over[i].ID }))
	}
}

func (t *transaction) setReservations(ctx context.Context, p *pipe, c *reservation.Changes) error {
	rs := c.SetReservations
	if n := len(rs); n > 0 {
		p.do(ctx, qSetReservations, changing(p.args(), rs).int8s(n, func(i int) int64 { return rs[i].Stored }))
		insertEnded(ctx, p, rs)
	}
	if err := t.replaceClaims(ctx, p, c); err != nil {
		return err
	}
	if states := lastStates(c.ClaimStates); len(states) > 0 {
		n, want := len(states), 0
		for _, state := range states {
			claims, err := record.Claims(c, state)
			if err != nil {
				return fmt.Errorf("%w: %w", errGuard, err)
			}
			want += claims
		}
		p.do(ctx, qSetClaims, p.args().ids(n, func(i int) uid.ID { return states[i].Reservation }).
			int2s(n, func(i int) int16 { return int16(states[i].Item) }).
			int2s(n, func(i int) int16 { return int16(states[i].Life) }).
			int8(int64(want)))
	}
	var held []*reservation.Reservation
	for _, r := range rs {
		if r.Status == reservation.Held || r.Status == reservation.Confirming {
			held = append(held, r)
		}
	}
	if n := len(held); n > 0 {
		p.do(ctx, qSetHeldUntil, p.args().ids(n, func(i int) uid.ID { return held[i].ID }).
			times(n, func(i int) time.Time { return held[i].HoldExpiresAt }))
	}
	return nil
}

// lastStates keeps of several states of one item the last: an UPDATE changes a row once, whatever it is joined with.
func lastStates(states []reservation.ClaimState) []reservation.ClaimState {
	if len(states) < 2 {
		return states
	}
	type key struct {
		reservation uid.ID
		item        int
	}
	place := make(map[key]int, len(states))
	out := make([]reservation.ClaimState, 0, len(states))
	for _, s := range states {
		k := key{s.Reservation, s.Item}
		if i, again := place[k]; again {
			out[i] = s
			continue
		}
		place[k] = len(out)
		out = append(out, s)
	}
	return out
}

func (t *transaction) insertQuotes(ctx context.Context, p *pipe, c *reservation.Changes) error {
	qs := c.NewQuotes
	if len(qs) == 0 {
		return nil
	}
	n := len(qs)
	p.do(ctx, qInsertQuotes, p.args().ids(n, func(i int) uid.ID { return qs[i].ID }).
		ids(n, func(i int) uid.ID { return qs[i].Reservation }).
		int8s(n, func(i int) int64 { return qs[i].Version }).
		byteses(n, func(i int) []byte {
			var items []byte
			for _, id := range qs[i].Items {
				items = append(items, id[:]...)
			}
			return items
		}).
		int8s(n, func(i int) int64 { return qs[i].Refund }).
		int8s(n, func(i int) int64 { return qs[i].Fee }).
		times(n, func(i int) time.Time { return qs[i].ExpiresAt }).
		bools(n, func(i int) bool { return record.Keyed(qs[i], t.need.Keys, c.KeptKeys) }))
	return nil
}

func writePools(ctx context.Context, p *pipe, c *reservation.Changes) error {
	columns := func(ps []*reservation.PoolRow) *args {
		n := len(ps)
		return p.args().int8s(n, func(i int) int64 { return int64(ps[i].ID) }).
			int4s(n, func(i int) int32 { return ps[i].Physical }).
			int4s(n, func(i int) int32 { return ps[i].OverbookingBP }).
			int4s(n, func(i int) int32 { return int32(ps[i].From) }).
			int4s(n, func(i int) int32 { return int32(ps[i].To) }).
			bools(n, func(i int) bool { return ps[i].Retired }).
			int8s(n, func(i int) int64 { return ps[i].Version }).
			optionalIDs(n, func(i int) uid.ID { return ps[i].Layout })
	}
	if ps := c.NewPools; len(ps) > 0 {
		n := len(ps)
		var last stock.PoolID
		for _, row := range ps {
			last = max(last, row.ID)
		}
		p.do(ctx, qInsertPools, columns(ps).ids(n, func(i int) uid.ID { return ps[i].Ref }).ids(n, func(i int) uid.ID { return ps[i].Supplier }))
		p.do(ctx, qSetPoolCounter, p.args().int8(int64(last)+1))
	}
	if ps := c.SetPools; len(ps) > 0 {
		p.do(ctx, qSetPools, columns(ps))
	}
	return nil
}

func writeStock(ctx context.Context, p *pipe, c *reservation.Changes) error {
	columns := func(s []*reservation.SlotRow) *args {
		n := len(s)
		return p.args().int8s(n, func(i int) int64 { return int64(s[i].Key.Pool) }).
			int4s(n, func(i int) int32 { return int32(s[i].Key.Slot) }).
			int4s(n, func(i int) int32 { return s[i].Physical }).
			int4s(n, func(i int) int32 { return s[i].OutOfOrder }).
			int4s(n, func(i int) int32 { return s[i].OverbookingBP }).
			int4s(n, func(i int) int32 { return s[i].Target }).
			bools(n, func(i int) bool { return s[i].ByHand }).
			int4s(n, func(i int) int32 { return s[i].Limit }).
			bools(n, func(i int) bool { return s[i].Closed }).
			int4s(n, func(i int) int32 { return s[i].Held }).
			int4s(n, func(i int) int32 { return s[i].Sold }).
			int8s(n, func(i int) int64 { return s[i].Version })
	}
	if n := len(c.NewSlots); n > 0 && n < copiedSlots {
		p.do(ctx, qInsertSlots, columns(c.NewSlots))
	}
	if len(c.SetSlots) > 0 {
		p.do(ctx, qSetSlots, columns(c.SetSlots))
	}
	return nil
}

// writeCounts updates the counts that were locked and adds those that had no row.
func (t *transaction) writeCounts(ctx context.Context, p *pipe, c *reservation.Changes) error {
	columns := func(rows []*reservation.CountRow) *args {
		n := len(rows)
		return p.args().int8s(n, func(i int) int64 { return int64(rows[i].Key.Pool) }).
			texts(n, func(i int) string { return rows[i].Key.Caller }).
			int4s(n, func(i int) int32 { return rows[i].Holds }).
			int4s(n, func(i int) int32 { return rows[i].Units }).
			int4s(n, func(i int) int32 { return rows[i].Lapsed }).
			times(n, func(i int) time.Time { return rows[i].LapsedAt })
	}
	var set, fresh []*reservation.CountRow
	for _, row := range c.SetCounts {
		if _, stored := slices.BinarySearchFunc(t.counted, row.Key, reservation.CountKey.Compare); stored {
			set = append(set, row)
		} else {
			fresh = append(fresh, row)
		}
	}
	if len(set) > 0 {
		p.do(ctx, qSetCounts, columns(set))
	}
	if len(fresh) > 0 {
		p.do(ctx, qInsertCounts, columns(fresh))
	}
	return nil
}

func insertRevocations(ctx context.Context, p *pipe, c *reservation.Changes) error {
	rs := c.NewRevocations
	if len(rs) == 0 {
		return nil
	}
	n := len(rs)
	p.do(ctx, qInsertRevocations, p.args().ids(n, func(i int) uid.ID { return rs[i].Supplier }).
		optionalIDs(n, func(i int) uid.ID { return rs[i].RatePlan }).
		times(n, func(i int) time.Time { return rs[i].Before }).
		int2s(n, func(i int) int16 { return int16(rs[i].Actor.Kind) }).
		texts(n, func(i int) string { return rs[i].Actor.ID }).
		times(n, func(i int) time.Time { return rs[i].At }))
	return nil
}

// insertEvents numbers the events and notes with each history entry which one is its own.
func (t *transaction) insertEvents(ctx context.Context, p *pipe, c *reservation.Changes) error {
	offsets, err := record.Numbers(c)
	if err != nil {
		return fmt.Errorf("%w: %w", errGuard, err)
	}
	es, hs := c.Events, c.NewHistory
	if len(es) == 0 {
		return nil
	}
	n := len(es)
	p.do(ctx, qAdvanceStream, p.args().text(t.batch.Stream).int8(int64(n)))
	p.do(ctx, qInsertEvents, p.args().text(t.batch.Stream).int8(int64(n)).
		texts(n, func(i int) string { return es[i].Type }).
		optionalIDs(n, func(i int) uid.ID { return es[i].Subject }).
		int8s(n, func(i int) int64 { return es[i].Version }).
		times(n, func(i int) time.Time { return es[i].At }).
		documents(n, func(buf []byte, i int) []byte { return append(buf, es[i].Data...) }))
	if m := len(hs); m > 0 {
		p.do(ctx, qInsertHistory, p.args().text(t.batch.Stream).int8(int64(n)).
			ids(m, func(i int) uid.ID { return hs[i].Reservation }).
			int8s(m, func(i int) int64 { return hs[i].Version }).
			times(m, func(i int) time.Time { return hs[i].At }).
			int2s(m, func(i int) int16 { return int16(hs[i].Actor.Kind) }).
			texts(m, func(i int) string { return hs[i].Actor.ID }).
			int2s(m, func(i int) int16 { return int16(hs[i].Cause) }).
			int2s(m, func(i int) int16 { return int16(hs[i].From) }).
			int2s(m, func(i int) int16 { return int16(hs[i].To) }).
			int2s(m, func(i int) int16 { return int16(hs[i].Payment) }).
			texts(m, func(i int) string { return hs[i].Note }).
			int8s(m, at(offsets)))
	}
	return nil
}
