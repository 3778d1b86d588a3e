package reservation

import (
	"slices"
	"testing"

	"holdfast/uid"
)

// The whole table, written out: every other combination of states and cause must be impossible. A transition that is
// added or lost has to be added or lost here too.
func TestTransitionsAreExactlyThese(t *testing.T) {
	type edge struct {
		from, to Status
		cause    Cause
	}
	want := map[edge]Effect{
		{0, Held, Placed}:                      TakeStock,
		{Held, Held, HoldExtended}:             KeepStock,
		{Held, Confirming, PaymentBegun}:       KeepStock,
		{Held, Expired, HoldLapsed}:            ReleaseStock,
		{Held, Cancelled, ReleasedUnpaid}:      ReleaseStock,
		{Confirming, Confirmed, PaymentMade}:   SellStock,
		{Confirming, Rejected, PaymentRefused}: ReleaseStock,
		{Confirming, Expired, PaymentLapsed}:   ReleaseStock,
		{Expired, Expired, PaymentRefused}:     KeepStock,
		{Expired, Confirmed, PaidLate}:         TakeAndSell,
		{Confirmed, Confirmed, PaymentTaken}:   KeepStock,
		{Confirmed, Confirmed, CancelledPaid}:  ReturnStock,
		{Confirmed, Cancelled, CancelledPaid}:  ReturnStock,
		{Confirmed, Confirmed, MoneyReturned}:  KeepStock,
		{Cancelled, Cancelled, MoneyReturned}:  KeepStock,
		{Completed, Completed, MoneyReturned}:  KeepStock,
		{Confirmed, Completed, Delivered}:      KeepStock,
		{Completed, Completed, PaymentTaken}:   KeepStock,
		{Confirmed, Cancelled, PaymentRefused}: ReturnStock,
		{Completed, Completed, PaymentRefused}: KeepStock,
		{Expired, Expired, PaymentTaken}:       KeepStock,
		{Rejected, Rejected, PaymentTaken}:     KeepStock,
		{Cancelled, Cancelled, PaymentTaken}:   KeepStock,
		{Expired, Expired, MoneyReturned}:      KeepStock,
		{Rejected, Rejected, MoneyReturned}:    KeepStock,
		{Held, Held, SeatsChanged}:             KeepStock,
		{Confirmed, Confirmed, SeatsChanged}:   KeepStock,

		{Held, Held, SupplierChanged}:             KeepStock,
		{Confirming, Confirming, SupplierChanged}: KeepStock,
		{Confirmed, Confirmed, SupplierChanged}:   KeepStock,
		{Held, Cancelled, SupplierWithdrew}:       ReleaseStock,
		{Confirmed, Confirmed, SupplierWithdrew}:  ReturnStock,
		{Confirmed, Cancelled, SupplierWithdrew}:  ReturnStock,
	}
	for _, s := range []Status{Confirmed, Completed, Expired, Rejected, Cancelled} { // everything that may owe money
		for _, cause := range []Cause{RefundRefused, RefundRetried, SettledOutside} {
			want[edge{s, s, cause}] = KeepStock
		}
	}
	found := 0
	for _, from := range append([]Status{0}, Statuses...) {
		for _, to := range Statuses {
			for _, cause := range Causes {
				tr := find(from, to, cause)
				effect, ok := want[edge{from, to, cause}]
				switch {
				case tr == nil && ok:
					t.Errorf("%s -> %s for %s is missing", statusText[from], to, cause)
				case tr != nil && !ok:
					t.Errorf("%s -> %s for %s is possible", statusText[from], to, cause)
				case tr != nil && tr.Effect != effect:
					t.Errorf("%s -> %s for %s: effect %d, want %d", statusText[from], to, cause, tr.Effect, effect)
				}
				if tr != nil {
					found++
				}
			}
		}
	}
	if found != len(Transitions) {
		t.Errorf("%d of %d transitions found: one is there twice", found, len(Transitions))
	}
}

