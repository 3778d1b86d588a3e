// Package locks proves that the desk never waits in a circle and that a command which cannot be decided takes nobody
// with it: see docs/proofs.md.
package locks
