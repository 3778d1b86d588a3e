package reservationtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/fault"
	"holdfast/reservation"
)

// flaky breaks the way to a store as networks, disks and defects do.
type flaky struct {
	reservation.Store

	mu     sync.Mutex
	faults []func(run func() error, need reservation.Need) error // one is used up by each batch; nil: none
	poison string                                                // batches that touch this caller's counts fail
	gate   chan struct{}                                         // when set, batches wait for it
	tries  atomic.Int64
}

func (f *flaky) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	f.mu.Lock()
	gate, poison := f.gate, f.poison
	var broken func(func() error, reservation.Need) error
	if len(f.faults) > 0 {
		broken, f.faults = f.faults[0], f.faults[1:]
	}
	f.mu.Unlock()
	f.tries.Add(1)
	if gate != nil {
		<-gate
	}
	run := func() error { return f.Store.Transact(ctx, b, need, decide) }
	switch {
	case poison != "" && slices.ContainsFunc(need.Counts, func(k reservation.CountKey) bool { return k.Caller == poison }):
		return errors.New("this row cannot be written")
	case broken != nil:
		return broken(run, need)
	}
	return run()
}

func (f *flaky) breakNext(fs ...func(func() error, reservation.Need) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = fs
}

// The ways to break.
func lostAfterCommit(run func() error, _ reservation.Need) error {
	if err := run(); err != nil {
		return err
	}
	return reservation.ErrUnknownCommit
}

func lostBeforeCommit(func() error, reservation.Need) error { return reservation.ErrUnknownCommit }

func failed(func() error, reservation.Need) error { return errors.New("rolled back") }

func unreachable(func() error, reservation.Need) error {
	return fault.New(fault.Unavailable, "database_unavailable", "the test cut the line")
}

// A commit whose answer was lost is looked up, never guessed: what took effect is answered, what did not is done again.
func testUnknownCommit(t *testing.T, w *world) {
	pool := w.pool(t, 10, 0)
	for i, broken := range [][]func(func() error, reservation.Need) error{
		{lostAfterCommit}, {lostBeforeCommit}, {failed}, {failed, lostAfterCommit}, {lostBeforeCommit, lostAfterCommit},
	} {
		w.store.breakNext(broken...)
		ref := w.placed(t, "ada", nights(pool, 0, 2, 1))
		if s := w.slot(t, pool, 0); s.Held != int32(i+1) {
			t.Fatalf("case %d: %d held after %d reservations", i, s.Held, i+1)
		}
		w.read(t, "ada", ref)
	}
}

// A command that cannot be written fails alone; the others of its batch are decided as if it had not been there.
func testPoison(t *testing.T, w *world) {
	pool := w.pool(t, 100, 0)
	w.store.mu.Lock()
	w.store.poison = "poison"
	gate := make(chan struct{})
	w.store.gate = gate
	w.store.mu.Unlock()
	var wg sync.WaitGroup
	var placed atomic.Int64
	sealed := w.offer(t, nights(pool, 0, 1, 1))
	for i := range 40 {
		who := fmt.Sprint("client-", i)
		if i%13 == 5 {
			who = "poison"
		}
		wg.Go(func() {
			_, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(who), Offers: []string{sealed}, Travellers: guests})
			switch {
			case who == "poison" && fault.KindOf(err) != fault.Internal:
				t.Errorf("poison: %v", err)
			case who != "poison" && err != nil:
				t.Errorf("%s: %v", who, err)
			case err == nil:
				placed.Add(1)
			}
		})
	}
	close(gate)
	wg.Wait()
	w.store.mu.Lock()
	w.store.poison, w.store.gate = "", nil
	w.store.mu.Unlock()
	if s := w.slot(t, pool, 0); int64(s.Held) != placed.Load() || placed.Load() != 37 {
		t.Errorf("%d placed, %d held; want 37", placed.Load(), s.Held)
	}
}

// A store that is gone costs an answer that says so, and nothing else; when it is back, so are we.
func testStoreGone(t *testing.T, w *world) {
	pool := w.pool(t, 10, 0)
	w.store.breakNext(unreachable)
	before := w.store.tries.Load()
	_, err := w.place(t, "ada", nights(pool, 0, 1, 1))
	if f := fault.As(err); f.Kind != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	if n := w.store.tries.Load() - before; n != 1 {
		t.Errorf("a store that is gone was tried %d times for one batch", n)
	}
	w.placed(t, "ada", nights(pool, 0, 1, 1))
}

// A full queue answers at once, instead of letting everybody wait for ever.
func testOverload(t *testing.T, w *world) {
	pool := w.pool(t, 20_000, 0)
	gate := make(chan struct{})
	w.store.mu.Lock()
	w.store.gate = gate
	w.store.mu.Unlock()
	sealed := w.offer(t, nights(pool, 0, 1, 1))
	queue := reservation.DefaultSettings().Queue
	var wg sync.WaitGroup
	var placed, refused atomic.Int64
	shed := make(chan struct{}, 3*queue)
	for i := range 2 * queue {
		wg.Go(func() {
			_, err := w.core.Place(context.Background(), reservation.PlaceRequest{Caller: as(fmt.Sprint("client-", i)), Offers: []string{sealed}, Travellers: guests})
			switch f := fault.As(err); {
			case err == nil:
				placed.Add(1)
			case f.Reason == "overloaded" && f.Kind == fault.Unavailable && f.RetryAfter > 0:
				refused.Add(1)
				shed <- struct{}{}
			default:
				t.Errorf("got %v", err)
			}
		})
	}
	for range queue / 2 { // these come while nothing is being served
		<-shed
	}
	close(gate)
	w.store.mu.Lock()
	w.store.gate = nil
	w.store.mu.Unlock()
	wg.Wait()
	if s := w.slot(t, pool, 0); int64(s.Held) != placed.Load() || placed.Load() < int64(queue) {
		t.Errorf("%d placed, %d refused, %d held", placed.Load(), refused.Load(), s.Held)
	}
}
