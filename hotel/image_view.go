package hotel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"holdfast/reservation"
	"holdfast/stock"
)

// How the view keeps its image.
const (
	// imageEvery is how old an image may get while stock changes: what is written since is read from the outbox at the
	// next start. A process that ends in order writes one more.
	imageEvery = 5 * time.Minute
	// maxImageAge is from when an image is not used: by then reading the store is as quick as catching up.
	maxImageAge = 24 * time.Hour
	// maxReplayed is how many events are caught up with at most.
	maxReplayed = 4 << 20
	// maxUncovered is how many room types an image may lack; they are read from the store one by one.
	maxUncovered = 1000
	// imagePace is how fast an image is written beside the work: a burst would make commits wait for the disk.
	imagePace = 48 << 20 // bytes a second
	// imageSync is after how many bytes the disk is asked to take them, so that it never has much to take at once.
	imageSync = 8 << 20
	// progressEvery is how often a long start says how far it is.
	progressEvery = 5 * time.Second
)

// imageOf is where the view of a finder is kept.
type imageOf struct {
	path  string
	store [32]byte
}

// start brings the view up: from its image and the events after it where there is one that can be used, else from the
// store. It follows the stock until stop.
func (f *finder) start(ctx context.Context, svc reservation.Service, of imageOf) error {
	if of.path == "" {
		return f.load(ctx, svc)
	}
	began := time.Now()
	err := f.loadImage(ctx, svc, of)
	switch {
	case err == nil:
		f.log.Info("search is ready", "from", of.path, "seconds", time.Since(began).Seconds())
		return nil
	case ctx.Err() != nil:
		return err
	case errors.Is(err, fs.ErrNotExist):
		f.log.Info("no image of the stock; reading the store", "path", of.path)
	default:
		f.log.Warn("the image of the stock cannot be used; reading the store", "path", of.path, "reason", err)
	}
	f.forgetStock()
	return f.load(ctx, svc)
}

// loadImage is load from an image.
func (f *finder) loadImage(ctx context.Context, svc reservation.Service, of imageOf) error {
	im, err := openImage(of.path)
	if err != nil {
		return err
	}
	defer func() { _ = im.close() }() // it was only read
	if err := f.usable(im, of); err != nil {
		return err
	}
	if err := f.takeImage(im); err != nil {
		return err
	}
	unwatch := svc.Watch(f.slots) // before the replay: nothing may happen unseen between the two
	f.mu.Lock()
	f.versions.pinned++
	f.mu.Unlock()
	err = svc.Replay(ctx, im.Marks, maxReplayed, func(rows []reservation.SlotRow) error {
		f.slots(rows)
		return ctx.Err()
	})
	f.mu.Lock()
	f.versions.pinned--
	f.mu.Unlock()
	if err == nil {
		err = f.fill(ctx, svc) // what the image does not cover
	}
	if err != nil {
		unwatch()
		return err
	}
	f.keepFollowing(ctx, svc, unwatch)
	return nil
}

// usable tells whether an image can be of this store and this configuration.
func (f *finder) usable(im *image, of imageOf) error {
	now := f.clock.Now()
	switch {
	case im.Store != of.store:
		return fmt.Errorf("it is of another database: %w", errImage)
	case f.horizon > im.Horizon:
		return fmt.Errorf("it reaches %d nights ahead, %d are on sale: %w", im.Horizon, f.horizon, errImage)
	case now.Sub(im.Written) > maxImageAge || im.Written.Sub(now) > maxImageAge:
		return fmt.Errorf("it was written %v, it is %v: %w", im.Written, now, errImage)
	}
	return nil
}

