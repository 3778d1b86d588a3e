package reservation

import (
	"context"
	"time"

	"holdfast/money"
	"holdfast/stock"
	"holdfast/uid"
)

// Caller is who asks. Subject comes from the token; a caller sees its own reservations, staff those of its supplier,
// an operator all; everything else does not exist for it.
type Caller struct {
	Subject  string
	Supplier uid.ID // staff of this supplier; zero for travellers and operators
	Staff    bool   // acts as staff: of Supplier, or of the operator when Supplier is zero
}

// actor is the caller as history names it.
func (c Caller) actor() Actor {
	if c.Staff {
		return Actor{Kind: StaffActor, ID: c.Subject}
	}
	return Actor{Kind: TravellerActor, ID: c.Subject}
}

// Idempotency identifies a call that may be repeated: ID hashes caller, method, path and key, Request the body. The
// zero value means the caller gave no key.
type Idempotency struct {
	ID, Request uid.ID
}

// PlaceRequest asks to hold everything that some offers promise, all or nothing.
type PlaceRequest struct {
	Caller     Caller
	Key        Idempotency
	Name       string   // id the caller gives the reservation ("res_..."); "" for one of ours
	Offers     []string // sealed
	Seats      []SeatChoice
	Travellers []Traveller
	Expected   *money.Amount // refuse with price_changed when the total differs
	// Refusal, when set, is answered unless the key already has an answer: what the edge found wrong before it had an
	// offer (sold out, price changed) must not hide the answer of a call that went through before.
	Refusal error
}

// SeatChoice says what seats a piece of an offer should get, or an item.
type SeatChoice struct {
	Offer, Piece int      // indexes into PlaceRequest.Offers and the pieces of that offer; not looked at by ChangeSeats
	Labels       []string // exact units by traveller, adults first, then children; "" or missing: none is chosen
	Wish         stock.Wish
}

// Disruption is a change that a supplier makes to what may be sold already.
type Disruption struct {
	ID        uid.ID // a reservation is told once of each
	Pools     []stock.PoolID
	From, To  stock.Slot   // the slots concerned; From == To: the whole line
	Withdrawn bool         // it does not run there
	Times     []StopTime   // else the new times by stop: a ride on the slots [i, j) departs Times[i].Departs and arrives Times[j].Arrives
	Skipped   []stock.Slot // stops that are left out: a ride that begins or ends at one does not run
	Note      string       // for people, at most MaxNote bytes
	Actor     Actor
}

// MaxNote bounds the note of a disruption.
const MaxNote = 300

// StopTime is when a stop is reached and left.
type StopTime struct{ Arrives, Departs time.Time }

// UnitChange puts a unit out of order on the slots [From, To), or back in order.
type UnitChange struct {
	Pool     stock.PoolID
	Unit     int32
	From, To stock.Slot
	Blocked  bool
}

// Answer is what a call came to, as it was then: a repeated call gets it again.
type Answer struct {
	Outcome     Outcome
	Reservation *Reservation // with the changing parts as the answer names them
	Quote       *Quote       // with OutcomeQuoted
	Replayed    bool
}

