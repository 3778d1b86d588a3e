package rail

import (
	"bytes"
	"context"
	"sync"

	"holdfast/uid"
)

// turns lets one writer of this process at a time work on a railway. It keeps a caller from
// losing against its own process and lets it see what became of its work; between processes the revision and the
// leases of the store decide. Waiting ends with the caller's ctx.
type turns struct {
	mu    sync.Mutex
	taken map[uid.ID]chan struct{} // closed when the turn is given back
}

// pollTurn is the turn of reading what changed; no railway has this id.
var pollTurn = uid.ID{}

func newTurns() *turns { return &turns{taken: map[uid.ID]chan struct{}{}} }

// take waits for the turn.
func (t *turns) take(ctx context.Context, id uid.ID) error {
	for {
		t.mu.Lock()
		busy, ok := t.taken[id]
		if !ok {
			t.taken[id] = make(chan struct{})
		}
		t.mu.Unlock()
		if !ok {
			return nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// try takes the turns that are free now and returns whose they are.
func (t *turns) try(ids []uid.ID) (got []uid.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		if _, busy := t.taken[id]; !busy {
			t.taken[id] = make(chan struct{})
			got = append(got, id)
		}
	}
	return got
}

func (t *turns) give(id uid.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.taken[id])
	delete(t.taken, id)
}

// compareID orders ids as their text sorts.
func compareID(a, b uid.ID) int { return bytes.Compare(a[:], b[:]) }
