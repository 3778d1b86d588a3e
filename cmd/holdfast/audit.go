package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"holdfast/internal/app"
)

type auditCommand struct {
	JSON     bool          `name:"json" help:"Print the report as JSON."`
	Watch    bool          `name:"watch" help:"Audit again and again beside production, one line a pass, until interrupted."`
	Every    time.Duration `name:"every" default:"1m" help:"With --watch: from the beginning of one pass to that of the next."`
	Metrics  string        `name:"metrics" placeholder:"HOST:PORT" help:"With --watch: serve Prometheus metrics at this address, under /metrics."`
	FailFast bool          `name:"fail-fast" help:"With --watch: end at the first pass that finds something wrong."`
}

// Help is shown below the summary.
func (auditCommand) Help() string {
	return `Every counter, claim, state, event, key and cent is computed again from the reservations and compared with what is
stored. It only reads, in short snapshots with bounded memory, and can run beside production.

A running embedded server is asked through the admin socket in its data folder; where none runs, the folder is taken for
the time of the audit. With --database-url it works on PostgreSQL directly, servers running or not.

With --watch it goes on, pass after pass, at work a fifth of the time; a data folder needs its server running then.

Examples:

    holdfast audit
    holdfast audit --data /srv/holdfast --json | jq .findings
    holdfast audit --database-url-file url.txt
    holdfast audit --watch --every 5m --metrics 127.0.0.1:9464

Exit codes: 0 everything is right, 1 something is wrong (with --watch only if --fail-fast), 2 the audit could not run.`
}

func (a auditCommand) Run(p *process) error {
	ctx, cancel := interruptible()
	defer cancel()
	if a.Watch {
		return a.watch(ctx, p)
	}
	if a.Metrics != "" || a.FailFast {
		return errors.New("--metrics and --fail-fast belong to --watch; add it")
	}
	begin := time.Now()
	meter := newMeter(p.stderr, "audit")
	report, err := app.Audit(ctx, p.config, p.log, meter.show)
	meter.end()
	if err != nil {
		return err
	}
	if a.JSON {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = app.WriteAudit(p.stdout, report, time.Since(begin))
	}
	if err != nil {
		return err
	}
	if !report.Clean() {
		return &codeError{code: exitFindings}
	}
	return nil
}

func (a auditCommand) watch(ctx context.Context, p *process) error {
	switch {
	case a.JSON:
		return errors.New("--watch prints one line a pass; leave out --json")
	case a.Every < 0:
		return errors.New("--every is a time such as 30s or 5m")
	}
	err := app.WatchAudit(ctx, p.config, p.log, app.WatchOptions{
		Every: a.Every, Metrics: a.Metrics, FailFast: a.FailFast, Out: p.stdout,
		Listening: func(at net.Addr) { _, _ = fmt.Fprintf(p.stderr, "metrics at http://%s/metrics\n", at) },
	})
	if errors.Is(err, app.ErrViolation) {
		return &codeError{code: exitFindings}
	}
	return err
}
