package reservation

import (
	"cmp"
	"math"
	"slices"

	"holdfast/stock"
	"holdfast/uid"
)

// needs collects what the commands of a batch name, and turns it into the sorted, merged Need of the store.
type needs struct{ Need }

// key names a copy: the command keeps its own row, for its rule may run again.
func (n *needs) key(k *KeyRow)             { row := *k; n.Keys = append(n.Keys, &row) }
func (n *needs) reservation(ids ...uid.ID) { n.Reservations = append(n.Reservations, ids...) }
func (n *needs) quote(id uid.ID)           { n.Quotes = append(n.Quotes, id) }
func (n *needs) pool(ids ...stock.PoolID)  { n.Pools = append(n.Pools, ids...) }
func (n *needs) span(s Span)               { n.Spans = append(n.Spans, s) }
func (n *needs) units(p stock.PoolID)      { n.Units = append(n.Units, p) }
func (n *needs) count(k CountKey)          { n.Counts = append(n.Counts, k) }
func (n *needs) dueOn(p stock.PoolID)      { n.DuePools = append(n.DuePools, p) }

// archive names the slots of a pool before a slot, to be moved away.
func (n *needs) archive(p stock.PoolID, to stock.Slot) {
	s := Span{p, math.MinInt32, to}
	n.span(s)
	n.pool(p)
	n.Archive = append(n.Archive, s)
}

func (n *needs) newPools(refs ...uid.ID) { n.NewPools = append(n.NewPools, refs...) }

// claims names everything a placing of them reads: their slots, and lapsed holds that may give stock back.
func (n *needs) claims(claims []stock.Claim) {
	for _, c := range claims {
		n.span(Span{c.Pool, c.From, c.To})
		n.dueOn(c.Pool)
	}
}

// merged is the need as a store wants it.
func (n *needs) merged(dueLimit int) Need {
	out := n.Need
	slices.SortStableFunc(out.Keys, func(a, b *KeyRow) int { return compareIDs(a.ID, b.ID) })
	out.Keys = slices.CompactFunc(out.Keys, func(a, b *KeyRow) bool { return a.ID == b.ID })
	for _, ids := range []*[]uid.ID{&out.Reservations, &out.Quotes, &out.NewPools} {
		slices.SortFunc(*ids, compareIDs)
		*ids = slices.Compact(*ids)
	}
	for _, ids := range []*[]stock.PoolID{&out.Pools, &out.Units, &out.DuePools} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	slices.SortFunc(out.Counts, CountKey.Compare)
	out.Counts = slices.Compact(out.Counts)
	out.Spans = mergeSpans(out.Spans)
	out.Archive = mergeSpans(out.Archive)
	if len(out.DuePools) > 0 {
		out.DueLimit = dueLimit
	}
	return out
}

// mergeSpans sorts spans and joins those that overlap or touch.
func mergeSpans(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && out[last].Pool == s.Pool && s.From <= out[last].To {
			out[last].To = max(out[last].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}
