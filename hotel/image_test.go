package hotel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/clock"
	"holdfast/reservation"
	"holdfast/stock"
)

// journal is a reservation service with an outbox of two streams, in memory.
type journal struct {
	*world
	streams   [2][][]reservation.SlotRow // events by stream
	watchers  map[int]func([]reservation.SlotRow)
	snapshots int
	refuses   error // of Replay
	during    func()
	most      int64 // what Replay was asked to bear
}

func newJournal(w *world) *journal {
	return &journal{world: w, watchers: map[int]func([]reservation.SlotRow){}}
}

// commit writes rows to a stream and tells of them.
func (j *journal) commit(stream int, rows ...reservation.SlotRow) {
	j.streams[stream] = append(j.streams[stream], rows)
	for _, fn := range j.watchers {
		fn(rows)
	}
}

func (j *journal) Watch(fn func([]reservation.SlotRow)) func() {
	n := len(j.watchers) + 1
	j.watchers[n] = fn
	return func() { delete(j.watchers, n) }
}

func (j *journal) Told(context.Context) (reservation.Marks, error) {
	m := reservation.Marks{}
	for i, events := range j.streams {
		m[int32(i)] = reservation.Mark{N: int64(len(events)), Sum: uint64(len(events))}
	}
	return m, nil
}

