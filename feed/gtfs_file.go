package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// warn tells that a line was read in spite of something.
func (g *gtfs) warn(r *Record, code, format string, args ...any) {
	g.warnAt(r.table.file, r.Line, code, format, args...)
}

// refuse says why the line of a record is left out.
func refuse(r *Record, code, format string, args ...any) *Error {
	return &Error{Line: r.Line, Code: code, Message: fmt.Sprintf(format, args...)}
}

// hold gives a text that does not hold the whole record that it is a part of, once however often it comes.
func (g *gtfs) hold(text string) string {
	held, ok := g.texts[text]
	if !ok {
		held = strings.Clone(text)
		g.texts[held] = held
	}
	return held
}

// checkHeader reads the header of a file: whether there is anything to read, and a fatal error if a column that must be
// there is not.
func (g *gtfs) checkHeader(name string) (there bool, err error) {
	file, err := g.files.Open(name)
	if err != nil {
		return false, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return false, fmt.Errorf("open %s: %w", name, err)
	}
	table, err := NewTable(file)
	var bad *Error
	if errors.As(err, &bad) && bad.Code == "empty_file" && !slices.Contains(gtfsNeeded, name) {
		g.warnAt(name, 0, "empty_file", "The file is empty; it was read as if it were not there.")
		return false, nil
	}
	if err != nil {
		return false, inFile(name, err)
	}
	var unknown []string
	known := map[string]bool{}
	for _, column := range strings.Fields(gtfsFiles[name]) {
		column, needed := strings.CutSuffix(column, "!")
		if known[column] = true; needed && !table.Has(column) {
			return false, &Error{File: name, Line: 1, Code: "missing_column", Message: fmt.Sprintf("The file has no column %q; it has: %s.", column, strings.Join(table.Columns(), ", ")), Fatal: true}
		}
	}
	for _, column := range table.Columns() {
		if column != "" && !known[column] {
			unknown = append(unknown, column)
		}
	}
	if unknown != nil {
		g.warnAt(name, 1, "unknown_columns", "GTFS does not have these columns in this file, and they were left unread: %s.", strings.Join(unknown, ", "))
	}
	g.total += info.Size()
	return true, nil
}

// inFile names the file that an error is about.
func inFile(name string, err error) error {
	var bad *Error
	if errors.As(err, &bad) {
		named := *bad
		named.File = name
		return &named
	}
	return fmt.Errorf("%s: %w", name, err)
}

// read reads a file to its end, if it is there. What row returns is remarked, or ends the reading if it is fatal. What
// cannot be read goes to damaged, as far as it could be read, so that what it belongs to can be refused; it may be nil.
func (g *gtfs) read(ctx context.Context, name string, damaged func(*Record), row func(*Record) *Error) error {
	if !g.present[name] {
		return nil
	}
	file, err := g.files.Open(name)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	lines := &lineEnds{r: file, feed: g}
	table, err := NewTable(lines, RowsUpTo(g.options.MaxRows), Ragged())
	if err != nil {
		return inFile(name, err)
	}
	table.file = name
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("read %s: %w", name, err)
			}
			g.progress(false)
		}
		r, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *Error
		switch {
		case err == nil:
			bad = foreign(r)
		case !errors.As(err, &bad) || bad.Fatal:
			return inFile(name, err)
		}
		if gtfsNoGaps[name] && swallowed(r, bad) {
			return &Error{File: name, Line: max(r.Line, line(bad)), Code: "torn_quotes", Message: "A quote that begins here goes on over several lines, which may belong to other trains.", Fatal: true}
		}
		if bad != nil {
			if damaged != nil {
				damaged(r)
			}
		} else {
			if len(r.fields) != len(table.header) {
				g.warn(r, "cell_count", "The line has %d cells, the header %d; what is missing was read as empty.", len(r.fields), len(table.header))
			}
			bad = row(r)
		}
		if bad != nil {
			bad.File = name
			if bad.Fatal {
				return bad
			}
			g.remark(bad)
		}
	}
	lines.tell(name)
	return nil
}

// gtfsNoGaps are the files of which no line may be lost unseen: a train would be sold where or when it does not run. Of
// the others a lost line is missed by those that refer to it.
var gtfsNoGaps = map[string]bool{"stop_times.txt": true, "calendar_dates.txt": true, "frequencies.txt": true}

// swallowed tells whether a record has taken in more than its own line.
func swallowed(r *Record, bad *Error) bool {
	if bad != nil && bad.Code == "bad_quotes" {
		return r.table.torn
	}
	return slices.ContainsFunc(r.fields, func(f string) bool { return strings.IndexByte(f, '\n') >= 0 })
}

func line(bad *Error) int {
	if bad == nil {
		return 0
	}
	return bad.Line
}

// foreign refuses what no text file holds: such a line is a torn write or another encoding, and its other cells may be
// wrong too.
func foreign(r *Record) *Error {
	for _, f := range r.fields {
		if strings.IndexByte(f, 0) >= 0 {
			return refuse(r, "nul_byte", "The line holds a NUL byte.")
		}
		if strings.IndexByte(f, '\r') >= 0 && strings.IndexByte(strings.TrimSpace(f), '\r') >= 0 {
			return refuse(r, "stray_carriage_return", "The line holds a carriage return that does not end it.")
		}
	}
	return nil
}

// progress tells how far reading is: at the end, and before that after each quarter of a MiB.
func (g *gtfs) progress(end bool) {
	if g.sink.Progress == nil || !end && g.done-g.shown < 256<<10 {
		return
	}
	g.shown = g.done
	g.sink.Progress(g.done, max(g.total, g.done))
}

// lineEnds counts what ends the lines that pass through it, and bounds the bytes of the feed.
type lineEnds struct {
	r            io.Reader
	feed         *gtfs
	line         int
	last, before byte // the last byte read, and the one before that
	plain, crlf  int
	stray        []int // lines
}

func (l *lineEnds) Read(p []byte) (int, error) {
	if l.feed.done >= l.feed.options.MaxBytes {
		return 0, fatal(0, "too_large", "The files of the feed have more than %d bytes.", l.feed.options.MaxBytes)
	}
	n, err := l.r.Read(p)
	l.feed.done += int64(n)
	for rest := p[:n]; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		passed := rest
		if end >= 0 {
			passed = rest[:end]
		}
		l.pass(passed)
		if end < 0 {
			break
		}
		l.end()
		rest = rest[end+1:]
	}
	return n, err
}

func (l *lineEnds) pass(p []byte) {
	switch n := len(p); n {
	case 0:
	case 1:
		l.before, l.last = l.last, p[0]
	default:
		l.before, l.last = p[n-2], p[n-1]
	}
}

func (l *lineEnds) end() {
	l.line++
	if l.last == '\r' {
		l.crlf++
	} else {
		l.plain++
	}
	if l.last == '\r' && l.before == '\r' || l.last == '\f' || l.last == '\v' {
		l.stray = append(l.stray, l.line)
	}
	if len(l.stray) > 2*maxWarnings {
		l.stray = l.stray[:2*maxWarnings] // no more are told
	}
	l.before, l.last = l.last, '\n'
}

func (l *lineEnds) tell(file string) {
	for _, line := range l.stray {
		l.feed.warnAt(file, line, "stray_line_end", "The line ends with more than a line break (a second carriage return or a form feed), which was left out.")
	}
	if l.plain > 0 && l.crlf > 0 {
		l.feed.warnAt(file, 0, "mixed_line_ends", "%d lines end with LF and %d with CR LF.", l.plain, l.crlf)
	}
}
