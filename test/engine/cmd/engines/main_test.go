package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast/test/engine"
	"holdfast/test/engine/private"
)

// The test binary stands in for the command, so that its signals and its exit code are those of a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("ENGINES_SELF") == "1" {
		main()
	}
	os.Exit(m.Run())
}

func engines(t *testing.T, environment []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(append(os.Environ(), "ENGINES_SELF=1"), environment...)
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return code, o.String(), e.String()
}

func TestCommandGetsARunningServer(t *testing.T) {
	if _, err := private.FindPostgres(t.Context()); err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("starts a server")
	}
	none := engine.PostgresEnv + "="
	code, stdout, stderr := engines(t, []string{none, "CI=true"}, "--", "sh", "-c", "echo $"+engine.PostgresEnv+"; exit 7")
	if code != 7 {
		t.Fatalf("exit code %d, want the command's 7; it said:\n%s", code, stderr)
	}
	if execute(t, strings.TrimSpace(stdout)) == nil {
		t.Errorf("the server at %s outlived the command", stdout)
	}
	folder := regexp.MustCompile(`folder ([^,]+),`).FindStringSubmatch(stderr)
	if len(folder) != 2 {
		t.Fatalf("it does not say what it set up: %q", stderr)
	}
	if _, err := os.Stat(folder[1]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder %s is still there: %v", folder[1], err)
	}
}

func TestNamedServerIsUsedAsItIs(t *testing.T) {
	code, stdout, stderr := engines(t, []string{engine.PostgresEnv + "=somewhere"}, "--", "sh", "-c", "echo $"+engine.PostgresEnv)
	if code != 0 || stdout != "somewhere\n" || !strings.Contains(stderr, "as it is") {
		t.Fatalf("exit code %d, output %q, %q", code, stdout, stderr)
	}
}

func TestSignalsReachTheCommandAndItsChildren(t *testing.T) {
	// The command waits for a child; only a signal to both lets them print.
	const script = `
		sh -c 'trap "echo child; exit 0" TERM; echo up; while :; do sleep 0.05; done' | {
			trap "" TERM
			read up
			kill -TERM $ENGINES
			cat
		}`
	code, stdout, stderr := engines(t, []string{engine.PostgresEnv + "=somewhere"}, "--", "sh", "-c", "ENGINES=$PPID; "+script)
	if !strings.Contains(stdout, "child") {
		t.Fatalf("the child was not reached: exit code %d, output %q, %q", code, stdout, stderr)
	}
}

func TestUsageAndMissingCommand(t *testing.T) {
	for _, args := range [][]string{nil, {"go", "test"}, {"--"}} {
		if code, _, stderr := engines(t, nil, args...); code != exitUsage || !strings.Contains(stderr, "usage") {
			t.Errorf("%q: exit code %d, %q", args, code, stderr)
		}
	}
	if code, _, _ := engines(t, []string{engine.PostgresEnv + "=somewhere"}, "--", "no-such-command"); code != exitFailed {
		t.Errorf("a command that does not exist: exit code %d, want %d", code, exitFailed)
	}
}

func execute(t *testing.T, dsn string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err == nil {
		_ = conn.Close(t.Context())
	}
	return err
}
