// Command load measures Holdfast beside the forms of selling that it replaces, in the same run and on the same machine:
//
//	go run ./test/engine/cmd/engines -- go run ./test/load list
//	go run ./test/engine/cmd/engines -- go run ./test/load b1 --short
//	go run ./test/engine/cmd/engines -- go run ./test/load all --store both --layer l1 --rounds 5 --json out.json
//
// Each comparison is one line on standard output, `name ours=... peer=... ratio=...`; progress goes to standard error.
// The exit code is 1 when something failed, a broken invariant above all; a figure below its aim is printed as such and
// fails nothing, for the machine may be busy. docs/benchmarks.md has the rules and the figures.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"holdfast/test/load/bench"
	"holdfast/test/load/house"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	cancel()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1) //nolint:forbidigo // main exits, once
	}
}

// benches are those that can be asked for, in the order of `all`.
var benches = []struct {
	name, about string
	run         func(context.Context, bench.Options) ([]bench.Line, error)
}{
	{"b1", "hot pool: everybody wants the same three nights, then it is sold out", bench.B1},
	{"b2", "spread: the same over 10,000 pools", bench.B2},
}

const usage = "usage: load list | b1 | b2 | all [--short] [--store sqlite|postgres|both] [--layer l1|l2|both] [--rounds N] [--length 4s] [--json FILE] [--profile FOLDER] [--conns N]"

// minRounds is the least from which a median says something.
const minRounds = 3

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "list":
		for _, b := range benches {
			_, _ = fmt.Fprintf(out, "%s  %s\n", b.name, b.about)
		}
		return nil
	case house.PeerCommand:
		return servePeer(ctx, args[1:])
	}
	o := bench.Options{Progress: progress}
	var jsonFile, store, layer string
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.BoolVar(&o.Short, "short", false, "at most 50 s for each benchmark")
	flags.StringVar(&store, "store", "both", "sqlite, postgres or both")
	flags.StringVar(&layer, "layer", "both", "l1 (reservation core), l2 (HTTP) or both")
	flags.IntVar(&o.Rounds, "rounds", minRounds, "rounds, of which the median counts")
	flags.DurationVar(&o.Length, "length", 0, "length of a round in the full form (4s)")
	flags.IntVar(&o.Connections, "conns", 8, "connections of a peer")
	flags.StringVar(&o.Profile, "profile", "", "write CPU and allocation profiles of our side into this folder")
	flags.StringVar(&jsonFile, "json", "", "write the lines to this file as well")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is too much; %s", flags.Arg(0), usage)
	}
	if err := choose(&o, store, layer); err != nil {
		return err
	}
	return measure(ctx, args[0], o, jsonFile, out)
}

// choose checks what was asked for.
func choose(o *bench.Options, store, layer string) error {
	switch store {
	case "both":
		o.Stores = []house.Engine{house.SQLite, house.Postgres}
	case string(house.SQLite), string(house.Postgres):
		o.Stores = []house.Engine{house.Engine(store)}
	default:
		return fmt.Errorf("store %q: want sqlite, postgres or both", store)
	}
	switch layer {
	case "both":
		o.Layers = []int{1, 2}
	case "l1":
		o.Layers = []int{1}
	case "l2":
		o.Layers = []int{2}
	default:
		return fmt.Errorf("layer %q: want l1, l2 or both", layer)
	}
	if o.Rounds < minRounds {
		return fmt.Errorf("%d rounds: at least %d are needed for a median", o.Rounds, minRounds)
	}
	if o.Connections < 1 {
		return fmt.Errorf("%d connections", o.Connections)
	}
	if o.Length < 0 || o.Short && o.Length != 0 {
		return fmt.Errorf("length %v: the short form has its own, and none is negative", o.Length)
	}
	return nil
}

// report is what --json writes.
type report struct {
	At      time.Time    `json:"at"`
	Machine string       `json:"machine"`
	Short   bool         `json:"short"`
	Rounds  int          `json:"rounds"`
	Lines   []bench.Line `json:"lines"`
}

func measure(ctx context.Context, name string, o bench.Options, jsonFile string, out io.Writer) (err error) {
	for _, engine := range o.Stores {
		if engine == house.Postgres {
			if os.Getenv("HOLDFAST_TEST_POSTGRES") == "" {
				return house.ErrNoPostgres
			}
			if err := house.FsyncOn(ctx); err != nil {
				return err
			}
		}
	}
	folder, err := os.MkdirTemp("", "holdfast-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	for _, layer := range o.Layers {
		if layer == 2 {
			if o.Binary, err = build(ctx, folder); err != nil {
				return err
			}
		}
	}
	r := report{At: time.Now().UTC(), Machine: fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version()), Short: o.Short, Rounds: o.Rounds}
	known := false
	for _, b := range benches {
		if name != "all" && name != b.name {
			continue
		}
		known = true
		began := time.Now()
		_, _ = fmt.Fprintf(o.Progress, "%s: %s\n", b.name, b.about)
		lines, err := b.run(ctx, o)
		for _, l := range lines {
			_, _ = fmt.Fprintln(out, l)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		_, _ = fmt.Fprintf(o.Progress, "%s took %.0f s\n", b.name, time.Since(began).Seconds())
		r.Lines = append(r.Lines, lines...)
	}
	if !known {
		return fmt.Errorf("benchmark %q is unknown; %s", name, usage)
	}
	if jsonFile == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(jsonFile, append(text, '\n'), 0o644)
}

// build makes the binary that L2 measures.
func build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "holdfast")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "holdfast/cmd/holdfast")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build holdfast: %w\n%s", err, output)
	}
	return binary, nil
}
