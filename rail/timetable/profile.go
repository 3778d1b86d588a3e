package timetable

// profile walks the hops against time and keeps, for each station, when to be there for which arrivals: what the paper
// calls a profile scan. A row has the earliest arrival with at most 1, 2, ... rides more.
type profile struct {
	at     [][]option // of a station, the latest first
	origin []option   // of From
	aboard []row      // of a run: for who is on it
	leaves []row      // with Skip: for who alights, of the calls of a run one after the other
	first  []int32    // of a run: where in leaves
}

// option is what is left for who is there by a time. Each row holds the best of all options that are no earlier.
type option struct {
	by     int32
	arrive row
}

var never = row{far, far, far, far, far, far, far, far, far}

type backwardProfile struct {
	*scratch
	t          *Timetable
	skip       func(run int32, from, to int) bool
	whole      func(run int32) Extent
	start, end int32 // journeys depart no earlier and arrive no later
	most       int32 // rides
}

// What a search knows of the runs that it came by.
const (
	unseen uint8 = iota
	free         // none of its rides is skipped
	asked        // Skip is asked for each
	out          // all are skipped
)

// extent is what to do about a run.
func (p *backwardProfile) extent(run int32) uint8 {
	if p.skip == nil {
		return free
	}
	if p.whole == nil {
		return asked
	}
	switch p.whole(run) {
	case None:
		return free
	case All:
		return out
	case Some:
		return asked
	default:
		return asked
	}
}

// run fills in s.profile.origin.
func (p *backwardProfile) run() {
	f := &p.profile
	f.origin, f.leaves = f.origin[:0], f.leaves[:0]
	span := p.t.span(p.start, p.end, &p.entries, &p.exits)
	if len(span.slices) == 0 {
		return
	}
	clear(p.back[span.low:span.high])
	if n := len(p.places); len(f.at) < n {
		f.at = append(f.at, make([][]option, n-len(f.at))...)
	}
	for i := range p.places {
		f.at[i] = f.at[i][:0]
	}
	if n := len(p.back); len(f.aboard) < n {
		f.aboard, f.first = make([]row, n), make([]int32, n)
	}
	for i := len(span.slices) - 1; i >= 0; i-- {
		hops := span.slices[i].hops
		p.slice(hops[since(hops, p.start):since(hops, p.end+1)])
	}
}

func (p *backwardProfile) slice(hops []hop) {
	f := &p.profile
	for i := len(hops) - 1; i >= 0; i-- {
		h := &hops[i]
		there := h.arr() + p.places[h.to].exit
		extent := p.back[h.run()]
		if extent == out || extent == unseen && there > p.end && len(f.at[h.to]) == 0 {
			continue // nothing leads to To from here, nor from further on
		}
		v := &f.aboard[h.run()]
		if extent == unseen {
			extent = p.extent(h.run())
			p.back[h.run()], *v = extent, never
			if extent == out {
				continue
			}
			if extent == asked {
				f.first[h.run()] = int32(len(f.leaves))
				for range p.t.run(h.run()).calls {
					f.leaves = append(f.leaves, never)
				}
			}
		}
		if h.has(ends) {
			*v = never
		}
		w := v
		if extent == asked {
			w = &f.leaves[f.first[h.run()]+int32(h.call())+1]
		}
		if h.has(alight) {
			if there <= p.end {
				w.best(&row{there, there, there, there, there, there, there, there})
			}
			if o := f.at[h.to]; len(o) > 0 && o[0].by >= h.arr() {
				n := len(o) - 1
				for o[n].by < h.arr() {
					n--
				}
				for k := 1; k < rides; k++ {
					w[k] = min(w[k], o[n].arrive[k-1])
				}
			}
		}
		if !h.has(board) {
			continue
		}
		if extent == asked {
			p.allowed(h, v)
		}
		if v[p.most-1] >= far {
			continue
		}
		from := &p.places[h.from]
		if at := h.dep - from.entry; at >= p.start {
			f.origin = offer(f.origin, at, v, p.most)
		}
		f.at[h.from] = offer(f.at[h.from], h.dep-from.change, v, p.most-1)
		if from.walks {
			to, takes := p.t.in.of(int32(h.from))
			for i := range to {
				f.at[to[i]] = offer(f.at[to[i]], h.dep-takes[i], v, p.most-1)
			}
		}
	}
}

// best takes the best of two in each column.
func (r *row) best(o *row) {
	for k := range rides {
		r[k] = min(r[k], o[k])
	}
}

// offer adds an option, unless as good a one is there that is no earlier. Only the first columns count, so many as most.
func offer(all []option, by int32, v *row, most int32) []option {
	i := len(all) // options before i are no earlier
	for i > 0 && all[i-1].by < by {
		i--
	}
	merged := *v
	if i > 0 {
		better := false
		for k := range rides {
			if merged[k] < all[i-1].arrive[k] {
				better = better || int32(k) < most
			} else {
				merged[k] = all[i-1].arrive[k]
			}
		}
		if !better {
			return all
		}
		if all[i-1].by == by {
			i--
			all[i].arrive = merged
		}
	}
	if i == len(all) || all[i].by != by {
		all = append(all, option{})
		copy(all[i+1:], all[i:])
		all[i] = option{by, merged}
	}
	for n := i + 1; n < len(all); n++ {
		all[n].arrive.best(&merged)
	}
	return all
}

// allowed fills in what a ride from the beginning of a hop leads to, of those that are not to be skipped.
func (p *backwardProfile) allowed(h *hop, v *row) {
	*v = never
	calls := p.t.run(h.run()).calls
	exits := p.profile.leaves[p.profile.first[h.run()]:][:len(calls)]
	for i := h.call() + 1; i < len(calls); i++ {
		better := false
		for k := range p.most {
			better = better || exits[i][k] < v[k]
		}
		if better && !p.skip(h.run(), h.call(), i) {
			v.best(&exits[i])
		}
		if calls[i].flags&cut != 0 {
			break
		}
	}
}
