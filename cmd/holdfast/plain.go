package main

import (
	"encoding/json"
	"fmt"

	"holdfast/internal/app"
	"holdfast/internal/telemetry"
)

type migrateCommand struct{}

// Help is shown below the summary.
func (migrateCommand) Help() string {
	return `On PostgreSQL each service has a schema of its own; this makes them or brings them up to date. Run it before servers
of a new version start; servers of the version before go on running. Migrations only go forward. Several at once take turns.

The embedded stores are migrated by serve itself; here they are when no server has the folder.

Examples:

    holdfast migrate --database-url postgres://holdfast@db/holdfast
    holdfast migrate --data /srv/holdfast

Exit codes: 0 everything is at the version this binary needs, 2 it is not; what was done before stays.`
}

func (migrateCommand) Run(p *process) error {
	ctx, cancel := interruptible()
	defer cancel()
	return app.Migrate(ctx, p.config, p.log, p.stdout)
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print it as JSON."`
}

func (v versionCommand) Run(p *process) error {
	build := telemetry.ThisBuild()
	if v.JSON {
		return json.NewEncoder(p.stdout).Encode(map[string]string{"version": build.Version, "revision": build.Revision, "time": build.Time, "go": build.Go})
	}
	_, err := fmt.Fprintf(p.stdout, "holdfast %s (revision %s, %s)\n", build.Version, build.Revision, build.Go)
	return err
}

type configCommand struct {
	JSON bool `name:"json" help:"Print the settings as JSON."`
}

// Help is shown below the summary.
func (configCommand) Help() string {
	return `Settings come from defaults < file < environment < flags; the later one wins. A setting has one name in three
spellings: limits.queue in the file (nested in JSON), HOLDFAST_LIMITS_QUEUE in the environment, --limits-queue as a flag.
Secrets are masked.

Examples:

    holdfast config
    holdfast config --config /etc/holdfast.json --json
    echo '{"limits": {"queue": 4096}, "log": {"format": "json"}}' > holdfast.json && holdfast config --config holdfast.json

Exit codes: 0 the settings are right, 2 one of them is wrong.`
}

func (c configCommand) Run(p *process) error {
	values := p.loader.Values()
	if c.JSON {
		type setting struct {
			Key         string `json:"key"`
			Value       string `json:"value"`
			Source      string `json:"source"`
			Place       string `json:"place,omitempty"`
			Flag        string `json:"flag,omitempty"`
			Environment string `json:"environment,omitempty"`
			Help        string `json:"help"`
		}
		out := make([]setting, len(values))
		for i, v := range values {
			out[i] = setting{v.Key, v.Text, v.Origin.Source.String(), v.Origin.Place, v.Flag, v.Env, v.Help}
		}
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(out)
	}
	wide, widest := 0, 0
	for _, v := range values {
		wide, widest = max(wide, len(v.Key)), max(widest, len(v.Text))
	}
	out := &printer{w: p.stdout}
	for _, v := range values {
		out.line("%-*s  %-*s  %s", wide, v.Key, min(widest, 40), v.Text, v.Origin)
	}
	return out.err
}
