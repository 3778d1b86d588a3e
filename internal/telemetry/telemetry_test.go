package telemetry

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, JSON, slog.LevelInfo)
	log.Debug("not shown")
	log.With("a", 1).Info("shown", "took", time.Second)
	var line struct {
		Time time.Time `json:"time"`
		Msg  string    `json:"msg"`
		A    int       `json:"a"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("want one object: %v in %q", err, out.String())
	}
	if line.Msg != "shown" || line.A != 1 || line.Time.Location() != time.UTC {
		t.Errorf("got %+v", line)
	}
	out.Reset()
	NewLogger(&out, Text, slog.LevelDebug).Debug("shown")
	if !strings.Contains(out.String(), "level=DEBUG msg=shown") {
		t.Errorf("got %q", out.String())
	}
}

func TestFormat(t *testing.T) {
	for text, want := range map[string]Format{"text": Text, "json": JSON, "JSON": 0, "": 0, "xml": 0} {
		var f Format
		err := f.UnmarshalText([]byte(text))
		if f != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %v, error %v", text, f, err)
		}
		if back, _ := f.MarshalText(); want != 0 && string(back) != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
}

func TestRegistry(t *testing.T) {
	build := Build{Version: "1.2.3", Revision: "abc", Go: "go1"}
	families, err := NewRegistry(build).Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, f := range families {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
		found[f.GetName()] = strings.Join(labels, " ")
	}
	if got := found["holdfast_build_info"]; got != "go=go1 revision=abc version=1.2.3" {
		t.Errorf("build: %q", got)
	}
	if _, ok := found["go_goroutines"]; !ok {
		t.Error("nothing about the Go runtime")
	}
	if _, err := NewRegistry(build).Gather(); err != nil {
		t.Errorf("two registries in one process: %v", err)
	}
}

func TestThisBuild(t *testing.T) {
	b := ThisBuild()
	if b.Version != "dev" || b.Revision == "" || !strings.HasPrefix(b.Go, "go") {
		t.Errorf("got %+v", b)
	}
}
