package postgres

import (
	"slices"
	"testing"

	"holdfast/internal/sqlfile"
)

// Settings are what every connection is set to.
var Settings = settings

// Statements are the statements of queries.sql by name.
func Statements() map[string]string {
	all := sqlfile.Parse("queries.sql", text)
	out := map[string]string{}
	for _, name := range all.Unused() {
		out[name] = all.Get(name)
	}
	return out
}

func TestEveryStatementIsUsed(t *testing.T) {
	if unused := queries.Unused(); len(unused) > 0 {
		slices.Sort(unused)
		t.Errorf("nobody runs %q", unused)
	}
}
