package timetable

import (
	"fmt"
	"slices"
)

// RunChange is how a run runs from now on: a delay, another way, a cancellation, or a run more.
type RunChange struct {
	Run   int32  // index; Timetable.Runs() and following ones are new runs, without gaps
	Calls []Call // all of them; none: it does not run
}

// With returns a timetable with these changes; t stays what it is. Of several changes of a run the last counts. One that
// is broken is refused with all others, by a *RunError that names it.
//
// The two share everything but the pages (64 runs) and the slices of time (four and a half hours) that a change is in:
// the cost is that of copying these once and of two lists of pointers, about 30 bytes a page and 8 a slice, not that of the
// timetable. So give the changes of a message, or of a second, together.
func (t *Timetable) With(changes []RunChange) (*Timetable, error) {
	n := *t
	for i := range changes {
		c := changes[i].Run
		if c < 0 || int(c) > n.runs || n.runs == MaxRuns && int(c) == n.runs {
			return nil, &RunError{Run: int(c), Call: -1, Problem: fmt.Sprintf("unknown: there are %d runs, and at most %d", n.runs, MaxRuns)}
		}
		n.runs = max(n.runs, int(c)+1)
	}
	if !t.based {
		n.base, n.based = baseOf(len(changes), func(i int) []Call { return changes[i].Calls })
	}
	last := make(map[int32][]Call, len(changes))
	for i := range changes {
		last[changes[i].Run] = changes[i].Calls
	}
	changed := make([]int32, 0, len(last))
	for i := range last {
		changed = append(changed, i)
	}
	slices.Sort(changed)

	touched := map[int32][]hop{} // slice -> hops it gets
	n.pages = slices.Clone(t.pages)
	fresh := map[int32]bool{} // pages that are copies already
	for _, i := range changed {
		if int(i) < t.runs {
			t.run(i).hops(i, func(h hop) {
				at := h.dep >> sliceBits
				touched[at] = append(touched[at], nil...)
				n.hops--
			})
		}
		r, err := n.keep(int(i), last[i])
		if err != nil {
			return nil, err
		}
		n.put(i, r, fresh)
		r.hops(i, func(h hop) {
			at := h.dep >> sliceBits
			touched[at] = append(touched[at], h)
			n.hops++
		})
	}
	n.stretch(touched)
	for at, add := range touched {
		slices.SortFunc(add, byDeparture)
		s := &n.slices[at-n.first]
		*s = inOrder(replaced((*s).hops, changed, add))
	}
	return &n, nil
}

// put places a run in a page of t's own.
func (t *Timetable) put(i int32, r run, fresh map[int32]bool) {
	at := i >> pageBits
	if int(at) == len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	if !fresh[at] {
		t.pages[at], fresh[at] = slices.Clone(t.pages[at]), true
	}
	page := &t.pages[at]
	if k := int(i & (1<<pageBits - 1)); k < len(*page) {
		(*page)[k] = r
	} else {
		*page = append(*page, r)
	}
}

// stretch copies the list of slices, with room at either end for those that are touched.
func (t *Timetable) stretch(touched map[int32][]hop) {
	low, high := t.first, t.first+int32(len(t.slices)) // [low, high)
	for at := range touched {
		if low == high {
			low, high = at, at+1
		}
		low, high = min(low, at), max(high, at+1)
	}
	all := make([]*slice, high-low)
	for i := range all {
		all[i] = empty
	}
	if len(t.slices) > 0 {
		copy(all[t.first-low:], t.slices)
	}
	t.first, t.slices = low, all
}

// replaced merges a slice, without the hops of the changed runs, with what is added.
func replaced(old []hop, changed []int32, add []hop) []hop {
	merged := make([]hop, 0, len(old)+len(add))
	for i := range old {
		if _, out := slices.BinarySearch(changed, old[i].run()); out {
			continue
		}
		for len(add) > 0 && byDeparture(add[0], old[i]) < 0 {
			merged, add = append(merged, add[0]), add[1:]
		}
		merged = append(merged, old[i])
	}
	return append(merged, add...)
}
