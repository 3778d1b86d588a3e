// Package hotel owns hotels, room types, rooms, rate plans, the price of a night and the restrictions on it, and
// searches stays. Capacity, targets, stop-sell and out-of-order live in reservation alone: hotel sends it commands,
// kept in its own outbox until they have taken effect.
//
// Invariants: a room type without its pool is `preparing` and never offered; an offer's price is the one the rules
// gave when it was made; a rate plan version never changes; what search shows is never newer than the store.
package hotel
