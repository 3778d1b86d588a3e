// Package sqlite keeps payments and what the sandbox provider knows in one SQLite file.
package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"holdfast/internal/sqlfile"
	"holdfast/internal/sqlitedb"
	"holdfast/payment"
	"holdfast/uid"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queriesText string

var queries = sqlfile.Parse("payment/sqlite/queries.sql", queriesText)

var (
	insertPayment         = queries.Get("insert_payment")
	selectPayment         = queries.Get("payment")
	paymentsOfReservation = queries.Get("payments_of_reservation")
	paymentsAfter         = queries.Get("payments_after")
	updatePayment         = queries.Get("update_payment")
	insertRefund          = queries.Get("insert_refund")
	updateRefund          = queries.Get("update_refund")
	selectRefund          = queries.Get("refund")
	refundsOfReservation  = queries.Get("refunds_of_reservation")
	refundsOfPayment      = queries.Get("refunds_of_payment")
	insertPosting         = queries.Get("insert_posting")
	insertEntry           = queries.Get("insert_entry")
	unbalanced            = queries.Get("unbalanced")
	ledgerOfPayment       = queries.Get("ledger_of_payment")
	balances              = queries.Get("balances")
)

// Migrate brings the file at path, created if there is none, to the version this binary needs.
func Migrate(ctx context.Context, path string) error { return sqlitedb.Migrate(ctx, path, migrations) }

// Store is a payment.Store in one file. One process opens the file at a time.
type Store struct{ db *sqlitedb.DB }

var _ payment.Store = (*Store)(nil)

// Open opens a migrated file; one at another version than this binary needs is refused.
func Open(ctx context.Context, path string, options sqlitedb.Options) (*Store, error) {
	if err := sqlitedb.RequireVersion(ctx, path, migrations); err != nil {
		return nil, err
	}
	db, err := sqlitedb.Open(ctx, path, options)
	if err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Close waits for what runs and closes the file; the Sandbox goes with it.
func (s *Store) Close() error { return s.db.Close() }

// Begin writes r unless a payment with its id is there.
func (s *Store) Begin(ctx context.Context, r payment.Record) (payment.Record, bool, error) {
	var there payment.Record
	var fresh bool
	err := write(ctx, s.db, "begin payment", func(conn *sqlite.Conn) error {
		err := run(conn, insertPayment, r.ID[:], r.Reservation[:], r.Amount.Minor, string(r.Amount.Currency), r.Provider, r.Method,
			int64(r.Status), int64(r.Goal), r.Reason, r.Refunding.Minor, r.Refunded.Minor, r.CreatedAt.UnixMicro(), r.UpdatedAt.UnixMicro())
		if err != nil {
			return err
		}
		fresh = conn.Changes() == 1
		there, err = record(conn, r.ID)
		return err
	})
	return there, fresh, err
}

// Change is the store's one way to change a payment.
func (s *Store) Change(ctx context.Context, key payment.Key, decide func(payment.Record, *payment.Refund) (*payment.Change, error)) (payment.Row, error) {
	var row payment.Row
	err := write(ctx, s.db, "change payment", func(conn *sqlite.Conn) error {
		r, err := record(conn, key.Payment)
		if err != nil {
			return err
		}
		refunds, err := list(conn, refundOf, selectRefund, key.Refund[:])
		if err != nil {
			return err
		}
		row = payment.Row{Record: r}
		if len(refunds) > 0 {
			row.Refund = &refunds[0]
		}
		change, err := decide(r, row.Refund)
		if err != nil || change == nil {
			return err
		}
		if err := apply(conn, change, row.Refund == nil); err != nil {
			return err
		}
		row.Record = change.Record
		if change.Refund != nil {
			row.Refund = change.Refund
		}
		return nil
	})
	return row, err
}

func apply(conn *sqlite.Conn, c *payment.Change, newRefund bool) error {
	r := c.Record
	if err := run(conn, updatePayment, r.ID[:], int64(r.Status), int64(r.Goal), r.Reason, r.Refunding.Minor, r.Refunded.Minor, r.UpdatedAt.UnixMicro()); err != nil {
		return err
	}
	if f := c.Refund; f != nil {
		var err error
		if newRefund {
			err = run(conn, insertRefund, f.ID[:], f.Payment[:], f.Amount.Minor, string(f.Amount.Currency), int64(f.Status), f.CreatedAt.UnixMicro(), f.Reference)
		} else {
			err = run(conn, updateRefund, f.ID[:], int64(f.Status), f.Reference)
		}
		if err != nil {
			return err
		}
	}
	for _, e := range c.Entries {
		if err := post(conn, e); err != nil {
			return err
		}
	}
	return nil
}

func post(conn *sqlite.Conn, e payment.Entry) error {
	if err := e.Check(); err != nil {
		return err
	}
	for i, p := range e.Postings {
		if err := run(conn, insertPosting, e.ID[:], int64(i+1), p.Account, p.Amount.Minor, string(p.Amount.Currency)); err != nil {
			return err
		}
	}
	var refund any
	if e.Kind == payment.RefundEntry {
		refund = e.ID[:]
	}
	if err := run(conn, insertEntry, e.ID[:], int64(e.Kind), e.Payment[:], refund, e.At.UnixMicro()); err != nil {
		return err
	}
	wrong, err := list(conn, func(s *sqlite.Stmt) string { return s.ColumnText(1) + " " + s.ColumnText(0) }, unbalanced, e.ID[:])
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("%w: its rows add up to %v", payment.ErrUnbalanced, wrong)
	}
	return err
}

// record reads one payment.
func record(conn *sqlite.Conn, id uid.ID) (payment.Record, error) {
	records, err := list(conn, recordOf, selectPayment, id[:])
	if err != nil {
		return payment.Record{}, err
	}
	if len(records) == 0 {
		return payment.Record{}, payment.NotFound(id)
	}
	return records[0], nil
}

// write runs fn in a write transaction and translates what it fails with. After a commit of unknown outcome fn runs
// again and finds what is there.
func write(ctx context.Context, db *sqlitedb.DB, what string, fn func(*sqlite.Conn) error) error {
	var err error
	for range payment.MaxTries {
		if err = db.WriteTogether(ctx, fn); !errors.Is(err, sqlitedb.ErrUnknownCommit) {
			break
		}
	}
	return door(err, what)
}

// read runs fn on one snapshot and translates what it fails with.
func read(ctx context.Context, db *sqlitedb.DB, what string, fn func(*sqlite.Conn) error) error {
	return door(db.Read(ctx, fn), what)
}

func door(err error, what string) error {
	transient := false
	for _, kind := range []error{sqlitedb.ErrBusy, sqlitedb.ErrFull, sqlitedb.ErrIO, sqlitedb.ErrReadOnly, sqlitedb.ErrClosed, sqlitedb.ErrUnknownCommit} {
		transient = transient || errors.Is(err, kind)
	}
	return payment.StoreFault(err, what, transient)
}
