package reservation

import (
	"context"
	"time"

	"holdfast/uid"
)

// locators keeps codes ready that nobody has yet. A rule must not look into the store, and drawing blindly would have
// whole batches decided again for one taken code: with 1.5 million reservations nearly every batch of 512 holds one.
// Two processes may still draw the same code; the store's UNIQUE index finds that, and the batch draws again.
type locators struct {
	store Store
	ready chan string
}

const (
	locatorsReady = 8192
	locatorsDrawn = 2048 // at a time
	locatorRetry  = time.Second
)

func newLocators(s Store) *locators {
	return &locators{store: s, ready: make(chan string, locatorsReady)}
}

// next is a code to use; drawn blindly when none is ready.
func (l *locators) next() string {
	select {
	case code := <-l.ready:
		return code
	default:
		return uid.Locator()
	}
}

// run keeps codes ready until ctx ends.
func (l *locators) run(ctx context.Context) {
	for ctx.Err() == nil {
		drawn := make([]string, locatorsDrawn)
		for i := range drawn {
			drawn[i] = uid.Locator()
		}
		free, err := l.store.FreeLocators(ctx, drawn)
		if err != nil {
			select {
			case <-time.After(locatorRetry): // blind draws serve meanwhile
			case <-ctx.Done():
			}
			continue
		}
		for _, code := range free {
			select {
			case l.ready <- code:
			case <-ctx.Done():
				return
			}
		}
	}
}
