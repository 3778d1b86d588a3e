package admin_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/fault"
	"holdfast/internal/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type answer struct {
	Word string
	Read int
}

type closable struct {
	io.Reader
	closed bool
}

func (c *closable) Close() error {
	c.closed = true
	return nil
}

func listen(t *testing.T, dir string, jobs map[string]admin.Job) *admin.Server {
	t.Helper()
	s, err := admin.Listen(dir, jobs, slog.New(slog.DiscardHandler), func(err error) { t.Errorf("serving broke off: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJob(t *testing.T) {
	for name, dir := range map[string]string{
		"plain":     t.TempDir(),
		"long path": filepath.Join(t.TempDir(), strings.Repeat("long", 30)),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			// What a killed server leaves behind is in nobody's way.
			if err := os.WriteFile(filepath.Join(dir, admin.SocketName), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s := listen(t, dir, map[string]admin.Job{
				"POST /copy": func(_ context.Context, q url.Values, body io.Reader, progress admin.Progress) (any, error) {
					text, err := io.ReadAll(body)
					progress(1, 2)
					progress(2, 2)
					return answer{q.Get("word"), len(text)}, err
				},
				"POST /refuse": func(context.Context, url.Values, io.Reader, admin.Progress) (any, error) {
					return nil, fault.New(fault.Conflict, "sold_out", "No room is left.")
				},
				"POST /invalid": func(context.Context, url.Values, io.Reader, admin.Progress) (any, error) {
					e := fault.InvalidField("/stars", "out_of_range", "Stars are 0 to 5.")
					e.Public, e.Meta = "Some values are not possible.", map[string]string{"line": "7"}
					return nil, e
				},
				"POST /break": func(context.Context, url.Values, io.Reader, admin.Progress) (any, error) {
					return nil, errors.New("disk on fire")
				},
			})
			info, err := os.Stat(filepath.Join(dir, admin.SocketName))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("socket: %v, error %v; want 0600", info, err)
			}
			var got answer
			steps := 0
			err = admin.Call(t.Context(), dir, "copy", url.Values{"word": {"a b"}}, strings.NewReader(strings.Repeat("x", 1<<20)), &got,
				func(done, total int64) { steps++ })
			if err != nil || got != (answer{"a b", 1 << 20}) || steps == 0 {
				t.Errorf("got %+v after %d steps, error %v", got, steps, err)
			}
			err = admin.Call(t.Context(), dir, "refuse", nil, nil, &got, nil)
			if remote, ok := errors.AsType[*admin.RemoteError](err); !ok || remote.Reason != "sold_out" || remote.Error() != "No room is left." {
				t.Errorf("refused: got %v", err)
			}
			if err := admin.Call(t.Context(), dir, "invalid", nil, nil, &got, nil); err == nil || err.Error() != "Some values are not possible.\n  /stars: Stars are 0 to 5. (line 7)" {
				t.Errorf("invalid: got %v", err)
			}
			if err := admin.Call(t.Context(), dir, "break", nil, nil, &got, nil); err == nil || !strings.Contains(err.Error(), "disk on fire") {
				t.Errorf("broken: got %v", err)
			}
			if err := admin.Call(t.Context(), dir, "unknown", nil, nil, &got, nil); err == nil || !strings.Contains(err.Error(), "404") {
				t.Errorf("unknown job: got %v", err)
			}
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			body := &closable{Reader: strings.NewReader("all of it")}
			if err := admin.Call(t.Context(), dir, "copy", nil, body, &got, nil); !errors.Is(err, admin.ErrNoServer) {
				t.Errorf("after the stop: got %v, want ErrNoServer", err)
			}
			if rest, err := io.ReadAll(body); string(rest) != "all of it" || err != nil || body.closed {
				t.Errorf("after a call to nobody the body is %q, closed %v, error %v; want it untouched", rest, body.closed, err)
			}
		})
	}
	if err := admin.Call(t.Context(), filepath.Join(t.TempDir(), strings.Repeat("none", 30)), "x", nil, nil, nil, nil); !errors.Is(err, admin.ErrNoServer) {
		t.Errorf("no folder: got %v, want ErrNoServer", err)
	}
}

func TestStopCutsOffWhatDoesNotEnd(t *testing.T) {
	dir := t.TempDir()
	running := make(chan struct{})
	s := listen(t, dir, map[string]admin.Job{
		"POST /wait": func(ctx context.Context, _ url.Values, _ io.Reader, progress admin.Progress) (any, error) {
			progress(0, 1)
			close(running)
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	done := make(chan error)
	go func() { done <- admin.Call(context.Background(), dir, "wait", nil, nil, nil, nil) }()
	<-running
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("the call says that all is well")
	}
}

func TestJobEndsWithItsTool(t *testing.T) {
	dir := t.TempDir()
	running, ended := make(chan struct{}), make(chan struct{})
	s := listen(t, dir, map[string]admin.Job{
		"POST /wait": func(ctx context.Context, _ url.Values, _ io.Reader, _ admin.Progress) (any, error) {
			close(running)
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- admin.Call(ctx, dir, "wait", nil, nil, nil, nil) }()
	<-running
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-ended
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
