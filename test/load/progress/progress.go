// Package progress shows people what a load run is doing: one line that is redrawn on a terminal, a plain line now and
// then everywhere else.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"holdfast/test/load/drive"
)

// Display writes to a terminal or a file. It is an io.Writer, so that other lines do not mix with the one that is
// redrawn: what is written to it should be whole lines.
type Display struct {
	out      io.Writer
	terminal bool
	every    time.Duration

	mu    sync.Mutex
	shown bool // a line is on the terminal that has no end yet
}

const (
	redraw = 200 * time.Millisecond
	plain  = 5 * time.Second
	erase  = "\r\x1b[K" // ECMA-48: erase in line
)

// New is a display on a file.
func New(out io.Writer) *Display {
	d := &Display{out: out, every: plain}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			d.terminal, d.every = true, redraw
		}
	}
	return d
}

// Write implements io.Writer.
func (d *Display) Write(text []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clear()
	return d.out.Write(text)
}

func (d *Display) clear() {
	if d.shown {
		_, _ = io.WriteString(d.out, erase)
		d.shown = false
	}
}

func (d *Display) show(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.terminal {
		_, _ = fmt.Fprintln(d.out, line)
		return
	}
	_, _ = fmt.Fprint(d.out, erase+line)
	d.shown = true
}

// Watch shows a run until stop is called: what it is, how long it has taken of about how long, how many answers a second
// come now, what went wrong, and the 99th percentile so far. A writer that is no Display shows nothing.
func Watch(to io.Writer, phase string, about time.Duration, live *drive.Live) (stop func()) {
	d, ok := to.(*Display)
	if !ok {
		return func() {}
	}
	var watching sync.WaitGroup
	ended := make(chan struct{})
	watching.Go(func() {
		tick := time.NewTicker(d.every)
		defer tick.Stop()
		began := time.Now()
		last, lastAt := int64(0), began
		for {
			select {
			case <-ended:
				d.mu.Lock()
				d.clear()
				d.mu.Unlock()
				return
			case now := <-tick.C:
				answers := live.Answers()
				d.show(Line(phase, now.Sub(began), about, float64(answers-last)/now.Sub(lastAt).Seconds(), live))
				last, lastAt = answers, now
			}
		}
	})
	return func() {
		close(ended)
		watching.Wait()
	}
}

// Line is what is shown of a run.
func Line(phase string, elapsed, about time.Duration, rate float64, live *drive.Live) string {
	text := fmt.Sprintf("  %s  %.0f/%.0f s  %.0f/s  p99 %v", phase, elapsed.Seconds(), about.Seconds(), rate, live.Latency.Quantile(0.99).Round(10*time.Microsecond))
	for _, n := range []struct {
		name string
		n    int64
	}{{"sold out", live.SoldOut.Load()}, {"refused", live.Shed.Load()}, {"ERRORS", live.Failed.Load()}} {
		if n.n > 0 {
			text += fmt.Sprintf("  %s %d", n.name, n.n)
		}
	}
	return text
}
