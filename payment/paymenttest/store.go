package paymenttest

import (
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/money"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

// fresh is a payment as Begin is given it.
func fresh(reservation uid.ID, at time.Time) payment.Record {
	return payment.Record{
		Payment: payment.Payment{
			ID: uid.New(), Reservation: reservation, Amount: eur(10_000), Method: "pm_test_approved", Status: payment.Pending,
			Refunded: eur(0), CreatedAt: at, UpdatedAt: at,
		},
		Provider: "sandbox", Goal: payment.GoalAuthorize, Refunding: eur(0),
	}
}

func entry(r payment.Record, minor ...int64) payment.Entry {
	e := payment.Entry{ID: r.ID, Kind: payment.CaptureEntry, Payment: r.ID, At: Start}
	accounts := []string{payment.ProviderAccount(r.Provider), payment.ReservationAccount(r.Reservation), "fee:sandbox"}
	for i, n := range minor {
		e.Postings = append(e.Postings, payment.Posting{Account: accounts[i], Amount: eur(n)})
	}
	return e
}

// capture is what is written when r was captured.
func capture(r payment.Record, entries ...payment.Entry) func(payment.Record, *payment.Refund) (*payment.Change, error) {
	return func(now payment.Record, _ *payment.Refund) (*payment.Change, error) {
		now.Status, now.Goal, now.UpdatedAt = payment.Captured, payment.GoalCapture, r.UpdatedAt.Add(time.Second)
		return &payment.Change{Record: now, Entries: entries}, nil
	}
}

// RunStore is the definition of a payment.Store. open gives an empty one.
func RunStore(t *testing.T, open func(testing.TB) payment.Store) {
	s := open(t)
	begin := func(t *testing.T) payment.Record {
		t.Helper()
		r := fresh(uid.New(), Start)
		if _, _, err := s.Begin(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	read := func(t *testing.T, id uid.ID) payment.Record {
		t.Helper()
		r, err := s.Payment(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}

	t.Run("begin once", func(t *testing.T) {
		r := fresh(uid.New(), Start.Add(123456*time.Microsecond))
		for try := range 3 {
			got, isNew, err := s.Begin(t.Context(), r)
			if err != nil || got != r || isNew != (try == 0) {
				t.Fatalf("try %d: %+v, %t, %v", try, got, isNew, err)
			}
		}
		other := r
		other.Amount = eur(5)
		if got, isNew, err := s.Begin(t.Context(), other); err != nil || isNew || got != r {
			t.Fatalf("other contents: %+v, %t, %v", got, isNew, err)
		}
	})

	t.Run("nothing there", func(t *testing.T) {
		if _, err := s.Payment(t.Context(), uid.New()); !fault.Is(err, "payment_not_found") {
			t.Error(err)
		}
		_, err := s.Change(t.Context(), payment.Key{Payment: uid.New()}, func(payment.Record, *payment.Refund) (*payment.Change, error) {
			t.Error("asked to decide about nothing")
			return nil, nil
		})
		if !fault.Is(err, "payment_not_found") {
			t.Error(err)
		}
		if b, err := s.Balances(t.Context(), nil); err != nil || len(b) != 0 {
			t.Error(b, err)
		}
	})

	t.Run("change", func(t *testing.T) {
		r := begin(t)
		row, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, capture(r, entry(r, 10_000, -10_000)))
		if err != nil || row.Record.Status != payment.Captured || row.Refund != nil || row.Record != read(t, r.ID) {
			t.Fatalf("%+v, %v", row, err)
		}
		r = row.Record
		f := payment.Refund{ID: uid.New(), Payment: r.ID, Amount: eur(400), Status: payment.RefundPending, CreatedAt: Start}
		back := payment.Entry{ID: f.ID, Kind: payment.RefundEntry, Payment: r.ID, At: Start, Postings: entry(r, -400, 400).Postings}
		row, err = s.Change(t.Context(), payment.Key{Payment: r.ID, Refund: f.ID}, func(now payment.Record, none *payment.Refund) (*payment.Change, error) {
			if now != r || none != nil {
				t.Errorf("decides about %+v, %+v", now, none)
			}
			now.Refunding = f.Amount
			return &payment.Change{Record: now, Refund: &f}, nil
		})
		if err != nil || row.Refund == nil || *row.Refund != f {
			t.Fatalf("%+v, %v", row, err)
		}
		row, err = s.Change(t.Context(), payment.Key{Payment: r.ID, Refund: f.ID}, func(now payment.Record, there *payment.Refund) (*payment.Change, error) {
			if there == nil || *there != f {
				t.Errorf("decides about %+v", there)
			}
			done := f
			done.Status = payment.RefundSucceeded
			now.Refunding, now.Refunded = eur(0), f.Amount
			return &payment.Change{Record: now, Refund: &done, Entries: []payment.Entry{back}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		f.Status = payment.RefundSucceeded
		payments, refunds, err := s.Payments(t.Context(), r.Reservation)
		if err != nil || len(payments) != 1 || payments[0] != row.Record || len(refunds) != 1 || refunds[0] != f {
			t.Fatalf("%+v, %+v, %v", payments, refunds, err)
		}
		balances, err := s.Balances(t.Context(), []uid.ID{r.Reservation})
		want := payment.Balance{Reservation: r.Reservation, Captured: eur(10_000), Refunded: eur(400), Retained: eur(9_600)}
		if err != nil || len(balances) != 1 || balances[0] != want {
			t.Fatalf("%+v, %v", balances, err)
		}
		for _, d := range dossiers(t, s) {
			if d.Record.ID == r.ID {
				wantEntries := []payment.Entry{entry(r, 10_000, -10_000), back} // the refund's id is the younger
				if d.Record != row.Record || !reflect.DeepEqual(d.Refunds, refunds) || !reflect.DeepEqual(d.Entries, wantEntries) {
					t.Errorf("dossier %+v", d)
				}
				return
			}
		}
		t.Error("no dossier")
	})

	t.Run("nil changes nothing", func(t *testing.T) {
		r := begin(t)
		row, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, func(payment.Record, *payment.Refund) (*payment.Change, error) { return nil, nil })
		if err != nil || row.Record != r || read(t, r.ID) != r {
			t.Errorf("%+v, %v", row, err)
		}
	})

	t.Run("an error changes nothing", func(t *testing.T) {
		r := begin(t)
		refused := fault.New(fault.Conflict, "payment_state", "No.")
		_, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, func(payment.Record, *payment.Refund) (*payment.Change, error) {
			return nil, refused
		})
		if !errors.Is(err, refused) || read(t, r.ID) != r {
			t.Error(err)
		}
	})

	t.Run("unbalanced entries are refused whole", func(t *testing.T) {
		r := begin(t)
		dollars := entry(r, 10_000, -10_000)
		dollars.Postings[1].Amount.Currency = "USD"
		for name, e := range map[string]payment.Entry{
			"a cent too much": entry(r, 10_000, -9_999), "one line": entry(r, 10_000), "no line": entry(r),
			"a line of nothing": entry(r, 10_000, -10_000, 0), "two currencies": dollars,
		} {
			if _, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, capture(r, e)); !errors.Is(err, payment.ErrUnbalanced) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if read(t, r.ID) != r {
			t.Error("the payment changed all the same")
		}
		if b, err := s.Balances(t.Context(), []uid.ID{r.Reservation}); err != nil || len(b) != 0 {
			t.Errorf("the ledger has %v, %v", b, err)
		}
		if _, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, capture(r, entry(r, 10_000, -9_900, -100))); err != nil {
			t.Errorf("three lines in balance: %v", err)
		}
	})

	t.Run("an entry is posted once", func(t *testing.T) {
		r := begin(t)
		for try := range 2 {
			_, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, capture(r, entry(r, 10_000, -10_000)))
			if (err == nil) != (try == 0) {
				t.Errorf("try %d: %v", try, err)
			}
		}
	})

	t.Run("the table refuses what no rule allows", func(t *testing.T) {
		for name, spoil := range map[string]func(*payment.Record){
			"refunded and not captured": func(r *payment.Record) { r.Refunded = eur(1) },
			"more than captured":        func(r *payment.Record) { r.Status, r.Refunded, r.Refunding = payment.Captured, eur(10_000), eur(1) },
			"refunds below nothing":     func(r *payment.Record) { r.Status, r.Refunding = payment.Captured, eur(-1) },
			"declined without a reason": func(r *payment.Record) { r.Status = payment.Declined },
			"a reason without decline":  func(r *payment.Record) { r.Reason = "why" },
			"no status":                 func(r *payment.Record) { r.Status = 0 },
			"unknown goal":              func(r *payment.Record) { r.Goal = 4 },
		} {
			r := begin(t)
			_, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, func(r payment.Record, _ *payment.Refund) (*payment.Change, error) {
				spoil(&r)
				return &payment.Change{Record: r}, nil
			})
			if fault.KindOf(err) != fault.Internal || read(t, r.ID) != r {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, spoil := range map[string]func(*payment.Record){
			"card number":   func(r *payment.Record) { r.Method = "4242424242424242" },
			"no amount":     func(r *payment.Record) { r.Amount = eur(0) },
			"no currency":   func(r *payment.Record) { r.Amount.Currency = "" },
			"long currency": func(r *payment.Record) { r.Amount.Currency = "EURO" },
			"no provider":   func(r *payment.Record) { r.Provider = "" },
		} {
			r := fresh(uid.New(), Start)
			spoil(&r)
			if _, _, err := s.Begin(t.Context(), r); fault.KindOf(err) != fault.Internal {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	t.Run("lists are ordered and complete", func(t *testing.T) {
		reservation := uid.New()
		var want []payment.Record
		for i := range 5 {
			r := fresh(reservation, Start.Add(time.Duration(5-i)*time.Second)) // ids ascend, times descend
			if _, _, err := s.Begin(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			want = append([]payment.Record{r}, want...)
		}
		got, _, err := s.Payments(t.Context(), reservation)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v, error %v", got, want, err)
		}
		seen := map[uid.ID]bool{}
		var last uid.ID
		for _, d := range dossiers(t, s) {
			if seen[d.Record.ID] || string(d.Record.ID[:]) < string(last[:]) {
				t.Error("dossiers are out of order")
			}
			seen[d.Record.ID], last = true, d.Record.ID
		}
		for _, r := range want {
			if !seen[r.ID] {
				t.Error("a dossier is missing")
			}
		}
	})

	t.Run("changes of one payment take turns", func(t *testing.T) {
		r := begin(t)
		if _, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, capture(r)); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				_, err := s.Change(t.Context(), payment.Key{Payment: r.ID}, func(r payment.Record, _ *payment.Refund) (*payment.Change, error) {
					r.Refunding.Minor++
					return &payment.Change{Record: r}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got := read(t, r.ID).Refunding; got != eur(20) {
			t.Errorf("counted to %s", got)
		}
	})
}

// dossiers reads all of them, two at a time.
func dossiers(t *testing.T, s payment.Store) (all []payment.Dossier) {
	t.Helper()
	for after := (uid.ID{}); ; {
		page, err := s.Dossiers(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Record.ID
	}
}

// RunSandboxStore is the definition of a sandbox.Store. open gives an empty one.
func RunSandboxStore(t *testing.T, open func(testing.TB) sandbox.Store) {
	s := open(t)
	id := uid.New()
	a := sandbox.Authorization{
		Payment: id, Amount: eur(100), Method: "pm_test_late", State: sandbox.Approved,
		DecidedAt: Start.Add(12 * time.Minute), CreatedAt: Start.Add(time.Microsecond),
	}
	call := sandbox.Call{Key: id.Text("pay") + ":authorize", Operation: sandbox.Authorize, Payment: id, Amount: eur(100), Outcome: payment.OutcomePending, CreatedAt: Start}
	var saw sandbox.File
	change := func(key string, u *sandbox.Update, err error) error {
		return s.Change(t.Context(), id, key, func(f sandbox.File) (*sandbox.Update, error) {
			saw = f
			return u, err
		})
	}
	want := func(f sandbox.File) {
		t.Helper()
		if !reflect.DeepEqual(saw, f) {
			t.Errorf("saw %+v, want %+v", saw, f)
		}
		got, err := s.File(t.Context(), id)
		if f.Call = nil; err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("read %+v, %v; want %+v", got, err, f)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(change(call.Key, nil, nil))
	want(sandbox.File{})
	refusal := &payment.Refusal{Reason: "no"}
	if err := change(call.Key, nil, refusal); !errors.Is(err, refusal) {
		t.Errorf("the refusal came back as %v", err)
	}
	must(change(call.Key, &sandbox.Update{Authorization: &a, Call: &call}, nil))
	must(change(call.Key, nil, nil))
	want(sandbox.File{Authorization: &a, Call: &call})
	a.State = sandbox.Captured
	must(change("other", &sandbox.Update{Authorization: &a}, nil))
	f := sandbox.Refund{ID: uid.New(), Payment: id, Amount: eur(1), CreatedAt: Start}
	g := sandbox.Refund{ID: uid.New(), Payment: id, Amount: eur(2), CreatedAt: Start}
	must(change("other", &sandbox.Update{Refund: &f}, nil))
	must(change("other", &sandbox.Update{Refund: &g}, nil))
	must(change("other", nil, nil))
	want(sandbox.File{Authorization: &a, Refunds: []sandbox.Refund{f, g}})

	// Voided before it was heard of; the key of another payment is seen, so that it can be refused.
	id = uid.New()
	none := sandbox.Authorization{Payment: id, Amount: money.Amount{}, State: sandbox.Voided, DecidedAt: Start, CreatedAt: Start}
	must(change("void", &sandbox.Update{Authorization: &none}, nil))
	must(change(call.Key, nil, nil))
	want(sandbox.File{Authorization: &none, Call: &call})

	t.Run("two at once", func(t *testing.T) {
		for range 25 {
			together(t, s, a, call)
		}
	})
}

// together has several write the same first call of a payment at once: one does, the others find it.
func together(t *testing.T, s sandbox.Store, a sandbox.Authorization, call sandbox.Call) {
	a.Payment = uid.New()
	call.Payment, call.Key = a.Payment, a.Payment.Text("key")
	var group sync.WaitGroup
	var wrote atomic.Int32
	for range 4 {
		group.Go(func() {
			mine := false
			err := s.Change(t.Context(), a.Payment, call.Key, func(f sandbox.File) (*sandbox.Update, error) {
				if mine = f.Call == nil; !mine {
					return nil, nil
				}
				return &sandbox.Update{Authorization: &a, Call: &call}, nil
			})
			if err != nil {
				t.Error(err)
			} else if mine {
				wrote.Add(1)
			}
		})
	}
	group.Wait()
	if n := wrote.Load(); n != 1 {
		t.Errorf("%d wrote the same call, want 1", n)
	}
}
