package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

var (
	sandboxAuthorization       = queries.Get("sandbox_authorization")
	lockSandboxAuthorization   = queries.Get("lock_sandbox_authorization")
	sandboxRefunds             = queries.Get("sandbox_refunds")
	sandboxCall                = queries.Get("sandbox_call")
	insertSandboxAuthorization = queries.Get("insert_sandbox_authorization")
	updateSandboxAuthorization = queries.Get("update_sandbox_authorization")
	insertSandboxRefund        = queries.Get("insert_sandbox_refund")
	insertSandboxCall          = queries.Get("insert_sandbox_call")
)

// Sandbox is the sandbox provider's store, in tables of its own of the same schema.
func (s *Store) Sandbox() sandbox.Store { return sandboxStore{s.pool} }

type sandboxStore struct{ pool *pgxpool.Pool }

func (s sandboxStore) Change(ctx context.Context, id uid.ID, key string, decide func(sandbox.File) (*sandbox.Update, error)) error {
	return write(ctx, s.pool, "change sandbox", func(tx pgx.Tx) error {
		f, err := file(ctx, tx, lockSandboxAuthorization, id)
		if err != nil {
			return err
		}
		calls, err := list(ctx, tx, callOf, sandboxCall, key)
		if err != nil {
			return err
		}
		if len(calls) > 0 {
			f.Call = &calls[0]
		}
		u, err := decide(f)
		if err != nil || u == nil {
			return err
		}
		return update(ctx, tx, u, f.Authorization == nil)
	})
}

func (s sandboxStore) File(ctx context.Context, id uid.ID) (f sandbox.File, err error) {
	err = read(ctx, s.pool, "read sandbox", func(tx pgx.Tx) error {
		f, err = file(ctx, tx, sandboxAuthorization, id)
		return err
	})
	return f, err
}

// file reads what is known of a payment. Where nothing is, nothing is locked either: of two that add it at once the
// second runs into the first's row and tries again.
func file(ctx context.Context, tx pgx.Tx, query string, id uid.ID) (sandbox.File, error) {
	var f sandbox.File
	found, err := list(ctx, tx, authorizationOf, query, pg(id))
	if err != nil || len(found) == 0 {
		return f, err
	}
	f.Authorization = &found[0]
	f.Refunds, err = list(ctx, tx, sandboxRefundOf, sandboxRefunds, pg(id))
	return f, err
}

func authorizationOf(row pgx.CollectableRow) (a sandbox.Authorization, err error) {
	var state int16
	var currency string
	err = row.Scan(scan(&a.Payment), &a.Amount.Minor, &currency, &a.Method, &state, &a.DecidedAt, &a.CreatedAt)
	a.Amount.Currency, a.State = money.Currency(currency), sandbox.State(state)
	a.DecidedAt, a.CreatedAt = a.DecidedAt.UTC(), a.CreatedAt.UTC()
	return a, err
}

func sandboxRefundOf(row pgx.CollectableRow) (r sandbox.Refund, err error) {
	var currency string
	err = row.Scan(scan(&r.ID), scan(&r.Payment), &r.Amount.Minor, &currency, &r.CreatedAt)
	r.Amount.Currency, r.CreatedAt = money.Currency(currency), r.CreatedAt.UTC()
	return r, err
}

func callOf(row pgx.CollectableRow) (c sandbox.Call, err error) {
	var operation, outcome int16
	var currency string
	err = row.Scan(&c.Key, &operation, scan(&c.Payment), scan(&c.Refund), &c.Amount.Minor, &currency, &outcome, &c.CreatedAt)
	c.Operation, c.Outcome = sandbox.Operation(operation), payment.Outcome(outcome)
	c.Amount.Currency, c.CreatedAt = money.Currency(currency), c.CreatedAt.UTC()
	return c, err
}

func update(ctx context.Context, tx pgx.Tx, u *sandbox.Update, newAuthorization bool) error {
	var batch pgx.Batch
	if a := u.Authorization; a != nil && newAuthorization {
		batch.Queue(insertSandboxAuthorization, pg(a.Payment), a.Amount.Minor, string(a.Amount.Currency), a.Method, int16(a.State), a.DecidedAt, a.CreatedAt)
	} else if a != nil {
		batch.Queue(updateSandboxAuthorization, pg(a.Payment), int16(a.State))
	}
	if r := u.Refund; r != nil {
		batch.Queue(insertSandboxRefund, pg(r.ID), pg(r.Payment), r.Amount.Minor, string(r.Amount.Currency), r.CreatedAt)
	}
	if c := u.Call; c != nil {
		batch.Queue(insertSandboxCall, c.Key, int16(c.Operation), pg(c.Payment), pg(c.Refund), c.Amount.Minor, string(c.Amount.Currency),
			int16(c.Outcome), c.CreatedAt)
	}
	return tx.SendBatch(ctx, &batch).Close()
}
