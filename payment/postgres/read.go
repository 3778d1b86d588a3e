package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"holdfast/money"
	"holdfast/payment"
	"holdfast/uid"
)

// Payment reads one payment.
func (s *Store) Payment(ctx context.Context, id uid.ID) (r payment.Record, err error) {
	err = read(ctx, s.pool, "read payment", func(tx pgx.Tx) error {
		r, err = record(ctx, tx, selectPayment, id)
		return err
	})
	return r, err
}

// Payments reads the payments and refunds of a reservation, oldest first.
func (s *Store) Payments(ctx context.Context, reservation uid.ID) (records []payment.Record, refunds []payment.Refund, err error) {
	err = read(ctx, s.pool, "read payments", func(tx pgx.Tx) error {
		if records, err = list(ctx, tx, recordOf, paymentsOfReservation, pg(reservation)); err != nil {
			return err
		}
		refunds, err = list(ctx, tx, refundOf, refundsOfReservation, pg(reservation))
		return err
	})
	return records, refunds, err
}

// Balances adds up the postings of the reservations' accounts.
func (s *Store) Balances(ctx context.Context, reservations []uid.ID) ([]payment.Balance, error) {
	accounts := make([]string, len(reservations))
	byAccount := make(map[string]uid.ID, len(reservations))
	for i, id := range reservations {
		accounts[i] = payment.ReservationAccount(id)
		byAccount[accounts[i]] = id
	}
	var found []payment.Balance
	err := read(ctx, s.pool, "read balances", func(tx pgx.Tx) (err error) {
		found, err = list(ctx, tx, func(row pgx.CollectableRow) (b payment.Balance, err error) {
			var account, currency string
			var in, out, left int64
			err = row.Scan(&account, &currency, &in, &out, &left)
			return payment.Balance{
				Reservation: byAccount[account],
				Captured:    money.Of(in, money.Currency(currency)),
				Refunded:    money.Of(out, money.Currency(currency)),
				Retained:    money.Of(left, money.Currency(currency)),
			}, err
		}, balances, accounts)
		return err
	})
	return found, err
}

// Dossiers reads payments with all that belongs to them.
func (s *Store) Dossiers(ctx context.Context, after uid.ID, limit int) ([]payment.Dossier, error) {
	var dossiers []payment.Dossier
	err := read(ctx, s.pool, "read dossiers", func(tx pgx.Tx) error {
		records, err := list(ctx, tx, recordOf, paymentsAfter, pg(after), limit)
		if err != nil {
			return err
		}
		dossiers = make([]payment.Dossier, len(records))
		ids := make([][16]byte, len(records))
		at := make(map[uid.ID]*payment.Dossier, len(records))
		for i, r := range records {
			dossiers[i].Record = r
			ids[i], at[r.ID] = r.ID, &dossiers[i]
		}
		refunds, err := list(ctx, tx, refundOf, refundsOfPayments, ids)
		if err != nil {
			return err
		}
		for _, f := range refunds {
			d := at[f.Payment]
			d.Refunds = append(d.Refunds, f)
		}
		lines, err := list(ctx, tx, lineOf, ledgerOfPayments, ids)
		if err != nil {
			return err
		}
		for _, l := range lines {
			d := at[l.Payment]
			if n := len(d.Entries); n == 0 || d.Entries[n-1].ID != l.ID {
				d.Entries = append(d.Entries, payment.Entry{ID: l.ID, Kind: l.Kind, Payment: l.Payment, At: l.At})
			}
			last := &d.Entries[len(d.Entries)-1]
			last.Postings = append(last.Postings, l.Postings...)
		}
		return nil
	})
	return dossiers, err
}

// lineOf reads an entry with one of its postings, or none.
func lineOf(row pgx.CollectableRow) (e payment.Entry, err error) {
	var kind int16
	var p payment.Posting
	var currency string
	err = row.Scan(scan(&e.ID), &kind, scan(&e.Payment), &e.At, &p.Account, &p.Amount.Minor, &currency)
	e.Kind, e.At, p.Amount.Currency = payment.Kind(kind), e.At.UTC(), money.Currency(currency)
	if p.Account != "" {
		e.Postings = []payment.Posting{p}
	}
	return e, err
}

func recordOf(row pgx.CollectableRow) (r payment.Record, err error) {
	var status, goal int16
	var currency string
	err = row.Scan(scan(&r.ID), scan(&r.Reservation), &r.Amount.Minor, &currency, &r.Provider, &r.Method, &status, &goal, &r.Reason,
		&r.Refunding.Minor, &r.Refunded.Minor, &r.CreatedAt, &r.UpdatedAt)
	r.Status, r.Goal = payment.Status(status), payment.Goal(goal)
	r.Amount.Currency = money.Currency(currency)
	r.Refunding.Currency, r.Refunded.Currency = r.Amount.Currency, r.Amount.Currency
	r.CreatedAt, r.UpdatedAt = r.CreatedAt.UTC(), r.UpdatedAt.UTC()
	return r, err
}

func refundOf(row pgx.CollectableRow) (f payment.Refund, err error) {
	var status int16
	var currency string
	err = row.Scan(scan(&f.ID), scan(&f.Payment), &f.Amount.Minor, &currency, &status, &f.CreatedAt, &f.Reference)
	f.Amount.Currency, f.Status, f.CreatedAt = money.Currency(currency), payment.RefundStatus(status), f.CreatedAt.UTC()
	return f, err
}

// record reads one payment by the given statement.
func record(ctx context.Context, tx pgx.Tx, query string, id uid.ID) (payment.Record, error) {
	records, err := list(ctx, tx, recordOf, query, pg(id))
	if err != nil {
		return payment.Record{}, err
	}
	if len(records) == 0 {
		return payment.Record{}, payment.NotFound(id)
	}
	return records[0], nil
}

// list executes a query and reads each of its rows; nil for none.
func list[T any](ctx context.Context, tx pgx.Tx, of pgx.RowToFunc[T], query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, of)
	if len(found) == 0 {
		return nil, err
	}
	return found, err
}

// pg and scan give pgx the form of an id that it takes for a uuid.
func pg(id uid.ID) [16]byte     { return id }
func scan(id *uid.ID) *[16]byte { return (*[16]byte)(id) }
