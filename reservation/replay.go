package reservation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Marks are a place in the outbox: of every stream an event, and what that event says. Whoever keeps a copy of the stock
// elsewhere (a file) keeps them with it, and goes on from there with Replay.
type Marks map[int32]Mark

// Mark is an event of a stream. Sum tells it from one that got the same number in another life of the store: after a
// backup was restored, numbers are given again.
type Mark struct {
	N   int64
	Sum uint64 // of the event; 0 with N 0, before the first
}

// ErrNoReplay means that the events after some marks are not to be had: the marks are not of this store as it is now,
// or the events after them are too many, or have been archived. A Snapshot has the state.
var ErrNoReplay = errors.New("events after the marks cannot be replayed")

// Told implements Service.
func (c *Core) Told(ctx context.Context) (Marks, error) {
	at, err := c.store.Streams(ctx)
	if err != nil {
		return nil, err
	}
	if c.follow {
		// What other processes commit is told by the follower; what it has read and told is the lesser part of all.
		seen := c.followed.Load()
		for stream, n := range at {
			at[stream] = min(n, (*seen)[stream])
		}
	}
	if err := c.watchers.telling.settle(ctx); err != nil {
		return nil, err
	}
	marks := make(Marks, len(at))
	for stream, n := range at {
		mark := Mark{N: n}
		if n > 0 {
			e, err := c.event(ctx, stream, n)
			if err != nil {
				return nil, err
			}
			if e == nil {
				return nil, fmt.Errorf("stream %d has no event %d: %w", stream, n, ErrNoReplay)
			}
			mark.Sum = sumOf(e)
		}
		marks[stream] = mark
	}
	return marks, nil
}

// event reads one event; nil if it is not there (any more).
func (c *Core) event(ctx context.Context, stream int32, n int64) (*Event, error) {
	events, err := c.store.Events(ctx, stream, n-1, 1)
	if err != nil || len(events) == 0 || events[0].N != n {
		return nil, err
	}
	return &events[0], nil
}

// sumOf is the same for an event whenever it is read.
func sumOf(e *Event) uint64 {
	h := sha256.New()
	for _, n := range []int64{e.N, e.Version, e.At.UnixMicro(), int64(len(e.Type))} {
		_ = binary.Write(h, binary.BigEndian, n) // a hash takes everything
	}
	h.Write([]byte(e.Type))
	h.Write(e.Subject[:])
	h.Write(e.Data)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// Replay implements Service.
func (c *Core) Replay(ctx context.Context, after Marks, most int64, yield func([]SlotRow) error) error {
	last, err := c.store.Streams(ctx)
	if err != nil {
		return err
	}
	var events int64
	for stream, mark := range after {
		end, known := last[stream]
		if !known || mark.N > end {
			return fmt.Errorf("stream %d ends at %d, before %d: %w", stream, end, mark.N, ErrNoReplay)
		}
		if mark.N == 0 {
			continue
		}
		e, err := c.event(ctx, stream, mark.N)
		if err != nil {
			return err
		}
		if e == nil || sumOf(e) != mark.Sum {
			return fmt.Errorf("event %d of stream %d is gone or another: %w", mark.N, stream, ErrNoReplay)
		}
	}
	for stream, end := range last {
		events += end - after[stream].N
	}
	if events > most {
		return fmt.Errorf("%d events after the marks, at most %d are replayed: %w", events, most, ErrNoReplay)
	}
	for _, stream := range slices.Sorted(maps.Keys(last)) {
		if err := c.replayStream(ctx, stream, after[stream].N, last[stream], yield); err != nil {
			return err
		}
	}
	return nil
}

// replayStream reads the events (from, to] of a stream.
func (c *Core) replayStream(ctx context.Context, stream int32, from, to int64, yield func([]SlotRow) error) error {
	for from < to {
		events, err := c.store.CommonEvents(ctx, stream, from, to, followBatch)
		if err != nil {
			return err
		}
		for i := range events {
			from = events[i].N
			if events[i].Type != stockChanged {
				continue
			}
			rows, err := DecodeSlots(events[i].Data)
			if err != nil {
				return err
			}
			if err := yield(rows); err != nil {
				return err
			}
		}
		if len(events) < followBatch {
			return nil
		}
	}
	return nil
}

// telling knows which batches are on their way between being decided and having been told to the watchers.
type telling struct {
	mu   sync.Mutex
	open map[chan struct{}]bool
	lost bool // a batch may have committed without anybody having been told
}

// begin notes a batch that will commit and tell; the returned function notes that it has, or has failed with err.
func (t *telling) begin(err *error) (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[chan struct{}]bool{}
	}
	told := make(chan struct{})
	t.open[told] = true
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, told)
		t.lost = t.lost || errors.Is(*err, errUnsettled)
		close(told)
	}
}

// settle waits until everything that had committed when it was called has been told. Batches that begin meanwhile are
// not waited for, and wait for nothing.
func (t *telling) settle(ctx context.Context) error {
	t.mu.Lock()
	before := slices.Collect(maps.Keys(t.open))
	t.mu.Unlock()
	for _, told := range before {
		select {
		case <-told:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost {
		return fmt.Errorf("a commit of this process was never told: %w", ErrNoReplay)
	}
	return nil
}
