package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"holdfast/internal/app"
	"holdfast/reservation"
)

type auditCommand struct {
	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Help is shown below the summary.
func (auditCommand) Help() string {
	return `Every counter, claim, state, event, key and cent is computed again from the reservations and compared with what is
stored. It only reads, in short snapshots with bounded memory, and can run beside production.

A running embedded server is asked through the admin socket in its data folder; where none runs, the folder is taken for
the time of the audit. With --database-url it works on PostgreSQL directly, servers running or not.

Examples:

    holdfast audit
    holdfast audit --data /srv/holdfast --json | jq .Findings
    holdfast audit --database-url-file url.txt

Exit codes: 0 everything is right, 1 something is wrong, 2 the audit could not run.`
}

func (a auditCommand) Run(p *process) error {
	ctx, cancel := interruptible()
	defer cancel()
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
		err = printAudit(p.stdout, report, time.Since(begin))
	}
	if err != nil {
		return err
	}
	if !report.Clean() {
		return &codeError{code: exitFindings}
	}
	return nil
}

// checks are what an audit looks at, in the order in which a report tells of them.
var checks = []struct{ invariant, what string }{
	{"I1", "no slot has more than its limit, and held and sold are the sum of live claims"},
	{"I3", "each idempotency key has one answer and one effect"},
	{"I4", "every hold ended once: confirmed, released or expired"},
	{"I5", "money taken equals money returned plus money kept"},
	{"I7", "each event is there once, numbered without gaps"},
	{"I11", "every state was reached by an allowed step with actor and cause"},
}

func printAudit(w io.Writer, r *reservation.AuditReport, took time.Duration) error {
	p := &printer{w: w}
	p.line("Audit of %d pools with %d slots, %d reservations with %d claims, %d history entries, %d events, %d keys, %d payments.",
		r.Pools, r.Slots, r.Reservations, r.Claims, r.Entries, r.Events, r.Keys, r.Payments)
	p.line("")
	wrong := map[string]int{}
	for _, f := range r.Findings {
		wrong[f.Invariant]++
	}
	for _, c := range checks {
		verdict := "right"
		if n := wrong[c.invariant]; n > 0 {
			verdict = fmt.Sprintf("WRONG %d", n)
		}
		p.line("  %-4s %-9s %s", c.invariant, verdict, c.what)
		delete(wrong, c.invariant)
	}
	for invariant, n := range wrong { // of a newer server
		p.line("  %-4s WRONG %d", invariant, n)
	}
	if len(r.Findings) > 0 {
		p.line("")
		for _, f := range r.Findings {
			p.line("  %-4s %s: %s", f.Invariant, f.Subject, f.Detail)
		}
		if r.More {
			p.line("  ... and more that are not listed")
		}
	}
	p.line("")
	if r.Oversold > 0 {
		p.line("%d slots have more claimed than their target: guests to walk. That is allowed.", r.Oversold)
	}
	if r.Clean() {
		p.line("Everything is right. It took %v.", took.Round(time.Millisecond))
	} else {
		p.line("%d findings. It took %v.", len(r.Findings), took.Round(time.Millisecond))
	}
	return p.err
}
