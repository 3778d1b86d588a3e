package reservation

import (
	"context"
	"errors"
	"time"

	"holdfast/stock"
	"holdfast/uid"
)

// Store keeps rows. It knows no rules: what may change and how is decided by the function it is handed. Every engine
// passes reservationtest.RunStore. Errors other than those named here are translated to fault.Error at its door.
type Store interface {
	// Transact loads and locks what need names, in the lock order of doc.go, calls decide, and commits what it says
	// together with a row that bears the batch's id. decide does no I/O and may be called again on fresh rows (after a
	// serialization failure or deadlock, which the store retries a bounded number of times).
	// ErrUnknownCommit means: the commit was sent and its answer lost; ask Committed. Any other error: nothing happened.
	Transact(ctx context.Context, b Batch, need Need, decide func(*Rows) (*Changes, error)) error
	// Committed reports whether a batch took effect. It must not answer while the batch's transaction may still be open.
	Committed(ctx context.Context, batch uid.ID) (bool, error)

	// Reservations reads reservations with items and travellers; what does not exist is left out, and so is what was archived.
	Reservations(ctx context.Context, ids []uid.ID) ([]*Reservation, error)
	// Archived reads archived reservations whole; what is not in the archive is left out. What Reservations does not find is
	// looked for here afterwards: reservations only ever move this way.
	Archived(ctx context.Context, ids []uid.ID) ([]*Archived, error)
	// FreeLocators gives those of some locators that no reservation has, archived ones among them. One may be taken by the time it is used; then
	// Transact decides again.
	FreeLocators(ctx context.Context, locators []string) ([]string, error)
	// Find lists reservations by the filter, newest first. By a locator it finds archived ones too.
	Find(ctx context.Context, f Filter) ([]*Reservation, error)
	// History reads the entries of one reservation, oldest first.
	History(ctx context.Context, id uid.ID) ([]Entry, error)
	// Keys reads stored idempotency keys; what does not exist is left out.
	Keys(ctx context.Context, ids []uid.ID) ([]*KeyRow, error)
	// Quote reads one cancellation quote; nil if it does not exist.
	Quote(ctx context.Context, id uid.ID) (*Quote, error)
	// Due lists ids that wait for the system at now: lapsed holds (Held or Confirming past HoldExpiresAt), steps whose
	// time has come, confirmed reservations that have ended.
	Due(ctx context.Context, what DueKind, now time.Time, limit int) ([]uid.ID, error)

	// Archivable lists reservations that are over by the last change to them and their id: up to q.Limit lines, some of which
	// may have to stay.
	Archivable(ctx context.Context, q ArchiveQuery) ([]ArchiveLine, error)

	// WaitingForStaff lists reservations at StaffStep by ascending id after the given one.
	WaitingForStaff(ctx context.Context, after uid.ID, limit int) ([]uid.ID, error)

	// Pools lists pools by ascending id after the given one.
	Pools(ctx context.Context, after stock.PoolID, limit int) ([]PoolRow, error)
	// PoolsByRef reads pools by public id; what does not exist is left out.
	PoolsByRef(ctx context.Context, refs []uid.ID) ([]PoolRow, error)
	// Slots reads the slots of a span in order, archived ones too.
	Slots(ctx context.Context, span Span) ([]SlotRow, error)
	// SlotsOf streams the slots of some pools that are not archived, by pool and slot; yield returning an error stops it.
	SlotsOf(ctx context.Context, pools []stock.PoolID, yield func([]SlotRow) error) error
	// PutLayouts stores layouts by their ids; one that is there already stays. Layouts reads them; what does not exist is left
	// out. They never change, so an engine may remember a bounded number.
	PutLayouts(ctx context.Context, layouts []*stock.Layout) error
	Layouts(ctx context.Context, ids []uid.ID) (map[uid.ID]*stock.Layout, error)
	// Units reads the units of a pool in one consistent read; nil for a pool that does not exist or has none.
	Units(ctx context.Context, pool stock.PoolID) (*PoolUnits, error)
	// Claimants lists the reservations that have held or sold claims on a pool, by ascending id after the given one.
	Claimants(ctx context.Context, pool stock.PoolID, after uid.ID, limit int) ([]uid.ID, error)
	// Snapshot streams every slot that is not archived from the given one on, by pool and slot, in one consistent read together with the
	// position of every stream; yield returning an error stops it.
	Snapshot(ctx context.Context, from stock.Slot, yield func([]SlotRow) error) (Positions, error)
	// Revocations reads all revocations.
	Revocations(ctx context.Context) ([]Revocation, error)

	// Events reads a stream after position n, in order, without ever passing a missing number.
	Events(ctx context.Context, stream int32, after int64, limit int) ([]Event, error)
	// CommonEvents reads those events of a stream with numbers in (after, upTo] that have no subject and so concern everybody,
	// in order; upTo must not be beyond what Streams told. Of a busy stream they are one in hundreds.
	CommonEvents(ctx context.Context, stream int32, after, upTo int64, limit int) ([]Event, error)
	// Streams lists the streams with the number of their last event.
	Streams(ctx context.Context) (Positions, error)

	// Secret returns the named secret, storing fresh as it if there is none yet; all processes get the same one.
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
	// Prune removes what nobody asks for any more: keys older than keys of reservations that are over, quotes that expired
	// before keys (one that a key answers with goes with that key), batch rows and idle hold counts older than batches and counts.
	// Of each kind it looks at no more than limit, and never at keys of reservations that live: a reservation is looked at when it
	// is over and its oldest key is old. It returns how many rows went.
	Prune(ctx context.Context, keys, batches, counts time.Time, limit int) (int, error)

	// AuditPools and AuditReservations read what the audit recomputes, each call one short consistent snapshot. Archived
	// reservations are among the others, each reservation just once.
	AuditPools(ctx context.Context, after stock.PoolID, limit int) (PoolAudit, error)
	AuditReservations(ctx context.Context, after uid.ID, limit int) (RecordAudit, error)
	// AuditStreams describes every outbox stream by its ends, in one snapshot.
	AuditStreams(ctx context.Context) ([]StreamAudit, error)
	// AuditEvents counts the events of a stream with numbers in (after, upTo], and those of them that have a subject.
	AuditEvents(ctx context.Context, stream int32, after, upTo int64) (events, subjects int64, err error)
	// AuditKeys reads up to limit idempotency keys by id after the given one.
	AuditKeys(ctx context.Context, after uid.ID, limit int) ([]KeyAudit, error)

	// Close lets go of connections and files.
	Close() error
}

