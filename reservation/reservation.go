package reservation

import (
	"slices"
	"time"

	"holdfast/money"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// Status is where a reservation, or one item of it, stands.
type Status uint8

// The states: held -> confirming -> confirmed -> completed; exits expired, rejected, cancelled.
const (
	Held       Status = iota + 1 // stock is kept until HoldExpiresAt
	Confirming                   // a payment runs; the hold has its grace
	Confirmed                    // stock is sold
	Completed                    // the last service has been delivered
	Expired                      // the hold lapsed
	Rejected                     // the payment was refused
	Cancelled
)

// Statuses lists all states in order.
var Statuses = []Status{Held, Confirming, Confirmed, Completed, Expired, Rejected, Cancelled}

var statusText = [...]string{Held: "held", Confirming: "confirming", Confirmed: "confirmed", Completed: "completed", Expired: "expired", Rejected: "rejected", Cancelled: "cancelled"}

// String is the word the API uses.
func (s Status) String() string { return statusText[s] }

// PaymentStatus is where the money of a reservation stands.
type PaymentStatus uint8

// The states of the money.
const (
	Unpaid PaymentStatus = iota + 1
	Authorized
	Paid
	PartiallyRefunded
	Refunded
	PaymentFailed
	RefundFailed // the provider refuses for good to return what is owed: staff must act
)

var paymentText = [...]string{Unpaid: "unpaid", Authorized: "authorized", Paid: "paid", PartiallyRefunded: "partially_refunded", Refunded: "refunded", PaymentFailed: "failed", RefundFailed: "refund_failed"}

// String is the word the API uses.
func (s PaymentStatus) String() string { return paymentText[s] }

// Step is what the saga of a reservation has to do next; the desk commits it with the state it belongs to, so a
// restarted process resumes where the killed one stopped (saga.go).
type Step uint8

// The steps.
const (
	NoStep     Step = iota
	AskPayment      // confirming: find out whether the money was set aside
	Capture         // confirmed: take the money that is set aside
	VoidStep        // rejected, lapsed, or not to be captured: let go of money that may be set aside
	RefundStep      // cancelled: return Owed to the traveller
	StaffStep       // the provider refused for good to return Owed: nothing happens until staff act (staff.go)
	SettleStep      // staff paid Owed by other means: have it booked
)

var stepText = [...]string{NoStep: "", AskPayment: "ask_payment", Capture: "capture", VoidStep: "void", RefundStep: "refund", StaffStep: "staff", SettleStep: "settle"}

// String names the step in logs.
func (s Step) String() string { return stepText[s] }

// AtRest reports whether no money of the reservation is on its way: none is, or it waits for staff.
func (r *Reservation) AtRest() bool { return r.Step == NoStep || r.Step == StaffStep }

// Reservation is what a caller reserved.
type Reservation struct {
	ID        uid.ID
	Name      string // the id its caller gave it ("res_..."), "" for none; unique per caller
	Locator   string
	Caller    string // subject of the token that placed it
	Status    Status
	Payment   PaymentStatus
	Currency  money.Currency
	CreatedAt time.Time
	UpdatedAt time.Time

	HoldExpiresAt time.Time // of a Held one the end of the hold, of a Confirming one the end of the grace
	PlacedUntil   time.Time // HoldExpiresAt as the placing answer named it; never changes
	Extensions    int16     // how often the hold was extended
	GraceUsed     bool      // the one payment grace has been given

	Attempt   uid.ID // the payment that runs or ran; zero before the first
	Method    string // its token
	PayKey    uid.ID // idempotency key of the pay or cancel call that waits for the outcome; zero for none
	Paid      int64  // captured, in minor units
	Refunded  int64  // returned
	Owed      int64  // promised back by confirmed cancellations and not yet returned
	RefundID  uid.ID // of the refund that Owed runs under
	Step      Step
	StepDue   time.Time // when the step may be tried (again)
	StepTries int16

	Items      []Item
	Travellers []Traveller
	Version    int64 // each transition adds one and writes one History entry with this number
	Stored     int64 // Version as loaded, set by the store, which updates the row only where it still is so; 0 for a new one
}

// Item is one sold piece. Its claims bear the units it has.
type Item struct {
	ID     uid.ID
	Status Status
	offer.Piece
	Seats  []Seat  // as they are: the units in Claims, with what people call them
	Placed []Seat  // as they were when it was placed; never changes
	Sold   int16   // rides with the same number, from 1, were sold as one: by one offer; 0: by itself
	Notice *Notice // what the supplier has changed since; nil for nothing
}

// Seat is a unit that a traveller has on a part of the way.
type Seat struct {
	Traveller int // index among the travellers of the item who take a seat, adults first
	Pool      stock.PoolID
	Unit      int32
	From, To  stock.Slot
	Label     string // "12A", "7-61"
	Fee       int64  // what choosing it cost, part of the item's price, in minor units
}

// Notice is what a supplier has changed of an item after it was sold. Cancelling it gives everything back where the change is major.
type Notice struct {
	ID               uid.ID // of the Disruption
	At               time.Time
	Withdrawn        bool      // it does not run
	Departs, Arrives time.Time // the new times; zero when withdrawn
	Note             string    // for people; "" for none
}

// A change of a ride's times is major from here on: what was sold may be given back whole. Regulation (EU) 2021/782, article
// 18, draws the line for trains at 60 minutes; who departs earlier than was sold may miss it.
const (
	majorLater   = time.Hour
	majorEarlier = 15 * time.Minute
)

// major reports whether a change lets the traveller give the item back whole. A nil notice is no change.
func (n *Notice) major(r *offer.Ride) bool {
	switch {
	case n == nil:
		return false
	case n.Withdrawn:
		return true
	}
	return n.Departs.Sub(r.Departs) >= majorLater || n.Arrives.Sub(r.Arrives) >= majorLater || r.Departs.Sub(n.Departs) >= majorEarlier
}

// upset reports whether the supplier has changed the item much, or a ride that was sold as one with it: who cannot get to
// the second train needs it no more than the first.
func (r *Reservation) upset(item int) bool {
	it := &r.Items[item]
	for i := range r.Items {
		if o := &r.Items[i]; o.Ride != nil && o.Notice.major(o.Ride) && (i == item || it.Sold != 0 && o.Sold == it.Sold) {
			return true
		}
	}
	return false
}

// over reports whether the item was delivered: it has ended, and its supplier did not withdraw it.
func (it *Item) over(now time.Time) bool {
	ends := it.Terms.EndsAt
	if at := it.arrives(); at.After(ends) {
		ends = at
	}
	return !ends.IsZero() && !now.Before(ends) && (it.Notice == nil || !it.Notice.Withdrawn)
}

// Reseated reports whether the seats are other ones than the item was placed with.
func (it *Item) Reseated() bool { return !slices.Equal(it.Seats, it.Placed) }

// Departs is when the item's ride departs, as the supplier said last; zero for a stay.
func (it *Item) Departs() time.Time {
	if it.Notice != nil && !it.Notice.Departs.IsZero() {
		return it.Notice.Departs
	}
	return it.Begins()
}

// Traveller is a person who travels.
type Traveller struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email,omitempty"`
}

