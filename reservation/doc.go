// Package reservation owns stock, holds, reservations, idempotency keys and the outbox: everything that must commit
// together. Every change goes over the desk (desk.go): commands wait while the last transaction commits, then all that
// wait are decided in memory on locked rows and committed in one durable transaction.
//
// Invariants (audit.go recomputes them):
//   - I1 for every slot 0 <= held+sold <= limit, and both equal the sum of live claims; no unit is taken twice on a slot, and none without a claim;
//   - I2 what was answered is there after any crash;
//   - I3 one idempotency key has at most one effect;
//   - I4 every hold ends once: confirmed, released or expired;
//   - I5 money taken equals money returned plus money kept;
//   - I7 each commit's events appear once, numbered without gaps in their stream;
//   - I11 every state is reached by an allowed transition with actor and cause.
//
// Lock order of every transaction, each class for the whole batch in one statement and before any rule runs:
// idempotency keys (by id), reservations (by id), pools (by id), slots (by pool, slot), unit blocks (by pool, block), hold counts (by caller, pool),
// and the outbox stream's row last.
package reservation
