package sandbox

import (
	"context"
	"time"

	"holdfast/money"
	"holdfast/payment"
	"holdfast/uid"
)

// State is how an authorization was decided. Before DecidedAt it is pending, whatever the state says.
type State uint8

// The states.
const (
	Approved State = iota + 1
	Declined
	Captured
	Voided
)

// Authorization is what the sandbox knows of one payment.
type Authorization struct {
	Payment   uid.ID
	Amount    money.Amount // of nothing, in no currency: voided before it was ever heard of
	Method    string       // empty in that case
	State     State
	DecidedAt time.Time
	CreatedAt time.Time
}

// Refund is money the sandbox paid back.
type Refund struct {
	ID        uid.ID
	Payment   uid.ID
	Amount    money.Amount
	CreatedAt time.Time
}

// Call is a call that was carried out, kept so that its idempotency key gives the same answer again.
type Call struct {
	Key       string
	Operation Operation
	Payment   uid.ID
	Refund    uid.ID       // zero but for Refund
	Amount    money.Amount // of nothing, in no currency, but for Authorize and Refund
	Outcome   payment.Outcome
	CreatedAt time.Time
}

// File is all that is known of one payment, and the call that a key was used for.
type File struct {
	Authorization *Authorization // nil: never heard of
	Refunds       []Refund       // oldest first
	Call          *Call          // nil: the key was not used
}

// Update is what a call changes; nil parts stay as they are.
type Update struct {
	Authorization *Authorization // new or changed
	Refund        *Refund        // new
	Call          *Call          // new
}

// Store keeps what the sandbox knows, so that a killed process loses nothing. It passes paymenttest.RunSandboxStore.
// Errors are fault.Error: store_unavailable, internal.
type Store interface {
	// Change loads and locks what is known of a payment and the call of the key, calls decide and commits what it
	// returned; nil writes nothing. decide does no I/O and may be called again on fresh rows. Its error ends the change.
	Change(ctx context.Context, id uid.ID, key string, decide func(File) (*Update, error)) error
	// File reads what is known of a payment; its Call is nil.
	File(ctx context.Context, id uid.ID) (File, error)
}
