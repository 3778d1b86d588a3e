package hotel

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/internal/clock"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Bounds of the view.
const (
	// keptVersions is how many slots a generation of versions remembers. See versions.
	keptVersions = 1 << 18
	// maxWaiting is how many slots of pools without a house are kept, 16 MB. See waiting.
	maxWaiting = 1 << 21
	// firstVersion is that of a slot that was never changed.
	firstVersion = 1
	// refillAfter is how long follow rests after a failure.
	refillAfter = time.Second
	// growNights is by how much a listing grows past its usual end, for stock made with a longer horizon than ours.
	growNights = 64
	// startNights is the room left for yesterday (the date line) and for the day the horizon rolls on.
	startNights = 3
	// maxListedNights bounds the nights of a listing. Slots beyond are shown after a restart that finds them nearer.
	maxListedNights = MaxHorizon + startNights
)

// finderDeps is what a finder needs.
type finderDeps struct {
	Sealer    *offer.Sealer // may come later, by setSealer; until then nothing is offered
	Clock     clock.Clock
	OfferLife time.Duration // how long an offer keeps its price
	Horizon   int           // nights on sale, the first being today where the hotel is
	Log       *slog.Logger  // nil: the default one
}

// finder is the view that search runs on: houses as published, free rooms as the stock events tell. Houses are published
// first, then load reads the stock and follows it until stop; houses published later find their stock by themselves.
//
// Readers take no lock but that of the place index, once. mu orders the writers.
type finder struct {
	clock     clock.Clock
	offerLife time.Duration
	horizon   int
	log       *slog.Logger
	sealer    atomic.Pointer[offer.Sealer]
	places    places
	scans     sync.Pool // *scan

	wake    chan struct{} // blank has new pools
	stopped func()        // ends what load started; nil before
	changes atomic.Int64  // slots that events have told of

	mu       sync.Mutex
	columns  map[stock.PoolID]column
	blank    map[stock.PoolID]bool // listed, not read from the store yet
	waiting  waiting
	versions versions
}

// column is where a pool is shown.
type column struct {
	entry *entry
	index int
}

// entry is a hotel's fixed place in the indexes; what is known of it changes behind the pointer.
type entry struct {
	id      uid.ID
	listing atomic.Pointer[listing]

	// guarded by places.mu
	city *city
	tile tile
}

func newFinder(deps finderDeps) *finder {
	f := &finder{
		clock: deps.Clock, offerLife: deps.OfferLife, horizon: deps.Horizon, log: deps.Log,
		wake: make(chan struct{}, 1), columns: map[stock.PoolID]column{}, blank: map[stock.PoolID]bool{},
		waiting: waiting{pools: map[stock.PoolID][]waitingSlot{}}, versions: newVersions(keptVersions),
	}
	if f.log == nil {
		f.log = slog.Default()
	}
	f.places.init()
	f.sealer.Store(deps.Sealer)
	return f
}

// setSealer lets offers be made from now on.
func (f *finder) setSealer(s *offer.Sealer) { f.sealer.Store(s) }

// window is which nights a listing has when nothing asks for more.
func (f *finder) window() (from, to civil.Date) {
	from = civil.Today(f.clock.Now(), time.UTC) - 1
	return from, from.Add(f.horizon + startNights)
}

// publish shows a house as it is now. An older revision than the one shown is ignored, so calls may overtake each
// other. Houses that are not active are kept, so that their stock is known when they become so, but never found.
func (f *finder) publish(h *House) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.places.entry(h.Hotel.ID)
	from, to := f.window()
	if e == nil {
		e = &entry{id: h.Hotel.ID}
	} else if old := e.listing.Load(); old != nil {
		if old.house.Revision > h.Revision {
			return
		}
		to = max(to, old.end())
	}
	if !f.list(e, h, from, to) {
		f.remove(e)
	}
}

// list replaces the listing of an entry; false if the house cannot be understood, which its writers should not have
// let through. Called with mu held.
func (f *finder) list(e *entry, h *House, from, to civil.Date) bool {
	l, err := newListing(h, zone(h.Hotel.TimeZone), from, to)
	if err != nil {
		f.log.Error("hotel cannot be shown", "hotel", h.Hotel.ID.Text("htl"), "err", err)
		return false
	}
	old := e.listing.Load()
	for i, pool := range l.pools {
		if c, ok := f.columns[pool]; ok && c.entry == e {
			l.takeFree(i, old, c.index)
		} else if !f.waiting.give(pool, l, i, civil.Today(f.clock.Now(), l.zone), h.NightsTo) {
			f.blank[pool] = true
			f.nudge()
		}
	}
	if old != nil {
		f.forget(old.pools)
	}
	for i, pool := range l.pools {
		f.columns[pool] = column{e, i}
	}
	if old != nil {
		f.clean(old.pools)
	}
	e.listing.Store(l)
	f.places.put(e, l)
	return true
}

