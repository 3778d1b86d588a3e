package reservation

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// Announcer is what a Store may be able to do besides: processes on one database tell each other that something was
// committed. An announcement makes its listeners look at once and nothing else; who misses one, or has a store that is
// no Announcer, looks a moment later.
type Announcer interface {
	// Announce tells the other processes. It comes after the commit and delays nobody.
	Announce(ctx context.Context) error
	// Listen calls heard for each announcement of another process, and once when it begins. It returns when ctx ends, or
	// with an error when announcements cannot be heard (any more).
	Listen(ctx context.Context, heard func()) error
}

// follower reads the outbox for what other processes have committed and tells the watchers. It reads on to where a
// stream's own row says that it ends: every event up to there is committed, so one that commits late is never passed.
type follower struct {
	core *Core
	at   Positions
}

const (
	followEvery = 100 * time.Millisecond
	followBatch = 500

	announceEvery = 2 * time.Millisecond // at most so often: many commits make one announcement
	announceAgain = 5 * time.Second      // after a failure; polling goes on meanwhile
)

// announced is a store whose commits are announced. Only the desk uses it: what it commits concerns the others.
type announced struct {
	Store
	committed chan<- struct{}
}

// Transact implements Store.
func (s announced) Transact(ctx context.Context, b Batch, need Need, decide func(*Rows) (*Changes, error)) error {
	wrote := false
	err := s.Store.Transact(ctx, b, need, func(r *Rows) (*Changes, error) {
		changes, err := decide(r)
		wrote = err == nil && len(changes.Events) > 0
		return changes, err
	})
	if wrote && (err == nil || errors.Is(err, ErrUnknownCommit)) {
		select {
		case s.committed <- struct{}{}:
		default: // one is due already
		}
	}
	return err
}

// announcer tells other processes what this one has committed; nil where the store cannot.
type announcer struct {
	Announcer
	core      *Core
	committed chan struct{}
}

// newAnnouncer makes the desk's store one that announces, where the store is able to and others may listen.
func (c *Core) newAnnouncer(d *Deps) *announcer {
	store, ok := d.Store.(Announcer)
	if !ok || !d.Follow {
		return nil
	}
	a := &announcer{Announcer: store, core: c, committed: make(chan struct{}, 1)}
	d.Store = announced{d.Store, a.committed}
	return a
}

func (a *announcer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.committed:
		}
		wait := announceEvery
		if err := a.Announce(ctx); err != nil && ctx.Err() == nil {
			a.core.log.Debug("announcing a commit; others will see it a little later", "error", err)
			wait = announceAgain
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// listen wakes the follower until ctx ends.
func (a *announcer) listen(ctx context.Context, wake func()) {
	for {
		err := a.Listen(ctx, wake)
		if ctx.Err() != nil {
			return
		}
		a.core.log.Debug("listening for commits of other processes; they are polled for", "error", err)
		if !pause(ctx, announceAgain) {
			return
		}
	}
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newFollower starts at the streams' present end: whoever watches takes a snapshot after that.
func (c *Core) newFollower(ctx context.Context) (*follower, error) {
	at, err := c.store.Streams(ctx)
	f := &follower{core: c, at: at}
	f.note()
	return f, err
}

// note shows Told how far everything has been told.
func (f *follower) note() {
	at := maps.Clone(f.at)
	f.core.followed.Store(&at)
}

// run looks every followEvery, and at once when another process announces a commit.
func (f *follower) run(ctx context.Context) {
	var besides sync.WaitGroup
	defer besides.Wait()
	news := make(chan struct{}, 1)
	if a := f.core.announcer; a != nil {
		besides.Go(func() { a.run(ctx) })
		besides.Go(func() {
			a.listen(ctx, func() {
				select {
				case news <- struct{}{}:
				default: // it is going to look anyway
				}
			})
		})
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-news:
		}
		if err := f.catchUp(ctx); err != nil && ctx.Err() == nil {
			f.core.log.Warn("following the outbox", "error", err)
		}
	}
}

func (f *follower) catchUp(ctx context.Context) error {
	last, err := f.core.store.Streams(ctx)
	if err != nil {
		return err
	}
	defer f.note()
	for stream, end := range last {
		for f.at[stream] < end {
			events, err := f.core.store.CommonEvents(ctx, stream, f.at[stream], end, followBatch)
			if err != nil {
				return err
			}
			for _, e := range events {
				if err := f.apply(ctx, e); err != nil {
					return err
				}
				f.at[stream] = e.N
			}
			if len(events) < followBatch {
				f.at[stream] = end
			}
		}
	}
	return nil
}

func (f *follower) apply(ctx context.Context, e Event) error {
	switch e.Type {
	case stockChanged:
		rows, err := DecodeSlots(e.Data)
		if err != nil {
			return err
		}
		f.core.early.freed(rows)
		f.core.watchers.tell(rows)
	case offersRevoked:
		return f.core.loadRevocations(ctx)
	}
	return nil
}
