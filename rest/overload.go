package rest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/identity"
	"holdfast/rest/gate"
	"holdfast/rest/problem"
)

// newGate is the gate before all operations, with its measures.
func newGate(l Limits, r prometheus.Registerer) *gate.Gate {
	g := gate.New(gate.Bounds{
		Wait: l.Wait, Most: map[gate.Class]int{gate.Read: l.Reads, gate.Write: l.Writes, gate.Staff: l.Staff},
		Least: map[gate.Class]int{gate.Write: 2 * l.Batch},
	})
	for _, c := range gate.Classes {
		class := prometheus.Labels{"class": c.String()}
		counter := func(name, help string, of func(gate.State) int64) {
			r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: class}, func() float64 { return float64(of(g.State(c))) }))
		}
		gauge := func(name, help string, of func(gate.State) int64) {
			r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: class}, func() float64 { return float64(of(g.State(c))) }))
		}
		counter("holdfast_http_admitted_total", "Calls let in, by class.", func(s gate.State) int64 { return s.Admitted })
		counter("holdfast_http_turned_away_total", "Calls answered overloaded before their body was read, by class.", func(s gate.State) int64 { return s.Refused })
		gauge("holdfast_http_limit", "Calls that may be under way at once now, by class.", func(s gate.State) int64 { return s.Limit })
		gauge("holdfast_http_under_way", "Calls under way, by class.", func(s gate.State) int64 { return s.UnderWay })
	}
	return g
}

// classOf is the class of a call.
func classOf(op operation, who *identity.Principal) gate.Class {
	switch {
	case who != nil && who.Staff():
		return gate.Staff
	case op.reads || op.method == http.MethodGet:
		return gate.Read
	}
	return gate.Write
}

// retrySpread is the range of Retry-After: not everybody should come back in the same second.
const retrySpread = 3

func overloaded() *problem.Problem {
	return problem.New("overloaded", "").SetHeader("Retry-After", strconv.Itoa(1+rand.IntN(retrySpread))) //nolint:gosec // no secret
}

// Listener takes so many connections, and a few spare ones for those who look after the server: on these, only the probes
// and the measures are answered, everything else is turned away, and each is closed after one answer. So a probe gets
// through when clients have taken every connection. Beyond that, connections wait in the kernel.
type Listener struct {
	net.Listener
	places, spare chan struct{} // what is in them is free
	open          atomic.Int64
	done          chan struct{}
	close         func() error
}

// spareConnections are those beside the ones that may be taken.
const spareConnections = 32

// Bound bounds the connections of a listener; r gets a measure of them.
func Bound(l net.Listener, most int, r prometheus.Registerer) *Listener {
	b := &Listener{Listener: l, places: make(chan struct{}, most), spare: make(chan struct{}, spareConnections), done: make(chan struct{})}
	b.close = sync.OnceValue(func() error {
		close(b.done)
		return l.Close()
	})
	for _, c := range []chan struct{}{b.places, b.spare} {
		for range cap(c) {
			c <- struct{}{}
		}
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_http_connections", Help: "Open connections."}, func() float64 {
		return float64(b.open.Load())
	}))
	return b
}

// Accept waits for a place and a connection.
func (b *Listener) Accept() (net.Conn, error) {
	home, err := b.place()
	if err != nil {
		return nil, err
	}
	c, err := b.Listener.Accept()
	if err != nil {
		home <- struct{}{}
		return nil, err
	}
	b.open.Add(1)
	bounded := &boundConn{Conn: c, spare: home == b.spare}
	bounded.close = sync.OnceValue(func() error {
		err := c.Close()
		b.open.Add(-1)
		home <- struct{}{}
		return err
	})
	return bounded, nil
}

// place takes a place, a spare one only when there is no other; it tells where the place came from.
func (b *Listener) place() (home chan struct{}, err error) {
	select {
	case <-b.places:
		return b.places, nil
	default:
	}
	select {
	case <-b.places:
		return b.places, nil
	case <-b.spare:
		return b.spare, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

// Close ends the listening, Accepts that wait for a place too.
func (b *Listener) Close() error { return b.close() }

type boundConn struct {
	net.Conn
	spare bool
	close func() error
}

// Close gives the place back, once.
func (c *boundConn) Close() error { return c.close() }

// CloseWrite ends our side, as net/http wants it of a connection it closes.
func (c *boundConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

type spareKey struct{}

// markSpare tells the requests of a spare connection that they came by one.
func markSpare(ctx context.Context, c net.Conn) context.Context {
	if b, ok := c.(*boundConn); ok && b.spare {
		return context.WithValue(ctx, spareKey{}, true)
	}
	return ctx
}

// onSpare reports whether a request came on a spare connection.
func onSpare(r *http.Request) bool { return r.Context().Value(spareKey{}) != nil }

// tended are the paths for those who look after the server.
func tended(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }
