// Package railtest defines what a rail.Store is (RunStore) and what the service does on one (RunService), by tests that
// every engine and every shape passes.
package railtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/fault"
	"holdfast/rail"
)

// Open makes a fresh, empty database and returns how to open it, once for every process that is played. The test
// closes what it opens.
type Open func(t *testing.T) (store func() rail.Store)

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

// sorted is rows in the order of their keys.
func sorted(r *rail.Rows) *rail.Rows {
	c := *r
	c.Stations, c.Documents, c.Trains = slices.Clone(r.Stations), slices.Clone(r.Documents), slices.Clone(r.Trains)
	slices.SortFunc(c.Stations, func(a, b *rail.Station) int { return strings.Compare(a.Code, b.Code) })
	slices.SortFunc(c.Documents, func(a, b rail.Document) int { return strings.Compare(string(a.ID[:]), string(b.ID[:])) })
	slices.SortFunc(c.Trains, func(a, b *rail.Train) int { return strings.Compare(string(a.ID[:]), string(b.ID[:])) })
	return &c
}
