// Command holdfast is the whole of Holdfast in one binary: the server, and the tools around its data.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"

	"holdfast/fault"
	"holdfast/internal/admin"
	"holdfast/internal/config"
	"holdfast/internal/lifecycle"
	"holdfast/internal/telemetry"
)

// Exit codes.
const (
	exitDone     = 0
	exitFindings = 1 // it ran, and the answer is no: the audit found something, lines of a file were refused, the server failed
	exitNotRun   = 2 // wrong usage or settings, or what it needs is not there
)

// cli is the command line.
type cli struct {
	config.Config

	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Migrate migrateCommand `cmd:"" help:"Bring the stores to the version that this binary needs."`
	Import  importCommand  `cmd:"" help:"Bring in data from files."`
	Audit   auditCommand   `cmd:"" help:"Recompute everything from the reservations and say what is right and what is not."`
	Backup  backupCommand  `cmd:"" help:"Copy the data folder while a server runs on it, or check such a copy."`
	Restore restoreCommand `cmd:"" help:"Bring a backup into an empty data folder."`
	Show    configCommand  `cmd:"" name:"config" help:"Show the effective settings and where each came from."`
	Version versionCommand `cmd:"" help:"Show which build this is."`
}

// process is what a command works with.
type process struct {
	config         *config.Config
	loader         *config.Loader
	stdout, stderr io.Writer
	log            *slog.Logger
}

// codeError ends the process with a code; its text, if any, goes to stderr.
type codeError struct {
	code int
	err  error // nil: everything has been said
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// exited is what kong's own ends (--help) panic with, so that run returns once and in one place.
type exited int

func run(args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if e, ok := recover().(exited); ok {
			code = int(e)
		}
	}()
	complain := func(err error) {
		text := config.Message(err)
		if _, ok := errors.AsType[*fault.Error](err); ok {
			text = admin.Explain(err)
		}
		_, _ = fmt.Fprintln(stderr, "holdfast: "+text)
	}

	var c cli
	loader := config.NewLoader(&c.Config)
	parser, err := kong.New(&c,
		kong.Name("holdfast"), kong.Description(about),
		kong.Resolvers(loader), kong.ValueFormatter(loader.HelpOf), kong.Help(helpPrinter(loader)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 110}),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exited(code)) }),
	)
	if err != nil {
		complain(err)
		return exitNotRun
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if err == nil {
		err = loader.Finish(ctx)
	}
	if err != nil {
		complain(err)
		if _, ours := errors.AsType[*config.Error](err); !ours {
			_, _ = fmt.Fprintln(stderr, "Run holdfast --help, or holdfast COMMAND --help, to see what is possible.")
		}
		return exitNotRun
	}
	level := c.Log.Level
	if ctx.Selected().Name != "serve" && loader.IsDefault("log.level") {
		level = "warn" // of a tool people want to read what it found, not how it came about
	}
	p := &process{config: &c.Config, loader: loader, stdout: stdout, stderr: stderr}
	if p.log, err = newLog(level, c.Log.Format, stderr); err != nil {
		complain(err)
		return exitNotRun
	}
	slog.SetDefault(p.log)
	for name, meant := range loader.UnknownEnvironment() {
		p.log.Warn("variable is no setting", "variable", name, "did_you_mean", meant)
	}
	if err := ctx.Run(p); err != nil {
		code := exitNotRun
		if coded, ok := errors.AsType[*codeError](err); ok {
			if code = coded.code; coded.err == nil {
				return code
			}
		}
		complain(err)
		return code
	}
	return exitDone
}

func newLog(levelWord, formatWord string, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(levelWord)); err != nil {
		return nil, err
	}
	var format telemetry.Format
	if err := format.UnmarshalText([]byte(formatWord)); err != nil {
		return nil, err
	}
	return telemetry.NewLogger(w, format, level), nil
}

// interruptible is a context that ends when somebody asks the process to stop.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), lifecycle.Signals()...)
}

// helpPrinter shows all settings where they matter (serve, config) and elsewhere the few that every command needs.
func helpPrinter(loader *config.Loader) kong.HelpPrinter {
	return func(options kong.HelpOptions, ctx *kong.Context) error {
		selected := ctx.Selected()
		if selected == nil || selected.Name != "serve" && selected.Name != "config" {
			for _, flag := range ctx.Model.Flags {
				flag.Hidden = flag.Hidden || !loader.Everywhere(flag.Name)
			}
		}
		return kong.DefaultHelpPrinter(options, ctx)
	}
}

const about = `Holdfast sells stock that must never be sold twice: rooms, seats, berths.

Start with:  holdfast serve --demo`
