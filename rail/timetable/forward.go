package timetable

// forward walks the hops from a departure on and finds the earliest arrival with at most so many rides, and the fewest
// rides for it. It leaves labels in s.onward.
type forward struct {
	*scratch
	t     *Timetable
	skip  func(run int32, from, to int) bool
	start int32 // the journey departs no earlier
	end   int32 // and arrives no later
	most  int32 // rides

	arrive int32 // best so far; far for none
	label  uint8 // of its last ride
}

// run returns whether there is a journey; f has its arrival and rides then.
func (f *forward) run() bool {
	f.arrive, f.label = far, 0
	span := f.t.span(f.start, f.end, &f.entries, &f.exits)
	if len(span.slices) == 0 {
		return false
	}
	clear(f.onward[span.low:span.high])
	for i := range f.places {
		p := &f.places[i]
		p.row = row{far, far, far, far, far, far, far, far, far}
		for k := int32(0); k < f.most && p.entry < far; k++ {
			p.row[k] = f.start + p.entry
		}
	}
	for i := range span.slices {
		hops := span.slices[i].hops
		if len(hops) > 0 && !f.slice(hops[since(hops, f.start):]) {
			break
		}
	}
	return f.label > 0
}

// rides is how many the journey has that run found.
func (f *forward) rides() int32 { return f.most + 1 - int32(f.label) }

// slice walks hops; false when no later one can make a better journey.
func (f *forward) slice(hops []hop) bool {
	places, onward := f.places, f.onward
	limit := min(f.end, f.arrive)
	for i := range hops {
		h := &hops[i]
		if h.dep > limit {
			return false
		}
		label := onward[h.run()]
		if h.has(board | begins) {
			if h.has(begins) {
				label, onward[h.run()] = 0, 0
			}
			if r := &places[h.from].row; h.has(board) && r[label] <= h.dep {
				for label++; r[label] <= h.dep; label++ { // the column after the last is never reached
				}
				onward[h.run()] = label
			}
		}
		if label == 0 || !h.has(alight) {
			continue
		}
		p := &places[h.to]
		there, change := h.arr()+p.exit, h.arr()+p.change
		closer := there <= limit && (there < f.arrive || label > f.label)
		if !closer && !p.walks && (label == 1 || change >= p.row[label-2]) {
			continue
		}
		if f.skip != nil {
			if label = f.allowed(h); label == 0 {
				continue
			}
			closer = there <= limit && (there < f.arrive || label > f.label)
		}
		if closer {
			f.arrive, f.label = there, label
			limit = there
		}
		p.row.sooner(label, change)
		if p.walks {
			to, takes := f.t.out.of(int32(h.to))
			for i := range to {
				places[to[i]].row.sooner(label, h.arr()+takes[i])
			}
		}
	}
	return true
}

// sooner lets who leaves a run of this label board another from a time on.
func (r *row) sooner(label uint8, at int32) {
	for k := int(label) - 2; k >= 0 && at < r[k]; k-- {
		r[k] = at
	}
}

// allowed is the best label with which the end of a hop is reached on its run by a ride that is not to be skipped. With
// which a call is boarded follows from the rows still: whatever was found since arrives after the run has left.
func (f *forward) allowed(h *hop) (best uint8) {
	calls := f.t.run(h.run()).calls
	for i := h.call(); i >= 0 && int32(best) < f.most; i-- {
		c := &calls[i]
		if i < h.call() && c.flags&cut != 0 {
			break
		}
		r := &f.places[c.station].row
		if c.flags&board == 0 || r[best] > c.depart || f.skip(h.run(), i, h.call()+1) {
			continue
		}
		for r[best] <= c.depart {
			best++
		}
	}
	return best
}
