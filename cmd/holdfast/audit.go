package main

import (
	"encoding/json"
	"time"

	"holdfast/internal/app"
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
    holdfast audit --data /srv/holdfast --json | jq .findings
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
