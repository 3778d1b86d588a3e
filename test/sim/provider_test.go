package sim_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/payment"
	"holdfast/uid"
)

// bank is the provider: another company, which lives on when our process dies and has a clock of its own. What it did
// with the money is the truth that the run is held against in the end.
type bank struct {
	now func() time.Time

	mu    sync.Mutex
	files map[uid.ID]*file
}

// file is what the bank knows of one authorization.
type file struct {
	request  payment.Request
	outcome  payment.Outcome // once decided
	decided  time.Time
	refunds  map[uid.ID]*refunded
	answered map[string]bool // keys that were used
	captures int
}

type refunded struct {
	minor   int64
	outcome payment.RefundStatus
	decided time.Time
}

// line is the way of one process to the bank.
type line struct {
	*bank
	w       *world
	process int
}

// methods say what the bank does: after how long it decides, and how.
var methods = map[string]struct {
	after   time.Duration
	outcome payment.Outcome
}{
	"pm_sim_approved": {0, payment.OutcomeApproved},
	"pm_sim_declined": {0, payment.OutcomeDeclined},
	"pm_sim_slow":     {7 * time.Second, payment.OutcomeApproved},
	"pm_sim_late":     {150 * time.Second, payment.OutcomeApproved},
	"pm_sim_late_no":  {150 * time.Second, payment.OutcomeDeclined},
}

func (b *bank) Name() string { return "sim" }

func (b *bank) Accepts(method string) error {
	if _, ok := methods[method]; !ok {
		return payment.MethodUnknown()
	}
	return nil
}

var callFates = []verdict{cut, lost, done, twice}

// call passes the gate before a call and gives what becomes of it.
func (l *line) call(ctx context.Context, what string, id uid.ID, fates []verdict, effect func() error) error {
	switch l.w.wait(ctx, &gate{of: l.process, who: "bank: " + what, id: id[:], fates: fates}) {
	case dead:
		return errDead
	case cut, fail:
		if ctx.Err() != nil {
			return payment.ErrUnknownOutcome // it was on its way all the time
		}
		return payment.ErrNotSent
	case lost:
		return payment.ErrUnknownOutcome
	case perverse:
		return &payment.Refusal{Reason: "not_now"}
	case twice:
		_ = l.locked(effect)
	case done:
		_ = l.locked(effect)
		return payment.ErrUnknownOutcome
	case pass, conflict, full, lastOne:
	}
	if err := l.locked(effect); err != nil {
		return err
	}
	if l.w.wait(ctx, &gate{of: l.process, who: "bank: answer to " + what, id: id[:], fates: afterFates}) != pass {
		return payment.ErrUnknownOutcome
	}
	return nil
}

func (b *bank) locked(effect func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return effect()
}

// at is how an authorization stands.
func (f *file) at(now time.Time) payment.Outcome {
	switch {
	case f == nil:
		return payment.OutcomeUnheard
	case now.Before(f.decided):
		return payment.OutcomePending
	}
	return f.outcome
}

func (b *bank) report(id uid.ID) payment.Report {
	f := b.files[id]
	r := payment.Report{Outcome: f.at(b.now())}
	if f == nil {
		return r
	}
	for _, k := range slices.SortedFunc(maps.Keys(f.refunds), func(a, b uid.ID) int { return strings.Compare(string(a[:]), string(b[:])) }) {
		status := f.refunds[k].outcome
		if b.now().Before(f.refunds[k].decided) {
			status = payment.RefundPending
		}
		r.Refunds = append(r.Refunds, payment.RefundReport{ID: k, Status: status})
	}
	return r
}

