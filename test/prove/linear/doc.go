// Package linear proves that what clients see of a pool is what one sequence of whole calls would have shown them: see
// docs/proofs.md. Histories of real calls are judged by Porcupine, an open checker that knows nothing of this system but
// the model in model_test.go.
package linear
