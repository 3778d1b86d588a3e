package rest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"holdfast/fault"
	"holdfast/identity"
	"holdfast/internal/telemetry"
	"holdfast/rest/problem"
	"holdfast/uid"
)

// exchange is one request and what is known about it on its way.
type exchange struct {
	id      string
	start   time.Time
	request *http.Request
	header  http.Header // of the answer
	answer  *answer
	who     *identity.Principal
	code    string // of the problem it was answered with
	logged  bool
	changes bool // it is a call that changes something when it succeeds
	store   telemetry.StoreUse
}

var saysNoSniff = []string{"nosniff"}

type exchangeKey struct{}

// exchangeOf is the exchange of a context; never nil below ServeHTTP.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// within is the context of an exchange. It holds two values at the cost of one.
type within struct {
	context.Context //nolint:containedctx // it is one
	x               *exchange
}

// Value is the exchange, or where the use of a store is noted.
func (w within) Value(key any) any {
	switch key.(type) {
	case exchangeKey:
		return w.x
	case telemetry.StoreUseKey:
		return &w.x.store
	}
	return w.Context.Value(key)
}

// maxRequestID bounds a request id that the caller chose.
const maxRequestID = 64

func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	if len(id) < 1 || len(id) > maxRequestID {
		return uid.New().Text("req")
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return uid.New().Text("req")
		}
	}
	return id
}

// ServeHTTP frames every request: its id, its measures, its log line, and what becomes of a panic.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{id: requestID(r), start: time.Now(), header: w.Header()}
	r = r.WithContext(within{r.Context(), x}) //nolint:contextcheck // it is the request's, with two more values
	x.request = r
	x.header["X-Request-Id"], x.header["X-Content-Type-Options"] = []string{x.id}, saysNoSniff
	answer := &answer{ResponseWriter: w, x: x, server: s}
	x.answer = answer
	s.metrics.inFlight.Inc()
	defer func() { //nolint:contextcheck // the context is that of the request, which the exchange holds
		if v := recover(); v != nil {
			s.caught(answer, v)
		}
		answer.begin()
		s.metrics.inFlight.Dec()
		s.finish(r.Context(), answer)
	}()
	if onSpare(r) {
		x.header.Set("Connection", "close")
		if !tended(r.URL.Path) {
			answer.refuse(overloaded())
			return
		}
	}
	s.mux.ServeHTTP(answer, r)
}

// caught answers a panic, unless the answer has begun.
func (s *server) caught(a *answer, v any) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	s.Logger.Error("panic while serving", "request_id", a.x.id, "panic", v, "stack", string(debug.Stack()))
	a.x.logged = true
	if !a.begun {
		a.refuse(problem.New("internal", ""))
	}
}

// finish counts and logs an exchange that has ended.
func (s *server) finish(ctx context.Context, a *answer) {
	x, took, status := a.x, time.Since(a.x.start), a.status
	route := x.request.Pattern
	if route == "" {
		route = "unmatched"
	}
	// What is changed is committed by the desk on behalf of many, so no context of theirs tells.
	s.metrics.observe(kind{route, x.request.Method, status}, took, x.store.Used() || x.changes && status < http.StatusBadRequest)
	if !s.Logger.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := make([]slog.Attr, 0, 9)
	attrs = append(attrs,
		slog.String("request_id", x.id), slog.String("method", x.request.Method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took), slog.Int64("bytes", a.bytes), slog.String("from", address(x.request)))
	if x.who != nil {
		attrs = append(attrs, slog.String("subject", x.who.Subject))
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", x.code))
	}
	s.Logger.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

// address is the caller's address without the port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// problem turns an error of a service into what the caller sees. Defects are logged here, once.
func (s *server) problem(x *exchange, err error) *problem.Problem {
	p, ok := err.(*problem.Problem) //nolint:errorlint // handlers return it bare
	if !ok {
		f := fault.As(err)
		if f.Kind == fault.Internal && x.request.Context().Err() != nil { // the caller has gone; what broke is the waiting
			f = fault.New(fault.Unavailable, "gave_up_waiting", "The call ended before its turn came.")
		}
		if f.Kind == fault.Internal && !x.logged {
			x.logged = true
			s.Logger.Error("request failed", "request_id", x.id, "route", x.request.Pattern, "error", f)
		}
		p = problem.From(f)
	}
	return x.sign(p)
}

// sign adds what every problem says about the exchange it belongs to.
func (x *exchange) sign(p *problem.Problem) *problem.Problem {
	p.Instance, p.RequestID = x.request.URL.EscapedPath(), x.id
	x.code = p.Code
	return p
}

// answer watches what is written, and turns the router's own refusals into problems.
type answer struct {
	http.ResponseWriter
	x       *exchange
	server  *server
	status  int
	bytes   int64
	begun   bool // the header is out
	swallow bool // the router's text is not wanted
}

// Unwrap lets deadlines through.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the status. It goes out with the first byte of the body, when its length may be known, or at the end.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 {
		return
	}
	if a.x.request.Pattern == "" && !a.swallow {
		switch status {
		case http.StatusNotFound:
			a.refuse(problem.New("path_unknown", ""))
			a.swallow = true
			return
		case http.StatusMethodNotAllowed:
			a.refuse(problem.New("method_not_allowed", "This path answers to "+a.Header().Get("Allow")+"."))
			a.swallow = true
			return
		}
	}
	if status >= http.StatusBadRequest {
		a.Header()["Cache-Control"] = saysNoStore
	}
	a.status = status
}

// begin sends the header.
func (a *answer) begin() {
	if a.begun {
		return
	}
	a.begun = true
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	a.ResponseWriter.WriteHeader(a.status)
}

// Flush sends what there is.
func (a *answer) Flush() {
	a.begin()
	if f, ok := a.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// whole writes a body that comes in one piece.
func (a *answer) whole(body []byte) error {
	if !a.begun {
		a.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	_, err := a.Write(body)
	return err
}

// Write counts the bytes.
func (a *answer) Write(b []byte) (int, error) {
	if a.swallow {
		return len(b), nil
	}
	a.begin()
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

var saysProblem = []string{problem.ContentType}

// refuse answers with a problem. What an operation answers after it is not heard.
func (a *answer) refuse(p *problem.Problem) {
	p = a.x.sign(p)
	h := a.Header()
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	h["Content-Type"], h["Cache-Control"] = saysProblem, saysNoStore
	a.status = p.Status
	if err := writeJSON(a, p); err != nil { // the caller has gone
		a.server.Logger.Debug("answer not written", "request_id", a.x.id, "error", err)
	}
}
