package payment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/money"
	"holdfast/uid"
)

const (
	// auditPage is how many payments one snapshot of the audit reads.
	auditPage = 500
	// maxAuditFindings bounds what one audit reports.
	maxAuditFindings = 10_000
)

// Audit recomputes the ledger payment by payment, each page in a short snapshot of its own.
func (c *Core) Audit(ctx context.Context, limit int, rest func(context.Context, time.Duration) error) (Audit, error) {
	limit = max(0, min(limit, maxAuditFindings))
	var a Audit
	in, out := map[money.Currency]int64{}, map[money.Currency]int64{}
	for after := (uid.ID{}); ; {
		begin := time.Now()
		page, err := c.store.Dossiers(ctx, after, auditPage)
		if err != nil {
			return Audit{}, err
		}
		for _, d := range page {
			a.Payments++
			a.Entries += int64(len(d.Entries))
			for _, finding := range d.findings() {
				if len(a.Findings) < limit {
					a.Findings = append(a.Findings, finding)
				}
			}
			d.add(in, out)
			after = d.Record.ID
		}
		if len(page) < auditPage {
			break
		}
		if rest != nil {
			if err := rest(ctx, time.Since(begin)); err != nil {
				return Audit{}, err
			}
		}
	}
	a.Captured, a.Refunded = amounts(in), amounts(out)
	return a, nil
}

// add adds up what the ledger says came in on the provider's account and went out, there or outside.
func (d Dossier) add(in, out map[money.Currency]int64) {
	account := ProviderAccount(d.Record.Provider)
	for _, e := range d.Entries {
		for _, p := range e.Postings {
			if p.Account != account && p.Account != OutsideAccount {
				continue
			}
			if e.Kind == RefundEntry {
				out[p.Amount.Currency] -= p.Amount.Minor
			} else {
				in[p.Amount.Currency] += p.Amount.Minor
			}
		}
	}
}

func amounts(sums map[money.Currency]int64) []money.Amount {
	var list []money.Amount
	for currency, sum := range sums {
		list = append(list, money.Of(sum, currency))
	}
	slices.SortFunc(list, func(a, b money.Amount) int { return cmp.Compare(a.Currency, b.Currency) })
	return list
}

// findings is what is wrong with one payment: the ledger must hold exactly the entries that its state and its refunds
// call for, each balanced, and the payment's sums must be those of its refunds (I5).
func (d Dossier) findings() []string {
	r := d.Record
	var found []string
	report := func(format string, args ...any) {
		found = append(found, "payment "+r.ID.Text(paymentPrefix)+": "+fmt.Sprintf(format, args...))
	}
	wanted := map[uid.ID]Entry{}
	if r.Status == Captured {
		wanted[r.ID] = captured(r, r.UpdatedAt)
	}
	nothing := money.Of(0, r.Amount.Currency)
	open, done := nothing, nothing
	for _, f := range d.Refunds {
		if f.Amount.Currency != r.Amount.Currency {
			report("refund %s is in %s", f.ID.Text(refundPrefix), f.Amount.Currency)
			continue
		}
		switch f.Status {
		case RefundPending:
			open = open.Add(f.Amount)
		case RefundSucceeded:
			done = done.Add(f.Amount)
			wanted[f.ID] = returned(r, f, f.CreatedAt)
		case RefundFailed:
		}
	}
	if open != r.Refunding || done != r.Refunded {
		report("says %s refunded and %s open, its refunds say %s and %s", r.Refunded, r.Refunding, done, open)
	}
	if left := r.Amount.Sub(done).Sub(open); left.Minor < 0 || r.Status != Captured && left != r.Amount {
		report("%s of %s refunded while it is %s", done.Add(open), r.Amount, r.Status)
	}
	for _, e := range d.Entries {
		if err := e.Check(); err != nil {
			report("entry %s: %v", e.ID.Text("ent"), err)
		}
		want, ok := wanted[e.ID]
		if !ok || want.Kind != e.Kind || want.Payment != e.Payment || !samePostings(want.Postings, e.Postings) {
			report("entry %s is not what its state calls for", e.ID.Text("ent"))
		}
		delete(wanted, e.ID)
	}
	missing := make([]string, 0, len(wanted))
	for id := range wanted {
		missing = append(missing, id.Text("ent"))
	}
	slices.Sort(missing)
	for _, id := range missing {
		report("entry %s is missing", id)
	}
	return found
}

// samePostings compares postings in any order.
func samePostings(a, b []Posting) bool {
	order := func(x, y Posting) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Amount.Currency, y.Amount.Currency), cmp.Compare(x.Amount.Minor, y.Amount.Minor))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}
