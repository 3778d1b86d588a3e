// Package flight owns airports, carriers, schedules, dated departures, aircraft types with their seat maps, and how
// they are sold: cabins, booking classes, fare families and fares. It answers for the state of a flight, searches
// itineraries and makes offers. Capacity, targets and seats given out live in reservation alone: flight keeps, in its
// own store, which departures have yet to be told to reservation.
//
// Invariants: a departure without its pools is preparing and never offered; a departure that has gone, is cancelled or
// is no longer in the timetable is never offered; word of a departure that is older than what its source is known to have
// said changes nothing, in whatever order words arrive (stamp.go); what a traveller pays rises at most once in a window,
// under whatever name (steady.go); a family's version never changes; pools are made for seats, a way and booking classes,
// and while something of them is taken they stay, in conflict, and sell no more than those that should be there (reform.go).
//
// Everything is in memory, immutable; a use case computes what it means from that, and its write is refused when
// somebody else wrote since (pen.go): every write has a number, and names the one before it. Commands to reservation
// are written in the same transaction as the rows they follow from, carry no values of their own (stock.go works them
// out from the departure as it is when they are sent), and stay until they have been obeyed.
//
// Lock order of every transaction: the counter's row, then rows by table, then commands. Claims of commands lock
// commands alone. No transaction is open while reservation is asked; the lease of a command keeps a second process
// from sending it.
package flight
