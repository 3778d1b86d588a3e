// Package view proves that search shows what the tables say: a view that is started while everybody places, changes and
// releases equals the tables once it is quiet. See docs/proofs.md.
package view
