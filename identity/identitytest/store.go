// Package identitytest is the definition of an identity.Store: the suite that every engine passes.
package identitytest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/identity"
	"holdfast/uid"
)

// RunStore runs the suite. open returns a fresh, empty store; the suite closes it. reopen opens the same data once more,
// after the first store was closed.
func RunStore(t *testing.T, open func(t *testing.T) (store identity.Store, reopen func() identity.Store)) {
	t.Run("what is created can be read, and survives", func(t *testing.T) {
		store, reopen := open(t)
		want := supplier("Ægir & Søn")
		for range 2 { // the second one finds what the first one wrote
			if got, err := store.CreateSupplier(t.Context(), want); err != nil || got != want {
				t.Fatalf("create: got %+v, error %v; want %+v", got, err, want)
			}
		}
		other := want
		other.Name, other.Kind = "Other", identity.Railway
		if got, err := store.CreateSupplier(t.Context(), other); err != nil || got != want {
			t.Errorf("same id again: got %+v, error %v; want what is there", got, err)
		}
		closeStore(t, store)
		store = reopen()
		defer closeStore(t, store)
		if got, found, err := store.Supplier(t.Context(), want.ID); err != nil || !found || got != want {
			t.Errorf("read: got %+v, %v, error %v; want %+v", got, found, err, want)
		}
		if _, found, err := store.Supplier(t.Context(), uid.New()); found || err != nil {
			t.Errorf("unknown id: found %v, error %v", found, err)
		}
	})

	t.Run("all are listed by name, then id", func(t *testing.T) {
		store, _ := open(t)
		defer closeStore(t, store)
		if got, err := store.Suppliers(t.Context()); err != nil || len(got) != 0 {
			t.Fatalf("empty: got %v, error %v", got, err)
		}
		want := []identity.Supplier{supplier("b"), supplier("a"), supplier("B"), supplier("ä"), supplier("a"), supplier("a b")}
		for _, s := range want {
			if _, err := store.CreateSupplier(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, func(x, y identity.Supplier) int {
			if c := strings.Compare(x.Name, y.Name); c != 0 {
				return c
			}
			return slices.Compare(x.ID[:], y.ID[:])
		})
		if got, err := store.Suppliers(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, error %v; want %v", got, err, want)
		}
	})

	t.Run("what the rules never send is refused", func(t *testing.T) {
		store, _ := open(t)
		defer closeStore(t, store)
		for name, s := range map[string]identity.Supplier{
			"no name":   {ID: uid.New(), Kind: identity.Airline, CreatedAt: time.Now()},
			"no kind":   {ID: uid.New(), Name: "x", CreatedAt: time.Now()},
			"long name": {ID: uid.New(), Name: strings.Repeat("x", 201), Kind: identity.Airline, CreatedAt: time.Now()},
		} {
			if got, err := store.CreateSupplier(t.Context(), s); err == nil {
				t.Errorf("%s: stored as %+v", name, got)
			}
		}
		if _, err := store.Mode(t.Context(), "alive"); err == nil {
			t.Error("a mode that does not exist was stored")
		}
	})

	t.Run("one of many that create the same id wins, and all see it", func(t *testing.T) {
		store, _ := open(t)
		defer closeStore(t, store)
		id := uid.New()
		got := make([]identity.Supplier, 16)
		errs := make([]error, len(got))
		var group sync.WaitGroup
		for i := range got {
			s := supplier(string(rune('a' + i)))
			s.ID = id
			group.Go(func() { got[i], errs[i] = store.CreateSupplier(t.Context(), s) })
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, s := range got {
			if s != got[0] {
				t.Errorf("one got %+v, another %+v", got[0], s)
			}
		}
	})

	t.Run("the first one settles the mode", func(t *testing.T) {
		store, reopen := open(t)
		for _, want := range []string{"test", "live", "test"} {
			if is, err := store.Mode(t.Context(), want); is != "test" || err != nil {
				t.Errorf("asked for %s: got %q, error %v; want test", want, is, err)
			}
		}
		closeStore(t, store)
		store = reopen()
		defer closeStore(t, store)
		if is, err := store.Mode(t.Context(), "live"); is != "test" || err != nil {
			t.Errorf("afterwards: got %q, error %v; want test", is, err)
		}
	})
}

func supplier(name string) identity.Supplier {
	return identity.Supplier{ID: uid.New(), Name: name, Kind: identity.HotelChain, CreatedAt: time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.UTC)}
}

func closeStore(t *testing.T, store identity.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
