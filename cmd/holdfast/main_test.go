package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/hotel"
	"holdfast/reservation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommands(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"nothing":         {nil, exitDone, "holdfast serve --demo", ""},
		"help":            {[]string{"--help"}, exitDone, "audit", ""},
		"version":         {[]string{"version"}, exitDone, "holdfast dev", ""},
		"version as JSON": {[]string{"version", "--json"}, exitDone, `"version":"dev"`, ""},
		"config":          {[]string{"config"}, exitDone, "limits.batch_commands", ""},
		"unknown command": {[]string{"sell"}, exitNotRun, "", "holdfast: unexpected argument sell"},
		"unknown flag":    {[]string{"serve", "--adr=x"}, exitNotRun, "", "unknown flag --adr"},
		"wrong value":     {[]string{"serve", "--limits-queue=0"}, exitNotRun, "", "holdfast: limits.queue is 0, want 1 to 1000000 (from flag --limits-queue)\n"},
		"no folder":       {[]string{"audit", "--data", none}, exitNotRun, "", "no data folder"},
		"nothing there":   {[]string{"migrate", "--data", none}, exitNotRun, "", "no data folder"},
		"no supplier":     {[]string{"import", "hotels", "x.csv", "--template=t.json"}, exitNotRun, "", "--supplier"},
		"two suppliers":   {[]string{"import", "hotels", "x.csv", "--template=t.json", "--supplier=a", "--create-supplier=b"}, exitNotRun, "", "can't be used together"},
		"bad supplier":    {[]string{"import", "hotels", "x.csv", "--template=t.json", "--supplier=acme"}, exitNotRun, "", `"acme" is not a sup_ id`},
		"no template":     {[]string{"import", "hotels", "x.csv", "--template=" + none, "--create-supplier=b"}, exitNotRun, "", "--template"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := command(t, c.args...)
			if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
				t.Errorf("code %d, want %d\nstdout: %s\nstderr: %s", code, c.code, stdout, stderr)
			}
		})
	}
}

func TestHelpShowsSettingsWhereTheyMatter(t *testing.T) {
	for command_, all := range map[string]bool{"serve": true, "config": true, "audit": false, "migrate": false, "version": false} {
		code, out, _ := command(t, command_, "--help")
		if code != exitDone || strings.Contains(out, "--limits-queue") != all || !strings.Contains(out, "--data") || !strings.Contains(out, "HOLDFAST_DATA") {
			t.Errorf("holdfast %s --help, code %d:\n%s", command_, code, out)
		}
	}
	_, out, _ := command(t, "serve", "--help")
	for _, want := range []string{"holdfast serve --demo", "Exit codes", "1 to 10000; HOLDFAST_LIMITS_BATCH_COMMANDS"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) { // wrapped to the width of a terminal
			t.Errorf("the help of serve lacks %q:\n%s", want, out)
		}
	}
}

func TestConfigMasksSecretsAndTellsOrigins(t *testing.T) {
	t.Setenv("HOLDFAST_DATABASE_URL", "postgres://ada:geheim@db/holdfast")
	t.Setenv("HOLDFAST_LIMIT_QUEUE", "5")
	code, out, errs := command(t, "config", "--json", "--limits-lanes=2")
	var settings []struct{ Key, Value, Source, Place string }
	if err := json.Unmarshal([]byte(out), &settings); err != nil || code != exitDone {
		t.Fatalf("code %d, %v in %s", code, err, out)
	}
	found := map[string]string{}
	for _, s := range settings {
		found[s.Key] = s.Value + " " + s.Source + " " + s.Place
	}
	if found["database.url"] != "postgres://ada:xxxxx@db/holdfast environment HOLDFAST_DATABASE_URL" || found["limits.lanes"] != "2 flag --limits-lanes" {
		t.Errorf("got %v", found)
	}
	if _, plain, _ := command(t, "config"); strings.Contains(plain, "geheim") || strings.Contains(out, "geheim") {
		t.Error("the password is shown")
	}
	if !strings.Contains(errs, "HOLDFAST_LIMITS_QUEUE") {
		t.Errorf("no warning of a mistyped variable: %s", errs)
	}
}

func TestAuditReport(t *testing.T) {
	var out bytes.Buffer
	clean := &reservation.AuditReport{Pools: 3, Slots: 90, Reservations: 7, Oversold: 2}
	if err := printAudit(&out, clean, time.Second); err != nil || !strings.Contains(out.String(), "Everything is right") || strings.Contains(out.String(), "WRONG") || !strings.Contains(out.String(), "2 slots have more claimed") {
		t.Errorf("%v in\n%s", err, out.String())
	}
	out.Reset()
	wrong := &reservation.AuditReport{Findings: []reservation.Finding{{Invariant: "I1", Subject: "pool 5, slot 2026-12-24", Detail: "held 3, live claims say 2"}, {Invariant: "I99", Subject: "x", Detail: "y"}}, More: true}
	if err := printAudit(&out, wrong, time.Second); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"I1   WRONG 1", "I5   right", "pool 5, slot 2026-12-24: held 3, live claims say 2", "I99  WRONG 1", "more that are not listed", "2 findings"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}

func TestImportReport(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.txt")
	r := &hotel.ImportReport{Rows: 40, Added: 10, Rooms: 500}
	for i := range 30 {
		r.Refused = append(r.Refused, hotel.LineNote{Line: i + 2, Code: "no_rooms", Message: "The hotel has no rooms."})
	}
	r.Warnings = []hotel.LineNote{{Line: 40, Code: "postal_code_completed", Message: "The postal code got its lost zero back."}}
	var out bytes.Buffer
	c := importHotelsCommand{Report: name}
	if err := c.print(&out, r, time.Second); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nothing was imported", "40 lines", "30 refused", "line 11: The hotel has no rooms. (no_rooms)", "... and 20 more; all of them are in " + name, "line 40:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
	if text, err := os.ReadFile(name); err != nil || strings.Count(string(text), "\trefused\t") != 30 || !strings.Contains(string(text), "line 40\twarning\tpostal_code_completed\t") {
		t.Errorf("report, error %v:\n%s", err, text)
	}
}
