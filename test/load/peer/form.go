package peer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"holdfast/uid"
)

var (
	qLockSlots          = queries.Get("lock_slots")
	qReadSlots          = queries.Get("read_slots")
	qTakeSlots          = queries.Get("take_slots")
	qTakeSlotsIfFree    = queries.Get("take_slots_if_free")
	qTakeSlotsUnchanged = queries.Get("take_slots_if_unchanged")
	qSetSlots           = queries.Get("set_slots")
	qInsertKey          = queries.Get("insert_key")
	qInsertReservation  = queries.Get("insert_reservation")
	qInsertBySupplier   = queries.Get("insert_by_supplier")
	qInsertClaim        = queries.Get("insert_claim")
	qInsertHistory      = queries.Get("insert_history")
	qInsertEvent        = queries.Get("insert_event")
	qPutCount           = queries.Get("put_count")
	qOneStatement       = queries.Get("one_statement")
)

// raw is an id as the driver takes it.
func raw(id uid.ID) [16]byte { return id }

// slots are the read slots of a claim.
type slots struct {
	number  []int32
	taken   []int32 // held and sold
	version []int64
	free    bool // all of them exist and can give what is asked for
}

// read reads slots; with versions where the query gives them.
func (s *slots) read(rows pgx.Rows, r *row, versions bool) error {
	s.free = true
	for rows.Next() {
		var number, target, used int32
		var closed bool
		var version int64
		to := []any{&number, &target, &used, &closed, &version}
		if !versions {
			to = to[:4]
		}
		if err := rows.Scan(to...); err != nil {
			return err
		}
		s.number, s.taken, s.version = append(s.number, number), append(s.taken, used), append(s.version, version)
		if closed || used+r.Claim.Count > target {
			s.free = false
		}
	}
	if len(s.number) != r.Claim.Slots() {
		s.free = false
	}
	return rows.Err()
}

// begin sends the statements that a form opens its transaction with, in one round trip: the look-up of the key and one
// about the slots.
func begin(ctx context.Context, w *worker, r *row, transaction bool, about string, args ...any) (pgx.Rows, func() error, error) {
	b := &pgx.Batch{}
	if transaction {
		b.Queue("BEGIN")
	}
	b.Queue(qKey, raw(r.Key))
	b.Queue(about, args...)
	answers := w.conn.SendBatch(ctx, b)
	fail := func(err error) (pgx.Rows, func() error, error) { return nil, nil, errors.Join(err, answers.Close()) }
	if transaction {
		if _, err := answers.Exec(); err != nil {
			return fail(err)
		}
	}
	var request, id uid.ID
	switch err := answers.QueryRow().Scan((*[16]byte)(&request), (*[16]byte)(&id)); {
	case err == nil:
		return fail(errTaken)
	case !errors.Is(err, pgx.ErrNoRows):
		return fail(err)
	}
	rows, err := answers.Query()
	if err != nil {
		return fail(err)
	}
	return rows, answers.Close, nil
}

// finish writes the rows of a reservation and commits, in one round trip.
func finish(ctx context.Context, w *worker, r *row, first func(*pgx.Batch)) error {
	b := &pgx.Batch{}
	if first != nil {
		first(b)
	}
	b.Queue(qInsertKey, raw(r.Key), raw(r.Hash), raw(r.id), raw(r.id), r.now)
	b.Queue(qInsertReservation, raw(r.id), r.locator, r.Caller, r.Currency, r.now, r.until, r.EndsAt, r.document)
	b.Queue(qInsertBySupplier, raw(r.Supplier), r.now, raw(r.id))
	if r.units == nil {
		b.Queue(qInsertClaim, raw(r.id), int64(r.Claim.Pool), int32(r.Claim.From), int32(r.Claim.To), r.Claim.Count, r.until)
	} else {
		b.Queue(qInsertClaimUnits, raw(r.id), int64(r.Claim.Pool), int32(r.Claim.From), int32(r.Claim.To), r.until, r.units)
	}
	b.Queue(qInsertHistory, raw(r.id), r.now, w.n, w.stream, r.Caller)
	b.Queue(qPutCount, int64(r.Claim.Pool), r.Caller, r.Claim.Count)
	b.Queue(qInsertEvent, w.stream, w.n, r.now, raw(r.id), r.event())
	b.Queue("COMMIT")
	answers := w.conn.SendBatch(ctx, b)
	var wrong error
	for range b.Len() {
		if _, err := answers.Exec(); err != nil && wrong == nil {
			wrong = err
		}
	}
	return errors.Join(wrong, answers.Close())
}

