package paymenttest

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

// RunModel drives the service with random commands while stores and provider fail at random: before anything happened,
// with the effect and without the answer, with a request that arrives much later, with a crash in the middle. What was
// answered must stay true, and in the end, when everything works again, ledger and provider must agree to the cent.
// open gives an engine, which is used for all runs.
func RunModel(t *testing.T, open func(testing.TB) Engine) {
	engine := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt, engine)
		rt.Repeat(map[string]func(*rapid.T){
			"authorize": m.authorize, "resolve": m.resolve, "capture": m.capture, "void": m.void, "refund": m.refund,
			"wait": m.wait, "deliver": m.deliver, "restart": m.restart,
		})
		m.finish(rt)
	})
}

// model is what was asked and answered so far, and the troublemaker.
type model struct {
	engine  Engine
	service payment.Service
	clock   *clock.Manual
	asked   []payment.Request
	backs   []payment.RefundRequest
	// What was answered last; a later answer may only go on from there.
	answered map[uid.ID]payment.Status
	repaid   map[uid.ID]payment.RefundStatus

	rt    *rapid.T // draws the faults of the running command; nil: everything works
	dead  bool     // since a crash in the running command
	later []func() // authorizations on their way
}

func newModel(rt *rapid.T, e Engine) *model {
	m := &model{engine: e, clock: clock.Still(Start), answered: map[uid.ID]payment.Status{}, repaid: map[uid.ID]payment.RefundStatus{}}
	reservation := uid.New()
	tokens := []string{"approved", "declined", "slow", "unknown", "late"}
	for range 3 {
		q := request(rapid.SampledFrom(tokens).Draw(rt, "token"))
		q.Reservation = reservation
		m.asked = append(m.asked, q)
	}
	m.start()
	return m
}

func (m *model) start() {
	provider := sandbox.New(sandbox.Deps{Store: m.engine.Sandbox, Clock: m.clock, Faults: m})
	m.service = payment.New(payment.Deps{
		Store: trouble{m.engine.Payments, m}, Clock: m.clock,
		Providers: map[string]payment.Provider{sandbox.Prefix: delaying{provider, m}},
	})
}

// fate is what happens to one step.
type fate uint8

const (
	fine fate = iota + 1
	failBefore
	failAfter
	crashBefore
	crashAfter
	delayed
)

// draw decides about one step; mostly nothing happens.
func (m *model) draw(what string, fates ...fate) fate {
	if m.rt == nil {
		return fine
	}
	if m.dead || rapid.IntRange(0, 3).Draw(m.rt, what+" fails") > 0 {
		return fine
	}
	f := rapid.SampledFrom(fates).Draw(m.rt, what)
	m.dead = f == crashBefore || f == crashAfter
	return f
}

// trouble is a Store that fails.
type trouble struct {
	payment.Store
	m *model
}

func lost() error { return fault.New(fault.Unavailable, "store_unavailable", "Lost.") }

// around runs a step of the store; a dead process has no steps.
func (s trouble) around(what string, work func() error) error {
	if s.m.dead {
		return errDead
	}
	switch s.m.draw(what, failBefore, failAfter, crashBefore, crashAfter) {
	case failBefore:
		return lost()
	case crashBefore:
		return errDead
	case failAfter, crashAfter:
		_ = work()
		return lost()
	case fine, delayed:
	}
	return work()
}

func (s trouble) Begin(ctx context.Context, r payment.Record) (there payment.Record, isNew bool, err error) {
	err = s.around("begin", func() (err error) {
		there, isNew, err = s.Store.Begin(ctx, r)
		return err
	})
	return there, isNew, err
}

func (s trouble) Change(ctx context.Context, key payment.Key, decide func(payment.Record, *payment.Refund) (*payment.Change, error)) (row payment.Row, err error) {
	err = s.around("change", func() (err error) {
		row, err = s.Store.Change(ctx, key, decide)
		return err
	})
	return row, err
}

func (m *model) Before(context.Context, sandbox.Operation, uid.ID) error {
	if m.dead {
		return errDead
	}
	switch m.draw("call", failBefore, delayed, crashBefore) {
	case failBefore:
		return payment.ErrNotSent
	case delayed, failAfter, crashBefore, crashAfter:
		return payment.ErrUnknownOutcome // lost on its way
	case fine:
	}
	return nil
}

func (m *model) After(context.Context, sandbox.Operation, uid.ID) error {
	switch m.draw("answer", failAfter, crashAfter) {
	case failAfter, crashAfter, failBefore, crashBefore, delayed:
		return payment.ErrUnknownOutcome
	case fine:
	}
	return nil
}

// delaying is a provider whose authorizations may arrive long after the caller has given up waiting.
type delaying struct {
	*sandbox.Provider
	m *model
}

func (d delaying) Authorize(ctx context.Context, key string, q payment.Request) (payment.Report, error) {
	if !d.m.dead && d.m.draw("authorization", delayed) == delayed {
		d.m.later = append(d.m.later, func() { _, _ = d.Provider.Authorize(ctx, key, q) })
		return payment.Report{}, payment.ErrUnknownOutcome
	}
	return d.Provider.Authorize(ctx, key, q)
}

// allowed are the statuses that may follow an answered one.
var allowed = map[payment.Status][]payment.Status{
	payment.Pending:    {payment.Authorized, payment.Declined, payment.Captured, payment.Voided},
	payment.Authorized: {payment.Captured, payment.Voided},
}

