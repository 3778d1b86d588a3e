package resttest

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/rest"
)

// Deps are what rest.New needs to serve this world, in test mode.
func (w *World) Deps() rest.Deps {
	return rest.Deps{
		Identity: w.Identity(), Hotels: w.Hotels(), Reservations: w.Reservations(), Payments: w.Payments(), Rail: w.Rail(), Flights: w.Flights(), Feeds: w.Feeds(),
		Clock: w.Clock, SandboxClock: w.Clock, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Version: "0.1.0-test",
	}
}

// Handler serves this world.
func (w *World) Handler() http.Handler { return rest.New(w.Deps()) }
