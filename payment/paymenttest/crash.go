package paymenttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/uid"
)

// errDead is what everything answers after the crash.
var errDead = errors.New("the process is dead")

// life is one process: it dies at its n-th step, a step being the moment before or after something is written or a
// provider is asked. Afterwards nothing it does has any effect.
type life struct {
	left int
	dead bool
}

func (l *life) step() error {
	if l.left--; l.left <= 0 {
		l.dead = true
	}
	if l.dead {
		return errDead
	}
	return nil
}

// mortalStore is a Store in a process that dies.
type mortalStore struct {
	payment.Store
	*life
}

func (s mortalStore) Begin(ctx context.Context, r payment.Record) (payment.Record, bool, error) {
	if err := s.step(); err != nil {
		return payment.Record{}, false, err
	}
	r, isNew, err := s.Store.Begin(ctx, r)
	if err := errors.Join(err, s.step()); err != nil {
		return payment.Record{}, false, err
	}
	return r, isNew, err
}

func (s mortalStore) Change(ctx context.Context, key payment.Key, decide func(payment.Record, *payment.Refund) (*payment.Change, error)) (payment.Row, error) {
	if err := s.step(); err != nil {
		return payment.Row{}, err
	}
	row, err := s.Store.Change(ctx, key, decide)
	if s.step() != nil {
		return payment.Row{}, errDead
	}
	return row, err
}

// mortalFaults is the wire to the provider of a process that dies. It counts, over all lives, what arrives there.
type mortalFaults struct {
	*life
	arrived map[string]int
}

func (f mortalFaults) Before(_ context.Context, op sandbox.Operation, id uid.ID) error {
	if err := f.step(); err != nil {
		return err
	}
	if op != sandbox.Lookup {
		f.arrived[fmt.Sprint(op, id)]++
	}
	return nil
}

func (f mortalFaults) After(context.Context, sandbox.Operation, uid.ID) error { return f.step() }

// story is a saga's calls on one payment. It may stop anywhere and is told again from its beginning.
type story struct {
	token string
	tell  func(ctx context.Context, s payment.Service, clk *clock.Manual, q payment.Request, back payment.RefundRequest) error
	ends  payment.Status
	back  int64 // refunded in the end, minor units
}

var stories = map[string]story{
	"pay and refund": {token: "approved", ends: payment.Captured, back: 2_500, tell: func(ctx context.Context, s payment.Service, _ *clock.Manual, q payment.Request, back payment.RefundRequest) error {
		_, err1 := s.Authorize(ctx, q)
		_, err2 := s.Capture(ctx, q.ID)
		f, err3 := s.Refund(ctx, back)
		if f.Status != payment.RefundSucceeded {
			err3 = errors.Join(err3, errors.New("refund is "+f.Status.String()))
		}
		return errors.Join(err1, err2, err3)
	}},
	"pay with a lost answer": {token: "unknown", ends: payment.Captured, tell: func(ctx context.Context, s payment.Service, clk *clock.Manual, q payment.Request, _ payment.RefundRequest) error {
		_, err1 := s.Authorize(ctx, q)
		clk.Advance(3 * time.Second)
		_, err2 := s.Resolve(ctx, q.ID)
		_, err3 := s.Capture(ctx, q.ID)
		return errors.Join(err1, err2, err3)
	}},
	"pay and void": {token: "approved", ends: payment.Voided, tell: func(ctx context.Context, s payment.Service, _ *clock.Manual, q payment.Request, _ payment.RefundRequest) error {
		_, err1 := s.Authorize(ctx, q)
		_, err2 := s.Void(ctx, q.ID)
		return errors.Join(err1, err2)
	}},
	"void while pending": {token: "slow", ends: payment.Voided, tell: func(ctx context.Context, s payment.Service, clk *clock.Manual, q payment.Request, _ payment.RefundRequest) error {
		_, err1 := s.Authorize(ctx, q)
		_, err2 := s.Void(ctx, q.ID)
		clk.Advance(5 * time.Second)
		_, err3 := s.Resolve(ctx, q.ID)
		return errors.Join(err1, err2, err3)
	}},
	"be declined": {token: "declined", ends: payment.Declined, tell: func(ctx context.Context, s payment.Service, _ *clock.Manual, q payment.Request, _ payment.RefundRequest) error {
		_, err := s.Authorize(ctx, q)
		return err
	}},
}

