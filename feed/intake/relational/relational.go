// Package relational keeps feeds in the tables of a relational engine: which statements make up a write and a read, and
// how rows become feeds and runs. The engines (intake/sqlite, intake/postgres) own the SQL and the types of their
// columns; both run the same statements by name (see internal/sqldb), so both mean the same.
package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast/feed/intake"
	"holdfast/internal/sqldb"
)

// Store is the intake.Store over an engine.
type Store struct{ db *sqldb.DB }

var _ intake.Store = (*Store)(nil)

// New makes a store of an engine whose tables exist.
func New(e sqldb.Engine) *Store {
	return &Store{sqldb.New(e, sqldb.Errors{UnknownCommit: intake.ErrUnknownCommit, Taken: intake.ErrTaken})}
}

// Close implements intake.Store.
func (s *Store) Close() error { return s.db.Close() }

// Hold keeps writers out until release is called: a backup fixes the state of all stores at one instant. Only a store
// whose writers all live in this process can.
func (s *Store) Hold(ctx context.Context) (release func(), err error) { return s.db.Hold(ctx) }

// Statements names what an engine's queries.sql must have.
var Statements = []string{
	"lock_feed", "feed", "feeds", "due", "insert_feed", "update_feed", "update_state", "delete_feed",
	"put_run", "lose_run", "prune_runs", "unkeep_run", "drop_parts", "runs", "run",
	"put_part", "part", "kept_bytes",
}

// Transact implements intake.Store.
func (s *Store) Transact(ctx context.Context, partner string, fn func(now time.Time, s *intake.Status) (intake.Change, error)) error {
	var said error // by fn: it comes back as it is
	err := s.db.Write(ctx, "change feed", func(tx sqldb.Tx) error {
		said = nil
		var there *intake.Status
		if err := tx.Rows("lock_feed", []any{partner}, func(r sqldb.Row) error {
			there = status(r)
			return nil
		}); err != nil {
			return err
		}
		now, err := tx.Now()
		if err != nil {
			return err
		}
		existed := there != nil
		change, err := fn(now, there)
		if err != nil {
			said = err
			return err
		}
		return apply(tx, partner, existed, &change, now)
	})
	if said != nil {
		return said
	}
	return err
}

// apply writes a change.
func apply(tx sqldb.Tx, partner string, existed bool, c *intake.Change, now time.Time) error {
	exec := func(statement string, args ...any) error {
		_, err := tx.Exec(statement, args...)
		return err
	}
	if c.Delete {
		return exec("delete_feed", partner)
	}
	switch {
	case c.Feed != nil && !existed:
		if err := exec("insert_feed", slices.Concat([]any{partner}, definition(c.Feed), state(c.State))...); err != nil {
			return err
		}
	case c.Feed != nil:
		if err := exec("update_feed", slices.Concat([]any{partner}, definition(c.Feed))...); err != nil {
			return err
		}
	}
	if c.State != nil && existed {
		if err := exec("update_state", slices.Concat([]any{partner}, state(c.State))...); err != nil {
			return err
		}
	}
	if !c.Lost.IsZero() {
		if err := exec("lose_run", partner, c.Lost, now, int64(intake.Failed), int64(intake.Running)); err != nil {
			return err
		}
	}
	for i := range c.Runs {
		if err := putRun(tx, partner, &c.Runs[i]); err != nil {
			return err
		}
	}
	for _, id := range c.Drop {
		if err := exec("drop_parts", partner, id); err != nil {
			return err
		}
		if err := exec("unkeep_run", partner, id); err != nil {
			return err
		}
	}
	if c.Keep > 0 {
		return exec("prune_runs", partner, int64(c.Keep))
	}
	return nil
}

func definition(f *intake.Feed) []any {
	return []any{
		f.Supplier, f.Format, f.URL, f.Every.Milliseconds(), f.Jitter.Milliseconds(), int64(f.MaxRemovedBP), int64(f.ShiftWeeks), f.Enabled,
		f.Header.Name, f.Header.Value, f.Revision, f.CreatedAt, f.UpdatedAt,
	}
}

func state(s *intake.State) []any {
	return []any{
		s.Due, int64(s.Failures), s.Received, s.Applied, s.Stamp.Sequence, s.Stamp.At, s.Begun.Sequence, s.Begun.At, s.Digest[:], s.ETag, s.LastModified,
		s.Held.Run, s.Held.Stamp.Sequence, s.Held.Stamp.At, s.Held.Digest[:], s.Held.Bytes, s.Run, s.LeaseUntil,
	}
}

func putRun(tx sqldb.Tx, partner string, r *intake.Run) error {
	remarks, err := json.Marshal(r.Remarks)
	if err != nil {
		return fmt.Errorf("remarks: %w", err)
	}
	_, err = tx.Exec("put_run", partner, r.ID, int64(r.Trigger), r.Actor, r.Started, r.Ended, int64(r.Outcome), r.DryRun, r.Stamp.Sequence, r.Stamp.At, r.Bytes, r.Kept, r.Of,
		r.Added, r.Changed, r.Removed, r.Untouched, r.Stale, r.Refused, r.Code, r.Message, string(remarks), r.Took.Microseconds())
	return err
}

func status(r sqldb.Row) *intake.Status {
	s := &intake.Status{}
	f, st := &s.Feed, &s.State
	f.Partner, f.Supplier, f.Format, f.URL = r.Text(), r.ID(), r.Text(), r.Text()
	f.Every, f.Jitter = time.Duration(r.Int())*time.Millisecond, time.Duration(r.Int())*time.Millisecond
	f.MaxRemovedBP, f.ShiftWeeks, f.Enabled = int(r.Int()), int(r.Int()), r.Bool()
	f.Header.Name, f.Header.Value, f.Revision, f.CreatedAt, f.UpdatedAt = r.Text(), r.Text(), r.Int(), r.Time(), r.Time()
	st.Due, st.Failures, st.Received, st.Applied = r.Time(), int(r.Int()), r.Time(), r.Time()
	st.Stamp, st.Begun = stamp(r), stamp(r)
	st.Digest, st.ETag, st.LastModified = digest(r), r.Text(), r.Text()
	st.Held.Run = r.ID()
	st.Held.Stamp = stamp(r)
	st.Held.Digest, st.Held.Bytes = digest(r), r.Int()
	st.Run, st.LeaseUntil = r.ID(), r.Time()
	return s
}

func stamp(r sqldb.Row) intake.Stamp { return intake.Stamp{Sequence: r.Int(), At: r.Time()} }

func digest(r sqldb.Row) (d intake.Digest) {
	copy(d[:], r.Bytes())
	return d
}

func runOf(r sqldb.Row) (intake.Run, error) {
	var n intake.Run
	n.Partner, n.ID, n.Trigger, n.Actor, n.Started, n.Ended = r.Text(), r.ID(), intake.Trigger(r.Int()), r.Text(), r.Time(), r.Time()
	n.Outcome, n.DryRun = intake.Outcome(r.Int()), r.Bool()
	n.Stamp = stamp(r)
	n.Bytes, n.Kept, n.Of = r.Int(), r.Bool(), r.ID()
	n.Added, n.Changed, n.Removed, n.Untouched, n.Stale, n.Refused = r.Int(), r.Int(), r.Int(), r.Int(), r.Int(), r.Int()
	n.Code, n.Message = r.Text(), r.Text()
	if err := json.Unmarshal([]byte(r.Text()), &n.Remarks); err != nil {
		return n, fmt.Errorf("stored remarks: %w", err)
	}
	n.Took = time.Duration(r.Int()) * time.Microsecond
	return n, nil
}
