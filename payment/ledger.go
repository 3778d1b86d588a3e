package payment

import (
	"errors"
	"fmt"
	"time"

	"holdfast/money"
	"holdfast/uid"
)

// Prefixes of the ids in texts.
const (
	paymentPrefix     = "pay"
	refundPrefix      = "rfd"
	reservationPrefix = "res"
)

// Kind says why money moved.
type Kind uint8

// The kinds of entries.
const (
	CaptureEntry Kind = iota + 1
	RefundEntry
)

// Entry is one movement of money in the ledger. It is written once and never changed.
type Entry struct {
	ID       uid.ID // the payment that was captured or the refund that was paid out: each is posted once
	Kind     Kind
	Payment  uid.ID
	At       time.Time
	Postings []Posting
}

// Posting is one line of an entry. A positive amount is what the account has more afterwards, a negative one what it
// has less or owes.
type Posting struct {
	Account string
	Amount  money.Amount
}

// maxPostings bounds the lines of an entry.
const maxPostings = 8

// ErrUnbalanced is an entry that makes or loses money. Only a defect can build one.
var ErrUnbalanced = errors.New("entry is not balanced")

// ProviderAccount is where a provider keeps what it captured for us, less what it paid back.
func ProviderAccount(provider string) string { return "provider:" + provider }

// ReservationAccount is what a traveller has paid for a reservation; it is negative or zero, because we owe its worth.
func ReservationAccount(reservation uid.ID) string {
	return "reservation:" + reservation.Text(reservationPrefix)
}

// OutsideAccount is where refunds come from that staff paid by other means, e.g. from the company's bank account.
const OutsideAccount = "outside"

// Check is the rule of double entry: two lines or more, none of nothing, and a sum of zero in every currency.
func (e Entry) Check() error {
	if len(e.Postings) < 2 || len(e.Postings) > maxPostings {
		return fmt.Errorf("%w: %d postings", ErrUnbalanced, len(e.Postings))
	}
	sums := map[money.Currency]int64{}
	for _, p := range e.Postings {
		if p.Amount.IsZero() || p.Account == "" || p.Amount.Currency == "" {
			return fmt.Errorf("%w: posting of %s to account %q", ErrUnbalanced, p.Amount, p.Account)
		}
		sums[p.Amount.Currency] += p.Amount.Minor
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fmt.Errorf("%w: its postings add up to %s", ErrUnbalanced, money.Of(sum, currency))
		}
	}
	return nil
}

// move is the entry that takes amount from the reservation's account to another; negative: the other way.
func move(r Record, to string, amount money.Amount) []Posting {
	return []Posting{
		{to, amount},
		{ReservationAccount(r.Reservation), amount.Times(-1)},
	}
}

// captured is the entry of a payment that was captured.
func captured(r Record, at time.Time) Entry {
	return Entry{ID: r.ID, Kind: CaptureEntry, Payment: r.ID, At: at, Postings: move(r, ProviderAccount(r.Provider), r.Amount)}
}

// returned is the entry of a refund that was paid out.
func returned(r Record, f Refund, at time.Time) Entry {
	from := ProviderAccount(r.Provider)
	if f.Reference != "" {
		from = OutsideAccount
	}
	return Entry{ID: f.ID, Kind: RefundEntry, Payment: r.ID, At: at, Postings: move(r, from, f.Amount.Times(-1))}
}
