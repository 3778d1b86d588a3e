package identity

import (
	"context"
	"errors"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// Store keeps suppliers. It knows rows, not rules. Instants have microseconds.
//
// Every engine passes identitytest.RunStore. Errors are fault.Error: store_unavailable (503, nothing is known about
// what was asked) and internal.
type Store interface {
	// CreateSupplier writes s unless a supplier with its id is there; it returns what is there afterwards. Calling it
	// again after any error is safe.
	CreateSupplier(ctx context.Context, s Supplier) (Supplier, error)
	// Supplier reads one; found is false if there is none.
	Supplier(ctx context.Context, id uid.ID) (s Supplier, found bool, err error)
	// Suppliers reads all, by name, then id, in the order of their bytes.
	Suppliers(ctx context.Context) ([]Supplier, error)
	// Mode returns what the data is for ("live" or "test"), settling it as want when nobody has yet. It guards databases
	// that several processes share, as the mark in a data folder guards the folder.
	Mode(ctx context.Context, want string) (string, error)
	// Close lets go of connections and files.
	Close() error
}

// storeRetryAfter is what a caller is told when the store cannot be reached.
const storeRetryAfter = time.Second

// StoreFault translates at a store's door: faults pass, transient says that trying again later makes sense, and anything
// else is a defect of ours.
func StoreFault(err error, what string, transient bool) error {
	if _, ok := errors.AsType[*fault.Error](err); err == nil || ok {
		return err
	}
	if transient || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "store_unavailable", "Suppliers cannot be reached right now; try again.").
			RetryIn(storeRetryAfter).Because(err)
	}
	return fault.Wrap(err, what)
}
