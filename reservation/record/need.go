package record

import (
	"fmt"
	"slices"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Loaded is a reservation that a batch has locked, with the lives of its claims.
type Loaded struct {
	*reservation.Reservation
	Lives [][]reservation.ClaimLife // of each claim of each item, like Items[i].Claims
}

// usesSlots reports whether the rules may change the slots of a claim: a live claim can be freed, and the claims of a
// hold that has gone can be taken again for money that came late.
func (l *Loaded) usesSlots(life reservation.ClaimLife) bool {
	return life != reservation.ClaimFreed || l.Status == reservation.Expired
}

// Spans are the spans of a need together with those of the loaded reservations, by pool and from, merged: no two overlap
// or touch.
func Spans(need []reservation.Span, loaded []Loaded) []reservation.Span {
	if len(loaded) == 0 {
		return need
	}
	all := slices.Clone(need)
	for i := range loaded {
		l := &loaded[i]
		for item := range l.Items {
			for ord, c := range l.Items[item].Claims {
				if l.usesSlots(l.Lives[item][ord]) {
					all = append(all, reservation.Span{Pool: c.Pool, From: c.From, To: c.To})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b reservation.Span) int {
		if by := (stock.Key{Pool: a.Pool, Slot: a.From}).Compare(stock.Key{Pool: b.Pool, Slot: b.From}); by != 0 {
			return by
		}
		return int(a.To) - int(b.To)
	})
	merged := all[:0]
	for _, span := range all {
		if last := len(merged) - 1; last >= 0 && merged[last].Pool == span.Pool && span.From <= merged[last].To {
			merged[last].To = max(merged[last].To, span.To)
			continue
		}
		merged = append(merged, span)
	}
	return merged
}

// Counts are the count keys of a need together with those that the loaded unpaid reservations count in, sorted and
// without repeats.
func Counts(need []reservation.CountKey, loaded []Loaded) []reservation.CountKey {
	all := slices.Clone(need)
	for i := range loaded {
		l := &loaded[i]
		if l.Status != reservation.Held && l.Status != reservation.Confirming {
			continue
		}
		for item := range l.Items {
			for ord, c := range l.Items[item].Claims {
				if l.Lives[item][ord] != reservation.ClaimFreed {
					all = append(all, reservation.CountKey{Caller: l.Caller, Pool: c.Pool})
				}
			}
		}
	}
	if len(all) == len(need) {
		return all
	}
	slices.SortFunc(all, reservation.CountKey.Compare)
	return slices.Compact(all)
}

// Numbers gives for each history entry of a batch the offset of its event among the batch's events: the i-th entry
// belongs to the i-th event that has a subject.
func Numbers(c *reservation.Changes) ([]int64, error) {
	offsets := make([]int64, 0, len(c.NewHistory))
	for i := range c.Events {
		if !c.Events[i].Subject.IsZero() {
			offsets = append(offsets, int64(i))
		}
	}
	if len(offsets) != len(c.NewHistory) {
		return nil, fmt.Errorf("%d history entries and %d events about reservations", len(c.NewHistory), len(offsets))
	}
	return offsets, nil
}

// Claims counts the claims of one item, which is how many rows a ClaimState must change.
func Claims(c *reservation.Changes, of reservation.ClaimState) (int, error) {
	i, found := slices.BinarySearchFunc(c.SetReservations, of.Reservation, func(r *reservation.Reservation, id uid.ID) int {
		return slices.Compare(r.ID[:], id[:])
	})
	if !found || of.Item < 0 || of.Item >= len(c.SetReservations[i].Items) {
		return 0, fmt.Errorf("claims of item %d of %s, which is not written", of.Item, of.Reservation.Text("res"))
	}
	return len(c.SetReservations[i].Items[of.Item].Claims), nil
}

// ItemLives is what the claims of each item count as; 0 where those of one item disagree.
func (l *Loaded) ItemLives() []reservation.ClaimLife {
	out := make([]reservation.ClaimLife, len(l.Items))
	for i, lives := range l.Lives {
		for ord, life := range lives {
			if ord > 0 && life != out[i] {
				out[i] = 0
				break
			}
			out[i] = life
		}
	}
	return out
}

// Passes reports whether a filter without cursors lets a reservation pass; for one that was found by its locator.
func Passes(r *reservation.Reservation, f reservation.Filter) bool {
	ofSupplier := slices.ContainsFunc(r.Items, func(i reservation.Item) bool { return i.Supplier == f.Supplier })
	return (f.Caller == "" || r.Caller == f.Caller) && (f.Supplier.IsZero() || ofSupplier) && (f.Status == 0 || r.Status == f.Status) &&
		!r.UpdatedAt.Before(f.Updated)
}
