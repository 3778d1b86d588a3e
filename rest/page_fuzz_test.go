package rest

import (
	"testing"

	"holdfast/fault"
	"holdfast/rest/problem"
)

// FuzzCursor: a cursor that somebody made up leads to a place in the list or to a 422 that says so.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "MA", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk", "AZqWzU5VdYmQ1ZkN2p3b6w", "AAAAAAAAAAAAAAAAAAAAAA==", "\n", "=", "KzU"} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		all := make([]int, 100)
		page, next, err := slice(Page{Limit: limit % 201, After: text}, all)
		clear4xx(t, text, err)
		if err == nil && len(page) > 200 {
			t.Fatalf("%q gives %d entries", text, len(page))
		}
		if next != nil {
			if _, _, err := slice(Page{After: *next}, all); err != nil {
				t.Fatalf("our own cursor %q is refused: %v", *next, err)
			}
		}
		id, err := parseCursor("after", text)
		clear4xx(t, text, err)
		if err == nil && text != "" {
			if back, err := parseCursor("after", *cursorOf(id)); err != nil || back != id {
				t.Fatalf("%q is %x, and its cursor reads %x, %v", text, id, back, err)
			}
		}
	})
}

func clear4xx(t *testing.T, text string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	p, ok := err.(*problem.Problem) //nolint:errorlint // it is returned as it is
	if !ok || p.Status < 400 || p.Status >= 500 {
		t.Fatalf("%q is refused with %v (%v)", text, err, fault.KindOf(err))
	}
}
