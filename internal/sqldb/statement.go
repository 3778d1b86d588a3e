package sqldb

import (
	"fmt"
	"slices"

	"holdfast/internal/sqlfile"
)

// Statements are the SQL of one store on one engine, by name.
type Statements map[string]string

// Parse splits a file of SQL (see sqlfile) into the statements of these names. It panics unless the file has exactly
// those: the text is embedded, so that is a defect that every start and every test shows.
func Parse(file, text string, names []string, more ...string) Statements {
	queries := sqlfile.Parse(file, text)
	out := Statements{}
	for _, name := range slices.Concat(names, more) {
		out[name] = queries.Get(name)
	}
	if unused := queries.Unused(); len(unused) > 0 {
		panic(fmt.Sprintf("sqldb: %s: nobody asks for %v", file, unused))
	}
	return out
}
