// Package hotel owns hotels, room types, rooms, rate plans, the price of a night and the restrictions on it, and
// searches stays. Capacity, targets, stop-sell and out-of-order live in reservation alone: hotel sends it commands,
// kept in its own outbox until they have taken effect.
//
// Invariants: a room type without its pool is `preparing` and never offered; an offer's price is the one the rules
// gave when it was made; a rate plan version never changes; what search shows is never newer than the store.
//
// Every house is in memory, immutable; a use case changes a copy (edit.go), stores the rows that differ under the guard
// of the house's revision, together with the command they mean for the stock (command.go), shows the new house, and
// sends the command. Other processes read what changed after the last number they saw.
//
// Lock order of every transaction: the counter's row, hotels, command queues (by hotel). Claims of queues lock queues
// alone. No transaction is open while reservation is asked; the lease of a queue keeps a second process from sending.
package hotel
