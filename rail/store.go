package rail

import (
	"context"
	"errors"
	"time"

	"holdfast/civil"
	"holdfast/uid"
)

// Store keeps railways with all that belongs to them. It knows rows, not rules. Every engine passes railtest.RunStore.
// Errors other than those named here are translated to fault.Error at its door.
type Store interface {
	// Write commits everything in w, or nothing, and returns the number of the change: every write has a higher one than
	// all writes that were visible before it. ErrStale: a railway or a run is not at the revision before the one that is
	// written. ErrUnknownCommit: ask Landed.
	Write(ctx context.Context, w Write) (change int64, err error)
	// Landed reports whether a write with this id was committed. It does not answer while that write may still be open.
	Landed(ctx context.Context, write uid.ID) (bool, error)
	// Changed reads what was written after the change with a number, as it is now, and the number of the last change.
	Changed(ctx context.Context, after int64) (rows *Rows, last int64, err error)
	// Purge forgets the runs of service dates before a day, and returns how many there were.
	Purge(ctx context.Context, before civil.Date) (int, error)
	// Lease gives owner the work on the stock of a railway for a while; false while somebody else has it. A lease of
	// owner's own is made longer, one of no length is given up.
	Lease(ctx context.Context, owner string, supplier uid.ID, length time.Duration) (bool, error)
	// Close lets go of connections and files.
	Close() error
}

// What a Store says in words of its own.
var (
	ErrStale         = errors.New("changed meanwhile")
	ErrUnknownCommit = errors.New("outcome of the commit is not known")
)

// Write is one transaction.
type Write struct {
	ID uid.ID // kept for a while, for Landed
	Rows
}

// Rows are rows of any kind, as they are to be or as they are. Those of kinds with a revision replace the one before.
// Documents are never changed: writing one that is there does nothing.
type Rows struct {
	Railways     []*Railway // first, because everything else belongs to one
	Stations     []*Station
	Documents    []Document
	Trains       []*Train
	Types        []*TypeRow
	Compositions []*Composition
	Runs         []*Run
}

// Empty says that there are none.
func (r *Rows) Empty() bool {
	return len(r.Railways)+len(r.Stations)+len(r.Documents)+len(r.Trains)+len(r.Types)+len(r.Compositions)+len(r.Runs) == 0
}

// Railway is what holds for all trains of a supplier.
type Railway struct {
	Supplier  uid.ID
	Templates *Templates      // nil: the built-in ones
	Fares     *FareTable      // nil: those of the templates
	Feeds     map[string]Feed // by name: what was loaded last
	Revision  int64
}

// Feed is what a railway has of one of its feeds.
type Feed struct {
	Stamp    int64     `json:"stamp"` // of the last whole file
	LoadedAt time.Time `json:"loaded_at"`
}

// DocumentKind says what a document is.
type DocumentKind uint8

// The kinds of documents.
const (
	PatternDocument DocumentKind = iota + 1
	FormationDocument
	FareDocument // a version of a fare family
)

// Document is something that never changes, named by its content.
type Document struct {
	ID   uid.ID
	Kind DocumentKind
	Body string // JSON
}

// TypeRow is a kind of coach of a railway.
type TypeRow struct {
	Supplier uid.ID
	CoachType
	Stamp int64
}
