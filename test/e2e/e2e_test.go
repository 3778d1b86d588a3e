package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"holdfast/test/e2e/process"
)

// binary is the path of the binary under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast-e2e-")
	if binary = os.Getenv("HOLDFAST_TEST_BINARY"); err == nil && binary == "" {
		binary, err = process.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		_ = os.RemoveAll(dir)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir) // in the system's folder for temporary files
		os.Exit(code)
	}))
}

// long tells whether the long forms were asked for.
var long = os.Getenv("HOLDFAST_LONG") == "1"

// form is the short or the long form of a number.
func form(short, longer int) int {
	if long {
		return longer
	}
	return short
}

// data is the folder of shared real data, which is beside the repository where developers work.
func data(t *testing.T, path string) string {
	t.Helper()
	name, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no %s, and CI tests with it: %v", path, err)
		}
		t.Skipf("no %s: %v", path, err)
	}
	return name
}
