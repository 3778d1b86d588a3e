package intaketest

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/feed/intake"
	"holdfast/test/prove/effort"
)

// message is a delivery of an order-of-arrival test.
type message struct {
	stamp intake.Stamp
	body  string
}

// orders settles how many orders of arrival a test tries: 30, or what the proof "feeds" is told to.
func orders(t *testing.T) {
	t.Helper()
	set := func(name, value string) {
		old := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, old) }) // it was valid
	}
	set("rapid.nofailfile", "true") // the seed is enough to repeat it
	set("rapid.checks", strconv.Itoa(effort.Runs(t, 30)))
	if seed := os.Getenv(effort.SeedVariable); seed != "" {
		set("rapid.seed", seed)
		set("rapid.checks", "1")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("rapid names the seed: make prove PROOF=feeds SEED=<that seed>")
		}
	})
}

// arrival draws an order in which messages arrive: each at least once, some again.
func arrival(r *rapid.T, n int) []int {
	var order []int
	for i := range n {
		for range rapid.IntRange(1, 3).Draw(r, "copies") {
			order = append(order, i)
		}
	}
	return rapid.Permutation(order).Draw(r, "order")
}

// stampOf gives the nth version a stamp, by number, by instant or by both.
func stampOf(r *rapid.T, kind, n int) intake.Stamp {
	at := noon.Add(time.Duration(n) * time.Microsecond)
	switch kind {
	case 0:
		return intake.Stamp{Sequence: int64(n + 1)}
	case 1:
		return intake.Stamp{At: at}
	default: // the number decides
		return intake.Stamp{Sequence: int64(n + 1), At: at.Add(-time.Duration(rapid.IntRange(0, 100).Draw(r, "back")) * time.Second)}
	}
}

// Whole files: after any order of arrival what is there is the newest file.
func serviceAnyOrder(t *testing.T, w *world) {
	w.begin()
	orders(t)
	count := 0
	rapid.Check(t, func(r *rapid.T) {
		count++
		name := fmt.Sprintf("feed-%d", count)
		f := intake.NewFeed(name, w.supplier, Whole)
		f.MaxRemovedBP = 10_000
		w.put(f)
		kind := rapid.IntRange(0, 2).Draw(r, "stamps")
		messages := make([]message, rapid.IntRange(1, 5).Draw(r, "versions"))
		for n := range messages {
			messages[n] = message{stampOf(r, kind, n), fmt.Sprintf("v=%d\n%d=x\n", n, n)}
		}
		newest := -1
		for _, n := range arrival(r, len(messages)) {
			run, err := w.core.Push(t.Context(), w.staff, name, intake.Push{Stamp: messages[n].stamp, Body: strings.NewReader(messages[n].body)})
			if err != nil {
				r.Fatal(err)
			}
			want := intake.Stale
			switch {
			case n > newest:
				want, newest = intake.Applied, n
			case n == newest:
				want = intake.Unchanged
			}
			if run.Outcome != want {
				r.Fatalf("version %d after %d is %s (%s), want %s", n, newest, run.Outcome, run.Message, want)
			}
			if got := w.ledger.Values(name)["v"]; got != fmt.Sprint(newest) {
				r.Fatalf("after version %d the newest is %d, and what is there is %s", n, newest, got)
			}
		}
	})
}

// Updates: whatever their order, and however many arrive at once, each object is as its newest update says.
func serviceUpdatesAnyOrder(t *testing.T, w *world) {
	w.settings.PushAtOnce = 64
	w.begin()
	second, _ := w.start()
	orders(t)
	count := 0
	rapid.Check(t, func(r *rapid.T) {
		count++
		name := fmt.Sprintf("feed-%d", count)
		w.put(intake.NewFeed(name, w.supplier, Updates))
		kind := rapid.IntRange(0, 2).Draw(r, "stamps")
		messages, want := make([]message, rapid.IntRange(1, 6).Draw(r, "messages")), map[string]string{}
		for n := range messages {
			values := map[string]string{}
			for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 4, rapid.ID).Draw(r, "keys") {
				if values[key] = fmt.Sprint(n); rapid.IntRange(0, 4).Draw(r, "gone") == 0 {
					values[key] = "-"
				}
			}
			messages[n] = message{stampOf(r, kind, n), lines(values)}
			for key, value := range values {
				if want[key] = value; value == "-" {
					delete(want, key)
				}
			}
		}
		order := arrival(r, len(messages))
		together := rapid.IntRange(1, 4).Draw(r, "at once")
		for len(order) > 0 {
			batch := order[:min(together, len(order))]
			order = order[len(batch):]
			errs := make([]error, len(batch))
			var group sync.WaitGroup
			for i, n := range batch {
				group.Go(func() {
					core := []*intake.Core{w.core, second}[i%2]
					run, err := core.Push(t.Context(), w.staff, name, intake.Push{Stamp: messages[n].stamp, Body: strings.NewReader(messages[n].body)})
					if errs[i] = err; err == nil && run.Outcome != intake.Applied && run.Outcome != intake.Unchanged {
						errs[i] = fmt.Errorf("a run is %s: %s", run.Outcome, run.Message)
					}
				})
			}
			group.Wait()
			for _, err := range errs {
				if err != nil {
					r.Fatal(err)
				}
			}
		}
		if got := text(w.ledger.Values(name)); got != text(want) {
			r.Fatalf("there is %q, want %q", got, text(want))
		}
		if s := w.read(name); s.Stamp.Compare(messages[len(messages)-1].stamp.Exact()) != 0 {
			r.Fatalf("the newest version is %s, want %s", s.Stamp, messages[len(messages)-1].stamp)
		}
	})
}
