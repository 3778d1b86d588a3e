// Package postgres keeps the rows of reservation in PostgreSQL 15 or newer, for any number of processes at once.
//
// A batch is one READ COMMITTED transaction. One that names no reservation, as placings do, takes two round trips: begin,
// store the batch's row, claim keys, look for lapsed holds, lock pools, slots, units and counts; then write and commit. One that
// names some takes three: what belongs to them must be known before their slots are locked. Where holds have lapsed on
// its pools a batch begins again in the longer form, which reads what belongs to these too. A hundred new reservations or
// more, and their claims, are stored by COPY ahead of the other writes: three round trips for a large batch. A layout of
// units that this process has not met yet takes one more, once.
//
// COMMIT goes with the writes. A write that fails, or changes another number of rows than it must (exactly, in
// migrations/00002_rows.sql), is an error of the server, which then reads over the rest of the pipeline. Whatever becomes
// of the connection once the writes were sent leaves the outcome unknown: reservation.ErrUnknownCommit, see Committed.
//
// Nobody deadlocks. Waiting happens in this order, and who waits at one place holds only locks of places before it:
//
//  1. claim_keys: by id, an uncommitted key of another batch or a row lock on a stored one;
//  2. lock_reservations: by id;
//  3. lock_due: never waits (SKIP LOCKED). It comes after 2 and adds locks of class 2 out of order, which is harmless: a
//     batch that holds them waits for no reservation any more, so no circle can go through class 2 twice;
//  4. lock_pool_counter, then lock_pools by id;
//  5. lock_slots by (pool, slot);
//  6. lock_units by (pool, block);
//  7. lock_counts by (caller, pool);
//  8. the writes, table by table in one order: rows locked before, and new rows by their keys. New rows of two batches
//     meet only where they place under one id, draw one locator, give out the first units of one block, or begin to count
//     for one caller in one pool (rows of ended, and what is archived, are of locked reservations and pools); both then hold
//     all their locks of 1 to 7, and the one that waits is behind the other in the order of 8. (Two pairs of equal locators, crosswise, would be a deadlock in
//     10^16 batches, and so would quotes that pruning deletes just while their reservations are archived, months after they
//     expired; the server would end one, which runs again.)
//  9. advance_stream, then COMMIT.
//
// The order within 5 to 7 is that of the arrays, which come sorted: each row is looked up and locked by itself, in turn.
// Pruning takes only what nobody holds (SKIP LOCKED), and Committed waits while it holds nothing at all.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/fault"
	"holdfast/internal/pgdb"
	"holdfast/reservation"
	"holdfast/reservation/record"
	"holdfast/uid"
)

// Schema is the schema that this engine owns.
const Schema = "reservation"

// Store is a reservation.Store on one database.
type Store struct {
	pool    *pgxpool.Pool
	streams sync.Map    // names of streams that are known to exist
	lapsed  atomic.Bool // the last batch that asked met holds that have lapsed
	layouts record.LayoutCache
	id      uint64 // of this store among those that announce
	stats   struct{ conflicts, deadlocks, collisions atomic.Int64 }

	announcing announcing
}

var _ reservation.Store = (*Store)(nil)

// Stats counts the batches that were run again since the store was opened.
type Stats struct {
	Conflicts  int64 // serialization failures and deadlocks
	Deadlocks  int64 // of those, deadlocks: always 0 unless the lock order is broken
	Collisions int64 // a new locator, id, count or block of units was taken meanwhile
}

// Stats are the counts so far.
func (s *Store) Stats() Stats {
	return Stats{s.stats.conflicts.Load(), s.stats.deadlocks.Load(), s.stats.collisions.Load()}
}

const (
	// batchTries bounds how often a batch is run again after a conflict.
	batchTries = 8
	// retryAfter is what a caller is told when the database is away.
	retryAfter = time.Second
	// endTimeout bounds ROLLBACK and writeTimeout the writes with their COMMIT, which go on when the caller has given up.
	endTimeout   = 10 * time.Second
	writeTimeout = 30 * time.Second
)

// errGuard: the rows are not what the batch had loaded, or a constraint refused them: a defect, never the caller's.
var errGuard = errors.New("guard tripped")

// Migrate creates the schema if there is none and brings it to the version this engine needs.
func Migrate(ctx context.Context, dsn string) error {
	return pgdb.Migrate(ctx, dsn, Schema, migrations)
}