// RunCrash kills the process at every step of every story, one after the other, starts it again and tells the story from
// its beginning: it must end as if nothing had happened, with nothing sent to the provider twice that may be there once.
// open gives an engine; it may be the same for all.
func RunCrash(t *testing.T, open func(testing.TB) Engine) {
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			engine := open(t)
			for n := 1; ; n++ {
				if !crashAt(t, engine, s, n) {
					if n < 6 {
						t.Fatalf("the story has only %d steps: the crashes did not happen", n)
					}
					return
				}
			}
		})
	}
}

// crashAt tells the story to a process that dies at step n, then to its successor; false if the first one lived.
func crashAt(t *testing.T, e Engine, s story, n int) bool {
	t.Helper()
	clk := clock.Still(Start)
	q := request(s.token)
	back := refundOf(q.ID, max(1, s.back))
	arrived := map[string]int{}
	start := func(steps int) (payment.Service, *life) {
		l := &life{left: steps}
		mortal := Engine{Payments: mortalStore{e.Payments, l}, Sandbox: e.Sandbox}
		return NewService(mortal, World{Clock: clk, Faults: mortalFaults{l, arrived}}), l
	}
	service, first := start(n)
	if err := s.tell(t.Context(), service, clk, q, back); err != nil && !first.dead {
		t.Fatalf("without a crash: %v", err)
	}
	const ample = 1_000
	service, _ = start(ample)
	if err := s.tell(t.Context(), service, clk, q, back); err != nil {
		t.Fatalf("told again after a crash at step %d: %v", n, err)
	}
	c := check{t, service}
	p, err := c.Payment(c.Context(), q.ID)
	if err != nil || p.Status != s.ends || p.Refunded != eur(s.back) {
		t.Fatalf("after a crash at step %d: %s, %s refunded, %v", n, p.Status, p.Refunded, err)
	}
	if s.ends == payment.Captured {
		c.balance(q.Reservation, 10_000, s.back)
	} else {
		c.balance(q.Reservation, 0, 0)
	}
	agree(t, e, p)
	c.clean()
	if got := arrived[fmt.Sprint(sandbox.Authorize, q.ID)]; got > 1 {
		t.Fatalf("after a crash at step %d: %d authorizations arrived at the provider", n, got)
	}
	if got := arrived[fmt.Sprint(sandbox.RefundMoney, q.ID)]; got > 1 {
		t.Fatalf("after a crash at step %d: %d refunds arrived at the provider", n, got)
	}
	return first.dead
}

// agree compares a payment with what the provider has.
func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, e Engine, p payment.Payment,
) {
	t.Helper()
	f, err := e.Sandbox.File(context.Background(), p.ID)
	if err != nil {
		t.Fatalf("read sandbox: %v", err)
	}
	var state sandbox.State
	if f.Authorization != nil {
		state = f.Authorization.State
	}
	ok := false
	switch p.Status {
	case payment.Pending:
	case payment.Authorized:
		ok = state == sandbox.Approved
	case payment.Captured:
		ok = state == sandbox.Captured && f.Authorization.Amount == p.Amount
	case payment.Voided:
		ok = state == sandbox.Voided
	case payment.Declined:
		ok = state == sandbox.Declined || state == sandbox.Voided
	}
	back := p.Refunded
	for _, r := range f.Refunds {
		back = back.Sub(r.Amount)
	}
	if !ok || !back.IsZero() {
		t.Fatalf("payment %+v does not agree with the provider's %+v", p, f)
	}
}
