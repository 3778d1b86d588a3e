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

// write stores what the batch decided, in one round trip. The stream's row is the last lock.
func (t *transaction) write(ctx context.Context, c *reservation.Changes) error {
	p := t.link.pipe()
	for _, add := range []func(context.Context, *pipe, *reservation.Changes) error{
		t.writeKeys, insertReservations, setReservations, insertQuotes, writePools, writeStock, t.writeCounts, insertRevocations, t.insertEvents,
	} {
		if err := add(ctx, p, c); err != nil {
			return err
		}
	}
	return p.run(ctx)
}

// writeKeys takes back the claimed keys that are not kept, and writes outcomes that were not known when claiming.
func (t *transaction) writeKeys(ctx context.Context, p *pipe, c *reservation.Changes) error {
	kept := make([]bool, len(t.need.Keys))
	set := c.SetKeys
	for _, id := range c.KeptKeys {
		i, found := findKey(t.need.Keys, id)
		if !found || t.stored[i] == "" {
			return fmt.Errorf("keep key %s, which was not asked for or is another's: %w", id.Text("key"), errGuard)
		}
		kept[i] = true
		k := t.need.Keys[i]
		facts, err := record.Facts(&k.Facts)
		if err != nil {
			return err
		}
		if outcome(k, string(facts)) != t.stored[i] {
			set = append(set, k)
		}
	}
	var back []uid.ID
	for i, k := range t.need.Keys {
		if !kept[i] && t.stored[i] != "" {
			back = append(back, k.ID)
		}
	}
	if len(back) > 0 {
		p.change(ctx, qUnclaimKeys, p.args().ids(len(back), at(back)), len(back))
	}
	if len(set) == 0 {
		return nil
	}
	facts := make([]string, len(set))
	for i, k := range set {
		document, err := record.Facts(&k.Facts)
		if err != nil {
			return err
		}
		facts[i] = string(document)
	}
	n := len(set)
	p.change(ctx, qSetKeys, p.args().ids(n, func(i int) uid.ID { return set[i].ID }).
		optionalIDs(n, func(i int) uid.ID { return set[i].Reservation }).
		int2s(n, func(i int) int16 { return int16(set[i].State) }).
		int2s(n, func(i int) int16 { return int16(set[i].Answer) }).
		optionalTexts(n, func(i int) string { return facts[i] }).
		ids(n, func(i int) uid.ID { return set[i].Request }), n)
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
		int8s(n, func(i int) int64 { return rs[i].Version })
}

// part is a row below a reservation: the ord-th of item, or of the reservation itself.
type part struct {
	r         *reservation.Reservation
	item, ord int
}

func (p part) of() *reservation.Item { return &p.r.Items[p.item] }

func (p part) claim() stock.Claim { return p.r.Items[p.item].Claims[p.ord] }

func insertReservations(ctx context.Context, p *pipe, c *reservation.Changes) error {
	rs := c.NewReservations
	if len(rs) == 0 {
		return nil
	}
	n := len(rs)
	p.change(ctx, qInsertReservations, changing(p.args(), rs).
		optionalTexts(n, func(i int) string { return rs[i].Name }).
		texts(n, func(i int) string { return rs[i].Locator }).
		texts(n, func(i int) string { return rs[i].Caller }).
		texts(n, func(i int) string { return string(rs[i].Currency) }).
		times(n, func(i int) time.Time { return rs[i].CreatedAt }).
		times(n, func(i int) time.Time { return rs[i].PlacedUntil }), n)

	items, travellers, claims := make([]part, 0, n), make([]part, 0, n), make([]part, 0, n)
	for _, r := range rs {
		for i := range r.Items {
			items = append(items, part{r, i, i})
			for ord := range r.Items[i].Claims {
				claims = append(claims, part{r, i, ord})
			}
		}
		for i := range r.Travellers {
			travellers = append(travellers, part{r, 0, i})
		}
	}
	if n := len(items); n > 0 {
		p.change(ctx, qInsertItems, p.args().ids(n, func(i int) uid.ID { return items[i].r.ID }).
			int2s(n, func(i int) int16 { return int16(items[i].ord) }).
			ids(n, func(i int) uid.ID { return items[i].of().ID }).
			int2s(n, func(i int) int16 { return int16(items[i].of().Status) }).
			ids(n, func(i int) uid.ID { return items[i].of().Supplier }).
			times(n, func(i int) time.Time { return items[i].r.CreatedAt }).
			times(n, func(i int) time.Time { return items[i].of().Terms.EndsAt }).
			documents(n, func(buf []byte, i int) []byte { return record.AppendPiece(buf, &items[i].of().Piece) }), n)
	}
	if n := len(travellers); n > 0 {
		who := func(i int) reservation.Traveller { return travellers[i].r.Travellers[travellers[i].ord] }
		p.change(ctx, qInsertTravellers, p.args().ids(n, func(i int) uid.ID { return travellers[i].r.ID }).
			int2s(n, func(i int) int16 { return int16(travellers[i].ord) }).
			texts(n, func(i int) string { return who(i).GivenName }).
			texts(n, func(i int) string { return who(i).FamilyName }).
			texts(n, func(i int) string { return who(i).Email }), n)
	}
	if n := len(claims); n > 0 {
		p.change(ctx, qInsertClaims, p.args().ids(n, func(i int) uid.ID { return claims[i].r.ID }).
			int2s(n, func(i int) int16 { return int16(claims[i].item) }).
			int2s(n, func(i int) int16 { return int16(claims[i].ord) }).
			int8s(n, func(i int) int64 { return int64(claims[i].claim().Pool) }).
			int4s(n, func(i int) int32 { return int32(claims[i].claim().From) }).
			int4s(n, func(i int) int32 { return int32(claims[i].claim().To) }).
			int4s(n, func(i int) int32 { return claims[i].claim().Count }), n)
	}
	return nil
}

