package payment

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"holdfast/fault"
	"holdfast/money"
	"holdfast/uid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func sample(s Status, g Goal) Record {
	r := Record{
		Payment: Payment{
			ID: uid.New(), Reservation: uid.New(), Amount: money.Of(10_000, "EUR"), Method: "pm_test_approved",
			Status: s, Refunded: money.Of(0, "EUR"), CreatedAt: noon, UpdatedAt: noon,
		},
		Provider: "sandbox", Goal: g, Refunding: money.Of(0, "EUR"),
	}
	if s == Declined {
		r.Reason = "card_declined"
	}
	return r
}

// What every word of a provider makes of every state, whatever the goal, but for one; "=" is no change.
func TestLearned(t *testing.T) {
	columns := []Outcome{OutcomeUnheard, OutcomePending, OutcomeApproved, OutcomeDeclined, OutcomeCaptured, OutcomeVoided}
	table := map[Status][]string{
		Pending:    {"=", "=", "authorized", "declined", "captured", "declined"},
		Authorized: {"=", "=", "=", "voided", "captured", "voided"},
		Declined:   {"=", "=", "=", "=", "=", "="},
		Captured:   {"=", "=", "=", "=", "=", "="},
		Voided:     {"=", "=", "=", "=", "=", "="},
	}
	for status, row := range table {
		for i, want := range row {
			for _, goal := range []Goal{GoalAuthorize, GoalCapture, GoalVoid} {
				if status == Pending && columns[i] == OutcomeVoided && goal == GoalVoid {
					want = "voided" // it was asked for; otherwise it never arrived
				}
				r := sample(status, goal)
				c, changed := r.learned(Report{Outcome: columns[i], Reason: "card_declined"}, noon.Add(time.Second))
				got := c.Record.Status.String()
				if !changed {
					got = "="
					if c.Record != r || len(c.Entries) != 0 {
						t.Errorf("%s, outcome %d: no change, and yet %+v", status, columns[i], c)
					}
				}
				if got != want {
					t.Errorf("%s with goal %s, outcome %d: %s, want %s", status, goal, columns[i], got, want)
				}
				if (c.Record.Status == Captured && changed) != (len(c.Entries) == 1) {
					t.Errorf("%s, outcome %d: %d entries", status, columns[i], len(c.Entries))
				}
				if (c.Record.Status == Declined) != (c.Record.Reason != "") {
					t.Errorf("%s, outcome %d: %s for reason %q", status, columns[i], c.Record.Status, c.Record.Reason)
				}
			}
		}
	}
	if c, _ := sample(Pending, GoalAuthorize).learned(Report{Outcome: OutcomeVoided}, noon); c.Record.Reason != "never_arrived" {
		t.Errorf("reason %q, want never_arrived", c.Record.Reason)
	}
}

// What may be asked in every state, by goal so far: "=" nothing to do, "!" refused, "goal" goes on towards it.
func TestAimed(t *testing.T) {
	for _, c := range []struct {
		status        Status
		so            Goal
		capture, void string
	}{
		{Pending, GoalAuthorize, "!", "goal"},
		{Pending, GoalVoid, "!", "="},
		{Authorized, GoalAuthorize, "goal", "goal"},
		{Authorized, GoalCapture, "=", "!"},
		{Authorized, GoalVoid, "!", "="},
		{Declined, GoalAuthorize, "!", "="},
		{Declined, GoalVoid, "!", "="},
		{Captured, GoalAuthorize, "=", "!"},
		{Captured, GoalCapture, "=", "!"},
		{Captured, GoalVoid, "=", "!"},
		{Voided, GoalAuthorize, "!", "="},
		{Voided, GoalCapture, "!", "="},
		{Voided, GoalVoid, "!", "="},
	} {
		for goal, want := range map[Goal]string{GoalCapture: c.capture, GoalVoid: c.void} {
			r, changed, err := sample(c.status, c.so).aimed(goal, noon)
			got := "="
			if err != nil {
				got = "!"
			} else if changed {
				got = "goal"
			}
			if got != want || err != nil && !fault.Is(err, "payment_state") || changed && r.Goal != goal {
				t.Errorf("%s with goal %s, asked to %s: %s (%v), want %s", c.status, c.so, goal, got, err, want)
			}
		}
	}
}

// An entry passes exactly when its lines add up to nothing in each currency.
func TestEntryCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e Entry
		sums := map[money.Currency]int64{}
		for range rapid.IntRange(1, maxPostings).Draw(t, "lines") {
			currency := rapid.SampledFrom([]money.Currency{"EUR", "USD"}).Draw(t, "currency")
			amount := rapid.SampledFrom([]int64{-2, -1, 1, 2}).Draw(t, "amount")
			e.Postings = append(e.Postings, Posting{Account: "a", Amount: money.Of(amount, currency)})
			sums[currency] += amount
		}
		want := len(e.Postings) >= 2 && sums["EUR"] == 0 && sums["USD"] == 0
		if err := e.Check(); (err == nil) != want || err != nil && !errors.Is(err, ErrUnbalanced) {
			t.Fatalf("sums %v in %d lines: %v", sums, len(e.Postings), err)
		}
	})
}

