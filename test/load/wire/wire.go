// Package wire is an HTTP/1.1 client that costs little: the load runs on the same two cores as the server, and what the
// client burns the server cannot have. Each connection is kept open and carries one request at a time; nothing is
// pipelined.
package wire

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"holdfast/test/load/drive"
	"holdfast/uid"
)

// Client places reservations over HTTP.
type Client struct {
	*Pool
	heads  [][]byte // of requests with each token, up to the idempotency key; the n-th request takes the n-th, around and around
	bodies [][]byte // by target, with their length before them
}

// Path is where reservations are placed.
const Path = "/v1/reservations"

// Dial opens so many connections to host:port.
func Dial(ctx context.Context, address string, connections int, tokens []string, bodies [][]byte) (*Client, error) {
	pool, err := NewPool(ctx, address, connections)
	if err != nil {
		return nil, err
	}
	return NewClient(pool, tokens, bodies), nil
}

// NewClient places over the connections of a pool.
func NewClient(pool *Pool, tokens []string, bodies [][]byte) *Client {
	c := &Client{Pool: pool}
	for _, token := range tokens {
		c.heads = append(c.heads, []byte("POST "+Path+" HTTP/1.1\r\nHost: "+pool.address+"\r\nAuthorization: Bearer "+token+
			"\r\nContent-Type: application/json\r\nIdempotency-Key: "))
	}
	for _, body := range bodies {
		c.bodies = append(c.bodies, append([]byte("\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...))
	}
	return c
}

// Place implements drive.Seller.
func (c *Client) Place(ctx context.Context, r drive.Request) (id uid.ID, err error) {
	err = c.Do(ctx, func(b []byte) []byte {
		b = append(b, c.heads[r.N%int64(len(c.heads))]...)
		b = hex.AppendEncode(b, r.Key[:])
		return append(b, c.bodies[r.Target]...)
	}, func(a Answer) (err error) {
		id, err = Verdict(a)
		return err
	})
	return id, err
}

var (
	idMark      = []byte(`"id":"res_`)
	soldOutMark = []byte(`"code":"sold_out"`)
)

// idText is the length of an id behind its prefix and underscore.
const idText = 26

// Verdict reads the answer to a request to place: the reservation's id, drive.ErrSoldOut, drive.ErrShed or what is wrong.
func Verdict(a Answer) (uid.ID, error) {
	switch {
	case a.Status == http.StatusCreated:
		at := bytes.Index(a.Body, idMark)
		if at < 0 || len(a.Body) < at+len(idMark)+idText {
			return uid.ID{}, fmt.Errorf("201 without an id: %.200q", a.Body)
		}
		return uid.Parse("res", string(a.Body[at+len(`"id":"`):at+len(idMark)+idText]))
	case a.Status == http.StatusConflict && bytes.Contains(a.Body, soldOutMark):
		return uid.ID{}, drive.ErrSoldOut
	}
	return uid.ID{}, a.Unexpected()
}

// Unexpected is what to say of an answer that is none of those wanted: drive.ErrShed when the server is too busy and says
// when to come back.
func (a Answer) Unexpected() error {
	if a.RetryAfter && (a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable) {
		return drive.ErrShed
	}
	return fmt.Errorf("status %d: %.300q", a.Status, a.Body)
}
