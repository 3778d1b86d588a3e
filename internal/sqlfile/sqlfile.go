// Package sqlfile splits a file of SQL into its named statements, so that SQL stands in files of its own, beside the
// engine that runs it:
//
//	-- name: insert_payment
//	-- What the statement is for.
//	INSERT INTO payment (...) VALUES (...);
//
// A statement reaches from its head to the next one. Comment lines, blank lines and the last semicolon are left out.
package sqlfile

import (
	"fmt"
	"strings"
)

const head = "-- name:"

// Queries are the statements of one file by name.
type Queries struct {
	file string
	text map[string]string
	used map[string]bool
}

// Parse splits the text of a file; file is its name in messages. It panics on a text that is not of the form above: the
// text is embedded, so that is a defect that every start and every test shows.
func Parse(file, text string) *Queries {
	q := &Queries{file: file, text: map[string]string{}, used: map[string]bool{}}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if rest, ok := strings.CutPrefix(line, head); ok {
			name = strings.TrimSpace(rest)
			if _, twice := q.text[name]; name == "" || twice {
				panic(fmt.Sprintf("sqlfile: %s: name %q is empty or there twice", file, name))
			}
			q.text[name] = ""
			continue
		}
		if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("sqlfile: %s: statement before the first name", file))
		}
		q.text[name] += line + "\n"
	}
	for name, statement := range q.text {
		statement = strings.TrimSuffix(strings.TrimSpace(statement), ";")
		if statement == "" {
			panic(fmt.Sprintf("sqlfile: %s: %s is empty", file, name))
		}
		q.text[name] = statement
	}
	return q
}

// Get is the statement of that name; it panics if there is none. Call it while the program starts (package variables),
// not from several goroutines.
func (q *Queries) Get(name string) string {
	statement, ok := q.text[name]
	if !ok {
		panic(fmt.Sprintf("sqlfile: %s has no statement %q", q.file, name))
	}
	q.used[name] = true
	return statement
}

// Unused lists the statements that nobody asked for; an engine's test wants none.
func (q *Queries) Unused() []string {
	var names []string
	for name := range q.text {
		if !q.used[name] {
			names = append(names, name)
		}
	}
	return names
}
