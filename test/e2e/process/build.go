package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build compiles the binary of this module without cgo into the folder dir and returns its path. The working directory
// must lie inside the module.
func Build(ctx context.Context, dir string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(dir, "holdfast"))
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "holdfast/cmd/holdfast")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, said)
	}
	return binary, nil
}

// Result is what a command that has ended said.
type Result struct {
	Code           int // exit code
	Stdout, Stderr string
}

// Run runs a command of the binary to its end. An exit code other than 0 is no error.
func Run(ctx context.Context, binary string, args ...string) (Result, error) {
	return RunWith(ctx, binary, nil, args...)
}

// RunWith is Run with additional variables ("NAME=value").
func RunWith(ctx context.Context, binary string, env []string, args ...string) (Result, error) {
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(environment(), env...), &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		return Result{}, fmt.Errorf("%s %s: %w\n%s", binary, strings.Join(args, " "), err, &stderr)
	}
	return Result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
}

// environment is this process's without settings of the binary: only what a test says counts.
func environment() []string {
	var kept []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "HOLDFAST_") {
			kept = append(kept, pair)
		}
	}
	return kept
}
