package stock

import (
	"fmt"
	"math"
	"slices"
)

// Claim asks for Count units of a pool in every slot of the half-open interval [From, To): the departure night, the
// leg after the last one, the alighting stop stay free.
type Claim struct {
	Pool     PoolID
	From, To Slot
	Count    int32
	Unit     int32 // the unit given out for it, counted from 1, and Count is 1; 0: none
}

// Check refuses claims that mean nothing: empty or backwards intervals, no or absurdly many units.
func (c Claim) Check() error {
	switch {
	case c.From >= c.To:
		return fmt.Errorf("claim [%d, %d) is empty: %w", c.From, c.To, ErrRange)
	case c.Count <= 0 || c.Count > MaxUnits:
		return fmt.Errorf("claim of %d units: %w", c.Count, ErrRange)
	case c.Unit < 0 || c.Unit > MaxLayoutUnits || c.Unit > 0 && c.Count != 1:
		return fmt.Errorf("claim of unit %d, %d times: %w", c.Unit, c.Count, ErrRange)
	}
	return nil
}

// Slots is the number of slots the claim covers.
func (c Claim) Slots() int { return int(c.To - c.From) }

// Demand is how many units one slot must give.
type Demand struct {
	Key   Key
	Count int32
}

// Demands adds claims up per slot, in lock order: the same pool twice in one request counts twice.
func Demands(claims []Claim) ([]Demand, error) {
	n := 0
	for _, c := range claims {
		if err := c.Check(); err != nil {
			return nil, err
		}
		n += c.Slots()
	}
	return AppendDemands(make([]Demand, 0, n), claims)
}

// AppendDemands is Demands into the room that dst offers; dst is empty.
func AppendDemands(dst []Demand, claims []Claim) ([]Demand, error) {
	for _, c := range claims {
		if err := c.Check(); err != nil {
			return nil, err
		}
		for s := c.From; s < c.To; s++ {
			dst = append(dst, Demand{Key{c.Pool, s}, c.Count})
		}
	}
	if len(claims) == 1 { // the common case: nothing to merge
		return dst, nil
	}
	slices.SortStableFunc(dst, func(a, b Demand) int { return a.Key.Compare(b.Key) })
	out := dst[:0]
	for _, d := range dst {
		if last := len(out) - 1; last >= 0 && out[last].Key == d.Key {
			if out[last].Count > math.MaxInt32-d.Count {
				return nil, fmt.Errorf("demand on %v: %w", d.Key, ErrRange)
			}
			out[last].Count += d.Count
			continue
		}
		out = append(out, d)
	}
	return out, nil
}

// LowestPool is the pool that decides which lane a set of claims goes to; 0 for none.
func LowestPool(claims []Claim) PoolID {
	var low PoolID
	for i, c := range claims {
		if i == 0 || c.Pool < low {
			low = c.Pool
		}
	}
	return low
}
