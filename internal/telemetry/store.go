package telemetry

import (
	"context"
	"sync/atomic"
)

// StoreUse notes whether the work of a context went to a database. The zero value is ready.
type StoreUse struct{ used atomic.Bool }

// Used reports whether it did.
func (u *StoreUse) Used() bool { return u.used.Load() }

// StoreUseKey is the key of a context under which it holds a *StoreUse.
type StoreUseKey struct{}

// UseStore is called at the door of every database, with the context of whoever asks.
func UseStore(ctx context.Context) {
	if u, ok := ctx.Value(StoreUseKey{}).(*StoreUse); ok {
		u.used.Store(true)
	}
}
