// Package effort says how much work a proof is to do. In the normal test run every proof has a short form; `make prove` asks
// for more of it, or for the one run that failed, through the environment.
package effort

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// The variables that `make prove` sets.
const (
	RunsVariable = "HOLDFAST_PROVE_RUNS" // how many runs, commands, rounds: what a proof counts
	SeedVariable = "HOLDFAST_PROVE_SEED" // the one seed to run
)

// Runs is how much to do: short in the normal test run, what RUNS names under `make prove`.
func Runs(tb testing.TB, short int) int {
	tb.Helper()
	n, err := number(RunsVariable)
	if err != nil {
		tb.Fatal(err)
	}
	if n == 0 {
		return short
	}
	return int(n)
}

// Seeds are the seeds to run: first, first+1, ... as many as Runs says, or the single one that SEED names.
func Seeds(tb testing.TB, first uint64, short int) []uint64 {
	tb.Helper()
	one, err := number(SeedVariable)
	if err != nil {
		tb.Fatal(err)
	}
	if one != 0 {
		return []uint64{one}
	}
	seeds := make([]uint64, Runs(tb, short))
	for i := range seeds {
		seeds[i] = first + uint64(i)
	}
	return seeds
}

// Repeat is the command that repeats the run of a seed; a failing proof prints it.
func Repeat(proof string, seed uint64) string {
	return fmt.Sprintf("repeat with: make prove PROOF=%s SEED=%d", proof, seed)
}

// number reads a variable; 0 for one that is not set.
func number(name string) (uint64, error) {
	text := os.Getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%s=%q: give a number above zero", name, text)
	}
	return n, nil
}
