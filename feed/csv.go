package feed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of a CSV file.
const (
	MaxRecord  = 64 << 10 // bytes of one record, the line breaks inside quotes included
	MaxRows    = 100_000  // records after the header, where nothing else is said (RowsUpTo)
	MaxColumns = 200
)

// Table reads a CSV file (RFC 4180) with a header: UTF-8, with or without a byte order mark, fields separated by
// commas, quoted with " where they hold commas, quotes or line breaks.
type Table struct {
	csv     *csv.Reader
	bound   *bound
	columns map[string]int // name in the header -> index
	header  []string
	rows    int
	maxRows int
	ragged  bool
	file    string // its name in a feed of several
	torn    bool   // the last record that could not be read began on a line before that
	line    int    // of the last record
}

// Record is one row of a table.
type Record struct {
	Line   int // of its first character; 1 is the header's
	table  *Table
	fields []string
}

// Get is the field in a named column without blanks around it, "" if the table has no such column.
func (r *Record) Get(column string) string {
	i, ok := r.table.columns[column]
	if !ok || i >= len(r.fields) {
		return ""
	}
	return strings.TrimSpace(r.fields[i])
}

// TableOption changes how a table is read.
type TableOption func(*Table)

// RowsUpTo bounds the records after the header.
func RowsUpTo(n int) TableOption { return func(t *Table) { t.maxRows = n } }

// Separator is what stands between fields; a comma where nothing is said.
func Separator(r rune) TableOption { return func(t *Table) { t.csv.Comma = r } }

// Ragged takes records with fewer fields than the header, whose missing fields are "", and with more where those are
// blank.
func Ragged() TableOption { return func(t *Table) { t.ragged = true } }

// NewTable reads the header. Errors are fatal *Error, or what the reader says.
func NewTable(r io.Reader, options ...TableOption) (*Table, error) {
	b := &bound{r: r, left: MaxRecord}
	buffered := bufio.NewReader(b)
	if mark, err := buffered.Peek(len(byteOrderMark)); err == nil && bytes.Equal(mark, byteOrderMark) {
		_, _ = buffered.Discard(len(byteOrderMark)) // it was just peeked at
	}
	t := &Table{csv: csv.NewReader(buffered), bound: b, columns: map[string]int{}, maxRows: MaxRows}
	for _, o := range options {
		o(t)
	}
	t.csv.FieldsPerRecord = -1 // counted here, for a message that says what is wrong
	header, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, fatal(1, "empty_file", "The file has no header.")
	}
	if err != nil {
		return nil, t.translate(err, true)
	}
	if len(header) > MaxColumns {
		return nil, fatal(1, "too_many_columns", "The file has %d columns; at most %d are possible.", len(header), MaxColumns)
	}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if !utf8.ValidString(name) {
			return nil, fatal(1, "not_utf8", "The header is not UTF-8.")
		}
		if _, twice := t.columns[name]; twice && name != "" {
			return nil, fatal(1, "repeated_column", "The header names the column %q twice.", name)
		}
		t.columns[name] = i
		t.header = append(t.header, name)
	}
	delete(t.columns, "")
	return t, nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Has reports whether the header names a column.
func (t *Table) Has(column string) bool {
	_, ok := t.columns[column]
	return ok
}

// Columns are the names in the header.
func (t *Table) Columns() []string { return t.header }

// Next is the next record; io.EOF after the last. Empty lines are left out. An *Error that is not fatal names a line
// that cannot be read, of which the record holds what could be; Next may be called again.
func (t *Table) Next() (*Record, error) {
	t.bound.left = MaxRecord
	fields, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if t.rows++; t.rows > t.maxRows {
		return nil, fatal(0, "too_many_rows", "The file has more than %d rows.", t.maxRows)
	}
	if err != nil {
		return &Record{table: t, fields: fields}, t.translate(err, false)
	}
	line, _ := t.csv.FieldPos(0)
	t.line = line
	r := &Record{Line: line, table: t, fields: fields}
	if len(fields) != len(t.header) && (!t.ragged || r.overhang() != "") {
		return r, &Error{Line: line, Code: "wrong_field_count", Message: fmt.Sprintf("The line has %d fields, the header %d.", len(fields), len(t.header))}
	}
	for _, f := range fields {
		if !utf8.ValidString(f) {
			return r, &Error{Line: line, Code: "not_utf8", Message: "The line is not UTF-8."}
		}
	}
	return r, nil
}

// overhang is what the record has beyond the last column of the header, "" if that is blank.
func (r *Record) overhang() string {
	if len(r.fields) <= len(r.table.header) {
		return ""
	}
	return strings.TrimSpace(strings.Join(r.fields[len(r.table.header):], ""))
}

func (t *Table) translate(err error, isHeader bool) error {
	if errors.Is(err, errTooLong) {
		return fatal(t.line+1, "line_too_long", "A record is longer than %d bytes; a quote may be left open.", MaxRecord)
	}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		t.torn = parse.Line != parse.StartLine
		return &Error{Line: parse.StartLine, Code: "bad_quotes", Message: "The quotes of this line do not match.", Fatal: isHeader}
	}
	return fmt.Errorf("read the file: %w", err)
}

var errTooLong = errors.New("record too long")

// bound is a reader that gives up when one record asks for too much. What a buffer above it reads ahead counts for the
// record that caused the reading, so the bound is met to within one buffer.
type bound struct {
	r    io.Reader
	left int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}
