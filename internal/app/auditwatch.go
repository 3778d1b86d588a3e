package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/internal/admin"
	"holdfast/internal/config"
	"holdfast/internal/lifecycle"
	"holdfast/reservation"
)

const (
	// auditShare is the share of the time that an audit beside production may work; the rest it waits, page by page.
	auditShare = 0.2
	// shareParameter carries it to the server.
	shareParameter = "share"
	// metricsTimeout bounds one request for the metrics of a watch.
	metricsTimeout = 10 * time.Second
)

// ErrViolation ends a watch that was to end at the first thing found wrong.
var ErrViolation = errors.New("the audit found something wrong")

// WatchOptions say how WatchAudit works.
type WatchOptions struct {
	Every    time.Duration // from the beginning of one pass to that of the next; a pass that takes longer is followed at once
	Metrics  string        // serve /metrics at this address; "" does not
	FailFast bool          // end with ErrViolation at the first pass that finds something
	Out      io.Writer     // one line a pass
	// Listening, when set, is called with the address of the metrics.
	Listening func(net.Addr)
}

// WatchAudit audits again and again, paced so that it disturbs nobody, until ctx ends: on PostgreSQL by itself, embedded
// through the server that runs on the data folder. A pass that cannot run is counted and told, and tried again, unless it
// is the first.
func WatchAudit(ctx context.Context, c *config.Config, log *slog.Logger, o WatchOptions) error {
	s := newSystem(c, log)
	pass := func(ctx context.Context) (*reservation.AuditReport, error) {
		report := &reservation.AuditReport{}
		err := admin.Call(ctx, s.adminFolder(), auditJob, url.Values{shareParameter: {strconv.FormatFloat(auditShare, 'g', -1, 64)}}, nil, report, nil)
		if errors.Is(err, admin.ErrNoServer) {
			err = fmt.Errorf("no server runs on %s; start it, or run holdfast audit without --watch: %w", c.Data, err)
		}
		return report, err
	}
	if !c.Embedded() {
		var err error
		if s.stores, err = openStores(ctx, s.engines()); err != nil {
			return err
		}
		defer func() { _ = s.stores.close() }() // only read
		s.sell()
		pass = s.auditGently
	}
	if o.Metrics != "" {
		stop, err := serveMetrics(ctx, o, s.registry)
		if err != nil {
			return err
		}
		defer stop()
	}
	w := newAuditWatch(pass, s.registry)
	return w.run(ctx, o.Every, func(p auditPass) error {
		if _, err := fmt.Fprintln(o.Out, p); err != nil {
			return err
		}
		switch {
		case p.err != nil && p.number == 1:
			return p.err
		case o.FailFast && p.err == nil && !p.report.Clean():
			return ErrViolation
		}
		return nil
	})
}

// auditGently is one pass beside production.
func (s *system) auditGently(ctx context.Context) (*reservation.AuditReport, error) {
	return s.reservation.AuditPaced(ctx, auditShare, nil)
}

// auditModule is the watch inside a server.
func (s *server) auditModule() lifecycle.Component {
	var running sync.WaitGroup
	var cancel context.CancelFunc
	return lifecycle.Component{
		Name: "audit",
		Start: func(ctx context.Context, _ func(error)) error {
			ctx, cancel = context.WithCancel(context.WithoutCancel(ctx))
			w := newAuditWatch(s.auditGently, s.registry)
			running.Go(func() {
				_ = w.run(ctx, s.config.Audit.Every, func(p auditPass) error { // ends with ctx alone
					level := slog.LevelInfo
					if p.err != nil || !p.report.Clean() {
						level = slog.LevelError
					}
					s.log.Log(ctx, level, "audit", "pass", p.String())
					return nil
				})
			})
			return nil
		},
		Stop: func(context.Context) error {
			cancel()
			running.Wait()
			return nil
		},
	}
}

// auditPass is one pass and what it came to.
type auditPass struct {
	number int
	began  time.Time
	took   time.Duration
	report *reservation.AuditReport
	err    error // it could not run
}

// String is the line people read.
func (p auditPass) String() string {
	head := fmt.Sprintf("%s pass %d", p.began.UTC().Format(time.RFC3339), p.number)
	if p.err != nil {
		return fmt.Sprintf("%s FAILED after %v: %s", head, p.took.Round(time.Millisecond), admin.Explain(p.err))
	}
	r := p.report
	tail := fmt.Sprintf("%d slots, %d reservations, %d events, %d payments in %v", r.Slots, r.Reservations, r.Events, r.Payments, p.took.Round(time.Millisecond))
	if r.Refused > 0 {
		tail += fmt.Sprintf("; %d refused refunds wait for staff", r.Refused)
	}
	if r.Clean() {
		return head + " right: " + tail
	}
	var counts []string
	for _, invariant := range slices.Sorted(maps.Keys(r.Violations)) {
		counts = append(counts, fmt.Sprintf("%s %d", invariant, r.Violations[invariant]))
	}
	first := r.Findings[0]
	return fmt.Sprintf("%s WRONG (%s), first %s %s: %s; %s", head, strings.Join(counts, ", "), first.Invariant, first.Subject, first.Detail, tail)
}

