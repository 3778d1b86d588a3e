package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
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
