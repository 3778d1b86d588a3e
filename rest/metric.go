package rest

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the edge's own.
type metrics struct {
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	store    *prometheus.CounterVec
	inFlight prometheus.Gauge

	known sync.Map // kind -> *series: finding them by their labels takes longer than counting
}

// kind is what exchanges are counted by. There are as many as routes, methods and statuses, all of which are ours.
type kind struct {
	route, method string
	status        int
}

type series struct {
	requests           prometheus.Counter
	latency            prometheus.Observer
	withStore, without prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_http_requests_total", Help: "Requests answered, by route pattern, method and status.",
		}, []string{"route", "method", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_http_request_seconds", Help: "Time from the request's header to the end of the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		store: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_http_store_requests_total", Help: "Requests answered, by route pattern and whether answering them touched a database.",
		}, []string{"route", "store"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "holdfast_http_requests_in_flight", Help: "Requests being answered now.",
		}),
	}
	r.MustRegister(m.requests, m.latency, m.store, m.inFlight)
	return m
}

// observe counts one exchange. Methods that nothing answers to share one label, so that a caller cannot make labels.
func (m *metrics) observe(k kind, took time.Duration, store bool) {
	switch k.method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
	default:
		k.method = "other"
	}
	s := m.series(k)
	s.requests.Inc()
	s.latency.Observe(took.Seconds())
	if store {
		s.withStore.Inc()
	} else {
		s.without.Inc()
	}
}

func (m *metrics) series(k kind) *series {
	if s, ok := m.known.Load(k); ok {
		return s.(*series) //nolint:errcheck,forcetypeassert // the map holds nothing else
	}
	s, _ := m.known.LoadOrStore(k, &series{
		requests: m.requests.WithLabelValues(k.route, k.method, strconv.Itoa(k.status)), latency: m.latency.WithLabelValues(k.route, k.method),
		withStore: m.store.WithLabelValues(k.route, "yes"), without: m.store.WithLabelValues(k.route, "no"),
	})
	return s.(*series) //nolint:errcheck,forcetypeassert // the map holds nothing else
}
