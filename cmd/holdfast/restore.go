package main

import (
	"holdfast/internal/app"
)

type restoreCommand struct {
	Target string `arg:"" help:"Folder of a backup, as holdfast backup made it."`
}

// Help is shown below the summary.
func (restoreCommand) Help() string {
	return `The data folder must be empty or absent: nothing is written over. Every file is compared with the sum in the backup's
manifest; a damaged backup, or one made by a newer binary, is refused and leaves nothing behind. Servers refuse the folder
until it is whole. Databases of an older version are brought up to date when a server starts on them.

Examples:

    holdfast restore /backup/holdfast-2026-11-22 --data /srv/holdfast-new
    holdfast audit --data /srv/holdfast-new && holdfast serve --data /srv/holdfast-new

Exit codes: 0 restored, 1 the backup is damaged, 2 it could not be restored.`
}

func (r restoreCommand) Run(p *process) error {
	ctx, cancel := interruptible()
	defer cancel()
	meter := newMeter(p.stderr, "restore")
	manifest, err := app.Restore(ctx, p.config, r.Target, meter.show)
	meter.end()
	if err != nil {
		return instead(p, damaged(err))
	}
	return app.WriteRestored(p.stdout, p.config, manifest)
}
