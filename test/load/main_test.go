package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":     {nil, "usage"},
		"unknown":     {[]string{"b7", "--store", "sqlite", "--layer", "l1"}, `"b7" is unknown`},
		"store":       {[]string{"b1", "--store", "mysql"}, "mysql"},
		"layer":       {[]string{"b1", "--layer", "l3"}, "l3"},
		"rounds":      {[]string{"b1", "--rounds", "2"}, "at least 3"},
		"more":        {[]string{"b1", "b2"}, `"b2" is too much`},
		"connections": {[]string{"b1", "--conns", "0"}, "0 connections"},
	} {
		if err := run(t.Context(), c.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	out := &bytes.Buffer{}
	if err := run(t.Context(), []string{"list"}, out, io.Discard); err != nil || !strings.Contains(out.String(), "b1") || !strings.Contains(out.String(), "b2") {
		t.Errorf("list: %v\n%s", err, out)
	}
}
