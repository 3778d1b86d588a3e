package reservation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"holdfast/fault"
	"holdfast/payment"
	"holdfast/stock"
	"holdfast/uid"
)

// The saga of a payment. What has to be done next is a column of the reservation, committed with the state it belongs
// to; doing it asks payment, which is idempotent by the id it is given, and commits the outcome over the desk. So a
// saga can stop anywhere and be taken up by whoever finds it: the call that started it, the resume job of this process,
// or of another after a crash.

const (
	sagaWorkers  = 256              // sagas driven at once by one process
	sagaBacklog  = 8192             // sagas that may wait for a worker; more stay in the table for the resume job
	resumeEvery  = time.Second      // how often the table is asked for steps whose time has come
	resumeBatch  = 256              // how many it takes at a time
	stepTimeout  = 90 * time.Second // the longest a provider may take to answer one call
	backoffFirst = 2 * time.Second
	backoffMax   = 10 * time.Minute
)

type saga struct {
	core *Core
	work chan uid.ID

	mu     sync.Mutex
	active map[uid.ID]chan struct{} // closed when the drive of that reservation has come to rest

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newSaga(c *Core) *saga {
	return &saga{core: c, work: make(chan uid.ID, sagaBacklog), active: map[uid.ID]chan struct{}{}}
}

// start brings up the workers and the resume job; they outlive ctx, since only stop ends them.
func (s *saga) start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for range sagaWorkers {
		s.wg.Go(func() { s.worker(ctx) })
	}
	s.wg.Go(func() { s.resume(ctx) })
}

// drive has the saga of a reservation advanced until it is done or has to wait for the provider; the channel is closed
// then. A saga already under way is joined.
func (s *saga) drive(id uid.ID) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done, ok := s.active[id]; ok {
		return done
	}
	done := make(chan struct{})
	select {
	case s.work <- id:
		s.active[id] = done
	default:
		close(done) // too many at once: the resume job finds it
	}
	return done
}

