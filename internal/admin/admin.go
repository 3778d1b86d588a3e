// Package admin is how a tool on the same machine talks to the running server: HTTP over a Unix socket in the data
// folder, which only the folder's owner can open. There are no tokens and no names of hotels here: a job is a function
// that reads a request, tells how far it is, and ends with one result.
//
// A job's answer is a stream of JSON lines: any number of {"progress": {"done", "total"}}, then one {"result": ...} or
// one {"error": {"reason", "message"}}. A stream that ends without either was cut off.
package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"holdfast/fault"
)

// SocketName is the name of the socket in the data folder.
const SocketName = "admin.sock"

const (
	progressEvery = 100 * time.Millisecond // between two progress lines
	maxLine       = 64 << 20               // bytes of one line of an answer: a report with all refused lines of a file
	dialTimeout   = 2 * time.Second
	headerTimeout = 5 * time.Second
	// pathMax is what a socket's path may have on every system (sun_path has 104 to 108 bytes).
	pathMax = 100
)

// Progress tells how far a job is: done of total, in a unit of the job's own. It may be called often.
type Progress func(done, total int64)

// Job does one thing for a tool. ctx ends with the tool's connection. The result is written as JSON.
type Job func(ctx context.Context, query url.Values, body io.Reader, progress Progress) (result any, err error)

// Server listens on the socket.
type Server struct {
	http   *http.Server
	path   string
	served sync.WaitGroup
}

// Listen serves the jobs at their patterns ("POST /name") on a socket in dir, together with pprof under /debug/pprof/. fail
// is called when serving breaks off. A socket left behind by a dead server is replaced: whoever calls Listen has the
// folder's lock.
func Listen(dir string, jobs map[string]Job, log *slog.Logger, fail func(error)) (*Server, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	short, release, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer release()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	listener.SetUnlinkOnClose(false) // its name may be the short one; Stop removes the real one
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("admin socket: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	for pattern, job := range jobs {
		mux.HandleFunc(pattern, serve(job))
	}
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s := &Server{path: path, http: &http.Server{
		Handler: mux, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}}
	s.served.Go(func() {
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fail(fmt.Errorf("admin socket: %w", err))
		}
	})
	return s, nil
}

// Stop lets running jobs end until ctx does, then cuts them off, and removes the socket.
func (s *Server) Stop(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.served.Wait()
	return errors.Join(err, os.Remove(s.path))
}

// shorten gives a path for the same place that fits into a socket's address, and what frees it again.
func shorten(path string) (string, func(), error) {
	if len(path) <= pathMax {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, fmt.Errorf("admin socket: %w", err)
	}
	short := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	if _, err := os.Stat(filepath.Dir(short)); err != nil { // not Linux
		return "", nil, errors.Join(fmt.Errorf("admin socket: the path %s has %d bytes, at most %d work; use a shorter data folder", path, len(path), pathMax), dir.Close())
	}
	return short, func() { _ = dir.Close() }, nil
}

// line is one line of an answer.
type line struct {
	Progress *step           `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *failure        `json:"error,omitempty"`
}

type step struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

type failure struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func serve(job Job) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// A job reads its request while it already tells about progress.
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1 over a socket has it
		w.Header().Set("Connection", "close")                // a job may end with its request unread
		w.Header().Set("Content-Type", "application/x-ndjson")
		var mu sync.Mutex
		var last time.Time
		send := func(l line) {
			mu.Lock()
			defer mu.Unlock()
			_ = json.NewEncoder(w).Encode(l) // a tool that has gone ends r.Context()
			_ = http.NewResponseController(w).Flush()
		}
		progress := func(done, total int64) {
			mu.Lock()
			now := time.Now()
			due := now.Sub(last) >= progressEvery
			if due {
				last = now
			}
			mu.Unlock()
			if due {
				send(line{Progress: &step{done, total}})
			}
		}
		result, err := job(r.Context(), r.URL.Query(), r.Body, progress)
		if err == nil {
			var text []byte
			if text, err = json.Marshal(result); err == nil {
				send(line{Result: text})
				return
			}
		}
		send(line{Error: &failure{fault.As(err).Reason, Explain(err)}})
	}
}

// Told is an error whose text was written for the operator: Explain gives it as it is.
type Told struct{ Err error }

func (t *Told) Error() string { return t.Err.Error() }

// Unwrap gives the error.
func (t *Told) Unwrap() error { return t.Err }

// Explain is the text of an error for the operator: what a caller would be told with all places that are wrong, and the
// cause where the error is a defect.
func Explain(err error) string {
	if told, ok := errors.AsType[*Told](err); ok {
		return told.Error()
	}
	f := fault.As(err)
	if f.Kind == fault.Internal {
		return f.Error()
	}
	text := f.Public
	for _, place := range f.Fields {
		if place.Message != f.Public {
			text += fmt.Sprintf("\n  %s: %s", place.Pointer, place.Message)
		}
	}
	if n := f.Meta["line"]; n != "" && n != "0" { // 0: not a line of the file, but what was asked for
		text += fmt.Sprintf(" (line %s)", n)
	}
	return text
}

var (
	// ErrNoServer: nobody listens in that folder.
	ErrNoServer = errors.New("no server listens on the admin socket")
	// ErrCutOff: the server went away before it answered.
	ErrCutOff = errors.New("the server ended before it answered")
)

// RemoteError is an error of a job.
type RemoteError struct{ Reason, Message string }

func (e *RemoteError) Error() string { return e.Message }

// Call posts to the job name of the server of the folder dir and reads its result into result. It fails with ErrNoServer
// where none listens, having read nothing of body, and with a *RemoteError where the job failed. The body is not closed.
func Call(ctx context.Context, dir, name string, query url.Values, body io.Reader, result any, progress Progress) error {
	path, release, err := shorten(filepath.Join(dir, SocketName))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return ErrNoServer
		}
		return err
	}
	defer release()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialer := net.Dialer{Timeout: dialTimeout}
		conn, err := dialer.DialContext(ctx, "unix", path)
		if err != nil {
			return nil, errors.Join(ErrNoServer, err)
		}
		return conn, nil
	}}
	defer transport.CloseIdleConnections()
	if body != nil {
		body = io.NopCloser(body) // the transport would close it, and the caller may still need it
	}
	address := url.URL{Scheme: "http", Host: "admin", Path: "/" + name, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), body)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		if errors.Is(err, ErrNoServer) {
			return ErrNoServer
		}
		return fmt.Errorf("admin socket: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("admin socket: the server says %s to %s; is it another version?", response.Status, name)
	}
	return read(response.Body, result, progress)
}

func read(body io.Reader, result any, progress Progress) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("admin socket: %w", err)
		}
		switch {
		case l.Error != nil:
			return &RemoteError{l.Error.Reason, l.Error.Message}
		case l.Result != nil:
			return json.Unmarshal(l.Result, result)
		case l.Progress != nil && progress != nil:
			progress(l.Progress.Done, l.Progress.Total)
		}
	}
	return errors.Join(ErrCutOff, lines.Err())
}
