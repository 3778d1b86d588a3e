package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/reservation/postgres"
	"holdfast/test/engine"
)

// Another process hears an announcement, the one that makes it does not.
func TestAnnouncementsAreHeardByOthers(t *testing.T) {
	dsn := engine.Postgres(t)
	if err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	heard, ended := make([]chan struct{}, 2), make(chan error, 2)
	var stores []*postgres.Store
	listening, stop := context.WithCancel(ctx)
	defer stop()
	for i := range 2 {
		s, err := postgres.Open(ctx, dsn, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		stores = append(stores, s)
		heard[i] = make(chan struct{}, 100)
		go func() { ended <- s.Listen(listening, func() { heard[i] <- struct{}{} }) }()
		select {
		case <-heard[i]: // it listens now
		case err := <-ended:
			t.Fatal(err)
		}
	}
	const times = 20
	for range times {
		if err := stores[0].Announce(ctx); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard[1]:
		case <-ctx.Done():
			t.Fatal("an announcement was not heard")
		}
	}
	// What the second one announces comes behind all of the first one's: whatever the first heard of itself is there by then.
	if err := stores[1].Announce(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-heard[0]:
	case <-ctx.Done():
		t.Fatal("an announcement was not heard")
	}
	if n := len(heard[0]); n > 0 {
		t.Errorf("a process heard %d announcements of its own", n)
	}
	stop()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("listening ended with %v", err)
		}
	}
}
