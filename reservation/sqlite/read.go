package sqlite

import (
	"context"
	"math"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/stock"
	"holdfast/uid"
)

// Reservations reads reservations with all that belongs to them, in the order asked for.
func (s *Store) Reservations(ctx context.Context, ids []uid.ID) ([]*reservation.Reservation, error) {
	var out []*reservation.Reservation
	err := s.read(ctx, "reservations", func(conn *sqlite.Conn) (err error) {
		out, err = readReservations(conn, ids)
		return err
	})
	return out, err
}

func readReservations(conn *sqlite.Conn, ids []uid.ID) ([]*reservation.Reservation, error) {
	out := make([]*reservation.Reservation, 0, len(ids))
	for _, id := range ids {
		l, err := readReservation(conn, id)
		if err != nil {
			return nil, err
		}
		if l.Reservation != nil {
			out = append(out, l.Reservation)
		}
	}
	return out, nil
}

// FreeLocators gives those of some locators that no reservation has.
func (s *Store) FreeLocators(ctx context.Context, locators []string) ([]string, error) {
	free := make([]string, 0, len(locators))
	err := s.read(ctx, "free locators", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qHasLocator)
		if err != nil {
			return err
		}
		for _, locator := range locators {
			taken := false
			st.text(locator)
			if err := st.one(func() { taken = true }); err != nil {
				return err
			}
			if !taken {
				free = append(free, locator)
			}
		}
		return nil
	})
	return free, err
}

// Find lists reservations, newest first: by the instant of placing, then by id.
func (s *Store) Find(ctx context.Context, f reservation.Filter) ([]*reservation.Reservation, error) {
	var out []*reservation.Reservation
	err := s.read(ctx, "find reservations", func(conn *sqlite.Conn) error {
		if f.Locator != "" {
			found, err := findLocator(conn, f)
			out = found
			return err
		}
		ids, err := find(conn, f)
		if err != nil {
			return err
		}
		if f.Archived {
			out, err = archivedReservations(conn, ids)
			return err
		}
		out, err = readReservations(conn, ids)
		return err
	})
	return out, err
}

// place is where a reservation stands in the order of a list.
type place struct {
	at int64 // microseconds
	id uid.ID
}

func find(conn *sqlite.Conn, f reservation.Filter) ([]uid.ID, error) {
	older, newer := place{at: math.MaxInt64}, place{at: math.MinInt64}
	createdAt, list := listing(f)
	for _, bound := range []struct {
		id uid.ID
		to *place
	}{{f.After, &older}, {f.Before, &newer}} {
		if bound.id.IsZero() {
			continue
		}
		found, err := placeOf(conn, createdAt, bound.id)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, nil // a cursor that names nothing has nothing on either side
		}
		*bound.to = *found
	}
	up := !f.Before.IsZero()
	st, err := prepare(conn, list[up])
	if err != nil {
		return nil, err
	}
	st.int(older.at)
	st.blob(older.id[:])
	st.int(newer.at)
	st.blob(newer.id[:])
	st.int(int64(f.Status))
	if f.Updated.IsZero() {
		st.int(math.MinInt64)
	} else {
		st.time(f.Updated)
	}
	st.int(int64(f.Limit))
	switch {
	case f.Caller != "":
		st.text(f.Caller)
	case !f.Supplier.IsZero():
		st.id(f.Supplier)
	}
	var ids []uid.ID
	if err := st.all(func() { ids = append(ids, st.getID()) }); err != nil {
		return nil, err
	}
	if up {
		slices.Reverse(ids)
	}
	return ids, nil
}

func placeOf(conn *sqlite.Conn, createdAt string, id uid.ID) (*place, error) {
	st, err := prepare(conn, createdAt)
	if err != nil {
		return nil, err
	}
	var p *place
	st.id(id)
	err = st.one(func() { p = &place{at: st.getInt(), id: id} })
	return p, err
}

