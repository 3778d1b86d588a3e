// Command engines starts private servers for tests, runs a command with their addresses in its environment, and takes
// everything down again:
//
//	engines -- go test ./...
//
// A server that the environment names already is used as it is. What cannot be had leaves its tests skipped; where
// CI=true it is a failure instead. The exit code is the command's. SIGINT, SIGTERM and SIGHUP go to the command and
// everything it started.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"holdfast/test/engine"
	"holdfast/test/engine/private"
)

// server is an engine that runs; stop ends it and removes what it left.
type server struct {
	address string
	about   string // for people: product, version, place
	stop    func() error
}

// kinds are the engines that tests can ask for.
var kinds = []struct {
	name, env string
	start     func(context.Context, io.Writer) (*server, error)
}{
	{"PostgreSQL", engine.PostgresEnv, startPostgres},
}

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

const (
	exitUsage  = 2
	exitFailed = 1
)

func run(args []string, out io.Writer) int {
	if len(args) < 2 || args[0] != "--" {
		_, _ = fmt.Fprintln(out, "usage: engines -- COMMAND [ARGUMENT ...]")
		return exitUsage
	}
	say := func(format string, a ...any) { _, _ = fmt.Fprintf(out, "engines: "+format+"\n", a...) }

	// From here on a signal never ends this process by itself: the servers have to be taken down first.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()

	code := exitFailed
	started, err := start(ctx, out, say)
	if err == nil {
		code, err = command(args[1:], signals)
	}
	for _, s := range started {
		err = errors.Join(err, s.stop())
	}
	if err != nil {
		say("%v", err)
		return max(code, exitFailed)
	}
	return code
}

// start brings up every engine and puts its address into this process's environment, which the command inherits. What it
// returns has to be stopped, with an error too.
func start(ctx context.Context, out io.Writer, say func(string, ...any)) (started []*server, err error) {
	for _, kind := range kinds {
		if os.Getenv(kind.env) != "" {
			say("%s: the server of %s, as it is", kind.name, kind.env)
			continue
		}
		s, err := kind.start(ctx, out)
		switch {
		case err == nil:
		case ctx.Err() != nil || os.Getenv("CI") == "true":
			return started, fmt.Errorf("%s: %w", kind.name, err)
		default:
			say("%s: none, so the tests that need it are skipped: %v", kind.name, err)
			continue
		}
		started = append(started, s)
		if err := os.Setenv(kind.env, s.address); err != nil {
			return started, err
		}
		say("%s: %s", kind.name, s.about)
	}
	return started, nil
}

// startPostgres starts a private PostgreSQL.
func startPostgres(ctx context.Context, out io.Writer) (*server, error) {
	p, err := private.StartPostgres(ctx, out)
	if err != nil {
		return nil, err
	}
	return &server{address: p.DSN(), about: p.About(ctx), stop: p.Stop}, nil
}

// command runs the command to its end and returns its exit code.
func command(args []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // it ends by the signals passed on below
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// A process group of its own, so that a signal reaches its children (go test's test binaries) too, and exactly once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return exitFailed, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if number, ok := s.(syscall.Signal); ok {
				_ = syscall.Kill(-cmd.Process.Pid, number) // an error means that it has ended already
			}
		case err := <-ended:
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
					return 128 + int(status.Signal()), nil // as a shell reports it
				}
				return exit.ExitCode(), nil
			}
			if err != nil {
				return exitFailed, err
			}
			return 0, nil
		}
	}
}
