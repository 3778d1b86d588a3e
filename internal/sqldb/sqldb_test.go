package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/fault"
	"holdfast/internal/sqldb"
)

// failing is an engine whose every transaction ends with an error of a kind.
type failing struct {
	kind sqldb.Kind
	err  error
}

func (f failing) Write(context.Context, func(sqldb.Tx) error) error { return f.err }
func (f failing) Read(context.Context, func(sqldb.Tx) error) error  { return f.err }
func (f failing) Kind(error) sqldb.Kind                             { return f.kind }
func (f failing) Close() error                                      { return nil }

// What an engine says comes out in the words of the store, with the cause; every other outcome is told by the suite
// test/engine/sqldbtest on the engines themselves.
func TestErrors(t *testing.T) {
	cause, unknown, taken := errors.New("cause"), errors.New("unknown"), errors.New("taken")
	said := sqldb.Errors{UnknownCommit: unknown, Taken: taken}
	for kind, is := range map[sqldb.Kind]func(error) bool{
		sqldb.UnknownCommit: func(err error) bool { return errors.Is(err, unknown) && !errors.Is(err, taken) },
		sqldb.Unique:        func(err error) bool { return errors.Is(err, taken) && !errors.Is(err, unknown) },
		sqldb.Away: func(err error) bool {
			f, ok := errors.AsType[*fault.Error](err)
			return ok && f.Kind == fault.Overloaded(0).Kind && f.RetryAfter == time.Second
		},
		sqldb.Other: func(err error) bool {
			f, ok := errors.AsType[*fault.Error](err)
			return ok && f.Kind == fault.Internal
		},
	} {
		db := sqldb.New(failing{kind, cause}, said)
		none := func(sqldb.Tx) error { return nil }
		for _, err := range []error{db.Write(t.Context(), "try", none), db.Read(t.Context(), "try", none)} {
			if !is(err) || !errors.Is(err, cause) {
				t.Errorf("kind %d: %v", kind, err)
			}
		}
	}
}

func TestParse(t *testing.T) {
	const text = "-- name: one\nSELECT 1;\n-- name: two\nSELECT 2;"
	got := sqldb.Parse("q.sql", text, []string{"two"}, "one")
	if len(got) != 2 || got["one"] != "SELECT 1" || got["two"] != "SELECT 2" {
		t.Errorf("got %v", got)
	}
	for name, wanted := range map[string][]string{"one is missing": {"one", "two", "three"}, "one is too many": {"one"}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			sqldb.Parse("q.sql", text, wanted)
		})
	}
}
