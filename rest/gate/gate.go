// Package gate lets only as many calls in as can be answered in time, and turns the others away at once: a call that is
// refused in microseconds can be tried again, one that waits for seconds is worth nothing to anybody and slows the rest.
//
// Calls come in classes that do not take each other's places. Each class has a limit of calls under way, which follows
// the shortest time that any call took during an interval, the signal of CoDel (RFC 8289, section 3): as long as some
// call is answered within the wait, the others stand in a burst, and nothing needs to be done; when even the luckiest
// takes longer, there is a standing queue, and the limit shrinks by a tenth. It grows again while calls come up to it and
// the shortest time is well (additive increase, multiplicative decrease, as TCP does it). The limit never falls below a
// floor. For what goes to the desk that is two batches, one being committed and one filling up: a commit takes its time
// whatever is in it, so with fewer calls under way less would be done and nobody served sooner.
//
// A gate has no goroutine: whoever passes after the end of an interval moves the limit.
package gate

import (
	"math"
	"sync/atomic"
	"time"
)

// Class is a kind of calls that has places of its own.
type Class uint8

// The classes.
const (
	Read  Class = iota + 1 // reads and searches of anybody
	Write                  // what changes something
	Staff                  // calls of staff, whatever they do: those who can do something about an overload
)

// Classes lists all of them.
var Classes = []Class{Read, Write, Staff}

var names = [...]string{Read: "read", Write: "write", Staff: "staff"}

// String is the class in metrics.
func (c Class) String() string { return names[c] }

// Bounds of a gate.
type Bounds struct {
	Most  map[Class]int // calls under way of each class
	Least map[Class]int // which a limit does not fall below; Most / Floor where nothing is said
	Wait  time.Duration // the shortest time of an interval above which there are too many calls under way
}

// Floor is the inverse of the share of Most below which a limit does not fall by itself.
const Floor = 8

// Interval is how often a limit is moved; long enough for several commits.
const Interval = 100 * time.Millisecond

// Steps of a limit: of itself down, of Most up. From the floor to the top takes a second and a half.
const (
	down = 10
	up   = 16
)

// Gate admits calls. Its methods may be called by many at once.
type Gate struct {
	wait    time.Duration
	classes [len(names)]class
}

// class has all in atomics: a mutex would be the one thing all calls of an overload wait for.
type class struct {
	least, most int64

	under    atomic.Int64 // way
	limit    atomic.Int64
	shortest atomic.Int64 // time of a call that ended in this interval, in nanoseconds
	reached  atomic.Bool  // the limit, in this interval
	ends     atomic.Int64 // of the interval, in Unix nanoseconds

	admitted, refused atomic.Int64
}

// New makes a gate that is wide open.
func New(b Bounds) *Gate {
	g := &Gate{wait: b.Wait}
	for _, c := range Classes {
		k := &g.classes[c]
		k.most = int64(max(1, b.Most[c]))
		k.least = max(1, k.most/Floor)
		if least, ok := b.Least[c]; ok {
			k.least = min(k.most, int64(max(1, least)))
		}
		k.limit.Store(k.most)
		k.shortest.Store(math.MaxInt64)
	}
	return g
}

// Enter asks for a place. Whoever gets one gives it back with Leave.
func (g *Gate) Enter(c Class, now time.Time) bool {
	k := &g.classes[c]
	g.turn(k, now)
	if k.under.Add(1) > k.limit.Load() {
		k.under.Add(-1)
		k.reached.Store(true)
		k.refused.Add(1)
		return false
	}
	k.admitted.Add(1)
	return true
}

// Forget gives a place back without counting how long it was taken: of a call that was refused, which says nothing about
// how long work takes, or that waited for somebody else.
func (g *Gate) Forget(c Class) { g.classes[c].under.Add(-1) }

// Leave gives a place back after so long.
func (g *Gate) Leave(c Class, now time.Time, took time.Duration) {
	k := &g.classes[c]
	k.under.Add(-1)
	for {
		was := k.shortest.Load()
		if int64(took) >= was || k.shortest.CompareAndSwap(was, int64(took)) {
			break
		}
	}
	g.turn(k, now)
}

// turn moves the limit if the interval has ended. One caller does it; the others go on with the limit there was.
func (g *Gate) turn(k *class, now time.Time) {
	at := now.UnixNano()
	ends := k.ends.Load()
	if at < ends || !k.ends.CompareAndSwap(ends, at+int64(Interval)) {
		return
	}
	shortest, reached := k.shortest.Swap(math.MaxInt64), k.reached.Swap(false)
	limit := k.limit.Load()
	switch {
	case at-ends > int64(10*Interval): // nobody came for a while; what was measured before says nothing about now
		limit = k.most
	case shortest == math.MaxInt64: // nobody ended: a pause of the store, say, about which a limit can do nothing
	case shortest > int64(g.wait):
		limit = max(k.least, limit-max(1, limit/down))
	case reached:
		limit = min(k.most, limit+max(1, k.most/up))
	}
	k.limit.Store(limit)
}

// State is what a class is doing.
type State struct {
	Limit, UnderWay   int64
	Admitted, Refused int64 // since the start
}

// State of a class.
func (g *Gate) State(c Class) State {
	k := &g.classes[c]
	return State{Limit: k.limit.Load(), UnderWay: k.under.Load(), Admitted: k.admitted.Load(), Refused: k.refused.Load()}
}
