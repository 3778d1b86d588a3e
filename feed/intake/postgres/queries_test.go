package postgres

import "testing"

func TestEveryStatementIsUsed(t *testing.T) {
	if unused := queries.Unused(); len(unused) > 0 {
		t.Errorf("nobody asks for %v", unused)
	}
}
