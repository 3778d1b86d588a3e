package bench

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/uid"
)

// fake is a contestant that is right unless told otherwise.
type fake struct {
	mu        sync.Mutex
	sold      map[uid.ID]uid.ID
	units     int
	forgets   bool // gives a repeated request another reservation
	fails     bool // one call in ten
	calls     int
	findings  []string
	closed    bool
	lastCheck check.Expect
}

var errFake = errors.New("fake failure")

func (f *fake) Place(_ context.Context, r drive.Request) (uid.ID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls++; f.fails && f.calls%10 == 0 {
		return uid.ID{}, errFake
	}
	if id, ok := f.sold[r.Key]; ok && !f.forgets {
		return id, nil
	}
	if len(f.sold) >= f.units {
		return uid.ID{}, drive.ErrSoldOut
	}
	id := uid.New()
	f.sold[r.Key] = id
	return id, nil
}

func (f *fake) Check(_ context.Context, want check.Expect) (*check.Report, error) {
	f.lastCheck = want
	return &check.Report{Findings: f.findings}, nil
}

func (f *fake) Close(context.Context) error { f.closed = true; return nil }

func runFake(t *testing.T, f *fake, e *entry) error {
	t.Helper()
	f.sold = map[uid.ID]uid.ID{}
	e.open = func(context.Context, *entry) (contestant, error) { return f, nil }
	c := &cell{Options: Options{Rounds: 3, Progress: io.Discard}, name: "test", clients: 4, pools: 1, length: 20 * time.Millisecond, entries: []*entry{e}}
	err := c.run(t.Context(), nil)
	if !f.closed {
		t.Error("the contestant was left open")
	}
	return err
}

func TestCellRuns(t *testing.T) {
	f, e := &fake{units: 1 << 30}, &entry{name: "fake"}
	if err := runFake(t, f, e); err != nil {
		t.Fatal(err)
	}
	if len(e.rates) != 3 || e.median() <= 0 || len(f.lastCheck.Acks) != len(f.sold) {
		t.Errorf("rates %v, %d acknowledged of %d", e.rates, len(f.lastCheck.Acks), len(f.sold))
	}
}

// What is wrong must fail the run.
func TestCellFails(t *testing.T) {
	for name, c := range map[string]struct {
		fake  *fake
		entry *entry
		want  string
	}{
		"broken invariant":   {&fake{units: 1 << 30, findings: []string{"sold twice"}}, &entry{name: "fake"}, "sold twice"},
		"forgets its answer": {&fake{units: 1 << 30, forgets: true}, &entry{name: "fake"}, "repeated request"},
		"fails":              {&fake{units: 1 << 30, fails: true}, &entry{name: "fake"}, "calls failed"},
		"sells too few":      {&fake{units: 5}, &entry{name: "fake", tries: 100, units: 10}, "5 of 10 units"},
	} {
		if err := runFake(t, c.fake, c.entry); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLine(t *testing.T) {
	l := line("b1.x", 200, "for_update", 10)
	l.Aim = 20
	if got, want := l.String(), "b1.x ours=200/s peer=for_update:10/s ratio=20.00 aim=20x met"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	l.Least = 300
	if l.Met() || !strings.HasSuffix(l.String(), "aim=300/s BELOW") {
		t.Error(l)
	}
	if l := line("b1.y", 5, "", 0); !strings.Contains(l.String(), "peer=none") || !l.Met() {
		t.Error(l)
	}
}

func TestMedian(t *testing.T) {
	if got := (&entry{rates: []float64{9, 1, 5}}).median(); got != 5 {
		t.Errorf("%v", got)
	}
	if got := (&entry{rates: []float64{4, 1, 5, 2}}).median(); got != 3 {
		t.Errorf("%v", got)
	}
}