func setReservations(ctx context.Context, p *pipe, c *reservation.Changes) error {
	if rs := c.SetReservations; len(rs) > 0 {
		n := len(rs)
		p.change(ctx, qSetReservations, changing(p.args(), rs).int8s(n, func(i int) int64 { return rs[i].Stored }), n)
		var items []part
		for _, r := range rs {
			for i := range r.Items {
				items = append(items, part{r, i, i})
			}
		}
		if n := len(items); n > 0 {
			p.change(ctx, qSetItems, p.args().ids(n, func(i int) uid.ID { return items[i].r.ID }).
				int2s(n, func(i int) int16 { return int16(items[i].ord) }).
				int2s(n, func(i int) int16 { return int16(items[i].of().Status) }), n)
		}
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
		p.change(ctx, qSetClaims, p.args().ids(n, func(i int) uid.ID { return states[i].Reservation }).
			int2s(n, func(i int) int16 { return int16(states[i].Item) }).
			int2s(n, func(i int) int16 { return int16(states[i].Life) }), want)
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

func insertQuotes(ctx context.Context, p *pipe, c *reservation.Changes) error {
	qs := c.NewQuotes
	if len(qs) == 0 {
		return nil
	}
	n := len(qs)
	p.change(ctx, qInsertQuotes, p.args().ids(n, func(i int) uid.ID { return qs[i].ID }).
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
		times(n, func(i int) time.Time { return qs[i].ExpiresAt }), n)
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
			int8s(n, func(i int) int64 { return ps[i].Version })
	}
	if ps := c.NewPools; len(ps) > 0 {
		n := len(ps)
		var last stock.PoolID
		for _, row := range ps {
			last = max(last, row.ID)
		}
		p.change(ctx, qInsertPools, columns(ps).ids(n, func(i int) uid.ID { return ps[i].Ref }).ids(n, func(i int) uid.ID { return ps[i].Supplier }), n)
		p.change(ctx, qSetPoolCounter, p.args().int8(int64(last)+1), 1)
	}
	if ps := c.SetPools; len(ps) > 0 {
		p.change(ctx, qSetPools, columns(ps), len(ps))
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
	if len(c.NewSlots) > 0 {
		p.change(ctx, qInsertSlots, columns(c.NewSlots), len(c.NewSlots))
	}
	if len(c.SetSlots) > 0 {
		p.change(ctx, qSetSlots, columns(c.SetSlots), len(c.SetSlots))
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
		p.change(ctx, qSetCounts, columns(set), len(set))
	}
	if len(fresh) > 0 {
		p.change(ctx, qInsertCounts, columns(fresh), len(fresh))
	}
	return nil
}

func insertRevocations(ctx context.Context, p *pipe, c *reservation.Changes) error {
	rs := c.NewRevocations
	if len(rs) == 0 {
		return nil
	}
	n := len(rs)
	p.change(ctx, qInsertRevocations, p.args().ids(n, func(i int) uid.ID { return rs[i].Supplier }).
		optionalIDs(n, func(i int) uid.ID { return rs[i].RatePlan }).
		times(n, func(i int) time.Time { return rs[i].Before }).
		int2s(n, func(i int) int16 { return int16(rs[i].Actor.Kind) }).
		texts(n, func(i int) string { return rs[i].Actor.ID }).
		times(n, func(i int) time.Time { return rs[i].At }), n)
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
	p.change(ctx, qAdvanceStream, p.args().text(t.batch.Stream).int8(int64(n)), 1)
	p.change(ctx, qInsertEvents, p.args().text(t.batch.Stream).int8(int64(n)).
		texts(n, func(i int) string { return es[i].Type }).
		optionalIDs(n, func(i int) uid.ID { return es[i].Subject }).
		int8s(n, func(i int) int64 { return es[i].Version }).
		times(n, func(i int) time.Time { return es[i].At }).
		documents(n, func(buf []byte, i int) []byte { return append(buf, es[i].Data...) }), n)
	if m := len(hs); m > 0 {
		p.change(ctx, qInsertHistory, p.args().text(t.batch.Stream).int8(int64(n)).
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
			int8s(m, at(offsets)), m)
	}
	return nil
}
