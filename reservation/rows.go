package reservation

import (
	"time"

	"holdfast/stock"
	"holdfast/uid"
)

// Need names what a batch must have loaded and locked before its rules run. The desk merges the needs of all commands
// of a batch; lists are sorted and without repeats when a Store sees them.
type Need struct {
	Keys         []*KeyRow      // by ID: the rows to be stored if their command takes effect, as decide leaves them; the store fills CreatedAt
	Reservations []uid.ID       // ascending; the slots of their live claims are needed too
	Quotes       []uid.ID       // ascending; read without a lock: their reservation's lock covers them
	Pools        []stock.PoolID // ascending; rows to lock for commands that change a pool itself
	Spans        []Span         // by pool, from; slots to load and lock, merged: no two overlap or touch
	Units        []stock.PoolID // ascending; pools whose units are needed, after their slots; so are those of which loaded reservations have units
	Counts       []CountKey     // by caller, pool
	DuePools     []stock.PoolID // ascending; holds on these pools that have lapsed are needed like Reservations, of each pool those that lapsed first
	DueLimit     int            // at most so many of them; pools have equal shares where there are more
	Archive      []Span         // by pool, one a pool: where Rows.Open is wanted for the slots below To, which Spans name too
	NewPools     []uid.ID       // refs (ascending) of pools that may exist already; read under the lock of the pool counter
}

// Span is a half-open run of slots of one pool.
type Span struct {
	Pool     stock.PoolID
	From, To stock.Slot
}

// CountKey names the unpaid holds of one caller in one pool.
type CountKey struct {
	Caller string
	Pool   stock.PoolID
}

// Compare orders count keys for locking.
func (k CountKey) Compare(o CountKey) int {
	switch {
	case k.Caller < o.Caller:
		return -1
	case k.Caller > o.Caller:
		return 1
	case k.Pool < o.Pool:
		return -1
	case k.Pool > o.Pool:
		return 1
	}
	return 0
}

// KeyState is how far the action behind an idempotency key has come.
type KeyState uint8

// The states of a key.
const (
	KeyRunning KeyState = iota + 1 // first step committed, outcome open
	KeyDone
)

// KeyRow is a stored idempotency key: the hash of its request and the facts of its answer, from which the answer is
// rendered again.
type KeyRow struct {
	ID          uid.ID
	Request     uid.ID
	Reservation uid.ID
	State       KeyState
	Answer      Outcome
	Facts       Facts
	CreatedAt   time.Time
}

// Outcome is what a call came to.
type Outcome uint8

// The outcomes that are stored with a key.
const (
	OutcomePlaced Outcome = iota + 1
	OutcomeConfirmed
	OutcomeDeclined
	OutcomeRefundedLate // paid after the hold had gone and the stock was sold: the money goes back
	OutcomeQuoted
	OutcomeCancelled
	OutcomeExtended
	OutcomeSeated
)

// Facts are empty with OutcomePlaced: what a placing answered follows from the reservation's own immutable fields.
//
// Facts are the parts of a reservation that change later, as they were when an answer was given. Everything else an
// answer shows never changes, so the same answer can be rendered for as long as the key lives.
type Facts struct {
	Status        Status
	Payment       PaymentStatus
	HoldExpiresAt time.Time
	UpdatedAt     time.Time
	Version       int64
	Paid          int64
	Refunded      int64
	Quote         uid.ID
	ItemStatus    []Status  // only when items differ from Status
	Seats         [][]Seat  // by item; only when some have changed since the placing
	Notices       []*Notice // by item; only when there are any
}

// SlotRow is a slot as stored.
type SlotRow struct {
	Key stock.Key
	stock.Counters
	Version int64 // grows by one with every change
}

// CountRow is how much one caller holds unpaid in one pool.
type CountRow struct {
	Key      CountKey
	Holds    int32 // live unpaid reservations
	Units    int32 // units they hold, summed over their claims
	Lapsed   int32 // holds that expired unpaid since LapsedAt minus the window, see Caps
	LapsedAt time.Time
}

// PoolRow is a pool as stored.
type PoolRow struct {
	ID            stock.PoolID
	Ref           uid.ID // public id of what it stands for, e.g. the room type
	Supplier      uid.ID
	Physical      int32      // of slots made from now on
	OverbookingBP int32      // of slots made from now on
	From, To      stock.Slot // slots that exist
	Retired       bool       // never sold again
	Layout        uid.ID     // of its units, zero for none; then From is 0, and neither it nor To ever changes
	Version       int64      // grows by one with every change
}

