// Command prove runs the long form of a proof of docs/proofs.md: the same test that the normal run has in short, with more runs or with one seed.
//
//	go run ./test/prove                                # lists the proofs
//	go run ./test/prove --runs 20000 sim
//	go run ./test/prove --seed 77 sim                  # repeats one run
//
// `make prove PROOF=sim RUNS=20000` does it with the engines it needs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"text/tabwriter"

	"holdfast/test/prove/effort"
)

// proof is a test with a long form.
type proof struct {
	name, what string
	test       string // regular expression of the tests, as for go test -run
	packages   []string
	runs       int // of the long form, when --runs is not given; 0: the test has one size
	unit       string
	fuzz       bool // every fuzz target for so many seconds, instead of the test
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err == nil {
		return
	}
	var failed *exec.ExitError
	if !errors.As(err, &failed) { // else the test has said what it was
		fmt.Fprintln(os.Stderr, "prove:", err)
	}
	os.Exit(1) //nolint:forbidigo // the one exit
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("prove", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() {
		fmt.Fprintln(progress, "usage: prove [--runs N] [--seed N] [--timeout D] [PROOF]\n\nWithout PROOF it lists them.")
		flags.PrintDefaults()
	}
	runs := flags.Uint64("runs", 0, "how much to do; the proof's own long form if 0")
	seed := flags.Uint64("seed", 0, "the one seed to run; 0: all")
	timeout := flags.Duration("timeout", 0, "give up after this long; 0: never")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return list(out)
	}
	for _, p := range proofs {
		if p.name != flags.Arg(0) {
			continue
		}
		n := *runs
		if n == 0 {
			n = uint64(p.runs)
		}
		test := exec.CommandContext(ctx, "go", append([]string{"test", "-v", "-count=1", "-timeout", timeout.String(), "-run", p.test}, p.packages...)...)
		test.Env = os.Environ()
		if n > 0 {
			test.Env = append(test.Env, effort.RunsVariable+"="+strconv.FormatUint(n, 10))
		}
		if *seed > 0 {
			test.Env = append(test.Env, effort.SeedVariable+"="+strconv.FormatUint(*seed, 10))
		}
		if p.fuzz && n > 0 {
			return fuzz(ctx, n, test.Env, out, progress)
		}
		test.Stdout, test.Stderr = out, progress
		return test.Run()
	}
	return fmt.Errorf("there is no proof %q; run without arguments for the list", flags.Arg(0))
}

func list(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range proofs {
		long := ""
		if p.runs > 0 {
			long = fmt.Sprintf("(long form: %d %s)", p.runs, p.unit)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.name, p.what, long)
	}
	return w.Flush()
}
