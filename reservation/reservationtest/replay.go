package reservationtest

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"holdfast/reservation"
	"holdfast/stock"
)

// RunReplay checks, on an engine, that a copy of the stock kept with marks and the events after them are the stock.
func RunReplay(t *testing.T, open func(t *testing.T) reservation.Store) {
	for name, check := range map[string]func(*testing.T, *world){
		"CopyAndEventsAreTheStock": testCopyAndEvents,
		"ToldWaitsForTelling":      testToldWaits,
		"MarksOfAnotherLife":       testForeignMarks,
		"TooMuch":                  testReplayTooMuch,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, open(t))
				defer func() { w.stop(t) }()
				check(t, w)
				w.audit(t)
			})
		})
	}
}

// kept is a copy of free counts, as a view keeps them.
type kept struct {
	mu       sync.Mutex
	free     map[stock.Key]int32
	versions map[stock.Key]int64
}

func newKept() *kept { return &kept{free: map[stock.Key]int32{}, versions: map[stock.Key]int64{}} }

func (k *kept) take(rows []reservation.SlotRow) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range rows {
		if r.Version > k.versions[r.Key] {
			k.free[r.Key], k.versions[r.Key] = r.Free(), r.Version
		}
	}
}

// copied is the copy without versions, as a file has it.
func (k *kept) copied() *kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := newKept()
	for key, free := range k.free {
		c.free[key] = free
	}
	return c
}

// Copies taken at any time while many sell, each with the marks taken before it, are brought up to date by a process
// that comes later.
func testCopyAndEvents(t *testing.T, w *world) {
	view := newKept()
	defer w.core.Watch(view.take)()
	pools := []stock.PoolID{w.pool(t, 1000, 0), w.pool(t, 1000, 0), w.pool(t, 1000, 0)}
	type image struct {
		marks reservation.Marks
		*kept
	}
	var images []image
	var selling sync.WaitGroup
	for lane := range 3 {
		selling.Go(func() {
			for n := range 20 {
				change := reservation.StockChange{
					Span: reservation.Span{Pool: pools[(lane+n)%3], From: night + stock.Slot(n%10), To: night + stock.Slot(n%10+3)}, Physical: new(int32(100*lane + n)),
				}
				if err := w.core.ChangeStock(t.Context(), []reservation.StockChange{change}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 15 {
		marks := must[reservation.Marks](t)(w.core.Told(t.Context()))
		images = append(images, image{marks, view.copied()})
	}
	selling.Wait()
	w.stop(t)
	w.restart(t)
	want := newKept()
	for _, pool := range pools {
		want.take(must[[]reservation.SlotRow](t)(w.core.Slots(t.Context(), reservation.Span{Pool: pool, From: night, To: night + 100})))
	}
	for i, im := range images {
		if err := w.core.Replay(t.Context(), im.marks, 1<<20, func(rows []reservation.SlotRow) error { im.take(rows); return nil }); err != nil {
			t.Fatal(err)
		}
		same(t, "stock after image and replay", im.free, want.free)
		if t.Failed() {
			t.Fatalf("image %d of %d with the marks %v", i+1, len(images), im.marks)
		}
	}
}

// A commit that is in the tables and not yet in the view: marks do not pass it before the view has it.
func testToldWaits(t *testing.T, w *world) {
	pool := w.pool(t, 10, 0)
	view := newKept()
	hold, entered := make(chan struct{}), make(chan struct{})
	var once sync.Once
	defer w.core.Watch(func(rows []reservation.SlotRow) {
		once.Do(func() {
			close(entered)
			<-hold
		})
		view.take(rows)
	})()
	var running sync.WaitGroup
	running.Go(func() {
		span := reservation.Span{Pool: pool, From: night, To: night + 1}
		if err := w.core.ChangeStock(t.Context(), []reservation.StockChange{{Span: span, Physical: new(int32(3))}}); err != nil {
			t.Error(err)
		}
	})
	<-entered // committed, and on its way
	var marks reservation.Marks
	told := false
	running.Go(func() {
		marks, told = must[reservation.Marks](t)(w.core.Told(t.Context())), true
	})
	// Whether Told still waits is only to be seen where nothing but it can go on.
	synctest.Wait()
	early := told
	close(hold)
	running.Wait()
	if early {
		t.Error("the marks were given before all was told")
	}
	if view.free[stock.Key{Pool: pool, Slot: night}] != 3 || len(marks) == 0 {
		t.Errorf("the view has %d free, marks %v", view.free[stock.Key{Pool: pool, Slot: night}], marks)
	}
}

// Marks that the store does not know, or knows otherwise, are refused: after a restored backup numbers are given again.
func testForeignMarks(t *testing.T, w *world) {
	w.pool(t, 10, 0)
	marks := must[reservation.Marks](t)(w.core.Told(t.Context()))
	replay := func(change func(m reservation.Marks)) error {
		m := reservation.Marks{}
		for stream, mark := range marks {
			m[stream] = mark
		}
		change(m)
		return w.core.Replay(t.Context(), m, 100, func([]reservation.SlotRow) error { return nil })
	}
	if err := replay(func(reservation.Marks) {}); err != nil {
		t.Fatalf("unchanged marks: %v", err)
	}
	var stream int32
	for s, m := range marks {
		if m.N > 0 {
			stream = s
		}
	}
	for name, change := range map[string]func(m reservation.Marks){
		"another event":  func(m reservation.Marks) { m[stream] = reservation.Mark{N: m[stream].N, Sum: m[stream].Sum + 1} },
		"the future":     func(m reservation.Marks) { m[stream] = reservation.Mark{N: m[stream].N + 1, Sum: m[stream].Sum} },
		"another stream": func(m reservation.Marks) { m[stream+1000] = m[stream] },
	} {
		if err := replay(change); !errors.Is(err, reservation.ErrNoReplay) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func testReplayTooMuch(t *testing.T, w *world) {
	w.pool(t, 10, 0)
	w.pool(t, 10, 0)
	rows := 0
	count := func(r []reservation.SlotRow) error { rows += len(r); return nil }
	if err := w.core.Replay(t.Context(), reservation.Marks{}, 1, count); !errors.Is(err, reservation.ErrNoReplay) || rows > 0 {
		t.Errorf("two events where one is too much: %v, %d rows", err, rows)
	}
	if err := w.core.Replay(t.Context(), reservation.Marks{}, 2, count); err != nil || rows == 0 {
		t.Errorf("two events: %v, %d rows", err, rows)
	}
	stop := errors.New("enough")
	if err := w.core.Replay(t.Context(), nil, 2, func([]reservation.SlotRow) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a reader that has enough: %v", err)
	}
}
