package linear

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"holdfast/fault"
	"holdfast/reservation"
	"holdfast/test/prove/rig"
)

// TestRedMutated changes one answer of a real history at a time: one more sale, one sale fewer. The checker must see it.
func TestRedMutated(t *testing.T) {
	w := rig.Open(t, rig.SQLite, rig.Options{Settings: func(s *reservation.Settings) {
		s.PayWait = 30 * time.Second
		s.Caps.HoldsPerPool, s.Caps.UnitsPerPool = 1000, 1000
	}})
	h := record(t, w, 7, patient)
	h.judge(t, 1, "as it was")
	m := model(slices.Max(h.numbers[:]))
	changed := 0
	for i, o := range h.operations {
		var other answer
		switch out := output(o); {
		case input(o).kind != hold || out.unknown:
			continue
		case out.refused == "":
			other.refused = "sold_out"
		}
		changed++
		mutated := slices.Clone(h.operations)
		mutated[i].Output = other
		if result := porcupine.CheckOperationsTimeout(m, mutated, judgeWithin); result != porcupine.Illegal {
			t.Errorf("%s became %s and the history is judged %s", describe(input(o), output(o)), describe(input(o), other), result)
		}
	}
	if changed < 10 {
		t.Errorf("only %d answers to change", changed)
	}
}

// TestRedStale: a refusal that is older than allowed is found, one that is not is let through.
func TestRedStale(t *testing.T) {
	const ms = int64(time.Millisecond)
	whole := call{from: 0, to: slots}
	at := func(c call, number, process int, k kind, from, to int64, a answer) porcupine.Operation {
		c.number, c.process, c.kind = number, process, k
		return porcupine.Operation{ClientId: process, Input: c, Output: a, Call: from * ms, Return: to * ms}
	}
	history := func(process int, after int64) []porcupine.Operation {
		return []porcupine.Operation{
			at(whole, 0, 0, hold, 1, 2, answer{}), at(whole, 1, 0, hold, 3, 4, answer{}), at(whole, 2, 1, hold, 5, 6, answer{refused: "sold_out"}),
			at(whole, 0, 0, release, 7, 8, answer{}), at(whole, 3, process, hold, 8+after, 9+after, answer{refused: "sold_out"}),
		}
	}
	for name, c := range map[string]struct {
		history   []porcupine.Operation
		processes int
		want      porcupine.CheckResult
	}{
		"another process, within the bound": {history(1, 49), 2, porcupine.Ok},
		"another process, past the bound":   {history(1, 51), 2, porcupine.Illegal},
		"a process that is alone":           {history(0, 2), 1, porcupine.Illegal},
		"the process that gave it back":     {history(0, 2), 2, porcupine.Illegal},
	} {
		t.Run(name, func(t *testing.T) {
			if got := porcupine.CheckOperations(model(4), allowStale(c.history, c.processes)); got != (c.want == porcupine.Ok) {
				t.Errorf("judged linearizable: %t, want %s", got, c.want)
			}
		})
	}
}

// slow holds the answer of commits back until it is let go, as a connection does that stalls after COMMIT.
type slow struct {
	reservation.Store

	mu   sync.Mutex
	gate chan struct{} // nil: not slow
	done chan struct{} // gets one for each commit that waits at the gate
}

func (s *slow) Transact(ctx context.Context, b reservation.Batch, need reservation.Need, decide func(*reservation.Rows) (*reservation.Changes, error)) error {
	err := s.Store.Transact(ctx, b, need, decide)
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		s.done <- struct{}{}
		<-gate
	}
	return err
}

// TestStaleAfterSlowCommit: the 50 ms of an early refusal are counted from when it was true, not from when the answer of
// its commit came in. One process finds a pool sold out, and its commit's answer stalls; meanwhile another gives a unit
// back. When the answer is in, longer than 50 ms later, nothing must be refused on the strength of it.
func TestStaleAfterSlowCommit(t *testing.T) {
	var stores []*slow
	w := rig.Open(t, rig.Pair, rig.Options{
		Store: func(s reservation.Store) reservation.Store {
			stores = append(stores, &slow{Store: s, done: make(chan struct{}, 100)})
			return stores[len(stores)-1]
		},
		Settings: func(s *reservation.Settings) { s.Lanes = 1 },
	})
	ctx, first := context.Background(), stores[0]
	place := func(core *reservation.Core, who, sealed string) (string, error) {
		a, err := core.Place(ctx, reservation.PlaceRequest{Caller: rig.As(who), Offers: []string{sealed}, Travellers: rig.Guests})
		if err != nil {
			return "", err
		}
		return a.Reservation.ID.Text("res"), nil
	}
	for range 5 { // the first process may read of the release in the outbox just in time; not five times
		pool := w.Pool(t, 1, 1)
		sealed := w.Offer(t, rig.Nights(pool, 0, 1))
		ref, err := place(w.Cores[1], "ada", sealed)
		if err != nil {
			t.Fatal(err)
		}
		gate := make(chan struct{})
		first.mu.Lock()
		first.gate = gate
		first.mu.Unlock()
		var stalled sync.WaitGroup
		stalled.Go(func() {
			if _, err := place(w.Cores[0], "bob", sealed); !fault.Is(err, "sold_out") {
				t.Errorf("place: %v, want sold_out", err)
			}
		})
		<-first.done
		if err := w.Cores[1].Release(ctx, rig.As("ada"), ref); err != nil {
			t.Fatal(err)
		}
		<-time.After(staleFor + 10*time.Millisecond)
		first.mu.Lock()
		first.gate = nil
		first.mu.Unlock()
		close(gate)
		stalled.Wait()
		if _, err := place(w.Cores[0], "cyd", sealed); err != nil {
			t.Errorf("the unit was given back more than %v ago: %v", staleFor, err)
		}
	}
}
