package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"holdfast/internal/sqlitedb"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

var (
	sandboxAuthorization    = queries.Get("sandbox_authorization")
	sandboxRefunds          = queries.Get("sandbox_refunds")
	sandboxCall             = queries.Get("sandbox_call")
	putSandboxAuthorization = queries.Get("put_sandbox_authorization")
	insertSandboxRefund     = queries.Get("insert_sandbox_refund")
	insertSandboxCall       = queries.Get("insert_sandbox_call")
)

// Sandbox is the sandbox provider's store, in tables of its own of the same file.
func (s *Store) Sandbox() sandbox.Store { return sandboxStore{s.db} }

type sandboxStore struct{ db *sqlitedb.DB }

func (s sandboxStore) Change(ctx context.Context, id uid.ID, key string, decide func(sandbox.File) (*sandbox.Update, error)) error {
	return write(ctx, s.db, "change sandbox", func(conn *sqlite.Conn) error {
		f, err := file(conn, id)
		if err != nil {
			return err
		}
		calls, err := list(conn, callOf, sandboxCall, key)
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
		return update(conn, u)
	})
}

func (s sandboxStore) File(ctx context.Context, id uid.ID) (f sandbox.File, err error) {
	err = read(ctx, s.db, "read sandbox", func(conn *sqlite.Conn) error {
		f, err = file(conn, id)
		return err
	})
	return f, err
}

func file(conn *sqlite.Conn, id uid.ID) (sandbox.File, error) {
	var f sandbox.File
	found, err := list(conn, func(stmt *sqlite.Stmt) sandbox.Authorization {
		return sandbox.Authorization{
			Payment: idOf(stmt, 0), Amount: amountOf(stmt, 1, 2), Method: stmt.ColumnText(3),
			State: sandbox.State(stmt.ColumnInt64(4)), DecidedAt: timeOf(stmt, 5), CreatedAt: timeOf(stmt, 6),
		}
	}, sandboxAuthorization, id[:])
	if err != nil || len(found) == 0 {
		return f, err
	}
	f.Authorization = &found[0]
	f.Refunds, err = list(conn, func(stmt *sqlite.Stmt) sandbox.Refund {
		return sandbox.Refund{ID: idOf(stmt, 0), Payment: idOf(stmt, 1), Amount: amountOf(stmt, 2, 3), CreatedAt: timeOf(stmt, 4)}
	}, sandboxRefunds, id[:])
	return f, err
}

func callOf(stmt *sqlite.Stmt) sandbox.Call {
	return sandbox.Call{
		Key: stmt.ColumnText(0), Operation: sandbox.Operation(stmt.ColumnInt64(1)), Payment: idOf(stmt, 2), Refund: idOf(stmt, 3),
		Amount: amountOf(stmt, 4, 5), Outcome: payment.Outcome(stmt.ColumnInt64(6)), CreatedAt: timeOf(stmt, 7),
	}
}

func update(conn *sqlite.Conn, u *sandbox.Update) error {
	if a := u.Authorization; a != nil {
		err := run(conn, putSandboxAuthorization, a.Payment[:], a.Amount.Minor, string(a.Amount.Currency), a.Method,
			int64(a.State), a.DecidedAt.UnixMicro(), a.CreatedAt.UnixMicro())
		if err != nil {
			return err
		}
	}
	if r := u.Refund; r != nil {
		err := run(conn, insertSandboxRefund, r.ID[:], r.Payment[:], r.Amount.Minor, string(r.Amount.Currency), r.CreatedAt.UnixMicro())
		if err != nil {
			return err
		}
	}
	if c := u.Call; c != nil {
		return run(conn, insertSandboxCall, c.Key, int64(c.Operation), c.Payment[:], c.Refund[:], c.Amount.Minor, string(c.Amount.Currency),
			int64(c.Outcome), c.CreatedAt.UnixMicro())
	}
	return nil
}
