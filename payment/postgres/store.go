// Package postgres keeps payments and what the sandbox provider knows in one schema of a PostgreSQL database. Any number
// of processes may work on it at once: a change locks its payment's row.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/internal/pgdb"
	"holdfast/internal/sqlfile"
	"holdfast/payment"
)

// Schema is where everything is.
const Schema = "payment"

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed queries.sql
var queriesText string

var queries = sqlfile.Parse("payment/postgres/queries.sql", queriesText)

var (
	insertPayment         = queries.Get("insert_payment")
	selectPayment         = queries.Get("payment")
	lockPayment           = queries.Get("lock_payment")
	paymentsOfReservation = queries.Get("payments_of_reservation")
	paymentsAfter         = queries.Get("payments_after")
	updatePayment         = queries.Get("update_payment")
	insertRefund          = queries.Get("insert_refund")
	updateRefund          = queries.Get("update_refund")
	lockRefund            = queries.Get("lock_refund")
	refundsOfReservation  = queries.Get("refunds_of_reservation")
	refundsOfPayments     = queries.Get("refunds_of_payments")
	insertEntry           = queries.Get("insert_entry")
	insertPostings        = queries.Get("insert_postings")
	unbalanced            = queries.Get("unbalanced")
	ledgerOfPayments      = queries.Get("ledger_of_payments")
	balances              = queries.Get("balances")
)

// firstPause is about how long a transaction that lost against another one waits before it tries again; each further
// pause is twice as long.
const firstPause = 2 * time.Millisecond

// Migrate creates the schema if there is none and brings it to the version this binary needs.
func Migrate(ctx context.Context, dsn string) error {
	return pgdb.Migrate(ctx, dsn, Schema, migrations)
}

// Store is a payment.Store in one schema.
type Store struct{ pool *pgxpool.Pool }

var _ payment.Store = (*Store)(nil)

// Open opens a migrated schema with at most maxConns connections (0: the default of pgdb); one at another version than
// this binary needs is refused.
func Open(ctx context.Context, dsn string, maxConns int32) (*Store, error) {
	if err := pgdb.RequireVersion(ctx, dsn, Schema, migrations); err != nil {
		return nil, err
	}
	pool, err := pgdb.Open(ctx, dsn, pgdb.Options{Schema: Schema, MaxConns: maxConns})
	if err != nil {
		return nil, err
	}
	return &Store{pool: pool}, nil
}

// Close waits for what runs and closes the connections; the Sandbox goes with them.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Begin writes r unless a payment with its id is there.
func (s *Store) Begin(ctx context.Context, r payment.Record) (payment.Record, bool, error) {
	var there payment.Record
	var fresh bool
	err := write(ctx, s.pool, "begin payment", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, insertPayment, pg(r.ID), pg(r.Reservation), r.Amount.Minor, string(r.Amount.Currency), r.Provider, r.Method,
			int16(r.Status), int16(r.Goal), r.Reason, r.Refunding.Minor, r.Refunded.Minor, r.CreatedAt, r.UpdatedAt)
		if err != nil {
			return err
		}
		fresh = tag.RowsAffected() == 1
		there, err = record(ctx, tx, selectPayment, r.ID)
		return err
	})
	return there, fresh, err
}

// Change is the store's one way to change a payment.
func (s *Store) Change(ctx context.Context, key payment.Key, decide func(payment.Record, *payment.Refund) (*payment.Change, error)) (payment.Row, error) {
	var row payment.Row
	err := write(ctx, s.pool, "change payment", func(tx pgx.Tx) error {
		r, err := record(ctx, tx, lockPayment, key.Payment)
		if err != nil {
			return err
		}
		row = payment.Row{Record: r}
		if !key.Refund.IsZero() {
			refunds, err := list(ctx, tx, refundOf, lockRefund, pg(key.Refund))
			if err != nil {
				return err
			}
			if len(refunds) > 0 {
				row.Refund = &refunds[0]
			}
		}
		change, err := decide(r, row.Refund)
		if err != nil || change == nil {
			return err
		}
		if err := apply(ctx, tx, change, row.Refund == nil); err != nil {
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

// apply writes a change in one round trip, and adds up its entries in one more each.
func apply(ctx context.Context, tx pgx.Tx, c *payment.Change, newRefund bool) error {
	var batch pgx.Batch
	r := c.Record
	batch.Queue(updatePayment, pg(r.ID), int16(r.Status), int16(r.Goal), r.Reason, r.Refunding.Minor, r.Refunded.Minor, r.UpdatedAt)
	if f := c.Refund; f != nil && newRefund {
		batch.Queue(insertRefund, pg(f.ID), pg(f.Payment), f.Amount.Minor, string(f.Amount.Currency), int16(f.Status), f.CreatedAt, f.Reference)
	} else if f != nil {
		batch.Queue(updateRefund, pg(f.ID), int16(f.Status), f.Reference)
	}
	for _, e := range c.Entries {
		if err := e.Check(); err != nil {
			return err
		}
		post(&batch, e)
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	for _, e := range c.Entries {
		wrong, err := list(ctx, tx, pgx.RowTo[string], unbalanced, pg(e.ID))
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return fmt.Errorf("%w: its rows add up to %v", payment.ErrUnbalanced, wrong)
		}
	}
	return nil
}

func post(batch *pgx.Batch, e payment.Entry) {
	var refund any
	if e.Kind == payment.RefundEntry {
		refund = pg(e.ID)
	}
	batch.Queue(insertEntry, pg(e.ID), int16(e.Kind), pg(e.Payment), refund, e.At)
	var numbers []int16
	var accounts, currencies []string
	var amounts []int64
	for i, p := range e.Postings {
		numbers = append(numbers, int16(i+1))
		accounts = append(accounts, p.Account)
		amounts = append(amounts, p.Amount.Minor)
		currencies = append(currencies, string(p.Amount.Currency))
	}
	batch.Queue(insertPostings, pg(e.ID), numbers, accounts, amounts, currencies)
}

// write runs fn in a transaction and translates what it fails with. fn runs again when the transaction lost against
// another one, when that one wrote the same new row first, and after a commit of unknown outcome: it then finds what is
// there.
func write(ctx context.Context, pool *pgxpool.Pool, what string, fn func(pgx.Tx) error) error {
	pause := firstPause
	for try := 1; ; try++ {
		err := pgdb.Tx(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
		again := errors.Is(err, pgdb.ErrConflict) || errors.Is(err, pgdb.ErrUnique) || errors.Is(err, pgdb.ErrUnknownCommit)
		if !again || try == payment.MaxTries {
			return door(err, what)
		}
		select {
		case <-ctx.Done():
			return door(errors.Join(ctx.Err(), err), what)
		case <-time.After(pause + rand.N(pause)): //nolint:gosec // G404: a pause may be guessed
			pause *= 2
		}
	}
}

// read runs fn on one snapshot and translates what it fails with.
func read(ctx context.Context, pool *pgxpool.Pool, what string, fn func(pgx.Tx) error) error {
	return door(pgdb.Tx(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn), what)
}

func door(err error, what string) error {
	transient := false
	for _, kind := range []error{pgdb.ErrConflict, pgdb.ErrUnavailable, pgdb.ErrReadOnly, pgdb.ErrFull, pgdb.ErrUnknownCommit} {
		transient = transient || errors.Is(err, kind)
	}
	return payment.StoreFault(err, what, transient)
}