// Authorize sets money aside, after what the method says.
func (l *line) Authorize(ctx context.Context, key string, q payment.Request) (r payment.Report, err error) {
	err = l.call(ctx, "authorize", q.ID, callFates, func() error {
		f := l.files[q.ID]
		if f == nil {
			m := methods[q.Method]
			f = &file{request: q, outcome: m.outcome, decided: l.now().Add(m.after), refunds: map[uid.ID]*refunded{}, answered: map[string]bool{}}
			l.files[q.ID] = f
		} else if !f.answered[key] && f.outcome != payment.OutcomeVoided {
			return &payment.Refusal{Reason: "authorization_exists"}
		}
		f.answered[key] = true
		r = payment.Report{Outcome: f.at(l.now())}
		return nil
	})
	return r, err
}

// Capture takes it.
func (l *line) Capture(ctx context.Context, key string, id uid.ID) (r payment.Report, err error) {
	err = l.call(ctx, "capture", id, callFates, func() error {
		f := l.files[id]
		switch o := f.at(l.now()); {
		case f != nil && f.answered[key] && l.w.red != "bank forgets keys":
		case o == payment.OutcomeApproved, f != nil && f.captures > 0 && l.w.red == "bank forgets keys":
			f.outcome = payment.OutcomeCaptured
			f.captures++
			f.answered[key] = true
		default:
			return &payment.Refusal{Reason: "not_approved"}
		}
		r = payment.Report{Outcome: f.at(l.now())}
		return nil
	})
	return r, err
}

// Void lets it go, and keeps one that was never heard of from being approved.
func (l *line) Void(ctx context.Context, key string, id uid.ID) (r payment.Report, err error) {
	err = l.call(ctx, "void", id, callFates, func() error {
		f := l.files[id]
		switch f.at(l.now()) {
		case payment.OutcomeUnheard:
			l.files[id] = &file{request: payment.Request{ID: id}, outcome: payment.OutcomeVoided, answered: map[string]bool{key: true}, refunds: map[uid.ID]*refunded{}}
		case payment.OutcomeApproved:
			f.outcome, f.answered[key] = payment.OutcomeVoided, true
		case payment.OutcomeVoided:
			if !f.answered[key] {
				return &payment.Refusal{Reason: "voided"}
			}
		case payment.OutcomePending, payment.OutcomeDeclined, payment.OutcomeCaptured:
			return &payment.Refusal{Reason: "not_approved"}
		}
		r = payment.Report{Outcome: payment.OutcomeVoided}
		return nil
	})
	return r, err
}

// Refund pays back; some refunds take a while, and some are refused for good.
func (l *line) Refund(ctx context.Context, key string, q payment.RefundRequest) (status payment.RefundStatus, err error) {
	err = l.call(ctx, "refund", q.Payment, append(slices.Clone(callFates), perverse), func() error {
		f := l.files[q.Payment]
		if f.at(l.now()) != payment.OutcomeCaptured {
			return &payment.Refusal{Reason: "not_captured"}
		}
		if f.refunds[q.ID] == nil {
			var sum int64
			for _, r := range f.refunds {
				sum += r.minor
			}
			if sum+q.Amount.Minor > f.request.Amount.Minor {
				return &payment.Refusal{Reason: "refund_exceeds_capture"}
			}
			f.refunds[q.ID] = &refunded{minor: q.Amount.Minor, outcome: payment.RefundSucceeded, decided: l.now()}
			if q.Amount.Minor%3 == 1 {
				f.refunds[q.ID].decided = l.now().Add(40 * time.Second)
			}
		} else if !f.answered[key] {
			return &payment.Refusal{Reason: "refund_exists"}
		}
		f.answered[key] = true
		status = f.refunds[q.ID].outcome
		if l.now().Before(f.refunds[q.ID].decided) {
			status = payment.RefundPending
		}
		return nil
	})
	return status, err
}

// Lookup tells how things stand.
func (l *line) Lookup(ctx context.Context, id uid.ID) (r payment.Report, err error) {
	err = l.call(ctx, "look up", id, []verdict{cut, lost}, func() error {
		r = l.report(id)
		return nil
	})
	return r, err
}
