package timetable

import (
	"cmp"
	"slices"
)

// Search returns every journey of the window for which there is no other that departs no earlier, arrives no later and has
// no more changes, and is better in one of these; of journeys equal in all three, one. They are in order of departure, then
// of arrival.
//
// A journey is compared with those outside of the window too, so windows side by side give what one over both would: a
// train that leaves in the last minute of a window is not shown if waiting for one after it loses nothing.
func (t *Timetable) Search(q Query) []Journey {
	s, ok := take(t, &q)
	defer s.give()
	if !ok {
		return nil
	}
	within, longest := q.within(), q.longest()
	w := window{longest: longest, byArrival: q.Depart == 0}
	p := backwardProfile{scratch: s, t: t, skip: q.Skip, whole: q.Whole, most: q.rides()}
	if w.byArrival {
		w.from, w.to = t.inside(q.ArriveBy-within), t.inside(q.ArriveBy)
		p.start, p.end = t.inside(q.ArriveBy-within-longest), w.to
	} else {
		w.from, w.to = t.inside(q.Depart), t.inside(q.Depart+within)
		p.start, p.end = w.from, t.inside(q.Depart+within+longest)
	}
	p.run()
	points := w.points(s.profile.origin, p.most, q.Limit)
	journeys := make([]Journey, 0, len(points))
	for _, at := range points {
		b := backward{scratch: s, t: t, skip: q.Skip, start: at.depart, end: at.arrive, most: at.rides}
		if j, ok := b.journey(); ok {
			journeys = append(journeys, j)
		}
	}
	return journeys
}

// point is a journey as Search compares it.
type point struct{ depart, arrive, rides int32 }

// window says which journeys are asked for.
type window struct {
	from, to  int32
	byArrival bool
	longest   int64
}

// points are what Search returns, before it is known by which trains.
func (w *window) points(origin []option, most int32, limit int) (found []point) {
	before := &never
	for i := range origin {
		o := &origin[i]
		for k := range most {
			switch {
			case o.arrive[k] >= far, o.arrive[k] >= before[k]: // no way, or as good a one later
			case k > 0 && o.arrive[k] >= o.arrive[k-1]: // no better than with fewer changes
			case int64(o.arrive[k]-o.by) > w.longest:
			default:
				found = append(found, point{o.by, o.arrive[k], k + 1})
			}
		}
		before = &o.arrive
	}
	found = slices.DeleteFunc(found, func(p point) bool {
		at := p.depart
		if w.byArrival {
			at = p.arrive
		}
		return at < w.from || at > w.to
	})
	byDepart := func(a, b point) int {
		return cmp.Or(cmp.Compare(a.depart, b.depart), cmp.Compare(a.arrive, b.arrive))
	}
	if limit > 0 && len(found) > limit && w.byArrival {
		slices.SortFunc(found, func(a, b point) int { return cmp.Or(cmp.Compare(b.arrive, a.arrive), byDepart(b, a)) })
		found = found[:limit]
	}
	slices.SortFunc(found, byDepart)
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found
}
