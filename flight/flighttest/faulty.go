package flighttest

import (
	"context"
	"fmt"
	"sync"

	"holdfast/flight"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Faulty is a service reservation that can be made to fail. Everything else goes through to the real one.
type Faulty struct {
	reservation.Service

	mu          sync.Mutex
	before      error // answered instead of a stock call
	after       error // answered although a stock call has had its effect
	calls       int
	disruptions []reservation.Disruption
}

// Fail makes stock calls fail with an error, without effect; nil ends it.
func (f *Faulty) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = err
}

// Lose makes the answers of stock calls be lost: they take effect and err is answered; nil ends it.
func (f *Faulty) Lose(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = err
}

// Calls counts the stock calls so far.
func (f *Faulty) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Disruptions are those that went through, in order, each id once.
func (f *Faulty) Disruptions() []reservation.Disruption {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[uid.ID]bool{}
	var out []reservation.Disruption
	for _, d := range f.disruptions {
		if !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, d)
		}
	}
	return out
}

func (f *Faulty) do(call func() error) error {
	f.mu.Lock()
	before, after := f.before, f.after
	f.calls++
	f.mu.Unlock()
	if before != nil {
		return before
	}
	if err := call(); err != nil {
		return err
	}
	return after
}

// DefinePools implements reservation.Service.
func (f *Faulty) DefinePools(ctx context.Context, specs []reservation.PoolSpec) (ids []stock.PoolID, err error) {
	err = f.do(func() error {
		ids, err = f.Service.DefinePools(ctx, specs)
		return err
	})
	return ids, err
}

// DefineLayouts implements reservation.Service.
func (f *Faulty) DefineLayouts(ctx context.Context, layouts []*stock.Layout) (ids []uid.ID, err error) {
	err = f.do(func() error {
		ids, err = f.Service.DefineLayouts(ctx, layouts)
		return err
	})
	return ids, err
}

// ChangeStock implements reservation.Service.
func (f *Faulty) ChangeStock(ctx context.Context, changes []reservation.StockChange) error {
	return f.do(func() error { return f.Service.ChangeStock(ctx, changes) })
}

// RetirePools implements reservation.Service.
func (f *Faulty) RetirePools(ctx context.Context, pools []stock.PoolID, from stock.Slot) error {
	return f.do(func() error { return f.Service.RetirePools(ctx, pools, from) })
}

// Disrupt implements reservation.Service.
func (f *Faulty) Disrupt(ctx context.Context, d reservation.Disruption) (told int, err error) {
	err = f.do(func() error {
		told, err = f.Service.Disrupt(ctx, d)
		if err == nil {
			f.mu.Lock()
			f.disruptions = append(f.disruptions, d)
			f.mu.Unlock()
		}
		return err
	})
	return told, err
}

// Forgetful is a store that loses the answer of writes.
type Forgetful struct {
	flight.Store

	mu     sync.Mutex
	before int // so many writes are lost before they reach the database
	after  int // so many are stored and then forgotten
}

// Forget makes the next writes answer that their outcome is not known; stored says what it really is.
func (f *Forgetful) Forget(writes int, stored bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before, f.after = writes, 0; stored {
		f.before, f.after = 0, writes
	}
}

// Write implements flight.Store.
func (f *Forgetful) Write(ctx context.Context, w flight.Write) (int64, error) {
	f.mu.Lock()
	before, after := f.before > 0, f.after > 0
	f.before, f.after = max(0, f.before-1), max(0, f.after-1)
	f.mu.Unlock()
	lost := fmt.Errorf("played by the test: %w", flight.ErrUnknownCommit)
	if before {
		return 0, lost
	}
	change, err := f.Store.Write(ctx, w)
	if err == nil && after {
		return 0, lost
	}
	return change, err
}