// Whatever is refunded in whatever order, nothing is made or lost, and the audit agrees.
func TestRefundRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample(Pending, GoalCapture)
		c, _ := r.learned(Report{Outcome: OutcomeCaptured}, noon)
		d := Dossier{Record: c.Record, Entries: c.Entries}
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			if len(d.Refunds) > 0 && rapid.Bool().Draw(t, "end one") {
				i := rapid.IntRange(0, len(d.Refunds)-1).Draw(t, "which")
				status := rapid.SampledFrom([]RefundStatus{RefundPending, RefundSucceeded, RefundFailed}).Draw(t, "status")
				if c := d.Record.refunded(d.Refunds[i], status, noon); c != nil {
					d.Record, d.Refunds[i] = c.Record, *c.Refund
					d.Entries = append(d.Entries, c.Entries...)
				}
			} else {
				q := RefundRequest{ID: uid.New(), Payment: r.ID, Amount: money.Of(rapid.Int64Range(1, 10_001).Draw(t, "amount"), "EUR")}
				c, err := d.Record.refunding(q, noon)
				left := d.Record.Amount.Sub(d.Record.Refunded).Sub(d.Record.Refunding)
				if (err == nil) != (q.Amount.Minor <= left.Minor) {
					t.Fatalf("%s of %s left: %v", q.Amount, left, err)
				}
				if err == nil {
					d.Record, d.Refunds = c.Record, append(d.Refunds, *c.Refund)
				}
			}
			if found := d.findings(); len(found) > 0 {
				t.Fatalf("audit: %q", found)
			}
		}
	})
}

// Each way to spoil a sound dossier is found.
func TestAuditFinds(t *testing.T) {
	sound := func() Dossier {
		c, _ := sample(Pending, GoalCapture).learned(Report{Outcome: OutcomeCaptured}, noon)
		begun, err := c.Record.refunding(RefundRequest{ID: uid.New(), Payment: c.Record.ID, Amount: money.Of(400, "EUR")}, noon)
		if err != nil {
			t.Fatal(err)
		}
		done := begun.Record.refunded(*begun.Refund, RefundSucceeded, noon)
		return Dossier{Record: done.Record, Refunds: []Refund{*done.Refund}, Entries: append(c.Entries, done.Entries...)}
	}
	if found := sound().findings(); len(found) != 0 {
		t.Fatalf("a sound one: %q", found)
	}
	for name, spoil := range map[string]func(*Dossier){
		"entry missing":  func(d *Dossier) { d.Entries = d.Entries[:1] },
		"entry too many": func(d *Dossier) { d.Entries = append(d.Entries, captured(sample(Captured, GoalCapture), noon)) },
		"entry twice":    func(d *Dossier) { d.Entries = append(d.Entries, d.Entries[0]) },
		"entry of other amount": func(d *Dossier) {
			d.Entries[0].Postings = move(d.Record, ProviderAccount(d.Record.Provider), money.Of(9_999, "EUR"))
		},
		"entry unbalanced":       func(d *Dossier) { d.Entries[0].Postings[0].Amount.Minor++ },
		"entry to other account": func(d *Dossier) { d.Entries[0].Postings[0].Account = "provider:other" },
		"entry the wrong way": func(d *Dossier) {
			d.Entries[1].Postings = move(d.Record, ProviderAccount(d.Record.Provider), money.Of(400, "EUR"))
		},
		"entry of other kind":     func(d *Dossier) { d.Entries[1].Kind = CaptureEntry },
		"captured, not posted":    func(d *Dossier) { d.Entries = d.Entries[1:] },
		"posted, not captured":    func(d *Dossier) { d.Record.Status = Authorized },
		"refunded sum is off":     func(d *Dossier) { d.Record.Refunded.Minor++ },
		"refunding sum is off":    func(d *Dossier) { d.Record.Refunding.Minor++ },
		"refund lost":             func(d *Dossier) { d.Refunds = nil },
		"refund in other money":   func(d *Dossier) { d.Refunds[0].Amount.Currency = "USD" },
		"refund says failed":      func(d *Dossier) { d.Refunds[0].Status = RefundFailed },
		"more refunded than paid": func(d *Dossier) { d.Record.Amount.Minor = 399 },
	} {
		d := sound()
		if spoil(&d); len(d.findings()) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestCleanReason(t *testing.T) {
	for in, want := range map[string]string{
		"card_declined": "card_declined", "Do Not Honour!": "ootonour", "": "declined", "4242 4242 4242 4242": "declined",
		strings.Repeat("a", 100): strings.Repeat("a", maxReason), "'; drop table": "droptable",
	} {
		if got := cleanReason(in); got != want {
			t.Errorf("cleanReason(%q) = %q, want %q", in, got, want)
		}
	}
}
