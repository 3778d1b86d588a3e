package rest

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"holdfast/rest/docs"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
)

type healthOut struct {
	Body wire.Health
}

func (s *server) probeCalls() {
	handle(s, operation{
		id: "get-health", method: http.MethodGet, path: "/healthz", tag: "System", summary: "Is the process alive?", about: "Asks nothing else.",
		public: true, unlimited: true, status: http.StatusOK,
	}, func(context.Context, *call, *nothing) (*healthOut, error) { return s.wellOut(), nil })
	handle(s, operation{
		id: "get-readiness", method: http.MethodGet, path: "/readyz", tag: "System", summary: "Can it serve?", about: "Asks the stores.",
		public: true, unlimited: true, status: http.StatusOK, codes: []string{"not_ready"},
	}, func(ctx context.Context, _ *call, _ *nothing) (*healthOut, error) {
		if s.Ready != nil {
			if err := s.Ready(ctx); err != nil {
				s.Logger.Warn("not ready", "error", err)
				return nil, problem.New("not_ready", "")
			}
		}
		return s.wellOut(), nil
	})
}

func (s *server) wellOut() *healthOut {
	return &healthOut{Body: wire.Health{Status: "ok", Version: s.api.OpenAPI().Info.Version}}
}

// plainRoutes adds what is no operation of the API: pages, the document, measures.
func (s *server) plainRoutes() {
	measures := promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	s.mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", noStore)
		measures.ServeHTTP(w, r)
	})
	s.mux.HandleFunc("GET /openapi.json", s.serveDocument)
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/docs", http.StatusFound) })
	docs.Register(s.mux)
}
