package reservationtest

import (
	"fmt"
	"sync"
	"testing"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func testEvents(t *testing.T, s reservation.Store) {
	var want []reservation.Event
	n := int64(0)
	for round := range 3 {
		r := newReservation("ann", noon)
		events := []reservation.Event{
			{Type: "stock.changed", At: noon, Data: []byte(fmt.Sprintf(`{"b": 1,  "a":[%d]}`, round))}, event(r, reservation.Placed, noon), {Type: "stock.changed", At: noon, Data: []byte(`[]`)},
		}
		if err := s.Transact(t.Context(), batch("lane", noon), reservation.Need{}, always(reservation.Changes{
			NewReservations: []*reservation.Reservation{r}, NewHistory: []reservation.Entry{entry(r, 0, reservation.Placed, noon)}, Events: events,
		})); err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			n++
			e.Stream, e.N = 1, n
			want = append(want, e)
		}
	}
	if err := s.Transact(t.Context(), batch("other", noon), reservation.Need{}, always(reservation.Changes{Events: []reservation.Event{{Type: "x", At: noon, Data: []byte(`1`)}}})); err != nil {
		t.Fatal(err)
	}
	at := must[reservation.Positions](t)(s.Streams(t.Context()))
	if len(at) != 2 || at[1] != 9 {
		t.Errorf("streams %v, want 9 events in the first of two", at)
	}
	same(t, "events", must[[]reservation.Event](t)(s.Events(t.Context(), 1, 0, 100)), want)
	same(t, "a page", must[[]reservation.Event](t)(s.Events(t.Context(), 1, 3, 4)), want[3:7])
	stockOf := func(stretch ...reservation.Event) (out []reservation.Event) {
		for _, e := range stretch {
			if e.Subject.IsZero() {
				out = append(out, e)
			}
		}
		return out
	}
	same(t, "common events", must[[]reservation.Event](t)(s.CommonEvents(t.Context(), 1, 0, 9, 100)), stockOf(want...))
	same(t, "common events of a stretch", must[[]reservation.Event](t)(s.CommonEvents(t.Context(), 1, 1, 6, 100)), stockOf(want[1:6]...))
	same(t, "a page of common events", must[[]reservation.Event](t)(s.CommonEvents(t.Context(), 1, 0, 9, 2)), stockOf(want...)[:2])
	same(t, "after the last", must[[]reservation.Event](t)(s.Events(t.Context(), 1, 9, 4)), []reservation.Event(nil))
}

// reader polls every stream and keeps its place in each, as a consumer does. It reports what it has missed.
type reader struct {
	at   reservation.Positions
	seen map[int32]map[string]bool
}

// poll reads on in every stream until there is nothing more.
func (r *reader) poll(t *testing.T, s reservation.Store) {
	for stream := range must[reservation.Positions](t)(s.Streams(t.Context())) {
		if r.seen[stream] == nil {
			r.seen[stream] = map[string]bool{}
		}
		for {
			events := must[[]reservation.Event](t)(s.Events(t.Context(), stream, r.at[stream], 7))
			if len(events) == 0 {
				break
			}
			for _, e := range events {
				if e.N != r.at[stream]+1 {
					t.Errorf("stream %d: event %d after %d", stream, e.N, r.at[stream])
				}
				r.at[stream] = e.N
				r.seen[stream][string(e.Data)] = true
			}
		}
	}
}