// heard checks an answer about a payment against the earlier ones.
func (m *model) heard(rt *rapid.T, p payment.Payment, err error) {
	if err != nil {
		switch fault.As(err).Reason {
		case "store_unavailable", "payment_provider_unavailable", "payment_state", "payment_not_found":
		default:
			if !m.dead {
				rt.Fatalf("answered with %v", err)
			}
		}
		return
	}
	before, ok := m.answered[p.ID]
	for _, next := range allowed[before] {
		ok = ok && next != p.Status
	}
	if ok && before != p.Status {
		rt.Fatalf("payment went from %s to %s", before, p.Status)
	}
	m.answered[p.ID] = p.Status
}

// during runs one command with faults; a process that died in it starts again.
func (m *model) during(rt *rapid.T, command func()) {
	m.rt = rt
	command()
	m.rt = nil
	if m.dead {
		m.dead = false
		m.start()
	}
}

func (m *model) some(rt *rapid.T) payment.Request {
	return rapid.SampledFrom(m.asked).Draw(rt, "payment")
}

func (m *model) authorize(rt *rapid.T) {
	q := m.some(rt)
	m.during(rt, func() {
		p, err := m.service.Authorize(context.Background(), q)
		m.heard(rt, p, err)
	})
}

func (m *model) resolve(rt *rapid.T) {
	q := m.some(rt)
	m.during(rt, func() {
		p, err := m.service.Resolve(context.Background(), q.ID)
		m.heard(rt, p, err)
	})
}

func (m *model) capture(rt *rapid.T) {
	q := m.some(rt)
	m.during(rt, func() {
		p, err := m.service.Capture(context.Background(), q.ID)
		m.heard(rt, p, err)
	})
}

func (m *model) void(rt *rapid.T) {
	q := m.some(rt)
	m.during(rt, func() {
		p, err := m.service.Void(context.Background(), q.ID)
		m.heard(rt, p, err)
	})
}

func (m *model) refund(rt *rapid.T) {
	var f payment.RefundRequest
	if len(m.backs) > 0 && rapid.Bool().Draw(rt, "again") {
		f = rapid.SampledFrom(m.backs).Draw(rt, "refund")
	} else {
		f = refundOf(m.some(rt).ID, rapid.SampledFrom([]int64{1, 2_500, 5_000, 10_000}).Draw(rt, "amount"))
		m.backs = append(m.backs, f)
	}
	m.during(rt, func() {
		got, err := m.service.Refund(context.Background(), f)
		if fault.Is(err, "refund_exceeds_payment") {
			return
		}
		m.heard(rt, payment.Payment{}, err) // no payment: only the error counts
		delete(m.answered, uid.ID{})
		if err != nil {
			return
		}
		if before, ok := m.repaid[f.ID]; ok && before != payment.RefundPending && before != got.Status {
			rt.Fatalf("refund went from %s to %s", before, got.Status)
		}
		if got.Status == payment.RefundFailed {
			rt.Fatalf("the provider refused a refund that the ledger allowed")
		}
		m.repaid[f.ID] = got.Status
	})
}

func (m *model) wait(rt *rapid.T) {
	m.clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, 5 * time.Second, time.Minute, 13 * time.Minute}).Draw(rt, "wait"))
}

func (m *model) deliver(*rapid.T) {
	arrive := m.later
	m.later = nil
	for _, f := range arrive {
		f()
	}
}

func (m *model) restart(*rapid.T) { m.start() }

// finish lets everything work again, resolves what is open, and compares.
func (m *model) finish(rt *rapid.T) {
	ctx := context.Background()
	m.clock.Advance(payment.NeverArrived + time.Second)
	begun := map[uid.ID]bool{}
	for _, q := range m.asked {
		p, err := m.service.Resolve(ctx, q.ID)
		if fault.Is(err, "payment_not_found") {
			continue
		}
		if err != nil || p.Status == payment.Pending {
			rt.Fatalf("payment is still %s in the end, error %v", p.Status, err)
		}
		begun[q.ID] = true
		m.heard(rt, p, err)
	}
	for _, f := range m.backs {
		got, err := m.service.Refund(ctx, f)
		if before, ok := m.repaid[f.ID]; ok && (err != nil || got.Status != payment.RefundSucceeded) {
			rt.Fatalf("refund was %s, is %s in the end, error %v", before, got.Status, err)
		}
	}
	m.deliver(rt) // what was given up must not come to life any more
	payments, refunds, err := m.service.Payments(ctx, m.asked[0].Reservation)
	if err != nil || len(payments) != len(begun) {
		rt.Fatalf("%d payments, want %d, error %v", len(payments), len(begun), err)
	}
	in, out := eur(0), eur(0)
	for _, p := range payments {
		agree(rt, m.engine, p)
		if p.Status == payment.Captured {
			in = in.Add(p.Amount)
		}
		out = out.Add(p.Refunded)
	}
	paid := eur(0)
	for _, f := range refunds {
		paid = paid.Add(f.Amount)
		if f.Status != payment.RefundSucceeded {
			rt.Fatalf("refund is %s in the end", f.Status)
		}
	}
	want := payment.Balance{Reservation: m.asked[0].Reservation, Captured: in, Refunded: out, Retained: in.Sub(out)}
	balances, err := m.service.Balances(ctx, []uid.ID{want.Reservation})
	if err != nil || paid != out || in.IsZero() != (len(balances) == 0) || len(balances) > 0 && balances[0] != want {
		rt.Fatalf("balances %v, want %v, %s in refunds, error %v", balances, want, paid, err)
	}
	audit, err := m.service.Audit(ctx, 10, nil)
	if err != nil || len(audit.Findings) > 0 {
		rt.Fatalf("audit: %v, %q", err, audit.Findings)
	}
}