// findLocator looks one reservation up by its locator and then asks whether the rest of the filter lets it pass.
func findLocator(conn *sqlite.Conn, f reservation.Filter) ([]*reservation.Reservation, error) {
	var found []*reservation.Reservation
	for _, in := range []struct {
		query string
		skip  bool
		read  func(*sqlite.Conn, []uid.ID) ([]*reservation.Reservation, error)
	}{{qByLocator, f.Archived, readReservations}, {qArchivedByLocator, false, archivedReservations}} {
		if in.skip || len(found) > 0 || f.Limit < 1 {
			continue
		}
		st, err := prepare(conn, in.query)
		if err != nil {
			return nil, err
		}
		var ids []uid.ID
		st.text(f.Locator)
		if err := st.one(func() { ids = append(ids, st.getID()) }); err != nil {
			return nil, err
		}
		if found, err = in.read(conn, ids); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(found, func(r *reservation.Reservation) bool { return !record.Passes(r, f) }), nil
}

// History reads the entries of one reservation, oldest first.
func (s *Store) History(ctx context.Context, id uid.ID) ([]reservation.Entry, error) {
	var out []reservation.Entry
	err := s.read(ctx, "history", func(conn *sqlite.Conn) (err error) {
		out, err = readHistory(conn, id)
		return err
	})
	return out, err
}

func readHistory(conn *sqlite.Conn, id uid.ID) ([]reservation.Entry, error) {
	st, err := prepare(conn, qHistory)
	if err != nil {
		return nil, err
	}
	var out []reservation.Entry
	st.id(id)
	err = st.all(func() {
		out = append(out, reservation.Entry{
			Reservation: id, Version: st.getInt(), At: st.getTime(),
			Actor: reservation.Actor{Kind: reservation.ActorKind(st.getInt()), ID: st.getText()},
			Cause: reservation.Cause(st.getInt()), From: reservation.Status(st.getInt()), To: reservation.Status(st.getInt()),
			Payment: reservation.PaymentStatus(st.getInt()), Note: st.getText(),
		})
	})
	return out, err
}

// Keys reads stored idempotency keys.
func (s *Store) Keys(ctx context.Context, ids []uid.ID) ([]*reservation.KeyRow, error) {
	var out []*reservation.KeyRow
	err := s.read(ctx, "keys", func(conn *sqlite.Conn) error {
		for _, id := range ids {
			k, err := readKey(conn, id)
			if err != nil {
				return err
			}
			if k != nil {
				out = append(out, k)
			}
		}
		return nil
	})
	return out, err
}

// Quote reads one quote.
func (s *Store) Quote(ctx context.Context, id uid.ID) (*reservation.Quote, error) {
	var q *reservation.Quote
	err := s.read(ctx, "quote", func(conn *sqlite.Conn) (err error) {
		q, err = readQuote(conn, id)
		return err
	})
	return q, err
}

// Due lists what waits for the system, the longest waiting first.
func (s *Store) Due(ctx context.Context, what reservation.DueKind, now time.Time, limit int) ([]uid.ID, error) {
	query := ""
	switch what {
	case reservation.DueHolds:
		query = qDueHolds
	case reservation.DueSteps:
		query = qDueSteps
	case reservation.DueEnds:
		query = qDueEnds
	}
	var ids []uid.ID
	err := s.read(ctx, "due", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, query)
		if err != nil {
			return err
		}
		st.time(now)
		st.int(int64(limit))
		return st.all(func() { ids = append(ids, st.getID()) })
	})
	return ids, err
}

// Pools lists pools by ascending id.
func (s *Store) Pools(ctx context.Context, after stock.PoolID, limit int) ([]reservation.PoolRow, error) {
	var out []reservation.PoolRow
	err := s.read(ctx, "pools", func(conn *sqlite.Conn) (err error) {
		out, err = readPools(conn, after, limit)
		return err
	})
	return out, err
}

func readPools(conn *sqlite.Conn, after stock.PoolID, limit int) ([]reservation.PoolRow, error) {
	st, err := prepare(conn, qPoolsAfter)
	if err != nil {
		return nil, err
	}
	var out []reservation.PoolRow
	st.int(int64(after))
	st.int(int64(limit))
	err = st.all(func() { out = append(out, readPool(&st)) })
	return out, err
}

// PoolsByRef reads pools by public id.
func (s *Store) PoolsByRef(ctx context.Context, refs []uid.ID) ([]reservation.PoolRow, error) {
	var out []reservation.PoolRow
	err := s.read(ctx, "pools", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qPoolByRef)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			st.id(ref)
			if err := st.one(func() { out = append(out, readPool(&st)) }); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// Slots reads the slots of a span in order.
func (s *Store) Slots(ctx context.Context, span reservation.Span) ([]reservation.SlotRow, error) {
	var out []reservation.SlotRow
	err := s.read(ctx, "slots", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qSlotsWithHistory)
		if err != nil {
			return err
		}
		st.int(int64(span.Pool))
		st.int(int64(span.From))
		st.int(int64(span.To))
		return st.all(func() { out = append(out, readSlot(&st)) })
	})
	return out, err
}

