package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"holdfast/test/load/drive"
	"holdfast/test/load/meter"
)

func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":     {nil, "usage"},
		"unknown":     {[]string{"b0", "--store", "sqlite", "--layer", "l1"}, `"b0" is unknown`},
		"store":       {[]string{"b1", "--store", "mysql"}, "mysql"},
		"layer":       {[]string{"b1", "--layer", "l3"}, "l3"},
		"rounds":      {[]string{"b1", "--rounds", "2"}, "at least 3"},
		"more":        {[]string{"b1", "b2"}, `"b2" is too much`},
		"connections": {[]string{"b1", "--conns", "0"}, "0 connections"},
		"one file":    {[]string{"compare", "a.json"}, "A.json B.json"},
		"no file":     {[]string{"compare", "a.json", "b.json"}, "a.json"},
		"no token":    {[]string{"drive"}, "--token"},
		"scenario":    {[]string{"drive", "--token", "x", "--scenario", "flood"}, `"flood"`},
		"rate":        {[]string{"drive", "--token", "x", "--rate", "0"}, "--rate"},
		"https":       {[]string{"drive", "--token", "x", "--url", "https://h"}, "no TLS"},
	} {
		if err := run(t.Context(), c.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	out := &bytes.Buffer{}
	a := &aim{rate: 10, errors: 0.01, scenario: "hot"}
	if err := a.report(out, &drive.Result{Placed: 98, Shed: 2, Latency: &drive.Histogram{}, Refusals: &drive.Histogram{}}, 0, meter.Usage{}); err == nil {
		t.Error("2 % of errors pass where 1 % may be")
	}
	if err := a.report(out, &drive.Result{Placed: 199, Failed: 1, Latency: &drive.Histogram{}, Refusals: &drive.Histogram{}}, 0, meter.Usage{}); err != nil {
		t.Error(err)
	}
	out.Reset()
	if err := run(t.Context(), []string{"list"}, out, io.Discard); err != nil || !strings.Contains(out.String(), "b1") || !strings.Contains(out.String(), "b2") {
		t.Errorf("list: %v\n%s", err, out)
	}
}
