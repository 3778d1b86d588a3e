package progress

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/test/load/drive"
)

func TestPlainLinesOffATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		live := &drive.Live{}
		stop := Watch(New(&out), "b1 hot", 20*time.Second, live)
		live.Placed.Store(5000)
		live.Failed.Store(3)
		live.Latency.Add(12 * time.Millisecond)
		time.Sleep(11 * time.Second) //nolint:forbidigo // inside synctest's bubble
		stop()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 || lines[0] != "b1 hot  5/20 s  1001/s  p99 12.01ms  ERRORS 3" {
			t.Errorf("%q", lines)
		}
	})
}

func TestOneLineOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := &Display{out: &out, terminal: true, every: redraw}
		stop := Watch(d, "phase", time.Second, &drive.Live{})
		time.Sleep(500 * time.Millisecond) //nolint:forbidigo // inside synctest's bubble
		if _, err := io.WriteString(d, "other\n"); err != nil {
			t.Fatal(err)
		}
		stop()
		if got := out.String(); strings.Count(got, "phase") != 2 || strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, erase+"other\n") {
			t.Errorf("%q", got)
		}
	})
}

func TestOtherWritersShowNothing(t *testing.T) {
	var out bytes.Buffer
	Watch(&out, "phase", time.Second, &drive.Live{})()
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}
