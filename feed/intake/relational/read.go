package relational

import (
	"context"
	"time"

	"holdfast/feed/intake"
	"holdfast/internal/sqldb"
	"holdfast/uid"
)

// Feed implements intake.Store.
func (s *Store) Feed(ctx context.Context, partner string) (there *intake.Status, err error) {
	err = s.db.Read(ctx, "read feed", func(tx sqldb.Tx) error {
		return tx.Rows("feed", []any{partner}, func(r sqldb.Row) error {
			there = status(r)
			return nil
		})
	})
	return there, err
}

// Feeds implements intake.Store.
func (s *Store) Feeds(ctx context.Context, supplier uid.ID, after string, limit int) (all []intake.Status, err error) {
	err = s.db.Read(ctx, "read feeds", func(tx sqldb.Tx) error {
		return tx.Rows("feeds", []any{supplier.IsZero(), supplier, after, int64(limit)}, func(r sqldb.Row) error {
			all = append(all, *status(r))
			return nil
		})
	})
	return all, err
}

// Due implements intake.Store.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) (partners []string, err error) {
	err = s.db.Read(ctx, "read due feeds", func(tx sqldb.Tx) error {
		now, err := tx.Now()
		if err != nil {
			return err
		}
		return tx.Rows("due", []any{at, now, int64(limit)}, func(r sqldb.Row) error {
			partners = append(partners, r.Text())
			return nil
		})
	})
	return partners, err
}

// Runs implements intake.Store.
func (s *Store) Runs(ctx context.Context, partner string, before uid.ID, limit int) (all []intake.Run, err error) {
	err = s.db.Read(ctx, "read runs", func(tx sqldb.Tx) error {
		return tx.Rows("runs", []any{partner, before.IsZero(), before, int64(limit)}, func(r sqldb.Row) error {
			n, err := runOf(r)
			all = append(all, n)
			return err
		})
	})
	return all, err
}

// Run implements intake.Store.
func (s *Store) Run(ctx context.Context, partner string, id uid.ID) (there *intake.Run, err error) {
	err = s.db.Read(ctx, "read run", func(tx sqldb.Tx) error {
		return tx.Rows("run", []any{partner, id}, func(r sqldb.Row) error {
			n, err := runOf(r)
			there = &n
			return err
		})
	})
	return there, err
}

// Keep implements intake.Store.
func (s *Store) Keep(ctx context.Context, partner string, run uid.ID, part int, body []byte) error {
	return s.db.Write(ctx, "keep delivery", func(tx sqldb.Tx) error {
		_, err := tx.Exec("put_part", partner, run, int64(part), body)
		return err
	})
}

// Kept implements intake.Store.
func (s *Store) Kept(ctx context.Context, partner string, run uid.ID, part int) (body []byte, err error) {
	err = s.db.Read(ctx, "read kept delivery", func(tx sqldb.Tx) error {
		return tx.Rows("part", []any{partner, run, int64(part)}, func(r sqldb.Row) error {
			body = r.Bytes()
			return nil
		})
	})
	return body, err
}

// KeptBytes implements intake.Store.
func (s *Store) KeptBytes(ctx context.Context) (total int64, err error) {
	err = s.db.Read(ctx, "count kept deliveries", func(tx sqldb.Tx) error {
		return tx.Rows("kept_bytes", nil, func(r sqldb.Row) error {
			total = r.Int()
			return nil
		})
	})
	return total, err
}
