package rest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"holdfast/feed/intake"
	"holdfast/flight"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/internal/clock"
	"holdfast/payment"
	"holdfast/rail"
	"holdfast/reservation"
	"holdfast/rest/gate"
	"holdfast/rest/problem"
	"holdfast/rest/render"
)

// Deps are what the edge needs.
type Deps struct {
	Identity     identity.Service
	Hotels       hotel.Service
	Reservations reservation.Service
	Payments     payment.Service
	Rail         rail.Service                // nil: no trains are sold here
	Flights      flight.Service              // nil: no flights are sold here
	Feeds        intake.Service              // nil: there are no calls about feeds
	Clock        clock.Clock                 // the machine's when nil
	SandboxClock *clock.Manual               // in test mode the clock that /v1/sandbox/clock moves; nil: there is no such call
	ClockMoved   func(context.Context) error // after each move of the sandbox clock, before it is answered; nil: nobody cares
	Logger       *slog.Logger                // slog's default when nil
	Registry     *prometheus.Registry
	Ready        func(context.Context) error // nil: always ready
	Limits       Limits
	Version      string
}

// Limits bound what one caller can ask for. The zero value of a field takes its default.
type Limits struct {
	Rate      float64       // calls a second and subject
	Burst     int           // calls that may come at once
	Subjects  int           // subjects whose use is remembered at the same time
	BodyBytes int64         // of a request
	BodyTime  time.Duration // for the body to arrive once the header is there

	Reads, Writes, Staff int           // calls of each class that may be under way at once
	Batch                int           // calls that the desk does at once; two such are always let in, if Writes are not fewer
	Wait                 time.Duration // when even the fastest of them takes longer, fewer are admitted
}

// DefaultLimits are used where a deployment says nothing.
func DefaultLimits() Limits {
	return Limits{
		Rate: 10_000, Burst: 20_000, Subjects: 65_536, BodyBytes: 64 << 10, BodyTime: 10 * time.Second,
		Reads: 1024, Writes: 2048, Staff: 256, Batch: 512, Wait: 50 * time.Millisecond,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Rate <= 0 {
		l.Rate = d.Rate
	}
	if l.Burst <= 0 {
		l.Burst = d.Burst
	}
	if l.Subjects <= 0 {
		l.Subjects = d.Subjects
	}
	if l.BodyBytes <= 0 {
		l.BodyBytes = d.BodyBytes
	}
	if l.BodyTime <= 0 {
		l.BodyTime = d.BodyTime
	}
	if l.Reads <= 0 {
		l.Reads = d.Reads
	}
	if l.Writes <= 0 {
		l.Writes = d.Writes
	}
	if l.Staff <= 0 {
		l.Staff = d.Staff
	}
	if l.Batch <= 0 {
		l.Batch = d.Batch
	}
	if l.Wait <= 0 {
		l.Wait = d.Wait
	}
	return l
}

// Bounds of a connection, for NewServer.
const (
	ReadHeaderTimeout = 5 * time.Second
	ReadTimeout       = 30 * time.Second
	WriteTimeout      = 60 * time.Second
	IdleTimeout       = 2 * time.Minute
	MaxHeaderBytes    = 16 << 10
)

// NewServer is an HTTP server whose connections cannot be kept waiting for ever.
func NewServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{
		Addr: addr, Handler: h,
		ReadHeaderTimeout: ReadHeaderTimeout, ReadTimeout: ReadTimeout, WriteTimeout: WriteTimeout, IdleTimeout: IdleTimeout,
		MaxHeaderBytes: MaxHeaderBytes, ConnContext: markSpare,
	}
	if log != nil {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug) // what clients do wrong on the wire
	}
	return s
}

// server is the edge.
type server struct {
	Deps
	api      huma.API
	mux      *http.ServeMux
	limiter  *limiter
	gate     *gate.Gate
	metrics  *metrics
	document func() tagged // the OpenAPI document as served
}

// New makes the handler of the whole REST edge.
func New(d Deps) http.Handler {
	prepareHuma()
	if d.Clock == nil {
		d.Clock = clock.System{}
	}
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Registry == nil {
		d.Registry = prometheus.NewRegistry()
	}
	d.Limits = d.Limits.orDefault()
	s := &server{Deps: d, mux: http.NewServeMux(), metrics: newMetrics(d.Registry)}
	s.limiter = newLimiter(d.Limits)
	s.gate = newGate(d.Limits, d.Registry)
	s.api = humago.New(s.mux, huma.Config{
		OpenAPI:                      s.newDocument(),
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	})
	s.supplierCalls()
	s.hotelCalls()
	s.roomTypeCalls()
	s.inventoryCalls()
	s.roomCalls()
	s.ratePlanCalls()
	s.offerCalls()
	s.reservationCalls()
	s.seatCalls()
	s.cancellationCalls()
	s.paymentCalls()
	s.refundCalls()
	s.placeCalls()
	if d.Rail != nil {
		s.trainCalls()
		s.railwayCalls()
	}
	if d.Flights != nil {
		s.flightCalls()
		s.airlineCalls()
	}
	if d.Feeds != nil {
		s.feedCalls()
	}
	s.probeCalls()
	if d.SandboxClock != nil {
		s.sandboxCalls()
	}
	s.finishDocument()
	s.plainRoutes()
	return s
}

// format writes answers. Reading is body.go's, which is stricter than a huma format can be.
var format = huma.Format{
	Marshal:   writeJSON,
	Unmarshal: func(data []byte, v any) error { return json.Unmarshal(data, v) },
}

// writeJSON writes an answer, with its length.
func writeJSON(w io.Writer, v any) error {
	buf := texts.Get().(*[]byte) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer func() {
		if cap(*buf) <= maxKept {
			texts.Put(buf)
		}
	}()
	var err error
	if *buf, err = render.Append((*buf)[:0], v); err != nil {
		return err
	}
	if a, ok := w.(*answer); ok {
		return a.whole(*buf)
	}
	_, err = w.Write(*buf)
	return err
}

// maxKept bounds a buffer that is kept for the next answer.
const maxKept = 256 << 10

var texts = sync.Pool{New: func() any { return new([]byte) }}

// prepareHuma sets what huma keeps in package variables.
var prepareHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = refusal
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return refusal(nil, status, msg, errs...)
	}
})

var _ huma.StatusError = (*problem.Problem)(nil)