func (j *journal) Replay(_ context.Context, after reservation.Marks, most int64, yield func([]reservation.SlotRow) error) error {
	if j.most = most; j.refuses != nil {
		return j.refuses
	}
	for i, events := range j.streams {
		from := after[int32(i)].N
		if from > int64(len(events)) {
			return reservation.ErrNoReplay
		}
		if j.during != nil {
			j.during()
		}
		for _, rows := range events[from:] {
			if err := yield(rows); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *journal) Snapshot(_ context.Context, _ stock.Slot, yield func([]reservation.SlotRow) error) (reservation.Positions, error) {
	j.snapshots++
	for _, row := range j.slots {
		if err := yield([]reservation.SlotRow{row}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// process is one life of a view on a journal.
func (j *journal) process(t interface {
	Fatal(args ...any)
	Context() context.Context
}, of imageOf,
) *finder {
	f := newFinder(finderDeps{Sealer: j.sealer, Clock: j.clock, OfferLife: time.Minute, Horizon: worldHorizon, Log: slog.New(slog.DiscardHandler)})
	for _, h := range j.houses {
		f.publish(h)
	}
	if err := f.start(t.Context(), j, of); err != nil {
		t.Fatal(err)
	}
	return f
}

// differs tells how a view differs from the tables; "" if it does not.
func (j *journal) differs(f *finder) string {
	var out []string
	for _, h := range j.houses {
		l := f.places.entry(h.Hotel.ID).listing.Load()
		for column, pool := range l.pools {
			for d := l.from; d < l.end(); d++ {
				row := j.slots[stock.Key{Pool: pool, Slot: stock.Slot(d)}]
				if got := l.cell(int(d-l.from)*int(l.width) + column).free(); got != row.Free() {
					out = append(out, fmt.Sprintf("pool %d night %s: %d free, stored %d", pool, d, got, row.Free()))
				}
			}
		}
	}
	return strings.Join(out, "\n")
}

// Whatever happens to the stock before, while and after an image is written, and however many lives and images there
// are: a start from the image shows what a full read of the tables shows.
func TestImageAndEventsEqualTheTables(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		of := imageOf{path: filepath.Join(dir, fmt.Sprint(runs)), store: storeOf([]byte("one"))}
		w := newWorld(t, noon)
		j := newJournal(w)
		d := &dice{T: t, today: today}
		for range d.n(1, 3) {
			h := inn(d.pool())
			w.houses[h.Hotel.ID] = h
		}
		change := func(n int) {
			for range n {
				pool, night, free := stock.PoolID(d.n(1, int(d.pools))), w.clock.Now(), int32(d.n(0, 9))
				key := today.Add(int(night.Sub(noon).Hours())/24 + d.n(0, worldHorizon-1))
				j.commit(d.n(0, 1), w.next(pool, key, free))
			}
		}
		var f *finder
		starts, want := 0, 0
		var written time.Time // of the image; zero before there is one
		for range d.n(2, 6) {
			if f != nil {
				f.stop()
			}
			if d.one(3) { // a hotel that the image does not know
				h := inn(d.pool())
				w.houses[h.Hotel.ID] = h
			}
			change(d.n(0, 5)) // what happened while nobody watched
			j.during = func() { change(d.n(0, 2)) }
			if starts++; w.clock.Now().Sub(written) > maxImageAge {
				want++
			}
			f = j.process(t, of)
			j.during = nil
			if diff := j.differs(f); diff != "" {
				t.Fatalf("after start %d:\n%s", starts, diff)
			}
			change(d.n(0, 10))
			if d.one(2) {
				if err := saveDuring(t, f, j, of, func() { change(d.n(0, 3)) }); err != nil {
					t.Fatal(err)
				}
				written = w.clock.Now()
			}
			change(d.n(0, 10))
			if diff := j.differs(f); diff != "" {
				t.Fatalf("after changes:\n%s", diff)
			}
			w.clock.Advance(time.Duration(d.n(0, 23)) * time.Hour)
		}
		f.stop()
		if j.snapshots != want {
			t.Fatalf("the tables were read whole %d times, want %d: only without a young image", j.snapshots, want)
		}
	})
}

// saveDuring writes an image while stock changes between any two pools.
func saveDuring(t interface{ Context() context.Context }, f *finder, j *journal, of imageOf, change func()) error {
	marks, err := j.Told(t.Context())
	if err != nil {
		return err
	}
	w, err := createImage(of.path, imageHead{Horizon: f.horizon, Written: f.clock.Now(), Store: of.store, Marks: marks}, nil)
	if err != nil {
		return err
	}
	for _, e := range f.places.all() {
		change()
		if err := f.addTo(w, e); err != nil {
			return errors.Join(err, w.abandon())
		}
	}
	change()
	return w.finish()
}

// imaged is a journal of two hotels whose stock has an image and has changed since.
func imaged(t *testing.T) (*journal, imageOf) {
	t.Helper()
	w := newWorld(t, noon)
	j := newJournal(w)
	for pool := range stock.PoolID(2) {
		h := inn(pool + 1)
		w.houses[h.Hotel.ID] = h
	}
	of := imageOf{path: filepath.Join(t.TempDir(), "image"), store: storeOf([]byte("one"))}
	f := j.process(t, of)
	for night := range worldHorizon {
		j.commit(night%2, w.next(1, today.Add(night), int32(night)), w.next(2, today.Add(night), 7))
	}
	if err := f.saveImage(t.Context(), j, of, false); err != nil {
		t.Fatal(err)
	}
	f.stop()
	j.commit(0, w.next(1, today, 5))
	j.snapshots = 0
	return j, of
}

// restarts starts from the image that there is and tells whether it was used.
func (j *journal) restarts(t *testing.T, of imageOf) bool {
	t.Helper()
	j.snapshots = 0
	f := j.process(t, of)
	f.stop()
	if diff := j.differs(f); diff != "" {
		t.Fatalf("the view differs:\n%s", diff)
	}
	return j.snapshots == 0
}

// A file that was cut off anywhere, or of which any byte changed, is never believed.
func TestTornImageIsNotUsed(t *testing.T) {
	j, of := imaged(t)
	whole, err := os.ReadFile(of.path)
	if err != nil {
		t.Fatal(err)
	}
	if !j.restarts(t, of) {
		t.Fatal("the whole image was not used")
	}
	put := func(b []byte) {
		if err := os.WriteFile(of.path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for n := range whole {
		put(whole[:n])
		if j.restarts(t, of) {
			t.Fatalf("an image cut off at byte %d of %d was used", n, len(whole))
		}
		changed := slices.Clone(whole)
		changed[n] ^= 1 << (n % 8)
		put(changed)
		if j.restarts(t, of) {
			t.Fatalf("an image with byte %d of %d changed was used", n, len(whole))
		}
	}
	put(append(slices.Clone(whole), 0))
	if j.restarts(t, of) {
		t.Error("an image with a byte too many was used")
	}
	put(whole)
	if !j.restarts(t, of) {
		t.Error("the whole image was not used")
	}
}

// A block that is whole but not where it belongs is noticed as well.
func TestBlocksOfAnImageAreNotExchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image")
	w, err := createImage(path, imageHead{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // equal, so that one can stand in for the other
		if err := w.add(1, today, 3, func(int) int32 { return 7 }); err != nil {
			t.Fatal(err)
		}
		if err := w.flush(); err != nil {
			t.Fatal(err)
		}
	}
	w.index = append(w.index[:8], w.index[:8]...)
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	im, err := openImage(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := im.read(func(imageFree) error { return nil }); !errors.Is(err, errImage) {
		t.Errorf("reading says %v", err)
	}
	if err := im.close(); err != nil {
		t.Fatal(err)
	}
}

// What is not of this store, of these settings, of these days or of these events is read from the tables.
func TestUnfitImageIsNotUsed(t *testing.T) {
	for name, c := range map[string]func(j *journal, of *imageOf){
		"another database":        func(_ *journal, of *imageOf) { of.store = storeOf([]byte("two")) },
		"too old":                 func(j *journal, _ *imageOf) { j.clock.Advance(maxImageAge + time.Second) },
		"from the future":         func(j *journal, _ *imageOf) { j.world.clock = clock.Still(noon.Add(-maxImageAge - time.Second)) },
		"events gone":             func(j *journal, _ *imageOf) { j.refuses = fmt.Errorf("archived: %w", reservation.ErrNoReplay) },
		"a store that is younger": func(j *journal, _ *imageOf) { j.streams[0] = j.streams[0][:1] },
		"missing":                 func(_ *journal, of *imageOf) { of.path += ".none" },
		"a folder":                func(_ *journal, of *imageOf) { of.path = filepath.Dir(of.path) },
		"too many room types since": func(j *journal, _ *imageOf) {
			h := inn(3)
			h.Types = nil
			for i := range MaxRoomTypesPerHotel {
				h.Types = append(h.Types, RoomType{ID: h.Hotel.ID, Pool: stock.PoolID(3 + i), Status: Active})
			}
			for range maxUncovered/MaxRoomTypesPerHotel + 1 {
				another := *h
				another.Hotel = inn(1).Hotel
				another.Types = slices.Clone(h.Types)
				for i := range another.Types {
					another.Types[i].Pool = stock.PoolID(1000*len(j.houses) + i)
				}
				j.houses[another.Hotel.ID] = &another
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			j, of := imaged(t)
			c(j, &of)
			if j.restarts(t, of) {
				t.Error("it was used")
			}
		})
	}
	j, of := imaged(t)
	if !j.restarts(t, of) || j.most != maxReplayed {
		t.Errorf("used %v, with at most %d events", j.snapshots == 0, j.most)
	}
}

// A horizon that became longer shows nights that the image has no room for.
func TestImageOfAShorterHorizonIsNotUsed(t *testing.T) {
	j, of := imaged(t)
	im, err := openImage(of.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = im.close() }()
	f := newFinder(finderDeps{Clock: j.clock, Horizon: worldHorizon + 1})
	if err := f.usable(im, of); !errors.Is(err, errImage) {
		t.Errorf("usable says %v", err)
	}
}

// The job writes when stock has changed, at its interval, and not when nothing has; what it wrote is used.
func TestImageIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, of := imaged(t)
		if err := os.Remove(of.path); err != nil {
			t.Fatal(err)
		}
		f := j.process(t, of)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { f.keepImage(ctx, j, of) })
		<-time.After(imageEvery + time.Second)
		if _, err := os.Stat(of.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("written although nothing has changed: %v", err)
		}
		j.commit(1, j.next(2, today, 1))
		<-time.After(imageEvery)
		first, err := os.Stat(of.path)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(3 * imageEvery)
		if again, err := os.Stat(of.path); err != nil || !os.SameFile(first, again) {
			t.Errorf("written again although nothing has changed: %v", err)
		}
		cancel()
		running.Wait()
		f.stop()
		left, err := filepath.Glob(of.path + "*")
		if err != nil || len(left) != 1 {
			t.Errorf("files left: %v, %v", left, err)
		}
		if !j.restarts(t, of) {
			t.Error("it was not used")
		}
	})
}

// A writing that fails or is stopped half-way leaves the image that there was.
func TestUnfinishedImageLeavesTheOldOne(t *testing.T) {
	j, of := imaged(t)
	before, err := os.ReadFile(of.path)
	if err != nil {
		t.Fatal(err)
	}
	f := j.process(t, of)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.saveImage(ctx, j, of, true); !errors.Is(err, context.Canceled) {
		t.Errorf("saving says %v", err)
	}
	f.stop()
	after, err := os.ReadFile(of.path)
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("the image changed: %v", err)
	}
	if left, err := filepath.Glob(of.path + "*"); err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

// Pools longer than what is listed now are shown in full.
func TestImageOfLongStock(t *testing.T) {
	j, of := imaged(t)
	f := j.process(t, of)
	far := today.Add(worldHorizon + 30)
	j.commit(0, j.next(1, far, 3))
	if err := f.saveImage(t.Context(), j, of, false); err != nil {
		t.Fatal(err)
	}
	f.stop()
	if !j.restarts(t, of) {
		t.Fatal("not used")
	}
	again := j.process(t, of)
	defer again.stop()
	for _, h := range j.houses {
		if l := again.places.entry(h.Hotel.ID).listing.Load(); h.Types[0].Pool == 1 && l.free(0, stay{far, far + 1}) != 3 {
			t.Errorf("the far night shows %d free", l.free(0, stay{far, far + 1}))
		}
	}
}

// A room type whose stock has not been read yet is not in the image: it would come up sold out.
func TestImageLeavesOutWhatIsNotRead(t *testing.T) {
	j, of := imaged(t)
	f := j.process(t, of)
	f.stop()
	h := inn(3)
	j.houses[h.Hotel.ID] = h
	j.next(3, today, 4) // made by another process before this one watched
	f.publish(h)
	if err := f.saveImage(t.Context(), j, of, false); err != nil {
		t.Fatal(err)
	}
	if !j.restarts(t, of) {
		t.Error("not used")
	}
}

// FuzzImage: no file crashes the reader.
func FuzzImage(f *testing.F) {
	path := filepath.Join(f.TempDir(), "image")
	w, err := createImage(path, imageHead{Marks: reservation.Marks{1: {N: 2, Sum: 3}}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(w.add(1, today, 3, func(int) int32 { return 7 }), w.finish()); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(imageMagic + imageEnd))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := openImage(file)
		if err != nil {
			return
		}
		defer func() { _ = im.close() }()
		if err := im.read(func(c imageFree) error {
			for n := range c.nights() {
				c.free(n)
			}
			return nil
		}); err != nil && !errors.Is(err, errImage) {
			t.Fatal(err)
		}
	})
}
