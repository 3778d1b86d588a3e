// Command load measures Holdfast beside the forms of selling that it replaces, in the same run and on the same machine:
//
//	go run ./test/engine/cmd/engines -- go run ./test/load list
//	go run ./test/engine/cmd/engines -- go run ./test/load b1 --short
//	go run ./test/engine/cmd/engines -- go run ./test/load all --store both --layer l1 --rounds 5 --json out.json
//	go run ./test/load compare before.json after.json
//	go run ./test/load drive --url http://127.0.0.1:8080 --token T --scenario funnel --rate 200 --for 30s
//
// Each comparison is one line on standard output, `name ours=... peer=... ratio=...`; progress goes to standard error.
// The exit code is 1 when something failed, a broken invariant above all; a figure below its aim is printed as such and
// fails nothing, for the machine may be busy. docs/benchmarks.md has the rules and the figures.
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
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"holdfast/test/engine"
	"holdfast/test/load/bench"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
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

type benchmark struct {
	name, about string
	run         func(context.Context, bench.Options) ([]bench.Line, error)
}

// benches are those that can be asked for, in the order of `all`.
var benches = []benchmark{
	{"b1", "hot pool: everybody wants the same three nights, then it is sold out", bench.B1},
	{"b2", "spread: the same over 10,000 pools", bench.B2},
	{"b4", "search: the free types of a city for three nights, priced and sorted", bench.B4},
	{"b5", "freshness: from the commit of a sale to the first search that shows it", bench.B5},
	{"b6", "scale: loading a country, what its view takes, starting again, and a day passing", bench.B6},
	{"b7", "overload: three times the rated load, with admission control and without", bench.B7},
	{"b9", "trains: the earliest arrival on the German long-distance timetable, beside Dijkstra", bench.B9},
	{"rush", "one train of 16 coaches and 30 segments: 2,048 clients until nothing sells; 2,000 tries for one seat", bench.Rush},
	{"feeds", "feeds: 300 partners with 1,000 changes each on the hour, and the searches beside them", bench.Feeds},
	{"funnel", "300 views : 30 booking pages : 3 bookings paid, on one node", bench.Funnel},
}

const usage = `usage: load list
       load NAME|all [--short] [--store sqlite|postgres|both] [--layer l0|l1|l2|all] [--rounds N] [--length 4s] [--json FILE] [--profile FOLDER] [--conns N]
       load drive --url URL --token TOKEN --scenario funnel|hot|search --rate N --for 30s
       load compare A.json B.json`

// minRounds is the least from which a median says something.
const minRounds = 3

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "list":
		for _, b := range benches {
			_, _ = fmt.Fprintf(out, "%-6s  %s\n", b.name, b.about)
		}
		return nil
	case house.PeerCommand:
		return servePeer(ctx, args[1:])
	case "drive":
		return driveTarget(ctx, args[1:], out, errs)
	case "compare":
		return compare(args[1:], out)
	}
	o := bench.Options{Progress: progress.New(errs)}
	var jsonFile, store, layer string
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.BoolVar(&o.Short, "short", false, "at most 50 s for each benchmark")
	flags.StringVar(&store, "store", "both", "sqlite, postgres or both")
	flags.StringVar(&layer, "layer", "all", "l0 (rules in memory), l1 (reservation core), l2 (HTTP) or all")
	flags.IntVar(&o.Rounds, "rounds", minRounds, "rounds, of which the median counts")
	flags.DurationVar(&o.Length, "length", 0, "length of a round in the full form (4s)")
	flags.IntVar(&o.Connections, "conns", 8, "connections of a peer")
	flags.StringVar(&o.Profile, "profile", "", "write CPU and allocation profiles of our side into this folder")
	flags.StringVar(&jsonFile, "json", "", "write everything measured to this file as well")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is too much; %s", flags.Arg(0), usage)
	}
	if err := choose(&o, store, layer); err != nil {
		return err
	}
	if jsonFile != "" {
		o.Result = result.New(ctx, args)
	}
	err := measure(ctx, args[0], &o, out)
	if jsonFile != "" { // what was measured before something failed is worth keeping
		err = errors.Join(err, o.Result.Write(jsonFile))
	}
	return err
}

// compare prints how two result files differ.
func compare(args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("usage: load compare A.json B.json")
	}
	a, err := result.Read(args[0])
	if err != nil {
		return err
	}
	b, err := result.Read(args[1])
	if err != nil {
		return err
	}
	return result.Compare(out, a, b)
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
	case "all":
		o.Layers = []int{0, 1, 2}
	case "l0":
		o.Layers = []int{0}
	case "l1":
		o.Layers = []int{1}
	case "l2":
		o.Layers = []int{2}
	default:
		return fmt.Errorf("layer %q: want l0, l1, l2 or all", layer)
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

func measure(ctx context.Context, name string, o *bench.Options, out io.Writer) (err error) {
	if name != "all" && !slices.ContainsFunc(benches, func(b benchmark) bool { return b.name == name }) {
		return fmt.Errorf("benchmark %q is unknown; %s", name, usage)
	}
	if slices.Contains(o.Stores, house.Postgres) {
		server := os.Getenv(engine.PostgresEnv)
		if server == "" {
			return house.ErrNoPostgres
		}
		if err := house.FsyncOn(ctx); err != nil {
			return err
		}
		if o.Database, err = meter.FindPostgres(ctx, server); err != nil {
			return err
		}
	}
	folder, err := os.MkdirTemp("", "holdfast-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if slices.Contains(o.Layers, 2) {
		if o.Binary, err = build(ctx, folder); err != nil {
			return err
		}
	}
	for _, b := range benches {
		if name != "all" && name != b.name {
			continue
		}
		began := time.Now()
		_, _ = fmt.Fprintf(o.Progress, "%s: %s\n", b.name, b.about)
		lines, err := b.run(ctx, *o)
		for _, l := range lines {
			_, _ = fmt.Fprintln(out, l)
			if o.Result != nil {
				o.Result.Lines = append(o.Result.Lines, result.Line{
					Name: l.Name, Unit: l.Unit, Ours: l.Ours, Peer: l.Peer, Form: l.Form, Ratio: l.Ratio, Text: l.String(), OursCost: l.Cost, PeerCost: l.PeerCost,
				})
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		_, _ = fmt.Fprintf(o.Progress, "%s took %.0f s\n", b.name, time.Since(began).Seconds())
	}
	return nil
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