// auditWatch runs passes and keeps their metrics.
type auditWatch struct {
	pass func(context.Context) (*reservation.AuditReport, error)

	passes      *prometheus.CounterVec
	duration    prometheus.Gauge
	last, right prometheus.Gauge
	violations  *prometheus.GaugeVec
	rows        *prometheus.CounterVec
	refused     prometheus.Gauge
	oversold    prometheus.Gauge
}

func newAuditWatch(pass func(context.Context) (*reservation.AuditReport, error), registry prometheus.Registerer) *auditWatch {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "holdfast", Subsystem: "audit", Name: name, Help: help})
	}
	w := &auditWatch{
		pass:     pass,
		passes:   prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "holdfast", Subsystem: "audit", Name: "passes_total", Help: "Passes by result: right, wrong, failed (could not run)."}, []string{"result"}),
		duration: gauge("duration_seconds", "How long the last pass took, its rests included."),
		last:     gauge("last_pass_timestamp_seconds", "When the last pass that could run ended."),
		right:    gauge("last_success_timestamp_seconds", "When the last pass that found nothing wrong ended."),
		violations: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "holdfast", Subsystem: "audit", Name: "violations", Help: "What the last pass found wrong, by invariant.",
		}, []string{"invariant"}),
		rows:     prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "holdfast", Subsystem: "audit", Name: "rows_checked_total", Help: "Rows that passes have checked, by kind."}, []string{"kind"}),
		refused:  gauge("refused_refunds", "Refunds that wait for staff."),
		oversold: gauge("oversold_slots", "Slots with more claimed than their target."),
	}
	registry.MustRegister(w.passes, w.duration, w.last, w.right, w.violations, w.rows, w.refused, w.oversold)
	for _, result := range []string{"right", "wrong", "failed"} {
		w.passes.WithLabelValues(result)
	}
	for _, c := range checks {
		w.violations.WithLabelValues(c.invariant).Set(0)
	}
	return w
}

// run makes pass after pass until ctx ends, which is no error, or tell returns one.
func (w *auditWatch) run(ctx context.Context, every time.Duration, tell func(auditPass) error) error {
	for n := 1; ; n++ {
		p := auditPass{number: n, began: time.Now()}
		p.report, p.err = w.pass(ctx)
		p.took = time.Since(p.began)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // a pass that was cut off says nothing
		}
		w.note(p)
		if err := tell(p); err != nil {
			return err
		}
		wait := time.NewTimer(every - p.took)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

// note keeps what a pass came to.
func (w *auditWatch) note(p auditPass) {
	if p.err != nil {
		w.passes.WithLabelValues("failed").Inc()
		return
	}
	ended := float64(p.began.Add(p.took).UnixMilli()) / 1000
	w.duration.Set(p.took.Seconds())
	w.last.Set(ended)
	r := p.report
	if r.Clean() {
		w.passes.WithLabelValues("right").Inc()
		w.right.Set(ended)
	} else {
		w.passes.WithLabelValues("wrong").Inc()
	}
	w.violations.Reset()
	for _, c := range checks {
		w.violations.WithLabelValues(c.invariant).Set(0)
	}
	for invariant, n := range r.Violations {
		w.violations.WithLabelValues(invariant).Set(float64(n))
	}
	for kind, n := range map[string]int64{
		"slots": r.Slots, "claims": r.Claims, "reservations": r.Reservations, "history_entries": r.Entries, "events": r.Events, "keys": r.Keys, "payments": r.Payments,
	} {
		w.rows.WithLabelValues(kind).Add(float64(n))
	}
	w.refused.Set(float64(r.Refused))
	w.oversold.Set(float64(r.Oversold))
}

// serveMetrics answers /metrics at an address of its own until stop is called.
func serveMetrics(ctx context.Context, o WatchOptions, registry *prometheus.Registry) (stop func(), err error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.Metrics)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadTimeout: metricsTimeout, WriteTimeout: metricsTimeout}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends with Close
	if o.Listening != nil {
		o.Listening(listener.Addr())
	}
	return func() {
		_ = server.Close()
		serving.Wait()
	}, nil
}

// gently is the share that a tool asked an audit to work; all of the time when it named none.
func gently(query url.Values) (float64, error) {
	text := query.Get(shareParameter)
	if text == "" {
		return 1, nil
	}
	share, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("share of the audit: %w", err)
	}
	return share, nil
}
