package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// Pool keeps connections to one server. The one that was used last is used first, so that few are open while few are
// needed; there is never more than one request under way on each.
type Pool struct {
	address string

	mu     sync.Mutex
	idle   []*conn
	open   map[*conn]struct{}
	closed bool
}

type conn struct {
	socket   net.Conn
	reader   *bufio.Reader
	request  []byte // scratch
	body     []byte // scratch
	deadline time.Time
}

const (
	readBuffer = 16 << 10
	maxBody    = 4 << 20
	// patience bounds one answer; the deadline is set again when half of it has gone, for setting it costs.
	patience = 30 * time.Second
)

// NewPool opens so many connections to host:port; more come as they are needed.
func NewPool(ctx context.Context, address string, connections int) (*Pool, error) {
	p := &Pool{address: address, open: map[*conn]struct{}{}}
	for range connections {
		k, err := p.dial(ctx)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.give(k)
	}
	return p, nil
}

// Address is the server's, host:port.
func (p *Pool) Address() string { return p.address }

func (p *Pool) dial(ctx context.Context) (*conn, error) {
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	k := &conn{socket: socket, reader: bufio.NewReaderSize(socket, readBuffer)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.Join(net.ErrClosed, socket.Close())
	}
	p.open[k] = struct{}{}
	return k, nil
}

func (p *Pool) take(ctx context.Context) (k *conn, rested bool, err error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		k := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return k, true, nil
	}
	p.mu.Unlock()
	k, err = p.dial(ctx)
	return k, false, err
}

func (p *Pool) give(k *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, k)
}

// drop closes a connection that cannot be used any more.
func (p *Pool) drop(k *conn) {
	p.mu.Lock()
	delete(p.open, k)
	p.mu.Unlock()
	_ = k.socket.Close()
}

// Close ends all connections.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for k := range p.open {
		if err := k.socket.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	p.open, p.idle = map[*conn]struct{}{}, nil
	return errors.Join(errs...)
}

// Answer is what a server said. Its bytes are valid until read returns.
type Answer struct {
	Status     int
	Body       []byte
	ETag       []byte
	RetryAfter bool // it said when to come back
}

// Do sends the request that compose appends to an empty slice and hands the answer to read. A server may close a
// connection that has not been used for a while; as clients do, the request is then sent once more on a fresh one, so
// it has to be one that may be repeated.
func (p *Pool) Do(ctx context.Context, compose func([]byte) []byte, read func(Answer) error) error {
	k, rested, err := p.take(ctx)
	if err != nil {
		return err
	}
	k.request = compose(k.request[:0])
	a, err := k.exchange(k.request)
	if err != nil && rested {
		request := k.request
		p.drop(k)
		if k, err = p.dial(ctx); err != nil {
			return err
		}
		k.request = request
		a, err = k.exchange(request)
	}
	if err != nil {
		p.drop(k)
		return err
	}
	err = read(a)
	p.give(k) // the answer is k's
	return err
}

func (k *conn) exchange(request []byte) (Answer, error) {
	if now := time.Now(); k.deadline.Sub(now) < patience/2 {
		k.deadline = now.Add(patience)
		if err := k.socket.SetDeadline(k.deadline); err != nil {
			return Answer{}, err
		}
	}
	if _, err := k.socket.Write(request); err != nil {
		return Answer{}, err
	}
	return k.answer()
}

var (
	headLength  = []byte("Content-Length:")
	headChunked = []byte("Transfer-Encoding: chunked")
	headRetry   = []byte("Retry-After:")
	headETag    = []byte("Etag:")
)

// answer reads a status line, the headers and a body of known length or in chunks.
func (k *conn) answer() (a Answer, err error) {
	line, err := k.line()
	if err != nil {
		return a, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return a, fmt.Errorf("status line %q", line)
	}
	if a.Status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("status line %q", line)
	}
	length, chunked := 0, false
	for {
		if line, err = k.line(); err != nil {
			return a, err
		}
		if len(line) == 0 {
			break
		}
		switch line[0] {
		case 'C':
			if bytes.HasPrefix(line, headLength) {
				if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(headLength):]))); err != nil {
					return a, fmt.Errorf("header %q", line)
				}
			}
		case 'T':
			chunked = chunked || bytes.Equal(line, headChunked)
		case 'R':
			a.RetryAfter = a.RetryAfter || bytes.HasPrefix(line, headRetry)
		case 'E':
			if bytes.HasPrefix(line, headETag) {
				a.ETag = append([]byte(nil), bytes.TrimSpace(line[len(headETag):])...)
			}
		}
	}
	switch {
	case chunked:
		a.Body, err = k.chunks()
	case a.Status != 304 && a.Status != 204:
		a.Body, err = k.take(k.body[:0], length)
	}
	return a, err
}

// line is the next line without its end; valid until the next read.
func (k *conn) line() ([]byte, error) {
	line, err := k.reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// take appends the next n bytes to body.
func (k *conn) take(body []byte, n int) ([]byte, error) {
	if n < 0 || len(body)+n > maxBody {
		return nil, fmt.Errorf("body of %d bytes", n)
	}
	at := len(body)
	if cap(body) < at+n {
		body = append(make([]byte, 0, 2*(at+n)), body...)
	}
	body = body[:at+n]
	k.body = body
	_, err := io.ReadFull(k.reader, body[at:])
	return body, err
}

func (k *conn) chunks() ([]byte, error) {
	body := k.body[:0]
	for {
		line, err := k.line()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return nil, fmt.Errorf("chunk size %q", line)
		}
		if body, err = k.take(body, int(n)); err != nil {
			return nil, err
		}
		if _, err := k.line(); err != nil { // the end of the chunk, or of the body
			return nil, err
		}
		if n == 0 {
			return body, nil
		}
	}
}
