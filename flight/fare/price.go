package fare

import (
	"errors"
	"fmt"
	"slices"

	"holdfast/money"
	"holdfast/offer"
)

// Bounds of a request, beside those of an offer.
const (
	MaxSegments = offer.MaxPieces
	MaxLevies   = 32
)

// ErrPrice is the root of every refusal to price.
var ErrPrice = errors.New("price")

// Levy is a tax or a fee. It is taken from each traveller it concerns, for each segment it concerns: either a share of
// what the traveller pays for the segment, or a fixed amount.
type Levy struct {
	Kind     offer.PartKind
	Code     string   // at most offer.MaxPartCode bytes; levies of one code and kind are shown as one
	Airports []string // only segments that board here; empty: all
	Who      []Kind   // only these travellers; empty: all
	Once     bool     // for the first segment of the trip that it concerns, not for each
	BP       int32    // a share of the base, in 1/10,000
	Minor    int64    // or a fixed amount
	Included bool     // already in the base: shown, not added. Of a share: what it has added to a net fare
}

// Check says what is wrong with a levy.
func (l *Levy) Check() error {
	switch {
	case l.Kind != offer.Tax && l.Kind != offer.Fee:
		return fmt.Errorf("%w: levy %q is neither a tax nor a fee", ErrPrice, l.Code)
	case l.Code == "" || len(l.Code) > offer.MaxPartCode:
		return fmt.Errorf("%w: levy %q needs a code of at most %d bytes", ErrPrice, l.Code, offer.MaxPartCode)
	case l.BP < 0 || l.BP > MaxPercentBP || l.Minor < 0 || l.Minor > MaxMinor:
		return fmt.Errorf("%w: levy %s of %d basis points and %d is out of range", ErrPrice, l.Code, l.BP, l.Minor)
	case l.BP != 0 && l.Minor != 0:
		return fmt.Errorf("%w: levy %s is a share and an amount: make two levies of it", ErrPrice, l.Code)
	}
	return nil
}

func (l *Levy) concerns(k Kind) bool { return len(l.Who) == 0 || slices.Contains(l.Who, k) }

func (l *Levy) boards(airport string) bool {
	return len(l.Airports) == 0 || slices.Contains(l.Airports, airport)
}

// share is what the levy takes from a base, minor units.
func (l *Levy) share(base int64) int64 {
	if l.Included {
		net := money.Of(base, "").Split([]int64{10_000, int64(l.BP)}) // of a gross amount: base x rate / (1 + rate)
		return net[1].Minor
	}
	return money.Of(base, "").BasisPoints(int64(l.BP)).Minor
}

// Segment is a segment to be priced: what becomes one item.
type Segment struct {
	From string // the airport of boarding
	Fare int64  // what an adult pays, under the family: Family.Price
}

// Request is what to price.
type Request struct {
	Currency money.Currency
	Segments []Segment
	// Through is what an adult pays for the whole way where a through fare is published; 0: none. The cheaper of it and
	// the sum of the segments holds, for all travellers; it is divided over the segments by their fares.
	Through int64
	Party   Party
	Shares  Shares
	Levies  []Levy
}

// Item is the price of one segment for the whole party. What the travellers pay adds up to Price to the minor unit.
type Item struct {
	Price      offer.Price
	Travellers []TravellerPrice // in the order of Party.Kinds
}

// TravellerPrice is what one traveller pays for one item, minor units.
type TravellerPrice struct {
	Kind  Kind
	Base  int64
	Parts []int64 // as Item.Price.Parts
	Total int64   // Base and the parts that are not included
}

// Check says what is wrong with a request.
func (r *Request) Check() error {
	if err := r.Party.Check(); err != nil {
		return err
	}
	if len(r.Segments) == 0 || len(r.Segments) > MaxSegments || len(r.Levies) > MaxLevies || r.Through < 0 || r.Through > MaxMinor {
		return fmt.Errorf("%w: %d segments, %d levies, through fare %d: out of range", ErrPrice, len(r.Segments), len(r.Levies), r.Through)
	}
	if s := r.Shares; min(s.ChildBP, s.InfantBP) < 0 || max(s.ChildBP, s.InfantBP) > MaxPercentBP {
		return fmt.Errorf("%w: children pay %d, infants %d basis points: out of range", ErrPrice, s.ChildBP, s.InfantBP)
	}
	for _, s := range r.Segments {
		if s.Fare < 0 || s.Fare > MaxMinor {
			return fmt.Errorf("%w: a fare of %d from %s is out of range", ErrPrice, s.Fare, s.From)
		}
	}
	codes := map[partKey]bool{}
	for i := range r.Levies {
		if err := r.Levies[i].Check(); err != nil {
			return err
		}
		codes[r.Levies[i].key()] = true
	}
	if len(codes) > offer.MaxParts {
		return fmt.Errorf("%w: %d different taxes and fees: at most %d", ErrPrice, len(codes), offer.MaxParts)
	}
	return nil
}