// Total is the price of all items, cancelled ones included: what was sold.
func (r *Reservation) Total() money.Amount {
	var sum int64
	for i := range r.Items {
		sum += r.Items[i].Price.Total()
	}
	return money.Of(sum, r.Currency)
}

// Live reports whether the reservation keeps stock at now: a hold that has lapsed does not, swept or not.
func (r *Reservation) Live(now time.Time) bool {
	switch r.Status {
	case Held:
		return now.Before(r.HoldExpiresAt)
	case Confirming, Confirmed, Completed:
		return true
	case Expired, Rejected, Cancelled:
		return false
	}
	return false
}

// Effective is the status a reader sees at now: a lapsed hold is expired at once, before the sweep has written it.
func (r *Reservation) Effective(now time.Time) Status {
	if r.Status == Held && !now.Before(r.HoldExpiresAt) {
		return Expired
	}
	return r.Status
}

// EndsAt is when the last live item has been delivered.
func (r *Reservation) EndsAt() time.Time {
	var last time.Time
	for i := range r.Items {
		it := &r.Items[i]
		if it.Status == Cancelled {
			continue
		}
		for _, at := range []time.Time{it.Terms.EndsAt, it.arrives()} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

// Claims are the claims of all items, or of those the filter keeps.
func (r *Reservation) Claims(keep func(*Item) bool) []stock.Claim {
	var all []stock.Claim
	for i := range r.Items {
		if keep == nil || keep(&r.Items[i]) {
			all = append(all, r.Items[i].Piece.Claims...)
		}
	}
	return all
}

// arrives is the new time at which a changed ride arrives; zero for none.
func (it *Item) arrives() time.Time {
	if it.Notice == nil {
		return time.Time{}
	}
	return it.Notice.Arrives
}

// Actor is who did something.
type Actor struct {
	Kind ActorKind
	ID   string // subject; for the system the part that acted, e.g. "sweep"
}

// ActorKind says in which role somebody acted.
type ActorKind uint8

// The roles.
const (
	TravellerActor ActorKind = iota + 1
	StaffActor
	SystemActor
)

var actorText = [...]string{TravellerActor: "traveller", StaffActor: "staff", SystemActor: "system"}

// String is the word the API uses.
func (k ActorKind) String() string { return actorText[k] }

// Entry is one line of a reservation's history: one transition.
type Entry struct {
	Reservation uid.ID
	Version     int64 // of the reservation after it; 1 for the placing
	At          time.Time
	Actor       Actor
	Cause       Cause
	From, To    Status // From is 0 for the placing
	Payment     PaymentStatus
	Note        string // further facts for people, e.g. an amount; "" for none
}

// Quote is a priced promise to cancel items, for a short time.
type Quote struct {
	ID          uid.ID
	Reservation uid.ID
	Version     int64 // of the reservation it was made for; any change since ends it
	Items       []uid.ID
	Refund      int64 // minor units of the reservation's currency
	Fee         int64
	ExpiresAt   time.Time
}
