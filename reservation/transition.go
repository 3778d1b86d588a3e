package reservation

// Cause says what led to a transition; history and events carry it.
type Cause uint8

// The causes.
const (
	Placed           Cause = iota + 1
	HoldExtended           // staff or traveller asked for more time
	PaymentBegun           // the grace starts
	PaymentMade            // the money is set aside: held stock becomes sold
	PaymentTaken           // the money is captured
	PaymentRefused         // declined by the provider, or refused for good when it was to be captured
	PaymentLapsed          // no outcome within the grace
	PaidLate               // an outcome after the hold had gone: stock re-acquired
	HoldLapsed             // not paid in time
	ReleasedUnpaid         // given back before any payment
	CancelledPaid          // cancelled after payment, in part or whole, by a quote
	MoneyReturned          // a refund went out
	Delivered              // the last service is over
	RefundRefused          // the provider will never pay a refund: staff must act
	RefundRetried          // staff have it asked again
	SettledOutside         // staff paid it by other means
	SeatsChanged           // other seats, or seats at check-in
	SupplierChanged        // other times, or it does not run: the traveller is told
	SupplierWithdrew       // what was held or sold does not run: it ends
)

// Causes lists all causes in order.
var Causes = []Cause{
	Placed, HoldExtended, PaymentBegun, PaymentMade, PaymentTaken, PaymentRefused, PaymentLapsed, PaidLate, HoldLapsed, ReleasedUnpaid, CancelledPaid,
	MoneyReturned, Delivered, RefundRefused, RefundRetried, SettledOutside, SeatsChanged, SupplierChanged, SupplierWithdrew,
}

var causeText = [...]string{
	Placed: "placed", HoldExtended: "hold_extended", PaymentBegun: "payment_begun", PaymentMade: "payment_made", PaymentTaken: "payment_taken",
	PaymentRefused: "payment_refused", PaymentLapsed: "payment_lapsed", PaidLate: "paid_late", HoldLapsed: "hold_lapsed", ReleasedUnpaid: "released",
	CancelledPaid: "cancelled", MoneyReturned: "money_returned", Delivered: "delivered",
	RefundRefused: "refund_refused", RefundRetried: "refund_retried", SettledOutside: "settled_outside",
	SeatsChanged: "seats_changed", SupplierChanged: "supplier_changed", SupplierWithdrew: "supplier_withdrew",
}

// String is the word the API uses.
func (c Cause) String() string { return causeText[c] }

// EventType is the type of the event a transition writes.
func (c Cause) EventType() string { return "reservation." + causeText[c] }

// Effect is what a transition does to the stock the items claim.
type Effect uint8

// The effects.
const (
	KeepStock    Effect = iota + 1 // claims stay as they are
	TakeStock                      // free -> held
	SellStock                      // held -> sold
	TakeAndSell                    // free -> sold, for money that came after the hold had gone
	ReleaseStock                   // held -> free
	ReturnStock                    // sold -> free
)

// Transition is one allowed step. From 0 is "does not exist yet".
type Transition struct {
	From, To Status
	Cause    Cause
	Who      []ActorKind
	Effect   Effect
	Guard    func(*Reservation) bool // nil: always; what the state must satisfy besides From
}

var (
	anyone   = []ActorKind{TravellerActor, StaffActor}
	byItself = []ActorKind{SystemActor}
	byStaff  = []ActorKind{StaffActor}
	byHouse  = []ActorKind{StaffActor, SystemActor}
)

// What the money must be like for a transition.
var (
	setAside  = func(r *Reservation) bool { return r.Payment == Authorized }
	givenUp   = func(r *Reservation) bool { return r.Payment == PaymentFailed }
	takeable  = func(r *Reservation) bool { return setAside(r) || givenUp(r) }
	owing     = func(r *Reservation) bool { return r.Owed > 0 }
	notRepaid = func(r *Reservation) bool { return r.Payment == RefundFailed && r.Owed > 0 }
)

