package reservation

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/uid"
)

// chatty is a store on which others commit, and announce it or not.
type chatty struct {
	Store
	mu        sync.Mutex
	looks     []time.Duration // when the follower looked, from the start
	start     time.Time
	heard     func()
	announced []time.Duration
	deaf      bool // announcements cannot be heard
}

func (s *chatty) Streams(context.Context) (Positions, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks = append(s.looks, time.Since(s.start))
	return Positions{}, nil
}

func (s *chatty) Announce(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = append(s.announced, time.Since(s.start))
	return nil
}

func (s *chatty) Listen(ctx context.Context, heard func()) error {
	if s.deaf {
		return errors.New("no ears")
	}
	s.mu.Lock()
	s.heard = heard
	s.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

func (s *chatty) Transact(_ context.Context, _ Batch, _ Need, decide func(*Rows) (*Changes, error)) error {
	_, err := decide(&Rows{})
	return err
}

// following runs a follower in a bubble for so long; during tells what happens meanwhile.
func following(t *testing.T, s *chatty, length time.Duration, during func(*Core, Store)) {
	t.Helper()
	s.start = time.Now()
	c := &Core{store: s, log: slog.New(slog.DiscardHandler)}
	d := Deps{Store: s, Follow: true}
	c.announcer = c.newAnnouncer(&d)
	f, err := c.newFollower(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { f.run(ctx) })
	synctest.Wait()
	during(c, d.Store)
	running.Wait()
}

func TestAnnouncementsWakeTheFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &chatty{}
		following(t, s, 95*time.Millisecond, func(*Core, Store) {
			time.Sleep(10 * time.Millisecond) //nolint:forbidigo // inside synctest's bubble
			s.heard()
		})
		if len(s.looks) != 2 || s.looks[1] != 10*time.Millisecond {
			t.Errorf("looked at %v, want at 0 and 10ms", s.looks)
		}
	})
}

// Polling is what is relied on: it goes on whether or not anything is announced.
func TestFollowerPollsWithoutAnnouncements(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &chatty{deaf: deaf}
			following(t, s, 1050*time.Millisecond, func(*Core, Store) {})
			if len(s.looks) != 11 {
				t.Errorf("deaf %t: looked at %v, want every %v", deaf, s.looks, followEvery)
			}
		})
	}
}

// Many commits make few announcements, and a batch that changed nothing makes none.
func TestCommitsAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &chatty{}
		following(t, s, 50*time.Millisecond, func(_ *Core, desk Store) {
			commit := func(events []Event, refused error) {
				err := desk.Transact(t.Context(), Batch{ID: uid.New()}, Need{}, func(*Rows) (*Changes, error) { return &Changes{Events: events}, refused })
				if !errors.Is(err, refused) {
					t.Error(err)
				}
				synctest.Wait()
			}
			commit(nil, nil)
			commit([]Event{{}}, errors.New("rolled back"))
			if len(s.announced) != 0 {
				t.Errorf("announced at %v what was never committed", s.announced)
			}
			for range 10 {
				commit([]Event{{}}, nil)
			}
		})
		if len(s.announced) != 2 || s.announced[0] != 0 || s.announced[1] != announceEvery {
			t.Errorf("ten commits at once were announced at %v, want now and %v later", s.announced, announceEvery)
		}
	})
}
