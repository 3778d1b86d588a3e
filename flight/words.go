package flight

import (
	"context"

	"holdfast/fault"
	"holdfast/flight/fare"
	"holdfast/flight/itinerary"
)

// The words of the packages below that callers of Service need; they do not import those.
type (
	Party      = fare.Party
	Levy       = fare.Levy
	FareFamily = fare.Family
	SeatChoice = fare.SeatChoice
	Kind       = fare.Kind
	Clock      = itinerary.Clock
	Order      = itinerary.Order
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
