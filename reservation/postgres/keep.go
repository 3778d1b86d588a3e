package postgres

import (
	"context"
	"slices"
	"time"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

// Secret returns the named secret; the first caller's fresh one becomes it.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	var value []byte
	// Two statements of one implicit transaction: the insert waits for another process that stores the same name, and
	// the read, which sees what was committed before it began, then finds that process's value.
	err := s.once(ctx, func(p *pipe) {
		p.do(ctx, qBegin, p.args())
		p.do(ctx, qInsertSecret, p.args().text(name).bytes(fresh))
		p.get(ctx, qSecret, p.args().text(name), func(r *row) error { value = r.bytes(); return nil })
		p.do(ctx, qCommit, p.args())
	})
	return value, door(err, "secret")
}

// Prune removes what nobody asks for any more.
func (s *Store) Prune(ctx context.Context, keys, batches, counts time.Time, limit int) (int, error) {
	all := 0
	for _, what := range []struct {
		query query
		older time.Time
	}{{qPruneKeys, keys}, {qPruneQuotes, keys}, {qPruneBatches, batches}, {qPruneCounts, counts}} {
		gone := 0
		if err := s.once(ctx, func(p *pipe) {
			p.add(ctx, what.query, p.args().time(what.older).int8(int64(limit)), step{name: what.query.name, changed: &gone})
		}); err != nil {
			return all, door(err, "prune")
		}
		all += gone
	}
	err := s.query(ctx, "prune", qPruneEnded, func(a *args) *args { return a.time(keys).int8(int64(limit)) }, func(r *row) error {
		all += int(r.int())
		return nil
	})
	return all, err
}

// AuditPools reads a range of pools with all that counts on them, in one snapshot.
func (s *Store) AuditPools(ctx context.Context, after stock.PoolID, limit int) (reservation.PoolAudit, error) {
	var a reservation.PoolAudit
	l, err := s.acquire(ctx)
	if err != nil {
		return a, door(err, "audit pools")
	}
	defer l.release()
	defer l.rollback(ctx)
	p := l.pipe()
	p.do(ctx, qBeginRead, p.args())
	p.get(ctx, qPoolsAfter, p.args().int8(int64(after)).int8(int64(limit)), func(r *row) error { a.Pools = append(a.Pools, scanPool(r)); return nil })
	if err := p.run(ctx); err != nil || len(a.Pools) == 0 {
		return a, door(err, "audit pools")
	}
	first, last := a.Pools[0].ID, a.Pools[len(a.Pools)-1].ID
	if len(a.Pools) == limit {
		a.Last = last
	}
	p = l.pipe()
	in := func() *args { return p.args().int8(int64(first)).int8(int64(last)) }
	p.get(ctx, qAuditSlots, in(), func(r *row) error { a.Slots = append(a.Slots, scanSlot(r)); return nil })
	p.get(ctx, qAuditClaims, in(), func(r *row) error {
		a.Claims = append(a.Claims, reservation.AuditClaim{Reservation: r.id(), Caller: r.text(), Life: reservation.ClaimLife(r.int()), Claim: scanClaim(r)})
		return nil
	})
	p.get(ctx, qAuditCounts, in(), func(r *row) error { a.Counts = append(a.Counts, scanCount(r)); return nil })
	var units record.UnitRows
	if pools := withLayout(a.Pools); len(pools) > 0 {
		readUnits(ctx, p, qUnits, pools, &units)
	}
	if err := p.run(ctx); err != nil {
		return a, door(err, "audit pools")
	}
	a.Units, err = l.units(ctx, &s.layouts, &units)
	return a, door(err, "audit pools")
}

// AuditReservations reads a range of reservations with what was written about them, in one snapshot.
func (s *Store) AuditReservations(ctx context.Context, after uid.ID, limit int) (reservation.RecordAudit, error) {
	a := reservation.RecordAudit{
		History: map[uid.ID][]reservation.Entry{}, Claims: map[uid.ID][]reservation.ClaimLife{},
		Events: map[uid.ID][]reservation.EventAudit{}, Keys: map[uid.ID][]reservation.KeyRow{},
		Archived: map[uid.ID]reservation.ArchiveAudit{},
	}
	// Reservations only ever move to the archive, so which ids are next may be asked outside the snapshot.
	var ids []uid.ID
	if err := s.query(ctx, "audit reservations", qAuditReservations, func(a *args) *args { return a.id(after).int8(int64(limit)) }, func(r *row) error {
		ids = append(ids, r.id())
		return nil
	}); err != nil {
		return a, err
	}
	gone := newGone()
	loaded, err := s.reservations(ctx, ids, func(p *pipe) {
		bind := func() *args { return p.args().ids(len(ids), at(ids)) }
		p.get(ctx, qHistory, bind(), func(r *row) error {
			e := scanEntry(r)
			a.History[e.Reservation] = append(a.History[e.Reservation], e)
			return nil
		})
		p.get(ctx, qAuditEvents, bind(), func(r *row) error {
			id := r.id()
			a.Events[id] = append(a.Events[id], reservation.EventAudit{Stream: int32(r.int()), N: r.int(), Version: r.int()})
			return nil
		})
		p.get(ctx, qKeysOf, bind(), func(r *row) error {
			k, err := scanKey(r)
			a.Keys[k.Reservation] = append(a.Keys[k.Reservation], *k)
			return err
		})
		gone.read(ctx, p, bind(), &a)
	})
	if err != nil {
		return a, err
	}
	for _, id := range slices.Compact(ids) {
		l := loaded[id]
		if l == nil { // archived
			if l = gone.loaded[id]; l == nil {
				continue // and not to be read
			}
		}
		a.Reservations = append(a.Reservations, l.Reservation)
		a.Claims[id] = l.ItemLives()
	}
	if err := s.auditLines(ctx, gone, loaded, &a); err != nil {
		return a, err
	}
	if limit > 0 && len(ids) == limit {
		a.Last = ids[limit-1]
	}
	return a, nil
}
