package main

// proofs are listed in the order of docs/proofs.md.
var proofs = []proof{}