func (f *finder) forget(pools []stock.PoolID) {
	for _, pool := range pools {
		delete(f.columns, pool)
	}
}

// clean drops pools that are no longer listed from those to be read.
func (f *finder) clean(pools []stock.PoolID) {
	for _, pool := range pools {
		if _, listed := f.columns[pool]; !listed {
			delete(f.blank, pool)
		}
	}
}

// withdraw takes a hotel out for good.
func (f *finder) withdraw(id uid.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.places.entry(id); e != nil {
		f.remove(e)
	}
}

func (f *finder) remove(e *entry) {
	if old := e.listing.Load(); old != nil {
		f.forget(old.pools)
		f.clean(old.pools)
	}
	f.places.drop(e)
}

// nudge lets follow look at blank.
func (f *finder) nudge() {
	select {
	case f.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// slots takes new states of slots, in any order: of one slot the higher version wins.
func (f *finder) slots(rows []reservation.SlotRow) {
	f.changes.Add(int64(len(rows)))
	f.mu.Lock()
	defer f.mu.Unlock()
	w := writer{f: f}
	for i := range rows {
		if !rows[i].Key.Slot.IsDay() {
			continue // a leg or a segment: somebody else's
		}
		if f.versions.advance(rows[i].Key, rows[i].Version) && !w.write(&rows[i]) {
			f.waiting.take(&rows[i])
		}
	}
}

// stored takes slots as a store read them. Those that an event has told more of meanwhile are left alone.
func (f *finder) stored(rows []reservation.SlotRow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := writer{f: f}
	for i := range rows {
		if f.versions.of(rows[i].Key) <= rows[i].Version {
			w.write(&rows[i])
		}
	}
}

// load reads all stock and follows it until stop is called; what happens meanwhile wins where it is newer. It returns
// when every published house shows its stock.
func (f *finder) load(ctx context.Context, svc reservation.Service) error {
	unwatch := svc.Watch(f.slots) // before the reading: nothing may happen unseen between the two
	f.mu.Lock()
	f.versions.pinned++
	covered := maps.Clone(f.blank)
	from, _ := f.window()
	f.mu.Unlock()
	say := f.progress()
	_, err := svc.Snapshot(ctx, stock.Slot(from), func(rows []reservation.SlotRow) error {
		f.stored(rows)
		say(len(rows))
		return ctx.Err()
	})
	f.mu.Lock()
	f.versions.pinned--
	if err == nil {
		for pool := range covered {
			delete(f.blank, pool)
		}
	}
	f.mu.Unlock()
	if err != nil {
		unwatch()
		return fault.As(err)
	}
	f.keepFollowing(ctx, svc, unwatch)
	return nil
}

// progress tells now and then how many slots have been read of those that the listings have room for.
func (f *finder) progress() func(rows int) {
	room := 0
	for _, e := range f.places.all() {
		l := e.listing.Load()
		room += int(l.nights) * len(l.pools)
	}
	began, said, read := time.Now(), time.Now(), 0
	return func(rows int) {
		read += rows
		if time.Since(said) < progressEvery {
			return
		}
		said = time.Now()
		f.log.Info("reading the stock", "slots", read, "at_most", room, "per_second", int(float64(read)/time.Since(began).Seconds()))
	}
}

// keepFollowing lets follow run until stop.
func (f *finder) keepFollowing(ctx context.Context, svc reservation.Service, unwatch func()) {
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { f.follow(following, svc) })
	f.stopped = func() {
		unwatch()
		cancel()
		running.Wait()
	}
}

// stop ends what load started, and returns when nothing of it runs any more.
func (f *finder) stop() {
	if f.stopped != nil {
		f.stopped()
	}
}

// follow reads the stock of houses that are published from now on.
func (f *finder) follow(ctx context.Context, svc reservation.Service) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		err := f.fill(ctx, svc)
		if err == nil || ctx.Err() != nil {
			continue
		}
		f.log.Warn("stock of new room types could not be read; trying again", "err", err)
		rest := time.NewTimer(refillAfter)
		select {
		case <-ctx.Done():
		case <-rest.C:
			f.nudge()
		}
		rest.Stop()
	}
}

// fill reads the stock of pools that no reading has covered yet.
func (f *finder) fill(ctx context.Context, svc reservation.Service) error {
	f.mu.Lock()
	missing := maps.Clone(f.blank)
	if len(missing) > 0 {
		f.versions.pinned++
		defer func() {
			f.mu.Lock()
			f.versions.pinned--
			f.mu.Unlock()
		}()
	}
	f.mu.Unlock()
	from, _ := f.window()
	for pool := range missing {
		rows, err := svc.Slots(ctx, reservation.Span{Pool: pool, From: stock.Slot(from), To: stock.Slot(from.Add(maxListedNights))})
		if err != nil {
			return err
		}
		f.stored(rows)
		f.mu.Lock()
		delete(f.blank, pool)
		f.mu.Unlock()
	}
	return nil
}

