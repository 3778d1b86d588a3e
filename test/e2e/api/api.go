package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Bounds of a client.
const (
	callTimeout = 60 * time.Second
	maxAnswer   = 64 << 20 // bytes of an answer that are read
	maxIdle     = 512      // connections kept for the next call
)

// Service is a server as its callers see it.
type Service struct {
	base string
	http *http.Client
}

// New is the server at a base address such as http://127.0.0.1:8080.
func New(base string) *Service {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &Service{base: strings.TrimSuffix(base, "/"), http: &http.Client{
		Timeout:       callTimeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConns: maxIdle, MaxIdleConnsPerHost: maxIdle, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets go of idle connections.
func (s *Service) Close() { s.http.CloseIdleConnections() }

// Base is the address of the server.
func (s *Service) Base() string { return s.base }

// Request is one call. Of Body (marshalled to JSON) and Raw (sent as it is) at most one is set.
type Request struct {
	Method, Path string
	Token        string // "" for none
	Key          string // Idempotency-Key, "" for none
	Body         any
	Raw          io.Reader
	ContentType  string // application/json if left out and there is a body
	Header       http.Header
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes a call. An error means that no whole answer came.
func (s *Service) Do(ctx context.Context, r Request) (*Answer, error) {
	body := r.Raw
	if r.Body != nil {
		text, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, s.base+r.Path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.ContentType != "" {
		request.Header.Set("Content-Type", r.ContentType)
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	if r.Key != "" {
		request.Header.Set("Idempotency-Key", r.Key)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // what matters has been read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &Answer{response.StatusCode, response.Header, text}, nil
}

// Refusal is an answer that is not a success, as an error.
type Refusal struct {
	Call    string // METHOD path
	Answer  *Answer
	Problem Problem
}

// Error says what was refused and why.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", r.Call, r.Answer.Status, r.Problem.Code, bytes.TrimSpace(r.Answer.Body))
}

// Into reads the body of an answer.
func (a *Answer) Into(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("answer %d: %w in %s", a.Status, err, a.Body)
	}
	return nil
}

// Problem reads a refusal; one without a code is no problem document.
func (a *Answer) Problem() Problem {
	var p Problem
	_ = json.Unmarshal(a.Body, &p)
	return p
}

// OK reports whether the call succeeded.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Get is Do for calls whose answer is read into a T; anything but a success is a *Refusal.
func Get[T any](ctx context.Context, s *Service, r Request) (T, error) {
	var v T
	a, err := s.Do(ctx, r)
	if err != nil {
		return v, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	if !a.OK() {
		return v, &Refusal{Call: r.Method + " " + r.Path, Answer: a, Problem: a.Problem()}
	}
	if len(a.Body) > 0 {
		err = a.Into(&v)
	}
	return v, err
}