// resume takes up what is due, until ctx ends.
func (s *saga) resume(ctx context.Context) {
	tick := time.NewTicker(resumeEvery)
	defer tick.Stop()
	var ahead time.Duration
	if !s.core.follow {
		ahead = firstStepDelay // the only process on its store: nobody else drives what the last one left
	}
	for {
		ids, err := s.core.store.Due(ctx, DueSteps, s.core.clock.Now().Add(ahead), resumeBatch)
		ahead = 0
		if err != nil && ctx.Err() == nil {
			s.core.log.Warn("looking for payments to resume", "error", err)
		}
		for _, id := range ids {
			s.drive(id)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// stop ends the calls under way and starts no other; what they were at is resumed at the next start.
func (s *saga) stop() {
	s.cancel()
	s.wg.Wait()
}

func (s *saga) worker(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-s.work:
			s.advance(ctx, id)
			s.mu.Lock()
			close(s.active[id])
			delete(s.active, id)
			s.mu.Unlock()
		}
	}
}

// advance does step after step until there is none, or one that has to wait.
func (s *saga) advance(ctx context.Context, id uid.ID) {
	for ctx.Err() == nil {
		found, err := s.core.store.Reservations(ctx, []uid.ID{id})
		if err != nil || len(found) == 0 || found[0].AtRest() {
			return
		}
		r := found[0]
		settled, err := s.timed(ctx, r)
		result := "done"
		switch {
		case err != nil:
			result = "failed"
			s.core.log.Warn("payment step", "reservation", r.ID.Text("res"), "step", r.Step.String(), "error", err)
		case !settled:
			result = "waiting"
		}
		s.core.meter.step(r.Step, result)
		if err != nil || !settled {
			s.core.postpone(ctx, r)
			return
		}
	}
}

// timed does the step within its time.
func (s *saga) timed(ctx context.Context, r *Reservation) (settled bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return s.core.doStep(ctx, r)
}

// doStep does the step a reservation stands at. settled is false when the provider has no outcome yet.
func (c *Core) doStep(ctx context.Context, r *Reservation) (settled bool, err error) {
	switch r.Step {
	case AskPayment:
		return c.askPayment(ctx, r)
	case Capture:
		p, err := c.payment.Capture(ctx, r.Attempt)
		if fault.Is(err, paymentState) {
			return true, c.recordCaptureRefused(ctx, r, err)
		}
		if err != nil {
			return false, fmt.Errorf("capture: %w", err)
		}
		if p.Status != payment.Captured {
			return false, nil // the provider's answer was lost; asking again settles it
		}
		return true, c.recordCapture(ctx, r, p)
	case VoidStep:
		p, err := c.payment.Void(ctx, r.Attempt)
		switch {
		case fault.Is(err, "payment_not_found"): // it never began
			return true, c.recordVoid(ctx, r)
		case fault.Is(err, paymentState):
			return c.takenAnyway(ctx, r, err)
		case err != nil:
			return false, fmt.Errorf("void: %w", err)
		}
		if p.Status != payment.Voided && p.Status != payment.Declined {
			return false, nil
		}
		return true, c.recordVoid(ctx, r)
	case RefundStep:
		f, err := c.payment.Refund(ctx, payment.RefundRequest{ID: r.RefundID, Payment: r.Attempt, Amount: r.owed()})
		return c.refundAnswered(ctx, r, f, err)
	case SettleStep:
		return c.settleOutside(ctx, r)
	case NoStep, StaffStep:
	}
	return true, nil
}

func (c *Core) askPayment(ctx context.Context, r *Reservation) (bool, error) {
	p, err := c.payment.Authorize(ctx, payment.Request{ID: r.Attempt, Reservation: r.ID, Amount: r.Total(), Method: r.Method})
	if err == nil && p.Status == payment.Pending && r.StepTries > 0 {
		p, err = c.payment.Resolve(ctx, r.Attempt)
	}
	if err != nil {
		if k := fault.KindOf(err); k == fault.Invalid || k == fault.PaymentFailed {
			// It will not be asked again; an earlier try may have set money aside, so it is let go.
			return true, c.settlePayment(ctx, r, payment.Payment{ID: r.Attempt, Status: payment.Declined, Reason: fault.As(err).Reason}, VoidStep)
		}
		return false, fmt.Errorf("authorize: %w", err)
	}
	switch p.Status {
	case payment.Authorized, payment.Captured, payment.Declined, payment.Voided:
		if p.Status == payment.Captured {
			p.Status = payment.Authorized // the capture is recorded by the next step
		}
		if p.Status == payment.Voided {
			p.Status = payment.Declined // the provider let it go by itself
		}
		return true, c.settlePayment(ctx, r, p, NoStep)
	case payment.Pending:
	}
	return false, nil
}

// postpone tries a step again later, with growing pauses.
func (c *Core) postpone(ctx context.Context, r *Reservation) {
	id, at, tries := r.ID, r.Step, r.StepTries
	err := c.desk.doBulk(ctx, &command{
		name: "postpone", lane: stock.LowestPool(r.Claims(nil)), rows: 1,
		need: func(n *needs) { n.reservation(id) },
		rule: func(w *work) error {
			r := w.Reservations[id]
			if r == nil || r.Step != at || r.StepTries != tries {
				return nil
			}
			r.StepTries++
			r.StepDue = w.Now.Add(backoff(int(tries)))
			w.touch(r)
			return nil
		},
	})
	if err != nil && ctx.Err() == nil {
		c.log.Warn("postponing a payment step", "reservation", id.Text("res"), "error", err)
	}
}

// backoff doubles from backoffFirst to backoffMax.
func backoff(tries int) time.Duration {
	d := backoffFirst
	for range min(tries, 20) {
		if d *= 2; d >= backoffMax {
			return backoffMax
		}
	}
	return d
}