// takeImage shows the counts of an image.
func (f *finder) takeImage(im *image) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var mu sync.Mutex
	var covered []stock.PoolID
	var long []imageFree // more nights than are listed yet
	err := im.read(func(c imageFree) error {
		at, ok := f.columns[c.pool]
		if !ok {
			return nil // its house is gone
		}
		l := at.entry.listing.Load()
		first, end := max(l.from, c.from), min(l.end(), c.end())
		for d := first; d < end; d++ {
			l.setFree(at.index, d, c.free(int(d-c.from)))
		}
		mu.Lock()
		defer mu.Unlock()
		covered = append(covered, c.pool)
		if c.end() > l.end() {
			c.raw = slices.Clone(c.raw)
			long = append(long, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, pool := range covered {
		delete(f.blank, pool)
	}
	for i := range long {
		f.takeLong(&long[i])
	}
	if n := len(f.blank); n > maxUncovered {
		return fmt.Errorf("it lacks %d room types: %w", n, errImage)
	}
	return nil
}

// takeLong shows the counts of a pool whose nights go on behind the listed ones. Called with mu held.
func (f *finder) takeLong(c *imageFree) {
	w := writer{f: f}
	for n := range c.nights() {
		free := c.free(n)
		if free == 0 {
			continue // as a listing begins
		}
		row := reservation.SlotRow{Key: stock.Key{Pool: c.pool, Slot: stock.Slot(c.from.Add(n))}, Counters: stock.New(free, 0)}
		w.write(&row)
	}
}

// forgetStock makes all counts 0 again, as if nothing had been read.
func (f *finder) forgetStock() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for pool, at := range f.columns {
		l := at.entry.listing.Load()
		for d := l.from; d < l.end(); d++ {
			l.setFree(at.index, d, 0)
		}
		f.blank[pool] = true
	}
	f.versions = newVersions(f.versions.keep)
}

// keepImage writes an image now and then, while stock changes, until ctx ends.
func (f *finder) keepImage(ctx context.Context, svc reservation.Service, of imageOf) {
	tick := time.NewTicker(imageEvery)
	defer tick.Stop()
	saved := f.changes.Load()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		seen := f.changes.Load()
		if seen == saved {
			continue
		}
		if err := f.saveImage(ctx, svc, of, true); err != nil {
			if ctx.Err() == nil {
				f.log.Warn("the image of the stock could not be written; the next start reads the store", "path", of.path, "error", err)
			}
			continue
		}
		saved = seen
	}
}

// saveImage writes the view as it is. The marks are taken first: what happens while it is written may be in the image or
// not, and is told again by the replay either way. slow writes at imagePace.
func (f *finder) saveImage(ctx context.Context, svc reservation.Service, of imageOf, slow bool) (err error) {
	marks, err := svc.Told(ctx)
	if err != nil {
		return err
	}
	began, written, synced := time.Now(), 0, 0
	var w *imageWriter
	pace := func(n int) error {
		written += n
		if err := ctx.Err(); err != nil || !slow {
			return err
		}
		if written-synced >= imageSync {
			synced = written
			if err := w.out.Flush(); err != nil {
				return err
			}
			if err := w.file.Sync(); err != nil {
				return err
			}
		}
		return wait(ctx, time.Duration(written)*time.Second/imagePace-time.Since(began))
	}
	head := imageHead{Horizon: f.horizon, Written: f.clock.Now(), Store: of.store, Marks: marks}
	if w, err = createImage(of.path, head, pace); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.abandon()) }()
	for _, e := range f.places.all() {
		if err := f.addTo(w, e); err != nil {
			return err
		}
	}
	if err := w.finish(); err != nil {
		return err
	}
	f.log.Debug("image of the stock written", "path", of.path, "pools", w.pools, "megabytes", written>>20, "seconds", time.Since(began).Seconds())
	return nil
}

// addTo adds the pools of a hotel to an image, but for those whose stock has not been read yet.
func (f *finder) addTo(w *imageWriter, e *entry) error {
	f.mu.Lock() // a listing and what is known of its pools go together
	l := e.listing.Load()
	read := make([]bool, len(l.pools))
	for column, pool := range l.pools {
		read[column] = !f.blank[pool]
	}
	f.mu.Unlock()
	for column, pool := range l.pools {
		if !read[column] {
			continue
		}
		err := w.add(pool, l.from, int(l.nights), func(n int) int32 { return l.cell(n*int(l.width) + column).free() })
		if err != nil {
			return err
		}
	}
	return nil
}
