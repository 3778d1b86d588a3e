package sim_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast/test/prove/effort"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	shortSeeds = 500 // in the normal test run
	shownLines = 120 // of the trace of a seed that failed
	shownSeeds = 3   // that failed, before the rest is given up
)

// TestSim runs the seeds.
func TestSim(t *testing.T) {
	from := newTemplates(t)
	total := map[string]int{}
	faults := [lastOne]int{}
	sums := sha256.New()
	failed := 0
	for _, seed := range effort.Seeds(t, 1, shortSeeds) {
		w := run(t, seed, "", from)
		if w == nil {
			t.Fatal(effort.Repeat("sim", seed))
		}
		for k, n := range w.count {
			total[k] += n
		}
		for v, n := range w.seen {
			faults[v] += n
		}
		total["calls"] += w.steps
		fmt.Fprintln(sums, w.sum())
		if len(w.wrong) > 0 {
			t.Errorf("seed %d (%s):\n%s\n\nthe end of what happened:\n%s\n\n%s", seed, w.sum(), strings.Join(w.wrong, "\n"),
				strings.Join(w.lines[max(0, len(w.lines)-shownLines):], "\n"), effort.Repeat("sim", seed))
			if failed++; failed == shownSeeds {
				break
			}
		}
	}
	for v, n := range faults {
		if verdictText[v%len(verdictText)] != "" && n > 0 {
			total[strings.ToLower(verdictText[v])] = n
		}
	}
	t.Logf("all traces together: %x", sums.Sum(nil)[:8])
	for _, k := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%8d %s", total[k], k)
	}
}

// TestSameSeedSameRun is what makes a failing seed worth something: the whole trace and every end state are the same.
func TestSameSeedSameRun(t *testing.T) {
	from := newTemplates(t)
	for seed := uint64(1); seed <= 40; seed++ {
		a, b := run(t, seed, "", from), run(t, seed, "", from)
		if a.sum() != b.sum() {
			i := 0
			for i < min(len(a.lines), len(b.lines)) && a.lines[i] == b.lines[i] {
				i++
			}
			t.Fatalf("seed %d: the runs part at\n%s\n\nagainst\n%s", seed, strings.Join(a.lines[max(0, i-3):min(i+3, len(a.lines))], "\n"), strings.Join(b.lines[max(0, i-3):min(i+3, len(b.lines))], "\n"))
		}
	}
}

// TestRed switches a guard or a way of recovery off, one at a time: some seed must notice each. What it notices is logged,
// so that a run that turns red for another reason does not go unseen.
func TestRed(t *testing.T) {
	const most = 60 // seeds; the rarest of these is seen within half of them
	from := newTemplates(t)
	for red, invariant := range map[string]string{
		"settle guesses committed":   "I2", // a commit whose answer was lost is not looked up
		"settle guesses rolled back": "",   // the other way round
		"key not stored":             "I3", // with the effect
		"key not looked for":         "",   // before the effect
		"answered without commit":    "I2",
		"no resume":                  "I4",
		"no sweep":                   "I4",
		"bank forgets keys":          "I5", // the provider's part of the bargain
	} {
		t.Run(red, func(t *testing.T) {
			for seed := uint64(1); seed <= most; seed++ {
				for _, wrong := range run(t, seed, red, from).wrong {
					if strings.HasPrefix(wrong, invariant) {
						t.Logf("seed %d: %s", seed, wrong)
						return
					}
				}
			}
			t.Errorf("nobody noticed in %d seeds", most)
		})
	}
}
