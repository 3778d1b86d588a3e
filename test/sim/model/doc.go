// Package model holds the desk against a simple map: random sequences of commands go to reservation.Service on a real
// store and to a model of a few hundred lines that knows no batches, rows or transactions. After each command the answer,
// the reservation and every slot must be what the model says. It consists of tests; docs/proofs.md, section model, says
// how to run more of them.
package model
