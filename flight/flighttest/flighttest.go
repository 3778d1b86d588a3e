// Package flighttest defines what a flight.Store is (RunStore) and what the service does on one (RunService), by tests
// that every engine and every shape passes.
package flighttest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/flight"
	"holdfast/internal/clock"
	"holdfast/reservation"
	"holdfast/uid"
)

// Open makes a fresh, empty database and returns how to open it, once for every process that is played. The test
// closes what it opens.
type Open func(t *testing.T) (store func() flight.Store)

// Rig is what RunService runs on.
type Rig struct {
	Open Open
	// Desk makes an empty service reservation that runs until the test ends.
	Desk func(t *testing.T, c clock.Clock) reservation.Service
}

// noon is when the tests begin.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// today is the date at noon.
var today = civil.DateOf(2026, 11, 20)

var operator = flight.Editor{Subject: "operator"}

func equal(a, b any) bool { return cmp.Equal(a, b, cmpopts.EquateEmpty()) }

// same compares, nil and empty being the same.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// must is for calls that give a value and may fail.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v %+v", err, fault.As(err).Fields)
		}
		return v
	}
}

// wantReason is for calls that must be refused.
func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if !fault.Is(err, reason) {
		t.Fatalf("got %v, want reason %s", err, reason)
	}
}

// world is one service, or several on one store, with their stock and their clock.
type world struct {
	t     *testing.T
	store func() flight.Store
	desk  *Faulty
	clock *clock.Manual
	core  *flight.Core

	forgetful *Forgetful // of the process started last

	supplier uid.ID
	staff    flight.Editor
}

func newWorld(t *testing.T, r Rig) *world {
	t.Helper()
	w := &world{t: t, store: r.Open(t), clock: clock.Still(noon), supplier: uid.New()}
	w.staff = flight.Editor{Subject: "staff", Supplier: w.supplier}
	w.desk = &Faulty{Service: r.Desk(t, w.clock)}
	w.core = w.start(w.desk)
	w.airports()
	return w
}

// start brings up one more process on the world's store.
func (w *world) start(desk reservation.Service) *flight.Core {
	w.t.Helper()
	store := &Forgetful{Store: w.store()}
	w.forgetful = store
	c := flight.New(flight.Deps{Store: store, Reservation: desk, Clock: w.clock, Settings: flight.DefaultSettings()})
	if err := c.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			w.t.Error(err)
		}
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return c
}
