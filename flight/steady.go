package flight

import (
	"slices"

	"holdfast/flight/fare"
)

// The rule of fare.Publisher holds for everything a price is made of, whatever it is called: what counts is what the
// traveller pays.

// dearer says whether somebody pays more under the tariff than before, for the same fare: the cheapest family there is, the
// second cheapest and so on, one of the same code, the levies at some airport, or the share of a child.
func (t *Tariff) dearer(before *Tariff) bool {
	for i := range t.Families {
		f := &t.Families[i]
		more := func(o *Family) bool { return f.PercentBP > o.PercentBP || f.Amount > o.Amount }
		if i < len(before.Families) && more(&before.Families[i]) {
			return true
		}
		if o := before.family(f.Code); o != nil && more(o) {
			return true
		}
	}
	for _, airport := range t.levied(before) {
		for _, kind := range []fare.Kind{fare.Adult, fare.Child, fare.Infant} {
			if levied(t.Levies, airport, kind).over(levied(before.Levies, airport, kind)) {
				return true
			}
		}
	}
	return t.Shares.ChildBP > before.Shares.ChildBP || t.Shares.InfantBP > before.Shares.InfantBP
}

// levied are the airports that levies of either tariff name, and "" for all others.
func (t *Tariff) levied(o *Tariff) []string {
	out := []string{""}
	for _, levies := range [][]fare.Levy{t.Levies, o.Levies} {
		for i := range levies {
			out = append(out, levies[i].Airports...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// levySum is what levies add to the fare of a traveller: to each segment, and to the first one beyond that.
type levySum struct{ bp, minor, onceBP, onceMinor int64 }

// over says whether the sum is higher than another one, on the first segment of a trip or on a later one. A share that
// became an amount, or the other way round, counts as higher: for some fare it is.
func (s levySum) over(o levySum) bool {
	return s.bp > o.bp || s.minor > o.minor || s.bp+s.onceBP > o.bp+o.onceBP || s.minor+s.onceMinor > o.minor+o.onceMinor
}

func levied(levies []fare.Levy, airport string, kind fare.Kind) (s levySum) {
	for i := range levies {
		l := &levies[i]
		if l.Included || len(l.Airports) > 0 && !slices.Contains(l.Airports, airport) || len(l.Who) > 0 && !slices.Contains(l.Who, kind) {
			continue
		}
		if l.Once {
			s.onceBP, s.onceMinor = s.onceBP+int64(l.BP), s.onceMinor+l.Minor
		} else {
			s.bp, s.minor = s.bp+int64(l.BP), s.minor+l.Minor
		}
	}
	return s
}

// replaced is the booking class of the tariff before whose fare a new class goes on from: of a cabin's lowest class the
// lowest, which is what the cabin has been sold from; else one that has gone from the same place. "": none.
func (t *Tariff) replaced(before *Tariff, code string) string {
	cabin, k := t.class(code)
	if cabin == nil || before == nil {
		return ""
	}
	old := before.cabin(cabin.Name)
	if old == nil { // the cabin at its place, if that has gone
		at := slices.IndexFunc(t.Cabins, func(c Cabin) bool { return c.Name == cabin.Name })
		if at >= len(before.Cabins) || t.cabin(before.Cabins[at].Name) != nil {
			return ""
		}
		old = &before.Cabins[at]
	}
	if k == len(cabin.Classes)-1 {
		return old.Classes[len(old.Classes)-1].Code
	}
	gone := func(n int) bool { c, _ := t.class(old.Classes[n].Code); return c == nil }
	at := 0 // where it would have been: behind the class above it that was there
	for above := k - 1; above >= 0; above-- {
		if n := slices.IndexFunc(old.Classes, func(c Class) bool { return c.Code == cabin.Classes[above].Code }); n >= 0 {
			at = n + (k - above)
			break
		}
		at = k
	}
	if at < len(old.Classes) && gone(at) {
		return old.Classes[at].Code
	}
	return ""
}

// newFares are the fares of a market in the booking classes that a tariff did not have before. What replaces a class is
// published as if that had been asked for, whatever was known under its letter. Called with the catalogue's lock held.
func newFares(c *catalogue, before, t *Tariff, from, to string, km float64, now int64) []*Fare {
	var out []*Fare
	p := t.publisher()
	for i := range t.Cabins {
		for k := range t.Cabins[i].Classes {
			class := &t.Cabins[i].Classes[k]
			if was, _ := before.class(class.Code); was != nil {
				continue
			}
			key := FareKey{t.Supplier, from, to, class.Code}
			known := c.fares[key]
			next := &Fare{FareKey: key, State: FareState{Derived: true}}
			wanted := class.byDistance(km)
			if known != nil && !known.State.Derived {
				*next, wanted = *known, known.State.Wanted
			}
			shown := c.fares[FareKey{t.Supplier, from, to, t.replaced(before, class.Code)}]
			switch {
			case shown != nil:
				next.State.Published = p.Want(shown.State.Published, wanted, now)
			case known != nil:
				next.State.Published = p.Want(known.State.Published, wanted, now)
			default:
				next.State.Published = fare.Publish(wanted, now)
			}
			if known == nil || known.State.Published != next.State.Published {
				out = append(out, next)
			}
		}
	}
	return out
}
