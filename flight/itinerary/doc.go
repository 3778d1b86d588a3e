// Package itinerary holds dated departures in memory and finds connections on them: direct and with up to two changes.
// It does no I/O and knows no clock; times are Unix seconds.
//
// A Network is immutable. With gives the next one, which shares all that did not change; whoever has the old one may go
// on searching it.
//
// What an answer contains is a definition, not an outcome of the search (oracle_test.go enumerates it): every sequence of
// one to three segments that the rules allow and the filter lets pass, but for connections that are dominated. A connection
// X is dominated when another itinerary Y of the same slice, sold by X's carriers or some of them, leaves no earlier,
// arrives no later and changes no more often, and is better in one of the three. Flights without a change are never left out.
//
// A segment is what is sold under one number from a board to an off point, so a through flight of several legs counts as
// one, and any board and off point on its way will do. A stop on the way is not a change.
package itinerary
