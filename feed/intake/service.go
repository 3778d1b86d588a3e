package intake

import (
	"context"
	"io"
	"log/slog"
	"net"

	"holdfast/internal/clock"
	"holdfast/uid"
)

// Editor is who asks: staff of a supplier, or of the operator when Supplier is zero. Feeds of another supplier do not
// exist for them.
type Editor struct {
	Subject  string
	Supplier uid.ID
}

// AnyRevision is the If-Match of a caller that did not send one.
const AnyRevision = 0

// Service is what others may ask of feeds. All errors are fault.Error: feed_not_found, run_not_found (404), partner_taken,
// feed_busy, feed_disabled, nothing_held, not_pulled (409), changed_meanwhile (412), feed_invalid, stamp_invalid,
// delivery_too_large (422), overloaded (503). What is wrong with a delivery is no error but the outcome of its Run.
type Service interface {
	// PutFeed makes or replaces a feed by its partner. A new address or format starts anew: what is known of versions is
	// forgotten. A feed with an address is pulled at once when it is new, newly enabled or has a new address.
	PutFeed(ctx context.Context, e Editor, f Feed, revision int64) (*Status, error)
	Feed(ctx context.Context, e Editor, partner string) (*Status, error)
	// Feeds lists feeds by partner. next is "" at the end.
	Feeds(ctx context.Context, e Editor, q ListQuery) (feeds []Status, next string, err error)
	// DeleteFeed forgets a feed with its runs. What it brought stays where it is.
	DeleteFeed(ctx context.Context, e Editor, partner string, revision int64) error

	// PullNow fetches a feed whatever it is due, without asking whether it changed, and applies it even if it is the same.
	// It answers when that is done; if ctx ends first it goes on, and the Run is Running.
	PullNow(ctx context.Context, e Editor, partner string) (*Run, error)
	// Push takes a delivery. Like PullNow it goes on once the body is here.
	Push(ctx context.Context, e Editor, partner string, p Push) (*Run, error)

	// Runs lists the runs of a feed, newest first. next is zero at the end.
	Runs(ctx context.Context, e Editor, partner string, q RunQuery) (runs []Run, next uid.ID, err error)
	Run(ctx context.Context, e Editor, partner string, id uid.ID) (*Run, error)
	// Approve applies the delivery that a run held, however much it removes, as a run of its own.
	Approve(ctx context.Context, e Editor, partner string, run uid.ID) (*Run, error)
	// Discard lets go of the delivery that a run held.
	Discard(ctx context.Context, e Editor, partner string, run uid.ID) (*Run, error)
}

// ListQuery is a page of feeds: those after a partner, at most Limit (0: 50, up to 200).
type ListQuery struct {
	After string
	Limit int
}

// RunQuery is a page of runs: those before one, at most Limit (0: 50, up to 200).
type RunQuery struct {
	Before uid.ID
	Limit  int
}

// Push is a delivery that a partner sends.
type Push struct {
	Stamp    Stamp // zero: the instant of its receipt
	Body     io.Reader
	DryRun   bool                    // say what would change, and change nothing
	Progress func(done, total int64) // nil: nobody wants to know
}

// Deps are what a Core needs.
type Deps struct {
	Store    Store
	Formats  map[string]Format // by name
	Clock    clock.Clock
	Settings Settings // zero: DefaultSettings
	Spool    string   // folder for bodies while they are worked on; "": the system's for temporary files
	// Dial opens connections in place of the guarded dialler, for tests in memory.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger
}
