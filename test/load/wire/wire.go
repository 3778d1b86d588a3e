// Package wire is an HTTP/1.1 client that costs little: the load runs on the same two cores as the server, and what the
// client burns the server cannot have. Each connection is kept open and carries one request at a time; nothing is
// pipelined.
package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"holdfast/test/load/drive"
	"holdfast/uid"
)

// Client places reservations over HTTP.
type Client struct {
	address string
	tokens  []string // the n-th request is sent with the n-th of them, around and around
	bodies  [][]byte // by target
	idle    chan *conn

	mu   sync.Mutex
	open []*conn
}

type conn struct {
	socket net.Conn
	reader *bufio.Reader
	head   []byte // scratch
	body   []byte // scratch
}

const (
	readBuffer = 8 << 10
	maxBody    = 1 << 20
	// patience bounds one answer.
	patience = 30 * time.Second
)

// Path is where reservations are placed.
const Path = "/v1/reservations"

// Dial opens so many connections to host:port.
func Dial(ctx context.Context, address string, connections int, tokens []string, bodies [][]byte) (*Client, error) {
	c := &Client{address: address, tokens: tokens, bodies: bodies, idle: make(chan *conn, connections)}
	for range connections {
		k, err := c.dial(ctx)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.idle <- k
	}
	return c, nil
}

func (c *Client) dial(ctx context.Context) (*conn, error) {
	socket, err := new(net.Dialer).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	k := &conn{socket: socket, reader: bufio.NewReaderSize(socket, readBuffer)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, k)
	return k, nil
}

// replace closes a connection and opens another one.
func (c *Client) replace(ctx context.Context, old *conn) (*conn, error) {
	_ = old.socket.Close() // it is broken; closing it again at the end is harmless
	return c.dial(ctx)
}

// Close ends all connections.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, k := range c.open {
		if err := k.socket.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	c.open = nil
	return errors.Join(errs...)
}

// Place implements drive.Seller.
func (c *Client) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	var k *conn
	select {
	case k = <-c.idle:
	case <-ctx.Done():
		return uid.ID{}, ctx.Err()
	}
	token, body := c.tokens[r.N%int64(len(c.tokens))], c.bodies[r.Target]
	status, text, err := k.ask(c.address, token, r.Key, body)
	if err != nil {
		// A server may close a connection that was not used for a while; as clients do, ask once more on a fresh one. The
		// idempotency key makes that safe whatever became of the first try.
		fresh, failed := c.replace(ctx, k)
		if failed != nil {
			c.idle <- k
			return uid.ID{}, errors.Join(err, failed)
		}
		k = fresh
		status, text, err = k.ask(c.address, token, r.Key, body)
	}
	if err != nil {
		c.idle <- k
		return uid.ID{}, err
	}
	id, err := verdict(status, text)
	c.idle <- k // the text is k's
	return id, err
}

var (
	idMark      = []byte(`"id":"res_`)
	soldOutMark = []byte(`"code":"sold_out"`)
)

// idText is the length of an id behind its prefix and underscore.
const idText = 26

func verdict(status int, body []byte) (uid.ID, error) {
	switch {
	case status == 201:
		at := bytes.Index(body, idMark)
		if at < 0 || len(body) < at+len(idMark)+idText {
			return uid.ID{}, fmt.Errorf("201 without an id: %.200q", body)
		}
		return uid.Parse("res", string(body[at+len(`"id":"`):at+len(idMark)+idText]))
	case status == 409 && bytes.Contains(body, soldOutMark):
		return uid.ID{}, drive.ErrSoldOut
	}
	return uid.ID{}, fmt.Errorf("status %d: %.300q", status, body)
}

// ask sends one request and reads its answer; the body is valid until the next one.
func (k *conn) ask(host, token string, key uid.ID, body []byte) (int, []byte, error) {
	h := k.head[:0]
	h = append(h, "POST "+Path+" HTTP/1.1\r\nHost: "...)
	h = append(h, host...)
	h = append(h, "\r\nAuthorization: Bearer "...)
	h = append(h, token...)
	h = append(h, "\r\nIdempotency-Key: "...)
	h = hex.AppendEncode(h, key[:])
	h = append(h, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	h = strconv.AppendInt(h, int64(len(body)), 10)
	h = append(h, "\r\n\r\n"...)
	h = append(h, body...)
	k.head = h
	if err := k.socket.SetDeadline(time.Now().Add(patience)); err != nil {
		return 0, nil, err
	}
	if _, err := k.socket.Write(h); err != nil {
		return 0, nil, err
	}
	return k.answer()
}

var (
	headLength  = []byte("Content-Length:")
	headChunked = []byte("Transfer-Encoding: chunked")
)

// answer reads a status line, the headers and a body of known length or in chunks.
func (k *conn) answer() (int, []byte, error) {
	line, err := k.line()
	if err != nil {
		return 0, nil, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	length, chunked := 0, false
	for {
		if line, err = k.line(); err != nil {
			return 0, nil, err
		}
		switch {
		case len(line) == 0:
			if chunked {
				body, err := k.chunks()
				return status, body, err
			}
			body, err := k.take(k.body[:0], length)
			return status, body, err
		case bytes.HasPrefix(line, headLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(headLength):]))); err != nil {
				return 0, nil, fmt.Errorf("header %q", line)
			}
		case bytes.Equal(line, headChunked):
			chunked = true
		}
	}
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
