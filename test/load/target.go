package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/test/load/drive"
	"holdfast/test/load/meter"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
	"holdfast/test/load/traffic"
)

// aim is what `load drive` is asked for.
type aim struct {
	url, token, tokens, scenario, checkIn, json string
	rate, errors                                float64
	length                                      time.Duration
	constant                                    bool
	waiting, pid                                int
	seed                                        uint64
}

func (a *aim) parse(args []string, errs io.Writer) error {
	flags := flag.NewFlagSet("drive", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&a.url, "url", "http://127.0.0.1:8080", "the server")
	flags.StringVar(&a.token, "token", "", "bearer token, or several with commas between them")
	flags.StringVar(&a.tokens, "tokens", "", "JSON file of tokens, as the server reads it; those of travellers are used")
	flags.StringVar(&a.scenario, "scenario", "funnel", "funnel, hot or search")
	flags.Float64Var(&a.rate, "rate", 100, "arrivals a second")
	flags.DurationVar(&a.length, "for", 30*time.Second, "how long they arrive")
	flags.BoolVar(&a.constant, "constant", false, "arrivals at equal distances, not as people come (Poisson)")
	flags.IntVar(&a.waiting, "waiting", 4096, "most requests under way; more wait here, and that counts as their time")
	flags.Float64Var(&a.errors, "max-errors", 0.001, "share of failed and refused requests from which the exit code is 1")
	flags.StringVar(&a.checkIn, "check-in", "", "first night asked for, YYYY-MM-DD; in a month when left out")
	flags.IntVar(&a.pid, "pid", 0, "process of the server when it is on this machine: its CPU and memory are shown")
	flags.Uint64Var(&a.seed, "seed", 0, "of the arrivals and keys; 0 for a new one")
	flags.StringVar(&a.json, "json", "", "write the result to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("%q is too much", flags.Arg(0))
	case a.rate <= 0 || a.length <= 0 || a.waiting < 1:
		return errors.New("--rate, --for and --waiting must be more than nothing")
	case traffic.Scenarios[a.scenario] == "":
		return fmt.Errorf("scenario %q: want funnel, hot or search", a.scenario)
	case (a.token == "") == (a.tokens == ""):
		return errors.New("give --token or --tokens; a server with --demo takes --token demo-traveller")
	}
	if a.seed == 0 {
		a.seed = uint64(time.Now().UnixNano()) // keys of an earlier run would be answered from the store
	}
	return nil
}

// list is the tokens to ask with.
func (a *aim) list() ([]string, error) {
	if a.token != "" {
		return strings.Split(a.token, ","), nil
	}
	text, err := os.ReadFile(a.tokens)
	if err != nil {
		return nil, err
	}
	var file []struct {
		Token    string   `json:"token"`
		Supplier string   `json:"supplier"`
		Scopes   []string `json:"scopes"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", a.tokens, err)
	}
	var tokens []string
	for _, t := range file {
		if t.Supplier == "" && strings.Contains(strings.Join(t.Scopes, " "), "reservations:write") {
			tokens = append(tokens, t.Token)
		}
	}
	return tokens, nil
}

// driveTarget sends an open loop to a running server.
func driveTarget(ctx context.Context, args []string, out, errs io.Writer) (err error) {
	a := &aim{}
	if err := a.parse(args, errs); err != nil {
		return err
	}
	target := traffic.Target{Connections: 1}
	if target.Address, err = traffic.ParseURL(a.url); err != nil {
		return err
	}
	if target.Tokens, err = a.list(); err != nil {
		return err
	}
	if a.checkIn != "" {
		if target.CheckIn, err = civil.Parse(a.checkIn); err != nil {
			return err
		}
	}
	site, err := traffic.Open(ctx, target)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	scenario, err := site.Scenario(ctx, a.scenario)
	if err != nil {
		return err
	}
	var file *result.File
	if a.json != "" {
		file = result.New(ctx, append([]string{"drive"}, args...))
	}
	load := drive.Load{Clients: a.waiting, Duration: a.length, Rate: a.rate, Constant: a.constant, Targets: 1, Seed: a.seed, Live: &drive.Live{}}
	shown := progress.Watch(progress.New(errs), a.scenario, a.length, load.Live)
	before := meter.Read(a.pid, nil)
	r := drive.Open(ctx, scenario, load)
	used := meter.Read(a.pid, nil).Since(before)
	shown()
	file.Add("drive."+a.scenario, result.RoundOf(r, a.rate, used.Per(r.Answers())))
	file.Memory("drive."+a.scenario, meter.PeakRSS(a.pid))
	if file != nil {
		if err := file.Write(a.json); err != nil {
			return err
		}
	}
	return a.report(out, r, scenario.Extra.Load(), used)
}

// report prints what came of it and judges.
func (a *aim) report(out io.Writer, r *drive.Result, extra int64, used meter.Usage) error {
	answers := r.Answers()
	_, _ = fmt.Fprintf(out, "%s: %d steps (%d requests) offered at %.0f/s, answered at %.0f/s in %.1f s\n", a.scenario, answers, answers+extra, a.rate, r.Rate, r.Elapsed.Seconds())
	_, _ = fmt.Fprintf(out, "done %d, sold out %d, refused with Retry-After %d, failed %d\n", r.Placed, r.SoldOut, r.Shed, r.Failed)
	_, _ = fmt.Fprintf(out, "latency from the meant arrival: %v\n", r.Latency.Summary())
	if r.Shed > 0 {
		_, _ = fmt.Fprintf(out, "latency of refusals: %v\n", r.Refusals.Summary())
	}
	text := fmt.Sprintf("cpu of a step: %v", used.Per(answers))
	if rss := meter.PeakRSS(a.pid); rss > 0 {
		text += fmt.Sprintf(", server's memory at most %d MiB", rss>>20)
	}
	_, _ = fmt.Fprintln(out, text)
	if answers == 0 {
		return errors.New("nothing was answered")
	}
	if bad := float64(r.Failed+r.Shed) / float64(answers); bad > a.errors {
		return errors.Join(fmt.Errorf("%.2f %% of the requests failed or were refused; at most %.2f %% may (--max-errors)", 100*bad, 100*a.errors), r.Err)
	}
	return nil
}
