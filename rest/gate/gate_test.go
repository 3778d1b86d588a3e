package gate_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/rest/gate"
)

func bounds(most int, wait time.Duration) gate.Bounds {
	return gate.Bounds{Wait: wait, Most: map[gate.Class]int{gate.Read: most, gate.Write: most, gate.Staff: most}}
}

// desk serves what is put on it in batches, each of which takes as long as a commit, so many at once.
type desk struct {
	mu      sync.Mutex
	waiting []chan struct{}
	commit  time.Duration
	batch   int
}

func (d *desk) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(d.commit):
		}
		d.mu.Lock()
		n := min(d.batch, len(d.waiting))
		done := d.waiting[:n]
		d.waiting = d.waiting[n:]
		d.mu.Unlock()
		for _, c := range done {
			close(c)
		}
	}
}

func (d *desk) do() {
	c := make(chan struct{})
	d.mu.Lock()
	d.waiting = append(d.waiting, c)
	d.mu.Unlock()
	<-c
}

// load is what a time of calls came to.
type load struct {
	mu                       sync.Mutex
	good, late, refused, all int
}

// offer sends calls at a rate for a while, each of its own, as many people do; late ones take more than a second.
func offer(g *gate.Gate, d *desk, rate int, length time.Duration) *load {
	l, calls := &load{}, sync.WaitGroup{}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range int(length / time.Millisecond) {
		<-tick.C
		for range rate / 1000 {
			calls.Go(func() {
				began := time.Now()
				in := g == nil || g.Enter(gate.Write, began)
				if in {
					d.do()
				}
				took := time.Since(began)
				if in && g != nil {
					g.Leave(gate.Write, time.Now(), took)
				}
				l.mu.Lock()
				defer l.mu.Unlock()
				l.all++
				switch {
				case !in:
					l.refused++
				case took > time.Second:
					l.late++
				default:
					l.good++
				}
			})
		}
	}
	calls.Wait()
	return l
}

// TestOverload: at three times what a desk can do, nearly as much is done in time as at its rate, the others are turned
// away, and once the load has fallen nobody is. Without the gate nearly everybody is late.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const able = 10_000 // a second: 200 in 20 ms
		stop := make(chan struct{})
		d := &desk{commit: 20 * time.Millisecond, batch: able / 50}
		var running sync.WaitGroup
		running.Go(func() { d.run(stop) })
		g := gate.New(bounds(4096, 50*time.Millisecond))

		rated := offer(g, d, able*9/10, 3*time.Second)
		if rated.refused > 0 || rated.late > 0 {
			t.Errorf("at the rated load %d of %d were refused and %d late", rated.refused, rated.all, rated.late)
		}
		over := offer(g, d, 3*able, 20*time.Second)
		if want := able * 20 * 9 / 10; over.good < want || over.late > 0 {
			t.Errorf("%d of %d were served in time, want %d; %d late, %d refused", over.good, over.all, want, over.late, over.refused)
		}
		limit := g.State(gate.Write).Limit
		if limit > 1200 || limit < 512 {
			t.Errorf("the limit went to %d", limit)
		}
		settle := offer(g, d, able*8/10, 2*time.Second)
		after := offer(g, d, able*8/10, 2*time.Second)
		if after.refused > 0 || after.late > 0 || settle.late > 0 {
			t.Errorf("two seconds after the overload %d were refused and %d late", after.refused, after.late)
		}
		if s := g.State(gate.Write); s.UnderWay != 0 || s.Admitted != int64(rated.good+over.good+settle.good+after.good) || s.Refused != int64(over.refused+settle.refused) {
			t.Errorf("state %+v", s)
		}

		open := offer(nil, d, 3*able, 5*time.Second)
		if open.good > open.all/5 {
			t.Errorf("without the gate %d of %d were served in time: the test shows nothing", open.good, open.all)
		}
		close(stop)
		running.Wait()
	})
}

