package sim_test

import (
	"context"
	"log/slog"

	"holdfast/uid"
)

// journal is where a process logs. It is a gate as well: when one batch fails, all that waited for it go on at once, and
// the first thing they do outside is to say so.
type journal struct {
	w       *world
	process int
}

// Enabled implements slog.Handler.
func (journal) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements slog.Handler.
func (j journal) Handle(ctx context.Context, r slog.Record) error {
	g := &gate{of: j.process, who: "log: " + r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "reservation" {
			return true
		}
		if id, err := uid.Parse("res", a.Value.String()); err == nil {
			g.id = id[:]
		}
		return false
	})
	j.w.wait(ctx, g)
	return nil
}

// WithAttrs and WithGroup implement slog.Handler.
func (j journal) WithAttrs([]slog.Attr) slog.Handler { return j }
func (j journal) WithGroup(string) slog.Handler      { return j }
