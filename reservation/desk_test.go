package reservation

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/uid"
)

// slowStore takes some time before it has the rows of a batch and some more until it has committed. Batches that want
// the same rows do not wait for one another: their order is the desk's to keep.
type slowStore struct {
	Store
	load, commit func() time.Duration

	mu       sync.Mutex
	open     int // batches under way
	mostOpen int
	streams  map[string]bool
	fail     func() error // decides whether a commit fails
}

func (s *slowStore) Transact(_ context.Context, b Batch, _ Need, decide func(*Rows) (*Changes, error)) error {
	s.mu.Lock()
	s.open++
	s.mostOpen = max(s.mostOpen, s.open)
	if s.streams == nil {
		s.streams = map[string]bool{}
	}
	s.streams[b.Stream] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	time.Sleep(s.load()) //nolint:forbidigo // inside synctest's bubble
	if _, err := decide(&Rows{Now: b.Now}); err != nil {
		return err
	}
	time.Sleep(s.commit()) //nolint:forbidigo // inside synctest's bubble
	if s.fail != nil {
		return s.fail()
	}
	return nil
}

func millis(n int) func() time.Duration {
	return func() time.Duration { return time.Duration(n) * time.Millisecond }
}

func startDesk(t *testing.T, s Store) *desk {
	t.Helper()
	settings := DefaultSettings()
	settings.Lanes, settings.BatchCommands = 1, 4
	k := newDesk(Deps{Store: s, Settings: settings, Clock: clock.System{}, Node: "n", Logger: slog.New(slog.DiscardHandler)}, newEarly(0), newWatchers(), newMeter(nil))
	k.start(t.Context())
	t.Cleanup(func() { k.stop(context.Background()) })
	return k
}

// Commands of one lane are decided in the order in which they entered the desk, however long the store takes for a
// batch. Turned red by passing the turn on before Transact.
func TestDeskKeepsOrder(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			upTo := func(n int) func() time.Duration {
				return func() time.Duration {
					mu.Lock()
					defer mu.Unlock()
					return time.Duration(random.IntN(n)) * time.Millisecond
				}
			}
			s := &slowStore{load: upTo(20), commit: upTo(20)}
			k := startDesk(t, s)
			var order []int
			var calls sync.WaitGroup
			for i := range 200 {
				calls.Go(func() {
					err := k.do(t.Context(), &command{
						name: "test", rows: 1, need: func(*needs) {},
						rule: func(*work) error { mu.Lock(); defer mu.Unlock(); order = append(order, i); return nil },
					})
					if err != nil {
						t.Error(err)
					}
				})
				synctest.Wait() // it is on the desk
				if i%7 == 0 {
					time.Sleep(upTo(10)()) //nolint:forbidigo // inside synctest's bubble
				}
			}
			calls.Wait()
			if !slices.IsSorted(order) || len(order) != 200 {
				t.Fatalf("seed %d: decided in the order %v", seed, order)
			}
		})
	}
}

// While one batch is being written the next is loaded, and not more than that.
func TestDeskOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{load: millis(10), commit: millis(10)}
		k := startDesk(t, s)
		began := time.Now()
		var calls sync.WaitGroup
		for range 40 { // ten batches
			calls.Go(func() {
				if err := k.do(t.Context(), &command{name: "test", rows: 1, need: func(*needs) {}, rule: func(*work) error { return nil }}); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if s.mostOpen != clerksPerLane {
			t.Errorf("%d batches were open at once, want %d", s.mostOpen, clerksPerLane)
		}
		if took := time.Since(began); took > 130*time.Millisecond {
			t.Errorf("ten batches took %v of simulated time, want about 110 ms", took)
		}
		if len(s.streams) != clerksPerLane {
			t.Errorf("streams %v, want one for each clerk", s.streams)
		}
	})
}

// A batch that fails keeps the lane going, and the desk stops with nothing left waiting.
func TestDeskGoesOnAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("disk on fire")
		n := 0
		s := &slowStore{load: millis(1), commit: millis(1), fail: func() error {
			if n++; n%3 == 0 {
				return nil
			}
			return broken
		}}
		k := startDesk(t, s)
		var calls sync.WaitGroup
		var failed, done int
		var mu sync.Mutex
		for range 60 {
			calls.Go(func() {
				err := k.do(t.Context(), &command{name: "test", rows: 1, need: func(*needs) {}, rule: func(*work) error { return nil }})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed++
				} else {
					done++
				}
			})
		}
		calls.Wait()
		if failed+done != 60 || done == 0 {
			t.Fatalf("%d done, %d failed of 60", done, failed)
		}
		k.stop(t.Context())
		if err := k.do(t.Context(), &command{name: "late", need: func(*needs) {}, rule: func(*work) error { return nil }}); !errors.Is(err, errDraining) {
			t.Fatalf("a stopped desk says %v", err)
		}
	})
}

// Bulk work that waits for room in a full queue says so when its caller gives up.
func TestBulkGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &slowStore{load: func() time.Duration { <-release; return 0 }, commit: millis(0)}
		settings := DefaultSettings()
		settings.Lanes, settings.BatchCommands, settings.Queue = 1, 1, 1
		k := newDesk(Deps{Store: s, Settings: settings, Clock: clock.System{}, Logger: slog.New(slog.DiscardHandler)}, newEarly(0), newWatchers(), newMeter(nil))
		k.start(t.Context())
		defer k.stop(context.Background())
		defer close(release)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() {
				err := k.doBulk(ctx, &command{name: "bulk", key: uid.New(), need: func(*needs) {}, rule: func(*work) error { return nil }})
				if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.RetryAfter == 0 {
					t.Errorf("want an answer that says to try again, got %v", err)
				}
			})
		}
		calls.Wait()
	})
}

// A key is under way until its command is answered, also when the caller has given up: a repeated call must not be
// refused early while the first one may still take effect.
func TestKeyStaysUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowStore{load: millis(10), commit: millis(1000)}
		k := startDesk(t, s)
		key := uid.New()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := k.do(ctx, &command{name: "slow", key: key, rows: 1, need: func(*needs) {}, rule: func(*work) error { return nil }})
		if err == nil || !k.flying.has(key) {
			t.Fatalf("error %v, under way: %v; want a caller who gave up and a key under way", err, k.flying.has(key))
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // inside synctest's bubble
		if k.flying.has(key) {
			t.Fatal("the key is under way for ever")
		}
	})
}
