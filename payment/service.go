// Package payment takes, returns and accounts for money. It owns payments, refunds and a ledger of append-only,
// balanced postings; it talks to providers and to nobody else.
//
// Every call is idempotent by the id its caller chose, so a saga may repeat any of them after a crash. An outcome that
// is not known is a state (Pending), never an error. No transaction of the store is open while a provider is asked.
//
// Invariants: the postings of one entry add up to zero; what was captured equals what was refunded plus what is
// retained, per reservation and in total; refunds never exceed what was captured; what is voided was never captured.
package payment

import (
	"context"
	"time"

	"holdfast/money"
	"holdfast/uid"
)

// Status is where a payment stands.
type Status uint8

// The states of a payment: Pending -> Authorized -> Captured, or Pending -> Declined, or Authorized -> Voided.
const (
	Pending    Status = iota + 1 // asked; the provider has not given an outcome yet, or its answer was lost
	Authorized                   // the money is set aside
	Declined
	Captured // the money is ours
	Voided   // set aside no longer
)

// Payment is one attempt to pay for a reservation.
type Payment struct {
	ID          uid.ID
	Reservation uid.ID
	Amount      money.Amount
	Method      string // a token ("pm_..."), never a card number
	Status      Status
	Reason      string // why it was declined, stable snake_case
	Refunded    money.Amount
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// RefundStatus is where a refund stands.
type RefundStatus uint8

// The states of a refund.
const (
	RefundPending RefundStatus = iota + 1
	RefundSucceeded
	RefundFailed // the provider refused for good; staff try again under another id, or pay outside (Service.RefundOutside)
)

// Refund is money on its way back.
type Refund struct {
	ID        uid.ID
	Payment   uid.ID
	Amount    money.Amount
	Status    RefundStatus
	Reference string // of a RefundSucceeded that was paid outside: where to find it, e.g. in the bank's statement; "" for the provider's
	CreatedAt time.Time
}

// Request asks for an authorization.
type Request struct {
	ID          uid.ID // chosen by the caller; asking again with it is the same payment
	Reservation uid.ID
	Amount      money.Amount
	Method      string
}

// RefundRequest asks for money to be returned.
type RefundRequest struct {
	ID      uid.ID // chosen by the caller
	Payment uid.ID
	Amount  money.Amount
}

// Balance is what the ledger says about one reservation. Captured = Refunded + Retained.
type Balance struct {
	Reservation                  uid.ID
	Captured, Refunded, Retained money.Amount
}

// Service is what others may ask of payments.
//
// Errors (fault reasons): payment_method_unknown (422) for a method no provider knows, payment_not_found (404),
// refund_exceeds_payment (409), payment_state (409) for a step the payment's state does not allow,
// payment_provider_unavailable (503) when the provider cannot be reached and nothing was done.
type Service interface {
	// Accepts refuses a method that no provider takes (card_number_refused, payment_method_unknown), asking nobody.
	Accepts(method string) error
	// Authorize sets the amount aside. A payment that stays without an outcome comes back as Pending and no error.
	Authorize(ctx context.Context, r Request) (Payment, error)
	// Resolve asks the provider for the outcome of a Pending payment and records it; others come back as they are.
	// A payment the provider has never heard of, long after it was begun, is declared Declined ("never_arrived"), and the provider is asked to void it.
	Resolve(ctx context.Context, id uid.ID) (Payment, error)
	// Capture takes an Authorized payment; capturing again changes nothing. payment_state says that it never will be taken:
	// the provider refused for good, or let it go by itself; Meta has the status, and the provider's reason where it gave one.
	Capture(ctx context.Context, id uid.ID) (Payment, error)
	// Void lets an Authorized payment go; a Pending one too, as soon as its outcome is known. Repeating changes nothing.
	Void(ctx context.Context, id uid.ID) (Payment, error)
	// Refund returns part or all of a Captured payment, never more than is left of it.
	Refund(ctx context.Context, r RefundRequest) (Refund, error)
	// RefundOutside records a refund that staff paid by other means after the provider had refused it for good; the
	// reference says where to find it. Repeating it with the same reference changes nothing.
	RefundOutside(ctx context.Context, r RefundRequest, reference string) (Refund, error)
	// Payment reads one payment.
	Payment(ctx context.Context, id uid.ID) (Payment, error)
	// Payments reads all payments and refunds of a reservation, oldest first.
	Payments(ctx context.Context, reservation uid.ID) ([]Payment, []Refund, error)
	// Balances gives the ledger's word on the reservations, in any order; those without postings are left out.
	Balances(ctx context.Context, reservations []uid.ID) ([]Balance, error)
	// Audit checks the ledger itself (every entry balanced, payments and postings agree, I5) and reports what is wrong,
	// at most limit findings, together with the totals per currency. rest, if not nil, is called after each page with how long
	// it took, and may wait.
	Audit(ctx context.Context, limit int, rest func(ctx context.Context, worked time.Duration) error) (Audit, error)
}

// Audit is the result of checking the ledger.
type Audit struct {
	Payments, Entries int64
	Captured          []money.Amount // per currency
	Refunded          []money.Amount
	Findings          []string
}