// Service is what others may ask of reservations. All errors are fault.Error; the reasons are documented in
// rest/problem. ref is a reservation's id as the caller knows it: the one given by us or by the caller itself.
type Service interface {
	// Place holds what the offers claim. Reasons: sold_out, closed, hold_limit, offer_expired, offer_revoked, offer_invalid,
	// offer_not_yours, price_changed, reservation_exists, currency_mismatch, overloaded.
	Place(ctx context.Context, r PlaceRequest) (Answer, error)
	// Pay starts the payment and waits a short while for its outcome: OutcomeConfirmed, OutcomeDeclined, or the
	// reservation still Confirming with Outcome 0. Reasons: hold_expired, not_payable, idempotency_in_progress, and those of payment.
	Pay(ctx context.Context, c Caller, ref, method string, key Idempotency) (Answer, error)
	// Extend makes an unpaid hold longer, up to the cap. Reasons: hold_expired, hold_limit, not_extendable.
	Extend(ctx context.Context, c Caller, ref string) (Answer, error)
	// Release cancels an unpaid reservation; repeating it changes nothing. Reasons: quote_required once paid, payment_running.
	Release(ctx context.Context, c Caller, ref string) error
	// QuoteCancellation prices the cancelling of the named items (none: all). Reasons: not_cancellable.
	QuoteCancellation(ctx context.Context, c Caller, ref string, items []string, key Idempotency) (Answer, error)
	// ConfirmCancellation does what the quote promised. Reasons: quote_expired, quote_outdated.
	ConfirmCancellation(ctx context.Context, c Caller, ref, quote string, key Idempotency) (Answer, error)

	// RefusedRefunds lists reservations whose refund a provider refused for good (payment status refund_failed), by id after
	// the given one. RetryRefund has it asked again under a new id; SettleOutside records that staff paid it by other means,
	// under a reference. Both return the reservation after a short wait, and are for staff of the operator alone. Reasons:
	// scope_missing, refund_not_refused, reference_invalid.
	RefusedRefunds(ctx context.Context, c Caller, after uid.ID, limit int) ([]*Reservation, error)
	RetryRefund(ctx context.Context, c Caller, ref string) (*Reservation, error)
	SettleOutside(ctx context.Context, c Caller, ref, reference string) (*Reservation, error)

	// Reservation, Reservations and History read; a lapsed hold already reads as expired.
	Reservation(ctx context.Context, c Caller, ref string) (*Reservation, error)
	Reservations(ctx context.Context, c Caller, f Filter) ([]*Reservation, error)
	History(ctx context.Context, c Caller, ref string) ([]Entry, error)

	// ChangeSeats gives an item other seats: those that are named, or, where none is, some for the travellers who have none
	// (check-in). A chosen seat must not cost more than what was paid for the traveller's. Reasons: seat_unavailable,
	// seat_unknown, seat_costs_more, no_seats, departed, not_changeable, no_single_seat.
	ChangeSeats(ctx context.Context, c Caller, ref, item string, choice SeatChoice, key Idempotency) (Answer, error)
	// Disrupt tells all reservations on some pools of a change, and returns how many it told: those that were told before are
	// not. What is held and does not run any more is cancelled; what is paid can be cancelled for everything back
	// where the change is major, and is when it does not run and nobody has by the time it would have been over. Going on after a failure is calling it again.
	Disrupt(ctx context.Context, d Disruption) (told int, err error)

	// Outdate has this process refuse offers made before now that the change makes untrue (offer_outdated). Disrupt does so
	// by itself; who learns of a change that another process told calls it.
	Outdate(d Disruption)

	// DefineLayouts stores layouts of units and returns their ids. Idempotent. Reason layout_invalid.
	DefineLayouts(ctx context.Context, layouts []*stock.Layout) ([]uid.ID, error)
	// Units reads what of a pool's units is taken; nil for a pool without units.
	Units(ctx context.Context, pool stock.PoolID) (*PoolUnits, error)
	// BlockUnits puts units out of order, or back in order. Idempotent. Reasons: seat_unavailable, seat_unknown, pool_not_found.
	BlockUnits(ctx context.Context, changes []UnitChange) error
	// SlotsOf streams all slots of some pools. Who registers with Watch first and then reads has them all: the higher version
	// of a slot wins.
	SlotsOf(ctx context.Context, pools []stock.PoolID, yield func([]SlotRow) error) error
	// DefinePools makes pools, or extends those that exist (same ref) to the wanted slots; it never takes slots away.
	// The returned ids are in the order of the specs. Idempotent.
	DefinePools(ctx context.Context, specs []PoolSpec) ([]stock.PoolID, error)
	// ChangeStock applies changes of capacity, target, stop-sell and overbooking. Idempotent: changes name absolute values.
	ChangeStock(ctx context.Context, changes []StockChange) error
	// RetirePools ends the sale of pools for good, all or none, provided that nothing is claimed from slot from on
	// (has_reservations otherwise).
	RetirePools(ctx context.Context, pools []stock.PoolID, from stock.Slot) error
	// ArchiveSlots moves the slots before To of each span to the archive, where nothing that may still move claims them, and
	// returns how many went. From is not looked at. What has to stay is tried again by the next call.
	ArchiveSlots(ctx context.Context, spans []Span) (archived int, err error)
	// Slots reads the slots of a span that exist, archived ones too, from the store.
	Slots(ctx context.Context, span Span) ([]SlotRow, error)
	// Snapshot streams all slots from one on; Watch registers for what commits later. See Feed.
	Snapshot(ctx context.Context, from stock.Slot, yield func([]SlotRow) error) (Positions, error)
	// Watch calls fn with the new state of slots after each commit, in this process or seen in the outbox of another,
	// before the commit is answered where it was made here. Calls may come concurrently and out of order: the higher
	// version of a slot wins. The returned function ends it.
	Watch(fn func([]SlotRow)) (stop func())
	// Told gives marks up to which all that was committed has been told to those who watch in this process, and perhaps
	// more. It waits for what is being told, and keeps nobody waiting.
	Told(ctx context.Context) (Marks, error)
	// Replay tells the states of slots in all events after the marks, those that were there when it was called, by
	// stream: the higher version of a slot wins. ErrNoReplay when that cannot be done, or not with most events.
	Replay(ctx context.Context, after Marks, most int64, yield func([]SlotRow) error) error

	// RevokeOffers ends offers issued before an instant.
	RevokeOffers(ctx context.Context, r Revocation) error
	// SealingSecret is the shared secret of offer.Sealer.
	SealingSecret(ctx context.Context) ([]byte, error)

	// Audit recomputes everything and calls progress now and then with the share done, 0 to 1.
	Audit(ctx context.Context, progress func(float64)) (*AuditReport, error)
}

