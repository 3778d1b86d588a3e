package hotel

import (
	"slices"

	"holdfast/civil"
)

// Line is a value per night for some nights, as few runs: sorted, apart from each other, neighbours with different
// values. It is never changed in place: Set and Clear return a new one. The zero value has no nights.
type Line[V comparable] []Run[V]

// Run is one value for the nights [From, To).
type Run[V comparable] struct {
	From  civil.Date `json:"from"`
	To    civil.Date `json:"to"`
	Value V          `json:"value"`
}

// At is the value of a night, and whether it has one.
func (l Line[V]) At(d civil.Date) (v V, ok bool) {
	i, found := slices.BinarySearchFunc(l, d, func(r Run[V], d civil.Date) int {
		switch {
		case r.To <= d:
			return -1
		case r.From > d:
			return 1
		}
		return 0
	})
	if !found {
		return v, false
	}
	return l[i].Value, true
}

// Set gives the nights [from, to) a value.
func (l Line[V]) Set(from, to civil.Date, v V) Line[V] {
	if from >= to {
		return l
	}
	out := l.cut(from, to)
	i := 0
	for i < len(out) && out[i].From < from {
		i++
	}
	out = slices.Insert(out, i, Run[V]{from, to, v})
	return out.join()
}

// Clear takes the value of the nights [from, to) away.
func (l Line[V]) Clear(from, to civil.Date) Line[V] {
	if from >= to {
		return l
	}
	return l.cut(from, to)
}

// Map returns the line with f applied to the value of each night in [from, to); has is false where there was none.
// A night for which keep is false loses its value.
func (l Line[V]) Map(from, to civil.Date, f func(v V, has bool) (value V, keep bool)) Line[V] {
	out := l
	for d := from; d < to; {
		v, has := l.At(d)
		end := l.next(d, to)
		if nv, keep := f(v, has); keep {
			out = out.Set(d, end, nv)
		} else {
			out = out.Clear(d, end)
		}
		d = end
	}
	return out
}

// next is the first date after d, at most to, at which the line changes.
func (l Line[V]) next(d, to civil.Date) civil.Date {
	for _, r := range l {
		if r.From > d && r.From < to {
			return r.From
		}
		if r.From <= d && d < r.To {
			return min(r.To, to)
		}
	}
	return to
}

func (l Line[V]) cut(from, to civil.Date) Line[V] {
	out := make(Line[V], 0, len(l)+2)
	for _, r := range l {
		if r.To <= from || r.From >= to {
			out = append(out, r)
			continue
		}
		if r.From < from {
			out = append(out, Run[V]{r.From, from, r.Value})
		}
		if r.To > to {
			out = append(out, Run[V]{to, r.To, r.Value})
		}
	}
	return out
}

func (l Line[V]) join() Line[V] {
	out := l[:0]
	for _, r := range l {
		if n := len(out); n > 0 && out[n-1].To == r.From && out[n-1].Value == r.Value {
			out[n-1].To = r.To
			continue
		}
		out = append(out, r)
	}
	return out
}

// cutOut is the part of a line within [from, to).
func cutOut[V comparable](l Line[V], from, to civil.Date) Line[V] {
	var out Line[V]
	for _, r := range l {
		if r.From < to && from < r.To {
			out = append(out, Run[V]{max(r.From, from), min(r.To, to), r.Value})
		}
	}
	return out
}
