package process

import (
	"testing"
	"time"
)

// Bounds of waiting for something that happens by itself, on a machine that is busy with other tests.
const (
	Patience = 60 * time.Second
	LookEach = 20 * time.Millisecond
)

// Eventually waits for something that happens by itself, in a process or engine that is not ours.
func Eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	tick := time.NewTicker(LookEach)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within %v: %s", Patience, what)
		}
	}
}