// Stock is conserved by the table: what is taken from free comes back to free on every way out, and only the system
// decides on money and time.
func TestTransitionsConserveStock(t *testing.T) {
	holds := func(s Status) (held, sold bool) {
		return s == Held || s == Confirming, s == Confirmed || s == Completed
	}
	for _, tr := range Transitions {
		fromHeld, fromSold := holds(tr.From)
		toHeld, toSold := holds(tr.To)
		want := KeepStock
		switch {
		case !fromHeld && !fromSold && toHeld:
			want = TakeStock
		case !fromHeld && !fromSold && toSold:
			want = TakeAndSell
		case fromHeld && toSold:
			want = SellStock
		case fromHeld && !toHeld:
			want = ReleaseStock
		case fromSold && !toSold:
			want = ReturnStock
		}
		if tr.Cause == CancelledPaid || tr.Cause == SupplierWithdrew && tr.From == Confirmed {
			want = ReturnStock // of some items, when the reservation as a whole stays
		}
		if tr.Effect != want {
			t.Errorf("%s -> %s for %s: effect %d, want %d", statusText[tr.From], tr.To, tr.Cause, tr.Effect, want)
		}
		who := anyone
		switch {
		case slices.Contains([]Cause{PaymentMade, PaymentTaken, PaymentRefused, PaymentLapsed, PaidLate, HoldLapsed, MoneyReturned, Delivered, RefundRefused}, tr.Cause):
			who = byItself
		case tr.Cause == RefundRetried || tr.Cause == SettledOutside:
			who = byStaff
		case tr.Cause == SupplierChanged || tr.Cause == SupplierWithdrew:
			who = byHouse
		}
		if !slices.Equal(tr.Who, who) {
			t.Errorf("%s may be caused by %v", tr.Cause, tr.Who)
		}
	}
}

// The causes are numbered without gaps, and every one has its word and is used.
func TestCauses(t *testing.T) {
	for i, c := range Causes {
		if int(c) != i+1 || c.String() == "" {
			t.Errorf("cause %d is number %d, called %q", i+1, c, c)
		}
		if !slices.ContainsFunc(Transitions, func(tr Transition) bool { return tr.Cause == c }) {
			t.Errorf("nothing happens for %s", c)
		}
	}
	if len(Causes)+1 != len(causeText) {
		t.Errorf("%d causes, %d words", len(Causes), len(causeText)-1)
	}
}

// Money guards: what was not set aside is not taken or given up, what was not given up does not come back by itself, and
// staff act only on what the provider refused.
func TestTransitionGuards(t *testing.T) {
	for _, tr := range Transitions {
		allowed := map[PaymentStatus]bool{}
		for p := Unpaid; p <= RefundFailed; p++ {
			allowed[p] = tr.Guard == nil || tr.Guard(&Reservation{Payment: p, Owed: 1})
		}
		for p, ok := range allowed {
			want := ok
			switch tr.Cause { //nolint:exhaustive // the causes whose guards are about money
			case PaymentTaken:
				want = p == Authorized && (tr.From == Confirmed || tr.From == Completed) || p == PaymentFailed && tr.From != Confirmed
			case PaymentRefused:
				want = p == Authorized || tr.From == Confirming || tr.From == Expired
			case RefundRetried, SettledOutside:
				want = p == RefundFailed
			}
			if ok != want {
				t.Errorf("%s -> %s for %s with payment %s: allowed is %t", statusText[tr.From], tr.To, tr.Cause, p, ok)
			}
		}
		switch tr.Cause { //nolint:exhaustive // what is owed
		case RefundRefused, RefundRetried, SettledOutside:
			if tr.Guard(&Reservation{Payment: RefundFailed}) {
				t.Errorf("%s though nothing is owed", tr.Cause)
			}
		}
	}
}

func TestFactsRenderTheSameAnswerAgain(t *testing.T) {
	r := &Reservation{ID: uid.New(), Status: Confirmed, Payment: PartiallyRefunded, Version: 4, Paid: 100, Refunded: 40, Items: []Item{{Status: Cancelled}, {Status: Confirmed}}}
	f := factsOf(r)
	r.Status, r.Payment, r.Version, r.Refunded = Cancelled, Refunded, 6, 100
	r.Items[1].Status = Cancelled
	got := r.as(f)
	if got.Status != Confirmed || got.Payment != PartiallyRefunded || got.Version != 4 || got.Refunded != 40 || got.Items[0].Status != Cancelled || got.Items[1].Status != Confirmed {
		t.Errorf("rendered %+v", got)
	}
	if r.Items[1].Status != Cancelled {
		t.Error("rendering changed the row")
	}
}
