package payment

import (
	"context"
	"errors"

	"holdfast/fault"
	"holdfast/money"
	"holdfast/uid"
)

// Goal is what was asked for last: where a payment is to end. It is written before the provider is asked, so that a
// crash does not forget it and a capture and a void exclude each other.
type Goal uint8

// The goals.
const (
	GoalAuthorize Goal = iota + 1 // set aside and wait
	GoalCapture
	GoalVoid
)

// Record is a payment as it is stored.
type Record struct {
	Payment
	Provider  string // Provider.Name of who has it
	Goal      Goal
	Refunding money.Amount // asked back, outcome open; not part of Refunded
}

// Key names what a change is about.
type Key struct {
	Payment uid.ID
	Refund  uid.ID // zero: none
}

// Change is what a rule decided: everything in it is written in one transaction.
type Change struct {
	Record  Record
	Refund  *Refund // new or changed; nil: none
	Entries []Entry // new
}

// Row is what Store.Change left behind.
type Row struct {
	Record Record
	Refund *Refund // the one the key named; nil: there is none
}

// Dossier is all that is stored about one payment.
type Dossier struct {
	Record  Record
	Refunds []Refund // oldest first
	Entries []Entry  // by id
}

// Store keeps payments, refunds and the ledger. It knows rows, not rules, but for one: an entry whose postings do not
// add up to zero is refused with ErrUnbalanced in the transaction that brings it, and the database refuses it as well.
// Postings and entries are never changed or removed. Instants have microseconds.
//
// Every engine passes paymenttest.RunStore. Errors besides ErrUnbalanced and those of the caller's function are
// fault.Error: payment_not_found, store_unavailable (503, nothing was done or, after a commit whose answer was lost and
// could not be found out, it is open), internal.
type Store interface {
	// Begin writes r unless a payment with its id is there. It returns what is there afterwards and whether that is r.
	// When it had to be tried again after a commit of unknown outcome it may say false for an r it wrote itself.
	Begin(ctx context.Context, r Record) (Record, bool, error)
	// Change loads and locks the payment and the refund that key names (refund nil if there is none), calls decide and
	// commits what it returned; nil from decide writes nothing. decide does no I/O and may be called again on fresh rows:
	// after a conflict with another process and after a commit of unknown outcome.
	Change(ctx context.Context, key Key, decide func(Record, *Refund) (*Change, error)) (Row, error)
	// Payment reads one payment.
	Payment(ctx context.Context, id uid.ID) (Record, error)
	// Payments reads the payments and refunds of a reservation, oldest first.
	Payments(ctx context.Context, reservation uid.ID) ([]Record, []Refund, error)
	// Balances adds up the postings of the reservations' accounts, one Balance per currency; those without postings are
	// left out.
	Balances(ctx context.Context, reservations []uid.ID) ([]Balance, error)
	// Dossiers reads up to limit payments with ids after the given one, by id, in one consistent snapshot.
	Dossiers(ctx context.Context, after uid.ID, limit int) ([]Dossier, error)
	// Close lets go of connections and files.
	Close() error
}

// MaxTries bounds how often an engine runs one transaction: after conflicts and commits of unknown outcome.
const MaxTries = 8

// NotFound is the answer to an id that no payment has.
func NotFound(id uid.ID) error {
	return fault.New(fault.NotFound, "payment_not_found", "There is no payment %s.", id.Text(paymentPrefix))
}

// StoreFault translates at a store's door: what the caller's function may return (a fault, a Refusal) and ErrUnbalanced
// pass, transient says that trying again later makes sense, and anything else is a defect of ours.
func StoreFault(err error, what string, transient bool) error {
	_, public := errors.AsType[*fault.Error](err)
	_, refusal := errors.AsType[*Refusal](err)
	if err == nil || public || refusal || errors.Is(err, ErrUnbalanced) {
		return err
	}
	if transient || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "store_unavailable", "Payments cannot be reached right now; try again.").
			RetryIn(storeRetryAfter).Because(err)
	}
	return fault.Wrap(err, what)
}
