package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds a start, on a machine busy with other tests; stopTimeout a stop in good order.
const (
	startTimeout = 90 * time.Second
	stopTimeout  = 60 * time.Second
)

// Server is a running `holdfast serve`.
type Server struct {
	URL string // http://HOST:PORT
	PID int

	process *os.Process
	said    *output
	ended   chan struct{} // closed when the process is gone
	state   *os.ProcessState
	keeper  sync.WaitGroup
}

// ErrNotStarted means that the server ended, or said nothing, instead of becoming ready. The error's text has what it said.
var ErrNotStarted = errors.New("the server did not start")

// Start starts `BINARY serve --addr=127.0.0.1:0 ARGS...` and returns when it takes requests. The server's life does not
// depend on ctx.
func Start(ctx context.Context, binary string, args ...string) (*Server, error) {
	s := &Server{said: newOutput(), ended: make(chan struct{})}
	cmd := exec.Command(binary, append([]string{"serve", "--addr=127.0.0.1:0"}, args...)...) //nolint:noctx // ended by Stop and Kill
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = environment(), s.said, s.said, attributes()
	started := make(chan error, 1)
	s.keeper.Go(func() { // starts and awaits the process on one thread, see attributes
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in ProcessState
			s.state = cmd.ProcessState
		}
		close(s.ended)
	})
	if err := <-started; err != nil {
		return nil, err
	}
	s.process, s.PID = cmd.Process, cmd.Process.Pid
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	var why string
	select {
	case s.URL = <-s.said.address:
		return s, nil
	case <-s.ended:
		why = s.state.String()
	case <-timeout.C:
		why = "no address after " + startTimeout.String()
	case <-ctx.Done():
		why = ctx.Err().Error()
	}
	s.Kill()
	return nil, fmt.Errorf("%w (%s):\n%s", ErrNotStarted, why, s.Tail())
}

// Stop ends the server with SIGTERM and returns its exit code. One that takes too long is killed and an error.
func (s *Server) Stop() (code int, err error) {
	if err := s.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-s.ended:
		s.keeper.Wait()
		return s.state.ExitCode(), nil
	case <-timeout.C:
		s.Kill()
		return 0, fmt.Errorf("the server did not stop within %v", stopTimeout)
	}
}

// Kill ends the server with SIGKILL and waits until it is gone.
func (s *Server) Kill() {
	_ = s.process.Kill() // an error means that it has ended already
	<-s.ended
	s.keeper.Wait()
}

// Signal sends a signal.
func (s *Server) Signal(signal os.Signal) error { return s.process.Signal(signal) }

// Ended is closed when the process is gone.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Tail is the end of what the server said on both outputs.
func (s *Server) Tail() string { return s.said.tail() }

// tailBytes bounds how much of what a server says is kept.
const tailBytes = 32 << 10

// output keeps the end of what is written to it and finds the address that a server tells when it is ready.
type output struct {
	address chan string // gets it once

	mu    sync.Mutex
	kept  []byte
	line  []byte // the last one, as far as it has come; nil once the address was found
	found bool
}

func newOutput() *output { return &output{address: make(chan string, 1)} }

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept = append(o.kept, p...); len(o.kept) > 2*tailBytes {
		o.kept = append([]byte(nil), o.kept[len(o.kept)-tailBytes:]...)
	}
	for _, b := range p {
		if o.found {
			break
		}
		if b != '\n' {
			o.line = append(o.line, b)
			continue
		}
		if word, url, ok := strings.Cut(strings.TrimSpace(string(o.line)), " "); ok && word == "address" {
			o.found = true
			o.address <- strings.TrimSpace(url)
		}
		o.line = o.line[:0]
	}
	return len(p), nil
}

func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := o.kept
	if len(kept) > tailBytes {
		kept = kept[len(kept)-tailBytes:]
		if _, whole, ok := strings.Cut(string(kept), "\n"); ok {
			return "...\n" + whole
		}
	}
	return string(kept)
}
