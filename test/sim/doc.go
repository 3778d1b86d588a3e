// Package sim runs desk, store and payment together under faults: one seed is one run, and the same seed is the same run.
//
// Everything that leaves the process passes a gate: calls of callers, of the core to its store, of payment to its store and
// to its provider. A call waits at its gate until the scheduler lets it go on; the scheduler lets one go at a time, and
// only when everything else in the bubble (testing/synctest) has come to rest. Which one, and what becomes of it (done,
// failed, done and the answer lost, done twice), whether the process dies, the clock jumps or the disk is full, is drawn
// from the seed. When the faults are over everything must settle, and what is stored must agree with what callers were
// told. It consists of tests; docs/proofs.md, section sim, says what is guaranteed and how to run more seeds.
package sim
