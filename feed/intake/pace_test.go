package intake

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// However many deliveries come at once, one works at a time, and all together a quarter of it.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deliveries, parts, work = 20, 3, 10 * time.Millisecond
		p := newPace(0.25)
		began, working := time.Now(), 0
		var group sync.WaitGroup
		for range deliveries {
			group.Go(func() {
				done, err := p.begin(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				defer done()
				for part := range parts {
					if part > 0 {
						if err := p.rest(t.Context()); err != nil {
							t.Error(err)
						}
					}
					if working++; working != 1 {
						t.Errorf("%d work at once", working)
					}
					<-time.After(work)
					working--
				}
			})
		}
		group.Wait()
		// The first does not rest before its work, and nobody waits for the rest after the last.
		if took, want := time.Since(began), (deliveries*parts-1)*4*work+work; took != want {
			t.Errorf("it took %v, want %v", took, want)
		}
	})
}

// Who is broken off while resting gives the turn back; what is left of the rest is owed by the next one.
func TestPaceBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(0.1)
		done, err := p.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(100 * time.Millisecond) // owes 900 ms
		done()
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := p.begin(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("it began after %v", err)
		}
		began := time.Now()
		done, err = p.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if rested := time.Since(began); rested != 600*time.Millisecond {
			t.Errorf("it rested %v, want 600ms", rested)
		}
		<-time.After(time.Hour)
		done()
		began = time.Now()
		if done, err = p.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		done()
		if rested := time.Since(began); rested != longestRest {
			t.Errorf("it rested %v after an hour, want %v", rested, longestRest)
		}
	})
}