// TestSlowStore: where a commit takes longer than the wait, the limit stays at its floor and the desk goes on.
func TestSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		d := &desk{commit: 200 * time.Millisecond, batch: 10_000}
		var running sync.WaitGroup
		running.Go(func() { d.run(stop) })
		g := gate.New(bounds(800, 50*time.Millisecond))
		over := offer(g, d, 10_000, 20*time.Second)
		if limit := g.State(gate.Write).Limit; limit != 800/gate.Floor {
			t.Errorf("the limit is %d", limit)
		}
		if over.good < 20*5*(800/gate.Floor)*9/10 {
			t.Errorf("only %d were served", over.good)
		}
		close(stop)
		running.Wait()
	})
}

// TestFullBatches: where a commit takes its time whatever is in it, a floor of two batches keeps all of them full; the
// usual one would not.
func TestFullBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const batch, commits = 500, 20 * 4
		stop := make(chan struct{})
		d := &desk{commit: 250 * time.Millisecond, batch: batch}
		var running sync.WaitGroup
		running.Go(func() { d.run(stop) })
		b := bounds(2000, 50*time.Millisecond)
		usual := offer(gate.New(b), d, 6000, 20*time.Second)
		b.Least = map[gate.Class]int{gate.Write: 2 * batch}
		full := offer(gate.New(b), d, 6000, 20*time.Second)
		if full.good < batch*commits*95/100 || full.late > batch*8 || usual.good > batch*commits*8/10 {
			t.Errorf("with two batches under way %d were served and %d late, with fewer %d; the desk can do %d", full.good, full.late, usual.good, batch*commits)
		}
		close(stop)
		running.Wait()
	})
}

// TestClassesApart: a class that is full takes no place of another one.
func TestClassesApart(t *testing.T) {
	g, now := gate.New(bounds(3, time.Second)), time.Unix(1, 0)
	for range 3 {
		if !g.Enter(gate.Write, now) {
			t.Fatal("refused below the limit")
		}
	}
	if g.Enter(gate.Write, now) {
		t.Error("admitted above the limit")
	}
	for _, c := range []gate.Class{gate.Read, gate.Staff} {
		if !g.Enter(c, now) {
			t.Errorf("%v was refused because another class is full", c)
		}
	}
	g.Leave(gate.Write, now, time.Millisecond)
	if !g.Enter(gate.Write, now) {
		t.Error("refused a place that was given back")
	}
}

// TestPause: an interval in which nobody ended says nothing, and after a quiet time the gate is wide open.
func TestPause(t *testing.T) {
	g, now := gate.New(bounds(100, 10*time.Millisecond)), time.Unix(1, 0)
	g.Enter(gate.Read, now)
	for range 20 {
		now = now.Add(gate.Interval)
		g.Enter(gate.Read, now)
	}
	if limit := g.State(gate.Read).Limit; limit != 100 {
		t.Errorf("nobody ended, and the limit went to %d", limit)
	}
	for range 40 {
		g.Leave(gate.Read, now, time.Second)
		now = now.Add(gate.Interval)
	}
	if limit := g.State(gate.Read).Limit; limit != 100/gate.Floor {
		t.Errorf("all took long, and the limit is %d", limit)
	}
	g.Enter(gate.Read, now.Add(time.Minute))
	if limit := g.State(gate.Read).Limit; limit != 100 {
		t.Errorf("after a minute without calls the limit is %d", limit)
	}
}

// TestGrows: once calls are quick again, the limit goes back up while it is asked for, and stays where it is otherwise.
func TestGrows(t *testing.T) {
	g, now := gate.New(bounds(160, 10*time.Millisecond)), time.Unix(1, 0)
	round := func(calls int, took time.Duration) {
		in := 0
		for range calls {
			if g.Enter(gate.Write, now) {
				in++
			}
		}
		for range in {
			g.Leave(gate.Write, now, took)
		}
		now = now.Add(gate.Interval)
	}
	for range 50 {
		round(1, time.Second)
	}
	if limit := g.State(gate.Write).Limit; limit != 160/gate.Floor {
		t.Fatalf("the limit is %d", limit)
	}
	for range 20 {
		round(5, time.Millisecond)
	}
	if limit := g.State(gate.Write).Limit; limit != 160/gate.Floor {
		t.Errorf("nobody came up to the limit, and it is %d", limit)
	}
	for range 20 {
		round(1000, time.Millisecond)
	}
	if limit := g.State(gate.Write).Limit; limit != 160 {
		t.Errorf("after two seconds of quick calls the limit is %d", limit)
	}
}
