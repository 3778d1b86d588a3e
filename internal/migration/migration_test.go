package migration

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFiles(t *testing.T) {
	up := &fstest.MapFile{Data: []byte("-- +goose Up\nSELECT 1;\n")}
	down := &fstest.MapFile{Data: []byte("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n")}
	for name, c := range map[string]struct {
		files  fstest.MapFS
		latest int64
		says   string
	}{
		"one":      {fstest.MapFS{"migrations/00001_init.sql": up}, 1, ""},
		"by value": {fstest.MapFS{"migrations/00009_a.sql": up, "migrations/00010_b.sql": up}, 10, ""},
		"none":     {fstest.MapFS{"00001_init.sql": up}, 0, "no migration files"},
		"no number": {
			fstest.MapFS{"migrations/init.sql": up}, 0, "init.sql",
		},
		"twice": {
			fstest.MapFS{"migrations/1_a.sql": up, "migrations/00001_b.sql": up}, 0, "same version 1",
		},
		"way back": {fstest.MapFS{"migrations/00001_init.sql": down}, 0, "only go forward"},
	} {
		t.Run(name, func(t *testing.T) {
			_, latest, err := Files(c.files)
			if c.says == "" && (err != nil || latest != c.latest) {
				t.Fatalf("got version %d, error %v; want %d", latest, err, c.latest)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Fatalf("got error %v; want one that says %q", err, c.says)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		current, needed int64
		want            error
	}{{0, 3, ErrOld}, {2, 3, ErrOld}, {3, 3, nil}, {4, 3, ErrNew}} {
		if err := Check(c.current, c.needed); !errors.Is(err, c.want) {
			t.Errorf("Check(%d, %d) = %v, want %v", c.current, c.needed, err, c.want)
		}
	}
}