// Transitions is the whole state machine; there is no other way to change a status. transition_test.go walks it.
var Transitions = []Transition{
	{0, Held, Placed, anyone, TakeStock, nil},
	{Held, Held, HoldExtended, anyone, KeepStock, nil},
	{Held, Confirming, PaymentBegun, anyone, KeepStock, func(r *Reservation) bool { return !r.GraceUsed }},
	{Held, Expired, HoldLapsed, byItself, ReleaseStock, nil},
	{Held, Cancelled, ReleasedUnpaid, anyone, ReleaseStock, nil},
	{Confirming, Confirmed, PaymentMade, byItself, SellStock, nil},
	{Confirming, Rejected, PaymentRefused, byItself, ReleaseStock, nil},
	{Confirming, Expired, PaymentLapsed, byItself, ReleaseStock, nil},
	{Expired, Expired, PaymentRefused, byItself, KeepStock, nil},
	{Expired, Confirmed, PaidLate, byItself, TakeAndSell, func(r *Reservation) bool { return !r.Attempt.IsZero() }},
	{Confirmed, Confirmed, PaymentTaken, byItself, KeepStock, setAside},
	{Confirmed, Cancelled, PaymentRefused, byItself, ReturnStock, setAside}, // refused for good when it was to be captured
	{Completed, Completed, PaymentRefused, byItself, KeepStock, setAside},   // the same, found after the last service
	{Confirmed, Confirmed, CancelledPaid, anyone, ReturnStock, nil},         // of some items
	{Confirmed, Cancelled, CancelledPaid, anyone, ReturnStock, nil},
	{Confirmed, Confirmed, MoneyReturned, byItself, KeepStock, nil},
	{Cancelled, Cancelled, MoneyReturned, byItself, KeepStock, nil},
	{Completed, Completed, MoneyReturned, byItself, KeepStock, nil},
	{Confirmed, Completed, Delivered, byItself, KeepStock, nil},
	{Completed, Completed, PaymentTaken, byItself, KeepStock, takeable},

	{Held, Held, SeatsChanged, anyone, KeepStock, nil},
	{Confirmed, Confirmed, SeatsChanged, anyone, KeepStock, nil},

	// The supplier changed what was sold. What is not paid and does not run any more ends at once; what is paid, when the
	// traveller has not cancelled it by the time it would have been over.
	{Held, Held, SupplierChanged, byHouse, KeepStock, nil},
	{Confirming, Confirming, SupplierChanged, byHouse, KeepStock, nil},
	{Confirmed, Confirmed, SupplierChanged, byHouse, KeepStock, nil},
	{Held, Cancelled, SupplierWithdrew, byHouse, ReleaseStock, nil},
	{Confirmed, Confirmed, SupplierWithdrew, byHouse, ReturnStock, nil}, // of some items
	{Confirmed, Cancelled, SupplierWithdrew, byHouse, ReturnStock, nil},

	// The provider took by itself what had been given up: it goes back.
	{Expired, Expired, PaymentTaken, byItself, KeepStock, givenUp},
	{Rejected, Rejected, PaymentTaken, byItself, KeepStock, givenUp},
	{Cancelled, Cancelled, PaymentTaken, byItself, KeepStock, givenUp},
	{Expired, Expired, MoneyReturned, byItself, KeepStock, nil},
	{Rejected, Rejected, MoneyReturned, byItself, KeepStock, nil},

	// The provider refused a refund for good: staff have it tried again, or pay by other means.
	{Confirmed, Confirmed, RefundRefused, byItself, KeepStock, owing},
	{Completed, Completed, RefundRefused, byItself, KeepStock, owing},
	{Expired, Expired, RefundRefused, byItself, KeepStock, owing},
	{Rejected, Rejected, RefundRefused, byItself, KeepStock, owing},
	{Cancelled, Cancelled, RefundRefused, byItself, KeepStock, owing},
	{Confirmed, Confirmed, RefundRetried, byStaff, KeepStock, notRepaid},
	{Completed, Completed, RefundRetried, byStaff, KeepStock, notRepaid},
	{Expired, Expired, RefundRetried, byStaff, KeepStock, notRepaid},
	{Rejected, Rejected, RefundRetried, byStaff, KeepStock, notRepaid},
	{Cancelled, Cancelled, RefundRetried, byStaff, KeepStock, notRepaid},
	{Confirmed, Confirmed, SettledOutside, byStaff, KeepStock, notRepaid},
	{Completed, Completed, SettledOutside, byStaff, KeepStock, notRepaid},
	{Expired, Expired, SettledOutside, byStaff, KeepStock, notRepaid},
	{Rejected, Rejected, SettledOutside, byStaff, KeepStock, notRepaid},
	{Cancelled, Cancelled, SettledOutside, byStaff, KeepStock, notRepaid},
}

// find is the transition from one state to another for a cause, or nil.
func find(from, to Status, cause Cause) *Transition {
	for i := range Transitions {
		if t := &Transitions[i]; t.From == from && t.To == to && t.Cause == cause {
			return t
		}
	}
	return nil
}
