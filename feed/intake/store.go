package intake

import (
	"context"
	"errors"
	"time"

	"holdfast/uid"
)

// Store keeps feeds, their runs and the deliveries that wait for a human. It knows rows, not rules. Every engine passes
// intaketest.RunStore. Errors other than those named here are translated to fault.Error at its door.
type Store interface {
	// Transact locks the row of a feed, shows it to fn (nil: there is none) and commits what fn returns, or nothing if it
	// returns an error, which comes back as it is. now is the engine's clock, which processes that share a database
	// share; leases are measured by it. fn may run again. ErrTaken: another process made the feed meanwhile; call again.
	// ErrUnknownCommit: it may or may not have taken place.
	Transact(ctx context.Context, partner string, fn func(now time.Time, s *Status) (Change, error)) error

	// Feed reads one; nil if there is none.
	Feed(ctx context.Context, partner string) (*Status, error)
	// Feeds lists those of a supplier (zero: all), by partner after one, at most limit.
	Feeds(ctx context.Context, supplier uid.ID, after string, limit int) ([]Status, error)
	// Due lists enabled feeds with a URL that are due at an instant and that nobody works on, longest due first.
	Due(ctx context.Context, at time.Time, limit int) ([]string, error)

	// Runs lists the runs of a feed, newest first, before one (zero: from the newest), at most limit.
	Runs(ctx context.Context, partner string, before uid.ID, limit int) ([]Run, error)
	// Run reads one; nil if there is none.
	Run(ctx context.Context, partner string, id uid.ID) (*Run, error)

	// Keep stores a part of a delivery, from 0 on, of a run that exists; the same part again replaces it.
	Keep(ctx context.Context, partner string, run uid.ID, part int, body []byte) error
	// Kept reads a part; nil if there is none.
	Kept(ctx context.Context, partner string, run uid.ID, part int) ([]byte, error)
	// KeptBytes is how much is kept of all feeds together.
	KeptBytes(ctx context.Context) (int64, error)

	// Close lets go of connections and files.
	Close() error
}

// What a Store says in words of its own.
var (
	ErrTaken         = errors.New("already in use")
	ErrUnknownCommit = errors.New("outcome of the commit is not known")
)

// Change is what a transaction does to one feed.
type Change struct {
	Feed   *Feed    // the definition to write
	State  *State   // the state to write; with Feed of a new feed it must be given
	Delete bool     // the feed and everything of it
	Runs   []Run    // to write, whether they are there or not
	Lost   uid.ID   // a run that nobody will end any more: failed, with the code lost, if it is still running
	Drop   []uid.ID // runs whose kept delivery goes
	Keep   int      // runs to keep at most, the newest; 0: all. One whose delivery is kept stays.
}
