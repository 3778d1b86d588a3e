package sqlite

import (
	"context"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Secret returns the named secret; the first caller's fresh one becomes it.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	var value []byte
	err := s.db.Write(ctx, func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qInsertSecret)
		if err != nil {
			return err
		}
		st.text(name)
		st.blob(fresh)
		if err := st.exec(); err != nil {
			return err
		}
		if st, err = prepare(conn, qSecret); err != nil {
			return err
		}
		st.text(name)
		return st.one(func() { value = st.getBytes() })
	})
	return value, door(err, "secret")
}

// Prune removes what nobody asks for any more. Each kind has its turn as a writer, so that live batches come in between.
func (s *Store) Prune(ctx context.Context, keys, batches, counts time.Time, limit int) (int, error) {
	all := 0
	for _, what := range []struct {
		query string
		older time.Time
	}{{qPruneKeys, keys}, {qPruneQuotes, keys}, {qPruneBatches, batches}, {qPruneCounts, counts}} {
		gone := 0
		if err := s.db.Write(ctx, func(conn *sqlite.Conn) error {
			st, err := prepare(conn, what.query)
			if err != nil {
				return err
			}
			st.time(what.older)
			st.int(int64(limit))
			err = st.exec()
			gone = conn.Changes()
			return err
		}); err != nil {
			return all, door(err, "prune")
		}
		all += gone
	}
	gone := 0
	err := s.db.Write(ctx, func(conn *sqlite.Conn) (err error) {
		gone, err = pruneEnded(conn, keys, limit)
		return err
	})
	return all + gone, door(err, "prune")
}

// mark is a reservation that is over.
type mark struct {
	at   time.Time // placed, or when the oldest key left was stored
	id   uid.ID
	over bool
}

// pruneEnded takes the old keys of reservations that are over with their quotes. What has younger keys comes again when
// those are old; what lives again leaves the list until it is over again.
func pruneEnded(conn *sqlite.Conn, older time.Time, limit int) (gone int, err error) {
	st, err := prepare(conn, qEnded)
	if err != nil {
		return 0, err
	}
	var marks []mark
	st.time(older)
	st.int(int64(limit))
	if err := st.all(func() { marks = append(marks, mark{st.getTime(), st.getID(), st.getBool()}) }); err != nil {
		return 0, err
	}
	for _, m := range marks {
		n, err := pruneMark(conn, m, older)
		if err != nil {
			return 0, err
		}
		gone += n
	}
	return gone, nil
}

func pruneMark(conn *sqlite.Conn, m mark, older time.Time) (gone int, err error) {
	var again time.Time
	if m.over {
		for _, query := range []string{qPruneKeysOf, qPruneQuotesOf} {
			st, err := prepare(conn, query)
			if err != nil {
				return 0, err
			}
			st.id(m.id)
			st.time(older)
			if err := st.exec(); err != nil {
				return 0, err
			}
			gone += conn.Changes()
		}
		st, err := prepare(conn, qOldestKey)
		if err != nil {
			return 0, err
		}
		st.id(m.id)
		if err := st.one(func() { again = st.getTime() }); err != nil {
			return 0, err
		}
	}
	st, err := prepare(conn, qDeleteEnded)
	if err != nil {
		return 0, err
	}
	st.time(m.at)
	st.id(m.id)
	if err := st.exec(); err != nil {
		return 0, err
	}
	if again.IsZero() {
		return gone + 1, nil
	}
	if st, err = prepare(conn, qInsertEnded); err != nil {
		return 0, err
	}
	st.time(again)
	st.id(m.id)
	return gone, st.exec()
}

