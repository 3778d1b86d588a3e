package postgres

import (
	"bytes"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// wire stands between a server and its PostgreSQL and cuts connections: at a random byte of either direction, and at a
// COMMIT: before it arrives, or before its answer comes back.
type wire struct {
	listener net.Listener
	to       string
	group    sync.WaitGroup

	mu      sync.Mutex
	random  *rand.Rand
	cutting bool
	open    map[net.Conn]bool
	commits int // connections cut at a COMMIT
	bytes   int // connections cut at some byte
}

func newWire(t *testing.T, to string, seed uint64) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, to: to, random: rand.New(rand.NewPCG(seed, 0)), open: map[net.Conn]bool{}}
	w.group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			w.group.Go(func() { w.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.mu.Lock()
		for c := range w.open {
			_ = c.Close()
		}
		w.mu.Unlock()
		w.group.Wait()
	})
	return w
}

func (w *wire) host() string { return w.listener.Addr().String() }

// cut switches cutting on or off.
func (w *wire) cut(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutting = on
}

func (w *wire) counts() (commits, bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commits, w.bytes
}

func (w *wire) keep(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.open[c] = true
	}
}

func (w *wire) drop(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(w.open, c)
	}
}

func (w *wire) serve(client net.Conn) {
	server, err := net.DialTimeout("tcp", w.to, 5*time.Second)
	if err != nil {
		_ = client.Close()
		return
	}
	w.keep(client, server)
	var both sync.WaitGroup
	both.Go(func() { w.pump(server, client, true) })
	both.Go(func() { w.pump(client, server, false) })
	both.Wait()
}

// How often what passes is cut.
const (
	perCommit = 40  // one COMMIT in so many
	perPiece  = 800 // one piece in so many, of either direction
)

// pump hands on what comes until the connection ends or is cut.
func (w *wire) pump(to, from net.Conn, outwards bool) {
	defer w.drop(to, from)
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		commit := outwards && bytes.Contains(bytes.ToLower(buffer[:n]), []byte("commit\x00"))
		w.mu.Lock()
		cutNow, handOn := false, n
		switch {
		case !w.cutting:
		case commit && w.random.IntN(perCommit) == 0:
			cutNow = true
			if w.commits++; w.random.IntN(2) == 0 {
				handOn = 0 // it never arrives
			}
		case w.random.IntN(perPiece) == 0:
			cutNow, handOn = true, w.random.IntN(n)
			w.bytes++
		}
		w.mu.Unlock()
		if _, err := to.Write(buffer[:handOn]); err != nil || cutNow {
			return
		}
	}
}
