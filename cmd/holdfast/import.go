package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"holdfast/internal/app"
)

type importCommand struct {
	Hotels importHotelsCommand `cmd:"" help:"Bring in hotels from a CSV file."`
	Feed   importFeedCommand   `cmd:"" help:"Bring in timetables, coaches, schedules, airports or fares."`
}

type importHotelsCommand struct {
	File           string            `arg:"" help:"CSV file with a header line, UTF-8. - reads standard input."`
	Template       string            `required:"" placeholder:"FILE" help:"JSON file with what the CSV lacks: city, country, zone, currency, room types, prices, overbooking."`
	Supplier       string            `placeholder:"SUP" xor:"supplier" required:"" help:"Supplier (sup_...) that the hotels belong to."`
	CreateSupplier string            `placeholder:"NAME" xor:"supplier" required:"" help:"Make a supplier of this name, or find the one made by an earlier import."`
	Map            map[string]string `placeholder:"FIELD=COLUMN" help:"Column of the file for one of our fields; may be given several times."`
	Identity       string            `placeholder:"COLUMN" help:"Column that identifies a hotel. Without it name and postal code do."`
	DryRun         bool              `help:"Say what would be done, and do nothing."`
	SkipRefused    bool              `help:"Bring in the good lines although others are refused. Without it one refused line leaves everything as it was."`
	Report         string            `placeholder:"FILE" help:"Write all remarks to this file, one line each."`
}

// Help is shown below the summary.
func (importHotelsCommand) Help() string {
	return `The file is applied as one difference, all of it or nothing, and importing it again changes nothing. A hotel is known
again by the column that --identity names, else by name and postal code; never by its place in the file. Imported hotels can be
found and booked at once.

A running embedded server does it through its admin socket; where none runs, the data folder is taken. With --database-url it
works on PostgreSQL beside the servers.

Examples:

    holdfast import hotels hotels.csv --template singapore.json --create-supplier "Hotels of Singapore" --dry-run
    holdfast import hotels hotels.csv --template singapore.json --supplier sup_01... \
        --map name=HOTEL_NAME --map rooms=TOTAL_ROOMS --report refused.txt

Exit codes: 0 applied (or would be, with --dry-run), 1 lines were refused, 2 the import could not run.`
}

func (c importHotelsCommand) Run(p *process) error {
	request, err := app.NewImportRequest(app.ImportWish{
		Template: c.Template, Supplier: c.Supplier, CreateSupplier: c.CreateSupplier,
		Columns: c.Map, Identity: c.Identity, DryRun: c.DryRun, SkipRefused: c.SkipRefused,
	})
	if err != nil {
		return err
	}
	file := io.Reader(os.Stdin)
	if c.File != "-" {
		opened, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = opened.Close() }() // only read
		file = opened
	}
	ctx, cancel := interruptible()
	defer cancel()
	begin := time.Now()
	meter := newMeter(p.stderr, "import")
	report, err := app.ImportHotels(ctx, p.config, p.log, request, file, meter.show)
	meter.end()
	if err != nil {
		return err
	}
	if c.Report != "" {
		if err := app.WriteRemarks(c.Report, report); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	if err := app.WriteImport(p.stdout, request, report, c.Report, time.Since(begin)); err != nil {
		return err
	}
	if len(report.Refused) > 0 {
		return &codeError{code: exitFindings}
	}
	return nil
}
