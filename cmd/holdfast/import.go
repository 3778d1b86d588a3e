package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"holdfast/hotel"
	"holdfast/internal/admin"
	"holdfast/internal/app"
	"holdfast/uid"
)

// listed is how many remarks of each sort are printed; --report has all.
const listed = 10

type importCommand struct {
	Hotels importHotelsCommand `cmd:"" help:"Bring in hotels from a CSV file."`
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
	request := app.ImportRequest{
		CreateSupplier: c.CreateSupplier,
		Options:        hotel.ImportOptions{Columns: c.Map, Identity: c.Identity, DryRun: c.DryRun, SkipRefused: c.SkipRefused},
	}
	var err error
	if c.Supplier != "" {
		if request.Options.Supplier, err = uid.Parse("sup", c.Supplier); err != nil {
			return fmt.Errorf("--supplier: %w", err)
		}
	}
	if request.Options.Template, err = readTemplate(c.Template); err != nil {
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
	if err := c.print(p.stdout, report, time.Since(begin)); err != nil {
		return err
	}
	if len(report.Refused) > 0 {
		return &codeError{code: exitFindings}
	}
	return nil
}

func readTemplate(name string) (hotel.Template, error) {
	file, err := os.Open(name)
	if err != nil {
		return hotel.Template{}, fmt.Errorf("--template: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	t, err := hotel.ReadTemplate(file)
	if err != nil {
		return t, fmt.Errorf("--template %s: %s", name, admin.Explain(err))
	}
	return t, nil
}

func (c importHotelsCommand) print(w io.Writer, r *hotel.ImportReport, took time.Duration) error {
	p := &printer{w: w}
	did, added, changed := "Imported", "added", "changed"
	switch {
	case len(r.Refused) > 0 && !c.SkipRefused:
		did, added, changed = "Nothing was imported, because lines were refused. Of", "would be added", "would be changed"
	case c.DryRun:
		did, added, changed = "Dry run, nothing was imported. Of", "would be added", "would be changed"
	}
	p.line("%s %d lines: %d hotels %s, %d %s, %d untouched, %d refused; %d rooms in all. It took %v.",
		did, r.Rows, r.Added, added, r.Changed, changed, r.Untouched, len(r.Refused), r.Rooms, took.Round(time.Millisecond))
	c.list(p, "Refused", r.Refused)
	c.list(p, "Warnings", r.Warnings)
	if c.Report != "" && p.err == nil {
		p.err = writeReport(c.Report, r)
	}
	return p.err
}

func (c importHotelsCommand) list(p *printer, title string, notes []hotel.LineNote) {
	if len(notes) == 0 {
		return
	}
	p.line("\n%s:", title)
	for _, n := range notes[:min(len(notes), listed)] {
		p.line("  line %d: %s (%s)", n.Line, n.Message, n.Code)
	}
	if more := len(notes) - listed; more > 0 {
		where := "--report FILE writes all of them"
		if c.Report != "" {
			where = "all of them are in " + c.Report
		}
		p.line("  ... and %d more; %s", more, where)
	}
}

func writeReport(name string, r *hotel.ImportReport) error {
	var out bytes.Buffer
	for _, n := range r.Refused {
		fmt.Fprintf(&out, "line %d\trefused\t%s\t%s\n", n.Line, n.Code, n.Message)
	}
	for _, n := range r.Warnings {
		fmt.Fprintf(&out, "line %d\twarning\t%s\t%s\n", n.Line, n.Code, n.Message)
	}
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}
