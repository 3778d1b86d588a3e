package result_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/test/load/drive"
	"holdfast/test/load/meter"
	"holdfast/test/load/result"
)

func file(t *testing.T, rate float64, took time.Duration) *result.File {
	t.Helper()
	f := result.New(t.Context(), []string{"b1", "--short"})
	f.Lines = append(f.Lines, result.Line{Name: "b1.hot", Unit: "/s", Ours: rate, Peer: 100, Ratio: rate / 100, OursCost: &meter.Cost{Self: 20}})
	for i := range 3 {
		h := &drive.Histogram{}
		for range 1000 {
			h.Add(took)
		}
		f.Add("b1.hot.ours", result.RoundOf(&drive.Result{Rate: rate * float64(i+1), Latency: h}, 0, meter.Cost{}))
	}
	f.Memory("b1.hot.ours", 300<<20)
	return f
}

func TestFileIsReadAsWritten(t *testing.T) {
	f := file(t, 1000, 10*time.Millisecond)
	if f.Machine.Cores < 1 || f.Machine.Go == "" {
		t.Errorf("%+v", f.Machine)
	}
	name := filepath.Join(t.TempDir(), "a.json")
	if err := f.Write(name); err != nil {
		t.Fatal(err)
	}
	got, err := result.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	h, err := drive.Decode(got.Cells[0].Rounds[2].Latency)
	if err != nil || h.Count() != 1000 || h.Quantile(1) < 10*time.Millisecond || h.Quantile(1) > 10010*time.Microsecond {
		t.Errorf("%v, %d counted, the longest %v", err, h.Count(), h.Quantile(1))
	}
	if got.Cells[0].PeakRSSMiB != 300 || got.Lines[0].Name != "b1.hot" {
		t.Errorf("%+v", got)
	}
	got.Format = "holdfast-load/0"
	if err := got.Write(name); err != nil {
		t.Fatal(err)
	}
	if _, err := result.Read(name); err == nil || !strings.Contains(err.Error(), "holdfast-load/0") {
		t.Errorf("another format: %v", err)
	}
}

func TestCompare(t *testing.T) {
	var out bytes.Buffer
	if err := result.Compare(&out, file(t, 1000, 10*time.Millisecond), file(t, 1500, 5*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"b1.hot ours a=1000/s b=1500/s b/a=1.50 to peer a=10.00 b=15.00 b/a=1.50", "b1.hot.ours closed rate a=2000/s b=3000/s b/a=1.50 p50 b/a=0.50"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if err := result.Compare(&out, file(t, 1, 1), &result.File{}); err == nil {
		t.Error("files without anything in common were compared")
	}
}

func TestNoFileBooksNothing(*testing.T) {
	var f *result.File
	f.Add("x", nil)
	f.Memory("x", 1)
}
