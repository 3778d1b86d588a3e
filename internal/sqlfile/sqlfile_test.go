package sqlfile_test

import (
	"slices"
	"testing"

	"holdfast/internal/sqlfile"
)

func TestParse(t *testing.T) {
	q := sqlfile.Parse("q.sql", "-- about the file\n\n-- name: one\n-- why\nSELECT 1\nFROM t;\n\n-- name: two\r\n  SELECT ';'\r\n")
	if got, want := q.Get("one"), "SELECT 1\nFROM t"; got != want {
		t.Errorf("one = %q, want %q", got, want)
	}
	if got, want := q.Unused(), []string{"two"}; !slices.Equal(got, want) {
		t.Errorf("unused %q, want %q", got, want)
	}
	if got, want := q.Get("two"), "SELECT ';'"; got != want {
		t.Errorf("two = %q, want %q", got, want)
	}
}

func TestDefectsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"no name":         func() { sqlfile.Parse("q.sql", "SELECT 1") },
		"empty name":      func() { sqlfile.Parse("q.sql", "-- name: \nSELECT 1") },
		"twice":           func() { sqlfile.Parse("q.sql", "-- name: a\nSELECT 1;\n-- name: a\nSELECT 2") },
		"empty statement": func() { sqlfile.Parse("q.sql", "-- name: a\n-- nothing\n;") },
		"unknown":         func() { sqlfile.Parse("q.sql", "-- name: a\nSELECT 1").Get("b") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
