package reservation

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/fault"
)

// meter counts what the desk does. Names are documented in docs/operations.md.
type meter struct {
	registry   prometheus.Registerer
	commands   *prometheus.CounterVec
	batches    prometheus.Histogram
	rows       prometheus.Histogram
	seconds    prometheus.Histogram
	overloaded prometheus.Counter
	early      prometheus.Counter
	retried    prometheus.Counter
	split      prometheus.Counter
	unknown    prometheus.Counter
	steps      *prometheus.CounterVec

	archivedSlots, archivedReservations prometheus.Counter
}

func newMeter(r prometheus.Registerer) *meter {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &meter{
		registry: r,
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_desk_commands_total", Help: "Commands decided by the desk, by command and result (ok or reason)."}, []string{"command", "result"}),
		batches:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_desk_batch_commands", Help: "Commands in one durable transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)}),
		rows:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_desk_batch_slots", Help: "Slots changed by one durable transaction.", Buckets: prometheus.ExponentialBuckets(1, 4, 8)}),
		seconds:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_desk_batch_seconds", Help: "Time of one durable transaction.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),

		overloaded:           counter("holdfast_desk_overloaded_total", "Commands refused because a lane's queue was full."),
		early:                counter("holdfast_desk_early_refusals_total", "Requests refused as sold out without a place on the desk."),
		retried:              counter("holdfast_desk_batches_retried_total", "Batches that failed and were tried again."),
		split:                counter("holdfast_desk_batches_split_total", "Batches taken apart to find a command that cannot be decided."),
		unknown:              counter("holdfast_desk_commits_unknown_total", "Commits whose answer was lost and that had to be looked up."),
		archivedSlots:        counter("holdfast_archived_slots_total", "Past slots moved to the archive."),
		archivedReservations: counter("holdfast_archived_reservations_total", "Reservations moved to the archive."),
		steps:                prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_saga_steps_total", Help: "Steps of payment sagas, by step and result."}, []string{"step", "result"}),
	}
	if r != nil {
		r.MustRegister(m.commands, m.batches, m.rows, m.seconds, m.overloaded, m.early, m.retried, m.split, m.unknown, m.steps, m.archivedSlots, m.archivedReservations)
	}
	return m
}

// queue publishes how many commands wait.
func (m *meter) queue(waiting func() int) {
	if m.registry != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_desk_waiting", Help: "Commands that wait for a place in a batch."},
			func() float64 { return float64(waiting()) }))
	}
}

func (m *meter) command(c *command) {
	result := "ok"
	if c.err != nil {
		result = fault.As(c.err).Reason
	}
	m.commands.WithLabelValues(c.name, result).Inc()
}

func (m *meter) batch(commands, slots int, took time.Duration) {
	m.batches.Observe(float64(commands))
	m.rows.Observe(float64(slots))
	m.seconds.Observe(took.Seconds())
}

func (m *meter) step(s Step, result string) { m.steps.WithLabelValues(s.String(), result).Inc() }
