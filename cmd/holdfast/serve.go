package main

import (
	"holdfast/internal/app"
)

type serveCommand struct {
	Migrate bool `help:"Bring PostgreSQL to the version this binary needs first. Embedded stores always are."`
}

// Help is shown below the summary.
func (serveCommand) Help() string {
	return `All services run in this one process. Without settings they keep their data in SQLite files in the folder
holdfast-data and listen on 127.0.0.1:8080; with --database-url they use PostgreSQL, and any number of processes may share
one database.

Examples:

    holdfast serve --demo                        a world to try, with ready tokens
    holdfast serve --tokens tokens.json          your own, empty
    holdfast serve --database-url-file url.txt   on PostgreSQL (run holdfast migrate first)
    holdfast serve --data /tmp/then --clock 2013-06-01T00:00:00Z
                                                 test mode: a clock that POST /v1/sandbox/clock moves

Where the server is and what to try goes to standard output, the log to standard error. SIGINT or SIGTERM ends it in good
order: /readyz answers 503, requests under way are finished, then the stores are closed; a second signal ends it at once.

Exit codes: 0 stopped in good order, 1 failed, 2 wrong settings.`
}

func (s serveCommand) Run(p *process) error {
	// Signals are for app.Serve, which drains on the first one.
	ctx, cancel := background()
	defer cancel()
	err := app.Serve(ctx, p.config, app.ServeOptions{Migrate: s.Migrate, Out: p.stdout, Log: p.log})
	if err != nil {
		return &codeError{exitFindings, err}
	}
	return nil
}
