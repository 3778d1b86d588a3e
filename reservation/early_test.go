package reservation

import (
	"testing"
	"testing/synctest"
	"time"

	"holdfast/stock"
)

var scarce = stock.Key{Pool: 7, Slot: 20_000}

func want(n int32) []stock.Demand { return []stock.Demand{{Key: scarce, Count: n}} }

func TestEarlyBelievesOnlyWhatWasCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEarly(50 * time.Millisecond)
		token := e.note([]shortage{{scarce, 1}})
		if e.ask(want(2)).refuse {
			t.Error("refused on a batch that has not committed")
		}
		e.drop(token)
		if v := e.ask(want(2)); v.refuse || v.probe != nil {
			t.Error("refused on a batch that failed")
		}
		e.believe(e.note([]shortage{{scarce, 1}}))
		if !e.ask(want(2)).refuse {
			t.Error("not refused after the commit")
		}
		if e.ask(want(1)).refuse {
			t.Error("refused one unit while one is free")
		}
	})
}

func TestEarlyForgetsAtOnceWhatCameBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEarly(50 * time.Millisecond)
		e.believe(e.note([]shortage{{scarce, 0}}))
		row := SlotRow{Key: scarce, Counters: stock.New(10, 0)}
		if err := row.Hold(10); err != nil {
			t.Fatal(err)
		}
		e.freed([]SlotRow{row})
		if !e.ask(want(1)).refuse {
			t.Error("a change that freed nothing dropped the belief")
		}
		if err := row.Release(1); err != nil {
			t.Fatal(err)
		}
		e.freed([]SlotRow{row})
		if e.ask(want(1)).refuse {
			t.Error("stock that came back is hidden")
		}
	})
}

// A release that commits between the refusing batch's commit and its belief wins: the note is gone before it could be
// believed.
func TestEarlyReleaseBetweenCommitAndBelief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEarly(50 * time.Millisecond)
		token := e.note([]shortage{{scarce, 0}})
		row := SlotRow{Key: scarce, Counters: stock.New(1, 0)}
		e.freed([]SlotRow{row})
		e.believe(token)
		if e.ask(want(1)).refuse {
			t.Error("stock that came back is hidden")
		}
	})
}

func TestEarlyProbesOnceAfterTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEarly(50 * time.Millisecond)
		e.believe(e.note([]shortage{{scarce, 0}}))
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // simulated time
		probe := e.ask(want(1))
		if probe.refuse || probe.probe == nil {
			t.Fatalf("after the bound nobody probes: %+v", probe)
		}
		other := e.ask(want(1))
		if other.wait == nil {
			t.Fatalf("a second request does not wait for the probe: %+v", other)
		}
		e.believe(e.note([]shortage{{scarce, 0}})) // what the probe's batch found
		e.probed(probe)
		<-other.wait
		if !e.ask(want(1)).refuse {
			t.Error("the probe's finding is not believed")
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // simulated time
		probe = e.ask(want(1))
		e.probed(probe) // it got its stock: nothing was noted
		if v := e.ask(want(1)); v.refuse || v.probe != nil || v.wait != nil {
			t.Errorf("still held back after a probe that succeeded: %+v", v)
		}
	})
}

// A shard that is full of what nobody asks for any more makes room; what is still believed is not thrown out.
func TestEarlyMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEarly(50 * time.Millisecond)
		sh := e.shard(scarce)
		fill := func(until time.Time) {
			for s := stock.Slot(0); len(sh.seen) < earlyShardMax; s++ {
				k := stock.Key{Pool: 1000, Slot: s}
				if e.shard(k) == sh {
					sh.seen[k] = &belief{until: until}
				}
			}
		}
		fill(time.Now().Add(time.Hour))
		if e.note([]shortage{{scarce, 0}}); sh.seen[scarce] != nil || len(sh.seen) != earlyShardMax {
			t.Fatal("a full shard grew, or threw out what is believed")
		}
		clear(sh.seen)
		fill(time.Now())
		e.believe(e.note([]shortage{{scarce, 0}}))
		if !e.ask(want(1)).refuse || len(sh.seen) != earlyShardMax {
			t.Fatal("no room was made")
		}
	})
}