// forUpdate locks the slots, decides, writes: two round trips.
func forUpdate(ctx context.Context, w *worker, r *row) (bool, error) {
	c := r.Claim
	rows, done, err := begin(ctx, w, r, true, qLockSlots, int64(c.Pool), int32(c.From), int32(c.To))
	if err != nil {
		return false, err
	}
	var s slots
	if err := errors.Join(s.read(rows, r, false), done()); err != nil {
		return false, err
	}
	if !s.free {
		w.rollback(ctx)
		return false, nil
	}
	return true, finish(ctx, w, r, func(b *pgx.Batch) { b.Queue(qTakeSlots, int64(c.Pool), int32(c.From), int32(c.To), c.Count) })
}

// optimistic reads without a lock, then writes where the versions are still those: three round trips and as many
// attempts as it takes.
func optimistic(ctx context.Context, w *worker, r *row) (bool, error) {
	c := r.Claim
	rows, done, err := begin(ctx, w, r, false, qReadSlots, int64(c.Pool), int32(c.From), int32(c.To))
	if err != nil {
		return false, err
	}
	var s slots
	if err := errors.Join(s.read(rows, r, true), done()); err != nil {
		return false, err
	}
	if !s.free {
		return false, nil
	}
	b := &pgx.Batch{}
	b.Queue("BEGIN")
	b.Queue(qTakeSlotsUnchanged, int64(c.Pool), c.Count, s.number, s.version)
	answers := w.conn.SendBatch(ctx, b)
	_, err = answers.Exec()
	tag, err2 := answers.Exec()
	if err := errors.Join(err, err2, answers.Close()); err != nil {
		return false, err
	}
	if tag.RowsAffected() != int64(c.Slots()) {
		return false, errAgain
	}
	return true, finish(ctx, w, r, nil)
}

// conditional takes what is free in one UPDATE, guarded by the CHECK as well: two round trips.
func conditional(ctx context.Context, w *worker, r *row) (bool, error) {
	c := r.Claim
	rows, done, err := begin(ctx, w, r, true, qTakeSlotsIfFree, int64(c.Pool), int32(c.From), int32(c.To), c.Count)
	if err != nil {
		return false, err
	}
	rows.Close()
	taken := rows.CommandTag().RowsAffected()
	if err := errors.Join(rows.Err(), done()); err != nil {
		return false, err
	}
	if taken != int64(c.Slots()) {
		w.rollback(ctx)
		return false, nil
	}
	return true, finish(ctx, w, r, nil)
}

// oneStatement does everything in one round trip.
func oneStatement(ctx context.Context, w *worker, r *row) (bool, error) {
	c := r.Claim
	var placed int64
	var keyed bool
	err := w.conn.QueryRow(ctx, qOneStatement, int64(c.Pool), int32(c.From), int32(c.To), c.Count, raw(r.Key), raw(r.Hash), raw(r.id), r.now, r.locator, r.Caller,
		r.Currency, r.until, r.EndsAt, raw(r.Supplier), r.document, w.n, w.stream, r.event()).Scan(&placed, &keyed)
	if err != nil {
		return false, fmt.Errorf("one statement: %w", err)
	}
	if placed == 0 && keyed {
		return false, errTaken
	}
	return placed == 1, nil
}

// unguarded reads, checks, and writes back what it read plus one: the usual mistake.
func unguarded(ctx context.Context, w *worker, r *row) (bool, error) {
	c := r.Claim
	rows, done, err := begin(ctx, w, r, true, qReadSlots, int64(c.Pool), int32(c.From), int32(c.To))
	if err != nil {
		return false, err
	}
	var s slots
	if err := errors.Join(s.read(rows, r, true), done()); err != nil {
		return false, err
	}
	if !s.free {
		w.rollback(ctx)
		return false, nil
	}
	return true, finish(ctx, w, r, func(b *pgx.Batch) { b.Queue(qSetSlots, int64(c.Pool), c.Count, s.number, s.taken) })
}
