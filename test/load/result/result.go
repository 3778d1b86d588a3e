// Package result is the file that a load run writes, and the comparison of two of them. docs/benchmarks.md describes
// the format.
package result

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"holdfast/test/load/drive"
	"holdfast/test/load/meter"
)

// Format names the format and its version; a reader refuses others.
const Format = "holdfast-load/1"

// File is everything about a run.
type File struct {
	Format   string    `json:"format"`
	At       time.Time `json:"at"`
	Commit   string    `json:"commit"` // "+changes" behind it: the tree was not clean
	Machine  Machine   `json:"machine"`
	Settings []string  `json:"settings"` // the command's arguments
	Lines    []Line    `json:"lines"`
	Cells    []*Cell   `json:"cells"`

	mu sync.Mutex
}

// Machine is where it ran.
type Machine struct {
	Cores     int     `json:"cores"`
	CPU       string  `json:"cpu,omitempty"`
	MemoryMiB int64   `json:"memory_mib,omitempty"`
	System    string  `json:"system"`
	Go        string  `json:"go"`
	Load      float64 `json:"load_before"` // run queue, average of the last minute
}

// Line is one comparison as it was printed.
type Line struct {
	Name     string      `json:"name"`
	Unit     string      `json:"unit"`
	Ours     float64     `json:"ours"`
	Peer     float64     `json:"peer,omitempty"`
	Form     string      `json:"form,omitempty"`
	Ratio    float64     `json:"ratio,omitempty"`
	Text     string      `json:"text"` // the whole line
	OursCost *meter.Cost `json:"ours_cost,omitempty"`
	PeerCost *meter.Cost `json:"peer_cost,omitempty"`
}

// Cell is one contestant in one setting.
type Cell struct {
	Name       string   `json:"name"` // setting and contestant
	Rounds     []*Round `json:"rounds"`
	PeakRSSMiB int64    `json:"peak_rss_mib,omitempty"` // of its server
}

// Round is one run of it.
type Round struct {
	Kind     string     `json:"kind"` // "closed" or "open"
	Offered  float64    `json:"offered,omitempty"`
	Rate     float64    `json:"rate"`
	Placed   int64      `json:"placed"`
	SoldOut  int64      `json:"sold_out,omitempty"`
	Shed     int64      `json:"shed,omitempty"`
	Failed   int64      `json:"failed,omitempty"`
	Seconds  float64    `json:"seconds"`
	Cost     meter.Cost `json:"cost"`
	Summary  Quantiles  `json:"latency_ms"`
	Latency  string     `json:"latency_hdr"`            // HDR Histogram V2, compressed, base64, in microseconds
	Refusals string     `json:"refusals_hdr,omitempty"` // of shed requests
}

// Quantiles of latencies, in milliseconds.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// RoundOf describes what came of a run; offered is the rate of an open loop, 0 for a closed one.
func RoundOf(r *drive.Result, offered float64, cost meter.Cost) *Round {
	s := r.Latency.Summary()
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	round := &Round{
		Kind: "closed", Offered: offered, Rate: r.Rate, Placed: r.Placed, SoldOut: r.SoldOut, Shed: r.Shed, Failed: r.Failed, Seconds: r.Elapsed.Seconds(),
		Cost: cost, Summary: Quantiles{ms(s.P50), ms(s.P90), ms(s.P99), ms(s.P999), ms(s.Max)}, Latency: r.Latency.Encode(),
	}
	if offered > 0 {
		round.Kind = "open"
	}
	if r.Refusals != nil && r.Shed > 0 {
		round.Refusals = r.Refusals.Encode()
	}
	return round
}

// New is an empty file about this machine and this tree.
func New(ctx context.Context, settings []string) *File {
	return &File{Format: Format, At: time.Now().UTC(), Commit: commit(ctx), Machine: machine(), Settings: settings}
}

// Add books a round of a cell; a nil file books nothing.
func (f *File) Add(cell string, r *Round) {
	if f == nil {
		return
	}
	c := f.cell(cell)
	f.mu.Lock()
	defer f.mu.Unlock()
	c.Rounds = append(c.Rounds, r)
}

// Memory books the most memory that a cell's server has had, in bytes.
func (f *File) Memory(cell string, bytes int64) {
	if f == nil || bytes == 0 {
		return
	}
	c := f.cell(cell)
	f.mu.Lock()
	defer f.mu.Unlock()
	c.PeakRSSMiB = max(c.PeakRSSMiB, bytes>>20)
}

func (f *File) cell(name string) *Cell {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(f.Cells, func(c *Cell) bool { return c.Name == name })
	if at < 0 {
		f.Cells = append(f.Cells, &Cell{Name: name})
		at = len(f.Cells) - 1
	}
	return f.Cells[at]
}

// Write stores the file.
func (f *File) Write(name string) error {
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// Read loads a file.
func Read(name string) (*File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := &File{}
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if f.Format != Format {
		return nil, fmt.Errorf("%s: format %q; this command reads %s", name, f.Format, Format)
	}
	return f, nil
}

// commit is the tree's; "" outside of one.
func commit(ctx context.Context) string {
	head, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return ""
	}
	name := strings.TrimSpace(string(head))
	if changes, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--untracked-files=no").Output(); err != nil || len(changes) > 0 {
		name += "+changes"
	}
	return name
}

func machine() Machine {
	m := Machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	m.CPU = value("/proc/cpuinfo", "model name")
	var kib int64
	if _, err := fmt.Sscanf(value("/proc/meminfo", "MemTotal"), "%d kB", &kib); err == nil {
		m.MemoryMiB = kib >> 10
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &m.Load)
	}
	var u syscall.Utsname
	if syscall.Uname(&u) == nil {
		var release []byte
		for _, c := range u.Release {
			if c == 0 {
				break
			}
			release = append(release, byte(c))
		}
		m.System += " " + string(release)
	}
	return m
}

// value is what a file of "name : value" lines says first of a name.
func value(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if before, after, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(before) == name {
			return strings.TrimSpace(after)
		}
	}
	return ""
}
