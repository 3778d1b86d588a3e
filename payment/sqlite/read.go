package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/money"
	"holdfast/payment"
	"holdfast/uid"
)

// Payment reads one payment.
func (s *Store) Payment(ctx context.Context, id uid.ID) (r payment.Record, err error) {
	err = read(ctx, s.db, "read payment", func(conn *sqlite.Conn) error {
		r, err = record(conn, id)
		return err
	})
	return r, err
}

// Payments reads the payments and refunds of a reservation, oldest first.
func (s *Store) Payments(ctx context.Context, reservation uid.ID) (records []payment.Record, refunds []payment.Refund, err error) {
	err = read(ctx, s.db, "read payments", func(conn *sqlite.Conn) error {
		if records, err = list(conn, recordOf, paymentsOfReservation, reservation[:]); err != nil {
			return err
		}
		refunds, err = list(conn, refundOf, refundsOfReservation, reservation[:])
		return err
	})
	return records, refunds, err
}

// Balances adds up the postings of the reservations' accounts.
func (s *Store) Balances(ctx context.Context, reservations []uid.ID) ([]payment.Balance, error) {
	var found []payment.Balance
	err := read(ctx, s.db, "read balances", func(conn *sqlite.Conn) error {
		found = nil
		for _, id := range reservations {
			some, err := list(conn, func(stmt *sqlite.Stmt) payment.Balance {
				currency := money.Currency(stmt.ColumnText(0))
				return payment.Balance{
					Reservation: id,
					Captured:    money.Of(stmt.ColumnInt64(1), currency),
					Refunded:    money.Of(stmt.ColumnInt64(2), currency),
					Retained:    money.Of(stmt.ColumnInt64(3), currency),
				}
			}, balances, payment.ReservationAccount(id))
			if err != nil {
				return err
			}
			found = append(found, some...)
		}
		return nil
	})
	return found, err
}

// Dossiers reads payments with all that belongs to them.
func (s *Store) Dossiers(ctx context.Context, after uid.ID, limit int) ([]payment.Dossier, error) {
	var dossiers []payment.Dossier
	err := read(ctx, s.db, "read dossiers", func(conn *sqlite.Conn) error {
		records, err := list(conn, recordOf, paymentsAfter, after[:], int64(limit))
		if err != nil {
			return err
		}
		dossiers = make([]payment.Dossier, len(records))
		for i, r := range records {
			d := payment.Dossier{Record: r}
			if d.Refunds, err = list(conn, refundOf, refundsOfPayment, r.ID[:]); err != nil {
				return err
			}
			if d.Entries, err = entries(conn, r.ID); err != nil {
				return err
			}
			dossiers[i] = d
		}
		return nil
	})
	return dossiers, err
}

// entries reads the entries of a payment with their postings, by id.
func entries(conn *sqlite.Conn, id uid.ID) ([]payment.Entry, error) {
	var found []payment.Entry
	_, err := list(conn, func(stmt *sqlite.Stmt) struct{} {
		entry := idOf(stmt, 0)
		if n := len(found); n == 0 || found[n-1].ID != entry {
			found = append(found, payment.Entry{ID: entry, Kind: payment.Kind(stmt.ColumnInt64(1)), Payment: idOf(stmt, 2), At: timeOf(stmt, 3)})
		}
		if !stmt.ColumnIsNull(4) {
			last := &found[len(found)-1]
			last.Postings = append(last.Postings, payment.Posting{Account: stmt.ColumnText(4), Amount: amountOf(stmt, 5, 6)})
		}
		return struct{}{}
	}, ledgerOfPayment, id[:])
	return found, err
}

func recordOf(stmt *sqlite.Stmt) payment.Record {
	amount := amountOf(stmt, 2, 3)
	return payment.Record{
		Payment: payment.Payment{
			ID: idOf(stmt, 0), Reservation: idOf(stmt, 1), Amount: amount, Method: stmt.ColumnText(5),
			Status: payment.Status(stmt.ColumnInt64(6)), Reason: stmt.ColumnText(8),
			Refunded:  money.Of(stmt.ColumnInt64(10), amount.Currency),
			CreatedAt: timeOf(stmt, 11), UpdatedAt: timeOf(stmt, 12),
		},
		Provider: stmt.ColumnText(4), Goal: payment.Goal(stmt.ColumnInt64(7)),
		Refunding: money.Of(stmt.ColumnInt64(9), amount.Currency),
	}
}

func refundOf(stmt *sqlite.Stmt) payment.Refund {
	return payment.Refund{
		ID: idOf(stmt, 0), Payment: idOf(stmt, 1), Amount: amountOf(stmt, 2, 3),
		Status: payment.RefundStatus(stmt.ColumnInt64(4)), CreatedAt: timeOf(stmt, 5), Reference: stmt.ColumnText(6),
	}
}

func idOf(stmt *sqlite.Stmt, column int) (id uid.ID) {
	stmt.ColumnBytes(column, id[:])
	return id
}

func amountOf(stmt *sqlite.Stmt, minor, currency int) money.Amount {
	return money.Of(stmt.ColumnInt64(minor), money.Currency(stmt.ColumnText(currency)))
}

func timeOf(stmt *sqlite.Stmt, column int) time.Time {
	return time.UnixMicro(stmt.ColumnInt64(column)).UTC()
}

// run executes a statement that gives no rows.
func run(conn *sqlite.Conn, query string, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args})
}

// list executes a query and reads each of its rows.
func list[T any](conn *sqlite.Conn, of func(*sqlite.Stmt) T, query string, args ...any) ([]T, error) {
	var rows []T
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sqlite.Stmt) error {
		rows = append(rows, of(stmt))
		return nil
	}})
	return rows, err
}
