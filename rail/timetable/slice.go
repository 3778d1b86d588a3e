package timetable

import "slices"

// slice is the hops that depart in a stretch of time, in order. What it knows of them as a whole is only ever too much.
type slice struct {
	hops            []hop
	boards, alights mask  // stations at which somebody may
	low, high       int32 // runs are in [low, high)
}

// empty stands where nothing departs.
var empty = &slice{}

// mask is a set of stations; stations with indexes maskBits apart are taken for each other.
type mask [maskBits / 64]uint64

const maskBits = 1024

func (m *mask) add(station int32) { m[station%maskBits/64] |= 1 << (station % 64) }

func (m *mask) meets(o *mask) bool {
	var both uint64
	for i := range m {
		both |= m[i] & o[i]
	}
	return both != 0
}

// sliceOf sorts hops and looks at them.
func sliceOf(hops []hop) *slice {
	slices.SortFunc(hops, byDeparture)
	return inOrder(hops)
}

func inOrder(hops []hop) *slice {
	s := &slice{hops: hops}
	for i := range hops {
		h := &hops[i]
		if h.has(board) {
			s.boards.add(int32(h.from))
		}
		if h.has(alight) {
			s.alights.add(int32(h.to))
		}
		if i == 0 {
			s.low, s.high = h.run(), h.run()+1
		}
		s.low, s.high = min(s.low, h.run()), max(s.high, h.run()+1)
	}
	return s
}

// span is a stretch of slices that a search walks.
type span struct {
	slices    []*slice
	low, high int32 // runs are in [low, high)
}

// span is the slices with hops that depart in [start, end], less those at either end in which nobody boards at an entry or
// leaves at an exit: there is nothing before, and nothing after.
func (t *Timetable) span(start, end int32, entries, exits *mask) span {
	from, to := max(start>>sliceBits-t.first, 0), min(end>>sliceBits-t.first, int32(len(t.slices))-1)
	for from <= to && !t.slices[from].boards.meets(entries) {
		from++
	}
	for from <= to && !t.slices[to].alights.meets(exits) {
		to--
	}
	s := span{}
	if from > to {
		return s
	}
	s.slices = t.slices[from : to+1]
	begun := false
	for i := range s.slices {
		switch l := s.slices[i]; {
		case len(l.hops) == 0:
		case !begun:
			s.low, s.high, begun = l.low, l.high, true
		default:
			s.low, s.high = min(s.low, l.low), max(s.high, l.high)
		}
	}
	return s
}

// since is the index of the first hop that departs at or after a time.
func since(hops []hop, at int32) int {
	low, high := 0, len(hops)
	for low < high {
		if m := int(uint(low+high) >> 1); hops[m].dep < at {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}
