package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

// TestReadme copies the tour out of the README and pastes it into a shell, as its readers do. Only the address, the
// binary and the folder are others; and every call must succeed, where a shell would go on.
func TestReadme(t *testing.T) {
	shell := tools(t, "bash", "curl", "jq")
	dir := t.TempDir()
	folder := filepath.Join(dir, "data")
	server, err := process.Start(t.Context(), binary, "--demo", "--data="+folder, "--horizon-nights=60", "--horizon-runs=40", "--horizon-flights=40")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	script := `set -euo pipefail; curl() { command curl --fail-with-body "$@"; }` + "\n" + tourInReadme(t)
	for is, here := range map[string]string{"http://127.0.0.1:8080": server.URL, "bin/holdfast ": binary + " ", "--data data\n": "--data " + folder + "\n"} {
		if !strings.Contains(script, is) {
			t.Fatalf("the tour does not name %q", is)
		}
		script = strings.ReplaceAll(script, is, here)
	}
	cmd := exec.CommandContext(t.Context(), shell)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(script)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\nthe server:\n%s", err, said, server.Tail())
	}
	if !strings.Contains(string(said), "Everything is right") {
		t.Errorf("no audit at the end of\n%s", said)
	}
	service := api.New(server.URL)
	defer service.Close()
	me := caller{t: t, service: service, token: "demo-traveller"}
	var list api.Reservations
	me.want(200, "GET", "/v1/reservations", nil, &list)
	var ends []string
	for _, r := range list.Reservations { // newest first
		ends = append(ends, r.Status+" "+r.PaymentStatus)
	}
	if want := []string{"confirmed paid", "held unpaid", "cancelled refunded"}; !slices.Equal(ends, want) {
		t.Errorf("flight, train and stay are %q, want %q", ends, want)
	}
	if code, err := server.Stop(); code != 0 || err != nil {
		t.Errorf("the server ended with %d, %v", code, err)
	}
}

// tourInReadme is the first block of commands below the tour's heading.
func tourInReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, below, found := strings.Cut(string(text), "\n## Five minutes with curl\n")
	_, block, begins := strings.Cut(below, "\n```sh\n")
	block, _, ends := strings.Cut(block, "\n```\n")
	if !found || !begins || !ends {
		t.Fatal("the README has no tour")
	}
	return block + "\n"
}

// tools finds the first of some programs, all of which must be there; developers may lack one.
func tools(t *testing.T, names ...string) (first string) {
	t.Helper()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s: %v", name, err)
			}
			t.Skipf("no %s: %v", name, err)
		}
		if first == "" {
			first = path
		}
	}
	return first
}
