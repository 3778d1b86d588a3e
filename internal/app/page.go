package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"holdfast/feed"
	"holdfast/hotel"
	"holdfast/reservation"
)

// printer writes lines and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// checks are what an audit looks at, in the order in which a report tells of them.
var checks = []struct{ invariant, what string }{
	{"I1", "no slot has more than its limit, and held and sold are the sum of live claims"},
	{"I3", "each idempotency key has one answer and one effect"},
	{"I4", "every hold ended once: confirmed, released or expired"},
	{"I5", "money taken equals money returned plus money kept"},
	{"I6", "what a payment still has to do ends"},
	{"I7", "each event is there once, numbered without gaps"},
	{"I11", "every state was reached by an allowed step with actor and cause"},
}

// WriteAudit tells people what an audit found, on one page.
func WriteAudit(w io.Writer, r *reservation.AuditReport, took time.Duration) error {
	p := &printer{w: w}
	p.line("Audit of %d pools with %d slots and %d units, %d reservations with %d claims, %d history entries, %d events, %d keys, %d payments.",
		r.Pools, r.Slots, r.Units, r.Reservations, r.Claims, r.Entries, r.Events, r.Keys, r.Payments)
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
	if r.Refused > 0 {
		p.line("%d refunds were refused by the payment provider and wait for staff (GET /v1/refunds/refused).", r.Refused)
	}
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

// listed is how many remarks of each sort WriteImport shows; WriteRemarks writes all.
const listed = 10

// WriteImport tells people what an import did, or would have done. remarks is the file that has all remarks, "" for none.
func WriteImport(w io.Writer, q ImportRequest, r *hotel.ImportReport, remarks string, took time.Duration) error {
	p := &printer{w: w}
	did, added, changed := "Imported", "added", "changed"
	switch {
	case len(r.Refused) > 0 && !q.Options.SkipRefused:
		did, added, changed = "Nothing was imported, because lines were refused. Of", "would be added", "would be changed"
	case q.Options.DryRun:
		did, added, changed = "Dry run, nothing was imported. Of", "would be added", "would be changed"
	}
	refused := make(map[int]bool, len(r.Refused)) // a line may have several remarks
	for _, n := range r.Refused {
		refused[n.Line] = true
	}
	p.line("%s %d lines: %d hotels %s, %d %s, %d untouched, %d refused; %d rooms in all. It took %v.",
		did, r.Rows, r.Added, added, r.Changed, changed, r.Untouched, len(refused), r.Rooms, took.Round(time.Millisecond))
	p.remarks("Refused", r.Refused, remarks)
	p.remarks("Warnings", r.Warnings, remarks)
	return p.err
}

func (p *printer) remarks(title string, notes []hotel.LineNote, file string) {
	lines := make([]string, len(notes))
	for i, n := range notes {
		lines[i] = fmt.Sprintf("line %d: %s (%s)", n.Line, n.Message, n.Code)
	}
	p.list(title, lines, file)
}

// list shows the first of some lines; file is where all of them are, "" for nowhere.
func (p *printer) list(title string, lines []string, file string) {
	if len(lines) == 0 {
		return
	}
	p.line("\n%s:", title)
	for _, l := range lines[:min(len(lines), listed)] {
		p.line("  %s", l)
	}
	if more := len(lines) - listed; more > 0 {
		where := "--report FILE writes all of them"
		if file != "" {
			where = "all of them are in " + file
		}
		p.line("  ... and %d more; %s", more, where)
	}
}

// DeliveryPage says how a delivery was asked for.
type DeliveryPage struct {
	DryRun, SkipRefused bool
	Remarks             string // the file that has all remarks, "" for none
	Took                time.Duration
}

// WriteDelivery tells people what an import of a partner's files did, or would have done.
func WriteDelivery(w io.Writer, r *DeliveryReport, page DeliveryPage) error {
	p := &printer{w: w}
	did := "Imported"
	switch {
	case r.Older:
		did = "Nothing was imported: a newer file was applied before. Of it"
	case r.Held:
		did = "Nothing was imported: it would remove too much; look at it, then use --force. It would be"
	case len(r.Refused) > 0 && !page.SkipRefused:
		did = "Nothing was imported, because lines were refused. It would be"
	case page.DryRun:
		did = "Dry run, nothing was imported. It would be"
	case !r.Applied:
		did = "Nothing had to be changed"
	}
	p.line("%s: %d added, %d changed, %d removed, %d untouched, %d refused. It took %v.",
		did, r.Added, r.Changed, r.Removed, r.Untouched, len(r.Refused), page.Took.Round(time.Millisecond))
	for _, l := range r.Lines {
		p.line("  %s", l)
	}
	p.list("Refused", remarkLines(r.Refused), page.Remarks)
	p.list("Warnings", remarkLines(r.Warnings), page.Remarks)
	return p.err
}

func remarkLines(remarks []feed.Error) []string {
	lines := make([]string, len(remarks))
	for i := range remarks {
		lines[i] = remarks[i].Error()
	}
	return lines
}

// WriteDeliveryRemarks writes all remarks of an import of a partner's files to a file: sort and remark, apart by a tab.
func WriteDeliveryRemarks(name string, r *DeliveryReport) error {
	var out bytes.Buffer
	for _, l := range remarkLines(r.Refused) {
		fmt.Fprintf(&out, "refused\t%s\n", l)
	}
	for _, l := range remarkLines(r.Warnings) {
		fmt.Fprintf(&out, "warning\t%s\n", l)
	}
	return os.WriteFile(name, out.Bytes(), 0o600)
}

// WriteRemarks writes all remarks of an import to a file: line, sort, code and text, apart by tabs.
func WriteRemarks(name string, r *hotel.ImportReport) error {
	var out bytes.Buffer
	for _, n := range r.Refused {
		fmt.Fprintf(&out, "line %d\trefused\t%s\t%s\n", n.Line, n.Code, n.Message)
	}
	for _, n := range r.Warnings {
		fmt.Fprintf(&out, "line %d\twarning\t%s\t%s\n", n.Line, n.Code, n.Message)
	}
	return os.WriteFile(name, out.Bytes(), 0o600)
}
