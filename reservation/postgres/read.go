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

// snapshot runs statements that all see one committed state, in one round trip.
func (s *Store) snapshot(ctx context.Context, what string, add func(*pipe)) error {
	return door(s.once(ctx, func(p *pipe) {
		p.do(ctx, qBeginRead, p.args())
		add(p)
		p.do(ctx, qCommit, p.args())
	}), what)
}

// query runs one statement.
func (s *Store) query(ctx context.Context, what string, q query, bind func(*args) *args, read func(*row) error) error {
	return door(s.once(ctx, func(p *pipe) { p.get(ctx, q, bind(p.args()), read) }), what)
}

// Reservations reads reservations with all that belongs to them, in the order asked for.
func (s *Store) Reservations(ctx context.Context, ids []uid.ID) ([]*reservation.Reservation, error) {
	loaded, err := s.reservations(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	out := make([]*reservation.Reservation, 0, len(loaded))
	for _, id := range ids {
		if l := loaded[id]; l != nil {
			out = append(out, l.Reservation)
		}
	}
	return out, nil
}

// reservations reads reservations by id, and in the same snapshot what more adds.
func (s *Store) reservations(ctx context.Context, ids []uid.ID, more func(*pipe)) (map[uid.ID]*record.Loaded, error) {
	loaded := make(map[uid.ID]*record.Loaded, len(ids))
	if len(ids) == 0 {
		return loaded, nil
	}
	err := s.snapshot(ctx, "reservations", func(p *pipe) {
		bind := func() *args { return p.args().ids(len(ids), at(ids)) }
		p.get(ctx, qReservations, bind(), func(r *row) error {
			l, err := scanReservation(r)
			loaded[l.ID] = &l
			return err
		})
		addClaims(ctx, p, bind(), func(id uid.ID) *record.Loaded { return loaded[id] })
		if more != nil {
			more(p)
		}
	})
	return loaded, err
}

// FreeLocators gives those of some locators that no reservation has.
func (s *Store) FreeLocators(ctx context.Context, locators []string) ([]string, error) {
	taken := map[string]bool{}
	if err := s.query(ctx, "free locators", qTakenLocators, func(a *args) *args { return a.texts(len(locators), at(locators)) }, func(r *row) error {
		taken[r.text()] = true
		return nil
	}); err != nil {
		return nil, err
	}
	free := make([]string, 0, len(locators))
	for _, locator := range locators {
		if !taken[locator] {
			free = append(free, locator)
		}
	}
	return free, nil
}

// Find lists reservations, newest first: by the instant of placing, then by id.
func (s *Store) Find(ctx context.Context, f reservation.Filter) ([]*reservation.Reservation, error) {
	if f.Locator != "" {
		return s.findLocator(ctx, f)
	}
	ids, err := s.find(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.Archived {
		return s.archivedReservations(ctx, ids)
	}
	return s.Reservations(ctx, ids)
}

// place is where a reservation stands in the order of a list, on the wire.
type place struct {
	at int64
	id uid.ID
}

func (s *Store) find(ctx context.Context, f reservation.Filter) ([]uid.ID, error) {
	older, newer := place{at: afterAll}, place{at: beforeAll}
	createdAt, query := listing(f)
	for _, bound := range []struct {
		id uid.ID
		to *place
	}{{f.After, &older}, {f.Before, &newer}} {
		if bound.id.IsZero() {
			continue
		}
		found := false
		if err := s.query(ctx, "find reservations", createdAt, func(a *args) *args { return a.id(bound.id) }, func(r *row) error {
			*bound.to, found = place{at: r.int(), id: bound.id}, true
			return nil
		}); err != nil || !found {
			return nil, err // a cursor that names nothing has nothing on either side
		}
	}
	up := !f.Before.IsZero()
	var ids []uid.ID
	if err := s.query(ctx, "find reservations", query[up], func(a *args) *args {
		a.int8(older.at).id(older.id).int8(newer.at).id(newer.id).int2(int16(f.Status))
		if f.Updated.IsZero() {
			a.int8(beforeAll)
		} else {
			a.time(f.Updated)
		}
		a.int8(int64(f.Limit))
		switch {
		case f.Caller != "":
			a.text(f.Caller)
		case !f.Supplier.IsZero():
			a.id(f.Supplier)
		}
		return a
	}, func(r *row) error { ids = append(ids, r.id()); return nil }); err != nil {
		return nil, err
	}
	if up {
		slices.Reverse(ids)
	}
	return ids, nil
}

// findLocator looks one reservation up by its locator and then asks whether the rest of the filter lets it pass.
func (s *Store) findLocator(ctx context.Context, f reservation.Filter) ([]*reservation.Reservation, error) {
	var ids, gone []uid.ID // of each at most one: a locator is given once
	if err := s.snapshot(ctx, "find locator", func(p *pipe) {
		if !f.Archived {
			p.get(ctx, qByLocator, p.args().text(f.Locator), func(r *row) error { ids = append(ids, r.id()); return nil })
		}
		p.get(ctx, qArchivedByLocator, p.args().text(f.Locator), func(r *row) error { gone = append(gone, r.id()); return nil })
	}); err != nil || f.Limit < 1 {
		return nil, err
	}
	found, err := s.Reservations(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 { // archived, perhaps just now
		if found, err = s.archivedReservations(ctx, append(gone, ids...)); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(found, func(r *reservation.Reservation) bool { return !record.Passes(r, f) }), nil
}

// History reads the entries of one reservation, oldest first.
func (s *Store) History(ctx context.Context, id uid.ID) ([]reservation.Entry, error) {
	var out []reservation.Entry
	err := s.query(ctx, "history", qHistory, func(a *args) *args { return a.ids(1, func(int) uid.ID { return id }) }, func(r *row) error {
		out = append(out, scanEntry(r))
		return nil
	})
	return out, err
}

func scanEntry(r *row) reservation.Entry {
	return reservation.Entry{
		Reservation: r.id(), Version: r.int(), At: r.time(), Actor: reservation.Actor{Kind: reservation.ActorKind(r.int()), ID: r.text()},
		Cause: reservation.Cause(r.int()), From: reservation.Status(r.int()), To: reservation.Status(r.int()),
		Payment: reservation.PaymentStatus(r.int()), Note: r.text(),
	}
}

// Keys reads stored idempotency keys, in the order asked for.
func (s *Store) Keys(ctx context.Context, ids []uid.ID) ([]*reservation.KeyRow, error) {
	found := make(map[uid.ID]*reservation.KeyRow, len(ids))
	if err := s.query(ctx, "keys", qKeys, func(a *args) *args { return a.ids(len(ids), at(ids)) }, func(r *row) error {
		k, err := scanKey(r)
		found[k.ID] = k
		return err
	}); err != nil {
		return nil, err
	}
	var out []*reservation.KeyRow
	for _, id := range ids {
		if k := found[id]; k != nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// Quote reads one quote.
func (s *Store) Quote(ctx context.Context, id uid.ID) (*reservation.Quote, error) {
	var q *reservation.Quote
	err := s.query(ctx, "quote", qQuotes, func(a *args) *args { return a.ids(1, func(int) uid.ID { return id }) }, func(r *row) error {
		q = scanQuote(r)
		return nil
	})
	return q, err
}

// Due lists what waits for the system, the longest waiting first.
func (s *Store) Due(ctx context.Context, what reservation.DueKind, now time.Time, limit int) ([]uid.ID, error) {
	var q query
	switch what {
	case reservation.DueHolds:
		q = qDueHolds
	case reservation.DueSteps:
		q = qDueSteps
	case reservation.DueEnds:
		q = qDueEnds
	}
	var ids []uid.ID
	err := s.query(ctx, "due", q, func(a *args) *args { return a.time(now).int8(int64(limit)) }, func(r *row) error {
		ids = append(ids, r.id())
		return nil
	})
	return ids, err
}

// Pools lists pools by ascending id.
func (s *Store) Pools(ctx context.Context, after stock.PoolID, limit int) ([]reservation.PoolRow, error) {
	var out []reservation.PoolRow
	err := s.query(ctx, "pools", qPoolsAfter, func(a *args) *args { return a.int8(int64(after)).int8(int64(limit)) }, func(r *row) error {
		out = append(out, scanPool(r))
		return nil
	})
	return out, err
}

// PoolsByRef reads pools by public id.
func (s *Store) PoolsByRef(ctx context.Context, refs []uid.ID) ([]reservation.PoolRow, error) {
	var out []reservation.PoolRow
	err := s.query(ctx, "pools", qPoolsByRef, func(a *args) *args { return a.ids(len(refs), at(refs)) }, func(r *row) error {
		out = append(out, scanPool(r))
		return nil
	})
	return out, err
}

// Slots reads the slots of a span in order.
func (s *Store) Slots(ctx context.Context, span reservation.Span) ([]reservation.SlotRow, error) {
	var out []reservation.SlotRow
	err := s.query(ctx, "slots", qSlots, func(a *args) *args { return a.int8(int64(span.Pool)).int4(int32(span.From)).int4(int32(span.To)) }, func(r *row) error {
		out = append(out, scanSlot(r))
		return nil
	})
	return out, err
}

// snapshotChunk is how many slots Snapshot hands over at a time.
const snapshotChunk = 4096

// Snapshot streams the slots of one snapshot; the positions are of the same. A yield that dawdles keeps the server from
// clearing away old row versions.
func (s *Store) Snapshot(ctx context.Context, from stock.Slot, yield func([]reservation.SlotRow) error) (reservation.Positions, error) {
	l, err := s.acquire(ctx)
	if err != nil {
		return nil, door(err, "snapshot")
	}
	defer l.release()
	defer l.rollback(ctx)
	positions := reservation.Positions{}
	var stopped error // what yield said; passed on as it is
	p := l.pipe()
	p.do(ctx, qBeginRead, p.args())
	p.do(ctx, qOrderedScan, p.args())
	p.get(ctx, qStreams, p.args(), func(r *row) error { positions[int32(r.int())] = r.int(); return nil })
	chunk := make([]reservation.SlotRow, 0, snapshotChunk)
	hand := func() error {
		stopped = yield(chunk)
		chunk = make([]reservation.SlotRow, 0, snapshotChunk)
		return stopped
	}
	p.get(ctx, qAllSlots, p.args().int4(int32(from)), func(r *row) error {
		if chunk = append(chunk, scanSlot(r)); len(chunk) == snapshotChunk {
			return hand()
		}
		return nil
	})
	if err = p.run(ctx); err == nil && len(chunk) > 0 {
		err = hand()
	}
	switch {
	case stopped != nil:
		return nil, stopped
	case err != nil:
		return nil, door(err, "snapshot")
	}
	return positions, nil
}

// Revocations reads all revocations in the order they were made.
func (s *Store) Revocations(ctx context.Context) ([]reservation.Revocation, error) {
	var out []reservation.Revocation
	err := s.query(ctx, "revocations", qRevocations, func(a *args) *args { return a }, func(r *row) error {
		out = append(out, reservation.Revocation{
			Supplier: r.id(), RatePlan: r.id(), Before: r.time(), Actor: reservation.Actor{Kind: reservation.ActorKind(r.int()), ID: r.text()}, At: r.time(),
		})
		return nil
	})
	return out, err
}

// Events reads a stream after a position and stops before a missing number. There is none as long as every writer takes
// its numbers from the stream's row and holds it until it has committed: a later number cannot commit first.
func (s *Store) Events(ctx context.Context, stream int32, after int64, limit int) ([]reservation.Event, error) {
	var out []reservation.Event
	gap := false
	err := s.query(ctx, "events", qEvents, func(a *args) *args { return a.int4(stream).int8(after).int8(int64(limit)) }, func(r *row) error {
		e := scanEvent(r, stream)
		if gap = gap || e.N != after+int64(len(out))+1; !gap {
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

// CommonEvents reads what in a stretch of a stream has no subject.
func (s *Store) CommonEvents(ctx context.Context, stream int32, after, upTo int64, limit int) ([]reservation.Event, error) {
	var out []reservation.Event
	err := s.query(ctx, "common events", qCommonEvents, func(a *args) *args { return a.int4(stream).int8(after).int8(upTo).int8(int64(limit)) }, func(r *row) error {
		out = append(out, scanEvent(r, stream))
		return nil
	})
	return out, err
}

func scanEvent(r *row, stream int32) reservation.Event {
	return reservation.Event{Stream: stream, N: r.int(), Type: r.text(), Subject: r.id(), Version: r.int(), At: r.time(), Data: r.bytes()}
}

// Streams lists the streams with the number of their last event.
func (s *Store) Streams(ctx context.Context) (reservation.Positions, error) {
	positions := reservation.Positions{}
	err := s.query(ctx, "streams", qStreams, func(a *args) *args { return a }, func(r *row) error {
		positions[int32(r.int())] = r.int()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("positions: %w", err)
	}
	return positions, nil
}
