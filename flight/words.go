package flight

import (
	"context"

	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/flight/itinerary"
)

type ( // words of the packages below that callers of Service need; they do not import those

	// Party is who travels.
	Party = fare.Party
	// Levy is a tax or a fee.
	Levy = fare.Levy
	// FareFamily is conditions under one name.
	FareFamily = fare.Family
	// SeatChoice is what choosing a seat costs.
	SeatChoice = fare.SeatChoice
	// Kind is a type of traveller.
	Kind = fare.Kind
	// Clock is a range of local times of the day.
	Clock = itinerary.Clock
	// Order is how trips are sorted.
	Order = itinerary.Order
)

// Kinds of travellers, ways of choosing a seat, and orders of a search.
const (
	Adult  = fare.Adult
	Child  = fare.Child
	Infant = fare.Infant

	SeatPaid = fare.SeatPaid
	SeatFree = fare.SeatFree

	ByPrice     = itinerary.ByPrice
	ByDuration  = itinerary.ByDuration
	ByDeparture = itinerary.ByDeparture
	ByBest      = itinerary.ByBest
)

// Airport implements Service.
func (c *Core) Airport(_ context.Context, code string) (*Airport, error) {
	c.catalogue.mu.RLock()
	defer c.catalogue.mu.RUnlock()
	if a := c.catalogue.airports[code]; a != nil {
		return a, nil
	}
	return nil, fault.New(fault.NotFound, "airport_not_found", "There is no airport %q here.", clip(code))
}
