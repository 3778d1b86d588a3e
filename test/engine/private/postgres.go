// Package private runs database servers of this process's own: in temporary folders, on free ports of the loopback
// address, as an unprivileged user, ended by their process ids. Tests that only need a database use package engine; this
// is for those who stop, kill and replicate the server itself.
package private

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	oldestPostgres = 15
	startTries     = 3 // another process can take the free port between our look and the server's
	readyTimeout   = 60 * time.Second
	readyInterval  = 50 * time.Millisecond
	stopTimeout    = 30 * time.Second
	stopAtOnce     = 10 * time.Second
	logBytes       = 16 << 10 // of the log, in errors
)

// Postgres is a PostgreSQL of this process's own.
type Postgres struct {
	bin      string // folder with initdb and postgres
	folder   string
	owner    *syscall.Credential // nil: the current user
	password string
	port     int
	settings []string // NAME=VALUE, beside those that all have

	process *os.Process
	ended   chan struct{} // closed when process has ended
	keeper  sync.WaitGroup
}

// StartPostgres runs a PostgreSQL in a temporary folder, durable as in production (fsync on), reachable on the loopback
// address by password only. settings are NAME=VALUE. It lives until Stop, whatever becomes of ctx. Where none is
// installed, root on a machine with apt has it installed, which out is told about.
func StartPostgres(ctx context.Context, out io.Writer, settings ...string) (*Postgres, error) {
	bin, err := FindPostgres(ctx)
	if errors.Is(err, errNotInstalled) {
		if err := install(ctx, out, "postgresql"); err != nil {
			return nil, err
		}
		bin, err = FindPostgres(ctx)
	}
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin, owner: owner, password: rand.Text(), settings: settings}
	return p, p.begin(ctx, p.create)
}

// begin makes the folder, has it filled, and starts the server.
func (p *Postgres) begin(ctx context.Context, fill func(context.Context) error) (err error) {
	if p.folder, err = os.MkdirTemp(reachable(os.TempDir()), "holdfast-postgres-"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(p.folder))
		}
	}()
	if p.owner != nil {
		if err := os.Chown(p.folder, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			return err
		}
	}
	if err := fill(ctx); err != nil {
		return err
	}
	for range startTries {
		if p.port, err = freePort(ctx); err != nil {
			return err
		}
		if err = p.launch(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// About says for people what and where it is.
func (p *Postgres) About(ctx context.Context) string {
	return fmt.Sprintf("%s, private, port %d, folder %s, fsync on", p.version(ctx), p.port, p.folder)
}

// Host is where it listens, HOST:PORT.
func (p *Postgres) Host() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// Stop ends the server in good order and removes its folder.
func (p *Postgres) Stop() error { return errors.Join(p.end(), os.RemoveAll(p.folder)) }

// Kill ends the server with SIGKILL, as a machine that is gone does. Its folder stays.
func (p *Postgres) Kill() {
	_ = p.process.Kill() // an error means that it has ended already
	<-p.ended
	p.keeper.Wait()
}

// Restart ends the server with a signal, SIGINT for a fast stop and SIGQUIT for an immediate one, which leaves recovery to
// the next start, and starts it again on the same port.
func (p *Postgres) Restart(ctx context.Context, signal syscall.Signal) error {
	_ = p.process.Signal(signal) // an error means that it has ended already
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		return errors.Join(fmt.Errorf("PostgreSQL does not stop at %v", signal), p.end())
	}
	p.keeper.Wait()
	return p.launch(ctx)
}

// Standby makes a copy of the server that follows it by streaming replication under a name, and starts it: a hot
// standby, which takes reads alone until Promote.
func (p *Postgres) Standby(ctx context.Context, name string) (*Postgres, error) {
	s := &Postgres{bin: p.bin, owner: p.owner, password: p.password, settings: p.settings}
	return s, s.begin(ctx, func(ctx context.Context) error {
		from, err := url.Parse(p.DSN())
		if err != nil {
			return err
		}
		query := from.Query()
		query.Set("application_name", name)
		from.RawQuery = query.Encode()
		output, err := s.program(ctx, "pg_basebackup", "--pgdata="+s.data(), "--dbname="+from.String(),
			"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync").CombinedOutput()
		if err != nil {
			return fmt.Errorf("pg_basebackup: %w\n%s", err, output)
		}
		return nil
	})
}

// Promote makes a standby a primary and returns when it takes writes.
func (p *Postgres) Promote(ctx context.Context) error {
	output, err := p.program(ctx, "pg_ctl", "promote", "--wait", "-D", p.data()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_ctl promote: %w\n%s", err, output)
	}
	return nil
}

// Program prepares another of PostgreSQL's programs, such as pg_dump.
func (p *Postgres) Program(ctx context.Context, name string, args ...string) *exec.Cmd {
	return p.program(ctx, name, args...)
}

// Log is the end of what the server said.
func (p *Postgres) Log() string {
	text, _ := os.ReadFile(filepath.Join(p.folder, "log"))
	return string(text[max(0, len(text)-logBytes):])
}

// DSN is the address of the server's own database, for its superuser.
func (p *Postgres) DSN() string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", p.password),
		Host: p.Host(), Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()
}

