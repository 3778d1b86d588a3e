package bench

import (
	"strings"
	"testing"
	"time"

	"holdfast/test/load/drive"
)

// run makes the slices of a run: a second before, a second of overload, two after; bad ones are given by their number.
func stressed(bad map[int]drive.Slice) *drive.Result {
	r := &drive.Result{Latency: &drive.Histogram{}, Refusals: &drive.Histogram{}}
	for i := range 42 {
		s := drive.Slice{Placed: 10, Arrived: 10, Slowest: 5 * time.Millisecond}
		if b, ok := bad[i]; ok {
			s = b
		}
		r.Slices = append(r.Slices, s)
	}
	return r
}

func TestOverloadIsJudged(t *testing.T) {
	p := phases{time.Second, time.Second, 2 * time.Second}
	refusing := map[int]drive.Slice{}
	for i := 10; i < 20; i++ {
		refusing[i] = drive.Slice{Placed: 9, Arrived: 30, Missed: 21}
	}
	refusing[20] = drive.Slice{Placed: 10, Arrived: 10, Missed: 1}
	refusing[22] = drive.Slice{Placed: 10, Arrived: 10, Slowest: time.Second}
	s := &stress{rated: 100}
	s.judge(p, stressed(refusing))
	if s.goodput != 90 || s.refused != 0.7 || s.recovery != 300*time.Millisecond {
		t.Errorf("%+v", s)
	}
	for i := 20; i < 42; i++ {
		refusing[i] = drive.Slice{Arrived: 10, Missed: 10}
	}
	lost := &stress{rated: 100}
	lost.judge(p, stressed(refusing))
	if lost.recovery >= 0 {
		t.Errorf("recovered after %v", lost.recovery)
	}
	for _, l := range overloadLines("b7.x", s, lost) {
		if !l.Met() {
			t.Errorf("%v", l)
		}
	}
	lines := overloadLines("b7.x", lost, s)
	if l := lines[2]; l.Met() || !strings.Contains(l.String(), "did not recover") {
		t.Errorf("%v", l)
	}
	bad := &stress{rated: 200, goodput: 90}
	if overloadLines("b7.x", bad, s)[0].Met() {
		t.Error("45 % of the peak is enough")
	}
}
