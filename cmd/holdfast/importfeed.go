package main

import (
	"fmt"
	"strings"
	"time"

	"holdfast/internal/app"
)

type importFeedCommand struct {
	Format         string   `arg:"" help:"What the files are; see below."`
	Files          []string `arg:"" name:"file" help:"A file, a folder, or several files that belong together."`
	Supplier       string   `placeholder:"SUP" xor:"supplier" help:"Supplier (sup_...) that the file belongs to."`
	CreateSupplier string   `placeholder:"NAME" xor:"supplier" help:"Make a supplier of this name, or find the one made by an earlier import."`
	Feed           string   `placeholder:"NAME" help:"Which timetable of the supplier this is, where it has several: a file replaces what the same one told before."`
	ShiftWeeks     int      `placeholder:"N" help:"Move all dates by whole weeks, so that an old timetable can be sold today. Clock times stay, and offsets are worked out anew."`
	Date           string   `placeholder:"DATE" help:"The day of a file that is one day's timetable and does not say which."`
	Template       string   `placeholder:"FILE" help:"JSON file with what the feed lacks: coaches, fares, transfer times; or seats, classes and fares."`
	MaxRemoved     float64  `placeholder:"PERCENT" help:"Refuse a file that would remove more than this share of what is there. (default: 20 of trains, 25 of flights)"`
	Force          bool     `help:"Remove as much as the file says."`
	Partial        bool     `help:"The file names some trains; the others stay."`
	DryRun         bool     `help:"Say what would be done, and do nothing."`
	SkipRefused    bool     `help:"Bring in the good lines although others are refused. Without it one refused line leaves everything as it was."`
	Report         string   `placeholder:"FILE" help:"Write all remarks to this file, one line each."`
}

// Help is shown below the summary.
func (importFeedCommand) Help() string {
	var b strings.Builder
	b.WriteString("Formats:\n\n")
	for _, f := range app.FeedFormats() {
		fmt.Fprintf(&b, "    %-20s %s\n", f[0], f[1])
	}
	b.WriteString(`
A file is applied as one difference against what the supplier has: all of it or nothing. Importing it again changes nothing, and a
file that would remove a large share is refused until a human says --force. What it puts on sale can be found and booked at once.

A running embedded server does it through its admin socket; where none runs, the data folder is taken. With --database-url it
works on PostgreSQL beside the servers.

Examples:

    holdfast import feed gtfs fernverkehr.zip --create-supplier "Deutsche Bahn Fernverkehr" --shift-weeks 412 --skip-refused
    holdfast import feed coaches-zpar zugbildungsplan.json.zip coach_types_seats.json --create-supplier "Deutsche Bahn Fernverkehr"
    holdfast import feed airports airports.csv airports_tz.csv metro_areas.csv
    holdfast import feed ssim summer.ssim --supplier sup_01... --dry-run
    holdfast import feed ontime flights.csv planes.csv --create-supplier "US carriers" --shift-weeks 620

Exit codes: 0 applied (or would be, with --dry-run), 1 lines were refused or too much would go, 2 the import could not run.`)
	return b.String()
}

func (c importFeedCommand) Run(p *process) error {
	ctx, cancel := interruptible()
	defer cancel()
	begin := time.Now()
	meter := newMeter(p.stderr, "import")
	report, err := app.ImportFeed(ctx, p.config, p.log, app.FeedWish{
		Format: c.Format, Supplier: c.Supplier, CreateSupplier: c.CreateSupplier, Feed: c.Feed, Template: c.Template, Date: c.Date,
		DryRun: c.DryRun, Force: c.Force, SkipRefused: c.SkipRefused, Partial: c.Partial, MaxRemoved: c.MaxRemoved, ShiftWeeks: c.ShiftWeeks,
	}, c.Files, meter.show)
	meter.end()
	if err != nil {
		return err
	}
	if c.Report != "" {
		if err := app.WriteDeliveryRemarks(c.Report, report); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	if err := app.WriteDelivery(p.stdout, report, app.DeliveryPage{DryRun: c.DryRun, SkipRefused: c.SkipRefused, Remarks: c.Report, Took: time.Since(begin)}); err != nil {
		return err
	}
	if report.Held || len(report.Refused) > 0 {
		return &codeError{code: exitFindings}
	}
	return nil
}