// writer writes rows of slots, most of which follow others of their pool.
type writer struct {
	f    *finder
	pool stock.PoolID
	at   column
	l    *listing
}

// write shows a row; false if no house has the pool. Nights gone by are left out.
func (w *writer) write(r *reservation.SlotRow) bool {
	if r.Key.Pool != w.pool || w.l == nil {
		at, ok := w.f.columns[r.Key.Pool]
		if !ok {
			w.l = nil
			return false
		}
		w.pool, w.at, w.l = r.Key.Pool, at, at.entry.listing.Load()
	}
	d := civil.Date(r.Key.Slot)
	if d >= w.l.from && (d < w.l.end() || w.grow(d)) {
		w.l.setFree(w.at.index, d, r.Free())
	}
	return true
}

// grow lists more nights, so that d is among them; false if it is too far.
func (w *writer) grow(d civil.Date) bool {
	from, to := w.f.window()
	if d >= to {
		to = min(d.Add(growNights), from.Add(maxListedNights))
	}
	if d < from || d >= to || !w.f.list(w.at.entry, w.l.house, from, max(to, w.l.end())) {
		return false
	}
	w.l = w.at.entry.listing.Load()
	return true
}

// versions remembers which versions of recently changed slots are shown, so that an event that was overtaken does not
// undo a newer one. 73 million versions would take as much as the view itself, and only those of the last moments
// matter: an event is handed over before its commit is answered, so it can be overtaken by what other lanes commit
// while its lane stands between the two, and by no more.
//
// Two generations are kept; when the recent one is full it becomes the older one. So a slot is remembered while at
// least keep (keptVersions) other slots change: more than 2 s at the highest rate one machine has shown (111,000 slots
// a second), against microseconds from commit to hand-over. While the store is read (load, fill) nothing is forgotten,
// because its rows may be older than the events by as long as the reading takes. Should a process be stopped for
// longer in just that place, a slot shows an older count until its next change: the desk decides what is sold.
type versions struct {
	keep          int
	pinned        int // running reads of the store
	recent, older map[stock.Key]int64
}

func newVersions(keep int) versions {
	return versions{keep: keep, recent: map[stock.Key]int64{}, older: map[stock.Key]int64{}}
}

// of is the version shown, 0 when that is not remembered.
func (v *versions) of(k stock.Key) int64 {
	if n, ok := v.recent[k]; ok {
		return n
	}
	return v.older[k]
}

// advance notes a version and reports whether it is newer than the one shown.
func (v *versions) advance(k stock.Key, n int64) bool {
	if v.of(k) >= n {
		return false
	}
	if n == firstVersion {
		return true // there is nothing older that it could be overtaken by; bulk work makes millions of them
	}
	if len(v.recent) >= v.keep && v.pinned == 0 {
		v.recent, v.older = v.older, v.recent
		clear(v.recent)
	}
	v.recent[k] = n
	return true
}

// waiting keeps slots of pools that no house has (yet): the stock of a room type is made just before the room type is
// published, and is to be seen with it. It is only the quick way. What goes past its bound, or is older than this
// process, fill reads from the store; so pools that never get a house, such as trains', do no harm here.
type waiting struct {
	pools map[stock.PoolID][]waitingSlot
	count int
}

type waitingSlot struct {
	night civil.Date
	free  int32
}

func (w *waiting) take(r *reservation.SlotRow) {
	if w.count >= maxWaiting {
		clear(w.pools)
		w.count = 0
	}
	w.pools[r.Key.Pool] = append(w.pools[r.Key.Pool], waitingSlot{civil.Date(r.Key.Slot), r.Free()})
	w.count++
}

// give shows what is known of a pool in the listing that has it now. It reports whether that is every night of
// [from, to), as it is of a pool that was made in this process a moment ago; the store need not be asked then.
func (w *waiting) give(pool stock.PoolID, l *listing, column int, from, to civil.Date) (all bool) {
	slots := w.pools[pool]
	known := make([]bool, max(0, to-from))
	for _, s := range slots {
		if s.night >= l.from && s.night < l.end() {
			l.setFree(column, s.night, s.free)
		}
		if s.night >= from && s.night < to {
			known[s.night-from] = true
		}
	}
	w.count -= len(slots)
	delete(w.pools, pool)
	return len(known) > 0 && to <= l.end() && !slices.Contains(known, false)
}