// Two writers on one stream and on one each; whatever commits is read exactly once by one who polls meanwhile.
func testEventsOfTwoWriters(t *testing.T, shared Shared) {
	rounds := max(20, shared.Rounds/10)
	var group sync.WaitGroup
	done := make(chan struct{})
	written := make([]int, 4)
	for w, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
		stream := []string{"both", "both", "a", "b"}[w]
		group.Go(func() {
			for i := range rounds {
				events := make([]reservation.Event, 1+i%3)
				for j := range events {
					events[j] = reservation.Event{Type: "x", At: noon, Data: fmt.Appendf(nil, `"%s %d %d %d"`, stream, w, i, j)}
				}
				err := store.Transact(t.Context(), batch(stream, noon), reservation.Need{}, func(*reservation.Rows) (*reservation.Changes, error) {
					if i%5 == 4 {
						return nil, errStop // its numbers must not leave a hole
					}
					return &reservation.Changes{Events: events}, nil
				})
				if err == nil {
					written[w] += len(events)
				} else if i%5 != 4 {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	go func() { group.Wait(); close(done) }()
	r := reader{at: reservation.Positions{}, seen: map[int32]map[string]bool{}}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		r.poll(t, shared.B)
	}
	seen, total := 0, int64(0)
	for stream := range r.seen {
		seen += len(r.seen[stream])
		total += r.at[stream]
	}
	if want := written[0] + written[1] + written[2] + written[3]; seen != want || total != int64(want) {
		t.Errorf("%d events seen, positions add up to %d; %d were written", seen, total, want)
	}
	noDeadlock(t, shared)
}

func noDeadlock(t *testing.T, shared Shared) {
	t.Helper()
	if n := shared.Deadlocks(); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}

func testSnapshot(t *testing.T, s reservation.Store) {
	a, b := newPool(t, s, 10, 0, 5000), newPool(t, s, 5, 4990, 5010)
	place(t, s, newReservation("ann", noon, []stock.Claim{{Pool: b.ID, From: 4995, To: 4998, Count: 2}}))
	var got []reservation.SlotRow
	chunks := 0
	at := must[reservation.Positions](t)(s.Snapshot(t.Context(), 100, func(slots []reservation.SlotRow) error {
		chunks++
		got = append(got, slots...)
		return nil
	}))
	if at[1] != 2 || len(at) != 1 {
		t.Errorf("positions %v, want the 2 events of the one stream", at)
	}
	want := append(must[[]reservation.SlotRow](t)(s.Slots(t.Context(), reservation.Span{Pool: a.ID, From: 100, To: 5000})), slotsOf(t, s, b)...)
	same(t, "slots", got, want)
	if chunks < 2 {
		t.Errorf("%d slots came in %d chunks", len(got), chunks)
	}
	calls := 0
	_, err := s.Snapshot(t.Context(), 100, func([]reservation.SlotRow) error { calls++; return errStop })
	if err != errStop || calls != 1 { //nolint:errorlint // passed on as it is
		t.Errorf("stopped after %d chunks with %v", calls, err)
	}
	if len(slotsOf(t, s, b)) != 20 { // and the store goes on
		t.Error("slots are gone")
	}
}

// A snapshot taken while batches commit is of one instant, and its positions are of the same: the slots say exactly
// what the events up to the positions say.
func testSnapshotWhileWriting(t *testing.T, s reservation.Store) {
	p := newPool(t, s, 1_000_000, 0, 40)
	const rounds = 60
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range rounds {
			err := s.Transact(t.Context(), batch("stock", noon), reservation.Need{Spans: []reservation.Span{{Pool: p.ID, From: 0, To: 40}}}, func(rows *reservation.Rows) (*reservation.Changes, error) {
				set, err := claimStock(rows, []stock.Claim{{Pool: p.ID, From: 0, To: 40, Count: 1}}, (*stock.Counters).Hold)
				return &reservation.Changes{SetSlots: set, Events: []reservation.Event{{Type: "stock.changed", At: noon, Data: []byte(`1`)}}}, err
			})
			if err != nil {
				t.Errorf("writer: %v", err)
				return
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		held := map[int32]bool{}
		at, err := s.Snapshot(t.Context(), 0, func(slots []reservation.SlotRow) error {
			for _, slot := range slots {
				held[slot.Held] = true
			}
			return nil
		})
		if err != nil {
			t.Error(err)
			break
		}
		var events int64
		for _, n := range at {
			events += n
		}
		if len(held) != 1 || !held[int32(events)] {
			t.Errorf("a snapshot at event %d with %v held: not one instant", events, held)
			break
		}
	}
	<-done
}

func testSecret(t *testing.T, s reservation.Store) {
	first, second := []byte{0, 1, 2, 255}, []byte("other")
	for _, c := range []struct {
		name        string
		fresh, want []byte
	}{{"offer", first, first}, {"offer", second, first}, {"admin", second, second}} {
		if got := must[[]byte](t)(s.Secret(t.Context(), c.name, c.fresh)); string(got) != string(c.want) {
			t.Errorf("secret %s is %x, want %x", c.name, got, c.want)
		}
	}
}

func testSecretRace(t *testing.T, shared Shared) {
	for round := range 20 {
		name := fmt.Sprintf("secret %d", round)
		got := make([]string, 4)
		var group sync.WaitGroup
		for i, store := range []reservation.Store{shared.A, shared.B, shared.A, shared.B} {
			group.Go(func() {
				id := uid.New()
				secret, err := store.Secret(t.Context(), name, id[:])
				if err != nil {
					t.Error(err)
				}
				got[i] = string(secret)
			})
		}
		group.Wait()
		for _, secret := range got {
			if secret != got[0] || len(secret) != 16 {
				t.Fatalf("round %d: processes have different secrets: %x", round, got)
			}
		}
	}
}
