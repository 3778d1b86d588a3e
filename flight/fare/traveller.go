package fare

import (
	"errors"
	"fmt"
)

// MaxParty bounds the seats of one search.
const MaxParty = 9

// Kind is a type of traveller.
type Kind uint8

// The kinds of travellers.
const (
	Adult  Kind = iota + 1
	Child       // with a seat of its own
	Infant      // on a lap: pays, and takes no seat
	kinds  = int(Infant)
)

func (k Kind) String() string {
	switch k {
	case Adult:
		return "adult"
	case Child:
		return "child"
	case Infant:
		return "infant"
	default:
		return "?"
	}
}

// ErrParty is the root of every refusal of a party.
var ErrParty = errors.New("travellers")

// Party is who travels.
type Party struct{ Adults, Children, Infants uint8 }

// Seats is how many seats they take.
func (p Party) Seats() int32 { return int32(p.Adults) + int32(p.Children) }

// Check refuses parties that cannot travel: too many for one search, children without an adult, more infants than laps.
func (p Party) Check() error {
	switch {
	case p.Adults == 0:
		return fmt.Errorf("%w: no adult, and children travel with one", ErrParty)
	case p.Seats() > MaxParty:
		return fmt.Errorf("%w: %d seats, at most %d in one search", ErrParty, p.Seats(), MaxParty)
	case p.Infants > p.Adults:
		return fmt.Errorf("%w: %d infants on the laps of %d adults", ErrParty, p.Infants, p.Adults)
	}
	return nil
}

// Kinds are the travellers one by one: adults, children, infants.
func (p Party) Kinds() []Kind {
	out := make([]Kind, 0, int(p.Adults)+int(p.Children)+int(p.Infants))
	for k, n := range [kinds]uint8{p.Adults, p.Children, p.Infants} {
		for range n {
			out = append(out, Kind(k+1))
		}
	}
	return out
}

// Shares are what children and infants pay of an adult's fare, in 1/10,000. Taxes and fees have their own rules.
type Shares struct{ ChildBP, InfantBP int32 }

// DefaultShares are three quarters for a child and a tenth for an infant.
var DefaultShares = Shares{ChildBP: 7_500, InfantBP: 1_000}

func (s Shares) of(k Kind) int64 {
	switch k {
	case Adult:
		return 10_000
	case Child:
		return int64(s.ChildBP)
	case Infant:
		return int64(s.InfantBP)
	default:
		panic("fare: a traveller of no kind")
	}
}