// ErrUnknownCommit is a commit whose answer was lost.
var ErrUnknownCommit = errors.New("outcome of the commit is not known")

// Batch identifies one transaction of the desk.
type Batch struct {
	ID     uid.ID
	Stream string    // name of the outbox stream its events go to, e.g. "node-1/lane-0-1"
	Now    time.Time // the batch's now; zero: take the database's clock
}

// Filter selects reservations. Exactly one of Caller and Supplier is set, or neither for the operator.
type Filter struct {
	Caller   string
	Supplier uid.ID
	Status   Status // 0: any
	Locator  string // "": any
	After    uid.ID // older than this one; zero: from the newest
	Before   uid.ID // newer than this one, nearest first reversed to newest first; zero: no bound
	Updated  time.Time
	Archived bool // those in the archive instead of the others; with a Locator: only those
	Limit    int
}

// DueKind says what to look for.
type DueKind uint8

// What can be due.
const (
	DueHolds DueKind = iota + 1
	DueSteps
	DueEnds
)

// ArchiveQuery asks for a page of what may be archived.
type ArchiveQuery struct {
	Unpaid bool        // what ended unpaid; else the rest: what was paid, or is completed
	Before time.Time   // last changed earlier
	After  ArchiveLine // continue behind it; zero: from the start
	Limit  int
}

// ArchiveLine is a reservation that is over.
type ArchiveLine struct {
	UpdatedAt time.Time
	ID        uid.ID
	Keyed     bool // it still has idempotency keys: it stays until they are pruned
}

// Archived is a reservation from the archive, as it was.
type Archived struct {
	*Reservation
	History []Entry
}

// Positions maps a stream to the number of its last event.
type Positions map[int32]int64

// PoolAudit is what one snapshot says about a range of pools.
type PoolAudit struct {
	Pools  []PoolRow
	Slots  []SlotRow    // by pool, slot
	Claims []AuditClaim // live ones
	Units  []*PoolUnits // of the pools that have a layout, all of their blocks, stored or not
	Counts []CountRow   // with holds, of these pools
	Last   stock.PoolID // continue after it; 0 when there is nothing more
}

// AuditClaim is a live claim with whom it belongs to.
type AuditClaim struct {
	Reservation uid.ID
	Caller      string
	Life        ClaimLife
	stock.Claim
}

// RecordAudit is what one snapshot says about a range of reservations.
type RecordAudit struct {
	Reservations []*Reservation
	History      map[uid.ID][]Entry
	Claims       map[uid.ID][]ClaimLife  // of each item in order, 0 when an item's claims disagree among themselves
	Events       map[uid.ID][]EventAudit // per History entry the event it names
	Keys         map[uid.ID][]KeyRow
	Archived     map[uid.ID]ArchiveAudit // those of the range that are in the archive; Reservations has them too, where they can be read
	Last         uid.ID                  // continue after it; zero when there is nothing more
}

// ArchiveAudit is what is wrong with an archived reservation.
type ArchiveAudit struct {
	Broken string // why its document cannot be read, or contradicts the columns beside it; "" when it is fine
	Left   int64  // rows about it that are still in the live tables, or share its locator
}

// StreamAudit is one outbox stream.
type StreamAudit struct {
	Stream int32
	Name   string
	Next   int64 // the number its next event will get
	First  int64 // lowest stored number; 0 for none
	Last   int64 // highest stored number; 0 for none
}

// EventAudit is the event that a history entry names.
type EventAudit struct {
	Stream  int32
	N       int64
	Version int64 // as the event has it; 0: there is no such event, or it has another subject
}

// KeyAudit is an idempotency key with whether its reservation is there.
type KeyAudit struct {
	ID        uid.ID
	State     KeyState
	CreatedAt time.Time
	Lost      bool // it names no reservation, or one that does not exist
}
