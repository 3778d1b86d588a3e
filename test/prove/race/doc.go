// Package race proves that nobody gets the last unit twice, whichever way it is sold: see docs/proofs.md. Beside it
// stand the red versions: sellers that are wrong in the ways people write them, which the same checker has to catch.
package race
