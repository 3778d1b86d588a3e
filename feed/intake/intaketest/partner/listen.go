package partner

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Listen serves a handler in memory: dial opens connections to it, whatever their address says, and stop ends it. It
// uses no network, so it works in a bubble of testing/synctest.
func Listen(h http.Handler) (dial func(ctx context.Context, network, address string) (net.Conn, error), stop func()) {
	l := &listener{conns: make(chan net.Conn), gone: make(chan struct{})}
	server := &http.Server{Handler: h} //nolint:gosec // its clients are tests
	var group sync.WaitGroup
	group.Go(func() { _ = server.Serve(l) }) // ends with Close below
	dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case l.conns <- far:
			return near, nil
		case <-l.gone:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return dial, func() {
		_ = server.Close()
		group.Wait()
	}
}

type listener struct {
	conns chan net.Conn
	once  sync.Once
	gone  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.gone:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.gone) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