// AuditPools reads a range of pools with all that counts on them, in one snapshot.
func (s *Store) AuditPools(ctx context.Context, after stock.PoolID, limit int) (reservation.PoolAudit, error) {
	var a reservation.PoolAudit
	err := s.read(ctx, "audit pools", func(conn *sqlite.Conn) (err error) {
		a = reservation.PoolAudit{}
		if a.Pools, err = readPools(conn, after, limit); err != nil || len(a.Pools) == 0 {
			return err
		}
		first, last := a.Pools[0].ID, a.Pools[len(a.Pools)-1].ID
		if len(a.Pools) == limit {
			a.Last = last
		}
		// in is a statement about the pools of the range.
		in := func(query string) (statement, error) {
			st, err := prepare(conn, query)
			st.int(int64(first))
			st.int(int64(last))
			return st, err
		}
		st, err := in(qAuditSlots)
		if err != nil {
			return err
		}
		if err := st.all(func() { a.Slots = append(a.Slots, readSlot(&st)) }); err != nil {
			return err
		}
		if st, err = in(qAuditClaims); err != nil {
			return err
		}
		if err := st.all(func() {
			a.Claims = append(a.Claims, reservation.AuditClaim{
				Reservation: st.getID(), Caller: st.getText(), Life: reservation.ClaimLife(st.getInt()),
				Claim: readClaim(&st),
			})
		}); err != nil {
			return err
		}
		if a.Units, err = readUnits(conn, &s.layouts, withLayout(a.Pools)); err != nil {
			return err
		}
		if st, err = in(qAuditCounts); err != nil {
			return err
		}
		return st.all(func() {
			a.Counts = append(a.Counts, reservation.CountRow{
				Key:   reservation.CountKey{Caller: st.getText(), Pool: stock.PoolID(st.getInt())},
				Holds: int32(st.getInt()), Units: int32(st.getInt()), Lapsed: int32(st.getInt()), LapsedAt: st.getTime(),
			})
		})
	})
	return a, err
}

// AuditReservations reads a range of reservations with what was written about them, in one snapshot.
func (s *Store) AuditReservations(ctx context.Context, after uid.ID, limit int) (reservation.RecordAudit, error) {
	var a reservation.RecordAudit
	err := s.read(ctx, "audit reservations", func(conn *sqlite.Conn) error {
		a = reservation.RecordAudit{
			History: map[uid.ID][]reservation.Entry{}, Claims: map[uid.ID][]reservation.ClaimLife{},
			Events: map[uid.ID][]reservation.EventAudit{}, Keys: map[uid.ID][]reservation.KeyRow{},
			Archived: map[uid.ID]reservation.ArchiveAudit{},
		}
		st, err := prepare(conn, qAuditReservations)
		if err != nil {
			return err
		}
		var ids []uid.ID
		st.blob(after[:])
		st.int(int64(limit))
		if err := st.all(func() { ids = append(ids, st.getID()) }); err != nil {
			return err
		}
		for _, id := range slices.Compact(ids) {
			if err := auditReservation(conn, id, &a); err != nil {
				return err
			}
		}
		if len(ids) == limit && limit > 0 {
			a.Last = ids[limit-1]
		}
		return nil
	})
	return a, err
}

func auditReservation(conn *sqlite.Conn, id uid.ID, a *reservation.RecordAudit) error {
	archived, err := auditArchived(conn, id, a)
	if err != nil {
		return err
	}
	l, err := readReservation(conn, id)
	if err != nil {
		return err
	}
	if l.Reservation == nil {
		if archived == nil {
			return nil // and not to be read
		}
		a.Reservations = append(a.Reservations, archived.Reservation)
		a.Claims[id] = archived.ItemLives()
		return auditLines(conn, archived, a)
	}
	a.Reservations = append(a.Reservations, l.Reservation)
	a.Claims[id] = l.ItemLives()
	if a.History[id], err = readHistory(conn, id); err != nil {
		return err
	}
	st, err := prepare(conn, qAuditEvents)
	if err != nil {
		return err
	}
	st.id(id)
	if err := st.all(func() {
		a.Events[id] = append(a.Events[id], reservation.EventAudit{Stream: int32(st.getInt()), N: st.getInt(), Version: st.getInt()})
	}); err != nil {
		return err
	}
	if st, err = prepare(conn, qKeysOf); err != nil {
		return err
	}
	var keys []uid.ID
	st.id(id)
	if err := st.all(func() { keys = append(keys, st.getID()) }); err != nil {
		return err
	}
	for _, key := range keys {
		k, err := readKey(conn, key)
		if err != nil {
			return err
		}
		a.Keys[id] = append(a.Keys[id], *k)
	}
	return nil
}
