package fare

import (
	"fmt"
	"time"

	"holdfast/money"
	"holdfast/offer"
)

// Bounds of what goes into a price; with them no sum of a trip leaves int64 (TestPriceAtItsBounds).
const (
	MaxMinor     = 1_000_000_000_000 // of every amount given, minor units
	MaxPercentBP = 100_000           // ten times the fare
)

// SeatChoice is what choosing a seat before check-in costs under a fare family.
type SeatChoice uint8

// The ways of choosing a seat.
const (
	SeatAtCheckIn SeatChoice = iota + 1 // not before check-in
	SeatPaid                            // at the price of its tier
	SeatFree                            // any of them for nothing
)

// Change is what changing to another flight costs.
type Change struct {
	Allowed bool
	Minor   int64 // fee a traveller; the difference of fares comes on top
}

// Refund is what comes back when a traveller cancels.
type Refund struct {
	FreeUntil  bool  // cancelling costs nothing up to FreeBefore minutes before departure
	FreeBefore int32 // minutes
	FeeBP      int32 // kept from then on, share of what was paid, in 1/10,000; 10,000 is all of it
}

// Family is a fare family: conditions under one name, and what they cost on top of the fare of a booking class.
type Family struct {
	Code, Name string // "FLEX", "Flex"
	PercentBP  int32  // of the fare of the class; 10,000 leaves it as it is
	Amount     int64  // added to that, minor units; may be negative
	Change     Change
	Refund     Refund
	CarryOn    uint8 // pieces in the cabin
	Bags       uint8 // checked pieces
	SeatChoice SeatChoice
}

// Check says what is wrong with a family.
func (f *Family) Check() error {
	switch {
	case f.Code == "" || f.Name == "" || len(f.Name) > offer.MaxFareName:
		return fmt.Errorf("fare family %q needs a code and a name of at most %d bytes", f.Code, offer.MaxFareName)
	case f.PercentBP < 0 || f.PercentBP > MaxPercentBP || f.Amount < -MaxMinor || f.Amount > MaxMinor:
		return fmt.Errorf("fare family %s: a price of %d basis points and %d is out of range", f.Code, f.PercentBP, f.Amount)
	case f.Change.Minor < 0 || f.Change.Minor > MaxMinor:
		return fmt.Errorf("fare family %s: a change fee of %d is out of range", f.Code, f.Change.Minor)
	case f.Refund.FeeBP < 0 || f.Refund.FeeBP > 10_000 || f.Refund.FreeBefore < 0:
		return fmt.Errorf("fare family %s: a refund fee of %d basis points, free until %d minutes before, is out of range", f.Code, f.Refund.FeeBP, f.Refund.FreeBefore)
	case f.SeatChoice < SeatAtCheckIn || f.SeatChoice > SeatFree:
		return fmt.Errorf("fare family %s does not say how seats are chosen", f.Code)
	}
	return nil
}

// Price is what an adult pays under the family for a class of that fare; never below zero.
func (f *Family) Price(fare int64) int64 {
	return max(0, money.Of(fare, "").BasisPoints(int64(f.PercentBP)).Minor+f.Amount)
}

// Terms are the conditions of undoing a piece that departs and arrives then.
func (f *Family) Terms(departs, arrives time.Time) offer.Terms {
	t := offer.Terms{FeeBP: f.Refund.FeeBP, EndsAt: arrives}
	if f.Refund.FreeUntil {
		t.FreeUntil = departs.Add(-time.Duration(f.Refund.FreeBefore) * time.Minute)
	}
	return t
}
