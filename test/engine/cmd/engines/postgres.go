package main

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
	"strconv"
	"strings"
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
)

// startPostgres runs a PostgreSQL of its own in a temporary folder, durable as in production (fsync on), reachable on
// the loopback address by password only.
func startPostgres(ctx context.Context, out io.Writer) (_ *server, err error) {
	bin, err := findPostgres(ctx)
	if errors.Is(err, errNotInstalled) {
		if err := install(ctx, out, "postgresql"); err != nil {
			return nil, err
		}
		bin, err = findPostgres(ctx)
	}
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(reachable(os.TempDir()), "holdfast-postgres-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	p := &postgres{bin: bin, folder: folder, owner: owner, password: rand.Text()}
	if err := p.create(ctx); err != nil {
		return nil, err
	}
	for range startTries {
		if err = p.launch(ctx); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return &server{
		address: p.address(),
		about:   fmt.Sprintf("%s, private, port %d, folder %s, fsync on", p.version(ctx), p.port, folder),
		stop:    func() error { return errors.Join(p.stop(), os.RemoveAll(folder)) },
	}, nil
}

type postgres struct {
	bin      string // folder with initdb and postgres
	folder   string
	owner    *syscall.Credential // nil: the current user
	password string
	port     int

	process *exec.Cmd
	ended   chan struct{} // closed when process has ended
}

func (p *postgres) address() string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", p.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}).String()
}

// program prepares one of PostgreSQL's programs to run as the owner of the folder, deaf to the terminal's signals.
func (p *postgres) program(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Dir = p.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.folder, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attributes(p.owner)
	return cmd
}

// create makes the folder the owner's and an empty cluster in it.
func (p *postgres) create(ctx context.Context) error {
	secret := filepath.Join(p.folder, "password")
	if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
		return err
	}
	if p.owner != nil {
		for _, name := range []string{p.folder, secret} {
			if err := os.Chown(name, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
				return err
			}
		}
	}
	output, err := p.program(ctx, "initdb", "-D", p.data(), "-U", "postgres", "--pwfile", secret,
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return nil
}

func (p *postgres) data() string { return filepath.Join(p.folder, "data") }

// launch starts the server on a free port and returns when it answers.
func (p *postgres) launch(ctx context.Context) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	p.port = port
	log, err := os.Create(filepath.Join(p.folder, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own copy

	// It outlives ctx, which a signal ends: stop takes it down after the command has ended.
	cmd := p.program(context.WithoutCancel(ctx), "postgres", "-D", p.data(),
		"-c", "port="+strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=",
		"-c", "fsync=on",
		"-c", "max_connections=200",
		"-c", "shared_buffers=256MB",
		"-c", "max_wal_size=2GB", // no checkpoint in the middle of a short benchmark
		"-c", "timezone=UTC")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	p.process, p.ended = cmd, make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.ended)
	}()
	if err := p.ready(ctx); err != nil {
		text, _ := os.ReadFile(log.Name())
		return errors.Join(fmt.Errorf("start: %w\n%s", err, text), p.stop())
	}
	return nil
}

func (p *postgres) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyInterval)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.address())
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

// stop ends the server: first so that it finishes its files, then, past stopTimeout, at once.
func (p *postgres) stop() error {
	for _, try := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, stopTimeout}, {syscall.SIGQUIT, stopAtOnce}, {syscall.SIGKILL, stopAtOnce}} {
		_ = p.process.Process.Signal(try.signal) // an error means that it has ended already
		timeout := time.NewTimer(try.wait)
		select {
		case <-p.ended:
			timeout.Stop()
			return nil
		case <-timeout.C:
		}
	}
	return fmt.Errorf("PostgreSQL (process %d) does not stop", p.process.Process.Pid)
}

func (p *postgres) version(ctx context.Context) string {
	output, err := p.program(ctx, "postgres", "--version").Output()
	if err != nil {
		return p.bin
	}
	return string(bytes.TrimSpace(output))
}

var errNotInstalled = fmt.Errorf("PostgreSQL %d or newer is not installed", oldestPostgres)

// findPostgres returns the folder with the newest PostgreSQL of Debian's layout, else the one that PATH leads to.
func findPostgres(ctx context.Context) (string, error) {
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
