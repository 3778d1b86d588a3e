// Package intaketest is the definition of an intake.Store and of what intake promises: the suites that every engine
// passes. partner is a fake of the servers it asks, Ledger one of the services it gives deliveries to.
package intaketest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/feed"
	"holdfast/feed/intake"
	"holdfast/uid"
)

// Open gives a fresh store that can be opened several times.
type Open func(t *testing.T) func() intake.Store

// RunStore tests that a store is one.
func RunStore(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, func() intake.Store)
	}{
		{"keeps everything", storeKeeps},
		{"changes a feed alone, and whole", storeTransact},
		{"lists", storeLists},
		{"knows what is due", storeDue},
		{"keeps runs, and forgets them", storeRuns},
		{"keeps deliveries", storeParts},
		{"guards its rows", storeGuards},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
	}
}

func opened(t *testing.T, store func() intake.Store) intake.Store {
	t.Helper()
	s := store()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

// definition is a feed that uses every column.
func definition(partner string) intake.Feed {
	f := intake.NewFeed(partner, uid.New(), Whole)
	f.URL, f.Every, f.Jitter, f.MaxRemovedBP, f.ShiftWeeks = "https://partner.example/ä?x=1", 90*time.Minute, 17*time.Second, 123, -52
	f.Header, f.Revision, f.CreatedAt, f.UpdatedAt = intake.Header{Name: "X-Api-Key", Value: "s3cret"}, 1, noon, noon.Add(time.Hour)
	return f
}

func fullState() intake.State {
	return intake.State{
		Due: noon.Add(time.Minute), Failures: 3, Received: noon.Add(-time.Hour), Applied: noon.Add(-2 * time.Hour),
		Stamp: intake.Stamp{Sequence: 7, At: noon}, Begun: intake.Stamp{Sequence: 8}, Digest: intake.Digest{1, 2, 31: 3}, ETag: `W/"ü"`, LastModified: "Sun, 22 Nov 2026 12:00:00 GMT",
		Held: intake.Kept{Run: uid.New(), Stamp: intake.Stamp{At: noon}, Digest: intake.Digest{9}, Bytes: 1 << 40}, Run: uid.New(), LeaseUntil: noon.Add(time.Second),
	}
}

func fullRun(partner string) intake.Run {
	return intake.Run{
		Partner: partner, ID: uid.New(), Trigger: intake.Approved, Actor: "Ægir", Started: noon, Ended: noon.Add(time.Second), Outcome: intake.Held, Kept: true,
		Stamp: intake.Stamp{Sequence: 1 << 60, At: noon}, Bytes: 1 << 40, Of: uid.New(), Added: 1, Changed: 2, Removed: 3, Untouched: 4, Stale: 5, Refused: 6,
		Code: "removes_too_much", Message: "It — would.", Remarks: []feed.Error{{File: "a.txt", Line: 3, Code: "bad", Message: "\x00 \"quoted\"", Warning: true}}, Took: 1500 * time.Microsecond,
	}
}

// set writes a change whatever is there.
func set(t *testing.T, s intake.Store, partner string, c intake.Change) error {
	t.Helper()
	return s.Transact(t.Context(), partner, func(time.Time, *intake.Status) (intake.Change, error) { return c, nil })
}

func mustSet(t *testing.T, s intake.Store, partner string, c intake.Change) {
	t.Helper()
	if err := set(t, s, partner, c); err != nil {
		t.Fatal(err)
	}
}

func created(t *testing.T, s intake.Store, partner string) intake.Feed {
	t.Helper()
	f := definition(partner)
	mustSet(t, s, partner, intake.Change{Feed: &f, State: &intake.State{Due: noon}})
	return f
}

func storeKeeps(t *testing.T, open func() intake.Store) {
	s := open()
	f, state, run := definition("all"), fullState(), fullRun("all")
	state.LeaseUntil = noon.AddDate(-1, 0, 0) // long over: opening frees what runs
	mustSet(t, s, "all", intake.Change{Feed: &f, State: &state, Runs: []intake.Run{run}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, open)
	got, err := s.Feed(t.Context(), "all")
	if diff := cmp.Diff(&intake.Status{Feed: f, State: state}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	there, err := s.Run(t.Context(), "all", run.ID)
	if diff := cmp.Diff(&run, there); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := s.Feed(t.Context(), "none"); got != nil || err != nil {
		t.Errorf("a feed that is not there: %v, %v", got, err)
	}
	if got, err := s.Run(t.Context(), "all", uid.New()); got != nil || err != nil {
		t.Errorf("a run that is not there: %v, %v", got, err)
	}

	// A change of each part leaves the others; zero values come back as they were.
	state.Held, state.Run, state.Stamp, state.Begun, state.Digest = intake.Kept{}, uid.ID{}, intake.Stamp{}, intake.Stamp{}, intake.Digest{}
	state.Received, state.Applied, state.LeaseUntil, state.ETag = time.Time{}, time.Time{}, time.Time{}, ""
	mustSet(t, s, "all", intake.Change{State: &state})
	f.Header, f.URL, f.Enabled, f.Revision = intake.Header{}, "", false, 2
	mustSet(t, s, "all", intake.Change{Feed: &f})
	plain := intake.Run{Partner: "all", ID: run.ID, Trigger: intake.Scheduled, Started: noon, Outcome: intake.Running}
	mustSet(t, s, "all", intake.Change{Runs: []intake.Run{plain}})
	got, err = s.Feed(t.Context(), "all")
	if diff := cmp.Diff(&intake.Status{Feed: f, State: state}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	there, err = s.Run(t.Context(), "all", run.ID)
	if diff := cmp.Diff(&plain, there); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func storeTransact(t *testing.T, open func() intake.Store) {
	s, other := opened(t, open), opened(t, open)
	created(t, s, "one")
	stop := errors.New("stop")
	err := s.Transact(t.Context(), "one", func(now time.Time, there *intake.Status) (intake.Change, error) {
		if there == nil || now.IsZero() {
			t.Error("the transaction does not see the feed, or no clock")
		}
		there.State.Failures = 99
		return intake.Change{State: &there.State}, stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("the error comes back as %v", err)
	}
	// A change that cannot be written whole is not written at all.
	state := intake.State{Due: noon, Failures: 98}
	if err := set(t, s, "one", intake.Change{State: &state, Runs: []intake.Run{{Partner: "one", ID: uid.New(), Started: noon}}}); err == nil {
		t.Error("a run without trigger and outcome was written")
	}
	got, err := s.Feed(t.Context(), "one")
	if err != nil || got.Failures != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	// Writers wait for each other: nothing is lost.
	const each = 25
	var group sync.WaitGroup
	for _, store := range []intake.Store{s, other, s, other} {
		group.Go(func() {
			for range each {
				err := store.Transact(t.Context(), "one", func(_ time.Time, there *intake.Status) (intake.Change, error) {
					there.Failures++
					return intake.Change{State: &there.State}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got, err := other.Feed(t.Context(), "one"); err != nil || got.Failures != 4*each {
		t.Errorf("%d of %d changes, %v", got.Failures, 4*each, err)
	}
	// Of many who make one feed one wins; the others see it or are told to look again.
	made := make(chan string, 8)
	for n := range cap(made) {
		group.Go(func() {
			f := definition("new")
			f.Format = fmt.Sprint(n)
			fn := func(_ time.Time, there *intake.Status) (intake.Change, error) {
				if there != nil {
					return intake.Change{}, nil
				}
				return intake.Change{Feed: &f, State: &intake.State{Due: noon}}, nil
			}
			store := []intake.Store{s, other}[n%2]
			err := store.Transact(t.Context(), "new", fn)
			if errors.Is(err, intake.ErrTaken) {
				err = store.Transact(t.Context(), "new", fn)
			} else if err == nil {
				made <- f.Format
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got, err := s.Feed(t.Context(), "new"); err != nil || got == nil {
		t.Errorf("%v, %v", got, err)
	}
	// Deleting takes everything along.
	run := fullRun("one")
	mustSet(t, s, "one", intake.Change{Runs: []intake.Run{run}})
	if err := s.Keep(t.Context(), "one", run.ID, 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	mustSet(t, s, "one", intake.Change{Delete: true})
	there, err := s.Run(t.Context(), "one", run.ID)
	part, err2 := s.Kept(t.Context(), "one", run.ID, 0)
	if there != nil || part != nil || err != nil || err2 != nil {
		t.Errorf("after the feed was deleted: %v, %q, %v, %v", there, part, err, err2)
	}
}

func storeLists(t *testing.T, open func() intake.Store) {
	s := opened(t, open)
	mine := uid.New()
	for _, name := range []string{"b", "a-2", "a", "a1", "c"} {
		f := definition(name)
		if name != "c" {
			f.Supplier = mine
		}
		mustSet(t, s, name, intake.Change{Feed: &f, State: &intake.State{Due: noon}})
	}
	for _, c := range []struct {
		supplier uid.ID
		after    string
		limit    int
		want     string
	}{{uid.ID{}, "", 9, "a a-2 a1 b c"}, {mine, "", 9, "a a-2 a1 b"}, {mine, "a", 2, "a-2 a1"}, {uid.New(), "", 9, ""}} {
		got, err := s.Feeds(t.Context(), c.supplier, c.after, c.limit)
		var names []string
		for i := range got {
			names = append(names, got[i].Partner)
		}
		if strings.Join(names, " ") != c.want || err != nil {
			t.Errorf("after %q: %v, %v; want %s", c.after, names, err, c.want)
		}
	}
}

func storeDue(t *testing.T, open func() intake.Store) {
	s := opened(t, open)
	add := func(name string, due time.Time, change func(*intake.Feed, *intake.State)) {
		f, state := definition(name), intake.State{Due: due}
		change(&f, &state)
		mustSet(t, s, name, intake.Change{Feed: &f, State: &state})
	}
	nothing := func(*intake.Feed, *intake.State) {}
	add("later", noon.Add(time.Microsecond), nothing)
	add("now", noon, nothing)
	add("longest", noon.Add(-time.Hour), nothing)
	add("pushed", noon, func(f *intake.Feed, _ *intake.State) { f.URL, f.Header = "", intake.Header{} })
	add("disabled", noon, func(f *intake.Feed, _ *intake.State) { f.Enabled = false })
	add("leased", noon, func(_ *intake.Feed, st *intake.State) { st.Run, st.LeaseUntil = uid.New(), time.Now().Add(time.Hour) })
	add("lapsed", noon, func(_ *intake.Feed, st *intake.State) {
		st.Run, st.LeaseUntil = uid.New(), time.Now().Add(-time.Minute)
	})
	for limit, want := range map[int]string{9: "longest lapsed now", 2: "longest lapsed", 1: "longest"} {
		got, err := s.Due(t.Context(), noon, limit)
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("due, at most %d: %v, %v; want %s", limit, got, err, want)
		}
	}
}

func storeRuns(t *testing.T, open func() intake.Store) {
	s := opened(t, open)
	created(t, s, "one")
	created(t, s, "two")
	var ids []uid.ID
	for n := range 6 {
		r := intake.Run{Partner: "one", ID: uid.New(), Trigger: intake.Scheduled, Started: noon, Ended: noon, Outcome: intake.Applied}
		switch n {
		case 1:
			r.Outcome, r.Kept = intake.Held, true
		case 2:
			r.Outcome, r.Ended = intake.Running, time.Time{}
		}
		mustSet(t, s, "one", intake.Change{Runs: []intake.Run{r}})
		ids = append(ids, r.ID)
	}
	list := func(before uid.ID, limit int) (got []uid.ID) {
		runs, err := s.Runs(t.Context(), "one", before, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			got = append(got, r.ID)
		}
		return got
	}
	if diff := cmp.Diff([]uid.ID{ids[5], ids[4]}, list(uid.ID{}, 2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]uid.ID{ids[3], ids[2], ids[1], ids[0]}, list(ids[4], 9)); diff != "" {
		t.Error(diff)
	}
	if runs, err := s.Runs(t.Context(), "two", uid.ID{}, 9); len(runs) > 0 || err != nil {
		t.Errorf("runs of another feed: %v, %v", runs, err)
	}
	// Only the newest are kept, with what waits for a human and what still runs.
	mustSet(t, s, "one", intake.Change{Keep: 2})
	if diff := cmp.Diff([]uid.ID{ids[5], ids[4], ids[2], ids[1]}, list(uid.ID{}, 9)); diff != "" {
		t.Error(diff)
	}
	mustSet(t, s, "one", intake.Change{Lost: ids[2]})
	mustSet(t, s, "one", intake.Change{Lost: ids[5]}) // it has ended
	lost, err1 := s.Run(t.Context(), "one", ids[2])
	ended, err2 := s.Run(t.Context(), "one", ids[5])
	if err1 != nil || err2 != nil || lost.Outcome != intake.Failed || lost.Code != "lost" || lost.Ended.IsZero() || ended.Outcome != intake.Applied {
		t.Errorf("lost: %+v, ended: %+v, %v, %v", lost, ended, err1, err2)
	}
}

func storeParts(t *testing.T, open func() intake.Store) {
	s := opened(t, open)
	created(t, s, "one")
	run := fullRun("one")
	state := intake.State{Due: noon, Held: intake.Kept{Run: run.ID, Bytes: 1<<20 + 3}}
	mustSet(t, s, "one", intake.Change{State: &state, Runs: []intake.Run{run}})
	parts := [][]byte{bytes.Repeat([]byte{0, 255, 7, '\n'}, 1<<18), []byte("end")}
	for n, p := range parts {
		for _, body := range [][]byte{[]byte("first try"), p} {
			if err := s.Keep(t.Context(), "one", run.ID, n, body); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n, p := range append(parts, nil) {
		if got, err := s.Kept(t.Context(), "one", run.ID, n); !bytes.Equal(got, p) || err != nil {
			t.Errorf("part %d: %d bytes, %v; want %d", n, len(got), err, len(p))
		}
	}
	if n, err := s.KeptBytes(t.Context()); n != 1<<20+3 || err != nil {
		t.Errorf("%d bytes kept, %v", n, err)
	}
	if err := s.Keep(t.Context(), "one", uid.New(), 0, []byte("x")); err == nil {
		t.Error("a part of no run was kept")
	}
	mustSet(t, s, "one", intake.Change{Drop: []uid.ID{run.ID}, State: &intake.State{Due: noon}})
	got, err := s.Kept(t.Context(), "one", run.ID, 0)
	after, err2 := s.Run(t.Context(), "one", run.ID)
	if got != nil || err != nil || err2 != nil || after.Kept {
		t.Errorf("after it was dropped: %d bytes, %+v, %v, %v", len(got), after, err, err2)
	}
}

// storeGuards writes what the rules never do.
func storeGuards(t *testing.T, open func() intake.Store) {
	s := opened(t, open)
	created(t, s, "one")
	for name, c := range map[string]func(*intake.Feed, *intake.State, *intake.Run){
		"no supplier is fine, no format is not": func(f *intake.Feed, _ *intake.State, _ *intake.Run) { f.Format = "" },
		"too often":                             func(f *intake.Feed, _ *intake.State, _ *intake.Run) { f.Every = time.Second },
		"jitter over the interval":              func(f *intake.Feed, _ *intake.State, _ *intake.Run) { f.Jitter = f.Every + time.Millisecond },
		"a share above all":                     func(f *intake.Feed, _ *intake.State, _ *intake.Run) { f.MaxRemovedBP = 10_001 },
		"a header without a value":              func(f *intake.Feed, _ *intake.State, _ *intake.Run) { f.Header.Value = "" },
		"no revision":                           func(f *intake.Feed, _ *intake.State, _ *intake.Run) { f.Revision = 0 },
		"applied before it was begun":           func(_ *intake.Feed, st *intake.State, _ *intake.Run) { st.Stamp.Sequence = 9 },
		"an outcome that is none":               func(_ *intake.Feed, _ *intake.State, r *intake.Run) { r.Outcome = 9 },
		"running and ended":                     func(_ *intake.Feed, _ *intake.State, r *intake.Run) { r.Outcome, r.Kept = intake.Running, false },
		"ended without an end":                  func(_ *intake.Feed, _ *intake.State, r *intake.Run) { r.Ended = time.Time{} },
		"kept and not held":                     func(_ *intake.Feed, _ *intake.State, r *intake.Run) { r.Outcome = intake.Applied },
		"less than nothing":                     func(_ *intake.Feed, _ *intake.State, r *intake.Run) { r.Added = -1 },
	} {
		f, state, run := definition("one"), fullState(), fullRun("one")
		if err := set(t, s, "one", intake.Change{Feed: &f, State: &state, Runs: []intake.Run{run}}); err != nil {
			t.Fatalf("before it was spoiled: %v", err)
		}
		c(&f, &state, &run)
		if err := set(t, s, "one", intake.Change{Feed: &f, State: &state, Runs: []intake.Run{run}}); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}
