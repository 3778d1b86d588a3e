// Package clock is where "now" comes from, so that tests and the sandbox can move it.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
type System struct{}

// Now is the current instant in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// Manual starts at a given instant, runs on like a real clock when Running, and can be set forward. It is what
// `serve --clock` and the sandbox's clock call use.
type Manual struct {
	mu      sync.Mutex
	at      time.Time // the shown time ...
	since   time.Time // ... at this real time; zero for a clock that stands still
	running bool
}

// Still is a clock that moves only when told to.
func Still(at time.Time) *Manual { return &Manual{at: at.UTC()} }

// Running is a clock that starts at the instant and goes on at normal speed.
func Running(at time.Time) *Manual {
	return &Manual{at: at.UTC(), since: time.Now(), running: true}
}

// Now is the shown time.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

func (m *Manual) now() time.Time {
	if m.running {
		return m.at.Add(time.Since(m.since))
	}
	return m.at
}

// Advance moves the clock forward by d and returns the new time; a negative d does nothing.
func (m *Manual) Advance(d time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d > 0 {
		m.at = m.at.Add(d)
	}
	return m.now()
}

// Set moves the clock to an instant that is not before the shown one; it reports whether it did.
func (m *Manual) Set(to time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if to.Before(m.now()) {
		return false
	}
	m.at = to.UTC()
	if m.running {
		m.since = time.Now()
	}
	return true
}