// snapshotChunk is how many slots Snapshot hands over at a time.
const snapshotChunk = 4096

// Snapshot streams the slots of one snapshot; the positions are of the same.
func (s *Store) Snapshot(ctx context.Context, from stock.Slot, yield func([]reservation.SlotRow) error) (reservation.Positions, error) {
	var at reservation.Positions
	var stopped error // what yield said; passed on as it is
	err := s.db.Read(ctx, func(conn *sqlite.Conn) (err error) {
		if at, err = positions(conn); err != nil {
			return err
		}
		st, err := prepare(conn, qAllSlots)
		if err != nil {
			return err
		}
		st.int(int64(from))
		chunk := make([]reservation.SlotRow, 0, snapshotChunk)
		for {
			more, err := st.next()
			if err != nil {
				return err
			}
			if more {
				chunk = append(chunk, readSlot(&st))
			}
			if len(chunk) == snapshotChunk || !more && len(chunk) > 0 {
				if stopped = yield(chunk); stopped != nil {
					return stopped
				}
				chunk = make([]reservation.SlotRow, 0, snapshotChunk)
			}
			if !more {
				return nil
			}
		}
	})
	if stopped != nil {
		return nil, stopped
	}
	return at, door(err, "snapshot")
}

// Revocations reads all revocations in the order they were made.
func (s *Store) Revocations(ctx context.Context) ([]reservation.Revocation, error) {
	var out []reservation.Revocation
	err := s.read(ctx, "revocations", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qRevocations)
		if err != nil {
			return err
		}
		return st.all(func() {
			out = append(out, reservation.Revocation{
				Supplier: st.getID(), RatePlan: st.getID(), Before: st.getTime(),
				Actor: reservation.Actor{Kind: reservation.ActorKind(st.getInt()), ID: st.getText()}, At: st.getTime(),
			})
		})
	})
	return out, err
}

// Events reads a stream after a position and stops before a missing number.
func (s *Store) Events(ctx context.Context, stream int32, after int64, limit int) ([]reservation.Event, error) {
	var out []reservation.Event
	err := s.read(ctx, "events", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qEvents)
		if err != nil {
			return err
		}
		st.int(int64(stream))
		st.int(after)
		st.int(int64(limit))
		gap := false
		return st.all(func() {
			e := scanEvent(st, stream)
			if gap = gap || e.N != after+int64(len(out))+1; !gap {
				out = append(out, e)
			}
		})
	})
	return out, err
}

// CommonEvents reads what in a stretch of a stream has no subject.
func (s *Store) CommonEvents(ctx context.Context, stream int32, after, upTo int64, limit int) ([]reservation.Event, error) {
	var out []reservation.Event
	err := s.read(ctx, "common events", func(conn *sqlite.Conn) error {
		st, err := prepare(conn, qCommonEvents)
		if err != nil {
			return err
		}
		st.int(int64(stream))
		st.int(after)
		st.int(upTo)
		st.int(int64(limit))
		return st.all(func() { out = append(out, scanEvent(st, stream)) })
	})
	return out, err
}

func scanEvent(st statement, stream int32) reservation.Event {
	return reservation.Event{
		Stream: stream, N: st.getInt(), Type: st.getText(), Subject: st.getID(), Version: st.getInt(), At: st.getTime(), Data: st.getBytes(),
	}
}

// Streams lists the streams with the number of their last event.
func (s *Store) Streams(ctx context.Context) (reservation.Positions, error) {
	var at reservation.Positions
	err := s.read(ctx, "streams", func(conn *sqlite.Conn) (err error) {
		at, err = positions(conn)
		return err
	})
	return at, err
}

func positions(conn *sqlite.Conn) (reservation.Positions, error) {
	st, err := prepare(conn, qStreams)
	if err != nil {
		return nil, err
	}
	at := reservation.Positions{}
	return at, st.all(func() { at[int32(st.getInt())] = st.getInt() })
}
