// Package telemetry sets up what a process tells about itself: structured logs, metrics, and which build it is.
package telemetry

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Format is how log lines are written.
type Format int

// The formats of logs.
const (
	Text Format = iota + 1 // key=value words, for people
	JSON                   // one object a line, for collectors
)

func (f Format) String() string {
	switch f {
	case Text:
		return "text"
	case JSON:
		return "json"
	default:
		return fmt.Sprintf("format %d", int(f))
	}
}

// UnmarshalText reads "text" or "json", as flags and configuration give them.
func (f *Format) UnmarshalText(text []byte) error {
	for _, known := range []Format{Text, JSON} {
		if string(text) == known.String() {
			*f = known
			return nil
		}
	}
	return fmt.Errorf("log format %q: want text or json", text)
}

// MarshalText is the inverse of UnmarshalText.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// NewLogger writes lines of level and above to w. Times are in UTC, so that logs of several regions sort together.
func NewLogger(w io.Writer, format Format, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			a.Value = slog.TimeValue(a.Value.Time().UTC())
		}
		return a
	}}
	switch format {
	case JSON:
		return slog.New(slog.NewJSONHandler(w, options))
	case Text:
		return slog.New(slog.NewTextHandler(w, options))
	default:
		panic(fmt.Sprintf("telemetry: %v does not exist", format))
	}
}

// NewRegistry gives a registry of its own (never the global one, which tests and two servers in one process would share)
// with what every process shows: the Go runtime, the process, and build as the metric holdfast_build_info.
func NewRegistry(build Build) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "holdfast_build_info",
		Help: "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{
			"version": build.Version, "revision": build.Revision, "go": build.Go,
		},
	}, func() float64 { return 1 })
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		info,
	)
	return registry
}

// version is set by the linker (make build); empty in a plain go build.
var version string

// Build says which build of the program runs.
type Build struct {
	Version  string // a release, or "dev"
	Revision string // the commit, with "+changes" where the tree had any; "unknown" without version control
	Time     string // of the commit, RFC 3339; empty without version control
	Go       string // the toolchain, such as go1.26.8
}

// ThisBuild reads what the toolchain and the linker left in the binary.
func ThisBuild() Build {
	b := Build{Version: cmp.Or(version, "dev"), Revision: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	changed := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			changed = s.Value == "true"
		}
	}
	if changed {
		b.Revision += "+changes"
	}
	return b
}