// Price prices every segment of a request that passes Check. Equal requests cost the same, and travellers of one kind
// pay the same but for a minor unit where a share of the whole item is divided.
func (r *Request) Price() ([]Item, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	who := r.Party.Kinds()
	bases := r.bases(who)
	items := make([]Item, len(r.Segments))
	taken := make([]bool, len(r.Levies)) // levies that are due once, and were taken
	for i := range items {
		items[i] = r.item(r.Segments[i].From, who, bases[i], taken)
	}
	return items, nil
}

// bases are what each traveller pays for each segment, before taxes and fees. Under a through fare the share of a
// traveller's kind is taken of the whole and divided over the segments, so that it is the same for everyone of a kind.
func (r *Request) bases(who []Kind) [][]int64 {
	fares, sum := make([]int64, len(r.Segments)), int64(0)
	for i, s := range r.Segments {
		fares[i] = s.Fare
		sum += s.Fare
	}
	bases := make([][]int64, len(r.Segments))
	for i := range bases {
		bases[i] = make([]int64, len(who))
	}
	for t, kind := range who {
		share := func(minor int64) money.Amount {
			return money.Of(minor, r.Currency).BasisPoints(r.Shares.of(kind))
		}
		if r.Through > 0 && r.Through < sum {
			for i, part := range share(r.Through).Split(fares) {
				bases[i][t] = part.Minor
			}
			continue
		}
		for i := range fares {
			bases[i][t] = share(fares[i]).Minor
		}
	}
	return bases
}

// partKey tells the parts of a price apart.
type partKey struct {
	kind     offer.PartKind
	code     string
	included bool
}

func (l *Levy) key() partKey { return partKey{l.Kind, l.Code, l.Included} }

// item prices one segment.
func (r *Request) item(from string, who []Kind, bases []int64, taken []bool) Item {
	item := Item{Travellers: make([]TravellerPrice, len(who))}
	for t, kind := range who {
		item.Travellers[t] = TravellerPrice{Kind: kind, Base: bases[t]}
		item.Price.Base += bases[t]
	}
	for i := range r.Levies {
		l := &r.Levies[i]
		if !l.boards(from) || l.Once && taken[i] || !slices.ContainsFunc(who, l.concerns) {
			continue
		}
		taken[i] = true
		each := l.amounts(r.Currency, who, bases)
		at := slices.IndexFunc(item.Price.Parts, func(p offer.Part) bool { return partKey{p.Kind, p.Code, p.Included} == l.key() })
		if at < 0 {
			at = len(item.Price.Parts)
			item.Price.Parts = append(item.Price.Parts, offer.Part{Kind: l.Kind, Code: l.Code, Included: l.Included})
			for t := range item.Travellers {
				item.Travellers[t].Parts = append(item.Travellers[t].Parts, 0)
			}
		}
		for t, minor := range each {
			item.Price.Parts[at].Minor += minor
			item.Travellers[t].Parts[at] += minor
		}
	}
	for t := range item.Travellers {
		one := &item.Travellers[t]
		one.Total = one.Base
		for p, minor := range one.Parts {
			if !item.Price.Parts[p].Included {
				one.Total += minor
			}
		}
	}
	return item
}

// amounts are what the levy takes from each traveller. A share is taken of what all concerned pay for the item, rounded
// once, and divided over them by largest remainder: rounding each would take more or less than the rate.
func (l *Levy) amounts(c money.Currency, who []Kind, bases []int64) []int64 {
	out, weights, sum := make([]int64, len(who)), make([]int64, len(who)), int64(0)
	for t, kind := range who {
		if !l.concerns(kind) {
			continue
		}
		out[t] = l.Minor
		weights[t] = bases[t]
		sum += bases[t]
	}
	if l.BP == 0 || sum == 0 {
		return out
	}
	for t, part := range money.Of(l.share(sum), c).Split(weights) {
		out[t] = part.Minor
	}
	return out
}

// Total is what all items cost, minor units.
func Total(items []Item) int64 {
	var sum int64
	for i := range items {
		sum += items[i].Price.Total()
	}
	return sum
}
