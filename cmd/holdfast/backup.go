package main

import (
	"encoding/json"
	"errors"

	"holdfast/internal/app"
)

type backupCommand struct {
	Target string `arg:"" help:"New folder for the backup, made by this command; with --verify the backup to check."`
	Verify bool   `help:"Check an existing backup instead: sizes, sums, and every page of its databases."`
	JSON   bool   `name:"json" help:"Print what the backup holds as JSON."`
}

// Help is shown below the summary.
func (backupCommand) Help() string {
	return `A server that runs on the data folder goes on selling: the admin socket asks it for the copy, and the server writes it, so
the target must be a place that the server's user may write to. Where no server runs, the folder is taken meanwhile. All
stores are copied as of one instant; what was answered before it is in the backup, and what was under way is resumed when a
server starts on it. The target appears when it is whole, or not at all.

With --database-url nothing is copied: the answer is which commands of PostgreSQL do it.

Examples:

    holdfast backup --data /srv/holdfast /backup/holdfast-2026-11-22
    holdfast backup --verify /backup/holdfast-2026-11-22

Exit codes: 0 done and on the disk (or, with --verify, whole), 1 the backup is damaged, 2 there is no backup.`
}

func (b backupCommand) Run(p *process) error {
	ctx, cancel := interruptible()
	defer cancel()
	if b.Verify {
		meter := newMeter(p.stderr, "verify")
		manifest, err := app.VerifyBackup(ctx, b.Target, meter.show)
		meter.end()
		if err != nil {
			return damaged(err)
		}
		if b.JSON {
			return json.NewEncoder(p.stdout).Encode(manifest)
		}
		return app.WriteVerified(p.stdout, b.Target, manifest)
	}
	meter := newMeter(p.stderr, "backup")
	report, err := app.Backup(ctx, p.config, p.log, b.Target, meter.show)
	meter.end()
	if err != nil {
		return instead(p, err)
	}
	if b.JSON {
		return json.NewEncoder(p.stdout).Encode(report)
	}
	return app.WriteBackup(p.stdout, report)
}

// instead prints the commands of PostgreSQL where the data is there.
func instead(p *process, err error) error {
	if other, ok := errors.AsType[*app.PostgresBackup](err); ok {
		out := &printer{w: p.stdout}
		out.line("%s", other.Commands())
		return errors.Join(err, out.err)
	}
	return err
}

// damaged ends with the code that says that a backup is there and is not good.
func damaged(err error) error {
	if app.Damaged(err) {
		return &codeError{exitFindings, err}
	}
	return err
}