// program prepares one of PostgreSQL's programs to run as the owner of the folder, deaf to the terminal's signals.
func (p *Postgres) program(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Dir = p.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.folder, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attributes(p.owner)
	return cmd
}

// create makes an empty cluster in the folder.
func (p *Postgres) create(ctx context.Context) error {
	secret := filepath.Join(p.folder, "password")
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
		return err
	}
	if p.owner != nil {
		if err := os.Chown(secret, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			return err
		}
	}
	output, err := p.program(ctx, "initdb", "-D", p.data(), "-U", "postgres", "--pwfile", secret,
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return nil
}

func (p *Postgres) data() string { return filepath.Join(p.folder, "data") }

// launch starts the server on its port and returns when it answers.
func (p *Postgres) launch(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(p.folder, "log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own copy

	args := []string{"-D", p.data()}
	for _, setting := range append([]string{
		"port=" + strconv.Itoa(p.port),
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"fsync=on",
		"max_connections=200",
		"shared_buffers=256MB",
		"max_wal_size=2GB", // no checkpoint in the middle of a short benchmark
		"timezone=UTC",
	}, p.settings...) {
		args = append(args, "-c", setting)
	}
	// It outlives ctx: Stop takes it down.
	cmd := p.program(context.WithoutCancel(ctx), "postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	started := make(chan error, 1)
	p.ended = make(chan struct{})
	p.keeper.Go(func() { // starts and awaits the process on one thread: the server dies with the thread that started it
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
		close(p.ended)
	})
	if err := <-started; err != nil {
		return err
	}
	p.process = cmd.Process
	if err := p.ready(ctx); err != nil {
		return errors.Join(fmt.Errorf("start: %w\n%s", err, p.Log()), p.end())
	}
	return nil
}

func (p *Postgres) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.DSN())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.ended:
			return errors.New("the server ended at once")
		case <-ctx.Done():
			return fmt.Errorf("no answer in %v: %w", readyTimeout, err)
		case <-tick.C:
		}
	}
}

// end ends the server: first so that it finishes its files, then, past stopTimeout, at once.
func (p *Postgres) end() error {
	for _, try := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, stopTimeout}, {syscall.SIGQUIT, stopAtOnce}, {syscall.SIGKILL, stopAtOnce}} {
		_ = p.process.Signal(try.signal) // an error means that it has ended already
		timeout := time.NewTimer(try.wait)
		select {
		case <-p.ended:
			timeout.Stop()
			p.keeper.Wait()
			return nil
		case <-timeout.C:
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) does not stop", p.process.Pid)
}

func (p *Postgres) version(ctx context.Context) string {
	output, err := p.program(ctx, "postgres", "--version").Output()
	if err != nil {
		return p.bin
	}
	return string(bytes.TrimSpace(output))
}

var errNotInstalled = fmt.Errorf("PostgreSQL %d or newer is not installed", oldestPostgres)

// FindPostgres returns the folder with the newest PostgreSQL of Debian's layout, else the one that PATH leads to.
func FindPostgres(ctx context.Context) (string, error) {
	newest, found := oldestPostgres-1, ""
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	for _, path := range dirs {
		bin := filepath.Dir(path)
		if version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil && version > newest {
			newest, found = version, bin
		}
	}
	if found != "" {
		return found, nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", errNotInstalled
	}
	output, err := exec.CommandContext(ctx, path, "--version").Output() // postgres (PostgreSQL) 17.2 (...)
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	if words := strings.Fields(string(output)); len(words) > 2 {
		major, _, _ := strings.Cut(words[2], ".")
		if version, err := strconv.Atoi(major); err == nil && version >= oldestPostgres {
			return filepath.Dir(path), nil
		}
	}
	return "", errNotInstalled
}

// unprivileged returns the user to run servers as: PostgreSQL refuses root. nil stands for the current user.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(err, err2); err != nil {
			errs = append(errs, err)
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("no user to run PostgreSQL as: %w", errors.Join(errs...))
}

// reachable returns dir, or /tmp when another user than root could not get into dir.
func reachable(dir string) string {
	if os.Geteuid() != 0 {
		return dir
	}
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return "/tmp"
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(fmt.Errorf("address %v has no port", listener.Addr()), listener.Close())
	}
	return address.Port, listener.Close()
}