// PoolUnits is the units of a pool as stored. A block that was never written is as the layout has it and has version 0.
type PoolUnits struct {
	Pool stock.PoolID
	stock.Units
	Versions []int64 // of each block; grows by one with every change
}

// BlockRow is a block of units to be written.
type BlockRow struct {
	Pool    stock.PoolID
	Number  int   // of the block, from 0
	Version int64 // the new one; 1 is inserted, and a row that is there already fails the batch
	*stock.Block
}

// ItemClaims are all claims of one item, with what they count as.
type ItemClaims struct {
	Reservation uid.ID
	Item        int // index into Reservation.Items
	Claims      []stock.Claim
	Life        ClaimLife
}

// Rows are the loaded, locked rows of a batch. Rules read them and record what they change; what was asked for and is
// not in a map does not exist.
type Rows struct {
	Now          time.Time          // one value for the whole batch
	Keys         map[uid.ID]*KeyRow // those of Need.Keys that were stored before this batch
	Reservations map[uid.ID]*Reservation
	Quotes       map[uid.ID]*Quote
	Slots        map[stock.Key]*SlotRow
	Units        map[stock.PoolID]*PoolUnits // pools without a layout are not among them
	Counts       map[CountKey]*CountRow
	Pools        map[stock.PoolID]*PoolRow
	Archived     map[uid.ID]*Reservation // those of Need.Reservations that are in the archive; nothing changes them
	Open         map[stock.PoolID]bool   // of Need.Archive: a reservation that may still move claims a slot below To; told under the locks of the slots
	PoolRefs     map[uid.ID]*PoolRow     // the existing ones among Need.NewPools
	NextPool     stock.PoolID            // the first free pool number; 0 unless Need.NewPools was given
	Due          []uid.ID                // which of Reservations were loaded because of DuePools
	DueMore      bool                    // there may be more lapsed holds than were loaded: a pool had its whole share
}

// Changes is what a batch writes. Every list is in lock order; a row that was not loaded is inserted, others are
// updated where their stored version is the one before.
type Changes struct {
	KeptKeys        []uid.ID  // of Need.Keys: those whose command took effect; the others leave no trace
	SetKeys         []*KeyRow // loaded keys with a new state
	NewReservations []*Reservation
	SetReservations []*Reservation // everything that changes of the reservation's own row, the statuses of its items among it
	ClaimStates     []ClaimState   // of reservations in SetReservations
	SetClaims       []ItemClaims   // of reservations in SetReservations, before ClaimStates: the stored claims of these items are replaced
	NewHistory      []Entry        // the i-th entry is the i-th event that has a Subject; the store notes the event's number with it
	NewQuotes       []*Quote
	NewPools        []*PoolRow
	SetPools        []*PoolRow
	NewSlots        []*SlotRow
	SetSlots        []*SlotRow  // Version is already the new one
	SetBlocks       []*BlockRow // by pool, block
	SetCounts       []*CountRow
	NewRevocations  []Revocation
	// GoneSlots move to the archive as they are: every slot of these spans, which are by pool and of loaded slots.
	GoneSlots []Span
	// GoneReservations move to the archive whole: loaded ones that are over, by id, with their claims and history. Their
	// quotes are deleted. They have no keys any more.
	GoneReservations []uid.ID
	Events           []Event // the store numbers them, in this order
}

// ClaimLife says what a stored claim counts as.
type ClaimLife uint8

// The lives of a claim.
const (
	ClaimHeld ClaimLife = iota + 1
	ClaimSold
	ClaimFreed // counts nowhere; kept for the record
)

// ClaimState sets the life of all claims of one item.
type ClaimState struct {
	Reservation uid.ID
	Item        int // index into Reservation.Items
	Life        ClaimLife
}

// Event is one line of the outbox.
type Event struct {
	Stream  int32 // given by the store
	N       int64 // given by the store: 1, 2, 3 ... without gaps in a stream
	Type    string
	Subject uid.ID // the reservation; zero for stock events
	Version int64  // of the subject
	At      time.Time
	Data    []byte // JSON
}

// Revocation ends offers of a supplier, or of one rate plan, that were issued before an instant.
type Revocation struct {
	Supplier uid.ID
	RatePlan uid.ID // zero: every plan of the supplier
	Before   time.Time
	Actor    Actor
	At       time.Time
}