// Open connects to the database, whose schema must stand at the version this engine needs (see Migrate). maxConns
// bounds the connections; 0 leaves it to pgdb.
func Open(ctx context.Context, dsn string, maxConns int32) (*Store, error) {
	if err := pgdb.RequireVersion(ctx, dsn, Schema, migrations); err != nil {
		return nil, err
	}
	pool, err := pgdb.Open(ctx, dsn, pgdb.Options{Schema: Schema, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	return &Store{pool: pool, id: rand.Uint64()}, nil //nolint:gosec // only tells processes apart; two that got one number would not hear each other, and look by themselves
}

// Close waits for what runs and closes every connection.
func (s *Store) Close() error {
	s.silence()
	s.pool.Close()
	return nil
}

// Transact runs one batch, again on fresh rows after a conflict.
func (s *Store) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	if err := s.ensureStream(ctx, b.Stream); err != nil {
		return door(err, "stream")
	}
	for try := 1; ; try++ {
		err := s.transact(ctx, b, need, decide)
		var refused *refusal
		switch {
		case err == nil:
			return nil
		case errors.As(err, &refused):
			return refused.err
		case errors.Is(err, pgdb.ErrUnknownCommit):
			return door(err, "commit")
		case errors.Is(err, pgdb.ErrConflict):
			s.stats.conflicts.Add(1)
			if errors.Is(err, pgdb.ErrDeadlock) {
				s.stats.deadlocks.Add(1)
			}
		case collides(err):
			s.stats.collisions.Add(1)
		default:
			return door(err, "batch")
		}
		if try == batchTries {
			return door(err, "batch")
		}
	}
}

// refusal carries what decide said through the end of the transaction; it is passed on as it is.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// The unique constraints at which two batches can meet.
const (
	uniqueLocator = "reservations_locator"
	uniqueID      = "reservations_pkey"
	uniqueName    = "reservations_name"
	uniqueCount   = "hold_counts_pkey"
	uniqueBlock   = "unit_blocks_pkey"
)

// collides reports whether fresh rows may help: the rules draw another locator, or find the reservation that another
// process has placed under the same id, or the count that it has begun, or the units that it has given out.
func collides(err error) bool {
	if !errors.Is(err, pgdb.ErrUnique) {
		return false
	}
	switch pgdb.Constraint(err) {
	case uniqueLocator, uniqueID, uniqueName, uniqueCount, uniqueBlock:
		return true
	}
	return false
}

// transact runs a batch once.
func (s *Store) transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	l, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer l.release()
	defer func() {
		if l.wire.TxStatus() != idle { // after a panic of the rules too
			l.rollback(ctx)
		}
	}()
	t := &transaction{link: l, batch: b, need: need, layouts: &s.layouts}
	loaded := false
	lapsed := s.lapsed.Load() && len(need.DuePools) > 0 // where holds have lapsed, the next batches will meet some too
	atOnce := len(need.Reservations) == 0 && !lapsed
	if atOnce {
		if loaded, err = t.loadAtOnce(ctx); err != nil {
			return err
		}
	}
	if !loaded {
		if err := t.load(ctx, atOnce); err != nil {
			return err
		}
	}
	if len(need.DuePools) > 0 {
		if met := len(t.rows.Due) > 0; met != s.lapsed.Load() {
			s.lapsed.Store(met)
		}
	}
	changes, err := decide(t.rows)
	if err != nil {
		return &refusal{err}
	}
	if changes == nil {
		changes = &reservation.Changes{}
	}
	return t.write(ctx, changes)
}

// idle is what the server says outside of a transaction.
const idle = 'I'

// commit sends a batch's writes with their COMMIT; the end of ctx does not stop it any more, for that would only make its
// outcome unknown, as does whatever else becomes of the connection from here on.
func (l *link) commit(ctx context.Context, p *pipe) error {
	p.do(ctx, qCommit, p.args())
	if p.err != nil { // it never left
		return pgdb.Classify(p.err)
	}
	if l.wire.IsClosed() {
		return pgdb.ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	return pgdb.AtCommit(p.run(ctx))
}

// rollback ends the transaction without its effects. If it fails, the pool closes the connection, and the server rolls
// back.
func (l *link) rollback(ctx context.Context) {
	if l.wire.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	p := l.pipe()
	p.do(ctx, qRollback, p.args())
	_ = p.run(ctx)
}

// ensureStream makes the row of a stream before the first batch that writes to it, so that batches only update it.
func (s *Store) ensureStream(ctx context.Context, name string) error {
	if _, known := s.streams.Load(name); known {
		return nil
	}
	if err := s.once(ctx, func(p *pipe) { p.do(ctx, qInsertStream, p.args().text(name)) }); err != nil {
		return err
	}
	s.streams.Store(name, struct{}{})
	return nil
}

// once runs statements that are a transaction together, in one round trip.
func (s *Store) once(ctx context.Context, add func(*pipe)) error {
	l, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer l.release()
	p := l.pipe()
	add(p)
	return p.run(ctx)
}

// Committed reports whether a batch took effect. While the batch's transaction is still open on the server (its
// connection broke, and the server has not noticed, or has the COMMIT before it in its queue), its row in batches is
// there, uncommitted: load wrote it first, and its answer came before COMMIT was sent. Inserting the same id therefore
// waits for the end of that transaction; it then meets the row (committed) or does not (rolled back, and this
// transaction leaves nothing either). An abandoned transaction is ended by the server after a few seconds (settings).
func (s *Store) Committed(ctx context.Context, batch uid.ID) (bool, error) {
	l, err := s.acquire(ctx)
	if err != nil {
		return false, door(err, "look up batch")
	}
	defer l.release()
	defer l.rollback(ctx)
	p := l.pipe()
	p.do(ctx, qBegin, p.args())
	fresh := 0
	p.add(ctx, qFindBatch, p.args().id(batch), step{name: qFindBatch.name, changed: &fresh})
	if err := p.run(ctx); err != nil {
		return false, door(err, "look up batch")
	}
	return fresh == 0, nil
}

// door translates what the engine says into the errors that reservation knows.
func door(err error, what string) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, pgdb.ErrUnknownCommit):
		return fmt.Errorf("%s: %w: %w", what, reservation.ErrUnknownCommit, err)
	case errors.Is(err, pgdb.ErrUnique) && (pgdb.Constraint(err) == uniqueID || pgdb.Constraint(err) == uniqueName):
		return fault.New(fault.Conflict, "reservation_exists", "A reservation with this id exists already.").Because(err)
	case collides(err),
		errors.Is(err, pgdb.ErrConflict), errors.Is(err, pgdb.ErrUnavailable), errors.Is(err, pgdb.ErrFull), errors.Is(err, pgdb.ErrReadOnly),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Overloaded(retryAfter).Because(fmt.Errorf("%s: %w", what, err))
	case errors.Is(err, pgdb.ErrConstraint):
		return fault.Wrap(fmt.Errorf("%w: %w", errGuard, err), what)
	}
	return fault.Wrap(err, what)
}
