package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// printer writes lines and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// meter shows how far something is, on one line of a terminal that is written over; elsewhere it shows nothing.
type meter struct {
	w     io.Writer // nil: not a terminal
	what  string
	shown int // characters on the line
}

func newMeter(w io.Writer, what string) *meter {
	m := &meter{what: what}
	if file, ok := w.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			m.w = w
		}
	}
	return m
}

// show writes the line; calls come one after the other.
func (m *meter) show(done, total int64) {
	if m.w == nil || total <= 0 {
		return
	}
	text := fmt.Sprintf("%s %3d %%  (%d of %d)", m.what, 100*done/total, done, total)
	_, _ = fmt.Fprintf(m.w, "\r%-*s", m.shown, text)
	m.shown = len(text)
}

// end wipes the line.
func (m *meter) end() {
	if m.shown > 0 {
		_, _ = fmt.Fprintf(m.w, "\r%-*s\r", m.shown, "")
	}
}

// background is a context for commands that handle signals themselves.
func background() (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}