// PoolSpec describes a pool whose slots [From, To) should exist.
type PoolSpec struct {
	Ref           uid.ID
	Supplier      uid.ID
	Physical      int32 // of the slots made now and by later extensions
	OverbookingBP int32
	From, To      stock.Slot
	Layout        uid.ID // of its units, zero for none; then From is 0, and each slot has as many units as the layout has there instead of Physical
}

// StockChange sets what is not nil on the slots of a span that exist. With Default it also becomes what later
// extensions start from.
type StockChange struct {
	Span
	Physical      *int32
	OutOfOrder    *int32
	OverbookingBP *int32
	Target        *int32 // by hand, until OverbookingBP is set or Derive
	Derive        bool   // target follows capacity and overbooking again
	Closed        *bool
	Default       bool
}

// Settings are the numbers a deployment may change.
type Settings struct {
	Hold          time.Duration // how long an unpaid reservation keeps its stock
	Extension     time.Duration // added by each Extend
	Grace         time.Duration // how long a running payment protects the hold
	QuoteLife     time.Duration
	PayWait       time.Duration // how long Pay waits for the provider before it answers "confirming"
	Lanes         int
	Queue         int // waiting commands of a lane before it answers overloaded
	BatchCommands int
	BatchRows     int
	BelieveFor    time.Duration // how long a sold-out answer is believed
	KeyLife       time.Duration
	Caps          Caps
	SupplierCaps  map[uid.ID]Caps
	// What is over is archived so long after the last change to it, at least KeyLife; 0: never.
	ArchiveAfter       time.Duration
	ArchiveUnpaidAfter time.Duration // what ended without ever being paid
}

// Caps bound what one caller can keep from others.
type Caps struct {
	ItemsPerReservation int
	UnitsPerItem        int
	HoldsPerPool        int           // live unpaid reservations of one caller in one pool
	UnitsPerPool        int           // units they hold
	Extensions          int           // of one hold
	LapsesPerPool       int           // holds that may lapse unpaid within LapseWindow before new ones are refused
	LapseWindow         time.Duration // counted from the last lapse
}

// DefaultSettings are used where a deployment says nothing.
func DefaultSettings() Settings {
	return Settings{
		Hold: 15 * time.Minute, Extension: 15 * time.Minute, Grace: 10 * time.Minute, QuoteLife: 15 * time.Minute, PayWait: 2 * time.Second,
		Lanes: 4, Queue: 8192, BatchCommands: 512, BatchRows: 8192, BelieveFor: 50 * time.Millisecond, KeyLife: 30 * 24 * time.Hour,
		ArchiveAfter: 90 * 24 * time.Hour, ArchiveUnpaidAfter: 30 * 24 * time.Hour,
		Caps: Caps{ItemsPerReservation: 20, UnitsPerItem: 30, HoldsPerPool: 25, UnitsPerPool: 60, Extensions: 2, LapsesPerPool: 50, LapseWindow: time.Hour},
	}
}
